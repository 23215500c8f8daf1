//! For the benchmark: a field of text through the SDK.

use serde::Deserialize;
use vigie::{Problem, Reads, Reject, Transform, Turn, Writes};

/// What is read.
#[derive(Reads)]
pub struct Report<'a> {
    /// A text.
    pub text: &'a str,
}

/// What is written.
#[derive(Writes)]
pub struct Copy<'a> {
    /// The same.
    pub text: &'a str,
}

/// No settings.
#[derive(Deserialize)]
pub struct Config {}

/// The plugin.
pub struct Texts;

impl Transform for Texts {
    type Config = Config;
    type Reads = Report<'static>;
    type Writes = Copy<'static>;

    fn configure(_: Config) -> Result<Self, Vec<Problem>> {
        Ok(Self)
    }

    fn event<'a>(&'a mut self, report: Report<'a>, _turn: &mut Turn) -> Result<Copy<'a>, Reject> {
        Ok(Copy { text: report.text })
    }
}

vigie::export_transform!(Texts);
