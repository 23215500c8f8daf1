//! Runs a plugin natively, as the host would, so that `cargo test` needs neither wasm nor host.

use std::cell::RefCell;
use std::collections::BTreeMap;

pub use crate::bindings::vigie::plugin::types::Column;
use crate::bindings::vigie::plugin::types::{Blob, Patch, Plan, Setup, Text, Values};
use crate::keyed_bindings::vigie::plugin::keyed::{Kept, KeyedPatch, KeyedRows};
use crate::state::{STATE, StateCell as _, TIMER, width};
use crate::{Field, KeyedStep, Kind, Problem, Stateful, Step, Timestamp, Transform, problem};

/// A value of a test's column.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// A `boolean`.
    Bool(bool),
    /// An `int64`, or a `timestamp` in microseconds.
    Int(i64),
    /// A `uint64`.
    Uint(u64),
    /// A `float64`.
    Float(f64),
    /// A `utf8`.
    Text(String),
    /// A `binary`.
    Bytes(Vec<u8>),
}

macro_rules! value_from {
    ($($type:ty, $kind:ident, $convert:expr;)*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                $convert(value)
            }
        }

        impl Cell for $type {
            const KIND: Kind = Kind::$kind;
            const OPTIONAL: bool = false;
        }
    )*};
}

/// A Rust type that a test's column can be made of.
pub trait Cell: Into<Value> {
    /// The kind of the column.
    const KIND: Kind;
    /// Whether it may have nulls.
    const OPTIONAL: bool;
}

value_from! {
    bool, Boolean, Value::Bool;
    i64, Int64, Value::Int;
    u64, Uint64, Value::Uint;
    f64, Float64, Value::Float;
    Timestamp, Timestamp, |time: Timestamp| Value::Int(time.0);
    &str, Utf8, |text: &str| Value::Text(text.into());
    String, Utf8, Value::Text;
    Vec<u8>, Binary, Value::Bytes;
}

impl<T: Cell> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Cell> Cell for Option<T> {
    const KIND: Kind = T::KIND;
    const OPTIONAL: bool = true;
}

/// A field that reaches the step, with its values.
#[derive(Clone, Debug)]
pub struct InputColumn {
    field: Field,
    rows: usize,
    column: Column,
}

/// A column of a test: `column("lat", [Some(52.5), None])`. Without `Option` it is a required field.
pub fn column<T: Cell>(name: &str, values: impl IntoIterator<Item = T>) -> InputColumn {
    let values: Vec<Value> = values.into_iter().map(Into::into).collect();
    let field = Field { name: name.into(), kind: T::KIND, optional: T::OPTIONAL };
    InputColumn { rows: values.len(), column: encode(T::KIND, T::OPTIONAL, &values), field }
}

/// What became of a batch.
#[derive(Debug)]
pub struct Outcome {
    /// What the plugin said that it does.
    pub plan: Plan,
    /// What it gave, as the contract has it.
    pub patch: Patch,
    rows: usize,
}

impl Outcome {
    /// The values of a written field; none if the plan does not have it. Those of refused rows are
    /// in it, and mean nothing; of a plugin that leaves events out only those that go on are.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<Vec<Value>> {
        let at = self.plan.writes.iter().position(|field| field.name == name)?;
        let (field, column) = (self.plan.writes.get(at)?, self.patch.columns.get(at)?);
        Some((0..self.rows).map(|row| decode_written(field, column, row)).collect())
    }

    /// Refused rows, each with its reason in words.
    #[must_use]
    pub fn rejects(&self) -> Vec<(u32, &str)> {
        let reason = |index: u32| self.plan.reasons.get(index as usize).map_or("", String::as_str);
        self.patch.rejects.iter().map(|reject| (reject.row, reason(reject.reason))).collect()
    }

    /// A counter by its name.
    #[must_use]
    pub fn count(&self, name: &str) -> Option<u64> {
        let at = self.plan.counters.iter().position(|counter| counter == name)?;
        self.patch.counts.get(at).copied()
    }
}

/// Configures a plugin and runs a batch through it. `config` is the step's `with`, as JSON.
///
/// # Errors
/// The plugin's problems with its configuration or input, or a breach of the contract, with the path
/// `test`.
pub fn run<T: Transform>(config: &str, input: &[InputColumn]) -> Result<Outcome, Vec<Problem>> {
    let fields = input.iter().map(|column| column.field.clone()).collect();
    let setup = Setup { config: config.into(), input: fields, key: Vec::new(), windowed: false };
    let (mut step, plan) = Step::<T>::configure(&setup)?;
    let rows = input.first().map_or(0, |column| column.rows);
    if input.iter().any(|column| column.rows != rows) {
        return Err(breach("the columns have different numbers of rows"));
    }
    let find = |read: &Field| input.iter().find(|column| column.field.name == read.name);
    let columns = plan.reads.iter().filter_map(find).map(|column| column.column.clone()).collect();
    let patch = step.transform(u32::try_from(rows).unwrap_or(u32::MAX), columns);
    check(&plan, &patch)?;
    let rows = patch.rows.as_ref().map_or(rows, Vec::len);
    Ok(Outcome { plan, patch, rows })
}

/// What answers a plugin's questions under test. What a test does not expect has no answer.
pub trait Host {
    /// A log line.
    fn log(&mut self, message: u32, events: u64) {
        let _ = (message, events);
    }
    /// Columns of a table for keys.
    fn find(&mut self, table: &str, keys: &Column) -> Vec<Column> {
        let _ = (table, keys);
        Vec::new()
    }
    /// Fences for points.
    fn fences(&mut self, table: &str, lat: &[f64], lng: &[f64]) -> Column {
        let _ = (table, lng);
        answers(lat.iter().map(|_| None::<String>))
    }
    /// Nearest places and their distances for points.
    fn nearest(&mut self, table: &str, lat: &[f64], lng: &[f64], within_m: f64) -> (Column, Column) {
        let _ = (table, lng, within_m);
        (answers(lat.iter().map(|_| None::<String>)), answers(lat.iter().map(|_| None::<f64>)))
    }
    /// Cells for points.
    fn cells(&mut self, lat: &[f64], lng: &[f64], resolution: u8) -> Vec<u64> {
        let _ = (lng, resolution);
        vec![0; lat.len()]
    }
    /// Pseudonyms for the values of a field.
    fn pseudonyms(&mut self, field: &str) -> Column {
        let _ = field;
        answers(std::iter::empty::<Option<String>>())
    }
}

struct Nothing;

impl Host for Nothing {}

std::thread_local! {
    static HOST: RefCell<Box<dyn Host>> = RefCell::new(Box::new(Nothing));
}

/// Answers for a [`Host`] to give.
pub fn answers<T: Cell>(values: impl IntoIterator<Item = T>) -> Column {
    let values: Vec<Value> = values.into_iter().map(Into::into).collect();
    encode(T::KIND, T::OPTIONAL, &values)
}

/// The values of a column that a [`Host`] is asked with.
#[must_use]
pub fn values(column: &Column) -> Vec<Value> {
    let rows = match &column.values {
        Values::U8s(values) => values.len(),
        Values::S64s(values) => values.len(),
        Values::U64s(values) => values.len(),
        Values::F64s(values) => values.len(),
        Values::Text(text) => text.ends.len(),
        Values::Blob(blob) => blob.ends.len(),
    };
    (0..rows).map(|row| decode(column, row)).collect()
}

/// Lets this host answer the plugins of this thread from now on.
pub fn set_host(host: impl Host + 'static) {
    HOST.set(Box::new(host));
}

#[cfg_attr(target_arch = "wasm32", allow(dead_code))]
pub(crate) fn asked<T>(ask: impl FnOnce(&mut dyn Host) -> T) -> T {
    HOST.with_borrow_mut(|host| ask(host.as_mut()))
}

/// A stateful plugin under test, with the state of its keys, which are called by texts.
pub struct Keyed<T: Stateful> {
    step: KeyedStep<T>,
    /// What the plugin said that it does.
    pub plan: Plan,
    states: BTreeMap<String, (Vec<Value>, Option<i64>)>,
}

/// An output row of a stateful plugin: its key, and the written values in the plan's order.
pub type KeyedRow = (String, Vec<Value>);

/// What became of rows or timers.
#[derive(Debug, PartialEq)]
pub struct KeyedResult {
    /// Output rows.
    pub given: Vec<KeyedRow>,
    /// Refused rows, each with its reason in words; rows are counted as they were given.
    pub rejects: Vec<(u32, String)>,
    /// The counters, in the order of `COUNTERS`.
    pub counts: Vec<u64>,
}

impl<T: Stateful> Keyed<T> {
    /// Configures the plugin for rows of these fields (the columns' values do not matter).
    ///
    /// # Errors
    /// The plugin's problems with its configuration or input.
    pub fn configure(config: &str, windowed: bool, input: &[InputColumn]) -> Result<Self, Vec<Problem>> {
        let fields = input.iter().map(|column| column.field.clone()).collect();
        let setup = Setup { config: config.into(), input: fields, key: vec!["key".into()], windowed };
        let (step, plan) = KeyedStep::<T>::configure(&setup)?;
        Ok(Self { step, plan, states: BTreeMap::new() })
    }

    /// A key's state, in the order of its fields.
    #[must_use]
    pub fn state(&self, key: &str) -> Option<&[Value]> {
        self.states.get(key).map(|(state, _)| state.as_slice())
    }

    /// A key's timer.
    #[must_use]
    pub fn timer(&self, key: &str) -> Option<i64> {
        self.states.get(key).and_then(|(_, timer)| *timer)
    }

    /// Folds rows, each of the key that stands at its place in `keys`.
    pub fn fold(&mut self, keys: &[&str], input: &[InputColumn]) -> KeyedResult {
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by_key(|row| keys.get(*row));
        let mut distinct: Vec<&str> = keys.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let number = |row: &usize| {
            let key = keys.get(*row).copied().unwrap_or_default();
            distinct.binary_search(&key).map_or(0, |n| n as u32)
        };
        let pick = |read: &Field| {
            let column = &input.iter().find(|column| column.field.name == read.name)?.column;
            let values: Vec<Value> = order.iter().map(|row| decode(column, *row)).collect();
            Some(encode(read.kind, true, &values))
        };
        let kept = self.lend(&distinct);
        let patch = self.step.fold(KeyedRows {
            rows: keys.len() as u32,
            columns: self.plan.reads.iter().filter_map(pick).collect(),
            key_of_row: order.iter().map(number).collect(),
            keys: Vec::new(),
            kept,
        });
        let by_row = self.plan.gives == crate::Gives::Rows;
        let key_of = |origin: u32| match order.get(origin as usize) {
            Some(row) if by_row => keys.get(*row).copied().unwrap_or_default(),
            _ => distinct.get(origin as usize).copied().unwrap_or_default(),
        };
        let result = self.result(&patch, &key_of, &|row| order.get(row as usize).map_or(row, |r| *r as u32));
        self.take(&distinct, &patch);
        result
    }

    /// Fires the timers of keys.
    pub fn fire(&mut self, at: Timestamp, keys: &[&str]) -> KeyedResult {
        let patch = self.step.fire(&vec![at.0; keys.len()], self.lend(keys));
        let key_of = |origin: u32| keys.get(origin as usize).copied().unwrap_or_default();
        let result = self.result(&patch, &key_of, &|row| row);
        self.take(keys, &patch);
        result
    }

    fn lend(&self, keys: &[&str]) -> Kept {
        let mut kept = Kept { words: Vec::new(), bytes: Vec::new() };
        for key in keys {
            let Some((state, timer)) = self.states.get(*key) else {
                kept.words.extend(vec![0; width(self.plan.state.len())]);
                continue;
            };
            let at = kept.words.len();
            let mut bits = STATE | if timer.is_some() { TIMER } else { 0 };
            kept.words.extend([0, timer.unwrap_or_default().cast_unsigned()]);
            for (value, bit) in state.iter().zip(2..) {
                let word = to_word(value, &mut kept.bytes);
                bits |= u64::from(word.is_some()) << bit;
                kept.words.push(word.unwrap_or_default());
            }
            if let Some(first) = kept.words.get_mut(at) {
                *first = bits;
            }
        }
        kept
    }

    fn take(&mut self, keys: &[&str], patch: &KeyedPatch) {
        let Kept { words, bytes } = &patch.kept;
        for (key, row) in keys.iter().zip(words.chunks_exact(width(self.plan.state.len()))) {
            let [bits, timer, fields @ ..] = row else { continue };
            if bits & STATE == 0 {
                self.states.remove(*key);
                continue;
            }
            let field = |(at, (field, word)): (usize, (&Field, &u64))| {
                if bits >> (at + 2) & 1 == 1 { of_word(field.kind, *word, bytes) } else { Value::Null }
            };
            let state = self.plan.state.iter().zip(fields).enumerate().map(field).collect();
            let timer = (bits & TIMER != 0).then(|| timer.cast_signed());
            self.states.insert((*key).into(), (state, timer));
        }
    }

    fn result<'k>(
        &self,
        patch: &KeyedPatch,
        key_of: &dyn Fn(u32) -> &'k str,
        row_of: &dyn Fn(u32) -> u32,
    ) -> KeyedResult {
        let written = || self.plan.writes.iter().zip(&patch.columns);
        let values =
            |row: usize| written().map(|(field, column)| decode_written(field, column, row)).collect();
        let given = patch.origins.iter().enumerate();
        let reason = |index: u32| self.plan.reasons.get(index as usize).cloned().unwrap_or_default();
        KeyedResult {
            given: given.map(|(row, origin)| (key_of(*origin).into(), values(row))).collect(),
            rejects: patch.rejects.iter().map(|r| (row_of(r.row), reason(r.reason))).collect(),
            counts: patch.counts.clone(),
        }
    }
}

/// What the SDK cannot rule out by types.
fn check(plan: &Plan, patch: &Patch) -> Result<(), Vec<Problem>> {
    if patch.counts.len() != plan.counters.len() {
        return Err(breach("a counter was used that is not in COUNTERS"));
    }
    if patch.rejects.iter().any(|reject| reject.reason as usize >= plan.reasons.len()) {
        return Err(breach("a reject was used that is not in REASONS"));
    }
    Ok(())
}

fn breach(message: &str) -> Vec<Problem> {
    vec![problem("test", message)]
}

macro_rules! pick {
    ($values:expr, $variant:ident) => {
        $values.iter().map(|v| if let Value::$variant(v) = v { *v } else { Default::default() }).collect()
    };
}

fn to_word(value: &Value, bytes: &mut Vec<u8>) -> Option<u64> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => value.store(bytes),
        Value::Int(value) => value.store(bytes),
        Value::Uint(value) => value.store(bytes),
        Value::Float(value) => value.store(bytes),
        Value::Text(value) => value.clone().store(bytes),
        Value::Bytes(value) => value.clone().store(bytes),
    })
}

fn of_word(kind: Kind, word: u64, bytes: &[u8]) -> Value {
    match kind {
        Kind::Boolean => Value::Bool(word != 0),
        Kind::Int64 | Kind::Timestamp => Value::Int(word.cast_signed()),
        Kind::Uint64 => Value::Uint(word),
        Kind::Float64 => Value::Float(f64::from_bits(word)),
        Kind::Utf8 => Value::Text(String::load(word, bytes)),
        Kind::Binary => Value::Bytes(Vec::load(word, bytes)),
    }
}

fn encode(kind: Kind, optional: bool, values: &[Value]) -> Column {
    let column = match kind {
        Kind::Boolean => {
            Values::U8s(values.iter().map(|value| u8::from(*value == Value::Bool(true))).collect())
        }
        Kind::Int64 | Kind::Timestamp => Values::S64s(pick!(values, Int)),
        Kind::Uint64 => Values::U64s(pick!(values, Uint)),
        Kind::Float64 => Values::F64s(pick!(values, Float)),
        Kind::Utf8 => Values::Text(encode_text(values)),
        Kind::Binary => Values::Blob(encode_bytes(values)),
    };
    let bit = |(at, value): (usize, &Value)| u8::from(*value != Value::Null) << at;
    let byte = |eight: &[Value]| eight.iter().enumerate().map(bit).sum();
    Column { values: column, validity: optional.then(|| values.chunks(8).map(byte).collect()) }
}

fn encode_text(values: &[Value]) -> Text {
    let mut text = Text { chars: String::new(), ends: Vec::new() };
    for value in values {
        if let Value::Text(value) = value {
            text.chars.push_str(value);
        }
        text.ends.push(u32::try_from(text.chars.len()).unwrap_or(u32::MAX));
    }
    text
}

fn encode_bytes(values: &[Value]) -> Blob {
    let mut blob = Blob { bytes: Vec::new(), ends: Vec::new() };
    for value in values {
        if let Value::Bytes(value) = value {
            blob.bytes.extend(value);
        }
        blob.ends.push(u32::try_from(blob.bytes.len()).unwrap_or(u32::MAX));
    }
    blob
}

/// As [`decode`]; the SDK gives text as bytes, which the host checks.
fn decode_written(field: &Field, column: &Column, row: usize) -> Value {
    match decode(column, row) {
        Value::Bytes(bytes) if field.kind == Kind::Utf8 => {
            String::from_utf8(bytes).map_or(Value::Null, Value::Text)
        }
        value => value,
    }
}

fn decode(column: &Column, row: usize) -> Value {
    let valid = |bytes: &Vec<u8>| bytes.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1);
    if !column.validity.as_ref().is_none_or(valid) {
        return Value::Null;
    }
    let span = |ends: &[u32]| {
        let from = row.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied())?;
        Some(from as usize..*ends.get(row)? as usize)
    };
    let value = match &column.values {
        Values::U8s(values) => values.get(row).map(|value| Value::Bool(*value != 0)),
        Values::S64s(values) => values.get(row).copied().map(Value::Int),
        Values::U64s(values) => values.get(row).copied().map(Value::Uint),
        Values::F64s(values) => values.get(row).copied().map(Value::Float),
        Values::Text(text) => {
            span(&text.ends).and_then(|at| text.chars.get(at)).map(|text| Value::Text(text.into()))
        }
        Values::Blob(blob) => {
            span(&blob.ends).and_then(|at| blob.bytes.get(at)).map(|bytes| Value::Bytes(bytes.into()))
        }
    };
    value.unwrap_or(Value::Null)
}
