//! Which log a command works on: the embedded one, or Kafka.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::str::FromStr;

use anyhow::Result;
use log::Log;
use log_embedded::EmbeddedLog;
use log_kafka::{Change, KafkaLog};
use pipeline::Input;

/// Where the log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogAddress {
    /// In the data folder.
    Embedded,
    /// These brokers.
    Kafka(Brokers),
}

/// Where Kafka is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brokers {
    /// `host:port`, with commas between them.
    pub addresses: String,
    /// Whether they are reached by TLS.
    pub tls: bool,
}

impl FromStr for LogAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_broker = |broker: &str| {
            broker
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        };
        match text.split_once("://") {
            None if text == "embedded" => Ok(Self::Embedded),
            Some((scheme @ ("kafka" | "kafkas"), brokers)) if brokers.split(',').all(is_broker) => {
                Ok(Self::Kafka(Brokers { addresses: brokers.into(), tls: scheme == "kafkas" }))
            }
            _ => Err(format!(
                "VG0031: `{text}` is no log; write `embedded`, `kafka://host:port,host:port`, or with TLS \
                 `kafkas://host:port,host:port`"
            )),
        }
    }
}

/// A connection to one of the logs.
pub enum AnyLog {
    Embedded(EmbeddedLog),
    Kafka(Box<KafkaLog>),
}

impl Deref for AnyLog {
    type Target = dyn Log;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Embedded(log) => log,
            Self::Kafka(log) => &**log,
        }
    }
}

impl DerefMut for AnyLog {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Self::Embedded(log) => log,
            Self::Kafka(log) => &mut **log,
        }
    }
}

impl AnyLog {
    /// Gives a worker its inputs where nobody else can have them; otherwise joins the groups, which give them by
    /// [`Self::follow_groups`].
    pub fn assign(&mut self, worker: &mut pipeline::Worker, inputs: &[Input]) -> Result<()> {
        let log = match self {
            Self::Embedded(_) => {
                inputs.iter().for_each(|input| worker.assign(input.clone()));
                return Ok(());
            }
            Self::Kafka(log) => log,
        };
        let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for input in inputs {
            let topics = groups.entry(&input.group).or_default();
            if topics.last() != Some(&&*input.topic) {
                topics.push(&input.topic);
            }
        }
        for (group, topics) in groups {
            log.join(group, &topics)?;
        }
        Ok(())
    }

    /// Joins a group that shares the partitions of topics, and gives them by [`Self::changes`]; false where nobody else
    /// can have them.
    pub fn share(&mut self, group: &str, topics: &[&str]) -> Result<bool, log::Error> {
        match self {
            Self::Embedded(_) => Ok(false),
            Self::Kafka(log) => log.join(group, topics).map(|()| true),
        }
    }

    /// What the groups have given and taken.
    pub fn changes(&mut self) -> Result<Vec<Change>, log::Error> {
        match self {
            Self::Embedded(_) => Ok(Vec::new()),
            Self::Kafka(log) => log.changes(),
        }
    }

    /// Between two steps: takes and gives up what the groups say.
    pub fn follow_groups(&mut self, worker: &mut pipeline::Worker, inputs: &[Input]) -> Result<()> {
        for change in self.changes()? {
            let (topic, partition) = change.place();
            match &change {
                Change::Revoked { .. } => worker.revoke(topic, partition),
                Change::Assigned { .. } => worker.assign(input(inputs, topic, partition)?),
            }
        }
        Ok(())
    }

    /// Waits until others can read all that was committed here.
    pub fn wait_until_visible(&self) -> Result<(), log::Error> {
        match self {
            Self::Embedded(_) => Ok(()),
            Self::Kafka(log) => log.wait_until_visible(),
        }
    }
}

/// The input of a partition that was given. One that was added since the start is read if it is a raw topic's; keyed
/// state would be wrong with one more of another topic.
fn input(inputs: &[Input], topic: &str, partition: u32) -> Result<Input> {
    let of_topic = || inputs.iter().filter(|input| &*input.topic == topic);
    let known = of_topic().find(|input| input.partition == partition).cloned();
    let added = || of_topic().find(|input| input.is_raw()).map(|input| input.of(partition));
    known.or_else(added).ok_or_else(|| {
        let (topic, found, wanted) = (topic.to_owned(), partition + 1, of_topic().count() as u32);
        log::Error::Partitions { topic, found, wanted }.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_embedded_or_brokers() {
        let at = |addresses: &str, tls| Ok(LogAddress::Kafka(Brokers { addresses: addresses.into(), tls }));
        assert_eq!("embedded".parse(), Ok(LogAddress::Embedded));
        assert_eq!("kafka://a:9092".parse(), at("a:9092", false));
        assert_eq!("kafka://a:9092,[::1]:1".parse(), at("a:9092,[::1]:1", false));
        assert_eq!("kafkas://a:9093".parse(), at("a:9093", true));
        for wrong in [
            "",
            "kafka",
            "kafka://",
            "kafka://a",
            "kafka://a:9092,",
            "kafka://:9092",
            "kafkas://",
            "file:x",
            "file://a:9092",
        ] {
            assert!(wrong.parse::<LogAddress>().unwrap_err().starts_with("VG0031"), "{wrong}");
        }
    }
}
