//! The small commands: check, simulate, tail, dead-letters, query, plugin.

use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use clap::{Args, Subcommand};
use log::Most;
use pipeline::{DEAD_LETTER_ROWS, DEAD_LETTERS, FieldFlow, Identity, Pipeline, Running, is_watermark};

use crate::Format;
use crate::app::{App, random, read_pipeline};
use crate::logs::AnyLog;

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
    /// Events of a thousand that their producer sends twice
    #[arg(long, default_value_t = 5)]
    repeat_per_mille: u32,
    /// Only this source: iot, gps, social or rss
    #[arg(long)]
    source: Option<String>,
    /// Write into the raw topics of the log, instead of to standard output
    #[arg(long, conflicts_with = "file")]
    to_topics: bool,
    /// Write to this file
    #[arg(long)]
    file: Option<std::path::PathBuf>,
    /// Events per second; as fast as it goes where nothing is said
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
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

/// Records read from the log at once.
const PAGE: Most = Most { records: 1024, bytes: 4 << 20 };

pub fn check(app: &App, path: &Path) -> Result<()> {
    let read = read_pipeline(path)?;
    let pipeline = &read.pipeline;
    // Ids do not matter to a check, so it needs no data folder.
    let (running, flows) = app.running(&read, Identity::new([0; 16]))?;
    app.stores()?.check(pipeline, &flows, &app.policies()?)?;
    if app.format == Format::Table {
        say!("Pipeline {} version {}: fit to run\n", pipeline.pipeline, pipeline.version);
    }
    let steps = planned_steps(pipeline, &running);
    print_rows(app.format, "step", &["from", "step", "plugin", "key", "reads", "writes", "config"], &steps)?;
    for flow in &flows.topics {
        if app.format == Format::Table {
            say!("\nTopic {} (cleared for: {})", flow.topic, join(&flow.clearance));
        }
        let field = |(name, of): (&String, &FieldFlow)| {
            let labels = if of.labels.is_empty() { "-".into() } else { join(&of.labels) };
            vec![name.clone(), labels, of.path.join(" → "), flow.topic.clone()]
        };
        let fields: Vec<Vec<String>> = flow.fields.iter().map(field).collect();
        // People find the topic in the heading.
        let columns = ["field", "labels", "path", "topic"];
        let shown = if app.format == Format::Table { 3 } else { 4 };
        print_rows(app.format, "field", columns.get(..shown).unwrap_or_default(), &fields)?;
    }
    Ok(())
}

/// Every step with where it reads from, and what.
fn planned_steps(pipeline: &Pipeline, running: &Running) -> Vec<Vec<String>> {
    let list =
        |fields: &[event::Field]| fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", ");
    let row = |from: &str, name: &str, plugin: &str, key: &[String], plan: &plugin::Plan, with| {
        let key = if key.is_empty() { "-".into() } else { key.join(", ") };
        let config = policy::config_digest(with);
        vec![from.into(), name.into(), plugin.into(), key, list(&plan.reads), list(&plan.writes), config]
    };
    let first = running.first.plans().zip(&pipeline.steps);
    let first =
        first.map(|((name, plan), step)| row("raw topics", name, &step.plugin, &[], plan, &step.with));
    let then = running.then.iter().zip(&pipeline.then);
    let then = then.map(|(stage, t)| row(&t.from, &t.name, &t.plugin, &t.key, stage.plan(), &t.with));
    first.chain(then).collect()
}

/// Prints the keyed state of a pipeline's stateful steps.
pub fn state(app: &App, path: &Path, step: Option<&str>, limit: usize) -> Result<()> {
    let read = read_pipeline(path)?;
    let log = app.existing_log()?;
    let (mut running, _) = app.running(&read, app.identity()?)?;
    let mut encoder = event::Encoder::new();
    let mut found = false;
    for stage in running.then.iter_mut().filter(|stage| step.is_none_or(|step| step == stage.name())) {
        found = true;
        let partitions = read.pipeline.output(stage.from()).map_or(1, |o| o.partitions);
        let mut table: (Vec<String>, Vec<Vec<String>>) = Default::default();
        let mut keys = 0;
        for partition in 0..partitions {
            stage.restore_from(&*log, partition)?;
            let Some(batch) = stage.look(partition)? else { continue };
            table.0 = batch.schema().fields().iter().map(|f| f.name().clone()).collect();
            let shown = batch.slice(0, batch.num_rows().min(limit.saturating_sub(keys)));
            keys += batch.num_rows();
            let encoded = encoder.encode(&shown)?;
            for row in 0..encoded.len() {
                let json: serde_json::Value = serde_json::from_slice(&encoded.get(row).unwrap_or_default())?;
                if app.format == Format::Json {
                    say!("{json}");
                    continue;
                }
                let cell = |name: &String| match json.get(name) {
                    None => String::new(),
                    Some(serde_json::Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                };
                table.1.push(table.0.iter().map(cell).collect());
            }
        }
        if app.format == Format::Table {
            say!("Step {}: {keys} keys\n", stage.name());
            print_table(&table.0, &table.1)?;
            say!();
        }
    }
    if !found {
        let names: Vec<&str> = running.then.iter().map(|stage| stage.name()).collect();
        anyhow::bail!("VG0014: there is no such stateful step; there are: {}", names.join(", "));
    }
    Ok(())
}

fn join(labels: &std::collections::BTreeSet<String>) -> String {
    if labels.is_empty() {
        return "-".into();
    }
    labels.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Events at a rate are written together so often, in seconds: a commit for each few would be the log's main work.
const TICK_S: f64 = 0.05;

pub fn simulate(app: &App, options: &Simulate) -> Result<()> {
    let mut out = Destination::open(app, options)?;
    let events = simulate::events(&simulate::Options {
        seed: options.seed,
        events: options.events,
        bad_per_mille: options.bad_per_mille,
        repeat_per_mille: options.repeat_per_mille,
    });
    let start = std::time::Instant::now();
    let chosen = events.filter(|event| options.source.as_ref().is_none_or(|s| s == event.source.name()));
    for (number, event) in (0_u32..).zip(chosen) {
        if let Some(rate) = options.rate {
            let due_s = f64::from(number) / f64::from(rate);
            let due = std::time::Duration::from_secs_f64((due_s / TICK_S).ceil() * TICK_S);
            if let Some(early) = due.checked_sub(start.elapsed()) {
                out.flush()?;
                std::thread::sleep(early);
            }
        }
        out.write(event)?;
    }
    out.flush()
}

/// Where simulated events go.
enum Destination {
    Lines(Box<dyn std::io::Write>),
    Topics { log: AnyLog, waiting: Vec<log::Output> },
}

/// Events of one commit into the topics.
const SIMULATED: usize = 1000;

impl Destination {
    fn open(app: &App, options: &Simulate) -> Result<Self> {
        if options.to_topics {
            app.create_data_dir()?;
            // Two of these may run at once, so that each has a name of its own.
            let name = format!("simulate.{}", hex::encode(random::<8>()?));
            return Ok(Self::Topics { log: app.log_as(&name)?, waiting: Vec::new() });
        }
        Ok(match &options.file {
            Some(path) => {
                let file = std::fs::File::create(path)
                    .map_err(|e| anyhow::anyhow!("VG0020: cannot write {}: {e}", path.display()))?;
                Self::Lines(Box::new(std::io::BufWriter::new(file)))
            }
            None => Self::Lines(Box::new(std::io::BufWriter::new(std::io::stdout()))),
        })
    }

    fn write(&mut self, event: simulate::Event) -> Result<()> {
        match self {
            Self::Lines(out) => {
                out.write_all(&event.json)?;
                out.write_all(b"\n")?;
                Ok(())
            }
            Self::Topics { log, waiting } => {
                let topic = event.source.topic();
                let partitions = match log.partitions(topic)? {
                    Some(partitions) => partitions,
                    None => log.open_topic(topic, 1)?,
                };
                waiting.push(log::Output {
                    topic: topic.into(),
                    partition: Identity::partition(event.key.as_bytes(), partitions),
                    timestamp_us: event.received_us,
                    key: event.key.into(),
                    value: event.json.into(),
                });
                if waiting.len() >= SIMULATED { self.flush() } else { Ok(()) }
            }
        }
    }

    fn flush(&mut self) -> Result<()> {
        match self {
            Self::Lines(out) => Ok(out.flush()?),
            Self::Topics { log, waiting } => {
                let outputs = std::mem::take(waiting);
                let step = log::Step { group: "simulate".into(), positions: vec![], outputs, state: vec![] };
                Ok(log.commit_step(step)?)
            }
        }
    }
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
        let mut from = options.from.max(log.start_offset(&options.topic, partition)?);
        while left > 0 {
            let records = log.read(&options.topic, partition, from, PAGE)?;
            let Some(last) = records.last() else { break };
            from = last.offset + 1;
            for record in records.iter().filter(|record| !is_watermark(record)) {
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
                let mut from = log.start_offset(topic, 0)?;
                loop {
                    let records = log.read(topic, 0, from, PAGE)?;
                    let Some(last) = records.last() else { break };
                    from = last.offset + 1;
                    for record in records.iter().filter(|r| r.key == id.as_bytes()) {
                        say!("{}", String::from_utf8_lossy(&record.value));
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
    print_table(&table.columns, &rows)?;
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

/// Prints rows as a table, or as an object a line that says what it is.
pub fn print_rows(format: Format, what: &str, columns: &[&str], rows: &[Vec<String>]) -> Result<()> {
    if format == Format::Table {
        return print_table(&columns.iter().map(ToString::to_string).collect::<Vec<_>>(), rows);
    }
    for row in rows {
        let cells = columns.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), cell.as_str().into()));
        let object: serde_json::Map<_, serde_json::Value> =
            [("what".to_owned(), what.into())].into_iter().chain(cells).collect();
        say!("{}", serde_json::Value::Object(object));
    }
    Ok(())
}

/// Prints columns as wide as their widest value.
pub fn print_table(columns: &[String], rows: &[Vec<String>]) -> Result<()> {
    let mut widths: Vec<usize> = columns.iter().map(|c| c.chars().count()).collect();
    for row in rows {
        for (width, value) in widths.iter_mut().zip(row) {
            *width = (*width).max(value.chars().count());
        }
    }
    let rule: Vec<String> = widths.iter().map(|w| "─".repeat(*w)).collect();
    for values in [columns, &rule].into_iter().chain(rows.iter().map(Vec::as_slice)) {
        let cells: Vec<String> = values.iter().zip(&widths).map(|(v, w)| format!("{v:<w$}")).collect();
        say!("  {}", cells.join("  ").trim_end());
    }
    Ok(())
}
