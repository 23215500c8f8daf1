//! A partition's state on its way from the log, or from a snapshot, back into its stage; and into a snapshot.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use log::{Bytes, KeyValue, Log, Place};
use state::Table;

use super::{KeyedStage, OWN, Partition};
use crate::Error;
use crate::closed::Closed;
use crate::event_time::Time;
use crate::held::Held;
use crate::watermark::{Mark, Watermarks};

/// Most bytes of a slice where nothing else waits.
const SLICE_BYTES: usize = 4 << 20;

/// Takes an entry of a table: the table's number, key and value.
type Each<'a> = dyn FnMut(u8, &[u8], &[u8]) -> io::Result<()> + 'a;

/// A partition that is not restored yet. Dropped, nothing has happened.
pub(crate) struct Restored {
    partition: Partition,
    /// Keys, watermarks, held rows, as in [`KeyedStage::tables`].
    tables: [Arc<str>; 3],
    /// Held rows by offset, as the log has them.
    held: BTreeMap<u64, Bytes>,
}

impl Restored {
    /// Takes a change of one of its tables; others are none of its own.
    pub(crate) fn take(&mut self, change: log::StateChange) -> Result<(), Error> {
        let Some(number) = self.tables.iter().position(|table| *table == change.table) else { return Ok(()) };
        self.take_in(number, change.key, change.value)
    }

    /// The same, by the table's number.
    pub(crate) fn take_in(&mut self, number: usize, key: Bytes, value: Option<Bytes>) -> Result<(), Error> {
        let damaged = || state::Error::Damaged {
            table: self.tables.get(number).map(ToString::to_string).unwrap_or_default(),
        };
        match (number, value) {
            (0, value) => self.partition.table.apply(&key, value.as_deref())?,
            (1, Some(mark)) => {
                let mark = Mark::from_bytes(&mark).ok_or_else(damaged)?;
                if key == OWN {
                    self.partition.time = Time::from_mark(mark);
                } else {
                    self.partition.watermarks.take(&key, mark);
                }
            }
            (2, value) => {
                let offset = key.as_ref().try_into().map(u64::from_be_bytes).map_err(|_| damaged())?;
                match value {
                    // Of its own: it may be a small part of all that was read at once.
                    Some(value) => self.held.insert(offset, Bytes::copy_from_slice(&value)),
                    None => self.held.remove(&offset),
                };
            }
            _ => return Err(damaged().into()),
        }
        Ok(())
    }
}

impl KeyedStage {
    /// Begins to restore a partition.
    pub(crate) fn begin(&self, partition: u32) -> Result<Restored, Error> {
        let tables = self.tables(partition);
        let [name, ..] = &tables;
        let partition = Partition {
            number: partition,
            table: Table::new(name.clone(), self.shape.clone(), self.state_bytes)?,
            watermarks: Watermarks::new(&self.upstream),
            held: Held::default(),
            closed: Closed::new(&self.shape)?,
            time: Time::default(),
            told: None,
        };
        Ok(Restored { partition, tables, held: BTreeMap::new() })
    }

    /// Reads rows that are held, about so many bytes of them; true: that was all.
    pub(crate) fn read_held(&mut self, restored: &mut Restored, most_bytes: usize) -> Result<bool, Error> {
        let [.., table] = &restored.tables;
        let damaged = || state::Error::Damaged { table: table.to_string() };
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while bytes < most_bytes.max(1) {
            let Some((offset, value)) = restored.held.pop_first() else { break };
            bytes += value.len().max(1);
            self.decoder.push(&value).map_err(|_| damaged())?;
            rows.push((offset, value));
        }
        // Where no row waits, not all that is asked of one that does may be read.
        if !rows.is_empty() {
            let batch = self.decoder.finish()?;
            let rows = rows.iter().map(|(offset, value)| (*offset, value));
            restored.partition.held.add(table, batch, rows, &mut Vec::new())?;
        }
        Ok(restored.held.is_empty())
    }

    /// Takes a partition that is restored.
    pub(crate) fn put(&mut self, mut restored: Restored) -> Result<(), Error> {
        while !self.read_held(&mut restored, SLICE_BYTES)? {}
        let mut partition = restored.partition;
        if let Some((size, _)) = self.event_time.window_us {
            partition.closed.restore(&partition.table, size)?;
        }
        self.partitions.insert(partition.number, partition);
        Ok(())
    }

    /// Takes back what was committed for a partition, as [`Self::tables`] names it.
    ///
    /// # Errors
    /// [`Error::State`] if it cannot be read by this version of the pipeline.
    pub fn restore(&mut self, partition: u32, tables: [&[KeyValue]; 3]) -> Result<(), Error> {
        let mut restored = self.begin(partition)?;
        for (number, rows) in tables.into_iter().enumerate() {
            for (key, value) in rows {
                restored.take_in(number, key.clone().into(), Some(value.clone().into()))?;
            }
        }
        self.put(restored)
    }

    /// Takes back what the log has committed for a partition.
    ///
    /// # Errors
    /// [`Error::Log`], or state that this version of the pipeline cannot read.
    pub fn restore_from(&mut self, log: &dyn Log, partition: u32) -> Result<(), Error> {
        let (mut restored, mut from) = (self.begin(partition)?, Place::new());
        loop {
            let slice = log.state_from(&self.group, partition, &from, SLICE_BYTES)?;
            let Some(slice) = slice else {
                return Err(
                    log::Error::Pending { what: format!("the state of {} {partition}", self.group) }.into()
                );
            };
            slice.changes.into_iter().try_for_each(|change| restored.take(change))?;
            if slice.done {
                return self.put(restored);
            }
            from = slice.next;
        }
    }

    /// Gives everything that is committed for a partition, by the numbers of [`Self::tables`]; to be asked
    /// right after a commit.
    pub(crate) fn committed(&self, partition: u32, each: &mut Each<'_>) -> Result<(), Error> {
        let Some(found) = self.partitions.get(&partition) else { return Ok(()) };
        let mut done = Ok(());
        found.table.committed(&mut |key, value| {
            if done.is_ok() {
                done = each(0, key, value);
            }
        });
        done.map_err(Error::Snapshot)?;
        let known = found.watermarks.known().try_for_each(|(of, mark)| each(1, of, &mark.to_bytes()));
        known.and_then(|()| each(1, OWN, &found.time.to_bytes())).map_err(Error::Snapshot)?;
        found.held.encoded(&mut |offset, value| each(2, &offset.to_be_bytes(), value))
    }
}
