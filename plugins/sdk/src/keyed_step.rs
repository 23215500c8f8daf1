//! A configured stateful plugin: its plan, and the loop over the keys of a batch.

use crate::bindings::vigie::plugin::types::Reject as RejectedRow;
use crate::bindings::vigie::plugin::types::{Column, Flow, Plan, Setup, Shape, Values};
use crate::keyed_bindings::vigie::plugin::keyed::{Kept, KeyedPatch, KeyedRows};
use crate::read::has;
use crate::state::{load, store, width};
use crate::step::present;
use crate::{
    Field, FieldSpec, FromConfig, Gives, KeyTurn, Kind, Order, Problem, Reads, Reject, Sink, Source, State,
    Stateful, Turn, Writes,
};

/// The field that event time stands in.
const TIME: &str = "timestamp";

/// A stateful plugin in a step.
#[derive(Debug)]
pub struct KeyedStep<T> {
    plugin: T,
    /// For each field of `Reads`, whether the host hands it over.
    present: Vec<bool>,
    /// Where the rows' event time is among the columns, if they come in its order.
    time: Option<usize>,
}

/// A patch in the making.
struct Making<T: Stateful> {
    /// The texts of what is kept from now on.
    bytes: Vec<u8>,
    origins: Vec<u32>,
    given: Vec<<T::Writes as Writes>::Row<'static>>,
    rejects: Vec<RejectedRow>,
}

impl<T: Stateful> KeyedStep<T> {
    /// Configures the plugin and says what it will do.
    ///
    /// # Errors
    /// All problems of the configuration, or else all fields that it cannot read.
    pub fn configure(setup: &Setup) -> Result<(Self, Plan), Vec<Problem>> {
        let plugin = T::configure(T::Config::from_config(&setup.config)?)?;
        let name = |field: &'static str| plugin.name(field);
        let present = present(T::Reads::FIELDS, &setup.input, &[], &name)?;
        let timed = T::ORDER == Order::EventTime && !setup.windowed;
        let plan = plan(&plugin, &present, timed);
        let time = plan.reads.iter().position(|field| field.name == TIME).filter(|_| timed);
        Ok((Self { plugin, present, time }, plan))
    }

    /// Folds rows, those of one key together, into the state of their keys.
    pub fn fold(&mut self, batch: KeyedRows) -> KeyedPatch {
        let at = self.time.and_then(|time| batch.columns.get(time)).map(times).unwrap_or_default();
        let Kept { mut words, bytes } = batch.kept;
        let events = T::Reads::columns(&mut Source::new(batch.columns, self.present.clone()));
        let mut making = Making::<T>::new(words.len() / Self::WIDTH);
        let mut turn = KeyTurn { turn: Turn::new(T::COUNTERS.len()), ..KeyTurn::default() };
        let mut row = 0;
        for (key, kept) in (0..).zip(words.chunks_exact_mut(Self::WIDTH)) {
            let (old, timer) = load::<T::State>(kept, &bytes);
            let mut taken = old.is_some();
            let mut state = old.unwrap_or_default();
            (turn.timer, turn.forget) = (timer, false);
            while batch.key_of_row.get(row as usize) == Some(&key) {
                turn.turn.row = row as usize;
                // Known at compile time: where order is of no matter, no row looks for a timer. One that
                // fires may set the next one, which may be due as well.
                while let Some(due) = due_before::<T>(&turn, &at, row) {
                    self.fire_between(key, &mut state, due, &mut turn, &mut making);
                    taken = true;
                }
                match self.plugin.event(&mut state, T::Reads::row(&events, row as usize), &mut turn) {
                    Ok(values) => {
                        taken = true;
                        if let (Gives::Rows, Some(values)) = (T::GIVES, values) {
                            making.give(row, values);
                        }
                    }
                    Err(reject) => making.refuse(row, reject),
                }
                row += 1;
            }
            if let (Gives::Keys, true, Some(values)) = (T::GIVES, taken, self.plugin.early(&state)) {
                making.give(key, values);
            }
            making.keep(kept, state, taken, &turn);
        }
        making.finish(words, turn.turn.counts)
    }

    /// Fires a timer that is due before the key's next row: the host sees neither one that the same
    /// call set, nor where the rows of a key are cut.
    fn fire_between(
        &mut self,
        key: u32,
        state: &mut T::State,
        due: i64,
        turn: &mut KeyTurn,
        making: &mut Making<T>,
    ) {
        (turn.timer, turn.forget) = (None, false);
        let values = self.plugin.fire(state, crate::Timestamp(due), turn);
        if let (Gives::Keys, Some(values)) = (T::GIVES, values) {
            making.give(key, values);
        }
        if turn.forget {
            *state = T::State::default();
            (turn.timer, turn.forget) = (None, false);
        }
        // As the host has it: a timer that does not lie ahead would fire for ever.
        turn.timer = turn.timer.filter(|next| *next > due);
    }

    /// Fires the timers of keys.
    pub fn fire(&mut self, at: &[i64], kept: Kept) -> KeyedPatch {
        let Kept { mut words, bytes } = kept;
        let mut making = Making::<T>::new(at.len());
        let mut turn = KeyTurn { turn: Turn::new(T::COUNTERS.len()), ..KeyTurn::default() };
        for ((key, at), kept) in (0_u32..).zip(at).zip(words.chunks_exact_mut(Self::WIDTH)) {
            let (state, _) = load::<T::State>(kept, &bytes);
            let mut state = state.unwrap_or_default();
            (turn.timer, turn.forget) = (None, false);
            let values = self.plugin.fire(&mut state, crate::Timestamp(*at), &mut turn);
            if let (Gives::Keys, Some(values)) = (T::GIVES, values) {
                making.give(key, values);
            }
            making.keep(kept, state, true, &turn);
        }
        making.finish(words, turn.turn.counts)
    }

    /// Words that are kept for a key.
    const WIDTH: usize = width(T::State::FIELDS.len());
}

/// When the key's timer is due, if that is before its next row.
fn due_before<T: Stateful>(turn: &KeyTurn, at: &[Option<i64>], row: u32) -> Option<i64> {
    if T::ORDER != Order::EventTime {
        return None;
    }
    let now = at.get(row as usize).copied().flatten();
    turn.timer.filter(|due| now >= Some(*due))
}

impl<T: Stateful> Making<T> {
    fn new(keys: usize) -> Self {
        let of_keys = if T::GIVES == Gives::Keys { keys } else { 0 };
        Self {
            bytes: Vec::new(),
            origins: Vec::with_capacity(of_keys),
            given: Vec::with_capacity(of_keys),
            rejects: Vec::new(),
        }
    }

    fn give(&mut self, origin: u32, values: <T::Writes as Writes>::Row<'static>) {
        self.origins.push(origin);
        self.given.push(values);
    }

    #[cold]
    #[inline(never)]
    fn refuse(&mut self, row: u32, reject: Reject) {
        self.rejects.push(RejectedRow { row, reason: reject.0 });
    }

    /// A key that no event was taken for, and one that is forgotten, has no state.
    #[inline]
    fn keep(&mut self, kept: &mut [u64], state: T::State, taken: bool, turn: &KeyTurn) {
        let state = (taken && !turn.forget).then_some(state);
        store(kept, &mut self.bytes, state, turn.timer);
    }

    fn finish(self, words: Vec<u64>, counts: Vec<u64>) -> KeyedPatch {
        let mut columns = Sink::new(vec![true; T::Writes::FIELDS.len()]);
        T::Writes::gather(self.given, &mut columns);
        KeyedPatch {
            kept: Kept { words, bytes: self.bytes },
            origins: self.origins,
            columns: columns.columns,
            rejects: self.rejects,
            counts,
        }
    }
}

fn times(column: &Column) -> Vec<Option<i64>> {
    let Values::S64s(values) = &column.values else { return Vec::new() };
    let valid = |row| column.validity.as_ref().is_none_or(|bytes| has(bytes, row));
    values.iter().enumerate().map(|(row, at)| valid(row).then_some(*at)).collect()
}

fn plan<T: Stateful>(plugin: &T, present: &[bool], timed: bool) -> Plan {
    let named = |fields: &[FieldSpec]| -> Vec<Field> {
        fields.iter().map(|f| Field { name: plugin.name(f.name), ..f.to_field() }).collect()
    };
    let names = |fields: &[Field]| fields.iter().map(|field| field.name.clone()).collect();
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).into()).collect();
    let mut present = present.iter();
    let mut reads = named(T::Reads::FIELDS);
    reads.retain(|_| present.next() == Some(&true));
    if timed && !reads.iter().any(|field| field.name == TIME) {
        // Behind the plugin's own, which do not look at it.
        reads.push(Field { name: TIME.into(), kind: Kind::Timestamp, optional: false });
    }
    let writes = named(T::Writes::FIELDS);
    Plan {
        flows: vec![Flow { reads: names(&reads), writes: names(&writes) }],
        reads,
        writes,
        shape: Shape::Filter,
        clears: Vec::new(),
        lookups: plugin.lookups(),
        reasons: texts(T::REASONS),
        messages: texts(T::MESSAGES),
        counters: texts(T::COUNTERS),
        state: T::State::FIELDS.iter().map(|f| f.to_field()).collect(),
        state_version: T::STATE_VERSION,
        order: T::ORDER,
        gives: T::GIVES,
    }
}
