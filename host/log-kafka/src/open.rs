//! What the open transaction holds beside its records.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use log::Position;

use crate::group::Ticket;

/// What the open transaction holds beside its records.
#[derive(Default)]
pub struct Open {
    pub groups: BTreeMap<Arc<str>, Moved>,
    pub written: Written,
}

/// How far a group has come.
pub struct Moved {
    pub ticket: Ticket,
    pub positions: Vec<Position>,
}

impl Open {
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.written.is_empty()
    }

    /// Takes later positions of a group. Its first ticket holds: a later generation must not vouch for what was
    /// read before it.
    pub fn move_group(&mut self, group: &Arc<str>, ticket: Ticket, positions: &[Position]) {
        let moved = || Moved { ticket, positions: Vec::new() };
        let Moved { positions: known, .. } = self.groups.entry(group.clone()).or_insert_with(moved);
        for position in positions {
            let same = |p: &&mut Position| p.topic == position.topic && p.partition == position.partition;
            match known.iter_mut().find(same) {
                Some(before) => before.clone_from(position),
                None => known.push(position.clone()),
            }
        }
    }

    /// All positions, each with its group.
    pub fn positions(&self) -> impl Iterator<Item = (&str, &Position)> {
        self.groups
            .iter()
            .flat_map(|(group, moved)| moved.positions.iter().map(|position| (&**group, position)))
    }
}

/// Which partitions were written.
#[derive(Default)]
pub struct Written {
    /// A few topics, each with the first records in its partitions.
    topics: Vec<(Arc<str>, Vec<First>)>,
}

/// The first record that a transaction has in a partition.
struct First {
    partition: u32,
    digest: u64,
}

/// Tells records from each other.
pub fn digest(key: &[u8], value: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (key, value).hash(&mut hasher);
    hasher.finish()
}

impl Written {
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    fn of(&mut self, topic: &Arc<str>) -> Option<&mut Vec<First>> {
        let same = |(known, _): &(Arc<str>, Vec<First>)| Arc::ptr_eq(known, topic) || known == topic;
        let at = self.topics.iter().position(same).unwrap_or(self.topics.len());
        if at == self.topics.len() {
            self.topics.push((topic.clone(), Vec::new()));
        }
        self.topics.get_mut(at).map(|(_, firsts)| firsts)
    }

    /// Of each record, so by comparing alone.
    pub fn add(&mut self, topic: &Arc<str>, partition: u32, key: &[u8], value: &[u8]) {
        let Some(firsts) = self.of(topic) else { return };
        if !firsts.iter().any(|first| first.partition == partition) {
            firsts.push(First { partition, digest: digest(key, value) });
        }
    }

    /// Adds what the same transaction has written later.
    pub fn extend(&mut self, later: Self) {
        for (topic, firsts) in later.topics {
            let Some(known) = self.of(&topic) else { continue };
            for first in firsts {
                if !known.iter().any(|known| known.partition == first.partition) {
                    known.push(first);
                }
            }
        }
    }

    /// Adds what another transaction has written.
    pub fn join(&mut self, other: Self) {
        for (topic, firsts) in other.topics {
            if let Some(known) = self.of(&topic) {
                known.extend(firsts);
            }
        }
    }

    pub fn places(&self) -> impl Iterator<Item = (&str, u32)> {
        self.topics.iter().flat_map(|(topic, firsts)| firsts.iter().map(|first| (&**topic, first.partition)))
    }

    /// Whether a record may be the first of such a transaction in a partition.
    pub fn begins_with(&self, topic: &str, partition: u32, digest: u64) -> bool {
        let mut firsts =
            self.topics.iter().filter(|(known, _)| &**known == topic).flat_map(|(_, firsts)| firsts);
        firsts.any(|first| first.partition == partition && first.digest == digest)
    }
}
