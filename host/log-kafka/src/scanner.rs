//! Looks at partitions from outside: where they begin and end, and what lies in them up to the end.

use std::cell::OnceCell;
use std::time::{Duration, Instant, SystemTime};

use log::{Error, Record, Slice};
use rdkafka::bindings::rd_kafka_t;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Headers, Message as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::changelog::{self, Changes, Mark};
use crate::cloud_event;
use crate::ear::Ear;
use crate::group::number;
use crate::{ANSWER, FILLER, Options, errors};

/// The group that readers give as theirs; they never join it.
pub const NO_GROUP: &str = "vigie";
/// Longest wait for an answer that is not needed.
const QUICK: Duration = Duration::from_millis(500);
/// Longest time in which a scan gets nothing.
const STALLED: Duration = Duration::from_secs(10);
/// How long to wait before looking again whether a transaction has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A consumer that reads one partition at a time, and none in between.
pub struct Scanner {
    consumer: BaseConsumer<Ear>,
    /// Sees what is not committed too; made when it is first needed.
    everything: OnceCell<BaseConsumer<Ear>>,
    cluster: OnceCell<String>,
    options: Options,
}

impl Scanner {
    pub fn open(options: &Options) -> Result<Self, Error> {
        let mut config = options.consumer(NO_GROUP)?;
        config.set("enable.partition.eof", "true");
        // The end is told with an empty answer, for which the broker waits this long.
        config.set("fetch.wait.max.ms", "1").set("fetch.queue.backoff.ms", "2");
        let consumer = config.create_with_context(options.ear()).map_err(|e| errors::of(&e))?;
        // The first client that there is: where it is let in, so are the others.
        options.knock(&consumer)?;
        Ok(Self { consumer, everything: OnceCell::new(), cluster: OnceCell::new(), options: options.clone() })
    }

    /// Its client, for metadata.
    pub fn consumer(&self) -> &BaseConsumer<Ear> {
        self.options.listen(&self.consumer);
        &self.consumer
    }

    /// Those of the library.
    pub fn clients(&self) -> impl Iterator<Item = *mut rd_kafka_t> {
        [Some(&self.consumer), self.everything.get()].into_iter().flatten().map(|c| c.client().native_ptr())
    }

    /// Where a partition begins, and where what is committed in it ends.
    pub fn bounds(&self, topic: &str, partition: u32) -> Result<(u64, u64), Error> {
        bounds(self.consumer(), topic, partition)
    }

    /// Where what is committed in a partition ends, for who can do without: half a second is waited for the answer.
    pub fn quick_end(&self, topic: &str, partition: u32) -> Result<u64, Error> {
        let bounds = self.consumer().fetch_watermarks(topic, number(partition)?, QUICK);
        let (_, end) = bounds.map_err(|e| errors::of_partition(&e, topic, partition))?;
        Ok(u64::try_from(end).unwrap_or(0))
    }

    /// Where all that is written in a partition ends, committed or not.
    pub fn written_end(&self, topic: &str, partition: u32) -> Result<u64, Error> {
        Ok(bounds(self.everything()?, topic, partition)?.1)
    }

    /// Reads committed records up to the end that there is now, as long as `each` wants more.
    ///
    /// A fresh assignment tells the end once, and no older one's: that it has been reached is certain,
    /// whatever markers and aborted records lie before it.
    pub fn scan(
        &self,
        topic: &str,
        partition: u32,
        from: u64,
        mut each: impl FnMut(&BorrowedMessage<'_>) -> bool,
    ) -> Result<(), Error> {
        let mut each = |message: &BorrowedMessage<'_>| message.key() == Some(FILLER) || each(message);
        self.scan_by(&self.consumer, topic, partition, from, &mut each)
    }

    /// Gives key and value of what lies behind the first transaction that readers of a partition wait for, committed or
    /// not, where they still do at `until`.
    pub fn held_up(
        &self,
        topic: &str,
        partition: u32,
        until: Instant,
        each: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), Error> {
        let end = self.written_end(topic, partition)?;
        let stable = loop {
            let (_, stable) = self.bounds(topic, partition)?;
            if stable >= end {
                return Ok(());
            }
            if Instant::now() >= until {
                break stable;
            }
            std::thread::sleep(LOOK_AGAIN);
        };
        self.scan_by(self.everything()?, topic, partition, stable, &mut |message| {
            each(message.key().unwrap_or_default(), message.payload().unwrap_or_default());
            u64::try_from(message.offset()).is_ok_and(|offset| offset + 1 < end)
        })
    }

    fn scan_by(
        &self,
        consumer: &BaseConsumer<Ear>,
        topic: &str,
        partition: u32,
        from: u64,
        each: &mut dyn FnMut(&BorrowedMessage<'_>) -> bool,
    ) -> Result<(), Error> {
        let mut list = TopicPartitionList::new();
        let offset = Offset::Offset(i64::try_from(from).unwrap_or(i64::MAX));
        list.add_partition_offset(topic, number(partition)?, offset).map_err(|e| errors::of(&e))?;
        consumer.assign(&list).map_err(|e| errors::of(&e))?;
        let scanned = self.poll_to_end(consumer, topic, partition, from, each);
        consumer.unassign().map_err(|e| errors::of(&e))?;
        scanned
    }

    fn poll_to_end(
        &self,
        consumer: &BaseConsumer<Ear>,
        topic: &str,
        partition: u32,
        from: u64,
        each: &mut dyn FnMut(&BorrowedMessage<'_>) -> bool,
    ) -> Result<(), Error> {
        let mut heard = Instant::now();
        while heard.elapsed() < STALLED {
            // Nothing may come early; only the clock says that nothing came.
            match consumer.poll(Duration::from_millis(100)) {
                None => continue,
                Some(Ok(message)) => {
                    if !each(&message) {
                        return Ok(());
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(()),
                Some(Err(error)) => self.judge(&error, topic, partition, from)?,
            }
            heard = Instant::now();
        }
        Err(Error::Away(format!("nothing came of {topic} {partition} for {} s", STALLED.as_secs())))
    }

    /// What an error of reading a partition comes to; nothing where the client mends it by itself.
    pub fn judge(&self, error: &KafkaError, topic: &str, partition: u32, wanted: u64) -> Result<(), Error> {
        match error.rdkafka_error_code() {
            Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => {
                let (start, end) = self.bounds(topic, partition)?;
                let topic = topic.to_owned();
                Err(match wanted {
                    _ if wanted < start => Error::Expired { topic, partition, start, wanted },
                    _ if wanted > end => Error::Shortened { topic, partition, end, wanted },
                    // It was said of where the client read before.
                    _ => Error::Away(format!("partition {partition} of topic {topic} is to be read again")),
                })
            }
            Some(code) if errors::is_away(code) => Ok(()),
            _ => Err(of_partition(&self.consumer, error, topic, partition)),
        }
    }

    fn everything(&self) -> Result<&BaseConsumer<Ear>, Error> {
        let consumer = match self.everything.get() {
            Some(consumer) => consumer,
            None => {
                let mut config = self.options.consumer(NO_GROUP)?;
                config.set("isolation.level", "read_uncommitted").set("enable.partition.eof", "true");
                let consumer = config.create_with_context(self.options.ear()).map_err(|e| errors::of(&e))?;
                self.everything.get_or_init(|| consumer)
            }
        };
        self.options.listen(consumer);
        Ok(consumer)
    }

    /// The next changes of a stage's partition, about `most_bytes` of them; `deletes_kept_ms`: for how long
    /// its changelog keeps deletes. None: from there it cannot be told.
    pub fn state(
        &self,
        stage: &str,
        partition: u32,
        from: &[u8],
        most_bytes: usize,
        deletes_kept_ms: u64,
    ) -> Result<Option<Slice>, Error> {
        let topic = &changelog::topic(stage);
        // First the end of everything: of what is committed alone, the end may lie before a transaction
        // that another worker has committed but whose markers are not written.
        let written = self.written_end(topic, partition)?;
        let (start, stable) = self.bounds(topic, partition)?;
        let now_ms = now_ms();
        let (mark, is_first) = match from {
            [] => {
                let cluster = self.cluster()?;
                (Mark { offset: start, end: None, since_ms: now_ms, cluster }, true)
            }
            _ => match Mark::from_bytes(from) {
                Some(mark) => (mark, false),
                None => return Ok(None),
            },
        };
        let is_good = (start..=written).contains(&mark.offset) && mark.is_fresh(now_ms, deletes_kept_ms);
        if !is_first && (!is_good || mark.cluster != self.cluster()?) {
            return Ok(None);
        }
        let end = mark.end.unwrap_or(written);
        let (mut changes, mut offset, mut bytes) = (Changes::default(), mark.offset, 0);
        let mut is_full = false;
        if offset < end.min(stable) {
            self.scan(topic, partition, offset, |message| {
                let at = u64::try_from(message.offset()).unwrap_or(0);
                if at >= end {
                    return false;
                }
                let (key, value) = (message.key().unwrap_or_default(), message.payload());
                changes.push(stage, partition, key, value);
                (offset, bytes) = (at + 1, bytes + message.payload_len() + message.key_len());
                is_full = bytes >= most_bytes;
                !is_full
            })?;
            if !is_full {
                offset = offset.max(end.min(stable));
            }
        }
        let done = offset >= end;
        if !done && offset == mark.offset {
            return Err(Error::Pending { what: format!("the state of {stage} {partition}") });
        }
        let end = Some(end).filter(|_| !done);
        let next = Mark { offset, end, ..mark }.to_bytes();
        Ok(Some(Slice { changes: changes.finish(), next, done }))
    }

    /// A place behind what is committed and in front of what is not decided.
    pub fn state_end(&self, stage: &str, partition: u32) -> Result<Vec<u8>, Error> {
        let (_, stable) = self.bounds(&changelog::topic(stage), partition)?;
        let (since_ms, cluster) = (now_ms(), self.cluster()?);
        Ok(Mark { offset: stable, end: None, since_ms, cluster }.to_bytes())
    }

    /// Which cluster this is; asked once.
    fn cluster(&self) -> Result<String, Error> {
        if let Some(cluster) = self.cluster.get() {
            return Ok(cluster.clone());
        }
        let cluster = self.consumer().client().fetch_cluster_id(ANSWER);
        let cluster =
            cluster.ok_or_else(|| Error::Away("the cluster does not say which one it is".into()))?;
        Ok(self.cluster.get_or_init(|| cluster).clone())
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn bounds(consumer: &BaseConsumer<Ear>, topic: &str, partition: u32) -> Result<(u64, u64), Error> {
    let number = number(partition)?;
    let mut bounds = consumer.fetch_watermarks(topic, number, ANSWER / 3);
    if bounds.as_ref().is_err_and(|e| e.rdkafka_error_code() == Some(Code::OperationTimedOut)) {
        // The client asks a leader that is gone for minutes, unless it is made to ask who the new one is.
        let _ = consumer.fetch_metadata(Some(topic), ANSWER / 3);
        bounds = consumer.fetch_watermarks(topic, number, ANSWER / 3);
    }
    let (start, end) = bounds.map_err(|e| of_partition(consumer, &e, topic, partition))?;
    Ok((u64::try_from(start).unwrap_or(0), u64::try_from(end).unwrap_or(0)))
}

/// An error about a partition. Whether it is missing the broker is asked: while that was away the client may
/// have forgotten what there is.
fn of_partition(consumer: &BaseConsumer<Ear>, error: &KafkaError, topic: &str, partition: u32) -> Error {
    let said = errors::of_partition(error, topic, partition);
    if !matches!(said, Error::NoTopic { .. }) {
        return said;
    }
    let metadata = match consumer.fetch_metadata(Some(topic), ANSWER) {
        Ok(metadata) => metadata,
        Err(error) => return errors::of(&error),
    };
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let is_missing = found.is_none_or(|found| match found.error().map(Code::from) {
        None => found.partitions().len() <= partition as usize,
        Some(code) => matches!(code, Code::UnknownTopic | Code::UnknownTopicOrPartition),
    });
    if is_missing {
        said
    } else {
        Error::Away(format!("partition {partition} of topic {topic} was not found"))
    }
}

/// A message as a record of the log.
pub fn record(message: &BorrowedMessage<'_>) -> Record {
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    let headers = headers.map(|header| (header.key, header.value.unwrap_or_default())).collect::<Vec<_>>();
    let mut value = Vec::new();
    cloud_event::write(headers.iter().copied(), message.payload().unwrap_or_default(), &mut value);
    Record {
        offset: u64::try_from(message.offset()).unwrap_or(0),
        timestamp_us: message.timestamp().to_millis().unwrap_or(0).saturating_mul(1000),
        key: message.key().unwrap_or_default().to_vec().into(),
        value: value.into(),
    }
}
