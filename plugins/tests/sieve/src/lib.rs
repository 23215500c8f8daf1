//! For the tests of the SDK and the host: leaves out what is dry, refuses what cannot be, and marks the rest.

use serde::Deserialize;
use vigie::{LEFT_OUT, Problem, Reads, Reject, Shape, Transform, Turn, Writes};

/// What is read.
#[derive(Reads)]
pub struct Report {
    /// In metres.
    pub water_level_m: Option<f64>,
}

/// What is written.
#[derive(Writes)]
pub struct Mark {
    /// In centimetres.
    pub level_cm: i64,
}

/// The step's `with`.
#[derive(Deserialize)]
pub struct Sieve {}

impl Transform for Sieve {
    type Config = Self;
    type Reads = Report;
    type Writes = Mark;
    const REASONS: &'static [&'static str] = &["below the river bed"];
    const SHAPE: Shape = Shape::Filter;

    fn configure(config: Self) -> Result<Self, Vec<Problem>> {
        Ok(config)
    }

    fn event(&mut self, report: Report, _: &mut Turn) -> Result<Mark, Reject> {
        match report.water_level_m {
            Some(level_m) if level_m < 0.0 => Err(Reject(0)),
            Some(level_m) if level_m > 0.0 => Ok(Mark { level_cm: (level_m * 100.0) as i64 }),
            _ => Err(LEFT_OUT),
        }
    }
}

vigie::export_transform!(Sieve);
