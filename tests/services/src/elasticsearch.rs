//! Elasticsearch 8: one node, with the core and what security needs.
//!
//! The distribution is the one that plugins are tested on, the only one in a public registry of packages. It lacks
//! scripts, ingest, reindex, update and delete by query, data streams, lifecycles, `geo_shape` fields, SQL.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::server::{Recipe, Server, is_root, unprivileged};
use crate::shared::{Shared, named};
use crate::tls::Tls;
use crate::{fetch, java, ports};

/// Names a node that runs already: `http://host:port`.
pub const ELASTICSEARCH_VARIABLE: &str = "VIGIE_TEST_ELASTICSEARCH";
const VERSION: &str = "8.19.21";
const PROJECT: &str = include_str!("../elasticsearch.xml");
const DIGESTS: &str = include_str!("../elasticsearch.sha256");
/// Starts the server without its launcher.
const START: &str = include_str!("../elasticsearch/Start.java");
/// A module with what the distribution lacks and API keys need.
const MISSING: &str = include_str!("../elasticsearch/Missing.java");
const JAR: &str = "jdk.jartool/sun.tools.jar.Main";
/// Whom the password is for.
const USER: &str = "elastic";
/// It starts quickly, and tests are short: see `FOR_TESTS` of Kafka.
const FOR_TESTS: [&str; 6] = [
    "-Xms512m",
    "-Xmx512m",
    "-Xss1m",
    "-XX:MaxDirectMemorySize=256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
];
/// Compiled well, with a larger heap and the collector that it comes with: for what is measured.
const FOR_BENCHMARKS: [&str; 2] = ["-Xms4g", "-Xmx4g"];
/// What its own launcher gives it on Java 17 to 25.
const NEEDED: [&str; 18] = [
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:+EnableDynamicAgentLoading",
    "-Djava.awt.headless=true",
    "-Dfile.encoding=UTF-8",
    "-Djna.nosys=true",
    "-Dio.netty.noUnsafe=true",
    "-Dio.netty.noKeySetOptimization=true",
    "-Dio.netty.recycler.maxCapacityPerThread=0",
    "-Dlog4j.shutdownHookEnabled=false",
    "-Dlog4j2.disable.jmx=true",
    "-Dlog4j2.formatMsgNoLookups=true",
    "-Des.distribution.type=zip",
    "-Des.java.type=ES_JAVA_HOME",
    "-Djdk.attach.allowAttachSelf=true",
    "--add-modules=jdk.net,jdk.management.agent,ALL-MODULE-PATH",
    // Which modules may call what decides which code may open files and connections.
    "--add-exports=java.base/org.elasticsearch.entitlement.bridge=org.elasticsearch.entitlement,java.logging,\
     java.net.http,java.naming,jdk.net,jdk.zipfs,jdk.management.agent",
    // For `Start`.
    "--add-opens=org.elasticsearch.server/org.elasticsearch.bootstrap=ALL-UNNAMED",
];
const LOGGING: &str = "status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = [%d] %p %c{1.} %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
";

/// A node of the test's own.
pub struct Elasticsearch {
    /// To halt, kill, fill and empty it.
    pub server: Server,
    scheme: &'static str,
}

impl Elasticsearch {
    /// Where the node is that tests share: `http://host:port` of the one that `VIGIE_TEST_ELASTICSEARCH` names, or of
    /// one that this process starts once and that ends with it.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn shared() -> Result<String> {
        static STARTED: Shared<Elasticsearch> = Shared::new();
        named(ELASTICSEARCH_VARIABLE).map_or_else(|| STARTED.get(Self::start, Self::url), Ok)
    }

    /// Starts an empty node that lets everybody in.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn start() -> Result<Self> {
        Self::start_on(&FOR_TESTS, None)
    }

    /// Starts an empty node that lets everybody in, compiled well, with a larger heap and the collector that it comes with.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn start_for_benchmarks() -> Result<Self> {
        Self::start_on(&FOR_BENCHMARKS, None)
    }

    /// Starts an empty node with TLS and a password for its user `elastic`, who may do anything and make API keys.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn start_secure(tls: &Tls, password: &str) -> Result<Self> {
        Self::start_on(&FOR_TESTS, Some((tls, password)))
    }

    fn start_on(tuning: &[&str], security: Option<(&Tls, &str)>) -> Result<Self> {
        let java = java::find(java::KAFKA)?;
        let programs = programs(&java)?;
        ports::retry(|| {
            let [port] = ports::free()?;
            let is_ready = if security.is_some() { is_ready_for_users } else { is_ready };
            let recipe = Recipe::new(port, is_ready)?;
            let programs = if is_root() { recipe.link_programs(&programs)? } else { programs.clone() };
            let home = programs.join(format!("elasticsearch-{VERSION}"));
            for name in ["roles.yml", "role_mapping.yml", "users", "users_roles"] {
                recipe.write(&format!("settings/{name}"), fs::read(home.join("config").join(name))?)?;
            }
            recipe.write("settings/log4j2.properties", LOGGING)?;
            recipe.write("settings/elasticsearch.yml", settings(&recipe, port, security.is_some()))?;
            if let Some((tls, _)) = security {
                recipe.write("settings/certificate.pem", fs::read(&tls.certificate)?)?;
                recipe.write("settings/key.pem", fs::read(&tls.key)?)?;
            }
            for name in ["logs", "temporary"] {
                fs::create_dir(recipe.path(name))?;
            }
            let mut command = unprivileged(&java);
            command.args(tuning).args(NEEDED);
            command.arg(format!("-Djava.io.tmpdir={}", recipe.path("temporary").display()));
            command.arg(format!("-Des.path.home={}", home.display()));
            let bridge = format!("lib/entitlement-bridge/elasticsearch-entitlement-bridge-{VERSION}.jar");
            command.arg(format!("--patch-module=java.base={}", home.join(bridge).display()));
            command.arg("--module-path").arg(home.join("lib"));
            command.arg("-cp").arg(programs.join("start")).arg("Start");
            command.arg(recipe.path("settings")).arg(recipe.path("logs")).arg(home);
            command.arg(security.map_or("-", |(_, password)| password));
            command.env("LIBFFI_TMPDIR", recipe.path("temporary")).env("HOME", recipe.folder.path());
            let server = recipe.start_with(command, Box::new(|_| Ok(())), true)?;
            Ok(Self { server, scheme: if security.is_some() { "https" } else { "http" } })
        })
    }

    /// `http://host:port`, or `https://host:port`; the same after it was killed and started again.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.server.address())
    }

    /// Whom the password is for.
    #[must_use]
    pub fn user(&self) -> &'static str {
        USER
    }
}

/// When it answers, and has what it had.
fn is_ready(said: &str, _: bool) -> bool {
    let has_started = said.contains("o.e.n.Node started {");
    let Some((_, recovered)) = said.split_once("recovered [") else { return false };
    let is_whole = recovered.starts_with("0]") || recovered.contains("health status changed from [RED]");
    has_started && is_whole
}

/// A moment after its first start it makes the index of users, and refuses all of them until that is there.
fn is_ready_for_users(said: &str, is_new: bool) -> bool {
    is_ready(said, is_new) && (!is_new || said.contains("shards started [[.security"))
}

fn settings(recipe: &Recipe, port: u16, is_secure: bool) -> String {
    let disk = recipe.disk();
    let mut lines = format!(
        "cluster.name: vigie-tests
node.name: node
discovery.type: single-node
http.host: 127.0.0.1
http.port: {port}
transport.host: 127.0.0.1
transport.port: 0
path.data: {}
# By default it takes nothing where the disk of the machine is nearly full.
cluster.routing.allocation.disk.threshold_enabled: false
action.destructive_requires_name: false
xpack.security.enabled: {is_secure}
",
        disk.display()
    );
    if is_secure {
        lines += "xpack.security.authc.api_key.enabled: true
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.certificate: certificate.pem
xpack.security.http.ssl.key: key.pem
";
    }
    lines
}

/// The folder with the distribution, which has the module that it lacks, and with what starts it.
fn programs(java: &Path) -> Result<PathBuf> {
    let version = format!("{DIGESTS}{START}{MISSING}");
    fetch::keep("elasticsearch", &version, |folder| {
        let aside = tempfile::tempdir()?;
        fetch::download("elasticsearch", PROJECT, DIGESTS, aside.path())?;
        let zip = aside.path().join(format!("elasticsearch-{VERSION}.zip"));
        java::run(java::tool(java, JAR).current_dir(folder).arg("xf").arg(zip))?;
        let home = folder.join(format!("elasticsearch-{VERSION}"));
        let mut jars = Vec::new();
        for entry in fs::read_dir(home.join("lib"))? {
            jars.push(entry?.path());
        }
        java::compile(java, "Start", START, &jars, &folder.join("start"))?;
        let classes = aside.path().join("classes");
        java::compile(java, "Missing", MISSING, &jars, &classes)?;
        let module = home.join("modules").join("missing");
        fs::create_dir(&module)?;
        let mut jar = java::tool(java, JAR);
        java::run(jar.arg("cf").arg(module.join("missing.jar")).arg("-C").arg(&classes).arg("."))?;
        let descriptor = format!(
            "name=missing
description=What this distribution lacks
version={VERSION}
elasticsearch.version={VERSION}
java.version=17
classname=Missing
"
        );
        Ok(fs::write(module.join("plugin-descriptor.properties"), descriptor)?)
    })
}
