//! Looks at partitions from outside: where they begin and end, and what lies in them up to the end.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use log::{Error, KeyValue, Record};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::changelog::Place;
use crate::group::number;
use crate::{ANSWER, Options, errors};

/// The group that readers give as theirs; they never join it.
pub const NO_GROUP: &str = "vigie";
/// Longest time in which a scan gets nothing.
const STALLED: Duration = Duration::from_secs(10);

/// A consumer that reads one partition at a time, and none in between.
pub struct Scanner {
    consumer: BaseConsumer,
    /// Sees what is not committed too; made when it is first needed.
    everything: OnceCell<BaseConsumer>,
    options: Options,
}

impl Scanner {
    pub fn open(options: &Options) -> Result<Self, Error> {
        let mut config = options.consumer(NO_GROUP);
        config.set("enable.partition.eof", "true");
        // The end is told with an empty answer, for which the broker waits this long.
        config.set("fetch.wait.max.ms", "1").set("fetch.queue.backoff.ms", "2");
        let consumer = config.create().map_err(|e| errors::of(&e))?;
        Ok(Self { consumer, everything: OnceCell::new(), options: options.clone() })
    }

    /// Its client, for metadata.
    pub fn consumer(&self) -> &BaseConsumer {
        &self.consumer
    }

    /// Where a partition begins, and where what is committed in it ends.
    pub fn bounds(&self, topic: &str, partition: u32) -> Result<(u64, u64), Error> {
        bounds(&self.consumer, topic, partition)
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
        let mut list = TopicPartitionList::new();
        let offset = Offset::Offset(i64::try_from(from).unwrap_or(i64::MAX));
        list.add_partition_offset(topic, number(partition)?, offset).map_err(|e| errors::of(&e))?;
        self.consumer.assign(&list).map_err(|e| errors::of(&e))?;
        let scanned = self.poll_to_end(topic, partition, from, &mut each);
        self.consumer.unassign().map_err(|e| errors::of(&e))?;
        scanned
    }

    fn poll_to_end(
        &self,
        topic: &str,
        partition: u32,
        from: u64,
        each: &mut dyn FnMut(&BorrowedMessage<'_>) -> bool,
    ) -> Result<(), Error> {
        let mut heard = Instant::now();
        while heard.elapsed() < STALLED {
            // Nothing may come early; only the clock says that nothing came.
            match self.consumer.poll(Duration::from_millis(100)) {
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
                Err(match wanted < start {
                    true => Error::Expired { topic, partition, start, wanted },
                    false => Error::Shortened { topic, partition, end, wanted },
                })
            }
            Some(code) if errors::is_away(code) => Ok(()),
            _ => Err(errors::of_partition(error, topic, partition)),
        }
    }

    fn everything(&self) -> Result<&BaseConsumer, Error> {
        if let Some(consumer) = self.everything.get() {
            return Ok(consumer);
        }
        let mut config = self.options.consumer(NO_GROUP);
        config.set("isolation.level", "read_uncommitted");
        let consumer = config.create().map_err(|e| errors::of(&e))?;
        Ok(self.everything.get_or_init(|| consumer))
    }

    /// A table of keyed state, by key: what its changelog comes to.
    pub fn table(&self, name: &str, place: &Place) -> Result<Vec<KeyValue>, Error> {
        let Place { topic, partition, prefix } = place;
        // First the end of everything: of what is committed alone, the end may lie before a transaction
        // that another worker has committed but whose markers are not written.
        let (_, written) = bounds(self.everything()?, topic, *partition)?;
        let (start, stable) = self.bounds(topic, *partition)?;
        if stable < written {
            return Err(Error::Pending { what: name.into() });
        }
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        if start == written {
            return Ok(Vec::new());
        }
        self.scan(topic, *partition, start, |message| {
            if let Some(key) = message.key().and_then(|key| key.strip_prefix(prefix.as_slice())) {
                match message.payload() {
                    Some(value) => rows.insert(key.to_vec(), value.to_vec()),
                    None => rows.remove(key),
                };
            }
            true
        })?;
        Ok(rows.into_iter().collect())
    }
}

fn bounds(consumer: &BaseConsumer, topic: &str, partition: u32) -> Result<(u64, u64), Error> {
    let bounds = consumer.fetch_watermarks(topic, number(partition)?, ANSWER);
    let (start, end) = bounds.map_err(|e| errors::of_partition(&e, topic, partition))?;
    Ok((u64::try_from(start).unwrap_or(0), u64::try_from(end).unwrap_or(0)))
}

/// A message as a record of the log.
pub fn record(message: &BorrowedMessage<'_>) -> Record {
    Record {
        offset: u64::try_from(message.offset()).unwrap_or(0),
        timestamp_us: message.timestamp().to_millis().unwrap_or(0).saturating_mul(1000),
        key: message.key().unwrap_or_default().to_vec(),
        value: message.payload().unwrap_or_default().to_vec(),
    }
}
