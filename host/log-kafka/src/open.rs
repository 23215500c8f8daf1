//! What the open transaction holds beside its records.

use std::collections::BTreeMap;
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
                Some(before) => before.next_offset = position.next_offset,
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
    /// A few topics, each with the partitions in the order of their first record.
    topics: Vec<(Arc<str>, Vec<u32>)>,
}

impl Written {
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// Of each record, so by comparing alone.
    pub fn add(&mut self, topic: &Arc<str>, partition: u32) {
        let known = self.topics.iter_mut().find(|(known, _)| Arc::ptr_eq(known, topic) || known == topic);
        match known {
            Some((_, partitions)) if partitions.contains(&partition) => {}
            Some((_, partitions)) => partitions.push(partition),
            None => self.topics.push((topic.clone(), vec![partition])),
        }
    }

    pub fn extend(&mut self, other: Self) {
        for (topic, partitions) in other.topics {
            partitions.into_iter().for_each(|partition| self.add(&topic, partition));
        }
    }

    pub fn places(&self) -> impl Iterator<Item = (&str, u32)> {
        self.topics.iter().flat_map(|(topic, partitions)| partitions.iter().map(|p| (&**topic, *p)))
    }
}
