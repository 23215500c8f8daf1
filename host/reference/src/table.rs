//! A table in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, Float64Array, Int64Array, StringArray, StringBuilder, UInt32Array,
};
use arrow::compute::take;
use event::Kind;
use sha2::{Digest as _, Sha256};

use crate::fences::Fences;
use crate::places::Places;
use crate::read::{self, Row};
use crate::{Definition, Error};

/// A table with its columns, and where it has them its areas or points.
pub struct Table {
    keys: StringArray,
    row_of_key: HashMap<Box<str>, u32>,
    columns: BTreeMap<String, ArrayRef>,
    labels: BTreeMap<String, BTreeSet<String>>,
    fences: Option<Fences>,
    places: Option<Places>,
    sha256: String,
}

impl Table {
    /// Reads a table from its file's bytes.
    ///
    /// # Errors
    /// [`Error::Definition`], or [`Error::File`] with the place in the file.
    pub fn read(definition: &Definition, bytes: &[u8]) -> Result<Self, Error> {
        definition.file()?;
        let sha256 = hex::encode(Sha256::digest(bytes));
        if definition.sha256.as_ref().is_some_and(|pinned| !pinned.eq_ignore_ascii_case(&sha256)) {
            let why = format!("its file has the SHA-256 {sha256}, and another one is pinned");
            return Err(Error::Definition { table: definition.table.clone(), why });
        }
        let mut wanted: Vec<&str> = vec![&definition.key];
        wanted.extend(definition.columns.keys().map(String::as_str));
        wanted.extend(definition.at_least.keys().map(String::as_str));
        wanted.extend(definition.position.iter().flatten().map(String::as_str));
        let (mut rows, areas) = match definition.fences {
            Some(_) => read::geojson(definition, bytes, &wanted)?,
            None => (read::csv(definition, bytes, &wanted)?, Vec::new()),
        };
        let columns = definition.columns.len();
        let kept: Vec<bool> = rows.iter().map(|row| large_enough(definition, row, 1 + columns)).collect();
        let mut keep = kept.iter();
        rows.retain(|_| keep.next() == Some(&true));
        let mut keep = kept.iter();
        let areas: Vec<_> = areas.into_iter().filter(|_| keep.next() == Some(&true)).collect();
        let from = 1 + columns + definition.at_least.len();
        let places = match definition.places {
            Some(_) => Some(Places::new(positions(definition, &rows, from)?.into_iter())),
            None => None,
        };
        let mut table = Self {
            keys: rows.iter().map(|row| row.first().cloned().flatten()).collect(),
            row_of_key: HashMap::with_capacity(rows.len()),
            columns: BTreeMap::new(),
            labels: definition.columns.iter().map(|(name, c)| (name.clone(), c.labels())).collect(),
            fences: definition.fences.is_some().then(|| Fences::new(areas)),
            places,
            sha256,
        };
        table.index(definition)?;
        for (at, (name, column)) in (1..).zip(&definition.columns) {
            let column = self::column(definition, name, column.kind(), &rows, at)?;
            table.columns.insert(name.clone(), column);
        }
        Ok(table)
    }

    fn index(&mut self, definition: &Definition) -> Result<(), Error> {
        for (row, key) in (0_u32..).zip(&self.keys) {
            let wrong = |why: &str| Error::File {
                table: definition.table.clone(),
                at: format!("row {}", row + 1),
                why: why.into(),
            };
            // Areas without a code of their own (disputed ones) share none: the first keeps the key.
            let Some(key) = key else { continue };
            if self.row_of_key.insert(key.into(), row).is_some() && self.fences.is_none() {
                return Err(wrong("its key stands in the table twice"));
            }
        }
        Ok(())
    }

    /// The SHA-256 of the table's file, in hexadecimal digits.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.keys.len()
    }

    /// A column's labels; none: there is no such column.
    #[must_use]
    pub fn labels(&self, column: &str) -> Option<&BTreeSet<String>> {
        self.labels.get(column)
    }

    pub(crate) fn find(&self, columns: &[String], keys: &ArrayRef) -> Result<Vec<ArrayRef>, &'static str> {
        let keys = keys.as_string_opt::<i32>().ok_or("the keys are no texts")?;
        let rows: UInt32Array = keys.iter().map(|key| self.row_of_key.get(key?).copied()).collect();
        let find = |name: &String| {
            let column = self.columns.get(name).ok_or("the table has no such column")?;
            take(column, &rows, None).map_err(|_| "the table cannot be read")
        };
        columns.iter().map(find).collect()
    }

    pub(crate) fn fences(&self, lat: &[f64], lng: &[f64]) -> Option<ArrayRef> {
        let fences = self.fences.as_ref()?;
        let mut keys = StringBuilder::new();
        for (lat, lng) in lat.iter().zip(lng) {
            keys.append_option(fences.at(*lat, *lng).and_then(|row| self.key(row)));
        }
        Some(Arc::new(keys.finish()))
    }

    pub(crate) fn nearest(&self, lat: &[f64], lng: &[f64], within_m: f64) -> Option<(ArrayRef, ArrayRef)> {
        let places = self.places.as_ref()?;
        let (mut keys, mut metres) = (StringBuilder::new(), Vec::with_capacity(lat.len()));
        for (lat, lng) in lat.iter().zip(lng) {
            let found = places.nearest(*lat, *lng).filter(|(_, m)| *m <= within_m);
            keys.append_option(found.and_then(|(row, _)| self.key(row)));
            metres.push(found.map(|(_, m)| m));
        }
        Some((Arc::new(keys.finish()), Arc::new(Float64Array::from(metres))))
    }

    fn key(&self, row: u32) -> Option<&str> {
        let row = row as usize;
        self.keys.is_valid(row).then(|| self.keys.value(row))
    }
}

fn large_enough(definition: &Definition, row: &Row, from: usize) -> bool {
    definition.at_least.values().zip(row.iter().skip(from)).all(|(least, value)| {
        value.as_ref().and_then(|text| text.parse::<f64>().ok()).is_some_and(|value| value >= *least)
    })
}

fn positions(definition: &Definition, rows: &[Row], from: usize) -> Result<Vec<(f64, f64)>, Error> {
    let degrees = |row: &Row, at: usize, most: f64| -> Option<f64> {
        let value = row.get(at)?.as_ref()?.parse().ok()?;
        (-most..=most).contains(&value).then_some(value)
    };
    let position = |(number, row): (usize, &Row)| {
        degrees(row, from, 90.0).zip(degrees(row, from + 1, 180.0)).ok_or_else(|| Error::File {
            table: definition.table.clone(),
            at: format!("row {}", number + 1),
            why: "its position is none".into(),
        })
    };
    rows.iter().enumerate().map(position).collect()
}

fn column(
    definition: &Definition,
    name: &str,
    kind: Kind,
    rows: &[Row],
    at: usize,
) -> Result<ArrayRef, Error> {
    let texts = || rows.iter().map(|row| row.get(at).and_then(Option::as_deref));
    let wrong = |number: usize| Error::File {
        table: definition.table.clone(),
        at: format!("row {}, column `{name}`", number + 1),
        why: format!("is no {}", if kind == Kind::Int64 { "int64" } else { "float64" }),
    };
    fn numbers<T: std::str::FromStr>(
        texts: impl Iterator<Item = Option<impl AsRef<str>>>,
        wrong: impl Fn(usize) -> Error,
    ) -> Result<Vec<Option<T>>, Error> {
        let number = |(row, text): (usize, Option<_>)| match text {
            None => Ok(None),
            Some(text) => AsRef::<str>::as_ref(&text).parse().map(Some).map_err(|_| wrong(row)),
        };
        texts.enumerate().map(number).collect()
    }
    Ok(match kind {
        Kind::Int64 => Arc::new(Int64Array::from(numbers(texts(), wrong)?)),
        Kind::Float64 => Arc::new(Float64Array::from(numbers(texts(), wrong)?)),
        _ => Arc::new(texts().collect::<StringArray>()),
    })
}
