//! Rows that can be made out again, a delivery of them, and what a reader finds.

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Int64Type, Schema, SchemaRef};
use deliver::{Batch, Store, StoreError, Table};
use event::Kind;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::{Lake, Options, S3Store};

pub const TOPIC: &str = "crisis.v1.events";
pub const PARTITIONS: u32 = 2;

/// 2026-03-01T00:00:00Z
pub const START_US: i64 = 1_772_323_200_000_000;

pub fn schema() -> SchemaRef {
    let fields = [
        ("id", Kind::Utf8, false),
        ("kind", Kind::Utf8, true),
        ("timestamp", Kind::Timestamp, true),
        ("revision_us", Kind::Int64, false),
        ("lat", Kind::Float64, true),
        ("lng", Kind::Float64, true),
        ("text", Kind::Utf8, true),
    ];
    Arc::new(Schema::new(fields.map(|(name, kind, null)| Field::new(name, kind.arrow(), null)).to_vec()))
}

pub fn table() -> Table {
    Table { topic: TOPIC.into(), partitions: PARTITIONS, schema: schema() }
}

pub fn options(folder: &FilePath) -> Options {
    Options { max_file_age_s: 0, ..Options::at(format!("file://{}", folder.display())) }
}

pub fn open(options: &Options) -> S3Store {
    let mut store = S3Store::new(options.clone()).unwrap();
    store.open(&[table()]).unwrap();
    store
}

pub fn lake(options: &Options) -> Lake {
    Lake::open(options.clone()).unwrap()
}

/// The record of an offset: every fifth is a newer revision of an older one, every seventh has no place.
pub fn row_batch(partition: u32, offsets: &[u64]) -> RecordBatch {
    let each = |of: &dyn Fn(u64) -> String| StringArray::from_iter_values(offsets.iter().map(|o| of(*o)));
    let at = |o: u64| START_US + i64::try_from(o).unwrap() * 600_000_000;
    let degrees = |scale: f64| {
        Float64Array::from_iter(offsets.iter().map(|o| (o % 7 != 6).then_some(*o as f64 / 100.0 * scale)))
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(each(&|o| {
            if o % 5 == 4 { format!("{partition}-{}", o - 3) } else { format!("{partition}-{o}") }
        })),
        Arc::new(each(&|o| ["sensor", "post", "a/b"][(o % 3) as usize].into())),
        Arc::new(
            TimestampMicrosecondArray::from_iter_values(offsets.iter().map(|o| at(*o)))
                .with_timezone("+00:00"),
        ),
        Arc::new(Int64Array::from_iter_values(offsets.iter().map(|o| at(*o)))),
        Arc::new(degrees(1.0)),
        Arc::new(degrees(-1.0)),
        Arc::new(each(&|o| format!("text of {o}"))),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

/// Writes the records from one offset to before another.
pub fn write(store: &mut S3Store, partition: u32, from: u64, to: u64) -> Result<(), StoreError> {
    let offsets: Vec<u64> = (from..to).collect();
    let rows = row_batch(partition, &offsets);
    let revisions = rows.column(3).as_primitive::<Int64Type>().values().to_vec();
    let batch = Batch {
        topic: TOPIC,
        partition,
        from,
        next_offset: to,
        rows: &rows,
        revisions_us: &revisions,
        offsets: &offsets,
    };
    store.write(&batch).map(|rejects| assert_eq!(rejects, []))
}

/// Delivers what the cursors say is missing, some records at a time.
pub fn deliver(store: &mut S3Store, end: u64, at_once: u64) -> Result<(), StoreError> {
    let mut next: Vec<u64> = Vec::new();
    for partition in 0..PARTITIONS {
        next.push(store.cursor(TOPIC, partition)?.unwrap_or(0));
    }
    while next.iter().any(|next| *next < end) {
        for (partition, next) in (0..).zip(&mut next) {
            let to = (*next + at_once).min(end);
            if *next < to {
                write(store, partition, *next, to)?;
                *next = to;
            }
        }
        store.flush(false)?;
    }
    store.flush(true)
}

/// What a row is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub partition: u32,
    pub offset: i64,
    pub id: String,
    pub revision_us: i64,
    pub text: String,
}

/// The rows of all files of the manifests, in order.
pub fn read(lake: &Lake) -> Vec<Row> {
    let mut found = Vec::new();
    for file in lake.files(TOPIC).unwrap() {
        let name = file.path.rsplit('/').next().unwrap();
        let partition: u32 = name.split('-').next().unwrap().parse().unwrap();
        let (bytes, _) =
            lake.runtime.block_on(lake.objects.get(&file.path)).unwrap().expect("a file is missing");
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
        let before = found.len();
        for rows in reader {
            let rows = rows.unwrap();
            let text =
                |name: &str, row| rows.column_by_name(name).unwrap().as_string::<i32>().value(row).to_owned();
            let number =
                |name: &str, row| rows.column_by_name(name).unwrap().as_primitive::<Int64Type>().value(row);
            found.extend((0..rows.num_rows()).map(|row| Row {
                partition,
                offset: number("_offset", row),
                id: text("id", row),
                revision_us: number("revision_us", row),
                text: text("text", row),
            }));
            assert!(rows.column_by_name("geometry").unwrap().len() == rows.num_rows());
        }
        assert_eq!(file.rows, (found.len() - before) as u64);
        let offsets = found[before..].iter().map(|row| u64::try_from(row.offset).unwrap());
        assert_eq!(offsets.clone().min(), Some(file.first_offset));
        assert_eq!(offsets.max(), Some(file.last_offset));
    }
    found.sort();
    found
}

/// Every record of both partitions once, and no other.
pub fn assert_whole(lake: &Lake, end: u64, about: &str) {
    let found: Vec<(u32, i64)> = read(lake).iter().map(|row| (row.partition, row.offset)).collect();
    let end = i64::try_from(end).unwrap();
    let wanted: Vec<(u32, i64)> = (0..PARTITIONS).flat_map(|p| (0..end).map(move |o| (p, o))).collect();
    assert_eq!(found, wanted, "{about}");
}

/// Of each id the row that counts.
pub fn newest(rows: Vec<Row>) -> BTreeMap<String, Row> {
    let mut newest: BTreeMap<String, Row> = BTreeMap::new();
    for row in rows {
        let known = newest.entry(row.id.clone()).or_insert_with(|| row.clone());
        if (known.revision_us, known.offset) < (row.revision_us, row.offset) {
            *known = row;
        }
    }
    newest
}
