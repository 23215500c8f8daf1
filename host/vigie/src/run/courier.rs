//! One store's thread: its own connection to the log, its delivery, and what it tells of itself. However slow or dead
//! the store is, nobody waits for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use deliver::{Delivery, StoreError};
use log::Most;

use super::patience::Patience;
use super::{IDLE, PAUSE, Shared};
use crate::logs::AnyLog;
use crate::stores::{AnyStore, Standing, State, StoreEntry, Told, WhenEmptied};
use crate::watch::DeliveryWatch;

/// Most of one turn in a partition: stores do better with more at once than stages.
const BATCH: Most = Most { records: 16_384, bytes: 8 << 20 };
/// How long a run that ends at the ends of the topics waits for a store that fails.
const MOST_FAILING: Duration = Duration::from_secs(60);

/// A store's delivery, at work.
pub struct Courier {
    name: String,
    log: AnyLog,
    delivery: Delivery<AnyStore>,
    watch: DeliveryWatch,
    /// How the store is made; none: the embedded one, without which the run does not go on.
    entry: Option<StoreEntry>,
    standing: Arc<Standing>,
    /// How often what is expected of the store was changed, as far as is heard here.
    heard: u64,
    /// Whether a group says which partitions are delivered here.
    is_shared: bool,
    /// Whether it was found emptied, and is being filled again since.
    is_filled: bool,
    state: State,
    start: Instant,
}

impl Courier {
    pub fn new(
        name: String,
        log: AnyLog,
        delivery: Delivery<AnyStore>,
        watch: DeliveryWatch,
        entry: Option<StoreEntry>,
        standing: Arc<Standing>,
    ) -> Self {
        let (heard, state, start) = (standing.expected().0, State::Starting, Instant::now());
        Self {
            name,
            log,
            delivery,
            watch,
            entry,
            standing,
            heard,
            is_shared: false,
            is_filled: false,
            state,
            start,
        }
    }

    pub fn watch(&self) -> &DeliveryWatch {
        &self.watch
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn standing(&self) -> &Arc<Standing> {
        &self.standing
    }

    pub fn delivered(&self) -> u64 {
        self.delivery.delivered()
    }

    /// Takes its partitions: those that a group gives, where others may deliver to the same store; otherwise all.
    pub fn assign(&mut self, group: Option<&str>) -> Result<()> {
        let topics: Vec<&str> = self.delivery.feeds().iter().map(deliver::Feed::topic).collect();
        self.is_shared = match group {
            Some(group) => self.log.share(group, &topics)?,
            None => false,
        };
        if !self.is_shared {
            self.delivery.assign_all();
        }
        Ok(())
    }

    /// Delivers until the workers have ended: to the ends of the topics, or where it was asked to stop, no further.
    pub fn run(&mut self, number: usize, shared: &Shared) -> Result<()> {
        let mut patience = Patience::default();
        let mut failing = Patience::within(MOST_FAILING);
        loop {
            // Asked before it looks, so that it looks once more after the last commit.
            let over = shared.working.load(Ordering::SeqCst) == 0;
            let deliveries = shared.deliveries.load(Ordering::SeqCst);
            let turn = self.turn();
            self.watch.looked(&self.delivery, turn.is_ok(), self.state == State::Paused, self.is_well());
            let busy = match turn {
                Err(deliver::Error::Log(error)) if error.is_retry() && !patience.is_over() => {
                    std::thread::sleep(IDLE);
                    continue;
                }
                Err(error)
                    if self.entry.is_none() || !shared.follow || matches!(error, deliver::Error::Log(_)) =>
                {
                    bail!("store `{}`: {error}", self.name)
                }
                Err(_) => false,
                Ok(busy) => {
                    patience.renew();
                    busy
                }
            };
            self.tell();
            if self.entry.is_none() {
                shared.delivered.store(self.delivery.delivered(), Ordering::Relaxed);
            }
            if over
                && (shared.leaves.load(Ordering::SeqCst) || self.is_over(number, deliveries, busy, shared)?)
            {
                break;
            }
            if self.delivery.failure().is_none() {
                failing.renew();
            } else if over && failing.is_over() {
                bail!("store `{}`: {}", self.name, self.delivery.failure().unwrap_or_default());
            }
            if !busy {
                std::thread::sleep(if shared.follow { IDLE } else { PAUSE });
            }
        }
        if !shared.leaves.load(Ordering::SeqCst) && self.state != State::Paused {
            self.delivery.finish(&mut *self.log)?;
        }
        self.tell_as(State::Ended);
        self.watch.retire();
        Ok(())
    }

    /// Hears what is to be done, and delivers a batch of each partition.
    fn turn(&mut self) -> Result<bool, deliver::Error> {
        self.hear()?;
        if self.standing.is_to_pause() {
            self.state = State::Paused;
            return Ok(false);
        }
        if self.state == State::Paused {
            // Its cursors may have been set elsewhere meanwhile.
            self.delivery.renew();
        }
        let now_us = i64::try_from(self.start.elapsed().as_micros()).unwrap_or(i64::MAX);
        let delivered = self.delivery.deliver(&mut *self.log, BATCH, now_us);
        let was = self.state;
        self.state = match self.delivery.failure() {
            None => State::Delivering,
            Some(_) if self.delivery.is_broken() => State::Broken,
            Some(_) => State::Failing,
        };
        self.say(was);
        if let Err(deliver::Error::Store(StoreError::Foreign(_))) = &delivered
            && self.entry.as_ref().is_some_and(|entry| entry.when_emptied == WhenEmptied::Fill)
        {
            // The next turn fills it, also of a run that ends where a store fails; where that does not help it is tried
            // again as every store that somebody must mend.
            if !std::mem::replace(&mut self.is_filled, true) {
                self.standing.expect_any();
                return Ok(true);
            }
        }
        if self.delivery.failure().is_none() {
            self.is_filled = false;
        }
        delivered
    }

    fn hear(&mut self) -> Result<(), deliver::Error> {
        if self.is_shared {
            for change in self.log.changes()? {
                let (topic, partition) = change.place();
                match &change {
                    log_kafka::Change::Revoked { .. } => self.delivery.revoke(topic, partition),
                    log_kafka::Change::Assigned { .. } => self.delivery.assign(topic, partition),
                }
            }
        }
        let (times, expected) = self.standing.expected();
        if times != self.heard
            && let Some(entry) = &self.entry
        {
            self.delivery.adopt(entry.store(expected.as_deref())?);
            self.heard = times;
        }
        Ok(())
    }

    /// Says on the terminal how the store is where that has changed.
    fn say(&self, was: State) {
        match (was, self.state) {
            (was, is) if was == is || self.entry.is_none() => {}
            (_, State::Failing | State::Broken) => {
                eprintln!("store {}: {}", self.name, self.delivery.failure().unwrap_or_default());
            }
            (State::Failing | State::Broken, State::Delivering) => {
                eprintln!("store {}: it takes rows again", self.name)
            }
            _ => {}
        }
    }

    /// Whether all is delivered that there is, here and by all others: what one refuses is a dead letter for all.
    fn is_over(&self, number: usize, deliveries: u64, busy: bool, shared: &Shared) -> Result<bool> {
        if busy {
            self.log.wait_until_visible()?;
            shared.deliveries.fetch_add(1, Ordering::SeqCst);
        }
        let is_at_end = !busy && (self.state == State::Paused || self.delivery.failure().is_none());
        if let Some(since) = shared.delivered_since.get(number).filter(|_| is_at_end) {
            since.store(deliveries, Ordering::SeqCst);
        }
        Ok(shared.delivered_since.iter().all(|since| since.load(Ordering::SeqCst) == deliveries))
    }

    /// Whether the program may be called ready: a store of others' is not its to mend.
    fn is_well(&self) -> bool {
        self.entry.is_some() || self.delivery.failure().is_none()
    }

    fn tell(&mut self) {
        self.tell_as(self.state);
    }

    fn tell_as(&mut self, state: State) {
        let failure = self.delivery.failure().map(Into::into);
        let (rows, refused) = (self.delivery.delivered(), self.delivery.refused());
        let id = self.delivery.store().id().map(Into::into);
        self.standing.tell(Told { state, failure, rows, refused, id });
    }
}
