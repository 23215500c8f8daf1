//! The first plugin of the guide: says where water stands too high.

use serde::Deserialize;
use vigie::{Problem, Reads, Reject, Transform, Turn, Writes};

/// What is read of an event.
#[derive(Reads)]
pub struct Report {
    /// The water's height over the gauge, in metres.
    pub water_level_m: Option<f64>,
}

/// What is written.
#[derive(Writes)]
pub struct Alarm {
    /// Whether the water stands higher than the configured level.
    pub flooded: Option<bool>,
}

/// The step's `with`.
#[derive(Deserialize)]
pub struct FloodAlarm {
    /// In metres.
    above_m: f64,
}

impl Transform for FloodAlarm {
    type Config = Self;
    type Reads = Report;
    type Writes = Alarm;
    const REASONS: &'static [&'static str] = &["a level below the river bed"];

    fn configure(config: Self) -> Result<Self, Vec<Problem>> {
        Ok(config)
    }

    fn event(&mut self, report: Report, _: &mut Turn) -> Result<Alarm, Reject> {
        match report.water_level_m {
            Some(level_m) if level_m < 0.0 => Err(Reject(0)),
            level_m => Ok(Alarm { flooded: level_m.map(|level_m| level_m > self.above_m) }),
        }
    }
}

vigie::export_transform!(FloodAlarm);
