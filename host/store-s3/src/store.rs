//! The lake as a store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use deliver::{Batch, Reject, Store, StoreError, Table};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::format::Format;
use crate::layout::Layout;
use crate::manifest::Stored;
use crate::marker;
use crate::objects::Objects;
use crate::options::Options;
use crate::partition::{Partition, Topic};

/// Manifests that are read at the same time.
const READS_AT_ONCE: usize = 16;

/// A lake that rows are written to.
///
/// After an error, or [`Store::forget`], it takes no more rows of a partition until [`Store::cursor`] was asked for it:
/// what was held is dropped, or another writer has moved the cursor.
pub struct S3Store {
    options: Options,
    runtime: Runtime,
    /// None until it is opened.
    objects: Option<Objects>,
    store_id: Option<String>,
    writer: String,
    /// The last commit failed: the next rows are not held for long, so that it is known soon whether it works again.
    hurry: bool,
    partitions: BTreeMap<String, Vec<Partition>>,
    schemas: BTreeMap<String, SchemaRef>,
}

/// A runtime for requests that are made from one thread.
pub(crate) fn runtime() -> Result<Runtime, StoreError> {
    Builder::new_current_thread().enable_all().build().map_err(|e| StoreError::Failed(e.to_string()))
}

fn not_open() -> StoreError {
    StoreError::Failed("it was not opened".into())
}

impl S3Store {
    /// A store, which asks for nothing yet.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub fn new(options: Options) -> Result<Self, StoreError> {
        Ok(Self {
            store_id: options.store_id.clone(),
            options,
            runtime: runtime()?,
            objects: None,
            writer: marker::by_chance(),
            hurry: false,
            partitions: BTreeMap::new(),
            schemas: BTreeMap::new(),
        })
    }

    #[cfg(test)]
    pub(crate) fn with_objects(mut self, objects: Objects) -> Self {
        self.objects = Some(objects);
        self
    }

    /// Bytes of memory that hold rows, about.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.partitions.values().flatten().map(Partition::held_bytes).sum()
    }

    fn partition(
        &mut self,
        topic: &str,
        number: u32,
    ) -> Result<(&mut Partition, &Objects, &Runtime), StoreError> {
        let objects = self.objects.as_ref().ok_or_else(not_open)?;
        let partition = self.partitions.get_mut(topic).and_then(|p| p.get_mut(number as usize));
        let partition = partition.ok_or_else(|| {
            StoreError::Failed(format!("{topic} {number} is not a partition that it was opened for"))
        })?;
        Ok((partition, objects, &self.runtime))
    }

    /// Puts the files of the partitions that hold most, where all together hold too much.
    fn make_room(&mut self) -> Result<(), StoreError> {
        while self.held_bytes() > self.options.max_held_bytes {
            let objects = self.objects.as_ref().ok_or_else(not_open)?;
            let largest = self.partitions.values_mut().flatten().max_by_key(|p| p.held_bytes());
            let Some(partition) = largest else { return Ok(()) };
            self.runtime.block_on(partition.seal(objects)).inspect_err(|_| self.hurry = true)?;
        }
        Ok(())
    }

    fn check(&self, batch: &Batch<'_>) -> Result<(), StoreError> {
        let rows = batch.rows.num_rows();
        let wrong = |why: &str| StoreError::Failed(format!("rows of {}: {why}", batch.topic));
        if batch.offsets.len() != rows || batch.revisions_us.len() != rows {
            return Err(wrong("not each has an offset and a revision"));
        }
        let in_order = batch.offsets.is_sorted_by(|a, b| a < b);
        let (first, last) = (batch.offsets.first(), batch.offsets.last());
        let within = first.is_none_or(|o| *o >= batch.from) && last.is_none_or(|o| *o < batch.next_offset);
        if !in_order || !within {
            return Err(wrong("their offsets are not in order, or not the batch's"));
        }
        let found = batch.rows.schema();
        let wanted = self.schemas.get(batch.topic).ok_or_else(not_open)?;
        let same = found.fields().len() == wanted.fields().len()
            && found.fields().iter().zip(wanted.fields()).all(|(found, wanted)| {
                found.name() == wanted.name() && found.data_type() == wanted.data_type()
            });
        if same { Ok(()) } else { Err(wrong("they do not have the columns of their table")) }
    }

    fn topic(&self, table: &Table, store_id: &str) -> Result<Topic, StoreError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let name = &table.topic;
        if name.is_empty() || !name.chars().all(plain) || name.starts_with(['_', '.']) || name.len() > 200 {
            let why =
                "its name cannot be a folder's: letters, digits, `.`, `_` and `-`, a letter or digit first";
            return Err(StoreError::Differs { table: name.clone(), why: why.into() });
        }
        Ok(Topic {
            name: name.clone(),
            format: Format::new(name, &table.schema, self.options.row_group_rows)?,
            layout: Layout::of(&table.schema),
            max_open_files: self.options.max_open_files,
            store_id: store_id.into(),
            writer: self.writer.clone(),
        })
    }
}

/// Reads the manifests of all partitions, and checks the table against them.
async fn partitions(objects: &Objects, topic: Arc<Topic>, count: u32) -> Result<Vec<Partition>, StoreError> {
    let mut reads = JoinSet::new();
    let mut found = BTreeMap::new();
    let mut numbers = 0..count;
    loop {
        while reads.len() < READS_AT_ONCE
            && let Some(number) = numbers.next()
        {
            let (objects, topic) = (objects.clone(), topic.clone());
            reads.spawn(async move {
                let stored = Stored::read(&objects, &topic.store_id, &topic.name, number).await?;
                if let Some(stored) = &stored {
                    stored.manifest.check(&topic.format.columns)?;
                }
                Ok((number, Partition::new(topic, number, stored)))
            });
        }
        match reads.join_next().await {
            None => return Ok(found.into_values().collect()),
            Some(Ok(read)) => {
                let (number, partition) = read?;
                found.insert(number, partition);
            }
            Some(Err(_)) => return Err(StoreError::Failed("a read was given up".into())),
        }
    }
}

impl Store for S3Store {
    fn open(&mut self, tables: &[Table]) -> Result<(), StoreError> {
        // Credentials that were exchanged are read again.
        #[cfg(not(test))]
        let objects = self.options.objects()?;
        #[cfg(test)]
        let objects = match self.objects.take() {
            Some(objects) => objects,
            None => self.options.objects()?,
        };
        let store_id = self.runtime.block_on(marker::claim(&objects, self.store_id.as_deref()))?;
        let (mut found, mut schemas) = (BTreeMap::new(), BTreeMap::new());
        for table in tables {
            let topic = Arc::new(self.topic(table, &store_id)?);
            let partitions = self.runtime.block_on(partitions(&objects, topic, table.partitions))?;
            found.insert(table.topic.clone(), partitions);
            schemas.insert(table.topic.clone(), table.schema.clone());
        }
        self.partitions = found;
        self.schemas = schemas;
        self.store_id = Some(store_id);
        self.objects = Some(objects);
        Ok(())
    }

    fn id(&self) -> Option<&str> {
        self.store_id.as_deref()
    }

    fn cursor(&mut self, topic: &str, partition: u32) -> Result<Option<u64>, StoreError> {
        let (partition, objects, runtime) = self.partition(topic, partition)?;
        runtime.block_on(partition.cursor(objects))
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<Vec<Reject>, StoreError> {
        self.check(batch)?;
        let (partition, objects, runtime) = self.partition(batch.topic, batch.partition)?;
        let written = runtime.block_on(partition.write(objects, batch));
        self.hurry |= written.is_err();
        let rejects = written?;
        self.make_room()?;
        Ok(rejects)
    }

    fn flush(&mut self, all: bool) -> Result<(), StoreError> {
        let Some(objects) = &self.objects else { return Ok(()) };
        let max_age = Duration::from_secs(self.options.max_file_age_s);
        let all = all || self.hurry;
        for partition in self.partitions.values_mut().flatten().filter(|p| p.is_held()) {
            if all || partition.is_due(max_age, self.options.max_file_bytes) {
                self.runtime.block_on(partition.commit(objects)).inspect_err(|_| self.hurry = true)?;
                self.hurry = false;
            }
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.partitions.values_mut().flatten().for_each(Partition::drop_held);
    }

    fn rewind(&mut self, topic: &str, partition: u32, next_offset: u64) -> Result<(), StoreError> {
        let (partition, objects, runtime) = self.partition(topic, partition)?;
        runtime.block_on(partition.rewind(objects, next_offset))
    }
}
