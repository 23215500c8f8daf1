//! The plugin around the scanner.

use vigie::{Clearing, Counts, Field, FromConfig, Problem, Reads, Reject, Transform, Writes};

use crate::{AuthorAction, Config, KINDS, Kind, Masker};

/// What stands in place of an author.
const AUTHOR: &str = "[author]";

/// What is read.
#[derive(Reads)]
pub struct Report<'a> {
    /// Free text.
    pub text: Option<&'a str>,
    /// Who wrote it.
    pub author: Option<&'a str>,
}

/// What is written.
#[derive(Writes)]
pub struct Masked<'a> {
    /// The text, masked by kind.
    pub text: Option<&'a str>,
    /// The author, or what stands in place of one.
    pub author: Option<&'a str>,
}

/// Masks `text` by kind, and `author` as a whole.
pub struct MaskPii {
    config: Config,
    masker: Masker,
    /// The text at hand, kept so that no event allocates.
    masked: String,
}

impl FromConfig for Config {
    fn from_config(json: &str) -> Result<Self, Vec<Problem>> {
        let as_contract = |p: crate::Problem| Problem { path: p.path, message: p.message };
        Self::parse(json).map_err(|problems| problems.into_iter().map(as_contract).collect())
    }
}

impl Transform for MaskPii {
    type Config = Config;
    type Reads = Report<'static>;
    type Writes = Masked<'static>;
    const COUNTERS: &'static [&'static str] = &Kind::NAMES;

    fn configure(config: Config) -> Result<Self, Vec<Problem>> {
        let masker = Masker::new(&config);
        Ok(Self { config, masker, masked: String::new() })
    }

    fn clears(&self) -> Vec<Clearing> {
        [("text", self.config.clears_text()), ("author", self.config.clears_author())]
            .into_iter()
            .filter(|(_, clears)| *clears)
            .map(|(field, _)| Clearing { field: field.into(), label: "personal".into() })
            .collect()
    }

    /// A field that does not reach the step is not written either.
    fn leaves(&self, input: &[Field]) -> Vec<&'static str> {
        ["text", "author"].into_iter().filter(|name| !input.iter().any(|f| f.name == *name)).collect()
    }

    fn event<'a>(&'a mut self, report: Report<'a>, counts: &mut Counts) -> Result<Masked<'a>, Reject> {
        let mut found = [0_u64; KINDS];
        let text = report.text.map(|text| {
            self.masker.mask(text, &mut self.masked, &mut found);
            self.masked.as_str()
        });
        for (kind, count) in found.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            counts.add(kind, count);
        }
        let author = match self.config.author {
            AuthorAction::Leave => report.author,
            AuthorAction::Redact => report.author.map(|_| AUTHOR),
            AuthorAction::Drop => None,
        };
        Ok(Masked { text, author })
    }
}

vigie::export_transform!(MaskPii);
