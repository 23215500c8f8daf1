//! What the author of a plugin without memory implements.

use crate::{Clearing, Events, Field, FromConfig, LookupUse, Problem, Reads, Shape, Turn, Writes};

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
    /// What is counted; [`Turn::count`] takes an index into it.
    const COUNTERS: &'static [&'static str] = &[];
    /// What can be logged; [`Turn::log`] takes an index into it.
    const MESSAGES: &'static [&'static str] = &[];

    /// How many rows an event may become: one, at most one by [`LEFT_OUT`], or several by
    /// [`next`](Self::next). Which rows go on then shows something of what is read, and the host counts it as a
    /// leak of its labels.
    const SHAPE: Shape = Shape::OneToOne;

    /// Makes the plugin of a step. It must be deterministic, as a fresh instance replaces a failed one.
    ///
    /// # Errors
    /// All that is wrong with the configuration, and where.
    fn configure(config: Self::Config) -> Result<Self, Vec<Problem>>;

    /// Which label this configuration takes off which field.
    fn clears(&self) -> Vec<Clearing> {
        Vec::new()
    }

    /// The reasons that this configuration may give: the first of `REASONS`. A step that never refuses
    /// an event shows nothing by which events there are, and says so by an empty list.
    fn reasons(&self) -> &'static [&'static str] {
        Self::REASONS
    }

    /// The reference tables that [`batch`](Self::batch) asks, each with the columns it wants.
    fn lookups(&self) -> Vec<LookupUse> {
        Vec::new()
    }

    /// What a field of `Reads` or `Writes` is called in this step, where the configuration says so.
    fn name(&self, field: &'static str) -> String {
        field.into()
    }

    /// The fields of `Reads` and `Writes`, as the structs name them, that this step has nothing to do
    /// with: they are not written, and those read must be optional and are `None`. `input` are the
    /// fields that reach the step.
    fn leaves(&self, input: &[Field]) -> Vec<&'static str> {
        let _ = input;
        Vec::new()
    }

    /// Called before the events of a batch: the place to ask the [`host`](crate::host).
    fn batch(&mut self, events: &Events<'_, Self::Reads>) {
        let _ = events;
    }

    /// What becomes of one event. Texts may be borrowed from the event or from the plugin, which can
    /// keep a buffer for them, so that none is allocated for each event.
    ///
    /// # Errors
    /// [`Reject`] refuses the event; it goes where the pipeline sends refused events. [`LEFT_OUT`] leaves
    /// it out.
    fn event<'a>(
        &'a mut self,
        event: <Self::Reads as Reads>::Row<'a>,
        turn: &mut Turn,
    ) -> Result<<Self::Writes as Writes>::Row<'a>, Reject>;

    /// The next row that the last event becomes; none: there are no more. Asked only of a [`Shape::FlatMap`], after
    /// an event that was not refused, until it has none. Each row is an event of its own with the fields that the
    /// step does not write, and an id that follows from its parent's and its place.
    fn next<'a>(&'a mut self, turn: &mut Turn) -> Option<<Self::Writes as Writes>::Row<'a>> {
        let _ = turn;
        None
    }
}

/// Refuses an event, for the reason with this index in `REASONS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject(
    /// The index.
    pub u32,
);

/// In the place of a reject: the event goes no further, and is no dead letter. A plugin whose
/// [`SHAPE`](Transform::SHAPE) is one to one may not say so: there it is a breach of the contract.
pub const LEFT_OUT: Reject = Reject(u32::MAX);
