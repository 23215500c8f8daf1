//! The broker's side of the log: transactions, consumer groups, fencing. It does what it is told, and
//! the schedule tells it when a transaction ends.

use std::collections::{BTreeMap, BTreeSet};

use log::{Error, Output, Place, Position, Slice, StateChange, Step};

use crate::faults::Sabotage;
use crate::partition::{Number, Partition};

/// Whose connection it is; it keeps its number over restarts, as a transactional id does.
pub type Member = u32;

/// Where a commit stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is done, and says so.
    Done,
    /// It is decided and says so, but the markers are still to be written.
    Slow,
    /// It is aborted, and says so.
    Aborted,
    /// It is done, and its answer is lost.
    DoneUnheard,
    /// It is decided, and its answer is lost.
    SlowUnheard,
    /// The request is lost: the transaction stays open.
    Unsent,
}

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Open,
    Decided,
}

/// A transaction without its markers.
struct Transaction {
    member: Member,
    progress: Progress,
    places: BTreeSet<(String, u32)>,
    /// With the group of each, and the generation in which it was read.
    positions: Vec<(String, Position, Option<u64>)>,
}

/// Who reads a topic's partitions.
#[derive(Default)]
pub struct Group {
    pub generation: u64,
    pub members: BTreeSet<Member>,
    /// The owner of each partition.
    pub owners: Vec<Option<Member>>,
}

/// The brokers, all of them in one.
#[derive(Default)]
pub struct Cluster {
    pub topics: BTreeMap<String, Vec<Partition>>,
    /// By stage and partition, all its tables in one, as they lie on Kafka.
    pub changelogs: BTreeMap<(String, u32), Partition>,
    /// The time by which deletes in changelogs grow old.
    pub now_us: i64,
    /// For how long they are kept at least; none: for ever.
    pub deletes_kept_us: Option<i64>,
    /// By the topic that is read: each has one stage that reads it.
    pub groups: BTreeMap<String, Group>,
    pub positions: BTreeMap<(String, String, u32), Position>,
    epochs: BTreeMap<Member, u64>,
    transactions: BTreeMap<Number, Transaction>,
    /// The transaction that a member appends to. It may have timed out meanwhile.
    appending: BTreeMap<Member, Number>,
    last: Number,
    pub sabotage: Option<Sabotage>,
    /// What a broker would never do.
    pub wrong: Option<String>,
    /// Commits that were made wrong on purpose, to know which.
    commits: u64,
}

/// A step, and who appends it.
pub struct Request {
    pub member: Member,
    pub epoch: u64,
    /// Of the group when the step's records were read.
    pub generation: Option<u64>,
    pub step: Step,
}

/// Under which name a stage's changelog lies among the places of a transaction.
fn changelog(stage: &str, partition: u32) -> (String, u32) {
    (format!("\0{stage}"), partition)
}

/// A place in a changelog: the next offset, where a restore that is under way ends, and since when.
struct Mark {
    offset: u64,
    end: Option<u64>,
    since_us: i64,
}

impl Mark {
    fn to_place(&self) -> Place {
        let numbers = [self.offset, self.end.unwrap_or(u64::MAX), self.since_us.cast_unsigned()];
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    fn of(place: &Place) -> Self {
        let number = |at| u64::from_be_bytes(place[at..at + 8].try_into().unwrap());
        let end = Some(number(8)).filter(|end| *end != u64::MAX);
        Self { offset: number(0), end, since_us: number(16).cast_signed() }
    }
}

impl Cluster {
    pub fn create_topic(&mut self, name: &str, partitions: u32) {
        let count = partitions as usize;
        self.topics.entry(name.into()).or_insert_with(|| vec![Partition::default(); count]);
    }

    pub fn partition(&self, topic: &str, partition: u32) -> Result<&Partition, Error> {
        let found = self.topics.get(topic).and_then(|all| all.get(partition as usize));
        found.ok_or_else(|| Error::NoTopic { topic: topic.into(), partition })
    }

    fn place(&mut self, (topic, partition): &(String, u32)) -> Option<&mut Partition> {
        match topic.strip_prefix('\0') {
            Some(stage) => Some(self.changelogs.entry((stage.into(), *partition)).or_default()),
            None => self.topics.get_mut(topic)?.get_mut(*partition as usize),
        }
    }

    /// A new connection of a member: the older ones are fenced, and what they left open is ended.
    pub fn connect(&mut self, member: Member) -> u64 {
        self.end_all_of(member);
        let epoch = self.epochs.entry(member).or_default();
        *epoch += 1;
        *epoch
    }

    /// Ends what a member has left: a decided transaction is completed, an open one aborted.
    pub fn end_all_of(&mut self, member: Member) {
        self.appending.remove(&member);
        let left = self.transactions.iter().filter(|(_, t)| t.member == member);
        for number in left.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.end(number);
        }
    }

    pub fn check_epoch(&self, member: Member, epoch: u64) -> Result<(), Error> {
        let fenced = self.epochs.get(&member) != Some(&epoch) && !self.sabotaged(Sabotage::NoFencing);
        if fenced { Err(Error::Fenced) } else { Ok(()) }
    }

    /// All transactions that wait for their end.
    pub fn unfinished(&self) -> Vec<Number> {
        self.transactions.keys().copied().collect()
    }

    /// Writes the markers of a transaction: committed if that was decided, otherwise it has timed out.
    pub fn end(&mut self, number: Number) {
        let Some(transaction) = self.transactions.remove(&number) else { return };
        let committed = transaction.progress == Progress::Decided;
        for place in &transaction.places {
            if let Some(partition) = self.place(place) {
                partition.end(number, committed);
            }
        }
        if !committed {
            return;
        }
        self.commits += 1;
        if self.sabotaged(Sabotage::LosePositions) && self.commits.is_multiple_of(16) {
            return;
        }
        for (group, position, _) in transaction.positions {
            let Position { topic, partition, next_offset, .. } = position.clone();
            let before = self.next_offset(&group, &topic, partition);
            if before > next_offset {
                self.wrong = Some(format!("{group} went back in {topic} from {before} to {next_offset}"));
            }
            self.positions.insert((group, topic.to_string(), partition), position);
        }
    }

    /// Writes a step in the member's open transaction, or in a new one.
    pub fn append(&mut self, request: &Request) -> Result<(), Error> {
        let Request { member, epoch, generation, step } = request;
        self.check_epoch(*member, *epoch)?;
        let number = match self.appending.get(member) {
            Some(number) => *number,
            None => self.begin(*member),
        };
        if !self.transactions.contains_key(&number) {
            self.appending.remove(member);
            return Err(Error::Aborted { group: step.group.to_string(), why: String::new() });
        }
        let places = self.write(number, step)?;
        if let Some(transaction) = self.transactions.get_mut(&number) {
            transaction.places.extend(places);
            let positions = step.positions.iter().cloned();
            transaction.positions.extend(positions.map(|at| (step.group.to_string(), at, *generation)));
        }
        Ok(())
    }

    fn begin(&mut self, member: Member) -> Number {
        // A producer waits for the end of its last transaction before it begins the next.
        self.end_all_of(member);
        self.last += 1;
        let (places, positions) = (BTreeSet::new(), Vec::new());
        self.transactions
            .insert(self.last, Transaction { member, progress: Progress::Open, places, positions });
        self.appending.insert(member, self.last);
        self.last
    }

    /// Takes the member's open transaction as far as its fate lets it come.
    pub fn commit(&mut self, member: Member, epoch: u64, fate: Fate) -> Result<(), Error> {
        self.check_epoch(member, epoch)?;
        let Some(number) = self.appending.remove(&member) else { return Ok(()) };
        let of = |t: &Transaction| t.positions.first().map_or(String::new(), |(group, ..)| group.clone());
        // It has timed out, and was aborted.
        let Some(group) = self.transactions.get(&number).map(of) else {
            return Err(Error::Aborted { group: String::new(), why: String::new() });
        };
        let is_member = self.transactions.get(&number).is_some_and(|transaction| {
            transaction.positions.iter().all(|(_, at, read_in)| self.is_member(&at.topic, member, *read_in))
        });
        let decides = matches!(fate, Fate::Done | Fate::Slow | Fate::DoneUnheard | Fate::SlowUnheard);
        if let (true, Some(transaction)) = (decides && is_member, self.transactions.get_mut(&number)) {
            transaction.progress = Progress::Decided;
        }
        let ends = matches!(fate, Fate::Done | Fate::Aborted | Fate::DoneUnheard);
        if ends || (!is_member && fate != Fate::Unsent) {
            self.end(number);
        }
        match fate {
            Fate::Done | Fate::Slow if is_member => Ok(()),
            Fate::Done | Fate::Slow | Fate::Aborted => Err(Error::Aborted { group, why: String::new() }),
            Fate::DoneUnheard | Fate::SlowUnheard | Fate::Unsent => Err(Error::Unknown { group }),
        }
    }

    fn write(&mut self, number: Number, step: &Step) -> Result<BTreeSet<(String, u32)>, Error> {
        let mut places = BTreeSet::new();
        for Output { topic, partition, timestamp_us, key, value } in &step.outputs {
            let place = (topic.to_string(), *partition);
            let missing = || Error::NoTopic { topic: topic.to_string(), partition: *partition };
            self.place(&place).ok_or_else(missing)?.append(number, *timestamp_us, key, Some(value));
            places.insert(place);
        }
        for StateChange { table, key, value } in &step.state {
            let (stage, partition, name) = log::parse_table(table).unwrap();
            let place = changelog(stage, partition);
            let (key, now_us) = ([name.as_bytes(), &[0], key].concat(), self.now_us);
            if let Some(partition) = self.place(&place) {
                partition.append(number, now_us, &key, value.as_deref());
            }
            places.insert(place);
        }
        Ok(places)
    }

    /// How far a group has committed a partition.
    pub fn next_offset(&self, group: &str, topic: &str, partition: u32) -> u64 {
        let found = self.positions.get(&(group.to_owned(), topic.to_owned(), partition));
        found.map_or(0, |position| position.next_offset)
    }

    fn is_member(&self, topic: &str, member: Member, read_in: Option<u64>) -> bool {
        let Some(group) = self.groups.get(topic) else { return true };
        let current = read_in == Some(group.generation) && group.members.contains(&member);
        current || self.sabotaged(Sabotage::NoFencing)
    }

    /// Whether an open transaction may still move a position.
    pub fn is_pending(&self, group: &str, topic: &str, partition: u32) -> bool {
        let moves = |t: &Transaction| {
            t.positions.iter().any(|(g, p, _)| g == group && &*p.topic == topic && p.partition == partition)
        };
        !self.sabotaged(Sabotage::UnstablePositions) && self.transactions.values().any(moves)
    }

    /// The next changes in the changelog of a stage's partition, up to the end that it had when the first
    /// were asked for; none: deletes may be missing.
    pub fn state_from(
        &self,
        stage: &str,
        partition: u32,
        from: &Place,
        most_bytes: usize,
    ) -> Result<Option<Slice>, Error> {
        let Some(changelog) = self.changelogs.get(&(stage.into(), partition)) else {
            return Ok(Some(Slice { done: true, ..Slice::default() }));
        };
        let mut mark = match from.as_slice() {
            [] => Mark { offset: 0, end: None, since_us: self.now_us },
            _ => Mark::of(from),
        };
        let is_old = self.deletes_kept_us.is_some_and(|us| self.now_us > mark.since_us + us / 2);
        if is_old && !self.sabotaged(Sabotage::OldSnapshots) {
            return Ok(None);
        }
        if mark.end.is_none() && !from.is_empty() && self.sabotaged(Sabotage::LatePlaces) {
            mark.offset = changelog.next;
        }
        let decided = match self.sabotaged(Sabotage::UnstablePositions) {
            true => changelog.next,
            false => changelog.stable(),
        };
        let (end, before) = (mark.end.unwrap_or(changelog.next), mark.offset);
        let (mut changes, mut bytes) = (Vec::new(), 0);
        let dirty = self.sabotaged(Sabotage::KeepAbortedState);
        let mut next = end.min(decided);
        for entry in changelog.all(mark.offset).take_while(|e| e.offset < end.min(decided)) {
            if bytes >= most_bytes.max(1) {
                next = entry.offset;
                break;
            }
            if !dirty && changelog.is_aborted(entry.of) {
                continue;
            }
            let at = entry.key.iter().position(|byte| *byte == 0).unwrap();
            let name = std::str::from_utf8(&entry.key[..at]).unwrap();
            let (key, value) = (entry.key[at + 1..].to_vec(), entry.value.clone());
            bytes += entry.key.len() + value.as_ref().map_or(0, Vec::len);
            let table = log::table_name(stage, partition, name).into();
            changes.push(StateChange { table, key: key.into(), value: value.map(Vec::into) });
        }
        mark.offset = mark.offset.max(next);
        let done = mark.offset >= end;
        if !done && mark.offset == before {
            return Err(Error::Pending { what: stage.into() });
        }
        mark.end = Some(end).filter(|_| !done);
        Ok(Some(Slice { changes, next: mark.to_place(), done }))
    }

    /// A place behind what is decided.
    pub fn state_end(&self, stage: &str, partition: u32) -> Option<Place> {
        let changelog = self.changelogs.get(&(stage.into(), partition));
        let (offset, since_us) = (changelog.map_or(0, Partition::stable), self.now_us);
        Some(Mark { offset, end: None, since_us }.to_place())
    }

    /// Compaction; with deletes that have been kept for long enough it has done.
    pub fn compact(&mut self, forgets: bool) {
        let old_us = self.deletes_kept_us.filter(|_| forgets).map(|us| self.now_us - us);
        for changelog in self.changelogs.values_mut() {
            changelog.compact(self.now_us);
            changelog.forget(old_us.unwrap_or(i64::MIN));
        }
    }

    pub fn sabotaged(&self, by: Sabotage) -> bool {
        self.sabotage == Some(by)
    }

    /// Gives a topic's partitions to other members; who is not told keeps an old generation.
    pub fn rebalance(&mut self, topic: &str, members: BTreeSet<Member>, owners: Vec<Option<Member>>) {
        let group = self.groups.entry(topic.into()).or_default();
        group.generation += 1;
        (group.members, group.owners) = (members, owners);
    }
}
