//! What crossing into the sandbox costs, and the SDK's loop over columns written by hand.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use plugin::{Limits, Nothing, Plugin, Sandbox};

use crate::table::{Row, Times};
use crate::{Places, component};

pub const BATCH: usize = 1024;
const REPETITIONS: usize = 2000;

/// Texts of posts and positions, as the flood has them: a batch.
pub fn batch() -> Result<RecordBatch> {
    let events = simulate::events(&simulate::Options {
        seed: 7,
        events: 40_000,
        bad_per_mille: 0,
        ..Default::default()
    });
    let (mut texts, mut lat, mut lng) = (Vec::new(), Vec::new(), Vec::new());
    for event in events.filter(|event| event.source == simulate::Source::Social) {
        let Ok(post) = sonic_rs::from_slice::<Post>(&event.json) else { continue };
        let Some(geo) = post.geo else { continue };
        texts.push(post.content);
        lat.push(geo.lat);
        lng.push(geo.lng);
        if texts.len() == BATCH {
            break;
        }
    }
    let columns: [(&str, ArrayRef); 3] = [
        ("text", Arc::new(StringArray::from(texts))),
        ("lat", Arc::new(Float64Array::from(lat))),
        ("lng", Arc::new(Float64Array::from(lng))),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

#[derive(serde::Deserialize)]
struct Post {
    content: String,
    geo: Option<Geo>,
}

#[derive(serde::Deserialize)]
struct Geo {
    lat: f64,
    lng: f64,
}

/// Nanoseconds per event of a plugin over a batch, warm.
pub fn time(plugin: &mut Plugin, batch: &RecordBatch, repetitions: usize) -> Result<Times> {
    let mut times = Vec::with_capacity(repetitions);
    for repetition in 0..repetitions + 20 {
        let start = Instant::now();
        let outcome = plugin.run(batch)?;
        if repetition >= 20 {
            times.push(start.elapsed().as_nanos() as f64 / batch.num_rows() as f64);
        }
        std::hint::black_box(outcome);
    }
    Ok(Times::new(times))
}

pub fn measure(places: &Places) -> Result<Vec<Row>> {
    let (sandbox, batch) = (Sandbox::new()?, batch()?);
    let configure = |name: &str, config: &str| -> Result<Plugin> {
        let component = component(places, &sandbox, name)?;
        Ok(Plugin::configure(&component, Limits::default(), config, &batch.schema(), Arc::new(Nothing))?)
    };
    let run = |name: &str, config: &str| time(&mut configure(name, config)?, &batch, REPETITIONS);
    let fixed_by_hand = run("bench-hand", "{}")?;
    let fixed = run("bench-fixed", "{}")?;
    let text_by_hand = run("bench-hand", "{\"text\": true}")?;
    let text = run("bench-text", "{}")?;
    let limit = |by_hand: &Times, more: f64| Some(by_hand.median() + more);
    Ok(vec![
        Row::new("boundary: 2 float64 in, 1 out, by hand", fixed_by_hand.clone(), Some(10.0), "10 ns"),
        Row::new("the same by the SDK", fixed.clone(), limit(&fixed_by_hand, 2.0), "by hand + 2 ns"),
        Row::new("a text in, a text out, by hand", text_by_hand.clone(), None, ""),
        Row::new("the same by the SDK", text, limit(&text_by_hand, 5.0), "by hand + 5 ns"),
    ])
}
