//! What the host offers plugins, put together: reference tables and pseudonyms.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, StringBuilder};
use plugin::Offers;
use reference::Tables;

use crate::identity::{Identity, Pseudonyms};

/// Offers cells, these tables, and pseudonyms under the installation's key.
#[must_use]
pub fn offers(tables: Arc<Tables>, identity: &Identity) -> Arc<dyn Offers> {
    Arc::new(HostOffers { tables, pseudonyms: identity.pseudonyms() })
}

struct HostOffers {
    tables: Arc<Tables>,
    pseudonyms: Pseudonyms,
}

impl Offers for HostOffers {
    fn find(&self, table: &str, columns: &[String], keys: &ArrayRef) -> Result<Vec<ArrayRef>, &'static str> {
        self.tables.find(table, columns, keys)
    }

    fn fences(&self, table: &str, lat: &[f64], lng: &[f64]) -> Result<ArrayRef, &'static str> {
        self.tables.fences(table, lat, lng)
    }

    fn nearest(
        &self,
        table: &str,
        lat: &[f64],
        lng: &[f64],
        within_m: f64,
    ) -> Result<(ArrayRef, ArrayRef), &'static str> {
        self.tables.nearest(table, lat, lng, within_m)
    }

    fn cells(&self, lat: &[f64], lng: &[f64], resolution: u8) -> Result<Vec<u64>, &'static str> {
        reference::cells(lat, lng, resolution)
    }

    fn pseudonyms(
        &self,
        field: &str,
        values: &ArrayRef,
        times_us: Option<&[i64]>,
    ) -> Result<ArrayRef, &'static str> {
        let values = values.as_string_opt::<i32>().ok_or("a pseudonym stands for a text")?;
        let mut pseudonyms = StringBuilder::with_capacity(values.len(), values.len() * 21);
        for (row, value) in values.iter().enumerate() {
            let time = times_us.and_then(|times| times.get(row).copied());
            pseudonyms.append_option(value.map(|value| self.pseudonyms.of(field, value, time)));
        }
        Ok(Arc::new(pseudonyms.finish()))
    }
}
