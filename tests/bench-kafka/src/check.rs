//! What a run has written, so that all can be compared.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::broker::Bench;
use crate::job::parse_time_us;
use crate::peer::{CELLS, EVENTS};

/// What the jobs have made of the events, whatever else is beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Events.
    events: u64,
    /// Of entity, cells, time, kind and masked text of all, in any order.
    digest: u64,
    /// Windows.
    windows: u64,
    /// Events in them.
    counted: u64,
    /// Of cell, kind, minute, count and mean of the last result of each, in any order.
    windows_digest: u64,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, digest, windows, counted, windows_digest } = self;
        write!(f, "{events} events, digest {digest:016x}")?;
        if *windows > 0 {
            write!(f, "; {windows} windows of {counted} events, digest {windows_digest:016x}")?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Event {
    entity: String,
    kind: String,
    timestamp: Time,
    cell_7: String,
    cell_4: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Cell {
    cell_7: String,
    kind: String,
    window_start: Time,
    count: u64,
    severity_mean: f64,
}

/// Microseconds, or RFC 3339.
#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Number(i64),
    Text(String),
}

impl Time {
    fn us(&self) -> Result<i64> {
        match self {
            Self::Number(us) => Ok(*us),
            Self::Text(text) => parse_time_us(text.as_bytes()).context("a time cannot be read"),
        }
    }
}

/// The time of an event, in microseconds since 1970; none: the record is a watermark and no row.
pub fn time_us(value: &[u8]) -> Result<Option<i64>> {
    #[derive(Deserialize)]
    struct Timed {
        timestamp: Time,
    }
    if !is_row(value) {
        return Ok(None);
    }
    sonic_rs::from_slice::<Timed>(value)?.timestamp.us().map(Some)
}

fn is_row(value: &[u8]) -> bool {
    value.first() == Some(&b'{')
}

/// Reads the events, and the windows where there are any; with how many results there are of these.
pub fn written(bench: &Bench, windows: bool) -> Result<(Written, u64)> {
    // Of std, without random keys: the same in each run.
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let mut all = Written::default();
    bench.read_all(EVENTS, |value| {
        if is_row(value) {
            let Event { entity, kind, timestamp, cell_7, cell_4, text } = sonic_rs::from_slice(value)?;
            let hash = hasher.hash_one((entity, kind, timestamp.us()?, cell_7, cell_4, text));
            all.events += 1;
            all.digest = all.digest.wrapping_add(hash);
        }
        Ok(())
    })?;
    if !windows {
        return Ok((all, 0));
    }
    let mut results = 0;
    let mut last: HashMap<(String, String, i64), (u64, f64)> = HashMap::new();
    bench.read_all(CELLS, |value| {
        if is_row(value) {
            let Cell { cell_7, kind, window_start, count, severity_mean } = sonic_rs::from_slice(value)?;
            results += 1;
            let known = last.entry((cell_7, kind, window_start.us()?)).or_default();
            // Counts only grow.
            if count >= known.0 {
                *known = (count, severity_mean);
            }
        }
        Ok(())
    })?;
    for (window, (count, mean)) in last {
        all.windows += 1;
        all.counted += count;
        // Sums are whole numbers; the mean's last digit may be another.
        let sum = (mean * count as f64).round() as i64;
        all.windows_digest = all.windows_digest.wrapping_add(hasher.hash_one((window, count, sum)));
    }
    Ok((all, results))
}

/// Of messages as they are: how many.
pub fn passed(bench: &Bench) -> Result<u64> {
    let mut count = 0;
    bench.read_all(EVENTS, |_| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}
