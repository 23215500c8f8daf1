//! How labels travel: what a step writes carries the labels of what it reads; a label comes off only
//! where the plan says so and a permit agrees; a sink takes only what it is cleared for.

use std::collections::{BTreeMap, BTreeSet};

use plugin::{Clearing, Gives, Plan, Shape};
use reference::Tables;

use crate::{Error, Pipeline, Running};

/// The pseudo-field of every topic that says which rows there are: what a step drops, refuses or
/// keys by a labelled field shows something of it.
pub const ROWS: &str = "rows";

/// A field's labels, and the steps that they came through.
#[derive(Clone, Debug, Default)]
pub struct FieldFlow {
    /// Labels that the field carries now.
    pub labels: BTreeSet<String>,
    /// Where the field's value comes from, oldest first, as `step(field, …)`.
    pub path: Vec<String>,
}

/// The fields of one topic.
pub struct TopicFlow {
    /// The topic.
    pub topic: String,
    /// What it is cleared for.
    pub clearance: BTreeSet<String>,
    /// By field; `rows` among them.
    pub fields: BTreeMap<String, FieldFlow>,
}

/// What policies permit.
pub trait Permits {
    /// Whether a plugin, so configured, may take a label off a field.
    fn clears(&self, plugin: &str, clearing: &Clearing) -> bool;
}

/// Follows every label through all steps and checks it against every topic's clearance.
///
/// # Errors
/// [`Error::Leak`] names the field, its label, its path, and the mend.
pub fn check(
    pipeline: &Pipeline,
    running: &Running,
    tables: &Tables,
    permits: &dyn Permits,
) -> Result<Vec<TopicFlow>, Error> {
    let all: BTreeSet<&String> = pipeline.schema.fields.iter().flat_map(|f| &f.labels).collect();
    if let Some(label) = all.iter().find(|label| !pipeline.clearance.dead_letter_rows.contains(**label)) {
        return Err(Error::Leak(format!(
            "refused rows would carry the label `{label}` into topic `{}`, which is not cleared for it\n  \
             mend: add `{label}` to `clearance: {{dead_letter_rows: …}}`, or leave the field out of the schema",
            crate::DEAD_LETTER_ROWS
        )));
    }
    let mut fields: BTreeMap<String, FieldFlow> = pipeline
        .schema
        .fields
        .iter()
        .map(|f| (f.name.clone(), FieldFlow { labels: f.labels.clone(), path: vec!["schema".into()] }))
        .collect();
    for host in ["id", "source", "revision_us", "behind_us", ROWS] {
        fields.insert(host.into(), FieldFlow { labels: BTreeSet::new(), path: vec!["host".into()] });
    }
    for ((name, plan), step) in running.first.plans().zip(&pipeline.steps) {
        follow(&mut fields, &Step { name, plugin: &step.plugin, plan, key: &[] }, tables, permits);
    }
    let mut flows = vec![checked(&pipeline.events, fields)?];
    for (stage, then) in running.then.iter().zip(&pipeline.then) {
        let Some(from) = flows.iter().find(|flow| flow.topic == then.from) else { continue };
        let step = Step { name: &then.name, plugin: &then.plugin, plan: stage.plan(), key: &then.key };
        check_state(pipeline, &step, &from.fields)?;
        let mut fields = from.fields.clone();
        follow(&mut fields, &step, tables, permits);
        if stage.plan().gives == Gives::Keys {
            let output = stage.output();
            fields.retain(|name, _| name == ROWS || output.field_with_name(name).is_ok());
            let keys: BTreeSet<String> = labels_of(&fields, then.key.iter());
            let path = vec![format!("{}({})", then.name, then.key.join(", "))];
            for name in output.fields().iter().map(|f| f.name()) {
                let own = || FieldFlow { labels: keys.clone(), path: path.clone() };
                fields.entry(name.clone()).or_insert_with(own);
            }
        }
        flows.push(checked(&then.output, fields)?);
    }
    Ok(flows)
}

/// One plugin in its place.
struct Step<'a> {
    name: &'a str,
    plugin: &'a str,
    plan: &'a Plan,
    key: &'a [String],
}

fn checked(output: &crate::Output, fields: BTreeMap<String, FieldFlow>) -> Result<TopicFlow, Error> {
    for (field, flow) in &fields {
        if let Some(label) = flow.labels.difference(&output.clearance).next() {
            let what =
                if field == ROWS { "the choice of rows".to_owned() } else { format!("field `{field}`") };
            return Err(Error::Leak(format!(
                "{what} would carry the label `{label}` into topic `{}`, which is not cleared for it\n  \
                 path: {}\n  \
                 mend: clear it in a step that may (mask-pii for text and author), leave the field out of \
                 the schema, or add `{label}` to the topic's clearance",
                output.topic,
                flow.path.join(" → "),
            )));
        }
    }
    Ok(TopicFlow { topic: output.topic.clone(), clearance: output.clearance.clone(), fields })
}

/// State holds what was ever folded into it, and rows that wait: a topic of its own, with a clearance.
fn check_state(
    pipeline: &Pipeline,
    step: &Step<'_>,
    fields: &BTreeMap<String, FieldFlow>,
) -> Result<(), Error> {
    let held = if step.plan.order == plugin::Order::EventTime {
        labels_of(fields, fields.keys())
    } else {
        labels_of(fields, step.plan.reads.iter().map(|f| &f.name).chain(step.key))
    };
    match held.difference(&pipeline.clearance.state).next() {
        None => Ok(()),
        Some(label) => Err(Error::Leak(format!(
            "the state of step `{}` would hold the label `{label}`, for which state is not cleared\n  \
             mend: add `{label}` to `clearance: {{state: …}}`, or clear it in a step before",
            step.name
        ))),
    }
}

fn labels_of<'a>(
    fields: &BTreeMap<String, FieldFlow>,
    names: impl Iterator<Item = &'a String>,
) -> BTreeSet<String> {
    names.filter_map(|name| fields.get(name)).flat_map(|flow| flow.labels.clone()).collect()
}

fn follow(flows: &mut BTreeMap<String, FieldFlow>, step: &Step<'_>, tables: &Tables, permits: &dyn Permits) {
    let plan = step.plan;
    let names: Vec<&String> = plan.reads.iter().map(|f| &f.name).chain(step.key).collect();
    // The host cannot see inside: all writes depend on all reads, on the tables asked, and on which
    // rows there are.
    let rows_before = ROWS.to_owned();
    let mut labels = labels_of(flows, names.iter().copied().chain([&rows_before]));
    for lookup in &plan.lookups {
        let table = tables.get(&lookup.table);
        labels.extend(lookup.columns.iter().filter_map(|c| table?.labels(c)).flatten().cloned());
    }
    let chosen = flows.get(ROWS).filter(|rows| !rows.labels.is_empty()).map(|_| "the choice of rows");
    let list = names.iter().map(|name| name.as_str()).chain(chosen).collect::<Vec<_>>().join(", ");
    let through = format!("{}({list})", step.name);
    for write in &plan.writes {
        let flow = flows.entry(write.name.clone()).or_default();
        flow.labels.extend(labels.iter().cloned());
        flow.path.push(through.clone());
    }
    if plan.shape != Shape::OneToOne || !plan.reasons.is_empty() || !step.key.is_empty() {
        let rows = flows.entry(ROWS.into()).or_default();
        if !labels.is_subset(&rows.labels) {
            rows.labels.extend(labels);
            rows.path.push(through);
        }
    }
    for clearing in plan.clears.iter().filter(|c| permits.clears(step.plugin, c)) {
        if let Some(flow) = flows.get_mut(&clearing.field)
            && flow.labels.remove(&clearing.label)
        {
            let becomes = clearing.becomes.as_ref();
            flow.path.push(match becomes {
                Some(becomes) => format!("{} makes `{}` `{becomes}`", step.name, clearing.label),
                None => format!("{} takes off `{}`", step.name, clearing.label),
            });
            flow.labels.extend(becomes.cloned());
        }
    }
}
