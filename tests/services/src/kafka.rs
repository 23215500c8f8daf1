//! Apache Kafka: one broker, which is its own controller.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::server::{Recipe, Server};
use crate::shared::{Shared, named};
use crate::{fetch, java, ports};

/// Names a broker that runs already.
pub const KAFKA_VARIABLE: &str = "VIGIE_TEST_KAFKA";
const PROJECT: &str = include_str!("../kafka.xml");
const DIGESTS: &str = include_str!("../kafka.sha256");
/// Any 16 bytes in base64.
const CLUSTER: &str = "dmlnaWUtdGVzdHMta2Fma2E";
/// Logged when every listener accepts connections.
const READY: &str = "Kafka Server started";
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
    server: Server,
}

impl Broker {
    /// The broker that tests share: the one that `VIGIE_TEST_KAFKA` names, or one that this process starts
    /// once and that ends with it.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn shared() -> Result<Self> {
        static STARTED: Shared<Kafka> = Shared::new();
        match named(KAFKA_VARIABLE) {
            Some(address) => Ok(Self { address }),
            None => STARTED.get(Kafka::start, Kafka::broker),
        }
    }
}

impl Kafka {
    /// Starts a broker with an empty disk.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn start() -> Result<Self> {
        Self::start_with(&FOR_TESTS, None, &|_, _| Ok(Extension::default()))
    }

    /// The same with a larger heap and all of the compiler, for what is measured.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn start_for_benchmarks() -> Result<Self> {
        Self::start_with(&FOR_BENCHMARKS, None, &|_, _| Ok(Extension::default()))
    }

    /// The same for people to try things on: at 9092, where Kafka is by default, if that port is free.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn start_for_people() -> Result<Self> {
        Self::start_with(&FOR_BENCHMARKS, Some(9092), &|_, _| Ok(Extension::default()))
    }

    /// The same with more, which is asked for with each try, by the ports of the broker and the controller.
    pub(crate) fn start_extended(extend: &Extend<'_>) -> Result<Self> {
        Self::start_with(&FOR_TESTS, None, extend)
    }

    fn start_with(tuning: &'static [&'static str], wanted: Option<u16>, extend: &Extend<'_>) -> Result<Self> {
        let (java, jars) = programs()?;
        ports::retry(|| {
            let [free, controller] = ports::free()?;
            let port = wanted.filter(|port| ports::is_free(*port)).unwrap_or(free);
            let node = Node { id: 1, port, controllers: &[controller] };
            let jvm = Jvm { java: java.clone(), jars: jars.clone(), tuning };
            Self::start_on(jvm, &node, extend(port, controller)?)
        })
    }

    /// Starts a broker of a cluster with an empty disk.
    pub(crate) fn start_node(java: &Path, jars: &Path, node: &Node<'_>) -> Result<Self> {
        let jvm = Jvm { java: java.into(), jars: jars.into(), tuning: &FOR_TESTS };
        Self::start_on(jvm, node, Extension::default())
    }

    fn start_on(jvm: Jvm, node: &Node<'_>, extension: Extension) -> Result<Self> {
        let recipe = Recipe::new(node.port, |said, _| said.contains(READY))?;
        // Of two lines with the same name the last one holds.
        recipe.write("server.properties", settings(&recipe.disk(), node)? + &extension.settings)?;
        recipe.write("log4j2.yaml", LOGGING)?;
        let (settings, logging) = (recipe.path("server.properties"), recipe.path("log4j2.yaml"));
        let mut command = jvm.command(&logging, &["kafka.Kafka"]);
        command.arg(&settings);
        let format = move |_: &Path| {
            let mut format =
                jvm.command(&logging, &["kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c"]);
            let output = format.arg(&settings).args(&extension.format).output()?;
            if output.status.success() {
                return Ok(());
            }
            bail!("VG0904: Kafka's disk could not be made: {}", String::from_utf8_lossy(&output.stderr))
        };
        Ok(Self { server: recipe.start_with(command, Box::new(format), false)? })
    }

    /// Where it is reached; the same after it was stopped and started again.
    #[must_use]
    pub fn broker(&self) -> Broker {
        Broker { address: self.server.address().to_owned() }
    }

    /// Its process; none where it was killed.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.server.pid()
    }

    /// Kills the broker, as a crash does; its disk stays.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// Starts a broker that was killed, on its disk.
    ///
    /// # Errors
    /// VG0904.
    pub fn resume(&mut self) -> Result<()> {
        self.server.resume()
    }

    /// Halts the broker without closing its connections, or lets it go on.
    ///
    /// # Errors
    /// VG0904 where it does not run.
    pub fn pause(&self, paused: bool) -> Result<()> {
        self.server.pause(paused)
    }

    /// Lets no file of the broker grow beyond a size, as on a disk that is full, until it is started again.
    ///
    /// # Errors
    /// VG0904 where it does not run.
    pub fn limit_files(&self, most_bytes: u64) -> Result<()> {
        self.server.limit_files(Some(most_bytes))
    }

    /// Whether its process runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.server.is_running()
    }
}

/// Java, and the broker's jars.
pub(crate) fn programs() -> Result<(PathBuf, PathBuf)> {
    Ok((java::find(java::KAFKA)?, fetch::jars("kafka", PROJECT, DIGESTS)?))
}

/// How a broker's Java machine is started.
struct Jvm {
    java: PathBuf,
    jars: PathBuf,
    tuning: &'static [&'static str],
}

impl Jvm {
    fn command(&self, logging: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.java);
        command.args(self.tuning);
        command.args(["-Xshare:auto", "-XX:+ExitOnOutOfMemoryError", "-Djava.awt.headless=true"]);
        command.arg(format!("-Dlog4j2.configurationFile={}", logging.display()));
        command.arg("-cp").arg(self.jars.join("*")).args(arguments);
        command
    }
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
fn settings(disk: &Path, node: &Node<'_>) -> Result<String> {
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
        disk.display()
    ))
}
