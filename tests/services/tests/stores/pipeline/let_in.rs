//! Stores that do not let the program in, or that it does not believe.

use std::collections::BTreeSet;
use std::fs;

use ::services::{Cassandra, Elasticsearch, Minio, Tls};
use elasticsearch::auth::Credentials;
use elasticsearch::http::Method;
use serde_json::{Value, json};

use super::world::{Host, clearance, lake_options};
use crate::common::{authority, tls};
use crate::services::{cql, elastic, secure_session, send};

const PASSWORD: &str = "of-the-test-s3cret";

fn refused(host: &Host, name: &str, hint: &str) {
    host.wait("the refusal", || host.is(name, "broken") && host.failure(name).contains(hint));
    assert!(host.failure(name).starts_with("VG4012"), "{}", host.failure(name));
}

#[test]
fn who_is_not_let_in_delays_nobody_and_delivers_once_it_is() {
    let late = authority().sign("late", &["127.0.0.1"], true);
    let late = Tls { certificate: late.certificate, key: late.key, keystore: late.keystore, authority: None };
    let (tables, search, lake) = std::thread::scope(|scope| {
        let search = scope.spawn(|| Elasticsearch::start_secure(tls(), PASSWORD));
        let tables = scope.spawn(|| Cassandra::start_secure(&late));
        let lake = Minio::start().unwrap();
        (tables.join().unwrap().unwrap(), search.join().unwrap().unwrap(), lake)
    });
    let mut tables = tables;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let (user, password) = tables.user();
    let stores = json!({"stores": {
        "tables": {"clearance": clearance(), "cassandra": {
            "nodes": [tables.server.address()], "keyspace": "crisis", "replication": 1, "ca_file": authority().file(),
            "user": user, "password_file": file("tables", password),
            "days": {"series": null, "positions": null, "events": null, "aggregates": null, "others": null},
        }},
        "search": {"clearance": clearance(), "elasticsearch": {
            "url": search.url(), "replicas": 0, "cursor_interval_ms": 100, "ca_file": authority().file(),
            "user": search.user(), "password_file": file("search", "guessed-s3cret"),
        }},
        "lake": {"clearance": clearance(), "s3": lake_options(&lake, folder.path())},
    }});
    let mut host = Host::new("embedded", file("stores.yaml", &stores.to_string()).display().to_string());
    host.feed("1");
    host.start("0");
    // One has a certificate that has expired, the other wants another password.
    refused(&host, "tables", "expired");
    refused(&host, "search", "`password_file`");
    let in_lake = |host: &Host| {
        host.wait("everything in the lake", || {
            host.stores("lake").iter().all(|row| row["lag"] == "0" && row["state"] == "delivering")
        });
    };
    host.wait("what was fed", || host.count("events") > 0);
    in_lake(&host);

    // Mended where each is wrong; the program goes on as it is.
    fs::copy(&tls().keystore, &late.keystore).unwrap();
    tables.server.kill();
    tables.server.resume().unwrap();
    file("search", PASSWORD);
    let is_at_end = |name: &str| {
        let at_end = |row: &Value| row["lag"] == "0" && row["state"] == "delivering";
        host.stores(name).iter().all(at_end)
    };
    host.wait("what search and tables lack", || is_at_end("search") && is_at_end("tables"));

    // A password is changed while rows are on their way, and told to the program later.
    let right =
        |password: &str| elastic(&search.url(), Credentials::Basic(search.user().into(), password.into()));
    let change = json!({"password": "n3w-s3cret"}).to_string();
    let (status, said) = send(&right(PASSWORD), Method::Post, "/_security/user/elastic/_password", &change);
    assert_eq!(status, 200, "{said}");
    host.feed("2");
    refused(&host, "search", "`password_file`");
    in_lake(&host);
    host.wait("the others' rows", || is_at_end("tables"));
    file("search", "n3w-s3cret");
    host.wait("the rows of search", || is_at_end("search"));

    let wanted = host.ids("events");
    let client = right("n3w-s3cret");
    send(&client, Method::Post, "/vigie-*/_refresh", "");
    let (_, found) = send(&client, Method::Get, "/vigie-events/_search?size=10000&_source=false", "");
    let found: Value = serde_json::from_str(&found).unwrap();
    let hits = found["hits"]["hits"].as_array().unwrap_or_else(|| panic!("{found}"));
    let in_search: BTreeSet<String> = hits.iter().map(|hit| hit["_id"].as_str().unwrap().into()).collect();
    assert!(in_search == wanted, "{} of {}", in_search.len(), wanted.len());
    let session = secure_session(tables.server.address(), user, password).unwrap();
    let names = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'crisis'";
    let names = cql(&session, names).unwrap().into_iter().filter(|name| name.starts_with("events_by_"));
    let ids = names.flat_map(|name| cql(&session, &format!("SELECT id FROM crisis.{name}")).unwrap());
    let in_tables: BTreeSet<String> = ids.collect();
    assert!(in_tables == wanted, "{} of {}", in_tables.len(), wanted.len());
    let said = host.said();
    assert!(!said.contains("s3cret"), "a password is said: {said}");
}
