//! A partition that falls silent, and comes back: by the clock, in a program that is stopped in between.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use log::{Log as _, Output, Step};
use log_embedded::EmbeddedLog;
use serde_json::Value;

use crate::{succeed, vigie};

/// Windows of a minute over two topics of one partition each.
const PIPELINE: &str = "
pipeline: idle
version: 1
schema:
  fields:
    - {name: zone, kind: utf8, required: true}
    - {name: timestamp, kind: timestamp, required: true}
sources:
  - {topic: raw.busy, source: busy, idle_after: 100ms, decode: {fields: {zone: zone, timestamp: t}}}
  - {topic: raw.calm, source: calm, idle_after: 100ms, decode: {fields: {zone: zone, timestamp: t}}}
steps: []
events: {topic: events, partition_by: zone, clearance: []}
then:
  - name: counts
    from: events
    plugin: aggregate
    key: [zone]
    window: {tumbling: 1m}
    lateness: 0s
    output: {topic: cells, partition_by: zone, clearance: []}
";
/// Longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Bench {
    data: tempfile::TempDir,
    file: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("idle.yaml");
        fs::write(&file, PIPELINE).unwrap();
        Self { data, file }
    }

    fn path(&self) -> &Path {
        self.data.path()
    }

    /// Events of one zone at times of one hour.
    fn append(&self, topic: &str, times: &[&str]) {
        self.append_to(topic, 0, times);
    }

    fn append_to(&self, topic: &str, partition: u32, times: &[&str]) {
        let mut log = EmbeddedLog::open(&self.path().join("log.db")).unwrap();
        log.open_topic(topic, partition + 1).unwrap();
        let output = |time: &&str| Output {
            topic: topic.into(),
            partition,
            timestamp_us: 1_767_229_200_000_000,
            key: "".into(),
            value: format!(r#"{{"zone": "z", "t": "2026-01-01T00:{time}Z"}}"#).into(),
        };
        let outputs: Vec<_> = times.iter().map(output).collect();
        log.commit_step(Step::of("test", &[], &outputs, &[])).unwrap();
    }

    fn run(&self) {
        succeed(vigie(self.path(), &["run"]).arg(&self.file));
    }

    /// Runs until the first minute has come to a result.
    fn follow_until(&self, wanted: (i64, bool)) {
        let mut command = vigie(self.path(), &["run", "--follow"]);
        command.arg(&self.file).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        let start = Instant::now();
        while self.first_minute() != Some(wanted) && start.elapsed() < PATIENCE {
            assert!(child.try_wait().unwrap().is_none(), "it has ended");
            std::thread::sleep(Duration::from_millis(50));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(self.first_minute(), Some(wanted));
    }

    fn rows(&self, arguments: &[&str]) -> Vec<Value> {
        let output = vigie(self.path(), &["--output", "json"]).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    /// Events, and whether it has closed.
    fn first_minute(&self) -> Option<(i64, bool)> {
        let sql = "select count, last from cells where window_start = 1767225600000000";
        let rows = self.rows(&["query", sql]);
        let row = rows.first()?;
        Some((row["count"].as_i64()?, row["last"] == 1))
    }

    /// The starts of the windows that are remembered.
    fn remembered(&self) -> Vec<String> {
        let file = self.file.to_str().unwrap();
        let rows = self.rows(&["state", file, "--step", "counts"]);
        rows.iter().map(|row| row["window_start"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn a_window_closes_without_an_idle_partition_and_is_reopened_when_that_wakes() {
    let bench = Bench::new();
    bench.append("raw.busy", &["00:10", "03:00"]);
    bench.append("raw.calm", &["00:20"]);
    // Whoever ends where the topics end waits for all partitions.
    bench.run();
    assert_eq!(bench.first_minute(), Some((2, false)));
    bench.follow_until((2, true));
    // Not late, as its own partition has come to 00:20.
    bench.append("raw.calm", &["00:30"]);
    bench.follow_until((3, true));
    bench.append("raw.calm", &["00:40"]);
    bench.run();
    assert_eq!(bench.first_minute(), Some((4, true)), "a restored worker knows that it has closed");
    assert_eq!(bench.rows(&["query", "select code from dead_letters"]), Vec::<Value>::new());
    assert!(bench.remembered().contains(&"2026-01-01T00:00:00Z".to_owned()), "more may come");
    // Now nothing more can come for it.
    bench.append("raw.calm", &["02:00"]);
    bench.run();
    assert!(!bench.remembered().contains(&"2026-01-01T00:00:00Z".to_owned()), "{:?}", bench.remembered());
    bench.append("raw.calm", &["00:50"]);
    bench.run();
    assert_eq!(bench.first_minute(), Some((4, true)));
    let codes = bench.rows(&["query", "select code from dead_letters"]);
    assert_eq!(codes, [serde_json::json!({"code": "VG1012"})]);
}

#[test]
fn a_partition_that_was_added_to_a_raw_topic_is_read_from_its_start() {
    let bench = Bench::new();
    bench.append("raw.calm", &["00:20"]);
    bench.append("raw.busy", &["00:10"]);
    bench.run();
    assert_eq!(bench.first_minute(), Some((2, false)));
    // By another producer, while nobody reads; the pipeline file still says one partition.
    bench.append_to("raw.busy", 1, &["00:30", "00:40"]);
    bench.run();
    assert_eq!(bench.first_minute(), Some((4, false)));
    // A file that says more than there are adds them to the embedded log.
    fs::write(&bench.file, PIPELINE.replace("source: calm,", "source: calm, partitions: 3,")).unwrap();
    bench.run();
    bench.append_to("raw.calm", 2, &["00:50"]);
    bench.run();
    assert_eq!(bench.first_minute(), Some((5, false)));
}
