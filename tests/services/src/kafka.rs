//! Apache Kafka: one broker, which is its own controller.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::fetch;
use crate::process::Process;

/// Names a broker that runs already.
pub const KAFKA_VARIABLE: &str = "VIGIE_TEST_KAFKA";
const PROJECT: &str = include_str!("../kafka.xml");
const DIGESTS: &str = include_str!("../kafka.sha256");
/// Any 16 bytes in base64.
const CLUSTER: &str = "dmlnaWUtdGVzdHMta2Fma2E";
/// Logged when every listener accepts connections.
const READY: &str = "Kafka Server started";
const MOST_START: Duration = Duration::from_secs(120);
/// How often a start is tried where another process was faster to take a port.
const PORT_TRIES: u32 = 3;
const LOGGING: &str = "
Configuration:
  Appenders:
    Console: {name: out, PatternLayout: {pattern: '[%d] %p %m (%c)%n'}}
  Loggers:
    Root: {level: INFO, AppenderRef: {ref: out}}
";

/// Where a broker is reached.
#[derive(Clone, Debug)]
pub struct Broker {
    /// `host:port`.
    pub address: String,
}

/// How the broker's Java machine runs: compiled quickly rather than well, and with a small heap, as tests are short.
const FOR_TESTS: [&str; 5] =
    ["-Xms192m", "-Xmx192m", "-XX:MaxDirectMemorySize=128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
/// As it comes, with the heap that Kafka's own script gives it: for what is measured.
const FOR_BENCHMARKS: [&str; 2] = ["-Xms1g", "-Xmx1g"];
/// What a broker has beyond the plain one.
#[derive(Default)]
pub(crate) struct Extension {
    /// Lines for its settings.
    pub settings: String,
    /// Arguments for what makes its disk.
    pub format: Vec<String>,
}

/// Gives it for a broker's and a controller's port.
pub(crate) type Extend<'a> = dyn Fn(u16, u16) -> Result<Extension> + 'a;

/// A broker of the test's own.
pub struct Kafka {
    folder: TempDir,
    port: u16,
    java: PathBuf,
    jars: PathBuf,
    tuning: &'static [&'static str],
    process: Option<Process>,
}

impl Broker {
    /// The broker that tests share: the one that `VIGIE_TEST_KAFKA` names, or one that this process starts
    /// once and that ends with it.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn shared() -> Result<Self> {
        static STARTED: Mutex<Option<Kafka>> = Mutex::new(None);
        if let Some(address) = std::env::var(KAFKA_VARIABLE).ok().filter(|a| !a.is_empty()) {
            return Ok(Self { address });
        }
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kafka) = &*started {
            return Ok(kafka.broker());
        }
        let kafka = Kafka::start()?;
        let broker = kafka.broker();
        *started = Some(kafka);
        Ok(broker)
    }
}

impl Kafka {
    /// Starts a broker with an empty disk.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn start() -> Result<Self> {
        Self::start_with(&FOR_TESTS, &|_, _| Ok(Extension::default()))
    }

    /// The same with a larger heap and all of the compiler, for what is measured.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn start_for_benchmarks() -> Result<Self> {
        Self::start_with(&FOR_BENCHMARKS, &|_, _| Ok(Extension::default()))
    }

    /// The same with more, which is asked for with each try, by the ports of the broker and the controller.
    pub(crate) fn start_extended(extend: &Extend<'_>) -> Result<Self> {
        Self::start_with(&FOR_TESTS, extend)
    }

    fn start_with(tuning: &'static [&'static str], extend: &Extend<'_>) -> Result<Self> {
        on_free_ports(|java, jars| {
            let [port, controller] = free_ports()?;
            let node = Node { id: 1, port, controllers: &[controller] };
            let mut kafka = Self { tuning, ..Self::prepare(java, jars, &node, &extend(port, controller)?)? };
            kafka.resume()?;
            Ok(kafka)
        })
    }

    /// A broker with an empty disk, which was not started.
    pub(crate) fn prepare(java: &Path, jars: &Path, node: &Node<'_>, extension: &Extension) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // Of two lines with the same name the last one holds.
        let settings = settings(folder.path(), node)? + &extension.settings;
        fs::write(folder.path().join("server.properties"), settings)?;
        fs::write(folder.path().join("log4j2.yaml"), LOGGING)?;
        let (port, tuning) = (node.port, &FOR_TESTS);
        let kafka = Self { folder, port, java: java.into(), jars: jars.into(), tuning, process: None };
        let format = ["kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c"];
        let mut format = kafka.jvm(&format);
        let output = format.arg(kafka.path("server.properties")).args(&extension.format).output()?;
        if !output.status.success() {
            bail!("VG0904: Kafka's disk could not be made: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(kafka)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn jvm(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.java);
        command.args(self.tuning);
        command.args(["-Xshare:auto", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true"]);
        command.arg(format!("-Dlog4j2.configurationFile={}", self.path("log4j2.yaml").display()));
        command.arg("-cp").arg(self.jars.join("*")).args(arguments);
        command
    }

    /// Where it is reached; the same after it was stopped and started again.
    #[must_use]
    pub fn broker(&self) -> Broker {
        Broker { address: format!("127.0.0.1:{}", self.port) }
    }

    /// Its process; none where it was killed.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Kills the broker, as a crash does; its disk stays.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts a broker that was killed, on its disk.
    ///
    /// # Errors
    /// VG0904.
    pub fn resume(&mut self) -> Result<()> {
        let out = self.path("broker.log");
        // What an earlier life has said must not look ready.
        fs::write(&out, "")?;
        let mut command = self.jvm(&["kafka.Kafka"]);
        command.arg(self.path("server.properties"));
        let process = Process::start(&command, &out)?;
        process.wait_for(READY, &out, MOST_START)?;
        self.process = Some(process);
        Ok(())
    }

    /// Halts the broker without closing its connections, or lets it go on.
    ///
    /// # Errors
    /// VG0904 where it does not run.
    pub fn pause(&self, paused: bool) -> Result<()> {
        let process = self.process.as_ref().context("VG0904: the broker does not run")?;
        process.signal(if paused { "STOP" } else { "CONT" })
    }

    /// Lets no file of the broker grow beyond a size, as on a disk that is full, until it is started again.
    ///
    /// # Errors
    /// VG0904 where it does not run.
    pub fn limit_files(&self, most_bytes: u64) -> Result<()> {
        let process = self.process.as_ref().context("VG0904: the broker does not run")?;
        process.limit_files(most_bytes)
    }

    /// Whether its process runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.process.as_ref().is_some_and(Process::is_running)
    }
}

/// Starts something on ports that are free, once more where another process was faster to take one.
pub(crate) fn on_free_ports<T>(start: impl Fn(&Path, &Path) -> Result<T>) -> Result<T> {
    let (java, jars) = (fetch::java()?, fetch::jars("kafka", PROJECT, DIGESTS)?);
    let mut last = None;
    for _ in 0..PORT_TRIES {
        match start(&java, &jars) {
            Err(error) if error.to_string().contains("Address already in use") => last = Some(error),
            result => return result,
        }
    }
    Err(last.context("VG0904: no start was tried")?)
}

/// Ports that are free now.
pub(crate) fn free_ports<const COUNT: usize>() -> Result<[u16; COUNT]> {
    // All held before one is let go, so that they differ.
    let listeners = [(); COUNT].map(|()| TcpListener::bind("127.0.0.1:0"));
    let mut ports = [0; COUNT];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        let listener = listener.as_ref().map_err(|e| anyhow::anyhow!("VG0904: no port is free: {e}"))?;
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

/// A broker among those of its cluster, each of which is a controller too.
pub(crate) struct Node<'a> {
    /// From 1 on.
    pub id: usize,
    pub port: u16,
    /// The controllers' ports of all, in the order of their ids.
    pub controllers: &'a [u16],
}

/// Few partitions for the broker's own topics, so that it starts quickly; a copy of everything on each broker,
/// of which one may be missing.
fn settings(folder: &Path, node: &Node<'_>) -> Result<String> {
    let Node { id, port, controllers } = node;
    let controller = controllers.get(id - 1).context("VG0904: a broker without a controller")?;
    let voters = (1..).zip(controllers.iter()).map(|(id, port)| format!("{id}@127.0.0.1:{port}"));
    let voters = voters.collect::<Vec<String>>().join(",");
    let copies = controllers.len();
    let least = copies.div_ceil(2);
    Ok(format!(
        "process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={}
default.replication.factor={copies}
min.insync.replicas={least}
num.network.threads=2
num.io.threads=4
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={least}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.coordinator.threads=1
group.min.session.timeout.ms=1000
transaction.abort.timed.out.transaction.cleanup.interval.ms=200
log.cleaner.backoff.ms=200
log.cleaner.dedupe.buffer.size=4194304
log.index.size.max.bytes=1048576
auto.create.topics.enable=false
",
        folder.join("disk").display()
    ))
}
