//! How a run comes to rest: nothing goes wrong any more, and all is read.

use super::*;

impl World<'_> {
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
    pub(super) fn round(&mut self) -> Result<bool> {
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
        busy |= self.delivery.deliver(&mut self.reader, Most { records: 50, bytes: BYTES }, LATE_US)?;
        self.watch()?;
        Ok(busy)
    }

    /// Where the first stage stands in a raw partition.
    pub(super) fn position(&self, (topic, partition): (usize, u32)) -> u64 {
        self.cluster.borrow().next_offset(&self.pipeline.group(), &raw_topic(topic), partition)
    }

    /// The raw partition that an input is, and where it stands, if it is too far ahead of one of the same
    /// worker that has more to read.
    pub(super) fn ahead_at(&self, node: &Node, input: usize) -> Option<((usize, u32), u64)> {
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

    pub(super) fn finish_all(&mut self) {
        let unfinished = self.cluster.borrow().unfinished();
        unfinished.into_iter().for_each(|number| self.cluster.borrow_mut().end(number));
    }
}
