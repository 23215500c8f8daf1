//! What can be set, and the client made of it.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use deliver::StoreError;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, Certificate, ClientOptions, ObjectStore, RetryConfig};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::objects::Objects;

/// Where a lake lies, and how large its files are.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "S3")]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// `file:///FOLDER`, which is made, or `s3://BUCKET/PREFIX`, whose bucket is there.
    pub url: String,
    /// The lake that is expected, by its marker; none: any, and an empty place becomes one.
    #[serde(default)]
    pub store_id: Option<String>,
    /// Where S3 is, as `https://minio.example:9000`; Amazon's for the region if not set.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The bucket's region; `us-east-1` if not set.
    #[serde(default)]
    pub region: Option<String>,
    /// Whether the bucket's name goes into the host's name, and not into the path.
    #[serde(default)]
    pub virtual_hosted: bool,
    /// Whether `endpoint` may be `http://`: then everybody between can read.
    #[serde(default)]
    pub allow_http: bool,
    /// Certificates (PEM) that are trusted in place of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Files that hold the credentials; without it the environment (`AWS_ACCESS_KEY_ID`, …), a web identity or the
    /// instance's role. They are read again whenever the store is opened.
    #[serde(default)]
    pub credentials: Option<Credentials>,
    /// Encryption by the server.
    #[serde(default)]
    pub sse: Option<Encryption>,
    /// Bytes from which a file is closed; 128 MiB.
    #[serde(default = "max_file_bytes")]
    pub max_file_bytes: u64,
    /// Seconds for which rows may be held; 60.
    #[serde(default = "max_file_age_s")]
    pub max_file_age_s: u64,
    /// Rows of a row group; 131,072.
    #[serde(default = "row_group_rows")]
    pub row_group_rows: usize,
    /// Files that a partition of a topic fills at once; 256.
    #[serde(default = "max_open_files")]
    pub max_open_files: usize,
    /// Bytes held in memory for all partitions together, give or take a batch; 256 MiB. The partition that holds most
    /// is written when they are reached.
    #[serde(default = "max_held_bytes")]
    pub max_held_bytes: u64,
    /// Seconds that a request may take, and that it is tried again for; 30.
    #[serde(default = "timeout_s")]
    pub timeout_s: u64,
}

/// Files that hold credentials, a value each.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The access key's id.
    pub access_key_id_file: PathBuf,
    /// Its secret.
    pub secret_access_key_file: PathBuf,
    /// A token that goes with them, if they are of a session.
    #[serde(default)]
    pub session_token_file: Option<PathBuf>,
}

/// Encryption by the server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    /// The id or ARN of a key of the server's key management (`aws:kms`).
    pub kms_key: String,
}

fn max_file_bytes() -> u64 {
    128 << 20
}

fn max_file_age_s() -> u64 {
    60
}

fn row_group_rows() -> usize {
    128 << 10
}

fn max_open_files() -> usize {
    256
}

fn max_held_bytes() -> u64 {
    256 << 20
}

fn timeout_s() -> u64 {
    30
}

impl Options {
    /// The defaults for a place.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            store_id: None,
            endpoint: None,
            region: None,
            virtual_hosted: false,
            allow_http: false,
            ca_file: None,
            credentials: None,
            sse: None,
            max_file_bytes: max_file_bytes(),
            max_file_age_s: max_file_age_s(),
            row_group_rows: row_group_rows(),
            max_open_files: max_open_files(),
            max_held_bytes: max_held_bytes(),
            timeout_s: timeout_s(),
        }
    }

    /// Whether the server encrypts what lies there with a key of its key management.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.sse.is_some()
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s.max(1))
    }

    /// Makes the client; asks for nothing yet.
    pub(crate) fn objects(&self) -> Result<Objects, StoreError> {
        self.check()?;
        if let Some(folder) = self.url.strip_prefix("file://") {
            return self.folder(FilePath::new(folder));
        }
        let place = self.url.strip_prefix("s3://");
        let place = place.ok_or_else(|| failed("`url` is neither file:///FOLDER nor s3://BUCKET/PREFIX"))?;
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() {
            return Err(failed("`url` names no bucket"));
        }
        let root = Path::parse(prefix).map_err(|_| failed("`url` has a prefix that is no path"))?;
        let client = self.s3(bucket)?.build().map_err(|e| StoreError::Failed(e.to_string()))?;
        Ok(Objects::bucket(Arc::new(client), root, self.timeout()))
    }

    fn check(&self) -> Result<(), StoreError> {
        let least = [
            ("max_file_bytes", self.max_file_bytes),
            ("row_group_rows", self.row_group_rows as u64),
            ("max_open_files", self.max_open_files as u64),
            ("max_held_bytes", self.max_held_bytes),
        ];
        match least.iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(StoreError::Failed(format!("`{name}` is 0"))),
            None => Ok(()),
        }
    }

    fn folder(&self, folder: &FilePath) -> Result<Objects, StoreError> {
        if !folder.is_absolute() {
            return Err(failed("`url` must name the folder from the root: file:///FOLDER"));
        }
        if self.sse.is_some() {
            return Err(failed("`sse` is S3's: encrypt the disk below the folder"));
        }
        let io = |e: std::io::Error| crate::fault::of_io(&e);
        std::fs::create_dir_all(folder).map_err(io)?;
        let client = LocalFileSystem::new_with_prefix(folder).map_err(|e| crate::fault::told(&e))?;
        // What the cursor says is there must be there after a power cut.
        let client: Arc<dyn ObjectStore> = Arc::new(client.with_fsync(true));
        Ok(Objects::folder(client, folder.to_owned(), self.timeout()))
    }

    fn s3(&self, bucket: &str) -> Result<AmazonS3Builder, StoreError> {
        let mut builder = match &self.credentials {
            Some(files) => AmazonS3Builder::new()
                .with_access_key_id(secret(&files.access_key_id_file)?)
                .with_secret_access_key(secret(&files.secret_access_key_file)?),
            None => AmazonS3Builder::from_env(),
        };
        if let Some(file) = self.credentials.as_ref().and_then(|c| c.session_token_file.as_ref()) {
            builder = builder.with_token(secret(file)?);
        }
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = &self.region {
            builder = builder.with_region(region);
        } else if builder.get_config_value(&AmazonS3ConfigKey::Region).is_none() {
            builder = builder.with_region("us-east-1");
        }
        if let Some(sse) = &self.sse {
            builder = builder.with_sse_kms_encryption(&sse.kms_key);
        }
        Ok(builder
            .with_bucket_name(bucket)
            .with_virtual_hosted_style_request(self.virtual_hosted)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_retry(self.retry())
            .with_allow_http(self.allow_http)
            .with_client_options(self.client()?))
    }

    fn retry(&self) -> RetryConfig {
        let backoff = BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        };
        // The caller waits and asks again by itself: here only what a moment mends.
        RetryConfig { backoff, max_retries: 3, retry_timeout: self.timeout() }
    }

    fn client(&self) -> Result<ClientOptions, StoreError> {
        let connect = self.timeout().min(Duration::from_secs(5));
        let mut options = ClientOptions::new()
            .with_allow_http(self.allow_http)
            .with_timeout(self.timeout())
            .with_connect_timeout(connect);
        let Some(file) = &self.ca_file else { return Ok(options) };
        let pem = std::fs::read(file).map_err(|e| unreadable(file, &e))?;
        let certificates = Certificate::from_pem_bundle(&pem)
            .map_err(|_| StoreError::Failed(format!("{}: no certificates (PEM)", file.display())))?;
        if certificates.is_empty() {
            return Err(StoreError::Failed(format!("{}: no certificates (PEM)", file.display())));
        }
        for certificate in certificates {
            options = options.with_root_certificate(certificate);
        }
        Ok(options.with_no_system_certificates(true))
    }
}

fn failed(why: &str) -> StoreError {
    StoreError::Failed(why.into())
}

fn unreadable(file: &FilePath, error: &std::io::Error) -> StoreError {
    StoreError::Failed(format!("{}: {}", file.display(), error.kind()))
}

fn secret(file: &FilePath) -> Result<String, StoreError> {
    let text = std::fs::read_to_string(file).map_err(|e| unreadable(file, &e))?;
    Ok(text.trim().to_owned())
}
