//! `cargo xtask bench`: one table, each figure beside its limit, both measured in this run.
//!
//! A figure is nanoseconds per event unless it says otherwise. The limit of a ratio is what the other
//! side of it took in this run, times the factor that is allowed. Nothing here fails on time.

mod demo;
mod native;
mod sandbox;
mod snapshot;
mod stage;
mod state;
mod table;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Where the parts that are measured lie.
pub struct Places {
    /// The components.
    pub plugins: PathBuf,
    /// The program, built for release.
    pub vigie: PathBuf,
    /// The core plugins, compiled natively.
    pub native: PathBuf,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let mut next = || arguments.next().context("usage: bench PLUGINS VIGIE NATIVE");
    let places = Places { plugins: next()?, vigie: next()?, native: next()? };
    let only = next().ok();
    let mut rows = Vec::new();
    for (name, part) in [
        ("boundary", sandbox::measure as fn(&Places) -> Result<Vec<table::Row>>),
        ("native", native::measure),
        ("stage", stage::measure),
        ("state", state::measure),
        ("demo", demo::measure),
    ] {
        if only.as_ref().is_some_and(|only| only.as_os_str() != name) {
            continue;
        }
        eprintln!("Measuring {name} …");
        rows.extend(part(&places)?);
    }
    table::print(&rows);
    Ok(())
}

/// A component's bytes.
pub fn component(places: &Places, sandbox: &plugin::Sandbox, name: &str) -> Result<plugin::Component> {
    let in_core = places.plugins.join(format!("{name}.wasm"));
    let path =
        if in_core.exists() { in_core } else { places.plugins.join("tests").join(format!("{name}.wasm")) };
    let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
    Ok(sandbox.load(name, &bytes)?)
}

/// The checkout's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
