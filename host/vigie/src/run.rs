//! One worker: reads raw topics, runs the stage, commits each step, then feeds the store.

use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use anyhow::Result;
use log::{Commit, Log as _};
use log_embedded::EmbeddedLog;
use pipeline::{Counts, DEAD_LETTER_ROWS, DEAD_LETTERS, Pipeline, Stage};

use crate::app::App;
use crate::deliver::Delivery;

/// Most records of one step.
const BATCH_RECORDS: usize = 1024;
/// Most bytes of one step, beyond its first record.
const BATCH_BYTES: usize = 4 << 20;
/// How long to wait where nothing is to do.
const IDLE: Duration = Duration::from_millis(50);

/// A pipeline at work on the embedded log.
pub struct Worker {
    log: EmbeddedLog,
    stage: Stage,
    group: String,
    /// Topic, partition and source number of each input.
    inputs: Vec<(String, u32, usize)>,
    delivery: Delivery,
    batch_records: usize,
    _lock: File,
    /// Since the start.
    pub counts: Counts,
}

impl Worker {
    pub fn open(app: &App, pipeline: &Pipeline) -> Result<Self> {
        app.create_data_dir()?;
        let lock = app.lock()?;
        let mut stage = app.stage(pipeline, app.identity()?)?;
        let log = app.log()?;
        log.create_topic(&pipeline.events.topic, pipeline.events.partitions)?;
        log.create_topic(DEAD_LETTERS, 1)?;
        log.create_topic(DEAD_LETTER_ROWS, 1)?;
        let mut inputs = Vec::new();
        for (number, source) in pipeline.sources.iter().enumerate() {
            log.create_topic(&source.topic, source.partitions)?;
            inputs.extend((0..source.partitions).map(|p| (source.topic.clone(), p, number)));
        }
        stage.restore(&log.state(&stage.state_table())?);
        let delivery = Delivery::open(app.store()?, pipeline, &stage)?;
        let group = format!("{}.v{}", pipeline.pipeline, pipeline.version);
        let counts = Counts::default();
        Ok(Self { log, stage, group, inputs, delivery, batch_records: batch_records()?, _lock: lock, counts })
    }

    pub fn stage(&self) -> &Stage {
        &self.stage
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

    /// One step of one input; false where there is nothing to read.
    fn step(&mut self, input: usize) -> Result<bool> {
        let Some((topic, partition, source)) = self.inputs.get(input) else { return Ok(false) };
        let from = self.log.committed(&self.group, topic, *partition)?.unwrap_or(0);
        let records = self.log.read(topic, *partition, from, self.batch_records, BATCH_BYTES)?;
        if records.is_empty() {
            return Ok(false);
        }
        let result = self.stage.step(*source, *partition, &records)?;
        self.log.commit(&Commit {
            group: &self.group,
            positions: &result.positions,
            outputs: &result.outputs,
            state: &result.state,
        })?;
        self.counts.records_in += result.counts.records_in;
        self.counts.events_out += result.counts.events_out;
        self.counts.dead_letters += result.counts.dead_letters;
        Ok(true)
    }
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
