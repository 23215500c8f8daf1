//! The state of all keys of one partition.

use std::collections::BTreeSet;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::row::RowConverter;
use event::{Kept, KeptFields};
use hashbrown::{DefaultHashBuilder, HashTable};
use log::{Bytes, KeyValue, StateChange};

use crate::Error;
use crate::entry::Entry;
use crate::rows::{Groups, Shape, converter};

/// The key under which the log keeps the table's shape; a key's bytes are never empty.
const HEADER: &[u8] = b"";
/// The key of the greatest revision of a deleted key; no key has a null in front.
const DELETED: &[u8] = b"\0deleted";

/// The state of all keys of one partition of a step.
pub struct Table {
    name: Arc<str>,
    shape: Shape,
    keys: RowConverter,
    fields: KeptFields,
    hasher: DefaultHashBuilder,
    entries: HashTable<Entry>,
    timers: BTreeSet<(i64, Box<[u8]>)>,
    changes: Changes,
    bytes: usize,
    most_bytes: usize,
    /// The greatest revision of a key that is deleted: it may come back, and must not fall behind itself.
    deleted_revision: i64,
    buffer: Vec<u8>,
}

/// Changes since the last commit, their bytes one behind the other.
#[derive(Default)]
struct Changes {
    bytes: Vec<u8>,
    /// Where the key of each ends, and then its value; none: it is deleted.
    ends: Vec<(usize, Option<usize>)>,
}

impl Changes {
    fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        self.bytes.extend_from_slice(key);
        let key_end = self.bytes.len();
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.ends.push((key_end, value.map(|_| self.bytes.len())));
    }

    fn take(&mut self, table: &Arc<str>) -> Vec<StateChange> {
        let Self { bytes, ends } = std::mem::take(self);
        // As much is likely to change the next time.
        (self.bytes, self.ends) = (Vec::with_capacity(bytes.len()), Vec::with_capacity(ends.len()));
        let (bytes, mut from) = (Bytes::from(bytes), 0);
        let change = |(key_end, value_end): (usize, Option<usize>)| {
            let key = bytes.slice(from..key_end);
            from = value_end.unwrap_or(key_end);
            StateChange { table: table.clone(), key, value: value_end.map(|end| bytes.slice(key_end..end)) }
        };
        ends.into_iter().map(change).collect()
    }
}

/// Keys whose timers are due at the same time.
pub struct Due {
    /// That time, in microseconds since 1970, UTC.
    pub at_us: i64,
    /// The keys, in their order.
    pub groups: Groups,
}

impl Table {
    /// An empty table. `name` is what the log calls it, `most_bytes` bounds its memory.
    ///
    /// # Errors
    /// [`Error::Arrow`] for a column that cannot be a key, [`Error::Fields`] for too many fields of state.
    pub fn new(name: Arc<str>, shape: Shape, most_bytes: usize) -> Result<Self, Error> {
        let keys = converter(&shape.key)?;
        let fields = KeptFields::new(&shape.state).ok_or(Error::Fields)?;
        let mut changes = Changes::default();
        changes.push(HEADER, Some(&shape.header()));
        Ok(Self {
            name,
            shape,
            keys,
            fields,
            hasher: DefaultHashBuilder::default(),
            entries: HashTable::new(),
            timers: BTreeSet::new(),
            changes,
            bytes: 0,
            most_bytes,
            deleted_revision: i64::MIN,
            buffer: Vec::new(),
        })
    }

    /// What the words of the state mean.
    #[must_use]
    pub fn fields(&self) -> &KeptFields {
        &self.fields
    }

    /// Takes back what was committed.
    ///
    /// # Errors
    /// [`Error::Shape`] if it was written for another shape, [`Error::Damaged`].
    pub fn restore(&mut self, committed: &[KeyValue]) -> Result<(), Error> {
        committed.iter().try_for_each(|(key, value)| self.apply(key, Some(value)))
    }

    /// Takes back one change that was committed, in the order of the commits; it may be known already.
    ///
    /// # Errors
    /// As [`Self::restore`].
    pub fn apply(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), Error> {
        let damaged = || Error::Damaged { table: self.name.to_string() };
        match (key, value) {
            (HEADER, Some(header)) if header == self.shape.header() => self.changes = Changes::default(),
            (HEADER, _) => return Err(Error::Shape { table: self.name.to_string() }),
            (DELETED, value) => {
                let bytes = value.and_then(|value| value.try_into().ok()).ok_or_else(damaged)?;
                self.deleted_revision = i64::from_be_bytes(bytes);
            }
            (key, None) => _ = self.forget(key),
            (key, Some(value)) => {
                let entry = Entry::from_value(key, value).filter(|entry| self.fields.fits(entry.packed()));
                let entry = entry.ok_or_else(damaged)?;
                self.put(entry);
            }
        }
        Ok(())
    }

    /// Gives every key and value that the log has for the table, once all changes are committed.
    pub fn committed(&self, each: &mut dyn FnMut(&[u8], &[u8])) {
        each(HEADER, &self.shape.header());
        if self.deleted_revision > i64::MIN {
            each(DELETED, &self.deleted_revision.to_be_bytes());
        }
        self.entries.iter().for_each(|entry| each(entry.key(), entry.value()));
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

    /// The memory of the keys and their state, in bytes; what is bounded.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.bytes
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

    /// What is kept for each key.
    #[must_use]
    pub fn kept<'t>(&'t self, groups: &Groups) -> Kept {
        let width = self.fields.width();
        let mut kept = Kept { words: Vec::with_capacity(groups.keys() * width), bytes: Vec::new() };
        // With many keys the time goes into waiting for memory. So what is likely to be the entry is found for all
        // keys before the first is read: the processor then waits for several at once.
        let hashes: Vec<u64> = groups.keys.iter().map(|key| self.hasher.hash_one(key)).collect();
        let likely: Vec<Option<&Entry>> =
            hashes.iter().map(|hash| self.entries.find(*hash, |_| true)).collect();
        let touched: usize = likely.iter().flatten().map(|entry| usize::from(entry.first_byte())).sum();
        std::hint::black_box(touched);
        let entry = |((key, hash), likely): ((&[u8], &u64), Option<&'t Entry>)| match likely {
            Some(entry) if entry.key() == key => Some(entry),
            Some(_) => self.entries.find(*hash, |entry| entry.key() == key),
            None => None,
        };
        let entries = groups.keys.iter().zip(&hashes).zip(likely).map(entry);
        for (number, entry) in entries.enumerate() {
            // What is in the table was checked before it came there.
            let known = entry.and_then(|entry| self.fields.unpack(entry.packed(), &mut kept));
            if known.is_none() {
                kept.words.resize((number + 1) * width, 0);
            }
        }
        kept
    }

    /// Keeps something else for keys, or nothing, and in `results` how many results each has. Gives the revision of
    /// each key's first result, the others following by one: more than its last one, even if it was deleted
    /// meanwhile, and at least `at_us`.
    ///
    /// # Errors
    /// [`Error::Full`].
    pub fn set(
        &mut self,
        groups: &Groups,
        kept: &Kept,
        at_us: &[i64],
        results: &[i64],
    ) -> Result<Vec<i64>, Error> {
        let mut revisions = Vec::with_capacity(groups.keys());
        for (number, (key, row)) in groups.keys.iter().zip(self.fields.rows(kept)).enumerate() {
            let at = at_us.get(number).copied().unwrap_or_default();
            let more = results.get(number).map_or(0, |results| (results - 1).max(0));
            let hash = self.hasher.hash_one(key);
            // Looked up once: with many keys this is where the time goes.
            let known = self.entries.find_mut(hash, |entry| entry.key() == key);
            let last = known.as_ref().map_or(self.deleted_revision, |entry| entry.revision());
            let first = at.max(last.saturating_add(1));
            revisions.push(first);
            let revision = first.saturating_add(more);
            if !row.has_state() {
                self.delete(key, revision);
                continue;
            }
            let timer_us = row.timer_us();
            match known {
                Some(entry) => {
                    if entry.timer_us() != timer_us {
                        move_timer(&mut self.timers, key, entry.timer_us(), timer_us);
                    }
                    self.bytes -= entry.size_bytes();
                    entry.change(revision, &self.fields, row, &mut self.buffer);
                    self.bytes += entry.size_bytes();
                    self.changes.push(key, Some(entry.value()));
                }
                None => {
                    let entry = Entry::new(key, revision, &self.fields, row, &mut self.buffer);
                    self.changes.push(key, Some(entry.value()));
                    self.put(entry);
                }
            }
        }
        if self.bytes > self.most_bytes {
            return Err(Error::Full { table: self.name.to_string(), most_bytes: self.most_bytes });
        }
        Ok(revisions)
    }

    /// The keys whose timers are due first, if that is not after `now_us`.
    #[must_use]
    pub fn due(&self, now_us: i64) -> Option<Due> {
        let at_us = self.timers.first()?.0;
        let due = self.timers.iter().take_while(|(at, _)| *at == at_us).map(|(_, key)| &**key);
        (at_us <= now_us).then(|| Due { at_us, groups: Groups::of_keys(due) })
    }

    /// The changes since the last call, for the commit.
    pub fn take_changes(&mut self) -> Vec<StateChange> {
        self.changes.take(&self.name)
    }

    /// All keys in their order, to be looked at.
    #[must_use]
    pub fn all(&self) -> Groups {
        let mut keys: Vec<&[u8]> = self.entries.iter().map(Entry::key).collect();
        keys.sort_unstable();
        Groups::of_keys(keys.into_iter())
    }

    fn put(&mut self, entry: Entry) {
        self.forget(entry.key());
        self.bytes += entry.size_bytes();
        if let Some(at) = entry.timer_us() {
            self.timers.insert((at, entry.key().into()));
        }
        let hash = |entry: &Entry| self.hasher.hash_one(entry.key());
        self.entries.insert_unique(hash(&entry), entry, hash);
    }

    fn delete(&mut self, key: &[u8], revision: i64) {
        if revision > self.deleted_revision {
            self.deleted_revision = revision;
            self.changes.push(DELETED, Some(&revision.to_be_bytes()));
        }
        if self.forget(key) {
            self.changes.push(key, None);
        }
    }

    fn forget(&mut self, key: &[u8]) -> bool {
        let found = self.entries.find_entry(self.hasher.hash_one(key), |entry| entry.key() == key);
        let Ok(found) = found else { return false };
        let (entry, _) = found.remove();
        self.bytes -= entry.size_bytes();
        if let Some(at) = entry.timer_us() {
            self.timers.remove(&(at, key.into()));
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

#[cfg(test)]
mod tests;
