//! Columns to JSON, an object a row.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, UInt64Type};
use arrow::json::LineDelimitedWriter;
use bytes::Bytes;

use crate::Error;

/// Writes batches, each into memory that its rows share.
#[derive(Default)]
pub struct Encoder {
    /// What the largest batch took.
    most_bytes: usize,
}

/// The rows of one batch.
pub struct Encoded {
    bytes: Bytes,
    ends: Vec<usize>,
}

impl Encoder {
    /// An encoder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a batch; missing values are left out, times are RFC 3339, uint64 is hexadecimal text.
    ///
    /// # Errors
    /// [`Error::Arrow`].
    pub fn encode(&mut self, batch: &RecordBatch) -> Result<Encoded, Error> {
        let mut bytes = Vec::with_capacity(self.most_bytes);
        let batch = with_hexadecimals(batch)?;
        let mut writer = LineDelimitedWriter::new(&mut bytes);
        writer.write(&batch)?;
        writer.finish()?;
        self.most_bytes = self.most_bytes.max(bytes.len());
        // Inside JSON strings a line feed is always escaped, so each one ends a row.
        let mut ends = Vec::with_capacity(batch.num_rows());
        ends.extend(memchr::memchr_iter(b'\n', &bytes));
        Ok(Encoded { bytes: bytes.into(), ends })
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
            let mut digits = [0; 16];
            for bits in bits {
                // There is room for two digits a byte, and digits are text.
                let written =
                    bits.and_then(|bits| hex::encode_to_slice(bits.to_be_bytes(), &mut digits).ok());
                let text = written.and_then(|()| std::str::from_utf8(&digits).ok());
                texts.append_option(text.map(|text| match text.trim_start_matches('0') {
                    "" => "0",
                    digits => digits,
                }));
            }
            let field = Arc::new(Field::new(field.name(), DataType::Utf8, field.is_nullable()));
            (field, Arc::new(texts.finish()) as ArrayRef)
        }
    };
    let (fields, columns): (Vec<_>, Vec<_>) = schema.fields().iter().zip(batch.columns()).map(pair).unzip();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

impl Encoded {
    /// Row `row` without its line feed.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<Bytes> {
        let from = match row.checked_sub(1) {
            Some(before) => self.ends.get(before)? + 1,
            None => 0,
        };
        let end = *self.ends.get(row)?;
        (from <= end).then(|| self.bytes.slice(from..end))
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
