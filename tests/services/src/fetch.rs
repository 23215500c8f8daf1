//! Java, Maven and what Maven fetches.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

/// The oldest Java that Kafka's broker runs on.
const OLDEST_JAVA: u32 = 17;
const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// Java's program: that of `JAVA_HOME`, or the one on the path.
///
/// # Errors
/// VG0901 where there is none that is new enough.
pub fn java() -> Result<PathBuf> {
    let home = std::env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin").join("java"));
    let candidates = home.into_iter().chain([PathBuf::from("java")]);
    for java in candidates {
        if version(&java).is_some_and(|version| version >= OLDEST_JAVA) {
            return Ok(java);
        }
    }
    bail!(
        "VG0901: Java {OLDEST_JAVA} or newer is needed: on Debian `apt-get install openjdk-17-jre-headless`"
    )
}

fn version(java: &Path) -> Option<u32> {
    let output = Command::new(java).arg("-version").output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let (_, quoted) = said.split_once('"')?;
    quoted.split(['.', '"', '-']).next()?.parse().ok()
}

fn maven() -> Result<&'static str> {
    let found = Command::new("mvn").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return Ok("mvn");
    }
    bail!("VG0902: Maven is needed to fetch the services of the tests: on Debian `apt-get install maven`")
}

/// Whether Java and Maven are there.
///
/// # Errors
/// VG0901, VG0902.
pub fn find_tools() -> Result<()> {
    java()?;
    maven().map(|_| ())
}

fn cache() -> Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let cache = cache.or_else(home).context("VG0903: neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(cache.join("vigie").join("services"))
}

/// The folder with a project's jars, fetched where it is not there; `digests` has a line for each jar.
///
/// # Errors
/// VG0902, and VG0903 where they cannot be fetched or are not the ones expected.
pub fn jars(name: &str, project: &str, digests: &str) -> Result<PathBuf> {
    // Of the digests too, so that other jars lie elsewhere.
    let version: String = hex::encode(Sha256::digest(digests)).chars().take(12).collect();
    let cache = cache()?;
    let folder = cache.join(format!("{name}-{version}"));
    if folder.is_dir() {
        return Ok(folder);
    }
    fs::create_dir_all(&cache).with_context(|| format!("VG0903: cannot create {}", cache.display()))?;
    let aside = tempfile::tempdir_in(&cache)?;
    fs::write(aside.path().join("pom.xml"), project)?;
    let fetched = aside.path().join("jars");
    let mut mvn = Command::new(maven()?);
    mvn.args(["-q", "-B", "-f"]).arg(aside.path().join("pom.xml")).arg(PLUGIN);
    mvn.arg("-DincludeScope=runtime").arg(format!("-DoutputDirectory={}", fetched.display()));
    let output = mvn.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        bail!("VG0903: Maven could not fetch {name}: {}", said.lines().next().unwrap_or_default());
    }
    check(&fetched, digests).with_context(|| format!("VG0903: what Maven fetched is not {name}"))?;
    // Whole or not at all; another process may have been faster.
    if fs::rename(&fetched, &folder).is_err() && !folder.is_dir() {
        bail!("VG0903: cannot keep {}", folder.display());
    }
    Ok(folder)
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
