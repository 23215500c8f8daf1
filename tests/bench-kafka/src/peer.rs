//! The comparators: each a process that does the same work without Vigie, until it is stopped.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::ValueEnum;

use crate::client::{Message, Sink, Source};
use crate::events;
use crate::job::{Count, Cut, Derive};

/// Longest wait for a batch.
const WAIT_MS: i32 = 5;
/// The topics that are written to, and read back.
pub const EVENTS: &str = "events";
pub const CELLS: &str = "cells";
pub const CHANGELOG: &str = "counts.changelog";
/// Partitions of each.
pub const PARTITIONS: i32 = 4;
pub const GROUP: &str = "native";

/// How a record of [`EVENTS`] begins that says how far a raw partition has come: then its number, then its time.
const MARK: u8 = b'!';

/// What a comparator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// Messages as they are: librdkafka alone.
    Pass,
    /// Parse, mask, locate, write.
    Job1,
    /// Job 1, then counts for each cell, kind and minute.
    Job2,
}

/// Works until it is killed: a thread, a consumer, a producer and a share of the partitions for each worker.
pub fn run(brokers: &str, work: Work, workers: u8, commit_ms: u64) -> Result<()> {
    let every = Duration::from_millis(commit_ms);
    // Well below the time between two commits, which wait for the last record.
    let linger_ms = (commit_ms / 20).clamp(1, 5);
    std::thread::scope(|scope| {
        let start =
            |number| scope.spawn(move || Worker::open(brokers, work, number, workers, linger_ms)?.run(every));
        let threads: Vec<_> = (0..workers).map(start).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(result) => result,
            Err(_) => anyhow::bail!("a worker ended in a panic"),
        })
    })
}

struct Worker {
    work: Work,
    /// How many there are.
    of: u8,
    source: Source,
    sink: Sink,
    messages: Vec<Message>,
    derive: Derive,
    count: Count,
    /// How far each raw partition has come, where it has since the last transaction.
    newest_us: Vec<Option<i64>>,
    out: Vec<u8>,
    cuts: Vec<Cut>,
    changes: Vec<Cut>,
}

impl Worker {
    fn open(brokers: &str, work: Work, number: u8, of: u8, linger_ms: u64) -> Result<Self> {
        let share =
            |partitions: i32| (0..partitions).filter(|p| p % i32::from(of) == i32::from(number)).collect();
        let raw = i32::try_from(events::PARTITIONS)?;
        let mut places: Vec<(&str, Vec<i32>)> = events::TOPICS.iter().map(|t| (*t, share(raw))).collect();
        if work == Work::Job2 {
            places.push((EVENTS, share(PARTITIONS)));
        }
        // First, as it ends what an older worker of this number has left open.
        let sink = Sink::open(brokers, &format!("{GROUP}-{number}"), &[EVENTS, CELLS, CHANGELOG], linger_ms)?;
        let source = Source::open(brokers, GROUP, &places)?;
        let raw = events::TOPICS.len() * usize::try_from(raw)?;
        let (derive, count) = (Derive::new(), Count::new(raw * share(PARTITIONS).len()));
        let newest_us = vec![None; raw];
        let (messages, out, cuts, changes) = Default::default();
        Ok(Self { work, of, source, sink, messages, derive, count, newest_us, out, cuts, changes })
    }

    fn run(mut self, every: Duration) -> Result<()> {
        loop {
            self.sink.begin()?;
            let (start, mut any) = (Instant::now(), false);
            while start.elapsed() < every || !any {
                any |= self.step()?;
            }
            if self.work == Work::Job2 {
                self.mark()?;
                self.give()?;
            }
            self.sink.commit(&mut self.source)?;
        }
    }

    /// One batch; false where there was none.
    fn step(&mut self) -> Result<bool> {
        self.messages.clear();
        self.source.read(WAIT_MS, &mut self.messages)?;
        if self.messages.is_empty() {
            return Ok(false);
        }
        if self.work == Work::Pass {
            let keys: Vec<[u8; 8]> = self.messages.iter().map(|m| key(m.offset())).collect();
            let values = self.messages.iter().map(Message::value);
            self.sink.send(0, keys.iter().map(<[u8; 8]>::as_slice).zip(values))?;
            return Ok(true);
        }
        self.out.clear();
        self.cuts.clear();
        let raw = usize::try_from(events::PARTITIONS)?;
        for message in &self.messages {
            let partition = usize::try_from(message.partition)?;
            if message.topic < events::TOPICS.len() {
                self.cuts.push(self.derive.run(message.value(), &mut self.out)?);
                let number = message.topic * raw + partition;
                if let Some(newest_us) = self.newest_us.get_mut(number) {
                    *newest_us = (*newest_us).max(Some(self.derive.time_us()));
                }
            } else if let [MARK, number, at_us @ ..] = message.value() {
                let own = partition / usize::from(self.of);
                let at_us = i64::from_be_bytes(at_us.try_into()?);
                self.count.mark(own * self.newest_us.len() + usize::from(*number), at_us);
            } else {
                self.count.add(message.value())?;
            }
        }
        self.sink.send(0, pairs(&self.out, &self.cuts))?;
        Ok(true)
    }

    /// Tells each partition behind the events of this transaction how far their raw partitions have come.
    fn mark(&mut self) -> Result<()> {
        for (number, newest_us) in self.newest_us.iter_mut().enumerate() {
            let Some(at_us) = newest_us.take() else { continue };
            let mut value = vec![MARK, u8::try_from(number)?];
            value.extend_from_slice(&at_us.to_be_bytes());
            let record = |partition| (partition, &[][..], value.as_slice());
            self.sink.send_each(0, (0..PARTITIONS).map(record))?;
        }
        Ok(())
    }

    /// What the counts have become since the last transaction, and which are gone.
    fn give(&mut self) -> Result<()> {
        self.out.clear();
        self.cuts.clear();
        self.changes.clear();
        self.count.give(&mut self.out, &mut self.cuts, &mut self.changes)?;
        self.count.forget(&mut self.out, &mut self.changes);
        self.sink.send(1, pairs(&self.out, &self.cuts))?;
        self.sink.send(2, pairs(&self.out, &self.changes))
    }
}

fn pairs<'a>(out: &'a [u8], cuts: &'a [Cut]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    let cut = |from: usize, to: usize| out.get(from..to).unwrap_or_default();
    cuts.iter().map(move |(key, value, end)| (cut(*key, *value), cut(*value, *end)))
}

/// Of 128 different ones.
fn key(offset: i64) -> [u8; 8] {
    (offset.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 57).to_le_bytes()
}
