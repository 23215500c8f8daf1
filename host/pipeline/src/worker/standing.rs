//! How a worker's inputs stand, for who watches.

use super::{Found, Reads, Worker};
use crate::stage::CLOSED_US;

/// How an input stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The offset behind the last record whose step is committed; none: it is not restored.
    pub next_offset: Option<u64>,
    /// Whether the last look found nothing to read, and nothing of it waits for a commit.
    pub at_end: bool,
    /// The time of a raw partition's newest event, in microseconds since 1970, UTC; none: it has had none, or
    /// is closed.
    pub newest_event_us: Option<i64>,
    /// Keys with state, and their memory in bytes; none: the stage keeps none, or it is not restored.
    pub state: Option<(usize, usize)>,
}

impl Worker {
    /// How many inputs are restored: what they have in memory is what the log has committed, and open steps.
    #[must_use]
    pub fn restored(&self) -> usize {
        self.inputs.iter().filter(|held| held.next.is_some()).count()
    }

    /// How an input stands.
    #[must_use]
    pub fn standing(&self, number: usize) -> Option<Standing> {
        let held = self.inputs.get(number)?;
        let newest_event_us = held.come(&self.running).and_then(|mark| mark.floor_us);
        let state = match held.input.reads {
            Reads::Source(_) => None,
            Reads::Then(then) => {
                self.running.then.get(then).and_then(|stage| stage.state_size(held.input.partition))
            }
        };
        Some(Standing {
            next_offset: held.next.and(held.committed),
            at_end: held.next.is_some()
                && held.next == held.committed
                && matches!(held.found, Some(Found::Nothing { .. })),
            newest_event_us: newest_event_us.filter(|us| *us < CLOSED_US),
            state,
        })
    }
}
