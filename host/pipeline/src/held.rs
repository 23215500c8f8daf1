//! Rows that wait for the watermark, in the order of event time and id.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::TimestampMicrosecondType;
use event::Encoder;
use log::{Bytes, StateChange};

use crate::Error;

/// By time, id and offset; each row with the batch that it came in.
#[derive(Default)]
pub(crate) struct Held {
    rows: BTreeMap<(i64, String, u64), (Arc<RecordBatch>, usize)>,
}

/// Rows in order, each with its offset in the topic.
pub(crate) struct Ordered {
    pub(crate) batch: RecordBatch,
    pub(crate) offsets: Vec<u64>,
}

impl Held {
    /// Takes rows, each with its offset and with its record's value, which is what the log keeps.
    pub(crate) fn add<'a>(
        &mut self,
        table: &Arc<str>,
        batch: RecordBatch,
        rows: impl Iterator<Item = (u64, &'a Bytes)>,
        changes: &mut Vec<StateChange>,
    ) -> Result<(), Error> {
        let batch = Arc::new(batch);
        let (times, ids) = times_and_ids(&batch)?;
        for (row, (offset, value)) in rows.enumerate() {
            let (at, id) = (times.value(row), ids.value(row));
            self.rows.insert((at, id.into(), offset), (batch.clone(), row));
            let (table, key) = (table.clone(), Bytes::copy_from_slice(&offset.to_be_bytes()));
            changes.push(StateChange { table, key, value: Some(value.clone()) });
        }
        Ok(())
    }

    /// Gives the rows before a time, in order; none if there are none. Rows at that time may still be
    /// joined by others.
    pub(crate) fn release(
        &mut self,
        table: &Arc<str>,
        before_us: i64,
        changes: &mut Vec<StateChange>,
    ) -> Result<Option<Ordered>, Error> {
        let rest = self.rows.split_off(&(before_us, String::new(), 0));
        let released = std::mem::replace(&mut self.rows, rest);
        if released.is_empty() {
            return Ok(None);
        }
        let mut batches: Vec<Arc<RecordBatch>> = Vec::new();
        let (mut picks, mut offsets) =
            (Vec::with_capacity(released.len()), Vec::with_capacity(released.len()));
        for ((_, _, offset), (batch, row)) in released {
            // Rows released together came in few batches, and mostly in the last one looked at.
            let at = match batches.iter().rposition(|b| Arc::ptr_eq(b, &batch)) {
                Some(at) => at,
                None => {
                    batches.push(batch);
                    batches.len() - 1
                }
            };
            picks.push((at, row));
            offsets.push(offset);
            changes.push(StateChange {
                table: table.clone(),
                key: Bytes::copy_from_slice(&offset.to_be_bytes()),
                value: None,
            });
        }
        let batches: Vec<&RecordBatch> = batches.iter().map(AsRef::as_ref).collect();
        Ok(Some(Ordered { batch: interleave_record_batch(&batches, &picks)?, offsets }))
    }

    /// Gives each row's offset and its record's value, as it is written in a topic.
    pub(crate) fn encoded(&self, each: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>) -> Result<(), Error> {
        let mut encoder = Encoder::new();
        for ((_, _, offset), (batch, row)) in &self.rows {
            let encoded = encoder.encode(&batch.slice(*row, 1))?;
            each(*offset, &encoded.get(0).unwrap_or_default()).map_err(Error::Snapshot)?;
        }
        Ok(())
    }
}

fn times_and_ids(
    batch: &RecordBatch,
) -> Result<(&arrow::array::TimestampMicrosecondArray, &arrow::array::StringArray), Error> {
    let times = batch.column_by_name("timestamp");
    let times = times.and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>());
    let ids = batch.column_by_name("id").and_then(|c| c.as_string_opt::<i32>());
    times.zip(ids).ok_or_else(|| Error::File("rows without id or timestamp cannot be held".into()))
}
