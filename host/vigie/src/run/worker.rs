//! One worker: turns over its inputs, commits, and what is done where the log is unwell.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::Result;
use pipeline::{Input, Logged};

use super::patience::{COMMIT, Patience, Unwell};
use super::{IDLE, PAUSE, Shared, whole};
use crate::control;
use crate::logs::AnyLog;
use crate::watch::WorkerWatch;

/// Longest time in which a worker does not hear what its groups want, where it always has something open.
const MOST_UNHEARD: Duration = Duration::from_millis(500);

/// One worker, and its connection to the log.
pub struct Worker {
    pub log: AnyLog,
    group: String,
    /// Its own among all of the group.
    name: String,
    pub worker: pipeline::Worker,
    pub watch: WorkerWatch,
    /// What it may be given.
    pub inputs: Vec<Input>,
    /// When its clock began.
    start: Instant,
    unwell: Unwell,
    /// Whether something was committed that others may not see yet.
    unshown: bool,
    /// The input that a turn begins with.
    first: usize,
    /// Whether the others are still to be told which partitions it has.
    untold: bool,
}

/// Longest time between two looks while something waits for its commit.
const MOST_REST: Duration = Duration::from_millis(5);

impl Worker {
    /// `name`: its own in the pipeline's group.
    pub fn new(
        log: AnyLog,
        group: String,
        name: String,
        worker: pipeline::Worker,
        watch: WorkerWatch,
        inputs: Vec<Input>,
    ) -> Self {
        let (start, unwell) = (Instant::now(), Unwell::default());
        let (unshown, first, untold) = (false, 0, true);
        Self { log, group, name, worker, watch, inputs, start, unwell, unshown, first, untold }
    }

    /// Works until the topics are read to their end, or it is asked to stop.
    pub fn run(&mut self, number: usize, shared: &Shared) -> Result<()> {
        let mut followed = None::<Instant>;
        let mut pause = PAUSE;
        while !shared.stop.load(Ordering::SeqCst) && !shared.over.load(Ordering::SeqCst) {
            // Partitions come and go between two transactions only.
            if self.worker.is_open() && followed.is_none_or(|at| at.elapsed() > MOST_UNHEARD) {
                self.commit_kept(shared)?;
            }
            if !self.worker.is_open() {
                self.log.follow_groups(&mut self.worker, &self.inputs)?;
                if self.watch.follow(&self.worker) {
                    // Numbers mean other inputs now.
                    self.unwell = Unwell::default();
                    self.untold = true;
                }
                if self.untold {
                    let told = control::tell(&mut *self.log, &self.group, &self.name, &self.worker);
                    self.untold = !self.kept(told)?;
                }
                followed = Some(Instant::now());
            }
            shared.note_given(number, self.worker.inputs().len());
            let commits = shared.commits.load(Ordering::SeqCst);
            let turn = self.turn(shared);
            self.watch.end(&self.worker, turn.is_ok());
            let busy = match turn {
                Err(pipeline::Error::Log(error)) if error.is_retry() && !self.unwell.is_over() => {
                    if let Some(seconds) = self.unwell.is_to_be_told() {
                        eprintln!("worker {number}: the log has been unwell for {seconds} s: {error}");
                    }
                    std::thread::sleep(IDLE);
                    continue;
                }
                turn => turn?,
            };
            if busy {
                pause = PAUSE;
                continue;
            }
            if self.worker.is_open() {
                // What comes meanwhile: a step of a few records takes about as long as one of a hundred.
                std::thread::sleep(self.worker.rest(self.now_us()).clamp(PAUSE, MOST_REST));
                continue;
            }
            if self.unshown && !shared.follow {
                // Others may have looked before they could see it: all look once more.
                let shown = self.log.wait_until_visible();
                if self.kept(shown)? {
                    self.unshown = false;
                    shared.commits.fetch_add(1, Ordering::SeqCst);
                }
                continue;
            }
            if let Some(since) = shared.idle_since.get(number) {
                since.store(commits, Ordering::SeqCst);
            }
            if !shared.follow && shared.is_over() {
                // For all: what comes from now on is for the next run.
                shared.over.store(true, Ordering::SeqCst);
                break;
            }
            std::thread::sleep(pause);
            pause = (2 * pause).min(if shared.follow { IDLE } else { PAUSE });
        }
        // Who was asked to stop leaves nothing that others would have to wait for.
        self.commit_kept(shared)?;
        let retired = control::retire(&mut *self.log, &self.group, &self.name);
        self.kept(retired)?;
        self.watch.retire();
        // The delivery looks once more when the workers have ended, by a connection of its own.
        let mut patience = Patience::default();
        loop {
            match self.log.wait_until_visible() {
                Err(error) if error.is_retry() && !patience.is_over() => std::thread::sleep(IDLE),
                shown => return Ok(shown?),
            }
        }
    }

    /// A step of each input that does not wait for others; where a commit is due, one of each that does, and the commit.
    /// False: there was nothing to read. Where the log fails an input that is all, as it may have taken seconds, in which
    /// the groups wait to be heard; the next turn begins with the others.
    fn turn(&mut self, shared: &Shared) -> Result<bool, pipeline::Error> {
        let (mut busy, mut failed) = (false, None);
        let inputs = self.worker.inputs().len();
        let (first, due) = (self.first, self.worker.is_due(self.now_us()));
        for number in 0..inputs {
            let input = (first + number) % inputs;
            if self.worker.is_to_wait(input) != due {
                continue;
            }
            match self.step(input) {
                Ok(stepped) => {
                    busy |= stepped;
                    self.unwell.renew(input);
                }
                Err(pipeline::Error::Log(error)) if error.is_retry() => {
                    self.unwell.failed(input);
                    (self.first, failed) = ((input + 1) % inputs, Some(error));
                    break;
                }
                Err(error) => return Err(error),
            }
            if !due && self.worker.is_due(self.now_us()) {
                self.first = (input + 1) % inputs;
                break;
            }
        }
        // What one waits for may be what is open here; and a run that ends waits for nothing more.
        if self.worker.is_open() && (due || failed.is_some() || (!shared.follow && !busy)) {
            self.commit(shared)?;
        }
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(busy || due),
        }
    }

    fn now_us(&self) -> i64 {
        micros(self.start.elapsed())
    }

    /// One step of one input; false where there is nothing to do.
    fn step(&mut self, number: usize) -> Result<bool, pipeline::Error> {
        let (began, now_us) = (Instant::now(), self.now_us());
        let prepared = self.worker.prepare(&mut *self.log, number, now_us)?;
        self.watch.looked(number, &self.worker);
        say(&mut self.worker);
        let Some(prepared) = prepared else {
            return Ok(self.worker.is_paused(number) || self.worker.is_restoring(number));
        };
        let took = began.elapsed();
        self.watch.computed(number, took);
        self.worker.computed(number, micros(took));
        self.worker.append(&mut *self.log, prepared)?;
        Ok(true)
    }

    /// Commits what is open.
    fn commit(&mut self, shared: &Shared) -> Result<(), pipeline::Error> {
        let began = Instant::now();
        let committed = self.worker.commit(&mut *self.log);
        let took = began.elapsed();
        self.worker.took(micros(took));
        self.watch.committed(took, committed.as_deref().ok());
        say(&mut self.worker);
        match &committed {
            Ok(_) => self.unwell.renew(COMMIT),
            Err(_) => self.unwell.failed(COMMIT),
        }
        let committed = committed?;
        self.unshown |= !committed.is_empty();
        shared.commits.fetch_add(1, Ordering::SeqCst);
        let mut counts = whole(&shared.counts);
        committed.iter().for_each(|step| *counts += step.counts);
        drop(counts);
        let mut lines = committed.iter().flat_map(|step| &step.logged).peekable();
        if lines.peek().is_some() {
            let mut logged = whole(&shared.logged);
            for Logged { step, message, rows } in lines {
                *logged.entry((step.to_string(), message.to_string())).or_default() += rows;
            }
        }
        Ok(())
    }

    /// The same, where a log that is unwell is asked again later.
    fn commit_kept(&mut self, shared: &Shared) -> Result<()> {
        match self.commit(shared) {
            Err(pipeline::Error::Log(error)) => self.kept(Err(error)).map(|_| ()),
            done => Ok(done?),
        }
    }

    /// Whether something was done; not, where the log is unwell and is to be asked again.
    fn kept(&mut self, done: Result<(), log::Error>) -> Result<bool> {
        match done {
            Ok(()) => self.unwell.renew(COMMIT),
            Err(_) => self.unwell.failed(COMMIT),
        }
        match done {
            Err(error) if error.is_retry() && !self.unwell.is_over() => Ok(false),
            done => Ok(done.map(|()| true)?),
        }
    }

    pub fn close(&mut self) -> Result<()> {
        let inputs = self.worker.inputs().len();
        for input in 0..inputs {
            if let Some(prepared) = self.worker.prepare_close(input) {
                self.worker.append(&mut *self.log, prepared)?;
            }
        }
        self.worker.commit(&mut *self.log)?;
        Ok(())
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// Says what is nobody's fault and costs only time.
pub fn say(worker: &mut pipeline::Worker) {
    worker.take_notes().iter().for_each(|note| eprintln!("{note}"));
}
