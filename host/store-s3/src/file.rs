//! A file that is being filled, in memory.

use arrow::array::{AsArray as _, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use bytes::Bytes;
use deliver::StoreError;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::format::{Format, OFFSET};
use crate::geo::Bounds;
use crate::manifest::File;

/// Bytes of rows that wait for the writer, which takes some MiB however few it has: most files of a lake whose events
/// come late have few.
const WAITING_BYTES: u64 = 4 << 20;

/// A file that is being filled.
pub(crate) struct OpenFile {
    writer: ArrowWriter<Vec<u8>>,
    waiting: Vec<RecordBatch>,
    /// Bytes of memory, about.
    waiting_bytes: u64,
    pub bounds: Bounds,
    first_offset: u64,
    last_offset: u64,
    rows: u64,
    has_places: bool,
    schema_digest: String,
}

/// A file that is full.
#[derive(Clone, Debug)]
pub(crate) struct ClosedFile {
    pub file: File,
    pub bytes: Bytes,
}

/// Of which a file is: what its name and its metadata say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub topic: &'a str,
    pub partition: u32,
    /// Below the topic's.
    pub folder: &'a str,
    /// Who wrote it, and as which of its files: no two files are the same, so a deleted one never comes back.
    pub writer: &'a str,
}

fn unwritable(error: ParquetError) -> StoreError {
    StoreError::Failed(format!("rows cannot be written as Parquet: {error}"))
}

impl OpenFile {
    pub(crate) fn new(format: &Format) -> Result<Self, StoreError> {
        let writer =
            ArrowWriter::try_new(Vec::new(), format.schema().clone(), Some(format.properties.clone()))
                .map_err(unwritable)?;
        Ok(Self {
            writer,
            waiting: Vec::new(),
            waiting_bytes: 0,
            bounds: Bounds::default(),
            first_offset: u64::MAX,
            last_offset: 0,
            rows: 0,
            has_places: format.has_places(),
            schema_digest: format.schema_digest.clone(),
        })
    }

    /// Adds rows of [`Format::rows`].
    pub(crate) fn write(&mut self, rows: RecordBatch) -> Result<(), StoreError> {
        let offsets = rows.column_by_name(OFFSET).and_then(|c| c.as_primitive_opt::<Int64Type>());
        let offsets =
            offsets.ok_or_else(|| StoreError::Failed("rows do not have their offsets".into()))?.values();
        let known = |offset: i64| u64::try_from(offset).unwrap_or_default();
        for offset in offsets.iter().copied().map(known) {
            self.first_offset = self.first_offset.min(offset);
            self.last_offset = self.last_offset.max(offset);
        }
        self.rows += rows.num_rows() as u64;
        self.waiting_bytes += rows.get_array_memory_size() as u64;
        self.waiting.push(rows);
        if self.waiting_bytes < WAITING_BYTES { Ok(()) } else { self.write_waiting() }
    }

    /// Together, as a writer is slow with a few at a time.
    fn write_waiting(&mut self) -> Result<(), StoreError> {
        self.waiting_bytes = 0;
        let waiting = std::mem::take(&mut self.waiting);
        let Some(first) = waiting.first() else { return Ok(()) };
        let rows = concat_batches(&first.schema(), &waiting).map_err(|e| unwritable(e.into()))?;
        drop(waiting);
        self.writer.write(&rows).map_err(unwritable)
    }

    /// Bytes that the file would have now, about.
    pub(crate) fn file_bytes(&self) -> u64 {
        (self.writer.bytes_written() + self.writer.in_progress_size()) as u64 + self.waiting_bytes
    }

    /// Bytes of memory that it takes, about.
    pub(crate) fn held_bytes(&self) -> u64 {
        (self.writer.bytes_written() + self.writer.memory_size()) as u64 + self.waiting_bytes
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    pub(crate) fn close(mut self, origin: Origin<'_>) -> Result<ClosedFile, StoreError> {
        self.write_waiting()?;
        let Origin { topic, partition, folder, writer } = origin;
        let about = json!({"topic": topic, "partition": partition, "writer": writer}).to_string();
        self.writer.append_key_value_metadata(KeyValue::new("vigie".to_owned(), about));
        if self.has_places {
            self.writer.append_key_value_metadata(KeyValue::new("geo".to_owned(), self.bounds.metadata()));
        }
        let bytes = Bytes::from(self.writer.into_inner().map_err(unwritable)?);
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let short: String = sha256.chars().take(16).collect();
        let (first_offset, last_offset) = (self.first_offset, self.last_offset);
        let file = File {
            path: format!("{topic}/{folder}/{partition}-{first_offset}-{last_offset}-{short}.parquet"),
            first_offset,
            last_offset,
            rows: self.rows,
            bytes: bytes.len() as u64,
            sha256,
            schema_digest: self.schema_digest,
        };
        Ok(ClosedFile { file, bytes })
    }
}
