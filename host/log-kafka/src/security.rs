//! How brokers and this program know each other: TLS always, and on top of it a user or a token.
//!
//! Secrets are named by the files that they lie in, and read when a client is made; nothing here holds one.

use std::path::{Path, PathBuf};

use log::Refusal;
use rdkafka::config::ClientConfig;

use crate::ear::Heard;
use crate::files;

/// How brokers and this program know each other. There is no user without TLS, and no TLS that does not look at
/// the broker's certificate and at the name in it.
#[derive(Clone, Debug)]
pub struct Security {
    ca: Option<PathBuf>,
    client: Option<ClientCertificate>,
    sasl: Option<Sasl>,
    heard: Heard,
}

/// What this program shows in the TLS handshake, as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The file of the certificate and those between it and the authority's.
    pub certificate: PathBuf,
    /// The file of its private key.
    pub key: PathBuf,
    /// The file of the key's password, where it has one.
    pub key_password: Option<PathBuf>,
}

/// How a password is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// SCRAM-SHA-512: the broker never sees it.
    ScramSha512,
    /// SCRAM-SHA-256.
    ScramSha256,
    /// PLAIN: as it is.
    Plain,
}

/// Who this program says it is, inside of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sasl {
    /// A user with a password.
    User {
        /// The user's name.
        name: String,
        /// The file of the password.
        password: PathBuf,
        /// How it is shown.
        mechanism: Mechanism,
    },
    /// OAUTHBEARER: the file of a JSON Web Token, read again whenever the client wants a fresh one.
    Token(PathBuf),
}

impl Security {
    /// TLS with the authorities of a PEM file, or with the system's; with a client certificate and a user where
    /// there are any.
    #[must_use]
    pub fn new(ca: Option<PathBuf>, client: Option<ClientCertificate>, sasl: Option<Sasl>) -> Self {
        Self { ca, client, sasl, heard: Heard::default() }
    }

    /// The files that only this program should be able to read.
    #[must_use]
    pub fn secrets(&self) -> Vec<&Path> {
        let of_sasl = self.sasl.iter().map(|sasl| match sasl {
            Sasl::User { password, .. } => password,
            Sasl::Token(token) => token,
        });
        let of_client =
            self.client.iter().flat_map(|client| [Some(&client.key), client.key_password.as_ref()]);
        of_sasl.chain(of_client.flatten()).map(PathBuf::as_path).collect()
    }

    /// Why clients were not let in.
    pub(crate) fn heard(&self) -> &Heard {
        &self.heard
    }

    /// The file of the token, where there is one.
    pub(crate) fn token(&self) -> Option<&Path> {
        match &self.sasl {
            Some(Sasl::Token(token)) => Some(token),
            _ => None,
        }
    }

    /// Sets a client up; reads the secrets.
    pub(crate) fn apply(&self, config: &mut ClientConfig) -> Result<(), Refusal> {
        config.set("security.protocol", if self.sasl.is_some() { "SASL_SSL" } else { "SSL" });
        // The library's defaults today; without them TLS would prove nothing.
        config.set("enable.ssl.certificate.verification", "true");
        config.set("ssl.endpoint.identification.algorithm", "https");
        let ca =
            self.ca.as_deref().map(|ca| files::pem("the CA file", ca, "CERTIFICATE", false)).transpose()?;
        config.set("ssl.ca.location", ca.unwrap_or("probe"));
        self.client.iter().try_for_each(|client| client.apply(config))?;
        match &self.sasl {
            None => {}
            Some(Sasl::User { name, password, mechanism }) => {
                config.set("sasl.mechanism", mechanism.name()).set("sasl.username", name);
                config.set("sasl.password", files::secret("the password file", password)?);
            }
            Some(Sasl::Token(_)) => drop(config.set("sasl.mechanism", "OAUTHBEARER")),
        }
        Ok(())
    }
}

impl ClientCertificate {
    fn apply(&self, config: &mut ClientConfig) -> Result<(), Refusal> {
        let (certificate, key) = (&self.certificate, &self.key);
        config.set(
            "ssl.certificate.location",
            files::pem("the certificate file", certificate, "CERTIFICATE", false)?,
        );
        let has_password = self.key_password.is_some();
        config.set("ssl.key.location", files::pem("the key file", key, "PRIVATE KEY", has_password)?);
        if let Some(password) = &self.key_password {
            config.set("ssl.key.password", files::secret("the key password file", password)?);
        }
        Ok(())
    }
}

impl Mechanism {
    /// As Kafka calls it.
    fn name(self) -> &'static str {
        match self {
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::Plain => "PLAIN",
        }
    }
}
