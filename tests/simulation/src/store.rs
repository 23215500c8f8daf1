//! A store that writes by key and revision, and fails, repeats and reorders.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use deliver::{Cursor, Store};
use serde_json::Value;

/// What becomes of the next write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing of it arrives.
    Before,
    /// Some rows are written.
    Half,
    /// All rows are written, and the cursor stays.
    After,
    /// Nothing arrives now; all of it will, long after it was given up.
    Straggler,
}

/// A write that the store gave no answer to.
#[derive(Debug)]
pub struct Unavailable;

impl std::fmt::Display for Unavailable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the store does not answer")
    }
}

impl std::error::Error for Unavailable {}

/// A row with its revision.
type Written = (String, i64, Value);

/// Tables in memory.
#[derive(Default)]
pub struct SimulatedStore {
    /// By table and id, each row with its revision.
    pub tables: BTreeMap<String, BTreeMap<String, (i64, Value)>>,
    cursors: BTreeMap<(String, u32), u64>,
    pub trouble: Option<Trouble>,
    stragglers: Vec<(String, Vec<Written>)>,
    /// Whether a row of the same revision is refused; real stores differ in it.
    pub strict: bool,
    pub last_write_wins: bool,
}

impl SimulatedStore {
    /// The oldest write that is still on its way arrives; false: there is none.
    pub fn arrive(&mut self) -> bool {
        if self.stragglers.is_empty() {
            return false;
        }
        let (table, rows) = self.stragglers.remove(0);
        self.write(&table, rows);
        true
    }

    fn write(&mut self, table: &str, rows: Vec<Written>) {
        let table = self.tables.entry(table.into()).or_default();
        for (id, revision, row) in rows {
            let newer = table
                .get(&id)
                .is_none_or(|(before, _)| *before < revision || (*before == revision && !self.strict));
            if newer || self.last_write_wins {
                table.insert(id, (revision, row));
            }
        }
    }

    /// The offset below which all is delivered.
    pub fn delivered(&self, topic: &str, partition: u32) -> u64 {
        self.cursors.get(&(topic.into(), partition)).copied().unwrap_or_default()
    }
}

impl Store for SimulatedStore {
    type Error = Unavailable;

    fn ensure_table(&mut self, name: &str, _: &SchemaRef, _: &[&str]) -> Result<(), Unavailable> {
        self.tables.entry(name.into()).or_default();
        Ok(())
    }

    fn upsert(
        &mut self,
        table: &str,
        batch: &RecordBatch,
        revisions: &[i64],
        cursor: &Cursor,
    ) -> Result<(), Unavailable> {
        let mut encoder = event::Encoder::new();
        let encoded = encoder.encode(batch).map_err(|_| Unavailable)?;
        let row = |at: usize| -> Written {
            let row: Value = serde_json::from_slice(&encoded.get(at).unwrap_or_default()).unwrap_or_default();
            (row["id"].as_str().unwrap_or_default().into(), revisions[at], row)
        };
        let mut rows: Vec<Written> = (0..batch.num_rows()).map(row).collect();
        match self.trouble.take() {
            Some(Trouble::Before) => return Err(Unavailable),
            Some(Trouble::Straggler) => {
                self.stragglers.push((table.into(), rows));
                return Err(Unavailable);
            }
            Some(Trouble::Half) => {
                rows.truncate(rows.len() / 2);
                self.write(table, rows);
                return Err(Unavailable);
            }
            Some(Trouble::After) => {
                self.write(table, rows);
                return Err(Unavailable);
            }
            None => self.write(table, rows),
        }
        self.cursors.insert((cursor.topic.clone(), cursor.partition), cursor.next_offset);
        Ok(())
    }

    fn cursor(&self, topic: &str, partition: u32) -> Result<Option<u64>, Unavailable> {
        Ok(self.cursors.get(&(topic.into(), partition)).copied())
    }
}
