//! Deliveries on an embedded log, to a store that does as it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use event::{Field, Kind};
use log_embedded::EmbeddedLog;

use super::*;

const MOST: Most = Most { records: 10, bytes: 1 << 20 };
/// Longer than any pause.
const LATER_US: i64 = 60_000_000;

/// What the store has, and what it is to fail with.
#[derive(Default)]
struct Held {
    rows: Vec<String>,
    /// Of each write its partitions.
    together: Vec<Vec<u32>>,
    cursors: BTreeMap<u32, u64>,
    fails: Option<StoreError>,
    opened: u32,
    /// Whether rows are on their way until they are asked for.
    is_slow: bool,
    begun: Vec<Vec<(RecordBatch, u32, u64)>>,
}

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Held>>, Arc<Mutex<BTreeMap<u32, u64>>>);

impl Store for Told {
    fn open(&mut self, _: &[Table]) -> Result<(), StoreError> {
        self.0.lock().unwrap().opened += 1;
        Ok(())
    }

    fn cursor(&mut self, _: &str, partition: u32) -> Result<Option<u64>, StoreError> {
        Ok(self.0.lock().unwrap().cursors.get(&partition).copied())
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<Vec<Reject>, StoreError> {
        use arrow::array::AsArray as _;
        let mut held = self.0.lock().unwrap();
        if let Some(error) = held.fails.take() {
            return Err(error);
        }
        let ids = batch.rows.column_by_name("id").unwrap().as_string::<i32>();
        let (mut rejects, refused) = (Vec::new(), |id: &str| id.starts_with("refused"));
        for (row, id) in ids.iter().flatten().enumerate() {
            if refused(id) {
                rejects.push(Reject { row, kind: "unfit".into(), message: format!("{id} is unfit") });
            } else {
                held.rows.push(id.into());
            }
        }
        self.1.lock().unwrap().insert(batch.partition, batch.next_offset);
        Ok(rejects)
    }

    fn begin(&mut self, batches: &[Batch<'_>]) -> Result<Begun, StoreError> {
        let partitions = batches.iter().map(|batch| batch.partition).collect();
        self.0.lock().unwrap().together.push(partitions);
        if !self.0.lock().unwrap().is_slow {
            return batches.iter().map(|batch| self.write(batch)).collect::<Result<_, _>>().map(Begun::Done);
        }
        let kept = |batch: &Batch<'_>| (batch.rows.clone(), batch.partition, batch.next_offset);
        self.0.lock().unwrap().begun.push(batches.iter().map(kept).collect());
        Ok(Begun::OnTheirWay)
    }

    fn settle(&mut self) -> Result<Vec<Vec<Reject>>, StoreError> {
        let begun = self.0.lock().unwrap().begun.remove(0);
        let write = |(rows, partition, next_offset): &(RecordBatch, u32, u64)| {
            self.write(&Batch {
                topic: "events",
                partition: *partition,
                from: 0,
                next_offset: *next_offset,
                rows,
                revisions_us: &[],
                offsets: &[],
            })
        };
        begun.iter().map(write).collect()
    }

    fn flush(&mut self, _: bool) -> Result<(), StoreError> {
        let moved = std::mem::take(&mut *self.1.lock().unwrap());
        self.0.lock().unwrap().cursors.extend(moved);
        Ok(())
    }

    fn forget(&mut self) {
        self.0.lock().unwrap().begun.clear();
        self.1.lock().unwrap().clear();
    }

    fn rewind(&mut self, _: &str, partition: u32, next_offset: u64) -> Result<(), StoreError> {
        self.0.lock().unwrap().cursors.insert(partition, next_offset);
        Ok(())
    }
}

struct World {
    log: EmbeddedLog,
    store: Told,
    delivery: Delivery<Told>,
    _folder: tempfile::TempDir,
}

fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(&folder.path().join("log.db")).unwrap();
    log.create_topic("events", 1).unwrap();
    log.create_topic("letters", 1).unwrap();
    let store = Told::default();
    let letter = |refused: &Refused<'_>| vec![output("letters", refused.record.offset, &refused.reject.kind)];
    let rules = Rules { name: "told".into(), skips: |_| false, letter: Box::new(letter) };
    let mut delivery = Delivery::new(store.clone(), vec![("events".into(), 1, schema())], rules).unwrap();
    delivery.assign_all();
    World { log, store, delivery, _folder: folder }
}

fn schema() -> Schema {
    let field = |(name, kind): (&str, Kind)| Field {
        name: name.into(),
        kind,
        required: true,
        labels: Default::default(),
    };
    Schema { fields: [("id", Kind::Utf8), ("revision_us", Kind::Int64)].map(field).to_vec() }
}

fn output(topic: &str, number: u64, value: &str) -> Output {
    let (key, value) = (number.to_string().into(), value.to_owned().into());
    Output { topic: topic.into(), partition: 0, timestamp_us: 1, key, value }
}

impl World {
    fn append(&mut self, ids: &[&str]) {
        let row = |(number, id): (usize, &&str)| {
            output("events", number as u64, &format!("{{\"id\":\"{id}\",\"revision_us\":1}}"))
        };
        let outputs: Vec<Output> = ids.iter().enumerate().map(row).collect();
        self.log.commit_step(Step::of("test", &[], &outputs, &[])).unwrap();
    }

    fn deliver(&mut self, now_us: i64) -> Result<bool, Error> {
        self.delivery.deliver(&mut self.log, MOST, now_us)
    }

    fn rows(&self) -> Vec<String> {
        self.store.0.lock().unwrap().rows.clone()
    }
}

#[test]
fn what_is_refused_is_a_dead_letter_before_the_cursor_moves_and_the_rest_is_there() {
    let mut world = world();
    world.append(&["a", "refused", "b"]);
    assert!(world.deliver(0).unwrap());
    assert!(!world.deliver(1).unwrap());
    assert_eq!(
        (world.rows(), world.delivery.delivered(), world.delivery.refused()),
        (vec!["a".into(), "b".into()], 2, 1)
    );
    let letters = world.log.read("letters", 0, 0, MOST).unwrap();
    assert_eq!((letters.len(), &letters[0].value[..]), (1, &b"unfit"[..]));
}

#[test]
fn a_store_that_is_away_is_left_alone_and_then_given_everything() {
    let mut world = world();
    world.append(&["a"]);
    world.store.0.lock().unwrap().fails = Some(StoreError::Away("gone".into()));
    assert!(!world.deliver(0).unwrap());
    assert!(world.delivery.circuit().is_open() && !world.delivery.is_broken());
    assert!(world.delivery.failure().unwrap().starts_with("VG4010"));
    assert!(!world.deliver(1).unwrap() && world.rows().is_empty(), "it was asked during its pause");
    assert!(world.deliver(LATER_US).unwrap());
    assert_eq!((world.rows(), world.delivery.failure()), (vec!["a".to_owned()], None));
    assert_eq!(world.store.0.lock().unwrap().opened, 1);
}

#[test]
fn a_store_that_somebody_must_mend_says_so_and_is_opened_anew() {
    let mut world = world();
    world.append(&["a"]);
    world.store.0.lock().unwrap().fails = Some(StoreError::Refused("who are you".into()));
    assert!(matches!(world.deliver(0), Err(Error::Store(StoreError::Refused(_)))));
    assert!(world.delivery.is_broken() && !world.deliver(1_000_000).unwrap());
    assert!(world.deliver(LATER_US).unwrap());
    assert!(!world.delivery.is_broken());
    assert_eq!(world.store.0.lock().unwrap().opened, 2);
}

#[test]
fn a_store_that_takes_less_at_once_is_given_less() {
    let mut world = world();
    world.append(&["a", "b", "c", "d", "e", "f", "g", "h"]);
    let mut asked = 0;
    while world.rows().is_empty() {
        if asked < 2 {
            world.store.0.lock().unwrap().fails = Some(StoreError::TooMuch("less".into()));
        }
        asked += 1;
        world.deliver(asked * LATER_US).unwrap();
    }
    // 10, 5, 2.
    assert_eq!(world.rows(), ["a", "b"]);
}

#[test]
fn a_store_that_has_failed_is_tried_with_little() {
    let mut world = world();
    let ids: Vec<String> = (0..800).map(|number| format!("id-{number}")).collect();
    world.append(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    world.store.0.lock().unwrap().fails = Some(StoreError::Away("it is being started".into()));
    let turn = |world: &mut World, now_us| {
        world.delivery.deliver(&mut world.log, Most::ALL, now_us).unwrap();
        world.rows().len()
    };
    assert_eq!([turn(&mut world, 0), turn(&mut world, LATER_US), turn(&mut world, LATER_US)], [0, 256, 768]);
}

#[test]
fn a_cursor_of_another_log_is_told_and_delivers_nothing() {
    let mut world = world();
    world.append(&["a"]);
    world.store.0.lock().unwrap().cursors.insert(0, 7);
    assert!(!world.deliver(0).unwrap());
    let said = world.delivery.failure().unwrap().to_owned();
    assert!(said.starts_with("VG4017") && said.contains("cursor 7") && said.contains("end 1"), "{said}");
    world.store.clone().rewind("events", 0, 0).unwrap();
    world.delivery.renew();
    assert!(world.deliver(1).unwrap());
    assert_eq!(world.rows(), ["a"]);
}

#[test]
fn a_partition_that_is_given_away_is_not_delivered() {
    let mut world = world();
    world.append(&["a"]);
    world.delivery.revoke("events", 0);
    assert!(!world.deliver(0).unwrap() && world.rows().is_empty());
    world.delivery.assign("events", 0);
    assert!(world.deliver(1).unwrap());
    assert_eq!(world.rows(), ["a"]);
}

#[test]
fn partitions_go_together_up_to_what_one_turn_may_take() {
    let mut world = world();
    world.log.create_topic("wide", 3).unwrap();
    let letter = |refused: &Refused<'_>| {
        vec![output("letters", refused.record.offset, &refused.partition.to_string())]
    };
    let rules = Rules { name: "told".into(), skips: |_| false, letter: Box::new(letter) };
    let topics = vec![("wide".into(), 3, schema())];
    let mut delivery = Delivery::new(world.store.clone(), topics, rules).unwrap();
    delivery.assign_all();
    // Of ten that may go together the first two partitions have six each, and of the third the last one is refused.
    let row = |partition: u32, id: String| Output {
        partition,
        ..output("wide", 0, &format!("{{\"id\":\"{id}\",\"revision_us\":1}}"))
    };
    let mut outputs: Vec<Output> =
        (0..18).map(|number| row(number % 3, format!("{}-{}", number % 3, number / 3))).collect();
    outputs.push(row(2, "refused".into()));
    world.log.commit_step(Step::of("test", &[], &outputs, &[])).unwrap();
    while delivery.deliver(&mut world.log, MOST, 0).unwrap() {}
    assert_eq!(world.store.0.lock().unwrap().together, [vec![0, 1], vec![2], vec![1]]);
    let mut rows = world.rows();
    rows.sort();
    let wanted: Vec<String> =
        (0..3).flat_map(|partition| (0..6).map(move |number| format!("{partition}-{number}"))).collect();
    assert_eq!(rows, wanted);
    let letters = world.log.read("letters", 0, 0, MOST).unwrap();
    assert_eq!((letters.len(), &letters[0].key[..], &letters[0].value[..]), (1, &b"6"[..], &b"2"[..]));
    assert_eq!(world.store.0.lock().unwrap().cursors, BTreeMap::from([(0, 6), (1, 6), (2, 7)]));
}

#[test]
fn of_a_partition_that_was_added_the_store_is_told() {
    let mut world = world();
    world.append(&["a"]);
    assert!(world.deliver(0).unwrap());
    assert_eq!(world.delivery.tables()[0].partitions, 1);
    world.log.create_topic("wider", 2).unwrap();
    let rules = Rules { name: "archive".into(), skips: |_| false, letter: Box::new(|_| Vec::new()) };
    let store = Told::default();
    let mut delivery = Delivery::raw(store.clone(), vec![("wider".into(), 1)], rules);
    delivery.assign_all();
    assert!(!delivery.deliver(&mut world.log, MOST, 0).unwrap());
    let added = Output { partition: 1, ..output("wider", 0, "b") };
    world.log.commit_step(Step::of("test", &[], &[added], &[])).unwrap();
    delivery.assign("wider", 1);
    assert!(delivery.deliver(&mut world.log, MOST, 1).unwrap());
    assert_eq!((delivery.tables()[0].partitions, store.0.lock().unwrap().opened), (2, 2));
    assert_eq!(store.0.lock().unwrap().rows, ["wider/1/0"]);
}

/// A log of which one topic cannot be read for a while.
struct Ill<'a> {
    log: &'a mut EmbeddedLog,
    topic: Option<&'static str>,
}

fn no<T>() -> Result<T, log::Error> {
    Err(log::Error::Away("it is ill".into()))
}

impl Log for Ill<'_> {
    fn read(&self, topic: &str, partition: u32, from: u64, most: Most) -> Result<Vec<Record>, log::Error> {
        if self.topic == Some(topic) { no() } else { self.log.read(topic, partition, from, most) }
    }

    fn start_offset(&self, topic: &str, partition: u32) -> Result<u64, log::Error> {
        self.log.start_offset(topic, partition)
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<u64, log::Error> {
        self.log.end_offset(topic, partition)
    }

    fn append(&mut self, step: Step) -> Result<(), log::Error> {
        self.log.append(step)
    }

    fn commit(&mut self) -> Result<(), log::Error> {
        self.log.commit()
    }

    // A delivery asks for nothing more.
    fn create_topic(&self, _: &str, _: u32) -> Result<(), log::Error> {
        no()
    }

    fn partitions(&self, _: &str) -> Result<Option<u32>, log::Error> {
        no()
    }

    fn topics(&self) -> Result<Vec<(String, u32)>, log::Error> {
        no()
    }

    fn position(&self, _: &str, _: &str, _: u32) -> Result<Option<log::Position>, log::Error> {
        no()
    }

    fn recover(&mut self) -> Result<(), log::Error> {
        no()
    }

    fn state_from(
        &self,
        _: &str,
        _: u32,
        _: &log::Place,
        _: usize,
    ) -> Result<Option<log::Slice>, log::Error> {
        no()
    }
}

#[test]
fn a_log_that_fails_costs_the_store_nothing_that_it_holds() {
    let mut world = world();
    world.append(&["a"]);
    let rules = Rules { name: "told".into(), skips: |_| false, letter: Box::new(|_| Vec::new()) };
    let topics = [("events".into(), 1), ("letters".into(), 1)].to_vec();
    let mut delivery = Delivery::raw(world.store.clone(), topics, rules);
    delivery.assign_all();
    let mut log = Ill { log: &mut world.log, topic: Some("letters") };
    assert!(matches!(delivery.deliver(&mut log, MOST, 0), Err(Error::Log(_))));
    assert_eq!((delivery.failures(), delivery.failure()), (0, None));
    log.topic = None;
    assert!(!delivery.deliver(&mut log, MOST, 1).unwrap());
    assert_eq!(world.rows(), ["events/0/0"], "it was given again");
    assert_eq!(world.store.0.lock().unwrap().cursors, BTreeMap::from([(0, 1)]));
}

#[test]
fn raw_records_are_kept_as_they_came() {
    let mut world = world();
    world.append(&["a"]);
    let rules = Rules { name: "archive".into(), skips: |_| false, letter: Box::new(|_| Vec::new()) };
    let store = Told::default();
    let mut delivery = Delivery::raw(store.clone(), vec![("events".into(), 1)], rules);
    delivery.assign_all();
    assert!(delivery.deliver(&mut world.log, MOST, 0).unwrap());
    assert_eq!(store.0.lock().unwrap().rows, ["events/0/0"]);
}

/// Ten rows are read at a time, so 25 are in three.
#[test]
fn while_rows_are_on_their_way_the_next_are_read_and_cursors_stay_behind_what_is_settled() {
    let mut world = world();
    world.store.0.lock().unwrap().is_slow = true;
    let ids: Vec<String> =
        (0..25).map(|number| if number == 3 { "refused".into() } else { format!("{number}") }).collect();
    world.append(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let standing = |world: &World| {
        let held = world.store.0.lock().unwrap();
        (held.begun.len(), held.rows.len(), held.cursors.get(&0).copied())
    };
    assert!(world.deliver(0).unwrap());
    assert_eq!((standing(&world), world.delivery.refused()), ((1, 0, None), 0));
    assert!(world.deliver(0).unwrap());
    assert_eq!((standing(&world), world.delivery.refused()), ((1, 9, Some(10)), 1));
    assert_eq!(world.log.read("letters", 0, 0, Most::ALL).unwrap().len(), 1);
    // Fewer than may be read: nobody knows when there is more.
    assert!(world.deliver(0).unwrap());
    assert_eq!((standing(&world), world.delivery.delivered()), ((0, 24, Some(25)), 24));
    assert!(!world.deliver(0).unwrap());
}

#[test]
fn what_is_on_its_way_when_the_store_fails_is_given_again() {
    let mut world = world();
    world.store.0.lock().unwrap().is_slow = true;
    let ids: Vec<String> = (0..25).map(|number| format!("{number}")).collect();
    world.append(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(world.deliver(0).unwrap());
    world.store.0.lock().unwrap().fails = Some(StoreError::TooMuch("a test".into()));
    assert!(!world.deliver(0).unwrap());
    assert!(world.store.0.lock().unwrap().begun.is_empty() && world.rows().is_empty());
    while world.deliver(LATER_US).unwrap() {}
    assert_eq!((world.rows(), world.delivery.delivered()), (ids, 25));
}

#[test]
fn the_end_of_a_delivery_waits_for_what_is_on_its_way() {
    let mut world = world();
    world.store.0.lock().unwrap().is_slow = true;
    world.append(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert!(world.deliver(0).unwrap());
    assert!(world.rows().is_empty());
    world.delivery.finish(&mut world.log).unwrap();
    assert_eq!((world.rows().len(), world.store.0.lock().unwrap().cursors.get(&0)), (10, Some(&10)));
}
