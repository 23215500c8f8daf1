//! What an event's turn offers beside its fields.

use crate::host;

/// The turn of one event: its row, and the plugin's counters and log lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    pub(crate) row: usize,
    pub(crate) counts: Vec<u64>,
}

impl Turn {
    pub(crate) fn new(counters: usize) -> Self {
        Self { row: 0, counts: vec![0; counters] }
    }

    /// The event's place in the batch: for answers of the [`host`], which has a value a row.
    #[must_use]
    pub fn row(&self) -> usize {
        self.row
    }

    /// Adds to the counter with this index in `COUNTERS`.
    ///
    /// One that is not declared makes the batch invalid, which the host and the test harness report.
    pub fn count(&mut self, counter: usize, events: u64) {
        if counter >= self.counts.len() {
            self.counts.resize(counter.saturating_add(1), 0);
        }
        if let Some(count) = self.counts.get_mut(counter) {
            *count = count.saturating_add(events);
        }
    }

    /// Logs the message with this index in `MESSAGES`, about so many events. Messages are fixed texts,
    /// so that no value of an event gets into a log.
    pub fn log(&mut self, message: u32, events: u64) {
        host::log(message, events);
    }
}
