//! One stage in memory, by part: decode → mask → locate → enrich → encode.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use event::Decoder;
use log::Record;
use pipeline::{Identity, Pipeline, Running};
use plugin::Sandbox;
use reference::{Table, Tables};
use serde::Deserialize;

use crate::sandbox::BATCH;
use crate::table::{Row, Times};
use crate::{Places, component, root};

const BATCHES: usize = 16;
const ROUNDS: usize = 12;

pub fn measure(places: &Places) -> Result<Vec<Row>> {
    let batches = posts();
    let yaml = std::fs::read_to_string(root().join("pipelines/field-reports.yaml"))?;
    let pipeline = Pipeline::parse(&yaml)?;
    let source = pipeline.sources.iter().find(|s| s.source == "social").context("no social source")?;
    let mut decoder = Decoder::new(&pipeline.schema, &source.decode)?;
    let decode = time(&batches, |batch| {
        for record in batch {
            // Every event of the flood is good here.
            let _ = decoder.push(&record.value);
        }
        Ok(std::hint::black_box(decoder.finish()?).num_rows())
    })?;
    let bare = time(&batches, |batch| Ok(bare(batch)))?;
    let mut rows = vec![
        Row::new("decode, bare sonic-rs into vectors", bare.clone(), None, ""),
        Row::new("decode into columns", decode.clone(), Some(bare.median() * 1.3), "bare x 1.3"),
    ];
    let tables = Arc::new(tables(&pipeline)?);
    let sandbox = Sandbox::new()?;
    let number = pipeline.sources.iter().position(|s| s.source == "social").unwrap_or(0);
    let mut before: Option<Times> = None;
    for steps in 0..=pipeline.steps.len() {
        let mut pipeline = Pipeline::parse(&yaml)?;
        pipeline.then.clear();
        pipeline.steps.truncate(steps);
        let load = |name: &str| {
            component(places, &sandbox, name).map_err(|e| pipeline::Error::File(format!("{e:#}")))
        };
        let mut running = Running::new(&pipeline, Identity::new([7; 16]), tables.clone(), &load)?;
        let times = time(&batches, |batch| {
            Ok(std::hint::black_box(running.first.step(number, 0, batch, false)?).outputs.len())
        })?;
        match (&before, pipeline.steps.last()) {
            (Some(before), Some(step)) => {
                rows.push(Row::new(&format!("stage, {}", step.name), times.less(before), None, ""));
            }
            _ => rows.push(Row::new("stage, ids, encode, records", times.less(&decode), None, "")),
        }
        before = Some(times);
    }
    if let Some(whole) = before {
        let rate = 1e6 / whole.median();
        rows.push(Row::new("stage, whole", whole, None, &format!("{rate:.0} thousand events/s on a core")));
    }
    Ok(rows)
}

/// Posts of about 300 bytes, a batch each.
fn posts() -> Vec<Vec<Record>> {
    let options = simulate::Options { seed: 7, events: 200_000, bad_per_mille: 0, ..Default::default() };
    let posts = simulate::events(&options).filter(|event| event.source == simulate::Source::Social);
    let records = (0..).zip(posts).map(|(offset, event)| Record {
        offset,
        timestamp_us: event.received_us,
        key: event.key.into(),
        value: event.json.into(),
    });
    let records: Vec<Record> = records.take(BATCHES * BATCH).collect();
    records.chunks(BATCH).map(<[Record]>::to_vec).collect()
}

/// Nanoseconds per event of each batch, after a first round that does not count.
fn time(batches: &[Vec<Record>], mut run: impl FnMut(&[Record]) -> Result<usize>) -> Result<Times> {
    let mut times = Vec::new();
    for round in 0..=ROUNDS {
        for batch in batches {
            let start = Instant::now();
            let done = run(batch)?;
            if round > 0 {
                times.push(start.elapsed().as_nanos() as f64 / batch.len() as f64);
            }
            anyhow::ensure!(done >= batch.len(), "only {done} of {} events came out", batch.len());
        }
    }
    Ok(Times::new(times))
}

fn tables(pipeline: &Pipeline) -> Result<Tables> {
    let mut tables = Tables::default();
    for definition in &pipeline.reference {
        let bytes = std::fs::read(root().join("pipelines").join(definition.file()?))?;
        tables.add(&definition.table, Table::read(definition, &bytes)?)?;
    }
    Ok(tables)
}

/// What the pipeline decodes of a post, by serde's derive.
#[derive(Deserialize)]
struct Post<'a> {
    #[serde(borrow)]
    id: &'a str,
    created_at: &'a str,
    #[serde(borrow)]
    account: Account<'a>,
    #[serde(borrow)]
    content: std::borrow::Cow<'a, str>,
    geo: Option<Geo>,
    severity: Option<f64>,
}

#[derive(Deserialize)]
struct Account<'a> {
    #[serde(borrow)]
    username: std::borrow::Cow<'a, str>,
}

#[derive(Deserialize)]
struct Geo {
    lat: f64,
    lng: f64,
}

#[derive(Default)]
struct Vectors {
    texts: String,
    ends: Vec<usize>,
    numbers: Vec<f64>,
}

fn bare(batch: &[Record]) -> usize {
    let mut all = Vectors::default();
    for record in batch {
        let Ok(post) = sonic_rs::from_slice::<Post<'_>>(&record.value) else { continue };
        for text in [post.id, post.created_at, &post.account.username, &post.content] {
            all.texts.push_str(text);
            all.ends.push(all.texts.len());
        }
        let geo = post.geo.as_ref();
        all.numbers
            .extend([post.severity, geo.map(|g| g.lat), geo.map(|g| g.lng)].map(|n| n.unwrap_or(f64::NAN)));
    }
    std::hint::black_box(&all).ends.len()
}
