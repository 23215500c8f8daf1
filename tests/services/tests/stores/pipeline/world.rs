//! The program and the servers that it delivers to.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ::services::{Cassandra, Elasticsearch, Minio};
use serde_json::{Value, json};
use store_s3::Lake;

use crate::cassandra::{Client, text};
use crate::elasticsearch::World;
use crate::installation::{Installation, Run};

pub const PIPELINE: &str = "pipelines/field-reports.yaml";
/// Longest wait for what must come, on a machine with other work.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Of one load; all of a test are fewer than a search gives at once (10,000).
pub const LOAD: &str = "1200";
pub const STORES: [&str; 3] = ["lake", "search", "tables"];

/// What a store gets that may have all rows.
pub fn clearance() -> Value {
    json!(["location", "pseudonym", "residual"])
}

/// A lake that commits soon; its credentials lie in the folder.
pub fn lake_options(lake: &Minio, folder: &Path) -> Value {
    let s3 = lake.s3();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
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

/// Servers of the test's own, and where the program is told of them.
pub struct Servers {
    pub tables: Cassandra,
    pub search: Elasticsearch,
    pub lake: Minio,
    pub folder: tempfile::TempDir,
}

impl Servers {
    pub fn start() -> Self {
        let (tables, search, lake) = std::thread::scope(|scope| {
            let (tables, search) = (scope.spawn(Cassandra::start), scope.spawn(Elasticsearch::start));
            let lake = Minio::start().unwrap();
            (tables.join().unwrap().unwrap(), search.join().unwrap().unwrap(), lake)
        });
        let servers = Self { tables, search, lake, folder: tempfile::tempdir().unwrap() };
        let clearance = clearance();
        let stores = json!({"stores": {
            "tables": {"clearance": clearance, "cassandra": {
                "nodes": [servers.tables.server.address()], "keyspace": "crisis", "replication": 1,
                "request_timeout_ms": 10_000, "connect_timeout_ms": 2000,
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

    pub fn file(&self) -> String {
        self.folder.path().join("stores.yaml").display().to_string()
    }

    /// Rows of a table in a store.
    pub fn count(&self, store: &str, table: &str) -> usize {
        match store {
            "search" => self.found(table).len(),
            "tables" => self.in_tables(table).len(),
            _ => self.in_lake(table) as usize,
        }
    }

    pub fn found(&self, table: &str) -> BTreeSet<String> {
        let world = World::new(&self.search.url());
        world.ask("POST", "vigie-*/_refresh", &Value::Null);
        let search = json!({"size": 10_000, "_source": false});
        let found = world.ask("POST", &format!("vigie-{table}/_search"), &search);
        // An index is there before its shard can be searched.
        let is_no_reader = |shard: &Value| shard["reason"]["type"] == "no_shard_available_action_exception";
        let failed = found["error"]["failed_shards"].as_array();
        if found["error"]["type"] == "index_not_found_exception"
            || failed.is_some_and(|shards| shards.iter().all(is_no_reader))
        {
            return BTreeSet::new();
        }
        let hits = found["hits"]["hits"].as_array().unwrap_or_else(|| panic!("{found}"));
        hits.iter().map(|hit| hit["_id"].as_str().unwrap().into()).collect()
    }

    pub fn in_tables(&self, table: &str) -> BTreeSet<String> {
        let client = Client::new(self.tables.server.address());
        let names = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'crisis'";
        let names = client.run(names).into_iter().map(|row| text(&row[0]).to_owned());
        let ids = names.filter(|name| name.starts_with(&format!("{table}_by_"))).flat_map(|name| {
            let rows = client.find(&format!("SELECT id FROM crisis.{name}")).unwrap_or_default();
            rows.into_iter().map(|row| text(&row[0]).to_owned()).collect::<Vec<_>>()
        });
        ids.collect()
    }

    fn lake_options(&self) -> Value {
        lake_options(&self.lake, self.folder.path())
    }

    /// Rows that the lake's manifests name.
    pub fn in_lake(&self, topic: &str) -> u64 {
        let options = serde_json::from_value(self.lake_options()).unwrap();
        Lake::open(options).unwrap().files(topic).unwrap().iter().map(|file| file.rows).sum()
    }
}

/// A program that follows the topics.
pub struct Host {
    pub installation: Installation,
    pub stores: String,
    /// Other policies than those that come with the program.
    pub policies: Option<String>,
    pub run: Option<Run>,
}

impl Host {
    pub fn new(log: &str, stores: String) -> Self {
        Self { installation: Installation::new(PIPELINE, log), stores, policies: None, run: None }
    }

    pub fn vigie(&self, arguments: &[&str]) -> Command {
        let mut command = self.installation.vigie(arguments);
        command.args(["--stores", &self.stores]);
        command.args(self.policies.iter().flat_map(|policies| ["--policies", policies]));
        command
    }

    pub fn start(&mut self, number: &str) {
        let said = self.installation.data.path().join("said.txt");
        let said = OpenOptions::new().append(true).create(true).open(said).unwrap();
        let mut command = self.vigie(&["run", "--follow", "--host", number, PIPELINE]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
        self.run = Some(Run(command.spawn().unwrap()));
    }

    pub fn said(&self) -> String {
        std::fs::read_to_string(self.installation.data.path().join("said.txt")).unwrap()
    }

    pub fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.vigie(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}\n{}", self.said());
        String::from_utf8(output.stdout).unwrap()
    }

    /// More events, and how many there are then in `events`.
    pub fn feed(&self, seed: &str) {
        self.succeed(&["simulate", "--to-topics", "--seed", seed, "--events", LOAD]);
    }

    /// How a store stands at each process that has not gone.
    pub fn stores(&self, name: &str) -> Vec<Value> {
        let lines = self.succeed(&["--output", "json", "stores"]);
        let rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.filter(|row| row["store"] == name && row["state"] != "gone").collect()
    }

    pub fn wait(&self, what: &str, is_so: impl Fn() -> bool) {
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
    pub fn wait_for(&self, servers: &Servers, names: &[&str], fed: usize) {
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

    pub fn count(&self, table: &str) -> usize {
        self.ids(table).len()
    }

    pub fn is(&self, name: &str, state: &str) -> bool {
        self.stores(name).iter().any(|row| row["state"] == state)
    }

    pub fn failure(&self, name: &str) -> String {
        self.stores(name)[0]["last error"].as_str().unwrap().into()
    }

    pub fn ids(&self, table: &str) -> BTreeSet<String> {
        let sql = format!("select id from {table}");
        let rows = self.succeed(&["--output", "json", "query", &sql, "--limit", "1000000"]);
        let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
        rows.lines().map(id).collect()
    }
}
