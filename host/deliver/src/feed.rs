//! A derived topic on its way into a store.

use std::collections::BTreeMap;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::Int64Type;
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

/// A derived topic and its table.
pub struct Feed {
    pub(crate) table: Table,
    decoder: Decoder,
    pub(crate) places: BTreeMap<u32, Place>,
    pub(crate) rows: u64,
}

/// Records as rows.
pub(crate) struct Rows {
    batch: RecordBatch,
    offsets: Vec<u64>,
}

impl Feed {
    pub(crate) fn new(topic: String, partitions: u32, schema: &Schema) -> Result<Self, Error> {
        let decoder = Decoder::new(schema, &DecodeMap::as_written(schema))?;
        let table = Table { topic, partitions, schema: schema.arrow() };
        Ok(Self { table, decoder, places: BTreeMap::new(), rows: 0 })
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
        let mut offsets = Vec::new();
        for record in records {
            if let Err(reject) = self.decoder.push(&record.value) {
                // Rows before it must not stand in the next batch.
                self.decoder.finish()?;
                return Err(self.unreadable(partition, record.offset, &reject.to_string()));
            }
            offsets.push(record.offset);
        }
        Ok(Rows { batch: self.decoder.finish()?, offsets })
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
