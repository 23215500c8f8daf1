//! What a log is: topics of partitions of records, read by offset, and a step committed at once.
//!
//! Knows nothing of any real log, of pipelines or of stores. `log-embedded` implements [`Log`] on
//! one SQLite file, `log-kafka` on Kafka, `tests/simulation` as Kafka behaves when it is unwell;
//! `tests/log-suite` says what all of them have in common.

mod refusal;

use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes that share the memory of those that were read or written with them.
pub use bytes::Bytes;
pub use refusal::Refusal;

/// A record as it lies in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the partition.
    pub offset: u64,
    /// When it was received, in microseconds since 1970, UTC; a log may keep whole milliseconds only.
    pub timestamp_us: i64,
    /// What compaction keeps the last of.
    pub key: Bytes,
    /// The event's bytes.
    pub value: Bytes,
}

/// Most that one read gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Most {
    /// Records.
    pub records: usize,
    /// Bytes of keys and values, beyond the first record.
    pub bytes: usize,
}

impl Most {
    /// Whatever there is.
    pub const ALL: Self = Self { records: usize::MAX, bytes: usize::MAX };
}

/// A record to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The topic, which must exist.
    pub topic: Arc<str>,
    /// One of the topic's partitions.
    pub partition: u32,
    /// In microseconds since 1970, UTC.
    pub timestamp_us: i64,
    /// The record's key.
    pub key: Bytes,
    /// The record's bytes.
    pub value: Bytes,
}

/// How far a group has read a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The topic read.
    pub topic: Arc<str>,
    /// The partition read.
    pub partition: u32,
    /// The offset of the next record to read.
    pub next_offset: u64,
    /// What the reader has to know to go on there, so that it need not read its state for that; some hundred bytes at
    /// most.
    pub note: String,
}

/// A change of keyed state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// The table: `STAGE`, or `STAGE/PARTITION.NAME` for one of the tables of a stage's partition.
    pub table: Arc<str>,
    /// The key.
    pub key: Bytes,
    /// The new value; none deletes.
    pub value: Option<Bytes>,
}

/// A key of keyed state and its value.
pub type KeyValue = (Vec<u8>, Vec<u8>);

/// A place in the state of a stage's partition: only the log that gave it knows what it means. Empty: the
/// beginning.
pub type Place = Vec<u8>;

/// A part of the state of a stage's partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// What is to be done to what the slices before have come to.
    pub changes: Vec<StateChange>,
    /// Where to go on; behind the last slice, where the changes of later commits begin.
    pub next: Place,
    /// Whether this was the last one.
    pub done: bool,
}

/// The stage, the partition and the name of a table: those of `STAGE/PARTITION.NAME`; a table `STAGE` lies
/// in partition 0 and has no name. None: no table is called like that.
#[must_use]
pub fn parse_table(table: &str) -> Option<(&str, u32, &str)> {
    let Some((stage, rest)) = table.split_once('/') else { return Some((table, 0, "")) };
    let (partition, name) = rest.split_once('.')?;
    Some((stage, partition.parse().ok()?, name)).filter(|_| !name.is_empty())
}

/// What [`parse_table`] takes apart.
#[must_use]
pub fn table_name(stage: &str, partition: u32, name: &str) -> String {
    if name.is_empty() { stage.into() } else { format!("{stage}/{partition}.{name}") }
}

/// Most bytes of a slice where a whole table is wanted at once.
const SLICE_BYTES: usize = 4 << 20;

/// A step of a stage. All of it is committed, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whose positions these are.
    pub group: Arc<str>,
    /// New positions; each moves forward only.
    pub positions: Vec<Position>,
    /// Records to append.
    pub outputs: Vec<Output>,
    /// State to change.
    pub state: Vec<StateChange>,
}

impl Step {
    /// Of copies.
    #[must_use]
    pub fn of(group: &str, positions: &[Position], outputs: &[Output], state: &[StateChange]) -> Self {
        Self {
            group: group.into(),
            positions: positions.to_vec(),
            outputs: outputs.to_vec(),
            state: state.to_vec(),
        }
    }
}

/// A log.
pub trait Log {
    /// Makes a topic, or finds it as it should be.
    ///
    /// # Errors
    /// [`Error::Partitions`] if it exists with another number of partitions, [`Error::Setting`] with
    /// another setting that matters.
    fn create_topic(&self, name: &str, partitions: u32) -> Result<(), Error>;
    /// Makes a topic that others write, or finds it with at least so many partitions, as others may have added some;
    /// gives how many it has. Where it has fewer, a log that nobody else administers adds them.
    ///
    /// # Errors
    /// As [`Self::create_topic`].
    fn open_topic(&self, name: &str, at_least: u32) -> Result<u32, Error> {
        match self.partitions(name)? {
            Some(found) if found > at_least => Ok(found),
            _ => self.create_topic(name, at_least).map(|()| at_least),
        }
    }
    /// Makes a topic of one partition that keeps the last record of each key, or finds it. A log that keeps everything
    /// may keep the others too.
    ///
    /// # Errors
    /// As [`Self::create_topic`].
    fn create_compacted(&self, name: &str) -> Result<(), Error> {
        self.create_topic(name, 1)
    }
    /// Makes room for a stage's tables of keyed state, or finds it as it should be. A log that keeps tables
    /// without being told has nothing to do.
    ///
    /// # Errors
    /// As [`Self::create_topic`].
    fn create_state(&self, _stage: &str, _partitions: u32) -> Result<(), Error> {
        Ok(())
    }
    /// The number of a topic's partitions; none: there is no such topic.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn partitions(&self, topic: &str) -> Result<Option<u32>, Error>;
    /// All topics with their partitions, by name.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn topics(&self) -> Result<Vec<(String, u32)>, Error>;
    /// The first offset of a partition that retention has left; a group without a position begins there.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn start_offset(&self, topic: &str, partition: u32) -> Result<u64, Error>;
    /// The offset that the next record of a partition will get.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn end_offset(&self, topic: &str, partition: u32) -> Result<u64, Error>;
    /// Records from an offset on: at most so many, but at least one if there is one.
    /// What this connection has committed is there; what others have may be there a moment later.
    ///
    /// Offsets may have gaps, and the last record may lie before [`Self::end_offset`] with nothing behind
    /// it: markers of transactions and what was aborted take offsets too.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Away`], [`Error::Expired`], [`Error::Shortened`].
    fn read(&self, topic: &str, partition: u32, from: u64, most: Most) -> Result<Vec<Record>, Error>;
    /// The same, of what is at hand: none where the next record has not come yet, even if there is one.
    ///
    /// # Errors
    /// As [`Self::read`].
    fn poll(&self, topic: &str, partition: u32, from: u64, most: Most) -> Result<Vec<Record>, Error> {
        self.read(topic, partition, from, most)
    }
    /// The position that a group has committed for a partition.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Pending`].
    fn position(&self, group: &str, topic: &str, partition: u32) -> Result<Option<Position>, Error>;
    /// Its next offset alone.
    ///
    /// # Errors
    /// As [`Self::position`].
    fn committed(&self, group: &str, topic: &str, partition: u32) -> Result<Option<u64>, Error> {
        Ok(self.position(group, topic, partition)?.map(|position| position.next_offset))
    }
    /// Adds a step to the open transaction, or opens one with it: it is to be committed together with what was
    /// appended since the last commit. Nobody reads it before that.
    ///
    /// # Errors
    /// [`Error::NoTopic`] for an unknown topic or partition, [`Error::Backwards`] if another process has
    /// moved the group on, [`Error::Aborted`], [`Error::Fenced`], [`Error::Io`]: nothing of this step and of
    /// those before it in the transaction will be in the log.
    fn append(&mut self, step: Step) -> Result<(), Error>;
    /// Commits the open transaction, as the member of the groups that this connection was when it last read
    /// the partitions of its positions: asked only now, a member that was thrown out meanwhile would pass.
    /// Nothing, where nothing was appended.
    ///
    /// # Errors
    /// As [`Self::append`]. [`Error::Unknown`]: all of the transaction is in the log, or nothing.
    fn commit(&mut self) -> Result<(), Error>;
    /// Appends a step and commits it.
    ///
    /// # Errors
    /// As [`Self::commit`].
    fn commit_step(&mut self, step: Step) -> Result<(), Error> {
        self.append(step)?;
        self.commit()
    }
    /// Ends what a commit of unknown outcome has left open, and gives up what was only appended, so that
    /// positions and state can be asked for.
    ///
    /// # Errors
    /// [`Error::Fenced`], [`Error::Io`], [`Error::Away`].
    fn recover(&mut self) -> Result<(), Error>;
    /// The next changes of the state of a stage's partition, all its tables in one: about `most_bytes` of
    /// them, and at least one if there is one. The slices from the beginning come to the state as it was
    /// committed when the first was asked for, or to a later one; what is committed in between may be in
    /// them or not, so the partition must be in nobody's hands. None: from this place it can't be told any
    /// more; from the beginning it always can.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Away`], [`Error::Pending`] as long as a transaction is open that may still
    /// change what follows.
    fn state_from(
        &self,
        stage: &str,
        partition: u32,
        from: &Place,
        most_bytes: usize,
    ) -> Result<Option<Slice>, Error>;
    /// A place before which all that was committed is known to who has this partition, and commits to it
    /// afterwards: for a snapshot, from which [`Self::state_from`] goes on later. None: this log keeps no
    /// places, as its tables are at hand.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Away`].
    fn state_end(&self, _stage: &str, _partition: u32) -> Result<Option<Place>, Error> {
        Ok(None)
    }
    /// A table of keyed state, by key, all of it at once: to be looked at.
    ///
    /// # Errors
    /// As [`Self::state_from`].
    fn state(&self, table: &str) -> Result<Vec<KeyValue>, Error> {
        let Some((stage, partition, _)) = parse_table(table) else {
            return Err(Error::Io(format!("a table of state cannot have the name {table}")));
        };
        let (mut rows, mut from) = (BTreeMap::new(), Place::new());
        loop {
            let Some(slice) = self.state_from(stage, partition, &from, SLICE_BYTES)? else {
                return Err(Error::Pending { what: table.into() });
            };
            for change in slice.changes.into_iter().filter(|change| *change.table == *table) {
                match change.value {
                    Some(value) => rows.insert(change.key.into(), value.into()),
                    None => rows.remove(&*change.key),
                };
            }
            if slice.done {
                return Ok(rows.into_iter().collect());
            }
            from = slice.next;
        }
    }
}

/// What can go wrong with a log. No message holds a record's bytes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file or the disk below.
    #[error("VG3001: the log cannot be used: {0}")]
    Io(String),
    /// A topic that exists otherwise.
    #[error("VG3002: topic {topic} has {found} partitions, not {wanted}")]
    Partitions {
        /// The topic.
        topic: String,
        /// What it has.
        found: u32,
        /// What was asked for.
        wanted: u32,
    },
    /// A topic that is kept otherwise than it must be.
    #[error("VG3011: topic {topic} has {setting} = {found}, and it must be {wanted}")]
    Setting {
        /// The topic.
        topic: String,
        /// The name of the setting.
        setting: String,
        /// What it has.
        found: String,
        /// What it must have.
        wanted: String,
    },
    /// A log that does not answer now.
    #[error("VG3012: the log does not answer: {0}")]
    Away(String),
    /// Records that were there and are not any more.
    #[error(
        "VG3013: partition {partition} of topic {topic} ends at offset {end}, and {wanted} is to be read: \
         it is not the topic that was read before"
    )]
    Shortened {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// Where it ends.
        end: u64,
        /// The offset that was asked for.
        wanted: u64,
    },
    /// A commit that would move a group back.
    #[error("VG3003: group {group} is already further in {topic}: another process runs this pipeline")]
    Backwards {
        /// The group.
        group: String,
        /// The topic.
        topic: String,
    },
    /// A record for a topic or partition that is not there.
    #[error("VG3004: there is no partition {partition} of topic {topic}")]
    NoTopic {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
    },
    /// A commit that was given up, because the group has changed or the log was unwell.
    #[error("VG3006: the log gave up a step of group {group}, which is to be computed again: {why}")]
    Aborted {
        /// The group.
        group: String,
        /// What the log said.
        why: String,
    },
    /// A commit without an answer.
    #[error("VG3007: the log did not say whether a step of group {group} was committed")]
    Unknown {
        /// The group.
        group: String,
    },
    /// A newer connection has taken this one's place.
    #[error("VG3008: another worker has taken the place of this one; it ends")]
    Fenced,
    /// What is asked for depends on a transaction that is still open.
    #[error("VG3009: {what} waits for an open transaction")]
    Pending {
        /// A position or a table.
        what: String,
    },
    /// Records that were deleted before they were read.
    #[error(
        "VG3010: partition {partition} of topic {topic} begins at offset {start}, and {wanted} is to be read: \
         records expired before they were read"
    )]
    Expired {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
        /// The first offset that is there.
        start: u64,
        /// The offset that was asked for.
        wanted: u64,
    },
    /// Changes of state that are forgotten before they were read.
    #[error("VG3015: deletes in the state of {stage} are forgotten before they are read")]
    Forgotten {
        /// The stage.
        stage: String,
    },
    /// A log and a program that do not let each other in.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A file of another version of Vigie.
    #[error("VG3005: the log file has version {found}, this program reads {wanted}")]
    Version {
        /// The file's.
        found: i64,
        /// The program's.
        wanted: i64,
    },
}

impl Error {
    /// Whether the log can be asked again: the world is unwell, and nothing is lost.
    #[must_use]
    pub fn is_retry(&self) -> bool {
        matches!(self, Self::Aborted { .. } | Self::Unknown { .. } | Self::Pending { .. } | Self::Away(_))
    }
}
