//! What lies in the log for all processes: labels stay with what was written, and who runs what.

use std::fs;
use std::path::Path;

use super::{said, succeed, vigie};

const PIPELINE: &str = "
pipeline: facts
version: 1
schema:
  fields:
    - {name: entity, kind: utf8, required: true}
    - {name: timestamp, kind: timestamp, required: true}
    - {name: lat, kind: float64, labels: [location]}
    - {name: lng, kind: float64, labels: [location]}
sources:
  - topic: raw.iot
    source: iot
    decode: {fields: {entity: id, timestamp: time, lat: position.lat, lng: position.lng}}
steps:
  - {name: locate, plugin: locate, with: {resolutions: [7]}}
events: {topic: events, partition_by: entity, clearance: [location]}
then:
  - name: unique
    from: events
    plugin: dedupe
    with: {by: place, within_s: 600}
    key: [entity]
    output: {topic: reports, partition_by: entity, clearance: [location]}
clearance: {dead_letter_rows: [location], state: [location]}
";

/// Writes the pipeline with changes.
fn file(data: &Path, changes: &[(&str, &str)]) -> String {
    let changed = changes.iter().fold(PIPELINE.to_owned(), |yaml, (from, to)| {
        assert!(yaml.contains(from), "{from}");
        yaml.replace(from, to)
    });
    let path = data.join("pipeline.yaml");
    fs::write(&path, changed).unwrap();
    path.to_str().unwrap().to_owned()
}

fn refused(data: &Path, arguments: &[&str]) -> String {
    let output = vigie(data, arguments).output().unwrap();
    assert!(!output.status.success(), "{arguments:?} succeeded");
    said(&output)
}

#[test]
fn labels_stay_with_what_was_written() {
    let without = [("labels: [location]", "labels: []")];
    let nowhere = [without[0], ("clearance: [location]", "clearance: []"), ("[location]", "[]")];
    let fresh = tempfile::tempdir().unwrap();
    succeed(&mut vigie(fresh.path(), &["check", &file(fresh.path(), &nowhere)]));

    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    succeed(&mut vigie(data, &["simulate", "--to-topics", "--events", "200", "--source", "iot"]));
    succeed(&mut vigie(data, &["run", &file(data, &[])]));
    // A schema that says less: what lies there says what it said.
    for command in ["check", "run"] {
        let said = refused(data, &[command, &file(data, &nowhere)]);
        for part in ["VG0103", "topic `events`", "`location`", "written before"] {
            assert!(said.contains(part), "{command}: {said}");
        }
    }
    // Topics that are cleared, and state that is not.
    let said = refused(data, &["check", &file(data, &[without[0], ("state: [location]", "state: []")])]);
    assert!(said.contains("VG0103") && said.contains("state of step `unique`"), "{said}");
    // In force are both.
    let checked = succeed(&mut vigie(data, &["--output", "json", "check", &file(data, &without)]));
    assert!(
        checked.contains(r#""field":"lat","labels":"location","path":"schema → written before""#),
        "{checked}"
    );
    // Another topic has nothing of it; the state of another version neither.
    let other = [
        without[0],
        ("version: 1", "version: 2"),
        ("topic: events", "topic: other.events"),
        ("from: events", "from: other.events"),
        ("topic: reports", "topic: other.reports"),
        ("clearance: [location]", "clearance: []"),
        ("[location]", "[]"),
    ];
    succeed(&mut vigie(data, &["check", &file(data, &other)]));
}

#[test]
fn the_log_says_who_runs_what() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path();
    let run = |pipeline: &str| said(&vigie(data, &["run", "--workers", "2", pipeline]).output().unwrap());
    let first = run(&file(data, &[]));
    assert!(!first.contains("VG0042"), "{first}");
    let facts = succeed(&mut vigie(data, &["--output", "json", "status"]));
    let plugins: Vec<&str> = facts
        .lines()
        .filter(|line| line.contains(r#""what":"pipeline","pipeline":"facts","version":"1""#))
        .collect();
    assert_eq!(plugins.len(), 2, "{facts}");
    assert!(
        plugins[0].contains(r#""plugin":"dedupe""#) && plugins[1].contains(r#""plugin":"locate""#),
        "{facts}"
    );
    // They have ended.
    let workers = facts
        .lines()
        .filter(|line| line.contains(r#""what":"worker""#) && line.contains(r#""partitions":"-""#));
    assert_eq!(workers.count(), 2, "{facts}");

    let again = run(&file(data, &[("version: 1\n", "version: 1 # the same\n")]));
    assert!(!again.contains("VG0042"), "{again}");
    let other = run(&file(data, &[("within_s: 600", "within_s: 601")]));
    assert!(other.contains("VG0042") && other.contains("another pipeline file"), "{other}");
    let next = run(&file(data, &[("within_s: 600", "within_s: 601"), ("version: 1", "version: 2")]));
    assert!(!next.contains("VG0042"), "{next}");
}
