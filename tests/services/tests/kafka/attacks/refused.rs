//! What nobody can go on from: the program stops, with a code that says what to do.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use log::Log as _;
use log_kafka::{KafkaLog, Options};
use rdkafka::admin::AdminOptions;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use services::Kafka;

use super::load::Load;
use super::watch::Watch;
use super::{PATIENCE, PIPELINE, RAW_PARTITIONS, add_partition, admin};
use crate::common::{Installation, Random, Run, ended, root};
use crate::world::block_on;

/// A pipeline with topics of its own, and one host that follows it under load.
struct Alone {
    name: &'static str,
    address: String,
    installation: Installation,
    file: String,
    watch: Watch,
}

impl Alone {
    fn new(address: &str, name: &'static str) -> Self {
        let installation = Installation::new(PIPELINE, &format!("kafka://{address}"));
        let mut yaml = fs::read_to_string(root().join(PIPELINE)).unwrap();
        yaml = yaml.replace("pipeline: attacks", &format!("pipeline: {name}"));
        for key in ["topic", "from"] {
            for topic in ["raw.iot", "events", "reports", "cells"] {
                yaml = yaml.replace(&format!("{key}: {topic}\n"), &format!("{key}: {name}.{topic}\n"));
            }
        }
        let path = installation.data.path().join("pipeline.yaml");
        fs::write(&path, yaml).unwrap();
        let file = path.to_str().unwrap().to_owned();
        let reads = [("", "raw.iot"), (".unique", "events"), (".counts", "reports")];
        let reads = reads.map(|(group, topic)| (format!("{name}.v1{group}"), format!("{name}.{topic}")));
        let watch =
            Watch::new(address, &reads.each_ref().map(|(group, topic)| (group.as_str(), topic.as_str())));
        Self { name, address: address.into(), installation, file, watch }
    }

    fn topic(&self, topic: &str) -> String {
        format!("{}.{topic}", self.name)
    }

    fn log(&self) -> KafkaLog {
        KafkaLog::connect(Options::new(&self.address, None)).unwrap()
    }

    fn follow(&self) -> Run {
        let mut command = self.installation.vigie(&["run", "--follow", &self.file]);
        Run(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
    }

    fn load(&self) -> Load {
        self.log().create_topic(&self.topic("raw.iot"), RAW_PARTITIONS).unwrap();
        Load::start(&self.address, &self.topic("raw.iot"), RAW_PARTITIONS, Random::new().seed)
    }

    /// Waits until all that was there at first, and something more, is committed in every partition.
    fn at_work(&mut self, run: &mut Run) {
        let start = Instant::now();
        let mut ends = None;
        loop {
            self.watch.look();
            ends = ends.or_else(|| self.watch.ends());
            if ends.as_ref().is_some_and(|ends| self.watch.behind(ends).is_empty()) {
                return;
            }
            assert!(run.0.try_wait().unwrap().is_none(), "it ended by itself: {}", ended(run));
            assert!(start.elapsed() < PATIENCE, "{}: {:?}", self.name, self.watch.longest_pause());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A start that is refused.
    fn refused(&self) -> String {
        ended(&mut self.follow())
    }
}

fn stop(run: &mut Run) {
    crate::common::signal(run, "TERM");
    assert!(run.0.wait().unwrap().success());
}

/// A partition more in a topic whose keys lie in their partitions: state would be elsewhere than its key.
#[test]
fn a_partition_added_between_stages_is_refused() {
    let kafka = Kafka::start().unwrap();
    let mut alone = Alone::new(&kafka.broker().address, "added");
    let load = alone.load();
    let mut run = alone.follow();
    alone.at_work(&mut run);
    add_partition(&alone.address, &alone.topic("events"), 5);
    let said = ended(&mut run);
    assert!(said.contains("VG3002") && said.contains("added.events"), "{said}");
    load.end();
    let said = alone.refused();
    assert!(said.contains("VG3002") && said.contains("added.events"), "{said}");
}

/// A topic is deleted under the pipeline that reads it.
#[test]
fn a_deleted_topic_stops_the_pipeline() {
    let kafka = Kafka::start().unwrap();
    for topic in ["raw.iot", "events"] {
        let name = if topic == "events" { "lost" } else { "deleted" };
        let mut alone = Alone::new(&kafka.broker().address, name);
        let load = alone.load();
        let mut run = alone.follow();
        alone.at_work(&mut run);
        // The feeder could not deliver what it has.
        load.end();
        let topic = alone.topic(topic);
        let deleted = block_on(admin(&alone.address).delete_topics(&[&topic], &AdminOptions::new())).unwrap();
        deleted.into_iter().for_each(|deleted| drop(deleted.unwrap()));
        let said = ended(&mut run);
        assert!(said.contains("VG3004") && said.contains(&topic), "{said}");
    }
}

/// A pipeline was away for longer than the broker keeps records, or its positions.
#[test]
fn what_expired_while_it_was_away_is_missed() {
    let kafka = Kafka::start().unwrap();
    let mut alone = Alone::new(&kafka.broker().address, "expired");
    let load = alone.load();
    let mut run = alone.follow();
    alone.at_work(&mut run);
    stop(&mut run);
    // Records that it has not read.
    std::thread::sleep(Duration::from_secs(1));
    load.end();
    let (log, raw) = (alone.log(), alone.topic("raw.iot"));
    let mut list = TopicPartitionList::new();
    for partition in 0..RAW_PARTITIONS {
        let end = i64::try_from(log.end_offset(&raw, partition).unwrap()).unwrap();
        list.add_partition_offset(&raw, partition as i32, Offset::Offset(end)).unwrap();
    }
    block_on(admin(&alone.address).delete_records(&list, &AdminOptions::new())).unwrap();
    let said = alone.refused();
    assert!(said.contains("VG3010") && said.contains(&raw), "{said}");

    // A group of which nobody is a member any more loses its positions too.
    let mut alone = Alone::new(&kafka.broker().address, "forgotten");
    let load = alone.load();
    let mut run = alone.follow();
    alone.at_work(&mut run);
    load.end();
    stop(&mut run);
    let start = Instant::now();
    // It has members until their session ends.
    while block_on(admin(&alone.address).delete_groups(&["forgotten.v1"], &AdminOptions::new())).unwrap()[0]
        .is_err()
    {
        assert!(start.elapsed() < PATIENCE, "the group is not deleted");
        std::thread::sleep(Duration::from_millis(100));
    }
    let said = alone.refused();
    println!("{said}");
    assert!(said.contains("VG3016"), "{said}");
}
