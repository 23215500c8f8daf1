//! A lake of one test's own, and rows that can be made out again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ::services::S3;
use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use deliver::{Batch, Store as _, StoreError, Table};
use event::{Field, Kind, Schema};
use store_s3::{Credentials, Lake, Options, S3Store};
use tempfile::TempDir;

pub const TOPIC: &str = "crisis.v1.events";
/// 2026-03-01T00:00:00Z
pub const START_US: i64 = 1_772_323_200_000_000;
pub const TEN_MINUTES_US: i64 = 600_000_000;

/// A place for a lake, and what is needed to get in.
pub struct World {
    pub options: Options,
    folder: TempDir,
}

impl World {
    pub fn new(s3: &S3) -> Self {
        static PREFIX: AtomicU32 = AtomicU32::new(0);
        let folder = tempfile::tempdir().unwrap();
        let number = PREFIX.fetch_add(1, Ordering::Relaxed);
        let mut options = Options::at(format!("s3://{}/lake-{}-{number}", s3.bucket, std::process::id()));
        options.endpoint = Some(s3.endpoint.clone());
        options.allow_http = s3.endpoint.starts_with("http:");
        options.max_file_age_s = 0;
        options.timeout_s = 5;
        options.credentials = Some(Credentials {
            access_key_id_file: folder.path().join("key"),
            secret_access_key_file: folder.path().join("secret"),
            session_token_file: None,
        });
        let world = Self { options, folder };
        world.let_in(&s3.key, &s3.secret);
        world
    }

    /// Writes the files with the credentials.
    pub fn let_in(&self, key: &str, secret: &str) {
        std::fs::write(self.path("key"), key).unwrap();
        std::fs::write(self.path("secret"), format!("{secret}\n")).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn try_open(&self) -> Result<S3Store, StoreError> {
        let mut store = S3Store::new(self.options.clone()).unwrap();
        store.open(&[table()]).map(|()| store)
    }

    pub fn open(&self) -> S3Store {
        self.try_open().unwrap()
    }

    pub fn lake(&self) -> Lake {
        Lake::open(self.options.clone()).unwrap()
    }

    /// What the manifest says is there: rows, and the lowest and highest offset of each file.
    pub fn rows(&self) -> u64 {
        self.lake().files(TOPIC).unwrap().iter().map(|file| file.rows).sum()
    }
}

/// A lake in a folder.
pub fn in_folder(folder: &Path) -> Options {
    Options { max_file_age_s: 0, ..Options::at(format!("file://{}", folder.display())) }
}

fn schema() -> Schema {
    let columns = [
        ("id", Kind::Utf8),
        ("kind", Kind::Utf8),
        ("timestamp", Kind::Timestamp),
        ("revision_us", Kind::Int64),
        ("lat", Kind::Float64),
        ("lng", Kind::Float64),
        ("cell_7", Kind::Uint64),
        ("text", Kind::Utf8),
    ];
    let field = |(name, kind): (&str, Kind)| {
        let required = matches!(name, "id" | "revision_us");
        Field { name: name.into(), kind, required, labels: Default::default() }
    };
    Schema { fields: columns.into_iter().map(field).collect() }
}

pub fn table() -> Table {
    Table { topic: TOPIC.into(), partitions: 1, schema: schema().arrow() }
}

/// The id of an offset's row: every fifth is a newer one of an older id.
pub fn id(offset: u64) -> String {
    format!("event-{}", if offset % 5 == 4 { offset - 3 } else { offset })
}

pub fn at_us(offset: u64) -> i64 {
    START_US + i64::try_from(offset).unwrap() * TEN_MINUTES_US
}

/// Whether an offset's row has a place.
pub fn has_place(offset: u64) -> bool {
    offset % 7 != 6
}

/// Writes the rows from one offset to before another, each with so many bytes of text that no writer makes less of.
pub fn write(store: &mut S3Store, from: u64, to: u64, text_bytes: usize) -> Result<(), StoreError> {
    let offsets: Vec<u64> = (from..to).collect();
    let texts = |of: &dyn Fn(u64) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(offsets.iter().map(|o| of(*o))))
    };
    let times: Vec<i64> = offsets.iter().map(|o| at_us(*o)).collect();
    let degrees = |scale: f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter(offsets.iter().map(|o| has_place(*o).then_some(*o as f64 * scale))))
    };
    let columns: Vec<ArrayRef> = vec![
        texts(&id),
        texts(&|o| ["sensor", "post", "a/b"][(o % 3) as usize].into()),
        Arc::new(TimestampMicrosecondArray::from(times.clone()).with_timezone("+00:00")),
        Arc::new(Int64Array::from(times.clone())),
        degrees(0.01),
        degrees(-0.02),
        Arc::new(UInt64Array::from_iter_values(offsets.iter().map(|o| 0x0871_fb46_6fff_ffff + o))),
        texts(&|o| noise(o, text_bytes)),
    ];
    let rows = RecordBatch::try_new(schema().arrow(), columns).unwrap();
    let batch = Batch {
        topic: TOPIC,
        partition: 0,
        from,
        next_offset: to,
        rows: &rows,
        revisions_us: &times,
        offsets: &offsets,
    };
    store.write(&batch).map(|rejects| assert_eq!(rejects, []))
}

fn noise(seed: u64, bytes: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut sign = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'0' + (state % 75) as u8)
    };
    (0..bytes).map(|_| sign()).collect()
}

/// Delivers from the cursor on to before an offset, some rows at a time.
pub fn deliver(store: &mut S3Store, end: u64) -> Result<(), StoreError> {
    let mut next = store.cursor(TOPIC, 0)?.unwrap_or(0);
    while next < end {
        let to = (next + 25).min(end);
        write(store, next, to, 20)?;
        store.flush(false)?;
        next = to;
    }
    Ok(())
}
