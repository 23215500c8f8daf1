//! Which place is nearest to a point.

use rstar::primitives::GeomWithData;
use rstar::{PointDistance as _, RTree};

/// The mean radius of the earth in metres (IUGG, 1980: R1).
const EARTH_M: f64 = 6_371_008.8;

/// Places on the unit sphere, where neighbours across the date line and the poles are neighbours.
pub(crate) struct Places {
    tree: RTree<GeomWithData<[f64; 3], u32>>,
}

impl Places {
    /// Positions in degrees, in the order of the table's rows.
    pub(crate) fn new(positions: impl Iterator<Item = (f64, f64)>) -> Self {
        let points =
            (0_u32..).zip(positions).map(|(row, (lat, lng))| GeomWithData::new(point(lat, lng), row));
        Self { tree: RTree::bulk_load(points.collect()) }
    }

    /// The nearest place's row, and its distance along the surface in metres.
    pub(crate) fn nearest(&self, lat: f64, lng: f64) -> Option<(u32, f64)> {
        if !lat.is_finite() || !lng.is_finite() {
            return None;
        }
        let at = point(lat, lng);
        let place = self.tree.nearest_neighbor(&at)?;
        let chord = place.distance_2(&at).sqrt();
        // The arc above a chord of the unit circle.
        Some((place.data, 2.0 * (chord / 2.0).min(1.0).asin() * EARTH_M))
    }
}

fn point(lat: f64, lng: f64) -> [f64; 3] {
    let (lat, lng) = (lat.to_radians(), lng.to_radians());
    [lat.cos() * lng.cos(), lat.cos() * lng.sin(), lat.sin()]
}
