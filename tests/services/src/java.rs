//! Java: which of those on this machine a server runs on.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

/// What Kafka's broker and Elasticsearch 8 run on, and the newest that this was tried with.
pub const KAFKA: RangeInclusive<u32> = 17..=25;
/// The only one that Cassandra 5 runs on and that is not older than Kafka's: of 25 it dies.
pub const CASSANDRA: RangeInclusive<u32> = 17..=17;
/// What OpenSearch 3 runs on.
pub const OPENSEARCH: RangeInclusive<u32> = 21..=25;
/// Where Linux distributions put theirs.
const INSTALLED: &str = "/usr/lib/jvm";

/// Java's program of one of these versions: that of `JAVA_HOME`, the one on the path, or one that is installed.
///
/// # Errors
/// VG0901 where there is none.
pub fn find(versions: RangeInclusive<u32>) -> Result<PathBuf> {
    let home = std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin").join("java"));
    let named = home.into_iter().chain([PathBuf::from("java")]);
    for java in named.chain(installed()) {
        if version(&java).is_some_and(|version| versions.contains(&version)) {
            return Ok(java);
        }
    }
    let (oldest, newest) = versions.into_inner();
    let to = if oldest == newest { String::new() } else { format!(" to {newest}") };
    bail!("VG0901: Java {oldest}{to} is needed: {}", remedy(oldest))
}

fn remedy(oldest: u32) -> &'static str {
    if oldest > 17 {
        // Of Debian only from 13 on.
        "`apt-get install openjdk-21-jre-headless`, or one of https://adoptium.net in JAVA_HOME or /usr/lib/jvm"
    } else {
        "on Debian `apt-get install openjdk-17-jre-headless`"
    }
}

fn installed() -> Vec<PathBuf> {
    let entries = fs::read_dir(INSTALLED).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.path().join("bin").join("java")).collect();
    // The same one each time.
    all.sort();
    all
}

fn version(java: &Path) -> Option<u32> {
    let output = Command::new(java).arg("-version").output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let (_, quoted) = said.split_once('"')?;
    quoted.split(['.', '"', '-']).next()?.parse().ok()
}

/// A command by a part of Java that has no program of its own where only Java's machine is installed.
pub fn tool(java: &Path, main: &str) -> Command {
    let mut command = Command::new(java);
    // It runs for a second or two.
    command.args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-m", main]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_in_one_line() {
        let said = find(1_000..=1_001).unwrap_err().to_string();
        assert!(said.starts_with("VG0901: Java 1000 to 1001 is needed: "), "{said}");
        assert!(!said.contains('\n'), "{said}");
    }
}
