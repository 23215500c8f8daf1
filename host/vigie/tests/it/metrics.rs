//! What a running program says of itself, against what its log and its store hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use log::{Log as _, Most, Record};
use log_embedded::EmbeddedLog;
use serde_json::Value;

use crate::{root, said, succeed, vigie};

const DEMO: &str = "pipelines/field-reports.yaml";
/// Longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A program at work, which ends with the test.
struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start(data: &Path, pipeline: &Path) -> Self {
        let run = ["run", pipeline.to_str().unwrap(), "--follow", "--observe", "127.0.0.1:0"];
        let mut command = vigie(data, &run);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = first.strip_prefix("metrics at http://").unwrap_or_else(|| panic!("{first}"));
        let address = address.strip_suffix("/metrics").unwrap().to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// Status code and body.
    fn get(&self, path: &str) -> (u16, String) {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(connection, "GET {path} HTTP/1.1\r\nHost: vigie\r\n\r\n").unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn samples(&self) -> Vec<Sample> {
        let (status, text) = self.get("/metrics");
        assert!(status == 200 && text.ends_with("# EOF\n"), "{status}: {text}");
        text.lines().filter(|line| !line.starts_with('#')).map(Sample::parse).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Sample {
    fn parse(line: &str) -> Self {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = name.split_once('{').unwrap_or((name, "}"));
        let labels = labels.strip_suffix('}').unwrap().split(',').filter(|label| !label.is_empty());
        let label = |label: &str| {
            let (key, value) = label.split_once('=').unwrap();
            (key.to_owned(), value.trim_matches('"').to_owned())
        };
        Self { name: name.into(), labels: labels.map(label).collect(), value: value.parse().unwrap() }
    }
}

/// Values of a metric, by their labels' values in the order of the labels' names.
fn values(samples: &[Sample], name: &str) -> BTreeMap<String, u64> {
    let of = samples.iter().filter(|sample| sample.name == name && sample.value != 0.0);
    of.map(|sample| {
        let labels: Vec<&str> = sample.labels.values().map(String::as_str).collect();
        (labels.join(" "), sample.value as u64)
    })
    .collect()
}

fn rows(log: &EmbeddedLog, topic: &str, partition: u32) -> Vec<Record> {
    let records = log.read(topic, partition, 0, Most::ALL).unwrap();
    records.into_iter().filter(|record| !pipeline::is_watermark(record)).collect()
}

/// What the counters must be, from the log: metric, labels, value; without those that are 0.
fn wanted(data: &Path) -> BTreeMap<&'static str, BTreeMap<String, u64>> {
    let log = EmbeddedLog::open(&data.join("log.db")).unwrap();
    let mut wanted: BTreeMap<_, BTreeMap<String, u64>> = BTreeMap::new();
    let mut add = |metric, labels: String, count: usize| {
        if count > 0 {
            *wanted.entry(metric).or_default().entry(labels).or_default() += count as u64;
        }
    };
    for (topic, partitions) in log.topics().unwrap() {
        let reader = match topic.as_str() {
            "events" => Some("unique"),
            "reports" => Some("counts"),
            _ => topic.starts_with("raw.").then_some("first"),
        };
        let writer = [("events", "first"), ("reports", "unique"), ("cells", "counts")];
        let writer = writer.iter().find(|(written, _)| *written == topic).map(|(_, step)| *step);
        for partition in 0..partitions {
            let rows = rows(&log, &topic, partition);
            if let Some(step) = reader {
                add("vigie_records_read_total", format!("{partition} {step} {topic}"), rows.len());
            }
            if let Some(step) = writer {
                add("vigie_events_written_total", step.into(), rows.len());
            }
            if writer.is_some() || topic == "dead-letters" {
                add("vigie_delivered_rows_total", format!("embedded {topic}"), rows.len());
            }
            for row in rows.iter().filter(|_| topic == "dead-letters") {
                let letter: Value = serde_json::from_slice(&row.value).unwrap();
                let [code, step] = ["code", "step"].map(|name| letter[name].as_str().unwrap().to_owned());
                add("vigie_dead_letters_total", format!("{code} {step}"), 1);
            }
        }
    }
    wanted
}

/// Keys with state, as `vigie state` shows them.
fn keys(data: &Path, pipeline: &Path, step: &str) -> u64 {
    let state =
        ["--output", "json", "state", pipeline.to_str().unwrap(), "--step", step, "--limit", "1000000"];
    succeed(&mut vigie(data, &state)).lines().count() as u64
}

/// The demo's, in which the topic that nothing is simulated for does not hold up time for long.
fn pipeline(folder: &Path) -> PathBuf {
    let yaml = fs::read_to_string(root().join(DEMO)).unwrap();
    let silent = "source: usgs\n";
    assert!(yaml.contains(silent));
    let yaml = yaml.replace(silent, "source: usgs\n    idle_after: 100ms\n");
    let file = folder.join("watched.yaml");
    fs::write(&file, yaml.replace("../data", &root().join("data").to_string_lossy())).unwrap();
    file
}

#[test]
fn a_running_program_tells_what_it_has_done() {
    let data = tempfile::tempdir().unwrap();
    let simulate = ["simulate", "--to-topics", "--events", "2000", "--bad-per-mille", "20"];
    succeed(&mut vigie(data.path(), &simulate));
    let pipeline = pipeline(data.path());
    let running = Running::start(data.path(), &pipeline);
    let start = Instant::now();
    while running.get("/readyz").0 != 200 {
        assert!(start.elapsed() < PATIENCE, "it does not become ready: {}", running.get("/readyz").1);
        std::thread::sleep(Duration::from_millis(50));
    }
    let compare = || {
        let samples = running.samples();
        let mut wanted = wanted(data.path());
        let mut found: BTreeMap<_, _> = wanted.keys().map(|name| (*name, values(&samples, name))).collect();
        for lag in ["vigie_lag_records", "vigie_delivery_lag_records"] {
            assert!(!samples.iter().any(|sample| sample.name == lag && sample.value < 0.0));
            found.insert(lag, values(&samples, lag));
            wanted.insert(lag, BTreeMap::new());
        }
        let told = values(&samples, "vigie_state_keys");
        for step in ["unique", "counts"] {
            let told = told.iter().filter(|(labels, _)| labels.ends_with(step)).map(|(_, keys)| keys);
            found.insert(step, BTreeMap::from([("keys".into(), told.sum())]));
            wanted.insert(step, BTreeMap::from([("keys".into(), keys(data.path(), &pipeline, step))]));
        }
        (samples, found, wanted)
    };
    // It works on while it is looked at, and first waits for the silent topic.
    let (samples, found, wanted) = loop {
        let (samples, found, wanted) = compare();
        let has_folded = wanted["counts"]["keys"] > 1000;
        if (found == wanted && has_folded) || start.elapsed() > PATIENCE {
            break (samples, found, wanted);
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(found, wanted);
    let total = |name: &str| values(&samples, name).values().sum::<u64>();
    assert!(total("vigie_dead_letters_total") > 20 && wanted["vigie_dead_letters_total"].len() >= 3);
    assert!(wanted["vigie_records_read_total"].values().sum::<u64>() > 4000, "by all stages");
    assert!(wanted["counts"]["keys"] > 1000 && total("vigie_state_bytes") > 50_000);
    assert_eq!(samples.iter().filter(|sample| sample.name == "vigie_lag_records").count(), 5 + 4 + 4);
    assert_eq!(total("vigie_partitions_assigned"), 13);
    assert_eq!(total("vigie_partitions_restored"), 13);
    assert!(total("vigie_plugin_counted_total") > 0);
    assert!(total("vigie_commit_seconds_count") > 3);
    // On the embedded log each step has a commit of its own.
    assert_eq!(total("vigie_commit_seconds_count"), total("vigie_step_compute_seconds_count"));
    assert_eq!(running.get("/healthz"), (200, "ok\n".into()));
    assert_delays(data.path(), &samples);
    assert_table(&running.get("/metrics").1, &samples);
}

/// The watermark's delay is the age of the newest event.
fn assert_delays(data: &Path, samples: &[Sample]) {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let sql = "select source, max(timestamp) as newest from events group by source";
    let rows = succeed(&mut vigie(data, &["--output", "json", "query", sql]));
    let delays: Vec<_> =
        samples.iter().filter(|sample| sample.name == "vigie_watermark_delay_seconds").collect();
    assert_eq!((rows.lines().count(), delays.len()), (4, 4), "raw.usgs has had no event");
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        let topic = format!("raw.{}", row["source"].as_str().unwrap());
        let delay = delays.iter().find(|sample| sample.labels["topic"] == topic).unwrap();
        // The newest may have been refused by a step, and the look was a moment ago.
        let wanted_s = now_s - row["newest"].as_f64().unwrap() / 1e6;
        assert!((delay.value - wanted_s).abs() < 600.0, "{topic}: {} and {wanted_s}", delay.value);
    }
}

/// docs/metrics.md has every metric that is served, with its kind and labels, and no other.
fn assert_table(text: &str, samples: &[Sample]) {
    let mut served = BTreeSet::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        let (name, sample) = match kind {
            "counter" => (format!("{name}_total"), format!("{name}_total")),
            "histogram" => (name.into(), format!("{name}_count")),
            _ => (name.to_owned(), name.to_owned()),
        };
        let sample = samples.iter().find(|s| s.name == sample).unwrap_or_else(|| panic!("{name} is empty"));
        let labels: Vec<_> = sample.labels.keys().map(|label| format!("`{label}`")).collect();
        served.insert(format!("| `{name}` | {kind} | {} |", labels.join(", ")));
    }
    let page = fs::read_to_string(root().join("docs/metrics.md")).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let mut labels: Vec<&str> = cells[3].split(", ").collect();
        labels.sort_unstable();
        format!("| {} | {} | {} |", cells[1], cells[2], labels.join(", "))
    };
    let told: BTreeSet<String> = page.lines().filter(|line| line.starts_with("| `vigie_")).map(row).collect();
    assert!(served.len() >= 18, "only {} metrics are served", served.len());
    assert_eq!(told, served, "docs/metrics.md and what is served");
}

#[test]
fn an_address_that_cannot_be_had_is_said_before_anything_is_done() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("none");
    let output = vigie(&folder, &["run", DEMO])
        .env("VIGIE_OBSERVE", taken.local_addr().unwrap().to_string())
        .output()
        .unwrap();
    assert!(!output.status.success() && said(&output).contains("VG0035"), "{}", said(&output));
    assert!(!folder.exists());
}
