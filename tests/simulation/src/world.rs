//! Workers, the log and the store, and what moves them: one choice after the other.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use anyhow::Result;
use deliver::Delivery;
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
        store.last_write_wins = sabotage == Some(Sabotage::NoRevisions);
        let mut world = Self {
            scenario,
            kit,
            nodes: (0..workers).map(|_| None).collect(),
            zombies: Vec::new(),
            disks: (0..workers).map(|_| Disk::default()).collect(),
            delivery: Delivery::open(store, derived, pipeline::is_watermark)?,
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

    /// One turn of a worker: it commits what it has prepared, or prepares something.
    fn turn(&mut self, member: usize) -> Result<()> {
        let Some(mut node) = self.nodes[member].take() else {
            return if self.dice.chance(100) { self.start(member) } else { Ok(()) };
        };
        if node.prepared.is_none() {
            // A member hears of a rebalance between two transactions only.
            if !node.worker.is_open() && self.dice.chance(800) {
                self.poll(&mut node, false);
            }
            let input = self.dice.below(node.worker.inputs().len());
            let records = *self.dice.pick(&[1, 2, 3, 7, 50]);
            node.worker.set_most(Most { records, bytes: BYTES });
            if !self.prepare(&mut node, input)? {
                return Ok(());
            }
        }
        if self.dice.chance(150) {
            self.nodes[member] = Some(node);
            return Ok(());
        }
        if !self.append(&mut node)? {
            return Ok(());
        }
        // More steps for the same commit.
        if !node.worker.is_open() || self.dice.chance(400) {
            self.nodes[member] = Some(node);
            return Ok(());
        }
        let fate = self.fate();
        if self.commit(&mut node, fate)? {
            self.nodes[member] = Some(node);
        }
        // Who takes over just now finds positions and state that an open transaction will still change.
        if fate != Fate::Done && self.dice.chance(200) && self.happens(Fault::Lost) {
            for topic in self.topics() {
                self.deal(&topic);
            }
        }
        Ok(())
    }

    /// Prepares a step; false: the worker has ended.
    fn prepare(&mut self, node: &mut Node, input: usize) -> Result<bool> {
        match node.worker.prepare(&mut node.log, input, self.now_us) {
            Ok(prepared) => node.prepared = prepared,
            // Time may go by so fast here that no restore comes to its end.
            Err(pipeline::Error::Log(log::Error::Fenced | log::Error::Forgotten { .. })) => return Ok(false),
            Err(pipeline::Error::Log(error)) if error.is_retry() => {}
            Err(error) => return Err(error.into()),
        }
        self.done.paused += u64::from(node.worker.is_paused(input));
        self.count(node);
        Ok(true)
    }

    /// Counts what the worker has restored since the last time.
    fn count(&mut self, node: &mut Node) {
        let now = node.worker.restores();
        self.done.restores += now.since(std::mem::replace(&mut node.counted, now));
    }

    /// Appends what is prepared; false: the worker has ended.
    fn append(&mut self, node: &mut Node) -> Result<bool> {
        let Some(prepared) = node.prepared.take() else { return Ok(true) };
        let appended = node.worker.append(&mut node.log, prepared);
        self.went(node, appended)
    }

    /// Commits what is prepared and what was appended; false: the worker has ended.
    fn commit(&mut self, node: &mut Node, fate: Fate) -> Result<bool> {
        if !self.append(node)? {
            return Ok(false);
        }
        if !node.worker.is_open() {
            return Ok(true);
        }
        node.log.fate.set(fate);
        let committed = node.worker.commit(&mut node.log);
        let steps = committed.as_ref().map_or(0, |steps| steps.len() as u64);
        self.done.steps += steps;
        self.done.together += u64::from(steps > 1);
        self.count(node);
        self.went(node, committed.map(|_| ()))
    }

    /// What an answer of the log means for a worker; false: it has ended.
    fn went(&self, node: &mut Node, done: Result<(), pipeline::Error>) -> Result<bool> {
        match done {
            Ok(()) => {}
            Err(pipeline::Error::Log(log::Error::Fenced)) => return Ok(false),
            Err(pipeline::Error::Log(error)) if error.is_retry() => self.poll(node, false),
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    }

    fn fate(&mut self) -> Fate {
        let unheard = *self.dice.pick(&[Fate::DoneUnheard, Fate::SlowUnheard, Fate::Unsent]);
        let (fault, fate) = match self.dice.below(1000) {
            0..50 => (Fault::Abort, Fate::Aborted),
            50..120 => (Fault::Slow, Fate::Slow),
            120..180 => (Fault::Unheard, unheard),
            _ => return Fate::Done,
        };
        if self.happens(fault) { fate } else { Fate::Done }
    }

    /// Counts a fault, where it is switched on.
    fn happens(&mut self, fault: Fault) -> bool {
        let happens = self.scenario.options.faults.contains(&fault);
        if happens {
            *self.done.faults.entry(fault).or_default() += 1;
        }
        happens
    }

    fn deliver(&mut self) -> Result<()> {
        let trouble = *self.dice.pick(&[Trouble::Before, Trouble::Half, Trouble::After]);
        let trouble = match self.dice.below(10) {
            0..3 if self.happens(Fault::Store) => Some(trouble),
            3..5 if self.happens(Fault::Straggler) => Some(Trouble::Straggler),
            _ => None,
        };
        self.delivery.store().trouble = trouble;
        let records = *self.dice.pick(&[1, 3, 20]);
        match self.delivery.deliver(&self.reader, Most { records, bytes: BYTES }) {
            Ok(_) | Err(deliver::Error::Store(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn go_wrong(&mut self) -> Result<()> {
        let mut faults = vec![
            Fault::Crash,
            Fault::Zombie,
            Fault::Rebalance,
            Fault::Lost,
            Fault::Compact,
            Fault::Expire,
            Fault::Straggler,
        ];
        if self.scenario.time.idle_after_us.is_some() {
            faults.extend([Fault::Idle; 3]);
        }
        if self.scenario.restores.snapshots.is_some() {
            faults.push(Fault::Disk);
        }
        if self.scenario.restores.deletes_kept_us.is_some() {
            faults.push(Fault::Forget);
        }
        let fault = *self.dice.pick(&faults);
        let member = self.dice.below(self.nodes.len());
        let topics: Vec<String> = self.topics().into_iter().collect();
        let topic = self.dice.pick(&topics).clone();
        if !self.happens(fault) {
            return Ok(());
        }
        match fault {
            Fault::Crash => self.nodes[member] = None,
            Fault::Zombie => self.replace(member)?,
            Fault::Rebalance => self.rebalance(&topic)?,
            Fault::Lost => self.deal(&topic),
            Fault::Compact => self.compact(false),
            Fault::Forget => {
                self.compact(false);
                let us = self.dice.between(0, 2 * self.scenario.restores.deletes_kept_us.unwrap_or_default());
                self.pass(us);
                self.compact(true);
            }
            Fault::Disk => self.disks[member].go_wrong(&mut self.dice),
            Fault::Expire => self.expire(),
            Fault::Idle => self.wait(),
            _ => _ = self.delivery.store().arrive(),
        }
        Ok(())
    }

    /// A worker's process is started again while its old one only sleeps; and an older sleeper wakes.
    fn replace(&mut self, member: usize) -> Result<()> {
        self.wake()?;
        if let Some(mut node) = self.nodes[member].take() {
            let input = self.dice.below(node.worker.inputs().len());
            if node.prepared.is_some() || node.worker.is_open() || self.prepare(&mut node, input)? {
                self.zombies.push(node);
            }
        }
        self.start(member)
    }

    /// Sleepers that were replaced commit what they had.
    fn wake(&mut self) -> Result<()> {
        for mut zombie in std::mem::take(&mut self.zombies) {
            self.commit(&mut zombie, Fate::Done)?;
        }
        Ok(())
    }

    /// A member's new life.
    fn start(&mut self, member: usize) -> Result<()> {
        let running = self.kit.running(&self.pipeline)?;
        let mut worker = Worker::new(running, Most { records: 50, bytes: BYTES });
        let crate::scenario::Restores { slice_bytes, snapshots, .. } = self.scenario.restores;
        worker.set_slices(slice_bytes, snapshots.map_or(0, |(after_bytes, _)| after_bytes));
        if snapshots.is_some() {
            worker.set_snapshots(Box::new(self.disks[member].clone()));
        }
        let log = Connection::new(&self.cluster, member as Member);
        let mut node = Node { log, worker, prepared: None, counted: Restores::default() };
        self.poll(&mut node, false);
        self.nodes[member] = Some(node);
        Ok(())
    }

    /// The worker hears which partitions it has; it must have nothing prepared. `kept`: it took part in the
    /// rebalance; otherwise it was out of the group, and has lost all partitions before it gets some.
    fn poll(&self, node: &mut Node, kept: bool) {
        let cluster = self.cluster.borrow();
        let member = Some(node.log.member);
        for (topic, group) in &cluster.groups {
            if node.log.heard(topic) == Some(group.generation) {
                continue;
            }
            let owns = |input: &Input| {
                &*input.topic == topic && group.owners.get(input.partition as usize) == Some(&member)
            };
            let has: Vec<Input> = node.worker.inputs().filter(|i| &*i.topic == topic).cloned().collect();
            for input in has.iter().filter(|input| !kept || !owns(input)) {
                node.worker.revoke(&input.topic, input.partition);
            }
            let new = |i: &Input| owns(i) && !(kept && has.iter().any(|h| h.partition == i.partition));
            self.pipeline.inputs().into_iter().filter(new).for_each(|input| node.worker.assign(input));
        }
        drop(cluster);
        for topic in self.topics() {
            node.log.hear(&topic);
        }
    }

    /// Partitions of a topic go to any of the members, and nobody has heard of it yet.
    fn deal(&mut self, topic: &str) {
        let count = self.nodes.len();
        let partitions = self.pipeline.inputs().iter().filter(|i| &*i.topic == topic).count();
        let owners = (0..partitions).map(|_| Some(self.dice.below(count) as Member)).collect();
        self.cluster.borrow_mut().rebalance(topic, (0..count as Member).collect(), owners);
    }

    /// The same, and everybody hears of what was before, commits, and hears of it at once.
    fn rebalance(&mut self, topic: &str) -> Result<()> {
        for member in 0..self.nodes.len() {
            let Some(mut node) = self.nodes[member].take() else { continue };
            let fate = self.fate();
            if self.commit(&mut node, fate)? {
                self.poll(&mut node, false);
                self.nodes[member] = Some(node);
            }
        }
        self.deal(topic);
        let mut nodes = std::mem::take(&mut self.nodes);
        nodes.iter_mut().flatten().for_each(|node| self.poll(node, true));
        self.nodes = nodes;
        Ok(())
    }

    /// So much time goes by that what has nothing to read is idle.
    fn wait(&mut self) {
        self.pass(self.scenario.time.idle_after_us.unwrap_or_default().max(MARK_EVERY_US));
    }

    fn pass(&mut self, us: i64) {
        self.now_us += us;
        self.cluster.borrow_mut().now_us = self.now_us;
    }

    fn compact(&mut self, forgets: bool) {
        let mut cluster = self.cluster.borrow_mut();
        cluster.compact(forgets);
        if let Some(cells) = cluster.topics.get_mut("cells") {
            cells.iter_mut().for_each(|cells| cells.compact(self.now_us));
        }
    }

    /// Retention takes what all readers have read.
    fn expire(&mut self) {
        let mut cluster = self.cluster.borrow_mut();
        for Input { topic, partition, group, .. } in self.pipeline.inputs() {
            let key = (group.to_string(), topic.to_string(), partition);
            let mut read = cluster.positions.get(&key).copied().unwrap_or_default();
            if !topic.starts_with("raw.") {
                read = read.min(self.delivery.store().delivered(&topic, partition));
            }
            if let Some(found) = cluster.topics.get_mut(&*topic).and_then(|t| t.get_mut(partition as usize)) {
                found.expire(read);
            }
        }
    }

    /// No more faults: everything runs until nothing is left to do.
    pub fn settle(&mut self) -> Result<()> {
        self.feed(usize::MAX);
        self.wake()?;
        for member in 0..self.nodes.len() {
            if self.nodes[member].is_none() {
                self.start(member)?;
            }
        }
        self.finish_all();
        let mut worked = true;
        for round in 0.. {
            anyhow::ensure!(round < MOST_ROUNDS, "it does not come to rest");
            if self.round()? {
                worked = true;
            } else if std::mem::replace(&mut worked, false) {
                // What is owed is said after a while, and who reads it may owe then.
                self.wait();
            } else {
                break;
            }
        }
        while self.delivery.store().arrive() {}
        Ok(())
    }

    /// One step of every input of every worker, and a delivery; false: there was nothing to do.
    fn round(&mut self) -> Result<bool> {
        let mut busy = false;
        for member in 0..self.nodes.len() {
            let Some(mut node) = self.nodes[member].take() else { continue };
            self.commit(&mut node, Fate::Done)?;
            self.poll(&mut node, false);
            let inputs = node.worker.inputs().len();
            for input in 0..inputs {
                self.prepare(&mut node, input)?;
                busy |= node.prepared.is_some();
                busy |= node.worker.is_paused(input) || node.worker.is_restoring(input);
                let ahead_at = if self.well { self.ahead_at(&node, input) } else { None };
                self.commit(&mut node, Fate::Done)?;
                if let Some((of, position)) = ahead_at {
                    anyhow::ensure!(self.position(of) == position, "{of:?} went on, and is too far ahead");
                }
            }
            self.nodes[member] = Some(node);
        }
        self.delivery.store().trouble = None;
        busy |= self.delivery.deliver(&self.reader, Most { records: 50, bytes: BYTES })?;
        self.watch()?;
        Ok(busy)
    }

    /// Where the first stage stands in a raw partition.
    fn position(&self, (topic, partition): (usize, u32)) -> u64 {
        let key = (self.pipeline.group(), raw_topic(topic), partition);
        self.cluster.borrow().positions.get(&key).copied().unwrap_or_default()
    }

    /// The raw partition that an input is, and where it stands, if it is too far ahead of one of the same
    /// worker that has more to read.
    fn ahead_at(&self, node: &Node, input: usize) -> Option<((usize, u32), u64)> {
        let raw = |input: &Input| {
            let topic = input.topic.strip_prefix("raw.")?.parse().ok()?;
            Some((topic, input.partition))
        };
        let come = |of: (usize, u32)| {
            let (records, position) = (&self.placed[&of], self.position(of));
            let read = records.partition_point(|placed| placed.offset < position);
            let newest_us = model::newest_us(self.scenario, &records[..read])?;
            Some((newest_us, read < records.len()))
        };
        let own = raw(node.worker.inputs().nth(input)?)?;
        let others = node.worker.inputs().filter_map(raw).filter_map(come);
        let slowest_us = others.filter(|(_, has_more)| *has_more).map(|(newest_us, _)| newest_us).min()?;
        let is_ahead = come(own)?.0 > slowest_us + self.scenario.time.max_drift_us;
        is_ahead.then(|| (own, self.position(own)))
    }

    /// The raw topics are at their end for good. Everything must have settled. A close that failed is
    /// closed again, as is one of which nobody knows.
    pub fn close(&mut self) -> Result<()> {
        for member in 0..self.nodes.len() {
            let Some(mut node) = self.nodes[member].take() else { continue };
            let inputs = node.worker.inputs().len();
            for input in 0..inputs {
                let is_raw = node.worker.inputs().nth(input).is_some_and(Input::is_raw);
                let before = self.done.steps;
                while is_raw && self.done.steps == before {
                    node.prepared = node.worker.prepare_close(input);
                    let fate = self.fate();
                    if node.prepared.is_none() {
                        self.finish_all();
                        node.worker.restore(&mut node.log)?;
                    }
                    self.commit(&mut node, fate)?;
                }
            }
            self.nodes[member] = Some(node);
        }
        self.settle()
    }

    fn finish_all(&mut self) {
        let unfinished = self.cluster.borrow().unfinished();
        unfinished.into_iter().for_each(|number| self.cluster.borrow_mut().end(number));
    }

    /// What the tables of state come to.
    pub fn tables(&self) -> Result<BTreeMap<String, Vec<log::KeyValue>>> {
        let cluster = self.cluster.borrow();
        let mut tables: BTreeMap<String, BTreeMap<Vec<u8>, Vec<u8>>> = BTreeMap::new();
        for (stage, partition) in cluster.changelogs.keys() {
            let slice = cluster.state_from(stage, *partition, &Vec::new(), usize::MAX)?;
            for StateChange { table, key, value } in slice.into_iter().flat_map(|slice| slice.changes) {
                let table = tables.entry(table).or_default();
                match value {
                    Some(value) => table.insert(key, value),
                    None => table.remove(&key),
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
