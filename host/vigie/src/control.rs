//! What this program says in the log for the others, and what `vigie status` prints of all.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use log::{Log, Output, Step};
use pipeline::Flows;
use pipeline::facts::{self, CONTROL, Facts, SCHEMAS, Written};
use serde_json::{Value, json};

use crate::app::{App, ReadPipeline};
use crate::commands::print_rows;

/// Whose steps facts are.
pub const GROUP: &str = "vigie";

/// Makes the topics of facts.
pub fn create_topics(log: &dyn Log) -> Result<(), log::Error> {
    [SCHEMAS, CONTROL].iter().try_for_each(|topic| log.create_compacted(topic))
}

/// Says what is new: labels under which the pipeline will write, and which plugins it runs.
pub fn begin(
    app: &App,
    log: &mut dyn Log,
    read: &ReadPipeline,
    written: &Written,
    flows: &Flows,
) -> Result<()> {
    let mut outputs = written.new_facts(&read.pipeline, flows, now_us());
    let (name, version) = (&read.pipeline.pipeline, read.pipeline.version.to_string());
    let key = ["pipeline", name, &version];
    let what = json!({"file": read.digest, "plugins": plugins(app, read)?});
    let before = facts::read(log, CONTROL)?.remove(key.map(String::from).as_slice());
    if before.as_ref().is_none_or(|before| before.what != what) {
        if let Some(before) = before {
            let of = if before.what.get("file") == what.get("file") {
                "other plugins"
            } else {
                "another pipeline file"
            };
            eprintln!(
                "VG0042: version {version} of pipeline `{name}` ran before with {of}: what it writes now lies beside \
                 what it wrote then; give it a new version"
            );
        }
        outputs.push(facts::say(CONTROL, &key, &what, now_us()));
    }
    if outputs.is_empty() {
        return Ok(());
    }
    Ok(log.commit_step(Step::of(GROUP, &[], &outputs, &[]))?)
}

/// The digests of the plugins' bytes, by name.
fn plugins(app: &App, read: &ReadPipeline) -> Result<BTreeMap<String, String>> {
    let pipeline = &read.pipeline;
    let names = pipeline.steps.iter().map(|s| &s.plugin).chain(pipeline.then.iter().map(|t| &t.plugin));
    names.map(|name| Ok((name.clone(), app.component_digest(name)?))).collect()
}

/// Says which partitions a worker has.
pub fn tell(log: &mut dyn Log, group: &str, name: &str, worker: &pipeline::Worker) -> Result<(), log::Error> {
    let mut partitions: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for input in worker.inputs() {
        partitions.entry(&input.topic).or_default().push(input.partition);
    }
    partitions.values_mut().for_each(|of_topic| of_topic.sort_unstable());
    say(log, facts::say(CONTROL, &["worker", group, name], &partitions, now_us()))
}

/// Says that a worker has ended.
pub fn retire(log: &mut dyn Log, group: &str, name: &str) -> Result<(), log::Error> {
    say(log, facts::say(CONTROL, &["worker", group, name], &json!({}), now_us()))
}

pub fn say(log: &mut dyn Log, fact: Output) -> Result<(), log::Error> {
    log.commit_step(Step::of(GROUP, &[], &[fact], &[]))
}

/// Prints the pipelines that were started on this log, and who has which partitions.
pub fn status(app: &App) -> Result<()> {
    let facts = facts::read(&*app.existing_log()?, CONTROL)?;
    let pipelines = rows(&facts, "pipeline", "plugins", |digest| {
        digest.as_str().unwrap_or_default().chars().take(12).collect()
    });
    print_rows(app.format, "pipeline", &["pipeline", "version", "plugin", "sha256", "said"], &pipelines)?;
    let workers = rows(&facts, "worker", "", |partitions| {
        let partitions = partitions.as_array().into_iter().flatten().map(Value::to_string);
        partitions.collect::<Vec<_>>().join(" ")
    });
    if app.format == crate::Format::Table {
        say!("");
    }
    print_rows(app.format, "worker", &["pipeline", "worker", "topic", "partitions", "said"], &workers)
}

/// A row for each member of the facts of a kind; `within`: of which member of theirs.
fn rows(facts: &Facts, kind: &str, within: &str, cell: impl Fn(&Value) -> String) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (key, fact) in facts {
        let [found, first, second] = key.as_slice() else { continue };
        if found != kind {
            continue;
        }
        let what = if within.is_empty() { Some(&fact.what) } else { fact.what.get(within) };
        let said = humantime::format_rfc3339_seconds(
            UNIX_EPOCH + std::time::Duration::from_micros(fact.said_us.try_into().unwrap_or(0)),
        );
        let row = |name: &str, cell| vec![first.clone(), second.clone(), name.into(), cell, said.to_string()];
        let members: Vec<_> = what.and_then(Value::as_object).into_iter().flatten().collect();
        rows.extend(members.iter().map(|(name, value)| row(name, cell(value))));
        if members.is_empty() {
            rows.push(row("-", "-".into()));
        }
    }
    rows
}

pub fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
