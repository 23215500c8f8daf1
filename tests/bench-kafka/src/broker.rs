//! The broker that all is measured on: its topics, its groups, and the events that are put there.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::Thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use services::{Broker, KAFKA_VARIABLE, Kafka};

use crate::client::ANSWER;
use crate::events::{self, Events, time_us};
use crate::peer::{self, CELLS, CHANGELOG, EVENTS, PARTITIONS};
use crate::say;

/// Longest wait for a topic to come or go.
const MOST_CHANGE: Duration = Duration::from_secs(60);

/// A broker, and what is asked of it.
pub struct Bench {
    /// `host:port`.
    pub address: String,
    /// Its process; none where it was only named.
    pub pid: Option<u32>,
    admin: AdminClient<DefaultClientContext>,
    looker: BaseConsumer,
    _kafka: Option<Kafka>,
}

impl Bench {
    /// The broker that `VIGIE_TEST_KAFKA` names, or one of its own.
    pub fn start() -> Result<Self> {
        let named = std::env::var(KAFKA_VARIABLE).ok().filter(|address| !address.is_empty());
        let kafka = if named.is_some() { None } else { Some(Kafka::start_for_benchmarks()?) };
        let of = |kafka: &Kafka| kafka.broker();
        let Broker { address } = match named {
            Some(address) => Broker { address },
            None => kafka.as_ref().map(of).context("no broker was started")?,
        };
        let config = client(&address);
        let pid = kafka.as_ref().and_then(Kafka::pid);
        let bench = Self { admin: config.create()?, looker: config.create()?, pid, address, _kafka: kafka };
        let before = bench.topics()?;
        if !before.is_empty() {
            bail!("the broker has topics {before:?}, which the bench would delete; delete them yourself");
        }
        Ok(bench)
    }

    /// The raw topics, empty.
    pub fn make_raw(&self) -> Result<()> {
        self.forget(true)?;
        let partitions = i32::try_from(events::PARTITIONS)?;
        let new = |topic| NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        self.make(&events::TOPICS.map(new))
    }

    /// The topics that comparators write to, empty.
    pub fn make_derived(&self) -> Result<()> {
        let new = |topic| NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(1));
        self.make(&[new(EVENTS), new(CELLS), new(CHANGELOG).set("cleanup.policy", "compact")])
    }

    /// Removes what was written and how far it was read, and the raw topics too if so asked.
    pub fn forget(&self, raw: bool) -> Result<()> {
        let start = Instant::now();
        loop {
            let groups = self.groups()?;
            let names: Vec<&str> = groups.iter().map(String::as_str).collect();
            let topics = self.topics()?;
            let goes = |topic: &&String| raw || !events::TOPICS.contains(&topic.as_str());
            let topics: Vec<&str> = topics.iter().filter(goes).map(String::as_str).collect();
            if names.is_empty() && topics.is_empty() {
                return Ok(());
            }
            if start.elapsed() > MOST_CHANGE {
                bail!("groups {names:?} and topics {topics:?} do not go away");
            }
            if !names.is_empty() {
                // A member that was killed is missed only after its session.
                block_on(self.admin.delete_groups(&names, &patience()))?;
            }
            if !topics.is_empty() {
                block_on(self.admin.delete_topics(&topics, &patience()))?;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Those of the bench.
    fn groups(&self) -> Result<Vec<String>> {
        let groups = self.looker.fetch_group_list(None, ANSWER)?;
        let names = groups.groups().iter().map(|group| group.name().to_owned());
        Ok(names.filter(|name| name == peer::GROUP || name.starts_with("bench-job")).collect())
    }

    fn make(&self, topics: &[NewTopic<'_>]) -> Result<()> {
        for made in block_on(self.admin.create_topics(topics, &patience()))? {
            made.map_err(|(topic, code)| anyhow::anyhow!("topic {topic} cannot be made: {code}"))?;
        }
        let start = Instant::now();
        let is_there = |there: &[String]| topics.iter().all(|new| there.iter().any(|name| name == new.name));
        while !is_there(&self.topics()?) {
            if start.elapsed() > MOST_CHANGE {
                bail!("topics do not appear");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Those of the bench.
    fn topics(&self) -> Result<Vec<String>> {
        let metadata = self.looker.fetch_metadata(None, ANSWER)?;
        let names = metadata.topics().iter().map(|topic| topic.name().to_owned());
        let is_ours = |name: &String| {
            let fixed = [EVENTS, CELLS, CHANGELOG, "dead-letters", "dead-letters.rows"];
            name.starts_with("bench-job") || fixed.iter().chain(&events::TOPICS).any(|ours| ours == name)
        };
        Ok(names.filter(is_ours).collect())
    }

    /// Writes the events of a run, each at the time of its number.
    pub fn load(&self, count: u64) -> Result<()> {
        let producer: BaseProducer = bulk(&self.address, "20").create()?;
        let (mut events, mut json) = (Events::new(), Vec::new());
        for number in 0..count {
            let place = events.write(time_us(number, count), &mut json)?;
            send(&producer, &place, &json)?;
            if number % 10_000 == 0 {
                say(&format!("loading events: {} of {} thousand", number / 1000, count / 1000));
            }
        }
        Ok(producer.flush(ANSWER)?)
    }

    /// The sum of the ends of what was written.
    pub fn written(&self) -> Result<i64> {
        let mut sum = 0;
        for topic in [EVENTS, CELLS] {
            for partition in 0..PARTITIONS {
                // Not there: not yet made by Vigie, or no topic of this job.
                sum += self.looker.fetch_watermarks(topic, partition, ANSWER).map_or(0, |(_, end)| end);
            }
        }
        Ok(sum)
    }

    /// Asks how far a group is.
    pub fn asker(&self, group: &str) -> Result<Asker> {
        Ok(Asker(client(&self.address).set("group.id", group).create()?))
    }

    /// Gives each committed value of a topic to `each`.
    pub fn read_all(&self, topic: &str, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut config = client(&self.address);
        config.set("group.id", "check").set("isolation.level", "read_committed");
        config.set("enable.partition.eof", "true").set("enable.auto.commit", "false");
        let consumer: BaseConsumer = config.set("fetch.queue.backoff.ms", "2").create()?;
        let mut list = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            list.add_partition_offset(topic, partition, Offset::Beginning)?;
        }
        consumer.assign(&list)?;
        let mut ended = std::collections::BTreeSet::new();
        while ended.len() < PARTITIONS.unsigned_abs() as usize {
            match consumer.poll(ANSWER) {
                None => bail!("topic {topic} cannot be read to its end"),
                Some(Err(KafkaError::PartitionEOF(partition))) => drop(ended.insert(partition)),
                Some(message) => each(message?.payload().unwrap_or_default())?,
            }
        }
        Ok(())
    }
}

/// A client that knows how far a group is.
pub struct Asker(BaseConsumer);

impl Asker {
    /// Records of the raw topics that the group has read and committed; none: the broker does not know just now,
    /// as it has just started or made the group.
    pub fn read(&self) -> Result<Option<u64>> {
        let mut list = TopicPartitionList::new();
        for topic in events::TOPICS {
            for partition in 0..i32::try_from(events::PARTITIONS)? {
                list.add_partition(topic, partition);
            }
        }
        let committed = match self.0.committed_offsets(list, ANSWER) {
            Err(error) if error.rdkafka_error_code().is_some_and(is_not_yet) => return Ok(None),
            committed => committed?,
        };
        let next = |offset| if let Offset::Offset(next) = offset { next.unsigned_abs() } else { 0 };
        Ok(Some(committed.elements().iter().map(|element| next(element.offset())).sum()))
    }
}

fn is_not_yet(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{CoordinatorLoadInProgress, CoordinatorNotAvailable, NotCoordinator};
    matches!(code, CoordinatorLoadInProgress | CoordinatorNotAvailable | NotCoordinator)
}

/// A producer that writes much; `linger_ms` is how long it may wait for more.
pub fn bulk(address: &str, linger_ms: &str) -> ClientConfig {
    let mut config = client(address);
    config.set("linger.ms", linger_ms).set("batch.size", "1000000").set("delivery.report.only.error", "true");
    config
}

pub fn client(address: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", address);
    config
}

/// Sends an event, waiting where the queue is full.
pub fn send(producer: &BaseProducer, place: &events::Place, json: &[u8]) -> Result<()> {
    let mut record = BaseRecord::<(), [u8]>::to(place.topic).partition(place.partition).payload(json);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => record = back,
            Err((error, _)) => return Err(error.into()),
        }
        producer.poll(Duration::from_millis(5));
    }
}

fn patience() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(ANSWER)).request_timeout(Some(ANSWER))
}

/// Waits for a future, here.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
