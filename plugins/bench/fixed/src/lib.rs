//! For the benchmark: fixed-width fields through the SDK.

use serde::Deserialize;
use vigie::{Problem, Reads, Reject, Transform, Turn, Writes};

/// What is read.
#[derive(Reads)]
pub struct Position {
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lng: f64,
}

/// What is written.
#[derive(Writes)]
pub struct Sum {
    /// Of both.
    pub sum: f64,
}

/// No settings.
#[derive(Deserialize)]
pub struct Config {}

/// The plugin.
pub struct Fixed;

impl Transform for Fixed {
    type Config = Config;
    type Reads = Position;
    type Writes = Sum;

    fn configure(_: Config) -> Result<Self, Vec<Problem>> {
        Ok(Self)
    }

    fn event(&mut self, position: Position, _turn: &mut Turn) -> Result<Sum, Reject> {
        Ok(Sum { sum: position.lat + position.lng })
    }
}

vigie::export_transform!(Fixed);
