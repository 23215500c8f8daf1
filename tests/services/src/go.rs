//! Go, which builds what is not released as a program.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// From it on, Go fetches the Go that a module asks for.
const OLDEST_MINOR: u32 = 21;

/// Whether Go is there.
///
/// # Errors
/// VG0905.
pub fn find() -> Result<()> {
    let output = Command::new("go").args(["env", "GOVERSION"]).stderr(Stdio::null()).output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    // go1.26.8
    let minor = said.trim().strip_prefix("go1.").and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
    if minor.is_some_and(|minor| minor >= OLDEST_MINOR) {
        return Ok(());
    }
    bail!("VG0905: Go 1.{OLDEST_MINOR} or newer is needed to build MinIO: take it from https://go.dev/dl")
}

/// Builds the program of a module, which must have a digest, of exactly what that asks for.
///
/// # Errors
/// VG0905, VG0903.
pub fn build(module: &str, digest: &str, program: &Path) -> Result<()> {
    find()?;
    // Some 2 GB that nobody needs again.
    let aside = tempfile::tempdir_in(program.parent().context("VG0903: a program without a folder")?)?;
    let source = fetch(module, digest, aside.path())?;
    let mut go = command(aside.path());
    go.current_dir(source).args(["build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-o"]);
    let output = go.arg(program).arg(".").output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    bail!("VG0903: Go could not build {module}: {last}")
}

/// The folder with a module's source.
fn fetch(module: &str, digest: &str, aside: &Path) -> Result<PathBuf> {
    let output = command(aside).args(["mod", "download", "-json", module]).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let field = |name: &str| {
        let (_, rest) = said.split_once(&format!("\"{name}\": \""))?;
        rest.split('"').next()
    };
    if let Some(error) = field("Error") {
        bail!("VG0903: Go could not fetch {module}: {error}");
    }
    let found = field("Sum").unwrap_or_default();
    if found != digest {
        bail!("VG0903: {module} has the digest {found:?}");
    }
    field("Dir").map(PathBuf::from).with_context(|| format!("VG0903: Go could not fetch {module}"))
}

/// Go, which keeps all that it fetches and makes in a folder.
fn command(aside: &Path) -> Command {
    let mut go = Command::new("go");
    go.env("GOMODCACHE", aside.join("modules")).env("GOCACHE", aside.join("built"));
    go.env("CGO_ENABLED", "0").env("GOTOOLCHAIN", "auto").env("GOWORK", "off");
    // What it fetches is read-only otherwise, and could not be removed.
    go.env("GOFLAGS", "-modcacherw").current_dir(aside);
    go
}
