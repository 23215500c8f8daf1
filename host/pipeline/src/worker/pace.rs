//! When steps that were appended are to be committed.

use log::{Bytes, Output, StateChange};

/// How much longer steps wait for each record that they have read, in microseconds: with 50 thousand a second and more,
/// for as long as they may.
const RECORD_US: i64 = 20;

/// How many times as long as a commit takes steps wait for the next one, for as long as they may: a busy log gets fewer
/// commits.
const COMMITS: i64 = 2;
/// A commit counts for one in so many in their mean.
const MEAN: i64 = 8;

/// How long steps wait for others to be committed with. A commit costs the log about as much for many steps
/// as for one, and what it is for is not seen before it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    least_us: i64,
    most_us: i64,
    most_bytes: usize,
    /// Of the first open step.
    since_us: Option<i64>,
    bytes: usize,
    /// That they have read.
    records: usize,
    /// What commits took in the mean, of late.
    commit_us: i64,
}

impl Pace {
    /// From `least_us` where little is read to `most_us` where much is or commits take long, microseconds of the worker's
    /// clock; and not more than about `most_bytes` of outputs and changes of state.
    #[must_use]
    pub fn new(least_us: i64, most_us: i64, most_bytes: usize) -> Self {
        Self { least_us, most_us, most_bytes, ..Self::default() }
    }

    /// Whether steps wait for others at all.
    pub(super) fn is_set(&self) -> bool {
        self.most_us > 0
    }

    /// Of a step that is prepared.
    pub(super) fn read(&mut self, records: usize) {
        self.records += records;
    }

    /// A step was appended; without a time it is due at once.
    pub(super) fn append(&mut self, outputs: &[Output], state: &[StateChange], now_us: Option<i64>) {
        self.since_us = Some(self.since_us.unwrap_or(i64::MAX).min(now_us.unwrap_or(i64::MIN)));
        let changed = state.iter().map(|c| c.key.len() + c.value.as_ref().map_or(0, Bytes::len));
        self.bytes += outputs.iter().map(|o| o.key.len() + o.value.len()).chain(changed).sum::<usize>();
    }

    pub(super) fn is_due(&self, now_us: i64) -> bool {
        self.left_us(now_us) == 0 || self.bytes >= self.most_bytes
    }

    /// How long they still wait, if no more comes.
    pub(super) fn left_us(&self, now_us: i64) -> i64 {
        let Some(since_us) = self.since_us else { return 0 };
        let records = i64::try_from(self.records).unwrap_or(i64::MAX);
        let wait_us = self.least_us.saturating_add(records.saturating_mul(RECORD_US));
        let wait_us = wait_us.max(self.commit_us.saturating_mul(COMMITS)).min(self.most_us);
        since_us.saturating_add(wait_us).saturating_sub(now_us).max(0)
    }

    /// A commit took so long.
    pub(super) fn took(&mut self, commit_us: i64) {
        // One that fails may take long, and says little of the next one.
        self.commit_us += (commit_us.min(self.most_us) - self.commit_us) / MEAN;
    }

    /// Nothing is open any more.
    pub(super) fn end(&mut self) {
        (self.since_us, self.bytes, self.records) = (None, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(pace: &mut Pace, bytes: usize, now_us: i64) {
        let output = Output {
            topic: "events".into(),
            partition: 0,
            timestamp_us: 0,
            key: vec![].into(),
            value: vec![0; bytes].into(),
        };
        pace.append(&[output], &[], Some(now_us));
    }

    #[test]
    fn it_waits_longer_where_much_is_read() {
        let mut pace = Pace::new(10, 100, 1000);
        append(&mut pace, 1, 5);
        append(&mut pace, 1, 12);
        assert!(!pace.is_due(14) && pace.is_due(15));
        pace.read(2);
        append(&mut pace, 1, 15);
        assert!(!pace.is_due(54) && pace.is_due(55), "20 more for each of 2");
        pace.read(10);
        assert!(!pace.is_due(104) && pace.is_due(105), "for as long as it may");
        pace.end();
        append(&mut pace, 1, 200);
        assert!(!pace.is_due(209) && pace.is_due(210), "a new transaction forgets");
    }

    #[test]
    fn it_waits_longer_where_commits_take_long() {
        let mut pace = Pace::new(10_000, 100_000, 1000);
        (0..50).for_each(|_| pace.took(10_000));
        append(&mut pace, 1, 0);
        assert!(!pace.is_due(19_000) && pace.is_due(20_000), "twice as long");
        (0..50).for_each(|_| pace.took(1_000_000));
        assert!(!pace.is_due(99_999) && pace.is_due(100_000), "for as long as it may");
        (0..100).for_each(|_| pace.took(1_000));
        assert!(!pace.is_due(9_999) && pace.is_due(10_000), "at least");
    }

    #[test]
    fn it_does_not_wait_with_too_much() {
        let mut pace = Pace::new(10, 100, 1000);
        append(&mut pace, 999, 5);
        assert!(!pace.is_due(5));
        append(&mut pace, 1, 5);
        assert!(pace.is_due(5));
    }

    #[test]
    fn without_a_pace_each_step_is_due() {
        let mut pace = Pace::default();
        append(&mut pace, 1, 5);
        assert!(pace.is_due(5));
    }

    #[test]
    fn what_has_no_time_is_due() {
        let mut pace = Pace::new(10, 100, 1000);
        pace.append(&[], &[], None);
        assert!(pace.is_due(i64::MIN + 10));
    }

    #[test]
    fn it_says_how_long_it_waits() {
        let mut pace = Pace::new(10, 100, 1000);
        assert_eq!(pace.left_us(5), 0, "nothing is open");
        append(&mut pace, 1, 5);
        assert_eq!([5, 8, 15, 99].map(|now_us| pace.left_us(now_us)), [10, 7, 0, 0]);
        pace.read(1);
        assert_eq!(pace.left_us(15), 20);
    }
}
