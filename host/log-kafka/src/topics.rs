//! Topics: made with the settings that the log relies on, checked where they exist.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::Thread;
use std::time::{Duration, Instant};

use log::{Error, Refusal};
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::bindings::rd_kafka_t;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode as Code;

use crate::ear::Ear;
use crate::scanner::Scanner;
use crate::security::Security;
use crate::{ANSWER, Options, errors, token};

/// A topic's settings: name, value.
pub type Settings = &'static [(&'static str, &'static str)];

/// The largest record; a dead letter holds a whole raw record and more.
pub const MOST_RECORD_BYTES: &str = "8388608";

/// Of topics of records. Nothing expires until an operator says so: times of records are those of what
/// happened, and the broker's default would delete last year's at once.
pub const RECORDS: Settings = &[
    ("cleanup.policy", "delete"),
    ("retention.ms", "-1"),
    ("retention.bytes", "-1"),
    ("message.timestamp.type", "CreateTime"),
    ("max.message.bytes", MOST_RECORD_BYTES),
];

/// Of changelogs: the last value of each key. The last segment is never compacted, and is read by who takes a partition
/// over: so it is small.
pub const CHANGELOG: Settings = &[
    ("cleanup.policy", "compact"),
    ("segment.bytes", "67108864"),
    ("message.timestamp.type", "CreateTime"),
    ("max.message.bytes", MOST_RECORD_BYTES),
];

/// Without these a topic that exists is refused; the others are for an operator to choose.
const CHECKED: [&str; 2] = ["cleanup.policy", "message.timestamp.type"];

/// How long a topic that was just made may be unknown to the broker that is asked.
const APPEARS: Duration = Duration::from_secs(10);

/// What a topic keeps of its records: beyond that it may delete the oldest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Up to this age; none: of any.
    pub age: Option<Duration>,
    /// So many bytes of each partition; none: all.
    pub bytes: Option<u64>,
}

/// What is known of topics.
pub struct Topics {
    options: Options,
    admin: OnceCell<AdminClient<Ear>>,
    partitions: RefCell<BTreeMap<String, u32>>,
    deletes_kept_ms: RefCell<BTreeMap<String, u64>>,
}

impl Topics {
    pub fn new(options: &Options) -> Self {
        Self {
            options: options.clone(),
            admin: OnceCell::new(),
            partitions: RefCell::default(),
            deletes_kept_ms: RefCell::default(),
        }
    }

    /// The client for administration, which can say who it is for as long as a request may take.
    fn admin(&self) -> Result<&AdminClient<Ear>, Error> {
        let admin = match self.admin.get() {
            Some(admin) => admin,
            None => {
                let admin = self.options.client()?.create_with_context(self.options.ear());
                let admin = admin.map_err(|e| errors::of(&e))?;
                self.admin.get_or_init(|| admin)
            }
        };
        // Each time, as nobody hears this client ask for a newer one: the library takes none of its events.
        if let Some(file) = self.options.security.as_ref().and_then(Security::token) {
            token::hand_over(file, admin.inner())?;
        }
        Ok(admin)
    }

    /// That of the library, where there is one.
    pub fn client(&self) -> Option<*mut rd_kafka_t> {
        self.admin.get().map(|admin| admin.inner().native_ptr())
    }

    /// The partitions of a topic; asked once.
    pub fn known(&self, scanner: &Scanner, topic: &str) -> Result<Option<u32>, Error> {
        if let Some(count) = self.partitions.borrow().get(topic) {
            return Ok(Some(*count));
        }
        let count = look(scanner, topic)?;
        if let Some(count) = count {
            self.partitions.borrow_mut().insert(topic.into(), count);
        }
        Ok(count)
    }

    /// Whether a topic has a partition. Others may add some: where one is not known, the broker is asked again.
    pub fn has(&self, scanner: &Scanner, topic: &str, partition: u32) -> Result<bool, Error> {
        if self.partitions.borrow().get(topic).is_some_and(|count| partition < *count) {
            return Ok(true);
        }
        self.still_has(scanner, topic, partition)
    }

    /// The same, whatever was known.
    pub fn still_has(&self, scanner: &Scanner, topic: &str, partition: u32) -> Result<bool, Error> {
        let count = look(scanner, topic)?;
        match count {
            Some(count) => self.partitions.borrow_mut().insert(topic.into(), count),
            None => self.partitions.borrow_mut().remove(topic),
        };
        Ok(count.is_some_and(|count| partition < count))
    }

    /// All topics but the broker's own.
    pub fn all(&self, scanner: &Scanner) -> Result<Vec<(String, u32)>, Error> {
        let metadata = scanner.consumer().fetch_metadata(None, ANSWER).map_err(|e| errors::of(&e))?;
        let topics = metadata.topics().iter().filter(|topic| !topic.name().starts_with("__"));
        let mut all: Vec<(String, u32)> =
            topics.map(|topic| (topic.name().to_owned(), count(topic.partitions().len()))).collect();
        all.sort();
        Ok(all)
    }

    /// Makes a topic, or finds it as it should be.
    pub fn ensure(
        &self,
        scanner: &Scanner,
        topic: &str,
        partitions: u32,
        settings: Settings,
    ) -> Result<(), Error> {
        // Not what was known: somebody may have changed it.
        let mut found = look(scanner, topic)?;
        if found.is_none() {
            self.create(topic, partitions, settings)?;
            let start = Instant::now();
            while found.is_none() {
                if start.elapsed() > APPEARS {
                    return Err(Error::Away(format!("topic {topic} was made and does not appear")));
                }
                std::thread::sleep(Duration::from_millis(10));
                found = look(scanner, topic)?;
            }
        }
        match found {
            Some(found) if found != partitions => {
                return Err(Error::Partitions { topic: topic.into(), found, wanted: partitions });
            }
            _ => self.partitions.borrow_mut().insert(topic.into(), partitions),
        };
        self.check(topic, settings)
    }

    fn create(&self, topic: &str, partitions: u32, settings: Settings) -> Result<(), Error> {
        let count = i32::try_from(partitions).unwrap_or(i32::MAX);
        // As many copies as the cluster makes of a topic of which nothing is said.
        let mut new = NewTopic::new(topic, count, TopicReplication::Fixed(-1));
        for (name, value) in settings {
            new = new.set(name, value);
        }
        let made = block_on(self.admin()?.create_topics([&new], &patience()));
        let made = made.map_err(|e| errors::of(&e))?;
        match made.into_iter().next() {
            // Another process was faster: it is checked like any that exists.
            Some(Ok(_) | Err((_, Code::TopicAlreadyExists))) => Ok(()),
            Some(Err((_, code))) if errors::is_away(code) => Err(Error::Away(code.to_string())),
            Some(Err((_, code))) if errors::is_forbidden(code) => Err(Refusal::Unable(format!(
                "topic {topic} with {partitions} partitions is missing, and may not be made: {code}"
            ))
            .into()),
            Some(Err((_, code))) => Err(Error::Io(format!("topic {topic} cannot be made: {code}"))),
            None => Err(Error::Io(format!("topic {topic} cannot be made: no answer"))),
        }
    }

    /// For how long a changelog keeps deletes, in milliseconds; asked once.
    pub fn deletes_kept_ms(&self, topic: &str) -> Result<u64, Error> {
        if let Some(kept_ms) = self.deletes_kept_ms.borrow().get(topic) {
            return Ok(*kept_ms);
        }
        let settings = self.settings(topic)?;
        let entry = settings.get("delete.retention.ms");
        // What is not told is not relied on.
        let kept_ms = entry.and_then(|entry| entry.value.as_ref()?.parse().ok()).unwrap_or(0);
        self.deletes_kept_ms.borrow_mut().insert(topic.into(), kept_ms);
        Ok(kept_ms)
    }

    /// How long and how much of its records a topic keeps.
    pub fn retention(&self, topic: &str) -> Result<Retention, Error> {
        let settings = self.settings(topic)?;
        // -1: for good.
        let bound = |name| settings.get(name).and_then(|entry| entry.value.as_ref()?.parse::<u64>().ok());
        Ok(Retention {
            age: bound("retention.ms").map(Duration::from_millis),
            bytes: bound("retention.bytes"),
        })
    }

    fn settings(&self, topic: &str) -> Result<ConfigResource, Error> {
        let (asked, start) = ([ResourceSpecifier::Topic(topic)], Instant::now());
        loop {
            let described = block_on(self.admin()?.describe_configs(&asked, &patience()));
            match described.map_err(|e| errors::of(&e))?.into_iter().next() {
                Some(Ok(resource)) if !resource.entries.is_empty() => return Ok(resource),
                // Another broker of the cluster made it, and this one has not heard of it yet.
                Some(Ok(_) | Err(Code::UnknownTopicOrPartition)) if start.elapsed() < APPEARS => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Some(Err(code)) if errors::is_forbidden(code) => {
                    let why = format!("the settings of topic {topic} may not be read: {code}");
                    return Err(Refusal::Unable(why).into());
                }
                _ => return Err(Error::Away(format!("the settings of topic {topic} are not told"))),
            }
        }
    }

    fn check(&self, topic: &str, settings: Settings) -> Result<(), Error> {
        let resource = self.settings(topic)?;
        for (setting, wanted) in settings.iter().filter(|(name, _)| CHECKED.contains(name)) {
            let found = resource.get(setting).and_then(|entry| entry.value.clone()).unwrap_or_default();
            if found != *wanted {
                let (setting, wanted) = ((*setting).to_owned(), (*wanted).to_owned());
                return Err(Error::Setting { topic: topic.into(), setting, found, wanted });
            }
        }
        Ok(())
    }
}

fn patience() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ANSWER)).operation_timeout(Some(ANSWER))
}

fn count(partitions: usize) -> u32 {
    u32::try_from(partitions).unwrap_or(u32::MAX)
}

fn look(scanner: &Scanner, topic: &str) -> Result<Option<u32>, Error> {
    let metadata = scanner.consumer().fetch_metadata(Some(topic), ANSWER).map_err(|e| errors::of(&e))?;
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else { return Ok(None) };
    match found.error().map(Code::from) {
        None => Ok(Some(count(found.partitions().len())).filter(|count| *count > 0)),
        Some(code) if errors::is_forbidden(code) => {
            Err(Refusal::Unable(format!("topic {topic} may not be looked at: {code}")).into())
        }
        Some(_) => Ok(None),
    }
}

/// Wakes a thread that waits for an answer.
struct Waiting(Thread);

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for an answer; the client itself bounds how long that takes.
fn block_on<T>(answer: impl Future<Output = T>) -> T {
    let mut answer = pin!(answer);
    let waker = Arc::new(Waiting(std::thread::current())).into();
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(value) = answer.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::park();
    }
}
