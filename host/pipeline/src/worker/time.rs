//! Idle and drifting partitions, on the embedded log.

use log::{Most, Step};
use log_embedded::EmbeddedLog;

use super::*;
use crate::{Identity, watermark};

const SECOND_US: i64 = 1_000_000;
/// 2018-02-01T00:00:00Z
const FIRST_US: i64 = 1_517_443_200 * SECOND_US;

/// A worker of a pipeline without plugins, which takes two records a step, and its log.
struct Bench {
    folder: tempfile::TempDir,
    log: EmbeddedLog,
    worker: Worker,
    settings: String,
}

impl Bench {
    /// A raw topic with settings.
    fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(&folder.path().join("log.db")).unwrap();
        log.create_topic("raw", 2).unwrap();
        log.create_topic("events", 1).unwrap();
        for topic in ["dead-letters", "dead-letters.rows"] {
            log.create_topic(topic, 1).unwrap();
        }
        let worker = worker(settings);
        Self { folder, log, worker, settings: settings.into() }
    }

    /// The worker's next life.
    fn restart(&mut self) {
        self.log = EmbeddedLog::open(&self.folder.path().join("log.db")).unwrap();
        self.worker = worker(&self.settings);
    }

    /// Appends events, each so many seconds after the first, received at their time.
    fn append(&mut self, partition: u32, seconds: &[i64]) {
        let output = |second: &i64| log::Output {
            topic: "raw".into(),
            partition,
            timestamp_us: FIRST_US + second * SECOND_US,
            key: vec![].into(),
            value: format!(r#"{{"id": "a", "at": {}}}"#, (FIRST_US / SECOND_US) + second).into(),
        };
        let outputs: Vec<_> = seconds.iter().map(output).collect();
        self.log.commit_step(Step::of("test", &[], &outputs, &[])).unwrap();
    }

    /// A step of a partition at a second of the clock; false: there was nothing to do.
    fn step(&mut self, partition: usize, second: i64) -> bool {
        let prepared = self.worker.prepare(&mut self.log, partition, second * SECOND_US).unwrap();
        let Some(prepared) = prepared else { return false };
        self.worker.append(&mut self.log, prepared).unwrap();
        self.worker.commit(&mut self.log).unwrap();
        true
    }

    /// All that was said so far: the partition, and its two times in seconds after the first event.
    fn said(&self) -> Vec<(u32, Option<i64>, Option<i64>)> {
        let records = self.log.read("events", 0, 0, Most::ALL).unwrap();
        let second = |us: i64| (us - FIRST_US) / SECOND_US;
        let marks = records.iter().filter_map(|record| {
            let (of, mark) = watermark::decode(record)?;
            let partition = std::str::from_utf8(of).unwrap().strip_prefix("raw/").unwrap();
            Some((partition.parse().unwrap(), mark.at_us.map(second), mark.floor_us.map(second)))
        });
        marks.collect()
    }

    fn position(&self, partition: u32) -> u64 {
        self.log.committed("test.v1", "raw", partition).unwrap().unwrap_or(0)
    }
}

fn worker(settings: &str) -> Worker {
    let of_topic = format!("topic: raw, partitions: 2, {settings}");
    let yaml = crate::MINIMAL.replace("topic: raw,", &of_topic);
    let yaml = yaml.replace("timestamp: at}", "timestamp: {path: at, time: seconds}}");
    let pipeline = Pipeline::parse(&yaml).unwrap();
    let none = |name: &str| Err(Error::Untrusted(name.into()));
    let running = Running::new(&pipeline, Identity::new([0; 16]), Arc::default(), &none).unwrap();
    let mut worker = Worker::new(running, Most { records: 2, bytes: 1 << 20 });
    pipeline.inputs().into_iter().for_each(|input| worker.assign(input));
    worker
}

#[test]
fn idleness_is_told_once_and_the_next_event_takes_it_back() {
    let mut bench = Bench::new("idle_after: 30s,");
    bench.append(0, &[10, 20]);
    assert!(bench.step(0, 100));
    assert_eq!(bench.said(), [(0, Some(20), Some(20))]);
    // The first look that finds nothing begins the wait.
    assert!(!bench.step(0, 101) && !bench.step(0, 130));
    assert!(bench.step(0, 131), "idle for 30 s");
    assert!(!bench.step(0, 132) && !bench.step(0, 500), "told once");
    assert_eq!(bench.said()[1..], [(0, None, Some(20))]);
    assert_eq!(bench.position(0), 2);
    // Neither at its end nor due, it is said together with the first rows.
    bench.append(0, &[15, 25, 26]);
    bench.worker.inputs[0].marked_us = Some(500 * SECOND_US);
    assert!(bench.step(0, 500));
    assert_eq!(bench.said()[2..], [(0, Some(25), Some(25))]);
    assert!(bench.step(0, 501) && !bench.step(0, 502) && !bench.step(0, 531));
    assert!(bench.step(0, 532), "the wait begins anew");
    assert_eq!(bench.said()[4..], [(0, None, Some(26))]);
}

#[test]
fn one_without_any_event_is_idle_too() {
    let mut bench = Bench::new("idle_after: 30s,");
    assert!(bench.step(1, 100), "its position");
    assert_eq!(bench.said(), []);
    assert!(!bench.step(1, 129) && bench.step(1, 130) && !bench.step(1, 200));
    assert_eq!(bench.said(), [(1, None, None)]);
    // What is no event moves no time.
    let topic = "raw".into();
    let bad =
        log::Output { topic, partition: 1, timestamp_us: 0, key: vec![].into(), value: b"{".to_vec().into() };
    bench.log.commit_step(Step::of("test", &[], &[bad], &[])).unwrap();
    assert!(bench.step(1, 201));
    assert_eq!(bench.said()[1..], [(1, None, None)]);
    bench.append(1, &[7]);
    assert!(bench.step(1, 202));
    assert_eq!(bench.said()[2..], [(1, Some(7), Some(7))]);
}

#[test]
fn a_restored_worker_knows_who_was_idle() {
    let mut bench = Bench::new("idle_after: 30s,");
    bench.append(0, &[10]);
    assert!(bench.step(0, 0) && !bench.step(0, 1) && bench.step(0, 31));
    bench.restart();
    // What it said last is not known to it, so it says it again.
    assert!(bench.step(0, 0) && !bench.step(0, 1));
    assert_eq!(bench.said()[1..], [(0, None, Some(10)), (0, None, Some(10))]);
}

#[test]
fn a_failed_commit_is_told_again() {
    let mut bench = Bench::new("idle_after: 30s,");
    bench.append(0, &[10]);
    assert!(bench.step(0, 0) && !bench.step(0, 1));
    let prepared = bench.worker.prepare(&mut bench.log, 0, 31 * SECOND_US).unwrap();
    assert!(prepared.is_some());
    drop(prepared);
    assert!(bench.step(0, 32) && !bench.step(0, 33));
    assert_eq!(bench.said()[1..], [(0, None, Some(10))]);
}

#[test]
fn no_partition_is_idle_in_a_bounded_run_or_where_it_is_waited_for() {
    for settings in ["idle_after: 30s,", "idle_after: never,"] {
        let mut bench = Bench::new(settings);
        bench.worker.set_bounded(settings.contains("30s"));
        bench.append(0, &[10]);
        assert!(bench.step(0, 0) && !bench.step(0, 1) && !bench.step(0, 10_000), "{settings}");
        assert_eq!(bench.said(), [(0, Some(10), Some(10))]);
    }
}

#[test]
fn one_far_ahead_waits_for_the_slowest_that_has_more() {
    let mut bench = Bench::new("idle_after: 30s,");
    // The default: ten minutes.
    bench.append(0, &[0, 1, 300, 301, 302]);
    bench.append(1, &[700, 800, 900, 901]);
    assert!(bench.step(1, 0), "of the other one nothing is known");
    assert!(bench.step(0, 0));
    for _ in 0..2 {
        assert!(!bench.step(1, 0) && bench.worker.is_paused(1));
        assert_eq!(bench.position(1), 2);
    }
    assert!(bench.step(0, 0));
    assert!(bench.step(1, 0) && !bench.worker.is_paused(1), "800 is less than ten minutes after 301");
    bench.append(1, &[902, 1000]);
    assert!(bench.step(1, 0), "901 is not more than ten minutes after 301");
    assert_eq!(bench.position(1), 6);
    bench.append(1, &[1100]);
    assert!(!bench.step(1, 0), "1000 is");
    // One at its end holds nobody back, as far as one knows: that is the look that finds nothing.
    assert!(bench.step(0, 0) && !bench.step(1, 0) && !bench.step(0, 0));
    assert!(bench.step(1, 0));
    assert_eq!((bench.position(0), bench.position(1)), (5, 7));
}

#[test]
fn one_that_waits_is_not_idle_and_says_what_it_owes() {
    let mut bench = Bench::new("idle_after: 30s,");
    bench.append(0, &[0, 1, 2, 3]);
    bench.append(1, &[0, 1, 900, 901, 902]);
    assert!(bench.step(1, 0) && bench.step(0, 0));
    // Too soon after the last word: it owes one.
    assert!(bench.step(1, 0));
    assert_eq!(bench.said(), [(1, Some(1), Some(1)), (0, Some(1), Some(1))]);
    assert!(!bench.step(1, 0) && bench.worker.is_paused(1), "it is still too soon");
    assert!(bench.step(1, 1) && bench.worker.is_paused(1));
    assert_eq!(bench.said()[2..], [(1, Some(901), Some(901))]);
    assert!(!bench.step(1, 2) && !bench.step(1, 100), "it has more, so it is not idle");
    assert_eq!(bench.position(1), 4);
}

#[test]
fn what_is_too_far_ahead_of_its_record_is_a_setting_of_the_source() {
    for (max_ahead, refused) in [("59s", 1), ("60s", 0)] {
        let mut bench = Bench::new(&format!("max_ahead: {max_ahead},"));
        bench.append(0, &[60]);
        let records = bench.log.read("raw", 0, 0, Most::ALL).unwrap();
        let early = Record { timestamp_us: FIRST_US, ..records[0].clone() };
        let result = bench.worker.running.first.step(0, 0, &[early], false).unwrap();
        assert_eq!(result.counts.dead_letters, refused, "{max_ahead}");
    }
}
