//! Rows on their way: a bounded number at a time, each a prepared statement to a node that holds its place.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use deliver::{Reject, StoreError};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use scylla::client::session::Session;
use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;
use scylla::statement::prepared::PreparedStatement;

use crate::arrange::Job;
use crate::bucket::Start;
use crate::failure::{self, Verdict};
use crate::shape::{Shape, Source};
use crate::values::Values;

/// A table with its statement.
pub(crate) struct Ready {
    pub shape: Shape,
    pub insert: PreparedStatement,
}

/// A row with the values of a table's statement.
struct Row<'a> {
    shape: &'a Shape,
    columns: &'a [Values],
    row: usize,
    revision_us: i64,
    ttl_s: i32,
}

impl SerializeRow for Row<'_> {
    fn serialize(
        &self,
        _: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Result<(), SerializationError> {
        for column in &self.shape.columns {
            self.write(column.source, writer)?;
        }
        let mut number = |bytes: &[u8]| {
            writer.make_cell_writer().set_value(bytes).map(|_| ()).map_err(SerializationError::new)
        };
        number(&self.revision_us.to_be_bytes())?;
        if self.shape.days.is_some() { number(&self.ttl_s.to_be_bytes()) } else { Ok(()) }
    }

    fn is_empty(&self) -> bool {
        false
    }
}

impl Row<'_> {
    fn write(&self, source: Source, writer: &mut RowWriter<'_>) -> Result<(), SerializationError> {
        let cell = writer.make_cell_writer();
        let time_us = |index: usize| self.columns.get(index).and_then(|c| c.time_us(self.row));
        let written = match source {
            Source::Field(index) => match self.columns.get(index) {
                Some(column) if !column.is_null(self.row) => column.write(self.row, cell),
                _ => Ok(self.empty(cell)),
            },
            Source::Bucket(bucket) => match time_us(self.shape.time).and_then(|t| bucket.start(t)) {
                Some(Start::Date(days)) => cell.set_value(&days.to_be_bytes()),
                Some(Start::Millis(ms)) => cell.set_value(&ms.to_be_bytes()),
                None => Ok(self.empty(cell)),
            },
            Source::Exact(index) => match time_us(index) {
                Some(time_us) => cell.set_value(&time_us.to_be_bytes()),
                None => Ok(self.empty(cell)),
            },
            Source::Own => Ok(cell.set_unset()),
        };
        written.map(|_| ()).map_err(SerializationError::new)
    }

    /// Where rows don't change, an empty field is not written at all: a tombstone for each would make the
    /// server refuse to read a day of a series (`tombstone_failure_threshold`).
    fn empty<'w>(
        &self,
        cell: scylla::serialize::writers::CellWriter<'w>,
    ) -> scylla::serialize::writers::WrittenCellProof<'w> {
        if self.shape.revised { cell.set_null() } else { cell.set_unset() }
    }
}

/// What the server refused.
#[derive(Default)]
pub(crate) struct Refused {
    pub rejects: Vec<Reject>,
    /// Whether the reason may be a table that is no longer as it was.
    pub is_suspect: bool,
}

/// Writes rows, `concurrency` at a time, until all are or one cannot be now.
pub(crate) async fn insert(
    session: &Session,
    tables: &[Ready],
    columns: &[Values],
    revisions_us: &[i64],
    jobs: &[Job],
    concurrency: u16,
) -> Result<Refused, StoreError> {
    let next = AtomicUsize::new(0);
    let refused = Mutex::new(Refused::default());
    // Each takes the next row when its last one is done: no future is made per row.
    let worker = || async {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (Some(table), Some(revision_us)) = (tables.get(job.shape), revisions_us.get(job.row)) else {
                return Err(StoreError::Failed("a row has no table".into()));
            };
            let shape = &table.shape;
            let row = Row { shape, columns, row: job.row, revision_us: *revision_us, ttl_s: job.ttl_s };
            if let Err(error) = session.execute_unpaged(&table.insert, row).await {
                match failure::of_row(&error) {
                    Verdict::Retry(error) => return Err(error),
                    Verdict::Reject { kind, message, is_suspect } => {
                        if let Ok(mut refused) = refused.lock() {
                            refused.is_suspect |= is_suspect;
                            refused.rejects.push(Reject { row: job.row, kind, message });
                        }
                    }
                }
            }
        }
        Ok(())
    };
    let workers = usize::from(concurrency).min(jobs.len());
    let mut workers: FuturesUnordered<_> = (0..workers).map(|_| worker()).collect();
    while let Some(done) = workers.next().await {
        done?;
    }
    drop(workers);
    let mut refused = refused.into_inner().unwrap_or_default();
    refused.rejects.sort_by_key(|r| r.row);
    // A row may be in several tables.
    refused.rejects.dedup_by_key(|r| r.row);
    Ok(refused)
}
