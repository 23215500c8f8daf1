//! Installs what is missing, where that may be done: on Debian, as root.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

/// What Kafka needs in tests.
pub const KAFKA: [&str; 2] = ["openjdk-17-jre-headless", "maven"];
/// What the stores need there.
pub const STORES: [&str; 4] = ["openjdk-17-jre-headless", "maven", "golang-go", "python3-pip"];

/// Asks whether something is there; if not, installs packages where that may be done, and asks again.
pub fn ensure(packages: &[&str], is_there: impl Fn() -> Result<()>) -> Result<()> {
    let Err(missing) = is_there() else { return Ok(()) };
    let root_user = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n");
    if !root_user || !Path::new("/usr/bin/apt-get").exists() {
        return Err(missing);
    }
    eprintln!("Installing {} …", packages.join(", "));
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())?;
    is_there()
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    command.arg("-qq").args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command.stdout(std::io::stderr());
    crate::run(&mut command)
}
