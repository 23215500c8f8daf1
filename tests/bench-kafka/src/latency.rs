//! From an event that is written to the derived event that is read, committed, at a steady rate.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use figures::cpu_s;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseProducer, Producer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::broker::{self, Bench};
use crate::client::ANSWER;
use crate::events::Events;
use crate::meter::Running;
use crate::peer::{EVENTS, PARTITIONS};
use crate::{check, say};

/// Events in a second.
pub const RATE: u64 = 5000;
/// Before it is measured: start, compilation, first transactions.
const WARM_S: u64 = 15;
/// What is read for so long after the last event was sent.
const REST: Duration = Duration::from_secs(3);

/// What was measured.
pub struct Latency {
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// CPU time for each second.
    pub cores: f64,
}

fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Writes and reads for `seconds`, once it is warm; an error where an event is missing.
pub fn measure(bench: &Bench, name: &str, running: &mut Running, seconds: u64) -> Result<Latency> {
    let start_us = now_us();
    let at_us = |seconds: u64| start_us + i64::try_from(seconds * 1_000_000).unwrap_or(i64::MAX);
    let (from_us, to_us) = (at_us(WARM_S), at_us(WARM_S + seconds));
    let (stop, address) = (AtomicBool::new(false), bench.address.as_str());
    let (mut delays_us, sent, cores) = std::thread::scope(|scope| -> Result<_> {
        let reader = scope.spawn(|| read(address, from_us, to_us, &stop));
        let writer = scope.spawn(|| {
            let sent = write(address, start_us, to_us, from_us);
            sleep(REST);
            stop.store(true, Ordering::SeqCst);
            sent
        });
        let cores = cores(name, running, from_us, to_us);
        let (Ok(sent), Ok(delays_us)) = (writer.join(), reader.join()) else {
            bail!("a thread has panicked")
        };
        Ok((delays_us?, sent?, cores?))
    })?;
    if delays_us.len() != sent {
        bail!("{name}: {} of {sent} events were read", delays_us.len());
    }
    delays_us.sort_unstable();
    let at =
        |share: f64| delays_us.get((delays_us.len() as f64 * share) as usize).copied().unwrap_or_default();
    Ok(Latency { p50_ms: at(0.5) as f64 / 1000.0, p99_ms: at(0.99) as f64 / 1000.0, cores })
}

/// CPU time of the process between two moments, for each second.
fn cores(name: &str, running: &mut Running, from_us: i64, to_us: i64) -> Result<f64> {
    let mut before = None;
    loop {
        let now = now_us();
        if running.has_ended()? {
            bail!("{name} has ended");
        }
        if now >= from_us && before.is_none() {
            before = cpu_s(running.pid());
        }
        if now >= to_us {
            let used = cpu_s(running.pid()).zip(before).map_or(f64::NAN, |(after, before)| after - before);
            return Ok(used / ((to_us - from_us) as f64 / 1e6));
        }
        say(&format!("{name}: {} s to go", (to_us - now) / 1_000_000));
        sleep(Duration::from_millis(100));
    }
}

/// Writes events with the time at which each is sent; how many of those that count.
fn write(address: &str, start_us: i64, to_us: i64, from_us: i64) -> Result<usize> {
    let producer: BaseProducer = broker::bulk(address, "1").create()?;
    let (mut events, mut json, mut counted) = (Events::new(), Vec::new(), 0);
    for number in 0_i64.. {
        let due_us = start_us + number * 1_000_000 / i64::try_from(RATE)?;
        if due_us >= to_us {
            break;
        }
        let early_us = due_us - now_us();
        if early_us > 0 {
            producer.poll(Duration::ZERO);
            // Several at once are rather sent than a thread woken for each.
            sleep(Duration::from_micros(early_us.unsigned_abs().max(500)));
        }
        let at_us = now_us();
        counted += usize::from((from_us..to_us).contains(&at_us));
        let place = events.write(at_us, &mut json)?;
        broker::send(&producer, &place, &json)?;
    }
    producer.flush(ANSWER)?;
    Ok(counted)
}

/// How long each event of a time took, in microseconds.
fn read(address: &str, from_us: i64, to_us: i64, stop: &AtomicBool) -> Result<Vec<i64>> {
    let mut config = broker::client(address);
    config.set("group.id", "latency").set("isolation.level", "read_committed");
    let config = config.set("fetch.wait.max.ms", "20").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create()?;
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        list.add_partition_offset(EVENTS, partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    let mut delays_us = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let Some(message) = consumer.poll(Duration::from_millis(1)) else { continue };
        let now_us = now_us();
        let message = message?;
        let made_us = check::time_us(message.payload().unwrap_or_default())?;
        if let Some(made_us) = made_us.filter(|made_us| (from_us..to_us).contains(made_us)) {
            delays_us.push(now_us - made_us);
        }
    }
    Ok(delays_us)
}
