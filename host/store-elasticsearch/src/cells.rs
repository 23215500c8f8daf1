//! Parents of H3 cells, to drill down a map by.
//!
//! Columns of cells are named `cell_R` or `X_cell_R` with their resolution R; the finest gives the parents at those
//! resolutions that no column has.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, SchemaRef, UInt64Type};
use h3o::{CellIndex, Resolution};

/// A field that is made of a column of cells.
pub(crate) struct Parent {
    pub name: String,
    /// The column.
    pub of: usize,
    resolution: Resolution,
}

/// What stands before the resolution in the name of a column of cells, and the resolution.
fn parts(name: &str) -> Option<(&str, u8)> {
    let (stem, resolution) = name.rsplit_once('_')?;
    let fits = stem == "cell" || stem.ends_with("_cell");
    fits.then_some((stem, resolution.parse().ok().filter(|r| *r <= 15)?))
}

pub(crate) fn parents(schema: &SchemaRef, resolutions: &[u8]) -> Vec<Parent> {
    let mut finest: BTreeMap<&str, (u8, usize)> = BTreeMap::new();
    for (column, field) in schema.fields().iter().enumerate() {
        let Some((stem, resolution)) = parts(field.name()) else { continue };
        if field.data_type() == &DataType::UInt64 {
            let known = finest.entry(stem).or_insert((resolution, column));
            *known = (*known).max((resolution, column));
        }
    }
    let mut parents = Vec::new();
    for (stem, (finest, of)) in finest {
        let mut coarser: Vec<u8> = resolutions.iter().copied().filter(|r| *r < finest).collect();
        coarser.sort_unstable();
        coarser.dedup();
        for resolution in coarser {
            let name = format!("{stem}_{resolution}");
            let Ok(resolution) = Resolution::try_from(resolution) else { continue };
            if schema.column_with_name(&name).is_none() {
                parents.push(Parent { name, of, resolution });
            }
        }
    }
    parents
}

impl Parent {
    /// The parents of rows' cells; none where there is no cell, or one that is coarser.
    pub(crate) fn column(&self, rows: &RecordBatch) -> Option<ArrayRef> {
        let cells = rows.columns().get(self.of)?.as_primitive_opt::<UInt64Type>()?;
        let parent = |cell| CellIndex::try_from(cell).ok()?.parent(self.resolution).map(u64::from);
        Some(Arc::new(cells.iter().map(|cell| parent(cell?)).collect::<UInt64Array>()))
    }
}
