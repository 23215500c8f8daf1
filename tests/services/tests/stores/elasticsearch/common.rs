//! Rows, and questions to the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use deliver::{Batch, Reject, Store as _, StoreError, Table};
use event::{Field, Kind, Schema};
use serde_json::{Value, json};
use store_elasticsearch::{ElasticsearchStore, Options};

use crate::common::request;

pub const TOPIC: &str = "crisis.v1.events";
/// 2018-01-31T23:59:59Z: a second later it is another month.
pub const JANUARY_US: i64 = 1_517_443_199_000_000;
pub const SECOND_US: i64 = 1_000_000;
/// Of resolution 7, near Lima, and two of its parents.
pub const CELL_7: u64 = 0x0878_e62c_63ff_ffff;

/// What an event has.
#[derive(Clone)]
pub struct Event {
    pub id: String,
    pub at_us: i64,
    pub revision_us: i64,
    pub text: String,
    pub place: Option<(f64, f64)>,
    pub cell: u64,
    pub shape: Option<String>,
}

pub fn event(id: &str) -> Event {
    Event {
        id: id.into(),
        at_us: JANUARY_US,
        revision_us: 5,
        text: "the water is rising".into(),
        place: Some((-12.05, -77.04)),
        cell: CELL_7,
        shape: None,
    }
}

pub fn schema(more: &[&str]) -> Schema {
    let columns = [
        ("id", Kind::Utf8),
        ("revision_us", Kind::Int64),
        ("timestamp", Kind::Timestamp),
        ("text", Kind::Utf8),
        ("lat", Kind::Float64),
        ("lng", Kind::Float64),
        ("cell_7", Kind::Uint64),
        ("shape", Kind::Utf8),
    ];
    let columns = columns.into_iter().chain(more.iter().map(|name| (*name, Kind::Utf8)));
    let field = |(name, kind): (&str, Kind)| {
        let required = matches!(name, "id" | "revision_us");
        Field { name: name.into(), kind, required, labels: Default::default() }
    };
    Schema { fields: columns.map(field).collect() }
}

pub fn table(more: &[&str]) -> Table {
    Table { topic: TOPIC.into(), partitions: 2, schema: schema(more).arrow() }
}

pub fn batch(events: &[Event]) -> RecordBatch {
    let each = |f: fn(&Event) -> &str| StringArray::from_iter_values(events.iter().map(f));
    let half = |f: fn(&Event) -> Option<f64>| events.iter().map(f).collect::<Float64Array>();
    let times =
        TimestampMicrosecondArray::from_iter_values(events.iter().map(|e| e.at_us)).with_timezone("+00:00");
    let columns: Vec<ArrayRef> = vec![
        Arc::new(each(|e| &e.id)),
        Arc::new(Int64Array::from_iter_values(events.iter().map(|e| e.revision_us))),
        Arc::new(times),
        Arc::new(each(|e| &e.text)),
        Arc::new(half(|e| e.place.map(|p| p.0))),
        Arc::new(half(|e| e.place.map(|p| p.1))),
        Arc::new(UInt64Array::from_iter_values(events.iter().map(|e| e.cell))),
        Arc::new(StringArray::from_iter(events.iter().map(|e| e.shape.as_deref()))),
    ];
    RecordBatch::try_new(table(&[]).schema, columns).unwrap()
}

pub fn write(
    store: &mut ElasticsearchStore,
    events: &[Event],
    next_offset: u64,
) -> Result<Vec<Reject>, StoreError> {
    let rows = batch(events);
    let revisions: Vec<i64> = events.iter().map(|event| event.revision_us).collect();
    let offsets: Vec<u64> = (0..).take(events.len()).collect();
    let batch = Batch {
        topic: TOPIC,
        partition: 0,
        from: 0,
        next_offset,
        rows: &rows,
        revisions_us: &revisions,
        offsets: &offsets,
    };
    store.write(&batch)
}

/// A part of a server that no other test uses.
pub struct World {
    pub url: String,
    pub options: Options,
}

impl World {
    pub fn new(url: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // A server that runs already may have what an earlier run has left.
        let prefix = format!("t{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let options = Options { prefix, replicas: 0, timeout_s: 60, ..Options::new(url) };
        Self { url: url.into(), options }
    }

    pub fn closed(&self) -> ElasticsearchStore {
        ElasticsearchStore::new(self.options.clone()).unwrap()
    }

    pub fn open(&self) -> ElasticsearchStore {
        let mut store = self.closed();
        store.open(&[table(&[])]).unwrap();
        store
    }

    /// What another process would see.
    pub fn open_again(&self) -> Result<(), StoreError> {
        self.closed().open(&[table(&[])])
    }

    /// Asks behind the store's back.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (_, answer) = request(method, &format!("{}/{path}", self.url), &body).unwrap();
        serde_json::from_str(&whole(&answer)).unwrap()
    }

    pub fn alias(&self) -> String {
        format!("{}-crisis_v1_events", self.options.prefix)
    }

    /// Searches all of a table, also what was written just now.
    pub fn search(&self, search: &Value) -> Value {
        self.ask("POST", &format!("{}/_refresh", self.alias()), &Value::Null);
        let found = self.ask("POST", &format!("{}/_search", self.alias()), search);
        assert!(found.get("error").is_none(), "{found}");
        found
    }

    /// The ids of what a query finds, in their order.
    pub fn find(&self, query: &Value) -> Vec<String> {
        let found = self.search(&json!({"size": 100, "query": query}));
        let hits = found["hits"]["hits"].as_array().unwrap();
        let mut ids: Vec<String> = hits.iter().map(|hit| hit["_id"].as_str().unwrap().into()).collect();
        ids.sort();
        ids
    }

    pub fn all(&self) -> Vec<String> {
        self.find(&json!({"match_all": {}}))
    }
}

/// An answer that may have come in chunks: searches' do, whatever the version of HTTP.
fn whole(answer: &str) -> String {
    if answer.starts_with(['{', '[']) {
        return answer.into();
    }
    let (mut whole, mut rest) = (String::new(), answer);
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        whole += &after[..size];
        rest = after.get(size + 2..).unwrap_or_default();
    }
    whole
}
