//! Rows to the lines of a request: for each row what is to be done, then the document.

use std::io::Write as _;
use std::sync::Arc;

use arrow::array::Array as _;
use arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema, TimestampMicrosecondType};
use deliver::{Batch, Reject, StoreError};
use event::Encoder;

use crate::bulk::Rows;
use crate::layout::Layout;
use crate::month::Span;
use crate::names::WRITE;

/// Most bytes of an id: with one that is longer the cluster refuses all rows of a request.
const MOST_ID: usize = 512;
/// Rows that are written at a time.
const PART_ROWS: usize = 1024;

/// What rows gave: lines to send, the months that they lie in, and the rows that cannot be sent. A row's number counts
/// those of all calls.
#[derive(Default)]
pub(crate) struct Documents {
    pub rows: Rows,
    pub months: Vec<String>,
    pub rejects: Vec<Reject>,
    /// The number of the next row.
    pub count: usize,
}

fn failed(why: &str) -> StoreError {
    StoreError::Failed(why.into())
}

/// Parts of a batch, each with its rows' revisions: while one is on its way the next is written.
pub(crate) fn parts<'a>(
    layout: &Layout,
    batch: &Batch<'a>,
) -> Result<impl Iterator<Item = (RecordBatch, &'a [i64])> + use<'a>, StoreError> {
    let (rows, revisions_us) = (batch.rows, batch.revisions_us);
    if rows.schema().fields() != layout.schema.fields() || revisions_us.len() != rows.num_rows() {
        return Err(failed("a batch does not fit its table"));
    }
    let part = |(number, us): (usize, &'a [i64])| (rows.slice(number * PART_ROWS, us.len()), us);
    Ok(revisions_us.chunks(PART_ROWS).enumerate().map(part))
}

/// Adds the lines of rows, for indices that begin with `stem`.
pub(crate) fn add(
    documents: &mut Documents,
    layout: &Layout,
    stem: &str,
    encoder: &mut Encoder,
    rows: &RecordBatch,
    revisions_us: &[i64],
) -> Result<(), StoreError> {
    let encoded = encoder.encode(&with_made(layout, rows)?);
    // An error of the encoder may hold a value.
    let encoded = encoded.map_err(|_| failed("a batch cannot be written as JSON"))?;
    let columns = Columns::new(layout, rows)?;
    let first = documents.count;
    documents.count += rows.num_rows();
    let (mut span, mut index): (Option<Span>, String) = Default::default();
    for (row, revision_us) in revisions_us.iter().enumerate() {
        let document = encoded.get(row).ok_or_else(|| failed("a row was lost on its way"))?;
        let at_us = columns.at_us(row).unwrap_or(*revision_us);
        if !span.as_ref().is_some_and(|span| span.has(at_us)) {
            span = Span::of(at_us);
            index = span.as_ref().map(|span| format!("{stem}{}{WRITE}", span.name)).unwrap_or_default();
            let name = span.iter().map(|span| &span.name).find(|name| !documents.months.contains(name));
            documents.months.extend(name.cloned());
        }
        let id = columns.ids.value(row);
        let kind = match (&span, id.len()) {
            (_, 0) => "no_id",
            (_, bytes) if bytes > MOST_ID => "id_too_long",
            (None, _) => "time_out_of_range",
            (Some(_), _) => {
                documents.rows.push(first + row, &index, |line, index| {
                    action(line, index, id, *revision_us)?;
                    line.extend_from_slice(&document);
                    Ok(())
                })?;
                continue;
            }
        };
        let message = format!("{kind}: this row cannot be a document");
        documents.rejects.push(Reject { row: first + row, kind: kind.into(), message });
    }
    Ok(())
}

/// A row replaces one of the same id only where its revision is higher; the same again changes nothing.
fn action(line: &mut Vec<u8>, index: Option<&str>, id: &str, revision_us: i64) -> Result<(), StoreError> {
    let written = (|| {
        line.extend_from_slice(b"{\"index\":{");
        if let Some(index) = index {
            write!(line, "\"_index\":\"{index}\",")?;
        }
        line.extend_from_slice(b"\"_id\":");
        serde_json::to_writer(&mut *line, id)?;
        // A version cannot be below zero.
        writeln!(line, ",\"version\":{},\"version_type\":\"external\"}}}}", revision_us.max(0))
    })();
    written.map_err(|_: std::io::Error| failed("a row cannot be written"))
}

struct Columns<'a> {
    ids: &'a StringArray,
    times: Option<&'a TimestampMicrosecondArray>,
}

impl<'a> Columns<'a> {
    fn new(layout: &Layout, rows: &'a RecordBatch) -> Result<Self, StoreError> {
        let ids = rows.columns().get(layout.id).and_then(|c| c.as_string_opt::<i32>());
        let ids = ids.filter(|ids| ids.null_count() == 0);
        let ids = ids.ok_or_else(|| failed("a row has no id"))?;
        let times = layout.time.and_then(|i| rows.columns().get(i));
        let times = times.and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>());
        Ok(Self { ids, times })
    }

    fn at_us(&self, row: usize) -> Option<i64> {
        self.times.filter(|times| times.is_valid(row)).map(|times| times.value(row))
    }
}

/// The rows with the fields that are made of columns.
fn with_made(layout: &Layout, rows: &RecordBatch) -> Result<RecordBatch, StoreError> {
    let places = layout.places.iter().map(|place| (&place.name, place.column(rows)));
    let made = places.chain(layout.parents.iter().map(|parent| (&parent.name, parent.column(rows))));
    let mut fields: Vec<Arc<Field>> = rows.schema().fields().iter().cloned().collect();
    let mut columns: Vec<ArrayRef> = rows.columns().to_vec();
    for (name, column) in made {
        let column = column.ok_or_else(|| failed("a batch does not fit its table"))?;
        fields.push(Arc::new(Field::new(name, column.data_type().clone(), true)));
        columns.push(column);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|_| failed("a batch does not fit its table"))
}
