//! What a store is.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

/// What a store holds of one derived topic.
#[derive(Clone, Debug)]
pub struct Table {
    /// The derived topic, as `crisis.v1.events`.
    pub topic: String,
    /// The topic's partitions.
    pub partitions: u32,
    /// The columns of its rows. Each has `id`, a text that names the row, and `revision_us`.
    pub schema: SchemaRef,
}

/// Rows of one partition of a topic, in the order of their offsets.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The derived topic.
    pub topic: &'a str,
    /// Its partition.
    pub partition: u32,
    /// The offset of the first record that was read for this, which may have been no row.
    pub from: u64,
    /// The offset of the next record to deliver.
    pub next_offset: u64,
    /// Rows, with the columns of the table's schema.
    pub rows: &'a RecordBatch,
    /// Of each row, in µs since 1970: a row replaces one of the same id only where its revision is not lower.
    pub revisions_us: &'a [i64],
    /// Of each row's record.
    pub offsets: &'a [u64],
}

/// A row that the store will never take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Its number in the batch.
    pub row: usize,
    /// The store's name for the error, or ours: no value is in it.
    pub kind: String,
    /// What the store says, which may hold values of the row.
    pub message: String,
}

/// What can go wrong with a store. No message holds a stored value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not answer, or says that it cannot now; ask again, later.
    #[error("VG4010: the store does not answer: {0}")]
    Away(String),
    /// It is asked for too much at once; ask again with less, later.
    #[error("VG4011: the store is asked for too much at once: {0}")]
    TooMuch(String),
    /// It does not let this program in.
    #[error("VG4012: the store does not let this program in: {0}")]
    Refused(String),
    /// It holds a table otherwise than it is wanted.
    #[error("VG4013: table {table} in the store: {why}")]
    Differs {
        /// The store's name for the table.
        table: String,
        /// What is other than wanted.
        why: String,
    },
    /// It is not the store that was written to, or was emptied since.
    #[error("VG4014: this is not the store that was written to: {0}")]
    Foreign(String),
    /// It cannot be used.
    #[error("VG4015: the store cannot be used: {0}")]
    Failed(String),
    /// What only this kind of store can say, with a code of its own.
    #[error(transparent)]
    Own(Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Whether the same may succeed later, without anybody's doing.
    #[must_use]
    pub fn is_retry(&self) -> bool {
        matches!(self, Self::Away(_) | Self::TooMuch(_))
    }
}

/// How far a store has come with batches that it was given.
#[derive(Debug, PartialEq, Eq)]
pub enum Begun {
    /// They are written, or held until a [`Store::flush`]; of each the rows that it will never take.
    Done(Vec<Vec<Reject>>),
    /// Rows are on their way: [`Store::settle`] tells what became of them.
    OnTheirWay,
}

/// A store: tables of rows by id, which may be written again and again, and cursors.
pub trait Store: Send {
    /// Makes ready for these tables, whose places in the store exist already (`vigie stores migrate`) or, where
    /// the store makes them by itself, are made; checks that it is the store that was written to.
    ///
    /// # Errors
    /// [`StoreError`]: [`StoreError::Differs`] where a table is not as it should be.
    fn open(&mut self, tables: &[Table]) -> Result<(), StoreError>;

    /// Which store it is, once it was opened: to be kept, and expected at the next start, so that one that was emptied
    /// or exchanged is known. None: nothing else can be taken for it.
    fn id(&self) -> Option<&str> {
        None
    }

    /// Makes the places of these tables, or changes them so that they hold what is wanted; says what was done, a line
    /// for each change. What rows there are stays.
    ///
    /// # Errors
    /// [`StoreError`]: [`StoreError::Differs`] where a table cannot be changed to what is wanted.
    fn migrate(&mut self, tables: &[Table]) -> Result<Vec<String>, StoreError> {
        self.open(tables).map(|()| Vec::new())
    }

    /// Takes a store for the right one that was emptied, restored or exchanged: makes what it lacks, and marks it. What it
    /// has stays, its cursors too.
    ///
    /// # Errors
    /// As [`Self::migrate`].
    fn adopt(&mut self, tables: &[Table]) -> Result<(), StoreError> {
        self.migrate(tables).map(drop)
    }

    /// The next offset to deliver of a partition: what lies before it is in the store for good. None: nothing was
    /// delivered yet.
    ///
    /// # Errors
    /// [`StoreError`].
    fn cursor(&mut self, topic: &str, partition: u32) -> Result<Option<u64>, StoreError>;

    /// Takes rows. It writes them, or holds them until a [`Self::flush`]; which of them it will never take it says.
    /// Writing a batch again changes nothing. No cursor moves. Nothing that was begun may be on its way.
    ///
    /// # Errors
    /// [`StoreError`]: then some of the rows may be written; what was taken since the last flush is given again.
    fn write(&mut self, batch: &Batch<'_>) -> Result<Vec<Reject>, StoreError>;

    /// Takes batches of one topic, each of another partition: together, where each request costs. It may come back while some
    /// of their rows are on their way, so that the next ones are read meanwhile; a store does so always or never, as a cursor
    /// must not pass rows that are.
    ///
    /// # Errors
    /// As [`Self::write`], also of what was begun before.
    fn begin(&mut self, batches: &[Batch<'_>]) -> Result<Begun, StoreError> {
        batches.iter().map(|batch| self.write(batch)).collect::<Result<_, _>>().map(Begun::Done)
    }

    /// Waits for those of the batches on their way that were begun first; of each the rows that it will never take.
    ///
    /// # Errors
    /// As [`Self::write`].
    fn settle(&mut self) -> Result<Vec<Vec<Reject>>, StoreError> {
        Ok(Vec::new())
    }

    /// Writes what it has held for as long as it may, or all, and moves the cursors behind what is written for good and
    /// settled.
    ///
    /// # Errors
    /// [`StoreError`]: then what lies behind the cursors is given again.
    fn flush(&mut self, all: bool) -> Result<(), StoreError>;

    /// Drops what it holds: it is given again, from the cursors on.
    fn forget(&mut self) {}

    /// Sets a partition's cursor, forwards or back.
    ///
    /// # Errors
    /// [`StoreError`].
    fn rewind(&mut self, topic: &str, partition: u32, next_offset: u64) -> Result<(), StoreError>;
}

impl<S: Store + ?Sized> Store for Box<S> {
    fn open(&mut self, tables: &[Table]) -> Result<(), StoreError> {
        (**self).open(tables)
    }

    fn id(&self) -> Option<&str> {
        (**self).id()
    }

    fn migrate(&mut self, tables: &[Table]) -> Result<Vec<String>, StoreError> {
        (**self).migrate(tables)
    }

    fn adopt(&mut self, tables: &[Table]) -> Result<(), StoreError> {
        (**self).adopt(tables)
    }

    fn cursor(&mut self, topic: &str, partition: u32) -> Result<Option<u64>, StoreError> {
        (**self).cursor(topic, partition)
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<Vec<Reject>, StoreError> {
        (**self).write(batch)
    }

    fn begin(&mut self, batches: &[Batch<'_>]) -> Result<Begun, StoreError> {
        (**self).begin(batches)
    }

    fn settle(&mut self) -> Result<Vec<Vec<Reject>>, StoreError> {
        (**self).settle()
    }

    fn flush(&mut self, all: bool) -> Result<(), StoreError> {
        (**self).flush(all)
    }

    fn forget(&mut self) {
        (**self).forget();
    }

    fn rewind(&mut self, topic: &str, partition: u32, next_offset: u64) -> Result<(), StoreError> {
        (**self).rewind(topic, partition, next_offset)
    }
}
