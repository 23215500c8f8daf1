//! The program on Kafka with one store, under a steady load.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use log::{Log as _, Output, Step};
use log_kafka::{KafkaLog, Options};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use serde_json::json;
use services::{Cassandra, Elasticsearch, Kafka, Minio, Server};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{progress, say};

/// The pipeline of the demo, of which the first stage is run: one row for each event, in `events`.
const PIPELINE: &str = "pipelines/field-reports.yaml";
/// The load at which it is measured when rows are found, in events per second.
const RATE: u64 = 5_000;
/// Before anything is measured: start, compilation, first requests.
const WARM: Duration = Duration::from_secs(30);
/// Before an outage.
const SETTLES: Duration = Duration::from_secs(10);
/// From one event that is looked for to the next.
const PROBE: Duration = Duration::from_millis(200);
/// How often it is looked whether one is found.
const LOOK: Duration = Duration::from_millis(50);
/// The longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(120);
/// Behind by less than this share of a second's load, a store has caught up.
const CAUGHT_UP: f64 = 1.0;
/// A time in the week of the simulated events, which their windows are open for.
const AT: &str = "2018-02-01T12:00:00Z";
const DAY: &str = "2018-02-01";

/// A server for one store.
pub enum Node {
    Cassandra(Box<Cassandra>),
    Elasticsearch(Box<Elasticsearch>),
    S3(Box<Minio>),
}

/// The program with its log, its store and its load.
pub struct Flow {
    node: Node,
    vigie: PathBuf,
    plugins: PathBuf,
    folder: TempDir,
    address: String,
    kafka: Kafka,
    run: Child,
    /// Rows of all topics that an event comes to, once that is known.
    rows_per_event: f64,
}

/// What an outage comes to.
pub struct Outage {
    /// Rows per second of the load.
    pub rate: f64,
    /// From the store's return until it is where it would be, in seconds.
    pub caught_up_s: f64,
    /// The program's greatest memory in that time since its start with the store up, and with it down, in MiB.
    pub up_mib: f64,
    pub down_mib: f64,
}

impl Flow {
    /// `node`: one that has been at work, as a server of Java's is slow at first.
    pub fn start(node: Node, plugins: &Path, vigie: &Path) -> Result<Self> {
        let (kafka, folder) = (Kafka::start_for_benchmarks()?, tempfile::tempdir()?);
        std::fs::write(folder.path().join("stores.yaml"), node.stores(folder.path())?.to_string())?;
        let run = run(vigie, plugins, &folder, &kafka.broker().address)?;
        let (address, rows_per_event) = (String::new(), f64::NAN);
        let (vigie, plugins) = (vigie.into(), plugins.into());
        let mut flow = Self { node, vigie, plugins, folder, address, kafka, run, rows_per_event };
        flow.wait_until_it_runs()?;
        Ok(flow)
    }

    /// Starts the program anew, where it stopped.
    fn restart(&mut self) -> Result<()> {
        end_here(&mut self.run);
        self.run = run(&self.vigie, &self.plugins, &self.folder, &self.kafka.broker().address)?;
        self.wait_until_it_runs()
    }

    fn wait_until_it_runs(&mut self) -> Result<()> {
        self.wait("the program", |flow| {
            let said = std::fs::read_to_string(flow.folder.path().join("said"))?;
            let found = said.split("http://").nth(1).and_then(|rest| rest.split('/').next());
            flow.address = found.unwrap_or_default().to_owned();
            Ok(!flow.address.is_empty()
                && flow.metric("vigie_delivery_lag_records").is_ok_and(|lag| lag == 0.0))
        })
    }

    /// From an event that is written to its row that is found, in ms and in order; and the cores that the program, the broker and the
    /// store's server take.
    pub fn visible(&mut self, seconds: u64) -> Result<(Vec<f64>, [f64; 3])> {
        say(&format!("rows are looked for, for {seconds} s at {RATE} events/s"));
        let feeder = self.feed(RATE, WARM.as_secs() + seconds + 5)?;
        std::thread::sleep(WARM);
        let (cpu_before, start) = (self.cpu_s(), Instant::now());
        let before = self.counts()?;
        let (send, sent) = mpsc::channel();
        let address = self.kafka.broker().address;
        let prober = std::thread::spawn(move || probe(&address, seconds, &send));
        let (mut waiting, mut visible_ms) = (VecDeque::new(), Vec::new());
        let looker = Looker::new(&self.node)?;
        loop {
            waiting.extend(sent.try_iter());
            let Some((entity, at)) = waiting.front() else {
                if prober.is_finished() {
                    break;
                }
                std::thread::sleep(LOOK);
                continue;
            };
            let at: Instant = *at;
            if looker.finds(entity)? {
                visible_ms.push(at.elapsed().as_secs_f64() * 1e3);
                waiting.pop_front();
            } else if at.elapsed() > PATIENCE {
                bail!("an event is not found");
            } else {
                std::thread::sleep(LOOK);
            }
            progress(&format!("{} of {} events found", visible_ms.len(), seconds * 5));
        }
        prober.join().map_err(|_| anyhow::anyhow!("the prober has ended in a defect"))??;
        let (cpu_after, took_s) = (self.cpu_s(), start.elapsed().as_secs_f64());
        let mut cores = cpu_after;
        cores.iter_mut().zip(cpu_before).for_each(|(cores, before)| *cores = (*cores - before) / took_s);
        let after = self.counts()?;
        self.rows_per_event = (after.1 - before.1) / (after.0 - before.0);
        end(feeder);
        visible_ms.sort_by(f64::total_cmp);
        self.wait("the end", |flow| Ok(flow.lag()? < 100.0))?;
        Ok((visible_ms, cores))
    }

    /// What the program, the broker and the store's server have used, in seconds.
    fn cpu_s(&self) -> [f64; 3] {
        let pids = [Some(self.run.id()), self.kafka.pid(), self.node.server().pid()];
        pids.map(|pid| pid.and_then(figures::cpu_s).unwrap_or(f64::NAN))
    }

    /// Halts the store under a load of so many rows per second, or of what the program is made for where that is less, and
    /// lets it go on.
    pub fn outage(&mut self, seconds: u64, rows_per_s: f64) -> Result<Outage> {
        if self.rows_per_event.is_nan() {
            let feeder = self.feed(RATE / 5, 20)?;
            std::thread::sleep(Duration::from_secs(15));
            let (events, rows) = self.counts()?;
            self.rows_per_event = rows / events;
            end(feeder);
        }
        let events_per_s = (rows_per_s / self.rows_per_event).clamp(1.0, RATE as f64) as u64;
        let rate = events_per_s as f64 * self.rows_per_event;
        let up_mib = self.under_load(events_per_s, seconds, |flow| flow.peak_mib("up", seconds, rate))?;
        let (down_mib, caught_up_s) = self.under_load(events_per_s, 2 * seconds + 120, |flow| {
            flow.node.server().pause(true)?;
            let down_mib = flow.peak_mib("down", seconds, rate);
            flow.node.server().pause(false)?;
            let (down_mib, start) = (down_mib?, Instant::now());
            flow.wait("the store", |flow| Ok(flow.lag()? < rate * CAUGHT_UP))?;
            Ok((down_mib, start.elapsed().as_secs_f64()))
        })?;
        Ok(Outage { rate, caught_up_s, up_mib, down_mib })
    }

    /// Does something with a program that was started anew and has a steady load since, for at most so long.
    fn under_load<T>(
        &mut self,
        events_per_s: u64,
        seconds: u64,
        act: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.wait("the store", |flow| Ok(flow.lag()? == 0.0))?;
        self.restart()?;
        let feeder = self.feed(events_per_s, SETTLES.as_secs() + seconds)?;
        std::thread::sleep(SETTLES);
        let done = act(self);
        end(feeder);
        done
    }

    /// The program's greatest memory in some time, in MiB.
    fn peak_mib(&self, what: &str, seconds: u64, rate: f64) -> Result<f64> {
        say(&format!("the store's server is {what}, for {seconds} s at {rate:.0} rows/s"));
        figures::forget_peak(self.run.id())?;
        for second in 0..seconds {
            progress(&format!("{what}: {second} of {seconds} s at {rate:.0} rows/s"));
            std::thread::sleep(Duration::from_secs(1));
        }
        figures::peak_mib(self.run.id()).context("the program has ended")
    }

    /// A process that writes so many events a second.
    fn feed(&self, rate: u64, seconds: u64) -> Result<Child> {
        let (rate, events) = (rate.to_string(), (rate * seconds).to_string());
        let mut command = program(&self.vigie, &self.plugins, &self.folder, &self.kafka.broker().address);
        command.args(["simulate", "--to-topics", "--rate", &rate, "--events", &events]);
        Ok(command.stderr(Stdio::null()).spawn()?)
    }

    /// Raw records that were read, and rows that the store has got.
    fn counts(&self) -> Result<(f64, f64)> {
        Ok((
            self.sum("vigie_records_read_total{step=\"first\"")?,
            self.sum_of_store("vigie_delivered_rows_total")?,
        ))
    }

    fn lag(&self) -> Result<f64> {
        self.sum_of_store("vigie_delivery_lag_records")
    }

    fn metric(&self, name: &str) -> Result<f64> {
        self.sum(name)
    }

    fn sum_of_store(&self, name: &str) -> Result<f64> {
        self.sum(&format!("{name}{{store=\"bench\""))
    }

    /// The sum of all figures whose line begins so.
    fn sum(&self, begin: &str) -> Result<f64> {
        let text = request(&self.address, "GET", "/metrics", "")?;
        let figures = text.lines().filter(|line| line.starts_with(begin));
        let figures: Vec<f64> = figures.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
        anyhow::ensure!(!figures.is_empty(), "there is no {begin} yet");
        Ok(figures.iter().sum())
    }

    fn wait(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> Result<bool>) -> Result<()> {
        let start = Instant::now();
        while !is_so(self).unwrap_or(false) {
            if start.elapsed() > PATIENCE || self.run.try_wait()?.is_some() {
                bail!("{what} does not come: {}", std::fs::read_to_string(self.folder.path().join("said"))?);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        end_here(&mut self.run);
    }
}

fn end(mut child: Child) {
    end_here(&mut child);
}

fn end_here(child: &mut Child) {
    // It fails where it has ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

/// The file of the pipeline's first stage.
fn first_stage(folder: &Path) -> Result<PathBuf> {
    let mut pipeline: serde_json::Value = serde_yaml_ng::from_str(&std::fs::read_to_string(PIPELINE)?)?;
    pipeline.as_object_mut().context("a pipeline is no map")?.remove("then");
    // Files are found from the pipeline's folder.
    let text = pipeline
        .to_string()
        .replace("\"../data", &format!("\"{}", Path::new("data").canonicalize()?.display()));
    let path = folder.join("first-stage.yaml");
    std::fs::write(&path, text)?;
    Ok(path)
}

/// The program, whose topics are made before anything is written.
fn run(vigie: &Path, plugins: &Path, folder: &TempDir, brokers: &str) -> Result<Child> {
    let mut command = program(vigie, plugins, folder, brokers);
    command.args(["run", "--follow", "--observe", "127.0.0.1:0"]).arg(first_stage(folder.path())?);
    Ok(command.stderr(File::create(folder.path().join("said"))?).spawn()?)
}

fn program(vigie: &Path, plugins: &Path, folder: &TempDir, brokers: &str) -> Command {
    let mut command = Command::new(vigie);
    command.arg("--data-dir").arg(folder.path().join("data")).arg("--plugins").arg(plugins);
    command.args(["--log", &format!("kafka://{brokers}"), "--stores"]).arg(folder.path().join("stores.yaml"));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Writes events to be looked for, and says when each was on its way.
fn probe(brokers: &str, seconds: u64, sent: &mpsc::Sender<(String, Instant)>) -> Result<()> {
    let mut log = KafkaLog::connect(Options::new(brokers, Some("bench-probe")))?;
    let start = Instant::now();
    for number in 0..seconds * 5 {
        let due = PROBE * u32::try_from(number).unwrap_or(u32::MAX);
        std::thread::sleep(due.saturating_sub(start.elapsed()));
        let entity = format!("probe-{number}");
        let event =
            json!({"id": entity, "time": AT, "position": {"lat": 17.3, "lng": 96.5}, "severity": 1.0});
        let at_us = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_micros();
        let output = Output {
            topic: "raw.iot".into(),
            partition: 0,
            timestamp_us: i64::try_from(at_us)?,
            key: entity.clone().into(),
            value: event.to_string().into(),
        };
        let at = Instant::now();
        log.commit_step(Step::of("bench", &[], &[output], &[]))?;
        sent.send((entity, at))?;
    }
    Ok(())
}

impl Node {
    fn server(&self) -> &Server {
        match self {
            Self::Cassandra(node) => &node.server,
            Self::Elasticsearch(node) => &node.server,
            Self::S3(node) => &node.server,
        }
    }

    /// The file of stores.
    fn stores(&self, folder: &Path) -> Result<serde_json::Value> {
        let forever =
            json!({"series": null, "positions": null, "events": null, "aggregates": null, "others": null});
        let (kind, options) = match self {
            Self::Cassandra(node) => (
                "cassandra",
                json!({"nodes": [node.server.address()], "keyspace": "flow", "replication": 1, "days": forever}),
            ),
            Self::Elasticsearch(node) => {
                ("elasticsearch", json!({"url": node.url(), "replicas": 0, "timeout_s": 5}))
            }
            Self::S3(node) => {
                let s3 = node.s3();
                std::fs::write(folder.join("key"), &s3.key)?;
                std::fs::write(folder.join("secret"), &s3.secret)?;
                let credentials = json!({
                    "access_key_id_file": folder.join("key"), "secret_access_key_file": folder.join("secret"),
                });
                let url = format!("s3://{}/flow", s3.bucket);
                let (endpoint, timeout_s) = (s3.endpoint, 5);
                (
                    "s3",
                    json!({"url": url, "endpoint": endpoint, "allow_http": true, "timeout_s": timeout_s, "credentials": credentials}),
                )
            }
        };
        // As it runs where others are asked.
        Ok(
            json!({"embedded": {"topics": []}, "stores": {"bench": {"clearance": ["location", "pseudonym", "residual"], kind: options}}}),
        )
    }
}

/// Looks for rows as their readers do.
enum Looker {
    Cassandra(Runtime, Box<Session>),
    Elasticsearch(String),
}

impl Looker {
    fn new(node: &Node) -> Result<Self> {
        Ok(match node {
            Node::Cassandra(node) => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let session =
                    runtime.block_on(SessionBuilder::new().known_node(node.server.address()).build())?;
                Self::Cassandra(runtime, Box::new(session))
            }
            Node::Elasticsearch(node) => Self::Elasticsearch(node.url().trim_start_matches("http://").into()),
            Node::S3(_) => bail!("rows of a lake are found when a file is closed"),
        })
    }

    fn finds(&self, entity: &str) -> Result<bool> {
        match self {
            Self::Cassandra(runtime, session) => {
                let cql = format!(
                    "SELECT id FROM flow.events_by_device WHERE source = 'iot' AND entity = '{entity}' AND day = '{DAY}'"
                );
                let found = runtime.block_on(session.query_unpaged(cql, ()))?;
                Ok(found.into_rows_result()?.rows_num() > 0)
            }
            Self::Elasticsearch(address) => {
                let query = json!({"query": {"term": {"entity": entity}}}).to_string();
                let found = request(address, "POST", "/vigie-events/_count", &query)?;
                Ok(found.contains("\"count\":1"))
            }
        }
    }
}

/// A request without TLS; what comes behind the head.
fn request(address: &str, method: &str, path: &str, body: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned()))
}
