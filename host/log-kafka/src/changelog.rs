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
        let Some((stage, rest)) = table.split_once('/') else {
            return Ok(Self { topic: topic(table), partition: 0, prefix: vec![0] });
        };
        let parsed = rest.split_once('.').and_then(|(number, name)| Some((number.parse().ok()?, name)));
        let Some((partition, name)) = parsed else {
            return Err(Error::Io(format!("a table of state cannot have the name {table}")));
        };
        // A name has no zero byte, so no table's prefix begins another's.
        Ok(Self { topic: topic(stage), partition, prefix: [name.as_bytes(), &[0]].concat() })
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
}
