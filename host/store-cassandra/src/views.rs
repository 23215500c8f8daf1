//! Which table answers which question: said by the operator, or found from a topic's columns.

use arrow::datatypes::{DataType, Schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::options::Days;

/// A table of a topic's rows, arranged for one question. Its key is `by`, the bucket, `then` and `id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// What its table's name ends with, as `by_device`; the beginning is the topic's.
    pub table: String,
    /// Columns that the question names: together with the bucket they are the partition key. A row that lacks
    /// one is not in this table.
    pub by: Vec<String>,
    /// What bounds a partition in time; none: nothing does.
    #[serde(default)]
    pub bucket: Option<Bucket>,
    /// The column with the row's own time, from which bucket and life count: of kind timestamp, or int64 in
    /// µs since 1970.
    pub time: String,
    /// Columns by which rows of a partition are ordered, before their id. A row that lacks one is not in this
    /// table.
    #[serde(default)]
    pub then: Vec<String>,
    /// Which rows; none: all.
    #[serde(default)]
    pub only: Option<Only>,
    /// How long a row is kept, in days from its own time; none: for ever.
    #[serde(default)]
    pub days: Option<u32>,
    /// Whether rows are written again with other values. Then an empty field is written as such, which costs a
    /// tombstone; else it is left out.
    #[serde(default)]
    pub revised: bool,
}

/// The rows with one of some texts in a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Only {
    /// A column of kind utf8.
    pub column: String,
    /// The texts.
    pub one_of: Vec<String>,
}

/// A span of time, UTC, that is one partition; also the name of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bucket {
    /// Column `hour`, its start as a CQL timestamp.
    Hour,
    /// Column `day`, a CQL date.
    Day,
    /// Column `month`, its first day as a CQL date.
    Month,
}

impl Bucket {
    /// The column that holds its start.
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(..))
}

/// What the columns of a topic make possible: windows of its keys, or series, positions and events by cell.
pub(crate) fn found_in(schema: &Schema, days: &Days) -> Vec<View> {
    let has = |name: &str| schema.column_with_name(name).is_some();
    let has_time = |name: &str| schema.field_with_name(name).is_ok_and(|f| is_time(f.data_type()));
    if has_time("window_start") && has("window_end") {
        return vec![windows(schema, days)];
    }
    if !has_time("timestamp") {
        return Vec::new();
    }
    let view = |table: &str, by: Vec<String>, bucket, kinds: &[&str], days| View {
        table: table.into(),
        by,
        bucket: Some(bucket),
        time: "timestamp".into(),
        then: vec!["timestamp".into()],
        only: (!kinds.is_empty())
            .then(|| Only { column: "kind".into(), one_of: kinds.iter().map(|k| (*k).to_owned()).collect() }),
        days,
        revised: false,
    };
    let mut views = Vec::new();
    if has("entity") && has("kind") {
        // Two sources may give the same name to two devices.
        let by = || ["source", "entity"].into_iter().filter(|n| has(n)).map(str::to_owned).collect();
        views.push(view("by_device", by(), Bucket::Day, &["sensor", "device"], days.series));
        views.push(view("by_vehicle", by(), Bucket::Day, &["vehicle"], days.positions));
    }
    if let Some(cell) = finest_cell(schema) {
        views.push(view("by_cell", vec![cell], Bucket::Hour, &[], days.events));
    }
    views
}

/// Windows of a key: the columns between the host's own and the window's end.
fn windows(schema: &Schema, days: &Days) -> View {
    let names = schema.fields().iter().map(|f| f.name().as_str());
    let key = names.take_while(|name| *name != "window_end");
    let by = key.filter(|name| !["id", "revision_us", "window_start"].contains(name));
    View {
        table: "by_window".into(),
        by: by.map(str::to_owned).collect(),
        bucket: Some(Bucket::Day),
        time: "window_start".into(),
        then: vec!["window_start".into()],
        only: None,
        days: days.aggregates,
        revised: true,
    }
}

/// The column `cell_N` with the largest N.
fn finest_cell(schema: &Schema) -> Option<String> {
    let cell = |f: &std::sync::Arc<arrow::datatypes::Field>| {
        let resolution = f.name().strip_prefix("cell_")?.parse::<u8>().ok()?;
        Some((resolution, f.name().clone()))
    };
    schema.fields().iter().filter_map(cell).max().map(|(_, name)| name)
}

/// Where rows go that no view takes, and what has no question of its own (dead letters).
pub(crate) fn rest(schema: &Schema, days: &Days) -> View {
    let time = ["timestamp", "window_start"]
        .into_iter()
        .find(|name| schema.field_with_name(name).is_ok_and(|f| is_time(f.data_type())));
    View {
        table: "by_id".into(),
        by: vec!["id".into()],
        bucket: None,
        time: time.unwrap_or("revision_us").into(),
        then: Vec::new(),
        only: None,
        days: days.others,
        revised: false,
    }
}
