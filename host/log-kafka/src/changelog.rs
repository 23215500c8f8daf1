//! Where tables of keyed state lie: the tables of a stage's partition share the partition of that number in
//! the stage's changelog topic, so that they move, and are restored, together.

use std::ops::Range;
use std::sync::Arc;

use log::{Bytes, Error, StateChange};

/// Where a table lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The changelog topic.
    pub topic: Arc<str>,
    /// Its partition.
    pub partition: u32,
    /// What the keys of the table begin with.
    pub prefix: Vec<u8>,
}

/// A change as a record; no value: a tombstone.
pub struct Change<'a> {
    /// Where its table lies.
    pub place: Arc<Place>,
    pub key: &'a [u8],
    pub value: Option<&'a [u8]>,
}

/// The changelog of a stage.
pub fn topic(stage: &str) -> String {
    format!("{stage}.changelog")
}

impl Place {
    /// Where `STAGE` or `STAGE/PARTITION.NAME` lies.
    pub fn of(table: &str) -> Result<Self, Error> {
        let Some((stage, partition, name)) = log::parse_table(table) else {
            return Err(Error::Io(format!("a table of state cannot have the name {table}")));
        };
        // A name has no zero byte, so no table's prefix begins another's.
        Ok(Self { topic: topic(stage).into(), partition, prefix: [name.as_bytes(), &[0]].concat() })
    }
}

/// Records of a stage's changelog as changes. A restore reads millions: they share their tables' names and memory.
#[derive(Default)]
pub struct Changes {
    /// Each table by the name that its keys begin with.
    tables: Vec<(Box<[u8]>, Arc<str>)>,
    /// Keys and values.
    bytes: Vec<u8>,
    /// The number of the table, how long the key is and how long the value; none: it is deleted.
    changes: Vec<(usize, usize, Option<usize>)>,
}

impl Changes {
    /// Adds a record; one of no table is left out.
    pub fn push(&mut self, stage: &str, partition: u32, key: &[u8], value: Option<&[u8]>) {
        let Some((name, key)) =
            key.iter().position(|byte| *byte == 0).and_then(|end| key.split_at_checked(end))
        else {
            return;
        };
        let Some(table) = self.table(stage, partition, name) else { return };
        let key = key.get(1..).unwrap_or_default();
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.changes.push((table, key.len(), value.map(<[u8]>::len)));
    }

    fn table(&mut self, stage: &str, partition: u32, name: &[u8]) -> Option<usize> {
        if let Some(number) = self.tables.iter().position(|(known, _)| **known == *name) {
            return Some(number);
        }
        let table = log::table_name(stage, partition, std::str::from_utf8(name).ok()?);
        self.tables.push((name.into(), table.into()));
        Some(self.tables.len() - 1)
    }

    pub fn finish(self) -> Vec<StateChange> {
        let mut rest = Bytes::from(self.bytes);
        let change = |(table, key, value): (usize, usize, Option<usize>)| {
            let (_, table) = self.tables.get(table)?;
            let key = rest.split_to(key);
            Some(StateChange { table: table.clone(), key, value: value.map(|length| rest.split_to(length)) })
        };
        self.changes.into_iter().filter_map(change).collect()
    }
}

/// What a place in a partition's state says to those who know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The next record of the changelog.
    pub offset: u64,
    /// Where a restore that is under way ends; none: none is.
    pub end: Option<u64>,
    /// When the first of what was read before this place was, in milliseconds since 1970: so old may deletes
    /// be that were missed.
    pub since_ms: u64,
    /// The cluster.
    pub cluster: String,
}

impl Mark {
    pub fn to_bytes(&self) -> Vec<u8> {
        let numbers = [self.offset, self.end.unwrap_or(u64::MAX), self.since_ms];
        let numbers = numbers.iter().flat_map(|number| number.to_be_bytes());
        numbers.chain(self.cluster.bytes()).collect()
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, cluster) = bytes.split_at_checked(24)?;
        let number = |at: usize| Some(u64::from_be_bytes(numbers.get(at..at + 8)?.try_into().ok()?));
        Some(Self {
            offset: number(0)?,
            end: number(8).filter(|end| *end != u64::MAX),
            since_ms: number(16)?,
            cluster: String::from_utf8(cluster.into()).ok()?,
        })
    }

    /// Whether deletes since then are still there, where they stay for `kept_ms`. Not where the clock was set
    /// back: then nobody knows. Half, as clocks differ and as compaction has a clock of its own.
    pub fn is_fresh(&self, now_ms: u64, kept_ms: u64) -> bool {
        now_ms.checked_sub(self.since_ms).is_some_and(|age_ms| age_ms <= kept_ms / 2)
    }
}

/// The records of a step's changes of state, in their order; their keys lie in `keys`.
pub fn records<'a>(changes: &'a [StateChange], keys: &'a mut Vec<u8>) -> Result<Vec<Change<'a>>, Error> {
    keys.clear();
    let mut last: Option<(&Arc<str>, Arc<Place>)> = None;
    let mut places = Vec::with_capacity(changes.len());
    for StateChange { table, key, .. } in changes {
        // Mostly the same table's as the change before.
        let place = match &last {
            Some((known, place)) if *known == table => place.clone(),
            _ => Arc::new(Place::of(table)?),
        };
        let from = keys.len();
        keys.extend_from_slice(&place.prefix);
        keys.extend_from_slice(key);
        places.push((place.clone(), from..keys.len()));
        last = Some((table, place));
    }
    let keys = &*keys;
    let change = |(change, (place, key)): (&'a StateChange, (Arc<Place>, Range<usize>))| Change {
        key: keys.get(key).unwrap_or_default(),
        value: change.value.as_deref(),
        place,
    };
    Ok(changes.iter().zip(places).map(change).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partitions_tables_lie_together_and_apart() {
        let place = |table: &str| Place::of(table).unwrap();
        assert_eq!(&*place("a.v1.begun").topic, "a.v1.begun.changelog");
        let (keys, held) = (place("a.v1.unique/12.keys"), place("a.v1.unique/12.held"));
        assert_eq!((&*keys.topic, keys.partition), ("a.v1.unique.changelog", 12));
        assert_eq!((&keys.topic, keys.partition), (&held.topic, held.partition));
        assert!(!keys.prefix.starts_with(&held.prefix));
        assert!(Place::of("a/b").is_err() && Place::of("a/x.keys").is_err());
    }

    #[test]
    fn records_are_the_changes_that_they_were_written_for() {
        for tables in [&["a.v1.begun"][..], &["a.v1.unique/12.keys", "a.v1.unique/12.held"]] {
            let (stage, partition, _) = log::parse_table(tables[0]).unwrap();
            let keys_and_values =
                [(vec![], None), (vec![0, 1, 0], Some(vec![])), (b"k".to_vec(), Some(b"v".to_vec()))];
            let wanted = keys_and_values.iter().flat_map(|(key, value)| {
                tables.iter().map(|table| StateChange {
                    table: (*table).into(),
                    key: key.clone().into(),
                    value: value.clone().map(Vec::into),
                })
            });
            let wanted: Vec<StateChange> = wanted.collect();
            let (mut keys, mut read) = (Vec::new(), Changes::default());
            read.push(stage, partition, b"no zero byte", None);
            for Change { key, value, .. } in records(&wanted, &mut keys).unwrap() {
                read.push(stage, partition, key, value);
            }
            assert_eq!(read.finish(), wanted);
        }
    }

    #[test]
    fn a_mark_is_read_back_and_grows_old() {
        let mark = Mark { offset: 7, end: Some(9), since_ms: 1000, cluster: "c".into() };
        assert_eq!(Mark::from_bytes(&mark.to_bytes()), Some(mark.clone()));
        let kept = Mark { end: None, ..mark.clone() };
        assert_eq!(Mark::from_bytes(&kept.to_bytes()), Some(kept));
        assert_eq!(Mark::from_bytes(b"short"), None);
        assert!(mark.is_fresh(1000, 100) && mark.is_fresh(1050, 100));
        assert!(!mark.is_fresh(1051, 100) && !mark.is_fresh(999, 100));
    }
}
