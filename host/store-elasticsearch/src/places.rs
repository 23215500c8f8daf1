//! Points that are made of two columns: `lat` and `lng` give `position`, `X_lat` and `X_lng` give `X_position`.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Fields, Float64Type, SchemaRef};

/// A point, in degrees WGS 84.
pub(crate) struct Place {
    pub name: String,
    /// The columns.
    pub lat: usize,
    pub lng: usize,
}

/// Whether a column's name says that it is half of a point.
pub(crate) fn is_coordinate(name: &str) -> bool {
    ["lat", "lng"].iter().any(|half| stem(name, half).is_some())
}

fn stem<'a>(name: &'a str, half: &str) -> Option<&'a str> {
    let stem = name.strip_suffix(half)?;
    (stem.is_empty() || stem.ends_with('_')).then_some(stem)
}

pub(crate) fn of(schema: &SchemaRef) -> Vec<Place> {
    let is_number = |i: &usize| schema.field(*i).data_type() == &DataType::Float64;
    let at = |name: &str| schema.fields().iter().position(|f| f.name() == name).filter(is_number);
    let place = |(lat, field): (usize, &Arc<Field>)| {
        let stem = stem(field.name(), "lat")?;
        let (lat, lng) = (Some(lat).filter(is_number)?, at(&format!("{stem}lng"))?);
        Some(Place { name: format!("{stem}position"), lat, lng })
    };
    schema.fields().iter().enumerate().filter_map(place).collect()
}

impl Place {
    /// The points of rows; none where one half is missing.
    pub(crate) fn column(&self, rows: &RecordBatch) -> Option<ArrayRef> {
        let half = |i: usize| rows.columns().get(i)?.as_primitive_opt::<Float64Type>().cloned();
        let (lat, lng) = (half(self.lat)?, half(self.lng)?);
        let both = NullBuffer::union(lat.nulls(), lng.nulls());
        let columns: Vec<ArrayRef> = vec![Arc::new(lat), Arc::new(lng)];
        StructArray::try_new(fields(), columns, both).ok().map(|points| Arc::new(points) as ArrayRef)
    }
}

/// Elasticsearch's names for the halves.
fn fields() -> Fields {
    let half = |name| Field::new(name, DataType::Float64, true);
    Fields::from(vec![half("lat"), half("lon")])
}
