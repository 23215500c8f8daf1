//! The transactional producer: one transaction for the steps of a commit.

mod sweep;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use log::{Error, Output, Position, Step};
use rdkafka::bindings::rd_kafka_t;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::changelog::Change;
use crate::ear::Ear;
use crate::group::number;
use crate::sender::{Sender, Sent};
use crate::topics::MOST_RECORD_BYTES;
use crate::{ANSWER, Options, errors};
use sweep::Ended;
pub use sweep::{Moved, Touched};

/// Longest wait for the end of an older connection's transaction.
const TAKE_OVER: Duration = Duration::from_secs(30);
/// How long the client may sit on records to send them together, in ms; a commit has the last of them sent at once.
const LINGER_MS: &str = "10";

/// A commit that took longer may have been ended by another life of the broker than the one that was asked.
const DOUBTED: Duration = Duration::from_secs(1);
/// After this time without an end of a transaction the client is replaced.
const STUCK: Duration = Duration::from_secs(20);
/// After which time a connection that is not used ends, in ms, less up to 2 s; longer than a broker that is only slow is silent.
const IDLE_MS: &str = "30000";
/// How long to wait before looking again what became of records.
const HEARING: Duration = Duration::from_micros(500);

/// Events of the client that are looked at between two steps.
const MOST_EVENTS: usize = 4;

/// What the client tells of its own accord.
struct Deliveries {
    /// Why the first record that was refused was. Of those that were taken it says nothing.
    refused: Mutex<Option<Code>>,
    /// Whether a connection was lost since the last commit was asked for.
    lost: AtomicBool,
    ear: Ear,
}

impl Deliveries {
    fn refused(&self) -> MutexGuard<'_, Option<Code>> {
        // Each change below is whole before anything can panic.
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Deliveries {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn error(&self, error: KafkaError, reason: &str) {
        // One that could not be made was not lost.
        if !reason.contains("in state CONNECT") {
            self.lost.store(true, Ordering::Relaxed);
        }
        self.ear.error(error, reason);
    }

    fn generate_oauth_token(&self, settings: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        self.ear.generate_oauth_token(settings)
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            let mut refused = self.refused();
            *refused = refused.or(error.rdkafka_error_code());
        }
    }
}

/// How the last transaction was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// Ended.
    Ended,
    /// Steps are appended to it.
    Open,
    /// Its commit was asked for, and not answered.
    Committing,
    /// The same of one that ends another once more.
    Sweeping,
    /// It is to be aborted, and was not.
    Aborting,
    /// The client cannot go on; a new one can.
    Broken,
    /// It was fenced after it had lasted for as long as it may: the broker has given it up, or a newer connection
    /// has taken over while this one slept. The client says the same of both; the groups tell.
    Expired(Instant),
    /// A newer connection has taken over.
    Fenced,
}

/// What is to be committed for a group: its positions, and what it judges them by.
pub struct Progress<'a> {
    pub group: &'a str,
    pub positions: &'a [Position],
    pub ticket: &'a ConsumerGroupMetadata,
}

/// A producer of one name.
pub struct Writer {
    options: Options,
    name: String,
    producer: Sender<Deliveries>,
    left: Left,
    /// When the last transaction was begun.
    began: Instant,
    /// Whether the broker has said since that a topic or partition is not there.
    misses: bool,
    /// Since when the last transaction could not be ended.
    unsettled: Option<Instant>,
    /// The last commit.
    committed: Ended,
    /// What was given up behind it.
    given_up: Ended,
    /// Records of the open transaction.
    sent: usize,
}

impl Writer {
    /// Connects as `name`, and ends what an older connection has left open.
    pub fn open(options: &Options, name: &str) -> Result<Self, Error> {
        let producer = connect(options, name)?;
        let (options, name, began) = (options.clone(), name.into(), Instant::now());
        Ok(Self {
            options,
            name,
            producer,
            left: Left::Ended,
            began,
            misses: false,
            unsettled: None,
            committed: Ended::default(),
            given_up: Ended::default(),
            sent: 0,
        })
    }

    /// That of the library.
    pub fn client(&self) -> *mut rd_kafka_t {
        self.producer.client().native_ptr()
    }

    /// Whether steps wait for their commit.
    pub fn is_open(&self) -> bool {
        self.left == Left::Open
    }

    /// Sends a step's records; the client sends them on while more is computed. After an error all steps of
    /// the transaction are given up.
    pub fn append(&mut self, step: &Step, changes: &[Change<'_>]) -> Result<(), Error> {
        if !self.is_open() {
            self.begin(&step.group)?;
        }
        self.sent += step.outputs.len() + changes.len();
        let sent = self.send_step(step, changes).and_then(|()| self.look_back(self.has_begun()));
        sent.map_err(|error| self.give_up(&step.group, &error))
    }

    fn begin(&mut self, group: &str) -> Result<(), Error> {
        self.options.listen_to_producer(&self.producer);
        self.settle()?;
        // What an aborted step has left.
        *self.producer.context().refused() = None;
        (self.began, self.misses, self.sent) = (Instant::now(), false, 0);
        self.producer.begin_transaction().map_err(|error| self.give_up(group, &error))?;
        self.left = Left::Open;
        Ok(())
    }

    fn send_step(&self, step: &Step, changes: &[Change<'_>]) -> Result<(), KafkaError> {
        let deadline = self.deadline();
        for Output { topic, partition, timestamp_us, key, value } in &step.outputs {
            let (partition, timestamp_ms) = (partition_of(*partition)?, Some(timestamp_us.div_euclid(1000)));
            self.send(&Sent { topic, partition, timestamp_ms, key, value: Some(value) }, deadline)?;
        }
        for Change { place, key, value } in changes {
            let (topic, partition) = (&*place.topic, partition_of(place.partition)?);
            self.send(&Sent { topic, partition, timestamp_ms: None, key, value: *value }, deadline)?;
        }
        self.producer.poll(Duration::ZERO);
        self.taken()
    }

    /// Whether the broker has refused none of the records so far.
    fn taken(&self) -> Result<(), KafkaError> {
        self.producer.context().refused().map_or(Ok(()), |code| Err(KafkaError::MessageProduction(code)))
    }

    /// Commits the open transaction with these positions.
    pub fn commit(&mut self, groups: &[Progress<'_>]) -> Result<(), Error> {
        if !self.is_open() {
            return Ok(());
        }
        let group = groups.first().map_or("", |progress| progress.group);
        if let Err(error) = self.fill(groups).and_then(|()| self.look_back(true)) {
            return Err(self.give_up(group, &error));
        }
        let asked = Instant::now();
        self.producer.context().lost.store(false, Ordering::Relaxed);
        match self.producer.commit_transaction(ANSWER) {
            Ok(()) => {
                self.left = Left::Ended;
                // The broker may have been started again meanwhile.
                self.committed.is_doubted = asked.elapsed() > DOUBTED;
                Ok(())
            }
            Err(KafkaError::Transaction(error)) if !error.is_fatal() && !error.txn_requires_abort() => {
                self.left = Left::Committing;
                Err(Error::Unknown { group: group.into() })
            }
            Err(error) => Err(self.give_up(group, &error)),
        }
    }

    /// Sends the positions, and waits until the broker has everything.
    fn fill(&self, groups: &[Progress<'_>]) -> Result<(), KafkaError> {
        let deadline = self.deadline();
        self.producer.hurry();
        // Asked while the last records are on their way: the broker works on both at once.
        for Progress { positions, ticket, .. } in groups {
            self.producer.send_offsets_to_transaction(&offsets(positions)?, ticket, ANSWER)?;
        }
        self.wait_until_sent(deadline)?;
        self.taken()
    }

    /// Whether the broker has taken some of the open transaction's records.
    fn has_begun(&self) -> bool {
        usize::try_from(self.producer.in_flight_count()).is_ok_and(|left| left < self.sent)
    }

    /// Not by the library's flush: it polls for 100 ms where records are on their way.
    fn wait_until_sent(&self, deadline: Instant) -> Result<(), KafkaError> {
        while self.producer.in_flight_count() > 0 {
            if Instant::now() > deadline {
                return Err(KafkaError::MessageProduction(Code::MessageTimedOut));
            }
            // Again, as some may have waited for their partition to be taken into the transaction.
            self.producer.hurry();
            self.producer.poll(Duration::ZERO);
        }
        Ok(())
    }

    fn send(&self, sent: &Sent<'_>, deadline: Instant) -> Result<(), KafkaError> {
        loop {
            match self.producer.send(sent) {
                // The client holds as much as it may: wait until some of it has been sent.
                Err(KafkaError::MessageProduction(Code::QueueFull)) if Instant::now() < deadline => {
                    hear(&self.producer);
                }
                done => return done,
            }
        }
    }

    /// For how long a transaction may last.
    fn lasts(&self) -> Duration {
        Duration::from_millis(self.options.transaction_timeout_ms.into())
    }

    /// Whether what the last transaction was given up for may be that a topic is gone: the client may also have
    /// forgotten it while the broker was away.
    pub fn misses_a_topic(&self) -> bool {
        self.misses
    }

    /// Until when the open transaction's records must have been sent: well before the broker gives it up.
    fn deadline(&self) -> Instant {
        self.began + self.lasts() / 2
    }

    /// An abort waits until every record's fate was heard, which this thread cannot do meanwhile.
    fn abort(&self) -> Result<(), KafkaError> {
        let (over, producer) = (AtomicBool::new(false), self.producer.producer());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    hear(producer);
                }
            });
            let aborted = producer.abort_transaction(ANSWER);
            over.store(true, Ordering::Relaxed);
            aborted
        })
    }

    /// Aborts the step, of which nothing will be in the log, and says why.
    fn give_up(&mut self, group: &str, error: &KafkaError) -> Error {
        let aborted = || Error::Aborted { group: group.into(), why: error.to_string() };
        if let Some(fatal) = self.fatal(error) {
            return fatal.unwrap_or_else(aborted);
        }
        self.left = Left::Aborting;
        self.misses = error.rdkafka_error_code().is_some_and(is_missing);
        let why = match error.rdkafka_error_code() {
            Some(code) if is_for_good(code) => errors::of(error),
            _ => aborted(),
        };
        match self.end_last() {
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
        self.committed.is_doubted = true;
        self.left = match is_fenced(error) {
            true if self.began.elapsed() >= self.lasts() => Left::Expired(Instant::now()),
            true => Left::Fenced,
            false => Left::Broken,
        };
        Some((self.left == Left::Fenced).then_some(Error::Fenced))
    }

    /// Ends what the last commit has left open; done, or an error to ask again after.
    pub fn settle(&mut self) -> Result<(), Error> {
        let settled = self.end_last().and_then(|()| self.sweep());
        match &settled {
            Err(error) if error.is_retry() => {
                let is_stuck = self.unsettled.get_or_insert_with(Instant::now).elapsed() > STUCK;
                // A client that has lost its coordinator may not find it again, where a new one does.
                if is_stuck && matches!(self.left, Left::Committing | Left::Sweeping | Left::Aborting) {
                    (self.left, self.unsettled) = (Left::Broken, None);
                }
            }
            _ => self.unsettled = None,
        }
        settled
    }

    fn end_last(&mut self) -> Result<(), Error> {
        let asked = Instant::now();
        let ended = match self.left {
            Left::Ended => return Ok(()),
            Left::Fenced => return Err(Error::Fenced),
            // Some heartbeats, within which a group tells a member whose name was taken.
            Left::Expired(at)
                if at.elapsed() < Duration::from_millis(self.options.session_timeout_ms.into()) / 2 =>
            {
                return Err(Error::Away("a transaction has lasted too long".into()));
            }
            Left::Broken | Left::Expired(_) => {
                self.producer = connect(&self.options, &self.name)?;
                self.left = Left::Ended;
                (self.committed.is_doubted, self.given_up.is_doubted) = (true, true);
                return Ok(());
            }
            // The same commit again, until its outcome is known.
            Left::Committing | Left::Sweeping => self.producer.commit_transaction(ANSWER),
            Left::Aborting | Left::Open => self.abort(),
        };
        let Err(error) = ended else {
            match std::mem::replace(&mut self.left, Left::Ended) {
                Left::Committing => {
                    self.committed = Ended { is_doubted: true, ..std::mem::take(&mut self.given_up) };
                }
                Left::Sweeping => {}
                // The broker may have given it up by itself, or be another life of the one that was asked.
                _ => {
                    let is_late = asked.elapsed() > DOUBTED || self.began.elapsed() >= self.lasts();
                    self.given_up.is_doubted |= is_late || self.has_lost();
                }
            }
            return Ok(());
        };
        if let Some(fatal) = self.fatal(&error) {
            return fatal.map_or_else(|| self.end_last(), Err);
        }
        match &error {
            KafkaError::Transaction(inner) if inner.txn_requires_abort() && self.left != Left::Aborting => {
                self.left = Left::Aborting;
                self.end_last()
            }
            _ => Err(Error::Away(format!("the end of a transaction: {error}"))),
        }
    }
}

/// Listens, after a moment. Not for that moment: what is left of a millisecond counts as none for the client library,
/// which then looks at the clock until it is over.
fn hear(producer: &BaseProducer<Deliveries>) {
    std::thread::sleep(HEARING);
    producer.poll(Duration::ZERO);
}

fn offsets(positions: &[Position]) -> Result<TopicPartitionList, KafkaError> {
    let mut offsets = TopicPartitionList::new();
    for at in positions {
        let next = Offset::Offset(i64::try_from(at.next_offset).unwrap_or(i64::MAX));
        let mut element = offsets.add_partition(&at.topic, partition_of(at.partition)?);
        element.set_offset(next)?;
        if !at.note.is_empty() {
            element.set_metadata(&at.note);
        }
    }
    Ok(offsets)
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Readers of committed records would wait until it times out.
        if self.is_open() {
            let _ = self.abort();
        }
    }
}

fn connect(options: &Options, name: &str) -> Result<Sender<Deliveries>, Error> {
    let mut config = options.client()?;
    config.set("transactional.id", name).set("enable.idempotence", "true").set("acks", "all");
    config.set("transaction.timeout.ms", options.transaction_timeout_ms.to_string());
    // The client waits for a group's coordinator without a limit, until a connection of any broker changes: where the
    // coordinator is gone, and nothing else is asked meanwhile, those that idle must end.
    config.set("connections.max.idle.ms", IDLE_MS);
    // Of a record, and so of the step: not longer than its transaction lasts.
    config.set("message.timeout.ms", options.transaction_timeout_ms.to_string());
    config
        .set("linger.ms", LINGER_MS)
        .set("compression.type", options.compression.name())
        .set("delivery.report.only.error", "true");
    config.set("message.max.bytes", MOST_RECORD_BYTES);
    let (refused, lost) = (Mutex::default(), AtomicBool::new(false));
    let context = Deliveries { refused, lost, ear: options.ear() };
    let producer: BaseProducer<Deliveries> =
        config.create_with_context(context).map_err(|e| errors::of(&e))?;
    options.listen_to_producer(&producer);
    match producer.init_transactions(TAKE_OVER) {
        Ok(()) => Ok(Sender::new(producer)),
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
    let is_wrong = matches!(
        code,
        Code::MessageSizeTooLarge
            | Code::InvalidMessageSize
            | Code::InvalidRecord
            | Code::InvalidTimestamp
            | Code::PolicyViolation
    );
    is_wrong || errors::is_forbidden(code)
}

fn is_missing(code: Code) -> bool {
    matches!(code, Code::UnknownTopic | Code::UnknownPartition | Code::UnknownTopicOrPartition)
}

fn partition_of(partition: u32) -> Result<i32, KafkaError> {
    number(partition).map_err(|_| KafkaError::MessageProduction(Code::UnknownPartition))
}
