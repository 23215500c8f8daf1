//! Restores in slices: a worker's other partitions go on meanwhile.

use std::cell::RefCell;

use log::{Error as LogError, Most, Place, Slice, StateChange, Step};

use super::*;
use crate::Identity;

/// A log that has no position, so that it is asked for state, which is of other partitions and comes in three slices; the
/// second has to be asked for twice. There is always one more record.
#[derive(Default)]
struct Slow {
    asked: RefCell<Vec<String>>,
    pending: RefCell<bool>,
}

impl Log for Slow {
    fn create_topic(&self, _: &str, _: u32) -> Result<(), LogError> {
        Ok(())
    }
    fn partitions(&self, _: &str) -> Result<Option<u32>, LogError> {
        Ok(Some(2))
    }
    fn topics(&self) -> Result<Vec<(String, u32)>, LogError> {
        Ok(Vec::new())
    }
    fn start_offset(&self, _: &str, _: u32) -> Result<u64, LogError> {
        Ok(0)
    }
    fn end_offset(&self, _: &str, _: u32) -> Result<u64, LogError> {
        Ok(100)
    }
    fn read(&self, _: &str, _: u32, from: u64, _: Most) -> Result<Vec<Record>, LogError> {
        self.asked.borrow_mut().push(format!("read {from}"));
        let value = br#"{"id": "a", "at": "2018-02-01T00:00:00Z"}"#.to_vec();
        Ok(vec![Record {
            offset: from,
            timestamp_us: 1_517_443_200_000_000,
            key: vec![].into(),
            value: value.into(),
        }])
    }
    fn position(&self, _: &str, _: &str, partition: u32) -> Result<Option<Position>, LogError> {
        self.asked.borrow_mut().push(format!("position of {partition}"));
        Ok(None)
    }
    fn append(&mut self, _: Step) -> Result<(), LogError> {
        Ok(())
    }
    fn commit(&mut self) -> Result<(), LogError> {
        Ok(())
    }
    fn recover(&mut self) -> Result<(), LogError> {
        Ok(())
    }
    fn state_from(&self, stage: &str, _: u32, from: &Place, _: usize) -> Result<Option<Slice>, LogError> {
        self.asked.borrow_mut().push(format!("state {from:?}"));
        let next = from.len() as u8 + 1;
        if next == 2 && !self.pending.replace(true) {
            return Err(LogError::Pending { what: "a test".into() });
        }
        let (table, key) = (stage.into(), format!("raw/{next}{next}").into());
        let changes = vec![StateChange { table, key, value: Some("begun".into()) }];
        Ok(Some(Slice { changes, next: vec![0; next.into()], done: next == 3 }))
    }
}

fn worker() -> Worker {
    let yaml = crate::MINIMAL.replace("topic: raw,", "topic: raw, partitions: 2,");
    let pipeline = Pipeline::parse(&yaml).unwrap();
    let none = |name: &str| Err(Error::Untrusted(name.into()));
    let running = Running::new(&pipeline, Identity::new([0; 16]), Arc::default(), &none).unwrap();
    let mut worker = Worker::new(running, Most { records: 1, bytes: 1 << 20 });
    pipeline.inputs().into_iter().for_each(|input| worker.assign(input));
    worker
}

#[test]
fn a_prepare_restores_one_slice_and_another_partition_may_have_its_turn() {
    let (mut worker, mut log) = (worker(), Slow::default());
    for (number, is_restoring) in [(0, true), (1, true)] {
        assert!(worker.prepare(&mut log, number, 0).unwrap().is_none());
        assert_eq!(worker.is_restoring(number), is_restoring);
    }
    let refused = worker.prepare(&mut log, 1, 0).map(|_| ());
    assert!(matches!(&refused, Err(Error::Log(error)) if error.is_retry()), "{refused:?}");
    assert!(worker.prepare(&mut log, 1, 0).unwrap().is_none(), "asked again, where it was");
    assert!(worker.prepare_close(1).is_none());
    let step = worker.prepare(&mut log, 1, 0).unwrap().unwrap();
    worker.append(&mut log, step).unwrap();
    worker.commit(&mut log).unwrap();
    assert!(worker.is_restoring(0) && !worker.is_restoring(1));
    let asked = log.asked.take();
    let [first, second, third] = ["state []", "state [0]", "state [0, 0]"];
    let wanted = ["position of 0", first, "position of 1", first, second, second, third, "read 0"];
    assert_eq!(asked, wanted);
    // The other one goes on where it was.
    worker.prepare(&mut log, 0, 0).unwrap();
    assert!(worker.prepare(&mut log, 0, 0).unwrap().is_some());
    assert_eq!(log.asked.take(), [second, third, "read 0"]);
}

#[test]
fn a_partition_that_was_taken_away_begins_anew() {
    let (mut worker, mut log) = (worker(), Slow::default());
    worker.prepare(&mut log, 0, 0).unwrap();
    let input = worker.inputs().next().unwrap().clone();
    worker.assign(input);
    assert!(!worker.is_restoring(1));
    log.asked.take();
    worker.prepare(&mut log, 1, 0).unwrap();
    assert_eq!(log.asked.take(), ["position of 0", "state []"]);
}
