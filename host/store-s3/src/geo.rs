//! Places as GeoParquet wants them: <https://geoparquet.org/releases/v1.1.0/>.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, BinaryArray, Float64Array};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer};
use serde_json::json;

/// The column's name.
pub(crate) const GEOMETRY: &str = "geometry";

/// Bytes of a point in WKB: order, type, two doubles.
const POINT_BYTES: usize = 21;

/// West, south, east and north of points, in degrees; none: there is no point.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Bounds(Option<[f64; 4]>);

impl Bounds {
    fn add(&mut self, lng: f64, lat: f64) {
        let [west, south, east, north] = self.0.unwrap_or([lng, lat, lng, lat]);
        self.0 = Some([west.min(lng), south.min(lat), east.max(lng), north.max(lat)]);
    }

    /// What stands in a file's metadata under `geo`.
    pub(crate) fn metadata(&self) -> String {
        let mut column = json!({"encoding": "WKB", "geometry_types": ["Point"]});
        if let (Some(bounds), Some(column)) = (self.0, column.as_object_mut()) {
            column.insert("bbox".into(), json!(bounds));
        }
        json!({"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}).to_string()
    }
}

/// A point (WKB) for each row that has both, and the bounds grow by it.
pub(crate) fn points(lat: &Float64Array, lng: &Float64Array, bounds: &mut Bounds) -> ArrayRef {
    let mut bytes = Vec::with_capacity(lat.len() * POINT_BYTES);
    let mut lengths = Vec::with_capacity(lat.len());
    for row in 0..lat.len().min(lng.len()) {
        let point = (lat.is_valid(row) && lng.is_valid(row)).then(|| (lat.value(row), lng.value(row)));
        match point.filter(|(lat, lng)| lat.is_finite() && lng.is_finite()) {
            Some((lat, lng)) => {
                bounds.add(lng, lat);
                // Lowest byte first; a point.
                bytes.extend_from_slice(&[1, 1, 0, 0, 0]);
                bytes.extend_from_slice(&lng.to_le_bytes());
                bytes.extend_from_slice(&lat.to_le_bytes());
                lengths.push(POINT_BYTES);
            }
            None => lengths.push(0),
        }
    }
    let there: BooleanBuffer = lengths.iter().map(|length| *length > 0).collect();
    let nulls = (there.count_set_bits() < there.len()).then(|| NullBuffer::new(there));
    let offsets = OffsetBuffer::from_lengths(lengths);
    match BinaryArray::try_new(offsets, bytes.into(), nulls) {
        Ok(points) => Arc::new(points),
        // Lengths that fit their bytes by construction.
        Err(_) => Arc::new(BinaryArray::new_null(lat.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_without_a_place_has_no_point() {
        let lat = Float64Array::from(vec![Some(48.5), None, Some(f64::NAN), Some(-1.0)]);
        let lng = Float64Array::from(vec![Some(2.25), Some(1.0), Some(1.0), Some(10.0)]);
        let mut bounds = Bounds::default();
        assert!(!bounds.metadata().contains("bbox"));
        let points = points(&lat, &lng, &mut bounds);
        let points = points.as_any().downcast_ref::<BinaryArray>().unwrap();
        assert_eq!(points.iter().map(|p| p.is_some()).collect::<Vec<_>>(), [true, false, false, true]);
        // POINT (2.25 48.5), as PostGIS writes it.
        assert_eq!(hex::encode(points.value(0)), "010100000000000000000002400000000000404840");
        assert!(bounds.metadata().contains("\"bbox\":[2.25,-1.0,10.0,48.5]"), "{}", bounds.metadata());
    }
}
