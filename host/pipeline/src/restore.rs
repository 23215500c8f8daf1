//! How a worker restores a partition, a slice a call, so that its other partitions go on; and when it makes a
//! snapshot of one.

use std::io;

use log::{Bytes, Log, Place, Slice, StateChange};

use crate::keyed::Restored;
use crate::snapshot::{Head, Reader, Snapshots, Writer, damaged};
use crate::worker::Reads;
use crate::{Error, Running};

/// How often a restore may begin anew because the log forgets deletes before they are read.
const MOST_ATTEMPTS: u8 = 3;

/// What restores have come to since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restores {
    /// Partitions of stateful stages restored.
    pub partitions: u64,
    /// Of these, by a snapshot and what came after it.
    pub by_snapshot: u64,
    /// Snapshots that were there and could not be used.
    pub unused: u64,
    /// Slices in which all that was done.
    pub slices: u64,
    /// Changes read from the log.
    pub changes: u64,
    /// Snapshots made.
    pub made: u64,
}

impl Restores {
    fn zip(self, other: Self, each: fn(u64, u64) -> u64) -> Self {
        Self {
            partitions: each(self.partitions, other.partitions),
            by_snapshot: each(self.by_snapshot, other.by_snapshot),
            unused: each(self.unused, other.unused),
            slices: each(self.slices, other.slices),
            changes: each(self.changes, other.changes),
            made: each(self.made, other.made),
        }
    }

    /// What has come since they were `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        self.zip(before, u64::saturating_sub)
    }
}

impl std::ops::AddAssign for Restores {
    fn add_assign(&mut self, other: Self) {
        *self = self.zip(other, u64::saturating_add);
    }
}

/// What a worker's partitions have in common for restores and snapshots.
pub(crate) struct Copies {
    pub(crate) snapshots: Option<Box<dyn Snapshots>>,
    /// After how many changed bytes at least a snapshot is made before its time.
    pub(crate) after_bytes: u64,
    pub(crate) slice_bytes: usize,
    pub(crate) restores: Restores,
    /// What is to be said to who runs the worker.
    pub(crate) notes: Vec<String>,
}

impl Copies {
    fn note(&mut self, stage: &str, partition: u32, why: &str) {
        self.notes.push(format!("VG3014: the snapshot of {stage} {partition} is not used: {why}"));
        self.restores.unused += 1;
    }
}

/// What has changed in a partition since its last snapshot.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Changed {
    bytes: u64,
    /// Since when, on the worker's clock; none: since a restore at most.
    since_us: Option<i64>,
    /// The size of the last snapshot: as much has to change as it will cost to write.
    last_bytes: u64,
}

impl Changed {
    /// Counts a step's changes.
    pub(crate) fn add(&mut self, changes: &[StateChange], now_us: i64) {
        if !changes.is_empty() {
            self.read(changes);
            self.since_us.get_or_insert(now_us);
        }
    }

    /// Counts changes that a restore found.
    fn read(&mut self, changes: &[StateChange]) {
        self.bytes += changes.iter().map(size).sum::<u64>();
    }

    pub(crate) fn is_due(&self, after_bytes: u64, every_us: i64, now_us: i64) -> bool {
        let is_time = self.since_us.is_some_and(|since_us| now_us >= since_us.saturating_add(every_us));
        is_time || (self.bytes > 0 && self.bytes >= after_bytes.max(self.last_bytes))
    }
}

fn size(change: &StateChange) -> u64 {
    (change.key.len() + change.value.as_ref().map_or(0, Bytes::len)) as u64
}

/// A partition that is being restored.
pub(crate) struct Restore {
    /// The position to go on from. It was asked for before the state: that waits for open transactions.
    pub(crate) next: u64,
    /// What the group has noted beside it; none: it had committed none.
    note: Option<String>,
    input: crate::Input,
    stage: String,
    /// The partition that the stage's state lies in.
    partition: u32,
    into: Into,
    from: Place,
    /// Whether a snapshot was looked for.
    looked: bool,
    /// A snapshot that is being read, and the log's first slice behind it.
    snapshot: Option<(Reader, Slice)>,
    by_snapshot: bool,
    log_is_done: bool,
    attempts: u8,
    /// What was read from the log: as much has changed since the last snapshot.
    pub(crate) changed: Changed,
}

/// What is restored.
enum Into {
    /// A raw partition, of which the note says all. Without one the log is asked whether it was begun all the same.
    Source { source: usize, begun: StateChange, is_begun: bool },
    /// A stateful stage's partition; none: it has to be begun.
    Then { number: usize, restored: Option<Box<Restored>> },
}

impl Restore {
    /// Asks for the position.
    pub(crate) fn begin(running: &Running, input: &crate::Input, log: &dyn Log) -> Result<Self, Error> {
        let crate::Input { partition, .. } = input;
        let (next, note) = crate::worker::position(input, log)?;
        let (stage, at, into) = match input.reads() {
            Reads::Source(source) => {
                let begun = crate::stage::begun(input);
                (begun.table.to_string(), 0, Into::Source { source, begun, is_begun: false })
            }
            Reads::Then(number) => {
                let stage = running.then.get(number).map_or("", |stage| stage.group());
                (stage.to_owned(), *partition, Into::Then { number, restored: None })
            }
        };
        Ok(Self {
            next,
            log_is_done: note.is_some() && input.is_raw(),
            note,
            input: input.clone(),
            stage,
            partition: at,
            into,
            from: Place::new(),
            looked: false,
            snapshot: None,
            by_snapshot: false,
            attempts: 0,
            changed: Changed::default(),
        })
    }

    /// Whether the group had committed a position.
    pub(crate) fn is_committed(&self) -> bool {
        self.note.is_some()
    }

    /// Restores another slice; true: that was all, and the stage has the partition.
    ///
    /// # Errors
    /// [`Error::Log`]: where it may be asked again, this may be called again. State that this version of
    /// the pipeline cannot read.
    pub(crate) fn slice(
        &mut self,
        running: &mut Running,
        log: &dyn Log,
        copies: &mut Copies,
    ) -> Result<bool, Error> {
        copies.restores.slices += 1;
        self.begin_stage(running)?;
        if !self.looked {
            self.look(log, copies)?;
            self.looked = true;
        }
        if self.snapshot.is_some() && !self.read_snapshot(running, copies)? {
            return Ok(false);
        }
        if !self.log_is_done && !self.read_log(running, log, copies)? {
            return Ok(false);
        }
        if self.note.is_none() && self.has_state() {
            return self.begin_later(running, log);
        }
        self.finish(running, copies)
    }

    /// Whether there is anything of what was read before.
    fn has_state(&self) -> bool {
        match &self.into {
            Into::Source { is_begun, .. } => *is_begun,
            Into::Then { .. } => self.changed.bytes > 0,
        }
    }

    /// State without a position: they are committed together, so either another has begun since the position was
    /// asked for, or the group has lost it. To begin at the topic's start would double all that was read.
    fn begin_later(&mut self, running: &Running, log: &dyn Log) -> Result<bool, Error> {
        if crate::worker::position(&self.input, log)?.1.is_none() {
            let crate::Input { topic, partition, .. } = &self.input;
            return Err(Error::NoPosition { topic: topic.to_string(), partition: *partition });
        }
        *self = Self::begin(running, &self.input.clone(), log)?;
        Ok(false)
    }

    fn begin_stage(&mut self, running: &mut Running) -> Result<(), Error> {
        if let Into::Then { number, restored } = &mut self.into
            && let (None, Some(stage)) = (&restored, running.then.get_mut(*number))
        {
            // What is there is of before, and would take as much memory again.
            stage.forget(self.partition);
            *restored = Some(Box::new(stage.begin(self.partition)?));
        }
        Ok(())
    }

    /// Opens a snapshot, if there is one that the log goes on from.
    fn look(&mut self, log: &dyn Log, copies: &mut Copies) -> Result<(), Error> {
        let (Into::Then { .. }, Some(snapshots)) = (&self.into, &mut copies.snapshots) else { return Ok(()) };
        let opened = match snapshots.read(&self.stage, self.partition) {
            Ok(None) => return Ok(()),
            Ok(Some(file)) => Reader::new(file),
            Err(error) => Err(error),
        };
        let (reader, head) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                copies.note(&self.stage, self.partition, &error.to_string());
                return Ok(());
            }
        };
        if head.of != Head::of(&self.stage, self.partition) {
            copies.note(&self.stage, self.partition, "it is another partition's");
        } else if self.note.is_none() || head.position > self.next {
            copies.note(&self.stage, self.partition, "the group was begun anew since");
        } else {
            match log.state_from(&self.stage, self.partition, &head.place, copies.slice_bytes)? {
                Some(first) => self.snapshot = Some((reader, first)),
                None => copies.note(&self.stage, self.partition, "it is too old, or another log's"),
            }
        }
        Ok(())
    }

    /// Reads on in the snapshot; true: it is read, with the first slice behind it, or given up.
    fn read_snapshot(&mut self, running: &mut Running, copies: &mut Copies) -> Result<bool, Error> {
        let (Some((reader, _)), Into::Then { restored: Some(restored), .. }) =
            (&mut self.snapshot, &mut self.into)
        else {
            return Ok(true);
        };
        match read_entries(reader, restored, copies.slice_bytes) {
            Ok(Some(bytes)) => {
                self.changed.last_bytes += bytes;
                return Ok(false);
            }
            Ok(None) => {
                self.by_snapshot = true;
                if let Some((_, first)) = self.snapshot.take() {
                    self.take(first, copies)?;
                }
            }
            Err(error) => {
                copies.note(&self.stage, self.partition, &error.to_string());
                self.begin_again(running)?;
            }
        }
        Ok(true)
    }

    fn begin_again(&mut self, running: &mut Running) -> Result<(), Error> {
        (self.snapshot, self.by_snapshot, self.from) = (None, false, Place::new());
        (self.log_is_done, self.changed) = (false, Changed::default());
        match &mut self.into {
            Into::Source { is_begun, .. } => *is_begun = false,
            Into::Then { restored, .. } => *restored = None,
        }
        self.begin_stage(running)
    }

    /// Reads on in the log; true: it is read to where it ended when that was first asked.
    fn read_log(&mut self, running: &mut Running, log: &dyn Log, copies: &mut Copies) -> Result<bool, Error> {
        match log.state_from(&self.stage, self.partition, &self.from, copies.slice_bytes)? {
            Some(slice) => self.take(slice, copies)?,
            None => {
                self.attempts += 1;
                if self.attempts == MOST_ATTEMPTS {
                    return Err(log::Error::Forgotten { stage: self.stage.clone() }.into());
                }
                self.begin_again(running)?;
            }
        }
        Ok(self.log_is_done)
    }

    fn take(&mut self, slice: Slice, copies: &mut Copies) -> Result<(), Error> {
        copies.restores.changes += slice.changes.len() as u64;
        self.changed.read(&slice.changes);
        for change in slice.changes {
            match &mut self.into {
                Into::Source { begun, is_begun, .. } => *is_begun |= change.key == begun.key,
                Into::Then { restored: Some(restored), .. } => restored.take(change)?,
                Into::Then { .. } => {}
            }
        }
        (self.from, self.log_is_done) = (slice.next, slice.done);
        Ok(())
    }

    /// Hands over what was restored; false: not all of it yet.
    fn finish(&mut self, running: &mut Running, copies: &mut Copies) -> Result<bool, Error> {
        match &mut self.into {
            Into::Source { source, .. } => {
                running.first.restore(
                    *source,
                    self.input.partition,
                    self.note.as_deref().unwrap_or_default(),
                )?;
            }
            Into::Then { number, restored } => {
                let (Some(stage), Some(mut whole)) = (running.then.get_mut(*number), restored.take()) else {
                    return Ok(true);
                };
                if !stage.read_held(&mut whole, copies.slice_bytes)? {
                    *restored = Some(whole);
                    return Ok(false);
                }
                stage.put(*whole)?;
                copies.restores.partitions += 1;
                copies.restores.by_snapshot += u64::from(self.by_snapshot);
            }
        }
        Ok(true)
    }
}

/// Reads on in a snapshot, about so many bytes: how many; none: it has come to its end, and is whole.
fn read_entries(reader: &mut Reader, into: &mut Restored, most_bytes: usize) -> io::Result<Option<u64>> {
    let mut bytes = 0;
    while bytes < most_bytes.max(1) {
        let Some((what, key, value)) = reader.next()? else { return Ok(None) };
        bytes += key.len() + value.len() + 1;
        into.take_in(what.into(), key.into(), Some(value.into()))
            .map_err(|error| damaged(&error.to_string()))?;
    }
    Ok(Some(bytes as u64))
}

/// A snapshot to be made, decided on before a step is committed.
pub(crate) struct Plan {
    number: usize,
    stage: String,
    partition: u32,
    place: Place,
}

impl Plan {
    /// Asks for the place from which the log will have what is not in the snapshot. It must lie before the
    /// commit: that this one succeeds shows that until then nobody else had the partition, and so that
    /// whatever lies before the place is known here.
    pub(crate) fn new(running: &Running, number: usize, partition: u32, log: &dyn Log) -> Option<Self> {
        let stage = running.then.get(number)?.group().to_owned();
        // Without an answer there is no snapshot this time.
        let place = log.state_end(&stage, partition).ok()??;
        Some(Self { number, stage, partition, place })
    }

    /// Makes it, after the commit of this position.
    pub(crate) fn carry_out(self, running: &Running, copies: &mut Copies, position: u64) -> Changed {
        let (stage, partition) = (self.stage.clone(), self.partition);
        match self.write(running, copies, position) {
            Ok(bytes) => {
                copies.restores.made += 1;
                Changed { last_bytes: bytes, ..Changed::default() }
            }
            Err(error) => {
                copies.notes.push(format!("{error} ({stage} {partition})"));
                Changed::default()
            }
        }
    }

    fn write(self, running: &Running, copies: &mut Copies, position: u64) -> Result<u64, Error> {
        let (Some(snapshots), Some(stage)) = (&mut copies.snapshots, running.then.get(self.number)) else {
            return Ok(0);
        };
        let of = Head::of(&self.stage, self.partition);
        let draft = snapshots.write(&self.stage, self.partition).map_err(Error::Snapshot)?;
        let head = Head { of, position, place: self.place };
        let mut writer = Writer::new(draft, &head).map_err(Error::Snapshot)?;
        stage.committed(self.partition, &mut |what, key, value| writer.entry(what, key, value))?;
        writer.finish().map_err(Error::Snapshot)
    }
}
