//! Gives each position its H3 cells: `cell_7` (about 5 km²) and `cell_4` (about 1770 km²), the
//! cell of resolution 4 being the ancestor of the one of resolution 7.
//!
//! An event without a position keeps its place and has no cells. It knows nothing of what the
//! cells are for, nor how a cell is written as text.

use h3o::{CellIndex, LatLng, Resolution};
use serde::Deserialize;
use vigie::{Counts, Problem, Reads, Reject, Transform, Writes, problem};

/// What is read: a position in degrees, WGS 84.
#[derive(Reads)]
pub struct Report {
    /// North is positive, -90 to 90.
    pub lat: Option<f64>,
    /// East is positive, -180 to 180.
    pub lng: Option<f64>,
}

/// What is written: H3 cells as their 64-bit index.
#[derive(Debug, Writes)]
pub struct Found {
    /// The cell of resolution 7.
    pub cell_7: Option<u64>,
    /// The cell of resolution 4 that `cell_7` descends from.
    pub cell_4: Option<u64>,
}

/// The step's `with`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The resolutions of the cells; only 7 and 4 so far.
    #[serde(default = "resolutions")]
    pub resolutions: Vec<u8>,
}

fn resolutions() -> Vec<u8> {
    vec![7, 4]
}

/// The plugin.
pub struct Locate;

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
        if config.resolutions == resolutions() {
            Ok(Self)
        } else {
            Err(vec![problem("resolutions", "must be [7, 4]: no others are supported yet")])
        }
    }

    fn event(&mut self, report: Report, counts: &mut Counts) -> Result<Found, Reject> {
        match (report.lat, report.lng) {
            (Some(lat), Some(lng)) => {
                let cell = cell(lat, lng).ok_or(OUTSIDE)?;
                let parent = cell.parent(Resolution::Four);
                Ok(Found { cell_7: Some(cell.into()), cell_4: parent.map(Into::into) })
            }
            (None, None) => {
                counts.add(WITHOUT, 1);
                Ok(Found { cell_7: None, cell_4: None })
            }
            _ => Err(HALF),
        }
    }
}

/// The cell of resolution 7. H3 itself would wrap angles beyond the poles and the date line.
fn cell(lat: f64, lng: f64) -> Option<CellIndex> {
    let on_earth = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lng);
    let position = on_earth.then(|| LatLng::new(lat, lng).ok()).flatten()?;
    Some(position.to_cell(Resolution::Seven))
}

vigie::export_transform!(Locate);
