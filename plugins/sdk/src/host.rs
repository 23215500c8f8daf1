//! What a plugin may ask the host, a whole batch at once: reference tables, fences, cells, pseudonyms.
//!
//! Ask in [`Transform::batch`](crate::Transform::batch), and take the answers by
//! [`Turn::row`](crate::Turn::row). Each use is granted by a policy, and a table must be named in
//! `lookups`. Under `cargo test` a [`testing::Host`](crate::testing::Host) answers.

use crate::bindings::vigie::plugin::types::{Column, Text, Values};
use crate::read::has;

/// A column of answers, a value a row.
#[derive(Clone, Debug)]
pub struct Answers(pub(crate) Column);

impl Default for Answers {
    fn default() -> Self {
        let text = Text { chars: String::new(), ends: Vec::new() };
        Self(Column { values: Values::Text(text), validity: None })
    }
}

impl Answers {
    fn has(&self, row: usize) -> bool {
        self.0.validity.as_ref().is_none_or(|bytes| has(bytes, row))
    }

    /// The text of a row; none: no answer, or one that is no text.
    #[must_use]
    pub fn text(&self, row: usize) -> Option<&str> {
        let Values::Text(text) = &self.0.values else { return None };
        let from = row.checked_sub(1).map_or(Some(0), |before| text.ends.get(before).copied())?;
        let to = *text.ends.get(row)?;
        if self.has(row) { text.chars.get(from as usize..to as usize) } else { None }
    }

    /// The number of a row; none: no answer, or one that is no float64.
    #[must_use]
    pub fn number(&self, row: usize) -> Option<f64> {
        let Values::F64s(numbers) = &self.0.values else { return None };
        numbers.get(row).copied().filter(|_| self.has(row))
    }
}

pub(crate) fn log(message: u32, events: u64) {
    raw::log(message, events);
}

/// The table's columns as [`LookupUse`](crate::LookupUse) names them, for the keys that earlier answers hold.
#[must_use]
pub fn find(table: &str, keys: &Answers) -> Vec<Answers> {
    raw::find(table, &keys.0).into_iter().map(Answers).collect()
}

/// The key of the fence that holds each point, in degrees.
#[must_use]
pub fn fences(table: &str, lat: &[f64], lng: &[f64]) -> Answers {
    Answers(raw::fences(table, lat, lng))
}

/// The key of the nearest place within `within_m` metres of each point, and its distance in metres.
#[must_use]
pub fn nearest(table: &str, lat: &[f64], lng: &[f64], within_m: f64) -> (Answers, Answers) {
    let (keys, metres) = raw::nearest(table, lat, lng, within_m);
    (Answers(keys), Answers(metres))
}

/// The H3 cell of each point in degrees; 0 where there is none.
#[must_use]
pub fn cells(lat: &[f64], lng: &[f64], resolution: u8) -> Vec<u64> {
    raw::cells(lat, lng, resolution)
}

/// A pseudonym for each value of a text field that the plugin reads.
#[must_use]
pub fn pseudonyms(field: &str) -> Answers {
    Answers(raw::pseudonyms(field))
}

/// The imports themselves.
#[cfg(target_arch = "wasm32")]
mod raw {
    pub use crate::bindings::vigie::plugin::geo::{cells, fences, nearest};
    pub use crate::bindings::vigie::plugin::log::write as log;
    pub use crate::bindings::vigie::plugin::lookup::find;
    pub use crate::bindings::vigie::plugin::pseudonym::of_field as pseudonyms;
}

/// What a test says in the host's place.
#[cfg(not(target_arch = "wasm32"))]
mod raw {
    use crate::bindings::vigie::plugin::types::Column;
    use crate::testing::asked;

    pub fn log(message: u32, events: u64) {
        asked(|host| host.log(message, events));
    }
    pub fn find(table: &str, keys: &Column) -> Vec<Column> {
        asked(|host| host.find(table, keys))
    }
    pub fn fences(table: &str, lat: &[f64], lng: &[f64]) -> Column {
        asked(|host| host.fences(table, lat, lng))
    }
    pub fn nearest(table: &str, lat: &[f64], lng: &[f64], within_m: f64) -> (Column, Column) {
        asked(|host| host.nearest(table, lat, lng, within_m))
    }
    pub fn cells(lat: &[f64], lng: &[f64], resolution: u8) -> Vec<u64> {
        asked(|host| host.cells(lat, lng, resolution))
    }
    pub fn pseudonyms(field: &str) -> Column {
        asked(|host| host.pseudonyms(field))
    }
}
