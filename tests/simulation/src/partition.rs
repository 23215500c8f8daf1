//! A partition as Kafka keeps it: records of committed, aborted and open transactions, and the
//! markers that end them, each at an offset of its own.

use std::collections::{BTreeMap, BTreeSet};

/// The number of a transaction; 0: written outside of any.
pub type Number = u64;

/// What lies at an offset.
#[derive(Clone, Debug)]
pub struct Entry {
    pub offset: u64,
    pub of: Number,
    pub timestamp_us: i64,
    pub key: Vec<u8>,
    /// None: a tombstone.
    pub value: Option<Vec<u8>>,
    /// Of a tombstone: when compaction first came by, and took what it deletes.
    cleaned_us: Option<i64>,
}

/// A partition of a topic, or a table's changelog.
#[derive(Clone, Default)]
pub struct Partition {
    entries: Vec<Entry>,
    /// What retention has left over begins here.
    pub start: u64,
    pub next: u64,
    /// The first offset of each open transaction.
    open: BTreeMap<Number, u64>,
    aborted: BTreeSet<Number>,
}

impl Partition {
    pub fn append(&mut self, of: Number, timestamp_us: i64, key: &[u8], value: Option<&[u8]>) {
        let offset = self.next;
        self.next += 1;
        if of != 0 {
            self.open.entry(of).or_insert(offset);
        }
        let (key, value) = (key.to_vec(), value.map(<[u8]>::to_vec));
        self.entries.push(Entry { offset, of, timestamp_us, key, value, cleaned_us: None });
    }

    /// Writes the marker that ends a transaction.
    pub fn end(&mut self, of: Number, committed: bool) {
        if self.open.remove(&of).is_some() {
            self.next += 1;
            if !committed {
                self.aborted.insert(of);
            }
        }
    }

    /// Where the first open transaction begins: what a reader of committed records sees ends here.
    pub fn stable(&self) -> u64 {
        self.open.values().copied().min().unwrap_or(self.next)
    }

    pub fn has_open(&self) -> bool {
        !self.open.is_empty()
    }

    pub fn is_aborted(&self, of: Number) -> bool {
        self.aborted.contains(&of)
    }

    /// The committed entries below the stable offset.
    pub fn committed(&self, from: u64) -> impl Iterator<Item = &Entry> {
        let stable = self.stable();
        self.all(from).take_while(move |e| e.offset < stable).filter(|e| !self.aborted.contains(&e.of))
    }

    /// All entries, as a reader of uncommitted records sees them.
    pub fn all(&self, from: u64) -> impl Iterator<Item = &Entry> {
        let first = self.entries.partition_point(|e| e.offset < from);
        self.entries[first..].iter()
    }

    /// Keeps the last committed entry of each key below the stable offset; what was aborted goes too.
    /// Tombstones stay, as they do for `delete.retention.ms`; then [`Self::forget`] takes them.
    pub fn compact(&mut self, now_us: i64) {
        let stable = self.stable();
        let last: BTreeMap<Vec<u8>, u64> =
            self.committed(0).map(|entry| (entry.key.clone(), entry.offset)).collect();
        self.entries.retain(|e| e.offset >= stable || last.get(&e.key) == Some(&e.offset));
        for tombstone in self.entries.iter_mut().filter(|e| e.offset < stable && e.value.is_none()) {
            tombstone.cleaned_us.get_or_insert(now_us);
        }
    }

    /// Takes tombstones away that were cleaned before. Not by when they were written: who began to read before
    /// the cleaning has read what they delete, and has as much time to come to them (KIP-534).
    pub fn forget(&mut self, before_us: i64) {
        self.entries.retain(|e| e.cleaned_us.is_none_or(|us| us >= before_us));
    }

    /// Deletes what lies below an offset.
    pub fn expire(&mut self, below: u64) {
        self.start = self.start.max(below.min(self.stable()));
        self.entries.retain(|e| e.offset >= self.start);
    }
}
