//! A worker: the stages, and the partitions that they read in it, step by step over a log.
//!
//! It has no clock, no thread and no wait of its own, so that threads and the simulator drive the
//! same code. What fails is forgotten and restored from the log before the partition's next step.

use std::sync::Arc;

use log::{Commit, Log, Position, Record};

use crate::watermark::Mark;
use crate::{Counts, Error, KeyedStage, Logged, Pipeline, RefusedCount, Running, StepResult};

mod standing;

pub use standing::Standing;

/// The name of the first stage among those of the stateful steps.
pub const FIRST: &str = "first";

/// How often an input says how far it has come while it is busy.
const MARK_EVERY_US: i64 = 250_000;

/// Most that one step takes.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// Records.
    pub records: usize,
    /// Bytes beyond the first record.
    pub bytes: usize,
}

/// The stage that reads an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
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
    reader: Reader,
}

/// An input in the hands of a worker.
struct Held {
    input: Input,
    /// The next offset to read; none: the log has to be asked, and what is in memory is not to be trusted.
    next: Option<u64>,
    marked_us: Option<i64>,
    /// Whether rows went on without a word of how far the partition has come.
    owes_mark: bool,
    /// What the last look found; none: nobody has looked yet.
    found: Option<Found>,
    /// Whether it waits for slower ones.
    paused: bool,
}

/// What a look at a partition found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// Records, and there may be more.
    Records,
    /// Nothing, and nothing since this time of the worker's clock.
    Nothing { since_us: i64 },
}

/// A step that waits for its commit. Where it is dropped, it is computed again.
pub struct Prepared {
    input: usize,
    result: StepResult,
    next: u64,
    marks: bool,
}

/// What was committed.
#[derive(Debug, Default)]
pub struct Committed {
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
    batch: Batch,
    /// Whether the run ends where the topics end.
    bounded: bool,
    /// Whether the outcome of a commit is not known.
    uncertain: bool,
}

impl Pipeline {
    /// All partitions that stages read, in the order of the stages.
    #[must_use]
    pub fn inputs(&self) -> Vec<Input> {
        let mut inputs = Vec::new();
        let mut add = |topic: &str, partitions: u32, group: String, step: &str, reader| {
            let (topic, group, step): (Arc<str>, Arc<str>, Arc<str>) =
                (topic.into(), group.into(), step.into());
            inputs.extend((0..partitions).map(|partition| Input {
                topic: topic.clone(),
                partition,
                group: group.clone(),
                step: step.clone(),
                reader,
            }));
        };
        for (number, source) in self.sources.iter().enumerate() {
            add(&source.topic, source.partitions, self.group(), FIRST, Reader::Source(number));
        }
        for (number, then) in self.then.iter().enumerate() {
            let partitions = self.output(&then.from).map_or(1, |o| o.partitions);
            add(&then.from, partitions, self.group_of(then), &then.name, Reader::Then(number));
        }
        inputs
    }
}

impl Worker {
    /// A worker that has no partitions yet.
    #[must_use]
    pub fn new(running: Running, batch: Batch) -> Self {
        Self { running, inputs: Vec::new(), batch, bounded: false, uncertain: false }
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

    /// Changes how much a step takes.
    pub fn set_batch(&mut self, batch: Batch) {
        self.batch = batch;
    }

    /// Says whether the run ends where the topics end: then no partition becomes idle, as which one has
    /// ended first means nothing.
    pub fn set_bounded(&mut self, bounded: bool) {
        self.bounded = bounded;
    }

    /// Whether an input waited for slower ones when it was last prepared: then there may be more to do.
    #[must_use]
    pub fn is_paused(&self, number: usize) -> bool {
        self.inputs.get(number).is_some_and(|held| held.paused)
    }

    /// Gives it a partition; its state is restored before its first step. Also one that it has: who was
    /// out of the group for a while does not know who had it meanwhile.
    pub fn assign(&mut self, input: Input) {
        self.revoke(&input.topic, input.partition);
        let (next, marked_us, found) = (None, None, None);
        self.inputs.push(Held { input, next, marked_us, owes_mark: false, found, paused: false });
    }

    /// Takes a partition away, with its state.
    pub fn revoke(&mut self, topic: &str, partition: u32) {
        for held in self.inputs.extract_if(.., |h| &*h.input.topic == topic && h.input.partition == partition)
        {
            match held.input.reader {
                Reader::Source(source) => self.running.first.forget(source, partition),
                Reader::Then(then) => {
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
            restore(&mut self.running, held, log)?;
        }
        Ok(())
    }

    /// Computes the next step of one input; none where there is nothing to do. `now_us` is any clock
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
                let read = read(&mut self.running, held, log, self.batch)?;
                held.note(read.0.is_empty(), now_us);
                read
            }
        };
        let becomes_idle = !self.bounded && held.becomes_idle(&self.running, now_us);
        if records.is_empty() && !held.owes_mark && !becomes_idle {
            return Ok(None);
        }
        let Input { topic, partition, .. } = &held.input;
        let next = records.last().map_or(from, |last| last.offset + 1);
        // At the end of what there is, so that the next stage need not wait for the next record. Markers
        // may hide that this is the end: then the next look, which finds nothing, tells it.
        let at_end = records.is_empty() || log.end_offset(topic, *partition)? == next;
        let is_due = held.marked_us.is_none_or(|at| now_us >= at.saturating_add(MARK_EVERY_US));
        // Rows of one that was idle go on together with the word that it no longer is.
        let marks = at_end || is_due || held.come(&self.running).is_some_and(Mark::is_idle);
        // Until the commit, the state in memory is ahead of the log.
        held.next = None;
        let result = match held.input.reader {
            Reader::Source(source) if becomes_idle => self.running.first.idle(source, *partition),
            Reader::Source(source) => self.running.first.step(source, *partition, &records, marks)?,
            Reader::Then(then) => match self.running.then.get_mut(then) {
                Some(stage) => stage.step(*partition, &records, marks)?,
                None => StepResult::default(),
            },
        };
        if marks {
            held.marked_us = Some(now_us);
        }
        Ok(Some(Prepared { input: number, result, next, marks }))
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

    /// Commits a step that was prepared; nothing may have happened to the worker since.
    ///
    /// # Errors
    /// [`Error::Log`]: then the partition is restored before its next step.
    pub fn commit(&mut self, log: &mut dyn Log, prepared: Prepared) -> Result<Committed, Error> {
        let Prepared { input, mut result, next, marks } = prepared;
        let Some(held) = self.inputs.get_mut(input) else { return Ok(Committed::default()) };
        // A commit without a position would not be bound to the group, and a zombie's would pass.
        let position = [held.input.position(next)];
        let Input { group, reader, .. } = &held.input;
        let StepResult { outputs, state, .. } = &result;
        let done = log.commit(&Commit { group, positions: &position, outputs, state });
        self.uncertain = matches!(done, Err(log::Error::Unknown { .. }));
        done?;
        held.next = Some(next);
        held.owes_mark = !marks;
        let of_stage = result.counts;
        if matches!(reader, Reader::Then(_)) {
            (result.counts.records_in, result.counts.events_out) = (0, 0);
        }
        Ok(Committed { counts: result.counts, logged: result.logged, of_stage, refused: result.refused })
    }

    /// Says that one input is at its end for good; only raw topics end. Prepares nothing if the log has
    /// to be asked first: then [`Self::prepare`] comes before.
    pub fn prepare_close(&mut self, number: usize) -> Option<Prepared> {
        let held = self.inputs.get_mut(number)?;
        let Reader::Source(source) = held.input.reader else { return None };
        let next = held.next.take()?;
        let result = self.running.first.close(source, held.input.partition);
        Some(Prepared { input: number, result, next, marks: true })
    }
}

impl Held {
    fn note(&mut self, is_empty: bool, now_us: i64) {
        self.found = match self.found {
            _ if !is_empty => Some(Found::Records),
            Some(Found::Nothing { since_us }) => Some(Found::Nothing { since_us }),
            _ => Some(Found::Nothing { since_us: now_us }),
        };
    }

    /// How far a raw partition has come.
    fn come(&self, running: &Running) -> Option<Mark> {
        let Reader::Source(source) = self.input.reader else { return None };
        running.first.mark_of(source, self.input.partition)
    }

    /// Whether a raw partition has had nothing to read for so long that it is to be said.
    fn becomes_idle(&self, running: &Running, now_us: i64) -> bool {
        let Reader::Source(source) = self.input.reader else { return false };
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
        matches!(self.reader, Reader::Source(_))
    }

    /// The same of another partition of the topic.
    #[must_use]
    pub fn of(&self, partition: u32) -> Self {
        Self { partition, ..self.clone() }
    }

    fn position(&self, next_offset: u64) -> Position {
        Position { topic: self.topic.clone(), partition: self.partition, next_offset }
    }
}

/// The next records of an input, and the offset that they were asked for from.
fn read(
    running: &mut Running,
    held: &mut Held,
    log: &dyn Log,
    Batch { records, bytes }: Batch,
) -> Result<(Vec<Record>, u64), Error> {
    if let Some(from) = held.next {
        match log.read(&held.input.topic, held.input.partition, from, records, bytes) {
            // Who slept for so long has most likely lost the partition to another, who read them.
            Err(log::Error::Expired { .. }) => held.next = None,
            read => return Ok((read?, from)),
        }
    }
    let from = restore(running, held, log)?;
    Ok((log.read(&held.input.topic, held.input.partition, from, records, bytes)?, from))
}

fn restore(running: &mut Running, held: &mut Held, log: &dyn Log) -> Result<u64, Error> {
    let Input { topic, partition, group, reader, .. } = &held.input;
    let next = match log.committed(group, topic, *partition)? {
        Some(next) => next,
        None => log.start_offset(topic, *partition)?,
    };
    match reader {
        Reader::Source(source) => {
            let state = log.state(&running.first.state_table())?;
            running.first.restore(*source, *partition, &state)?;
        }
        Reader::Then(then) => {
            if let Some(stage) = running.then.get_mut(*then) {
                stage.restore_from(log, *partition)?;
            }
        }
    }
    // Whether the last step before the restore said how far it had come is not known; and a first start
    // commits where it began, so that what expires later is missed.
    (held.next, held.owes_mark) = (Some(next), true);
    Ok(next)
}

impl KeyedStage {
    /// Takes back what the log has committed for a partition.
    ///
    /// # Errors
    /// [`Error::Log`], or state that this version of the pipeline cannot read.
    pub fn restore_from(&mut self, log: &dyn Log, partition: u32) -> Result<(), Error> {
        let [keys, marks, held] = self.tables(partition);
        let [keys, marks, held] = [log.state(&keys)?, log.state(&marks)?, log.state(&held)?];
        self.restore(partition, [&keys, &marks, &held])
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod time;
