//! What a server with TLS shows to clients.

use std::path::PathBuf;

/// PEM files.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The server's certificate, and those between it and the authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Both in one file.
    pub keystore: PathBuf,
    /// The certificate of who signs clients' certificates; with it clients have to show one, where the server can
    /// ask for that.
    pub authority: Option<PathBuf>,
}
