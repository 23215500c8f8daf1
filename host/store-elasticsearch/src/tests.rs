mod answers;
mod bodies;
mod layouts;
mod stub;
mod talks;

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use deliver::Table;
use event::{Field, Kind, Schema};

/// A cell of resolution 7 near Lima.
const CELL_7: u64 = 0x878e6_2c63ffffff;
/// 2018-01-31T23:59:59.999999Z, and the moment after.
const JANUARY_US: i64 = 1_517_443_199_999_999;
const FEBRUARY_US: i64 = JANUARY_US + 1;

fn field(name: &str, kind: Kind, required: bool) -> Field {
    Field { name: name.into(), kind, required, labels: Default::default() }
}

/// Fields as events have them.
fn schema() -> Schema {
    let fields = [
        ("id", Kind::Utf8),
        ("revision_us", Kind::Int64),
        ("timestamp", Kind::Timestamp),
        ("kind", Kind::Utf8),
        ("text", Kind::Utf8),
        ("lat", Kind::Float64),
        ("lng", Kind::Float64),
        ("cell_7", Kind::Uint64),
    ];
    Schema {
        fields: fields.map(|(name, kind)| field(name, kind, matches!(name, "id" | "revision_us"))).into(),
    }
}

fn table() -> Table {
    Table { topic: "crisis.v1.events".into(), partitions: 2, schema: schema().arrow() }
}

/// Rows by id and event time, with everything but the last one's place.
fn rows(rows: &[(&str, i64)]) -> RecordBatch {
    let last = rows.len().saturating_sub(1);
    let each = |value: f64| (0..rows.len()).map(|i| (i != last).then_some(value)).collect::<Float64Array>();
    let texts = |text: &str| StringArray::from(vec![text; rows.len()]);
    let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|r| r.1)).with_timezone("+00:00");
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.0))),
        Arc::new(Int64Array::from(vec![7; rows.len()])),
        Arc::new(times),
        Arc::new(texts("post")),
        Arc::new(texts("high water")),
        Arc::new(each(-12.5)),
        Arc::new(each(-77.25)),
        Arc::new(UInt64Array::from(vec![CELL_7; rows.len()])),
    ];
    RecordBatch::try_new(table().schema, columns).unwrap()
}
