//! What every log does alike, as tests: `log_suite::suite!(world)` makes them of a way to connect.
//!
//! Knows nothing of any real log.

// These are tests, although the compiler cannot see it.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use log::{Bytes, Error, KeyValue, Log, Most, Output, Place, Position, Record, StateChange, Step};

/// An empty log.
pub trait World {
    /// A connection; one of the same name as an older one takes its place.
    fn connect(&self, name: &str) -> Box<dyn Log>;
}

/// Makes a test of each of the functions below; the argument makes a [`World`].
#[macro_export]
macro_rules! suite {
    ($world:expr) => {
        $crate::suite! {
            $world;
            a_step_is_there_for_a_new_connection,
            of_a_step_that_fails_nothing_is_there,
            steps_are_committed_together,
            what_was_only_appended_is_given_up,
            two_connections_append_one_behind_the_other,
            a_read_is_bounded_but_gets_on,
            a_reader_gets_everything_once_and_then_nothing,
            a_reader_may_go_back,
            a_topic_keeps_its_partitions,
            a_topic_of_others_may_have_more_partitions,
            groups_come_as_far_as_they_have_committed,
            a_group_does_not_go_back,
            who_was_replaced_commits_nothing,
            tables_are_apart,
            a_table_has_the_last_value_of_each_key,
            bytes_are_kept_as_they_are,
            state_comes_in_slices,
            state_goes_on_from_a_place,
        }
    };
    ($world:expr; $($name:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                $crate::$name(&$world);
            }
        )+
    };
}

const ALL: usize = usize::MAX;

fn raw(world: &dyn World) -> Box<dyn Log> {
    let log = world.connect("first");
    log.create_topic("raw", 2).unwrap();
    log.create_topic("events", 1).unwrap();
    log.create_state("state", 1).unwrap();
    log.create_state("stage", 2).unwrap();
    log
}

fn output(topic: &str, partition: u32, value: &str) -> Output {
    Output {
        topic: topic.into(),
        partition,
        timestamp_us: 7_000,
        key: b"key".to_vec().into(),
        value: value.to_owned().into(),
    }
}

fn position(partition: u32, next_offset: u64) -> Position {
    Position { topic: "raw".into(), partition, next_offset, note: format!("at {next_offset}") }
}

fn change(table: &str, key: &str, value: Option<&str>) -> StateChange {
    let bytes = |text: &str| Bytes::from(text.to_owned());
    StateChange { table: table.into(), key: bytes(key), value: value.map(bytes) }
}

fn step(positions: &[Position], outputs: &[Output], state: &[StateChange]) -> Step {
    Step::of("group", positions, outputs, state)
}

fn values(records: &[Record]) -> Vec<String> {
    records.iter().map(|r| String::from_utf8(r.value.to_vec()).unwrap()).collect()
}

/// Asks again what depends on a transaction that is about to end.
fn patiently<T>(mut ask: impl FnMut() -> Result<T, Error>) -> T {
    for _ in 0..1000 {
        match ask() {
            Err(Error::Pending { .. } | Error::Away { .. }) => {
                std::thread::sleep(std::time::Duration::from_millis(10))
            }
            result => return result.unwrap(),
        }
    }
    panic!("a transaction has not ended for 10 s");
}

type Contents = (Vec<Record>, Option<Position>, Vec<KeyValue>);

/// All records of a partition; one read may give fewer.
fn everything(log: &dyn Log, topic: &str, partition: u32) -> Vec<Record> {
    let mut all: Vec<Record> = Vec::new();
    loop {
        let from = all.last().map_or(0, |last| last.offset + 1);
        let records = patiently(|| log.read(topic, partition, from, Most::ALL));
        if records.is_empty() {
            return all;
        }
        all.extend(records);
    }
}

/// All that a step could have changed.
fn contents(log: &dyn Log) -> Contents {
    let records = everything(log, "events", 0);
    let position = patiently(|| log.position("group", "raw", 0));
    (records, position, patiently(|| log.state("state")))
}

/// Outputs, positions and state of a step are there together, also for who comes later.
pub fn a_step_is_there_for_a_new_connection(world: &dyn World) {
    let mut log = raw(world);
    let outputs = [output("events", 0, "a"), output("events", 0, "b"), output("raw", 1, "c")];
    let state =
        [change("state", "x", Some("1")), change("state", "y", Some("2")), change("state", "x", None)];
    log.commit_step(step(&[position(0, 3)], &outputs, &state)).unwrap();
    let before = contents(&*log);
    drop(log);
    let log = world.connect("second");
    assert_eq!(contents(&*log), before);
    let (records, position, state) = before;
    assert_eq!((values(&records), position), (vec!["a".into(), "b".into()], Some(self::position(0, 3))));
    assert!(records.iter().all(|r| r.timestamp_us == 7_000 && r.key == "key"));
    assert_eq!(state, [(b"y".to_vec(), b"2".to_vec())]);
    assert_eq!(values(&everything(&*log, "raw", 1)), ["c"]);
    assert_eq!(log.read("raw", 0, 0, Most::ALL).unwrap(), []);
}

/// Steps of several groups come to the log at once, and before the commit nobody sees any of them.
pub fn steps_are_committed_together(world: &dyn World) {
    let mut log = raw(world);
    let other = world.connect("second");
    let nothing = contents(&*log);
    let step_of = |group, partition, next, value| {
        let table = format!("stage/{partition}.table");
        let positions = [position(partition, next)];
        Step::of(group, &positions, &[output("events", 0, value)], &[change(&table, "key", Some(value))])
    };
    log.append(step_of("group", 0, 2, "a")).unwrap();
    log.append(step_of("other", 1, 3, "b")).unwrap();
    log.append(step_of("group", 0, 5, "c")).unwrap();
    assert_eq!(values(&other.read("events", 0, 0, Most::ALL).unwrap()), Vec::<String>::new());
    log.commit().unwrap();
    log.commit().unwrap();
    let (records, position, _) = contents(&*log);
    let wanted = (vec!["a".into(), "b".into(), "c".into()], Some(self::position(0, 5)));
    assert_eq!((values(&records), position), wanted);
    assert_eq!(patiently(|| log.committed("other", "raw", 1)), Some(3));
    for (partition, value) in [(0, "c"), (1, "b")] {
        let table = patiently(|| log.state(&format!("stage/{partition}.table")));
        assert_eq!(table, [(b"key".to_vec(), value.into())]);
    }
    assert_ne!(nothing.0, records);
}

/// Who appends and recovers has done nothing, and so has who is refused in the middle.
pub fn what_was_only_appended_is_given_up(world: &dyn World) {
    let mut log = raw(world);
    let before = contents(&*log);
    log.append(step(&[position(0, 2)], &[output("events", 0, "a")], &[change("state", "x", Some("1"))]))
        .unwrap();
    log.recover().unwrap();
    assert_eq!(contents(&*log), before);
    log.append(step(&[position(0, 2)], &[output("events", 0, "b")], &[change("state", "x", Some("2"))]))
        .unwrap();
    let refused = log.append(step(&[], &[output("nowhere", 0, "c")], &[])).and_then(|()| log.commit());
    assert!(matches!(refused, Err(Error::NoTopic { .. })), "{refused:?}");
    assert_eq!(contents(&*log), before);
    log.commit_step(step(&[position(0, 1)], &[output("events", 0, "d")], &[])).unwrap();
    let (records, position, state) = contents(&*log);
    let wanted = (vec!["d".into()], Some(self::position(0, 1)), Vec::new());
    assert_eq!((values(&records), position, state), wanted);
}

/// A step that the log refuses leaves no trace, and the next one is taken.
pub fn of_a_step_that_fails_nothing_is_there(world: &dyn World) {
    let mut log = raw(world);
    let (outputs, state) = ([output("events", 0, "a")], [change("state", "x", Some("1"))]);
    log.commit_step(step(&[position(0, 3)], &outputs, &state)).unwrap();
    let before = contents(&*log);
    let state = [change("state", "x", Some("2"))];
    for (next, last, error) in [
        (4, output("nowhere", 0, "b"), "VG3004"),
        (4, output("raw", 2, "b"), "VG3004"),
        // Another process has read further.
        (2, output("raw", 0, "b"), "VG3003"),
    ] {
        let outputs = [output("events", 0, "b"), last];
        let said = log.commit_step(step(&[position(0, next)], &outputs, &state)).unwrap_err().to_string();
        assert!(said.starts_with(error), "{said}");
        assert_eq!(contents(&*log), before);
    }
    log.commit_step(step(&[position(0, 4)], &[output("events", 0, "b")], &state)).unwrap();
    let (records, position, state) = contents(&*log);
    assert_eq!((values(&records), position), (vec!["a".into(), "b".into()], Some(self::position(0, 4))));
    assert_eq!(state, [(b"x".to_vec(), b"2".to_vec())]);
}

/// Records lie in the order of the commits, whoever made them.
pub fn two_connections_append_one_behind_the_other(world: &dyn World) {
    let mut first = raw(world);
    let mut second = world.connect("second");
    for number in 0..10 {
        let outputs = [output("events", 0, &number.to_string())];
        let log = if number % 2 == 0 { &mut first } else { &mut second };
        log.commit_step(step(&[], &outputs, &[])).unwrap();
    }
    let records = everything(&*second, "events", 0);
    assert_eq!(values(&records), (0..10).map(|n: i32| n.to_string()).collect::<Vec<_>>());
    assert!(records.is_sorted_by(|a, b| a.offset < b.offset));
}

/// Neither more records nor more bytes than were asked for, but one at least.
pub fn a_read_is_bounded_but_gets_on(world: &dyn World) {
    let mut log = raw(world);
    let outputs: Vec<Output> = (0..5).map(|n| output("events", 0, &format!("{n}123456789"))).collect();
    log.commit_step(step(&[], &outputs, &[])).unwrap();
    let read = |from, records, bytes| log.read("events", 0, from, Most { records, bytes }).unwrap().len();
    assert_eq!(read(0, 3, ALL), 3);
    assert_eq!(read(0, ALL, 26), 2, "13 bytes each");
    assert_eq!(read(0, ALL, 1), 1, "one that is larger than the bound comes alone");
    let all = everything(&*log, "events", 0);
    let [_, _, _, fourth, last] = all.as_slice() else { panic!("{} records", all.len()) };
    assert_eq!((read(last.offset, 9, ALL), read(last.offset + 1, 9, ALL)), (1, 0));
    assert_eq!(read(fourth.offset, 1, ALL), 1);
}

/// Who asks on behind the last record gets every record once, over commits of all sizes; and nothing only
/// where there is nothing, however the log fills the offsets in between.
pub fn a_reader_gets_everything_once_and_then_nothing(world: &dyn World) {
    let mut log = raw(world);
    let (mut written, mut read, mut from) = (Vec::new(), Vec::new(), 0);
    for round in 0..8 {
        let new: Vec<String> = (0..=round * 3).map(|n| format!("{round}.{n}")).collect();
        let outputs: Vec<Output> = new.iter().map(|value| output("events", 0, value)).collect();
        log.commit_step(step(&[], &outputs, &[])).unwrap();
        written.extend(new);
        loop {
            let records = log.read("events", 0, from, Most { records: 4, bytes: ALL }).unwrap();
            let Some(last) = records.last() else { break };
            from = last.offset + 1;
            read.extend(values(&records));
        }
        assert_eq!(read, written, "after commit {round}");
        assert!(log.end_offset("events", 0).unwrap() >= from);
    }
}

/// Records may be read again from any offset.
pub fn a_reader_may_go_back(world: &dyn World) {
    let mut log = raw(world);
    let outputs: Vec<Output> = (0..50).map(|n| output("events", 0, &n.to_string())).collect();
    log.commit_step(step(&[], &outputs, &[])).unwrap();
    let all = everything(&*log, "events", 0);
    assert_eq!(all.len(), 50);
    for back in [40, 0, 49, 7] {
        let from = all.get(back).unwrap().offset;
        assert_eq!(log.read("events", 0, from, Most::ALL).unwrap(), all.get(back..).unwrap());
    }
}

/// A topic that exists is what was asked for, or refused.
pub fn a_topic_keeps_its_partitions(world: &dyn World) {
    let log = raw(world);
    log.create_topic("raw", 2).unwrap();
    assert!(log.create_topic("raw", 3).unwrap_err().to_string().starts_with("VG3002"));
    let topics = log.topics().unwrap();
    for topic in [("events".to_owned(), 1), ("raw".to_owned(), 2)] {
        assert!(topics.contains(&topic), "{topic:?} is not among {topics:?}");
    }
    assert_eq!(log.partitions("raw").unwrap(), Some(2));
    assert_eq!(log.partitions("nowhere").unwrap(), None);
}

/// Others may have added partitions to a topic that they write: that is no difference.
pub fn a_topic_of_others_may_have_more_partitions(world: &dyn World) {
    let log = raw(world);
    assert_eq!((log.open_topic("raw", 1).unwrap(), log.open_topic("raw", 2).unwrap()), (2, 2));
    assert_eq!(log.open_topic("others", 3).unwrap(), 3);
    assert_eq!(log.partitions("others").unwrap(), Some(3));
}

/// Positions belong to a group, a topic and a partition, and their notes go with them.
pub fn groups_come_as_far_as_they_have_committed(world: &dyn World) {
    let mut log = raw(world);
    let silent = Position { note: String::new(), ..position(1, 2) };
    log.commit_step(step(&[position(0, 2), silent.clone()], &[], &[])).unwrap();
    assert_eq!(patiently(|| log.position("group", "raw", 0)), Some(position(0, 2)));
    assert_eq!(patiently(|| log.position("group", "raw", 1)), Some(silent));
    log.commit_step(step(&[position(0, 3), position(1, 5)], &[], &[])).unwrap();
    log.commit_step(Step::of("other", &[position(0, 1)], &[], &[])).unwrap();
    let at = |group: &str, topic: &str, partition| patiently(|| log.committed(group, topic, partition));
    assert_eq!((at("group", "raw", 0), at("group", "raw", 1)), (Some(3), Some(5)));
    assert_eq!((at("other", "raw", 0), at("other", "raw", 1)), (Some(1), None));
    assert_eq!((at("group", "events", 0), at("nobody", "raw", 0)), (None, None));
}

/// A position moves forward only, and may stay.
pub fn a_group_does_not_go_back(world: &dyn World) {
    let mut log = raw(world);
    log.commit_step(step(&[position(0, 3)], &[], &[])).unwrap();
    log.commit_step(step(&[position(0, 3)], &[output("events", 0, "a")], &[])).unwrap();
    let back = log.commit_step(step(&[position(1, 9), position(0, 2)], &[output("events", 0, "b")], &[]));
    assert!(matches!(back, Err(Error::Backwards { .. })), "{back:?}");
    assert_eq!(values(&contents(&*log).0), ["a"]);
    assert_eq!(patiently(|| log.committed("group", "raw", 1)), None);
}

/// A connection whose place was taken, and who does not know it, changes nothing.
pub fn who_was_replaced_commits_nothing(world: &dyn World) {
    let mut zombie = raw(world);
    zombie.commit_step(step(&[position(0, 1)], &[output("events", 0, "a")], &[])).unwrap();
    let mut newer = world.connect("first");
    newer.commit_step(step(&[position(0, 3)], &[output("events", 0, "b")], &[])).unwrap();
    let before = contents(&*newer);
    let (outputs, state) = ([output("events", 0, "zombie")], [change("state", "x", Some("zombie"))]);
    let refused = zombie.commit_step(step(&[position(0, 2)], &outputs, &state));
    assert!(matches!(refused, Err(Error::Backwards { .. } | Error::Fenced)), "{refused:?}");
    assert_eq!(contents(&*newer), before);
    newer.commit_step(step(&[position(0, 4)], &[output("events", 0, "c")], &[])).unwrap();
    assert_eq!(values(&contents(&*newer).0), ["a", "b", "c"]);
}

/// The same key in two tables is two keys, and a table that nobody wrote is empty.
pub fn tables_are_apart(world: &dyn World) {
    let mut log = raw(world);
    let names = ["state", "stage/0.keys", "stage/0.held", "stage/1.keys"];
    let changes: Vec<StateChange> = names.iter().map(|name| change(name, "x", Some(name))).collect();
    log.commit_step(step(&[], &[], &changes)).unwrap();
    for name in names {
        let found = patiently(|| log.state(name));
        assert_eq!(found, [(b"x".to_vec(), name.as_bytes().to_vec())]);
    }
    for name in ["stage/1.held", "nobody", "nobody/0.keys"] {
        assert_eq!(patiently(|| log.state(name)), []);
    }
}

/// Over many steps, each key has its last value, in the order of the keys.
pub fn a_table_has_the_last_value_of_each_key(world: &dyn World) {
    let mut log = raw(world);
    for round in 0..6_u32 {
        let changes: Vec<StateChange> = (0..20_u32)
            .map(|key| {
                let gone = (key + round) % 5 == 0;
                change("state", &format!("{key:02}"), (!gone).then_some(&*round.to_string()))
            })
            .collect();
        log.commit_step(step(&[], &[], &changes)).unwrap();
    }
    let wanted = (0..20_u32).filter(|key| (key + 5) % 5 != 0);
    let wanted: Vec<KeyValue> = wanted.map(|key| (format!("{key:02}").into(), b"5".to_vec())).collect();
    assert_eq!(patiently(|| log.state("state")), wanted);
}

/// Empty, binary and large: nothing is changed, and an empty value is not none.
pub fn bytes_are_kept_as_they_are(world: &dyn World) {
    let mut log = raw(world);
    let all: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = all.iter().copied().cycle().take(3 << 20).collect();
    let pairs = [(vec![], vec![]), (all.clone(), all.clone()), (vec![0], vec![]), (b"k".to_vec(), large)];
    let outputs: Vec<Output> = pairs
        .iter()
        .map(|(key, value)| Output {
            key: key.clone().into(),
            value: value.clone().into(),
            ..output("events", 0, "")
        })
        .collect();
    let changes: Vec<StateChange> = pairs
        .iter()
        .map(|(key, value)| StateChange {
            table: "state".into(),
            key: key.clone().into(),
            value: Some(value.clone().into()),
        })
        .collect();
    log.commit_step(step(&[], &outputs, &changes)).unwrap();
    let records = everything(&*log, "events", 0);
    let read: Vec<KeyValue> =
        records.into_iter().map(|record| (record.key.to_vec(), record.value.to_vec())).collect();
    assert!(read == pairs, "records differ");
    let mut sorted = pairs.to_vec();
    sorted.sort();
    assert!(patiently(|| log.state("state")) == sorted, "the table differs");
}

type Tables = BTreeMap<String, BTreeMap<Vec<u8>, Vec<u8>>>;

/// Reads the rest of a partition's state from a place into what is known: where it ended, and in how many
/// slices.
fn go_on(
    log: &dyn Log,
    partition: u32,
    from: Place,
    most_bytes: usize,
    tables: &mut Tables,
) -> (Place, usize) {
    let (mut from, mut slices) = (from, 0);
    loop {
        let slice = patiently(|| log.state_from("stage", partition, &from, most_bytes)).unwrap();
        slices += 1;
        let bytes = |change: &StateChange| change.key.len() + change.value.as_ref().map_or(0, Bytes::len);
        let all: usize = slice.changes.iter().map(bytes).sum();
        let last = slice.changes.last().map_or(0, bytes);
        // A record on Kafka has the table's name too, so there it may be less.
        assert!(slice.changes.len() < 2 || all - last <= most_bytes, "{all} bytes in a slice");
        for StateChange { table, key, value } in slice.changes {
            let table = tables.entry(table.to_string()).or_default();
            match value {
                Some(value) => table.insert(key.into(), value.into()),
                None => table.remove(&*key),
            };
        }
        if slice.done {
            tables.retain(|_, rows| !rows.is_empty());
            return (slice.next, slices);
        }
        assert_ne!(slice.next, from, "it gets on");
        from = slice.next;
    }
}

/// Whatever the size of the slices, they come to all tables of one partition, and to nothing else.
pub fn state_comes_in_slices(world: &dyn World) {
    let mut log = raw(world);
    let mut wanted = Tables::new();
    for round in 0..4_u8 {
        let mut changes = Vec::new();
        for table in ["stage/0.held", "stage/0.keys", "stage/1.keys", "stage"] {
            // The empty key, keys with zero bytes, and each the beginning of the next.
            for length in 0..20_u8 {
                let key = vec![0; length.into()];
                let value = ((length + round) % 5 > 0).then(|| vec![round; 10]);
                if table != "stage/1.keys" {
                    let rows = wanted.entry(table.into()).or_default();
                    match &value {
                        Some(value) => rows.insert(key.clone(), value.clone()),
                        None => rows.remove(&key),
                    };
                }
                let (key, value) = (key.into(), value.map(Vec::into));
                changes.push(StateChange { table: table.into(), key, value });
            }
        }
        log.commit_step(step(&[], &[], &changes)).unwrap();
    }
    for (most_bytes, at_least) in [(1, 48), (100, 9), (ALL, 1)] {
        let mut found = Tables::new();
        let (_, slices) = go_on(&*log, 0, Place::new(), most_bytes, &mut found);
        assert!(found == wanted, "slices of {most_bytes} bytes: {found:?}");
        assert!(slices >= at_least, "{slices} slices of {most_bytes} bytes");
    }
    let mut found = Tables::new();
    go_on(&*log, 1, Place::new(), 30, &mut found);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["stage/1.keys"]);
    assert!(patiently(|| log.state_from("nobody", 0, &Place::new(), 1)).unwrap().done);
}

/// From a place that a log keeps, what came after it comes again, for a new connection too.
pub fn state_goes_on_from_a_place(world: &dyn World) {
    let mut log = raw(world);
    let keys = |range: std::ops::Range<u32>, value: Option<&str>| -> Vec<StateChange> {
        range.map(|key| change("stage/0.keys", &key.to_string(), value)).collect()
    };
    log.commit_step(step(&[], &[], &keys(0..50, Some("old")))).unwrap();
    let mut tables = Tables::new();
    let (end, _) = go_on(&*log, 0, Place::new(), 100, &mut tables);
    let Some(place) = log.state_end("stage", 0).unwrap() else { return };
    log.commit_step(step(&[], &[], &[keys(40..45, None), keys(48..52, Some("new"))].concat())).unwrap();
    drop(log);
    let log = world.connect("second");
    let mut wanted = Tables::new();
    go_on(&*log, 0, Place::new(), ALL, &mut wanted);
    for from in [place, end] {
        let slice = patiently(|| log.state_from("stage", 0, &from, ALL)).unwrap();
        assert_eq!(slice.changes.len(), 9, "only what came after");
        let mut found = tables.clone();
        go_on(&*log, 0, from, 1, &mut found);
        assert!(found == wanted, "{found:?}");
    }
    // What is no place, or of a log that was longer.
    for wrong in [vec![7], [u64::MAX / 2; 3].iter().flat_map(|number| number.to_be_bytes()).collect()] {
        assert_eq!(patiently(|| log.state_from("stage", 0, &wrong, ALL)), None);
    }
}
