//! Reads partitions by offset, ahead of what is asked for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use log::{Bytes, Error, Most, Record};
use rdkafka::bindings::rd_kafka_t;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::cloud_event;
use crate::ear::Ear;
use crate::group::{LOOK_MS, number};
use crate::queue::{Message, Queue};
use crate::scanner::{NO_GROUP, Scanner, record};
use crate::{FILLER, Options, errors};

/// A broker gathers records for an answer for so long, in ms, unless it has so many bytes of them. At 5,000 events/s that
/// takes a third off the client's CPU time and a seventh off the broker's; it costs an event half of it.
const GATHER_MS: &str = "5";
const GATHER_BYTES: &str = "100000";
/// How long to wait for records that the broker has and the client not yet.
const ON_THEIR_WAY: Duration = Duration::from_millis(10);
/// Most that is read ahead of one partition, in KiB.
const AHEAD_KIB: &str = "1024";

/// After so long without a record it is looked from outside whether there is none. The client may wait for ever for what it
/// once asked of a broker that was away meanwhile, for one partition among many (librdkafka's issue 4492).
const QUIET: Duration = if cfg!(test) { Duration::from_millis(300) } else { Duration::from_secs(10) };
/// Between two such looks, which take an answer of the broker each; after one that got none it is `QUIET`.
const LOOK: Duration = if cfg!(test) { Duration::ZERO } else { Duration::from_secs(1) };

/// A partition that is read.
struct Place {
    queue: Queue,
    /// What will be asked for next, if nothing goes wrong.
    next: u64,
    /// Taken from the client, and not yet given.
    ahead: VecDeque<Record>,
    /// The bytes that were fetched the last time.
    chunk_bytes: usize,
    /// Up to here there is nothing more: only markers and what was aborted.
    empty_to: u64,
    /// When it last gave a record, or was looked at from outside.
    quiet_since: Instant,
}

/// A consumer that reads many partitions.
pub struct Reader {
    consumer: Arc<BaseConsumer<Ear>>,
    places: BTreeMap<(String, u32), Place>,
    /// When a quiet partition may be looked at from outside again.
    look_at: Instant,
}

impl Reader {
    pub fn open(options: &Options) -> Result<Self, Error> {
        let mut config = options.consumer(NO_GROUP)?;
        // A partition whose queue is full is looked at again after this time, of which the default is 1 s.
        config.set("fetch.queue.backoff.ms", "2").set("queued.max.messages.kbytes", AHEAD_KIB);
        // There is one question to a broker at a time. Also those partitions wait for its answer of which enough was at hand
        // when it was asked.
        config.set("fetch.wait.max.ms", GATHER_MS).set("fetch.min.bytes", GATHER_BYTES);
        // A partition that had no leader when the client last asked has none for it until it asks again: by default 5 minutes.
        config.set("topic.metadata.refresh.interval.ms", LOOK_MS);
        let consumer = Arc::new(config.create_with_context(options.ear()).map_err(|e| errors::of(&e))?);
        Ok(Self { consumer, places: BTreeMap::new(), look_at: Instant::now() })
    }

    /// That of the library.
    pub fn client(&self) -> *mut rd_kafka_t {
        self.consumer.client().native_ptr()
    }

    /// Records from an offset on; none only where there is none below the end, which is asked for where the
    /// client has nothing at hand.
    pub fn read(
        &mut self,
        scanner: &Scanner,
        end: impl Fn() -> Result<u64, Error>,
        topic: &str,
        partition: u32,
        from: u64,
        most: Most,
    ) -> Result<Vec<Record>, Error> {
        self.at(topic, partition, from, |place| place.read(scanner, end, topic, partition, most))
    }

    /// What the client has at hand from an offset on; now and then, where that is nothing for long, what there is.
    pub fn poll(
        &mut self,
        scanner: &Scanner,
        topic: &str,
        partition: u32,
        from: u64,
        most: Most,
    ) -> Result<Vec<Record>, Error> {
        let records = self.at(topic, partition, from, |place| {
            let records = place.take(scanner, topic, partition, most, Duration::ZERO)?;
            place.gave(&records);
            Ok(records)
        })?;
        if records.is_empty() { self.look(scanner, topic, partition, most) } else { Ok(records) }
    }

    /// Whether a partition that is quiet has something that the client does not give: then it is given, and the client
    /// begins again there.
    fn look(
        &mut self,
        scanner: &Scanner,
        topic: &str,
        partition: u32,
        most: Most,
    ) -> Result<Vec<Record>, Error> {
        // So long that each has its turn, however many are quiet.
        let quiet = QUIET.max(2 * LOOK * u32::try_from(self.places.len()).unwrap_or(u32::MAX));
        let Some(place) = self.places.get_mut(&(topic.to_owned(), partition)) else { return Ok(Vec::new()) };
        if Instant::now() < self.look_at || place.quiet_since.elapsed() < quiet {
            return Ok(Vec::new());
        }
        place.quiet_since = Instant::now();
        let end = || scanner.quick_end(topic, partition);
        let found = place.read(scanner, end, topic, partition, most);
        // Who is away is nobody's fault here, and may be away for long.
        self.look_at = Instant::now() + if found.is_err() { QUIET } else { LOOK };
        // What was taken before an error is read again.
        if !matches!(&found, Ok(records) if records.is_empty()) {
            self.close(topic, partition);
        }
        match found {
            Err(error) if error.is_retry() => Ok(Vec::new()),
            found => found,
        }
    }

    fn at(
        &mut self,
        topic: &str,
        partition: u32,
        from: u64,
        read: impl FnOnce(&mut Place) -> Result<Vec<Record>, Error>,
    ) -> Result<Vec<Record>, Error> {
        // Serves the client; what concerns a partition comes by its own queue.
        let _ = self.consumer.poll(Duration::ZERO);
        let at = (topic.to_owned(), partition);
        if self.places.get(&at).is_none_or(|place| place.next != from) {
            self.open_at(topic, partition, from)?;
        }
        let Some(place) = self.places.get_mut(&at) else { return Ok(Vec::new()) };
        let read = read(place);
        if read.is_err() {
            self.close(topic, partition);
        }
        read
    }

    fn open_at(&mut self, topic: &str, partition: u32, from: u64) -> Result<(), Error> {
        self.close(topic, partition);
        // Before the assignment, so that nothing goes another way.
        let queue = Queue::split(&self.consumer, topic, number(partition)?);
        let queue = queue.ok_or_else(|| Error::NoTopic { topic: topic.into(), partition })?;
        let offset = Offset::Offset(i64::try_from(from).unwrap_or(i64::MAX));
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, number(partition)?, offset).map_err(|e| errors::of(&e))?;
        self.consumer.incremental_assign(&list).map_err(|e| errors::of(&e))?;
        let place = Place {
            queue,
            next: from,
            ahead: VecDeque::new(),
            chunk_bytes: 0,
            empty_to: from,
            quiet_since: Instant::now(),
        };
        self.places.insert((topic.into(), partition), place);
        Ok(())
    }

    /// Reads a partition no more.
    pub fn close(&mut self, topic: &str, partition: u32) {
        if self.places.remove(&(topic.to_owned(), partition)).is_none() {
            return;
        }
        let mut list = TopicPartitionList::new();
        if let Ok(partition) = number(partition) {
            list.add_partition(topic, partition);
            // It fails only where the client does not read it.
            let _ = self.consumer.incremental_unassign(&list);
        }
    }
}

impl Place {
    fn read(
        &mut self,
        scanner: &Scanner,
        end: impl Fn() -> Result<u64, Error>,
        topic: &str,
        partition: u32,
        most: Most,
    ) -> Result<Vec<Record>, Error> {
        let mut records = self.take(scanner, topic, partition, most, Duration::ZERO)?;
        if records.is_empty() {
            let end = end()?;
            if end <= self.next.max(self.empty_to) {
                return Ok(records);
            }
            records = self.take(scanner, topic, partition, most, ON_THEIR_WAY)?;
            if records.is_empty() {
                records = self.scan(scanner, topic, partition, most)?;
            }
            if records.is_empty() {
                self.empty_to = end;
            }
        }
        self.gave(&records);
        Ok(records)
    }

    fn gave(&mut self, records: &[Record]) {
        if let Some(last) = records.last() {
            self.next = last.offset + 1;
            self.quiet_since = Instant::now();
        }
    }

    /// What the client has at hand, waiting for the first record.
    fn take(
        &mut self,
        scanner: &Scanner,
        topic: &str,
        partition: u32,
        most: Most,
        wait: Duration,
    ) -> Result<Vec<Record>, Error> {
        let mut taken = Taken::new(most);
        let (mut wait, mut failed) = (wait, None);
        while !taken.is_full() {
            if self.ahead.is_empty() && self.fetch(most.records, wait, &mut failed) == 0 {
                break;
            }
            wait = Duration::ZERO;
            if let Some(error) = failed.take() {
                scanner.judge(&error, topic, partition, self.next)?;
            }
            while !taken.is_full() {
                let Some(record) = self.ahead.pop_front() else { break };
                // A scan may have given it already.
                if record.offset < self.next {
                    continue;
                }
                if let Err(record) = taken.add(record) {
                    self.ahead.push_front(record);
                    return Ok(taken.records);
                }
            }
        }
        Ok(taken.records)
    }

    /// Has the client hand over what it has fetched, in memory that the records share; how many messages, of
    /// which some may have been errors, and the first of these.
    fn fetch(&mut self, most: usize, wait: Duration, failed: &mut Option<KafkaError>) -> usize {
        let (mut bytes, mut parts) = (Vec::with_capacity(self.chunk_bytes), Vec::new());
        let count = self.queue.take(most, wait, |message| match message {
            Ok(Message { key: FILLER, .. }) => {}
            Ok(Message { offset, timestamp_ms, key, value, headers }) => {
                bytes.extend_from_slice(key);
                let before = bytes.len();
                cloud_event::write(headers, value, &mut bytes);
                parts.push((offset, timestamp_ms, key.len(), bytes.len() - before));
            }
            Err(error) => _ = failed.get_or_insert(error),
        });
        self.chunk_bytes = bytes.len();
        let mut bytes = Bytes::from(bytes);
        self.ahead.extend(parts.into_iter().map(|(offset, timestamp_ms, key, value)| Record {
            offset: u64::try_from(offset).unwrap_or(0),
            timestamp_us: timestamp_ms.saturating_mul(1000),
            key: bytes.split_to(key),
            value: bytes.split_to(value),
        }));
        count
    }

    /// What lies between here and the end, where only a look from outside can tell.
    fn scan(&self, scanner: &Scanner, topic: &str, partition: u32, most: Most) -> Result<Vec<Record>, Error> {
        let mut taken = Taken::new(most);
        scanner.scan(topic, partition, self.next, |message| {
            taken.add(record(message)).is_ok() && !taken.is_full()
        })?;
        Ok(taken.records)
    }
}

/// Records up to the most that a read gives.
struct Taken {
    records: Vec<Record>,
    bytes: usize,
    most: Most,
}

impl Taken {
    fn new(most: Most) -> Self {
        Self { records: Vec::new(), bytes: 0, most }
    }

    fn is_full(&self) -> bool {
        self.records.len() >= self.most.records
    }

    /// Adds a record, or gives it back where it is too much; the first never is.
    fn add(&mut self, record: Record) -> Result<(), Record> {
        let bytes = self.bytes + record.key.len() + record.value.len();
        if bytes > self.most.bytes && !self.records.is_empty() {
            return Err(record);
        }
        self.bytes = bytes;
        self.records.push(record);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

    use super::*;

    /// A client that waits for ever for one partition is not to be had by asking; one that is told to rest does the same.
    #[test]
    fn a_partition_that_the_client_forgets_is_read_on() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("raw", 1, 1).unwrap();
        let options = Options::new(&cluster.bootstrap_servers(), None);
        let producer: BaseProducer = options.client().unwrap().create().unwrap();
        let feed = |value: &str| {
            producer.send(BaseRecord::<str, str>::to("raw").partition(0).payload(value)).unwrap();
            producer.flush(Duration::from_secs(10)).unwrap();
        };
        let (scanner, mut reader) = (Scanner::open(&options).unwrap(), Reader::open(&options).unwrap());
        // By name: what is closed is not in the assignment, and rests on where it is opened again.
        let mut rest = TopicPartitionList::new();
        rest.add_partition("raw", 0);
        let wait_for = |reader: &mut Reader, from: u64, forgotten: bool| {
            let start = Instant::now();
            loop {
                let records = reader.poll(&scanner, "raw", 0, from, Most::ALL).unwrap();
                if forgotten && reader.places.len() == 1 {
                    reader.consumer.pause(&rest).unwrap();
                }
                if !records.is_empty() {
                    break records.iter().map(|record| record.value.to_vec()).collect::<Vec<_>>();
                }
                assert!(start.elapsed() < Duration::from_secs(30), "nothing comes");
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        feed("first");
        assert_eq!(wait_for(&mut reader, 0, false), [b"first"]);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(100));
                feed("second");
            });
            assert_eq!(wait_for(&mut reader, 1, true), [b"second"]);
        });
        // The client reads it again by itself, without another look.
        reader.consumer.resume(&rest).unwrap();
        reader.look_at = Instant::now() + Duration::from_secs(3600);
        feed("third");
        assert_eq!(wait_for(&mut reader, 2, false), [b"third"]);
    }
}
