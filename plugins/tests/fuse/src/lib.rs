//! For the simulator: a key's timer fires three times, a period apart, and then the key is forgotten;
//! where the key's events can be divided by a number it traps instead.

use serde::Deserialize;
use vigie::{Gives, KeyTurn, Problem, Reads, Reject, State, Stateful, Timestamp, Writes};

/// What is read: the time alone.
#[derive(Reads)]
pub struct Event {
    /// Event time.
    pub timestamp: Timestamp,
}

/// What is kept for a key, and written when its timer fires.
#[derive(Clone, Debug, Default, PartialEq, State, Writes)]
pub struct Beats {
    /// Events.
    pub count: i64,
    /// Times that the timer has fired.
    pub beats: i64,
}

/// The step's `with`, and the plugin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fuse {
    /// From an event to the timer, and from one to the next, in seconds.
    pub period_s: u32,
    /// A timer traps where the number of events can be divided by it.
    pub trap_at: i64,
}

impl Fuse {
    fn after(&self, at: Timestamp) -> Timestamp {
        Timestamp(at.0.saturating_add(i64::from(self.period_s) * 1_000_000))
    }
}

impl Stateful for Fuse {
    type Config = Self;
    type Reads = Event;
    type State = Beats;
    type Writes = Beats;
    const GIVES: Gives = Gives::Keys;

    fn configure(config: Self) -> Result<Self, Vec<Problem>> {
        Ok(config)
    }

    fn event(&mut self, key: &mut Beats, event: Event, turn: &mut KeyTurn) -> Result<Option<Beats>, Reject> {
        key.count += 1;
        if turn.timer().is_none() {
            turn.set_timer(self.after(event.timestamp));
        }
        Ok(None)
    }

    fn fire(&mut self, key: &mut Beats, at: Timestamp, turn: &mut KeyTurn) -> Option<Beats> {
        if key.count % self.trap_at == 0 {
            std::process::abort();
        }
        key.beats += 1;
        if key.beats < 3 {
            turn.set_timer(self.after(at));
        } else {
            turn.forget();
        }
        Some(key.clone())
    }
}

vigie::export_stateful!(Fuse);
