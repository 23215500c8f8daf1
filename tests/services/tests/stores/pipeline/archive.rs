//! The archive of raw records through the program.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use ::services::{Kafka, Minio};
use log::Log as _;
use log_embedded::EmbeddedLog;
use log_kafka::{KafkaLog, Options};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewPartitions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::{Value, json};
use store_s3::Lake;

use super::world::{Host, PATIENCE, PIPELINE};
use crate::common::runtime;

/// The policies, changed so that an archive may hold everything.
fn policies_for_an_archive() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(crate::installation::root().join("policies")).unwrap() {
        let path = entry.unwrap().path();
        let mut text = fs::read_to_string(&path).unwrap();
        text = text.replace(r#"["topic", "state", "store"]"#, r#"["topic", "state", "store", "archive"]"#);
        let (before, after) = (
            r#"unless { principal.kind == "dead-letter-rows" }"#,
            r#"unless { ["dead-letter-rows", "archive"].contains(principal.kind) }"#,
        );
        text = text.replace(before, after);
        let lines = text.lines().filter(|line| !line.contains("kind: archive"));
        let text = lines.collect::<Vec<_>>().join("\n");
        fs::write(folder.path().join(path.file_name().unwrap()), text).unwrap();
    }
    folder
}

/// A file of stores with an archive alone, and how that is reached.
fn archive(minio: &Minio, folder: &Path) -> (String, Value) {
    let (s3, file) = (minio.s3(), folder.join("stores.yaml"));
    fs::write(folder.join("key"), &s3.key).unwrap();
    fs::write(folder.join("secret"), &s3.secret).unwrap();
    let options = json!({
        "url": format!("s3://{}/archive", s3.bucket), "endpoint": s3.endpoint, "allow_http": true,
        "sse": {"kms_key": minio.encryption_key()},
        "credentials": {"access_key_id_file": folder.join("key"), "secret_access_key_file": folder.join("secret")},
    });
    let archive = json!({"archive": true, "clearance": ["personal", "location"], "s3": options});
    fs::write(&file, json!({"stores": {"archive": archive}}).to_string()).unwrap();
    (file.display().to_string(), options)
}

#[test]
fn raw_records_are_archived_encrypted_and_only_where_a_policy_permits_it() {
    let (minio, folder) = (Minio::start().unwrap(), tempfile::tempdir().unwrap());
    let (stores, options) = archive(&minio, folder.path());
    let host = Host::new("embedded", stores);
    host.feed("1");
    let refused = host.vigie(&["run", PIPELINE]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("VG0103") && said.contains("the archive `archive`"), "{said}");

    let policies = policies_for_an_archive();
    host.succeed(&["--policies", policies.path().to_str().unwrap(), "run", PIPELINE]);
    let log = EmbeddedLog::open(&host.installation.data.path().join("log.db")).unwrap();
    let lake = Lake::open(serde_json::from_value(options).unwrap()).unwrap();
    for topic in ["raw.iot", "raw.gps", "raw.social", "raw.rss"] {
        let rows: u64 = lake.files(topic).unwrap().iter().map(|file| file.rows).sum();
        let records = log.end_offset(topic, 0).unwrap();
        assert!(records > 0 && rows == records, "{topic}: {rows} of {records}");
    }
    assert_eq!(lake.files("events").unwrap().len(), 0);
}

#[test]
fn an_archive_that_a_topic_does_not_wait_for_is_refused() {
    let (kafka, minio) = (Kafka::start().unwrap(), Minio::start().unwrap());
    let (address, folder) = (kafka.broker().address, tempfile::tempdir().unwrap());
    let (stores, options) = archive(&minio, folder.path());
    let policies = policies_for_an_archive();
    let host = Host::new(&format!("kafka://{address}"), stores.clone());
    host.feed("1");
    let run = ["--policies", policies.path().to_str().unwrap(), "run", PIPELINE];
    // Not so short that the broker would delete what is there.
    let ms = |years: f64| format!("{:.0}", years * 365.25 * 86_400e3);
    let said = |kept_years: f64| {
        keep(&address, "raw.iot", &[("retention.ms", &ms(kept_years))]);
        String::from_utf8_lossy(&host.vigie(&run).output().unwrap().stderr).into_owned()
    };
    // The simulated events are of 2018.
    let age_years =
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() / 86_400.0 / 365.25 - 48.0;
    let late = said(1.5 * age_years);
    assert!(late.contains("VG0046") && late.contains("raw.iot") && late.contains("years"), "{late}");
    keep(&address, "raw.iot", &[("retention.ms", "-1")]);
    host.succeed(&run);
    let lake = Lake::open(serde_json::from_value(options).unwrap()).unwrap();
    assert!(!lake.files("raw.iot").unwrap().is_empty());
    // Nothing is behind any more.
    keep(&address, "raw.iot", &[("retention.ms", &ms(1.5 * age_years))]);
    host.succeed(&run);
    // But where rows are held for longer than the topic keeps them, they could be.
    let file = fs::read_to_string(&stores).unwrap();
    let holds = file.replace("\"allow_http\":true", "\"allow_http\":true,\"max_file_age_s\":1000000000");
    fs::write(&stores, holds).unwrap();
    let holds = said(1.5 * age_years);
    assert!(holds.contains("VG0046") && holds.contains("31years"), "{holds}");
    // And nobody can say when a topic of so many bytes deletes something.
    keep(&address, "raw.iot", &[("retention.ms", "-1"), ("retention.bytes", "1000000000")]);
    let bounded = String::from_utf8_lossy(&host.vigie(&run).output().unwrap().stderr).into_owned();
    assert!(bounded.contains("VG0046: raw.iot keeps 1000000000 bytes"), "{bounded}");
}

#[test]
fn a_partition_that_is_added_is_archived_and_waited_for() {
    let (kafka, minio) = (Kafka::start().unwrap(), Minio::start().unwrap());
    let (address, folder) = (kafka.broker().address, tempfile::tempdir().unwrap());
    let (stores, options) = archive(&minio, folder.path());
    let soon = fs::read_to_string(&stores).unwrap();
    fs::write(&stores, soon.replace("\"allow_http\":true", "\"allow_http\":true,\"max_file_age_s\":1"))
        .unwrap();
    let policies = policies_for_an_archive();
    let mut host = Host::new(&format!("kafka://{address}"), stores);
    host.policies = Some(policies.path().display().to_string());
    host.feed("1");
    host.start("0");
    let lag = || host.stores("archive").first().map(|row| row["lag"].clone());
    host.wait("the archive", || lag() == Some(json!("0")));
    let log = KafkaLog::connect(Options::new(&address, None)).unwrap();
    let number = log.partitions("raw.iot").unwrap().unwrap();
    let new = NewPartitions::new("raw.iot", number as usize + 1);
    let added = runtime().block_on(admin(&address).create_partitions(&[new], &AdminOptions::new())).unwrap();
    added.into_iter().for_each(|added| drop(added.unwrap()));

    let lake = Lake::open(serde_json::from_value(options).unwrap()).unwrap();
    let archived = || {
        let cursors = lake.cursors("raw.iot").unwrap().into_iter();
        cursors.filter(|(partition, _)| *partition == number).map(|(_, next_offset)| next_offset).sum::<u64>()
    };
    write(&address, number, 1);
    host.wait("the new partition", || archived() == 1);
    host.wait("the word of the archive", || lag() == Some(json!("0")));
    host.succeed(&["stores", "pause", "archive"]);
    write(&address, number, 5);
    host.wait("what the archive lacks", || lag() == Some(json!("5")));
    host.succeed(&["stores", "resume", "archive"]);
    host.wait("the rest", || archived() == 6 && lag() == Some(json!("0")));
}

/// Writes so many records to a partition, outside any transaction.
fn write(address: &str, partition: u32, records: usize) {
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", address).create().unwrap();
    for number in 0..records {
        let event = json!({"id": format!("added-{number}"), "time": "2018-01-31T10:00:00Z"}).to_string();
        let record = BaseRecord::<str, str>::to("raw.iot").partition(partition as i32).payload(&event);
        producer.send(record).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
}

fn admin(address: &str) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", address).create().unwrap()
}

/// Sets for how long a topic keeps records.
fn keep(address: &str, topic: &str, settings: &[(&str, &str)]) {
    let admin = admin(address);
    let changed = AlterConfig::new(ResourceSpecifier::Topic(topic));
    let changed = settings.iter().fold(changed, |changed, (name, value)| changed.set(name, value));
    let done = runtime().block_on(admin.alter_configs([&changed], &AdminOptions::new()));
    done.unwrap().into_iter().for_each(|done| drop(done.unwrap()));
}
