//! A derived topic on its way into a store.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray as _, BinaryArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int64Type, SchemaRef, TimeUnit};
use event::{DecodeMap, Decoder, Schema};
use log::Record;

use crate::{Batch, Error, Table};

/// How far a topic's partition has been delivered since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The offset of the next record to read; none: the store is to be asked.
    pub next_offset: Option<u64>,
    /// Whether the last look found nothing.
    pub at_end: bool,
}

/// A topic and its table.
pub struct Feed {
    pub(crate) table: Table,
    /// None: a raw topic, whose records are kept as they came.
    decoder: Option<Decoder>,
    pub(crate) places: BTreeMap<u32, Place>,
    pub(crate) rows: u64,
}

/// Records as rows.
pub(crate) struct Rows {
    batch: RecordBatch,
    /// Of each row's record.
    pub(crate) offsets: Vec<u64>,
}

impl Feed {
    pub(crate) fn new(topic: String, partitions: u32, schema: &Schema) -> Result<Self, Error> {
        let decoder = Decoder::new(schema, &DecodeMap::as_written(schema))?;
        let table = Table { topic, partitions, schema: schema.arrow() };
        Ok(Self { table, decoder: Some(decoder), places: BTreeMap::new(), rows: 0 })
    }

    pub(crate) fn raw(topic: String, partitions: u32) -> Self {
        let table = Table { topic, partitions, schema: raw_schema() };
        Self { table, decoder: None, places: BTreeMap::new(), rows: 0 }
    }

    /// The topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.table.topic
    }

    /// How many partitions the topic has.
    #[must_use]
    pub fn partitions(&self) -> u32 {
        self.table.partitions
    }

    /// The partitions that are delivered here, by number.
    #[must_use]
    pub fn places(&self) -> &BTreeMap<u32, Place> {
        &self.places
    }

    /// Rows since the start.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    pub(crate) fn decode<'r>(
        &mut self,
        partition: u32,
        records: impl Iterator<Item = &'r Record>,
    ) -> Result<Rows, Error> {
        let Some(decoder) = &mut self.decoder else { return self.keep(partition, records) };
        let mut offsets = Vec::new();
        for record in records {
            if let Err(reject) = decoder.push(&record.value) {
                // Rows before it must not stand in the next batch.
                decoder.finish()?;
                return Err(self.unreadable(partition, record.offset, &reject.to_string()));
            }
            offsets.push(record.offset);
        }
        Ok(Rows { batch: decoder.finish()?, offsets })
    }

    /// Raw records as rows.
    fn keep<'r>(&self, partition: u32, records: impl Iterator<Item = &'r Record>) -> Result<Rows, Error> {
        let (topic, records) = (self.topic(), records.collect::<Vec<_>>());
        let id = |record: &&Record| format!("{topic}/{partition}/{}", record.offset);
        let times = || records.iter().map(|record| record.timestamp_us);
        let offsets = records.iter().map(|record| i64::try_from(record.offset).unwrap_or(i64::MAX));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(records.iter().map(id))),
            Arc::new(Int64Array::from_iter_values(times())),
            Arc::new(StringArray::from_iter_values(records.iter().map(|_| topic))),
            Arc::new(Int64Array::from_iter_values(records.iter().map(|_| i64::from(partition)))),
            Arc::new(Int64Array::from_iter_values(offsets)),
            Arc::new(TimestampMicrosecondArray::from_iter_values(times()).with_timezone("+00:00")),
            Arc::new(BinaryArray::from_iter_values(records.iter().map(|record| &record.key))),
            Arc::new(BinaryArray::from_iter_values(records.iter().map(|record| &record.value))),
        ];
        let batch = RecordBatch::try_new(self.table.schema.clone(), columns);
        let batch = batch.map_err(|_| self.unreadable(partition, 0, "its rows do not fit their table"))?;
        Ok(Rows { batch, offsets: records.iter().map(|record| record.offset).collect() })
    }

    pub(crate) fn batch<'a>(
        &'a self,
        partition: u32,
        from: u64,
        next_offset: u64,
        rows: &'a Rows,
    ) -> Result<Batch<'a>, Error> {
        let revisions = rows.batch.column_by_name("revision_us");
        let revisions = revisions.and_then(|column| column.as_primitive_opt::<Int64Type>());
        let revisions = revisions.ok_or_else(|| self.unreadable(partition, from, "it has no revision"))?;
        Ok(Batch {
            topic: &self.table.topic,
            partition,
            from,
            next_offset,
            rows: &rows.batch,
            revisions_us: revisions.values(),
            offsets: &rows.offsets,
        })
    }

    fn unreadable(&self, partition: u32, offset: u64, why: &str) -> Error {
        Error::Unreadable { topic: self.table.topic.clone(), partition, offset, why: why.into() }
    }
}

/// The columns of raw records: `timestamp` is when they were received, and `revision_us` the same.
fn raw_schema() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()));
    let fields = [
        ("id", DataType::Utf8),
        ("revision_us", DataType::Int64),
        ("topic", DataType::Utf8),
        ("partition", DataType::Int64),
        ("offset", DataType::Int64),
        ("timestamp", time),
        ("key", DataType::Binary),
        ("value", DataType::Binary),
    ];
    Arc::new(arrow::datatypes::Schema::new(fields.map(|(name, kind)| Field::new(name, kind, false)).to_vec()))
}
