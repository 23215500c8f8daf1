//! Rows that are refused, and programs that are not let in.

use std::path::Path;
use std::time::{Duration, Instant};

use ::services::{Cassandra, Tls};
use deliver::StoreError;
use store_cassandra::CassandraStore;

use super::world::{Client, event, keyspace, open, options, shared, write};
use crate::certificates::{Authority, Signed};

/// The longest wait for a reason.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_row_that_is_never_taken_is_told_and_the_others_are_written() {
    let (address, ks) = (shared(), keyspace());
    let mut store = open(options(&address, &ks, ", max_row_bytes: 50000000")).unwrap();
    let mut events: Vec<_> = (0..20).map(|n| event(&format!("id-{n}"), "news")).collect();
    for event in &mut events {
        event.cell = None;
    }
    // Longer than Cassandra's keys, alone and beside others; than its mutations; and than we allow.
    events[3].id = "secret".repeat(12_000);
    events[5].kind = "sensor";
    events[5].entity = "secret".repeat(12_000);
    events[7].text = Some("secret".repeat(1 << 20));
    events[9].text = Some("secret".repeat(10_000_000));
    // Small, so in one request with others.
    events[11].id = String::new();
    let rejects = write(&mut store, &events).unwrap();
    let kinds: Vec<(usize, &str)> = rejects.iter().map(|r| (r.row, r.kind.as_str())).collect();
    assert_eq!(kinds, [(3, "Invalid"), (5, "KeyTooLong"), (7, "Invalid"), (9, "TooLarge"), (11, "Invalid")]);
    assert!(rejects.iter().all(|r| !r.kind.contains("secret")));
    let count = Client::new(&address).run(&format!("SELECT id FROM {ks}.crisis_v1_events_by_id")).len();
    assert_eq!(count, 15);
}

/// The reason may be lost where the node resets the connection behind it: then it is asked again, as the program does.
fn refused(open: impl Fn() -> Result<CassandraStore, StoreError>, word: &str) {
    let start = Instant::now();
    let error = loop {
        match open().map(drop).unwrap_err() {
            error if error.is_retry() && start.elapsed() < PATIENCE => {}
            error => break error,
        }
    };
    let said = error.to_string();
    assert!(matches!(error, StoreError::Refused(_)) && said.contains(word), "{error}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn who_may_not_enter_is_told_why() {
    let (authority, strangers) = (Authority::new("ours"), Authority::new("strangers"));
    let server = authority.sign("server", &["127.0.0.1", "localhost"], false);
    let tls = Tls {
        certificate: server.certificate,
        key: server.key,
        keystore: server.keystore,
        authority: Some(authority.file()),
    };
    let node = Cassandra::start_secure(&tls).unwrap();
    let address = node.server.address();
    let file = |name: &str, text: &str| {
        let path = authority.folder().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (right, wrong) = (file("right", "cassandra\n"), file("wrong", "hunter2\n"));
    let with = |ca: &Authority, own: Option<&Signed>, user: &str, password: &Path| {
        let own = own.map_or_else(String::new, |own| {
            format!(", certificate_file: {}, key_file: {}", own.certificate.display(), own.key.display())
        });
        let (ca, password) = (ca.file(), password.display());
        let more = format!(", user: {user}, password_file: {password}, ca_file: {}{own}", ca.display());
        open(options(address, "ks", &more))
    };
    let client = authority.sign("client", &[], false);
    let mut store = with(&authority, Some(&client), "cassandra", &right).unwrap();
    assert_eq!(write(&mut store, &[event("a", "sensor")]).unwrap(), []);

    refused(|| with(&authority, Some(&client), "cassandra", &wrong), "password_file");
    refused(|| with(&authority, Some(&client), "nobody", &wrong), "password_file");
    let gone = with(&authority, Some(&client), "cassandra", Path::new("/nowhere")).map(drop).unwrap_err();
    assert!(matches!(&gone, StoreError::Failed(said) if said.contains("/nowhere")), "{gone}");
    let nobody = format!(
        ", ca_file: {}, certificate_file: {}, key_file: {}",
        authority.file().display(),
        client.certificate.display(),
        client.key.display()
    );
    refused(|| open(options(address, "ks", &nobody)), "`user`");

    refused(|| with(&strangers, Some(&client), "cassandra", &right), "UnknownIssuer");
    refused(|| with(&authority, None, "cassandra", &right), "TLS");
    let stranger = strangers.sign("stranger", &[], false);
    refused(|| with(&authority, Some(&stranger), "cassandra", &right), "TLS");
    let plain = open(options(address, "ks", "")).map(drop).unwrap_err();
    assert!(matches!(plain, StoreError::Away(_)), "{plain}");
}

#[test]
fn an_expired_certificate_is_named() {
    let authority = Authority::new("ours");
    let server = authority.sign("server", &["127.0.0.1"], true);
    let tls =
        Tls { certificate: server.certificate, key: server.key, keystore: server.keystore, authority: None };
    let node = Cassandra::start_secure(&tls).unwrap();
    let ca = format!(", ca_file: {}", authority.file().display());
    refused(|| open(options(node.server.address(), "ks", &ca)), "certificate expired");
}

#[test]
fn nobody_there_is_asked_again() {
    let start = Instant::now();
    let error = open(options("127.0.0.1:1", "ks", "")).err().unwrap();
    assert!(error.is_retry(), "{error}");
    let error = open(options("nowhere.invalid:9042", "ks", "")).err().unwrap();
    assert!(error.is_retry() && error.to_string().contains("nowhere.invalid"), "{error}");
    assert!(start.elapsed().as_secs() < 30);
}
