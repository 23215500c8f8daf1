//! What a run tells of itself: workers and deliveries count in cells of their own, and a thread that holds
//! up neither asks the log, once a second, how far they are behind.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deliver::{Delivery, Store};
use observe::{
    Counter, Gauge, Observed, OfCode, OfCounter, OfInput, OfPartition, OfState, OfStep, OfStore, OfTopic,
    OfWorker, Seconds, Turn,
};
use pipeline::{Committed, DISCARDED, RefusedCount, Running};

use crate::logs::AnyLog;
use crate::run::whole;

/// How often the log is asked.
const LOOK: Duration = Duration::from_secs(1);
/// In a cell: nobody knows.
const UNKNOWN: u64 = u64::MAX;
/// In the cell of a position: another process has the partition.
const ELSEWHERE: u64 = u64::MAX - 1;
const NO_TIME: i64 = i64::MIN;

/// How far somebody has read a partition, told without a lock.
pub struct Reading {
    next_offset: AtomicU64,
    /// Looks that found nothing.
    empty_looks: AtomicU64,
    newest_event_us: AtomicI64,
    state_keys: AtomicU64,
    state_bytes: AtomicU64,
}

/// The inputs that workers have, with how far they have read them. Locked where one is given or taken away.
pub type Readings = Arc<Mutex<BTreeMap<OfInput, Arc<Reading>>>>;

impl Default for Reading {
    fn default() -> Self {
        let unknown = || AtomicU64::new(UNKNOWN);
        Self {
            next_offset: unknown(),
            empty_looks: AtomicU64::new(0),
            newest_event_us: AtomicI64::new(NO_TIME),
            state_keys: unknown(),
            state_bytes: unknown(),
        }
    }
}

impl Reading {
    fn set_next(&self, next_offset: Option<u64>) {
        self.next_offset.store(next_offset.unwrap_or(UNKNOWN), Ordering::Relaxed);
    }

    fn next(&self) -> Option<u64> {
        known(&self.next_offset).filter(|next| *next != ELSEWHERE)
    }

    fn is_elsewhere(&self) -> bool {
        known(&self.next_offset) == Some(ELSEWHERE)
    }

    fn look_was_empty(&self) {
        self.empty_looks.fetch_add(1, Ordering::SeqCst);
    }
}

fn known(cell: &AtomicU64) -> Option<u64> {
    Some(cell.load(Ordering::Relaxed)).filter(|number| *number != UNKNOWN)
}

/// What one worker tells.
pub struct WorkerWatch {
    observed: Observed,
    readings: Readings,
    turn: Turn,
    assigned: Gauge,
    restored: Gauge,
    failures: Counter,
    commit: Seconds,
    commit_failures: Counter,
    inputs: Vec<InputWatch>,
    /// The plugins' counters, in their order, with what was told of each.
    plugins: Vec<(Counter, u64)>,
    refused: BTreeMap<OfCode, Counter>,
}

/// An input's cells.
struct InputWatch {
    input: OfInput,
    reading: Arc<Reading>,
    read: Counter,
    written: Counter,
    compute: Seconds,
}

impl WorkerWatch {
    pub fn new(observed: &Observed, readings: &Readings, number: u32, running: &Running) -> Option<Self> {
        let (metrics, worker) = (&observed.metrics, OfWorker { worker: number });
        let plugin = |(step, counter, _): (&str, &str, u64)| {
            let (step, counter): (Arc<str>, Arc<str>) = (step.into(), counter.into());
            let cell = match &*counter {
                DISCARDED => metrics.instances_discarded.get_or_create_owned(&OfStep { step }),
                _ => metrics.plugin_counted.get_or_create_owned(&OfCounter { step, counter }),
            };
            (cell, 0)
        };
        Some(Self {
            turn: observed.health.worker(number as usize)?.clone(),
            assigned: metrics.partitions_assigned.get_or_create_owned(&worker),
            restored: metrics.partitions_restored.get_or_create_owned(&worker),
            failures: metrics.turn_failures.get_or_create_owned(&worker),
            commit: metrics.commit_seconds.get_or_create_owned(&worker),
            commit_failures: metrics.commit_failures.get_or_create_owned(&worker),
            inputs: Vec::new(),
            plugins: plugin_counters(running).map(plugin).collect(),
            refused: BTreeMap::new(),
            observed: observed.clone(),
            readings: readings.clone(),
        })
    }

    /// Follows what the worker was given and what was taken from it; whether that was anything.
    pub fn follow(&mut self, worker: &pipeline::Worker) -> bool {
        let same = |watch: &InputWatch, input: &pipeline::Input| {
            watch.input.partition == input.partition
                && watch.input.topic == input.topic
                && watch.input.step == input.step
        };
        let inputs = worker.inputs();
        if inputs.len() == self.inputs.len() && inputs.zip(&self.inputs).all(|(input, w)| same(w, input)) {
            return false;
        }
        let mut before = std::mem::take(&mut self.inputs);
        let mut readings = whole(&self.readings);
        for input in worker.inputs() {
            let known = before.iter().position(|watch| same(watch, input));
            let watch = known.map(|at| before.swap_remove(at));
            let watch = watch.unwrap_or_else(|| InputWatch::new(&self.observed, input));
            readings.insert(watch.input.clone(), watch.reading.clone());
            self.inputs.push(watch);
        }
        // Unless another worker has it by now.
        for InputWatch { input, reading, .. } in before {
            if readings.get(&input).is_some_and(|known| Arc::ptr_eq(known, &reading)) {
                readings.remove(&input);
            }
        }
        drop(readings);
        self.tell_restored(worker);
        true
    }

    /// After a look at an input, whatever was found.
    pub fn looked(&self, number: usize, worker: &pipeline::Worker) {
        self.turn.take();
        let at_end = worker.standing(number).is_some_and(|standing| standing.at_end);
        if let Some(watch) = self.inputs.get(number).filter(|_| at_end) {
            watch.reading.look_was_empty();
        }
    }

    /// After a step of an input was computed.
    pub fn computed(&self, number: usize, took: Duration) {
        if let Some(watch) = self.inputs.get(number) {
            watch.compute.observe(took);
        }
    }

    /// After a commit; none: it failed.
    pub fn committed(&mut self, took: Duration, steps: Option<&[Committed]>) {
        self.turn.take();
        let Some(steps) = steps else {
            self.commit_failures.inc();
            return;
        };
        self.commit.observe(took);
        for Committed { input, of_stage, refused, .. } in steps {
            if let Some(watch) = self.inputs.get(*input) {
                watch.read.inc_by(of_stage.records_in);
                watch.written.inc_by(of_stage.events_out);
            }
            refused.iter().for_each(|refused| self.count_refused(refused));
        }
    }

    fn count_refused(&mut self, refused: &RefusedCount) {
        let code = OfCode { step: refused.step.clone(), code: refused.code };
        match self.refused.get(&code) {
            Some(cell) => cell.inc_by(refused.rows),
            None => {
                let cell = self.observed.metrics.dead_letters.get_or_create_owned(&code);
                self.refused.entry(code).or_insert(cell).inc_by(refused.rows)
            }
        };
    }

    /// At the end of a round over all inputs.
    pub fn end(&mut self, worker: &pipeline::Worker, succeeded: bool) {
        for (number, watch) in self.inputs.iter().enumerate() {
            let Some(standing) = worker.standing(number) else { continue };
            watch.reading.set_next(standing.next_offset);
            let newest_us = standing.newest_event_us.unwrap_or(NO_TIME);
            watch.reading.newest_event_us.store(newest_us, Ordering::Relaxed);
            let (keys, bytes) = standing.state.map_or((UNKNOWN, UNKNOWN), |(k, b)| (k as u64, b as u64));
            watch.reading.state_keys.store(keys, Ordering::Relaxed);
            watch.reading.state_bytes.store(bytes, Ordering::Relaxed);
        }
        for ((cell, told), (_, _, count)) in self.plugins.iter_mut().zip(plugin_counters(worker.running())) {
            cell.inc_by(count.saturating_sub(*told));
            *told = count;
        }
        if !succeeded {
            self.failures.inc();
        }
        self.tell_restored(worker);
        self.turn.end(succeeded);
    }

    /// The worker has come to the end of its run.
    pub fn retire(&self) {
        self.turn.retire();
    }

    /// Says how much of what the worker has is restored.
    pub fn tell_restored(&self, worker: &pipeline::Worker) {
        let number = |partitions: usize| i64::try_from(partitions).unwrap_or(i64::MAX);
        self.restored.set(number(worker.restored()));
        self.assigned.set(number(worker.inputs().len()));
    }
}

impl InputWatch {
    fn new(observed: &Observed, input: &pipeline::Input) -> Self {
        let (metrics, step) = (&observed.metrics, OfStep { step: input.step.clone() });
        let pipeline::Input { topic, partition, .. } = input.clone();
        let input = OfInput { step: input.step.clone(), topic, partition };
        Self {
            reading: Arc::default(),
            read: metrics.records_read.get_or_create_owned(&input),
            written: metrics.events_written.get_or_create_owned(&step),
            compute: metrics.compute_seconds.get_or_create_owned(&step),
            input,
        }
    }
}

/// Step, counter and count of all plugins, always in the same order.
fn plugin_counters(running: &Running) -> impl Iterator<Item = (&str, &str, u64)> {
    running.first.counters().chain(running.then.iter().flat_map(|stage| stage.counters()))
}

/// What a delivery tells.
pub struct DeliveryWatch {
    turn: Turn,
    failures: Counter,
    refused: Counter,
    /// Failures and refused rows that were told.
    told: (u64, u64),
    is_failing: Gauge,
    is_paused: Gauge,
    feeds: Vec<FeedWatch>,
}

/// The cells of a topic that goes into the store.
struct FeedWatch {
    topic: OfTopic,
    rows: Counter,
    told: u64,
    readings: Vec<Arc<Reading>>,
    /// The same, for who asks the log.
    shared: Partitions,
}

/// How far a delivery has read each partition of a topic. Locked where the topic has got another one.
type Partitions = Arc<Mutex<Vec<Arc<Reading>>>>;

impl FeedWatch {
    fn grow(&mut self, partitions: usize) {
        while self.readings.len() < partitions {
            let reading: Arc<Reading> = Arc::default();
            self.readings.push(reading.clone());
            whole(&self.shared).push(reading);
        }
    }
}

impl DeliveryWatch {
    /// None: there are fewer stores.
    pub fn new<S: Store>(observed: &Observed, number: usize, store: &str, of: &Delivery<S>) -> Option<Self> {
        let (metrics, store) = (&observed.metrics, OfStore { store: store.into() });
        let feed = |feed: &deliver::Feed| {
            let topic = OfTopic { store: store.store.clone(), topic: feed.topic().into() };
            let rows = metrics.delivered_rows.get_or_create_owned(&topic);
            let mut watch = FeedWatch { topic, rows, told: 0, readings: Vec::new(), shared: Arc::default() };
            watch.grow(feed.partitions() as usize);
            watch
        };
        Some(Self {
            turn: observed.health.delivery(number)?.clone(),
            failures: metrics.delivery_failures.get_or_create_owned(&store),
            refused: metrics.delivery_refused_rows.get_or_create_owned(&store),
            told: (0, 0),
            is_failing: metrics.delivery_failing.get_or_create_owned(&store),
            is_paused: metrics.delivery_paused.get_or_create_owned(&store),
            feeds: of.feeds().iter().map(feed).collect(),
        })
    }

    /// After a look at all topics; `is_well`: whether the run can go on with it.
    pub fn looked<S: Store>(
        &mut self,
        delivery: &Delivery<S>,
        succeeded: bool,
        is_paused: bool,
        is_well: bool,
    ) {
        for (watch, feed) in self.feeds.iter_mut().zip(delivery.feeds()) {
            watch.rows.inc_by(feed.rows().saturating_sub(watch.told));
            watch.told = feed.rows();
            // Its topic may have got more since the start.
            watch.grow(feed.partitions() as usize);
            for (reading, partition) in watch.readings.iter().zip(0..) {
                let Some(place) = feed.places().get(&partition) else {
                    reading.set_next(Some(ELSEWHERE));
                    continue;
                };
                // Behind a failure it is where it was, until the store has said it again.
                if place.next_offset.is_some() || reading.is_elsewhere() {
                    reading.set_next(place.next_offset);
                }
                if place.at_end && succeeded {
                    reading.look_was_empty();
                }
            }
        }
        let (failures, refused) = (delivery.failures(), delivery.refused());
        self.failures.inc_by(failures.saturating_sub(self.told.0));
        self.refused.inc_by(refused.saturating_sub(self.told.1));
        self.told = (failures, refused);
        self.is_failing.set(i64::from(delivery.failure().is_some()));
        self.is_paused.set(i64::from(is_paused));
        self.turn.end(is_well);
    }

    /// The delivery has come to the end of its run.
    pub fn retire(&self) {
        self.turn.retire();
    }

    /// How far it is behind, topic by topic, for who asks the log.
    pub fn behind(&self) -> Vec<Behind> {
        let behind = |feed: &FeedWatch| Behind {
            topic: feed.topic.clone(),
            readings: feed.shared.clone(),
            lags: Vec::new(),
        };
        self.feeds.iter().map(behind).collect()
    }
}

/// How far a delivery is behind in a topic.
pub struct Behind {
    topic: OfTopic,
    readings: Partitions,
    lags: Vec<Lag>,
}

impl Behind {
    /// Records to the ends of the partitions that it has; none: nobody knows.
    pub fn records(&mut self, log: &AnyLog, answers: &mut bool) -> Option<u64> {
        // Held for no longer than it takes to see them: the log may take its time to answer.
        let readings = whole(&self.readings).clone();
        self.lags.resize_with(readings.len(), Lag::default);
        let all = readings.iter().zip(&mut self.lags).zip(0..);
        let ours = all.filter(|((reading, _), _)| !reading.is_elsewhere());
        let topic = &self.topic.topic;
        ours.map(|((reading, lag), partition)| lag.of(reading, end(log, topic, partition, answers)?)).sum()
    }
}

/// What is known of how far a reader is behind.
#[derive(Default)]
struct Lag {
    /// The end at the last look, and the empty looks of the reader since.
    seen: Option<(u64, u64)>,
    /// All before it was read.
    caught_up: u64,
}

impl Lag {
    /// Where a reader is to the end that was asked for just now; none: nobody knows where it is.
    fn of(&mut self, reading: &Reading, end: u64) -> Option<u64> {
        let empty_looks = reading.empty_looks.load(Ordering::SeqCst);
        Some(self.records(end, reading.next()?, empty_looks))
    }

    /// Records from where a reader is to the end. On Kafka markers of transactions take offsets behind the last
    /// record, so that no position reaches the end: who looked after the last end was seen, and found nothing, has
    /// read all before it. Of two empty looks the second began later than the end was seen.
    fn records(&mut self, end: u64, next: u64, empty_looks: u64) -> u64 {
        match self.seen {
            Some((seen, looks)) if empty_looks >= looks.saturating_add(2) => {
                self.caught_up = self.caught_up.max(seen);
                self.seen = Some((end, empty_looks));
            }
            Some(_) => {}
            None => self.seen = Some((end, empty_looks)),
        }
        end.saturating_sub(next.max(self.caught_up))
    }
}

/// Tells what has to be asked of the log.
struct Publisher {
    log: AnyLog,
    observed: Observed,
    readings: Readings,
    told: BTreeMap<OfInput, (Arc<Reading>, Lag)>,
    /// Whether the log has answered in this round: each answer that does not come takes seconds.
    answers: bool,
    deliveries: Vec<Behind>,
}

/// Publishes until the process ends.
pub fn publish(
    log: AnyLog,
    observed: &Observed,
    readings: &Readings,
    deliveries: Vec<Behind>,
) -> std::io::Result<()> {
    let mut publisher = Publisher {
        log,
        observed: observed.clone(),
        readings: readings.clone(),
        told: BTreeMap::new(),
        answers: true,
        deliveries,
    };
    let run = move || {
        loop {
            publisher.tell();
            std::thread::sleep(LOOK);
        }
    };
    std::thread::Builder::new().name("publish".into()).spawn(run).map(|_| ())
}

impl Publisher {
    fn tell(&mut self) {
        let now = whole(&self.readings).clone();
        let before = std::mem::take(&mut self.told);
        for (input, (reading, lag)) in before {
            match now.get(&input) {
                Some(known) if Arc::ptr_eq(known, &reading) => _ = self.told.insert(input, (reading, lag)),
                Some(_) => {}
                None => self.forget(&input),
            }
        }
        for (input, reading) in now {
            self.tell_standing(&input, &reading);
            self.told.entry(input).or_insert_with(|| (reading, Lag::default()));
        }
        self.answers = true;
        self.tell_lags();
        self.tell_deliveries();
    }

    fn tell_standing(&self, input: &OfInput, reading: &Reading) {
        let metrics = &self.observed.metrics;
        let newest_us = reading.newest_event_us.load(Ordering::Relaxed);
        let partition = of_partition(input);
        if newest_us == NO_TIME {
            metrics.watermark_delay_seconds.remove(&partition);
        } else {
            metrics.watermark_delay_seconds.get_or_create_owned(&partition).set_us(newest_us);
        }
        // Between two rounds a partition may have to be restored; then the last known is told.
        let size = known(&reading.state_keys).zip(known(&reading.state_bytes));
        if let Some((keys, bytes)) = size {
            let state = of_state(input);
            metrics.state_keys.get_or_create_owned(&state).set(signed(keys));
            metrics.state_bytes.get_or_create_owned(&state).set(signed(bytes));
        }
    }

    /// A lag that cannot be told is absent, not old.
    fn tell_lags(&mut self) {
        let lags = &self.observed.metrics.lag_records;
        for (input, (reading, lag)) in &mut self.told {
            let end = end(&self.log, &input.topic, input.partition, &mut self.answers);
            match end.and_then(|end| lag.of(reading, end)) {
                Some(records) => _ = lags.get_or_create_owned(input).set(signed(records)),
                None => _ = lags.remove(input),
            }
        }
    }

    fn tell_deliveries(&mut self) {
        let lags = &self.observed.metrics.delivery_lag_records;
        for behind in &mut self.deliveries {
            match behind.records(&self.log, &mut self.answers) {
                Some(records) => _ = lags.get_or_create_owned(&behind.topic).set(signed(records)),
                None => _ = lags.remove(&behind.topic),
            }
        }
    }

    /// The partition has been given to another process.
    fn forget(&self, input: &OfInput) {
        let metrics = &self.observed.metrics;
        metrics.lag_records.remove(input);
        metrics.watermark_delay_seconds.remove(&of_partition(input));
        metrics.state_keys.remove(&of_state(input));
        metrics.state_bytes.remove(&of_state(input));
    }
}

/// The end of a partition; none, and nothing more is asked in this round, where the log does not say it.
fn end(log: &AnyLog, topic: &str, partition: u32, answers: &mut bool) -> Option<u64> {
    let end = answers.then(|| log.end_offset(topic, partition))?;
    *answers = end.is_ok();
    end.ok()
}

fn of_partition(input: &OfInput) -> OfPartition {
    OfPartition { topic: input.topic.clone(), partition: input.partition }
}

fn of_state(input: &OfInput) -> OfState {
    OfState { step: input.step.clone(), partition: input.partition }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_from_the_position_to_the_end() {
        let mut lag = Lag::default();
        assert_eq!(lag.records(10, 4, 0), 6);
        assert_eq!(lag.records(10, 10, 1), 0);
        assert_eq!(lag.records(9, 10, 1), 0, "the end was asked for before the position moved on");
    }

    #[test]
    fn who_found_nothing_after_the_end_was_seen_is_at_it_and_stays_there_no_longer_than_that() {
        let mut lag = Lag::default();
        // Two markers lie between the position and the end.
        assert_eq!(lag.records(12, 10, 0), 2);
        assert_eq!(lag.records(12, 10, 1), 2, "that look may have begun before the end was seen");
        assert_eq!(lag.records(12, 10, 2), 0);
        assert_eq!(lag.records(15, 10, 2), 3, "a reader that hangs falls behind");
        assert_eq!(lag.records(16, 10, 2), 4);
    }
}
