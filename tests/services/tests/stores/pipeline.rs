//! The program with all stores at once, under load: one of them ill, the others well.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ::services::{Cassandra, Elasticsearch, Kafka, Minio};
use log::{Log as _, Output, Step};
use log_embedded::EmbeddedLog;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use serde_json::{Value, json};
use store_s3::Lake;

use crate::cassandra::{Client, text};
use crate::elasticsearch::World;
use crate::installation::{Installation, Run, signal};

const PIPELINE: &str = "pipelines/field-reports.yaml";
/// Longest wait for what must come, on a machine with other work.
const PATIENCE: Duration = Duration::from_secs(120);
/// Of one load; all of a test are fewer than a search gives at once (10,000).
const LOAD: &str = "1200";
/// Longer than a session lasts, and than a transaction may be open.
const HALT: Duration = Duration::from_secs(12);
const STORES: [&str; 3] = ["lake", "search", "tables"];

/// Servers of the test's own, and where the program is told of them.
struct Servers {
    tables: Cassandra,
    search: Elasticsearch,
    lake: Minio,
    folder: tempfile::TempDir,
}

impl Servers {
    fn start() -> Self {
        let (tables, search, lake) = std::thread::scope(|scope| {
            let (tables, search) = (scope.spawn(Cassandra::start), scope.spawn(Elasticsearch::start));
            let lake = Minio::start().unwrap();
            (tables.join().unwrap().unwrap(), search.join().unwrap().unwrap(), lake)
        });
        let servers = Self { tables, search, lake, folder: tempfile::tempdir().unwrap() };
        let clearance = json!(["location", "pseudonym", "residual"]);
        let stores = json!({"stores": {
            "tables": {"clearance": clearance, "cassandra": {
                "nodes": [servers.tables.server.address()], "keyspace": "crisis", "replication": 1,
                "request_timeout_ms": 2000, "connect_timeout_ms": 2000,
                "days": {"series": null, "positions": null, "events": null, "aggregates": null, "others": null},
            }},
            "search": {"clearance": clearance, "elasticsearch": {
                "url": servers.search.url(), "replicas": 0, "timeout_s": 3, "cursor_interval_ms": 100,
            }},
            "lake": {"clearance": clearance, "s3": servers.lake_options()},
        }});
        std::fs::write(servers.file(), stores.to_string()).unwrap();
        servers
    }

    /// A lake that commits soon.
    fn lake_options(&self) -> Value {
        let s3 = self.lake.s3();
        let file = |name: &str, text: &str| {
            let path = self.folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        json!({
            "url": format!("s3://{}/lake", s3.bucket), "endpoint": s3.endpoint, "allow_http": true, "timeout_s": 3,
            "max_file_age_s": 1, "max_open_files": 1000,
            "credentials": {
                "access_key_id_file": file("key", &s3.key), "secret_access_key_file": file("secret", &s3.secret),
            },
        })
    }

    fn file(&self) -> String {
        self.folder.path().join("stores.yaml").display().to_string()
    }

    /// Rows of a table in a store.
    fn count(&self, store: &str, table: &str) -> usize {
        match store {
            "search" => self.found(table).len(),
            "tables" => self.in_tables(table).len(),
            _ => self.in_lake(table) as usize,
        }
    }

    fn found(&self, table: &str) -> BTreeSet<String> {
        let world = World::new(&self.search.url());
        world.ask("POST", "vigie-*/_refresh", &Value::Null);
        let search = json!({"size": 10_000, "_source": false});
        let found = world.ask("POST", &format!("vigie-{table}/_search"), &search);
        if found["error"]["type"] == "index_not_found_exception" {
            return BTreeSet::new();
        }
        let hits = found["hits"]["hits"].as_array().unwrap_or_else(|| panic!("{found}"));
        hits.iter().map(|hit| hit["_id"].as_str().unwrap().into()).collect()
    }

    fn in_tables(&self, table: &str) -> BTreeSet<String> {
        let client = Client::new(self.tables.server.address());
        let names = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'crisis'";
        let names = client.run(names).into_iter().map(|row| text(&row[0]).to_owned());
        let ids = names.filter(|name| name.starts_with(&format!("{table}_by_"))).flat_map(|name| {
            let rows = client.find(&format!("SELECT id FROM crisis.{name}")).unwrap_or_default();
            rows.into_iter().map(|row| text(&row[0]).to_owned()).collect::<Vec<_>>()
        });
        ids.collect()
    }

    /// Rows that the lake's manifests name.
    fn in_lake(&self, topic: &str) -> u64 {
        let options = serde_json::from_value(self.lake_options()).unwrap();
        Lake::open(options).unwrap().files(topic).unwrap().iter().map(|file| file.rows).sum()
    }
}

/// A program that follows the topics.
struct Host {
    installation: Installation,
    stores: String,
    run: Option<Run>,
}

impl Host {
    fn new(log: &str, stores: String) -> Self {
        Self { installation: Installation::new(PIPELINE, log), stores, run: None }
    }

    fn vigie(&self, arguments: &[&str]) -> Command {
        let mut command = self.installation.vigie(arguments);
        command.args(["--stores", &self.stores]);
        command
    }

    fn start(&mut self, number: &str) {
        let said = self.installation.data.path().join("said.txt");
        let said = OpenOptions::new().append(true).create(true).open(said).unwrap();
        let mut command = self.vigie(&["run", "--follow", "--host", number, PIPELINE]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
        self.run = Some(Run(command.spawn().unwrap()));
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.installation.data.path().join("said.txt")).unwrap()
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.vigie(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}\n{}", self.said());
        String::from_utf8(output.stdout).unwrap()
    }

    /// More events, and how many there are then in `events`.
    fn feed(&self, seed: &str) {
        self.succeed(&["simulate", "--to-topics", "--seed", seed, "--events", LOAD]);
    }

    /// How a store stands at each process that has not gone.
    fn stores(&self, name: &str) -> Vec<Value> {
        let lines = self.succeed(&["--output", "json", "stores"]);
        let rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.filter(|row| row["store"] == name && row["state"] != "gone").collect()
    }

    fn wait(&self, what: &str, is_so: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(
                start.elapsed() < PATIENCE,
                "{what} does not come:\n{}\n{}",
                self.succeed(&["stores"]),
                self.said()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Waits until stores have everything that was fed, and say so.
    fn wait_for(&self, servers: &Servers, names: &[&str], fed: usize) {
        self.wait("what was fed", || self.ids("events").len() >= fed);
        for name in names {
            self.wait(&format!("everything in {name}"), || {
                // Behind `events` `reports` comes.
                ["reports", "events"].iter().all(|table| servers.count(name, table) >= self.count(table))
            });
            let is_at_end = |row: &Value| row["lag"] == "0" && row["state"] == "delivering";
            self.wait(&format!("the word of {name}"), || self.stores(name).iter().all(is_at_end));
        }
    }

    fn count(&self, table: &str) -> usize {
        self.ids(table).len()
    }

    fn is(&self, name: &str, state: &str) -> bool {
        self.stores(name).iter().any(|row| row["state"] == state)
    }

    fn failure(&self, name: &str) -> String {
        self.stores(name)[0]["last error"].as_str().unwrap().into()
    }

    fn ids(&self, table: &str) -> BTreeSet<String> {
        let sql = format!("select id from {table}");
        let rows = self.succeed(&["--output", "json", "query", &sql, "--limit", "1000000"]);
        let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
        rows.lines().map(id).collect()
    }
}

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

/// The policies, changed so that an archive may hold everything.
fn policies_for_an_archive() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(crate::installation::root().join("policies")).unwrap() {
        let path = entry.unwrap().path();
        let mut text = std::fs::read_to_string(&path).unwrap();
        text = text.replace(r#"["topic", "state", "store"]"#, r#"["topic", "state", "store", "archive"]"#);
        let (before, after) = (
            r#"unless { principal.kind == "dead-letter-rows" }"#,
            r#"unless { ["dead-letter-rows", "archive"].contains(principal.kind) }"#,
        );
        text = text.replace(before, after);
        let lines = text.lines().filter(|line| !line.contains("kind: archive"));
        let text = lines.collect::<Vec<_>>().join("\n");
        std::fs::write(folder.path().join(path.file_name().unwrap()), text).unwrap();
    }
    folder
}

/// A file of stores with an archive alone, and how that is reached.
fn archive(minio: &Minio, folder: &Path) -> (String, Value) {
    let (s3, file) = (minio.s3(), folder.join("stores.yaml"));
    std::fs::write(folder.join("key"), &s3.key).unwrap();
    std::fs::write(folder.join("secret"), &s3.secret).unwrap();
    let options = json!({
        "url": format!("s3://{}/archive", s3.bucket), "endpoint": s3.endpoint, "allow_http": true,
        "sse": {"kms_key": minio.encryption_key()},
        "credentials": {"access_key_id_file": folder.join("key"), "secret_access_key_file": folder.join("secret")},
    });
    let archive = json!({"archive": true, "clearance": ["personal", "location"], "s3": options});
    std::fs::write(&file, json!({"stores": {"archive": archive}}).to_string()).unwrap();
    (file.display().to_string(), options)
}

#[test]
fn raw_records_are_archived_encrypted_and_only_where_a_policy_permits_it() {
    let (minio, folder) = (Minio::start().unwrap(), tempfile::tempdir().unwrap());
    let (stores, options) = archive(&minio, folder.path());
    let host = Host::new("embedded", stores);
    host.feed("1");
    let refused = host.vigie(&["run", PIPELINE]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("VG0103") && said.contains("the archive `archive`"), "{said}");

    let policies = policies_for_an_archive();
    host.succeed(&["--policies", policies.path().to_str().unwrap(), "run", PIPELINE]);
    let log = EmbeddedLog::open(&host.installation.data.path().join("log.db")).unwrap();
    let lake = Lake::open(serde_json::from_value(options).unwrap()).unwrap();
    for topic in ["raw.iot", "raw.gps", "raw.social", "raw.rss"] {
        let rows: u64 = lake.files(topic).unwrap().iter().map(|file| file.rows).sum();
        let records = log.end_offset(topic, 0).unwrap();
        assert!(records > 0 && rows == records, "{topic}: {rows} of {records}");
    }
    assert_eq!(lake.files("events").unwrap().len(), 0);
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

#[test]
fn an_archive_that_a_topic_does_not_wait_for_is_refused() {
    let (kafka, minio) = (Kafka::start().unwrap(), Minio::start().unwrap());
    let (address, folder) = (kafka.broker().address, tempfile::tempdir().unwrap());
    let (stores, options) = archive(&minio, folder.path());
    let policies = policies_for_an_archive();
    let host = Host::new(&format!("kafka://{address}"), stores.clone());
    host.feed("1");
    let run = ["--policies", policies.path().to_str().unwrap(), "run", PIPELINE];
    // Not so short that the broker would delete what is there.
    let ms = |years: f64| format!("{:.0}", years * 365.25 * 86_400e3);
    let said = |kept_years: f64| {
        keep(&address, "raw.iot", &ms(kept_years));
        String::from_utf8_lossy(&host.vigie(&run).output().unwrap().stderr).into_owned()
    };
    // The simulated events are of 2018.
    let age_years =
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() / 86_400.0 / 365.25 - 48.0;
    let late = said(1.5 * age_years);
    assert!(late.contains("VG0046") && late.contains("raw.iot") && late.contains("years"), "{late}");
    keep(&address, "raw.iot", "-1");
    host.succeed(&run);
    let lake = Lake::open(serde_json::from_value(options).unwrap()).unwrap();
    assert!(!lake.files("raw.iot").unwrap().is_empty());
    // Nothing is behind any more.
    keep(&address, "raw.iot", &ms(1.5 * age_years));
    host.succeed(&run);
    // But where rows are held for longer than the topic keeps them, they could be.
    let file = std::fs::read_to_string(&stores).unwrap();
    let holds = file.replace("\"allow_http\":true", "\"allow_http\":true,\"max_file_age_s\":1000000000");
    std::fs::write(&stores, holds).unwrap();
    let holds = said(1.5 * age_years);
    assert!(holds.contains("VG0046") && holds.contains("31years"), "{holds}");
}

/// Sets for how long a topic keeps records.
fn keep(address: &str, topic: &str, kept_ms: &str) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", address).create().unwrap();
    let changed = AlterConfig::new(ResourceSpecifier::Topic(topic)).set("retention.ms", kept_ms);
    let done = crate::common::runtime().block_on(admin.alter_configs([&changed], &AdminOptions::new()));
    done.unwrap().into_iter().for_each(|done| drop(done.unwrap()));
}
