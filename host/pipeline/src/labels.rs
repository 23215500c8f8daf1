//! How labels travel: what a step writes carries the labels of what it reads; a label comes off only
//! where the plan says so and a policy permits it; a sink takes only what the pipeline file clears it for and
//! policies let it hold.

use std::collections::{BTreeMap, BTreeSet};

use plugin::{Clearing, Gives, Plan, Shape};
use policy::{Configured, Policies, Question, Sink, Verdict, config_digest};
use reference::Tables;

use crate::facts::Written;
use crate::{Error, Pipeline, Running};

/// The pseudo-field of every topic that says which rows there are: what a step drops, refuses or
/// keys by a labelled field shows something of it.
pub const ROWS: &str = "rows";
/// In a path: where a label comes from that only what lies in a topic already has.
const BEFORE: &str = "written before";

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

/// Where labels have come.
pub struct Flows {
    /// The topics that the pipeline writes.
    pub topics: Vec<TopicFlow>,
    /// By stage, the labels of its state.
    pub state: BTreeMap<String, BTreeSet<String>>,
}

/// Follows every label through all steps and checks it against every topic's clearance and the policies. `written`
/// holds the labels of what lies in topics and state already: in force are those and the pipeline's.
///
/// # Errors
/// [`Error::Leak`] names the field, its label, its path, and the mend.
pub fn check(
    pipeline: &Pipeline,
    running: &Running,
    tables: &Tables,
    policies: &Policies,
    written: &Written,
) -> Result<Flows, Error> {
    let check = Check { pipeline, tables, policies, written };
    check.dead_letters()?;
    let mut fields: Fields = pipeline
        .schema
        .fields
        .iter()
        .map(|f| (f.name.clone(), FieldFlow { labels: f.labels.clone(), path: vec!["schema".into()] }))
        .collect();
    for host in ["id", "source", "revision_us", "behind_us", ROWS] {
        fields.insert(host.into(), FieldFlow { labels: BTreeSet::new(), path: vec!["host".into()] });
    }
    for ((name, plan), step) in running.first.plans().zip(&pipeline.steps) {
        check.follow(&mut fields, &Step::new(pipeline, name, &step.plugin, &step.with, plan))?;
    }
    let mut flows = vec![check.topic(&pipeline.events, fields)?];
    let mut state = BTreeMap::new();
    for (stage, then) in running.then.iter().zip(&pipeline.then) {
        let Some(from) = flows.iter().find(|flow| flow.topic == then.from) else { continue };
        let mut step = Step::new(pipeline, &then.name, &then.plugin, &then.with, stage.plan());
        step.key = &then.key;
        let stage_name = pipeline.group_of(then);
        let held = check.state(&step, &stage_name, &from.fields)?;
        state.insert(stage_name, held);
        let mut fields = from.fields.clone();
        check.follow(&mut fields, &step)?;
        if stage.plan().gives == Gives::Keys {
            let output = stage.output();
            fields.retain(|name, _| name == ROWS || output.field_with_name(name).is_ok());
            let keys: BTreeSet<String> = labels_of(&fields, then.key.iter().map(String::as_str));
            let path = vec![format!("{}({})", then.name, then.key.join(", "))];
            for name in output.fields().iter().map(|f| f.name()) {
                let own = || FieldFlow { labels: keys.clone(), path: path.clone() };
                fields.entry(name.clone()).or_insert_with(own);
            }
        }
        flows.push(check.topic(&then.output, fields)?);
    }
    Ok(Flows { topics: flows, state })
}

/// What a store is given, and may hold.
pub struct StoreRule<'a> {
    /// The store.
    pub name: &'a str,
    /// Of the derived topics those that it is given; all where none are named.
    pub topics: Option<&'a BTreeSet<String>>,
    /// Labels that it is cleared for.
    pub clearance: &'a BTreeSet<String>,
}

/// Checks what a store is given against its clearance and the policies. A row that it refuses becomes a dead letter
/// with all its labels.
///
/// # Errors
/// [`Error::Leak`] names the field, its label, its path, and the mend.
pub fn check_store(
    pipeline: &Pipeline,
    flows: &Flows,
    policies: &Policies,
    store: &StoreRule<'_>,
) -> Result<(), Error> {
    let StoreRule { name, topics, clearance } = *store;
    for topic in topics.into_iter().flatten() {
        if topic != crate::DEAD_LETTERS && !flows.topics.iter().any(|flow| flow.topic == *topic) {
            return Err(Error::File(format!(
                "store `{name}` is given topic `{topic}`, which no step writes"
            )));
        }
    }
    let check = Check { pipeline, tables: &Tables::default(), policies, written: &Written::default() };
    for flow in flows.topics.iter().filter(|flow| topics.is_none_or(|topics| topics.contains(&flow.topic))) {
        for (field, FieldFlow { labels, path }) in &flow.fields {
            for label in labels {
                let (where_to, why) = if !clearance.contains(label) {
                    (format!("store `{name}`"), format!("add `{label}` to the store's clearance"))
                } else if let Some(why) = check.held(Sink::Store, name, label)? {
                    (format!("store `{name}`"), why)
                } else if !pipeline.clearance.dead_letter_rows.contains(label) {
                    let refused =
                        format!("topic `{}`, if store `{name}` refuses a row", crate::DEAD_LETTER_ROWS);
                    (refused, format!("add `{label}` to `clearance: {{dead_letter_rows: …}}`"))
                } else if let Some(why) = check.held(Sink::DeadLetterRows, crate::DEAD_LETTER_ROWS, label)? {
                    (format!("topic `{}`", crate::DEAD_LETTER_ROWS), why)
                } else {
                    continue;
                };
                return Err(Error::Leak(format!(
                    "{} of topic `{}` would carry the label `{label}` into {where_to}, which is not cleared for it\n  \
                     path: {}\n  \
                     mend: {why}, clear it in a step before, or leave the topic out of the store's `topics`",
                    called(field),
                    flow.topic,
                    path.join(" → "),
                )));
            }
        }
    }
    Ok(())
}

/// Checks a store that keeps the pipeline's raw records: they have every label of the schema.
///
/// # Errors
/// [`Error::Leak`].
pub fn check_archive(
    pipeline: &Pipeline,
    policies: &Policies,
    name: &str,
    clearance: &BTreeSet<String>,
) -> Result<(), Error> {
    let check = Check { pipeline, tables: &Tables::default(), policies, written: &Written::default() };
    for label in pipeline.schema.fields.iter().flat_map(|field| &field.labels) {
        let why = if clearance.contains(label) {
            let Some(why) = check.held(Sink::Archive, name, label)? else { continue };
            why
        } else {
            format!("add `{label}` to the store's clearance")
        };
        return Err(Error::Leak(format!(
            "raw records would carry the label `{label}` into the archive `{name}`, which is not cleared for it\n  \
             mend: {why}"
        )));
    }
    Ok(())
}

fn called(field: &str) -> String {
    if field == ROWS { "the choice of rows".into() } else { format!("field `{field}`") }
}

type Fields = BTreeMap<String, FieldFlow>;

/// One plugin in its place.
struct Step<'a> {
    name: &'a str,
    configured: Configured,
    plan: &'a Plan,
    key: &'a [String],
}

impl<'a> Step<'a> {
    fn new(
        pipeline: &Pipeline,
        name: &'a str,
        plugin: &str,
        with: &serde_json::Value,
        plan: &'a Plan,
    ) -> Self {
        let configured = Configured {
            plugin: plugin.into(),
            pipeline: pipeline.pipeline.clone(),
            config: config_digest(with),
        };
        Self { name, configured, plan, key: &[] }
    }
}

/// What labels are checked against.
struct Check<'a> {
    pipeline: &'a Pipeline,
    tables: &'a Tables,
    policies: &'a Policies,
    written: &'a Written,
}

impl Check<'_> {
    /// Refused rows are kept as they came, with every label of the schema.
    fn dead_letters(&self) -> Result<(), Error> {
        let clearance = &self.pipeline.clearance.dead_letter_rows;
        for label in self.pipeline.schema.fields.iter().flat_map(|f| &f.labels) {
            let why = if clearance.contains(label) {
                let Some(why) = self.held(Sink::DeadLetterRows, crate::DEAD_LETTER_ROWS, label)? else {
                    continue;
                };
                why
            } else {
                format!("add `{label}` to `clearance: {{dead_letter_rows: …}}`")
            };
            return Err(Error::Leak(format!(
                "refused rows would carry the label `{label}` into topic `{}`, which is not cleared for it\n  \
                 mend: {why}, or leave the field out of the schema",
                crate::DEAD_LETTER_ROWS
            )));
        }
        Ok(())
    }

    fn topic(&self, output: &crate::Output, mut fields: Fields) -> Result<TopicFlow, Error> {
        for (field, labels) in self.written.of(&output.topic) {
            let flow = fields.entry(field.into()).or_default();
            if !labels.is_subset(&flow.labels) {
                flow.labels.extend(labels.iter().cloned());
                flow.path.push(BEFORE.into());
            }
        }
        for (field, flow) in &fields {
            for label in &flow.labels {
                let why = if output.clearance.contains(label) {
                    let Some(why) = self.held(Sink::Topic, &output.topic, label)? else { continue };
                    why
                } else {
                    format!("add `{label}` to the topic's clearance")
                };
                return Err(Error::Leak(format!(
                    "{} would carry the label `{label}` into topic `{}`, which is not cleared for it\n  \
                     path: {}\n  \
                     mend: clear it in a step that may (mask-pii for text and author), leave the field out \
                     of the schema, or {why}",
                    called(field),
                    output.topic,
                    flow.path.join(" → "),
                )));
            }
        }
        Ok(TopicFlow { topic: output.topic.clone(), clearance: output.clearance.clone(), fields })
    }

    /// State holds what was ever folded into it, and rows that wait: a topic of its own, with a clearance.
    fn state(&self, step: &Step<'_>, stage: &str, fields: &Fields) -> Result<BTreeSet<String>, Error> {
        let mut held = if step.plan.order == plugin::Order::EventTime {
            labels_of(fields, fields.keys().map(String::as_str))
        } else {
            let reads = step.plan.reads.iter().map(|f| &f.name).chain(step.key);
            labels_of(fields, reads.map(String::as_str))
        };
        held.extend(self.written.of(stage).flat_map(|(_, labels)| labels).cloned());
        for label in &held {
            let why = if self.pipeline.clearance.state.contains(label) {
                let Some(why) = self.held(Sink::State, step.name, label)? else { continue };
                why
            } else {
                format!("add `{label}` to `clearance: {{state: …}}`")
            };
            return Err(Error::Leak(format!(
                "the state of step `{}` would hold the label `{label}`, for which state is not cleared\n  \
                 mend: {why}, or clear it in a step before",
                step.name
            )));
        }
        Ok(held)
    }

    /// None: policies let the sink hold the label. Otherwise the mend.
    fn held(&self, kind: Sink, name: &str, label: &str) -> Result<Option<String>, Error> {
        let (pipeline, name, label) = (self.pipeline.pipeline.clone(), name.into(), label.into());
        let denied = self.denied(&Question::Hold { pipeline, kind, name, label })?;
        Ok(denied.map(|why| format!("have a policy permit it ({why})")))
    }

    /// Why policies deny something, if they do.
    fn denied(&self, question: &Question) -> Result<Option<String>, Error> {
        Ok(match self.policies.ask(question)? {
            Verdict::Permitted(_) => None,
            Verdict::Denied(why) => Some(format!("{question}: {why}")),
        })
    }

    fn follow(&self, fields: &mut Fields, step: &Step<'_>) -> Result<(), Error> {
        let plan = step.plan;
        let before = fields.clone();
        let reads = plan.reads.iter().map(|f| &f.name).chain(step.key);
        let all = self.source(&before, step, reads.clone());
        let narrowed = plan.flows.len() > 1
            && self.denied(&Question::Narrow { step: step.configured.clone() })?.is_none();
        for write in &plan.writes {
            // The host cannot see inside: without a permit all writes depend on all reads.
            let mut flows = plan.flows.iter().filter(|flow| flow.writes.contains(&write.name)).peekable();
            let of_flows = (narrowed && flows.peek().is_some())
                .then(|| self.source(&before, step, flows.flat_map(|flow| &flow.reads).chain(step.key)));
            let source = of_flows.as_ref().unwrap_or(&all);
            let written = fields.entry(write.name.clone()).or_default();
            written.labels.extend(source.labels.iter().cloned());
            written.path.push(source.through.clone());
        }
        if plan.shape != Shape::OneToOne || !plan.reasons.is_empty() || !step.key.is_empty() {
            let rows = fields.entry(ROWS.into()).or_default();
            if !all.labels.is_subset(&rows.labels) {
                rows.labels.extend(all.labels);
                rows.path.push(all.through);
            }
        }
        plan.clears.iter().try_for_each(|clearing| self.clear(fields, step, clearing))
    }

    /// What is written from some fields depends on them, on the tables asked, and on which rows there are.
    fn source<'a>(
        &self,
        fields: &Fields,
        step: &Step<'_>,
        reads: impl Iterator<Item = &'a String> + Clone,
    ) -> Source {
        let reads = reads.map(String::as_str);
        let mut labels = labels_of(fields, reads.clone().chain([ROWS]));
        for lookup in &step.plan.lookups {
            let table = self.tables.get(&lookup.table);
            labels.extend(lookup.columns.iter().filter_map(|c| table?.labels(c)).flatten().cloned());
        }
        let chosen = fields.get(ROWS).filter(|rows| !rows.labels.is_empty()).map(|_| "the choice of rows");
        let list = reads.chain(chosen).collect::<Vec<_>>().join(", ");
        Source { labels, through: format!("{}({list})", step.name) }
    }

    /// Takes a label off, where a policy permits it; where none does, the path says so.
    fn clear(&self, fields: &mut Fields, step: &Step<'_>, clearing: &Clearing) -> Result<(), Error> {
        let Clearing { field, label, becomes } = clearing;
        let Some(flow) = fields.get_mut(field).filter(|flow| flow.labels.contains(label)) else {
            return Ok(());
        };
        let question = Question::Clear {
            step: step.configured.clone(),
            field: field.clone(),
            label: label.clone(),
            becomes: becomes.clone(),
        };
        if let Some(why) = self.denied(&question)? {
            flow.path.push(format!("{} takes nothing off ({why})", step.name));
            return Ok(());
        }
        flow.labels.remove(label);
        flow.labels.extend(becomes.clone());
        flow.path.push(match becomes {
            Some(becomes) => format!("{} makes `{label}` `{becomes}`", step.name),
            None => format!("{} takes off `{label}`", step.name),
        });
        Ok(())
    }
}

/// What a written field takes over.
struct Source {
    labels: BTreeSet<String>,
    through: String,
}

fn labels_of<'a>(fields: &Fields, names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    names.filter_map(|name| fields.get(name)).flat_map(|flow| flow.labels.clone()).collect()
}

#[cfg(test)]
mod tests;
