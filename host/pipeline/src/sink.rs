//! Rows to records: a derived topic, and the two topics of dead letters.

use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Int64Type, UInt64Type};
use event::{Encoder, Kind};
use log::{Bytes, Output};

use crate::watermark::{self, Mark};
use crate::{Error, Identity};

/// The topic that says which rows were refused, where and why; no labels.
pub const DEAD_LETTERS: &str = "dead-letters";
/// The refused rows themselves, under the same keys; all labels of their source.
pub const DEAD_LETTER_ROWS: &str = "dead-letters.rows";

/// A derived topic.
pub(crate) struct Sink {
    topic: Arc<str>,
    partitions: u32,
    partition_by: String,
    encoder: Encoder,
}

impl Sink {
    pub(crate) fn new(output: &crate::Output) -> Self {
        Self {
            topic: output.topic.as_str().into(),
            partitions: output.partitions,
            partition_by: output.partition_by.clone(),
            encoder: Encoder::new(),
        }
    }

    /// Writes rows that have the columns `id`, the record's key, and `revision_us`, its timestamp.
    pub(crate) fn write(&mut self, batch: &RecordBatch, outputs: &mut Vec<Output>) -> Result<(), Error> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let unfit = || Error::File("rows without id or revision cannot be written".into());
        let ids = batch.column_by_name("id").and_then(|c| c.as_string_opt::<i32>()).ok_or_else(unfit)?;
        let at = batch.column_by_name("revision_us").and_then(|c| c.as_primitive_opt::<Int64Type>());
        let at = at.ok_or_else(unfit)?;
        let by = batch.column_by_name(&self.partition_by);
        let cells = by.and_then(|c| c.as_primitive_opt::<UInt64Type>());
        let words = by.and_then(|c| c.as_string_opt::<i32>());
        let encoded = self.encoder.encode(batch)?;
        let keys = Bytes::from_owner(ids.values().clone());
        outputs.reserve(batch.num_rows());
        for row in 0..batch.num_rows() {
            let Some(value) = encoded.get(row) else { continue };
            let range = |at: usize| ids.value_offsets().get(at).and_then(|end| usize::try_from(*end).ok());
            let (Some(from), Some(end)) = (range(row), range(row + 1)) else { continue };
            let key = keys.slice(from..end);
            let partition = if let Some(cells) = cells.filter(|c| c.is_valid(row)) {
                Identity::partition(&cells.value(row).to_be_bytes(), self.partitions)
            } else if let Some(words) = words.filter(|w| w.is_valid(row)) {
                Identity::partition(words.value(row).as_bytes(), self.partitions)
            } else {
                Identity::partition(&key, self.partitions)
            };
            outputs.push(Output {
                topic: self.topic.clone(),
                partition,
                timestamp_us: at.value(row),
                key,
                value,
            });
        }
        Ok(())
    }

    /// Tells every partition how far an input partition has come.
    pub(crate) fn mark(&self, topic: &str, partition: u32, mark: Mark, outputs: &mut Vec<Output>) {
        let (key, value) = watermark::encode(topic, partition, mark);
        let (key, value) = (Bytes::from(key), Bytes::from(value));
        let timestamp_us = mark.at_us.or(mark.floor_us).unwrap_or_default();
        outputs.extend((0..self.partitions).map(|partition| Output {
            topic: self.topic.clone(),
            partition,
            timestamp_us,
            key: key.clone(),
            value: value.clone(),
        }));
    }
}

/// One refused row.
pub(crate) struct Refused {
    /// The row's own id; none: its place in a raw topic is its id.
    pub(crate) id: Option<String>,
    pub(crate) step: Arc<str>,
    pub(crate) code: &'static str,
    pub(crate) reason: Arc<str>,
    /// The row's place in the topic that the stage reads.
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    /// The record's timestamp, in microseconds since 1970, UTC.
    pub(crate) at_us: i64,
    /// The row as it came.
    pub(crate) row: Bytes,
}

/// Where refused rows go.
pub(crate) struct DeadLetters {
    pipeline: String,
    identity: Identity,
    metadata: Arc<str>,
    rows: Arc<str>,
}

impl DeadLetters {
    pub(crate) fn new(pipeline: &str, identity: Identity) -> Self {
        let (metadata, rows) = (DEAD_LETTERS.into(), DEAD_LETTER_ROWS.into());
        Self { pipeline: pipeline.into(), identity, metadata, rows }
    }

    pub(crate) fn write(&self, topic: &str, refused: Vec<Refused>, outputs: &mut Vec<Output>) {
        let mut id = String::new();
        for refused in refused {
            let Refused { id: own, step, code, reason, partition, offset, at_us, row } = refused;
            match own {
                // Where a row lies in a derived topic is not the same in every run, its id is.
                Some(own) => self.identity.of_key(&step, own.as_bytes(), &mut id),
                None => self.identity.of_place(topic, partition, offset, &mut id),
            }
            let metadata = serde_json::json!({
                "id": id, "pipeline": self.pipeline, "step": *step, "code": code, "reason": *reason,
                "topic": topic, "partition": partition, "offset": offset, "revision_us": at_us,
            });
            let mut push = |topic: &Arc<str>, value: Bytes| {
                let key = id.clone().into();
                outputs.push(Output { topic: topic.clone(), partition: 0, timestamp_us: at_us, key, value });
            };
            push(&self.metadata, metadata.to_string().into());
            push(&self.rows, row);
        }
    }
}

/// Dead letters of rows that stores refuse.
pub struct StoreLetters(DeadLetters);

/// A row that a store refuses.
pub struct RefusedRow<'a> {
    /// The store's name.
    pub store: &'a str,
    /// The store's name for the error.
    pub kind: &'a str,
    /// What the store says, which may quote the row: it stays with it.
    pub message: &'a str,
    /// The derived topic.
    pub topic: &'a str,
    /// Its partition.
    pub partition: u32,
    /// The record.
    pub record: &'a log::Record,
}

/// What is kept of a refused row.
#[derive(serde::Serialize)]
struct Kept<'a> {
    store: &'a str,
    message: &'a str,
    row: Option<&'a serde_json::value::RawValue>,
}

impl StoreLetters {
    /// Of a pipeline.
    #[must_use]
    pub fn new(pipeline: &str, identity: Identity) -> Self {
        Self(DeadLetters::new(pipeline, identity))
    }

    /// The dead letter of a row: none of one that is a dead letter itself, which stays where it lies.
    #[must_use]
    pub fn write(&self, row: &RefusedRow<'_>) -> Vec<Output> {
        let mut outputs = Vec::new();
        if row.topic == DEAD_LETTERS {
            return outputs;
        }
        // Byte by byte, as a number must not lose its last digits.
        let came = serde_json::from_slice(&row.record.value).ok();
        let kept = Kept { store: row.store, message: row.message, row: came };
        // Texts and what was JSON before: there is nothing that could fail.
        let kept = serde_json::to_vec(&kept).unwrap_or_default();
        let refused = Refused {
            id: Some(String::from_utf8_lossy(&row.record.key).into_owned()),
            step: format!("store {}", row.store).into(),
            code: "VG4016",
            reason: row.kind.into(),
            partition: row.partition,
            offset: row.record.offset,
            at_us: row.record.timestamp_us,
            row: kept.into(),
        };
        self.0.write(row.topic, vec![refused], &mut outputs);
        outputs
    }
}

/// The schema of [`DEAD_LETTERS`].
#[must_use]
pub fn dead_letter_schema() -> event::Schema {
    let field = |(name, kind): (&str, Kind)| event::Field {
        name: name.into(),
        kind,
        required: true,
        labels: Default::default(),
    };
    let texts = ["id", "pipeline", "step", "code", "reason", "topic"].map(|n| (n, Kind::Utf8));
    let numbers = ["partition", "offset", "revision_us"].map(|n| (n, Kind::Int64));
    event::Schema { fields: texts.into_iter().chain(numbers).map(field).collect() }
}
