//! Why a log and this program do not let each other in. Waiting does not help: somebody has to change a setting.

/// Why there is no connection. No message holds a password, a key or a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The log's certificate is of an unknown authority, of another host, or has expired.
    #[error("VG3020: the log's certificate is not accepted: {0}")]
    Untrusted(String),
    /// The log wants a client certificate, or another one.
    #[error("VG3021: the log does not accept the client certificate: {0}")]
    Certificate(String),
    /// The log does not know the user, the password, the token or the mechanism.
    #[error("VG3022: the log does not accept who this program says it is: {0}")]
    Credentials(String),
    /// A file of the connection's settings that cannot be used.
    #[error("VG3023: {what} cannot be used: {why}")]
    File {
        /// Which file of which setting.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A token that can't be shown any more, or not at all.
    #[error("VG3024: the token in {file} cannot be used: {why}")]
    Token {
        /// The file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// Something that who this program says it is has no right to do.
    #[error("VG3025: {0}")]
    Unable(String),
}
