use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;

fn log() -> (TempDir, EmbeddedLog) {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(&folder.path().join("log.db")).unwrap();
    log.create_topic("raw", 2).unwrap();
    log.create_topic("events", 1).unwrap();
    (folder, log)
}

fn output(topic: &str, partition: u32, value: &str) -> Output {
    Output { topic: topic.into(), partition, timestamp_us: 7, key: b"key".into(), value: value.into() }
}

fn position(next_offset: u64) -> Position {
    Position { topic: "raw".into(), partition: 0, next_offset }
}

fn change(key: &str, value: Option<&str>) -> StateChange {
    StateChange { table: "state".into(), key: key.into(), value: value.map(Into::into) }
}

/// All that a step could have changed.
fn contents(log: &EmbeddedLog) -> (Vec<Record>, u64, Option<u64>, Vec<KeyValue>) {
    let records = log.read("events", 0, 0, usize::MAX, usize::MAX).unwrap();
    let end = log.end_offset("events", 0).unwrap();
    (records, end, log.committed("group", "raw", 0).unwrap(), log.state("state").unwrap())
}

fn step<'a>(positions: &'a [Position], outputs: &'a [Output], state: &'a [StateChange]) -> Commit<'a> {
    Commit { group: "group", positions, outputs, state }
}

#[test]
fn a_step_is_there_after_opening_again() {
    let (folder, mut log) = log();
    let outputs = [output("events", 0, "a"), output("events", 0, "b"), output("raw", 1, "c")];
    let state = [change("x", Some("1")), change("y", Some("2")), change("x", None)];
    log.commit(&step(&[position(3)], &outputs, &state)).unwrap();
    let before = contents(&log);
    drop(log);
    let path = folder.path().join("log.db");
    let log = EmbeddedLog::open(&path).unwrap();
    assert_eq!(contents(&log), before);
    let (records, end, position, state) = before;
    let offsets: Vec<(u64, &[u8])> = records.iter().map(|r| (r.offset, r.value.as_slice())).collect();
    assert_eq!((offsets, end, position), (vec![(0, &b"a"[..]), (1, b"b")], 2, Some(3)));
    assert_eq!(state, [(b"y".to_vec(), b"2".to_vec())]);
    assert_eq!(log.end_offset("raw", 1).unwrap(), 1);
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn of_a_step_that_fails_nothing_is_there() {
    let (_folder, mut log) = log();
    let (outputs, state) = ([output("events", 0, "a")], [change("x", Some("1"))]);
    log.commit(&step(&[position(3)], &outputs, &state)).unwrap();
    let before = contents(&log);
    let state = [change("x", Some("2"))];
    for (positions, last, error) in [
        ([position(4)], output("nowhere", 0, "b"), "VG3004"),
        ([position(4)], output("raw", 2, "b"), "VG3004"),
        // Another process has read further.
        ([position(2)], output("raw", 0, "b"), "VG3003"),
    ] {
        let outputs = [output("events", 0, "b"), last];
        let said = log.commit(&step(&positions, &outputs, &state)).unwrap_err().to_string();
        assert!(said.starts_with(error), "{said}");
        assert_eq!(contents(&log), before);
    }
}

#[test]
fn two_connections_append_one_behind_the_other() {
    let (folder, mut first) = log();
    let mut second = EmbeddedLog::open(&folder.path().join("log.db")).unwrap();
    for number in 0..20 {
        let outputs = [output("events", 0, &number.to_string())];
        let log = if number % 2 == 0 { &mut first } else { &mut second };
        log.commit(&step(&[], &outputs, &[])).unwrap();
    }
    let records = second.read("events", 0, 0, usize::MAX, usize::MAX).unwrap();
    let values: Vec<String> = records.iter().map(|r| String::from_utf8(r.value.clone()).unwrap()).collect();
    assert_eq!(values, (0..20).map(|n: i32| n.to_string()).collect::<Vec<_>>());
    assert!((0..).zip(&records).all(|(offset, record)| record.offset == offset));
}

#[test]
fn a_read_is_bounded_but_gets_on() {
    let (_folder, mut log) = log();
    let outputs: Vec<Output> = (0..5).map(|_| output("events", 0, "0123456789")).collect();
    log.commit(&step(&[], &outputs, &[])).unwrap();
    let read = |from, records, bytes| log.read("events", 0, from, records, bytes).unwrap().len();
    assert_eq!(read(0, 3, usize::MAX), 3);
    assert_eq!(read(0, usize::MAX, 26), 2, "13 bytes each");
    assert_eq!(read(0, usize::MAX, 1), 1, "one that is larger than the bound comes alone");
    assert_eq!((read(4, 9, usize::MAX), read(5, 9, usize::MAX)), (1, 0));
}

#[test]
fn a_topic_keeps_its_partitions_and_a_file_its_version() {
    let (folder, log) = log();
    log.create_topic("raw", 2).unwrap();
    assert!(log.create_topic("raw", 3).unwrap_err().to_string().starts_with("VG3002"));
    assert_eq!(log.topics().unwrap(), [("events".to_owned(), 1), ("raw".to_owned(), 2)]);
    assert_eq!(log.partitions("nowhere").unwrap(), None);
    log.connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
    drop(log);
    let error = EmbeddedLog::open(&folder.path().join("log.db")).err().unwrap();
    assert!(error.to_string().starts_with("VG3005"), "{error}");
}
