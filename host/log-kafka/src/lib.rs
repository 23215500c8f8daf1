//! The log on Kafka: the outputs, positions and state of steps in one transaction.
//!
//! Knows nothing of pipelines, plugins and stores. One connection belongs to one thread: it has a
//! transactional producer of its own, and a membership of its own in each group that it joins. Reading is
//! apart from membership: one consumer reads all partitions by offset, and another in each group only says
//! which partitions are this connection's, and in which generation of the group.

mod changelog;
mod cloud_event;
mod ear;
mod errors;
mod files;
mod group;
mod open;
mod options;
mod queue;
mod reader;
mod reminder;
mod scanner;
mod security;
mod sender;
mod token;
mod topics;
mod writer;

use std::cell::{Ref, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use log::{Error, Log, Most, Place, Position, Record, Slice, Step};

pub use group::Change;
use group::{Group, Ticket};
use open::{Open, Written};
pub use options::{Compression, Options};
use reader::Reader;
pub use reminder::Reminder;
use scanner::Scanner;
pub use security::{ClientCertificate, Mechanism, Sasl, Security};
pub use topics::Retention;
use topics::Topics;
use writer::{Moved, Progress, Touched, Writer};

/// Longest wait for one answer of the broker.
const ANSWER: Duration = Duration::from_secs(5);
/// The key of records without a value that only end a transaction in their partition; no reader is given any.
const FILLER: &[u8] = b"\0vigie.filler";
/// How long to wait for the markers of a transaction before looking again.
const MARKERS: Duration = Duration::from_millis(1);
/// Longest wait for them in one go. They come within milliseconds, unless another's transaction is open in front of
/// them; then whoever waits hears nothing of its groups meanwhile, and that other one may wait for it.
const MOST_MARKERS: Duration = Duration::from_millis(500);

/// A connection to a log on Kafka.
pub struct KafkaLog {
    options: Options,
    reminder: Reminder,
    scanner: Scanner,
    topics: Topics,
    reader: RefCell<Reader>,
    groups: RefCell<BTreeMap<String, Group>>,
    /// What says, for each partition that was read, in which generation of its group that was.
    read_in: RefCell<BTreeMap<(String, u32), Option<Ticket>>>,
    /// How far groups have come that this connection is a member of, as it knows.
    positions: RefCell<BTreeMap<(String, String, u32), u64>>,
    writer: Option<Writer>,
    open: Open,
    /// Partitions that were written, and up to where they have to be seen; none: that is still to be asked.
    unseen: RefCell<BTreeMap<(String, u32), Option<u64>>>,
    /// Topics of which partitions were taken away, perhaps because they are gone.
    doubted: BTreeSet<String>,
}

impl KafkaLog {
    /// Connects. With a name, it first ends what an older connection of the name has left open.
    ///
    /// # Errors
    /// [`Error::Away`], [`Error::Fenced`] where a still newer connection came, [`Error::Io`].
    pub fn connect(options: Options) -> Result<Self, Error> {
        let scanner = Scanner::open(&options)?;
        let writer = options.name.as_deref().map(|name| Writer::open(&options, name)).transpose()?;
        Ok(Self {
            reminder: Reminder::new(&options.brokers)?,
            topics: Topics::new(&options),
            reader: RefCell::new(Reader::open(&options)?),
            groups: RefCell::default(),
            read_in: RefCell::default(),
            positions: RefCell::default(),
            scanner,
            writer,
            open: Open::default(),
            unseen: RefCell::default(),
            doubted: BTreeSet::new(),
            options,
        })
    }

    /// Joins a group, to be given partitions of topics by [`Self::changes`]. From then on the group's
    /// positions are committed as its member.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn join(&mut self, group: &str, topics: &[&str]) -> Result<(), Error> {
        let joined = Group::join(&self.options, group, topics)?;
        self.groups.borrow_mut().insert(group.into(), joined);
        Ok(())
    }

    /// What the groups have given and taken since it was last asked. It must be asked every few seconds,
    /// and not between a read and its commit: partitions are given up here.
    ///
    /// # Errors
    /// [`Error::Fenced`] where a newer member of the same name has come, [`Error::NoTopic`] where partitions were
    /// taken away because their topic was deleted, [`Error::Io`].
    pub fn changes(&mut self) -> Result<Vec<Change>, Error> {
        self.remind();
        let mut changes = Vec::new();
        for group in self.groups.borrow().values() {
            group.changes(&mut changes)?;
        }
        for change in &changes {
            let (topic, partition) = change.place();
            // Others may have moved the group on meanwhile.
            self.positions.borrow_mut().retain(|(_, t, p), _| t != topic || *p != partition);
            if matches!(change, Change::Revoked { .. }) {
                self.reader.borrow_mut().close(topic, partition);
                self.doubted.insert(topic.to_owned());
            }
        }
        self.ask_for_doubted()?;
        Ok(changes)
    }

    /// A group takes a deleted topic's partitions away as any others, and nobody would miss them.
    fn ask_for_doubted(&mut self) -> Result<(), Error> {
        while let Some(topic) = self.doubted.first() {
            match self.topics.still_has(&self.scanner, topic, 0) {
                Ok(true) => drop(self.doubted.pop_first()),
                Ok(false) => return Err(Error::NoTopic { topic: topic.clone(), partition: 0 }),
                // Later, as it may last, and the groups are to be heard meanwhile.
                Err(error) if error.is_retry() => return Ok(()),
                Err(error) => return self.explained(Err(error)),
            }
        }
        Ok(())
    }

    fn must_exist(&self, topic: &str, partition: u32) -> Result<(), Error> {
        if self.explained(self.topics.has(&self.scanner, topic, partition))? {
            return Ok(());
        }
        Err(Error::NoTopic { topic: topic.into(), partition })
    }

    /// How long and how much of its records a topic keeps.
    ///
    /// # Errors
    /// [`Error::Away`], [`Error::Refused`] without the right to know.
    pub fn retention(&self, topic: &str) -> Result<Retention, Error> {
        self.explained(self.topics.retention(topic))
    }

    /// Waits until all that was committed here can be read by everybody; for a moment in each partition.
    ///
    /// # Errors
    /// [`Error::Pending`], [`Error::Away`].
    pub fn wait_until_visible(&self) -> Result<(), Error> {
        let unseen: Vec<_> = self.unseen.borrow().keys().cloned().collect();
        unseen.iter().try_for_each(|(topic, partition)| self.end_offset(topic, *partition).map(|_| ()))
    }

    /// Where what is committed in a partition ends. A commit is answered before its markers are written in
    /// every partition: waits for those of this connection, who would otherwise not find its own records. Not
    /// while it has a transaction open: others, for whom it would wait, may wait for that.
    fn visible_end(&self, topic: &str, partition: u32) -> Result<u64, Error> {
        let (start, at) = (Instant::now(), (topic.to_owned(), partition));
        let is_open = self.writer.as_ref().is_some_and(Writer::is_open);
        let wanted = match self.unseen.borrow().get(&at).filter(|_| !is_open) {
            None => return Ok(self.scanner.bounds(topic, partition)?.1),
            Some(Some(end)) => *end,
            Some(None) => self.scanner.written_end(topic, partition)?,
        };
        loop {
            let (_, end) = self.scanner.bounds(topic, partition)?;
            if end >= wanted {
                self.unseen.borrow_mut().remove(&at);
                return Ok(end);
            }
            self.unseen.borrow_mut().insert(at.clone(), Some(wanted));
            if start.elapsed() > MOST_MARKERS {
                return Err(Error::Pending { what: format!("partition {partition} of topic {topic}") });
            }
            std::thread::sleep(MARKERS);
        }
    }

    /// Looks at all clients of this connection now and then, as they may have forgotten their brokers.
    fn remind(&self) {
        if !self.reminder.is_due() {
            return;
        }
        let look = |client| self.reminder.look_at(client);
        self.scanner.clients().for_each(look);
        look(self.reader.borrow().client());
        self.groups.borrow().values().flat_map(Group::clients).for_each(look);
        self.topics.client().into_iter().chain(self.writer.as_ref().map(Writer::client)).for_each(look);
    }

    /// Of a log that does not answer because it does not let this program in, says so.
    fn explained<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if matches!(&result, Err(error) if error.is_retry()) {
            self.remind();
        }
        result.map_err(|error| self.options.explain(error))
    }

    /// A group that was joined, or that is looked at from outside from now on.
    fn group(&self, name: &str) -> Result<Ref<'_, Group>, Error> {
        if !self.groups.borrow().contains_key(name) {
            self.groups.borrow_mut().insert(name.into(), Group::look(&self.options, name)?);
        }
        Ok(Ref::map(self.groups.borrow(), |groups| &groups[name]))
    }

    /// In which generation of its group a topic is read now.
    fn ticket(&self, topic: &str, partition: u32) -> Option<Ticket> {
        let groups = self.groups.borrow();
        groups.values().find(|group| group.reads(topic)).and_then(|group| group.ticket(topic, partition))
    }

    /// Notes in which generation a partition is read. Before the records are: a generation that ends in
    /// between is refused at the commit.
    fn note_read(&self, topic: &str, partition: u32) -> Result<(), Error> {
        self.remind();
        self.must_exist(topic, partition)?;
        let ticket = self.ticket(topic, partition);
        self.read_in.borrow_mut().insert((topic.into(), partition), ticket);
        Ok(())
    }

    /// Refuses what would move a group back. A member's own knowledge holds, as nobody else can have
    /// committed in its generation.
    fn check_forward(&self, group: &str, position: &Position) -> Result<(), Error> {
        let at = (group.to_owned(), position.topic.to_string(), position.partition);
        let joined = self.groups.borrow().get(group).is_some_and(Group::is_joined);
        let known = self.positions.borrow().get(&at).copied().filter(|_| joined);
        let before = match known {
            Some(before) => Some(before),
            None => self.committed(group, &position.topic, position.partition)?,
        };
        match before {
            Some(before) if position.next_offset < before && joined => {
                // It slept, and was not told yet that the partition is another's.
                let why = format!("another has read {} {} on", position.topic, position.partition);
                Err(Error::Aborted { group: group.into(), why })
            }
            Some(before) if position.next_offset < before => {
                Err(Error::Backwards { group: group.into(), topic: position.topic.to_string() })
            }
            _ => Ok(()),
        }
    }

    /// What a group is to judge a step's positions by.
    fn ticket_of(&self, group: &str, first: &Position) -> Result<Ticket, Error> {
        let found = self.group(group)?;
        if !found.is_joined() {
            return found.outsider();
        }
        let at = (first.topic.to_string(), first.partition);
        match self.read_in.borrow().get(&at).cloned().flatten() {
            Some(ticket) => Ok(ticket),
            // It was read while it was not ours.
            None => {
                let why = format!("{} {} was read while it was not ours", at.0, at.1);
                Err(Error::Aborted { group: group.into(), why })
            }
        }
    }

    fn try_append(&mut self, step: &Step) -> Result<(), Error> {
        let mut written = Written::default();
        for log::Output { topic, partition, key, value, .. } in &step.outputs {
            written.add(topic, *partition, key, value);
        }
        for position in &step.positions {
            self.must_exist(&position.topic, position.partition)?;
            self.check_forward(&step.group, position)?;
        }
        let mut keys = Vec::new();
        let changes = changelog::records(&step.state, &mut keys)?;
        for changelog::Change { place, key, value } in &changes {
            written.add(&place.topic, place.partition, key, value.unwrap_or_default());
        }
        written.places().try_for_each(|(topic, partition)| self.must_exist(topic, partition))?;
        let ticket = step.positions.first().map(|first| self.ticket_of(&step.group, first)).transpose()?;
        let Some(writer) = &mut self.writer else {
            return Err(Error::Io("this connection has no name to commit under".into()));
        };
        self.open.written.extend(written);
        writer.append(step, &changes)?;
        if let Some(ticket) = ticket {
            self.open.move_group(&step.group, ticket, &step.positions);
        }
        Ok(())
    }

    /// Where a transaction was given up because a topic is said to be gone: which one, if it is.
    fn missing(&self, positions: &[Position]) -> Option<Error> {
        if !self.writer.as_ref().is_some_and(Writer::misses_a_topic) {
            return None;
        }
        let read = self.open.positions().map(|(_, position)| position).chain(positions);
        let read = read.map(|position| (&*position.topic, position.partition));
        let mut places = read.chain(self.open.written.places());
        places.find_map(|(topic, partition)| match self.topics.still_has(&self.scanner, topic, partition) {
            Ok(true) => None,
            Ok(false) => Some(Error::NoTopic { topic: topic.into(), partition }),
            Err(error) => Some(error),
        })
    }

    /// Ends the open transaction here; what a failed commit comes to is asked for anew.
    fn close(&mut self, done: &Result<(), Error>) {
        let open = std::mem::take(&mut self.open);
        let mut positions = self.positions.borrow_mut();
        for (group, position) in open.positions() {
            let at = (group.to_owned(), position.topic.to_string(), position.partition);
            match done {
                Ok(()) => positions.insert(at, position.next_offset),
                Err(_) => positions.remove(&at),
            };
        }
        drop(positions);
        if matches!(done, Ok(()) | Err(Error::Unknown { .. })) {
            let seen_to =
                open.written.places().map(|(topic, partition)| ((topic.to_owned(), partition), None));
            self.unseen.borrow_mut().extend(seen_to);
        }
        self.note(open, done.is_ok());
    }

    /// Has the writer end a transaction once more where the broker may have ended it in part.
    fn note(&mut self, open: Open, is_committed: bool) {
        let Some(writer) = self.writer.as_mut().filter(|_| !open.is_empty()) else { return };
        let groups = self.groups.borrow();
        let moved = |(group, moved): (Arc<str>, open::Moved)| {
            let outsider = groups.get(&*group)?.outsider().ok()?;
            Some(Moved { group, outsider, positions: moved.positions })
        };
        let touched =
            || Touched { written: open.written, moved: open.groups.into_iter().filter_map(moved).collect() };
        match is_committed {
            true => writer.note_committed(touched()),
            false => writer.note(touched),
        }
    }
}

impl Log for KafkaLog {
    fn create_topic(&self, name: &str, partitions: u32) -> Result<(), Error> {
        self.explained(self.topics.ensure(&self.scanner, name, partitions, topics::RECORDS))
    }

    fn create_compacted(&self, name: &str) -> Result<(), Error> {
        self.explained(self.topics.ensure(&self.scanner, name, 1, topics::CHANGELOG))
    }

    fn create_state(&self, stage: &str, partitions: u32) -> Result<(), Error> {
        let topic = changelog::topic(stage);
        self.explained(self.topics.ensure(&self.scanner, &topic, partitions, topics::CHANGELOG))
    }

    fn partitions(&self, topic: &str) -> Result<Option<u32>, Error> {
        self.explained(self.topics.known(&self.scanner, topic))
    }

    fn topics(&self) -> Result<Vec<(String, u32)>, Error> {
        self.explained(self.topics.all(&self.scanner))
    }

    fn start_offset(&self, topic: &str, partition: u32) -> Result<u64, Error> {
        Ok(self.explained(self.scanner.bounds(topic, partition))?.0)
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<u64, Error> {
        self.explained(self.visible_end(topic, partition))
    }

    fn read(&self, topic: &str, partition: u32, from: u64, most: Most) -> Result<Vec<Record>, Error> {
        self.note_read(topic, partition)?;
        let end = || self.visible_end(topic, partition);
        let read = self.reader.borrow_mut().read(&self.scanner, end, topic, partition, from, most);
        self.explained(read)
    }

    fn poll(&self, topic: &str, partition: u32, from: u64, most: Most) -> Result<Vec<Record>, Error> {
        self.note_read(topic, partition)?;
        let read = self.reader.borrow_mut().poll(&self.scanner, topic, partition, from, most);
        self.explained(read)
    }

    fn position(&self, group: &str, topic: &str, partition: u32) -> Result<Option<Position>, Error> {
        let found = self.explained(self.group(group)?.position(topic, partition))?;
        if let Some(Position { next_offset, .. }) = &found {
            self.positions.borrow_mut().insert((group.into(), topic.into(), partition), *next_offset);
        }
        Ok(found)
    }

    fn append(&mut self, step: Step) -> Result<(), Error> {
        let appended = self.try_append(&step).map_err(|error| self.missing(&step.positions).unwrap_or(error));
        if appended.is_err() {
            self.close(&appended);
            // What it cannot end now it ends before the next step.
            let _ = self.writer.as_mut().map_or(Ok(()), Writer::settle);
        }
        self.explained(appended)
    }

    fn commit(&mut self) -> Result<(), Error> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        if !writer.is_open() && !self.open.is_empty() {
            // Never say of what was given up that it is there.
            let open = std::mem::take(&mut self.open);
            self.note(open, false);
            let why = "the transaction has ended before its commit".into();
            return Err(Error::Aborted { group: String::new(), why });
        }
        let progress = self.open.groups.iter().map(|(group, moved)| Progress {
            group,
            positions: &moved.positions,
            ticket: &moved.ticket,
        });
        let done = writer.commit(&progress.collect::<Vec<_>>());
        let done = done.map_err(|error| self.missing(&[]).unwrap_or(error));
        self.close(&done);
        self.explained(done)
    }

    fn recover(&mut self) -> Result<(), Error> {
        let open = std::mem::take(&mut self.open);
        self.note(open, false);
        let settled = self.writer.as_mut().map_or(Ok(()), Writer::settle);
        self.explained(settled)
    }

    fn state_from(
        &self,
        stage: &str,
        partition: u32,
        from: &Place,
        most_bytes: usize,
    ) -> Result<Option<Slice>, Error> {
        let topic = changelog::topic(stage);
        if self.partitions(&topic)?.is_none_or(|count| partition >= count) {
            return Ok(from.is_empty().then(|| Slice { done: true, ..Slice::default() }));
        }
        let deletes_kept_ms = if from.is_empty() { 0 } else { self.topics.deletes_kept_ms(&topic)? };
        self.explained(self.scanner.state(stage, partition, from, most_bytes, deletes_kept_ms))
    }

    fn state_end(&self, stage: &str, partition: u32) -> Result<Option<Place>, Error> {
        let topic = changelog::topic(stage);
        if self.partitions(&topic)?.is_none_or(|count| partition >= count) {
            return Ok(None);
        }
        self.explained(self.scanner.state_end(stage, partition)).map(Some)
    }
}
