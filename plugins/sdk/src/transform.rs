//! What an author implements.

use crate::{Clearing, Field, FromConfig, Problem, Reads, Writes};

/// A plugin that makes of each event the values of some fields, or refuses it.
pub trait Transform: Sized {
    /// The step's `with`: any type with `serde::Deserialize`, or an own [`FromConfig`].
    type Config: FromConfig;
    /// What is read of an event: a struct with `#[derive(Reads)]`. Write `'static` for its lifetime.
    type Reads: Reads;
    /// What is written: a struct with `#[derive(Writes)]`. Write `'static` for its lifetime.
    type Writes: Writes;
    /// Why an event can be refused; [`Reject`] is an index into it.
    const REASONS: &'static [&'static str] = &[];
    /// What is counted; [`Counts::add`] takes an index into it.
    const COUNTERS: &'static [&'static str] = &[];
    /// What can be logged. Texts are fixed so that no value of an event gets into a log.
    const MESSAGES: &'static [&'static str] = &[];

    /// Makes the plugin of a step. It must be deterministic, as a fresh instance replaces a failed one.
    ///
    /// # Errors
    /// All that is wrong with the configuration, and where.
    fn configure(config: Self::Config) -> Result<Self, Vec<Problem>>;

    /// Which label this configuration takes off which field.
    fn clears(&self) -> Vec<Clearing> {
        Vec::new()
    }

    /// The fields of `Reads` and `Writes`, by name, that this step has nothing to do with: they are
    /// not written, and those read must be optional and are `None`. `input` are the fields that
    /// reach the step.
    fn leaves(&self, input: &[Field]) -> Vec<&'static str> {
        let _ = input;
        Vec::new()
    }

    /// What becomes of one event. Texts may be borrowed from the event or from the plugin, which can
    /// keep a buffer for them, so that none is allocated for each event.
    ///
    /// # Errors
    /// [`Reject`] refuses the event; it goes where the pipeline sends refused events.
    fn event<'a>(
        &'a mut self,
        event: <Self::Reads as Reads>::Row<'a>,
        counts: &mut Counts,
    ) -> Result<<Self::Writes as Writes>::Row<'a>, Reject>;
}

/// Refuses an event, for the reason with this index in [`Transform::REASONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject(
    /// The index.
    pub u32,
);

/// The plugin's counters over a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    pub(crate) counts: Vec<u64>,
}

impl Counts {
    pub(crate) fn new(counters: usize) -> Self {
        Self { counts: vec![0; counters] }
    }

    /// Adds to the counter with this index in [`Transform::COUNTERS`].
    ///
    /// One that is not declared makes the batch invalid, which the host and the test harness report.
    pub fn add(&mut self, counter: usize, events: u64) {
        if counter >= self.counts.len() {
            self.counts.resize(counter.saturating_add(1), 0);
        }
        if let Some(count) = self.counts.get_mut(counter) {
            *count = count.saturating_add(events);
        }
    }
}
