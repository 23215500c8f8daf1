//! Fields with kinds and labels, and where in the JSON they lie.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Schema as ArrowSchema, SchemaRef, TimeUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The logical kind of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// true or false
    Boolean,
    /// signed, 64 bits
    Int64,
    /// 64 bits that name something, as an H3 cell; in JSON a text of hexadecimal digits, because
    /// many readers of JSON lose the last bits of large numbers
    Uint64,
    /// IEEE 754 double, finite
    Float64,
    /// microseconds since 1970, UTC
    Timestamp,
    /// text
    Utf8,
    /// bytes
    Binary,
}

impl Kind {
    /// The kind of an Arrow column; none: no kind is held so.
    #[must_use]
    pub fn of_arrow(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Boolean => Self::Boolean,
            DataType::Int64 => Self::Int64,
            DataType::UInt64 => Self::Uint64,
            DataType::Float64 => Self::Float64,
            DataType::Timestamp(TimeUnit::Microsecond, _) => Self::Timestamp,
            DataType::Utf8 => Self::Utf8,
            DataType::Binary => Self::Binary,
            _ => return None,
        })
    }

    /// The Arrow type of a column of this kind.
    #[must_use]
    pub fn arrow(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int64 => DataType::Int64,
            Self::Uint64 => DataType::UInt64,
            Self::Float64 => DataType::Float64,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
            Self::Utf8 => DataType::Utf8,
            Self::Binary => DataType::Binary,
        }
    }
}

/// A field of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Whether every event has it.
    #[serde(default)]
    pub required: bool,
    /// What must be known of it before it goes anywhere.
    #[serde(default)]
    pub labels: BTreeSet<String>,
}

/// The fields of an event, in the order of their columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The fields.
    pub fields: Vec<Field>,
}

impl Schema {
    /// A field by name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// The fields of columns, without labels; columns of other types are left out.
    #[must_use]
    pub fn of_arrow(schema: &ArrowSchema) -> Self {
        let field = |f: &Arc<ArrowField>| {
            let kind = Kind::of_arrow(f.data_type())?;
            Some(Field { name: f.name().clone(), kind, required: !f.is_nullable(), labels: BTreeSet::new() })
        };
        Self { fields: schema.fields().iter().filter_map(field).collect() }
    }

    /// The columns of a batch.
    #[must_use]
    pub fn arrow(&self) -> SchemaRef {
        let field = |f: &Field| ArrowField::new(&f.name, f.kind.arrow(), !f.required);
        Arc::new(ArrowSchema::new(self.fields.iter().map(field).collect::<Vec<_>>()))
    }
}

/// Where the fields of an event lie in a source's JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecodeMap {
    /// Event field → place.
    #[serde(default)]
    pub fields: BTreeMap<String, Source>,
    /// Event field → the text that every event of the source has there.
    #[serde(default)]
    pub constants: BTreeMap<String, String>,
}

impl DecodeMap {
    /// The map that reads back what an [`Encoder`](crate::Encoder) wrote of these fields.
    #[must_use]
    pub fn as_written(schema: &Schema) -> Self {
        let fields = schema.fields.iter().map(|f| (f.name.clone(), Source::Path(f.name.clone()))).collect();
        Self { fields, constants: BTreeMap::new() }
    }
}

/// A path alone, or with a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Source {
    /// `geometry.coordinates.1`: keys by name, array elements by number.
    Path(String),
    /// A path with a time format or a factor.
    Place(Place),
}

/// A path with how its value is to be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// As in [`Source::Path`].
    pub path: String,
    /// How a time is written; RFC 3339 where nothing is said.
    #[serde(default)]
    pub time: TimeFormat,
    /// What a number is multiplied by to have the field's unit.
    #[serde(default)]
    pub scale: Option<f64>,
}

/// How a source writes times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TimeFormat {
    /// `2018-01-31T10:20:30.5Z`
    #[default]
    Rfc3339,
    /// `Wed, 31 Jan 2018 10:20:30 +0000`
    Rfc2822,
    /// seconds since 1970, as a number
    Seconds,
    /// milliseconds since 1970, as a number
    Millis,
    /// microseconds since 1970, as a number
    Micros,
}
