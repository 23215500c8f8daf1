//! Gives each position its H3 cells at the configured resolutions: `cell_7` (about 5 km²), `cell_4`
//! (about 1770 km²), …; a coarser cell is the ancestor of the finest one.
//!
//! An event without a position keeps its place and has no cells. It knows nothing of what the
//! cells are for, nor how a cell is written as text. The host finds the finest cell, at native speed.

use h3o::{CellIndex, Resolution};
use serde::Deserialize;
use vigie::{Events, Field, Problem, Reads, Reject, Transform, Turn, Writes, host, problem};

/// What is read: a position in degrees, WGS 84.
#[derive(Reads)]
pub struct Report {
    /// North is positive, -90 to 90.
    pub lat: Option<f64>,
    /// East is positive, -180 to 180.
    pub lng: Option<f64>,
}

/// What is written: H3 cells as their 64-bit index, named after their resolutions.
#[derive(Debug, Default, Writes)]
pub struct Found {
    /// The cell of the finest resolution.
    pub first: Option<u64>,
    /// Its ancestor of the next one.
    pub second: Option<u64>,
    /// And so on.
    pub third: Option<u64>,
    /// And so on.
    pub fourth: Option<u64>,
}

/// The names of the fields of [`Found`], finest first.
const SLOTS: [&str; 4] = ["first", "second", "third", "fourth"];

/// The step's `with`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// One to four different resolutions from 0 to 15.
    #[serde(default = "resolutions")]
    pub resolutions: Vec<u8>,
}

fn resolutions() -> Vec<u8> {
    vec![7, 4]
}

/// The plugin, with the host's answers for the batch at hand.
pub struct Locate {
    /// Finest first.
    resolutions: Vec<Resolution>,
    lat: Vec<f64>,
    lng: Vec<f64>,
    /// The finest cell of each row; 0: none.
    cells: Vec<u64>,
}

const OUTSIDE: Reject = Reject(0);
const HALF: Reject = Reject(1);
const WITHOUT: usize = 0;

impl Transform for Locate {
    type Config = Config;
    type Reads = Report;
    type Writes = Found;
    const REASONS: &'static [&'static str] = &["position outside the world", "half a position"];
    const COUNTERS: &'static [&'static str] = &["without position"];

    fn configure(config: Config) -> Result<Self, Vec<Problem>> {
        let wrong = |message: &str| vec![problem("resolutions", message)];
        let resolutions: Result<Vec<_>, _> =
            config.resolutions.iter().map(|r| Resolution::try_from(*r)).collect();
        let mut resolutions = resolutions.map_err(|_| wrong("each must be from 0 to 15"))?;
        resolutions.sort_unstable_by(|a, b| b.cmp(a));
        resolutions.dedup();
        if resolutions.len() != config.resolutions.len() || !(1..=SLOTS.len()).contains(&resolutions.len()) {
            return Err(wrong("one to four, all different, as [7, 4]"));
        }
        Ok(Self { resolutions, lat: Vec::new(), lng: Vec::new(), cells: Vec::new() })
    }

    fn name(&self, field: &'static str) -> String {
        let slot = SLOTS.iter().position(|slot| *slot == field);
        match slot.and_then(|slot| self.resolutions.get(slot)) {
            Some(resolution) => format!("cell_{resolution}"),
            None => field.into(),
        }
    }

    fn leaves(&self, _input: &[Field]) -> Vec<&'static str> {
        SLOTS.iter().copied().skip(self.resolutions.len()).collect()
    }

    fn batch(&mut self, events: &Events<'_, Report>) {
        self.lat.clear();
        self.lng.clear();
        for Report { lat, lng } in events.iter() {
            // What is no position has no cell.
            self.lat.push(lat.unwrap_or(f64::NAN));
            self.lng.push(lng.unwrap_or(f64::NAN));
        }
        let finest = self.resolutions.first().map_or(0, |resolution| u8::from(*resolution));
        self.cells = host::cells(&self.lat, &self.lng, finest);
    }

    fn event(&mut self, report: Report, turn: &mut Turn) -> Result<Found, Reject> {
        match (report.lat, report.lng) {
            (Some(_), Some(_)) => {
                let cell = self.cells.get(turn.row()).and_then(|cell| CellIndex::try_from(*cell).ok());
                cell.map(|cell| self.lineage(cell)).ok_or(OUTSIDE)
            }
            (None, None) => {
                turn.count(WITHOUT, 1);
                Ok(Found::default())
            }
            _ => Err(HALF),
        }
    }
}

impl Locate {
    /// A cell and its ancestors.
    fn lineage(&self, cell: CellIndex) -> Found {
        let mut resolutions = self.resolutions.iter().skip(1).copied();
        let mut ancestor = || resolutions.next().and_then(|r| cell.parent(r)).map(Into::into);
        Found { first: Some(cell.into()), second: ancestor(), third: ancestor(), fourth: ancestor() }
    }
}

vigie::export_transform!(Locate);
