//! A worker: the stages, and the partitions that they read in it, step by step over a log.
//!
//! It has no clock, no thread and no wait of its own, so that threads and the simulator drive the
//! same code. What fails is forgotten and restored from the log before the partition's next step.

use std::sync::Arc;
use std::time::Duration;

use log::{Log, Most, Position, Record};

use crate::restore::{Changed, Copies, Plan, Restore};
use crate::watermark::Mark;
use crate::{Counts, Error, Logged, Pipeline, RefusedCount, Restores, Running, Snapshots, StepResult};

mod pace;
mod size;
mod standing;

pub use pace::Pace;
use size::Size;
pub use standing::Standing;

/// The name of the first stage among those of the stateful steps.
pub const FIRST: &str = "first";

/// How often an input says how far it has come while it is busy.
const MARK_EVERY_US: i64 = 250_000;

/// About how many bytes of state are restored at once.
const SLICE_BYTES: usize = 4 << 20;
/// Fewer changed bytes want no snapshot before its time.
const SNAPSHOT_BYTES: u64 = 16 << 20;

/// The stage that reads an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// The first stage, as this number of source.
    Source(usize),
    /// The stateful stage of this number.
    Then(usize),
}

/// A partition that a stage reads.
#[derive(Clone, Debug)]
pub struct Input {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: u32,
    /// The consumer group of the stage.
    pub group: Arc<str>,
    /// The stateful step, or [`FIRST`].
    pub step: Arc<str>,
    reads: Reads,
}

/// An input in the hands of a worker.
struct Held {
    input: Input,
    /// The next offset to read; none: the log has to be asked, and what is in memory is not to be trusted.
    next: Option<u64>,
    /// The same without open steps.
    committed: Option<u64>,
    /// Whether the group has a position there, or will with the open steps.
    is_begun: bool,
    /// What is under way where `next` is none.
    restore: Option<Restore>,
    changed: Changed,
    marked_us: Option<i64>,
    /// Whether rows went on without a word of how far the partition has come.
    owes_mark: bool,
    /// What the last look found; none: nobody has looked yet.
    found: Option<Found>,
    /// Whether it waits for slower ones.
    paused: bool,
    /// Of its steps.
    size: Size,
    /// Whether there may be more at once, by what the last step read.
    is_behind: bool,
}

/// What a look at a partition found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// Records, and there may be more.
    Records,
    /// Nothing, and nothing since this time of the worker's clock.
    Nothing { since_us: i64 },
}

/// A step that was computed. Where it is dropped, it is computed again.
pub struct Prepared {
    input: usize,
    result: StepResult,
    next: u64,
    marks: bool,
    /// When it was prepared; none: while closing.
    now_us: Option<i64>,
}

/// A step that was committed.
#[derive(Debug, Default)]
pub struct Committed {
    /// The number of its input.
    pub input: usize,
    /// For the summary. Rows of later stages are events already counted.
    pub counts: Counts,
    /// Log lines of plugins.
    pub logged: Vec<Logged>,
    /// What the stage itself has read and written.
    pub of_stage: Counts,
    /// Dead letters by step and code.
    pub refused: Vec<RefusedCount>,
}

/// Stages at work on some of their partitions.
pub struct Worker {
    running: Running,
    inputs: Vec<Held>,
    /// That one step takes.
    most: Most,
    pace: Pace,
    /// Whether the run ends where the topics end.
    bounded: bool,
    /// Steps that wait for their commit, together. Until then the state in memory is ahead of the log.
    open: Vec<Open>,
    /// Whether the log has more of them than was committed.
    uncertain: bool,
    copies: Copies,
}

/// A step in the open transaction.
struct Open {
    committed: Committed,
    /// By the plugins.
    counted: Vec<u64>,
    /// Where its input goes on.
    next: u64,
    marks: bool,
    /// When it was prepared; none: while closing.
    now_us: Option<i64>,
}

impl Pipeline {
    /// All partitions that stages read, in the order of the stages.
    #[must_use]
    pub fn inputs(&self) -> Vec<Input> {
        let mut inputs = Vec::new();
        let mut add = |topic: &str, partitions: u32, group: String, step: &str, reads| {
            let (topic, group, step): (Arc<str>, Arc<str>, Arc<str>) =
                (topic.into(), group.into(), step.into());
            inputs.extend((0..partitions).map(|partition| Input {
                topic: topic.clone(),
                partition,
                group: group.clone(),
                step: step.clone(),
                reads,
            }));
        };
        for (number, source) in self.sources.iter().enumerate() {
            add(&source.topic, source.partitions, self.group(), FIRST, Reads::Source(number));
        }
        for (number, then) in self.then.iter().enumerate() {
            let partitions = self.output(&then.from).map_or(1, |o| o.partitions);
            add(&then.from, partitions, self.group_of(then), &then.name, Reads::Then(number));
        }
        inputs
    }
}

impl Worker {
    /// A worker that has no partitions yet; `most`: that one step takes.
    #[must_use]
    pub fn new(running: Running, most: Most) -> Self {
        let copies = Copies {
            snapshots: None,
            after_bytes: SNAPSHOT_BYTES,
            slice_bytes: SLICE_BYTES,
            restores: Restores::default(),
            notes: Vec::new(),
        };
        Self {
            running,
            inputs: Vec::new(),
            most,
            pace: Pace::default(),
            bounded: false,
            open: Vec::new(),
            uncertain: false,
            copies,
        }
    }

    /// The stages.
    #[must_use]
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// The partitions it has, each by its number for [`Self::prepare`].
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = &Input> {
        self.inputs.iter().map(|held| &held.input)
    }

    /// Changes the most that a step takes.
    pub fn set_most(&mut self, most: Most) {
        self.most = most;
    }

    /// Changes how long steps wait for others to be committed with; before that each is due at once.
    pub fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// Says whether the run ends where the topics end: then no partition becomes idle, as which one has
    /// ended first means nothing.
    pub fn set_bounded(&mut self, bounded: bool) {
        self.bounded = bounded;
    }

    /// Says where snapshots lie; before that there are none.
    pub fn set_snapshots(&mut self, snapshots: Box<dyn Snapshots>) {
        self.copies.snapshots = Some(snapshots);
    }

    /// Changes about how many bytes of state are restored at once, and after how many changed ones at least
    /// a snapshot is made before its time.
    pub fn set_slices(&mut self, slice_bytes: usize, snapshot_after_bytes: u64) {
        (self.copies.slice_bytes, self.copies.after_bytes) = (slice_bytes, snapshot_after_bytes);
    }

    /// What restores have come to so far.
    #[must_use]
    pub fn restores(&self) -> Restores {
        self.copies.restores
    }

    /// What who runs the worker should know of, since it was last asked.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.copies.notes)
    }

    /// Whether an input is being restored: then there is more to do.
    #[must_use]
    pub fn is_restoring(&self, number: usize) -> bool {
        self.inputs.get(number).is_some_and(|held| held.restore.is_some())
    }

    /// Whether an input waited for slower ones when it was last prepared: then there may be more to do.
    #[must_use]
    pub fn is_paused(&self, number: usize) -> bool {
        self.inputs.get(number).is_some_and(|held| held.paused)
    }

    /// Gives it a partition; its state is restored before its first step. Also one that it has: who was
    /// out of the group for a while does not know who had it meanwhile. Open steps are given up.
    pub fn assign(&mut self, input: Input) {
        self.revoke(&input.topic, input.partition);
        self.inputs.push(Held {
            input,
            next: None,
            committed: None,
            is_begun: false,
            restore: None,
            changed: Changed::default(),
            marked_us: None,
            owes_mark: false,
            found: None,
            paused: false,
            size: Size::default(),
            is_behind: false,
        });
    }

    /// Takes a partition away, with its state. Open steps are given up.
    pub fn revoke(&mut self, topic: &str, partition: u32) {
        self.give_up();
        for held in self.inputs.extract_if(.., |h| &*h.input.topic == topic && h.input.partition == partition)
        {
            match held.input.reads {
                Reads::Source(source) => self.running.first.forget(source, partition),
                Reads::Then(then) => {
                    if let Some(stage) = self.running.then.get_mut(then) {
                        stage.forget(partition);
                    }
                }
            }
        }
    }

    /// Restores what is not restored, so that a start fails before its first step.
    ///
    /// # Errors
    /// [`Error::Log`], or state that this version of the pipeline cannot read.
    pub fn restore(&mut self, log: &mut dyn Log) -> Result<(), Error> {
        for held in self.inputs.iter_mut().filter(|held| held.next.is_none()) {
            while restore(&mut self.running, held, log, &mut self.copies)?.is_none() {}
        }
        Ok(())
    }

    /// Computes the next step of one input; none where there is nothing to do, and where it is being restored:
    /// then this was a slice of that. `now_us` is any clock
    /// that does not go back.
    ///
    /// # Errors
    /// [`Error::Log`], which may be one to ask again after; [`Error`] where no row is to blame.
    pub fn prepare(
        &mut self,
        log: &mut dyn Log,
        number: usize,
        now_us: i64,
    ) -> Result<Option<Prepared>, Error> {
        // What was computed on top of open steps is lost: they would be computed again beside themselves.
        let is_lost = self.inputs.get(number).is_some_and(|held| held.next.is_none());
        if is_lost && self.open.iter().any(|open| open.committed.input == number) {
            self.give_up();
        }
        if self.uncertain {
            log.recover()?;
            self.uncertain = false;
        }
        let is_ahead = self.is_ahead(number);
        let Some(held) = self.inputs.get_mut(number) else { return Ok(None) };
        let ahead_at = held.next.filter(|_| is_ahead);
        held.paused = ahead_at.is_some();
        let (records, from) = match ahead_at {
            // It waits, but says what it owes. That there was nothing may no longer be so.
            Some(next) => {
                held.found = held.found.filter(|found| *found == Found::Records);
                (Vec::new(), next)
            }
            None => {
                let certain = self.bounded || held.becomes_idle(&self.running, now_us);
                let most = Most { records: held.size.records(self.most.records), ..self.most };
                let read = read(&mut self.running, held, log, most, certain, &mut self.copies);
                // What nobody can read may wait for something of this connection that was not ended whole.
                self.uncertain |= read.is_err() && self.open.is_empty();
                let Some(read) = read? else { return Ok(None) };
                held.note(read.0.is_empty(), now_us);
                read
            }
        };
        let bytes = records.iter().map(|record| record.key.len() + record.value.len()).sum();
        held.is_behind = held.size.read(records.len(), bytes, self.most.records);
        let becomes_idle = !self.bounded && held.becomes_idle(&self.running, now_us);
        let is_due = held.marked_us.is_none_or(|at| now_us >= at.saturating_add(MARK_EVERY_US));
        // A run that ends says everything at once: nobody waits for the next record.
        let says = held.owes_mark && (is_due || self.bounded);
        if records.is_empty() && !says && !becomes_idle {
            return Ok(None);
        }
        let Input { partition, .. } = &held.input;
        let next = records.last().map_or(from, |last| last.offset + 1);
        // Rows of one that was idle go on together with the word that it no longer is.
        let marks = records.is_empty() || is_due || held.come(&self.running).is_some_and(Mark::is_idle);
        self.pace.read(records.len());
        // Until it is appended; where it is dropped, the state in memory is ahead of the log.
        held.next = None;
        let discarded = self.running.discarded(held.input.reads);
        let result = match held.input.reads {
            Reads::Source(source) if becomes_idle => self.running.first.idle(source, *partition),
            Reads::Source(source) => self.running.first.step(source, *partition, &records, marks)?,
            Reads::Then(then) => match self.running.then.get_mut(then) {
                Some(stage) => stage.step(*partition, &records, marks)?,
                None => StepResult::default(),
            },
        };
        if self.running.discarded(held.input.reads) > discarded {
            held.size.shrink();
        }
        if marks {
            held.marked_us = Some(now_us);
        }
        Ok(Some(Prepared { input: number, result, next, marks, now_us: Some(now_us) }))
    }

    /// Says what it took to compute the last step of an input, in microseconds: the next one reads as much as is soon done.
    pub fn computed(&mut self, number: usize, step_us: i64) {
        if let Some(held) = self.inputs.get_mut(number) {
            held.size.took(step_us, self.most.records);
        }
    }

    /// Whether a raw partition is too far ahead of the slowest one of this worker that has more to read.
    /// That one itself never is, so there is always one that goes on.
    fn is_ahead(&self, number: usize) -> bool {
        let come = |held: &Held| held.come(&self.running)?.floor_us;
        let Some(own_us) = self.inputs.get(number).and_then(come) else { return false };
        let busy = self.inputs.iter().filter(|held| held.found == Some(Found::Records));
        let slowest_us = busy.filter_map(come).min();
        slowest_us.is_some_and(|us| own_us > us.saturating_add(self.running.max_drift_us))
    }

    /// Adds a step that was prepared to those that the next commit is for; nothing else may have happened to
    /// its input since.
    ///
    /// # Errors
    /// [`Error::Log`]: then all open steps are given up, and their partitions restored before their next one.
    pub fn append(&mut self, log: &mut dyn Log, prepared: Prepared) -> Result<(), Error> {
        let Prepared { input, result, next, marks, now_us } = prepared;
        let Some(held) = self.inputs.get_mut(input) else { return Ok(()) };
        let StepResult { outputs, mut state, note, counted, mut counts, logged, refused } = result;
        let of_stage = counts;
        if matches!(held.input.reads, Reads::Then(_)) {
            (counts.records_in, counts.events_out) = (0, 0);
        }
        if held.input.is_raw() && !std::mem::replace(&mut held.is_begun, true) {
            state.push(crate::stage::begun(&held.input));
        }
        if let Some(now_us) = now_us {
            held.changed.add(&state, now_us);
        }
        self.pace.append(&outputs, &state, now_us);
        // A step without a position would not be bound to the group, and a zombie's would pass.
        let positions = vec![held.input.position(next, note)];
        let group = held.input.group.clone();
        held.next = Some(next);
        let committed = Committed { input, counts, logged, of_stage, refused };
        self.open.push(Open { committed, counted, next, marks, now_us });
        log.append(log::Step { group, positions, outputs, state }).inspect_err(|_| self.give_up())?;
        Ok(())
    }

    /// Whether steps wait for their commit.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether an input does better to wait until the commit is due: what a stage makes of rows by key it makes once of
    /// all that come meanwhile, and nobody sees it before. Not where it is behind, nor where it is the first, nor where each
    /// step is committed by itself.
    #[must_use]
    pub fn is_to_wait(&self, number: usize) -> bool {
        let waits = |held: &Held| {
            matches!(held.input.reads, Reads::Then(_)) && held.next.is_some() && !held.is_behind
        };
        self.pace.is_set() && self.is_open() && self.inputs.get(number).is_some_and(waits)
    }

    /// Whether they have waited for long enough, or are as many as may be.
    #[must_use]
    pub fn is_due(&self, now_us: i64) -> bool {
        self.is_open() && self.pace.is_due(now_us)
    }

    /// How long who has nothing to do may leave what comes meanwhile: half of the time until the commit, so that there are few
    /// steps of a few records each, and the last of them lies close before it.
    #[must_use]
    pub fn rest(&self, now_us: i64) -> Duration {
        Duration::from_micros(self.pace.left_us(now_us).unsigned_abs() / 2)
    }

    /// Says what a commit took, in microseconds: where that is long others are waited for longer.
    pub fn took(&mut self, commit_us: i64) {
        self.pace.took(commit_us);
    }

    /// Commits what was appended.
    ///
    /// # Errors
    /// [`Error::Log`]: then all open steps are given up, and their partitions restored before their next one.
    pub fn commit(&mut self, log: &mut dyn Log) -> Result<Vec<Committed>, Error> {
        let plans = self.plans(&*log);
        log.commit().inspect_err(|_| self.give_up())?;
        self.pace.end();
        let open = std::mem::take(&mut self.open);
        for Open { committed, counted, next, marks, .. } in &open {
            if let Some(held) = self.inputs.get_mut(committed.input) {
                (held.committed, held.owes_mark) = (Some(*next), !marks);
                self.running.count(held.input.reads, counted);
            }
        }
        for (number, position, plan) in plans {
            if let Some(held) = self.inputs.get_mut(number) {
                held.changed = plan.carry_out(&self.running, &mut self.copies, position);
            }
        }
        Ok(open.into_iter().map(|open| open.committed).collect())
    }

    /// The snapshots to be made behind the commit: of which input, its position, and what to do.
    fn plans(&self, log: &dyn Log) -> Vec<(usize, u64, Plan)> {
        let mut last = std::collections::BTreeMap::new();
        for Open { committed, next, now_us, .. } in &self.open {
            last.insert(committed.input, (*next, *now_us));
        }
        let plan = |(number, (next, now_us)): (usize, (u64, Option<i64>))| {
            let plan = self.inputs.get(number)?.plan(&self.running, log, &self.copies, now_us?)?;
            Some((number, next, plan))
        };
        last.into_iter().filter_map(plan).collect()
    }

    /// Forgets open steps, and has what they have changed restored.
    fn give_up(&mut self) {
        for Open { committed, .. } in std::mem::take(&mut self.open) {
            if let Some(held) = self.inputs.get_mut(committed.input) {
                held.next = None;
            }
            self.uncertain = true;
        }
        self.pace.end();
    }

    /// Says that one input is at its end for good; only raw topics end. Prepares nothing if the log has
    /// to be asked first: then [`Self::prepare`] comes before.
    pub fn prepare_close(&mut self, number: usize) -> Option<Prepared> {
        let held = self.inputs.get_mut(number)?;
        let Reads::Source(source) = held.input.reads else { return None };
        let next = held.next.take()?;
        let result = self.running.first.close(source, held.input.partition);
        Some(Prepared { input: number, result, next, marks: true, now_us: None })
    }
}

impl Held {
    /// Decides whether the next commit is followed by a snapshot.
    fn plan(&self, running: &Running, log: &dyn Log, copies: &Copies, now_us: i64) -> Option<Plan> {
        let (Reads::Then(then), Some(every_us), Some(_)) =
            (self.input.reads, running.snapshot_every_us, &copies.snapshots)
        else {
            return None;
        };
        let is_due = self.changed.is_due(copies.after_bytes, every_us, now_us);
        is_due.then(|| Plan::new(running, then, self.input.partition, log)).flatten()
    }

    fn note(&mut self, is_empty: bool, now_us: i64) {
        self.found = match self.found {
            _ if !is_empty => Some(Found::Records),
            Some(Found::Nothing { since_us }) => Some(Found::Nothing { since_us }),
            _ => Some(Found::Nothing { since_us: now_us }),
        };
    }

    /// How far a raw partition has come.
    fn come(&self, running: &Running) -> Option<Mark> {
        let Reads::Source(source) = self.input.reads else { return None };
        running.first.mark_of(source, self.input.partition)
    }

    /// Whether a raw partition has had nothing to read for so long that it is to be said.
    fn becomes_idle(&self, running: &Running, now_us: i64) -> bool {
        let Reads::Source(source) = self.input.reads else { return false };
        let (Some(Found::Nothing { since_us }), Some(after_us)) =
            (self.found, running.first.idle_after_us(source))
        else {
            return false;
        };
        now_us >= since_us.saturating_add(after_us) && !self.come(running).is_some_and(Mark::is_idle)
    }
}

impl Input {
    /// Whether the input is a raw topic's.
    #[must_use]
    pub fn is_raw(&self) -> bool {
        matches!(self.reads, Reads::Source(_))
    }

    pub(crate) fn reads(&self) -> Reads {
        self.reads
    }

    /// The same of another partition of the topic.
    #[must_use]
    pub fn of(&self, partition: u32) -> Self {
        Self { partition, ..self.clone() }
    }

    fn position(&self, next_offset: u64, note: String) -> Position {
        Position { topic: self.topic.clone(), partition: self.partition, next_offset, note }
    }
}

/// The next records of an input, and the offset that they were asked for from; none: it is being restored.
/// `certain`: whether there being none must mean that there is none.
fn read(
    running: &mut Running,
    held: &mut Held,
    log: &dyn Log,
    most: Most,
    certain: bool,
    copies: &mut Copies,
) -> Result<Option<(Vec<Record>, u64)>, Error> {
    let look = |input: &Input, from, certain| match certain {
        true => log.read(&input.topic, input.partition, from, most),
        false => log.poll(&input.topic, input.partition, from, most),
    };
    if let Some(from) = held.next {
        match look(&held.input, from, certain) {
            // Who slept for so long has most likely lost the partition to another, who read them.
            Err(log::Error::Expired { .. }) => {
                let is_open = held.next != held.committed;
                held.next = None;
                if is_open {
                    return Ok(None);
                }
            }
            read => return Ok(Some((read?, from))),
        }
    }
    let Some(from) = restore(running, held, log, copies)? else { return Ok(None) };
    // For certain, as what has expired may be told later otherwise, when it is taken for others' again.
    match look(&held.input, from, true) {
        // A restore takes its time, in which another may have read on; what nobody has read is an error.
        Err(log::Error::Expired { .. }) if position(&held.input, log)?.0 != from => {
            (held.next, held.restore) = (None, Some(Restore::begin(running, &held.input, log)?));
            Ok(None)
        }
        read => Ok(Some((read?, from))),
    }
}

/// Where an input's group goes on in it, and what it has noted there; none: it has committed nothing.
pub(crate) fn position(input: &Input, log: &dyn Log) -> Result<(u64, Option<String>), Error> {
    let Input { topic, partition, group, .. } = input;
    Ok(match log.position(group, topic, *partition)? {
        Some(Position { next_offset, note, .. }) => (next_offset, Some(note)),
        None => (log.start_offset(topic, *partition)?, None),
    })
}

/// Restores a slice of an input: the offset to go on from, once that is all.
fn restore(
    running: &mut Running,
    held: &mut Held,
    log: &dyn Log,
    copies: &mut Copies,
) -> Result<Option<u64>, Error> {
    let mut restore = match held.restore.take() {
        Some(restore) => restore,
        None => Restore::begin(running, &held.input, log)?,
    };
    match restore.slice(running, log, copies) {
        Ok(true) => {}
        // It goes on where it is; any other failure ends the worker.
        Ok(false) => {
            held.restore = Some(restore);
            return Ok(None);
        }
        Err(error) => {
            held.restore = Some(restore);
            return Err(error);
        }
    }
    // Whether the last step before the restore said how far it had come is not known; and a first start
    // commits where it began, so that what expires later is missed.
    (held.next, held.committed, held.owes_mark) = (Some(restore.next), Some(restore.next), true);
    (held.is_begun, held.changed) = (restore.is_committed(), restore.changed);
    Ok(held.next)
}

#[cfg(test)]
mod slices;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod time;
