//! The program with all stores at once, under load: one of them ill, the others well.

mod archive;
mod let_in;
mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use ::services::{Elasticsearch, Kafka};
use log::{Log as _, Output, Step};
use log_embedded::EmbeddedLog;
use serde_json::{Value, json};

use self::world::{Host, LOAD, PIPELINE, STORES, Servers};
use crate::cassandra::Client;
use crate::elasticsearch::World;
use crate::installation::{Installation, signal};

/// Longer than a session lasts, and than a transaction may be open.
const HALT: Duration = Duration::from_secs(12);

/// All stores have what the embedded one has, and the lake each row once.
fn assert_equal(host: &Host, servers: &Servers) {
    for table in ["events", "reports"] {
        let wanted = host.ids(table);
        let compare = |found: BTreeSet<String>, store: &str| {
            let (missing, more) = (wanted.difference(&found).count(), found.difference(&wanted).count());
            assert_eq!((missing, more), (0, 0), "{table} in {store}: missing, too many\n{}", host.said());
        };
        // A producer may have said something twice: the lake has each record of the topic, once.
        let records =
            host.succeed(&["--output", "json", "tail", table, "--limit", "1000000"]).lines().count() as u64;
        host.wait("the lake's last file", || servers.in_lake(table) >= records);
        assert_eq!(servers.in_lake(table), records, "{table} in the lake");
        compare(servers.found(table), "search");
        compare(servers.in_tables(table), "tables");
    }
}

/// How many events there are after each of these loads: what a program comes to that has no other store.
fn events_after(seeds: &[&str]) -> Vec<usize> {
    let host = Installation::new(PIPELINE, "embedded");
    let count = |seed: &&str| {
        host.succeed(&["simulate", "--to-topics", "--seed", seed, "--events", LOAD]);
        host.succeed(&["run", PIPELINE]);
        let row = host.succeed(&["--output", "json", "query", "select count(*) as n from events"]);
        serde_json::from_str::<Value>(row.trim()).unwrap()["n"].as_u64().unwrap().try_into().unwrap()
    };
    seeds.iter().map(count).collect()
}

#[test]
fn a_store_that_is_ill_delays_nobody_and_catches_up() {
    let mut servers = Servers::start();
    let mut host = Host::new("embedded", servers.file());
    host.feed("1");
    host.start("0");
    let after = events_after(&["1", "2", "3", "4", "5", "6"]);
    let fed = |loads: usize| after[loads - 1];
    host.wait_for(&servers, &STORES, fed(1));
    assert_equal(&host, &servers);

    // Halted: it takes connections and says nothing.
    servers.search.server.pause(true).unwrap();
    host.feed("2");
    host.wait_for(&servers, &["lake", "tables"], fed(2));
    host.wait("the failure", || host.is("search", "failing"));
    assert!(host.failure("search").starts_with("VG4010"), "{}", host.failure("search"));
    servers.search.server.pause(false).unwrap();
    host.wait_for(&servers, &["search"], fed(2));

    // Killed, and the program after it: it starts with a store that is not there.
    servers.tables.server.kill();
    host.feed("3");
    host.wait_for(&servers, &["lake", "search"], fed(3));
    host.run = None;
    host.start("0");
    host.feed("4");
    host.wait_for(&servers, &["lake", "search"], fed(4));
    host.wait("the failure", || host.is("tables", "failing"));
    servers.tables.server.resume().unwrap();
    host.wait_for(&servers, &STORES, fed(4));
    assert_equal(&host, &servers);

    // Paused by hand, and killed and started again meanwhile.
    host.succeed(&["stores", "pause", "lake"]);
    assert!(host.is("lake", "paused"), "{:?}", host.stores("lake"));
    let before = servers.in_lake("events");
    host.feed("5");
    host.wait_for(&servers, &["search", "tables"], fed(5));
    host.run = None;
    host.start("0");
    host.wait("the pause", || host.is("lake", "paused"));
    assert_eq!(servers.in_lake("events"), before);
    host.succeed(&["stores", "resume", "lake"]);
    host.wait_for(&servers, &STORES, fed(5));
    assert_equal(&host, &servers);

    // No space for the lake, and a column of Cassandra's is gone: nobody takes a row for what is wrong.
    servers.lake.server.limit_files(Some(1 << 10)).unwrap();
    Client::new(servers.tables.server.address()).run("ALTER TABLE crisis.events_by_device DROP text");
    host.feed("6");
    host.wait_for(&servers, &["search"], fed(6));
    host.wait("the failures", || host.is("lake", "failing") && host.is("tables", "broken"));
    assert!(host.failure("lake").starts_with("VG4010"), "{}", host.failure("lake"));
    assert!(host.failure("tables").starts_with("VG4013"), "{}", host.failure("tables"));
    servers.lake.server.limit_files(None).unwrap();
    let done = host.succeed(&["stores", "migrate", PIPELINE, "--store", "tables"]);
    assert!(done.contains("ALTER TABLE") && done.contains("text"), "{done}");
    host.wait_for(&servers, &STORES, fed(6));
    assert_equal(&host, &servers);

    // Emptied: it is not filled before somebody says so.
    servers.search.server.empty().unwrap();
    host.feed("5");
    host.wait("the failure", || host.is("search", "broken"));
    assert!(host.failure("search").starts_with("VG4014"), "{}", host.failure("search"));
    assert!(host.failure("search").contains("vigie stores accept"), "{}", host.failure("search"));
    host.wait_for(&servers, &["lake", "tables"], fed(6));
    host.succeed(&["stores", "accept", "search"]);
    host.wait_for(&servers, &STORES, fed(6));

    // Given everything again: what it has does not change.
    host.succeed(&["stores", "rewind", "tables", PIPELINE]);
    host.wait_for(&servers, &STORES, fed(6));
    let mut run = host.run.take().unwrap();
    signal(&run, "TERM");
    assert!(run.0.wait().unwrap().success(), "{}", host.said());
    for table in ["events", "reports", "dead_letters"] {
        let wanted = host.ids(table);
        assert!(servers.found(table) == wanted && servers.in_tables(table) == wanted, "{table}");
    }
}

#[test]
fn what_a_store_refuses_is_a_dead_letter_and_the_rest_is_delivered() {
    let search = Elasticsearch::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let stores = json!({"stores": {"search": {
        "clearance": ["location", "pseudonym", "residual"],
        "elasticsearch": {"url": search.url(), "replicas": 0},
    }}});
    let file = folder.path().join("stores.yaml");
    std::fs::write(&file, stores.to_string()).unwrap();
    let host = Host::new("embedded", file.display().to_string());
    host.feed("1");
    let mut log = EmbeddedLog::open(&host.installation.data.path().join("log.db")).unwrap();
    let entity = format!("secret-{}", "x".repeat(40_000));
    let value = json!({"id": entity, "time": "2018-01-31T10:00:00Z", "position": {"lat": 1.0, "lng": 2.0}});
    let output = Output {
        topic: "raw.iot".into(),
        partition: 0,
        timestamp_us: 1_517_443_199_000_000,
        key: "k".into(),
        value: value.to_string().into(),
    };
    log.commit_step(Step::of("test", &[], &[output], &[])).unwrap();
    host.succeed(&["run", PIPELINE]);

    let sql = "select * from dead_letters where code = 'VG4016' and topic = 'events'";
    let refused = host.succeed(&["--output", "json", "query", sql]);
    let letters: Vec<Value> = refused.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(letters.len(), 1, "{refused}");
    assert!(!refused.contains("secret-"), "a value lies in what has no labels: {refused}");
    assert_eq!(letters[0]["step"], "store search");
    let shown = host.succeed(&["dead-letters", "show", letters[0]["id"].as_str().unwrap()]);
    let row: Value = serde_json::from_str(shown.lines().nth(1).unwrap()).unwrap();
    assert_eq!((&row["store"], &row["row"]["entity"]), (&json!("search"), &json!(entity)));
    let servers_ids = {
        let world = World::new(&search.url());
        world.ask("POST", "vigie-*/_refresh", &Value::Null);
        world.ask("GET", "vigie-events/_count", &Value::Null)["count"].as_u64().unwrap()
    };
    assert_eq!(servers_ids + 1, host.ids("events").len() as u64);
}

/// Waits until all stores have so many events, and the lake each record once; then their ids are equal.
fn wait_for_all(host: &Host, servers: &Servers, events: usize) {
    let is_full = |store: &str| servers.count(store, "events") >= events;
    host.wait("all in the stores", || is_full("tables") && is_full("search"));
    let records =
        host.succeed(&["--output", "json", "tail", "events", "--limit", "1000000"]).lines().count() as u64;
    host.wait("all in the lake", || servers.in_lake("events") >= records);
    let (found, tables, lake) =
        (servers.found("events"), servers.in_tables("events"), servers.in_lake("events"));
    assert_eq!((found.len(), tables.len(), lake), (events, events, records), "{}", host.said());
    assert_eq!(found, tables);
}

#[test]
fn processes_on_kafka_share_a_store() {
    let (mut kafka, servers) = (Kafka::start().unwrap(), Servers::start());
    let address = kafka.broker().address;
    let log = format!("kafka://{address}");
    let [mut one, mut two] = [0, 1].map(|_| Host::new(&log, servers.file()));
    one.feed("1");
    one.start("1");
    two.start("2");
    let after = events_after(&["1", "2", "3", "4"]);
    one.wait("both", || one.stores("search").len() == 2 && two.stores("tables").len() == 2);
    wait_for_all(&one, &servers, after[0]);
    // One of them is killed, and the other takes its share.
    one.run = None;
    two.feed("2");
    wait_for_all(&two, &servers, after[1]);

    // The log itself goes, while rows are on their way, and then halts for longer than a session lasts.
    let told = |host: &Host| {
        let rows = host.stores("search").into_iter();
        let of_one = rows.filter(|row| row["process"].as_str().unwrap().ends_with(".1"));
        of_one.map(|row| row["said"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let before = told(&two);
    one.start("1");
    // One that starts without a log ends.
    two.wait("the other", || told(&two).iter().any(|said| !before.contains(said)));
    two.feed("3");
    kafka.kill();
    std::thread::sleep(Duration::from_secs(2));
    kafka.resume().unwrap();
    wait_for_all(&two, &servers, after[2]);
    two.feed("4");
    kafka.pause(true).unwrap();
    std::thread::sleep(HALT);
    kafka.pause(false).unwrap();
    wait_for_all(&two, &servers, after[3]);
    for host in [&mut one, &mut two] {
        let mut run = host.run.take().unwrap();
        assert!(run.0.try_wait().unwrap().is_none(), "{}", host.said());
        signal(&run, "TERM");
        assert!(run.0.wait().unwrap().success(), "{}", host.said());
    }
}
