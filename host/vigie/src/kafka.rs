//! How to connect to Kafka, mostly by TLS: files and a name, by options or by the environment. No secret is ever an
//! option's value: other users of the machine and its logs would see it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use log_kafka::{ClientCertificate, Options, Sasl, Security};

use crate::logs::Brokers;

const HEADING: &str = "Kafka (docs/kafka.md)";
/// The rights of all users who are neither the owner nor in the group.
const OTHERS: u32 = 0o007;

/// The settings of `kafkas://`.
#[derive(Args, Debug, Default)]
pub struct Settings {
    /// PEM file of the authorities that sign brokers' certificates; else the system's
    #[arg(long, global = true, value_name = "FILE", env = "VIGIE_KAFKA_CA_FILE")]
    #[arg(help_heading = HEADING, hide_short_help = true)]
    kafka_ca_file: Option<PathBuf>,
    /// PEM file of the client certificate
    #[arg(long, global = true, value_name = "FILE", env = "VIGIE_KAFKA_CERTIFICATE_FILE")]
    #[arg(help_heading = HEADING, hide_short_help = true)]
    kafka_certificate_file: Option<PathBuf>,
    /// PEM file of the client certificate's private key
    #[arg(long, global = true, value_name = "FILE", env = "VIGIE_KAFKA_KEY_FILE")]
    #[arg(help_heading = HEADING, hide_short_help = true)]
    kafka_key_file: Option<PathBuf>,
    /// File of the private key's password
    #[arg(long, global = true, value_name = "FILE", env = "VIGIE_KAFKA_KEY_PASSWORD_FILE")]
    #[arg(help_heading = HEADING, hide_short_help = true)]
    kafka_key_password_file: Option<PathBuf>,
    /// Name of the SASL user
    #[arg(long, global = true, value_name = "NAME", env = "VIGIE_KAFKA_USER")]
    #[arg(help_heading = HEADING, hide_short_help = true)]
    kafka_user: Option<String>,
    /// File of the SASL user's password
    #[arg(long, global = true, value_name = "FILE", env = "VIGIE_KAFKA_PASSWORD_FILE")]
    #[arg(help_heading = HEADING, hide_short_help = true)]
    kafka_password_file: Option<PathBuf>,
    /// How the SASL user's password is shown; else SCRAM-SHA-512
    #[arg(
        long,
        global = true,
        value_enum,
        ignore_case = true,
        value_name = "NAME",
        env = "VIGIE_KAFKA_MECHANISM"
    )]
    #[arg(help_heading = HEADING, hide_short_help = true)]
    kafka_mechanism: Option<Mechanism>,
    /// File of a token (JWT) for OAUTHBEARER, read again before it expires
    #[arg(long, global = true, value_name = "FILE", env = "VIGIE_KAFKA_TOKEN_FILE")]
    #[arg(help_heading = HEADING, hide_short_help = true)]
    kafka_token_file: Option<PathBuf>,
    /// How records are compressed that are written to Kafka; lz4 if nothing is said
    #[arg(long, global = true, value_enum, value_name = "NAME", env = "VIGIE_KAFKA_COMPRESSION")]
    #[arg(help_heading = HEADING, hide_short_help = true)]
    kafka_compression: Option<Compression>,
    /// Whether the files' rights were looked at.
    #[arg(skip)]
    looked: OnceLock<()>,
}

/// As Kafka calls it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mechanism {
    #[value(name = "SCRAM-SHA-512")]
    ScramSha512,
    #[value(name = "SCRAM-SHA-256")]
    ScramSha256,
    #[value(name = "PLAIN")]
    Plain,
}

/// As Kafka calls it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Compression {
    None,
    Lz4,
    Zstd,
}

impl From<Compression> for log_kafka::Compression {
    fn from(compression: Compression) -> Self {
        match compression {
            Compression::None => Self::None,
            Compression::Lz4 => Self::Lz4,
            Compression::Zstd => Self::Zstd,
        }
    }
}

impl Settings {
    /// How to connect to these brokers.
    pub fn options(&self, brokers: &Brokers, name: Option<&str>) -> Result<Options> {
        if !brokers.tls && self.is_any() {
            bail!(
                "VG0040: there are settings for Kafka by TLS, and the log is `kafka://…`; write `kafkas://…`"
            );
        }
        let security = brokers.tls.then(|| self.security()).transpose()?;
        if let Some(security) = &security {
            self.looked.get_or_init(|| security.secrets().into_iter().for_each(warn));
        }
        let compression = self.kafka_compression.map(Into::into).unwrap_or_default();
        Ok(Options { security, compression, ..Options::new(&brokers.addresses, name) })
    }

    fn is_any(&self) -> bool {
        let Self { kafka_user, kafka_mechanism, .. } = self;
        let files = [
            &self.kafka_ca_file,
            &self.kafka_certificate_file,
            &self.kafka_key_file,
            &self.kafka_key_password_file,
            &self.kafka_password_file,
            &self.kafka_token_file,
        ];
        kafka_user.is_some() || kafka_mechanism.is_some() || files.iter().any(|file| file.is_some())
    }

    fn security(&self) -> Result<Security> {
        let client = match (&self.kafka_certificate_file, &self.kafka_key_file) {
            (Some(certificate), Some(key)) => Some(ClientCertificate {
                certificate: certificate.clone(),
                key: key.clone(),
                key_password: self.kafka_key_password_file.clone(),
            }),
            (None, None) if self.kafka_key_password_file.is_none() => None,
            _ => bail!("VG0040: a client certificate needs --kafka-certificate-file and --kafka-key-file"),
        };
        let sasl = match (&self.kafka_user, &self.kafka_password_file, &self.kafka_token_file) {
            (Some(name), Some(password), None) => {
                let mechanism = self.kafka_mechanism.unwrap_or(Mechanism::ScramSha512).into();
                Some(Sasl::User { name: name.clone(), password: password.clone(), mechanism })
            }
            (None, None, Some(token)) if self.kafka_mechanism.is_none() => Some(Sasl::Token(token.clone())),
            (None, None, None) if self.kafka_mechanism.is_none() => None,
            _ => bail!(
                "VG0040: say either --kafka-user and --kafka-password-file, with or without --kafka-mechanism, or \
                 --kafka-token-file alone"
            ),
        };
        Ok(Security::new(self.kafka_ca_file.clone(), client, sasl))
    }
}

impl From<Mechanism> for log_kafka::Mechanism {
    fn from(mechanism: Mechanism) -> Self {
        match mechanism {
            Mechanism::ScramSha512 => Self::ScramSha512,
            Mechanism::ScramSha256 => Self::ScramSha256,
            Mechanism::Plain => Self::Plain,
        }
    }
}

/// Says of a secret's file that everybody may use it. Not refused: so Kubernetes mounts secrets if nobody says
/// otherwise, and in a container there is nobody else.
fn warn(secret: &Path) {
    // One that is not there is refused where it is read.
    let Ok(mode) = fs::metadata(secret).map(|metadata| metadata.permissions().mode() & 0o777) else { return };
    if mode & OTHERS != 0 {
        let file = secret.display();
        eprintln!(
            "vigie: VG0041: every user of this machine may use {file} (mode {mode:03o}); it holds a secret"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(settings: &Settings, tls: bool) -> String {
        let brokers = Brokers { addresses: "a:1".into(), tls };
        settings
            .options(&brokers, None)
            .map_or_else(|e| e.to_string(), |options| format!("{:?}", options.security))
    }

    fn file() -> Option<PathBuf> {
        Some("file".into())
    }

    #[test]
    fn settings_that_do_not_fit_are_refused() {
        let user = || Some("vigie".to_owned());
        let none = Settings::default;
        let both = Settings { kafka_user: user(), kafka_password_file: file(), ..none() };
        for refused in [
            Settings { kafka_key_file: file(), ..none() },
            Settings { kafka_certificate_file: file(), ..none() },
            Settings { kafka_key_password_file: file(), ..none() },
            Settings { kafka_user: user(), ..none() },
            Settings { kafka_password_file: file(), ..none() },
            Settings { kafka_mechanism: Some(Mechanism::Plain), ..none() },
            Settings { kafka_mechanism: Some(Mechanism::Plain), kafka_token_file: file(), ..none() },
            Settings { kafka_token_file: file(), ..both },
        ] {
            assert!(said(&refused, true).starts_with("VG0040"), "{refused:?}");
            assert!(said(&refused, false).starts_with("VG0040"), "{refused:?}");
        }
    }

    #[test]
    fn nothing_is_shown_to_brokers_without_tls() {
        assert_eq!(said(&Settings::default(), false), "None");
        assert!(said(&Settings::default(), true).starts_with("Some("));
        let ca = Settings { kafka_ca_file: file(), ..Settings::default() };
        assert!(said(&ca, false).contains("kafkas://"));
        assert!(said(&ca, true).contains("ca: Some(\"file\")"));
        let token = Settings { kafka_token_file: file(), ..Settings::default() };
        assert!(said(&token, true).contains("Token(\"file\")"));
        let (kafka_user, kafka_password_file) = (Some("vigie".into()), file());
        let user = Settings { kafka_user, kafka_password_file, ..Settings::default() };
        assert!(said(&user, true).contains("mechanism: ScramSha512"), "the strongest, if nothing is said");
    }
}
