//! Rows that no other round has, as the topic `events` has them.

use std::sync::Arc;

use anyhow::Result;
use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use deliver::Table;

pub const TOPIC: &str = "events";
/// Rows of a batch, as a delivery reads them.
const BATCH_ROWS: usize = 16_384;
/// 2026-03-01T00:00:00Z: all rows lie in a few hours of that day.
const START_US: i64 = 1_772_323_200_000_000;
const WORDS: [&str; 16] = [
    "water", "rises", "near", "the", "bridge", "road", "closed", "fire", "smoke", "over", "harbour",
    "people", "moved", "power", "line", "down",
];

/// Rows of a round.
pub struct Rows {
    first: usize,
    batches: Vec<(RecordBatch, Vec<i64>)>,
}

impl Rows {
    pub fn new(round: usize, count: usize) -> Result<Self> {
        let (first, mut batches) = (round * count, Vec::new());
        for from in (first..first + count).step_by(BATCH_ROWS) {
            let numbers = from..(from + BATCH_ROWS).min(first + count);
            batches.push((columns(numbers.clone())?, numbers.map(at_us).collect()));
        }
        Ok(Self { first, batches })
    }

    /// Each with its rows' revisions.
    pub fn batches(&self) -> &[(RecordBatch, Vec<i64>)] {
        &self.batches
    }

    /// The rows' numbers.
    pub fn numbers(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.batches.iter().map(|(rows, _)| rows.num_rows()).sum::<usize>()
    }
}

/// The table of the rows.
pub fn table() -> Result<Table> {
    Ok(Table { topic: TOPIC.into(), partitions: 1, schema: columns(0..1)?.schema() })
}

pub fn id(number: usize) -> String {
    format!("{number:032x}")
}

pub fn at_us(number: usize) -> i64 {
    START_US + number as i64 * 5_000
}

pub fn entity(number: usize) -> String {
    format!("device-{:05}", number % 20_000)
}

pub fn position(number: usize) -> (f64, f64) {
    (17.0 + (number % 10_007) as f64 * 1e-5, 96.0 + (number % 10_009) as f64 * 1e-5)
}

pub fn cell(number: usize) -> u64 {
    0x0871_fb46_6fff_ffff ^ ((number as u64 % 500) << 24)
}

pub fn severity(number: usize) -> Option<f64> {
    number.is_multiple_of(3).then_some(2.5)
}

/// A dozen words, others in each row.
pub fn text(number: usize) -> String {
    let mut state = number as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let words = (0..12).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        WORDS.get((state >> 60) as usize).copied().unwrap_or_default()
    });
    words.collect::<Vec<_>>().join(" ")
}

fn columns(numbers: std::ops::Range<usize>) -> Result<RecordBatch> {
    let texts = |of: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(numbers.clone().map(of)))
    };
    let floats = |of: &dyn Fn(usize) -> Option<f64>| -> ArrayRef {
        Arc::new(Float64Array::from_iter(numbers.clone().map(of)))
    };
    let times = || numbers.clone().map(at_us);
    let columns: [(&str, ArrayRef); 12] = [
        ("id", texts(&id)),
        ("source", texts(&|_| "social".into())),
        ("revision_us", Arc::new(Int64Array::from_iter_values(times()))),
        ("behind_us", Arc::new(Int64Array::from_iter_values(times().map(|_| 0)))),
        ("entity", texts(&entity)),
        ("kind", texts(&|_| "post".into())),
        ("timestamp", Arc::new(TimestampMicrosecondArray::from_iter_values(times()).with_timezone("+00:00"))),
        ("lat", floats(&|n| Some(position(n).0))),
        ("lng", floats(&|n| Some(position(n).1))),
        ("text", texts(&text)),
        ("severity", floats(&severity)),
        ("cell_7", Arc::new(UInt64Array::from_iter_values(numbers.clone().map(cell)))),
    ];
    // As the topic says, whatever these rows have.
    let is_nullable = |name: &str| !matches!(name, "id" | "source" | "revision_us" | "behind_us");
    let columns = columns.into_iter().map(|(name, column)| (name, column, is_nullable(name)));
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}
