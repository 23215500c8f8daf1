//! The store itself: a driver on a thread of its own, the tables of each topic, the cursors.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use deliver::{Batch, Begun, Reject, Store, StoreError, Table};
use scylla::client::session::Session;
use tokio::sync::Semaphore;

use crate::arrange::{self, Arranged};
use crate::connect::connect;
use crate::cursors::{self, Cursor, Cursors};
use crate::insert::{Insert, Ready};
use crate::options::Options;
use crate::runtime::{Runtime, Work};
use crate::schema;
use crate::shape::{self, Shape};

/// A store on Cassandra.
pub struct CassandraStore {
    runtime: Runtime,
    options: Arc<Options>,
    store_id: Option<String>,
    session: Option<Arc<Session>>,
    open: Option<Arc<Open>>,
    /// By topic and partition: the epoch in which its cursor is written.
    epochs: BTreeMap<(String, u32), i64>,
    /// By topic and partition: where the cursor goes with the next flush.
    moved: BTreeMap<(String, u32), u64>,
    /// Batches that are on their way, those that were given together.
    begun: VecDeque<Vec<Write>>,
    expired: u64,
}

/// A batch on its way: what the server refused, and how many rows were over.
struct Write {
    work: Work<(Vec<Reject>, u64)>,
    topic: String,
    partition: u32,
    next_offset: u64,
}

/// What is known once the tables are.
struct Open {
    session: Arc<Session>,
    options: Arc<Options>,
    id: String,
    topics: BTreeMap<String, Vec<Ready>>,
    cursors: Cursors,
    /// For each request that may be on its way, whatever batch it is of.
    permits: Semaphore,
}

impl CassandraStore {
    /// A store that is not connected yet: [`Store::open`] does that, and [`Self::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Failed`]: settings that cannot be.
    pub fn new(options: Options) -> Result<Self, StoreError> {
        options.check()?;
        Ok(Self {
            runtime: Runtime::start()?,
            store_id: options.store_id.clone(),
            options: Arc::new(options),
            session: None,
            open: None,
            epochs: BTreeMap::new(),
            moved: BTreeMap::new(),
            begun: VecDeque::new(),
            expired: 0,
        })
    }

    /// Rows that were not written, as their life was over, since the start; one that was delivered again is
    /// counted again.
    #[must_use]
    pub fn expired(&self) -> u64 {
        self.expired
    }

    fn session(&mut self) -> Result<Arc<Session>, StoreError> {
        if let Some(session) = &self.session {
            return Ok(session.clone());
        }
        let options = self.options.clone();
        let session = Arc::new(self.runtime.run(async move { connect(&options).await })?);
        self.session = Some(session.clone());
        Ok(session)
    }

    fn opened(&self) -> Result<Arc<Open>, StoreError> {
        self.open.clone().ok_or_else(|| StoreError::Failed("it was not opened".into()))
    }

    /// The cursor as it is in the store; its epoch is kept for writing.
    fn read_cursor(&mut self, topic: &str, partition: u32) -> Result<Option<Cursor>, StoreError> {
        let (open, name, number) = (self.opened()?, topic.to_owned(), signed(partition)?);
        let read = async move { open.cursors.read(&open.session, &name, number).await };
        let cursor = self.runtime.run(read)?;
        self.epochs.insert((topic.to_owned(), partition), cursor.map_or(0, |c| c.epoch));
        Ok(cursor)
    }

    fn write_cursor(&mut self, topic: &str, partition: u32, cursor: Cursor) -> Result<(), StoreError> {
        let (open, name, number) = (self.opened()?, topic.to_owned(), signed(partition)?);
        self.runtime.run(async move { open.cursors.write(&open.session, &name, number, cursor).await })?;
        self.epochs.insert((topic.to_owned(), partition), cursor.epoch);
        self.moved.remove(&(topic.to_owned(), partition));
        Ok(())
    }

    /// Begins to write a batch.
    fn start(&self, batch: &Batch<'_>) -> Result<Write, StoreError> {
        let open = self.opened()?;
        let rows = batch.rows.clone();
        let (topic, revisions_us) = (batch.topic.to_owned(), batch.revisions_us.to_vec());
        let work = async move {
            let tables = open.topics.get(&topic);
            let tables = tables.ok_or_else(|| StoreError::Failed(format!("{topic} was not made ready")))?;
            let unfit = || StoreError::Failed(format!("a batch has not the columns of {topic}"));
            let columns = arrange::columns(&rows).ok_or_else(unfit)?;
            if revisions_us.len() != rows.num_rows() || !fits(tables, columns.len()) {
                return Err(unfit());
            }
            let shapes: Vec<&Shape> = tables.iter().map(|t| &t.shape).collect();
            let most = open.options.max_row_bytes as usize;
            let Arranged { jobs, too_large, expired } =
                arrange::arrange(&shapes, &columns, &revisions_us, now_us(), most);
            let concurrency = open.options.concurrency;
            let (session, keyspace) = (&*open.session, open.options.keyspace.as_str());
            let permits = &open.permits;
            let (columns, revisions_us) = (columns.as_slice(), revisions_us.as_slice());
            let insert = Insert { session, keyspace, permits, tables, columns, revisions_us };
            let mut refused = insert.run(jobs, concurrency).await?;
            if refused.is_suspect {
                // A table that was dropped or altered refuses every row: those are not to blame.
                open.check().await?;
            }
            refused.rejects.extend(too_large.into_iter().map(|(row, bytes)| Reject {
                row,
                kind: "TooLarge".into(),
                message: format!("its values take {bytes} bytes, more than `max_row_bytes` ({most})"),
            }));
            refused.rejects.sort_by_key(|r| r.row);
            Ok((refused.rejects, expired))
        };
        let (work, topic) = (self.runtime.begin(work), batch.topic.to_owned());
        Ok(Write { work, topic, partition: batch.partition, next_offset: batch.next_offset })
    }

    /// Waits until a batch is written; what the server refused.
    fn end(&mut self, write: Write) -> Result<Vec<Reject>, StoreError> {
        let Write { work, topic, partition, next_offset } = write;
        let (rejects, expired) = work.wait()?;
        self.expired += expired;
        self.moved.insert((topic, partition), next_offset);
        Ok(rejects)
    }
}

impl Store for CassandraStore {
    fn open(&mut self, tables: &[Table]) -> Result<(), StoreError> {
        let topics = shapes(&self.options, tables)?;
        let (session, options, expected) = (self.session()?, self.options.clone(), self.store_id.clone());
        let open = self.runtime.run(open(session, options, expected, topics)).inspect_err(|_| {
            // The next one reads the files again, and looks for the nodes' addresses.
            self.session = None;
        })?;
        self.store_id = Some(open.id.clone());
        self.open = Some(Arc::new(open));
        // What another process did since is not known.
        self.epochs.clear();
        self.forget();
        Ok(())
    }

    fn id(&self) -> Option<&str> {
        self.store_id.as_deref()
    }

    // Keyspace, tables, columns that tables lack, and the marker.
    fn migrate(&mut self, tables: &[Table]) -> Result<Vec<String>, StoreError> {
        let topics = shapes(&self.options, tables)?;
        let (session, options) = (self.session()?, self.options.clone());
        self.runtime.run(async move {
            let own = cursors::shapes();
            let statements = schema::migrate(&session, &options, &all(&topics, &own)).await?;
            cursors::mark(&session, &options.keyspace).await?;
            Ok(statements)
        })
    }

    fn cursor(&mut self, topic: &str, partition: u32) -> Result<Option<u64>, StoreError> {
        Ok(self.read_cursor(topic, partition)?.map(|c| c.next_offset))
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<Vec<Reject>, StoreError> {
        let write = self.start(batch)?;
        self.end(write)
    }

    fn begin(&mut self, batches: &[Batch<'_>]) -> Result<Begun, StoreError> {
        let started = batches.iter().map(|batch| self.start(batch)).collect::<Result<_, _>>()?;
        self.begun.push_back(started);
        Ok(Begun::OnTheirWay)
    }

    fn settle(&mut self) -> Result<Vec<Vec<Reject>>, StoreError> {
        let begun = self.begun.pop_front().unwrap_or_default();
        begun.into_iter().map(|write| self.end(write)).collect()
    }

    fn flush(&mut self, _all: bool) -> Result<(), StoreError> {
        // Rows are written already, so only the cursors are left: one statement for each partition.
        while let Some(((topic, partition), next_offset)) =
            self.moved.first_key_value().map(|(place, next_offset)| (place.clone(), *next_offset))
        {
            let epoch = match self.epochs.get(&(topic.clone(), partition)) {
                Some(epoch) => *epoch,
                None => self.read_cursor(&topic, partition)?.map_or(0, |c| c.epoch),
            };
            self.write_cursor(&topic, partition, Cursor { next_offset, epoch })?;
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.begun.clear();
        self.moved.clear();
    }

    fn rewind(&mut self, topic: &str, partition: u32, next_offset: u64) -> Result<(), StoreError> {
        let epoch = self.read_cursor(topic, partition)?.map_or(0, |c| c.epoch) + 1;
        self.write_cursor(topic, partition, Cursor { next_offset, epoch })
    }
}

impl Open {
    /// Whether this is still the store that was opened, with its tables.
    async fn check(&self) -> Result<(), StoreError> {
        let found = schema::read(&self.session, &self.options.keyspace).await?;
        let Some(found) = found.filter(|tables| !tables.is_empty()) else { return Err(emptied()) };
        let own = cursors::shapes();
        schema::check(&own.iter().collect::<Vec<_>>(), &found)?;
        is_expected(cursors::marker(&self.session, &self.options.keyspace).await?, Some(&self.id))?;
        let shapes: Vec<&Shape> = self.topics.values().flatten().map(|ready| &ready.shape).collect();
        schema::check(&shapes, &found)
    }
}

fn signed(partition: u32) -> Result<i32, StoreError> {
    i32::try_from(partition).map_err(|_| StoreError::Failed("a partition is 2^31 or more".into()))
}

/// In µs since 1970.
fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// By topic: its tables.
type Topics = BTreeMap<String, Vec<Shape>>;

fn shapes(options: &Options, tables: &[Table]) -> Result<Topics, StoreError> {
    let topics = tables.iter().map(|t| Ok((t.topic.clone(), shape::tables(options, t)?)));
    let topics = topics.collect::<Result<Topics, StoreError>>()?;
    let mut names = std::collections::BTreeSet::new();
    for shape in topics.values().flatten() {
        if !names.insert(&shape.table) {
            let why = "two topics or views would write to it".into();
            return Err(StoreError::Differs { table: shape.table.clone(), why });
        }
    }
    Ok(topics)
}

fn all<'s>(topics: &'s Topics, own: &'s [Shape]) -> Vec<&'s Shape> {
    own.iter().chain(topics.values().flatten()).collect()
}

/// Whether a batch has the columns that the statements were made for.
fn fits(tables: &[Ready], columns: usize) -> bool {
    let most = tables.iter().flat_map(|t| &t.shape.columns).filter_map(|c| match c.source {
        shape::Source::Field(index) => Some(index + 1),
        _ => None,
    });
    most.max() == Some(columns)
}

fn emptied() -> StoreError {
    foreign("it is empty")
}

fn foreign(why: &str) -> StoreError {
    StoreError::Foreign(format!(
        "{why}; look whether `nodes` and `keyspace` are right, then either restore it, or have it filled again from \
         the log (`vigie stores accept`)"
    ))
}

fn is_expected(found: Option<String>, expected: Option<&String>) -> Result<Option<String>, StoreError> {
    match (found, expected) {
        (None, Some(_)) => Err(foreign("its table vigie_store has no marker")),
        (Some(id), Some(expected)) if id != *expected => {
            Err(foreign(&format!("its id is {id}, and would have to be {expected}")))
        }
        (found, _) => Ok(found),
    }
}

async fn open(
    session: Arc<Session>,
    options: Arc<Options>,
    expected: Option<String>,
    topics: Topics,
) -> Result<Open, StoreError> {
    let keyspace = &options.keyspace;
    let own = cursors::shapes();
    match schema::read(&session, keyspace).await?.filter(|tables| !tables.is_empty()) {
        None if expected.is_some() => return Err(emptied()),
        None => {
            schema::migrate(&session, &options, &all(&topics, &own)).await?;
            cursors::mark(&session, keyspace).await?;
        }
        Some(found) => {
            // Whose store it is comes before what it is like.
            if found.contains_key(cursors::MARKER) {
                is_expected(cursors::marker(&session, keyspace).await?, expected.as_ref())?;
            } else if expected.is_some() {
                return Err(emptied());
            }
            schema::check(&all(&topics, &own), &found)?;
        }
    }
    let id =
        is_expected(cursors::marker(&session, keyspace).await?, expected.as_ref())?.ok_or_else(|| {
            let why = "it has no marker; `vigie stores migrate` writes one".into();
            StoreError::Differs { table: "vigie_store".into(), why }
        })?;
    let mut ready = BTreeMap::new();
    for (topic, shapes) in topics {
        let tables: &mut Vec<Ready> = ready.entry(topic).or_default();
        for shape in shapes {
            let insert = cursors::prepare(&session, &shape.insert_cql(keyspace)).await?;
            tables.push(Ready::new(shape, insert));
        }
    }
    let cursors = Cursors::prepare(&session, keyspace).await?;
    let permits = Semaphore::new(options.concurrency.into());
    Ok(Open { session, options, id, topics: ready, cursors, permits })
}
