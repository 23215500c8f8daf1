//! Columns to JSON, an object a row.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, UInt64Type};
use arrow::json::LineDelimitedWriter;

use crate::Error;

/// Writes batches into a buffer that it keeps.
#[derive(Default)]
pub struct Encoder {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// The rows of one batch.
pub struct Encoded<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl Encoder {
    /// An encoder with an empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a batch; missing values are left out, times are RFC 3339, uint64 is hexadecimal text.
    ///
    /// # Errors
    /// [`Error::Arrow`].
    pub fn encode(&mut self, batch: &RecordBatch) -> Result<Encoded<'_>, Error> {
        self.bytes.clear();
        self.ends.clear();
        let batch = with_hexadecimals(batch)?;
        let mut writer = LineDelimitedWriter::new(&mut self.bytes);
        writer.write(&batch)?;
        writer.finish()?;
        // Inside JSON strings a line feed is always escaped, so each one ends a row.
        self.ends.extend(self.bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i));
        Ok(Encoded { bytes: &self.bytes, ends: &self.ends })
    }
}

/// The batch with text in place of each column of uint64.
fn with_hexadecimals(batch: &RecordBatch) -> Result<RecordBatch, Error> {
    let schema = batch.schema();
    if !schema.fields().iter().any(|f| *f.data_type() == DataType::UInt64) {
        return Ok(batch.clone());
    }
    let pair = |(field, column): (&Arc<Field>, &ArrayRef)| match column.as_primitive_opt::<UInt64Type>() {
        None => (field.clone(), column.clone()),
        Some(bits) => {
            let mut texts = StringBuilder::with_capacity(bits.len(), bits.len() * 16);
            for bits in bits {
                // Writing to a builder cannot fail; the value ends with `append_value`.
                if let Some(bits) = bits {
                    let _ = write!(texts, "{bits:x}");
                    texts.append_value("");
                } else {
                    texts.append_null();
                }
            }
            let field = Arc::new(Field::new(field.name(), DataType::Utf8, field.is_nullable()));
            (field, Arc::new(texts.finish()) as ArrayRef)
        }
    };
    let (fields, columns): (Vec<_>, Vec<_>) = schema.fields().iter().zip(batch.columns()).map(pair).unzip();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

impl<'a> Encoded<'a> {
    /// Row `row` without its line feed.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&'a [u8]> {
        let from = match row.checked_sub(1) {
            Some(before) => self.ends.get(before)? + 1,
            None => 0,
        };
        self.bytes.get(from..*self.ends.get(row)?)
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}
