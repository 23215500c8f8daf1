//! From a file's bytes to rows of texts, and areas.

use geo::{Coord, LineString, MultiPolygon, Polygon};
use serde::Deserialize;
use serde_json::Value;

use crate::{Definition, Error};

/// A row as the file has it: the values of the wanted columns, in the order of the wish.
pub(crate) type Row = Vec<Option<String>>;

/// The wanted columns of a CSV file.
pub(crate) fn csv(definition: &Definition, bytes: &[u8], wanted: &[&str]) -> Result<Vec<Row>, Error> {
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let headers = reader.headers().map_err(|e| unreadable(definition, &e))?.clone();
    let places: Vec<usize> = wanted
        .iter()
        .map(|name| {
            headers.iter().position(|header| header == *name).ok_or_else(|| Error::Definition {
                table: definition.table.clone(),
                why: format!("its file has no column `{name}`"),
            })
        })
        .collect::<Result<_, _>>()?;
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(|e| unreadable(definition, &e))?;
        let value = |at: &usize| record.get(*at).filter(|text| !text.is_empty()).map(Into::into);
        Ok(places.iter().map(value).collect())
    };
    reader.records().map(row).collect()
}

/// Only the place: the library's own message may quote the file.
fn unreadable(definition: &Definition, error: &csv::Error) -> Error {
    let line = error.position().map_or(0, csv::Position::line);
    Error::File {
        table: definition.table.clone(),
        at: format!("line {line}"),
        why: "cannot be read as CSV in UTF-8 with as many values as the header".into(),
    }
}

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    properties: serde_json::Map<String, Value>,
    geometry: Option<Geometry>,
}

/// RFC 7946: longitude first; the first ring is the border, the others are holes.
#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Vec<Vec<[f64; 2]>>),
    MultiPolygon(Vec<Vec<Vec<[f64; 2]>>>),
}

/// The wanted properties of a GeoJSON file, and each feature's area.
pub(crate) fn geojson(
    definition: &Definition,
    bytes: &[u8],
    wanted: &[&str],
) -> Result<(Vec<Row>, Vec<MultiPolygon>), Error> {
    let collection: Collection = serde_json::from_slice(bytes).map_err(|e| Error::File {
        table: definition.table.clone(),
        at: format!("line {}, column {}", e.line(), e.column()),
        why: "cannot be read as a GeoJSON collection of polygons".into(),
    })?;
    let (mut rows, mut areas) = (Vec::new(), Vec::new());
    for feature in collection.features {
        let Some(geometry) = feature.geometry else { continue };
        let property = |name: &&str| match feature.properties.get(*name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => Some(other.to_string()),
        };
        rows.push(wanted.iter().map(property).collect());
        areas.push(match geometry {
            Geometry::Polygon(rings) => MultiPolygon::new(vec![polygon(rings)]),
            Geometry::MultiPolygon(polygons) => polygons.into_iter().map(polygon).collect(),
        });
    }
    Ok((rows, areas))
}

fn polygon(rings: Vec<Vec<[f64; 2]>>) -> Polygon {
    let mut rings = rings.into_iter().map(|ring| {
        let ring: Vec<Coord> = ring.into_iter().map(|[x, y]| Coord { x, y }).collect();
        LineString::from(ring)
    });
    let border = rings.next().unwrap_or_else(|| LineString::new(Vec::new()));
    Polygon::new(border, rings.collect())
}
