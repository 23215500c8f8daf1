//! Joins reference data to each event: the country by its borders, the nearest place, the severity in
//! words, and how long the report was on its way.
//!
//! The tables are the host's: `country` names one of fences, `place` one of places; both have a
//! column `name`. What the configuration does not speak of is not written.

use serde::Deserialize;
use vigie::host::{self, Answers};
use vigie::{Events, Field, LookupUse, Problem, Reads, Reject, Timestamp, Transform, Turn, Writes, problem};

/// What is read.
#[derive(Reads)]
pub struct Report {
    /// Degrees, WGS 84.
    pub lat: Option<f64>,
    /// Degrees, WGS 84.
    pub lng: Option<f64>,
    /// In the unit of the words' thresholds.
    pub severity: Option<f64>,
    /// Event time.
    pub timestamp: Option<Timestamp>,
    /// When the event was received, in microseconds since 1970, UTC.
    pub revision_us: Option<i64>,
}

/// What is written.
#[derive(Writes)]
pub struct Joined<'a> {
    /// The name of the country that the position lies in.
    pub country: Option<&'a str>,
    /// The name of the nearest place.
    pub place: Option<&'a str>,
    /// How far that place is, in kilometres.
    pub place_km: Option<f64>,
    /// The severity in words.
    pub severity_word: Option<&'a str>,
    /// From event time to when the event was received, in milliseconds.
    pub delay_ms: Option<i64>,
}

/// The step's `with`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The table of fences for `country`.
    pub country: Option<String>,
    /// The table of places for `place` and `place_km`.
    pub place: Option<String>,
    /// Places farther away than this are none.
    #[serde(default = "within")]
    pub place_within_km: f64,
    /// Words for `severity_word`, each with the least severity that it stands for, ascending.
    #[serde(default)]
    pub severity: Vec<Word>,
    /// Whether to write `delay_ms`.
    #[serde(default)]
    pub delay: bool,
}

/// A word for severities from `at_least` on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// The least severity.
    pub at_least: f64,
    /// The word.
    pub word: String,
}

fn within() -> f64 {
    200.0
}

/// The plugin, with the answers for the batch at hand.
pub struct Enrich {
    config: Config,
    /// For each row its number among the rows with a position.
    located: Vec<Option<usize>>,
    lat: Vec<f64>,
    lng: Vec<f64>,
    countries: Answers,
    places: Answers,
    place_m: Answers,
}

const NOWHERE: usize = 0;
const AT_SEA: usize = 1;

impl Transform for Enrich {
    type Config = Config;
    type Reads = Report;
    type Writes = Joined<'static>;
    const COUNTERS: &'static [&'static str] = &["without position", "in no country"];

    fn configure(config: Config) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        if !(config.place_within_km > 0.0 && config.place_within_km <= 20_100.0) {
            problems.push(problem("place_within_km", "must be more than 0 and at most 20100"));
        }
        if !config.severity.is_sorted_by(|a, b| a.at_least < b.at_least) {
            problems.push(problem("severity", "`at_least` must ascend"));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let (countries, places, place_m) = Default::default();
        Ok(Self { config, located: Vec::new(), lat: Vec::new(), lng: Vec::new(), countries, places, place_m })
    }

    fn lookups(&self) -> Vec<LookupUse> {
        let tables = [&self.config.country, &self.config.place].into_iter().flatten();
        tables.map(|table| LookupUse { table: table.clone(), columns: vec!["name".into()] }).collect()
    }

    fn leaves(&self, _input: &[Field]) -> Vec<&'static str> {
        let mut left = Vec::new();
        let mut leave = |unused: bool, fields: &[&'static str]| {
            left.extend(if unused { fields } else { &[] });
        };
        leave(self.config.country.is_none(), &["country"]);
        leave(self.config.place.is_none(), &["place", "place_km"]);
        leave(self.config.country.is_none() && self.config.place.is_none(), &["lat", "lng"]);
        leave(self.config.severity.is_empty(), &["severity", "severity_word"]);
        leave(!self.config.delay, &["timestamp", "revision_us", "delay_ms"]);
        left
    }

    fn batch(&mut self, events: &Events<'_, Report>) {
        self.located.clear();
        self.lat.clear();
        self.lng.clear();
        for event in events.iter() {
            let position = event.lat.zip(event.lng);
            self.located.push(position.map(|_| self.lat.len()));
            if let Some((lat, lng)) = position {
                self.lat.push(lat);
                self.lng.push(lng);
            }
        }
        if let Some(table) = &self.config.country {
            let fences = host::fences(table, &self.lat, &self.lng);
            self.countries = host::find(table, &fences).into_iter().next().unwrap_or_default();
        }
        if let Some(table) = &self.config.place {
            let within_m = self.config.place_within_km * 1000.0;
            let (places, metres) = host::nearest(table, &self.lat, &self.lng, within_m);
            self.places = host::find(table, &places).into_iter().next().unwrap_or_default();
            self.place_m = metres;
        }
    }

    fn event<'a>(&'a mut self, report: Report, turn: &mut Turn) -> Result<Joined<'a>, Reject> {
        let at = self.located.get(turn.row()).copied().flatten();
        if at.is_none() {
            turn.count(NOWHERE, 1);
        }
        let country = at.and_then(|at| self.countries.text(at));
        if at.is_some() && self.config.country.is_some() && country.is_none() {
            turn.count(AT_SEA, 1);
        }
        let delay_us = report.timestamp.zip(report.revision_us).map(|(at, received)| received - at.0);
        Ok(Joined {
            country,
            place: at.and_then(|at| self.places.text(at)),
            // To the metre: more digits would say more than the table knows.
            place_km: at.and_then(|at| self.place_m.number(at)).map(|m| m.round() / 1000.0),
            severity_word: report.severity.and_then(|severity| self.word(severity)),
            delay_ms: delay_us.map(|us| us / 1000),
        })
    }
}

impl Enrich {
    fn word(&self, severity: f64) -> Option<&str> {
        let word = self.config.severity.iter().rev().find(|word| severity >= word.at_least)?;
        Some(&word.word)
    }
}

vigie::export_transform!(Enrich);
