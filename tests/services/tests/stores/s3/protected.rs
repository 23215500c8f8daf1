//! Credentials, certificates, and encryption by the server.

use std::path::Path;

use ::services::{Minio, Tls};
use deliver::{Store as _, StoreError};
use store_s3::Encryption;

use crate::certificates::Authority;

use super::world::{TOPIC, World, deliver, table, write};

#[test]
fn wrong_credentials_are_refused_and_right_ones_read_again() {
    let s3 = ::services::S3::shared().unwrap();
    let world = World::new(&s3);
    for (key, secret) in [("nobody", s3.secret.as_str()), (s3.key.as_str(), "guessed-secret")] {
        world.let_in(key, secret);
        let error = world.try_open().err().unwrap();
        assert!(matches!(error, StoreError::Refused(_)), "{error}");
        assert!(error.to_string().contains("check the credentials"), "{error}");
        assert!(!error.to_string().contains(secret), "{error}");
    }
    world.let_in(&s3.key, &s3.secret);
    let mut store = world.open();
    deliver(&mut store, 30).unwrap();
    store.open(&[table()]).unwrap();
    assert_eq!(store.cursor(TOPIC, 0).unwrap(), Some(30));
}

/// Whether any file below holds the sign that every Parquet file begins and ends with.
fn has_parquet(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            has_parquet(&path)
        } else {
            std::fs::read(path).unwrap().windows(4).any(|w| w == b"PAR1")
        }
    })
}

#[test]
fn files_lie_encrypted_where_a_key_is_named() {
    let minio = Minio::start().unwrap();
    let bucket = minio.server.folder().join("disk").join(minio.s3().bucket);
    let mut world = World::new(&minio.s3());
    world.options.sse = Some(Encryption { kms_key: minio.encryption_key().into() });
    let mut store = world.open();
    write(&mut store, 0, 30, 400_000).unwrap();
    store.flush(true).unwrap();
    assert_eq!(world.rows(), 30);
    assert!(!has_parquet(&bucket), "a file lies there as it is");
    world.options.sse = Some(Encryption { kms_key: "no-such-key".into() });
    let error = deliver(&mut world.open(), 60).unwrap_err();
    assert!(matches!(error, StoreError::Failed(_)), "{error}");
    world.options.sse = None;
    deliver(&mut world.open(), 60).unwrap();
    assert!(has_parquet(&bucket), "the test cannot tell");
}

#[test]
fn only_a_server_with_a_valid_certificate_is_believed() {
    let authority = Authority::new("lake");
    for has_expired in [false, true] {
        let signed = authority.sign(&format!("server-{has_expired}"), &["127.0.0.1"], has_expired);
        let tls = Tls {
            certificate: signed.certificate,
            key: signed.key,
            keystore: signed.keystore,
            authority: None,
        };
        let minio = Minio::start_secure(&tls).unwrap();
        let mut world = World::new(&minio.s3());
        let refused = |world: &World| {
            let error = world.try_open().err().unwrap();
            assert!(matches!(error, StoreError::Refused(_)), "{error}");
            assert!(error.to_string().contains("expired, for another name, or not signed by"), "{error}");
        };
        refused(&world);
        world.options.ca_file = Some(authority.file());
        if has_expired {
            refused(&world);
        } else {
            deliver(&mut world.open(), 30).unwrap();
            assert_eq!(world.rows(), 30);
        }
    }
}
