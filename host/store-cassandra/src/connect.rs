//! The way to the nodes: addresses, user, TLS.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deliver::StoreError;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::policies::load_balancing::DefaultPolicy;

use crate::failure;
use crate::options::{Consistency, Options};

/// Most bytes of a file with a password.
const MOST_BYTES: u64 = 1 << 16;

impl From<Consistency> for scylla::statement::Consistency {
    fn from(consistency: Consistency) -> Self {
        match consistency {
            Consistency::One => Self::One,
            Consistency::Two => Self::Two,
            Consistency::Quorum => Self::Quorum,
            Consistency::LocalQuorum => Self::LocalQuorum,
            Consistency::EachQuorum => Self::EachQuorum,
            Consistency::All => Self::All,
        }
    }
}

/// Connects; the files are read anew each time, so that what was renewed is seen.
///
/// # Errors
/// [`StoreError::Away`], [`StoreError::Refused`], [`StoreError::Failed`] for a file.
pub(crate) async fn connect(options: &Options) -> Result<Session, StoreError> {
    let mut policy = DefaultPolicy::builder().token_aware(true);
    if let Some(datacentre) = &options.datacentre {
        policy = policy.prefer_datacenter(datacentre.clone()).permit_dc_failover(false);
    }
    let profile = ExecutionProfile::builder()
        .consistency(options.consistency.into())
        .request_timeout(Some(Duration::from_millis(options.request_timeout_ms)))
        .load_balancing_policy(policy.build())
        .build();
    let mut builder = SessionBuilder::new()
        .known_nodes(&options.nodes)
        .default_execution_profile_handle(profile.into_handle())
        .connection_timeout(Duration::from_millis(options.connect_timeout_ms))
        .keyspaces_to_fetch([options.keyspace.as_str()])
        .tls_context(tls(options)?);
    if let (Some(user), Some(file)) = (&options.user, &options.password_file) {
        builder = builder.user(user, password(file)?);
    }
    builder.build().await.map_err(|error| failure::of_session(&error))
}

fn of_file(path: &Path, why: &str) -> StoreError {
    StoreError::Failed(format!("the file {}: {why}", path.display()))
}

/// One line, whose end is no part of it.
fn password(path: &Path) -> Result<String, StoreError> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text));
    read.map_err(|error| of_file(path, &error.to_string()))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() || line.contains(char::is_control) {
        return Err(of_file(path, "it is not one line with a password"));
    }
    Ok(line.into())
}

fn tls(options: &Options) -> Result<Option<Arc<ClientConfig>>, StoreError> {
    let Some(ca_file) = &options.ca_file else { return Ok(None) };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca_file)? {
        roots.add(certificate).map_err(|error| of_file(ca_file, &error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Failed(format!("TLS: {error}")))?
        .with_root_certificates(roots);
    let (Some(certificate_file), Some(key_file)) = (&options.certificate_file, &options.key_file) else {
        return Ok(Some(Arc::new(config.with_no_client_auth())));
    };
    let key = PrivateKeyDer::from_pem_file(key_file)
        .map_err(|_| of_file(key_file, "it is no PEM file with a private key that is not encrypted"))?;
    let config = config.with_client_auth_cert(certificates(certificate_file)?, key);
    config.map(|c| Some(Arc::new(c))).map_err(|error| of_file(certificate_file, &error.to_string()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, StoreError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(of_file(path, "it is no PEM file with certificates, or cannot be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_and_what_is_in_it_is_not() {
        let path = std::env::temp_dir().join(format!("vigie-cassandra-{}", std::process::id()));
        for (text, good) in
            [("hunter2\n", true), ("hunter2\r\n", true), ("hunter2\nhunter2", false), ("", false)]
        {
            std::fs::write(&path, text).unwrap();
            match password(&path) {
                Ok(password) => assert!(good && password == "hunter2"),
                Err(error) => assert!(!good && !error.to_string().contains("hunter2"), "{error}"),
            }
        }
        let said = certificates(&path).unwrap_err().to_string();
        assert!(said.starts_with("VG4015") && said.contains("no PEM file"), "{said}");
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(password(&path), Err(StoreError::Failed(_))));
    }
}
