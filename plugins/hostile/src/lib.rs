//! A guest that breaks the contract in every way it can. It exists only for the sandbox's tests
//! (`host/plugin/tests/sandbox.rs`) and is no core plugin.
//!
//! It is written on the raw contract, because the SDK would not let it break anything. Its
//! configuration `{"do": NAME}` names one attack; a name that begins with `filter:` or `flat-map:`
//! gives the plan that shape. A row whose text is `bad` triggers the attack for the batch that it
//! is in; `trap` always traps, `refuse` is refused with a declared reason, and `drop` is left out
//! where the shape allows it. All other rows are echoed (twice in a flat map).

mod attack;
mod bindings;

use std::sync::Mutex;

use bindings::vigie::plugin::types::{
    Column, Field, Flow, Gives, Kind, Order, Patch, Plan, Problem, Reject, Setup, Shape, Text, Values,
};

/// What `configure` was told.
static ATTACK: Mutex<String> = Mutex::new(String::new());

struct Hostile;

impl bindings::Guest for Hostile {
    fn configure(setup: Setup) -> Result<Plan, Vec<Problem>> {
        let attack = named(&setup.config);
        attack::configure(&attack)?;
        let plan = plan(&attack);
        if let Ok(mut kept) = ATTACK.lock() {
            *kept = attack;
        }
        Ok(plan)
    }

    fn transform(_: u32, columns: Vec<Column>) -> Patch {
        let attack = ATTACK.lock().map(|kept| kept.clone()).unwrap_or_default();
        let texts = texts(columns);
        if texts.iter().any(|text| text == "trap") {
            std::process::abort();
        }
        attack::every_call(&attack);
        let Some(bad) = texts.iter().position(|text| text == "bad") else {
            return attack::spoil_every(&attack, echo(&attack, &texts), texts.len());
        };
        attack::compute(&attack);
        attack::spoil(&attack, echo(&attack, &texts), texts.len() as u32, bad)
    }
}

/// The value of `do`; no JSON parser is needed for the tests' own configurations.
fn named(config: &str) -> String {
    let value = config.split_once("\"do\"").map_or("", |(_, rest)| rest);
    value.split('"').nth(1).unwrap_or_default().to_owned()
}

fn shape(attack: &str) -> Shape {
    match attack.split_once(':') {
        Some(("filter", _)) => Shape::Filter,
        Some(("flat-map", _)) => Shape::FlatMap,
        _ => Shape::OneToOne,
    }
}

fn plan(attack: &str) -> Plan {
    let field = |name: &str, kind| Field { name: name.into(), kind, optional: false };
    let mut writes = vec![field("text", Kind::Utf8)];
    if attack == "boolean-two" {
        writes.push(field("flag", Kind::Boolean));
    }
    let names = writes.iter().map(|f| f.name.clone()).collect();
    Plan {
        reads: vec![field("text", Kind::Utf8)],
        writes,
        shape: shape(attack),
        flows: vec![Flow { reads: vec!["text".into()], writes: names }],
        clears: Vec::new(),
        lookups: Vec::new(),
        reasons: vec!["it asked to be refused".into()],
        messages: Vec::new(),
        counters: vec!["seen".into()],
        state: Vec::new(),
        state_version: 0,
        order: Order::Any,
        gives: Gives::Rows,
    }
}

fn texts(columns: Vec<Column>) -> Vec<String> {
    let Some(Column { values: Values::Text(Text { chars, ends }), .. }) = columns.into_iter().next() else {
        return Vec::new();
    };
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let cut = |(from, to): (u32, u32)| chars.get(from as usize..to as usize).unwrap_or_default().to_owned();
    starts.zip(ends.iter().copied()).map(cut).collect()
}

/// What a well-behaved plugin would give.
fn echo(attack: &str, texts: &[String]) -> Patch {
    let shape = shape(attack);
    let times = |text: &str| match shape {
        Shape::OneToOne => 1,
        _ if text == "drop" => 0,
        Shape::Filter => 1,
        Shape::FlatMap => 2,
    };
    let mut rows = Vec::new();
    let mut text = Text { chars: String::new(), ends: Vec::new() };
    for (row, value) in (0..).zip(texts) {
        for _ in 0..times(value) {
            rows.push(row);
            text.chars.push_str(value);
            text.ends.push(text.chars.len() as u32);
        }
    }
    let mut columns = vec![Column { values: Values::Text(text), validity: None }];
    if attack == "boolean-two" {
        columns.push(Column { values: Values::U8s(vec![1; rows.len()]), validity: None });
    }
    let refused = (0..).zip(texts).filter(|(_, text)| *text == "refuse");
    Patch {
        rows: (shape != Shape::OneToOne).then_some(rows),
        columns,
        rejects: refused.map(|(row, _)| Reject { row, reason: 0 }).collect(),
        counts: vec![texts.len() as u64],
    }
}
