//! A worker's connection to the cluster: what [`log::Log`] is to it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use log::{Error, Log, Most, Place, Position, Record, Slice, Step};

use crate::cluster::{Cluster, Fate, Member, Request};
use crate::faults::Sabotage;

/// A connection of one member, in one of its lives.
pub struct Connection {
    cluster: Rc<RefCell<Cluster>>,
    pub member: Member,
    epoch: u64,
    /// The generation of the group, by the topic that it reads, as the member last heard it.
    heard: BTreeMap<String, u64>,
    /// The same when a partition was last read.
    read_in: RefCell<BTreeMap<(String, u32), Option<u64>>>,
    /// What becomes of the next commit.
    pub fate: Cell<Fate>,
}

impl Connection {
    pub fn new(cluster: &Rc<RefCell<Cluster>>, member: Member) -> Self {
        let epoch = cluster.borrow_mut().connect(member);
        Self {
            cluster: cluster.clone(),
            member,
            epoch,
            heard: BTreeMap::new(),
            read_in: RefCell::default(),
            fate: Cell::new(Fate::Done),
        }
    }

    /// Hears of a rebalance.
    pub fn hear(&mut self, topic: &str) {
        let generation = self.cluster.borrow().groups.get(topic).map_or(0, |group| group.generation);
        self.heard.insert(topic.into(), generation);
    }

    /// The generation that it knows of.
    pub fn heard(&self, topic: &str) -> Option<u64> {
        self.heard.get(topic).copied()
    }
}

impl Log for Connection {
    fn create_topic(&self, name: &str, partitions: u32) -> Result<(), Error> {
        self.cluster.borrow_mut().create_topic(name, partitions);
        Ok(())
    }

    fn partitions(&self, topic: &str) -> Result<Option<u32>, Error> {
        Ok(self.cluster.borrow().topics.get(topic).map(|all| all.len() as u32))
    }

    fn topics(&self) -> Result<Vec<(String, u32)>, Error> {
        let cluster = self.cluster.borrow();
        Ok(cluster.topics.iter().map(|(name, all)| (name.clone(), all.len() as u32)).collect())
    }

    fn start_offset(&self, topic: &str, partition: u32) -> Result<u64, Error> {
        Ok(self.cluster.borrow().partition(topic, partition)?.start)
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<u64, Error> {
        Ok(self.cluster.borrow().partition(topic, partition)?.stable())
    }

    fn read(&self, topic: &str, partition: u32, from: u64, most: Most) -> Result<Vec<Record>, Error> {
        let cluster = self.cluster.borrow();
        let at = (topic.to_owned(), partition);
        self.read_in.borrow_mut().insert(at, self.heard.get(topic).copied());
        let found = cluster.partition(topic, partition)?;
        if from < found.start {
            return Err(Error::Expired { topic: topic.into(), partition, start: found.start, wanted: from });
        }
        let dirty = cluster.sabotaged(Sabotage::ReadUncommitted);
        let entries: Box<dyn Iterator<Item = _>> =
            if dirty { Box::new(found.all(from)) } else { Box::new(found.committed(from)) };
        let (mut records, mut bytes) = (Vec::new(), 0);
        for entry in entries.take(most.records) {
            let value = entry.value.clone().unwrap_or_default();
            bytes += entry.key.len() + value.len();
            if bytes > most.bytes && !records.is_empty() {
                break;
            }
            let (offset, timestamp_us, key) = (entry.offset, entry.timestamp_us, entry.key.clone().into());
            records.push(Record { offset, timestamp_us, key, value: value.into() });
        }
        Ok(records)
    }

    fn position(&self, group: &str, topic: &str, partition: u32) -> Result<Option<Position>, Error> {
        let cluster = self.cluster.borrow();
        if cluster.is_pending(group, topic, partition) {
            return Err(Error::Pending { what: format!("{group} in {topic}") });
        }
        Ok(cluster.positions.get(&(group.into(), topic.into(), partition)).cloned())
    }

    fn append(&mut self, step: Step) -> Result<(), Error> {
        let first = step.positions.first().map(|p| (p.topic.to_string(), p.partition));
        let generation = first.and_then(|at| self.read_in.borrow().get(&at).copied().flatten());
        let (member, epoch) = (self.member, self.epoch);
        self.cluster.borrow_mut().append(&Request { member, epoch, generation, step })
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.cluster.borrow_mut().commit(self.member, self.epoch, self.fate.replace(Fate::Done))
    }

    fn recover(&mut self) -> Result<(), Error> {
        let mut cluster = self.cluster.borrow_mut();
        cluster.check_epoch(self.member, self.epoch)?;
        cluster.end_all_of(self.member);
        Ok(())
    }

    fn state_from(
        &self,
        stage: &str,
        partition: u32,
        from: &Place,
        most_bytes: usize,
    ) -> Result<Option<Slice>, Error> {
        self.cluster.borrow().state_from(stage, partition, from, most_bytes)
    }

    fn state_end(&self, stage: &str, partition: u32) -> Result<Option<Place>, Error> {
        Ok(self.cluster.borrow().state_end(stage, partition))
    }
}
