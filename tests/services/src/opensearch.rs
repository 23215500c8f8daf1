//! OpenSearch 3: one node with all modules of its own, for what this machine's Elasticsearch lacks.

use std::process::Command;

use anyhow::Result;

use crate::server::{Recipe, Server};
use crate::{fetch, java, ports};

const PROJECT: &str = include_str!("../opensearch.xml");
const DIGESTS: &str = include_str!("../opensearch.sha256");
/// Its own program takes few ports, and says neither that it is ready nor why it is not.
const RUN: &str = include_str!("../opensearch/Run.java");
const FOR_TESTS: [&str; 4] = ["-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/// A node of the test's own.
pub struct OpenSearch {
    /// To halt, kill, fill and empty it.
    pub server: Server,
}

impl OpenSearch {
    /// Starts an empty node that lets everybody in.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn start() -> Result<Self> {
        let jars = fetch::jars("opensearch", PROJECT, DIGESTS)?;
        // The Java that it runs on may lack the compiler.
        let run = fetch::keep("opensearch-run", RUN, |folder| {
            java::compile(&java::find(java::KAFKA)?, "Run", RUN, &[], folder)
        })?;
        let java = java::for_opensearch()?;
        ports::retry(|| {
            let [port] = ports::free()?;
            let recipe = Recipe::new(port, |said, _| said.contains("The node is ready"))?;
            let mut command = Command::new(&java);
            command.args(FOR_TESTS).arg("-Djava.awt.headless=true").arg(format!("-Dvigie.port={port}"));
            command.arg("-cp").arg(std::env::join_paths([jars.join("*"), run.clone()])?).arg("Run");
            command.args(["-numOfNode", "1", "-clusterName", "vigie-tests", "-basePath"]).arg(recipe.disk());
            Ok(Self { server: recipe.start(command)? })
        })
    }

    /// `http://host:port`; the same after it was killed and started again.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }
}
