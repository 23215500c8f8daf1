//! What is held of a topic's partition, and its commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Int64Array, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::error::ArrowError;
use deliver::{Batch, Reject, StoreError};
use tokio::task::JoinSet;

use crate::fault::Fault;
use crate::file::{ClosedFile, OpenFile, Origin};
use crate::format::Format;
use crate::layout::{Group, Layout};
use crate::manifest::{Cursor, File, Manifest, Stored};
use crate::objects::Objects;

/// Files that are put at the same time.
const PUTS_AT_ONCE: usize = 8;

/// An unseen file may be removed an hour after it was put, so that it must be committed well before.
const MAX_UNSEEN: Duration = Duration::from_secs(15 * 60);

/// Others may replace the manifest without moving the cursor; how often until it is strange.
const MAX_REBASES: usize = 10;

/// Rows that wait until they are sorted into files: a Parquet writer is slow with a few at a time.
const SORT_ROWS: usize = 16 << 10;
const SORT_BYTES: usize = 8 << 20;

/// What all partitions of a table share.
pub(crate) struct Topic {
    pub name: String,
    pub format: Format,
    pub layout: Layout,
    pub max_open_files: usize,
    pub store_id: String,
    pub writer: String,
}

/// What is held of a partition, and what is in the lake.
pub(crate) struct Partition {
    topic: Arc<Topic>,
    number: u32,
    stored: Option<Stored>,
    waiting: Waiting,
    open: BTreeMap<String, OpenFile>,
    /// Bytes of memory of the files that are open.
    open_bytes: u64,
    /// Files that are put, and that no manifest names yet.
    unseen: Vec<File>,
    unseen_since: Option<Instant>,
    /// Behind the last record that is held or in the lake; none: nothing was delivered yet.
    next_offset: Option<u64>,
    held_since: Option<Instant>,
    /// What was held is dropped: rows are taken again once the cursor was asked for.
    dropped: bool,
    closed_files: u64,
}

/// Rows that are not sorted into files yet.
#[derive(Default)]
struct Waiting {
    batches: Vec<RecordBatch>,
    /// Of each row.
    offsets: Vec<i64>,
    revisions_us: Vec<i64>,
    /// Rows that go into no file, by number over all batches.
    rejects: BTreeSet<usize>,
    /// Bytes of memory, about.
    bytes: usize,
}

impl Waiting {
    /// Adds the rows from a number on.
    fn add(&mut self, batch: &Batch<'_>, rejects: &[Reject], from: usize) {
        let shift = self.offsets.len();
        let rows = batch.rows.slice(from, batch.rows.num_rows().saturating_sub(from));
        if rows.num_rows() == 0 {
            return;
        }
        let new = rejects.iter().filter_map(|reject| reject.row.checked_sub(from));
        self.rejects.extend(new.map(|row| row + shift));
        self.offsets.extend(batch.offsets.iter().skip(from).map(|offset| offset.cast_signed()));
        self.revisions_us.extend(batch.revisions_us.iter().skip(from));
        self.bytes += rows.get_array_memory_size();
        self.batches.push(rows);
    }
}

fn unsorted(_: ArrowError) -> StoreError {
    StoreError::Failed("rows cannot be sorted into files".into())
}

impl Partition {
    pub(crate) fn new(topic: Arc<Topic>, number: u32, stored: Option<Stored>) -> Self {
        let mut new = Self {
            topic,
            number,
            stored: None,
            waiting: Waiting::default(),
            open: BTreeMap::new(),
            open_bytes: 0,
            unseen: Vec::new(),
            unseen_since: None,
            next_offset: None,
            held_since: None,
            dropped: false,
            closed_files: 0,
        };
        new.begin(stored);
        new
    }

    /// Goes on from what is stored, with nothing held.
    fn begin(&mut self, stored: Option<Stored>) {
        self.waiting = Waiting::default();
        self.open.clear();
        self.open_bytes = 0;
        self.unseen.clear();
        self.unseen_since = None;
        self.held_since = None;
        self.dropped = false;
        self.next_offset = stored.as_ref().and_then(|s| s.manifest.cursor.next_offset);
        self.stored = stored;
    }

    /// Drops what is held: it is given again from the cursor on.
    pub(crate) fn drop_held(&mut self) {
        let stored = self.stored.take();
        self.begin(stored);
        self.dropped = true;
    }

    async fn read(&self, objects: &Objects) -> Result<Option<Stored>, StoreError> {
        let found = Stored::read(objects, &self.topic.store_id, &self.topic.name, self.number).await?;
        if found.is_none() && self.stored.is_some() {
            let why = format!("the manifest of {} {} is gone", self.topic.name, self.number);
            return Err(StoreError::Foreign(why));
        }
        Ok(found)
    }

    /// The next offset to deliver. It is read again, as another process may have moved it, unless rows are held: then
    /// the commit finds out.
    pub(crate) async fn cursor(&mut self, objects: &Objects) -> Result<Option<u64>, StoreError> {
        if self.held_since.is_none() {
            let stored = self.read(objects).await?;
            self.begin(stored);
        }
        Ok(self.stored.as_ref().and_then(|s| s.manifest.cursor.next_offset))
    }

    pub(crate) fn is_held(&self) -> bool {
        self.held_since.is_some()
    }

    /// Bytes of memory that it holds, about.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.open_bytes + self.waiting.bytes as u64
    }

    /// Whether it is to be committed by now. What is put already has its name in the lake: it is not left unseen.
    pub(crate) fn is_due(&self, max_age: Duration, max_file_bytes: u64) -> bool {
        self.held_since.is_some_and(|since| since.elapsed() >= max_age)
            || !self.unseen.is_empty()
            || self.open.values().any(|file| file.file_bytes() >= max_file_bytes)
    }

    /// Holds the rows that are new. Where more folders are needed than may be open, the files until then are put.
    /// After an error nothing is held.
    pub(crate) async fn write(
        &mut self,
        objects: &Objects,
        batch: &Batch<'_>,
    ) -> Result<Vec<Reject>, StoreError> {
        if self.dropped {
            let place = format!("{} {}", self.topic.name, self.number);
            return Err(StoreError::Away(format!(
                "what was held of {place} is dropped; begin at the cursor"
            )));
        }
        let rejects = self.topic.layout.rejects(batch.rows);
        let new = batch.offsets.partition_point(|offset| *offset < self.next_offset.unwrap_or(0));
        self.waiting.add(batch, &rejects, new);
        if self.next_offset.is_none_or(|known| known < batch.next_offset) {
            self.next_offset = Some(batch.next_offset);
            self.held_since.get_or_insert_with(Instant::now);
        }
        if self.waiting.offsets.len() >= SORT_ROWS || self.waiting.bytes >= SORT_BYTES {
            self.sort(objects).await.inspect_err(|_| self.drop_held())?;
        }
        Ok(rejects)
    }

    /// Sorts the rows that wait into files.
    async fn sort(&mut self, objects: &Objects) -> Result<(), StoreError> {
        let Waiting { batches, offsets, revisions_us, rejects, .. } = std::mem::take(&mut self.waiting);
        let Some(first) = batches.first() else { return Ok(()) };
        let rows = concat_batches(&first.schema(), &batches).map_err(unsorted)?;
        drop(batches);
        let topic = self.topic.clone();
        let mut row = 0;
        loop {
            let free = topic.max_open_files.saturating_sub(self.open.len());
            let known = |folder: &str| self.open.contains_key(folder);
            let (groups, end) = topic.layout.split(&rows, &revisions_us, &rejects, row, known, free);
            for group in groups {
                self.hold(&rows, &offsets, group)?;
            }
            row = end;
            if row >= rows.num_rows() {
                return Ok(());
            }
            self.put_open(objects).await?;
        }
    }

    fn hold(&mut self, rows: &RecordBatch, offsets: &[i64], group: Group) -> Result<(), StoreError> {
        let group_offsets = group.rows.iter().filter_map(|row| offsets.get(*row as usize).copied());
        let group_offsets = Int64Array::from_iter_values(group_offsets);
        let rows = if group.rows.len() == rows.num_rows() {
            rows.clone()
        } else {
            take_record_batch(rows, &UInt32Array::from(group.rows)).map_err(unsorted)?
        };
        let format = &self.topic.format;
        if !self.open.contains_key(&group.folder) {
            self.open.insert(group.folder.clone(), OpenFile::new(format)?);
        }
        let Some(file) = self.open.get_mut(&group.folder) else { return Ok(()) };
        let before = file.held_bytes();
        let rows = format.rows(&rows, group_offsets, &mut file.bounds)?;
        file.write(rows)?;
        self.open_bytes = (self.open_bytes + file.held_bytes()).saturating_sub(before);
        Ok(())
    }

    /// Closes all files, and puts them where nobody sees them yet. After an error nothing is held.
    pub(crate) async fn seal(&mut self, objects: &Objects) -> Result<(), StoreError> {
        let put = match self.sort(objects).await {
            Ok(()) => self.put_open(objects).await,
            Err(error) => Err(error),
        };
        put.inspect_err(|_| self.drop_held())
    }

    async fn put_open(&mut self, objects: &Objects) -> Result<(), StoreError> {
        let mut open = std::mem::take(&mut self.open).into_iter();
        self.open_bytes = 0;
        let mut puts = JoinSet::new();
        self.unseen_since.get_or_insert_with(Instant::now);
        loop {
            while puts.len() < PUTS_AT_ONCE
                && let Some((folder, file)) = open.next()
            {
                let ClosedFile { file, bytes } = self.close(&folder, file)?;
                let objects = objects.clone();
                puts.spawn(async move { objects.put(&file.path, bytes).await.map(|()| file) });
            }
            match puts.join_next().await {
                None => return Ok(()),
                Some(Ok(put)) => self.unseen.push(put?),
                Some(Err(_)) => return Err(StoreError::Failed("a put was given up".into())),
            }
        }
    }

    fn close(&mut self, folder: &str, file: OpenFile) -> Result<ClosedFile, StoreError> {
        let topic = &self.topic;
        let writer = format!("{} {}", topic.writer, self.closed_files);
        self.closed_files += 1;
        file.close(Origin { topic: &topic.name, partition: self.number, folder, writer: &writer })
    }

    /// Puts all that is held into the lake, and moves the cursor behind it. After an error nothing is held, and it may
    /// be there or not: the cursor tells.
    pub(crate) async fn commit(&mut self, objects: &Objects) -> Result<(), StoreError> {
        self.commit_held(objects).await.inspect_err(|_| self.drop_held())
    }

    async fn commit_held(&mut self, objects: &Objects) -> Result<(), StoreError> {
        self.sort(objects).await?;
        self.put_open(objects).await?;
        let stored_cursor = self.stored.as_ref().map(|s| s.manifest.cursor.clone());
        let sequence = stored_cursor.as_ref().map_or(0, |cursor| cursor.sequence) + 1;
        let cursor = Cursor { next_offset: self.next_offset, sequence, writer: self.topic.writer.clone() };
        for _ in 0..MAX_REBASES {
            if self.unseen_since.is_some_and(|since| since.elapsed() > MAX_UNSEEN) {
                return Err(StoreError::Away("it took too long to put the files".into()));
            }
            let mut manifest = self.manifest();
            manifest.files.extend(self.unseen.iter().cloned());
            manifest.cursor = cursor.clone();
            match Stored::replace(objects, self.stored.as_ref(), manifest).await {
                Ok(stored) => {
                    self.begin(Some(stored));
                    return Ok(());
                }
                Err(Fault::Store(error)) => return Err(error),
                Err(Fault::Conflict) => {}
            }
            let found = self.read(objects).await?;
            let found_cursor = found.as_ref().map(|s| s.manifest.cursor.clone());
            if found_cursor.as_ref() == Some(&cursor) {
                // Its own: the answer was lost, and the client asked again.
                self.begin(found);
                return Ok(());
            }
            if found_cursor != stored_cursor {
                return Err(self.moved());
            }
            // Files were merged meanwhile.
            self.stored = found;
        }
        Err(StoreError::Away("the manifest is replaced all the time".into()))
    }

    fn moved(&self) -> StoreError {
        let place = format!("{} {}", self.topic.name, self.number);
        StoreError::Away(format!("another writer has moved the cursor of {place}; begin at the cursor"))
    }

    fn manifest(&self) -> Manifest {
        let topic = &self.topic;
        let columns = &topic.format.columns;
        match &self.stored {
            Some(stored) => {
                let mut manifest = stored.manifest.clone();
                manifest.add_columns(columns);
                manifest
            }
            None => Manifest::new(&topic.store_id, &topic.name, self.number, columns.clone()),
        }
    }

    /// Sets the cursor, and drops what is held.
    pub(crate) async fn rewind(&mut self, objects: &Objects, next_offset: u64) -> Result<(), StoreError> {
        self.drop_held();
        for _ in 0..MAX_REBASES {
            let stored = self.read(objects).await?;
            self.begin(stored);
            let mut manifest = self.manifest();
            let sequence = manifest.cursor.sequence + 1;
            manifest.cursor =
                Cursor { next_offset: Some(next_offset), sequence, writer: self.topic.writer.clone() };
            match Stored::replace(objects, self.stored.as_ref(), manifest).await {
                Ok(stored) => {
                    self.begin(Some(stored));
                    return Ok(());
                }
                Err(Fault::Store(error)) => return Err(error),
                Err(Fault::Conflict) => {}
            }
        }
        Err(StoreError::Away("the manifest is replaced all the time".into()))
    }
}
