//! What the simulator's cluster (`tests/simulation/src/cluster.rs`) assumes of Kafka, asked of a real one.
//! Transactions are driven here by the client library itself, to be halted where the log never halts.

use std::time::{Duration, Instant};

use log::{Bytes, Error, Log, Most, Output, Position, StateChange, Step};
use log_kafka::{Change, Compression, KafkaLog, Options};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerGroupMetadata};
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use services::Kafka;

use crate::world::{Part, part};

const PATIENCE: Duration = Duration::from_secs(30);

/// A producer that can leave a transaction open.
fn producer(part: &Part, name: &str, timeout_ms: u32) -> BaseProducer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &part.broker.address).set("transactional.id", part.name(name));
    config.set("transaction.timeout.ms", timeout_ms.to_string());
    config.set("message.timeout.ms", timeout_ms.to_string());
    let producer: BaseProducer = config.create().unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    producer
}

fn send(producer: &BaseProducer, topic: &str, value: &str) {
    producer.send(BaseRecord::<str, str>::to(topic).partition(0).key("key").payload(value)).unwrap();
    producer.flush(PATIENCE).unwrap();
}

/// Any consumer of a group can show what one shows who is no member.
fn outsider(part: &Part, group: &str) -> ConsumerGroupMetadata {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &part.broker.address).set("group.id", part.name(group));
    let consumer: BaseConsumer = config.create().unwrap();
    consumer.group_metadata().unwrap()
}

fn offsets(topic: &str, next: i64) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Offset(next)).unwrap();
    list
}

fn admin(part: &Part) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", &part.broker.address).create().unwrap()
}

/// A topic of one partition.
fn topic(part: &Part, log: &KafkaLog, name: &str) -> String {
    let topic = part.name(name);
    log.create_topic(&topic, 1).unwrap();
    topic
}

fn output(topic: &str, value: &str) -> Output {
    Output {
        topic: topic.into(),
        partition: 0,
        timestamp_us: 7_000,
        key: "key".into(),
        value: value.to_owned().into(),
    }
}

fn position(topic: &str, next_offset: u64) -> Position {
    Position { topic: topic.into(), partition: 0, next_offset, note: String::new() }
}

fn append(log: &mut KafkaLog, topic: &str, values: &[&str]) {
    let outputs: Vec<Output> = values.iter().map(|value| output(topic, value)).collect();
    log.commit_step(Step::of("none", &[], &outputs, &[])).unwrap();
}

/// Offsets and values of what is committed.
fn read(log: &KafkaLog, topic: &str) -> Vec<(u64, String)> {
    read_from(log, topic, 0)
}

/// The same, from an offset on. One read gives what is at hand, and nothing only at the end; and it may be asked again.
fn read_from(log: &KafkaLog, topic: &str, from: u64) -> Vec<(u64, String)> {
    let mut all: Vec<(u64, String)> = Vec::new();
    loop {
        let from = all.last().map_or(from, |(offset, _)| offset + 1);
        let mut records = Vec::new();
        wait_until("it can be read", || match log.read(topic, 0, from, Most::ALL) {
            Ok(read) => {
                records = read;
                true
            }
            Err(error) => {
                assert!(error.is_retry(), "{error}");
                false
            }
        });
        if records.is_empty() {
            return all;
        }
        all.extend(records.into_iter().map(|r| (r.offset, String::from_utf8(r.value.into()).unwrap())));
    }
}

fn values(log: &KafkaLog, topic: &str) -> Vec<String> {
    read(log, topic).into_iter().map(|(_, value)| value).collect()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    start.elapsed()
}

/// A reader need not know how records were written.
#[test]
fn records_are_read_however_they_were_compressed() {
    let part = part();
    let reader = part.log("reader");
    let topic = topic(&part, &reader, "topic");
    let mut written = Vec::new();
    for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
        let name = format!("{compression:?}");
        let mut log = KafkaLog::connect(Options { compression, ..part.options(&name) }).unwrap();
        // Long enough to be made smaller, where they are.
        let values: Vec<String> =
            (0..100).map(|row| format!("{name} {row} {}", "again ".repeat(50))).collect();
        let outputs: Vec<Output> = values.iter().map(|value| output(&topic, value)).collect();
        log.commit_step(Step::of("none", &[], &outputs, &[])).unwrap();
        written.extend(values);
    }
    assert_eq!(values(&reader, &topic), written);
}

/// `Partition::end`: a marker takes an offset in each partition of its transaction, whether that was
/// committed or aborted; and what was aborted takes its offsets too.
#[test]
fn markers_take_one_offset_each() {
    let part = part();
    let mut log = part.log("log");
    let (one, two) = (topic(&part, &log, "one"), topic(&part, &log, "two"));
    let outputs = [output(&one, "a"), output(&one, "b"), output(&two, "c")];
    log.commit_step(Step::of("none", &[], &outputs, &[])).unwrap();
    assert_eq!((log.end_offset(&one, 0).unwrap(), log.end_offset(&two, 0).unwrap()), (3, 2));
    let other = producer(&part, "other", 10_000);
    other.begin_transaction().unwrap();
    send(&other, &one, "aborted");
    other.abort_transaction(PATIENCE).unwrap();
    wait_until("the abort is marked", || log.end_offset(&one, 0).unwrap() == 5);
    append(&mut log, &one, &["d"]);
    assert_eq!(read(&log, &one), [(0, "a".into()), (1, "b".into()), (5, "d".into())]);
    assert_eq!(log.end_offset(&one, 0).unwrap(), 7);
}

/// `Partition::stable`: a reader sees nothing at or behind an open transaction, also not what others have
/// committed since.
#[test]
fn what_is_committed_ends_at_the_first_open_transaction() {
    let part = part();
    let mut log = part.log("log");
    let topic = topic(&part, &log, "topic");
    append(&mut log, &topic, &["before"]);
    let open = producer(&part, "open", 10_000);
    open.begin_transaction().unwrap();
    send(&open, &topic, "open");
    let outputs = [output(&topic, "behind")];
    log.commit_step(Step::of("none", &[], &outputs, &[])).unwrap();
    let reader = KafkaLog::connect(Options::new(&part.broker.address, None)).unwrap();
    assert_eq!(reader.end_offset(&topic, 0).unwrap(), 2);
    assert_eq!(values(&reader, &topic), ["before"]);
    open.commit_transaction(PATIENCE).unwrap();
    wait_until("the transaction is marked", || values(&reader, &topic) == ["before", "open", "behind"]);
}

/// `Cluster::end_all_of`, by `connect`: a newer connection of a name aborts what an older one left open, and
/// the older one is told that it is fenced.
#[test]
fn a_newer_connection_ends_what_an_older_one_left_open() {
    let part = part();
    let mut log = part.log("log");
    let topic = topic(&part, &log, "topic");
    let old = producer(&part, "name", 60_000);
    old.begin_transaction().unwrap();
    send(&old, &topic, "left open");
    let start = Instant::now();
    let mut newer = part.log("name");
    append(&mut newer, &topic, &["newer"]);
    assert_eq!(values(&newer, &topic), ["newer"]);
    assert!(start.elapsed() < Duration::from_secs(20), "it was not the timeout");
    let Err(KafkaError::Transaction(said)) = old.commit_transaction(PATIENCE) else { panic!("not fenced") };
    assert!(said.is_fatal(), "{said}");
    append(&mut log, &topic, &["other"]);
    assert_eq!(values(&log, &topic), ["newer", "other"]);
}

/// `Cluster::end` of what is not decided: a transaction that is not ended within its time is aborted.
#[test]
fn an_open_transaction_is_aborted_in_time() {
    let part = part();
    let mut log = part.log("log");
    let topic = topic(&part, &log, "topic");
    let reader = KafkaLog::connect(Options::new(&part.broker.address, None)).unwrap();
    // Longer than what lies before its end takes.
    let gone = producer(&part, "gone", 8_000);
    gone.begin_transaction().unwrap();
    send(&gone, &topic, "gone");
    let outputs = [output(&topic, "behind")];
    log.commit_step(Step::of("none", &[], &outputs, &[])).unwrap();
    assert_eq!(reader.end_offset(&topic, 0).unwrap(), 0);
    wait_until("the broker gives it up", || values(&reader, &topic) == ["behind"]);
    assert!(gone.commit_transaction(PATIENCE).is_err(), "it was given up");
    assert_eq!(values(&reader, &topic), ["behind"]);
}

/// `Cluster::is_pending`: a position that an open transaction moves is not told before its end.
#[test]
fn a_position_waits_for_its_transaction() {
    let part = part();
    let mut log = part.log("log");
    let topic = topic(&part, &log, "topic");
    let group = part.name("group");
    let positions = [position(&topic, 3)];
    log.commit_step(Step::of(&group, &positions, &[], &[])).unwrap();
    let open = producer(&part, "open", 30_000);
    open.begin_transaction().unwrap();
    open.send_offsets_to_transaction(&offsets(&topic, 8), &outsider(&part, "group"), PATIENCE).unwrap();
    let asked = log.committed(&group, &topic, 0);
    assert!(asked.as_ref().is_err_and(Error::is_retry), "{asked:?}");
    open.commit_transaction(PATIENCE).unwrap();
    wait_until("the position is told", || log.committed(&group, &topic, 0).is_ok_and(|at| at == Some(8)));
    open.begin_transaction().unwrap();
    open.send_offsets_to_transaction(&offsets(&topic, 9), &outsider(&part, "group"), PATIENCE).unwrap();
    open.abort_transaction(PATIENCE).unwrap();
    wait_until("the abort is marked", || log.committed(&group, &topic, 0).is_ok_and(|at| at == Some(8)));
}

/// `Cluster::end`, which calls it wrong: Kafka itself lets a position go back, and the log must not.
#[test]
fn kafka_would_let_a_position_go_back() {
    let part = part();
    let log = part.log("log");
    let topic = topic(&part, &log, "topic");
    let any = producer(&part, "any", 10_000);
    for next in [8, 3] {
        any.begin_transaction().unwrap();
        any.send_offsets_to_transaction(&offsets(&topic, next), &outsider(&part, "group"), PATIENCE).unwrap();
        any.commit_transaction(PATIENCE).unwrap();
    }
    let group = part.name("group");
    wait_until("it went back", || log.committed(&group, &topic, 0).is_ok_and(|at| at == Some(3)));
}

/// `Cluster::state`: a table waits for open transactions in its changelog, and what was aborted is not in it.
#[test]
fn a_table_waits_for_open_transactions_and_leaves_out_aborted_ones() {
    let part = part();
    let mut log = part.log("log");
    let stage = part.name("stage");
    log.create_state(&stage, 1).unwrap();
    let changelog = format!("{stage}.changelog");
    let change = |value: &str| StateChange {
        table: format!("{stage}/0.keys").into(),
        key: "x".into(),
        value: Some(value.to_owned().into()),
    };
    let state = [change("committed")];
    log.commit_step(Step::of("none", &[], &[], &state)).unwrap();
    let other = producer(&part, "other", 30_000);
    other.begin_transaction().unwrap();
    let record = BaseRecord::<str, str>::to(&changelog).partition(0).key("keys\0x").payload("open");
    other.send(record).unwrap();
    other.flush(PATIENCE).unwrap();
    let table = format!("{stage}/0.keys");
    let asked = log.state(&table);
    assert!(matches!(asked, Err(Error::Pending { .. })), "{asked:?}");
    other.abort_transaction(PATIENCE).unwrap();
    let committed = vec![(b"x".to_vec(), b"committed".to_vec())];
    wait_until("the abort is marked", || log.state(&table).is_ok_and(|rows| rows == committed));
}

/// `Partition::compact`: the last committed record of each key stays, at its offset; what was aborted goes;
/// the table is what it was.
#[test]
fn compaction_keeps_what_a_table_comes_to() {
    let part = part();
    let mut log = part.log("log");
    let (stage, table) = (part.name("stage"), format!("{}/0.keys", part.name("stage")));
    let changelog = format!("{stage}.changelog");
    // A part of the log is compacted when it is closed, here at once.
    let quickly = NewTopic::new(&changelog, 1, TopicReplication::Fixed(-1))
        .set("cleanup.policy", "compact")
        .set("segment.ms", "50")
        .set("min.cleanable.dirty.ratio", "0.001");
    let made = crate::world::block_on(admin(&part).create_topics([&quickly], &AdminOptions::new()));
    made.unwrap()[0].as_ref().unwrap();
    log.create_state(&stage, 1).unwrap();
    let other = producer(&part, "other", 30_000);
    let mut wanted = Vec::new();
    for round in 0..5_u32 {
        let value = |key: u32| !(key + round).is_multiple_of(4);
        let change = |key: u32| StateChange {
            table: table.as_str().into(),
            key: format!("{key}").into(),
            value: value(key).then(|| round.to_string().into()),
        };
        let state: Vec<StateChange> = (0..8).map(change).collect();
        log.commit_step(Step::of("none", &[], &[], &state)).unwrap();
        wanted =
            state.into_iter().filter_map(|change| Some((change.key.into(), change.value?.into()))).collect();
        other.begin_transaction().unwrap();
        let record = BaseRecord::<str, str>::to(&changelog).partition(0).key("keys\0x").payload("aborted");
        other.send(record).unwrap();
        other.flush(PATIENCE).unwrap();
        other.abort_transaction(PATIENCE).unwrap();
        std::thread::sleep(Duration::from_millis(100));
    }
    // The part that is written to now is never compacted: begin another.
    let more = StateChange { table: table.as_str().into(), key: "more".into(), value: Some("more".into()) };
    log.commit_step(Step::of("none", &[], &[], &[more])).unwrap();
    wanted.push((b"more".into(), b"more".into()));
    let mut offsets = Vec::new();
    wait_until("it is compacted", || {
        let reader = part.log("reader");
        // Also while it goes on, and tombstones are there for a while.
        assert_eq!(reader.state(&table).unwrap(), wanted);
        offsets = read(&reader, &changelog).into_iter().map(|(at, _)| at).collect();
        offsets.len() == 9
    });
    // 8 keys of the last round, its marker, two of the abort, one more key.
    let last = *offsets.last().unwrap();
    assert_eq!(offsets, (last - 11..last - 3).chain([last]).collect::<Vec<_>>());
}

/// `Partition::expire`: the start moves, and who asks for less is told where it is now.
#[test]
fn what_expired_is_missed() {
    let part = part();
    let mut log = part.log("log");
    let topic = topic(&part, &log, "topic");
    append(&mut log, &topic, &["0", "1", "2", "3"]);
    assert_eq!(log.read(&topic, 0, 0, Most { records: 1, ..Most::ALL }).unwrap().len(), 1);
    let admin = admin(&part);
    let deleted = admin.delete_records(&offsets(&topic, 3), &AdminOptions::new());
    crate::world::block_on(deleted).unwrap();
    assert_eq!(log.start_offset(&topic, 0).unwrap(), 3);
    for wanted in [0, 2] {
        match log.read(&topic, 0, wanted, Most::ALL) {
            Err(Error::Expired { start: 3, wanted: w, .. }) => assert_eq!(w, wanted),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(values_from(&log, &topic, 3), ["3"]);
    match log.read(&topic, 0, 99, Most::ALL) {
        Ok(records) => assert_eq!(records, [], "behind the end there is nothing"),
        Err(error) => assert!(matches!(error, Error::Shortened { end: 5, wanted: 99, .. }), "{error}"),
    }
}

fn values_from(log: &KafkaLog, topic: &str, from: u64) -> Vec<String> {
    read_from(log, topic, from).into_iter().map(|(_, value)| value).collect()
}

/// `Cluster::commit`: a producer waits for the end of its last transaction before it begins the next.
#[test]
fn commits_may_follow_each_other_at_once() {
    let part = part();
    let mut log = part.log("log");
    let topic = topic(&part, &log, "topic");
    let numbers: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    let start = Instant::now();
    for number in &numbers {
        append(&mut log, &topic, &[number]);
    }
    println!("{:.1} ms a commit", start.elapsed().as_secs_f64() * 1000.0 / 50.0);
    assert_eq!(values(&log, &topic), numbers);
}

/// What a member was given, once it was given `count` partitions.
fn wait_for_partitions(log: &mut KafkaLog, count: usize) -> Vec<u32> {
    let mut owned = std::collections::BTreeSet::new();
    wait_until("the group gives partitions", || {
        for change in log.changes().unwrap() {
            match change {
                Change::Assigned { partition, .. } => owned.insert(partition),
                Change::Revoked { partition, .. } => owned.remove(&partition),
            };
        }
        owned.len() == count
    });
    owned.into_iter().collect()
}

/// `Cluster::is_member`: a commit is judged by the generation in which its records were read. Of an older
/// one it is refused, all of it; and once the member has heard, the same partition goes on.
#[test]
fn a_commit_of_an_older_generation_is_refused() {
    let part = part();
    let mut first = part.log("first");
    let (raw, group) = (part.name("raw"), part.name("group"));
    first.create_topic(&raw, 2).unwrap();
    let outputs = [0, 1].map(|partition| Output { partition, ..output(&raw, "in") });
    first.commit_step(Step::of("none", &[], &outputs, &[])).unwrap();
    let out = topic(&part, &first, "out");
    first.join(&group, &[&raw]).unwrap();
    assert_eq!(wait_for_partitions(&mut first, 2), [0, 1]);
    for partition in [0, 1] {
        assert_eq!(first.read(&raw, partition, 0, Most::ALL).unwrap().len(), 1);
    }
    let mut second = part.log("second");
    second.join(&group, &[&raw]).unwrap();
    // The second gets nothing before the first has given it up, and the first knows nothing yet.
    let outputs = [output(&out, "first")];
    let steps = |partition| [Position { partition, ..position(&raw, 1) }];
    wait_until("the group has begun a generation", || {
        second.changes().unwrap();
        let positions = steps(0);
        let done = first.commit_step(Step::of(&group, &positions, &outputs, &[]));
        // Until then it is still the first's, and the same step may be committed again.
        matches!(done, Err(Error::Aborted { .. }))
    });
    let before = values(&first, &out);
    let mut kept = Vec::new();
    wait_until("both have one", || {
        second.changes().unwrap();
        for change in first.changes().unwrap() {
            if let Change::Revoked { partition, .. } = change {
                kept = vec![1 - partition];
            }
        }
        kept.len() == 1
    });
    assert_eq!(values(&first, &out), before, "of a refused step nothing is there");
    let kept = kept[0];
    let given = wait_for_partitions_while(&mut second, &mut first);
    assert_eq!(given, 1 - kept);
    // What it lost cannot be committed any more; what it has can, once it was read again.
    let positions = steps(given);
    let lost = first.commit_step(Step::of(&group, &positions, &outputs, &[]));
    assert!(matches!(lost, Err(Error::Aborted { .. })), "{lost:?}");
    wait_until("the group is at rest", || {
        first.changes().unwrap();
        second.changes().unwrap();
        first.read(&raw, kept, 0, Most::ALL).unwrap();
        let positions = steps(kept);
        first.commit_step(Step::of(&group, &positions, &outputs, &[])).is_ok()
    });
    second.read(&raw, given, 0, Most::ALL).unwrap();
    let (positions, outputs) = (steps(given), [output(&out, "second")]);
    second.commit_step(Step::of(&group, &positions, &outputs, &[])).unwrap();
    let after = values(&second, &out);
    assert_eq!(after.len(), before.len() + 2, "{after:?}");
}

/// Waits until one member has a partition, while another does what the group wants.
fn wait_for_partitions_while(log: &mut KafkaLog, other: &mut KafkaLog) -> u32 {
    let mut given = None;
    wait_until("the group gives the partition on", || {
        other.changes().unwrap();
        for change in log.changes().unwrap() {
            if let Change::Assigned { partition, .. } = change {
                given = Some(partition);
            }
        }
        given.is_some()
    });
    given.unwrap()
}

/// The same of a member that was silent for too long: its partitions go to another, and then it wakes.
#[test]
fn a_member_that_was_thrown_out_commits_nothing() {
    let part = part();
    let quick = Options { session_timeout_ms: 1_500, silence_timeout_ms: 1_500, ..part.options("zombie") };
    let mut zombie = KafkaLog::connect(quick).unwrap();
    let (raw, out) = (topic(&part, &zombie, "raw"), topic(&part, &zombie, "out"));
    let group = part.name("group");
    append(&mut zombie, &raw, &["in"]);
    zombie.join(&group, &[&raw]).unwrap();
    wait_for_partitions(&mut zombie, 1);
    assert_eq!(zombie.read(&raw, 0, 0, Most::ALL).unwrap().len(), 1);
    let mut heir = part.log("heir");
    heir.join(&group, &[&raw]).unwrap();
    wait_for_partitions(&mut heir, 1);
    let positions = [position(&raw, 1)];
    let outputs = [output(&out, "zombie")];
    let late = zombie.commit_step(Step::of(&group, &positions, &outputs, &[]));
    assert!(matches!(late, Err(Error::Aborted { .. })), "{late:?}");
    heir.changes().unwrap();
    assert_eq!(heir.committed(&group, &raw, 0).unwrap(), None);
    assert_eq!(heir.read(&raw, 0, 0, Most::ALL).unwrap().len(), 1);
    let outputs = [output(&out, "heir")];
    heir.commit_step(Step::of(&group, &positions, &outputs, &[])).unwrap();
    assert_eq!(values(&heir, &out), ["heir"]);
}

/// Why each member gives the name of its instance: in a transaction the group believes who shows neither a
/// member nor a generation, and that is what a client shows that has just been thrown out.
#[test]
fn a_group_believes_who_gives_no_member() {
    let part = part();
    let mut member = part.log("member");
    let raw = topic(&part, &member, "raw");
    let group = part.name("group");
    append(&mut member, &raw, &["in"]);
    member.join(&group, &[&raw]).unwrap();
    wait_for_partitions(&mut member, 1);
    let stranger = producer(&part, "stranger", 10_000);
    stranger.begin_transaction().unwrap();
    stranger.send_offsets_to_transaction(&offsets(&raw, 1), &outsider(&part, "group"), PATIENCE).unwrap();
    stranger.commit_transaction(PATIENCE).unwrap();
    wait_until("the position is told", || member.committed(&group, &raw, 0).is_ok_and(|at| at == Some(1)));
}

/// `Fate::Unsent` and the two unheard ones: a commit into a broker that does not answer is unknown or given
/// up; when it answers again, all of the step is there or nothing, and the next step is committed.
#[test]
fn a_commit_into_silence_is_all_or_nothing() {
    let kafka = Kafka::start().unwrap();
    let part = Part { broker: kafka.broker(), prefix: "silence.".into() };
    let mut log = part.log("log");
    let topic = topic(&part, &log, "topic");
    let group = part.name("group");
    let (mut said, mut wanted) = (Vec::new(), Vec::new());
    for round in 0..2_u64 {
        let before = values(&log, &topic);
        let value = format!("round {round}");
        // Halted before the commit, or as soon as it has begun.
        let halted = std::thread::scope(|scope| {
            let halt = scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(round * 4));
                kafka.pause(true).unwrap();
                std::thread::sleep(Duration::from_secs(7));
                kafka.pause(false).unwrap();
            });
            if round == 0 {
                std::thread::sleep(Duration::from_millis(50));
            }
            let (positions, outputs) = ([position(&topic, round + 1)], [output(&topic, &value)]);
            let state = &[];
            let done = log.commit_step(Step::of(&group, &positions, &outputs, state));
            halt.join().unwrap();
            done
        });
        said.push(format!("{halted:?}"));
        wait_until("the log is well again", || match log.recover() {
            Ok(()) => true,
            Err(error) => {
                assert!(error.is_retry(), "{error}");
                false
            }
        });
        let mut at = None;
        wait_until("the position is told", || log.committed(&group, &topic, 0).map(|told| at = told).is_ok());
        let committed = values(&log, &topic).len() > before.len();
        assert_eq!(committed, at == Some(round + 1), "{said:?}: outputs and position differ");
        if halted.is_ok() {
            assert!(committed);
        }
        wanted.extend(committed.then_some(value));
        let (positions, outputs) = ([position(&topic, round + 1)], [output(&topic, "next")]);
        wait_until("the next step is taken", || {
            log.commit_step(Step::of(&group, &positions, &outputs, &[])).is_ok()
        });
        wanted.push("next".to_owned());
        assert_eq!(values(&log, &topic), wanted, "{said:?}");
    }
    println!("{said:?}");
}

/// A broker that crashes and comes back has all that it has answered for, and the same connection goes on.
#[test]
fn a_broker_that_was_killed_has_what_was_committed() {
    let mut kafka = Kafka::start().unwrap();
    let part = Part { broker: kafka.broker(), prefix: "killed.".into() };
    let mut log = part.log("log");
    let topic = topic(&part, &log, "topic");
    append(&mut log, &topic, &["before"]);
    assert_eq!(values(&log, &topic), ["before"]);
    kafka.kill();
    kafka.resume().unwrap();
    let outputs = [output(&topic, "after")];
    wait_until("the broker is there again", || {
        match log.commit_step(Step::of("none", &[], &outputs, &[])) {
            Ok(()) => true,
            Err(error) => {
                assert!(error.is_retry(), "{error}");
                // As a worker does after a commit of unknown outcome.
                let _ = log.recover();
                values(&log, &topic).len() > 1
            }
        }
    });
    wait_until("it can be read", || log.read(&topic, 0, 0, Most::ALL).is_ok_and(|all| all.len() == 2));
    assert_eq!(values(&log, &topic), ["before", "after"]);
}

/// A topic that exists with a setting under which records would be lost is refused, with the difference.
#[test]
fn a_topic_that_is_kept_otherwise_is_refused() {
    let part = part();
    let log = part.log("log");
    let stage = part.name("stage");
    log.create_state(&stage, 1).unwrap();
    log.create_state(&stage, 1).unwrap();
    let said = log.create_topic(&format!("{stage}.changelog"), 1).unwrap_err().to_string();
    assert!(said.starts_with("VG3011") && said.contains("cleanup.policy = compact"), "{said}");
}

/// With which a transaction is ended once more in a partition: by whoever reads, it is passed over.
#[test]
fn fillers_are_given_to_nobody() {
    let part = part();
    let mut log = part.log("log");
    let topic = topic(&part, &log, "fillers");
    let (stage, table) = (part.name("filled"), format!("{}/0.keys", part.name("filled")));
    log.create_state(&stage, 1).unwrap();
    let bytes = Bytes::copy_from_slice;
    let change =
        |key: &[u8]| StateChange { table: table.as_str().into(), key: bytes(key), value: Some(bytes(key)) };
    let step = |value: &str| Step::of("none", &[], &[output(&topic, value)], &[change(value.as_bytes())]);
    log.commit_step(step("a")).unwrap();
    let other = producer(&part, "other", 10_000);
    other.begin_transaction().unwrap();
    for topic in [&topic, &format!("{stage}.changelog")] {
        let filler = BaseRecord::<[u8], [u8]>::to(topic).partition(0).key(b"\0vigie.filler");
        other.send(filler).map_err(|(error, _)| error).unwrap();
    }
    other.commit_transaction(PATIENCE).unwrap();
    log.commit_step(step("b")).unwrap();
    // From what is read ahead, and by a look of its own behind the last record.
    for reader in [part.log("reader"), log] {
        let all = read(&reader, &topic);
        assert_eq!(values(&reader, &topic), ["a", "b"]);
        assert_eq!(values_from(&reader, &topic, all[0].0 + 1), ["b"]);
        let state = reader.state(&table).unwrap();
        assert_eq!(state, [(b"a".to_vec(), b"a".to_vec()), (b"b".to_vec(), b"b".to_vec())]);
    }
}
