//! Which area holds a point.

use geo::algorithm::{BoundingRect as _, Contains as _, Orient as _, orient::Direction};
use geo::indexed::IntervalTreeMultiPolygon;
use geo::{Coord, MultiPolygon};
use rstar::{AABB, RTree, RTreeObject};

/// Areas by number; the tree holds the boxes of their polygons.
pub(crate) struct Fences {
    tree: RTree<Part>,
}

struct Part {
    fence: u32,
    low: [f64; 2],
    high: [f64; 2],
    /// Asked by the segments that cross the point's latitude, not by all.
    area: IntervalTreeMultiPolygon<f64>,
}

impl RTreeObject for Part {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.low, self.high)
    }
}

impl Fences {
    /// `areas` in the order of the table's rows.
    pub(crate) fn new(areas: Vec<MultiPolygon>) -> Self {
        let mut parts = Vec::new();
        for (fence, area) in (0_u32..).zip(areas) {
            for polygon in area {
                let Some(bounds) = polygon.bounding_rect() else { continue };
                let (low, high) = (bounds.min(), bounds.max());
                // It counts windings, so holes have to run against their exteriors.
                let area = IntervalTreeMultiPolygon::new(&polygon.orient(Direction::Default).into());
                parts.push(Part { fence, low: [low.x, low.y], high: [high.x, high.y], area });
            }
        }
        Self { tree: RTree::bulk_load(parts) }
    }

    /// The area that holds the point; of several the first in the table.
    pub(crate) fn at(&self, lat: f64, lng: f64) -> Option<u32> {
        let point = AABB::from_point([lng, lat]);
        let near = self.tree.locate_in_envelope_intersecting(&point);
        near.filter(|part| part.area.contains(&Coord { x: lng, y: lat })).map(|part| part.fence).min()
    }
}
