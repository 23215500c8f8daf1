//! What a store is, and how it is fed from derived topics: a cursor for each partition, which moves with
//! or behind the rows.
//!
//! Knows nothing of any real store or log, nor of pipelines.

pub mod store;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use event::{DecodeMap, Decoder, Schema};
use log::{Log, Most, Record};

/// How far a topic's partition has been delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The topic.
    pub topic: String,
    /// Its partition.
    pub partition: u32,
    /// The offset of the next record to deliver.
    pub next_offset: u64,
}

/// A store: tables of rows by key, which may be written again and again.
pub trait Store {
    /// What can go wrong with it. No message holds a stored value.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Makes a table for a schema, or finds it as it should be. `key` names the columns that identify a row.
    ///
    /// # Errors
    /// [`Self::Error`].
    fn ensure_table(&mut self, name: &str, schema: &SchemaRef, key: &[&str]) -> Result<(), Self::Error>;
    /// Writes rows, then moves the cursor. A row replaces one of the same key only where its revision is
    /// not lower.
    ///
    /// # Errors
    /// [`Self::Error`]: then some of the rows may be written; the cursor has moved only if all are.
    fn upsert(
        &mut self,
        table: &str,
        batch: &RecordBatch,
        revisions: &[i64],
        cursor: &Cursor,
    ) -> Result<(), Self::Error>;
    /// The next offset to deliver of a partition; none: nothing was delivered yet.
    ///
    /// # Errors
    /// [`Self::Error`].
    fn cursor(&self, topic: &str, partition: u32) -> Result<Option<u64>, Self::Error>;
}

/// What can go wrong with a delivery. No message holds a value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store.
    #[error("{0}")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The log.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// A schema.
    #[error(transparent)]
    Event(#[from] event::Error),
    /// A record of a derived topic that was not written by this pipeline.
    #[error("VG0008: {topic} {partition}:{offset} cannot be read back: {why}")]
    Unreadable {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// The record's offset.
        offset: u64,
        /// A fixed text.
        why: String,
    },
}

fn of_store(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Store(Box::new(error))
}

/// How far a partition has been delivered since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The offset of the next record to deliver; none: nobody has looked yet.
    pub next_offset: Option<u64>,
    /// Whether the last look found nothing.
    pub at_end: bool,
}

/// A derived topic and its table.
pub struct Feed {
    topic: String,
    table: String,
    decoder: Decoder,
    places: Vec<Place>,
    rows: u64,
}

/// All feeds of one store.
pub struct Delivery<S> {
    store: S,
    feeds: Vec<Feed>,
    skips: fn(&Record) -> bool,
    /// Rows since the start.
    pub delivered: u64,
}

impl<S: Store> Delivery<S> {
    /// Makes the store ready for topics, each with its partitions and fields; `skips` knows the records
    /// that are no rows.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Event`].
    pub fn open(
        mut store: S,
        topics: Vec<(String, u32, Schema)>,
        skips: fn(&Record) -> bool,
    ) -> Result<Self, Error> {
        let feed = |(topic, partitions, schema): (String, u32, Schema)| {
            let table = topic.replace(['-', '.'], "_");
            store.ensure_table(&table, &schema.arrow(), &["id"]).map_err(of_store)?;
            let decoder = Decoder::new(&schema, &DecodeMap::as_written(&schema))?;
            let places = (0..partitions).map(|_| Place::default()).collect();
            Ok(Feed { topic, table, decoder, places, rows: 0 })
        };
        let feeds = topics.into_iter().map(feed).collect::<Result<_, Error>>()?;
        Ok(Self { store, feeds, skips, delivered: 0 })
    }

    /// The store.
    pub fn store(&mut self) -> &mut S {
        &mut self.store
    }

    /// The topics, each with how far it has been delivered.
    #[must_use]
    pub fn feeds(&self) -> &[Feed] {
        &self.feeds
    }

    /// Moves each cursor on by at most a batch; false where every cursor is at its end.
    ///
    /// # Errors
    /// [`Error`]: what was not delivered is delivered by the next call.
    pub fn deliver(&mut self, log: &dyn Log, most: Most) -> Result<bool, Error> {
        let mut busy = false;
        for feed in &mut self.feeds {
            for partition in (0..).take(feed.places.len()) {
                // A new store begins with what retention has left.
                let from = match self.store.cursor(&feed.topic, partition).map_err(of_store)? {
                    Some(from) => from,
                    None => log.start_offset(&feed.topic, partition)?,
                };
                let batch = log.read(&feed.topic, partition, from, most)?;
                let Some(last) = batch.last() else {
                    feed.set(partition, Place { next_offset: Some(from), at_end: true });
                    continue;
                };
                let next_offset = last.offset + 1;
                let rows = feed.decode(partition, batch.iter().filter(|record| !(self.skips)(record)))?;
                let revisions = rows.column_by_name("revision_us");
                let revisions = revisions.and_then(|c| c.as_primitive_opt::<Int64Type>());
                let revisions =
                    revisions.ok_or_else(|| feed.unreadable(partition, from, "it has no revision"))?;
                let cursor = Cursor { topic: feed.topic.clone(), partition, next_offset };
                self.store.upsert(&feed.table, &rows, revisions.values(), &cursor).map_err(of_store)?;
                feed.set(partition, Place { next_offset: Some(next_offset), at_end: false });
                feed.rows += rows.num_rows() as u64;
                self.delivered += rows.num_rows() as u64;
                busy = true;
            }
        }
        Ok(busy)
    }
}

impl Feed {
    /// The topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Its partitions, by number.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Rows since the start.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn set(&mut self, partition: u32, place: Place) {
        if let Some(known) = self.places.get_mut(partition as usize) {
            *known = place;
        }
    }

    fn decode<'r>(
        &mut self,
        partition: u32,
        records: impl Iterator<Item = &'r Record>,
    ) -> Result<RecordBatch, Error> {
        for record in records {
            if let Err(reject) = self.decoder.push(&record.value) {
                // Rows before it must not stand in the next batch.
                self.decoder.finish()?;
                return Err(self.unreadable(partition, record.offset, &reject.to_string()));
            }
        }
        Ok(self.decoder.finish()?)
    }

    fn unreadable(&self, partition: u32, offset: u64, why: &str) -> Error {
        Error::Unreadable { topic: self.topic.clone(), partition, offset, why: why.into() }
    }
}
