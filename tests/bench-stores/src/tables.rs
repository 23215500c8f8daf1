//! Cassandra: the store, and a client that writes the same statements, as many in a request, of values that it has
//! already.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use deliver::Store as _;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use scylla::SerializeRow;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::value::{CqlTimestamp, MaybeUnset};
use serde_json::json;
use services::Cassandra;
use store_cassandra::CassandraStore;
use tokio::runtime::Runtime;

use crate::flow::Node;
use crate::rows::{self, Rows};
use crate::side::{Side, Took, deliver};

/// Rows of a request: as many as a server takes without a warning.
const ROWS: usize = 10;
/// Requests on their way at a time, of both.
const CONCURRENCY: usize = 128;
const HOUR_US: i64 = 3_600_000_000;
/// Into the table that the store makes.
const INSERT: &str = "INSERT INTO bench.events_by_cell (cell_7, hour, \"timestamp\", id, source, revision_us, \
    behind_us, entity, kind, lat, lng, \"text\", severity, timestamp_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \
    ?, ?) USING TIMESTAMP ?";

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
    text: String,
    severity: MaybeUnset<f64>,
    timestamp_us: i64,
    written_at: i64,
}

/// Both on a node of their own.
pub struct Tables {
    store: CassandraStore,
    runtime: Runtime,
    session: Session,
    node: Cassandra,
}

impl Tables {
    pub fn start() -> Result<Self> {
        let node = Cassandra::start_for_benchmarks()?;
        let address = node.server.address().to_owned();
        let options = serde_json::from_value(json!({
            "nodes": [address], "keyspace": "bench", "replication": 1, "concurrency": CONCURRENCY,
            "views": {"events": [{
                "table": "by_cell", "by": ["cell_7"], "bucket": "hour", "time": "timestamp", "then": ["timestamp"],
                "days": null,
            }]},
        }))?;
        let mut store = CassandraStore::new(options)?;
        store.open(&[rows::table()?])?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let session = runtime.block_on(SessionBuilder::new().known_node(address).build())?;
        Ok(Self { store, runtime, session, node })
    }
}

fn values(number: usize) -> Values {
    let (at_us, (lat, lng)) = (rows::at_us(number), rows::position(number));
    Values {
        cell: format!("{:015x}", rows::cell(number)),
        hour: CqlTimestamp(at_us.div_euclid(HOUR_US) * HOUR_US / 1_000),
        timestamp: CqlTimestamp(at_us / 1_000),
        id: rows::id(number),
        source: "social",
        revision_us: at_us,
        behind_us: 0,
        entity: rows::entity(number),
        kind: "post",
        lat,
        lng,
        text: rows::text(number),
        severity: MaybeUnset::from_option(rows::severity(number)),
        timestamp_us: at_us,
        written_at: at_us,
    }
}

async fn write(session: &Session, insert: &PreparedStatement, values: &[Values]) -> Result<()> {
    let batch = |rows| {
        let statement = BatchStatement::PreparedStatement(insert.clone());
        Batch::new_with_statements(BatchType::Unlogged, vec![statement; rows])
    };
    let (next, full, requests) = (AtomicUsize::new(0), batch(ROWS), values.chunks(ROWS).collect::<Vec<_>>());
    let worker = || async {
        while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
            if request.len() == ROWS {
                session.batch(&full, *request).await?;
            } else {
                session.batch(&batch(request.len()), *request).await?;
            }
        }
        anyhow::Ok(())
    };
    let mut workers: FuturesUnordered<_> = (0..CONCURRENCY).map(|_| worker()).collect();
    while let Some(done) = workers.next().await {
        done?;
    }
    Ok(())
}

impl Side for Tables {
    fn into_node(self: Box<Self>) -> Node {
        Node::Cassandra(Box::new(self.node))
    }

    fn by_store(&mut self, rows: &Rows) -> Result<Took> {
        Took::of(&self.node.server, || deliver(&mut self.store, rows))
    }

    fn by_client(&mut self, rows: &Rows) -> Result<Took> {
        let statement = self.runtime.block_on(self.session.prepare(INSERT))?;
        let values: Vec<Values> = rows.numbers().map(values).collect();
        Took::of(&self.node.server, || self.runtime.block_on(write(&self.session, &statement, &values)))
    }
}
