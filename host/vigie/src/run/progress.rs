//! What a run shows of its progress.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use pipeline::Counts;

use super::{Counters, Shared, whole};

/// Shows on a terminal what has been done so far, at most five times a second.
pub struct Progress {
    last: Instant,
    logged: Instant,
    start: Instant,
    terminal: bool,
    /// From the start to the first row in the store.
    pub first: Option<Duration>,
    /// What has been done: raw records in, events out, dead letters of all stages.
    pub counts: Counts,
}

impl Progress {
    pub fn new() -> Self {
        let now = Instant::now();
        Self {
            last: now,
            logged: now,
            start: now,
            terminal: std::io::stderr().is_terminal(),
            first: None,
            counts: Counts::default(),
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    pub(super) fn show(&mut self, counts: &Counts, delivered: u64) {
        if delivered > 0 && self.first.is_none() {
            self.first = Some(self.start.elapsed());
        }
        if self.terminal && self.last.elapsed() > Duration::from_millis(200) {
            self.last = Instant::now();
            eprint!(
                "\r  {} records in, {} events out, {} dead letters, {delivered} rows in the store ",
                counts.records_in, counts.events_out, counts.dead_letters
            );
            // Progress that cannot be shown is no failure.
            let _ = std::io::stderr().flush();
        }
    }

    /// Shows what plugins logged, each message at most once a second.
    pub(super) fn log(&mut self, shared: &Shared, last: bool) {
        if !last && self.logged.elapsed() < Duration::from_secs(1) {
            return;
        }
        self.logged = Instant::now();
        for ((step, message), events) in std::mem::take(&mut *whole(&shared.logged)) {
            eprintln!("step {step}: {message} ({events} events)");
        }
    }

    /// What has been done, for who runs a pipeline.
    pub fn summarise(&self, counters: &Counters) {
        let Counts { records_in, events_out, dead_letters } = self.counts;
        let seconds = self.start.elapsed().as_secs_f64();
        eprintln!(
            "{records_in} records in, {events_out} events out, {dead_letters} dead letters in {seconds:.2} s"
        );
        for (step, counter, count) in counters.iter().filter(|(_, _, count)| *count > 0) {
            eprintln!("step {step}: {counter}: {count}");
        }
    }

    pub(super) fn end(&self) {
        if self.terminal {
            eprint!("\r\x1b[K");
        }
    }
}
