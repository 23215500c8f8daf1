//! What a store is, and how one is fed from derived topics: a cursor for each partition, which moves behind the rows.
//! Each store has a delivery of its own, at its own pace.
//!
//! Knows nothing of any real store or log, nor of pipelines.

mod circuit;
mod feed;
mod store;

use log::{Log, Most, Output, Record, Step};

pub use circuit::Circuit;
pub use event::Schema;
pub use feed::{Feed, Place};
pub use store::{Batch, Begun, Reject, Store, StoreError, Table};

/// What can go wrong with a delivery. No message holds a value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// A schema.
    #[error(transparent)]
    Event(#[from] event::Error),
    /// A cursor behind the end of its partition: the store was filled from another log, or the log has lost its end.
    #[error(
        "VG4017: the store's cursor {cursor} lies behind the end {end} of {topic} {partition}: it was filled from another \
         log; name another place, or set it back (`vigie stores rewind`)"
    )]
    Ahead {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// The next offset to deliver, as the store has it.
        cursor: u64,
        /// The offset that the next record will get.
        end: u64,
    },
    /// A record of a derived topic that was not written by this pipeline.
    #[error("VG0008: {topic} {partition}:{offset} cannot be read back: {why}")]
    Unreadable {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// The record's offset.
        offset: u64,
        /// A fixed text.
        why: String,
    },
}

impl Error {
    /// Whether the store may get over it without anybody's doing.
    fn is_retry(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retry(),
            // A cluster that has lost a leader may say an older end for a moment.
            Self::Ahead { .. } => true,
            _ => false,
        }
    }
}

/// A row that a store has refused, for the dead letters.
pub struct Refused<'a> {
    /// The store's name.
    pub store: &'a str,
    /// The derived topic.
    pub topic: &'a str,
    /// Its partition.
    pub partition: u32,
    /// The record.
    pub record: &'a Record,
    /// Why.
    pub reject: &'a Reject,
}

/// Writes a dead letter; nothing for one that is never dead-lettered again.
pub type Letter = Box<dyn Fn(&Refused<'_>) -> Vec<Output> + Send>;

/// How a delivery works.
pub struct Rules {
    /// The store's name in the pipeline.
    pub name: String,
    /// Knows the records that are no rows.
    pub skips: fn(&Record) -> bool,
    /// What becomes of a row that the store refuses.
    pub letter: Letter,
}

/// Most records that a store is tried with that was away, and twice as many after each success: what is read for one that is
/// still away is read in vain.
const PROBE_RECORDS: usize = 256;

/// All feeds of one store.
pub struct Delivery<S> {
    store: S,
    /// Whether the store is ready for the feeds.
    is_open: bool,
    /// Whether it is to be taken for the right one when it is opened next.
    is_adopted: bool,
    feeds: Vec<Feed>,
    rules: Rules,
    circuit: Circuit,
    /// Whether somebody must do something about it.
    is_broken: bool,
    /// What the store last failed with, for as long as it does.
    failure: Option<String>,
    /// Less than what is asked for, where the store takes no more at once.
    most_records: usize,
    /// The same, where it was away.
    probe_records: usize,
    letters: Vec<Output>,
    /// What the store has not settled yet.
    on_its_way: Option<Given>,
    refused: u64,
    failures: u64,
}

impl<S: Store> Delivery<S> {
    /// Of topics, each with its partitions and fields. None of the partitions is delivered before it is assigned. The
    /// store is opened by the first delivery, or by [`Self::open`].
    ///
    /// # Errors
    /// [`Error::Event`].
    pub fn new(store: S, topics: Vec<(String, u32, Schema)>, rules: Rules) -> Result<Self, Error> {
        let feed = |(topic, partitions, schema): (String, u32, Schema)| Feed::new(topic, partitions, &schema);
        let feeds = topics.into_iter().map(feed).collect::<Result<Vec<_>, Error>>()?;
        Ok(Self::of(store, feeds, rules))
    }

    /// Of raw topics, each with its partitions: their records are kept as they came, with topic, partition, offset and
    /// time.
    pub fn raw(store: S, topics: Vec<(String, u32)>, rules: Rules) -> Self {
        let feeds = topics.into_iter().map(|(topic, partitions)| Feed::raw(topic, partitions)).collect();
        Self::of(store, feeds, rules)
    }

    fn of(store: S, feeds: Vec<Feed>, rules: Rules) -> Self {
        Self {
            store,
            is_open: false,
            is_adopted: false,
            feeds,
            rules,
            circuit: Circuit::default(),
            is_broken: false,
            failure: None,
            most_records: usize::MAX,
            probe_records: usize::MAX,
            letters: Vec::new(),
            on_its_way: None,
            refused: 0,
            failures: 0,
        }
    }

    /// The tables of the topics, as the store is to have them.
    pub fn tables(&self) -> Vec<Table> {
        self.feeds.iter().map(|feed| feed.table.clone()).collect()
    }

    /// Makes the store ready for the topics, where it is not.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn open(&mut self) -> Result<(), Error> {
        if !self.is_open {
            let tables = self.tables();
            if self.is_adopted {
                self.store.adopt(&tables)?;
                self.is_adopted = false;
            }
            self.store.open(&tables)?;
            self.is_open = true;
        }
        Ok(())
    }

    /// Begins again at the cursors, at once: somebody has done something about the store.
    pub fn renew(&mut self) {
        self.begin_again();
        self.circuit.succeed();
    }

    /// Whether somebody must do something before it can go on.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Puts another store in the place of one that is not what was expected: somebody says that it is right.
    pub fn adopt(&mut self, store: S) {
        self.renew();
        self.store = store;
        (self.is_open, self.is_adopted) = (false, true);
    }

    /// The store.
    pub fn store(&mut self) -> &mut S {
        &mut self.store
    }

    /// The topics, each with how far it has been delivered.
    #[must_use]
    pub fn feeds(&self) -> &[Feed] {
        &self.feeds
    }

    /// Whether the store is asked at the moment.
    #[must_use]
    pub fn circuit(&self) -> Circuit {
        self.circuit
    }

    /// Rows since the start that the store has taken.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.feeds.iter().map(Feed::rows).sum()
    }

    /// Rows since the start that it has refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Attempts since the start that the store has failed.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// What the store last failed with, if it still does.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Takes all partitions of all topics.
    pub fn assign_all(&mut self) {
        for feed in &mut self.feeds {
            feed.places = (0..feed.table.partitions).map(|partition| (partition, Place::default())).collect();
        }
    }

    /// Takes a partition; of one that the topic did not have at the start the store is told.
    pub fn assign(&mut self, topic: &str, partition: u32) {
        let mut is_new = false;
        for feed in self.feeds.iter_mut().filter(|feed| feed.topic() == topic) {
            feed.places.insert(partition, Place::default());
            is_new |= partition >= feed.table.partitions;
            feed.table.partitions = feed.table.partitions.max(partition + 1);
        }
        if is_new {
            self.is_open = false;
            self.begin_again();
        }
    }

    /// Gives a partition away. What the store holds of it and has not written its new owner reads again.
    pub fn revoke(&mut self, topic: &str, partition: u32) {
        for feed in self.feeds.iter_mut().filter(|feed| feed.topic() == topic) {
            feed.places.remove(&partition);
        }
        // The store holds rows of several partitions together.
        self.begin_again();
    }

    /// Moves each cursor on by at most a batch; false where all is read, or the store is left alone for a while because
    /// it has failed. `now_us`: any clock that does not go back.
    ///
    /// # Errors
    /// [`Error`], but for what a store may get over by itself. What was not delivered is delivered by a later call, and
    /// where somebody must do something about it, it is tried again, seldom.
    pub fn deliver(&mut self, log: &mut dyn Log, most: Most, now_us: i64) -> Result<bool, Error> {
        if !self.circuit.lets_through(now_us) {
            return Ok(false);
        }
        let turned = self.open().and_then(|()| self.turn(log, most));
        // What was read of other partitions does not wait for a log that fails one.
        let flushed = match &turned {
            Ok(_) | Err(Error::Log(_)) => self.flush(log, false),
            Err(_) => Ok(()),
        };
        let error = match (turned, flushed) {
            (Ok(busy), Ok(())) => {
                self.circuit.succeed();
                (self.failure, self.is_broken) = (None, false);
                // Slowly more again, after it was too much.
                self.most_records = self.most_records.saturating_add(self.most_records / 16 + 1);
                self.probe_records = self.probe_records.saturating_mul(2);
                return Ok(busy);
            }
            // Who reads the log tries it again; what the store holds it need not be given again.
            (Err(error @ Error::Log(_)), Ok(())) => return Err(error),
            (Ok(_) | Err(Error::Log(_)), Err(error)) | (Err(error), _) => error,
        };
        self.begin_again();
        self.fail(error, most, now_us).map_or(Ok(false), Err)
    }

    /// Says when it is tried again, and gives back what is to be told at once.
    fn fail(&mut self, error: Error, most: Most, now_us: i64) -> Option<Error> {
        // The log, when the dead letters were written.
        if matches!(error, Error::Log(_)) {
            return Some(error);
        }
        self.failures += 1;
        self.failure = Some(error.to_string());
        self.is_broken = !error.is_retry();
        if self.is_broken {
            // Secrets may have been exchanged, or tables changed: it is looked at anew.
            self.is_open = false;
            self.circuit.break_down(now_us);
            return Some(error);
        }
        if matches!(error, Error::Store(StoreError::TooMuch(_))) {
            self.most_records = (self.most_records.min(self.probe_records).min(most.records) / 2).max(1);
        } else {
            self.probe_records = PROBE_RECORDS;
        }
        self.circuit.fail(now_us, &self.rules.name);
        None
    }

    /// Has the store write all that it holds.
    ///
    /// # Errors
    /// [`Error`]: then it is read again.
    pub fn finish(&mut self, log: &mut dyn Log) -> Result<(), Error> {
        let settled = self.settle();
        settled.and_then(|()| self.flush(log, true)).inspect_err(|_| self.begin_again())
    }

    /// What was read and not written is read again.
    fn begin_again(&mut self) {
        self.store.forget();
        self.on_its_way = None;
        self.letters.clear();
        self.feeds
            .iter_mut()
            .flat_map(|feed| feed.places.values_mut())
            .for_each(|place| *place = Place::default());
    }

    /// Reads each partition, and gives the store what it finds in a topic's together. Where there was less than may be
    /// read nothing stays on its way: nobody knows when there is more.
    fn turn(&mut self, log: &dyn Log, most: Most) -> Result<bool, Error> {
        let most = Most { records: most.records.min(self.most_records).min(self.probe_records), ..most };
        let (mut busy, mut is_behind) = (false, false);
        for number in 0..self.feeds.len() {
            let Some(feed) = self.feeds.get(number) else { continue };
            let partitions: Vec<u32> = feed.places.keys().copied().collect();
            let (mut found, mut room) = (Vec::new(), most);
            for partition in partitions {
                let read = self.read(log, number, partition, room);
                // What was read before does not wait for a partition that fails.
                let read = match read {
                    Err(error) => {
                        self.give(number, found)?;
                        self.settle()?;
                        return Err(error);
                    }
                    Ok(None) => continue,
                    Ok(Some(read)) => read,
                };
                busy = true;
                room.records = room.records.saturating_sub(read.records.len());
                room.bytes = room.bytes.saturating_sub(read.bytes());
                found.push(read);
                if room.records == 0 || room.bytes == 0 {
                    self.give(number, std::mem::take(&mut found))?;
                    (room, is_behind) = (most, true);
                }
            }
            self.give(number, found)?;
        }
        if !is_behind {
            self.settle()?;
        }
        Ok(busy)
    }

    /// The next records of a partition; none: it is read to its end.
    fn read(
        &mut self,
        log: &dyn Log,
        number: usize,
        partition: u32,
        most: Most,
    ) -> Result<Option<Read>, Error> {
        let Some(feed) = self.feeds.get_mut(number) else { return Ok(None) };
        let topic = feed.table.topic.clone();
        let from = match feed.places.get(&partition).and_then(|place| place.next_offset) {
            Some(from) => from,
            // A new store begins with what retention has left.
            None => match self.store.cursor(&topic, partition)? {
                Some(cursor) => within(log, &topic, partition, cursor)?,
                None => log.start_offset(&topic, partition)?,
            },
        };
        let records = log.read(&topic, partition, from, most)?;
        let Some(last) = records.last() else {
            feed.places.insert(partition, Place { next_offset: Some(from), at_end: true });
            return Ok(None);
        };
        let next_offset = last.offset + 1;
        let rows = feed.decode(partition, records.iter().filter(|record| !(self.rules.skips)(record)))?;
        Ok(Some(Read { partition, from, next_offset, records, rows }))
    }

    /// Has the store write what was read of a topic's partitions.
    fn give(&mut self, number: usize, found: Vec<Read>) -> Result<(), Error> {
        let Some(feed) = self.feeds.get_mut(number).filter(|_| !found.is_empty()) else { return Ok(()) };
        let mut batches = Vec::with_capacity(found.len());
        for Read { partition, from, next_offset, rows, .. } in &found {
            batches.push(feed.batch(*partition, *from, *next_offset, rows)?);
        }
        let begun = self.store.begin(&batches)?;
        for read in &found {
            let place = Place { next_offset: Some(read.next_offset), at_end: false };
            feed.places.insert(read.partition, place);
        }
        let given = Given { number, found };
        match begun {
            Begun::Done(rejects) => self.note(&given, &rejects),
            Begun::OnTheirWay => {
                // With these on their way the store is not without work while it is waited for those before.
                if let Some(before) = self.on_its_way.replace(given) {
                    let rejects = self.store.settle()?;
                    self.note(&before, &rejects);
                }
            }
        }
        Ok(())
    }

    /// Waits for what is on its way.
    fn settle(&mut self) -> Result<(), Error> {
        if let Some(given) = self.on_its_way.take() {
            let rejects = self.store.settle()?;
            self.note(&given, &rejects);
        }
        Ok(())
    }

    /// Counts what became of what the store was given, and writes the dead letters of what it will never take.
    fn note(&mut self, given: &Given, rejects: &[Vec<Reject>]) {
        let Some(feed) = self.feeds.get_mut(given.number) else { return };
        let (store, topic) = (&self.rules.name, &feed.table.topic);
        let (mut taken, mut refused) = (0, 0);
        for (read, rejects) in given.found.iter().zip(rejects) {
            let offsets = &read.rows.offsets;
            (taken, refused) = (taken + offsets.len(), refused + rejects.len());
            for reject in rejects {
                let offset = offsets.get(reject.row);
                let record = read.records.iter().find(|record| Some(&record.offset) == offset);
                let letter = record.map(|record| {
                    (self.rules.letter)(&Refused { store, topic, partition: read.partition, record, reject })
                });
                self.letters.extend(letter.into_iter().flatten());
            }
        }
        feed.rows += taken.saturating_sub(refused) as u64;
        self.refused += refused as u64;
    }

    /// Dead letters first: behind the cursor nobody looks for what was refused. Where the cursor then does not move they
    /// are written again, under the same ids.
    fn flush(&mut self, log: &mut dyn Log, all: bool) -> Result<(), Error> {
        if !self.letters.is_empty() {
            let step = Step {
                outputs: std::mem::take(&mut self.letters),
                ..Step::of(&self.rules.name, &[], &[], &[])
            };
            log.commit_step(step)?;
        }
        Ok(self.store.flush(all)?)
    }
}

/// What a store was given together: of which feed, and what was read of each partition.
struct Given {
    number: usize,
    found: Vec<Read>,
}

/// Records of a partition, with the rows in them.
struct Read {
    partition: u32,
    from: u64,
    next_offset: u64,
    records: Vec<Record>,
    rows: feed::Rows,
}

impl Read {
    fn bytes(&self) -> usize {
        self.records.iter().map(|record| record.key.len() + record.value.len()).sum()
    }
}

/// A cursor that can be, as the log has come that far.
fn within(log: &dyn Log, topic: &str, partition: u32, cursor: u64) -> Result<u64, Error> {
    let end = log.end_offset(topic, partition)?;
    if cursor <= end { Ok(cursor) } else { Err(Error::Ahead { topic: topic.into(), partition, cursor, end }) }
}

#[cfg(test)]
mod tests;
