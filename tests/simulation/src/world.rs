//! Workers, the log and the store, and what moves them: one choice after the other.

mod faults;
mod rest;
mod turns;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use anyhow::{Result, ensure};
use deliver::{Delivery, Rules};
use log::{Most, StateChange};
use pipeline::{
    DEAD_LETTER_ROWS, DEAD_LETTERS, Identity, Input, Pipeline, Prepared, Restores, Running, Worker,
};
use plugin::{Component, Sandbox};

use crate::check::Watcher;
use crate::cluster::{Cluster, Fate, Member};
use crate::connection::Connection;
use crate::dice::Dice;
use crate::disk::Disk;
use crate::faults::{Fault, Sabotage};
use crate::model::{self, Placed};
use crate::scenario::{Scenario, raw_topic};
use crate::store::{SimulatedStore, Trouble};

/// The key of the ids.
const KEY: [u8; 16] = [7; 16];
/// When the delivery is asked: later than any pause that it makes.
const LATE_US: i64 = i64::MAX;
/// The member number of who delivers; it is in no group.
const DELIVERY: Member = 1000;
const BYTES: usize = 1 << 20;
/// How often an input says how far it has come at most.
const MARK_EVERY_US: i64 = 250_000;
/// More rounds than a pipeline that comes to rest ever takes.
const MOST_ROUNDS: usize = 10_000;

/// What all seeds share: plugins, compiled once.
#[derive(Clone)]
pub struct Kit {
    components: Arc<BTreeMap<&'static str, Component>>,
}

impl Kit {
    /// Compiles the plugins in a folder.
    ///
    /// # Errors
    /// A plugin that is not there.
    pub fn load(folder: &std::path::Path) -> Result<Self> {
        let sandbox = Sandbox::new()?;
        let mut components = BTreeMap::new();
        for (name, file) in [
            ("flood-alarm", "flood-alarm.wasm"),
            ("dedupe", "dedupe.wasm"),
            ("aggregate", "aggregate.wasm"),
            ("hostile", "tests/hostile.wasm"),
            ("fuse", "tests/fuse.wasm"),
            ("split", "tests/split.wasm"),
        ] {
            let path = folder.join(file);
            let bytes = std::fs::read(&path).map_err(|e| anyhow::anyhow!("{}: {e}", path.display()))?;
            components.insert(name, sandbox.load(name, &bytes)?);
        }
        Ok(Self { components: Arc::new(components) })
    }

    fn running(&self, pipeline: &Pipeline) -> Result<Running> {
        let component = |name: &str| {
            let found = self.components.get(name).cloned();
            found.ok_or_else(|| pipeline::Error::File(format!("no plugin {name}")))
        };
        let tables = Arc::new(reference::Tables::default());
        Ok(Running::new(pipeline, identity(), tables, &component)?)
    }
}

/// Makes the ids of every seed.
pub fn identity() -> Identity {
    Identity::new(KEY)
}

/// How much was done.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// Raw records.
    pub events: u64,
    /// Steps committed.
    pub steps: u64,
    /// Commits of several steps.
    pub together: u64,
    /// Final results of windows that had closed before.
    pub reopened: u64,
    /// How often an input waited for slower ones.
    pub paused: u64,
    /// Restores, and what snapshots were good for.
    pub restores: Restores,
    /// What went wrong, how often.
    pub faults: BTreeMap<Fault, u64>,
}

impl std::ops::AddAssign for Done {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.steps += other.steps;
        self.together += other.together;
        self.reopened += other.reopened;
        self.paused += other.paused;
        self.restores += other.restores;
        for (fault, times) in other.faults {
            *self.faults.entry(fault).or_default() += times;
        }
    }
}

/// A worker in one of its lives.
struct Node {
    log: Connection,
    worker: Worker,
    prepared: Option<Prepared>,
    /// What its worker's restores had come to when they were last counted.
    counted: Restores,
}

/// All of it.
pub struct World<'a> {
    scenario: &'a Scenario,
    pipeline: Pipeline,
    kit: &'a Kit,
    cluster: Rc<RefCell<Cluster>>,
    nodes: Vec<Option<Node>>,
    zombies: Vec<Node>,
    /// One for each member: a machine.
    disks: Vec<Disk>,
    delivery: Delivery<SimulatedStore>,
    reader: Connection,
    dice: Dice,
    now_us: i64,
    fed: usize,
    /// Whether nothing has gone wrong, so that what must not happen does not.
    well: bool,
    pub placed: BTreeMap<(usize, u32), Vec<Placed>>,
    pub watcher: Watcher,
    pub done: Done,
}

impl<'a> World<'a> {
    pub fn new(
        scenario: &'a Scenario,
        kit: &'a Kit,
        workers: usize,
        sabotage: Option<Sabotage>,
    ) -> Result<Self> {
        let pipeline = Pipeline::parse(&scenario.yaml())?;
        let mut cluster = Cluster::default();
        cluster.sabotage = sabotage;
        cluster.deletes_kept_us = scenario.restores.deletes_kept_us;
        for (number, partitions) in scenario.raw.iter().enumerate() {
            cluster.create_topic(&raw_topic(number), *partitions);
            for partition in cluster.topics.get_mut(&raw_topic(number)).into_iter().flatten() {
                (partition.start, partition.next) = (scenario.start, scenario.start);
            }
        }
        let running = kit.running(&pipeline)?;
        let derived = pipeline.derived(&running);
        for (topic, partitions, _) in &derived {
            cluster.create_topic(topic, *partitions);
        }
        for topic in [DEAD_LETTERS, DEAD_LETTER_ROWS] {
            cluster.create_topic(topic, 1);
        }
        let cluster = Rc::new(RefCell::new(cluster));
        let mut store = SimulatedStore::default();
        store.strict = scenario.strict;
        // One half of the seeds each.
        store.slow = scenario.options.seed.is_multiple_of(2);
        store.last_write_wins = sabotage == Some(Sabotage::NoRevisions);
        let letter = Box::new(|_: &deliver::Refused<'_>| Vec::new());
        let rules = Rules { name: "simulated".into(), skips: pipeline::is_watermark, letter };
        let mut delivery = Delivery::new(store, derived, rules)?;
        delivery.assign_all();
        let mut world = Self {
            scenario,
            kit,
            nodes: (0..workers).map(|_| None).collect(),
            zombies: Vec::new(),
            disks: (0..workers).map(|_| Disk::default()).collect(),
            delivery,
            reader: Connection::new(&cluster, DELIVERY),
            dice: Dice::new(scenario.options.seed, 2),
            now_us: 0,
            fed: 0,
            well: true,
            placed: scenario
                .raw
                .iter()
                .enumerate()
                .flat_map(|(t, n)| (0..*n).map(move |p| ((t, p), Vec::new())))
                .collect(),
            watcher: Watcher::default(),
            done: Done::default(),
            pipeline,
            cluster,
        };
        for topic in world.topics() {
            world.deal(&topic);
        }
        for member in 0..workers {
            world.start(member)?;
        }
        Ok(world)
    }

    /// The topics that stages read.
    fn topics(&self) -> BTreeSet<String> {
        self.pipeline.inputs().iter().map(|input| input.topic.to_string()).collect()
    }

    /// Runs with faults until all records are fed, and some steps more.
    pub fn run(&mut self) -> Result<()> {
        self.well = false;
        let mut more = 40;
        while more > 0 {
            if self.fed == self.scenario.records.len() {
                more -= 1;
            }
            self.act()?;
            self.watch()?;
        }
        Ok(())
    }

    fn watch(&mut self) -> Result<()> {
        self.watcher.watch(self.scenario, &self.cluster.borrow(), &self.placed)
    }

    fn act(&mut self) -> Result<()> {
        let idles = self.scenario.time.idle_after_us.is_some();
        match self.dice.below(100) {
            // Who is to be idle must have read everything, and so must who closes windows.
            0..18 if idles && self.dice.chance(700) => {
                let member = self.dice.below(self.nodes.len());
                self.turn(member)
            }
            0..18 => {
                let records = 1 + self.dice.below(4);
                self.feed(records);
                Ok(())
            }
            18..78 => {
                let member = self.dice.below(self.nodes.len());
                self.turn(member)
            }
            78..84 => self.deliver(),
            84..88 => {
                let us = self.dice.between(0, 400_000);
                self.pass(us);
                Ok(())
            }
            88..92 => {
                let unfinished = self.cluster.borrow().unfinished();
                if !unfinished.is_empty() {
                    let number = *self.dice.pick(&unfinished);
                    self.cluster.borrow_mut().end(number);
                }
                Ok(())
            }
            _ => self.go_wrong(),
        }
    }

    /// The next raw records arrive, and what takes offsets before them without being seen.
    pub fn feed(&mut self, records: usize) {
        let mut cluster = self.cluster.borrow_mut();
        for raw in self.scenario.records.iter().skip(self.fed).take(records) {
            let topic = raw_topic(raw.topic);
            let Some(partition) =
                cluster.topics.get_mut(&topic).and_then(|t| t.get_mut(raw.partition as usize))
            else {
                continue;
            };
            if raw.gap > 0 {
                let aborted = u64::MAX - self.fed as u64;
                for _ in 1..raw.gap {
                    partition.append(aborted, raw.received_us, b"", Some(b"aborted"));
                }
                partition.append(aborted, raw.received_us, b"", Some(b"aborted"));
                partition.end(aborted, false);
            }
            let offset = partition.next;
            partition.append(0, raw.received_us, b"", Some(&raw.json));
            self.placed
                .entry((raw.topic, raw.partition))
                .or_default()
                .push(Placed { offset, raw: raw.clone() });
            self.fed += 1;
            self.done.events += 1;
        }
    }

    /// What the tables of state come to.
    pub fn tables(&self) -> Result<BTreeMap<String, Vec<log::KeyValue>>> {
        let cluster = self.cluster.borrow();
        let mut tables: BTreeMap<String, BTreeMap<Vec<u8>, Vec<u8>>> = BTreeMap::new();
        for (stage, partition) in cluster.changelogs.keys() {
            let slice = cluster.state_from(stage, *partition, &Vec::new(), usize::MAX)?;
            for StateChange { table, key, value } in slice.into_iter().flat_map(|slice| slice.changes) {
                let table = tables.entry(table.to_string()).or_default();
                match value {
                    Some(value) => table.insert(key.into(), value.into()),
                    None => table.remove(&*key),
                };
            }
        }
        Ok(tables.into_iter().map(|(name, rows)| (name, rows.into_iter().collect())).collect())
    }

    pub fn scenario(&self) -> &Scenario {
        self.scenario
    }

    pub fn store(&mut self) -> &SimulatedStore {
        self.delivery.store()
    }
}
