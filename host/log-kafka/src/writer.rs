//! The transactional producer: one transaction for each step.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use log::{Commit, Error, Output};
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{DeliveryResult, Message as _, ToBytes};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::changelog::Change;
use crate::ear::Ear;
use crate::group::number;
use crate::topics::MOST_RECORD_BYTES;
use crate::{ANSWER, Options, errors};

/// Longest wait for the end of an older connection's transaction.
const TAKE_OVER: Duration = Duration::from_secs(30);
/// How long the client may sit on records to send them together, in ms; a commit waits for the last of them.
const LINGER_MS: &str = "1";

/// How long to listen for what became of records before looking whether that is all.
const HEARING: Duration = Duration::from_millis(1);

/// What became of the records that were sent.
#[derive(Default)]
struct Delivered {
    /// Why the first that was refused was.
    refused: Option<Code>,
    /// The last offset written, by topic and partition.
    last: BTreeMap<String, BTreeMap<i32, i64>>,
}

struct Deliveries {
    delivered: Mutex<Delivered>,
    ear: Ear,
}

impl Deliveries {
    fn get(&self) -> MutexGuard<'_, Delivered> {
        // Each change below is whole before anything can panic.
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Deliveries {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn error(&self, error: KafkaError, reason: &str) {
        self.ear.error(error, reason);
    }

    fn generate_oauth_token(&self, settings: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        self.ear.generate_oauth_token(settings)
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let mut delivered = self.get();
        let message = match result {
            Ok(message) => message,
            Err((error, _)) => {
                delivered.refused = delivered.refused.or(error.rdkafka_error_code());
                return;
            }
        };
        let (partition, offset) = (message.partition(), message.offset());
        match delivered.last.get_mut(message.topic()) {
            Some(partitions) => drop(partitions.insert(partition, offset)),
            None => drop(delivered.last.insert(message.topic().into(), [(partition, offset)].into())),
        }
    }
}

/// How the last transaction was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// Ended.
    Ended,
    /// Its commit was asked for, and not answered.
    Committing,
    /// It is to be aborted, and was not.
    Aborting,
    /// The client cannot go on; a new one can.
    Broken,
    /// A newer connection has taken over.
    Fenced,
}

/// A producer of one name.
pub struct Writer {
    options: Options,
    name: String,
    producer: BaseProducer<Deliveries>,
    left: Left,
}

impl Writer {
    /// Connects as `name`, and ends what an older connection has left open.
    pub fn open(options: &Options, name: &str) -> Result<Self, Error> {
        let producer = connect(options, name)?;
        Ok(Self { options: options.clone(), name: name.into(), producer, left: Left::Ended })
    }

    /// Commits a step.
    pub fn commit(
        &mut self,
        commit: &Commit<'_>,
        changes: &[Change<'_>],
        ticket: Option<&ConsumerGroupMetadata>,
    ) -> Result<(), Error> {
        self.options.listen_to_producer(&self.producer);
        self.settle()?;
        // What an aborted step has left.
        self.producer.context().get().refused = None;
        if let Err(error) = self.producer.begin_transaction() {
            return Err(self.give_up(commit.group, &error));
        }
        if let Err(error) = self.fill(commit, changes, ticket) {
            return Err(self.give_up(commit.group, &error));
        }
        match self.producer.commit_transaction(ANSWER) {
            Ok(()) => Ok(()),
            Err(KafkaError::Transaction(error)) if !error.is_fatal() && !error.txn_requires_abort() => {
                self.left = Left::Committing;
                Err(Error::Unknown { group: commit.group.into() })
            }
            Err(error) => Err(self.give_up(commit.group, &error)),
        }
    }

    /// Sends everything that belongs to a step, and waits until the broker has it.
    fn fill(
        &self,
        commit: &Commit<'_>,
        changes: &[Change<'_>],
        ticket: Option<&ConsumerGroupMetadata>,
    ) -> Result<(), KafkaError> {
        let deadline = Instant::now() + self.patience();
        for Output { topic, partition, timestamp_us, key, value } in commit.outputs {
            let record = BaseRecord::to(topic).partition(partition_of(*partition)?);
            let record = record.timestamp(timestamp_us.div_euclid(1000)).key(key).payload(value);
            self.send(record, deadline)?;
        }
        for Change { topic, partition, key, value } in changes {
            let record = BaseRecord::to(topic).partition(partition_of(*partition)?).key(key);
            let record = value.iter().fold(record, |record, value| record.payload(*value));
            self.send(record, deadline)?;
        }
        // Asked while the records are on their way: the broker works on both at once.
        if let Some(ticket) = ticket {
            let mut offsets = TopicPartitionList::new();
            for at in commit.positions {
                let next = Offset::Offset(i64::try_from(at.next_offset).unwrap_or(i64::MAX));
                offsets.add_partition_offset(&at.topic, partition_of(at.partition)?, next)?;
            }
            self.producer.send_offsets_to_transaction(&offsets, ticket, ANSWER)?;
        }
        // Not by flush: it polls for 100 ms where records are on their way.
        while self.producer.in_flight_count() > 0 {
            if Instant::now() > deadline {
                return Err(KafkaError::MessageProduction(Code::MessageTimedOut));
            }
            self.producer.poll(HEARING);
        }
        match self.producer.context().get().refused {
            Some(code) => Err(KafkaError::MessageProduction(code)),
            None => Ok(()),
        }
    }

    fn send<'a>(
        &self,
        record: BaseRecord<'a, Vec<u8>, impl ToBytes + ?Sized>,
        deadline: Instant,
    ) -> Result<(), KafkaError> {
        let mut record = record;
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                // The client holds as much as it may: wait until some of it has been sent.
                Err((KafkaError::MessageProduction(Code::QueueFull), back)) if Instant::now() < deadline => {
                    record = back;
                    self.producer.poll(HEARING);
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    /// The partitions that were written and have not been seen to their last record since.
    pub fn unseen(&self) -> Vec<(String, u32)> {
        let delivered = self.producer.context().get();
        let all =
            delivered.last.iter().flat_map(|(topic, partitions)| partitions.keys().map(move |p| (topic, p)));
        all.filter_map(|(topic, partition)| Some((topic.clone(), u32::try_from(*partition).ok()?))).collect()
    }

    /// Whether a partition whose committed records end at `end` has all that was written here.
    pub fn is_seen(&self, topic: &str, partition: u32, end: u64) -> bool {
        let mut delivered = self.producer.context().get();
        let Ok(partition) = number(partition) else { return true };
        let Some(partitions) = delivered.last.get_mut(topic) else { return true };
        let seen = partitions.get(&partition).is_none_or(|last| u64::try_from(*last).is_ok_and(|l| l < end));
        if seen {
            partitions.remove(&partition);
        }
        seen
    }

    /// Within which a step's records must have been sent: well before the broker gives up the transaction.
    fn patience(&self) -> Duration {
        Duration::from_millis(u64::from(self.options.transaction_timeout_ms) / 2)
    }

    /// An abort waits until every record's fate was heard, which this thread cannot do meanwhile.
    fn abort(&self) -> Result<(), KafkaError> {
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    self.producer.poll(HEARING);
                }
            });
            let aborted = self.producer.abort_transaction(ANSWER);
            over.store(true, Ordering::Relaxed);
            aborted
        })
    }

    /// Aborts the step, of which nothing will be in the log, and says why.
    fn give_up(&mut self, group: &str, error: &KafkaError) -> Error {
        if let Some(fatal) = self.fatal(error) {
            return fatal.unwrap_or_else(|| Error::Aborted { group: group.into() });
        }
        self.left = Left::Aborting;
        let why = match error.rdkafka_error_code() {
            Some(code) if is_for_good(code) => Error::Io(error.to_string()),
            _ => Error::Aborted { group: group.into() },
        };
        match self.settle() {
            Err(Error::Fenced) => Error::Fenced,
            // If it was not aborted now, it is before the next step.
            _ => why,
        }
    }

    /// Notes an error after which the client is of no use; what is to be said instead, if anything.
    fn fatal(&mut self, error: &KafkaError) -> Option<Option<Error>> {
        let KafkaError::Transaction(error) = error else { return None };
        if !error.is_fatal() {
            return None;
        }
        self.left = if is_fenced(error) { Left::Fenced } else { Left::Broken };
        Some((self.left == Left::Fenced).then_some(Error::Fenced))
    }

    /// Ends what the last commit has left open; done, or an error to ask again after.
    pub fn settle(&mut self) -> Result<(), Error> {
        let ended = match self.left {
            Left::Ended => return Ok(()),
            Left::Fenced => return Err(Error::Fenced),
            Left::Broken => {
                self.producer = connect(&self.options, &self.name)?;
                self.left = Left::Ended;
                return Ok(());
            }
            // The same commit again, until its outcome is known.
            Left::Committing => self.producer.commit_transaction(ANSWER),
            Left::Aborting => self.abort(),
        };
        let Err(error) = ended else {
            self.left = Left::Ended;
            return Ok(());
        };
        if let Some(fatal) = self.fatal(&error) {
            return fatal.map_or_else(|| self.settle(), Err);
        }
        match &error {
            KafkaError::Transaction(inner) if inner.txn_requires_abort() && self.left == Left::Committing => {
                self.left = Left::Aborting;
                self.settle()
            }
            _ => Err(Error::Away(format!("the end of a transaction: {error}"))),
        }
    }
}

fn connect(options: &Options, name: &str) -> Result<BaseProducer<Deliveries>, Error> {
    let mut config = options.client()?;
    config.set("transactional.id", name).set("enable.idempotence", "true").set("acks", "all");
    config.set("transaction.timeout.ms", options.transaction_timeout_ms.to_string());
    // Of a record, and so of the step: not longer than its transaction lasts.
    config.set("message.timeout.ms", options.transaction_timeout_ms.to_string());
    config.set("linger.ms", LINGER_MS).set("compression.type", "zstd");
    config.set("message.max.bytes", MOST_RECORD_BYTES);
    let context = Deliveries { delivered: Mutex::default(), ear: options.ear() };
    let producer: BaseProducer<Deliveries> =
        config.create_with_context(context).map_err(|e| errors::of(&e))?;
    options.listen_to_producer(&producer);
    match producer.init_transactions(TAKE_OVER) {
        Ok(()) => Ok(producer),
        Err(KafkaError::Transaction(error)) if is_fenced(&error) => Err(Error::Fenced),
        Err(KafkaError::Transaction(error)) if error.is_retriable() => Err(Error::Away(error.to_string())),
        Err(error) => Err(errors::of(&error)),
    }
}

fn is_fenced(error: &RDKafkaError) -> bool {
    matches!(error.code(), Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch)
}

/// Whether the same step would be refused again.
fn is_for_good(code: Code) -> bool {
    matches!(
        code,
        Code::MessageSizeTooLarge
            | Code::InvalidMessageSize
            | Code::InvalidRecord
            | Code::InvalidTimestamp
            | Code::PolicyViolation
            | Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::UnknownTopicOrPartition
    )
}

fn partition_of(partition: u32) -> Result<i32, KafkaError> {
    number(partition).map_err(|_| KafkaError::MessageProduction(Code::UnknownPartition))
}
