//! Runs a plugin natively, as the host would, so that `cargo test` needs neither wasm nor host.

use crate::bindings::vigie::plugin::types::{Column, Patch, Plan, Setup, Text, Values};
use crate::{Field, Kind, Problem, Step, Timestamp, Transform, problem};

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
    /// in it, and mean nothing.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<Vec<Value>> {
        let at = self.plan.writes.iter().position(|field| field.name == name)?;
        let column = self.patch.columns.get(at)?;
        Some((0..self.rows).map(|row| decode(column, row)).collect())
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
    Ok(Outcome { plan, patch, rows })
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

fn encode(kind: Kind, optional: bool, values: &[Value]) -> Column {
    let column = match kind {
        Kind::Boolean => {
            Values::U8s(values.iter().map(|value| u8::from(*value == Value::Bool(true))).collect())
        }
        Kind::Int64 | Kind::Timestamp => Values::S64s(pick!(values, Int)),
        Kind::Uint64 => Values::U64s(pick!(values, Uint)),
        Kind::Float64 => Values::F64s(pick!(values, Float)),
        Kind::Utf8 | Kind::Binary => Values::Text(encode_text(values)),
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
