//! A searchable store on one SQLite file: upserts by key and revision, full text, boxes in space.
//!
//! Rows are written with the cursors that they move, in one transaction, so a repeat changes
//! nothing. Knows nothing of pipelines and logs.

mod query;
mod table;

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use deliver::{Batch, Reject, Store, StoreError};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

pub use query::{Table, Value};
use table::Columns;

const BUSY: Duration = Duration::from_secs(10);

/// What can go wrong with a store. No message holds a stored value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file or the disk below.
    #[error("VG4001: the store cannot be used: {0}")]
    Io(String),
    /// A table that does not fit what is to be written.
    #[error("VG4002: table {table}: {why}")]
    Schema {
        /// The table.
        table: String,
        /// What does not fit.
        why: String,
    },
    /// A query that does more than read.
    #[error("VG4003: only one SELECT over the store's tables is allowed: {0}")]
    Refused(String),
    /// A query that cannot be run.
    #[error("VG4004: the query failed: {0}")]
    Query(String),
    /// A query that ran for too long.
    #[error("VG4005: the query took longer than 10 s and was stopped; narrow it")]
    TooLong,
}

fn io(error: rusqlite::Error) -> Error {
    Error::Io(error.to_string())
}

/// A store on one file.
pub struct EmbeddedStore {
    connection: Connection,
    /// By their topics.
    tables: BTreeMap<String, Columns>,
}

impl EmbeddedStore {
    /// Opens or makes the file, readable by its owner alone.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|e| Error::Io(format!("{}: {e}", path.display())))?;
        let connection = Connection::open(path).map_err(io)?;
        connection.busy_timeout(BUSY).map_err(io)?;
        connection.pragma_update(None, "journal_mode", "wal").map_err(io)?;
        // What a power cut takes away is delivered again: the cursor goes with the rows.
        connection.pragma_update(None, "synchronous", "normal").map_err(io)?;
        connection.set_prepared_statement_cache_capacity(32);
        connection
            .execute_batch(
                "create table if not exists _cursors (topic text, partition integer, next integer not null, \
                 primary key (topic, partition)) strict, without rowid",
            )
            .map_err(io)?;
        Ok(Self { connection, tables: BTreeMap::new() })
    }

    /// Opens the file to ask it.
    ///
    /// # Errors
    /// [`Error::Io`], if there is no such file for one.
    pub fn open_read_only(path: &Path) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(io)?;
        connection.busy_timeout(BUSY).map_err(io)?;
        query::restrict(&mut connection).map_err(io)?;
        Ok(Self { connection, tables: BTreeMap::new() })
    }

    /// Runs one SELECT; at most `max_rows` rows, for at most 10 s.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Query`], [`Error::TooLong`].
    pub fn query(&mut self, sql: &str, max_rows: usize) -> Result<Table, Error> {
        query::run(&mut self.connection, sql, max_rows)
    }
}

impl EmbeddedStore {
    /// The table of a derived topic.
    fn table(&self, topic: &str) -> Result<&Columns, Error> {
        self.tables
            .get(topic)
            .ok_or_else(|| Error::Schema { table: topic.into(), why: "was not made ready".into() })
    }

    fn begin(&mut self) -> Result<(), Error> {
        match self.connection.is_autocommit() {
            true => self.connection.execute_batch("begin immediate").map_err(io),
            false => Ok(()),
        }
    }

    fn set_cursor(&self, topic: &str, partition: u32, next_offset: u64) -> Result<(), Error> {
        let next = i64::try_from(next_offset).unwrap_or(i64::MAX);
        let set = self.connection.prepare_cached("insert or replace into _cursors values (?, ?, ?)");
        set.and_then(|mut statement| statement.execute(params![topic, partition, next])).map_err(io)?;
        Ok(())
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self::Own(Box::new(error))
    }
}

impl Store for EmbeddedStore {
    // A column `text` gets a full-text index (`TABLE_text`), columns `lat` and `lng` an index of boxes
    // (`TABLE_place`); columns that a table lacks are added.
    fn open(&mut self, tables: &[deliver::Table]) -> Result<(), StoreError> {
        for table in tables {
            let columns = Columns::new(&table.topic.replace(['-', '.'], "_"), &table.schema, &["id"])?;
            columns.create(&self.connection)?;
            self.tables.insert(table.topic.clone(), columns);
        }
        Ok(())
    }

    fn cursor(&mut self, topic: &str, partition: u32) -> Result<Option<u64>, StoreError> {
        let next: Option<i64> = self
            .connection
            .prepare_cached("select next from _cursors where topic = ? and partition = ?")
            .and_then(|mut s| s.query_row(params![topic, partition], |row| row.get(0)).optional())
            .map_err(io)?;
        Ok(next.map(|n| u64::try_from(n).unwrap_or(0)))
    }

    // Rows and cursors of all partitions since the last flush share a transaction.
    fn write(&mut self, batch: &Batch<'_>) -> Result<Vec<Reject>, StoreError> {
        self.begin()?;
        self.table(batch.topic)?.write(&self.connection, batch.rows, batch.revisions_us)?;
        self.set_cursor(batch.topic, batch.partition, batch.next_offset)?;
        Ok(Vec::new())
    }

    fn flush(&mut self, _: bool) -> Result<(), StoreError> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("commit").map_err(io)?;
        }
        Ok(())
    }

    fn forget(&mut self) {
        if !self.connection.is_autocommit() {
            // It fails only where there is nothing to take back any more.
            let _ = self.connection.execute_batch("rollback");
        }
    }

    fn rewind(&mut self, topic: &str, partition: u32, next_offset: u64) -> Result<(), StoreError> {
        Ok(self.set_cursor(topic, partition, next_offset)?)
    }
}

#[cfg(test)]
mod tests;
