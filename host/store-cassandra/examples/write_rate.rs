//! Rows per second into Cassandra, against the barest client that writes the same rows: the same statement, as many at
//! a time, of values that were written as CQL beforehand.
//!
//! `write_rate HOST:PORT [ROUNDS]`; the keyspace is `write_rate`. Both run in turn, and the medians count: by the clock,
//! and by the processor's time, which says more on a machine that does other things as well.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use deliver::{Batch, Store as _, Table};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use scylla::SerializeRow;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::bound::BoundStatement;
use scylla::value::{CqlTimestamp, MaybeUnset};
use store_cassandra::{CassandraStore, Options};
use tokio::runtime::Runtime;

const ROWS: usize = 100_000;
const BATCH_ROWS: usize = 5_000;
const CONCURRENCY: usize = 128;
const HOUR_US: i64 = 3_600_000_000;
const TTL_S: i32 = 7_000_000;
const TEXT: &str =
    "The water has reached the second step of the school; some forty people are on its upper floor.";
const INSERT: &str = "INSERT INTO write_rate.events_by_cell (cell_7, hour, \"timestamp\", id, source, revision_us, \
    behind_us, entity, kind, lat, lng, \"text\", severity, timestamp_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \
    ?, ?) USING TIMESTAMP ? AND TTL ?";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// In the order of the statement.
#[derive(SerializeRow)]
#[scylla(flavor = "enforce_order", skip_name_checks)]
struct Values {
    cell: String,
    hour: CqlTimestamp,
    timestamp: CqlTimestamp,
    id: String,
    source: &'static str,
    revision_us: i64,
    behind_us: i64,
    entity: String,
    kind: &'static str,
    lat: f64,
    lng: f64,
    text: &'static str,
    severity: MaybeUnset<f64>,
    timestamp_us: i64,
    written_at: i64,
    ttl_s: i32,
}

/// The rows, whose times begin an hour ago.
struct Rows {
    from_us: i64,
}

impl Rows {
    fn at_us(&self, n: usize) -> i64 {
        self.from_us + n as i64 * 10_000
    }

    fn cell(n: usize) -> u64 {
        0x0871_fb46_62ff_ffff ^ (n as u64 % 500) << 24
    }

    fn severity(n: usize) -> Option<f64> {
        n.is_multiple_of(3).then_some(2.5)
    }

    fn columns(&self) -> Result<RecordBatch> {
        let texts = |of: &dyn Fn(usize) -> String| -> ArrayRef {
            Arc::new(StringArray::from_iter_values((0..ROWS).map(of)))
        };
        let floats = |of: &dyn Fn(usize) -> Option<f64>| -> ArrayRef {
            Arc::new(Float64Array::from_iter((0..ROWS).map(of)))
        };
        let times = || (0..ROWS).map(|n| self.at_us(n));
        let columns: [(&str, ArrayRef); 12] = [
            ("id", texts(&|n| format!("{n:032x}"))),
            ("source", texts(&|_| "social".into())),
            ("revision_us", Arc::new(Int64Array::from_iter_values(times()))),
            ("behind_us", Arc::new(Int64Array::from_iter_values(times().map(|_| 0)))),
            ("entity", texts(&|n| format!("post-{n}"))),
            ("kind", texts(&|_| "post".into())),
            (
                "timestamp",
                Arc::new(TimestampMicrosecondArray::from_iter_values(times()).with_timezone("+00:00")),
            ),
            ("lat", floats(&|n| Some(45.0 + n as f64 * 1e-6))),
            ("lng", floats(&|n| Some(3.0 + n as f64 * 1e-6))),
            ("text", texts(&|_| TEXT.into())),
            ("severity", floats(&Self::severity)),
            ("cell_7", Arc::new(UInt64Array::from_iter_values((0..ROWS).map(Self::cell)))),
        ];
        Ok(RecordBatch::try_from_iter(columns)?)
    }

    fn values(&self, n: usize) -> Values {
        let at_us = self.at_us(n);
        Values {
            cell: format!("{:015x}", Self::cell(n)),
            hour: CqlTimestamp(at_us.div_euclid(HOUR_US) * HOUR_US / 1_000),
            timestamp: CqlTimestamp(at_us / 1_000),
            id: format!("{n:032x}"),
            source: "social",
            revision_us: at_us,
            behind_us: 0,
            entity: format!("post-{n}"),
            kind: "post",
            lat: 45.0 + n as f64 * 1e-6,
            lng: 3.0 + n as f64 * 1e-6,
            text: TEXT,
            severity: MaybeUnset::from_option(Self::severity(n)),
            timestamp_us: at_us,
            written_at: at_us,
            ttl_s: TTL_S,
        }
    }
}

fn open(address: &str, rows: &RecordBatch) -> Result<CassandraStore> {
    let options: Options = serde_yaml_ng::from_str(&format!(
        "{{nodes: [\"{address}\"], keyspace: write_rate, replication: 1, concurrency: {CONCURRENCY}, views: {{events: \
         [{{table: by_cell, by: [cell_7], bucket: hour, time: timestamp, then: [timestamp], days: 90}}]}}}}"
    ))?;
    let mut store = CassandraStore::new(options)?;
    store.open(&[Table { topic: "events".into(), partitions: 1, schema: rows.schema() }])?;
    Ok(store)
}

fn by_store(store: &mut CassandraStore, rows: &RecordBatch, times_us: &[i64]) -> Result<()> {
    for (number, times) in times_us.chunks(BATCH_ROWS).enumerate() {
        let from = number * BATCH_ROWS;
        let part = rows.slice(from, times.len());
        let next_offset = (from + times.len()) as u64;
        let (from, offsets) = (from as u64, (from as u64..next_offset).collect::<Vec<_>>());
        let (topic, rows) = ("events", &part);
        store.write(&Batch {
            topic,
            partition: 0,
            from,
            next_offset,
            rows,
            revisions_us: times,
            offsets: &offsets,
        })?;
        store.flush(false)?;
    }
    Ok(())
}

async fn by_client(session: &Session, bound: &[BoundStatement]) -> Result<()> {
    let next = AtomicUsize::new(0);
    let worker = || async {
        while let Some(statement) = bound.get(next.fetch_add(1, Ordering::Relaxed)) {
            session.execute_bound_unpaged(statement).await?;
        }
        Result::Ok(())
    };
    let mut workers: FuturesUnordered<_> = (0..CONCURRENCY).map(|_| worker()).collect();
    while let Some(done) = workers.next().await {
        done?;
    }
    Ok(())
}

/// Of this process, in seconds (`man 5 proc_pid_stat`, in hundredths).
fn processor_s() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    Ok(fields.map(|field| field.parse::<f64>().unwrap_or_default()).sum::<f64>() / 100.0)
}

/// Rows per second, and the processor's seconds.
fn measure(run: impl FnOnce() -> Result<()>) -> Result<[f64; 2]> {
    let (start, processor) = (Instant::now(), processor_s()?);
    run()?;
    Ok([ROWS as f64 / start.elapsed().as_secs_f64(), processor_s()? - processor])
}

fn median(of: &[[f64; 2]], which: usize) -> f64 {
    let mut values: Vec<f64> = of.iter().filter_map(|pair| pair.get(which).copied()).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn client(runtime: &Runtime, address: &str, rows: &Rows) -> Result<(Session, Vec<BoundStatement>)> {
    let session = runtime.block_on(SessionBuilder::new().known_node(address).build())?;
    let statement = runtime.block_on(session.prepare(INSERT))?;
    let bound =
        (0..ROWS).map(|n| statement.clone().bind(&rows.values(n))).collect::<std::result::Result<_, _>>()?;
    Ok((session, bound))
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("write_rate HOST:PORT [ROUNDS]")?;
    let rounds: usize = arguments.next().map_or(Ok(9), |rounds| rounds.parse())?;
    let now_us = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?;
    let rows = Rows { from_us: now_us - HOUR_US };
    let (columns, times_us) = (rows.columns()?, (0..ROWS).map(|n| rows.at_us(n)).collect::<Vec<_>>());
    let mut store = open(&address, &columns)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (session, bound) = client(&runtime, &address, &rows)?;
    // The first round makes server and connections warm.
    let (mut stores, mut clients) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let by_store = measure(|| by_store(&mut store, &columns, &times_us))?;
        let by_client = measure(|| runtime.block_on(by_client(&session, &bound)))?;
        println!(
            "{round}: store {:.0} rows/s, {:.2} s of CPU; client {:.0} rows/s, {:.2} s of CPU",
            by_store[0], by_store[1], by_client[0], by_client[1]
        );
        if round > 0 {
            stores.push(by_store);
            clients.push(by_client);
        }
    }
    let (store, client) = (median(&stores, 0), median(&clients, 0));
    println!("store {store:.0} rows/s, client {client:.0} rows/s: {:.0} %", 100.0 * store / client);
    println!("CPU per 100,000 rows: store {:.2} s, client {:.2} s", median(&stores, 1), median(&clients, 1));
    Ok(())
}
