//! Watches from outside how far the groups of a pipeline have come, partition by partition. Positions are
//! committed together with outputs: where one moves, there is committed output.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use log_kafka::Reminder;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

/// Longest wait for one answer; without one the next look asks again.
const ANSWER: Duration = Duration::from_millis(1000);

/// Without a commit for so long a partition is late.
const LATE: Duration = Duration::from_secs(5);

/// A partition that a stage reads.
pub type Place = (String, i32);

/// A group and the partitions of the topic that it reads.
struct Group {
    name: String,
    topic: String,
    consumer: BaseConsumer,
}

/// How a partition has come on.
struct Seen {
    position: i64,
    since: Instant,
    /// The longest time without a commit.
    pause: Duration,
}

pub struct Watch {
    groups: Vec<Group>,
    reminder: Reminder,
    seen: BTreeMap<Place, Seen>,
}

impl Watch {
    /// `reads`: each group with the topic that it reads.
    pub fn new(address: &str, reads: &[(&str, &str)]) -> Self {
        let group = |(name, topic): &(&str, &str)| {
            let mut config = ClientConfig::new();
            // Positions as they are, also while a transaction is about to change them.
            config.set("bootstrap.servers", address).set("group.id", *name);
            config.set("isolation.level", "read_uncommitted");
            Group { name: (*name).into(), topic: (*topic).into(), consumer: config.create().unwrap() }
        };
        let reminder = Reminder::new(address).unwrap();
        Self { groups: reads.iter().map(group).collect(), reminder, seen: BTreeMap::new() }
    }

    /// Asks for all positions. A broker that is attacked may not answer: then nothing was seen.
    pub fn look(&mut self) {
        if self.reminder.is_due() {
            self.groups.iter().for_each(|group| self.reminder.look(group.consumer.client()));
        }
        for group in &self.groups {
            for (place, position) in group.positions().unwrap_or_default() {
                let now = Instant::now();
                let seen = self.seen.entry(place).or_insert(Seen {
                    position: -1,
                    since: now,
                    pause: Duration::ZERO,
                });
                if position > seen.position {
                    seen.pause = seen.pause.max(now - seen.since);
                    (seen.position, seen.since) = (position, now);
                }
            }
        }
    }

    /// Forgets pauses of before.
    pub fn begin(&mut self) {
        self.look();
        let now = Instant::now();
        self.seen.values_mut().for_each(|seen| (seen.since, seen.pause) = (now, Duration::ZERO));
    }

    /// The longest time since [`Self::begin`] in which a partition had no commit, and which one that was.
    pub fn longest_pause(&self) -> (Duration, Place) {
        let pause = |seen: &Seen| seen.pause.max(seen.since.elapsed());
        let (place, seen) = self.seen.iter().max_by_key(|(_, seen)| pause(seen)).unwrap();
        (pause(seen), place.clone())
    }

    /// Which partitions have had no commit for some seconds, and who is in the groups: for who has waited in vain.
    pub fn standing(&self) -> String {
        let is_late = |(_, seen): &(&Place, &Seen)| seen.since.elapsed() > LATE;
        let late = |((topic, partition), seen): (&Place, &Seen)| {
            format!("{topic} {partition} at {} since {:?}", seen.position, seen.since.elapsed())
        };
        let late: Vec<String> = self.seen.iter().filter(is_late).map(late).collect();
        let groups: Vec<String> = self.groups.iter().map(Group::standing).collect();
        format!("late: {late:?}; groups: {groups:?}")
    }

    /// Where the partitions end now; none: the broker does not say.
    pub fn ends(&self) -> Option<BTreeMap<Place, i64>> {
        let mut ends = BTreeMap::new();
        for group in &self.groups {
            for partition in group.partitions()? {
                let (_, end) = group.consumer.fetch_watermarks(&group.topic, partition, ANSWER).ok()?;
                ends.insert((group.topic.clone(), partition), end);
            }
        }
        Some(ends)
    }

    /// The partitions that have not come beyond these offsets yet.
    pub fn behind<'a>(&self, offsets: &'a BTreeMap<Place, i64>) -> Vec<&'a Place> {
        let is_behind =
            |place: &Place, offset: i64| self.seen.get(place).is_none_or(|seen| seen.position <= offset);
        offsets.iter().filter(|(place, offset)| is_behind(place, **offset)).map(|(place, _)| place).collect()
    }

    /// Whether in each group these and no others have partitions, and together all.
    pub fn is_shared_by(&self, hosts: &[&str]) -> bool {
        self.groups.iter().all(|group| group.is_shared_by(hosts).unwrap_or(false))
    }
}

impl Group {
    fn partitions(&self) -> Option<Vec<i32>> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), ANSWER).ok()?;
        let topic = metadata.topics().iter().find(|topic| topic.name() == self.topic)?;
        topic.error().is_none().then(|| topic.partitions().iter().map(|p| p.id()).collect())
    }

    fn positions(&self) -> Option<Vec<(Place, i64)>> {
        let mut list = TopicPartitionList::new();
        for partition in self.partitions()? {
            list.add_partition(&self.topic, partition);
        }
        let list = self.consumer.committed_offsets(list, ANSWER).ok()?;
        let position = |offset| match offset {
            Offset::Offset(next) => next,
            _ => 0,
        };
        let elements = list.elements();
        Some(elements.iter().map(|e| ((self.topic.clone(), e.partition()), position(e.offset()))).collect())
    }

    fn standing(&self) -> String {
        let Ok(list) = self.consumer.fetch_group_list(Some(&self.name), ANSWER) else {
            return format!("{} does not answer", self.name);
        };
        let of = |group: &rdkafka::groups::GroupInfo| {
            let member = |member: &rdkafka::groups::GroupMemberInfo| {
                (member.id().to_owned(), member.assignment().and_then(assigned))
            };
            let members: Vec<_> = group.members().iter().map(member).collect();
            format!("{} is {} {members:?}", self.name, group.state())
        };
        list.groups().iter().map(of).collect()
    }

    fn is_shared_by(&self, hosts: &[&str]) -> Option<bool> {
        let list = self.consumer.fetch_group_list(Some(&self.name), ANSWER).ok()?;
        let group = list.groups().first()?;
        let (mut found, mut given) = (BTreeSet::new(), 0);
        for member in group.members() {
            let count = assigned(member.assignment()?)?;
            // A member's id begins with its instance's: pipeline, version, host, worker.
            let host = member.id().strip_prefix("attacks.v1.")?.split('.').next()?;
            if count > 0 {
                found.insert(host);
            }
            given += count;
        }
        Some(found == hosts.iter().copied().collect() && given == self.partitions()?.len())
    }
}

/// How many partitions of one topic an assignment has: a version, then topics, each with a name and partitions.
fn assigned(bytes: &[u8]) -> Option<usize> {
    if bytes.is_empty() {
        return Some(0);
    }
    let number = |at: usize| Some(i32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    if number(2)? == 0 {
        return Some(0);
    }
    let name = usize::from(u16::from_be_bytes(bytes.get(6..8)?.try_into().ok()?));
    usize::try_from(number(8 + name)?).ok()
}
