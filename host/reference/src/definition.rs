//! What the pipeline file says of a table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use event::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Error;

/// A table: one of `rows`, `fences` and `places` names its file, relative to the pipeline file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// What plugins call it.
    pub table: String,
    /// CSV with a header.
    #[serde(default)]
    pub rows: Option<PathBuf>,
    /// GeoJSON: a feature collection of polygons.
    #[serde(default)]
    pub fences: Option<PathBuf>,
    /// CSV with a header; `position` names the columns of the point.
    #[serde(default)]
    pub places: Option<PathBuf>,
    /// The column, or the property, that is the key.
    pub key: String,
    /// Of places: the columns of latitude and longitude, in degrees.
    #[serde(default)]
    pub position: Option<[String; 2]>,
    /// Columns that plugins may ask for.
    pub columns: BTreeMap<String, ColumnDefinition>,
    /// Rows whose column is less than this are left out, as small places.
    #[serde(default)]
    pub at_least: BTreeMap<String, f64>,
    /// The file's SHA-256 in hexadecimal digits; another file is refused.
    #[serde(default)]
    pub sha256: Option<String>,
}

/// A column's kind alone, or with labels.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ColumnDefinition {
    /// `utf8`, `int64` or `float64`.
    Kind(Kind),
    /// With labels, which flow as those of a field read.
    Labelled {
        /// `utf8`, `int64` or `float64`.
        kind: Kind,
        /// What must be known of it before it goes anywhere.
        labels: BTreeSet<String>,
    },
}

impl ColumnDefinition {
    /// The column's kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Kind(kind) | Self::Labelled { kind, .. } => *kind,
        }
    }

    /// The column's labels.
    #[must_use]
    pub fn labels(&self) -> BTreeSet<String> {
        match self {
            Self::Kind(_) => BTreeSet::new(),
            Self::Labelled { labels, .. } => labels.clone(),
        }
    }
}

impl Definition {
    /// The table's file.
    ///
    /// # Errors
    /// [`Error::Definition`] unless exactly one is named, and places have a position.
    pub fn file(&self) -> Result<&Path, Error> {
        let wrong = |why: &str| Error::Definition { table: self.table.clone(), why: why.into() };
        let kinds = self.columns.values().map(ColumnDefinition::kind);
        if kinds.into_iter().any(|kind| !matches!(kind, Kind::Utf8 | Kind::Int64 | Kind::Float64)) {
            return Err(wrong("a column's kind must be utf8, int64 or float64"));
        }
        if self.places.is_some() != self.position.is_some() {
            return Err(wrong("`places` and `position: [lat, lng]` go together"));
        }
        match (&self.rows, &self.fences, &self.places) {
            (Some(file), None, None) | (None, Some(file), None) | (None, None, Some(file)) => Ok(file),
            _ => Err(wrong("name its file by one of `rows`, `fences` and `places`")),
        }
    }
}
