//! A configured plugin: its plan, and the loop over the rows of a batch.

use crate::bindings::vigie::plugin::types::Reject as RejectedRow;
use crate::bindings::vigie::plugin::types::{Column, Flow, Order, Patch, Plan, Setup, Shape};
use crate::fields::kind_name;
use crate::{
    Events, Field, FieldSpec, FromConfig, Gives, LEFT_OUT, Problem, Reads, Sink, Source, Transform, Turn,
    Writes, problem,
};

/// A plugin in a step.
#[derive(Debug)]
pub struct Step<T> {
    plugin: T,
    /// For each field of `Reads`, whether the host hands it over.
    present: Vec<bool>,
    /// For each field of `Writes`, whether the host expects it.
    written: Vec<bool>,
}

impl<T: Transform> Step<T> {
    /// Configures the plugin and says what it will do.
    ///
    /// # Errors
    /// All problems of the configuration, or else all fields that it cannot read.
    pub fn configure(setup: &Setup) -> Result<(Self, Plan), Vec<Problem>> {
        let plugin = T::configure(T::Config::from_config(&setup.config)?)?;
        let left = plugin.leaves(&setup.input);
        let name = |field: &'static str| plugin.name(field);
        let present = present(T::Reads::FIELDS, &setup.input, &left, &name)?;
        let written: Vec<bool> = T::Writes::FIELDS.iter().map(|field| !left.contains(&field.name)).collect();
        let plan = plan(&plugin, &present, &written);
        Ok((Self { plugin, present, written }, plan))
    }

    /// Runs the plugin over each row of a batch.
    pub fn transform(&mut self, rows: u32, columns: Vec<Column>) -> Patch {
        let read = T::Reads::columns(&mut Source::new(columns, self.present.clone()));
        let mut write = T::Writes::columns(rows as usize);
        let mut turn = Turn::new(T::COUNTERS.len());
        let mut rejects = Vec::new();
        let one_to_one = T::SHAPE == Shape::OneToOne;
        let mut kept = Vec::with_capacity(if one_to_one { 0 } else { rows as usize });
        self.plugin.batch(&Events::new(&read, rows as usize));
        for row in 0..rows {
            turn.row = row as usize;
            let taken = match self.plugin.event(T::Reads::row(&read, row as usize), &mut turn) {
                Ok(values) => {
                    T::Writes::push(&mut write, values);
                    if !one_to_one {
                        kept.push(row);
                    }
                    true
                }
                Err(LEFT_OUT) if !one_to_one => false,
                Err(reject) => {
                    // Other shapes have rows for what goes on alone.
                    if one_to_one {
                        T::Writes::skip(&mut write);
                    }
                    rejects.push(RejectedRow { row, reason: reject.0 });
                    false
                }
            };
            while T::SHAPE == Shape::FlatMap
                && taken
                && let Some(values) = self.plugin.next(&mut turn)
            {
                T::Writes::push(&mut write, values);
                kept.push(row);
            }
        }
        let mut sink = Sink::new(self.written.clone());
        T::Writes::finish(write, &mut sink);
        Patch { rows: (!one_to_one).then_some(kept), columns: sink.columns, rejects, counts: turn.counts }
    }
}

/// Which fields are read, if all that are needed reach the step in their kind.
pub(crate) fn present(
    fields: &[FieldSpec],
    input: &[Field],
    left: &[&str],
    name: &dyn Fn(&'static str) -> String,
) -> Result<Vec<bool>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut present = Vec::with_capacity(fields.len());
    for field in fields {
        let name = name(field.name);
        let given = input.iter().find(|given| given.name == name);
        let given = given.filter(|_| !(field.optional && left.contains(&field.name)));
        present.push(given.is_some());
        if let Some(message) = mismatch(field, given) {
            problems.push(problem(&name, &message));
        }
    }
    if problems.is_empty() { Ok(present) } else { Err(problems) }
}

fn mismatch(field: &FieldSpec, given: Option<&Field>) -> Option<String> {
    let kind = kind_name(field.kind);
    match given {
        None if field.optional => None,
        None => Some(format!("does not reach the step; the plugin reads it as {kind}")),
        Some(given) if given.kind != field.kind => {
            Some(format!("is {}, and the plugin reads it as {kind}", kind_name(given.kind)))
        }
        Some(given) if given.optional && !field.optional => {
            Some("may be missing, and the plugin needs it in every event".into())
        }
        Some(_) => None,
    }
}

fn plan<T: Transform>(plugin: &T, present: &[bool], written: &[bool]) -> Plan {
    let chosen = |fields: &[FieldSpec], chosen: &[bool]| -> Vec<Field> {
        let chosen = fields.iter().zip(chosen).filter(|(_, is)| **is);
        chosen.map(|(field, _)| Field { name: plugin.name(field.name), ..field.to_field() }).collect()
    };
    let names = |fields: &[Field]| fields.iter().map(|field| field.name.clone()).collect();
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).into()).collect();
    let reads = chosen(T::Reads::FIELDS, present);
    let writes = chosen(T::Writes::FIELDS, written);
    Plan {
        flows: vec![Flow { reads: names(&reads), writes: names(&writes) }],
        reads,
        writes,
        shape: T::SHAPE,
        clears: plugin.clears(),
        lookups: plugin.lookups(),
        reasons: texts(plugin.reasons()),
        messages: texts(T::MESSAGES),
        counters: texts(T::COUNTERS),
        state: Vec::new(),
        state_version: 0,
        order: Order::Any,
        gives: Gives::Rows,
    }
}
