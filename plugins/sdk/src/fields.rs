//! What is said of a field before any row is seen.

use crate::{Field, Kind};

/// Microseconds since 1970, UTC: the value of a `timestamp` field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(
    /// The microseconds.
    pub i64,
);

/// A field as a struct declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// Its name, which is the struct's own.
    pub name: &'static str,
    /// Its kind, from the Rust type.
    pub kind: Kind,
    /// Whether the Rust type is an `Option`.
    pub optional: bool,
}

impl FieldSpec {
    /// As the contract has it.
    #[must_use]
    pub fn to_field(self) -> Field {
        Field { name: self.name.into(), kind: self.kind, optional: self.optional }
    }
}

/// The contract's word for a kind, for messages.
pub(crate) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "boolean",
        Kind::Int64 => "int64",
        Kind::Uint64 => "uint64",
        Kind::Float64 => "float64",
        Kind::Timestamp => "timestamp",
        Kind::Utf8 => "utf8",
        Kind::Binary => "binary",
    }
}
