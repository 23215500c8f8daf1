//! For the benchmark: the core plugins compiled natively, over the input that the sandbox gets too.
//!
//! `bench-native PLUGIN CONFIG TEXTS POSITIONS`: prints nanoseconds per event of each repetition.
//! TEXTS has a text a line, POSITIONS a latitude and a longitude a line; both a batch of events.

use std::time::Instant;

use aggregate::Aggregate;
use h3o::{LatLng, Resolution};
use locate::Locate;
use mask_pii::MaskPii;
use vigie::bindings::vigie::plugin::types::{Column, Setup, Text, Values};
use vigie::keyed_bindings::vigie::plugin::keyed::{Kept, KeyedRows};
use vigie::{Field, KeyedStep, Kind, Problem, Step, Transform};

const REPETITIONS: usize = 400;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [plugin, config, texts, positions] = arguments.as_slice() else {
        eprintln!("usage: bench-native PLUGIN CONFIG TEXTS POSITIONS");
        std::process::exit(2);
    };
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let (texts, positions) = (read(texts), read(positions));
    vigie::testing::set_host(Cells);
    let times = match plugin.as_str() {
        "mask-pii" => transform::<MaskPii>(config, &texts_of(&texts)),
        "locate" => transform::<Locate>(config, &positions_of(&positions)),
        "aggregate" => fold(config, &positions_of(&positions)),
        _ => Ok(Vec::new()),
    };
    for ns in times.unwrap_or_default() {
        println!("{ns}");
    }
}

/// The host's answer to locate, as the host itself gives it.
struct Cells;

impl vigie::testing::Host for Cells {
    fn cells(&mut self, lat: &[f64], lng: &[f64], resolution: u8) -> Vec<u64> {
        let resolution = Resolution::try_from(resolution).unwrap_or(Resolution::Zero);
        let cell = |(lat, lng): (&f64, &f64)| {
            let on_earth = (-90.0..=90.0).contains(lat) && (-180.0..=180.0).contains(lng);
            let position = LatLng::new(*lat, *lng).ok().filter(|_| on_earth);
            position.map_or(0, |position| position.to_cell(resolution).into())
        };
        lat.iter().zip(lng).map(cell).collect()
    }
}

type Named = (Field, Column);

fn field(name: &str, kind: Kind) -> Field {
    Field { name: name.into(), kind, optional: true }
}

fn texts_of(texts: &str) -> Vec<Named> {
    let mut text = Text { chars: String::new(), ends: Vec::new() };
    for line in texts.lines() {
        text.chars.push_str(line);
        text.ends.push(text.chars.len() as u32);
    }
    vec![(field("text", Kind::Utf8), Column { values: Values::Text(text), validity: None })]
}

fn positions_of(positions: &str) -> Vec<Named> {
    let (mut lat, mut lng) = (Vec::new(), Vec::new());
    for line in positions.lines() {
        let mut numbers = line.split(' ').filter_map(|number| number.parse::<f64>().ok());
        lat.extend(numbers.next());
        lng.extend(numbers.next());
    }
    let column = |values| Column { values: Values::F64s(values), validity: None };
    vec![(field("lat", Kind::Float64), column(lat)), (field("lng", Kind::Float64), column(lng))]
}

fn rows(columns: &[Named]) -> usize {
    match columns.first().map(|(_, column)| &column.values) {
        Some(Values::Text(text)) => text.ends.len(),
        Some(Values::F64s(values)) => values.len(),
        _ => 0,
    }
}

fn setup(config: &str, columns: &[Named], key: &[&str]) -> Setup {
    let input = columns.iter().map(|(field, _)| field.clone()).collect();
    let key: Vec<String> = key.iter().map(|name| (*name).into()).collect();
    Setup { config: config.into(), input, windowed: !key.is_empty(), key }
}

fn transform<T: Transform>(config: &str, columns: &[Named]) -> Result<Vec<f64>, Vec<Problem>> {
    let (mut step, plan) = Step::<T>::configure(&setup(config, columns, &[]))?;
    let rows = rows(columns);
    let read = |name: &str| columns.iter().find(|(f, _)| f.name == name).map(|(_, column)| column.clone());
    let mut times = Vec::with_capacity(REPETITIONS);
    for _ in 0..REPETITIONS {
        let batch = plan.reads.iter().filter_map(|f| read(&f.name)).collect();
        let start = Instant::now();
        std::hint::black_box(step.transform(rows as u32, batch));
        times.push(start.elapsed().as_nanos() as f64 / rows.max(1) as f64);
    }
    Ok(times)
}

/// Every sixteenth row begins a key; all keys are new.
fn fold(config: &str, columns: &[Named]) -> Result<Vec<f64>, Vec<Problem>> {
    let (mut step, plan) = KeyedStep::<Aggregate>::configure(&setup(config, columns, &["kind"]))?;
    let rows = rows(columns);
    let keys = rows.div_ceil(16);
    let read = |name: &str| columns.iter().find(|(f, _)| f.name == name).map(|(_, column)| column.clone());
    let words = keys * (2 + plan.state.len());
    let mut times = Vec::with_capacity(REPETITIONS);
    for _ in 0..REPETITIONS {
        let batch = KeyedRows {
            rows: rows as u32,
            columns: plan.reads.iter().filter_map(|f| read(&f.name)).collect(),
            key_of_row: (0..rows as u32).map(|row| row / 16).collect(),
            keys: Vec::new(),
            kept: Kept { words: vec![0; words], bytes: Vec::new() },
        };
        let start = Instant::now();
        std::hint::black_box(step.fold(batch));
        times.push(start.elapsed().as_nanos() as f64 / rows.max(1) as f64);
    }
    Ok(times)
}
