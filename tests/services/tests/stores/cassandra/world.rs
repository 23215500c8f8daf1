//! A keyspace of the test's own, rows for it, and a second client that looks what is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use deliver::{Batch, Reject, Store as _, StoreError, Table};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::errors::ExecutionError;
use scylla::value::{CqlValue, Row};
use store_cassandra::{CassandraStore, Options};

pub const TOPIC: &str = "crisis.v1.events";
pub const CELL: u64 = 0x0871_fb46_62ff_ffff;
pub const DAY_S: i64 = 86_400;

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: String,
    pub kind: &'static str,
    pub entity: String,
    pub at_us: i64,
    pub revision_us: i64,
    pub cell: Option<u64>,
    pub text: Option<String>,
    pub level: Option<f64>,
}

/// Of now, in µs since 1970.
pub fn now_us() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

pub fn event(id: &str, kind: &'static str) -> Event {
    // Not a whole ms, and a day ago: neither the hour nor the day is over twice in a test.
    let at_us = (now_us() - DAY_S * 1_000_000) / 1_000 * 1_000 + 7;
    Event {
        id: id.into(),
        kind,
        entity: "e-1".into(),
        at_us,
        revision_us: at_us + 100,
        cell: Some(CELL),
        text: None,
        level: Some(1.5),
    }
}

pub fn schema() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()));
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("source", DataType::Utf8, false),
        Field::new("revision_us", DataType::Int64, false),
        Field::new("behind_us", DataType::Int64, false),
        Field::new("entity", DataType::Utf8, false),
        Field::new("kind", DataType::Utf8, false),
        Field::new("timestamp", time, false),
        Field::new("cell_7", DataType::UInt64, true),
        Field::new("text", DataType::Utf8, true),
        Field::new("level", DataType::Float64, true),
    ]))
}

pub fn rows(events: &[Event]) -> RecordBatch {
    let texts = |of: fn(&Event) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(events.iter().map(of)))
    };
    let numbers =
        |of: fn(&Event) -> i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(events.iter().map(of))) };
    let times = TimestampMicrosecondArray::from_iter_values(events.iter().map(|e| e.at_us));
    let columns: Vec<ArrayRef> = vec![
        texts(|e| e.id.clone()),
        texts(|_| "iot".into()),
        numbers(|e| e.revision_us),
        numbers(|_| 0),
        texts(|e| e.entity.clone()),
        texts(|e| e.kind.into()),
        Arc::new(times.with_timezone("+00:00")),
        Arc::new(UInt64Array::from_iter(events.iter().map(|e| e.cell))),
        Arc::new(StringArray::from_iter(events.iter().map(|e| e.text.clone()))),
        Arc::new(Float64Array::from_iter(events.iter().map(|e| e.level))),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

pub fn table() -> Table {
    Table { topic: TOPIC.into(), partitions: 2, schema: schema() }
}

/// The node that tests share.
pub fn shared() -> String {
    ::services::Cassandra::shared().unwrap()
}

/// Settings for a node and a keyspace.
pub fn options(address: &str, keyspace: &str, more: &str) -> Options {
    let yaml = format!(
        "{{nodes: [\"{address}\"], keyspace: {keyspace}, replication: 1, request_timeout_ms: 20000, \
         connect_timeout_ms: 2000{more}}}"
    );
    serde_yaml_ng::from_str(&yaml).unwrap()
}

/// A name that no other test has.
pub fn keyspace() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("t{}_{}", now_us(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub fn open(options: Options) -> Result<CassandraStore, StoreError> {
    let mut store = CassandraStore::new(options)?;
    store.open(&[table()])?;
    Ok(store)
}

pub fn write_at(store: &mut CassandraStore, events: &[Event], from: u64) -> Result<Vec<Reject>, StoreError> {
    let rows = rows(events);
    let revisions_us: Vec<i64> = events.iter().map(|e| e.revision_us).collect();
    let offsets: Vec<u64> = (from..).take(events.len()).collect();
    let next_offset = from + events.len() as u64;
    let (topic, partition) = (TOPIC, 0);
    let batch = Batch {
        topic,
        partition,
        from,
        next_offset,
        rows: &rows,
        revisions_us: &revisions_us,
        offsets: &offsets,
    };
    store.write(&batch)
}

pub fn write(store: &mut CassandraStore, events: &[Event]) -> Result<Vec<Reject>, StoreError> {
    let rejects = write_at(store, events, 0)?;
    store.flush(true)?;
    Ok(rejects)
}

/// Writes until it is written, as a delivery does.
pub fn write_at_last(store: &mut CassandraStore, events: &[Event], from: u64) {
    let start = std::time::Instant::now();
    loop {
        match write_at(store, events, from).and_then(|rejects| store.flush(true).map(|()| rejects)) {
            Ok(rejects) => return assert_eq!(rejects, []),
            Err(error) => assert!(error.is_retry(), "{error}"),
        }
        assert!(start.elapsed() < Duration::from_secs(120), "it does not come back");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// A client of its own.
pub struct Client {
    runtime: tokio::runtime::Runtime,
    pub session: Session,
}

impl Client {
    pub fn new(address: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let builder = SessionBuilder::new().known_node(address).fetch_schema_metadata(false);
        let session = runtime.block_on(builder.build()).unwrap();
        Self { runtime, session }
    }

    pub fn run(&self, cql: &str) -> Vec<Vec<Option<CqlValue>>> {
        self.try_run(cql).unwrap()
    }

    /// None where it cannot be asked, as a table that is just being made.
    pub fn find(&self, cql: &str) -> Option<Vec<Vec<Option<CqlValue>>>> {
        self.try_run(cql).ok()
    }

    fn try_run(&self, cql: &str) -> Result<Vec<Vec<Option<CqlValue>>>, Box<ExecutionError>> {
        let result = self.runtime.block_on(self.session.query_unpaged(cql, ()))?;
        if !result.is_rows() {
            return Ok(Vec::new());
        }
        let rows = result.into_rows_result().unwrap();
        Ok(rows.rows::<Row>().unwrap().map(|row| row.unwrap().columns).collect())
    }

    /// Asks a question, whose marks must be a whole partition key: then one partition answers it.
    pub fn ask(
        &self,
        cql: &str,
        values: impl scylla::serialize::row::SerializeRow,
    ) -> Vec<Vec<Option<CqlValue>>> {
        self.runtime.block_on(async {
            let statement = self.session.prepare(cql).await.unwrap();
            // The server says which marks are the partition key: none, unless all of its columns are bound.
            assert!(!statement.get_variable_pk_indexes().is_empty(), "more than one partition: {cql}");
            let result = self.session.execute_unpaged(&statement, values).await.unwrap();
            let rows = result.into_rows_result().unwrap();
            rows.rows::<Row>().unwrap().map(|row| row.unwrap().columns).collect()
        })
    }

    /// All rows of a table with the write time of a column, as texts in order.
    pub fn dump(&self, keyspace: &str, table: &str) -> Vec<String> {
        let cql = format!(
            "SELECT JSON id, revision_us, \"text\", level, writetime(revision_us) FROM {keyspace}.{table}"
        );
        let mut rows: Vec<String> = self.run(&cql).iter().map(|row| format!("{row:?}")).collect();
        rows.sort();
        rows
    }
}

pub fn text(value: &Option<CqlValue>) -> &str {
    value.as_ref().and_then(CqlValue::as_text).map_or("", |t| t.as_str())
}

pub fn number(value: &Option<CqlValue>) -> i64 {
    value.as_ref().and_then(CqlValue::as_bigint).unwrap()
}
