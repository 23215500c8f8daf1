//! Lets a report go on once: later ones like it, within a time, are dropped and counted.
//!
//! `by: text` takes reports of one key as the same if their texts are the same, or, without a text,
//! their times; the key should be the source and the entity. `by: place` takes them as the same if they lie within a distance; the key
//! should be the source and a cell, so that only neighbours are compared (two reports on either side
//! of a cell's edge are not). Reports come in the order of event time, but for those of a partition
//! that was idle, which may come behind newer ones.

use serde::Deserialize;
use vigie::{Gives, KeyTurn, Problem, Reads, Reject, State, Stateful, Timestamp, Writes, problem};

/// What is read.
#[derive(Reads)]
pub struct Report<'a> {
    /// Event time.
    pub timestamp: Timestamp,
    /// What it says.
    pub text: Option<&'a str>,
    /// Degrees, WGS 84.
    pub lat: Option<f64>,
    /// Degrees, WGS 84.
    pub lng: Option<f64>,
}

/// The reports of a key that later ones are compared with.
#[derive(Clone, Debug, Default, PartialEq, State)]
pub struct Seen {
    /// 16 bytes each, oldest first: time in microseconds, and what is compared.
    pub reports: Vec<u8>,
}

/// Nothing is written: the report goes on as it is.
#[derive(Debug, PartialEq, Writes)]
pub struct Nothing {}

/// The step's `with`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What makes two reports of a key the same.
    pub by: By,
    /// For how long a report is remembered, in seconds.
    pub within_s: u32,
    /// How near is the same place, in metres; for `by: place`.
    #[serde(default = "distance")]
    pub distance_m: f64,
}

/// What is compared.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The text.
    Text,
    /// The position.
    Place,
}

fn distance() -> f64 {
    50.0
}

/// The plugin.
pub struct Dedupe {
    by: By,
    within_us: i64,
    distance_m: f64,
}

const REPEATED: usize = 0;
const ENTRY_BYTES: usize = 16;
/// Reports remembered for a key; beyond it the oldest is forgotten.
const MOST: usize = 64;
/// Metres of a degree of latitude on a sphere of 6,371,009 m.
const METRES_PER_DEGREE: f64 = 111_195.0;
/// Positions are kept in units of 1e-7 degrees, about a centimetre.
const UNITS_PER_DEGREE: f64 = 1e7;

impl Stateful for Dedupe {
    type Config = Config;
    type Reads = Report<'static>;
    type State = Seen;
    type Writes = Nothing;
    const COUNTERS: &'static [&'static str] = &["repeated"];
    const GIVES: Gives = Gives::Rows;

    fn configure(config: Config) -> Result<Self, Vec<Problem>> {
        if config.within_s == 0 {
            return Err(vec![problem("within_s", "must be at least 1")]);
        }
        if !(config.distance_m >= 0.0 && config.distance_m <= 100_000.0) {
            return Err(vec![problem("distance_m", "must be from 0 to 100000")]);
        }
        let within_us = i64::from(config.within_s) * 1_000_000;
        Ok(Self { by: config.by, within_us, distance_m: config.distance_m })
    }

    fn event(
        &mut self,
        seen: &mut Seen,
        report: Report<'_>,
        turn: &mut KeyTurn,
    ) -> Result<Option<Nothing>, Reject> {
        let at = report.timestamp.0;
        let Some(what) = self.what(&report) else { return Ok(Some(Nothing {})) };
        let (entries, _) = seen.reports.as_chunks::<ENTRY_BYTES>();
        let old = entries.iter().take_while(|entry| at - time(**entry) > self.within_us).count();
        let fresh = entries.get(old..).unwrap_or_default();
        // A partition that was idle may bring what is older than all that is remembered.
        let near = |entry: [u8; ENTRY_BYTES]| (time(entry) - at).abs() <= self.within_us;
        if fresh.iter().any(|entry| near(*entry) && self.same(content(*entry), what)) {
            turn.count(REPEATED, 1);
            return Ok(None);
        }
        let old = old.max((entries.len() + 1).saturating_sub(MOST));
        seen.reports.drain(..old * ENTRY_BYTES);
        seen.reports.extend(at.to_le_bytes());
        seen.reports.extend(what.to_le_bytes());
        let over = at.saturating_add(self.within_us).saturating_add(1);
        turn.set_timer(Timestamp(turn.timer().map_or(over, |timer| timer.0.max(over))));
        Ok(Some(Nothing {}))
    }

    fn fire(&mut self, _seen: &mut Seen, _at: Timestamp, turn: &mut KeyTurn) -> Option<Nothing> {
        turn.forget();
        None
    }
}

impl Dedupe {
    /// What is compared, in eight bytes: a hash of the text, or the position. None: it is like nothing.
    fn what(&self, report: &Report<'_>) -> Option<u64> {
        match self.by {
            By::Text => Some(report.text.map_or(report.timestamp.0.cast_unsigned(), fnv1a)),
            By::Place => {
                let units =
                    |degrees: f64| u64::from(((degrees * UNITS_PER_DEGREE).round() as i32).cast_unsigned());
                report.lat.zip(report.lng).map(|(lat, lng)| units(lat) << 32 | units(lng))
            }
        }
    }

    fn same(&self, a: u64, b: u64) -> bool {
        match self.by {
            By::Text => a == b,
            By::Place => metres(a, b) <= self.distance_m,
        }
    }
}

/// The distance of two near positions, on a plane that touches the sphere between them.
fn metres(a: u64, b: u64) -> f64 {
    let lat = |p: u64| f64::from(((p >> 32) as u32).cast_signed()) / UNITS_PER_DEGREE;
    let lng = |p: u64| f64::from((p as u32).cast_signed()) / UNITS_PER_DEGREE;
    let (north, mut east) = (lat(a) - lat(b), (lng(a) - lng(b)).abs());
    if east > 180.0 {
        east = 360.0 - east;
    }
    let east = east * ((lat(a) + lat(b)) / 2.0).to_radians().cos();
    (north * north + east * east).sqrt() * METRES_PER_DEGREE
}

fn time(entry: [u8; ENTRY_BYTES]) -> i64 {
    i64::from_le_bytes(half(entry, 0))
}

fn content(entry: [u8; ENTRY_BYTES]) -> u64 {
    u64::from_le_bytes(half(entry, 8))
}

fn half(entry: [u8; ENTRY_BYTES], from: usize) -> [u8; 8] {
    std::array::from_fn(|at| entry.get(from + at).copied().unwrap_or_default())
}

/// FNV-1a with 64 bits (Fowler, Noll, Vo): the texts of one key are few, so 64 bits tell them apart.
fn fnv1a(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

vigie::export_stateful!(Dedupe);
