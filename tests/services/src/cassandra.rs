//! Apache Cassandra: one node.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::server::{Recipe, Server};
use crate::shared::{Shared, named};
use crate::tls::Tls;
use crate::{fetch, java, ports};

/// Names a node that runs already: `host:port`.
pub const CASSANDRA_VARIABLE: &str = "VIGIE_TEST_CASSANDRA";
const PROJECT: &str = include_str!("../cassandra.xml");
const DIGESTS: &str = include_str!("../cassandra.sha256");
/// Which a node makes at its first start; the password is the same.
const USER: &str = "cassandra";
/// It starts quickly, and tests are short: see `FOR_TESTS` of Kafka.
const FOR_TESTS: [&str; 6] = [
    "-Xms128m",
    "-Xmx512m",
    "-Xss256k",
    "-XX:MaxDirectMemorySize=256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
];
/// Compiled well, with a larger heap and the collector that it comes with: for what is measured.
const FOR_BENCHMARKS: [&str; 3] = ["-Xms4g", "-Xmx4g", "-Xss256k"];
/// Writes are not synced to the disk: a process that dies loses nothing by that, as the commit log is marked (`batch`)
/// before they are answered. With `periodic` it loses those since the last mark.
const QUICK: &str = "-Dcassandra.skip_sync=true";
const QUICK_SETTINGS: &str = "commitlog_sync: batch
commitlog_segment_size: 8MiB
commitlog_total_space: 64MiB
memtable_heap_space: 64MiB
memtable_offheap_space: 64MiB
concurrent_writes: 8
write_request_timeout: 20s
read_request_timeout: 20s
range_request_timeout: 20s
cas_contention_timeout: 20s
request_timeout: 20s
";
/// As Cassandra comes.
const BENCHMARK_SETTINGS: &str = "commitlog_sync: periodic
commitlog_sync_period: 10s
commitlog_segment_size: 32MiB
commitlog_total_space: 1GiB
concurrent_writes: 32
";
/// How a node is run.
#[derive(Clone, Copy)]
enum Run {
    ForTests,
    ForBenchmarks,
}

/// One node waits for no other.
const ALONE: [&str; 6] = [
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.ring_delay_ms=0",
    "-Dcassandra.load_ring_state=false",
    "-Dcassandra.superuser_setup_delay_ms=0",
    "-Dcassandra.available_processors=2",
    "-Dcassandra-foreground=yes",
];
/// Parts of Java's own modules that it uses: `conf/jvm17-server.options` of its distribution.
const EXPORTED: [&str; 9] = [
    "java.base/jdk.internal.misc",
    "java.base/java.lang.ref",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
    "jdk.unsupported/sun.misc",
    "jdk.compiler/com.sun.tools.javac.file",
    "jdk.attach/sun.tools.attach",
];
/// The same, those that it looks into.
const OPENED: [&str; 16] = [
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.lang.module",
    "java.base/java.lang.reflect",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.util.jar",
    "java.base/sun.nio.ch",
    "jdk.management/com.sun.management.internal",
];
const LOGGING: &str = r#"<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>[%date{ISO8601}] %level %logger{0} %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="out"/></root>
</configuration>
"#;

/// A node of the test's own.
pub struct Cassandra {
    /// To halt, kill, fill and empty it.
    pub server: Server,
}

impl Cassandra {
    /// Where the node is that tests share, `host:port`: the one that `VIGIE_TEST_CASSANDRA` names, or one that this
    /// process starts once and that ends with it.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn shared() -> Result<String> {
        static STARTED: Shared<Cassandra> = Shared::new();
        let address = |cassandra: &Self| cassandra.server.address().to_owned();
        named(CASSANDRA_VARIABLE).map_or_else(|| STARTED.get(Self::start, address), Ok)
    }

    /// Starts an empty node that lets everybody in.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn start() -> Result<Self> {
        Self::start_on(Run::ForTests, None)
    }

    /// Starts an empty node that lets everybody in, compiled well, with a larger heap, and with the commit log,
    /// memtables and collector that it comes with.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn start_for_benchmarks() -> Result<Self> {
        Self::start_on(Run::ForBenchmarks, None)
    }

    /// Starts an empty node that speaks TLS and nothing else with clients, and wants to know who they are. With an
    /// authority of clients, they have to show a certificate too.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn start_secure(tls: &Tls) -> Result<Self> {
        Self::start_on(Run::ForTests, Some(tls))
    }

    fn start_on(run: Run, tls: Option<&Tls>) -> Result<Self> {
        let (java, jars) = (java::find(java::CASSANDRA)?, fetch::jars("cassandra", PROJECT, DIGESTS)?);
        let agent = agent(&jars)?;
        ports::retry(|| {
            let [port, storage, jmx] = ports::free()?;
            let is_ready = if tls.is_some() { is_ready_for_users } else { is_ready };
            let recipe = Recipe::new(port, is_ready)?;
            recipe.write("logback.xml", LOGGING)?;
            recipe.write("cassandra.yaml", settings(&recipe, port, storage, run) + &security(tls))?;
            let mut command = Command::new(&java);
            match run {
                Run::ForTests => command.args(FOR_TESTS).arg(QUICK),
                Run::ForBenchmarks => command.args(FOR_BENCHMARKS),
            };
            command.args(ALONE).args(["-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError"]);
            command.args(["-Djdk.attach.allowAttachSelf=true", "-Djava.awt.headless=true"]);
            command.arg("-Dio.netty.tryReflectionSetAccessible=true");
            for part in EXPORTED {
                command.arg(format!("--add-exports={part}=ALL-UNNAMED"));
            }
            for part in OPENED {
                command.arg(format!("--add-opens={part}=ALL-UNNAMED"));
            }
            let folder = recipe.folder.path().display();
            command.arg(format!("-javaagent:{agent}"));
            command.arg(format!("-Dlogback.configurationFile={folder}/logback.xml"));
            command.arg(format!("-Dcassandra.config=file://{folder}/cassandra.yaml"));
            command.arg(format!("-Dcassandra.storagedir={}", recipe.disk().display()));
            command
                .arg(format!("-Dcassandra.logdir={folder}"))
                .arg(format!("-Dcassandra.triggers_dir={folder}"));
            command.arg(format!("-Dcassandra.jmx.local.port={jmx}"));
            command.arg("-cp").arg(jars.join("*")).arg("org.apache.cassandra.service.CassandraDaemon");
            Ok(Self { server: recipe.start(command)? })
        })
    }

    /// The user, and the password, where it asks for them.
    #[must_use]
    pub fn user(&self) -> (&'static str, &'static str) {
        (USER, USER)
    }
}

fn is_ready(said: &str, _: bool) -> bool {
    said.contains("Startup complete")
}

/// Its first user is made a moment after the start.
fn is_ready_for_users(said: &str, is_new: bool) -> bool {
    is_ready(said, is_new) && (!is_new || said.contains("Created default superuser role"))
}

/// The jar that measures objects for it.
fn agent(jars: &Path) -> Result<String> {
    for entry in fs::read_dir(jars)? {
        let path = entry?.path().display().to_string();
        if path.contains("/jamm-") {
            return Ok(path);
        }
    }
    None.context("VG0903: Cassandra's jars have no jamm")
}

/// Small pools and caches; commit logs of 8 MiB, of which it makes some at once.
fn settings(recipe: &Recipe, port: u16, storage: u16, run: Run) -> String {
    let disk = recipe.disk();
    let of_run = match run {
        Run::ForTests => QUICK_SETTINGS,
        Run::ForBenchmarks => BENCHMARK_SETTINGS,
    };
    let disk = disk.display();
    format!(
        "cluster_name: vigie-tests
num_tokens: 1
allocate_tokens_for_local_replication_factor: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: \"127.0.0.1:{storage}\"
listen_address: 127.0.0.1
rpc_address: 127.0.0.1
storage_port: {storage}
ssl_storage_port: {storage}
native_transport_port: {port}
data_file_directories: [\"{disk}/data\"]
commitlog_directory: {disk}/commitlog
saved_caches_directory: {disk}/saved_caches
hints_directory: {disk}/hints
cdc_raw_directory: {disk}/cdc_raw
commitlog_disk_access_mode: legacy
key_cache_size: 0MiB
counter_cache_size: 0MiB
file_cache_size: 32MiB
networking_cache_size: 32MiB
concurrent_reads: 8
concurrent_counter_writes: 4
concurrent_materialized_view_writes: 2
concurrent_compactors: 1
hinted_handoff_enabled: false
auto_bootstrap: false
auto_snapshot: false
dynamic_snitch: false
storage_compatibility_mode: NONE
sstable:
  selected_format: big
{of_run}"
    )
}

fn security(tls: Option<&Tls>) -> String {
    let Some(tls) = tls else {
        return "authenticator: AllowAllAuthenticator
authorizer: AllowAllAuthorizer
"
        .into();
    };
    let keystore = tls.keystore.display();
    let (wants, truststore) = match &tls.authority {
        Some(authority) => (true, format!("  truststore: {}\n", authority.display())),
        None => (false, String::new()),
    };
    format!(
        "authenticator: PasswordAuthenticator
authorizer: CassandraAuthorizer
role_manager: CassandraRoleManager
client_encryption_options:
  enabled: true
  optional: false
  ssl_context_factory:
    class_name: org.apache.cassandra.security.PEMBasedSslContextFactory
  keystore: {keystore}
  require_client_auth: {wants}
{truststore}"
    )
}
