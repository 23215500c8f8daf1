//! Keys and states as bytes: arrow's row format, in which keys compare as their columns do.

use std::ops::Range;

use arrow::array::{ArrayRef, UInt32Array};
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, SortField};
use serde_json::json;

use crate::Error;

/// The row format may change between arrow's major versions: state of another one is computed anew.
const FORMAT: &str = "arrow-row 60";

/// The columns of a table's keys and states.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The key's columns.
    pub key: SchemaRef,
    /// The state's columns.
    pub state: SchemaRef,
    /// The plugin's own version of its state.
    pub version: u32,
}

impl Shape {
    /// What state in the log must have been written with.
    pub(crate) fn header(&self) -> Vec<u8> {
        let fields = |schema: &SchemaRef| -> Vec<String> {
            schema.fields().iter().map(|f| format!("{}: {}", f.name(), f.data_type())).collect()
        };
        let (key, state) = (fields(&self.key), fields(&self.state));
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

/// Rows put in the order of their keys.
pub struct Groups {
    /// The rows, those of one key together, otherwise in the order in which they came.
    pub order: UInt32Array,
    /// For each of them the number of its key, ascending.
    pub key_of_row: Vec<u32>,
    pub(crate) keys: Vec<Box<[u8]>>,
}

impl Groups {
    pub(crate) fn new(converter: &RowConverter, key: &[ArrayRef]) -> Result<Self, Error> {
        let rows = converter.convert_columns(key)?;
        let mut order: Vec<u32> = (0..rows.num_rows() as u32).collect();
        order.sort_by(|a, b| rows.row(*a as usize).cmp(&rows.row(*b as usize)));
        let (mut keys, mut key_of_row): (Vec<Box<[u8]>>, _) = (Vec::new(), Vec::with_capacity(order.len()));
        for row in &order {
            let row = rows.row(*row as usize);
            if keys.last().is_none_or(|last| **last != *row.as_ref()) {
                keys.push(row.as_ref().into());
            }
            key_of_row.push(keys.len() as u32 - 1);
        }
        Ok(Self { order: UInt32Array::from(order), key_of_row, keys })
    }

    /// How many keys there are.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// The bytes of a key: the same for the same values, in every run.
    #[must_use]
    pub fn key(&self, number: usize) -> &[u8] {
        self.keys.get(number).map_or(&[], |key| key)
    }

    /// Where the rows of a key lie in the order.
    #[must_use]
    pub fn rows_of(&self, number: usize) -> Range<usize> {
        let number = number as u32;
        self.key_of_row.partition_point(|k| *k < number)..self.key_of_row.partition_point(|k| *k <= number)
    }
}
