//! The demo as a process: its first event in the store, and its memory.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::table::{Row, Times};
use crate::{Places, root};

const RUNS: usize = 5;

pub fn measure(places: &Places) -> Result<Vec<Row>> {
    let (mut first, mut peak, mut rate) = (Vec::new(), Vec::new(), Vec::new());
    // A cache of compiled plugins that outlives the runs: the goal is for plugins compiled before.
    let cache = tempfile::tempdir()?;
    for run in 0..=RUNS {
        let (first_ms, peak_mib, events) = demo(places, cache.path())?;
        if run > 0 {
            first.push(first_ms);
            peak.push(peak_mib);
            rate.push(events);
        }
    }
    Ok(vec![
        Row::new("demo, first event in the store, ms", Times::new(first), Some(1000.0), "1 s"),
        Row::new("demo, peak memory, MiB", Times::new(peak), Some(200.0), "200 MiB"),
        Row::new("demo, thousand raw events/s, log and store included", Times::new(rate), None, ""),
    ])
}

fn demo(places: &Places, cache: &std::path::Path) -> Result<(f64, f64, f64)> {
    let data = tempfile::tempdir()?;
    // The same installation each time: the cache's entries are bound to its key.
    std::fs::write(data.path().join("cache.key"), "00".repeat(32))?;
    let mut command = Command::new(&places.vigie);
    command.arg("--data-dir").arg(data.path()).arg("--plugins").arg(&places.plugins).arg("demo");
    command.current_dir(root()).env("VIGIE_CACHE_DIR", cache).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0.0_f64;
    while child.try_wait()?.is_none() {
        peak_kib = peak_kib.max(high_water_kib(&status).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(5));
    }
    let said = String::from_utf8(child.wait_with_output()?.stdout)?;
    let after = |start: &str, end: &str| -> Option<f64> {
        said.split_once(start)?.1.split_once(end)?.0.trim().parse().ok()
    };
    let first_ms = after("First event in the store after", "ms").context("the demo says no first event")?;
    let rate = after("s (", " events/s").context("the demo says no rate")?;
    Ok((first_ms, peak_kib / 1024.0, rate / 1000.0))
}

/// The kernel's own high-water mark of the resident set.
fn high_water_kib(status: &str) -> Option<f64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
