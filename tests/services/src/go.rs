//! Go, which builds what is not released as a program.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

const GO: &str = "go";
/// From it on, Go can be told to keep modules so that they can be removed.
const OLDEST_MINOR: u32 = 14;
/// From it on, Go fetches the Go that a module asks for.
const FETCHES_ITSELF_MINOR: u32 = 21;
/// Go itself as a module, for machines whose Go is older; one for each kind of machine, with its digest.
const TOOLCHAIN: &str = "golang.org/toolchain@v0.0.1-go1.26.8.linux";
const TOOLCHAINS: [(&str, &str, &str); 2] = [
    ("x86_64", "amd64", "h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM="),
    ("aarch64", "arm64", "h1:sYL/O6MqS68ML0kjsQ36WoYIpJqkw60TxizWUYUKQMc="),
];

/// Whether Go is there.
///
/// # Errors
/// VG0905.
pub fn find() -> Result<()> {
    version().map(|_| ())
}

/// The second part of its version.
fn version() -> Result<u32> {
    let output = Command::new("go").arg("version").stderr(Stdio::null()).output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    match minor(&said) {
        Some(minor) if minor >= OLDEST_MINOR => Ok(minor),
        _ => bail!(
            "VG0905: Go 1.{OLDEST_MINOR} or newer is needed to build MinIO: on Debian `apt-get install golang-go`"
        ),
    }
}

/// Of "go version go1.26.8 linux/amd64".
fn minor(said: &str) -> Option<u32> {
    said.trim().strip_prefix("go version go1.")?.split(['.', ' ']).next()?.parse().ok()
}

/// Builds the program of a module, which must have a digest, of exactly what that asks for.
///
/// # Errors
/// VG0905, VG0903.
pub fn build(module: &str, digest: &str, program: &Path) -> Result<()> {
    let is_old = version()? < FETCHES_ITSELF_MINOR;
    // Some 2 GB that nobody needs again.
    let aside = tempfile::tempdir_in(program.parent().context("VG0903: a program without a folder")?)?;
    let newest = if is_old { newer(aside.path())? } else { PathBuf::from(GO) };
    let source = fetch(module, digest, aside.path())?;
    let mut go = command(&newest, aside.path());
    go.current_dir(source).args(["build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-o"]);
    let output = go.arg(program).arg(".").output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    bail!("VG0903: Go could not build {module}: {last}")
}

/// A Go that this one fetches, as it cannot do so by itself.
fn newer(aside: &Path) -> Result<PathBuf> {
    let machine = std::env::consts::ARCH;
    let (_, name, digest) = TOOLCHAINS
        .iter()
        .find(|(arch, ..)| *arch == machine)
        .with_context(|| format!("VG0905: Go 1.{FETCHES_ITSELF_MINOR} or newer is needed on {machine}"))?;
    let folder = fetch(&format!("{TOOLCHAIN}-{name}"), digest, aside)?;
    let tools = folder.join("pkg").join("tool").join(format!("linux_{name}"));
    for programs in [folder.join("bin"), tools] {
        for program in std::fs::read_dir(programs)? {
            // A module has no programs, only files.
            std::fs::set_permissions(program?.path(), Permissions::from_mode(0o755))?;
        }
    }
    Ok(folder.join("bin").join("go"))
}

/// The folder with a module's source.
fn fetch(module: &str, digest: &str, aside: &Path) -> Result<PathBuf> {
    let output = command(Path::new(GO), aside).args(["mod", "download", "-json", module]).output()?;
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
fn command(go: &Path, aside: &Path) -> Command {
    let mut go = Command::new(go);
    go.env("GOMODCACHE", aside.join("modules")).env("GOCACHE", aside.join("built"));
    go.env("CGO_ENABLED", "0").env("GOTOOLCHAIN", "auto").env("GOWORK", "off");
    // What it fetches is read-only otherwise, and could not be removed.
    go.env("GOFLAGS", "-modcacherw").current_dir(aside);
    go
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_where_it_is_said() {
        assert_eq!(minor("go version go1.26.8 linux/amd64\n"), Some(26));
        assert_eq!(minor("go version go1.19 linux/arm64"), Some(19));
        assert_eq!(minor(""), None);
    }
}
