//! MinIO: a store of objects as S3 has it, on one disk.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::server::{Recipe, Server};
use crate::shared::{Shared, named};
use crate::tls::Tls;
use crate::{fetch, go, ports};

/// Names a store that is there already: `http://KEY:SECRET@HOST:PORT/BUCKET`.
pub const S3_VARIABLE: &str = "VIGIE_TEST_S3";
const MODULE: &str = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c";
/// Of the module, as go.sum has it. The module has the digests of all that it is built of.
const DIGEST: &str = "h1:/qdoYujxF5MBLDMVLeiYJ/7fBa1HikX39Dvzb9Ji8pA=";
const BUCKET: &str = "vigie";
const KEY: &str = "vigie-tests";
const SECRET: &str = "not-a-secret";
/// The name of the key that objects are encrypted with where a client asks for it (SSE-KMS).
const ENCRYPTION_KEY: &str = "vigie-key";
/// 32 bytes in base64, for tests only.
const ENCRYPTION_SECRET: &str = "dmlnaWUtdGVzdHMtb25seS1ub3QtYS1zZWNyZXQtISE=";

/// Where a store is reached, and by whom.
#[derive(Clone, Debug)]
pub struct S3 {
    /// `http://host:port`.
    pub endpoint: String,
    /// One that is there.
    pub bucket: String,
    /// The id of the access key.
    pub key: String,
    /// The access key.
    pub secret: String,
}

/// A store of the test's own.
pub struct Minio {
    /// To halt, kill, fill and empty it.
    pub server: Server,
    scheme: &'static str,
}

impl S3 {
    /// The store that tests share: the one that `VIGIE_TEST_S3` names, or one that this process starts once and
    /// that ends with it.
    ///
    /// # Errors
    /// VG0903 to VG0906.
    pub fn shared() -> Result<Self> {
        static STARTED: Shared<Minio> = Shared::new();
        match named(S3_VARIABLE) {
            Some(url) => Self::named(&url)
                .with_context(|| format!("VG0906: {S3_VARIABLE} is not http://KEY:SECRET@HOST:PORT/BUCKET")),
            None => STARTED.get(Minio::start, Minio::s3),
        }
    }

    fn named(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (user, place) = rest.rsplit_once('@')?;
        let (key, secret) = user.split_once(':')?;
        let (address, bucket) = place.trim_end_matches('/').split_once('/')?;
        let endpoint = format!("{scheme}://{address}");
        Some(Self { endpoint, bucket: bucket.into(), key: key.into(), secret: secret.into() })
    }
}

impl Minio {
    /// Starts a store with an empty bucket.
    ///
    /// # Errors
    /// VG0903 to VG0905.
    pub fn start() -> Result<Self> {
        Self::start_on(None)
    }

    /// The same with TLS.
    ///
    /// # Errors
    /// VG0903 to VG0905.
    pub fn start_secure(tls: &Tls) -> Result<Self> {
        Self::start_on(Some(tls))
    }

    fn start_on(tls: Option<&Tls>) -> Result<Self> {
        let program = program()?;
        ports::retry(|| {
            let [port] = ports::free()?;
            let recipe = Recipe::new(port, |log, _| log.contains("API: http"))?;
            if let Some(tls) = tls {
                recipe.write("certificates/public.crt", std::fs::read(&tls.certificate)?)?;
                recipe.write("certificates/private.key", std::fs::read(&tls.key)?)?;
            }
            let mut command = Command::new(&program);
            command.arg("server").arg("--certs-dir").arg(recipe.path("certificates"));
            command.args(["--address", &recipe.address]).arg(recipe.disk());
            command.env("MINIO_ROOT_USER", KEY).env("MINIO_ROOT_PASSWORD", SECRET);
            command.env("MINIO_KMS_SECRET_KEY", format!("{ENCRYPTION_KEY}:{ENCRYPTION_SECRET}"));
            // It asks nobody outside, and a folder of a disk with other things is a disk.
            command.env("MINIO_BROWSER", "off").env("MINIO_UPDATE", "off").env("CI", "true");
            command.env("HOME", recipe.folder.path());
            // A folder on the disk is a bucket.
            let prepare = |disk: &Path| Ok(std::fs::create_dir(disk.join(BUCKET))?);
            let server = recipe.start_with(command, Box::new(prepare), false)?;
            Ok(Self { server, scheme: if tls.is_some() { "https" } else { "http" } })
        })
    }

    /// Where it is reached; the same after it was killed and started again.
    #[must_use]
    pub fn s3(&self) -> S3 {
        let endpoint = format!("{}://{}", self.scheme, self.server.address());
        S3 { endpoint, bucket: BUCKET.into(), key: KEY.into(), secret: SECRET.into() }
    }

    /// The name of the key for SSE-KMS.
    #[must_use]
    pub fn encryption_key(&self) -> &'static str {
        ENCRYPTION_KEY
    }
}

/// The program, built where it is not there.
fn program() -> Result<PathBuf> {
    let folder = fetch::keep("minio", MODULE, |folder| {
        eprintln!("Building MinIO (once, some minutes) …");
        go::build(MODULE, DIGEST, &folder.join("minio"))
    })?;
    Ok(folder.join("minio"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named_in_one_address() {
        let s3 = S3::named("https://key:se:cret@host:9000/bucket/").unwrap();
        assert_eq!((&*s3.endpoint, &*s3.bucket), ("https://host:9000", "bucket"));
        assert_eq!((&*s3.key, &*s3.secret), ("key", "se:cret"));
        assert!(S3::named("http://host:9000/bucket").is_none());
        assert!(S3::named("http://key:secret@host:9000").is_none());
    }
}
