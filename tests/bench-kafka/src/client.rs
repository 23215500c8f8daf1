//! librdkafka by its batch functions, as fast as it can be used: messages are borrowed from it and given to
//! it a batch at a time. Vigie's own log does not do this; what it costs not to is a part of what is measured.

// A message is a pointer of librdkafka's, and batches are arrays of them.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_void};
use std::ptr::null_mut;
use std::time::Duration;

use anyhow::{Result, bail};
use rdkafka::bindings::{
    RD_KAFKA_MSG_F_BLOCK, RD_KAFKA_MSG_F_COPY, RD_KAFKA_MSG_F_PARTITION, rd_kafka_consume_batch_queue,
    rd_kafka_message_destroy, rd_kafka_message_t, rd_kafka_produce_batch, rd_kafka_queue_get_consumer,
    rd_kafka_queue_t, rd_kafka_resp_err_t, rd_kafka_topic_destroy, rd_kafka_topic_name, rd_kafka_topic_new,
    rd_kafka_topic_t,
};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::{BaseProducer, Producer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

/// Most messages of a batch.
const BATCH: usize = 1024;
/// Longest wait for one answer of the broker.
pub const ANSWER: Duration = Duration::from_secs(60);
/// How long to wait before looking again what became of records.
const HEARING: Duration = Duration::from_micros(500);
const ANY_PARTITION: i32 = -1;

/// A message that librdkafka holds.
pub struct Message {
    message: *mut rd_kafka_message_t,
    /// Of the source's topics, by number.
    pub topic: usize,
    /// Of the topic.
    pub partition: i32,
}

impl Message {
    pub fn value(&self) -> &[u8] {
        // SAFETY: valid until the message is destroyed, which this owns; an empty value may have no address.
        unsafe {
            let message = &*self.message;
            if message.payload.is_null() {
                return &[];
            }
            std::slice::from_raw_parts(message.payload.cast(), message.len)
        }
    }

    pub fn offset(&self) -> i64 {
        // SAFETY: as above.
        unsafe { (*self.message).offset }
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: it is this one's own, and destroyed once.
        unsafe { rd_kafka_message_destroy(self.message) }
    }
}

/// Reads partitions that it is given for good, from where its group has come.
pub struct Source {
    consumer: BaseConsumer,
    queue: *mut rd_kafka_queue_t,
    topics: Vec<String>,
    handles: Vec<(*mut rd_kafka_topic_t, usize)>,
    /// Topic, partition, and what comes next there, for what was read since the last commit.
    next: Vec<(usize, i32, i64)>,
    batch: Vec<*mut rd_kafka_message_t>,
}

impl Source {
    /// `places` are topics, each with its partitions. A transactional id belongs to the same partitions each
    /// time, so a rest of an older program is fenced without the group's help.
    pub fn open(brokers: &str, group: &str, places: &[(&str, Vec<i32>)]) -> Result<Self> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers).set("group.id", group);
        config.set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
        config.set("auto.offset.reset", "earliest").set("isolation.level", "read_committed");
        // A full queue is looked at again after this time, of which the default is a second.
        config.set("fetch.queue.backoff.ms", "2").set("queued.max.messages.kbytes", "32768");
        let consumer: BaseConsumer = config.create()?;
        let mut list = TopicPartitionList::new();
        for (topic, partitions) in places {
            for partition in partitions {
                list.add_partition_offset(topic, *partition, Offset::Stored)?;
            }
        }
        consumer.assign(&list)?;
        // SAFETY: the client lives as long as this, which holds it.
        let queue = unsafe { rd_kafka_queue_get_consumer(consumer.client().native_ptr()) };
        let topics = places.iter().map(|(topic, _)| (*topic).into()).collect();
        let batch = vec![null_mut(); BATCH];
        Ok(Self { consumer, queue, topics, handles: Vec::new(), next: Vec::new(), batch })
    }

    /// Appends a batch to `messages`; none where nothing came in time.
    pub fn read(&mut self, wait_ms: i32, messages: &mut Vec<Message>) -> Result<()> {
        // SAFETY: there is room for as many pointers as are asked for.
        let got = unsafe {
            rd_kafka_consume_batch_queue(self.queue, wait_ms, self.batch.as_mut_ptr(), self.batch.len())
        };
        for at in 0..usize::try_from(got).unwrap_or_default() {
            let Some(message) = self.batch.get(at).copied() else { continue };
            let mut message = Message { message, topic: 0, partition: 0 };
            // SAFETY: it is a message as long as `message` holds it.
            let (error, handle, partition) = unsafe {
                let raw = &*message.message;
                (raw.err, raw.rkt, raw.partition)
            };
            if error != rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                bail!("a batch could not be read: {error:?}");
            }
            (message.topic, message.partition) = (self.topic(handle), partition);
            let (topic, next) = (message.topic, message.offset() + 1);
            match self.next.iter_mut().find(|(t, p, _)| *t == topic && *p == partition) {
                Some((_, _, known)) => *known = next,
                None => self.next.push((topic, partition, next)),
            }
            messages.push(message);
        }
        Ok(())
    }

    /// The number of a topic.
    fn topic(&mut self, handle: *mut rd_kafka_topic_t) -> usize {
        if let Some((_, number)) = self.handles.iter().find(|(known, _)| *known == handle) {
            return *number;
        }
        // SAFETY: the handle of a message that is held; its name is a C string.
        let name = unsafe { CStr::from_ptr(rd_kafka_topic_name(handle)) };
        let number = self.topics.iter().position(|topic| topic.as_bytes() == name.to_bytes());
        let number = number.unwrap_or_default();
        self.handles.push((handle, number));
        number
    }
}

/// Writes in transactions.
pub struct Sink {
    producer: BaseProducer,
    topics: Vec<*mut rd_kafka_topic_t>,
    batch: Vec<rd_kafka_message_t>,
}

impl Sink {
    /// `linger_ms`: how long the client may sit on records to send them together.
    pub fn open(brokers: &str, id: &str, topics: &[&str], linger_ms: u64) -> Result<Self> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers).set("transactional.id", id);
        config
            .set("linger.ms", linger_ms.to_string())
            .set("batch.size", "1000000")
            .set("partitioner", "murmur2_random");
        config.set("queue.buffering.max.messages", "1000000").set("queue.buffering.max.kbytes", "1048576");
        config.set("delivery.report.only.error", "true");
        let producer: BaseProducer = config.create()?;
        let handle = |topic: &&str| {
            let name = CString::new(*topic)?;
            // SAFETY: the client lives as long as the handles, which are destroyed before it.
            Ok(unsafe { rd_kafka_topic_new(producer.client().native_ptr(), name.as_ptr(), null_mut()) })
        };
        let topics = topics.iter().map(handle).collect::<Result<_>>()?;
        producer.init_transactions(ANSWER)?;
        Ok(Self { producer, topics, batch: Vec::new() })
    }

    pub fn begin(&self) -> Result<()> {
        Ok(self.producer.begin_transaction()?)
    }

    /// Sends keys and values, which are copied; an empty value is none: the key is deleted.
    pub fn send<'a>(
        &mut self,
        topic: usize,
        pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Result<()> {
        self.send_to(topic, 0, pairs.map(|(key, value)| (ANY_PARTITION, key, value)))
    }

    /// The same, each to its partition.
    pub fn send_each<'a>(
        &mut self,
        topic: usize,
        records: impl Iterator<Item = (i32, &'a [u8], &'a [u8])>,
    ) -> Result<()> {
        self.send_to(topic, RD_KAFKA_MSG_F_PARTITION, records)
    }

    fn send_to<'a>(
        &mut self,
        topic: usize,
        flags: i32,
        records: impl Iterator<Item = (i32, &'a [u8], &'a [u8])>,
    ) -> Result<()> {
        let Some(handle) = self.topics.get(topic).copied() else { bail!("no such topic") };
        self.batch.clear();
        for (partition, key, value) in records {
            // SAFETY: a C structure of numbers and pointers, for which zeros are a value.
            let mut message: rd_kafka_message_t = unsafe { std::mem::zeroed() };
            (message.key, message.key_len) = (key.as_ptr().cast::<c_void>().cast_mut(), key.len());
            if !value.is_empty() {
                (message.payload, message.len) = (value.as_ptr().cast::<c_void>().cast_mut(), value.len());
            }
            message.partition = partition;
            self.batch.push(message);
        }
        let count = i32::try_from(self.batch.len())?;
        let flags = flags | RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK;
        // SAFETY: keys and values live until the call has copied them.
        let sent =
            unsafe { rd_kafka_produce_batch(handle, ANY_PARTITION, flags, self.batch.as_mut_ptr(), count) };
        if sent != count {
            bail!("{} of {count} records could not be sent", count - sent);
        }
        self.producer.poll(Duration::ZERO);
        Ok(())
    }

    /// Commits what was sent, and that what was read before it is read.
    pub fn commit(&self, source: &mut Source) -> Result<()> {
        let mut list = TopicPartitionList::new();
        for (topic, partition, next) in source.next.drain(..) {
            let Some(topic) = source.topics.get(topic) else { continue };
            list.add_partition_offset(topic, partition, Offset::Offset(next))?;
        }
        let Some(group) = source.consumer.group_metadata() else { bail!("the consumer has no group") };
        self.producer.send_offsets_to_transaction(&list, &group, ANSWER)?;
        // The commit's own flush sleeps for 100 ms at a time where records are on their way.
        while self.producer.in_flight_count() > 0 {
            std::thread::sleep(HEARING);
            self.producer.poll(Duration::ZERO);
        }
        Ok(self.producer.commit_transaction(ANSWER)?)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // SAFETY: each is destroyed once, before the client.
        self.topics.drain(..).for_each(|topic| unsafe { rd_kafka_topic_destroy(topic) });
    }
}
