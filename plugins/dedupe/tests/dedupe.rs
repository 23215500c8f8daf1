//! The plugin natively: what goes on, what is remembered, and for how long.
// The exemption of tests from these lints does not reach the functions that tests share.
#![allow(clippy::unwrap_used)]

use dedupe::Dedupe;
use vigie::Timestamp;
use vigie::testing::{InputColumn, Keyed, column};

fn reports(rows: &[(i64, &str)]) -> [InputColumn; 2] {
    [
        column("timestamp", rows.iter().map(|(at, _)| Timestamp(at * 1_000_000))),
        column("text", rows.iter().map(|(_, text)| Some(*text))),
    ]
}

/// The rows that go on, of one key.
fn passed(rows: &[(i64, &str)], cut: usize) -> usize {
    let config = r#"{"by": "text", "within_s": 10}"#;
    let mut keyed = Keyed::<Dedupe>::configure(config, false, &reports(&[])).unwrap();
    rows.chunks(cut).map(|batch| keyed.fold(&vec!["a"; batch.len()], &reports(batch)).given.len()).sum()
}

#[test]
fn a_report_goes_on_once_within_the_time() {
    let rows = [(0, "x"), (5, "x"), (10, "x"), (11, "x"), (12, "y"), (21, "x"), (22, "x")];
    for cut in [1, 2, 7] {
        // 0; 11, as 0 is forgotten; 12; 22, as 11 is.
        assert_eq!(passed(&rows, cut), 4, "batches of {cut}");
    }
}

#[test]
fn a_report_that_comes_behind_newer_ones_is_compared_with_those_near_it() {
    // As of a partition that was idle: 0 is too far from 100, 95 is not, and 2 is like 0.
    let rows = [(100, "x"), (0, "x"), (95, "x"), (2, "x"), (111, "x")];
    for cut in [1, 2, 7] {
        assert_eq!(passed(&rows, cut), 3, "batches of {cut}");
    }
    let config = r#"{"by": "text", "within_s": 10}"#;
    let mut keyed = Keyed::<Dedupe>::configure(config, false, &reports(&[])).unwrap();
    keyed.fold(&["a", "a"], &reports(&[(100, "x"), (0, "x")]));
    assert_eq!(keyed.timer("a"), Some(110_000_001), "an old one shortens no time");
}

#[test]
fn a_key_is_forgotten_when_its_last_report_is() {
    let config = r#"{"by": "text", "within_s": 10}"#;
    let mut keyed = Keyed::<Dedupe>::configure(config, false, &reports(&[])).unwrap();
    keyed.fold(&["a", "a"], &reports(&[(0, "x"), (3, "y")]));
    assert_eq!(keyed.timer("a"), Some(13_000_001));
    keyed.fire(Timestamp(13_000_001), &["a"]);
    assert_eq!(keyed.state("a"), None);
}

#[test]
fn what_is_remembered_is_bounded() {
    let texts: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    let rows: Vec<(i64, &str)> = texts.iter().map(|text| (0, text.as_str())).collect();
    let config = r#"{"by": "text", "within_s": 10}"#;
    let mut keyed = Keyed::<Dedupe>::configure(config, false, &reports(&[])).unwrap();
    assert_eq!(keyed.fold(&vec!["a"; rows.len()], &reports(&rows)).given.len(), 200);
    let again = keyed.fold(&["a", "a"], &reports(&[(1, "199"), (1, "0")]));
    assert_eq!(again.given.len(), 1, "the newest is known, the oldest forgotten");
    assert_eq!(again.counts, [1]);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for (config, path) in [
        (r#"{"by": "text", "within_s": 0}"#, "within_s"),
        (r#"{"by": "place", "within_s": 1, "distance_m": -1}"#, "distance_m"),
        (r#"{"by": "colour", "within_s": 1}"#, ""),
    ] {
        let problems = Keyed::<Dedupe>::configure(config, false, &reports(&[])).err().unwrap();
        assert_eq!(problems[0].path, path);
    }
}
