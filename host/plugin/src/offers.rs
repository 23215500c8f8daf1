//! What the host offers a plugin beyond its columns: reference tables, fences, cells, pseudonyms.
//!
//! Every call is for whole columns. What a plugin asks for that its plan does not declare is a breach.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _};
use wasmtime::ResourceLimiter;

use crate::Limits;
use crate::columns::{give, take_any};
use crate::contract::{geo, log, lookup, pseudonym, types};
use crate::limits::Budget;

/// Implemented by the host. An error is a fixed text, for the verdict; it never holds a value.
pub trait Offers: Send + Sync {
    /// Columns of a reference table, a value per key; null where the table has no such key.
    ///
    /// # Errors
    /// If there is no such table or column, or keys of another kind.
    fn find(&self, table: &str, columns: &[String], keys: &ArrayRef) -> Result<Vec<ArrayRef>, &'static str>;
    /// The key of the fence that holds each point (degrees); null where none does.
    ///
    /// # Errors
    /// If there is no such table of fences.
    fn fences(&self, table: &str, lat: &[f64], lng: &[f64]) -> Result<ArrayRef, &'static str>;
    /// The key of the nearest place to each point (degrees), and its distance in metres; null where
    /// none lies within `within_m`.
    ///
    /// # Errors
    /// If there is no such table of places.
    fn nearest(
        &self,
        table: &str,
        lat: &[f64],
        lng: &[f64],
        within_m: f64,
    ) -> Result<(ArrayRef, ArrayRef), &'static str>;
    /// The H3 cell of each point (degrees); 0 where there is none.
    ///
    /// # Errors
    /// If there is no such resolution.
    fn cells(&self, lat: &[f64], lng: &[f64], resolution: u8) -> Result<Vec<u64>, &'static str>;
    /// A pseudonym for each value of a field; `times_us` are the rows' event times, whose period is
    /// part of the pseudonym.
    ///
    /// # Errors
    /// If there is no key.
    fn pseudonyms(
        &self,
        field: &str,
        values: &ArrayRef,
        times_us: Option<&[i64]>,
    ) -> Result<ArrayRef, &'static str>;
}

/// Offers nothing: for plugins that import nothing but `log`.
pub struct Nothing;

const NOTHING: &str = "the plugin asked for what this host does not offer";

impl Offers for Nothing {
    fn find(&self, _: &str, _: &[String], _: &ArrayRef) -> Result<Vec<ArrayRef>, &'static str> {
        Err(NOTHING)
    }
    fn fences(&self, _: &str, _: &[f64], _: &[f64]) -> Result<ArrayRef, &'static str> {
        Err(NOTHING)
    }
    fn nearest(&self, _: &str, _: &[f64], _: &[f64], _: f64) -> Result<(ArrayRef, ArrayRef), &'static str> {
        Err(NOTHING)
    }
    fn cells(&self, _: &[f64], _: &[f64], _: u8) -> Result<Vec<u64>, &'static str> {
        Err(NOTHING)
    }
    fn pseudonyms(&self, _: &str, _: &ArrayRef, _: Option<&[i64]>) -> Result<ArrayRef, &'static str> {
        Err(NOTHING)
    }
}

/// Rows that one call may ask for, for each row that it was given.
const ASKED_PER_ROW: usize = 64;

/// What belongs to one instance on the host's side.
pub(crate) struct Host {
    budget: Budget,
    offers: Arc<dyn Offers>,
    /// Tables that the plan declares, each with the columns that it asks for.
    pub(crate) lookups: Arc<[(String, Vec<String>)]>,
    /// How many messages the plan declares.
    pub(crate) messages: usize,
    call: Call,
    /// Why a call of the plugin's was refused.
    pub(crate) refused: Option<&'static str>,
}

/// What belongs to one call.
#[derive(Default)]
pub(crate) struct Call {
    /// The columns that were handed over, by name.
    pub(crate) reads: Vec<(String, ArrayRef)>,
    /// The rows' event times, where the batch has them.
    pub(crate) times: Option<ArrayRef>,
    /// How many rows may still be asked for.
    pub(crate) asks_left: usize,
    /// Rows by message.
    pub(crate) logged: Vec<u64>,
}

impl Host {
    pub(crate) fn new(limits: &Limits, offers: Arc<dyn Offers>) -> Self {
        Self {
            budget: Budget::new(limits),
            offers,
            lookups: Arc::new([]),
            messages: 0,
            call: Call::default(),
            refused: None,
        }
    }

    /// Makes ready for a call with so many rows.
    pub(crate) fn begin(&mut self, rows: usize, reads: Vec<(String, ArrayRef)>, times: Option<ArrayRef>) {
        let asks_left = rows.saturating_mul(ASKED_PER_ROW);
        self.call = Call { reads, times, asks_left, logged: vec![0; self.messages] };
    }

    /// Rows by message, as logged by the call.
    pub(crate) fn end(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.call).logged
    }

    pub(crate) fn limiter(&mut self) -> &mut dyn ResourceLimiter {
        &mut self.budget
    }

    pub(crate) fn out_of_memory(&self) -> bool {
        self.budget.breached
    }

    /// Ends the guest's call with a trap; the text is for the verdict.
    fn refuse<T>(&mut self, reason: &'static str) -> wasmtime::Result<T> {
        self.refused.get_or_insert(reason);
        Err(wasmtime::Error::msg(reason))
    }

    fn charge(&mut self, rows: usize) -> wasmtime::Result<()> {
        match self.call.asks_left.checked_sub(rows) {
            Some(left) => {
                self.call.asks_left = left;
                Ok(())
            }
            None => self.refuse("the plugin asked the host for more rows than it may"),
        }
    }

    fn or_refuse<T>(&mut self, result: Result<T, &'static str>) -> wasmtime::Result<T> {
        result.or_else(|reason| self.refuse(reason))
    }

    /// The columns that the plan asks of a table.
    fn declared(&mut self, table: &str) -> wasmtime::Result<Vec<String>> {
        let found = self.lookups.iter().find(|(name, _)| name == table).map(|(_, columns)| columns.clone());
        self.or_refuse(found.ok_or("the plugin asked for a table that its plan does not declare"))
    }
}

impl types::Host for Host {}

impl log::Host for Host {
    fn write(&mut self, message: u32, rows: u64) -> wasmtime::Result<()> {
        match self.call.logged.get_mut(message as usize) {
            Some(logged) => {
                *logged = logged.saturating_add(rows);
                Ok(())
            }
            None => self.refuse("the plugin logged a message that its plan does not declare"),
        }
    }
}

impl lookup::Host for Host {
    fn find(
        &mut self,
        table: String,
        keys: types::ColumnResult,
    ) -> wasmtime::Result<Vec<types::ColumnResult>> {
        let columns = self.declared(&table)?;
        let keys = take_any(keys);
        let keys = self.or_refuse(keys)?;
        self.charge(keys.len())?;
        let found = self.offers.find(&table, &columns, &keys);
        let found = self.or_refuse(found)?;
        let given: Option<Vec<_>> = found.iter().map(give).collect();
        self.or_refuse(given.ok_or("the table's columns cannot be handed over"))
    }
}

impl geo::Host for Host {
    fn cells(&mut self, lat: Vec<f64>, lng: Vec<f64>, resolution: u8) -> wasmtime::Result<Vec<u64>> {
        self.pairs(&lat, &lng)?;
        let cells = self.offers.cells(&lat, &lng, resolution);
        self.or_refuse(cells)
    }

    fn fences(
        &mut self,
        table: String,
        lat: Vec<f64>,
        lng: Vec<f64>,
    ) -> wasmtime::Result<types::ColumnResult> {
        self.declared(&table)?;
        self.pairs(&lat, &lng)?;
        let keys = self.offers.fences(&table, &lat, &lng);
        let keys = self.or_refuse(keys)?;
        self.or_refuse(give(&keys).ok_or("the fences' keys cannot be handed over"))
    }

    fn nearest(
        &mut self,
        table: String,
        lat: Vec<f64>,
        lng: Vec<f64>,
        within_m: f64,
    ) -> wasmtime::Result<(types::ColumnResult, types::ColumnResult)> {
        self.declared(&table)?;
        self.pairs(&lat, &lng)?;
        let found = self.offers.nearest(&table, &lat, &lng, within_m);
        let (keys, metres) = self.or_refuse(found)?;
        let given = give(&keys).zip(give(&metres));
        self.or_refuse(given.ok_or("the places' keys cannot be handed over"))
    }
}

impl Host {
    fn pairs(&mut self, lat: &[f64], lng: &[f64]) -> wasmtime::Result<()> {
        if lat.len() != lng.len() {
            return self.refuse("the plugin gave latitudes and longitudes of different numbers");
        }
        self.charge(lat.len())
    }
}

impl pseudonym::Host for Host {
    fn of_field(&mut self, field: String) -> wasmtime::Result<types::ColumnResult> {
        let values = self.call.reads.iter().find(|(name, _)| *name == field).map(|(_, c)| c.clone());
        let values = self.or_refuse(values.ok_or("the plugin wants pseudonyms of what it does not read"))?;
        self.charge(values.len())?;
        let times = self.call.times.clone();
        let times = times.as_ref().and_then(|t| {
            t.as_primitive_opt::<arrow::datatypes::TimestampMicrosecondType>().map(|t| &**t.values())
        });
        let pseudonyms = self.offers.pseudonyms(&field, &values, times);
        let pseudonyms = self.or_refuse(pseudonyms)?;
        self.or_refuse(give(&pseudonyms).ok_or("the pseudonyms cannot be handed over"))
    }
}
