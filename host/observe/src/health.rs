//! Whether the program is well: its workers and its deliveries take their turns, and what they need is restored.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::cells::Gauge;
use crate::metrics::{Metrics, OfWorker};

/// Longest time from one turn to the next. A step that is bisected on the engine that counts fuel, or a broker
/// that is gone, takes many seconds; nothing that works takes so long.
const MOST_TURN: Duration = Duration::from_secs(120);
/// The last turn of who has not begun, or has ended: nothing is asked of them.
const NONE: u64 = u64::MAX;

/// Whether the program is well.
pub struct Health {
    workers: Vec<Worker>,
    /// Of the stores: the embedded one first.
    deliveries: Vec<Turn>,
}

/// What is known of a worker.
struct Worker {
    turn: Turn,
    assigned: Gauge,
    restored: Gauge,
}

/// Says that somebody goes on. Clones are the same.
#[derive(Clone, Debug)]
pub struct Turn(Arc<Taken>);

#[derive(Debug)]
struct Taken {
    start: Instant,
    last_ms: AtomicU64,
    succeeded: AtomicBool,
}

impl Turn {
    fn new() -> Self {
        let (start, last_ms, succeeded) = (Instant::now(), NONE.into(), false.into());
        Self(Arc::new(Taken { start, last_ms, succeeded }))
    }

    /// Goes on.
    pub fn take(&self) {
        let ms = u64::try_from(self.0.start.elapsed().as_millis()).unwrap_or(NONE - 1);
        self.0.last_ms.store(ms, Ordering::Relaxed);
    }

    /// Says whether what was tried has succeeded.
    pub fn end(&self, succeeded: bool) {
        self.0.succeeded.store(succeeded, Ordering::Relaxed);
        self.take();
    }

    /// There will be no more turns.
    pub fn retire(&self) {
        self.0.last_ms.store(NONE, Ordering::Relaxed);
    }

    fn is_late(&self, most: Duration) -> bool {
        let last_ms = self.0.last_ms.load(Ordering::Relaxed);
        last_ms != NONE && self.0.start.elapsed().saturating_sub(Duration::from_millis(last_ms)) > most
    }

    fn has_succeeded(&self) -> bool {
        self.0.succeeded.load(Ordering::Relaxed)
    }
}

impl Health {
    pub(crate) fn new(workers: usize, deliveries: usize, metrics: &Metrics) -> Self {
        let worker = |worker| Worker {
            turn: Turn::new(),
            assigned: metrics.partitions_assigned.get_or_create_owned(&OfWorker { worker }),
            restored: metrics.partitions_restored.get_or_create_owned(&OfWorker { worker }),
        };
        let deliveries = (0..deliveries).map(|_| Turn::new()).collect();
        Self { workers: (0..).map(worker).take(workers).collect(), deliveries }
    }

    /// A worker's turns; none: there are fewer workers.
    #[must_use]
    pub fn worker(&self, number: usize) -> Option<&Turn> {
        self.workers.get(number).map(|worker| &worker.turn)
    }

    /// The turns of a store's delivery; none: there are fewer stores.
    #[must_use]
    pub fn delivery(&self, number: usize) -> Option<&Turn> {
        self.deliveries.get(number)
    }

    /// What has stopped, a line each; nothing where all is well.
    #[must_use]
    pub fn stopped(&self) -> String {
        self.stopped_for(MOST_TURN)
    }

    fn stopped_for(&self, most: Duration) -> String {
        let late = |turn: &Turn, name: String| {
            let seconds = most.as_secs();
            turn.is_late(most).then(|| format!("{name} has taken no turn for {seconds} s\n"))
        };
        let workers = self.workers.iter().zip(0..);
        let workers = workers.filter_map(|(worker, number)| late(&worker.turn, format!("worker {number}")));
        let deliveries = self.deliveries.iter().zip(0..);
        let deliveries = deliveries.filter_map(|(turn, number)| late(turn, format!("delivery {number}")));
        workers.chain(deliveries).collect()
    }

    /// What the program is not ready for, a line each; nothing where it is ready.
    #[must_use]
    pub fn missing(&self) -> String {
        let mut missing = String::new();
        for (worker, number) in self.workers.iter().zip(0..) {
            let (assigned, restored) = (worker.assigned.get(), worker.restored.get());
            if restored < assigned {
                missing += &format!("worker {number} has restored {restored} of {assigned} partitions\n");
            } else if !worker.turn.has_succeeded() {
                missing += &format!("worker {number}: its last turn has not succeeded\n");
            }
        }
        for (delivery, number) in self.deliveries.iter().zip(0..) {
            if !delivery.has_succeeded() {
                missing += &format!("delivery {number}: its last turn has not succeeded\n");
            }
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Observed;

    #[test]
    fn it_is_ready_when_all_is_restored_and_every_last_turn_succeeded() {
        let observed = Observed::new(2, 1);
        let health = &observed.health;
        assert_eq!(health.missing().lines().count(), 3, "nobody has had a turn");
        let cell = |worker| observed.metrics.partitions_restored.get_or_create_owned(&OfWorker { worker });
        observed.metrics.partitions_assigned.get_or_create_owned(&OfWorker { worker: 1 }).set(3);
        cell(1).set(2);
        (0..2).for_each(|worker| health.worker(worker).unwrap().end(true));
        health.delivery(0).unwrap().end(true);
        assert_eq!(health.missing(), "worker 1 has restored 2 of 3 partitions\n");
        cell(1).set(3);
        assert_eq!(health.missing(), "");
        health.worker(0).unwrap().end(false);
        assert_eq!(health.missing(), "worker 0: its last turn has not succeeded\n");
        assert!(health.worker(2).is_none());
    }

    #[test]
    fn who_takes_no_turn_has_stopped_unless_it_has_not_begun_or_has_ended() {
        let health = Observed::new(2, 1).health;
        let most = Duration::from_millis(20);
        health.worker(1).unwrap().take();
        assert_eq!(health.stopped(), "");
        std::thread::sleep(2 * most);
        assert_eq!(health.stopped_for(most), "worker 1 has taken no turn for 0 s\n");
        health.delivery(0).unwrap().take();
        std::thread::sleep(2 * most);
        assert_eq!(health.stopped_for(most).lines().count(), 2);
        health.worker(1).unwrap().take();
        health.delivery(0).unwrap().retire();
        assert_eq!(health.stopped_for(Duration::from_secs(60)), "");
    }
}
