//! Elasticsearch: the store, and a client that sends bodies that were written beforehand, as many at a time.

use std::io::Write as _;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use deliver::Store as _;
use elasticsearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
use elasticsearch::http::transport::Transport;
use elasticsearch::http::{Method, Url};
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use services::Elasticsearch;
use store_elasticsearch::{ElasticsearchStore, Options};
use tokio::runtime::Runtime;

use crate::flow::Node;
use crate::rows::{self, Rows};
use crate::side::{Side, Took, deliver};

/// Of a request, as the store's.
const BULK_BYTES: usize = 2 << 20;
/// Requests on their way at a time, of both.
const CONCURRENCY: usize = 2;
const BARE: &str = "bare";

/// Both on a node of their own.
pub struct Search {
    store: ElasticsearchStore,
    runtime: Runtime,
    transport: Transport,
    node: Elasticsearch,
}

impl Search {
    pub fn start() -> Result<Self> {
        let node = Elasticsearch::start_for_benchmarks()?;
        let options = Options {
            replicas: 0,
            prefix: "load".into(),
            max_bulk_bytes: BULK_BYTES,
            concurrency: CONCURRENCY,
            ..Options::new(&node.url())
        };
        let mut store = ElasticsearchStore::new(options)?;
        store.open(&[rows::table()?])?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let transport = Transport::single_node(Url::parse(&node.url())?.as_str())?;
        Ok(Self { store, runtime, transport, node })
    }

    fn ask(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<Value> {
        self.runtime.block_on(self.send(method, path, body))
    }

    async fn send(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<Value> {
        let headers =
            HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"))]);
        let answer = self.transport.send(method, path, headers, None::<&()>, body, None).await?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    async fn send_all(&self, bodies: Vec<Bytes>) -> Result<()> {
        let send =
            |body| async { self.send(Method::Post, "bare/_bulk?filter_path=errors", Some(body)).await };
        let mut answers = futures::stream::iter(bodies).map(send).buffer_unordered(CONCURRENCY);
        while let Some(answer) = answers.try_next().await? {
            ensure!(answer == json!({"errors": false}), "{answer}");
        }
        Ok(())
    }

    /// An index as the store's are.
    fn make_bare(&self) -> Result<()> {
        let template = self.ask(Method::Get, "_index_template/load-events", None)?;
        let template = template.pointer("/index_templates/0/index_template/template").cloned();
        let mut template = template.context("the store has no template")?;
        template.as_object_mut().context("a template is no object")?.remove("aliases");
        self.ask(Method::Put, BARE, Some(template.to_string().into()))?;
        Ok(())
    }
}

/// Rows as requests.
fn bodies(rows: &Rows) -> Result<Vec<Bytes>> {
    let (mut bodies, mut body) = (Vec::new(), Vec::new());
    for number in rows.numbers() {
        let (lat, lng) = rows::position(number);
        let cell = format!("{:015x}", rows::cell(number));
        let document = json!({
            "id": rows::id(number), "source": "social", "revision_us": rows::at_us(number), "behind_us": 0,
            "entity": rows::entity(number), "kind": "post", "timestamp": time(rows::at_us(number)),
            "lat": lat, "lng": lng, "position": [lng, lat], "text": rows::text(number),
            "severity": rows::severity(number), "cell_7": cell, "cell_2": "821fb7fffffffff",
            "cell_4": "841fb47ffffffff", "cell_6": "861fb466fffffff",
        });
        writeln!(body, "{{\"index\":{{\"_id\":\"{}\"}}}}\n{document}", rows::id(number))?;
        if body.len() >= BULK_BYTES {
            bodies.push(std::mem::take(&mut body).into());
        }
    }
    if !body.is_empty() {
        bodies.push(body.into());
    }
    Ok(bodies)
}

/// RFC 3339, of a time in the days from 2026-03-01 on.
fn time(at_us: i64) -> String {
    let us = at_us - rows::at_us(0);
    let (day, of_day) = (us / 86_400_000_000, us % 86_400_000_000);
    let (hour, minute, second) = (of_day / 3_600_000_000, of_day / 60_000_000 % 60, of_day / 1_000_000 % 60);
    format!("2026-03-{:02}T{hour:02}:{minute:02}:{second:02}.{:06}Z", day + 1, of_day % 1_000_000)
}

impl Side for Search {
    fn into_node(self: Box<Self>) -> Node {
        Node::Elasticsearch(Box::new(self.node))
    }

    fn by_store(&mut self, rows: &Rows) -> Result<Took> {
        Took::of(&self.node.server, || deliver(&mut self.store, rows))
    }

    fn by_client(&mut self, rows: &Rows) -> Result<Took> {
        // There it stays from the first round on.
        self.make_bare()?;
        let bodies = bodies(rows)?;
        Took::of(&self.node.server, || self.runtime.block_on(self.send_all(bodies)))
    }
}
