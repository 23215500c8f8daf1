//! For the benchmark: columns read and written by hand, as fast as the contract allows. What the SDK's
//! loop costs is measured against it.

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction)]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit", world: "transform" });
}

use std::cell::Cell;

use bindings::vigie::plugin::types::{
    Column, Field, Flow, Gives, Kind, Order, Patch, Plan, Problem, Setup, Shape, Text, Values,
};

struct Hand;

std::thread_local! {
    static TEXT: Cell<bool> = const { Cell::new(false) };
}

impl bindings::Guest for Hand {
    /// `{"text": true}`: the field `text` is copied; otherwise `sum` is `lat` + `lng`.
    fn configure(setup: Setup) -> Result<Plan, Vec<Problem>> {
        let text = setup.config.contains("text");
        TEXT.set(text);
        let field = |name: &str, kind| Field { name: name.into(), kind, optional: false };
        let (reads, writes) = if text {
            (vec![field("text", Kind::Utf8)], vec![field("text", Kind::Utf8)])
        } else {
            (
                vec![field("lat", Kind::Float64), field("lng", Kind::Float64)],
                vec![field("sum", Kind::Float64)],
            )
        };
        let names = |fields: &[Field]| fields.iter().map(|f| f.name.clone()).collect();
        Ok(Plan {
            flows: vec![Flow { reads: names(&reads), writes: names(&writes) }],
            reads,
            writes,
            shape: Shape::OneToOne,
            clears: vec![],
            lookups: vec![],
            reasons: vec![],
            messages: vec![],
            counters: vec![],
            state: vec![],
            state_version: 0,
            order: Order::Any,
            gives: Gives::Rows,
        })
    }

    fn transform(_rows: u32, columns: Vec<Column>) -> Patch {
        let mut columns = columns.into_iter().map(|column| column.values);
        let values = match (columns.next(), columns.next()) {
            (Some(Values::F64s(lat)), Some(Values::F64s(lng))) => {
                Values::F64s(lat.iter().zip(&lng).map(|(lat, lng)| lat + lng).collect())
            }
            (Some(Values::Text(text)), _) => Values::Text(copy(&text)),
            _ => Values::F64s(vec![]),
        };
        let columns = vec![Column { values, validity: None }];
        Patch { rows: None, columns, rejects: vec![], counts: vec![] }
    }
}

/// Row by row, as a plugin that looks at each text has to.
fn copy(text: &Text) -> Text {
    let mut copy =
        Text { chars: String::with_capacity(text.chars.len()), ends: Vec::with_capacity(text.ends.len()) };
    let mut from = 0;
    for end in &text.ends {
        let to = *end as usize;
        copy.chars.push_str(text.chars.get(from..to).unwrap_or_default());
        copy.ends.push(copy.chars.len() as u32);
        from = to;
    }
    copy
}

#[allow(unsafe_code)]
mod export {
    use super::Hand;
    crate::bindings::export!(Hand with_types_in crate::bindings);
}
