//! Columns to JSON, an object a row.

use arrow::array::RecordBatch;
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

    /// Writes a batch; missing values are left out, times are RFC 3339.
    ///
    /// # Errors
    /// [`Error::Arrow`].
    pub fn encode(&mut self, batch: &RecordBatch) -> Result<Encoded<'_>, Error> {
        self.bytes.clear();
        self.ends.clear();
        let mut writer = LineDelimitedWriter::new(&mut self.bytes);
        writer.write(batch)?;
        writer.finish()?;
        // Inside JSON strings a line feed is always escaped, so each one ends a row.
        self.ends.extend(self.bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i));
        Ok(Encoded { bytes: &self.bytes, ends: &self.ends })
    }
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
