//! Where tables of keyed state lie: the tables of a stage's partition share the partition of that number in
//! the stage's changelog topic, so that they move, and are restored, together.

use std::sync::Arc;

use log::{Error, StateChange};

/// Where a table lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The changelog topic.
    pub topic: String,
    /// Its partition.
    pub partition: u32,
    /// What the keys of the table begin with.
    pub prefix: Vec<u8>,
}

/// A change as a record; no value: a tombstone.
pub struct Change<'a> {
    pub topic: Arc<str>,
    pub partition: u32,
    pub key: Vec<u8>,
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
        Ok(Self { topic: topic(stage), partition, prefix: [name.as_bytes(), &[0]].concat() })
    }
}

/// A record of a stage's changelog as a change; none where there is no table for it.
pub fn change(stage: &str, partition: u32, key: &[u8], value: Option<&[u8]>) -> Option<StateChange> {
    let mut parts = key.splitn(2, |byte| *byte == 0);
    let (name, key) = (std::str::from_utf8(parts.next()?).ok()?, parts.next()?);
    let table = log::table_name(stage, partition, name);
    Some(StateChange { table, key: key.to_vec(), value: value.map(Into::into) })
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

/// The records of a step's changes of state, in their order.
pub fn records<'a>(changes: &'a [StateChange]) -> Result<Vec<Change<'a>>, Error> {
    let mut last: Option<(&str, Place, Arc<str>)> = None;
    let mut records = Vec::with_capacity(changes.len());
    for change in changes {
        let (place, topic) = match &last {
            Some((table, place, topic)) if *table == change.table => (place.clone(), topic.clone()),
            _ => {
                let place = Place::of(&change.table)?;
                let topic = place.topic.as_str().into();
                (place, topic)
            }
        };
        let key = [&place.prefix, change.key.as_slice()].concat();
        let (partition, value) = (place.partition, change.value.as_deref());
        records.push(Change { topic: topic.clone(), partition, key, value });
        last = Some((&change.table, place, topic));
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partitions_tables_lie_together_and_apart() {
        let place = |table: &str| Place::of(table).unwrap();
        assert_eq!(place("a.v1.newest").topic, "a.v1.newest.changelog");
        let (keys, held) = (place("a.v1.unique/12.keys"), place("a.v1.unique/12.held"));
        assert_eq!((&*keys.topic, keys.partition), ("a.v1.unique.changelog", 12));
        assert_eq!((&keys.topic, keys.partition), (&held.topic, held.partition));
        assert!(!keys.prefix.starts_with(&held.prefix));
        assert!(Place::of("a/b").is_err() && Place::of("a/x.keys").is_err());
    }

    #[test]
    fn a_record_is_the_change_that_it_was_written_for() {
        for table in ["a.v1.newest", "a.v1.unique/0.keys", "a.v1.unique/12.held"] {
            let (stage, partition, _) = log::parse_table(table).unwrap();
            for (key, value) in
                [(vec![], None), (vec![0, 1, 0], Some(vec![])), (b"k".to_vec(), Some(b"v".to_vec()))]
            {
                let wanted = StateChange { table: table.into(), key, value };
                let written = records(std::slice::from_ref(&wanted)).unwrap();
                let [Change { key, value, .. }] = written.as_slice() else { panic!("one record") };
                assert_eq!(change(stage, partition, key, *value), Some(wanted));
            }
        }
        assert_eq!(change("a", 0, b"no zero byte", None), None);
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
