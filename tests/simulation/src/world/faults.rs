//! What goes wrong around the workers: crashes, sleep, rebalances, time, compaction and retention.

use super::*;

impl World<'_> {
    pub(super) fn go_wrong(&mut self) -> Result<()> {
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
    pub(super) fn replace(&mut self, member: usize) -> Result<()> {
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
    pub(super) fn wake(&mut self) -> Result<()> {
        for mut zombie in std::mem::take(&mut self.zombies) {
            self.commit(&mut zombie, Fate::Done)?;
        }
        Ok(())
    }

    /// A member's new life.
    pub(super) fn start(&mut self, member: usize) -> Result<()> {
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
    pub(super) fn poll(&self, node: &mut Node, kept: bool) {
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
    pub(super) fn deal(&mut self, topic: &str) {
        let count = self.nodes.len();
        let partitions = self.pipeline.inputs().iter().filter(|i| &*i.topic == topic).count();
        let owners = (0..partitions).map(|_| Some(self.dice.below(count) as Member)).collect();
        self.cluster.borrow_mut().rebalance(topic, (0..count as Member).collect(), owners);
    }

    /// The same, and everybody hears of what was before, commits, and hears of it at once.
    pub(super) fn rebalance(&mut self, topic: &str) -> Result<()> {
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
    pub(super) fn wait(&mut self) {
        self.pass(self.scenario.time.idle_after_us.unwrap_or_default().max(MARK_EVERY_US));
    }

    pub(super) fn pass(&mut self, us: i64) {
        self.now_us += us;
        self.cluster.borrow_mut().now_us = self.now_us;
    }

    pub(super) fn compact(&mut self, forgets: bool) {
        let mut cluster = self.cluster.borrow_mut();
        cluster.compact(forgets);
        if let Some(cells) = cluster.topics.get_mut("cells") {
            cells.iter_mut().for_each(|cells| cells.compact(self.now_us));
        }
    }

    /// Retention takes what all readers have read.
    pub(super) fn expire(&mut self) {
        let mut cluster = self.cluster.borrow_mut();
        for Input { topic, partition, group, .. } in self.pipeline.inputs() {
            let mut read = cluster.next_offset(&group, &topic, partition);
            if !topic.starts_with("raw.") {
                read = read.min(self.delivery.store().delivered(&topic, partition));
            }
            if let Some(found) = cluster.topics.get_mut(&*topic).and_then(|t| t.get_mut(partition as usize)) {
                found.expire(read);
            }
        }
    }
}
