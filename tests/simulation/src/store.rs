//! A store that writes by key and revision, and fails, repeats and reorders.

use std::collections::{BTreeMap, VecDeque};

use deliver::{Batch, Begun, Reject, Store, StoreError, Table};
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
fn unavailable() -> StoreError {
    StoreError::Away("it is simulated".into())
}

/// A row with its revision.
type Written = (String, i64, Value);

/// A batch that it was given.
struct Taken {
    topic: String,
    partition: u32,
    next_offset: u64,
    rows: Vec<Written>,
}

/// Tables in memory.
#[derive(Default)]
pub struct SimulatedStore {
    /// By table and id, each row with its revision.
    pub tables: BTreeMap<String, BTreeMap<String, (i64, Value)>>,
    cursors: BTreeMap<(String, u32), u64>,
    /// Cursors of what was written since the last flush.
    moved: BTreeMap<(String, u32), u64>,
    pub trouble: Option<Trouble>,
    stragglers: Vec<(String, Vec<Written>)>,
    /// Whether rows are on their way until it is settled.
    pub slow: bool,
    /// What was begun and not settled: nothing of it has arrived.
    begun: VecDeque<Vec<Taken>>,
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
        self.put(&table, rows);
        true
    }

    fn put(&mut self, table: &str, rows: Vec<Written>) {
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

    fn arrives(&mut self, taken: Taken) -> Result<Vec<Reject>, StoreError> {
        let Taken { topic, partition, next_offset, mut rows } = taken;
        match self.trouble.take() {
            Some(Trouble::Before) => return Err(unavailable()),
            Some(Trouble::Straggler) => {
                self.stragglers.push((topic, rows));
                return Err(unavailable());
            }
            Some(Trouble::Half) => {
                rows.truncate(rows.len() / 2);
                self.put(&topic, rows);
                return Err(unavailable());
            }
            Some(Trouble::After) => {
                self.put(&topic, rows);
                return Err(unavailable());
            }
            None => self.put(&topic, rows),
        }
        self.moved.insert((topic, partition), next_offset);
        Ok(Vec::new())
    }

    /// The offset below which all is delivered.
    pub fn delivered(&self, topic: &str, partition: u32) -> u64 {
        self.cursors.get(&(topic.into(), partition)).copied().unwrap_or_default()
    }
}

impl Taken {
    fn of(batch: &Batch<'_>) -> Result<Self, StoreError> {
        let mut encoder = event::Encoder::new();
        let encoded = encoder.encode(batch.rows).map_err(|_| unavailable())?;
        let row = |at: usize| -> Written {
            let row: Value = serde_json::from_slice(&encoded.get(at).unwrap_or_default()).unwrap_or_default();
            (row["id"].as_str().unwrap_or_default().into(), batch.revisions_us[at], row)
        };
        let rows = (0..batch.rows.num_rows()).map(row).collect();
        let Batch { topic, partition, next_offset, .. } = *batch;
        Ok(Self { topic: topic.into(), partition, next_offset, rows })
    }
}

impl Store for SimulatedStore {
    fn open(&mut self, tables: &[Table]) -> Result<(), StoreError> {
        tables.iter().for_each(|table| _ = self.tables.entry(table.topic.clone()).or_default());
        Ok(())
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<Vec<Reject>, StoreError> {
        let taken = Taken::of(batch)?;
        self.arrives(taken)
    }

    fn begin(&mut self, batches: &[Batch<'_>]) -> Result<Begun, StoreError> {
        self.begun.push_back(batches.iter().map(Taken::of).collect::<Result<_, _>>()?);
        if self.slow { Ok(Begun::OnTheirWay) } else { self.settle().map(Begun::Done) }
    }

    fn settle(&mut self) -> Result<Vec<Vec<Reject>>, StoreError> {
        let begun = self.begun.pop_front().unwrap_or_default();
        begun.into_iter().map(|taken| self.arrives(taken)).collect()
    }

    fn flush(&mut self, _: bool) -> Result<(), StoreError> {
        self.cursors.append(&mut self.moved);
        Ok(())
    }

    fn forget(&mut self) {
        self.begun.clear();
        self.moved.clear();
    }

    fn cursor(&mut self, topic: &str, partition: u32) -> Result<Option<u64>, StoreError> {
        Ok(self.cursors.get(&(topic.into(), partition)).copied())
    }

    fn rewind(&mut self, topic: &str, partition: u32, next_offset: u64) -> Result<(), StoreError> {
        self.cursors.insert((topic.into(), partition), next_offset);
        Ok(())
    }
}
