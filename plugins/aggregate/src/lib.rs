//! For each key and window: how many events, and the least, greatest and mean value of a field.
//!
//! A result is given early after each batch, and finally when the window closes, unless that is not wanted.
//! The sum is kept in fixed point, in millionths, so that it does not depend on the order of the events.
//! The key and the window belong to the pipeline file; the plugin knows neither.

use serde::Deserialize;
use vigie::{Gives, KeyTurn, Order, Problem, Reads, Reject, State, Stateful, Timestamp, Writes};

/// What is read: the configured field.
#[derive(Reads)]
pub struct Event {
    /// Its value.
    pub value: Option<f64>,
}

/// What is kept for a key.
#[derive(Clone, Debug, Default, PartialEq, State)]
pub struct Tally {
    /// Events.
    pub count: i64,
    /// Events with a value.
    pub valued: i64,
    /// The sum of their values, in millionths.
    pub sum_millionths: i64,
    /// The least value.
    pub min: Option<f64>,
    /// The greatest value.
    pub max: Option<f64>,
}

/// What is written; the last three are called after the field, as `severity_mean`.
#[derive(Debug, PartialEq, Writes)]
pub struct Summary {
    /// Events.
    pub count: i64,
    /// Whether the window has closed.
    pub last: bool,
    /// The least value.
    pub min: Option<f64>,
    /// The greatest value.
    pub max: Option<f64>,
    /// The mean value.
    pub mean: Option<f64>,
}

/// The step's `with`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The field of kind float64 whose values are summed up; none: events are only counted.
    pub field: Option<String>,
    /// When results are given.
    #[serde(default)]
    pub results: Results,
}

/// When results are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Results {
    /// After each batch, and when the window closes.
    #[default]
    All,
    /// After each batch: the last one has all that came in time, and does not say so.
    Early,
}

/// The plugin.
pub struct Aggregate {
    config: Config,
}

const TOO_LARGE: Reject = Reject(0);
const MILLION: f64 = 1e6;
const LARGEST_MILLIONTHS: f64 = 4.0e18;

impl Stateful for Aggregate {
    type Config = Config;
    type Reads = Event;
    type State = Tally;
    type Writes = Summary;
    const REASONS: &'static [&'static str] = &["value too large to be summed up"];
    const ORDER: Order = Order::Any;
    const GIVES: Gives = Gives::Keys;

    fn configure(config: Config) -> Result<Self, Vec<Problem>> {
        Ok(Self { config })
    }

    fn name(&self, field: &'static str) -> String {
        match (field, &self.config.field) {
            ("value", Some(name)) => name.clone(),
            ("min" | "max" | "mean", Some(name)) => format!("{name}_{field}"),
            _ => field.into(),
        }
    }

    fn event(
        &mut self,
        tally: &mut Tally,
        event: Event,
        _turn: &mut KeyTurn,
    ) -> Result<Option<Summary>, Reject> {
        if let Some(value) = event.value {
            // Ties to even, as that is one instruction.
            let millionths = (value * MILLION).round_ties_even();
            // Half of i64's range for one value; the sum's own limit is checked beside it.
            if millionths.abs() >= LARGEST_MILLIONTHS {
                return Err(TOO_LARGE);
            }
            tally.sum_millionths = tally.sum_millionths.checked_add(millionths as i64).ok_or(TOO_LARGE)?;
            tally.valued += 1;
            // Compared by hand: `f64::min` looks for NaN, which no event has, in a function of its own.
            tally.min = tally.min.filter(|min| *min <= value).or(Some(value));
            tally.max = tally.max.filter(|max| *max >= value).or(Some(value));
        }
        tally.count += 1;
        Ok(None)
    }

    fn early(&mut self, tally: &Tally) -> Option<Summary> {
        Some(result(tally, false))
    }

    fn fire(&mut self, tally: &mut Tally, _at: Timestamp, turn: &mut KeyTurn) -> Option<Summary> {
        turn.forget();
        (self.config.results != Results::Early).then(|| result(tally, true))
    }
}

fn result(tally: &Tally, last: bool) -> Summary {
    let mean = (tally.valued > 0).then(|| tally.sum_millionths as f64 / MILLION / tally.valued as f64);
    Summary { count: tally.count, last, min: tally.min, max: tally.max, mean }
}

vigie::export_stateful!(Aggregate);
