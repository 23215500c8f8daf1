//! Stores that a file names, as an operator has to do with them: here a lake in a folder.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use log::{Log as _, Output, Step};
use log_embedded::EmbeddedLog;
use serde_json::{Value, json};
use store_s3::Lake;

use crate::{said, succeed, vigie};

const PIPELINE: &str = "
pipeline: stores
version: 1
schema:
  fields:
    - {name: zone, kind: utf8, required: true}
    - {name: timestamp, kind: timestamp, required: true}
sources:
  - {topic: raw.zones, source: zones, decode: {fields: {zone: zone, timestamp: t}}}
steps: []
events: {topic: events, partition_by: zone, clearance: []}
";

/// A program with a lake, and its log.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new(when_emptied: &str) -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(world.path("pipeline.yaml"), PIPELINE).unwrap();
        let stores = json!({"stores": {"lake": {"s3": {"url": world.url()}, "when_emptied": when_emptied}}});
        fs::write(world.path("stores.yaml"), stores.to_string()).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn url(&self) -> String {
        format!("file://{}", self.path("lake").display())
    }

    /// With the words that stand for the pipeline's file replaced by its place.
    fn vigie(&self, arguments: &[&str]) -> Command {
        let pipeline = self.path("pipeline.yaml").display().to_string();
        let named = |word: &&str| if *word == "PIPELINE" { pipeline.clone() } else { (*word).to_owned() };
        let mut command = vigie(self.folder.path(), &[]);
        command.args(arguments.iter().map(named)).arg("--stores").arg(self.path("stores.yaml"));
        command
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        succeed(&mut self.vigie(arguments))
    }

    fn fail(&self, arguments: &[&str]) -> String {
        let output = self.vigie(arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?} succeeds: {}", said(&output));
        said(&output)
    }

    /// More events, each of a zone of its own.
    fn feed(&self, numbers: std::ops::Range<u64>) {
        let mut log = EmbeddedLog::open(&self.path("log.db")).unwrap();
        log.open_topic("raw.zones", 1).unwrap();
        let output = |number: u64| Output {
            topic: "raw.zones".into(),
            partition: 0,
            timestamp_us: 1_767_229_200_000_000,
            key: "".into(),
            value: json!({"zone": format!("z{number}"), "t": "2026-01-01T00:00:00Z"}).to_string().into(),
        };
        let outputs: Vec<Output> = numbers.map(output).collect();
        log.commit_step(Step::of("test", &[], &outputs, &[])).unwrap();
    }

    fn run(&self) -> String {
        self.succeed(&["run", "PIPELINE"])
    }

    /// Files of the lake's table of events, and their rows.
    fn lake(&self) -> (usize, u64) {
        let lake = Lake::open(serde_json::from_value(json!({"url": self.url()})).unwrap()).unwrap();
        let files = lake.files("events").unwrap();
        (files.len(), files.iter().map(|file| file.rows).sum())
    }

    /// How the lake stands.
    fn stands(&self) -> Value {
        let lines = self.succeed(&["--output", "json", "stores"]);
        let rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.into_iter().find(|row| row["store"] == "lake").unwrap()
    }

    fn empty(&self) {
        fs::remove_dir_all(self.path("lake")).unwrap();
    }
}

#[test]
fn a_lake_is_fed_paused_rewound_and_compacted() {
    let world = World::new("refuse");
    world.feed(0..10);
    assert!(world.succeed(&["stores", "migrate", "PIPELINE"]).starts_with("lake: "));
    world.run();
    assert_eq!(world.lake(), (1, 10));
    let stands = world.stands();
    assert_eq!(
        (&stands["state"], &stands["rows"], &stands["lag"]),
        (&json!("ended"), &json!("10"), &json!("0"))
    );

    world.succeed(&["stores", "pause", "lake"]);
    world.feed(10..20);
    world.run();
    assert_eq!(world.lake(), (1, 10), "it is paused");
    world.succeed(&["stores", "resume", "lake"]);
    world.run();
    assert_eq!(world.lake(), (2, 20));

    // All again, for who reads by id no change; and then in fewer files, each id once.
    assert!(world.succeed(&["stores", "rewind", "lake", "PIPELINE"]).contains("events 0: from 0"));
    world.run();
    assert_eq!(world.lake(), (3, 40));
    world.feed(20..30);
    world.run();
    let said = world.succeed(&["stores", "compact", "lake", "PIPELINE"]);
    assert!(said.contains("events: 1 files made of 4, 20 rows dropped"), "{said}");
    assert_eq!(world.lake(), (1, 30));
}

#[test]
fn an_emptied_lake_is_refused_until_somebody_accepts_it() {
    let world = World::new("refuse");
    world.feed(0..10);
    world.run();
    world.empty();
    let said = world.fail(&["run", "PIPELINE"]);
    assert!(said.contains("VG4014") && said.contains("store `lake`"), "{said}");
    world.succeed(&["stores", "accept", "lake"]);
    world.run();
    assert_eq!(world.lake(), (1, 10));
    world.feed(10..20);
    world.run();
    assert_eq!(world.lake(), (2, 20));
}

#[test]
fn an_emptied_lake_is_filled_where_its_file_says_so() {
    let world = World::new("fill");
    world.feed(0..10);
    world.run();
    world.empty();
    world.feed(10..20);
    world.run();
    assert_eq!(world.lake().1, 20);
}

#[test]
fn what_is_wrong_with_a_file_of_stores_is_said() {
    let world = World::new("never");
    let said = world.fail(&["run", "PIPELINE"]);
    assert!(said.contains("VG0043") && said.contains("never"), "{said}");
    fs::remove_file(world.path("stores.yaml")).unwrap();
    assert!(world.fail(&["check", "PIPELINE"]).contains("VG0043"));
    let world = World::new("refuse");
    world.feed(0..1);
    world.run();
    for command in ["pause", "resume", "accept"] {
        assert!(world.fail(&["stores", command, "pond"]).contains("VG0044"), "{command}");
    }
    assert!(world.fail(&["stores", "rewind", "lake", "PIPELINE", "--topic", "ponds"]).contains("VG0044"));
}
