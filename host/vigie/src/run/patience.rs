//! For how long a log may be unwell.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// For how long a worker or the delivery may fail on a log that is unwell: a transaction that was left open ends
/// within 10 s, and a broker may have to be started again.
const MOST_UNWELL: Duration = Duration::from_secs(60);
/// How often it is said that it is.
const TELL_EVERY: Duration = Duration::from_secs(5);
/// In the place of an input's number: commits, and that others can see them.
pub const COMMIT: usize = usize::MAX;

/// Since when the log fails a worker, by input. Each is to come on by itself: that others do is no comfort.
#[derive(Default)]
pub struct Unwell {
    since: BTreeMap<usize, Instant>,
    told: Option<Instant>,
}

impl Unwell {
    pub fn renew(&mut self, input: usize) {
        self.since.remove(&input);
    }

    pub fn failed(&mut self, input: usize) {
        self.since.entry(input).or_insert_with(Instant::now);
    }

    pub fn longest(&self) -> Duration {
        self.since.values().map(Instant::elapsed).max().unwrap_or_default()
    }

    /// Whether one of them has failed for too long.
    pub fn is_over(&self) -> bool {
        self.longest() > MOST_UNWELL
    }

    /// For how many seconds, where that is to be said now.
    pub fn is_to_be_told(&mut self) -> Option<u64> {
        let longest = self.longest();
        let is_news = longest > TELL_EVERY && self.told.is_none_or(|at| at.elapsed() > TELL_EVERY);
        is_news.then(|| {
            self.told = Some(Instant::now());
            longest.as_secs()
        })
    }
}

/// Since when somebody is unwell, and for how long that is borne.
pub struct Patience {
    since: Option<Instant>,
    most: Duration,
}

impl Default for Patience {
    /// With a log.
    fn default() -> Self {
        Self::within(MOST_UNWELL)
    }
}

impl Patience {
    pub fn within(most: Duration) -> Self {
        Self { since: None, most }
    }

    /// It has answered.
    pub fn renew(&mut self) {
        self.since = None;
    }

    /// It has failed; whether that has lasted too long.
    pub fn is_over(&mut self) -> bool {
        self.since.get_or_insert_with(Instant::now).elapsed() > self.most
    }
}
