//! Membership in a consumer group: which partitions are this connection's, and in which generation.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use log::{Error, Position};
use rdkafka::bindings::rd_kafka_t;
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;

use crate::ear::Ear;
use crate::{ANSWER, Options, errors};

/// What a group judges a commit by: its member and the generation that the member knew of.
pub type Ticket = Arc<ConsumerGroupMetadata>;

/// How often a client asks what partitions topics have and who leads them, in ms; its default is 5 minutes.
pub const LOOK_MS: &str = "10000";
/// Changes of one group that are taken at once.
const MOST_EVENTS: usize = 100;
/// Longest wait for a member to leave its group.
const CLOSE: Duration = Duration::from_secs(5);
/// How long to wait for who has a member's place, and before asking again.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Longest wait for a position. The client asks on while a transaction that may move it is open, and meanwhile its
/// caller hears nothing of its groups, who wait for it.
const POSITION: Duration = Duration::from_millis(500);

/// A partition that was given or taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is this connection's from now on.
    Assigned {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
    },
    /// It is not this connection's any more.
    Revoked {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
    },
}

impl Change {
    /// Which partition.
    #[must_use]
    pub fn place(&self) -> (&str, u32) {
        match self {
            Self::Assigned { topic, partition } | Self::Revoked { topic, partition } => (topic, *partition),
        }
    }
}

/// What the client's callbacks have seen.
#[derive(Default)]
struct Seen {
    ticket: Option<Ticket>,
    owned: BTreeSet<(String, u32)>,
    changes: Vec<Change>,
    failed: Option<String>,
    /// The client is being closed, and answers no question any more: one would wait for ever.
    closing: bool,
}

struct Membership {
    seen: Mutex<Seen>,
    ear: Ear,
}

impl Membership {
    fn new(options: &Options) -> Self {
        Self { seen: Mutex::default(), ear: options.ear() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Each change below is whole before anything can panic.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Membership {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn error(&self, error: KafkaError, reason: &str) {
        self.ear.error(error, reason);
    }

    fn generate_oauth_token(&self, settings: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        self.ear.generate_oauth_token(settings)
    }
}

impl ConsumerContext for Membership {
    /// Called while the client is asked for events, so between two steps.
    fn rebalance(&self, consumer: &BaseConsumer<Self>, kind: RDKafkaRespErr, given: &mut TopicPartitionList) {
        let assigned = kind == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        let closing = self.seen().closing;
        let done = match assigned {
            true => hold(consumer, given, closing),
            false => consumer.incremental_unassign(given),
        };
        if closing {
            return;
        }
        // Taken here and nowhere else. Were it taken at a commit, or even at a read, a generation could pass
        // that began after the partitions were last looked at. A member that was thrown out has none: its
        // ticket is refused for its instance's name.
        let ticket = consumer.group_metadata().map(Arc::new);
        let mut seen = self.seen();
        seen.ticket = ticket;
        if let Err(error) = done {
            seen.failed = Some(error.to_string());
        }
        for element in given.elements() {
            let Ok(partition) = u32::try_from(element.partition()) else { continue };
            let topic = element.topic().to_owned();
            if assigned {
                seen.owned.insert((topic.clone(), partition));
                seen.changes.push(Change::Assigned { topic, partition });
            } else {
                seen.owned.remove(&(topic.clone(), partition));
                seen.changes.push(Change::Revoked { topic, partition });
            }
        }
    }
}

/// Takes partitions without reading them: the reader does that, from where the worker asks. Pausing waits for the client's
/// own thread, and so is left out where that is closing: it gives them back at once.
fn hold(
    consumer: &BaseConsumer<Membership>,
    given: &mut TopicPartitionList,
    closing: bool,
) -> Result<(), KafkaError> {
    given.set_all_offsets(Offset::End)?;
    consumer.incremental_assign(given)?;
    if closing || given.count() == 0 {
        return Ok(());
    }
    consumer.pause(given)
}

/// A group, as its member or from outside.
pub struct Group {
    options: Options,
    name: String,
    /// Asks for positions. Not the member: an answer to who joins waits until all members have joined, and whatever
    /// that client asks its group meanwhile waits behind it.
    asks: Consumer,
    member: Option<Member>,
}

struct Member {
    topics: Vec<String>,
    /// Tells this connection's memberships from those of others with the same instance's name.
    client_id: String,
    consumer: RefCell<Arc<Consumer>>,
    /// The group has said that another has taken the place of this member, and not yet who; and when it is asked next.
    fenced: Cell<Option<Instant>>,
}

type Consumer = BaseConsumer<Membership>;

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(member) = self.member.take() {
            close(member.consumer.into_inner());
        }
    }
}

/// Leaves the group, giving its partitions up, and goes on after some time also where that does not end.
fn close(consumer: Arc<Consumer>) {
    consumer.context().seen().closing = true;
    let (ended, end) = mpsc::channel::<()>();
    // What is moved there is dropped also where there is no thread to be had.
    let closes = thread::Builder::new().name("closes-member".into()).spawn(move || {
        drop(consumer);
        drop(ended);
    });
    if closes.is_ok() {
        // Its end is told by an error, as nothing is ever sent.
        let _ = end.recv_timeout(CLOSE);
    }
}

impl Group {
    /// A group to ask for its positions.
    pub fn look(options: &Options, group: &str) -> Result<Self, Error> {
        let asks = options.consumer(group)?.create_with_context(Membership::new(options));
        let asks = asks.map_err(|e| errors::of(&e))?;
        Ok(Self { options: options.clone(), name: group.into(), asks, member: None })
    }

    pub fn join(options: &Options, group: &str, topics: &[&str]) -> Result<Self, Error> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let client_id = format!("vigie-{}-{}", std::process::id(), since.as_nanos());
        let topics: Vec<String> = topics.iter().map(ToString::to_string).collect();
        let consumer = RefCell::new(Arc::new(join(options, group, &client_id, &topics)?));
        let mut joined = Self::look(options, group)?;
        joined.member = Some(Member { topics, client_id, consumer, fenced: Cell::new(None) });
        Ok(joined)
    }

    /// Those of the library.
    pub fn clients(&self) -> impl Iterator<Item = *mut rd_kafka_t> {
        let member = self.member.as_ref().map(|member| member.consumer().client().native_ptr());
        [self.asks.client().native_ptr()].into_iter().chain(member)
    }

    pub fn is_joined(&self) -> bool {
        self.member.is_some()
    }

    /// Whether it is as a member of this group that the topic is read.
    pub fn reads(&self, topic: &str) -> bool {
        self.member.as_ref().is_some_and(|member| member.topics.iter().any(|t| t == topic))
    }

    /// What a commit of what is read now has to show; none: the partition is not ours.
    pub fn ticket(&self, topic: &str, partition: u32) -> Option<Ticket> {
        let consumer = self.member.as_ref()?.consumer();
        let seen = consumer.context().seen();
        let owned = seen.owned.contains(&(topic.to_owned(), partition));
        seen.ticket.clone().filter(|_| owned)
    }

    /// What one shows who is no member.
    pub fn outsider(&self) -> Result<Ticket, Error> {
        let metadata = self.asks.group_metadata();
        metadata.map(Arc::new).ok_or_else(|| Error::Io("the client knows of no group".into()))
    }

    /// Lets the client do what the group wants, and says what that was.
    pub fn changes(&self, changes: &mut Vec<Change>) -> Result<(), Error> {
        let Some(member) = &self.member else { return Ok(()) };
        match member.fenced.get() {
            Some(asks_at) if asks_at > Instant::now() => Ok(()),
            Some(_) => self.leave_or_join_anew(member, changes),
            None => member.changes(changes),
        }
    }

    /// After the group has said that another has this member's place. It says so to a client too that lost its
    /// session and joined again, about what it still had on its way from before: then it was nobody else, and
    /// it joins anew, with nothing. Where the group does not answer it is asked again.
    fn leave_or_join_anew(&self, member: &Member, changes: &mut Vec<Change>) -> Result<(), Error> {
        let Ok(is_taken) = self.is_taken(member) else {
            member.fenced.set(Some(Instant::now() + ASK_AGAIN));
            return Ok(());
        };
        if is_taken {
            return Err(Error::Fenced);
        }
        let owned = std::mem::take(&mut member.consumer().context().seen().owned);
        changes.extend(owned.into_iter().map(|(topic, partition)| Change::Revoked { topic, partition }));
        let new = join(&self.options, &self.name, &member.client_id, &member.topics)?;
        close(member.consumer.replace(Arc::new(new)));
        member.fenced.set(None);
        Ok(())
    }

    /// Whether another connection is the member with this one's instance's name.
    fn is_taken(&self, member: &Member) -> Result<bool, Error> {
        let Some(name) = &self.options.name else { return Ok(false) };
        // By a new client: all brokers are asked that it knows, and of one that is gone an older one waits for the answer.
        let new = Self::look(&self.options, &self.name)?;
        let list = new.asks.fetch_group_list(Some(&self.name), ASK_AGAIN).map_err(|e| errors::of(&e))?;
        let mut members = list.groups().iter().flat_map(|group| group.members());
        // The group makes a member's id of its instance's name and a UUID.
        let is_name = |id: &str| id.len() == name.len() + 37 && id.starts_with(name.as_str());
        Ok(members.any(|found| is_name(found.id()) && found.client_id() != member.client_id))
    }

    /// The position in a partition, once no transaction is open that may move it.
    pub fn position(&self, topic: &str, partition: u32) -> Result<Option<Position>, Error> {
        self.options.listen(&self.asks);
        let mut list = TopicPartitionList::new();
        list.add_partition(topic, number(partition)?);
        let failed = |error: KafkaError| {
            let what = || format!("the position of {} in {topic} {partition}", self.name);
            match error.rdkafka_error_code() {
                Some(Code::UnstableOffsetCommit) => Error::Pending { what: what() },
                // The client asks on by itself where a transaction is open, and says no more than that it took long.
                Some(Code::OperationTimedOut) if self.asks.fetch_metadata(Some(topic), POSITION).is_ok() => {
                    Error::Pending { what: what() }
                }
                _ => errors::of_partition(&error, topic, partition),
            }
        };
        let found = self.asks.committed_offsets(list, POSITION).map_err(failed)?;
        let Some(element) = found.elements().into_iter().next() else { return Ok(None) };
        element.error().map_err(failed)?;
        let note = || element.metadata().to_owned();
        let position = |next_offset| Position { topic: topic.into(), partition, next_offset, note: note() };
        Ok(offset(element.offset()).map(position))
    }
}

/// What a group has stored for partitions, whatever an open transaction is about to make of it.
pub fn stored(options: &Options, group: &str, positions: &[Position]) -> Result<Vec<Option<u64>>, Error> {
    let mut config = options.consumer(group)?;
    config.set("isolation.level", "read_uncommitted");
    let asks: Consumer = config.create_with_context(Membership::new(options)).map_err(|e| errors::of(&e))?;
    let mut list = TopicPartitionList::new();
    for Position { topic, partition, .. } in positions {
        list.add_partition(topic, number(*partition)?);
    }
    options.listen(&asks);
    let found = asks.committed_offsets(list, ANSWER).map_err(|e| errors::of(&e))?;
    let stored = |Position { topic, partition, .. }: &Position| {
        offset(found.find_partition(topic, number(*partition).ok()?)?.offset())
    };
    Ok(positions.iter().map(stored).collect())
}

fn offset(offset: Offset) -> Option<u64> {
    match offset {
        Offset::Offset(next) => u64::try_from(next).ok(),
        _ => None,
    }
}

impl Member {
    fn consumer(&self) -> Arc<Consumer> {
        self.consumer.borrow().clone()
    }

    fn changes(&self, changes: &mut Vec<Change>) -> Result<(), Error> {
        let consumer = self.consumer();
        for _ in 0..MOST_EVENTS {
            let before = consumer.context().seen().changes.len();
            match consumer.poll(Duration::ZERO) {
                Some(Err(KafkaError::MessageConsumptionFatal(Code::FencedInstanceId))) => {
                    self.fenced.set(Some(Instant::now()));
                    break;
                }
                Some(Err(KafkaError::MessageConsumptionFatal(code))) => {
                    return Err(errors::of(&KafkaError::MessageConsumption(code)));
                }
                Some(Err(error)) if is_refused(&error) => return Err(errors::of(&error)),
                // Others are of connections, which the client makes again, or of being thrown out.
                Some(_) => {}
                // It also says nothing behind a change.
                None if consumer.context().seen().changes.len() == before => break,
                None => {}
            }
        }
        let mut seen = consumer.context().seen();
        changes.append(&mut seen.changes);
        seen.failed.take().map_or(Ok(()), |why| Err(Error::Io(why)))
    }
}

/// A client that joins a group.
fn join(options: &Options, group: &str, client_id: &str, topics: &[String]) -> Result<Consumer, Error> {
    let mut config = options.consumer(group)?;
    config.set("client.id", client_id).set("partition.assignment.strategy", "cooperative-sticky");
    // With it a restart keeps its partitions, and a member that was thrown out cannot commit: the group
    // accepts commits in a transaction from who gives neither a member nor an instance.
    if let Some(name) = &options.name {
        config.set("group.instance.id", name);
    }
    config.set("session.timeout.ms", options.session_timeout_ms.to_string());
    // By its answer a member hears that the group shares out anew, which takes two rounds.
    config.set("heartbeat.interval.ms", (options.session_timeout_ms / 8).to_string());
    config.set("max.poll.interval.ms", options.silence_timeout_ms.to_string());
    config.set("topic.metadata.refresh.interval.ms", LOOK_MS);
    let consumer: Consumer =
        config.create_with_context(Membership::new(options)).map_err(|e| errors::of(&e))?;
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    consumer.subscribe(&topics).map_err(|e| errors::of(&e))?;
    Ok(consumer)
}

/// Whether it will not do without an operator.
fn is_refused(error: &KafkaError) -> bool {
    error.rdkafka_error_code().is_some_and(|code| {
        errors::is_forbidden(code)
            || matches!(code, Code::InconsistentGroupProtocol | Code::InvalidSessionTimeout)
    })
}

/// A partition as Kafka counts it.
pub fn number(partition: u32) -> Result<i32, Error> {
    i32::try_from(partition).map_err(|_| Error::Io(format!("there can be no partition {partition}")))
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;

    use super::*;

    /// Before the group has answered, and with partitions given of which nobody has heard yet: where those were paused the
    /// client waited for itself for ever in one of some ten runs.
    #[test]
    fn nobody_waits_for_a_member_that_is_just_being_given_partitions() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("raw", 4, 1).unwrap();
        let options = Options::new(&cluster.bootstrap_servers(), None);
        for wait_ms in [100, 3100] {
            let group = Group::join(&options, &format!("after-{wait_ms}"), &["raw"]).unwrap();
            thread::sleep(Duration::from_millis(wait_ms));
            let start = Instant::now();
            drop(group);
            assert!(start.elapsed() < CLOSE, "{wait_ms}");
        }
    }
}
