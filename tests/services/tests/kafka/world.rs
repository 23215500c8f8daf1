//! The tests that every log passes, on the shared broker: each in a part of it of its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use log::{Error, Log, Most, Place, Position, Record, Slice, Step};
use log_kafka::{KafkaLog, Options};
use services::Broker;

/// A part of the broker: what the test calls `raw` is there a topic of its own.
pub struct Part {
    pub broker: Broker,
    pub prefix: String,
}

/// A new part, whose names no test of this or another run has.
pub fn part() -> Part {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    let prefix = format!("test.{now}.{}.{number}.", std::process::id());
    Part { broker: Broker::shared().unwrap(), prefix }
}

impl Part {
    pub fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub fn options(&self, name: &str) -> Options {
        Options::new(&self.broker.address, Some(&self.name(name)))
    }

    pub fn log(&self, name: &str) -> KafkaLog {
        KafkaLog::connect(self.options(name)).unwrap()
    }
}

/// Waits for an answer of the client's administration.
pub fn block_on<T>(answer: impl Future<Output = T>) -> T {
    struct Waiting(std::thread::Thread);
    impl std::task::Wake for Waiting {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut answer = std::pin::pin!(answer);
    let waker = std::sync::Arc::new(Waiting(std::thread::current())).into();
    loop {
        match answer.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
            std::task::Poll::Ready(value) => return value,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}

impl log_suite::World for Part {
    fn connect(&self, name: &str) -> Box<dyn Log> {
        Box::new(Renamed { log: self.log(name), prefix: self.prefix.clone() })
    }
}

/// A log that adds the part's name to what it is asked for, and takes it off what it answers.
struct Renamed {
    log: KafkaLog,
    prefix: String,
}

impl Renamed {
    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn own(&self, name: &str) -> String {
        name.strip_prefix(&self.prefix).unwrap_or(name).to_owned()
    }
}

impl Log for Renamed {
    fn create_topic(&self, name: &str, partitions: u32) -> Result<(), Error> {
        self.log.create_topic(&self.name(name), partitions)
    }

    fn create_state(&self, stage: &str, partitions: u32) -> Result<(), Error> {
        self.log.create_state(&self.name(stage), partitions)
    }

    fn partitions(&self, topic: &str) -> Result<Option<u32>, Error> {
        self.log.partitions(&self.name(topic))
    }

    fn topics(&self) -> Result<Vec<(String, u32)>, Error> {
        let all = self.log.topics()?;
        let ours = |(name, count): (String, u32)| Some((name.strip_prefix(&self.prefix)?.to_owned(), count));
        Ok(all.into_iter().filter_map(ours).collect())
    }

    fn start_offset(&self, topic: &str, partition: u32) -> Result<u64, Error> {
        self.log.start_offset(&self.name(topic), partition)
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<u64, Error> {
        self.log.end_offset(&self.name(topic), partition)
    }

    fn read(&self, topic: &str, partition: u32, from: u64, most: Most) -> Result<Vec<Record>, Error> {
        self.log.read(&self.name(topic), partition, from, most)
    }

    fn position(&self, group: &str, topic: &str, partition: u32) -> Result<Option<Position>, Error> {
        let found = self.log.position(&self.name(group), &self.name(topic), partition)?;
        Ok(found.map(|position| Position { topic: topic.into(), ..position }))
    }

    fn append(&mut self, mut step: Step) -> Result<(), Error> {
        step.group = self.name(&step.group).into();
        step.positions.iter_mut().for_each(|position| position.topic = self.name(&position.topic).into());
        step.outputs.iter_mut().for_each(|output| output.topic = self.name(&output.topic).into());
        step.state.iter_mut().for_each(|change| change.table = self.name(&change.table).into());
        self.log.append(step)
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.log.commit()
    }

    fn recover(&mut self) -> Result<(), Error> {
        self.log.recover()
    }

    fn state_from(
        &self,
        stage: &str,
        partition: u32,
        from: &Place,
        most: usize,
    ) -> Result<Option<Slice>, Error> {
        let slice = self.log.state_from(&self.name(stage), partition, from, most)?;
        Ok(slice.map(|mut slice| {
            slice.changes.iter_mut().for_each(|change| change.table = self.own(&change.table).into());
            slice
        }))
    }

    fn state_end(&self, stage: &str, partition: u32) -> Result<Option<Place>, Error> {
        self.log.state_end(&self.name(stage), partition)
    }
}

log_suite::suite!(part());
