//! How to connect, and how tables are laid out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use deliver::StoreError;
use elasticsearch::http::Url;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::names;

/// Most bytes of a file with a secret or with certificates.
const MOST_FILE_BYTES: u64 = 1 << 20;

/// How to connect, and how tables are laid out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Elasticsearch")]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Where the cluster is reached, as `https://search.example:9200`; without a user or password in it.
    pub url: String,
    /// What every name in the cluster begins with; one for each Vigie that shares the cluster.
    #[serde(default = "prefix")]
    pub prefix: String,
    /// Who logs in; then `password_file` too.
    pub user: Option<String>,
    /// The file with the user's password.
    pub password_file: Option<PathBuf>,
    /// The file with an API key as the cluster gives it under `encoded`; then no `user`.
    pub api_key_file: Option<PathBuf>,
    /// A PEM file with the authorities that may have signed the cluster's certificate, beside the public ones.
    pub ca_file: Option<PathBuf>,
    /// How long a request may take, in seconds, 1 to 600.
    #[serde(default = "timeout_s")]
    pub timeout_s: u64,
    /// Most bytes of a request with rows, 64 KiB to 64 MiB; a row that is larger goes alone.
    #[serde(default = "max_bulk_bytes")]
    pub max_bulk_bytes: usize,
    /// Most requests with rows on their way at a time, 1 to 64.
    #[serde(default = "concurrency")]
    pub concurrency: usize,
    /// How long a row may be in the cluster without being found, in milliseconds.
    #[serde(default = "refresh_interval_ms")]
    pub refresh_interval_ms: u32,
    /// Into how many parts each index is split.
    #[serde(default = "one")]
    pub shards: u32,
    /// How many copies each part has beside itself; 0 on a cluster of one node.
    #[serde(default = "one")]
    pub replicas: u32,
    /// Columns of free text, which are searched by words.
    #[serde(default = "text_columns")]
    pub text_columns: Vec<String>,
    /// Analysers by which free text is searched beside `standard`, each as a field under it (`text.english`); those
    /// that the cluster has not are left out.
    #[serde(default = "text_analyzers")]
    pub text_analyzers: Vec<String>,
    /// Columns of shapes, as WKT. Where the cluster knows no shapes they are kept, and not searched.
    #[serde(default = "shape_columns")]
    pub shape_columns: Vec<String>,
    /// Resolutions of H3 at which a cell's parents are fields too, where no column has them.
    #[serde(default = "cell_parents")]
    pub cell_parents: Vec<u8>,
    /// How long a cursor may lie behind what is written, in milliseconds.
    #[serde(default = "cursor_interval_ms")]
    pub cursor_interval_ms: u64,
    /// The store that is expected, by its marker; none: any.
    pub store_id: Option<String>,
}

fn prefix() -> String {
    "vigie".into()
}

fn timeout_s() -> u64 {
    30
}

fn max_bulk_bytes() -> usize {
    2 << 20
}

fn concurrency() -> usize {
    2
}

fn refresh_interval_ms() -> u32 {
    1_000
}

fn one() -> u32 {
    1
}

fn text_columns() -> Vec<String> {
    vec!["text".into()]
}

fn text_analyzers() -> Vec<String> {
    vec!["english".into(), "french".into()]
}

fn shape_columns() -> Vec<String> {
    vec!["shape".into()]
}

fn cell_parents() -> Vec<u8> {
    vec![2, 4, 6]
}

fn cursor_interval_ms() -> u64 {
    1_000
}

/// Who logs in.
pub(crate) enum Login {
    Nobody,
    Password { user: String, password: String },
    ApiKey(String),
}

fn wrong(why: &str) -> StoreError {
    StoreError::Failed(why.into())
}

impl Options {
    /// With everything but the place as it is where nothing is said.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.into(),
            prefix: prefix(),
            user: None,
            password_file: None,
            api_key_file: None,
            ca_file: None,
            timeout_s: timeout_s(),
            max_bulk_bytes: max_bulk_bytes(),
            concurrency: concurrency(),
            refresh_interval_ms: refresh_interval_ms(),
            shards: one(),
            replicas: one(),
            text_columns: text_columns(),
            text_analyzers: text_analyzers(),
            shape_columns: shape_columns(),
            cell_parents: cell_parents(),
            cursor_interval_ms: cursor_interval_ms(),
            store_id: None,
        }
    }

    /// Looks at everything that can be judged without the cluster and files.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.place()?;
        if !names::is_prefix(&self.prefix) {
            return Err(wrong("`prefix` is no name: a-z, 0-9, - and _, a letter first, at most 60"));
        }
        if !(1..=600).contains(&self.timeout_s) {
            return Err(wrong("`timeout_s` is not within 1 to 600"));
        }
        if !(64 << 10..=64 << 20).contains(&self.max_bulk_bytes) {
            return Err(wrong("`max_bulk_bytes` is not within 64 KiB to 64 MiB"));
        }
        if !(1..=64).contains(&self.concurrency) {
            return Err(wrong("`concurrency` is not within 1 to 64"));
        }
        if !(1..=1024).contains(&self.shards) || self.replicas > 64 {
            return Err(wrong("`shards` is not within 1 to 1024, or `replicas` is above 64"));
        }
        if self.cell_parents.iter().any(|resolution| *resolution > 15) {
            return Err(wrong("`cell_parents` has a resolution above 15"));
        }
        if !self.text_analyzers.iter().all(|name| names::is_field(name)) {
            return Err(wrong("`text_analyzers` has a name that is none"));
        }
        if self.user.is_some() != self.password_file.is_some() {
            return Err(wrong("`user` and `password_file` belong together"));
        }
        if self.user.is_some() && self.api_key_file.is_some() {
            return Err(wrong("either `user` or `api_key_file`"));
        }
        Ok(())
    }

    pub(crate) fn place(&self) -> Result<Url, StoreError> {
        let url = Url::parse(&self.url).map_err(|_| wrong("`url` is none"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("`url` has a user or a password in it: they go to `user` and `password_file`"));
        }
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(wrong("`url` is neither https://HOST:PORT nor http://HOST:PORT"));
        }
        if url.scheme() == "http" && (self.user.is_some() || self.api_key_file.is_some()) && !is_here(&url) {
            return Err(wrong("a password or an API key would go over http:// in the clear: use https://"));
        }
        Ok(url)
    }

    pub(crate) fn login(&self) -> Result<Login, StoreError> {
        Ok(match (&self.user, &self.password_file, &self.api_key_file) {
            (Some(user), Some(file), _) => {
                Login::Password { user: user.clone(), password: secret("password_file", file)? }
            }
            (_, _, Some(file)) => Login::ApiKey(secret("api_key_file", file)?),
            _ => Login::Nobody,
        })
    }

    pub(crate) fn authorities(&self) -> Result<Option<String>, StoreError> {
        self.ca_file.as_deref().map(|file| text("ca_file", file)).transpose()
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s)
    }

    pub(crate) fn cursor_interval(&self) -> Duration {
        Duration::from_millis(self.cursor_interval_ms)
    }
}

/// Whether a place is on this machine.
fn is_here(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

fn text(what: &str, path: &Path) -> Result<String, StoreError> {
    use std::io::Read as _;
    let failed = |why: &str| StoreError::Failed(format!("`{what}` {}: {why}", path.display()));
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|f| f.take(MOST_FILE_BYTES + 1).read_to_string(&mut text));
    // An error of reading says nothing of what was read.
    read.map_err(|error| failed(&error.to_string()))?;
    if text.len() as u64 > MOST_FILE_BYTES { Err(failed("it is larger than 1 MiB")) } else { Ok(text) }
}

/// One line of visible characters, whose end is no part of it.
fn secret(what: &str, path: &Path) -> Result<String, StoreError> {
    let text = text(what, path)?;
    let line = text.trim_end_matches(['\r', '\n']);
    let failed = |why: &str| StoreError::Failed(format!("`{what}` {}: {why}", path.display()));
    if line.is_empty() {
        return Err(failed("it is empty"));
    }
    if line.chars().any(char::is_control) {
        return Err(failed("it has more than one line"));
    }
    Ok(line.into())
}
