//! `vigie demo`: real earthquakes and a simulated flood through the pipeline `field-reports`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use log::{Log, Output, Position, Step};
use pipeline::{Identity, Pipeline};

use crate::app::{App, read_pipeline};
use crate::commands::print_table;
use crate::run::{MOST_WORKERS, Progress, Workers};
use observe::Observed;

/// The group whose positions say how much of the demo's input is in the raw topics.
const GROUP: &str = "demo.feed";
/// Input events of one commit.
const FEED_RECORDS: usize = 1000;

/// What `vigie demo` takes.
#[derive(Args)]
pub struct Options {
    /// The pipeline file
    #[arg(long, default_value = "pipelines/field-reports.yaml")]
    pipeline: PathBuf,
    /// The earthquakes: GeoJSON features, one a line
    #[arg(long, default_value = "data/usgs-earthquakes.ndjson")]
    earthquakes: PathBuf,
    /// Seed of the flood
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Simulated events
    #[arg(long, default_value_t = 20_000)]
    events: u64,
    /// Simulated events of a thousand that are malformed
    #[arg(long, default_value_t = 3)]
    bad_per_mille: u32,
    /// Threads that run the stages; the result is the same with any number
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=i64::from(MOST_WORKERS)))]
    workers: u8,
    /// Go on when everything is processed, until interrupted
    #[arg(long)]
    follow: bool,
}

/// One raw event on its way into a raw topic.
struct Raw {
    topic: String,
    key: String,
    received_us: i64,
    json: Vec<u8>,
}

pub fn run(app: &App, options: &Options) -> Result<()> {
    let mut progress = Progress::new();
    let read = read_pipeline(&options.pipeline)?;
    let pipeline = &read.pipeline;
    let stores = app.stores()?;
    let observed = Observed::new(options.workers.into(), 1 + stores.stores.len());
    let mut workers = Workers::open(app, &read, &stores, options.workers, 0, &observed)?;
    eprintln!("Vigie: pipeline {} version {}", pipeline.pipeline, pipeline.version);
    let fed = feed(&mut *app.log_as(GROUP)?, pipeline, options)?;
    if fed == 0 {
        eprintln!("  the raw topics hold the demo's input already: going on where the last run stopped");
    } else {
        eprintln!("  {fed} raw events written to the log");
    }
    workers.run(options.follow, &mut progress)?;
    summarise(app, &workers, &progress)
}

/// Writes what is not yet in the raw topics; the position is committed with the events, so that a
/// run that was stopped anywhere goes on at the next event.
fn feed(log: &mut dyn Log, pipeline: &Pipeline, options: &Options) -> Result<u64> {
    let mut waiting: BTreeMap<String, Feed> = BTreeMap::new();
    for source in &pipeline.sources {
        let done = log.committed(GROUP, &source.topic, 0)?.unwrap_or(0);
        let feed = Feed { partitions: source.partitions, done, seen: 0, outputs: Vec::new() };
        waiting.insert(source.topic.clone(), feed);
    }
    let simulated = simulate::events(&simulate::Options {
        seed: options.seed,
        events: options.events,
        bad_per_mille: options.bad_per_mille,
        ..Default::default()
    })
    .map(|event| Raw {
        topic: event.source.topic().into(),
        key: event.key,
        received_us: event.received_us,
        json: event.json,
    });
    let mut fed = 0;
    for raw in earthquakes(&options.earthquakes)?.into_iter().chain(simulated) {
        let Some(feed) = waiting.get_mut(&raw.topic) else {
            bail!("VG0009: the pipeline has no source for topic {}", raw.topic);
        };
        fed += feed.take(raw);
        if feed.outputs.len() >= FEED_RECORDS {
            feed.flush(log)?;
        }
    }
    for feed in waiting.values_mut() {
        feed.flush(log)?;
    }
    Ok(fed)
}

struct Feed {
    partitions: u32,
    /// Events that earlier commits wrote.
    done: u64,
    /// Events seen in this run.
    seen: u64,
    outputs: Vec<Output>,
}

impl Feed {
    fn take(&mut self, raw: Raw) -> u64 {
        self.seen += 1;
        if self.seen <= self.done {
            return 0;
        }
        self.outputs.push(Output {
            topic: raw.topic.into(),
            partition: Identity::partition(raw.key.as_bytes(), self.partitions),
            timestamp_us: raw.received_us,
            key: raw.key.into(),
            value: raw.json.into(),
        });
        1
    }

    fn flush(&mut self, log: &mut dyn Log) -> Result<()> {
        let Some(first) = self.outputs.first() else { return Ok(()) };
        let topic = first.topic.clone();
        let position = Position { topic, partition: 0, next_offset: self.seen, note: String::new() };
        let outputs = std::mem::take(&mut self.outputs);
        log.commit_step(Step { group: GROUP.into(), positions: vec![position], outputs, state: vec![] })?;
        self.done = self.seen;
        Ok(())
    }
}

/// The earthquakes; each counts as received when its report was last updated.
fn earthquakes(path: &std::path::Path) -> Result<Vec<Raw>> {
    let text = fs::read_to_string(path).with_context(|| format!("VG0010: cannot read {}", path.display()))?;
    text.lines()
        .zip(1..)
        .map(|(line, number)| {
            let feature: serde_json::Value = serde_json::from_str(line)
                .with_context(|| format!("VG0010: {} line {number}", path.display()))?;
            let updated_ms = feature.pointer("/properties/updated").and_then(serde_json::Value::as_i64);
            let id = feature.get("id").and_then(serde_json::Value::as_str);
            let (Some(updated_ms), Some(id)) = (updated_ms, id) else {
                bail!("VG0010: {} line {number} is no earthquake", path.display());
            };
            Ok(Raw {
                topic: "raw.usgs".into(),
                key: id.into(),
                received_us: updated_ms * 1000,
                json: line.into(),
            })
        })
        .collect()
}

fn summarise(app: &App, workers: &Workers, progress: &Progress) -> Result<()> {
    let seconds = progress.elapsed().as_secs_f64();
    let counts = &progress.counts;
    let rate = counts.records_in as f64 / seconds.max(1e-9);
    say!(
        "\nThis run: {} raw events in, {} events out, {} dead letters in {seconds:.2} s ({rate:.0} events/s)",
        counts.records_in,
        counts.events_out,
        counts.dead_letters
    );
    if let Some(first) = progress.first {
        say!("First event in the store after {} ms", first.as_millis());
    }
    let masked: Vec<Vec<String>> = workers
        .counters()
        .into_iter()
        .filter(|(_, _, n)| *n > 0)
        .map(|(step, counter, n)| vec![step, counter, n.to_string()])
        .collect();
    if !masked.is_empty() {
        say!("\nCounted in this run");
        print_table(&["step".into(), "counter".into(), "count".into()], &masked)?;
    }
    let mut store = app.store_read_only()?;
    for (title, sql) in SUMMARY {
        let table = store.query(sql, 20)?;
        let rows: Vec<Vec<String>> =
            table.rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect();
        say!("\n{title}");
        print_table(&table.columns, &rows)?;
    }
    say!(
        "\nWhere to look next\n  vigie query \"select text from events where text like '%[phone]%' limit 5\"\n  \
         vigie tail events --limit 3\n  vigie dead-letters list\n  vigie state pipelines/field-reports.yaml --limit 5\n  vigie check pipelines/field-reports.yaml"
    );
    Ok(())
}

const SUMMARY: [(&str, &str); 5] = [
    (
        "In the store: events per source",
        "select source, kind, count(*) as events, count(cell_7) as located, \
         round(max(severity), 1) as worst from events group by 1, 2 order by 3 desc",
    ),
    (
        "Events per country",
        "select coalesce(country, '(at sea, or without position)') as country, count(*) as events, \
         round(max(severity), 1) as worst, max(place) filter (where place is not null) as a_place \
         from events group by 1 order by 2 desc limit 8",
    ),
    (
        "The busiest minutes (H3 cell of resolution 7, kind)",
        "select cell_7 as cell, kind, strftime('%Y-%m-%d %H:%M', window_start / 1000000, 'unixepoch') as minute, \
         count, round(severity_mean, 2) as mean, \
         severity_max as worst, iif(last, 'final', 'early') as result \
         from cells order by count desc, cell, kind, minute limit 5",
    ),
    (
        "The busiest cells (H3, resolution 4)",
        "select cell_4 as cell, count(*) as events, round(avg(lat), 2) as lat, round(avg(lng), 2) as lng \
         from events where cell_4 is not null group by 1 order by 2 desc limit 5",
    ),
    (
        "Dead letters by reason",
        "select step, code, reason, count(*) as rows from dead_letters group by 1, 2, 3 order by 4 desc",
    ),
];
