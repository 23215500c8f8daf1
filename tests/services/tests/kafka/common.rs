//! An installation of the program, and what runs of it come to.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

/// The same key everywhere, so that ids can be compared.
const KEY: &str = "000102030405060708090a0b0c0d0e0f\n";

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The program, which `cargo build --workspace` leaves beside the tests.
fn built() -> PathBuf {
    let built = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_path_buf();
    assert!(built.join("vigie").exists(), "build the program first: cargo build --workspace");
    built
}

/// An installation on one of the logs.
pub struct Installation {
    pub data: TempDir,
    pub log: String,
    /// The path of the file, from the checkout's folder.
    pipeline: &'static str,
}

impl Installation {
    pub fn new(pipeline: &'static str, log: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("identity.key"), KEY).unwrap();
        Self { data, log: log.into(), pipeline }
    }

    pub fn vigie(&self, arguments: &[&str]) -> Command {
        let built = built();
        let mut command = Command::new(built.join("vigie"));
        command.current_dir(root()).arg("--data-dir").arg(self.data.path()).args(["--log", &self.log]);
        // Of its own, as a host has it: what another has compiled is not trusted, and its entries have the same names.
        command.env("VIGIE_CACHE_DIR", self.data.path().join("cache"));
        if std::env::var_os("VIGIE_PLUGINS").is_none() {
            command.env("VIGIE_PLUGINS", built.parent().unwrap().join("plugins"));
        }
        command.args(arguments);
        command
    }

    pub fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.vigie(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Everything that must be the same, by what it is: derived topics, keyed state, the store.
    pub fn contents(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for topic in ["events", "reports", "dead-letters.rows"] {
            let text = self.succeed(&["--output", "json", "tail", topic, "--limit", "1000000"]);
            let mut lines: Vec<&str> = text.lines().collect();
            // How source partitions interleave may differ; the records may not.
            lines.sort_unstable();
            all.insert(topic.into(), lines.join("\n"));
        }
        // As in the tests of the demo: what follows the order of arrival, or how many early results there
        // were, may differ.
        for (table, without) in [
            ("events", &["_row"][..]),
            ("reports", &["_row"]),
            ("cells", &["_row", "_revision", "revision_us"]),
            ("dead_letters", &["_row"]),
        ] {
            let sql = format!("select * from {table} order by id");
            let rows = self.succeed(&["--output", "json", "query", &sql, "--limit", "1000000"]);
            let row = |line: &str| {
                let mut row: serde_json::Value = serde_json::from_str(line).unwrap();
                let row = row.as_object_mut().unwrap();
                without.iter().for_each(|name| drop(row.remove(*name).unwrap()));
                if !row.get("topic").is_none_or(|topic| topic.as_str().unwrap().starts_with("raw.")) {
                    row.remove("offset");
                }
                serde_json::to_string(row).unwrap()
            };
            all.insert(format!("table {table}"), rows.lines().map(row).collect::<Vec<_>>().join("\n"));
        }
        let state = ["--output", "json", "state", self.pipeline, "--limit", "1000000"];
        all.insert("state".into(), self.succeed(&state));
        all
    }
}

pub fn compare(found: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>, what: &str) {
    for (part, wanted) in wanted {
        let found = &found[part];
        if found == wanted {
            continue;
        }
        let (lines, wanted_lines) = (found.lines().count(), wanted.lines().count());
        let (doubled, missing) = (beyond(found, wanted), beyond(wanted, found));
        panic!(
            "{what}: {part} has {lines} lines, not {wanted_lines}; too many: {doubled:#?}; missing: {missing:#?}"
        );
    }
}

/// Some of the lines that a text has more often than another.
fn beyond<'a>(text: &'a str, other: &'a str) -> Vec<&'a str> {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    text.lines().for_each(|line| *counts.entry(line).or_default() += 1);
    other.lines().for_each(|line| *counts.entry(line).or_default() -= 1);
    counts.into_iter().filter(|(_, count)| *count > 0).map(|(line, _)| line).take(5).collect()
}

/// A run, killed with `kill -9` at the latest when it goes out of sight.
pub struct Run(pub Child);

impl Drop for Run {
    fn drop(&mut self) {
        // It fails where the run has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn signal(child: &Run, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(child.0.id().to_string()).status().unwrap();
    assert!(status.success());
}

/// What a run says that fails within a minute.
pub fn ended(run: &mut Run) -> String {
    let (succeeded, said) = outcome(run);
    assert!(!succeeded, "it succeeded: {said}");
    said
}

/// Whether a run succeeds that ends within a minute, and what it says.
pub fn outcome(Run(child): &mut Run) -> (bool, String) {
    let start = Instant::now();
    let mut status = None;
    while status.is_none() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(100));
        status = child.try_wait().unwrap();
    }
    if status.is_none() {
        child.kill().unwrap();
    }
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (status.unwrap_or_else(|| panic!("it did not end: {said}")).success(), said)
}

/// Committed records of a topic.
pub fn lines(installation: &Installation, topic: &str) -> usize {
    let output = installation.vigie(&["tail", topic, "--limit", "1000000"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().count()
}

/// Numbers that are the same again with `VIGIE_TEST_SEED`.
pub struct Random {
    pub seed: u64,
    state: u64,
}

impl Random {
    /// Says its seed.
    pub fn new() -> Self {
        let seed = std::env::var("VIGIE_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            u64::try_from(now.as_nanos() % (1 << 62)).unwrap()
        });
        println!("VIGIE_TEST_SEED={seed}");
        Self { seed, state: seed }
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        // xorshift64 (Marsaglia, 2003)
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % limit
    }
}
