//! Which row of a batch goes into which tables, for how long.

use arrow::array::RecordBatch;

use crate::bucket::rest_s;
use crate::shape::{Shape, Source};
use crate::values::Values;

/// A row that goes into a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub row: usize,
    /// The table's number among the topic's.
    pub shape: usize,
    /// In seconds; 0 where rows of the table are kept for ever.
    pub ttl_s: i32,
    /// Of its texts.
    pub bytes: usize,
}

/// What becomes of the rows of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arranged {
    pub jobs: Vec<Job>,
    /// Rows whose values are too large, with their sizes in bytes.
    pub too_large: Vec<(usize, usize)>,
    /// Rows of which the life is over in every table.
    pub expired: u64,
}

/// The columns of a batch, by number; none: a column has a type that is not stored.
pub(crate) fn columns(rows: &RecordBatch) -> Option<Vec<Values>> {
    rows.columns().iter().map(Values::new).collect()
}

/// The last shape takes the rows that no other takes.
pub(crate) fn arrange(
    shapes: &[&Shape],
    columns: &[Values],
    revisions_us: &[i64],
    now_us: i64,
    max_row_bytes: usize,
) -> Arranged {
    let mut arranged = Arranged::default();
    let Some((rest, views)) = shapes.split_last() else { return arranged };
    for (row, revision_us) in revisions_us.iter().enumerate() {
        let bytes = columns.iter().map(|c| c.bytes(row)).sum();
        if bytes > max_row_bytes {
            arranged.too_large.push((row, bytes));
            continue;
        }
        let (mut fits, mut lives) = (false, false);
        let mut push = |shape: usize, days: Option<u32>, time_us: i64| {
            let Some(ttl_s) = days.map_or(Some(0), |days| rest_s(days, time_us, now_us)) else { return };
            arranged.jobs.push(Job { row, shape, ttl_s, bytes });
            lives = true;
        };
        for (number, shape) in views.iter().enumerate().filter(|(_, s)| takes(s, columns, row)) {
            let Some(time_us) = columns.get(shape.time).and_then(|c| c.time_us(row)) else { continue };
            fits = true;
            push(number, shape.days, time_us);
        }
        if !fits {
            let time_us = columns.get(rest.time).and_then(|c| c.time_us(row)).unwrap_or(*revision_us);
            push(views.len(), rest.days, time_us);
        }
        arranged.expired += u64::from(!lives);
    }
    arranged
}

/// Whether a row has what the key of a table needs, and is one that it is for.
fn takes(shape: &Shape, columns: &[Values], row: usize) -> bool {
    let has = |source: Source| match source {
        Source::Field(index) => columns.get(index).is_some_and(|c| !c.is_null(row)),
        Source::Bucket(bucket) => {
            let time_us = columns.get(shape.time).and_then(|c| c.time_us(row));
            time_us.is_some_and(|t| bucket.start(t).is_some())
        }
        Source::Exact(_) | Source::Own => true,
    };
    let is_one = shape.only.as_ref().is_none_or(|(index, texts)| {
        columns.get(*index).and_then(|c| c.text(row)).is_some_and(|text| texts.contains(text))
    });
    is_one && shape.key().all(|c| has(c.source))
}

#[cfg(test)]
mod tests;
