use std::cell::RefCell;

use log::{Error as LogError, Most, Place, Slice, Step};

use super::*;
use crate::Identity;

/// A raw topic of one partition, and a log that can be unwell.
#[derive(Default)]
struct Unwell {
    start: u64,
    end: u64,
    committed: Option<u64>,
    /// That of the position.
    note: String,
    /// Keys of the first stage's table.
    begun: Vec<log::Bytes>,
    appended: Vec<Step>,
    next_append: Option<LogError>,
    next_commit: Option<LogError>,
    asked: RefCell<Vec<String>>,
}

impl Unwell {
    fn say(&self, what: impl Into<String>) {
        self.asked.borrow_mut().push(what.into());
    }
}

impl Log for Unwell {
    fn create_topic(&self, _: &str, _: u32) -> Result<(), LogError> {
        Ok(())
    }
    fn partitions(&self, _: &str) -> Result<Option<u32>, LogError> {
        Ok(Some(1))
    }
    fn topics(&self) -> Result<Vec<(String, u32)>, LogError> {
        Ok(Vec::new())
    }
    fn start_offset(&self, _: &str, _: u32) -> Result<u64, LogError> {
        Ok(self.start)
    }
    fn end_offset(&self, _: &str, _: u32) -> Result<u64, LogError> {
        Ok(self.end)
    }
    fn read(&self, topic: &str, partition: u32, from: u64, most: Most) -> Result<Vec<Record>, LogError> {
        self.say(format!("read {from}"));
        if from < self.start {
            return Err(LogError::Expired {
                topic: topic.into(),
                partition,
                start: self.start,
                wanted: from,
            });
        }
        let value = log::Bytes::from_static(br#"{"id": "a", "at": "2018-02-01T00:00:00Z"}"#);
        let timestamp_us = 1_517_443_200_000_000;
        let record = |offset| Record { offset, timestamp_us, key: vec![].into(), value: value.clone() };
        Ok((from..self.end).take(most.records).map(record).collect())
    }
    fn position(&self, _: &str, topic: &str, partition: u32) -> Result<Option<Position>, LogError> {
        self.say("committed");
        let note = self.note.clone();
        let position = |next_offset| Position { topic: topic.into(), partition, next_offset, note };
        Ok(self.committed.map(position))
    }
    fn append(&mut self, step: Step) -> Result<(), LogError> {
        self.say("append");
        self.appended.push(step);
        self.next_append.take().map_or(Ok(()), Err)
    }
    fn commit(&mut self) -> Result<(), LogError> {
        self.say("commit");
        if let Some(error) = self.next_commit.take() {
            return Err(error);
        }
        for Step { positions, state, .. } in std::mem::take(&mut self.appended) {
            for Position { next_offset, note, .. } in positions {
                (self.committed, self.note) = (Some(next_offset), note);
            }
            self.begun.extend(state.into_iter().map(|change| change.key));
        }
        Ok(())
    }
    fn recover(&mut self) -> Result<(), LogError> {
        self.say("recover");
        self.appended.clear();
        Ok(())
    }
    fn state_from(&self, table: &str, _: u32, _: &Place, _: usize) -> Result<Option<Slice>, LogError> {
        self.say("state");
        let change = |key: &log::Bytes| log::StateChange {
            table: table.into(),
            key: key.clone(),
            value: Some("begun".into()),
        };
        let changes = self.begun.iter().map(change).collect();
        Ok(Some(Slice { changes, done: true, ..Slice::default() }))
    }
}

/// A worker of a pipeline without plugins, which takes two records a step.
fn worker() -> Worker {
    worker_of(2)
}

fn worker_of(records: usize) -> Worker {
    let pipeline = Pipeline::parse(crate::MINIMAL).unwrap();
    let none = |name: &str| Err(Error::Untrusted(name.into()));
    let running = Running::new(&pipeline, Identity::new([0; 16]), Arc::default(), &none).unwrap();
    let mut worker = Worker::new(running, Most { records, bytes: 1 << 20 });
    pipeline.inputs().into_iter().for_each(|input| worker.assign(input));
    worker
}

fn step(worker: &mut Worker, log: &mut Unwell) -> Result<(), Error> {
    match worker.prepare(log, 0, 0)? {
        Some(prepared) => {
            worker.append(log, prepared)?;
            worker.commit(log).map(|_| ())
        }
        None => Ok(()),
    }
}

#[test]
fn who_slept_longer_than_the_retention_goes_on_where_another_has_come_to() {
    let (mut worker, mut log) = (worker(), Unwell { end: 9, ..Unwell::default() });
    step(&mut worker, &mut log).unwrap();
    assert_eq!(log.committed, Some(2));
    // Meanwhile another worker has had the partition, and what it read has expired.
    (log.start, log.committed) = (4, Some(6));
    log.asked.take();
    step(&mut worker, &mut log).unwrap();
    assert_eq!(log.asked.take(), ["read 2", "committed", "read 6", "append", "commit"]);
    assert_eq!(log.committed, Some(8));
}

#[test]
fn what_expired_unread_is_an_error() {
    let (mut worker, mut log) = (worker(), Unwell { end: 9, ..Unwell::default() });
    step(&mut worker, &mut log).unwrap();
    log.start = 4;
    let error = step(&mut worker, &mut log).unwrap_err();
    assert!(error.to_string().starts_with("VG3010"), "{error}");
    assert_eq!(log.committed, Some(2), "nothing was passed over");
}

#[test]
fn a_first_start_begins_where_the_topic_begins() {
    let (mut worker, mut log) = (worker(), Unwell { start: 3, end: 9, ..Unwell::default() });
    step(&mut worker, &mut log).unwrap();
    assert_eq!(log.committed, Some(5));
}

#[test]
fn a_commit_without_an_answer_is_cleared_up_before_anything_else() {
    let (mut worker, mut log) = (worker(), Unwell { end: 9, ..Unwell::default() });
    log.next_commit = Some(LogError::Unknown { group: "test".into() });
    step(&mut worker, &mut log).unwrap_err();
    // It had been committed after all.
    log.committed = Some(2);
    log.asked.take();
    step(&mut worker, &mut log).unwrap();
    assert_eq!(log.asked.take(), ["recover", "committed", "read 2", "append", "commit"]);
    assert_eq!(log.committed, Some(4));
}

#[test]
fn a_step_that_was_given_up_is_computed_again() {
    let (mut worker, mut log) = (worker(), Unwell { end: 9, ..Unwell::default() });
    log.next_commit = Some(LogError::Aborted { group: "test".into(), why: String::new() });
    step(&mut worker, &mut log).unwrap_err();
    assert_eq!(log.committed, None);
    log.asked.take();
    step(&mut worker, &mut log).unwrap();
    assert_eq!(log.asked.take(), ["recover", "committed", "state", "read 0", "append", "commit"]);
    assert_eq!(log.committed, Some(2));
}

#[test]
fn who_watches_sees_what_is_committed_and_nothing_that_is_not() {
    let (mut worker, mut log) = (worker(), Unwell { end: 2, ..Unwell::default() });
    let standing = |worker: &Worker| worker.standing(0).unwrap();
    assert_eq!((worker.restored(), standing(&worker).next_offset), (0, None));
    worker.restore(&mut log).unwrap();
    assert_eq!((worker.restored(), standing(&worker).next_offset), (1, Some(0)));
    let prepared = worker.prepare(&mut log, 0, 0).unwrap().unwrap();
    assert_eq!((worker.restored(), standing(&worker).next_offset), (0, None), "it waits to be appended");
    worker.append(&mut log, prepared).unwrap();
    assert_eq!((worker.restored(), standing(&worker).next_offset), (1, Some(0)), "it still does");
    let [committed] = worker.commit(&mut log).unwrap().try_into().unwrap();
    assert_eq!(committed.of_stage, committed.counts, "of the first stage both are the same");
    assert_eq!(committed.of_stage.records_in, 2);
    assert_eq!(committed.refused, []);
    assert!(!standing(&worker).at_end, "nobody has looked since");
    assert!(worker.prepare(&mut log, 0, 0).unwrap().is_none());
    let Standing { next_offset, at_end, state, .. } = standing(&worker);
    assert_eq!((next_offset, at_end, state), (Some(2), true, None));
    assert_eq!(worker.standing(1), None);
}

fn append(worker: &mut Worker, log: &mut Unwell) -> Result<(), Error> {
    let prepared = worker.prepare(log, 0, 0)?.unwrap();
    worker.append(log, prepared)
}

#[test]
fn steps_go_on_before_their_commit_and_are_computed_again_together() {
    let (mut worker, mut log) = (worker(), Unwell { end: 9, ..Unwell::default() });
    append(&mut worker, &mut log).unwrap();
    append(&mut worker, &mut log).unwrap();
    assert!(worker.is_open() && worker.is_due(0), "without a pace");
    log.next_commit = Some(LogError::Aborted { group: "test".into(), why: String::new() });
    worker.commit(&mut log).unwrap_err();
    assert!(!worker.is_open() && log.committed.is_none());
    (log.appended, log.asked) = Default::default();
    append(&mut worker, &mut log).unwrap();
    append(&mut worker, &mut log).unwrap();
    let committed = worker.commit(&mut log).unwrap();
    assert_eq!(committed.iter().map(|c| c.counts.records_in).collect::<Vec<_>>(), [2, 2]);
    let wanted = ["recover", "committed", "state", "read 0", "append", "read 2", "append", "commit"];
    assert_eq!(log.asked.take(), wanted);
    assert_eq!(log.committed, Some(4));
}

#[test]
fn an_append_that_fails_takes_the_open_steps_with_it() {
    let (mut worker, mut log) = (worker(), Unwell { end: 9, ..Unwell::default() });
    append(&mut worker, &mut log).unwrap();
    log.next_append = Some(LogError::Aborted { group: "test".into(), why: String::new() });
    append(&mut worker, &mut log).unwrap_err();
    assert!(!worker.is_open());
    log.asked.take();
    step(&mut worker, &mut log).unwrap();
    assert_eq!(log.asked.take(), ["recover", "committed", "state", "read 0", "append", "commit"]);
}

/// What is computed on top of open steps and then dropped would otherwise be restored to before them.
#[test]
fn a_step_that_is_dropped_takes_the_open_steps_with_it() {
    let (mut worker, mut log) = (worker(), Unwell { end: 9, ..Unwell::default() });
    append(&mut worker, &mut log).unwrap();
    drop(worker.prepare(&mut log, 0, 0).unwrap().unwrap());
    log.asked.take();
    step(&mut worker, &mut log).unwrap();
    assert_eq!(log.asked.take(), ["recover", "committed", "state", "read 0", "append", "commit"]);
    assert_eq!(log.committed, Some(2));
}

#[test]
fn what_expires_under_open_steps_is_given_up_with_them() {
    let (mut worker, mut log) = (worker(), Unwell { end: 9, ..Unwell::default() });
    append(&mut worker, &mut log).unwrap();
    (log.start, log.committed) = (6, Some(6));
    assert!(worker.prepare(&mut log, 0, 0).unwrap().is_none());
    log.asked.take();
    step(&mut worker, &mut log).unwrap();
    assert_eq!(log.asked.take(), ["recover", "committed", "read 6", "append", "commit"]);
    assert_eq!(log.committed, Some(8));
}

#[test]
fn steps_grow_while_they_are_quick() {
    let (mut worker, mut log) = (worker_of(4000), Unwell { end: 20_000, ..Unwell::default() });
    let step_that_took = |us| {
        step(&mut worker, &mut log).unwrap();
        worker.computed(0, us);
        log.committed.unwrap()
    };
    let ends = [1, 1, 50_000, 1].map(step_that_took);
    assert_eq!(ends, [1024, 1024 + 2048, 1024 + 2048 + 4000, 1024 + 2048 + 4000 + 2048]);
}

#[test]
fn a_position_says_how_far_the_partition_has_come_and_nothing_else_is_read() {
    let (mut worker_, mut log) = (worker(), Unwell { end: 9, ..Unwell::default() });
    let come = |worker: &Worker| worker.running().first.mark_of(0, 0);
    step(&mut worker_, &mut log).unwrap();
    step(&mut worker_, &mut log).unwrap();
    assert_eq!(log.begun, ["raw/0"], "said once");
    let before = come(&worker_);
    assert!(before.is_some());
    log.asked.take();
    let mut heir = worker();
    heir.restore(&mut log).unwrap();
    assert_eq!(come(&heir), before);
    assert_eq!(log.asked.take(), ["committed"]);
}

#[test]
fn a_group_that_has_lost_its_positions_does_not_begin_anew() {
    let mut log = Unwell { end: 9, ..Unwell::default() };
    step(&mut worker(), &mut log).unwrap();
    log.committed = None;
    let lost = step(&mut worker(), &mut log).unwrap_err();
    assert!(lost.to_string().starts_with("VG3016"), "{lost}");
    // Of another partition.
    log.begun = vec!["raw/1".into()];
    step(&mut worker(), &mut log).unwrap();
    assert_eq!(log.committed, Some(2));
}
