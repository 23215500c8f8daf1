//! Names in the cluster.
//!
//! `PREFIX-TABLE-v1-2026.11` is an index, `PREFIX-TABLE` the alias of all of a table's and the name of their
//! template; `PREFIX-TABLE-v1-2026.11-write` is the alias by which the index is written to, so that one that was
//! deleted is missed and not made anew without its fields; `PREFIX-cursors` holds the cursors. A table's name has no `-`, so no two tables' patterns meet.

use deliver::StoreError;

/// How rows become documents; another one would be another set of indices.
const LAYOUT: &str = "v1";
/// An index's name has at most 255 bytes.
const MOST_TABLE: usize = 160;
const MOST_PREFIX: usize = 60;

/// A topic's table: its name with `_` for `-` and `.`.
pub(crate) fn table(topic: &str) -> Result<String, StoreError> {
    let name = topic.replace(['-', '.'], "_");
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    // That would be the index of the cursors.
    if name == "cursors" {
        return Err(StoreError::Differs { table: topic.into(), why: "the topic's name is taken".into() });
    }
    if name.is_empty() || name.len() > MOST_TABLE || !name.chars().all(fits) {
        let why = "the topic's name cannot be an index's: a-z, 0-9, _, - and ., at most 160".into();
        return Err(StoreError::Differs { table: topic.into(), why });
    }
    Ok(name)
}

pub(crate) fn is_prefix(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    name.len() <= MOST_PREFIX && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(fits)
}

/// Whether a column can be a field: a dot in it would be an object to Elasticsearch, `_` before it a field of its own.
pub(crate) fn is_field(name: &str) -> bool {
    name.len() <= 120
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The alias of a table's indices, and the name of their template.
pub(crate) fn alias(prefix: &str, table: &str) -> String {
    format!("{prefix}-{table}")
}

/// What each index of a table begins with; a month follows.
pub(crate) fn index_stem(prefix: &str, table: &str) -> String {
    format!("{prefix}-{table}-{LAYOUT}-")
}

/// What follows an index's name in the alias by which it is written to.
pub(crate) const WRITE: &str = "-write";

/// What all indices of a table match.
pub(crate) fn pattern(prefix: &str, table: &str) -> String {
    format!("{prefix}-{table}-{LAYOUT}-*")
}

/// The index of the cursors.
pub(crate) fn cursors(prefix: &str) -> String {
    format!("{prefix}-cursors")
}
