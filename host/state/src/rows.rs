//! Keys as bytes: arrow's row format, in which they compare as their columns do.

use std::ops::Range;

use arrow::array::{ArrayRef, UInt32Array};
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, SortField};
use event::Field;
use serde_json::json;

use crate::Error;

/// Keys are in arrow's row format, which may change between its major versions, states in words: state of another
/// format is computed anew.
const FORMAT: &str = "arrow-row 60, words 1";

/// What a table's keys and states are made of.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The key's columns.
    pub key: SchemaRef,
    /// The state's fields: [`event::KeptFields::MOST`] at most.
    pub state: Vec<Field>,
    /// The plugin's own version of its state.
    pub version: u32,
}

impl Shape {
    /// What state in the log must have been written with.
    pub(crate) fn header(&self) -> Vec<u8> {
        let key: Vec<String> =
            self.key.fields().iter().map(|f| format!("{}: {}", f.name(), f.data_type())).collect();
        let state: Vec<String> = self
            .state
            .iter()
            .map(|f| format!("{}: {:?}, required: {}", f.name, f.kind, f.required))
            .collect();
        json!({"format": FORMAT, "key": key, "state": state, "version": self.version})
            .to_string()
            .into_bytes()
    }
}

/// A converter for the columns of a schema.
pub(crate) fn converter(schema: &SchemaRef) -> Result<RowConverter, Error> {
    let fields = schema.fields().iter().map(|f| SortField::new(f.data_type().clone())).collect();
    Ok(RowConverter::new(fields)?)
}

/// Keys as bytes, one behind the other.
#[derive(Default)]
pub(crate) struct Keys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Keys {
    pub(crate) fn push(&mut self, key: &[u8]) {
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len()).map(|number| self.get(number))
    }

    fn get(&self, number: usize) -> &[u8] {
        let end = |number: usize| self.ends.get(number).copied();
        let from = number.checked_sub(1).map_or(Some(0), end);
        from.zip(end(number)).and_then(|(from, to)| self.bytes.get(from..to)).unwrap_or_default()
    }
}

/// Rows put in the order of their keys.
pub struct Groups {
    /// The rows, those of one key together, otherwise in the order in which they came.
    pub order: UInt32Array,
    /// For each of them the number of its key, ascending.
    pub key_of_row: Vec<u32>,
    pub(crate) keys: Keys,
}

impl Groups {
    pub(crate) fn new(converter: &RowConverter, key: &[ArrayRef]) -> Result<Self, Error> {
        let rows = converter.convert_columns(key)?;
        // The first bytes mostly decide, and as a number they are compared at once.
        let mut order: Vec<(u64, u32)> =
            rows.iter().zip(0..).map(|(row, at)| (first_bytes(row.as_ref()), at)).collect();
        order.sort_unstable_by(|(a, at_a), (b, at_b)| {
            let rest = || rows.row(*at_a as usize).cmp(&rows.row(*at_b as usize)).then(at_a.cmp(at_b));
            a.cmp(b).then_with(rest)
        });
        let (mut keys, mut key_of_row) = (Keys::default(), Vec::with_capacity(order.len()));
        let mut last = None;
        for (_, at) in &order {
            let row = rows.row(*at as usize);
            if last != Some(row) {
                keys.push(row.as_ref());
                last = Some(row);
            }
            key_of_row.push(keys.ends.len() as u32 - 1);
        }
        let order = UInt32Array::from_iter_values(order.into_iter().map(|(_, at)| at));
        Ok(Self { order, key_of_row, keys })
    }

    /// Keys without rows.
    pub(crate) fn of_keys<'a>(sorted: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut keys = Keys::default();
        sorted.for_each(|key| keys.push(key));
        Self { order: Vec::<u32>::new().into(), key_of_row: Vec::new(), keys }
    }

    /// How many keys there are.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.keys.ends.len()
    }

    /// The bytes of a key: the same for the same values, in every run.
    #[must_use]
    pub fn key(&self, number: usize) -> &[u8] {
        self.keys.get(number)
    }

    /// Where the rows of a key lie in the order.
    #[must_use]
    pub fn rows_of(&self, number: usize) -> Range<usize> {
        let number = number as u32;
        self.key_of_row.partition_point(|k| *k < number)..self.key_of_row.partition_point(|k| *k <= number)
    }
}

/// The first eight bytes as a number that compares as they do.
fn first_bytes(row: &[u8]) -> u64 {
    let mut first = [0; 8];
    first.iter_mut().zip(row).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(first)
}
