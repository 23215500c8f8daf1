//! Turns of workers and of the delivery: steps, and what becomes of their commits.

use super::*;

impl World<'_> {
    /// One turn of a worker: it commits what it has prepared, or prepares something.
    pub(super) fn turn(&mut self, member: usize) -> Result<()> {
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
    pub(super) fn prepare(&mut self, node: &mut Node, input: usize) -> Result<bool> {
        let counted = counted(&node.worker);
        match node.worker.prepare(&mut node.log, input, self.now_us) {
            Ok(prepared) => node.prepared = prepared,
            // Time may go by so fast here that no restore comes to its end.
            Err(pipeline::Error::Log(log::Error::Fenced | log::Error::Forgotten { .. })) => return Ok(false),
            Err(pipeline::Error::Log(error)) if error.is_retry() => {}
            Err(error) => return Err(error.into()),
        }
        ensure!(self::counted(&node.worker) == counted, "a step was counted that is not committed");
        self.done.paused += u64::from(node.worker.is_paused(input));
        self.count(node);
        Ok(true)
    }

    /// Counts what the worker has restored since the last time.
    pub(super) fn count(&mut self, node: &mut Node) {
        let now = node.worker.restores();
        self.done.restores += now.since(std::mem::replace(&mut node.counted, now));
    }

    /// Appends what is prepared; false: the worker has ended.
    pub(super) fn append(&mut self, node: &mut Node) -> Result<bool> {
        let Some(prepared) = node.prepared.take() else { return Ok(true) };
        let appended = node.worker.append(&mut node.log, prepared);
        self.went(node, appended)
    }

    /// Commits what is prepared and what was appended; false: the worker has ended.
    pub(super) fn commit(&mut self, node: &mut Node, fate: Fate) -> Result<bool> {
        if !self.append(node)? {
            return Ok(false);
        }
        if !node.worker.is_open() {
            return Ok(true);
        }
        node.log.fate.set(fate);
        let counted = counted(&node.worker);
        let committed = node.worker.commit(&mut node.log);
        ensure!(
            committed.is_ok() || self::counted(&node.worker) == counted,
            "a step was counted that was given up"
        );
        let steps = committed.as_ref().map_or(0, |steps| steps.len() as u64);
        self.done.steps += steps;
        self.done.together += u64::from(steps > 1);
        self.count(node);
        self.went(node, committed.map(|_| ()))
    }

    /// What an answer of the log means for a worker; false: it has ended.
    pub(super) fn went(&self, node: &mut Node, done: Result<(), pipeline::Error>) -> Result<bool> {
        match done {
            Ok(()) => {}
            Err(pipeline::Error::Log(log::Error::Fenced)) => return Ok(false),
            Err(pipeline::Error::Log(error)) if error.is_retry() => self.poll(node, false),
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    }

    pub(super) fn fate(&mut self) -> Fate {
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
    pub(super) fn happens(&mut self, fault: Fault) -> bool {
        let happens = self.scenario.options.faults.contains(&fault);
        if happens {
            *self.done.faults.entry(fault).or_default() += 1;
        }
        happens
    }

    pub(super) fn deliver(&mut self) -> Result<()> {
        let trouble = *self.dice.pick(&[Trouble::Before, Trouble::Half, Trouble::After]);
        let trouble = match self.dice.below(10) {
            0..3 if self.happens(Fault::Store) => Some(trouble),
            3..5 if self.happens(Fault::Straggler) => Some(Trouble::Straggler),
            _ => None,
        };
        self.delivery.store().trouble = trouble;
        let records = *self.dice.pick(&[1, 3, 20]);
        self.delivery.deliver(&mut self.reader, Most { records, bytes: BYTES }, LATE_US)?;
        Ok(())
    }
}

/// What the plugins of a worker have counted since its start.
fn counted(worker: &Worker) -> u64 {
    let running = worker.running();
    let all = running.first.counters().chain(running.then.iter().flat_map(|stage| stage.counters()));
    all.filter(|(_, counter, _)| *counter != pipeline::DISCARDED).map(|(_, _, count)| count).sum()
}
