//! Workers, each a thread with a log connection, stages and partitions of its own, and beside them a courier for
//! each store.

mod courier;
mod patience;
mod progress;
mod worker;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use deliver::{Delivery, Refused, Rules};
use log::{Log, Most};
use observe::Observed;
use pipeline::facts::{self, CONTROL, Facts};
use pipeline::{
    Counts, DEAD_LETTER_ROWS, DEAD_LETTERS, Pace, Pipeline, RefusedRow, Running, StoreLetters, is_watermark,
};

use crate::app::{App, ReadPipeline};
use crate::control;
use crate::logs::{AnyLog, LogAddress};
use crate::snapshots::SnapshotFolder;
use crate::stop::Asked;
use crate::stores::{self, EMBEDDED, Keeper, StoresFile};
use crate::watch::{self, DeliveryWatch, Readings, WorkerWatch};
use courier::Courier;
use patience::Patience;
pub use progress::Progress;
use worker::{Worker, say};

/// Most of one step, which begins with fewer and grows while it is quick.
const BATCH: Most = Most { records: 8192, bytes: 4 << 20 };
/// On Kafka, how long a step waits for others to be committed with: where little is read, and where
/// there is more. A commit takes the thread some 10 ms, and the broker as much for one step as for many.
const LEAST_COMMIT_US: i64 = 10_000;
const MOST_COMMIT_US: i64 = 100_000;
/// About the most that waits for a commit, beyond one step; the client holds it twice for a moment.
const MOST_OPEN_BYTES: usize = 16 << 20;
/// How long to wait where nothing is to do: at first, and at most, for new records.
const PAUSE: Duration = Duration::from_millis(1);
const IDLE: Duration = Duration::from_millis(20);
/// Longest wait for the partitions of a pipeline: a worker of another name may have to be given up first.
const MOST_JOIN: Duration = Duration::from_secs(60);
/// Most workers; each takes the memory of its plugins and of its partitions' state.
pub const MOST_WORKERS: u8 = 64;

/// A pipeline at work on a log.
pub struct Workers {
    log: AnyLog,
    workers: Vec<Worker>,
    /// Partitions of the pipeline.
    all: usize,
    /// The embedded store's first.
    couriers: Vec<Courier>,
    /// None where there is nothing to keep: on Kafka it is one more producer.
    keeper: Option<Keeper>,
    group: String,
    readings: Readings,
    _lock: File,
}

/// What the threads of a run tell each other.
struct Shared {
    follow: bool,
    stop: AtomicBool,
    /// Whether the topics were read to their end.
    over: AtomicBool,
    /// Commits of all, each counted again once it can be seen by all.
    commits: AtomicU64,
    /// For each worker, after how many commits it found nothing to read.
    idle_since: Vec<AtomicU64>,
    /// For each worker, how many partitions it has.
    given: Vec<AtomicUsize>,
    /// How many there are.
    all: usize,
    /// Workers that have not ended.
    working: AtomicUsize,
    /// Whether it was asked to stop, so that what stores lack is left to the next start.
    leaves: AtomicBool,
    /// Turns in which couriers had something, since the workers have ended.
    deliveries: AtomicU64,
    /// For each courier, after how many of these it found nothing.
    delivered_since: Vec<AtomicU64>,
    /// Rows that the embedded store has.
    delivered: AtomicU64,
    counts: Mutex<Counts>,
    /// Log lines of plugins since they were last shown: step, message, events.
    logged: Mutex<BTreeMap<(String, String), u64>>,
}

/// The plugins' counters over all workers: step, counter, count.
pub type Counters = Vec<(String, String, u64)>;

impl Workers {
    /// `host` tells the programs apart that share a pipeline on Kafka; `observed` has as many workers, and a delivery for
    /// the embedded store and each of the file.
    pub fn open(
        app: &App,
        read: &ReadPipeline,
        file: &StoresFile,
        workers: u8,
        host: u16,
        observed: &Observed,
    ) -> Result<Self> {
        app.create_data_dir()?;
        let lock = app.lock()?;
        let log = app.log()?;
        let pipeline = &create_topics(&*log, &read.pipeline)?;
        let tables = std::sync::Arc::new(app.tables(read)?);
        let (sandbox, policies) = (app.sandbox()?, app.policies()?);
        // Compiled once, shared by all workers.
        let loaded = RefCell::new(BTreeMap::new());
        let component = |name: &str| {
            if let Some(found) = loaded.borrow().get(name) {
                return Ok(plugin::Component::clone(found));
            }
            let component = app.component(&sandbox, &policies, name)?;
            loaded.borrow_mut().insert(name.to_owned(), component.clone());
            Ok(component)
        };
        let written = app.written()?;
        let mut flows = None;
        let most = Most { records: batch_records()?, bytes: BATCH.bytes };
        let (mut opened, readings) = (Vec::new(), Readings::default());
        let count = workers.max(1);
        for number in 0..count {
            let running = Running::new(pipeline, app.identity()?, tables.clone(), &component)?;
            if opened.is_empty() {
                let checked = pipeline::check_labels(pipeline, &running, &tables, &policies, &written)?;
                file.check(pipeline, &checked, &policies)?;
                flows = Some(checked);
            }
            let name = format!("{}.{host}.{number}", pipeline.group());
            let mut log = app.log_as(&name)?;
            if let Some(flows) = flows.take() {
                control::begin(app, &mut *log, read, &written, &flows)?;
            }
            let inputs = match app.log {
                LogAddress::Embedded => {
                    pipeline.inputs().into_iter().skip(number.into()).step_by(count.into()).collect()
                }
                // The groups say who has which.
                LogAddress::Kafka(_) => pipeline.inputs(),
            };
            let watch = WorkerWatch::new(observed, &readings, number.into(), &running);
            let Some(watch) = watch else { anyhow::bail!("VG0019: worker {number} is not watched") };
            let worker = pipeline::Worker::new(running, most);
            opened.push(Worker::new(log, pipeline.group(), name, worker, watch, inputs));
        }
        let Some(first) = opened.first() else { anyhow::bail!("VG0019: no worker was started") };
        let derived = pipeline.derived(first.worker.running());
        let facts = facts::read(&*log, CONTROL)?;
        let next = facts.values().map(|fact| fact.offset + 1).max().unwrap_or(0);
        let couriers = couriers(app, pipeline, file, host, derived, observed, &facts)?;
        // Behind all that may refuse the start: who has joined is waited for by others.
        for Worker { log, worker, inputs, .. } in &mut opened {
            // The embedded log's tables lie on this disk themselves.
            if app.log != LogAddress::Embedded {
                worker.set_pace(Pace::new(LEAST_COMMIT_US, MOST_COMMIT_US, MOST_OPEN_BYTES));
                worker.set_snapshots(Box::new(SnapshotFolder::in_data(&app.data_dir)));
            }
            log.assign(worker, inputs)?;
        }
        let kept = couriers.iter().map(|c| (c.name().to_owned(), c.standing().clone(), c.watch().behind()));
        let (group, member) = (pipeline.group(), format!("{}.{host}", pipeline.group()));
        let keeper = if app.log == LogAddress::Embedded || !file.stores.is_empty() {
            let log = app.log_as(&format!("{member}.keeper"))?;
            Some(Keeper::new(log, group.clone(), member, kept.collect(), next))
        } else {
            None
        };
        let all = pipeline.inputs().len();
        Ok(Self { log, workers: opened, all, couriers, keeper, group, readings, _lock: lock })
    }

    /// Has it told until the process ends how far the run is behind the log's ends.
    pub fn publish(&self, app: &App, observed: &Observed) -> Result<()> {
        let behind = self.couriers.iter().flat_map(|courier| courier.watch().behind()).collect();
        Ok(watch::publish(app.log()?, observed, &self.readings, behind)?)
    }

    /// Sums of the plugins' counters since the start.
    pub fn counters(&self) -> Counters {
        let mut sums: Counters = Vec::new();
        for worker in &self.workers {
            let running = worker.worker.running();
            let then = running.then.iter().flat_map(|stage| stage.counters());
            for (step, counter, count) in running.first.counters().chain(then) {
                match sums.iter_mut().find(|(s, c, _)| s == step && c == counter) {
                    Some((_, _, sum)) => *sum += count,
                    None => sums.push((step.into(), counter.into(), count)),
                }
            }
        }
        sums
    }

    /// Runs to the end of the topics, or for ever: workers, couriers and their keeper in threads.
    pub fn run(&mut self, follow: bool, progress: &mut Progress) -> Result<()> {
        let shared = self.shared(follow);
        self.workers.iter_mut().for_each(|worker| worker.worker.set_bounded(!follow));
        if !follow {
            wait_for_all(&mut self.workers, self.all)?;
        }
        for courier in &mut self.couriers {
            let group = format!("{}.to-{}", self.group, courier.name());
            // The embedded store is this program's own, and who runs to the end delivers all.
            courier.assign(Some(group.as_str()).filter(|_| follow && courier.name() != EMBEDDED))?;
        }
        self.restore()?;
        let asked = follow.then(Asked::listen).transpose()?;
        let kept = AtomicBool::new(false);
        let result = std::thread::scope(|scope| {
            let (shared, kept) = (&shared, &kept);
            let workers = self.workers.iter_mut().zip(0..).map(|(worker, number)| {
                scope.spawn(move || shared.guard(true, || worker.run(number, shared)))
            });
            let mut threads: Vec<_> = workers.collect();
            let couriers = self.couriers.iter_mut().zip(0..).map(|(courier, number)| {
                scope.spawn(move || shared.guard(false, || courier.run(number, shared)))
            });
            threads.extend(couriers);
            let keeper = self.keeper.as_mut().filter(|_| follow);
            let keeping = keeper.map(|keeper| scope.spawn(move || keeper.run(kept)));
            while !threads.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                if asked.as_ref().is_some_and(Asked::is_so) {
                    shared.give_up();
                }
                progress.show(&shared.counts(), shared.delivered.load(Ordering::Relaxed));
                progress.log(shared, false);
                std::thread::sleep(if follow { IDLE } else { PAUSE });
            }
            progress.log(shared, true);
            kept.store(true, Ordering::SeqCst);
            let defect = || anyhow::bail!("VG0019: a thread ended in a defect of Vigie");
            let ended = threads.into_iter().try_for_each(|t| t.join().unwrap_or_else(|_| defect()));
            ended.and(keeping.map_or(Ok(()), |keeper| keeper.join().or_else(|_| defect())))
        });
        if let Some(keeper) = self.keeper.as_mut().filter(|_| !follow) {
            keeper.say()?;
        }
        progress.end();
        progress.counts += shared.counts();
        result
    }

    fn shared(&self, follow: bool) -> Shared {
        Shared {
            follow,
            stop: AtomicBool::new(false),
            over: AtomicBool::new(false),
            commits: AtomicU64::new(0),
            idle_since: self.workers.iter().map(|_| AtomicU64::new(u64::MAX)).collect(),
            given: self.workers.iter().map(|worker| AtomicUsize::new(worker.worker.inputs().len())).collect(),
            all: self.all,
            working: AtomicUsize::new(self.workers.len()),
            leaves: AtomicBool::new(false),
            deliveries: AtomicU64::new(0),
            delivered_since: self.couriers.iter().map(|_| AtomicU64::new(u64::MAX)).collect(),
            delivered: AtomicU64::new(self.couriers.first().map_or(0, Courier::delivered)),
            counts: Mutex::default(),
            logged: Mutex::default(),
        }
    }

    /// Restores the partitions that the workers have, and says on Kafka what that came to; who goes on is given most of
    /// them later.
    fn restore(&mut self) -> Result<()> {
        let sum = |workers: &[Worker]| {
            let mut all = pipeline::Restores::default();
            workers.iter().for_each(|worker| all += worker.worker.restores());
            all
        };
        let before = sum(&self.workers);
        for Worker { log, worker, watch, .. } in &mut self.workers {
            watch.follow(worker);
            restore(log, worker)?;
            watch.tell_restored(worker);
        }
        let pipeline::Restores { partitions, by_snapshot, changes, .. } = sum(&self.workers);
        if matches!(self.log, AnyLog::Kafka(_)) && partitions > before.partitions {
            eprintln!(
                "state of {partitions} partitions restored, {by_snapshot} by snapshots; {changes} changes read"
            );
        }
        Ok(())
    }

    /// Says that the raw topics are at their end for good, and runs what follows from it.
    pub fn close(&mut self, progress: &mut Progress) -> Result<()> {
        for worker in &mut self.workers {
            worker.close()?;
        }
        self.run(false, progress)
    }
}

/// What a thread leaves when it ends, however it does.
struct Leaving<'a> {
    shared: &'a Shared,
    is_worker: bool,
    /// Whether it has done its work.
    succeeded: bool,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if !self.succeeded {
            self.shared.give_up();
        }
        if self.is_worker {
            self.shared.working.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Shared {
    /// A thread's work; where it fails, all end.
    fn guard(&self, is_worker: bool, work: impl FnOnce() -> Result<()>) -> Result<()> {
        let mut leaving = Leaving { shared: self, is_worker, succeeded: false };
        let result = work();
        leaving.succeeded = result.is_ok();
        result
    }

    /// All are to end, and to leave what they have not done.
    fn give_up(&self) {
        self.leaves.store(true, Ordering::SeqCst);
        self.stop.store(true, Ordering::SeqCst);
    }

    fn counts(&self) -> Counts {
        *whole(&self.counts)
    }

    /// How many partitions a worker has. Those that are new nobody has looked at since the last commit, so that is
    /// said first.
    fn note_given(&self, number: usize, inputs: usize) {
        let (Some(given), Some(since)) = (self.given.get(number), self.idle_since.get(number)) else {
            return;
        };
        if given.load(Ordering::SeqCst) != inputs {
            since.store(u64::MAX, Ordering::SeqCst);
            given.store(inputs, Ordering::SeqCst);
        }
    }

    /// Whether every worker has looked after the last commit, and found nothing, and none of the partitions is on
    /// its way from one to another.
    fn is_over(&self) -> bool {
        let commits = self.commits.load(Ordering::SeqCst);
        let given: usize = self.given.iter().map(|given| given.load(Ordering::SeqCst)).sum();
        given >= self.all && self.idle_since.iter().all(|since| since.load(Ordering::SeqCst) == commits)
    }
}

/// What a lock guards here is whole after each change, even if another thread has panicked since.
pub fn whole<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A courier for the embedded store, and one for each of the file.
fn couriers(
    app: &App,
    pipeline: &Pipeline,
    file: &StoresFile,
    host: u16,
    derived: Vec<pipeline::Derived>,
    observed: &Observed,
    facts: &Facts,
) -> Result<Vec<Courier>> {
    let (name, identity) = (pipeline.pipeline.clone(), app.identity()?);
    let entries = file.stores.iter().map(|(name, entry)| (name.as_str(), Some(entry)));
    let mut couriers = Vec::new();
    for (number, (store, entry)) in [(EMBEDDED, None)].into_iter().chain(entries).enumerate() {
        let standing = stores::before(facts, store);
        let letters = StoreLetters::new(&name, identity);
        let letter = move |refused: &Refused<'_>| {
            let Refused { store, topic, partition, record, reject } = *refused;
            letters.write(&RefusedRow {
                store,
                kind: &reject.kind,
                message: &reject.message,
                topic,
                partition,
                record,
            })
        };
        let rules = Rules { name: store.into(), skips: is_watermark, letter: Box::new(letter) };
        let mut delivery = match entry {
            None => {
                let store: stores::AnyStore = Box::new(app.store()?);
                Delivery::new(store, file.embedded.topics(derived.clone()), rules)?
            }
            Some(entry) => {
                entry.delivery(standing.expected().1.as_deref(), derived.clone(), pipeline, rules)?
            }
        };
        let log = match entry {
            // It refuses nothing, so there is nothing to write.
            None => app.log()?,
            Some(_) => app.log_as(&format!("{}.{host}.to-{store}", pipeline.group()))?,
        };
        // By a connection of its own, as it reads what others deliver.
        if let Some(entry) = entry.filter(|entry| entry.archive)
            && let AnyLog::Kafka(log) = app.log()?
        {
            stores::check_retention(&log, store, entry, &mut delivery)?;
        }
        let watch = DeliveryWatch::new(observed, number, store, &delivery);
        let Some(watch) = watch else { anyhow::bail!("VG0019: store {store} is not watched") };
        couriers.push(Courier::new(store.into(), log, delivery, watch, entry.cloned(), standing));
    }
    Ok(couriers)
}

/// Waits until the workers of this program have all partitions. On Kafka the groups give them, once their other
/// members have answered; only a program that has all of them knows where the topics end.
fn wait_for_all(workers: &mut [Worker], all: usize) -> Result<()> {
    let start = Instant::now();
    loop {
        let mut given = 0;
        for Worker { log, worker, inputs, .. } in workers.iter_mut() {
            log.follow_groups(worker, inputs)?;
            given += worker.inputs().len();
        }
        if given >= all {
            return Ok(());
        }
        if start.elapsed() > MOST_JOIN {
            let seconds = MOST_JOIN.as_secs();
            anyhow::bail!(
                "VG0032: only {given} of {all} partitions were given to this program in {seconds} s"
            );
        }
        std::thread::sleep(PAUSE);
    }
}

/// Restores a worker's partitions, so that a start fails before its first step. A transaction of a worker
/// that was killed may have to end first.
fn restore(log: &mut AnyLog, worker: &mut pipeline::Worker) -> Result<()> {
    let mut patience = Patience::default();
    loop {
        match worker.restore(&mut **log) {
            Err(pipeline::Error::Log(error)) if error.is_retry() && !patience.is_over() => {}
            result => {
                say(worker);
                return Ok(result?);
            }
        }
        std::thread::sleep(IDLE);
    }
}

/// Makes the topics, and gives the pipeline with the raw partitions that there are.
fn create_topics(log: &dyn Log, pipeline: &Pipeline) -> Result<Pipeline> {
    let mut pipeline = pipeline.clone();
    for source in &mut pipeline.sources {
        source.partitions = log.open_topic(&source.topic, source.partitions)?;
    }
    for output in [&pipeline.events].into_iter().chain(pipeline.then.iter().map(|t| &t.output)) {
        log.create_topic(&output.topic, output.partitions)?;
    }
    for (stage, partitions) in pipeline.state_stages() {
        log.create_state(&stage, partitions)?;
    }
    control::create_topics(log)?;
    log.create_topic(DEAD_LETTERS, 1)?;
    log.create_topic(DEAD_LETTER_ROWS, 1)?;
    Ok(pipeline)
}

/// Another most can be asked for, to show that batch cuts are invisible.
fn batch_records() -> Result<usize> {
    let Some(text) = std::env::var_os("VIGIE_BATCH_RECORDS") else { return Ok(BATCH.records) };
    match text.to_string_lossy().parse() {
        Ok(n @ 1..=65_536) => Ok(n),
        _ => anyhow::bail!("VG0007: VIGIE_BATCH_RECORDS must be a number from 1 to 65536"),
    }
}
