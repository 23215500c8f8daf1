//! For the tests of the SDK, the host and the simulator: makes an event of each line of a text, leaves out what has no
//! line, and refuses a text that asks for it.

use serde::Deserialize;
use vigie::{LEFT_OUT, Problem, Reads, Reject, Shape, Transform, Turn, Writes};

/// What is read.
#[derive(Reads)]
pub struct Report<'a> {
    /// Lines, divided by `;`.
    pub text: Option<&'a str>,
}

/// What is written.
#[derive(Writes)]
pub struct Line<'a> {
    /// One of them.
    pub text: &'a str,
}

/// The step's `with`.
#[derive(Deserialize)]
pub struct Config {}

/// The plugin.
pub struct Split {
    /// The text of the event at hand.
    text: String,
    /// Where its next line begins; none: there is no more.
    from: Option<usize>,
}

impl Transform for Split {
    type Config = Config;
    type Reads = Report<'static>;
    type Writes = Line<'static>;
    const REASONS: &'static [&'static str] = &["it asked to be refused"];
    const SHAPE: Shape = Shape::FlatMap;

    fn configure(_: Config) -> Result<Self, Vec<Problem>> {
        Ok(Self { text: String::new(), from: None })
    }

    fn event<'a>(&'a mut self, report: Report<'a>, turn: &mut Turn) -> Result<Line<'a>, Reject> {
        match report.text {
            None | Some("") => return Err(LEFT_OUT),
            Some("refuse") => return Err(Reject(0)),
            Some(text) => {
                self.text.clear();
                self.text.push_str(text);
                self.from = Some(0);
            }
        }
        self.next(turn).ok_or(LEFT_OUT)
    }

    fn next<'a>(&'a mut self, _: &mut Turn) -> Option<Line<'a>> {
        let from = self.from?;
        let length = self.text.get(from..)?.find(';');
        self.from = length.map(|length| from + length + 1);
        let to = length.map_or(self.text.len(), |length| from + length);
        Some(Line { text: self.text.get(from..to)? })
    }
}

vigie::export_transform!(Split);
