//! The state of all keys of one partition.

use std::collections::{BTreeSet, HashMap};

use arrow::array::{Array as _, ArrayRef, AsArray as _, TimestampMicrosecondArray, new_null_array};
use arrow::compute::interleave;
use arrow::datatypes::TimestampMicrosecondType;
use arrow::row::RowConverter;
use log::{KeyValue, StateChange};

use crate::Error;
use crate::entry::Entry;
use crate::rows::{Groups, Shape, converter};

/// The key under which the log keeps the table's shape; a key's bytes are never empty.
const HEADER: &[u8] = b"";
/// The key of the greatest revision of a deleted key; no key has a null in front.
const DELETED: &[u8] = b"\0deleted";

/// The state of all keys of one partition of a step.
pub struct Table {
    name: String,
    shape: Shape,
    keys: RowConverter,
    states: RowConverter,
    entries: HashMap<Box<[u8]>, Entry>,
    timers: BTreeSet<(i64, Box<[u8]>)>,
    changes: Vec<StateChange>,
    bytes: usize,
    most_bytes: usize,
    /// The greatest revision of a key that is deleted: it may come back, and must not fall behind itself.
    deleted_revision: i64,
}

/// Keys whose timers are due at the same time.
pub struct Due {
    /// That time for each, in microseconds since 1970, UTC.
    pub at_us: Vec<i64>,
    /// The keys, in their order.
    pub groups: Groups,
}

impl Table {
    /// An empty table. `name` is what the log calls it, `most_bytes` bounds its memory.
    ///
    /// # Errors
    /// [`Error::Arrow`] for a column that cannot be a key or a state.
    pub fn new(name: String, shape: Shape, most_bytes: usize) -> Result<Self, Error> {
        let (keys, states) = (converter(&shape.key)?, converter(&shape.state)?);
        let header = StateChange { table: name.clone(), key: HEADER.into(), value: Some(shape.header()) };
        Ok(Self {
            name,
            shape,
            keys,
            states,
            entries: HashMap::new(),
            timers: BTreeSet::new(),
            changes: vec![header],
            bytes: 0,
            most_bytes,
            deleted_revision: i64::MIN,
        })
    }

    /// Takes back what was committed.
    ///
    /// # Errors
    /// [`Error::Shape`] if it was written for another shape, [`Error::Damaged`].
    pub fn restore(&mut self, committed: &[KeyValue]) -> Result<(), Error> {
        for (key, value) in committed {
            if key == HEADER {
                if *value != self.shape.header() {
                    return Err(Error::Shape { table: self.name.clone() });
                }
                self.changes.clear();
                continue;
            }
            let damaged = || Error::Damaged { table: self.name.clone() };
            if key == DELETED {
                let bytes = value.as_slice().try_into().map_err(|_| damaged())?;
                self.deleted_revision = i64::from_be_bytes(bytes);
                continue;
            }
            let entry = Entry::from_bytes(value).ok_or_else(damaged)?;
            self.put(key.as_slice().into(), entry);
        }
        Ok(())
    }

    /// What the log calls the table.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many keys have state.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no key has state.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Puts rows in the order of their keys, given the key's columns, a value a row.
    ///
    /// # Errors
    /// [`Error::Arrow`].
    pub fn group(&self, key: &[ArrayRef]) -> Result<Groups, Error> {
        Groups::new(&self.keys, key)
    }

    /// The key's columns, a value a key.
    ///
    /// # Errors
    /// [`Error::Arrow`].
    pub fn key_columns(&self, groups: &Groups) -> Result<Vec<ArrayRef>, Error> {
        let parser = self.keys.parser();
        Ok(self.keys.convert_rows(groups.keys.iter().map(|key| parser.parse(key)))?)
    }

    /// The states' columns and the timers, a value a key; null where there is none.
    ///
    /// # Errors
    /// [`Error::Arrow`].
    pub fn states(&self, groups: &Groups) -> Result<(Vec<ArrayRef>, ArrayRef), Error> {
        let entries: Vec<Option<&Entry>> = groups.keys.iter().map(|key| self.entries.get(key)).collect();
        let parser = self.states.parser();
        let known = entries.iter().flatten().map(|entry| parser.parse(entry.state()));
        let known = self.states.convert_rows(known)?;
        // A key without state takes the null that is put behind the known ones.
        let mut next = 0;
        let picks: Vec<(usize, usize)> = entries
            .iter()
            .map(|entry| match entry {
                None => (1, 0),
                Some(_) => {
                    next += 1;
                    (0, next - 1)
                }
            })
            .collect();
        let spread = |(column, field): (&ArrayRef, &std::sync::Arc<arrow::datatypes::Field>)| {
            interleave(&[column, &new_null_array(field.data_type(), 1)], &picks)
        };
        let states = known.iter().zip(self.shape.state.fields()).map(spread).collect::<Result<_, _>>()?;
        let timers = entries.iter().map(|entry| entry.and_then(Entry::timer_us));
        let timers = TimestampMicrosecondArray::from_iter(timers).with_timezone("+00:00");
        Ok((states, std::sync::Arc::new(timers)))
    }

    /// Sets state and timer of keys, or deletes them; a value a key, and in `results` how many results it
    /// has. Gives the revision of each key's first result, the others following by one: more than its last
    /// one, even if it was deleted meanwhile, and at least `at_us`.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Arrow`].
    pub fn set(
        &mut self,
        groups: &Groups,
        states: &[ArrayRef],
        timers: &ArrayRef,
        deleted: &[bool],
        at_us: &[i64],
        results: &[i64],
    ) -> Result<Vec<i64>, Error> {
        let states = self.states.convert_columns(states)?;
        let timers = timers.as_primitive_opt::<TimestampMicrosecondType>();
        let mut revisions = Vec::with_capacity(groups.keys.len());
        for (number, key) in groups.keys.iter().enumerate() {
            let at = at_us.get(number).copied().unwrap_or_default();
            let more = results.get(number).map_or(0, |results| (results - 1).max(0));
            // Looked up once: with many keys this is where the time goes.
            let known = self.entries.get_mut(key);
            let last = known.as_ref().map_or(self.deleted_revision, |entry| entry.revision());
            let first = at.max(last.saturating_add(1));
            revisions.push(first);
            let revision = first.saturating_add(more);
            if deleted.get(number) == Some(&true) {
                self.delete(key, revision);
                continue;
            }
            let timer_us = timers.filter(|t| t.is_valid(number)).map(|t| t.value(number));
            let state = states.row(number);
            let value = match known {
                Some(entry) => {
                    if entry.timer_us() != timer_us {
                        move_timer(&mut self.timers, key, entry.timer_us(), timer_us);
                    }
                    self.bytes -= entry.size_bytes(key);
                    entry.change(state.as_ref(), timer_us, revision);
                    self.bytes += entry.size_bytes(key);
                    entry.bytes().to_vec()
                }
                None => {
                    let entry = Entry::new(state.as_ref(), timer_us, revision);
                    let value = entry.bytes().to_vec();
                    self.put(key.clone(), entry);
                    value
                }
            };
            self.changes.push(StateChange {
                table: self.name.clone(),
                key: key.to_vec(),
                value: Some(value),
            });
        }
        if self.bytes > self.most_bytes {
            return Err(Error::Full { table: self.name.clone(), most_bytes: self.most_bytes });
        }
        Ok(revisions)
    }

    /// The keys whose timers are due first, if that is not after `now_us`.
    #[must_use]
    pub fn due(&self, now_us: i64) -> Option<Due> {
        let mut due = Due {
            at_us: Vec::new(),
            groups: Groups { order: Vec::<u32>::new().into(), key_of_row: Vec::new(), keys: Vec::new() },
        };
        let first = self.timers.first()?.0;
        for (at, key) in self.timers.iter().take_while(|(at, _)| *at <= now_us && *at == first) {
            due.at_us.push(*at);
            due.groups.keys.push(key.clone());
        }
        (!due.at_us.is_empty()).then_some(due)
    }

    /// The changes since the last call, for the commit.
    pub fn take_changes(&mut self) -> Vec<StateChange> {
        std::mem::take(&mut self.changes)
    }

    /// All keys in their order, to be looked at.
    #[must_use]
    pub fn all(&self) -> Groups {
        let mut keys: Vec<Box<[u8]>> = self.entries.keys().cloned().collect();
        keys.sort_unstable();
        Groups { order: Vec::<u32>::new().into(), key_of_row: Vec::new(), keys }
    }

    fn put(&mut self, key: Box<[u8]>, entry: Entry) {
        self.forget(&key);
        self.bytes += entry.size_bytes(&key);
        if let Some(at) = entry.timer_us() {
            self.timers.insert((at, key.clone()));
        }
        self.entries.insert(key, entry);
    }

    fn delete(&mut self, key: &[u8], revision: i64) {
        if revision > self.deleted_revision {
            self.deleted_revision = revision;
            let (key, value) = (DELETED.into(), Some(revision.to_be_bytes().into()));
            self.changes.push(StateChange { table: self.name.clone(), key, value });
        }
        if self.forget(key) {
            self.changes.push(StateChange { table: self.name.clone(), key: key.into(), value: None });
        }
    }

    fn forget(&mut self, key: &[u8]) -> bool {
        let Some((key, entry)) = self.entries.remove_entry(key) else { return false };
        self.bytes -= entry.size_bytes(&key);
        if let Some(at) = entry.timer_us() {
            self.timers.remove(&(at, key));
        }
        true
    }
}

fn move_timer(timers: &mut BTreeSet<(i64, Box<[u8]>)>, key: &[u8], from: Option<i64>, to: Option<i64>) {
    if let Some(from) = from {
        timers.remove(&(from, key.into()));
    }
    if let Some(to) = to {
        timers.insert((to, key.into()));
    }
}
