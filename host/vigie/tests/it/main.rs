//! The program as its users run it, and the house's rules.

// The exemption of tests from these lints does not reach the functions that tests share.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod demo;
mod facts;
mod house;
mod idle;
mod leaks;
mod metrics;
mod policies;
mod stores;
mod trust;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The checkout's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// `vigie`, run from the root over a data folder. The plugins come from `VIGIE_PLUGINS`, which
/// `cargo xtask test` sets.
fn vigie(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigie"));
    command.current_dir(root()).arg("--data-dir").arg(data).args(arguments);
    if std::env::var_os("VIGIE_PLUGINS").is_none() {
        let built = Path::new(env!("CARGO_BIN_EXE_vigie")).ancestors().nth(2).unwrap().join("plugins");
        command.env("VIGIE_PLUGINS", built);
    }
    command
}

fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
