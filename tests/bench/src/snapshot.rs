//! A restore of many keys from a snapshot: a real stage, a real file, and a log that has nothing more to tell.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};
use log::{Error, Log, Most, Place, Position, Record, Slice, Step};
use pipeline::{Draft, Identity, Pipeline, Running, Snapshots, Worker};
use plugin::Sandbox;

use crate::{Places, component};

const YAML: &str = "
pipeline: bench
version: 1
schema:
  fields:
    - {name: entity, kind: utf8, required: true}
    - {name: timestamp, kind: timestamp, required: true}
    - {name: severity, kind: float64}
sources:
  - {topic: raw, source: raw, decode: {fields: {entity: id, timestamp: at, severity: severity}}}
steps: []
events: {topic: events, partition_by: entity, clearance: []}
then:
  - name: counts
    from: events
    plugin: aggregate
    with: {field: severity}
    key: [entity]
    window: {tumbling: 1m}
    state_mib: 4096
    output: {topic: cells, partition_by: entity, clearance: []}
";
/// What a commit may take, on the whole.
const RECORDS: usize = 16_384;
const BYTES: usize = 64 << 20;
const SLICE_BYTES: usize = 4 << 20;

/// Seconds until a partition with so many keys is restored from a snapshot, and the snapshot's bytes.
pub fn restore(places: &Places, folder: &Path, keys: u64) -> Result<(f64, u64)> {
    let path = folder.join("snapshot");
    let sandbox = Sandbox::new()?;
    let mut log = Events { keys, committed: None };
    let mut worker = worker(places, &sandbox, &path)?;
    // Behind the last commit alone, once that is there.
    worker.set_slices(SLICE_BYTES, u64::MAX);
    while let Some(step) = worker.prepare(&mut log, 0, 0)? {
        if log.committed.unwrap_or(0) + RECORDS as u64 >= keys {
            worker.set_slices(SLICE_BYTES, 0);
        }
        worker.append(&mut log, step)?;
        worker.commit(&mut log)?;
    }
    anyhow::ensure!(worker.restores().made > 0, "no snapshot was made: {:?}", worker.take_notes());
    drop(worker);
    let mut worker = self::worker(places, &sandbox, &path)?;
    let start = Instant::now();
    worker.restore(&mut log)?;
    let seconds = start.elapsed().as_secs_f64();
    anyhow::ensure!(worker.restores().by_snapshot == 1, "not restored by it: {:?}", worker.take_notes());
    let stage = worker.running().then.first().context("no stage")?;
    let found = stage.look(0)?.map_or(0, |batch| batch.num_rows());
    anyhow::ensure!(found as u64 == keys, "only {found} keys came back");
    Ok((seconds, std::fs::metadata(&path)?.len()))
}

fn worker(places: &Places, sandbox: &Sandbox, path: &Path) -> Result<Worker> {
    let pipeline = Pipeline::parse(YAML)?;
    let load =
        |name: &str| component(places, sandbox, name).map_err(|e| pipeline::Error::File(format!("{e:#}")));
    let running = Running::new(&pipeline, Identity::new([7; 16]), Default::default(), &load)?;
    let mut worker = Worker::new(running, Most { records: RECORDS, bytes: BYTES });
    worker.set_snapshots(Box::new(OneFile(path.into())));
    let input = pipeline.inputs().into_iter().find(|input| !input.is_raw()).context("no stage")?;
    worker.assign(input);
    Ok(worker)
}

/// A topic of events, each of another entity, and a group that reads it; state goes nowhere.
struct Events {
    keys: u64,
    committed: Option<u64>,
}

impl Log for Events {
    fn create_topic(&self, _: &str, _: u32) -> Result<(), Error> {
        Ok(())
    }

    fn partitions(&self, _: &str) -> Result<Option<u32>, Error> {
        Ok(Some(1))
    }

    fn topics(&self) -> Result<Vec<(String, u32)>, Error> {
        Ok(Vec::new())
    }

    fn start_offset(&self, _: &str, _: u32) -> Result<u64, Error> {
        Ok(0)
    }

    fn end_offset(&self, _: &str, _: u32) -> Result<u64, Error> {
        Ok(self.keys)
    }

    fn read(&self, _: &str, _: u32, from: u64, most: Most) -> Result<Vec<Record>, Error> {
        let event = |offset: u64| {
            let value = format!(
                r#"{{"id":"{offset:032x}","source":"raw","revision_us":1,"behind_us":0,"entity":"sensor-{offset}",
                "timestamp":"2026-01-01T00:00:00Z","severity":1.5}}"#
            );
            Record { offset, timestamp_us: 1, key: "".into(), value: value.into() }
        };
        Ok((from..self.keys).take(most.records).map(event).collect())
    }

    fn position(&self, _: &str, topic: &str, partition: u32) -> Result<Option<Position>, Error> {
        let position =
            |next_offset| Position { topic: topic.into(), partition, next_offset, note: String::new() };
        Ok(self.committed.map(position))
    }

    fn append(&mut self, step: Step) -> Result<(), Error> {
        self.committed = step.positions.first().map(|position| position.next_offset);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn recover(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn state_from(&self, _: &str, _: u32, _: &Place, _: usize) -> Result<Option<Slice>, Error> {
        Ok(Some(Slice { done: true, ..Slice::default() }))
    }

    fn state_end(&self, _: &str, _: u32) -> Result<Option<Place>, Error> {
        Ok(Some(b"end".into()))
    }
}

/// The only snapshot there is.
struct OneFile(PathBuf);

struct Aside(File);

impl Write for Aside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Draft for Aside {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.sync_all()
    }
}

impl Snapshots for OneFile {
    fn write(&mut self, _: &str, _: u32) -> io::Result<Box<dyn Draft>> {
        Ok(Box::new(Aside(File::create(&self.0)?)))
    }

    fn read(&mut self, _: &str, _: u32) -> io::Result<Option<Box<dyn Read + Send>>> {
        Ok(File::open(&self.0).ok().map(|file| -> Box<dyn Read + Send> { Box::new(file) }))
    }
}
