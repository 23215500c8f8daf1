//! What Maven fetches, and where all that was fetched is kept.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::{go, java, python};

const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// How the names begin of what is being made.
const ASIDE: &str = ".made-";
/// Nothing takes so long to be made.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

fn maven() -> Result<&'static str> {
    let found = Command::new("mvn").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return Ok("mvn");
    }
    bail!("VG0902: Maven is needed to fetch the services of the tests: on Debian `apt-get install maven`")
}

/// Whether Java and Maven are there, which Kafka needs.
///
/// # Errors
/// VG0901, VG0902.
pub fn find_tools() -> Result<()> {
    java::find(java::KAFKA)?;
    maven().map(|_| ())
}

/// Whether all is there that servers of stores and what reads them need: Java, Maven, Go and Python.
///
/// # Errors
/// VG0901, VG0902, VG0905, VG0907.
pub fn find_store_tools() -> Result<()> {
    java::find(java::CASSANDRA)?;
    maven()?;
    go::find()?;
    python::find()
}

fn cache() -> Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let cache = cache.or_else(home).context("VG0903: neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(cache.join("vigie").join("services"))
}

/// A folder of the cache that `make` fills once, into a folder that is there; `version` names what that depends on.
/// Whole or not at all, and by one at a time: others wait, as it may take minutes of all cores.
///
/// # Errors
/// VG0903, and what `make` fails with.
pub fn keep(name: &str, version: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let version: String = hex::encode(Sha256::digest(version)).chars().take(12).collect();
    let cache = cache()?;
    let folder = cache.join(format!("{name}-{version}"));
    if folder.is_dir() {
        return Ok(folder);
    }
    fs::create_dir_all(&cache).with_context(|| format!("VG0903: cannot create {}", cache.display()))?;
    let lock = fs::File::create(cache.join(format!("{name}.lock")))?;
    lock.lock().context("VG0903: cannot lock what is kept")?;
    if folder.is_dir() {
        return Ok(folder);
    }
    sweep(&cache);
    let aside = tempfile::Builder::new().prefix(ASIDE).tempdir_in(&cache)?;
    let made = aside.path().join("made");
    fs::create_dir(&made)?;
    make(&made)?;
    fs::rename(&made, &folder).with_context(|| format!("VG0903: cannot keep {}", folder.display()))?;
    Ok(folder)
}

/// Removes what was begun long ago and never kept, as its process was killed: some are of gigabytes.
fn sweep(cache: &Path) {
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        let changed = entry.metadata().and_then(|metadata| metadata.modified());
        let is_old = changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > ABANDONED));
        if is_old && entry.file_name().to_string_lossy().starts_with(ASIDE) {
            // Another process may be at that too.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The folder with a project's files, fetched where it is not there; `digests` has a line for each.
///
/// # Errors
/// VG0902, and VG0903 where they cannot be fetched or are not the ones expected.
pub fn jars(name: &str, project: &str, digests: &str) -> Result<PathBuf> {
    // Of the digests, so that other jars lie elsewhere.
    keep(name, digests, |folder| download(name, project, digests, folder))
}

/// Fetches a project's files into a folder that is empty.
///
/// # Errors
/// VG0902, VG0903.
pub fn download(name: &str, project: &str, digests: &str, folder: &Path) -> Result<()> {
    let aside = tempfile::tempdir()?;
    let pom = aside.path().join("pom.xml");
    fs::write(&pom, project)?;
    let mut mvn = Command::new(maven()?);
    mvn.args(["-q", "-B", "-f"]).arg(pom).arg(PLUGIN);
    mvn.arg("-DincludeScope=runtime").arg(format!("-DoutputDirectory={}", folder.display()));
    let output = mvn.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        bail!("VG0903: Maven could not fetch {name}: {}", said.lines().next().unwrap_or_default());
    }
    check(folder, digests).with_context(|| format!("VG0903: what Maven fetched is not {name}"))
}

/// Every jar that is listed is there and has its digest, and there is no other.
fn check(folder: &Path, digests: &str) -> Result<()> {
    let mut wanted: BTreeMap<&str, &str> = digests
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(digest, name)| (name, digest))
        .collect();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let digest = hex::encode(Sha256::digest(fs::read(&path)?));
        if wanted.remove(&*name) != Some(&*digest) {
            bail!("{name} has the digest {digest}");
        }
    }
    match wanted.keys().next() {
        Some(missing) => bail!("{missing} is missing"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_fetched_is_what_was_expected() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.jar"), "a").unwrap();
        let a = hex::encode(Sha256::digest("a"));
        let said = |digests: &str| check(folder.path(), digests).map_err(|e| e.to_string());
        assert_eq!(said(&format!("{a}  a.jar\n")), Ok(()));
        assert!(said(&format!("{a}  a.jar\n{a}  b.jar\n")).unwrap_err().contains("b.jar is missing"));
        assert!(said(&format!("{}  a.jar\n", a.replace('a', "b"))).unwrap_err().contains(&a));
        assert!(said("").unwrap_err().contains("a.jar has"), "a jar that is not listed");
    }
}
