//! Python's package installer, for what is published there alone.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::fetch;

/// Whether Python and its package installer are there.
///
/// # Errors
/// VG0907.
pub fn find() -> Result<()> {
    let mut pip = Command::new("python3");
    let status = pip.args(["-m", "pip", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    bail!("VG0907: Python 3 with pip is needed: on Debian `apt-get install python3-pip`")
}

/// The folder with packages, fetched where they are not there; `PYTHONPATH` may name it. `wanted`: their versions and digests,
/// as a file of the installer's has them.
///
/// # Errors
/// VG0907, VG0903.
pub fn packages(name: &str, wanted: &str) -> Result<PathBuf> {
    find()?;
    // Packages are of one version of Python.
    let version = Command::new("python3").arg("--version").output().context("VG0907: Python does not run")?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    fetch::keep(name, &format!("{version}{wanted}"), |folder| {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(wanted.as_bytes())?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        // Nothing is built here: it could run anything.
        pip.args(["--only-binary", ":all:", "--require-hashes", "--requirement"]).arg(file.path());
        pip.arg("--target").arg(folder).stdin(Stdio::null());
        let output = pip.output().context("VG0907: Python does not run")?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!("VG0903: pip could not fetch {name}: {}", said.lines().last().unwrap_or_default())
    })
}
