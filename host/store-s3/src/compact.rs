//! Merging small files of one folder.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array as _, AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Int64Type, SchemaRef};
use bytes::Bytes;
use deliver::StoreError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use sha2::{Digest as _, Sha256};

use crate::fault::Fault;
use crate::file::{ClosedFile, OpenFile, Origin};
use crate::format::{Format, OFFSET};
use crate::lake::{Lake, now_us};
use crate::manifest::{File, Retired, Stored};
use crate::marker;

const REVISION: &str = "revision_us";
const BATCH_ROWS: usize = 8192;

/// Others may replace the manifest meanwhile; how often until it is left to another time.
const MAX_TRIES: usize = 10;

/// What is to be merged.
#[derive(Clone, Copy, Debug)]
pub struct Merge {
    /// Files are small below this; 16 MiB.
    pub small_bytes: u64,
    /// So many small files of a folder are worth it; 4.
    pub min_files: usize,
    /// At most so many rows in a merged file, each of which takes about 64 bytes of memory while it is made, beside
    /// the file itself and one of those merged; 1,000,000.
    pub max_rows: u64,
}

impl Default for Merge {
    fn default() -> Self {
        Self { small_bytes: 16 << 20, min_files: 4, max_rows: 1_000_000 }
    }
}

/// What was merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Files that are no longer part of the lake.
    pub merged: u64,
    /// Files in place of them.
    pub made: u64,
    /// Rows left out, as one of the same id and a higher revision is in the same merged file.
    pub replaced_rows: u64,
}

fn unreadable(error: ParquetError) -> StoreError {
    StoreError::Failed(format!("a file of the lake cannot be read: {error}"))
}

/// Which row of an id counts: by revision, then offset; then any, but only one.
type Rank = (i64, i64, usize, usize);

impl Lake {
    /// Merges small files of a topic that lie in the same folder and have the same columns. The merged ones stay for
    /// readers of older manifests, until [`Self::clean`].
    ///
    /// # Errors
    /// [`StoreError`]: what was merged until then is merged.
    pub fn compact(&self, topic: &str, merge: Merge) -> Result<Compacted, StoreError> {
        self.runtime.block_on(async {
            let mut done = Compacted::default();
            for stored in self.manifests(Some(topic)).await? {
                for files in self.plan(&stored.manifest.files, merge) {
                    let Some(made) = self.merge(&stored, &files).await? else { continue };
                    if self.exchange(&stored, &files, &made).await? {
                        done.merged += files.len() as u64;
                        done.made += 1;
                        done.replaced_rows += files.iter().map(|f| f.rows).sum::<u64>() - made.file.rows;
                    }
                }
            }
            Ok(done)
        })
    }

    fn plan(&self, files: &[File], merge: Merge) -> Vec<Vec<File>> {
        let mut folders: BTreeMap<(&str, &str), Vec<&File>> = BTreeMap::new();
        for file in files.iter().filter(|file| file.bytes < merge.small_bytes) {
            folders.entry((folder(&file.path), file.schema_digest.as_str())).or_default().push(file);
        }
        let mut plan: Vec<Vec<File>> = Vec::new();
        for mut files in folders.into_values() {
            files.sort_by_key(|file| file.first_offset);
            let (mut together, mut bytes, mut rows) = (Vec::new(), 0, 0);
            for file in files {
                if bytes + file.bytes > self.options.max_file_bytes || rows + file.rows > merge.max_rows {
                    plan.push(std::mem::take(&mut together));
                    (bytes, rows) = (0, 0);
                }
                (bytes, rows) = (bytes + file.bytes, rows + file.rows);
                together.push(file.clone());
            }
            plan.push(together);
        }
        plan.retain(|files| files.len() >= merge.min_files.max(2));
        plan
    }

    /// Files as one, put but not committed.
    async fn merge(&self, stored: &Stored, files: &[File]) -> Result<Option<ClosedFile>, StoreError> {
        let mut newest = HashMap::new();
        for (number, file) in files.iter().enumerate() {
            rank(self.read(file).await?, number, &mut newest)?;
        }
        let mut merged: Option<(OpenFile, Format)> = None;
        for (number, file) in files.iter().enumerate() {
            let reader = reader(self.read(file).await?, &[])?;
            let mut row = 0;
            for rows in reader {
                let rows = rows.map_err(|e| unreadable(e.into()))?;
                let (file, format) = match &mut merged {
                    Some(merged) => merged,
                    None => merged.insert(self.begin(&rows.schema(), &file.schema_digest)?),
                };
                let kept = filter_record_batch(&rows, &counts(&rows, number, row, &newest))
                    .map_err(|e| unreadable(e.into()))?;
                row += rows.num_rows();
                format.points(&kept, &mut file.bounds);
                file.write(kept)?;
            }
        }
        let Some((file, _)) = merged.filter(|(file, _)| file.rows() > 0) else { return Ok(None) };
        let manifest = &stored.manifest;
        let path = files.first().map_or("", |file| folder(&file.path));
        let folder = path.strip_prefix(&manifest.topic).unwrap_or(path).trim_start_matches('/');
        let writer = format!("merge {}", marker::by_chance());
        let origin =
            Origin { topic: &manifest.topic, partition: manifest.partition, folder, writer: &writer };
        let made = file.close(origin)?;
        self.objects.put(&made.file.path, made.bytes.clone()).await?;
        Ok(Some(made))
    }

    fn begin(&self, schema: &SchemaRef, schema_digest: &str) -> Result<(OpenFile, Format), StoreError> {
        let format = Format::of_files(schema, schema_digest, self.options.row_group_rows);
        Ok((OpenFile::new(&format)?, format))
    }

    async fn read(&self, file: &File) -> Result<Bytes, StoreError> {
        let found = self.objects.get(&file.path).await?;
        let (bytes, _) = found.ok_or_else(|| StoreError::Away("a file was merged by another".into()))?;
        if hex::encode(Sha256::digest(&bytes)) != file.sha256 {
            return Err(StoreError::Failed("a file of the lake is damaged: its digest is another".into()));
        }
        Ok(bytes)
    }

    /// Replaces the manifest by one with the merged file in place of those that it was made of; false: another has
    /// merged some of them, and the file stays unseen.
    async fn exchange(&self, stored: &Stored, files: &[File], made: &ClosedFile) -> Result<bool, StoreError> {
        let (topic, partition) = (&stored.manifest.topic, stored.manifest.partition);
        for _ in 0..MAX_TRIES {
            let current = Stored::read(&self.objects, &self.store_id, topic, partition).await?;
            let Some(current) = current else { return Ok(false) };
            let mut manifest = current.manifest.clone();
            if manifest.files.contains(&made.file) {
                return Ok(true);
            }
            if !files.iter().all(|file| manifest.files.contains(file)) {
                return Ok(false);
            }
            manifest.files.retain(|file| !files.contains(file));
            manifest.files.push(made.file.clone());
            let at_us = now_us();
            manifest.retired.extend(files.iter().map(|f| Retired { path: f.path.clone(), at_us }));
            match Stored::replace(&self.objects, Some(&current), manifest).await {
                Ok(_) => return Ok(true),
                Err(Fault::Conflict) => {}
                Err(Fault::Store(error)) => return Err(error),
            }
        }
        Ok(false)
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A reader of some columns, or all if none is named; of those that are there.
fn reader(bytes: Bytes, names: &[&str]) -> Result<ParquetRecordBatchReader, StoreError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(unreadable)?;
    let mask = match names {
        [] => ProjectionMask::all(),
        names => ProjectionMask::columns(builder.parquet_schema(), names.iter().copied()),
    };
    builder.with_projection(mask).with_batch_size(BATCH_ROWS).build().map_err(unreadable)
}

/// The first 16 bytes of SHA-256: two ids of one lake never share them.
fn key(id: &str) -> [u8; 16] {
    let mut key = [0; 16];
    for (to, from) in key.iter_mut().zip(Sha256::digest(id)) {
        *to = from;
    }
    key
}

/// Notes the newest rows of a file, the `number`th.
fn rank(bytes: Bytes, number: usize, newest: &mut HashMap<[u8; 16], Rank>) -> Result<(), StoreError> {
    let mut row = 0;
    for rows in reader(bytes, &["id", REVISION, OFFSET])? {
        let rows = rows.map_err(|e| unreadable(e.into()))?;
        for (id, rank) in ranks(&rows, number, row) {
            let Some(id) = id else { continue };
            newest.entry(id).and_modify(|known| *known = rank.max(*known)).or_insert(rank);
        }
        row += rows.num_rows();
    }
    Ok(())
}

/// Which rows stay: those without an id, and the newest of each.
fn counts(rows: &RecordBatch, number: usize, first: usize, newest: &HashMap<[u8; 16], Rank>) -> BooleanArray {
    let mut stays: Vec<bool> = ranks(rows, number, first)
        .map(|(id, rank)| id.is_none_or(|id| newest.get(&id).is_none_or(|newest| *newest == rank)))
        .collect();
    stays.resize(rows.num_rows(), true);
    BooleanArray::from(stays)
}

/// Id and rank of each row; none where the table has no ids or revisions.
fn ranks(rows: &RecordBatch, number: usize, first: usize) -> impl Iterator<Item = (Option<[u8; 16]>, Rank)> {
    let ids = rows.column_by_name("id").and_then(|c| c.as_string_opt::<i32>()).cloned();
    let numbers =
        |name: &str| rows.column_by_name(name).and_then(|c| c.as_primitive_opt::<Int64Type>()).cloned();
    let columns = ids.zip(numbers(REVISION)).zip(numbers(OFFSET));
    columns.into_iter().flat_map(move |((ids, revisions), offsets)| {
        (0..ids.len()).map(move |row| {
            let id = ids.is_valid(row).then(|| key(ids.value(row)));
            (id, (revisions.value(row), offsets.value(row), number, first + row))
        })
    })
}
