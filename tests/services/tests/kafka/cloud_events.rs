//! CloudEvents by others' producers, in both modes of Kafka's protocol binding.

use log::Log as _;
use log_kafka::{KafkaLog, Options};
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use services::Kafka;

use crate::common::Installation;

const PIPELINE: &str = "tests/services/tests/kafka/cloud-events.yaml";
const TOPIC: &str = "raw.cloud";
const DATA: &str = r#"{"lat": 46.9, "lng": 7.4, "text": "water"}"#;

/// Headers of an event about this subject, and any others.
fn headers(subject: &str, more: &[(&str, &[u8])]) -> OwnedHeaders {
    let attributes = [
        ("ce_specversion", &b"1.0"[..]),
        ("ce_id", b"1"),
        ("ce_source", b"/sensors"),
        ("ce_type", b"flood"),
        ("ce_time", b"2026-01-01T00:00:00Z"),
        ("ce_subject", subject.as_bytes()),
    ];
    attributes
        .iter()
        .chain(more)
        .fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: Some(*value) }))
}

#[test]
fn cloud_events_are_read_in_both_modes() {
    let kafka = Kafka::start().unwrap();
    let address = kafka.broker().address;
    let log = KafkaLog::connect(Options::new(&address, None)).unwrap();
    log.create_topic(TOPIC, 1).unwrap();
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", &address).create().unwrap();
    let send = |headers: OwnedHeaders, value: &str| {
        let record = BaseRecord::to(TOPIC).partition(0).key("key").payload(value).headers(headers);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    };
    let structured = format!(
        r#"{{"specversion": "1.0", "id": "1", "source": "/sensors", "type": "flood",
            "time": "2026-01-01T00:00:00Z", "subject": "structured", "data": {DATA}}}"#
    );
    let media = |value: &str| OwnedHeaders::new().insert(Header { key: "content-type", value: Some(value) });
    let json = [("content-type", &b"application/json"[..])];
    send(media("application/cloudevents+json; charset=UTF-8"), &structured);
    send(headers("binary", &json), DATA);
    send(headers("without a content type", &[("traceparent", b"00")]), DATA);
    // What claims to be JSON, and would reach into the event around it.
    send(headers("forged", &json), r#"{"text": "x"}, "subject": "y""#);
    send(headers("cut", &[("ce_severity", &[0xff])]), DATA);
    producer.flush(std::time::Duration::from_secs(10)).unwrap();

    let installation = Installation::new(PIPELINE, &format!("kafka://{address}"));
    installation.succeed(&["run", PIPELINE]);
    let sql = "select entity, kind, text, cell_7 is not null as located from events order by entity";
    let found = installation.succeed(&["--output", "json", "query", sql]);
    let wanted = ["binary", "structured", "without a content type"]
        .map(|entity| format!(r#"{{"entity":"{entity}","kind":"flood","text":"water","located":1}}"#));
    assert_eq!(found.lines().collect::<Vec<_>>(), wanted);
    let letters = installation.succeed(&["--output", "json", "dead-letters", "list"]);
    let codes: Vec<&str> =
        letters.lines().filter_map(|line| line.split("\"code\":\"").nth(1)?.get(..6)).collect();
    assert_eq!(codes, ["VG1004", "VG1002"], "{letters}");
}
