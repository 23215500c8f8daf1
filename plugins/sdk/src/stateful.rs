//! What the author of a plugin with memory implements.

use crate::{FromConfig, Gives, LookupUse, Order, Problem, Reads, Reject, State, Timestamp, Turn, Writes};

/// A plugin that folds the events of each key into a state. The host keeps the state, assigns windows
/// (a window is a part of the key) and fires timers; the plugin itself remembers nothing.
pub trait Stateful: Sized {
    /// The step's `with`: any type with `serde::Deserialize`, or an own [`FromConfig`].
    type Config: FromConfig;
    /// What is read of an event: a struct with `#[derive(Reads)]`. Write `'static` for its lifetime.
    type Reads: Reads;
    /// What is kept for a key: a struct that owns its values, with `#[derive(Default, State)]`.
    type State: State;
    /// What is written: a struct with `#[derive(Writes)]`. Write `'static` for its lifetime.
    type Writes: Writes;
    /// Why an event can be refused; [`Reject`] is an index into it.
    const REASONS: &'static [&'static str] = &[];
    /// What is counted; [`Turn::count`] takes an index into it.
    const COUNTERS: &'static [&'static str] = &[];
    /// What can be logged; [`Turn::log`] takes an index into it.
    const MESSAGES: &'static [&'static str] = &[];
    /// Raise it when state of an older version must not be read.
    const STATE_VERSION: u32 = 1;
    /// `Any` where the result does not depend on the order of events.
    const ORDER: Order = Order::EventTime;
    /// `Rows`: events go on, or not; `Keys`: each key has results of its own.
    const GIVES: Gives;

    /// Makes the plugin of a step. It must be deterministic, as a fresh instance replaces a failed one.
    ///
    /// # Errors
    /// All that is wrong with the configuration, and where.
    fn configure(config: Self::Config) -> Result<Self, Vec<Problem>>;

    /// The reference tables that the plugin asks, each with the columns it wants.
    fn lookups(&self) -> Vec<LookupUse> {
        Vec::new()
    }

    /// What a field of `Reads` or `Writes` is called in this step, where the configuration says so.
    fn name(&self, field: &'static str) -> String {
        field.into()
    }

    /// Folds one event into the state of its key. With [`Gives::Rows`] the event goes on if there are
    /// values for it.
    ///
    /// # Errors
    /// [`Reject`] refuses the event; the state must be as before.
    fn event(
        &mut self,
        state: &mut Self::State,
        event: <Self::Reads as Reads>::Row<'_>,
        turn: &mut KeyTurn,
    ) -> Result<Option<<Self::Writes as Writes>::Row<'static>>, Reject>;

    /// With [`Gives::Keys`]: what a key has come to after the events of a batch; none: nothing to say.
    fn early(&mut self, state: &Self::State) -> Option<<Self::Writes as Writes>::Row<'static>> {
        let _ = state;
        None
    }

    /// What happens when a key's timer is due, or when its window closes: with [`Gives::Keys`] its
    /// result, if it has one. The host keeps the state of a closed window as it went in as long as an event may still
    /// come for it, and then fires it again; afterwards it forgets it.
    fn fire(
        &mut self,
        state: &mut Self::State,
        at: Timestamp,
        turn: &mut KeyTurn,
    ) -> Option<<Self::Writes as Writes>::Row<'static>> {
        let _ = (state, at, turn);
        None
    }
}

/// The turn of one event of a key, or of its timer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyTurn {
    /// The event's row, counters and log lines.
    pub turn: Turn,
    pub(crate) timer: Option<i64>,
    pub(crate) forget: bool,
}

impl KeyTurn {
    /// As [`Turn::count`].
    pub fn count(&mut self, counter: usize, events: u64) {
        self.turn.count(counter, events);
    }

    /// The key's timer, if it has one.
    #[must_use]
    pub fn timer(&self) -> Option<Timestamp> {
        self.timer.map(Timestamp)
    }

    /// Sets the key's only timer: due when the watermark has passed it. In a windowed step there is
    /// none but the window's own.
    pub fn set_timer(&mut self, at: Timestamp) {
        self.timer = Some(at.0);
    }

    /// Forgets the key's state and timer after this turn.
    pub fn forget(&mut self) {
        self.forget = true;
    }
}
