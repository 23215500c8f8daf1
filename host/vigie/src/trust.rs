//! `plugins.lock`: which bytes a plugin's name stands for. Policies speak of names, so a pipeline runs
//! a component only if somebody has trusted exactly these bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

/// Plugin to SHA-256, in hexadecimal digits.
type Lock = BTreeMap<String, String>;

/// Refuses bytes that are not those that were trusted under this name.
pub fn check(plugins: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let digest = digest(bytes);
    match read(plugins)?.get(name) {
        Some(trusted) if *trusted == digest => Ok(()),
        Some(_) => bail!(
            "VG0021: the bytes of plugin `{name}` are not those that were trusted; if you know why, run \
             `vigie plugin trust {name}`"
        ),
        None => {
            bail!("VG0021: nobody has trusted plugin `{name}`; if you do, run `vigie plugin trust {name}`")
        }
    }
}

/// The SHA-256 of a component, in hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Trusts these bytes under this name from now on; gives their digest.
pub fn add(plugins: &Path, name: &str, bytes: &[u8]) -> Result<String> {
    let digest = digest(bytes);
    let mut lock = read(plugins)?;
    lock.insert(name.into(), digest.clone());
    let path = path(plugins);
    // Written aside and renamed, so that a reader finds a whole file.
    let aside = path.with_extension("lock.new");
    fs::write(&aside, serde_yaml_ng::to_string(&lock)?)
        .and_then(|()| fs::rename(&aside, &path))
        .with_context(|| format!("VG0022: cannot write {}", path.display()))?;
    Ok(digest)
}

fn read(plugins: &Path) -> Result<Lock> {
    let path = path(plugins);
    match fs::read_to_string(&path) {
        Ok(text) => serde_yaml_ng::from_str(&text)
            .with_context(|| format!("VG0022: {} is no map of names and digests", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Lock::new()),
        Err(error) => Err(error).with_context(|| format!("VG0022: cannot read {}", path.display())),
    }
}

fn path(plugins: &Path) -> PathBuf {
    plugins.join("plugins.lock")
}
