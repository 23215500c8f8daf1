//! Rows on their way: a bounded number of requests at a time, each with prepared statements, to a node that has
//! the first of its rows.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use deliver::{Reject, StoreError};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use scylla::client::session::Session;
use scylla::cluster::ClusterState;
use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::prepared::PreparedStatement;
use tokio::sync::Semaphore;

use crate::arrange::Job;
use crate::bucket::Start;
use crate::failure::{self, Verdict};
use crate::requests;
use crate::shape::{Shape, Source};
use crate::values::Values;

/// A table with its statement.
pub(crate) struct Ready {
    pub shape: Shape,
    insert: PreparedStatement,
    /// By how many rows there are in it.
    batches: Vec<Batch>,
}

impl Ready {
    pub(crate) fn new(shape: Shape, insert: PreparedStatement) -> Self {
        let batch = |rows| {
            let statement = BatchStatement::PreparedStatement(insert.clone());
            // Rows are written again where one of them was not: they need not be there all or not at all.
            let mut batch = Batch::new_with_statements(BatchType::Unlogged, vec![statement; rows]);
            batch.set_is_idempotent(true);
            batch
        };
        let batches = (0..=requests::MOST_ROWS).map(batch).collect();
        Self { shape, insert, batches }
    }
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

/// What decides on which nodes a row lies.
struct Key<'a>(&'a Row<'a>);

impl SerializeRow for Key<'_> {
    fn serialize(
        &self,
        _: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Result<(), SerializationError> {
        let shape = self.0.shape;
        shape.columns.iter().take(shape.partition).try_for_each(|column| self.0.write(column.source, writer))
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

/// Rows to be written.
pub(crate) struct Insert<'a> {
    pub session: &'a Session,
    pub keyspace: &'a str,
    /// One for each request that may be on its way.
    pub permits: &'a Semaphore,
    pub tables: &'a [Ready],
    pub columns: &'a [Values],
    pub revisions_us: &'a [i64],
}

impl Insert<'_> {
    /// Writes rows, `concurrency` requests at a time, until all are or one cannot be now.
    pub(crate) async fn run(&self, mut jobs: Vec<Job>, concurrency: u16) -> Result<Refused, StoreError> {
        let cluster = self.session.get_cluster_state();
        let requests = requests::requests(
            &mut jobs,
            |job| self.home(&cluster, job),
            |shape| self.tables.get(shape).map_or(0, |table| table.shape.columns.len()),
        );
        let (jobs, next, refused) = (&jobs, AtomicUsize::new(0), Mutex::new(Refused::default()));
        // Each takes the next request when its last one is done: no future is made per request.
        let worker = || async {
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                // It is never closed. Batches that are on their way take turns.
                let _permit = self.permits.acquire().await;
                self.send(jobs.get(request.clone()).unwrap_or_default(), &refused).await?;
            }
            Ok(())
        };
        let workers = usize::from(concurrency).min(requests.len());
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

    fn row(&self, job: &Job) -> Option<Row<'_>> {
        let shape = &self.tables.get(job.shape)?.shape;
        let revision_us = *self.revisions_us.get(job.row)?;
        Some(Row { shape, columns: self.columns, row: job.row, revision_us, ttl_s: job.ttl_s })
    }

    fn home(&self, cluster: &ClusterState, job: &Job) -> usize {
        let row = self.row(job);
        row.map_or(0, |row| requests::home(cluster, self.keyspace, &row.shape.table, &Key(&row)))
    }

    /// Sends rows of one table together, and one by one where the server will not have them.
    async fn send(&self, jobs: &[Job], refused: &Mutex<Refused>) -> Result<(), StoreError> {
        let rows: Option<Vec<Row<'_>>> = jobs.iter().map(|job| self.row(job)).collect();
        let table = jobs.first().and_then(|job| self.tables.get(job.shape));
        let (Some(rows), Some(table)) = (rows, table) else {
            return Err(StoreError::Failed("a row has no table".into()));
        };
        if let Some(batch) = table.batches.get(jobs.len()).filter(|_| jobs.len() > 1) {
            match self.session.batch(batch, &rows).await.map_err(|error| failure::of_row(&error)) {
                Ok(_) => return Ok(()),
                Err(Verdict::Retry(error)) => return Err(error),
                // Which of them is to blame nobody says.
                Err(Verdict::Reject { .. }) => {}
            }
        }
        for row in rows {
            let number = row.row;
            let Err(error) = self.session.execute_unpaged(&table.insert, row).await else { continue };
            match failure::of_row(&error) {
                Verdict::Retry(error) => return Err(error),
                Verdict::Reject { kind, message, is_suspect } => {
                    if let Ok(mut refused) = refused.lock() {
                        refused.is_suspect |= is_suspect;
                        refused.rejects.push(Reject { row: number, kind, message });
                    }
                }
            }
        }
        Ok(())
    }
}
