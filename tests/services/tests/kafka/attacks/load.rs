//! A steady load: sensors that report at a rate, into the partitions of a raw topic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use log::Output;
use log_kafka::Reminder;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};

/// Events each second.
const RATE: u32 = 200;
/// More than any load will send, as a hundred kills take 20 minutes; they share a week of event time.
const EVENTS: u64 = 1_000_000;
/// Longest time in which a broker that was attacked takes what waits for it.
const MOST_FLUSH: Duration = Duration::from_secs(60);

/// A feeder at work, in a thread of its own.
pub struct Load {
    over: Arc<AtomicBool>,
    partitions: Arc<AtomicU32>,
    thread: JoinHandle<Vec<Output>>,
}

/// Counts what was not delivered.
#[derive(Default)]
struct Failed(AtomicUsize);

impl ClientContext for Failed {}

impl ProducerContext for Failed {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        self.0.fetch_add(usize::from(result.is_err()), Ordering::Relaxed);
    }
}

impl Load {
    /// Feeds a topic of so many partitions until it is ended; the same seed gives the same events.
    pub fn start(address: &str, topic: &str, partitions: u32, seed: u64) -> Self {
        let (over, partitions) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(partitions)));
        // Without transactions, whose markers take offsets that the same events on another log do not have;
        // each once and in order, whatever becomes of the broker.
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", address).set("enable.idempotence", "true").set("acks", "all");
        config.set("message.timeout.ms", "300000").set("message.max.bytes", "8388608").set("linger.ms", "1");
        config.set("topic.metadata.refresh.interval.ms", "500");
        let producer: BaseProducer<Failed> = config.create_with_context(Failed::default()).unwrap();
        let feeder = Feeder {
            producer,
            reminder: Reminder::new(address).unwrap(),
            topic: topic.into(),
            seed,
            over: over.clone(),
            partitions: partitions.clone(),
        };
        Self { over, partitions, thread: std::thread::spawn(move || feeder.feed()) }
    }

    /// From now on there is one partition more, in which new sensors report.
    pub fn add_partition(&self) {
        self.partitions.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether it goes on; only a failure ends it early.
    pub fn is_running(&self) -> bool {
        !self.thread.is_finished()
    }

    /// Ends it: all that was fed, in order.
    pub fn end(self) -> Vec<Output> {
        self.over.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

struct Feeder {
    producer: BaseProducer<Failed>,
    reminder: Reminder,
    topic: String,
    seed: u64,
    over: Arc<AtomicBool>,
    partitions: Arc<AtomicU32>,
}

impl Feeder {
    fn feed(self) -> Vec<Output> {
        let options =
            simulate::Options { seed: self.seed, events: EVENTS, bad_per_mille: 5, ..Default::default() };
        let mut events = simulate::events(&options).filter(|event| event.source == simulate::Source::Iot);
        let (start, mut sent) = (Instant::now(), Vec::new());
        while !self.over.load(Ordering::SeqCst) {
            let output = self.output(&events.next().unwrap());
            // Of a sensor whose partition is not there yet.
            if output.partition >= self.partitions.load(Ordering::SeqCst) {
                continue;
            }
            if self.reminder.is_due() {
                self.reminder.look(self.producer.client());
            }
            let due = Duration::from_secs(1) * u32::try_from(sent.len()).unwrap() / RATE;
            self.producer.poll(due.saturating_sub(start.elapsed()));
            std::thread::sleep(due.saturating_sub(start.elapsed()));
            self.send(&output);
            sent.push(output);
        }
        self.producer.flush(MOST_FLUSH).unwrap();
        assert_eq!(self.producer.context().0.load(Ordering::Relaxed), 0, "the broker refused events");
        sent
    }

    fn send(&self, output: &Output) {
        let start = Instant::now();
        let record = BaseRecord::to(&self.topic).partition(i32::try_from(output.partition).unwrap());
        let mut record =
            record.timestamp(output.timestamp_us / 1000).key(&*output.key).payload(&*output.value);
        // The client has to hear first of a partition that was just added.
        while let Err((error, back)) = self.producer.send(record) {
            assert_eq!(error.rdkafka_error_code(), Some(Code::UnknownPartition));
            assert!(start.elapsed() < MOST_FLUSH, "partition {} does not appear", output.partition);
            self.producer.poll(Duration::from_millis(10));
            record = back;
        }
    }

    /// A sensor keeps its partition, also where one is added later: that one is for sensors that are new.
    fn output(&self, event: &simulate::Event) -> Output {
        let hash =
            event.key.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        Output {
            topic: self.topic.as_str().into(),
            partition: hash % (super::RAW_PARTITIONS + 1),
            timestamp_us: event.received_us.div_euclid(1000) * 1000,
            key: event.key.clone().into(),
            value: event.json.clone().into(),
        }
    }
}
