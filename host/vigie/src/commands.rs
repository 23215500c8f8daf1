//! The small commands: check, simulate, tail, dead-letters, query, plugin.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use clap::{Args, Subcommand};
use log::Log as _;
use pipeline::{DEAD_LETTER_ROWS, DEAD_LETTERS, Identity};
use plugin::{Limits, Plugin, Sandbox};

use crate::Format;
use crate::app::{App, read_pipeline};

/// What `vigie simulate` takes.
#[derive(Args)]
pub struct Simulate {
    /// The same seed gives the same bytes
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How many events
    #[arg(long, default_value_t = 1000)]
    events: u64,
    /// Events of a thousand that are malformed
    #[arg(long, default_value_t = 3)]
    bad_per_mille: u32,
    /// Only this source: iot, gps, social or rss
    #[arg(long)]
    source: Option<String>,
}

/// What `vigie tail` takes.
#[derive(Args)]
pub struct Tail {
    /// The topic
    topic: String,
    /// First offset in each partition
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Most records
    #[arg(long, default_value_t = 10)]
    limit: usize,
    /// Only records whose value contains this text
    #[arg(long)]
    contains: Option<String>,
}

/// `vigie dead-letters …`
#[derive(Subcommand)]
pub enum DeadLetters {
    /// List what was refused: step, code, reason, where
    List {
        /// Most rows
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show the refused row itself, as it came
    Show {
        /// The dead letter's id
        id: String,
    },
}

/// `vigie plugin …`
#[derive(Subcommand)]
pub enum PluginCommand {
    /// Show what a plugin reads, writes, clears and may say
    #[command(after_help = "Example:\n  vigie plugin inspect mask-pii --with '{\"author\": \"redact\"}'")]
    Inspect {
        /// The plugin's name
        name: String,
        /// Its configuration, as JSON
        #[arg(long, default_value = "{}")]
        with: String,
    },
}

/// Records read from the log at once.
const PAGE: usize = 1024;
const PAGE_BYTES: usize = 4 << 20;

pub fn check(app: &App, path: &Path) -> Result<()> {
    let pipeline = read_pipeline(path)?;
    // Ids do not matter to a check, so it needs no data folder.
    let stage = app.stage(&pipeline, Identity::new([0; 16]))?;
    let flows = app.check_labels(&pipeline, &stage)?;
    println!("Pipeline {} version {}: fit to run\n", pipeline.pipeline, pipeline.version);
    let list =
        |fields: &[event::Field]| fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", ");
    let steps: Vec<Vec<String>> = stage
        .plans()
        .zip(&pipeline.steps)
        .map(|((name, plan), step)| {
            vec![name.into(), step.plugin.clone(), list(&plan.reads), list(&plan.writes)]
        })
        .collect();
    print_table(&["step", "plugin", "reads", "writes"].map(String::from), &steps);
    println!(
        "\nFields of topic {} (cleared for: {})",
        pipeline.events.topic,
        join(&pipeline.events.clearance)
    );
    let fields: Vec<Vec<String>> = flows
        .iter()
        .map(|(name, flow)| vec![name.clone(), join(&flow.labels), flow.path.join(" → ")])
        .collect();
    print_table(&["field", "labels", "path"].map(String::from), &fields);
    Ok(())
}

fn join(labels: &std::collections::BTreeSet<String>) -> String {
    if labels.is_empty() {
        return "-".into();
    }
    labels.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

pub fn simulate(options: &Simulate) -> Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let events = simulate::events(&simulate::Options {
        seed: options.seed,
        events: options.events,
        bad_per_mille: options.bad_per_mille,
        ..Default::default()
    });
    for event in events {
        if options.source.as_ref().is_none_or(|s| s == event.source.name()) {
            out.write_all(&event.json)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    Ok(())
}

pub fn tail(app: &App, options: &Tail) -> Result<()> {
    let log = app.existing_log()?;
    let Some(partitions) = log.partitions(&options.topic)? else {
        let topics: Vec<String> = log.topics()?.into_iter().map(|(name, _)| name).collect();
        anyhow::bail!("VG0011: there is no topic `{}`; there are: {}", options.topic, topics.join(", "));
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut left = options.limit;
    for partition in 0..partitions {
        let mut from = options.from;
        while left > 0 {
            let records = log.read(&options.topic, partition, from, PAGE, PAGE_BYTES)?;
            let Some(last) = records.last() else { break };
            from = last.offset + 1;
            for record in records {
                let value = String::from_utf8_lossy(&record.value);
                if left == 0 || options.contains.as_ref().is_some_and(|c| !value.contains(c.as_str())) {
                    continue;
                }
                left -= 1;
                if app.format == Format::Table {
                    write!(out, "{partition}:{} ", record.offset)?;
                }
                writeln!(out, "{value}")?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

pub fn dead_letters(app: &App, command: &DeadLetters) -> Result<()> {
    match command {
        DeadLetters::List { limit } => query(
            app,
            "select id, step, code, reason, topic, partition, offset from dead_letters \
             order by topic, partition, offset",
            *limit,
        ),
        DeadLetters::Show { id } => {
            let log = app.existing_log()?;
            for topic in [DEAD_LETTERS, DEAD_LETTER_ROWS] {
                let mut from = 0;
                loop {
                    let records = log.read(topic, 0, from, PAGE, PAGE_BYTES)?;
                    let Some(last) = records.last() else { break };
                    from = last.offset + 1;
                    for record in records.iter().filter(|r| r.key == id.as_bytes()) {
                        println!("{}", String::from_utf8_lossy(&record.value));
                    }
                }
            }
            Ok(())
        }
    }
}

pub fn query(app: &App, sql: &str, limit: usize) -> Result<()> {
    let table = app.store_read_only()?.query(sql, limit)?;
    if app.format == Format::Json {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        for row in &table.rows {
            let object: serde_json::Map<String, serde_json::Value> =
                table.columns.iter().cloned().zip(row.iter().map(json)).collect();
            serde_json::to_writer(&mut out, &object)?;
            out.write_all(b"\n")?;
        }
        return Ok(out.flush()?);
    }
    let rows: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect();
    print_table(&table.columns, &rows);
    if table.truncated {
        eprintln!("(more rows than --limit {limit})");
    }
    Ok(())
}

fn json(value: &store_embedded::Value) -> serde_json::Value {
    use store_embedded::Value;
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Integer(n) => (*n).into(),
        Value::Real(x) => (*x).into(),
        Value::Text(text) => text.clone().into(),
        Value::Blob(bytes) => hex::encode(bytes).into(),
    }
}

pub fn plugin(app: &App, command: &PluginCommand) -> Result<()> {
    let PluginCommand::Inspect { name, with } = command;
    let bytes = app.component_bytes(name)?;
    let component = Sandbox::new()?.load(name, &bytes)?;
    // Every field that a core plugin may ask for, so that the plan is whole.
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()));
    let input = Schema::new(vec![
        Field::new("text", DataType::Utf8, true),
        Field::new("author", DataType::Utf8, true),
        Field::new("lat", DataType::Float64, true),
        Field::new("lng", DataType::Float64, true),
        Field::new("timestamp", time, false),
    ]);
    let plugin = Plugin::configure(&component, Limits::default(), with, &input)
        .context("configured with the fields text, author, lat, lng and timestamp")?;
    let plan = plugin.plan();
    println!("{name}: {} KiB, shape {:?}", bytes.len() / 1024, plan.shape);
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (what, fields) in [("reads", &plan.reads), ("writes", &plan.writes)] {
        rows.extend(fields.iter().map(|f| {
            let need = if f.required { "required" } else { "optional" };
            vec![what.into(), f.name.clone(), format!("{:?}, {need}", f.kind).to_lowercase()]
        }));
    }
    rows.extend(plan.clears.iter().map(|c| vec!["clears".into(), c.field.clone(), c.label.clone()]));
    rows.extend(plan.reasons.iter().map(|r| vec!["reject".into(), r.to_string(), String::new()]));
    rows.extend(plan.counters.iter().map(|c| vec!["counter".into(), c.clone(), String::new()]));
    print_table(&["what", "name", "detail"].map(String::from), &rows);
    Ok(())
}

/// Prints columns as wide as their widest value.
pub fn print_table(columns: &[String], rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = columns.iter().map(|c| c.chars().count()).collect();
    for row in rows {
        for (width, value) in widths.iter_mut().zip(row) {
            *width = (*width).max(value.chars().count());
        }
    }
    let line = |values: &[String]| {
        let cells: Vec<String> = values.iter().zip(&widths).map(|(v, w)| format!("{v:<w$}")).collect();
        println!("  {}", cells.join("  ").trim_end());
    };
    line(columns);
    line(&widths.iter().map(|w| "─".repeat(*w)).collect::<Vec<_>>());
    rows.iter().for_each(|row| line(row));
}
