//! How labels travel: what a step writes carries the labels of what it reads; a label comes off only
//! where the plan says so and a permit agrees; a sink takes only what it is cleared for.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Error, Output};

/// A field's labels, and the steps that they came through.
#[derive(Clone, Debug, Default)]
pub struct FieldFlow {
    /// Labels that the field carries now.
    pub labels: BTreeSet<String>,
    /// Where the field's value comes from, oldest first, as `step(field, …)`.
    pub path: Vec<String>,
}

/// Follows every label through the steps and checks it against the output's clearance.
///
/// `permits` says whether a plugin may take a label off a field.
///
/// # Errors
/// [`Error::Leak`] names the field, its label, its path, and the mend.
pub fn check(
    schema: &event::Schema,
    steps: &[(&str, &str, &plugin::Plan)],
    output: &Output,
    permits: &dyn Fn(&str, &plugin::Clearing) -> bool,
) -> Result<BTreeMap<String, FieldFlow>, Error> {
    let mut flows: BTreeMap<String, FieldFlow> = schema
        .fields
        .iter()
        .map(|f| (f.name.clone(), FieldFlow { labels: f.labels.clone(), path: vec!["schema".into()] }))
        .collect();
    for (step, plugin, plan) in steps {
        follow(&mut flows, step, plugin, plan, permits);
    }
    for (field, flow) in &flows {
        if let Some(label) = flow.labels.difference(&output.clearance).next() {
            return Err(Error::Leak(format!(
                "field `{field}` would carry the label `{label}` into topic `{}`, which is not cleared for it\n  \
                 path: {}\n  \
                 mend: clear it in a step that may (mask-pii for text and author), leave the field out of \
                 the schema, or add `{label}` to the topic's clearance",
                output.topic,
                flow.path.join(" → "),
            )));
        }
    }
    Ok(flows)
}

fn follow(
    flows: &mut BTreeMap<String, FieldFlow>,
    step: &str,
    plugin: &str,
    plan: &plugin::Plan,
    permits: &dyn Fn(&str, &plugin::Clearing) -> bool,
) {
    let before = flows.clone();
    // The host cannot see inside: without a policy, all writes depend on all reads; and so they do
    // while no policy can narrow.
    let reads: Vec<&event::Field> = plan.reads.iter().collect();
    let labels: BTreeSet<String> =
        reads.iter().filter_map(|f| before.get(&f.name)).flat_map(|f| f.labels.clone()).collect();
    for write in &plan.writes {
        let mut flow = before.get(&write.name).cloned().unwrap_or_default();
        flow.labels.extend(labels.iter().cloned());
        let names: Vec<&str> = reads.iter().map(|f| f.name.as_str()).collect();
        flow.path.push(format!("{step}({})", names.join(", ")));
        flows.insert(write.name.clone(), flow);
    }
    for clearing in plan.clears.iter().filter(|c| permits(plugin, c)) {
        if let Some(flow) = flows.get_mut(&clearing.field)
            && flow.labels.remove(&clearing.label)
        {
            flow.path.push(format!("{step} takes off `{}`", clearing.label));
        }
    }
}
