//! The core plugins in the sandbox against the same code compiled natively.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::Float64Type;
use plugin::{KeyedRows, Limits, Nothing, Plugin, Sandbox, Stateful};

use crate::sandbox::{batch, time};
use crate::table::{Row, Times};
use crate::{Places, component};

const REPETITIONS: usize = 400;
const MASK: &str = r#"{"text": {"iban": "keep-last-4", "card": "keep-last-4"}}"#;
const LOCATE: &str = r#"{"resolutions": [7, 4]}"#;
const AGGREGATE: &str = r#"{"field": "lat"}"#;

pub fn measure(places: &Places) -> Result<Vec<Row>> {
    let batch = batch()?;
    let folder = tempfile::tempdir()?;
    let (texts, positions) = (folder.path().join("texts"), folder.path().join("positions"));
    write_inputs(&batch, &texts, &positions)?;
    let native = |plugin: &str, config: &str| native(places, plugin, config, &texts, &positions);
    let sandbox = Sandbox::new()?;
    let run = |name: &str, config: &str| -> Result<Times> {
        let component = component(places, &sandbox, name)?;
        let offers = pipeline::offers(Arc::default(), &pipeline::Identity::new([0; 16]));
        let mut plugin = Plugin::configure(&component, Limits::default(), config, &batch.schema(), offers)?;
        time(&mut plugin, &batch, REPETITIONS)
    };
    let mut rows = Vec::new();
    for (name, config, factor) in [("locate", LOCATE, 1.5), ("mask-pii", MASK, 2.0)] {
        rows.extend(pair(name, native(name, config)?, run(name, config)?, factor));
    }
    rows.extend(pair("aggregate", native("aggregate", AGGREGATE)?, fold(places, &sandbox, &batch)?, 1.5));
    Ok(rows)
}

fn pair(name: &str, native: Times, sandboxed: Times, factor: f64) -> [Row; 2] {
    let limit = Some(native.median() * factor);
    [
        Row::new(&format!("{name}, native"), native, None, ""),
        Row::new(&format!("{name}, in the sandbox"), sandboxed, limit, &format!("native x {factor}")),
    ]
}

fn native(places: &Places, plugin: &str, config: &str, texts: &Path, positions: &Path) -> Result<Times> {
    let output = Command::new(&places.native).args([plugin, config]).args([texts, positions]).output()?;
    let times: Vec<f64> = String::from_utf8(output.stdout)?.lines().filter_map(|l| l.parse().ok()).collect();
    if times.is_empty() {
        bail!("the native {plugin} gave no times");
    }
    Ok(Times::new(times))
}

fn write_inputs(batch: &RecordBatch, texts: &Path, positions: &Path) -> Result<()> {
    let text = batch.column_by_name("text").context("text")?.as_string::<i32>();
    let number = |name| -> Result<_> {
        Ok(batch.column_by_name(name).context("position")?.as_primitive::<Float64Type>().values().clone())
    };
    let lines: String = text.iter().flatten().fold(String::new(), |all, line| all + line + "\n");
    std::fs::write(texts, lines)?;
    let mut lines = String::new();
    for (lat, lng) in number("lat")?.iter().zip(&number("lng")?) {
        writeln!(lines, "{lat} {lng}")?;
    }
    Ok(std::fs::write(positions, lines)?)
}

/// Every sixteenth row begins a key; all keys are new.
fn fold(places: &Places, sandbox: &Sandbox, batch: &RecordBatch) -> Result<Times> {
    let component = component(places, sandbox, "aggregate")?;
    let key = ["kind".to_owned()];
    let mut plugin = Stateful::configure(
        &component,
        Limits::default(),
        AGGREGATE,
        &batch.schema(),
        &key,
        true,
        Arc::new(Nothing),
    )?;
    let rows = batch.num_rows();
    let keys = rows.div_ceil(16);
    let key_of_row: Vec<u32> = (0..rows as u32).map(|row| row / 16).collect();
    let mut times = Vec::with_capacity(REPETITIONS);
    for _ in 0..REPETITIONS {
        let input = KeyedRows { batch, key_of_row: &key_of_row, keys: &[], kept: plugin.fields().none(keys) };
        let start = Instant::now();
        std::hint::black_box(plugin.fold(input)?);
        times.push(start.elapsed().as_nanos() as f64 / rows as f64);
    }
    Ok(Times::new(times))
}
