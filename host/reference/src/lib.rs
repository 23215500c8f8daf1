//! Reference tables, fences and places: read once, pinned by their digest, then shared read-only.
//!
//! A table has a key of text and columns. Fences are tables whose rows are areas, places are tables
//! whose rows are points. Knows nothing of plugins, pipelines and files: it is handed bytes.

mod definition;
mod fences;
mod places;
mod read;
mod table;

use std::collections::BTreeMap;

use arrow::array::ArrayRef;

pub use definition::{ColumnDefinition, Definition};
pub use table::Table;

/// All tables of a pipeline, by name.
#[derive(Default)]
pub struct Tables(BTreeMap<String, Table>);

/// What is wrong with a table. The messages name places in the file, never values.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The definition does not say one thing, or says two.
    #[error("VG0105: table `{table}`: {why}")]
    Definition {
        /// The table.
        table: String,
        /// What is wrong.
        why: String,
    },
    /// The file is not what the definition says.
    #[error("VG0106: table `{table}`, {at}: {why}")]
    File {
        /// The table.
        table: String,
        /// The line, or the feature's number.
        at: String,
        /// What is wrong there.
        why: String,
    },
}

impl Tables {
    /// Adds a table.
    ///
    /// # Errors
    /// [`Error::Definition`] if there is one of that name.
    pub fn add(&mut self, name: &str, table: Table) -> Result<(), Error> {
        if self.0.insert(name.into(), table).is_some() {
            let why = "there are two tables of this name".into();
            return Err(Error::Definition { table: name.into(), why });
        }
        Ok(())
    }

    /// A table by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Table> {
        self.0.get(name)
    }

    /// All tables, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Table)> {
        self.0.iter().map(|(name, table)| (name.as_str(), table))
    }

    /// Columns of a table for keys of text; null where the table has no such key.
    ///
    /// # Errors
    /// A fixed text, if there is no such table or column, or the keys are of another kind.
    pub fn find(
        &self,
        table: &str,
        columns: &[String],
        keys: &ArrayRef,
    ) -> Result<Vec<ArrayRef>, &'static str> {
        self.table(table)?.find(columns, keys)
    }

    /// The key of the fence that holds each point; null where none does.
    ///
    /// # Errors
    /// A fixed text, if there is no such table of fences.
    pub fn fences(&self, table: &str, lat: &[f64], lng: &[f64]) -> Result<ArrayRef, &'static str> {
        self.table(table)?.fences(lat, lng).ok_or("the table has no fences")
    }

    /// The key of the nearest place to each point, and its distance in metres; null where none is
    /// within `within_m` metres.
    ///
    /// # Errors
    /// A fixed text, if there is no such table of places.
    pub fn nearest(
        &self,
        table: &str,
        lat: &[f64],
        lng: &[f64],
        within_m: f64,
    ) -> Result<(ArrayRef, ArrayRef), &'static str> {
        self.table(table)?.nearest(lat, lng, within_m).ok_or("the table has no places")
    }

    fn table(&self, name: &str) -> Result<&Table, &'static str> {
        self.get(name).ok_or("there is no such reference table")
    }
}

/// The H3 cell of each point in degrees; 0 where the point is none.
///
/// # Errors
/// A fixed text, if there is no such resolution.
pub fn cells(lat: &[f64], lng: &[f64], resolution: u8) -> Result<Vec<u64>, &'static str> {
    let resolution =
        h3o::Resolution::try_from(resolution).map_err(|_| "there is no such resolution of H3")?;
    let cell = |(lat, lng): (&f64, &f64)| {
        let on_earth = (-90.0..=90.0).contains(lat) && (-180.0..=180.0).contains(lng);
        let position = h3o::LatLng::new(*lat, *lng).ok().filter(|_| on_earth);
        position.map_or(0, |position| position.to_cell(resolution).into())
    };
    Ok(lat.iter().zip(lng).map(cell).collect())
}

#[cfg(test)]
mod tests;
