//! `vigie plugin test`: a plugin's cases in the real sandbox and the real stage.
//!
//! Each case runs with all its events in one batch, and cut into batches of 1, 2 and 7; with one
//! instance for all batches, and with everything made anew, state restored, for each. All must give
//! the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use log::{Bytes, KeyValue, Record, StateChange};
use pipeline::{Identity, Pipeline, Running, StepResult};
use plugin::Component;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::app::{App, read_tables};

/// A file of cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// The fields of the events.
    fields: Vec<event::Field>,
    /// Reference tables, their files named from this file's folder.
    #[serde(default)]
    reference: Vec<reference::Definition>,
    cases: Vec<Case>,
}

/// Events in; rows and refusals out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// The plugin's configuration.
    #[serde(default)]
    with: Value,
    /// Of a stateful plugin, as in the pipeline file.
    #[serde(default)]
    key: Vec<String>,
    #[serde(default)]
    window: Value,
    #[serde(default = "no_lateness")]
    lateness: String,
    /// As they come; `received_us` says when, for those who care.
    events: Vec<Map<String, Value>>,
    /// The rows that come out, in order; of each only the fields that are named are compared.
    #[serde(default)]
    out: Vec<Map<String, Value>>,
    /// The events that are refused.
    #[serde(default)]
    refused: Vec<Refusal>,
    /// Only the last result of each key counts, in whatever order, as in a store: how many early ones
    /// there are depends on batches.
    #[serde(default)]
    last: bool,
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Refusal {
    /// The event's number, from 0.
    event: u64,
    reason: String,
}

/// What a case came to.
#[derive(Debug, Default, PartialEq)]
struct Ran {
    out: Vec<Map<String, Value>>,
    refused: Vec<Refusal>,
}

fn no_lateness() -> String {
    "0s".into()
}

/// Received later than every event, so that none is from the future: 2200-01-01.
const RECEIVED_US: i64 = 7_258_118_400_000_000;
const CUTS: [usize; 4] = [usize::MAX, 1, 2, 7];

pub fn run(app: &App, name: &str, path: &Path) -> Result<()> {
    let yaml =
        std::fs::read_to_string(path).with_context(|| format!("VG0017: cannot read {}", path.display()))?;
    let cases: Cases = serde_yaml_ng::from_str(&yaml)
        .with_context(|| format!("VG0017: {} is no file of cases", path.display()))?;
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let component = app.tried_component(&app.sandbox()?, name)?;
    let tables = Arc::new(read_tables(&folder, &cases.reference)?);
    let mut failed = 0;
    for case in &cases.cases {
        let harness = Harness { component: &component, tables: tables.clone(), cases: &cases, case };
        match harness.check() {
            Ok(()) => say!("ok    {}", case.name),
            Err(error) => {
                failed += 1;
                say!("FAILED {}: {error:#}", case.name);
            }
        }
    }
    say!("{} cases, each at {} cuts, warm and fresh: {failed} failed", cases.cases.len(), CUTS.len());
    if failed > 0 {
        bail!("VG0018: {failed} cases of plugin `{name}` failed");
    }
    Ok(())
}

struct Harness<'a> {
    component: &'a Component,
    tables: Arc<reference::Tables>,
    cases: &'a Cases,
    case: &'a Case,
}

impl Harness<'_> {
    fn check(&self) -> Result<()> {
        let first = self.ran(usize::MAX, false)?;
        self.compare(&first)?;
        for cut in CUTS {
            for fresh in [false, true] {
                let again = self.ran(cut, fresh)?;
                if again != first {
                    let how = if fresh { "fresh" } else { "warm" };
                    bail!("in batches of {cut}, {how}, it gives\n  {again:?}\n  and not\n  {first:?}");
                }
            }
        }
        Ok(())
    }

    fn compare(&self, ran: &Ran) -> Result<()> {
        let named = |(want, got): (&Map<String, Value>, &Map<String, Value>)| {
            want.iter().all(|(name, value)| got.get(name).unwrap_or(&Value::Null) == value)
        };
        let (want, got) = (&self.case.out, &ran.out);
        let same = if self.case.last {
            // In whatever order: each wanted row is one of those that are left.
            let mut left: Vec<_> = got.iter().collect();
            want.iter().all(|want| {
                let at = left.iter().position(|got| named((want, got)));
                at.map(|at| left.remove(at)).is_some()
            })
        } else {
            want.iter().zip(got).all(named)
        };
        if want.len() != got.len() || !same {
            bail!("it gives the rows\n  {}\n  and not\n  {}", json!(got), json!(want));
        }
        if self.case.refused != ran.refused {
            bail!("it refuses {:?} and not {:?}", ran.refused, self.case.refused);
        }
        Ok(())
    }

    /// A pipeline of this plugin alone.
    fn pipeline(&self) -> Result<Pipeline> {
        let everything: Vec<&String> = self.cases.fields.iter().flat_map(|f| &f.labels).collect();
        let fields: BTreeMap<&str, &str> =
            self.cases.fields.iter().map(|f| (f.name.as_str(), f.name.as_str())).collect();
        let step = json!({"name": "step", "plugin": "plugin", "with": self.case.with});
        let mut file = json!({
            "pipeline": "test", "version": 1, "schema": {"fields": self.cases.fields},
            "sources": [{"topic": "raw", "source": "test", "decode": {"fields": fields}}],
            "steps": [], "events": {"topic": "events", "partition_by": "id", "clearance": everything},
        });
        let Some(map) = file.as_object_mut() else { bail!("VG0017: no case") };
        if self.component.is_stateful() {
            let mut then = step;
            if let Some(then) = then.as_object_mut() {
                let output = json!({"topic": "out", "partition_by": "id", "clearance": everything});
                let rest = json!({
                    "from": "events", "key": self.case.key, "lateness": self.case.lateness, "output": output,
                });
                then.extend(rest.as_object().cloned().unwrap_or_default());
                if !self.case.window.is_null() {
                    then.insert("window".into(), self.case.window.clone());
                }
            }
            map.insert("then".into(), json!([then]));
        } else {
            map.insert("steps".into(), json!([step]));
        }
        Ok(Pipeline::parse(&file.to_string())?)
    }

    fn ran(&self, cut: usize, fresh: bool) -> Result<Ran> {
        let pipeline = self.pipeline()?;
        let (state, note) = (BTreeMap::new(), String::new());
        let mut driver = Driver { harness: self, pipeline, running: None, state, note, fresh };
        let records: Vec<Record> =
            (0..).zip(&self.case.events).map(|(offset, event)| record(offset, event)).collect();
        let mut results = Vec::new();
        for batch in records.chunks(cut.min(records.len()).max(1)) {
            results.push(driver.first(batch)?);
        }
        results.push(driver.close()?);
        let events = topic(&results, "events", true);
        if self.component.is_stateful() {
            for batch in events.chunks(cut.min(events.len()).max(1)) {
                results.push(driver.then(batch)?);
            }
        }
        let out = if self.component.is_stateful() { "out" } else { "events" };
        let mut ran = Ran::default();
        for record in topic(&results, out, false) {
            ran.out.push(serde_json::from_slice(&record.value)?);
        }
        if self.case.last {
            ran.out = last_of_each(ran.out);
        }
        for record in topic(&results, "dead-letters", false) {
            let letter: Value = serde_json::from_slice(&record.value)?;
            let offset = letter.get("offset").and_then(Value::as_u64).unwrap_or_default();
            let reason = letter.get("reason").and_then(Value::as_str).unwrap_or_default();
            ran.refused.push(Refusal { event: offset, reason: reason.into() });
        }
        ran.refused.sort();
        Ok(ran)
    }
}

/// The stages, and the state that they would have in a log.
struct Driver<'a> {
    harness: &'a Harness<'a>,
    pipeline: Pipeline,
    running: Option<Running>,
    state: BTreeMap<Arc<str>, BTreeMap<Bytes, Bytes>>,
    /// Of the raw partition.
    note: String,
    fresh: bool,
}

impl Driver<'_> {
    fn first(&mut self, records: &[Record]) -> Result<StepResult> {
        let result = self.running()?.first.step(0, 0, records, false)?;
        self.note.clone_from(&result.note);
        Ok(self.keep(result))
    }

    fn close(&mut self) -> Result<StepResult> {
        let result = self.running()?.first.close(0, 0);
        self.note.clone_from(&result.note);
        Ok(self.keep(result))
    }

    fn then(&mut self, records: &[Record]) -> Result<StepResult> {
        let result = match self.running()?.then.first_mut() {
            Some(stage) => stage.step(0, records, false)?,
            None => StepResult::default(),
        };
        Ok(self.keep(result))
    }

    /// The stages of before, or new ones with their state restored.
    fn running(&mut self) -> Result<&mut Running> {
        if self.fresh {
            self.running = None;
        }
        if self.running.is_none() {
            let component = |_: &str| Ok(self.harness.component.clone());
            let (identity, tables) = (Identity::new([0; 16]), self.harness.tables.clone());
            let mut running = Running::new(&self.pipeline, identity, tables, &component)?;
            running.first.restore(0, 0, &self.note)?;
            for stage in &mut running.then {
                let [keys, marks, held] = stage.tables(0).map(|name| self.table(&name));
                stage.restore(0, [&keys, &marks, &held])?;
            }
            self.running = Some(running);
        }
        self.running.as_mut().context("VG0017: no stages")
    }

    fn table(&self, name: &str) -> Vec<KeyValue> {
        let table = self.state.get(name).into_iter().flatten();
        table.map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
    }

    fn keep(&mut self, result: StepResult) -> StepResult {
        for StateChange { table, key, value } in &result.state {
            let table = self.state.entry(table.clone()).or_default();
            match value {
                Some(value) => table.insert(key.clone(), value.clone()),
                None => table.remove(key),
            };
        }
        result
    }
}

/// The records of a topic, as a log would number them.
fn topic(results: &[StepResult], name: &str, with_marks: bool) -> Vec<Record> {
    let outputs = results.iter().flat_map(|result| &result.outputs).filter(|output| &*output.topic == name);
    let records = (0..).zip(outputs).map(|(offset, output)| Record {
        offset,
        timestamp_us: output.timestamp_us,
        key: output.key.clone(),
        value: output.value.clone(),
    });
    records.filter(|record| with_marks || !pipeline::is_watermark(record)).collect()
}

fn record(offset: u64, event: &Map<String, Value>) -> Record {
    let mut event = event.clone();
    let received = event.remove("received_us").and_then(|at| at.as_i64()).unwrap_or(RECEIVED_US);
    let value = Value::Object(event).to_string().into_bytes();
    Record { offset, timestamp_us: received, key: "".into(), value: value.into() }
}

/// The last row of each id.
fn last_of_each(rows: Vec<Map<String, Value>>) -> Vec<Map<String, Value>> {
    let mut last: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for mut row in rows {
        // How high the revision is depends on how many early results there were.
        row.remove("revision_us");
        let id = row.get("id").map(ToString::to_string).unwrap_or_default();
        last.insert(id, row);
    }
    last.into_values().collect()
}
