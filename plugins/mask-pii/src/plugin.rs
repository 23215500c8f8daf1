//! The plugin around the scanner.

use h3o::{LatLng, Resolution};
use vigie::host::{self, Answers};
use vigie::{Clearing, Events, Field, FromConfig, Problem, Reads, Reject, Transform, Turn, Writes};

use crate::{AuthorAction, Config, KINDS, Kind, Masker};

/// What stands in place of an author.
const AUTHOR: &str = "[author]";

const OUTSIDE: Reject = Reject(0);
const HALF: Reject = Reject(1);

/// What is read.
#[derive(Reads)]
pub struct Report<'a> {
    /// Free text.
    pub text: Option<&'a str>,
    /// Who wrote it.
    pub author: Option<&'a str>,
    /// Degrees WGS 84, with `lng`.
    pub lat: Option<f64>,
    /// Degrees WGS 84, with `lat`.
    pub lng: Option<f64>,
}

/// What is written.
#[derive(Writes)]
pub struct Masked<'a> {
    /// The text, masked by kind.
    pub text: Option<&'a str>,
    /// The author, or what stands in place of one.
    pub author: Option<&'a str>,
    /// The centre of the position's cell.
    pub lat: Option<f64>,
    /// The centre of the position's cell.
    pub lng: Option<f64>,
}

/// Masks `text` by kind, `author` as a whole, and a position by the centre of its cell.
pub struct MaskPii {
    config: Config,
    masker: Masker,
    /// The pseudonyms of the batch's authors.
    authors: Answers,
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
    const REASONS: &'static [&'static str] = &["position outside the world", "half a position"];
    const COUNTERS: &'static [&'static str] = &Kind::NAMES;

    fn configure(config: Config) -> Result<Self, Vec<Problem>> {
        let masker = Masker::new(&config);
        Ok(Self { config, masker, authors: Answers::default(), masked: String::new() })
    }

    /// Only a position can be refused.
    fn reasons(&self) -> &'static [&'static str] {
        if self.config.position.is_some() { Self::REASONS } else { &[] }
    }

    fn clears(&self) -> Vec<Clearing> {
        let clearing = |field: &str, label: &str, becomes: Option<&str>| Clearing {
            field: field.into(),
            label: label.into(),
            becomes: becomes.map(Into::into),
        };
        let mut clears = Vec::new();
        // Patterns do not find names and addresses, so something of it may be left.
        clears.extend(self.config.clears_text().then(|| clearing("text", "personal", Some("residual"))));
        clears.extend(match self.config.author {
            AuthorAction::Leave => None,
            AuthorAction::Redact | AuthorAction::Drop => Some(clearing("author", "personal", None)),
            AuthorAction::Pseudonym => Some(clearing("author", "personal", Some("pseudonym"))),
        });
        if self.config.position.is_some() {
            clears.extend(["lat", "lng"].map(|f| clearing(f, "location", Some("location-coarse"))));
        }
        clears
    }

    /// A field that does not reach the step, or that the configuration does not speak of, is left alone.
    fn leaves(&self, input: &[Field]) -> Vec<&'static str> {
        let missing = |name: &&str| !input.iter().any(|f| f.name == **name);
        let mut left: Vec<&str> = ["text", "author", "lat", "lng"].into_iter().filter(missing).collect();
        left.extend(if self.config.text.is_none() { &["text"][..] } else { &[] });
        left.extend(if self.config.author == AuthorAction::Leave { &["author"][..] } else { &[] });
        left.extend(if self.config.position.is_none() { &["lat", "lng"][..] } else { &[] });
        left
    }

    fn batch(&mut self, _events: &Events<'_, Self::Reads>) {
        if self.config.author == AuthorAction::Pseudonym {
            self.authors = host::pseudonyms("author");
        }
    }

    fn event<'a>(&'a mut self, report: Report<'a>, turn: &mut Turn) -> Result<Masked<'a>, Reject> {
        let mut found = [0_u64; KINDS];
        let text = report.text.map(|text| {
            if !self.masker.mask(text, &mut self.masked, &mut found) {
                return text;
            }
            for (kind, count) in found.into_iter().enumerate().filter(|(_, count)| *count > 0) {
                turn.count(kind, count);
            }
            self.masked.as_str()
        });
        let author = match self.config.author {
            AuthorAction::Leave => report.author,
            AuthorAction::Redact => report.author.map(|_| AUTHOR),
            AuthorAction::Drop => None,
            AuthorAction::Pseudonym => report.author.and_then(|_| self.authors.text(turn.row())),
        };
        let centre = match self.config.position {
            Some(resolution) => centre(report.lat, report.lng, resolution)?,
            None => None,
        };
        Ok(Masked { text, author, lat: centre.map(LatLng::lat), lng: centre.map(LatLng::lng) })
    }
}

/// The centre of the cell that a position lies in. One that is none is refused, as it must not pass.
fn centre(lat: Option<f64>, lng: Option<f64>, resolution: Resolution) -> Result<Option<LatLng>, Reject> {
    let (lat, lng) = match (lat, lng) {
        (Some(lat), Some(lng)) => (lat, lng),
        (None, None) => return Ok(None),
        _ => return Err(HALF),
    };
    let on_earth = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lng);
    let position = LatLng::new(lat, lng).ok().filter(|_| on_earth).ok_or(OUTSIDE)?;
    Ok(Some(position.to_cell(resolution).into()))
}

vigie::export_transform!(MaskPii);
