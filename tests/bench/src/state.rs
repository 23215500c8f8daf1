//! Keyed state with few and with many keys: a step, the memory of a key, and what a restore takes.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use arrow::array::{ArrayRef, StringArray, UInt64Array};
use arrow::datatypes::{Field, Schema};
use event::Kind;
use log::{Log as _, Step};
use log_embedded::EmbeddedLog;
use state::{Shape, Table};

use crate::Places;
use crate::table::{Row, Times};

const FEW: u64 = 10_000;
const MANY: u64 = 1_000_000;
/// Rows of a step; every key of it is another.
const BATCH: u64 = 1024;
const STEPS: u64 = 400;
/// Of an entry in the log: revision, bits and timer, which are not the state itself.
const HEAD_BYTES: usize = 24;
const ROOM: usize = 4 << 30;

pub fn measure(places: &Places) -> Result<Vec<Row>> {
    let (few, _) = filled(FEW)?;
    let few = steps(few, FEW)?;
    let (many, bytes_per_key) = filled(MANY)?;
    let folder = tempfile::tempdir()?;
    let (from_log, restored) = restore(&folder.path().join("log.db"))?;
    anyhow::ensure!(restored == MANY as usize, "only {restored} keys came back");
    let (from_snapshot, _) = crate::snapshot::restore(places, folder.path(), MANY)?;
    let many = steps(many, MANY)?;
    let limit = few.median() * 2.0;
    Ok(vec![
        Row::new("state, a step's share of a row, 10 thousand keys", few, None, ""),
        Row::new("the same with 1 million keys", many, Some(limit), "few keys x 2"),
        Row::new("bytes of a key beside key and state", Times::new(vec![bytes_per_key]), Some(150.0), "150"),
        Row::new(
            "restore of 1 million keys from a snapshot, s",
            Times::new(vec![from_snapshot]),
            Some(5.0),
            "5 s",
        ),
        Row::new("restore of 1 million keys from the log, s", Times::new(vec![from_log]), Some(15.0), "15 s"),
    ])
}

fn shape() -> Shape {
    let field = |name: &str, kind| event::Field {
        name: name.into(),
        kind,
        required: true,
        labels: Default::default(),
    };
    let numbers = ["min", "max", "sum"].map(|name| field(name, Kind::Float64));
    let key = ["cell", "kind"].into_iter().zip([Kind::Uint64, Kind::Utf8]);
    let key: Vec<Field> = key.map(|(name, kind)| Field::new(name, kind.arrow(), true)).collect();
    let state = [field("count", Kind::Int64)].into_iter().chain(numbers).collect();
    Shape { key: Arc::new(Schema::new(key)), state, version: 1 }
}

/// A table with so many keys, and how many bytes each takes beside its key and its state.
fn filled(keys: u64) -> Result<(Table, f64)> {
    let before = resident_bytes()?;
    let mut table = Table::new("bench".into(), shape(), ROOM)?;
    let (mut own, mut written) = (0, 0);
    for first in (0..keys).step_by(BATCH as usize) {
        step(&mut table, first..(first + BATCH).min(keys))?;
        for change in table.take_changes() {
            own += change.key.len() + change.value.map_or(0, |value| value.len() - HEAD_BYTES);
            written += 1;
        }
    }
    let beside = resident_bytes()?.saturating_sub(before).saturating_sub(own);
    Ok((table, beside as f64 / f64::from(written)))
}

/// Nanoseconds a row of steps over keys all over the table.
fn steps(mut table: Table, keys: u64) -> Result<Times> {
    let mut times = Vec::new();
    for number in 0..STEPS {
        // A step through all keys, far apart, so that no cache of the processor has them.
        let first = number * BATCH;
        let chosen = (first..first + BATCH).map(|at| at.wrapping_mul(7_919) % keys);
        let start = Instant::now();
        step(&mut table, chosen)?;
        drop(table.take_changes());
        times.push(start.elapsed().as_nanos() as f64 / BATCH as f64);
    }
    Ok(Times::new(times))
}

/// What a stage does with the table for a batch: group, look up, set.
fn step(table: &mut Table, keys: impl Iterator<Item = u64>) -> Result<()> {
    let cells: Vec<u64> = keys.map(|key| 0x0872_0000_0000_0000 + key).collect();
    let kinds: ArrayRef = Arc::new(StringArray::from_iter_values(cells.iter().map(|_| "sensor")));
    let groups = table.group(&[Arc::new(UInt64Array::from(cells)), kinds])?;
    let columns = table.key_columns(&groups)?;
    let mut kept = table.kept(&groups);
    std::hint::black_box((&columns, &kept));
    // All fields have a value, and the key no timer.
    kept.words.chunks_exact_mut(6).for_each(|words| words.copy_from_slice(&[0b11_1101, 0, 1, 2, 3, 4]));
    let rows = groups.keys();
    table.set(&groups, &kept, &vec![1; rows], &vec![1; rows])?;
    Ok(())
}

/// Seconds to read a million keys back from the embedded log, and how many came.
fn restore(path: &std::path::Path) -> Result<(f64, usize)> {
    let mut log = EmbeddedLog::open(path)?;
    let mut table = Table::new("bench".into(), shape(), ROOM)?;
    for first in (0..MANY).step_by(64 * BATCH as usize) {
        step(&mut table, first..(first + 64 * BATCH).min(MANY))?;
        let state = table.take_changes();
        log.commit_step(Step::of("bench", &[], &[], &state))?;
    }
    drop(table);
    let start = Instant::now();
    let mut table = Table::new("bench".into(), shape(), ROOM)?;
    table.restore(&log.state("bench")?)?;
    Ok((start.elapsed().as_secs_f64(), table.len()))
}

/// From the kernel: the second number is resident pages, of 4 KiB on the machines this is run on.
fn resident_bytes() -> Result<usize> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = pages.split(' ').nth(1).context("statm")?.parse()?;
    Ok(pages << 12)
}
