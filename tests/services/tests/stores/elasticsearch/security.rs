//! Certificates, passwords and keys.

use std::fs;
use std::path::{Path, PathBuf};

use ::services::{Elasticsearch, Tls};
use deliver::{Store as _, StoreError};
use store_elasticsearch::{ElasticsearchStore, Options};

use super::common::{World, event, table, write};
use crate::certificates::Authority;
use crate::common::{authority, tls};

const PASSWORD: &str = "of-the-test-s3cret";

fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

fn refused(options: Options) -> String {
    let error = ElasticsearchStore::new(options).unwrap().open(&[table(&[])]).unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error}");
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    error.to_string()
}

#[test]
fn only_who_is_known_comes_in_and_only_to_the_right_server() {
    let node = Elasticsearch::start_secure(tls(), PASSWORD).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let right = Options {
        user: Some(node.user().into()),
        password_file: Some(file(folder.path(), "password", &format!("{PASSWORD}\n"))),
        ca_file: Some(authority().file()),
        ..World::new(&node.url()).options
    };
    let mut store = ElasticsearchStore::new(right.clone()).unwrap();
    store.open(&[table(&[])]).unwrap();
    assert_eq!(write(&mut store, &[event("a")], 1).unwrap(), []);
    store.flush(true).unwrap();

    let wrong = file(folder.path(), "wrong", "another-s3cret");
    let said = refused(Options { password_file: Some(wrong.clone()), ..right.clone() });
    assert!(said.contains("`password_file`"), "{said}");
    let nobody = Options { user: None, password_file: None, ..right.clone() };
    assert!(refused(nobody.clone()).contains("HTTP 401"));
    assert!(refused(Options { api_key_file: Some(wrong), ..nobody }).contains("`api_key_file`"));
    let said = refused(Options { ca_file: None, ..right.clone() });
    assert!(said.contains("`ca_file`"), "{said}");
    let other = Authority::new("another");
    assert!(refused(Options { ca_file: Some(other.file()), ..right.clone() }).contains("`ca_file`"));
}

#[test]
fn a_certificate_that_has_expired_is_named_as_such() {
    let authority = Authority::new("of-the-test");
    let signed = authority.sign("node", &["127.0.0.1"], true);
    let tls =
        Tls { certificate: signed.certificate, key: signed.key, keystore: signed.keystore, authority: None };
    let node = Elasticsearch::start_secure(&tls, PASSWORD).unwrap();
    let options = Options { ca_file: Some(authority.file()), ..World::new(&node.url()).options };
    assert!(refused(options).contains("has expired"));
}
