//! A configured stateful plugin: its plan, and the loop over the keys of a batch.

use crate::bindings::vigie::plugin::types::Reject as RejectedRow;
use crate::bindings::vigie::plugin::types::{Column, Flow, Plan, Setup, Shape, Values};
use crate::keyed_bindings::vigie::plugin::keyed::{KeyedPatch, KeyedRows};
use crate::step::present;
use crate::{
    Field, FieldSpec, FromConfig, Gives, KeyTurn, Kind, Order, Problem, Reads, Sink, Source, Stateful, Turn,
    Writes,
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
    states: <T::State as Writes>::Columns,
    timers: Vec<Option<i64>>,
    deleted: Vec<u32>,
    origins: Vec<u32>,
    columns: <T::Writes as Writes>::Columns,
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
        let keys = count(&batch.timers);
        let old = Old::<T>::new(batch.states, keys);
        let timers = times(&batch.timers);
        let events = T::Reads::columns(&mut Source::new(batch.columns, self.present.clone()));
        let mut making = Making::<T>::new(keys);
        let mut turn = KeyTurn { turn: Turn::new(T::COUNTERS.len()), ..KeyTurn::default() };
        let mut rows = (0..batch.rows).zip(&batch.key_of_row).peekable();
        for key in 0..keys as u32 {
            let mut state = old.state(key as usize);
            let mut taken = state.is_some();
            let state = state.get_or_insert_default();
            (turn.timer, turn.forget) = (timers.get(key as usize).copied().flatten(), false);
            while let Some((row, _)) = rows.next_if(|(_, of)| **of == key) {
                turn.turn.row = row as usize;
                // A timer may set the next one, which may be due as well.
                let now = at.get(row as usize).copied().flatten();
                while let Some(due) = turn.timer.filter(|due| now >= Some(*due)) {
                    self.fire_between(key, state, due, &mut turn, &mut making);
                    taken = true;
                }
                match self.plugin.event(state, T::Reads::row(&events, row as usize), &mut turn) {
                    Ok(values) => {
                        taken = true;
                        if let (Gives::Rows, Some(values)) = (T::GIVES, values) {
                            making.give(row, values);
                        }
                    }
                    Err(reject) => making.rejects.push(RejectedRow { row, reason: reject.0 }),
                }
            }
            if let (Gives::Keys, true, Some(values)) = (T::GIVES, taken, self.plugin.early(state)) {
                making.give(key, values);
            }
            making.keep(key, std::mem::take(state), taken, &turn);
        }
        making.finish(turn.turn.counts)
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
    pub fn fire(&mut self, at: &[i64], states: Vec<Column>) -> KeyedPatch {
        let old = Old::<T>::new(states, at.len());
        let mut making = Making::<T>::new(at.len());
        let mut turn = KeyTurn { turn: Turn::new(T::COUNTERS.len()), ..KeyTurn::default() };
        for (key, at) in (0_u32..).zip(at) {
            let mut state = old.state(key as usize).unwrap_or_default();
            (turn.timer, turn.forget) = (None, false);
            let values = self.plugin.fire(&mut state, crate::Timestamp(*at), &mut turn);
            if let (Gives::Keys, Some(values)) = (T::GIVES, values) {
                making.give(key, values);
            }
            making.keep(key, state, true, &turn);
        }
        making.finish(turn.turn.counts)
    }
}

/// The states that came in.
struct Old<T: Stateful> {
    columns: <T::State as Reads>::Columns,
    /// Keys that have a state: those where a field of it has a value.
    present: Vec<bool>,
}

impl<T: Stateful> Old<T> {
    fn new(states: Vec<Column>, keys: usize) -> Self {
        let bit = |bytes: &[u8], key: usize| bytes.get(key / 8).is_some_and(|b| b >> (key % 8) & 1 == 1);
        let valid = |column: &Column, key| column.validity.as_ref().is_none_or(|bytes| bit(bytes, key));
        let present = (0..keys).map(|key| states.iter().any(|column| valid(column, key))).collect();
        let fields = states.len();
        Self { columns: <T::State as Reads>::columns(&mut Source::new(states, vec![true; fields])), present }
    }

    fn state(&self, key: usize) -> Option<T::State> {
        self.present.get(key).is_some_and(|p| *p).then(|| T::State::row(&self.columns, key))
    }
}

impl<T: Stateful> Making<T> {
    fn new(keys: usize) -> Self {
        Self {
            states: <T::State as Writes>::columns(keys),
            timers: Vec::with_capacity(keys),
            deleted: Vec::new(),
            origins: Vec::new(),
            columns: T::Writes::columns(keys),
            rejects: Vec::new(),
        }
    }

    fn give(&mut self, origin: u32, values: <T::Writes as Writes>::Row<'static>) {
        self.origins.push(origin);
        T::Writes::push(&mut self.columns, values);
    }

    /// A key that no event was taken for, and one that is forgotten, has no state.
    fn keep(&mut self, key: u32, state: T::State, taken: bool, turn: &KeyTurn) {
        if taken && !turn.forget {
            T::State::push(&mut self.states, state);
            self.timers.push(turn.timer);
        } else {
            T::State::skip(&mut self.states);
            self.timers.push(None);
            self.deleted.push(key);
        }
    }

    fn finish(self, counts: Vec<u64>) -> KeyedPatch {
        let mut states = Sink::new(vec![true; <T::State as Writes>::FIELDS.len()]);
        T::State::finish(self.states, &mut states);
        let mut columns = Sink::new(vec![true; T::Writes::FIELDS.len()]);
        T::Writes::finish(self.columns, &mut columns);
        let set = |at: (usize, &Option<i64>)| u8::from(at.1.is_some()) << at.0;
        let validity = self.timers.chunks(8).map(|eight| eight.iter().enumerate().map(set).sum()).collect();
        let timers = self.timers.iter().map(|t| t.unwrap_or_default()).collect();
        KeyedPatch {
            states: states.columns,
            deleted: self.deleted,
            timers: Column { values: Values::S64s(timers), validity: Some(validity) },
            origins: self.origins,
            columns: columns.columns,
            rejects: self.rejects,
            counts,
        }
    }
}

fn count(timers: &Column) -> usize {
    if let Values::S64s(values) = &timers.values { values.len() } else { 0 }
}

fn times(timers: &Column) -> Vec<Option<i64>> {
    let Values::S64s(values) = &timers.values else { return Vec::new() };
    let bit = |bytes: &Vec<u8>, key: usize| bytes.get(key / 8).is_some_and(|b| b >> (key % 8) & 1 == 1);
    let valid = |key| timers.validity.as_ref().is_none_or(|bytes| bit(bytes, key));
    values.iter().enumerate().map(|(key, at)| valid(key).then_some(*at)).collect()
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
        state: <T::State as Writes>::FIELDS.iter().map(|f| f.to_field()).collect(),
        state_version: T::STATE_VERSION,
        order: T::ORDER,
        gives: T::GIVES,
    }
}
