//! One worker: reads raw topics, runs the stage, commits each step, then feeds the store.

use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use anyhow::Result;
use log::{Commit, Log as _};
use log_embedded::EmbeddedLog;
use pipeline::{Counts, DEAD_LETTER_ROWS, DEAD_LETTERS, Pipeline, Running, StepResult};

use crate::app::{App, ReadPipeline};
use crate::deliver::Delivery;

/// Most records of one step.
const BATCH_RECORDS: usize = 1024;
/// Most bytes of one step, beyond its first record.
const BATCH_BYTES: usize = 4 << 20;
/// How often an input says how far it has come while it is busy.
const MARK_EVERY: Duration = Duration::from_millis(250);
/// How long to wait where nothing is to do.
const IDLE: Duration = Duration::from_millis(50);

/// A pipeline at work on the embedded log.
pub struct Worker {
    log: EmbeddedLog,
    running: Running,
    inputs: Vec<Input>,
    delivery: Delivery,
    batch_records: usize,
    _lock: File,
    /// Since the start: raw records in, events out, dead letters of all stages.
    pub counts: Counts,
}

/// A partition that a stage reads.
struct Input {
    topic: String,
    partition: u32,
    group: String,
    reader: Reader,
    marked: Option<Instant>,
}

/// The stage that reads it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// The first stage, as this number of source.
    Source(usize),
    /// The stateful stage of this number.
    Then(usize),
}

impl Worker {
    pub fn open(app: &App, read: &ReadPipeline) -> Result<Self> {
        app.create_data_dir()?;
        let lock = app.lock()?;
        let pipeline = &read.pipeline;
        let (mut running, _) = app.running(read, app.identity()?)?;
        let log = app.log()?;
        create_topics(&log, pipeline)?;
        let mut inputs = Vec::new();
        let mut add = |topic: &str, partitions: u32, group: &str, reader: Reader| {
            inputs.extend((0..partitions).map(|partition| Input {
                topic: topic.into(),
                partition,
                group: group.into(),
                reader,
                marked: None,
            }));
        };
        for (number, source) in pipeline.sources.iter().enumerate() {
            add(&source.topic, source.partitions, &pipeline.group(), Reader::Source(number));
        }
        running.first.restore(&log.state(&running.first.state_table())?);
        for (number, stage) in running.then.iter_mut().enumerate() {
            let partitions = pipeline.output(stage.from()).map_or(1, |o| o.partitions);
            add(stage.from(), partitions, stage.group(), Reader::Then(number));
            restore(&log, stage, partitions)?;
        }
        let delivery = Delivery::open(app.store()?, pipeline, &running)?;
        let counts = Counts::default();
        Ok(Self { log, running, inputs, delivery, batch_records: batch_records()?, _lock: lock, counts })
    }

    pub fn running(&self) -> &Running {
        &self.running
    }

    pub fn log(&mut self) -> &mut EmbeddedLog {
        &mut self.log
    }

    /// Runs to the end of the topics, or for ever.
    pub fn run(&mut self, follow: bool, progress: &mut Progress) -> Result<()> {
        loop {
            let mut busy = false;
            for input in 0..self.inputs.len() {
                busy |= self.step(input)?;
            }
            busy |= self.delivery.deliver(&self.log, BATCH_RECORDS, BATCH_BYTES)?;
            progress.show(&self.counts, self.delivery.delivered);
            if !busy && !follow {
                progress.end();
                return Ok(());
            }
            if !busy {
                std::thread::sleep(IDLE);
            }
        }
    }

    /// Says that the raw topics are at their end for good, and runs what follows from it.
    pub fn close(&mut self, progress: &mut Progress) -> Result<()> {
        for input in &self.inputs {
            let Reader::Source(source) = input.reader else { continue };
            let result = self.running.first.close(source, input.partition);
            self.log.commit(&Commit {
                group: &input.group,
                positions: &[],
                outputs: &result.outputs,
                state: &result.state,
            })?;
        }
        self.run(false, progress)
    }

    /// One step of one input; false where there is nothing to read.
    fn step(&mut self, number: usize) -> Result<bool> {
        let Some(input) = self.inputs.get_mut(number) else { return Ok(false) };
        let from = self.log.committed(&input.group, &input.topic, input.partition)?.unwrap_or(0);
        let records = self.log.read(&input.topic, input.partition, from, self.batch_records, BATCH_BYTES)?;
        if records.is_empty() {
            return Ok(false);
        }
        // At the end of what there is, so that the next stage need not wait for the next record.
        let next = records.last().map_or(0, |last| last.offset + 1);
        let at_end = self.log.end_offset(&input.topic, input.partition)? == next;
        let mark = at_end || input.marked.is_none_or(|at| at.elapsed() >= MARK_EVERY);
        if mark {
            input.marked = Some(Instant::now());
        }
        let result = match input.reader {
            Reader::Source(source) => self.running.first.step(source, input.partition, &records, mark)?,
            Reader::Then(then) => match self.running.then.get_mut(then) {
                Some(stage) => stage.step(input.partition, &records, mark)?,
                None => StepResult::default(),
            },
        };
        self.log.commit(&Commit {
            group: &input.group,
            positions: &result.positions,
            outputs: &result.outputs,
            state: &result.state,
        })?;
        match input.reader {
            Reader::Source(_) => self.counts += result.counts,
            Reader::Then(_) => self.counts.dead_letters += result.counts.dead_letters,
        }
        Ok(true)
    }
}

fn create_topics(log: &EmbeddedLog, pipeline: &Pipeline) -> Result<()> {
    for source in &pipeline.sources {
        log.create_topic(&source.topic, source.partitions)?;
    }
    for output in [&pipeline.events].into_iter().chain(pipeline.then.iter().map(|t| &t.output)) {
        log.create_topic(&output.topic, output.partitions)?;
    }
    log.create_topic(DEAD_LETTERS, 1)?;
    Ok(log.create_topic(DEAD_LETTER_ROWS, 1)?)
}

/// Takes back a stage's state for each partition that it reads.
pub fn restore(log: &EmbeddedLog, stage: &mut pipeline::KeyedStage, partitions: u32) -> Result<()> {
    for partition in 0..partitions {
        let [keys, marks, held] = stage.tables(partition);
        let [keys, marks, held] = [log.state(&keys)?, log.state(&marks)?, log.state(&held)?];
        stage.restore(partition, [&keys, &marks, &held])?;
    }
    Ok(())
}

/// A smaller batch can be asked for, to show that batch cuts are invisible.
fn batch_records() -> Result<usize> {
    let Some(text) = std::env::var_os("VIGIE_BATCH_RECORDS") else { return Ok(BATCH_RECORDS) };
    match text.to_string_lossy().parse() {
        Ok(n @ 1..=65_536) => Ok(n),
        _ => anyhow::bail!("VG0007: VIGIE_BATCH_RECORDS must be a number from 1 to 65536"),
    }
}

/// Shows on a terminal what has been done so far, at most five times a second.
pub struct Progress {
    last: Instant,
    start: Instant,
    terminal: bool,
}

impl Progress {
    pub fn new() -> Self {
        let now = Instant::now();
        Self { last: now, start: now, terminal: std::io::stderr().is_terminal() }
    }

    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn show(&mut self, counts: &Counts, delivered: u64) {
        if self.terminal && self.last.elapsed() > Duration::from_millis(200) {
            self.last = Instant::now();
            eprint!(
                "\r  {} records in, {} events out, {} dead letters, {delivered} rows in the store ",
                counts.records_in, counts.events_out, counts.dead_letters
            );
            // Progress that cannot be shown is no failure.
            let _ = std::io::stderr().flush();
        }
    }

    fn end(&self) {
        if self.terminal {
            eprint!("\r\x1b[K");
        }
    }
}
