//! The servers themselves: each starts, answers, sleeps, dies, has what it had, and forgets it.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::services::{Cassandra, Elasticsearch, Minio, S3, Server};
use elasticsearch::auth::Credentials;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::headers::HeaderMap;
use elasticsearch::http::transport::{SingleNodeConnectionPool, TransportBuilder};
use elasticsearch::http::{Method, Url};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{Certificate as Root, ClientOptions, ObjectStoreExt as _, PutPayload, RetryConfig};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;

use crate::common::{authority, request, request_within, runtime, tls};

/// Shorter than a server that is halted, longer than one that is busy takes.
const SILENCE: Duration = Duration::from_secs(3);

/// Says how long something takes.
fn timed<T>(what: &str, run: impl FnOnce() -> anyhow::Result<T>) -> T {
    let start = Instant::now();
    let result = run().unwrap();
    println!("{what}: {:.1} s", start.elapsed().as_secs_f64());
    result
}

fn say_memory(what: &str, server: &Server) {
    println!("{what}: {} MiB at most", server.peak_memory_bytes().unwrap() >> 20);
}

fn client(s3: &S3, options: ClientOptions, retries: usize) -> AmazonS3Builder {
    AmazonS3Builder::new()
        .with_endpoint(&s3.endpoint)
        .with_bucket_name(&s3.bucket)
        .with_access_key_id(&s3.key)
        .with_secret_access_key(&s3.secret)
        .with_region("us-east-1")
        .with_retry(RetryConfig { max_retries: retries, ..RetryConfig::default() })
        .with_client_options(options)
}

fn get(store: &AmazonS3, name: &str) -> Result<Vec<u8>, object_store::Error> {
    runtime().block_on(async { Ok(store.get(&Path::from(name)).await?.bytes().await?.to_vec()) })
}

fn put(store: &AmazonS3, name: &str, value: Vec<u8>) -> Result<(), object_store::Error> {
    runtime().block_on(store.put(&Path::from(name), PutPayload::from(value))).map(drop)
}

#[test]
fn minio() {
    let mut minio = timed("MinIO's start", Minio::start);
    let plain = || ClientOptions::new().with_allow_http(true).with_timeout(SILENCE);
    let store = client(&minio.s3(), plain(), 0).build().unwrap();
    put(&store, "a", b"of a".to_vec()).unwrap();
    minio.server.pause(true).unwrap();
    assert!(get(&store, "a").is_err(), "it answers in its sleep");
    minio.server.pause(false).unwrap();
    assert_eq!(get(&store, "a").unwrap(), b"of a");
    minio.server.limit_files(Some(64 << 10)).unwrap();
    assert!(put(&store, "big", vec![1; 1 << 20]).is_err(), "a full disk takes more");
    minio.server.limit_files(None).unwrap();
    put(&store, "big", vec![1; 1 << 20]).unwrap();
    let encrypted = client(&minio.s3(), plain(), 0).with_sse_kms_encryption(minio.encryption_key());
    let encrypted = encrypted.build().unwrap();
    put(&encrypted, "b", b"of b".to_vec()).unwrap();
    minio.server.kill();
    assert!(get(&store, "a").is_err() && !minio.server.is_running());
    timed("MinIO's restart", || minio.server.resume());
    assert_eq!(get(&store, "a").unwrap(), b"of a");
    assert_eq!(get(&store, "b").unwrap(), b"of b");
    say_memory("MinIO", &minio.server);
    minio.server.stop().unwrap();
    timed("MinIO's emptying", || minio.server.empty());
    assert!(matches!(get(&store, "a"), Err(object_store::Error::NotFound { .. })));
    put(&store, "a", b"again".to_vec()).unwrap();
}

#[test]
fn minio_with_tls() {
    let minio = Minio::start_secure(tls()).unwrap();
    let root = Root::from_pem(&fs::read(authority().file()).unwrap()).unwrap();
    let trusting = ClientOptions::new().with_root_certificate(root);
    let store = client(&minio.s3(), trusting, 0).build().unwrap();
    put(&store, "a", b"of a".to_vec()).unwrap();
    assert_eq!(get(&store, "a").unwrap(), b"of a");
    let stranger = client(&minio.s3(), ClientOptions::new(), 0).build().unwrap();
    assert!(get(&stranger, "a").is_err(), "an authority that is not known");
}

/// What Elasticsearch and OpenSearch have in common.
fn search(name: &str, server: &mut Server, url: &str) {
    let document = format!("{url}/a/_doc/1");
    assert_eq!(request("PUT", &document, r#"{"a":1}"#).unwrap().0, 201);
    server.pause(true).unwrap();
    assert!(request_within(SILENCE, "GET", &document, "").is_err(), "it answers in its sleep");
    server.pause(false).unwrap();
    assert_eq!(request("GET", &document, "").unwrap().0, 200);
    server.kill();
    assert!(request("GET", &document, "").is_err() && !server.is_running());
    timed(&format!("{name}'s restart"), || server.resume());
    let (status, answer) = request("GET", &document, "").unwrap();
    assert!(status == 200 && answer.contains(r#""_source":{"a":1}"#), "{status} {answer}");
    say_memory(name, server);
    server.limit_files(Some(0)).unwrap();
    let (status, answer) = request("PUT", &format!("{url}/a/_doc/2?timeout=2s"), "{}").unwrap();
    assert!(status >= 400, "a full disk takes more: {status} {answer}");
    timed(&format!("{name}'s emptying"), || server.empty());
    assert_eq!(request("GET", &document, "").unwrap().0, 404);
}

#[test]
fn elasticsearch() {
    let mut elasticsearch = timed("Elasticsearch's start", Elasticsearch::start);
    let url = elasticsearch.url();
    let (_, answer) = request("GET", &url, "").unwrap();
    assert!(answer.contains(r#""number":"8.19"#), "{answer}");
    search("Elasticsearch", &mut elasticsearch.server, &url);
}

#[test]
fn opensearch() {
    let start = Instant::now();
    let Some(mut opensearch) = crate::common::opensearch() else { return };
    println!("OpenSearch's start: {:.1} s", start.elapsed().as_secs_f64());
    let url = opensearch.url();
    let (_, answer) = request("GET", &url, "").unwrap();
    assert!(answer.contains(r#""distribution" : "opensearch""#), "{answer}");
    search("OpenSearch", &mut opensearch.server, &url);
}

pub fn elastic(url: &str, credentials: Credentials) -> elasticsearch::Elasticsearch {
    let root = Certificate::from_pem(&fs::read(authority().file()).unwrap()).unwrap();
    let pool = SingleNodeConnectionPool::new(Url::parse(url).unwrap());
    let transport = TransportBuilder::new(pool)
        .auth(credentials)
        .cert_validation(CertificateValidation::Full(root))
        .build()
        .unwrap();
    elasticsearch::Elasticsearch::new(transport)
}

pub fn send(client: &elasticsearch::Elasticsearch, method: Method, path: &str, body: &str) -> (u16, String) {
    runtime().block_on(async {
        let body = (!body.is_empty()).then(|| body.to_owned());
        let query: Option<&()> = None;
        let sent = client.send(method, path, HeaderMap::new(), query, body, None).await.unwrap();
        (sent.status_code().as_u16(), sent.text().await.unwrap())
    })
}

#[test]
fn elasticsearch_with_security() {
    let start = || Elasticsearch::start_secure(tls(), "of-a-test");
    let elasticsearch = timed("Elasticsearch's start with security", start);
    let user = |password: &str| Credentials::Basic(elasticsearch.user().into(), password.into());
    let url = elasticsearch.url();
    let may_all = elastic(&url, user("of-a-test"));
    let wrong = elastic(&url, user("another"));
    assert_eq!(send(&wrong, Method::Get, "/", "").0, 401);
    let key = r#"{"name":"k","role_descriptors":{"r":{"indices":[{"names":["a*"],"privileges":["all"]}]}}}"#;
    let (status, answer) = send(&may_all, Method::Post, "/_security/api_key", key);
    assert_eq!(status, 200, "{answer}");
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let encoded = answer["encoded"].as_str().unwrap().to_owned();
    let may_some = elastic(&url, Credentials::EncodedApiKey(encoded));
    assert_eq!(send(&may_some, Method::Put, "/a/_doc/1", "{}").0, 201);
    assert_eq!(send(&may_some, Method::Put, "/b/_doc/1", "{}").0, 403);
}

fn session(address: &str, change: impl Fn(SessionBuilder) -> SessionBuilder) -> anyhow::Result<Session> {
    let builder = SessionBuilder::new().known_node(address).connection_timeout(Duration::from_secs(20));
    Ok(runtime_of_sessions().block_on(change(builder).build())?)
}

/// With TLS and a password.
pub fn secure_session(address: &str, user: &str, password: &str) -> anyhow::Result<Session> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority().file())?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    session(address, |builder| builder.tls_context(Some(Arc::clone(&config))).user(user, password))
}

/// A session works as long as the runtime that it was made in.
fn runtime_of_sessions() -> &'static tokio::runtime::Runtime {
    static RUNTIME: std::sync::OnceLock<tokio::runtime::Runtime> = std::sync::OnceLock::new();
    RUNTIME.get_or_init(runtime)
}

pub fn cql(session: &Session, statement: &str) -> anyhow::Result<Vec<String>> {
    let answer = runtime_of_sessions().block_on(session.query_unpaged(statement, ()))?;
    let Ok(rows) = answer.into_rows_result() else { return Ok(Vec::new()) };
    Ok(rows.rows::<(String,)>()?.collect::<Result<Vec<_>, _>>()?.into_iter().map(|(text,)| text).collect())
}

const KEYSPACE: &str =
    "create keyspace k with replication = {'class': 'SimpleStrategy', 'replication_factor': 1}";

#[test]
fn cassandra() {
    let mut cassandra = timed("Cassandra's start", Cassandra::start);
    let address = cassandra.server.address().to_owned();
    let first = session(&address, |builder| builder).unwrap();
    assert_eq!(cql(&first, "select cluster_name from system.local").unwrap(), ["vigie-tests"]);
    for statement in [
        KEYSPACE,
        "create table k.t (a text primary key, b text)",
        "insert into k.t (a) values ('of a') if not exists",
    ] {
        runtime_of_sessions().block_on(first.query_unpaged(statement, ())).unwrap();
    }
    cassandra.server.pause(true).unwrap();
    let silent = runtime_of_sessions().block_on(async {
        tokio::time::timeout(SILENCE, first.query_unpaged("select a from k.t", ())).await
    });
    assert!(silent.is_err(), "it answers in its sleep");
    cassandra.server.pause(false).unwrap();
    assert_eq!(cql(&first, "select a from k.t").unwrap(), ["of a"]);
    drop(first);
    cassandra.server.kill();
    assert!(session(&address, |builder| builder).is_err() && !cassandra.server.is_running());
    timed("Cassandra's restart", || cassandra.server.resume());
    let second = session(&address, |builder| builder).unwrap();
    assert_eq!(cql(&second, "select a from k.t").unwrap(), ["of a"]);
    say_memory("Cassandra", &cassandra.server);
    // It notices when it begins another of its logs of commits, which have 8 MiB.
    cassandra.server.limit_files(Some(1 << 20)).unwrap();
    let large = format!("insert into k.t (a, b) values ('large', '{}')", "b".repeat(1 << 20));
    let write = || runtime_of_sessions().block_on(second.query_unpaged(&*large, ())).err();
    let refused = (0..24).find_map(|_| write());
    println!("Cassandra, full: {}", refused.expect("a full disk takes more"));
    drop(second);
    timed("Cassandra's emptying", || cassandra.server.empty());
    let third = session(&address, |builder| builder).unwrap();
    assert!(cql(&third, "select a from k.t").is_err(), "it has the table still");
}

#[test]
fn cassandra_with_security() {
    let cassandra = timed("Cassandra's start with security", || Cassandra::start_secure(tls()));
    let address = cassandra.server.address();
    let (user, password) = cassandra.user();
    let secure = |password| secure_session(address, user, password);
    let let_in = secure(password).unwrap();
    assert_eq!(cql(&let_in, "select cluster_name from system.local").unwrap(), ["vigie-tests"]);
    assert!(secure("another").is_err(), "a password that is not right");
    assert!(session(address, |builder| builder.user(user, password)).is_err(), "a client without TLS");
}
