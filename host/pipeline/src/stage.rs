//! Stage 1: raw records of one partition in, one step to commit out.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    StringBuilder, UInt32Array,
};
use arrow::compute::take;
use arrow::datatypes::{
    DataType, Field as ArrowField, Schema as ArrowSchema, SchemaRef, TimestampMicrosecondType,
};
use event::{Decoder, Kind};
use log::{Bytes, Output, Record, StateChange};
use plugin::{Component, Offers, Plugin, Shape};

use crate::sink::{DeadLetters, Refused, Sink};
use crate::watermark::Mark;
use crate::{Error, Identity, Pipeline, Source};

/// Later than every event, and far from where sums overflow: the watermark of what has ended.
pub(crate) const CLOSED_US: i64 = i64::MAX / 4;

/// What the host adds to every event; in front of the schema's own fields.
const HOST_FIELDS: [(&str, Kind); 4] =
    [("id", Kind::Utf8), ("source", Kind::Utf8), ("revision_us", Kind::Int64), ("behind_us", Kind::Int64)];

/// What one step did, for summary and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records read.
    pub records_in: u64,
    /// Events written.
    pub events_out: u64,
    /// Dead letters written.
    pub dead_letters: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.records_in += other.records_in;
        self.events_out += other.events_out;
        self.dead_letters += other.dead_letters;
    }
}

/// A step to commit, in one transaction.
#[derive(Debug, Default)]
pub struct StepResult {
    /// Events and dead letters.
    pub outputs: Vec<Output>,
    /// What is kept for keys, and of watermarks.
    pub state: Vec<StateChange>,
    /// Of a raw partition, how far it has come: what its position is to say beside the offset.
    pub note: String,
    /// What the plugins have counted, counter by counter; for `count`, once the step is committed.
    pub counted: Vec<u64>,
    /// For the summary.
    pub counts: Counts,
    /// Log lines of plugins.
    pub logged: Vec<Logged>,
    /// Dead letters by step and code.
    pub refused: Vec<RefusedCount>,
}

/// How many rows a step refused for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCount {
    /// The step.
    pub step: Arc<str>,
    /// The reason's code.
    pub code: &'static str,
    /// How many.
    pub rows: u64,
}

/// Counts refused rows, each given by its step and code.
pub(crate) fn count_refused<'a>(
    rows: impl Iterator<Item = (&'a Arc<str>, &'static str)>,
) -> Vec<RefusedCount> {
    let mut counts: Vec<RefusedCount> = Vec::new();
    for (step, code) in rows {
        match counts.iter_mut().find(|count| count.step == *step && count.code == code) {
            Some(count) => count.rows += 1,
            None => counts.push(RefusedCount { step: step.clone(), code, rows: 1 }),
        }
    }
    counts
}

/// A log line of a plugin: a fixed text, so that it holds no value of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// The step.
    pub step: Arc<str>,
    /// The text.
    pub message: Arc<str>,
    /// How many events it is about.
    pub rows: u64,
}

/// A counter of every step: instances that were thrown away because they trapped or overran a limit.
pub const DISCARDED: &str = "instances thrown away";

/// The messages that were logged, with their texts.
pub(crate) fn logged(step: &Arc<str>, plan: &plugin::Plan, rows: &[u64], all: &mut Vec<Logged>) {
    let said = plan.messages.iter().zip(rows).filter(|(_, rows)| **rows > 0);
    all.extend(said.map(|(message, rows)| Logged {
        step: step.clone(),
        message: message.clone(),
        rows: *rows,
    }));
}

/// A source's decoder, and how far each of its raw partitions has come: its floor is the largest
/// timestamp so far.
struct Input {
    source: String,
    topic: Arc<str>,
    decoder: Decoder,
    idle_after_us: Option<i64>,
    max_ahead_us: i64,
    marks: BTreeMap<u32, Mark>,
}

struct Step {
    name: Arc<str>,
    plugin: Plugin,
    counters: Vec<u64>,
}

/// A checked pipeline with its plugins configured, ready to take records.
pub struct Stage {
    group: String,
    identity: Identity,
    inputs: Vec<Input>,
    steps: Vec<Step>,
    sink: Sink,
    dead_letters: DeadLetters,
    output: SchemaRef,
}

/// Rows on their way through the steps, each with the record that it comes from.
struct Rows {
    batch: RecordBatch,
    record: Vec<u32>,
}

/// One refused record, by its place among those of the step.
struct RefusedRecord {
    record: u32,
    step: Arc<str>,
    code: &'static str,
    reason: Arc<str>,
}

impl RefusedRecord {
    fn with_row(self, partition: u32, records: &[Record]) -> Option<Refused> {
        let record = records.get(self.record as usize)?;
        Some(Refused {
            id: None,
            step: self.step,
            code: self.code,
            reason: self.reason,
            partition,
            offset: record.offset,
            at_us: record.timestamp_us,
            row: record.value.clone(),
        })
    }
}

/// The table that says which raw partitions a first stage has begun to read: should the group lose its positions,
/// nobody begins anew without being asked.
pub(crate) fn begun_table(group: &str) -> String {
    format!("{group}.begun")
}

/// What the first step of a raw partition says in it.
pub(crate) fn begun(input: &crate::Input) -> StateChange {
    StateChange {
        table: begun_table(&input.group).into(),
        key: format!("{}/{}", input.topic, input.partition).into(),
        value: Some(Bytes::from_static(b"begun")),
    }
}

impl Stage {
    /// Configures the steps; `component` gives a plugin's component by name.
    ///
    /// # Errors
    /// [`Error`] for a plugin that is missing or refuses its configuration, a step that reads what
    /// nobody writes, a decode map that does not fit the schema.
    pub(crate) fn new(
        pipeline: &Pipeline,
        identity: Identity,
        offers: &Arc<dyn Offers>,
        component: &dyn Fn(&str) -> Result<Component, Error>,
    ) -> Result<Self, Error> {
        let mut schema = input_schema(&pipeline.schema);
        let mut steps = Vec::with_capacity(pipeline.steps.len());
        for step in &pipeline.steps {
            let (component, config) = (component(&step.plugin)?, config(&step.with));
            let plugin =
                Plugin::configure(&component, step.limits.resolve(), &config, &schema, offers.clone())?;
            check_reads(&step.name, plugin.plan(), &schema)?;
            schema = Arc::new(after(&schema, plugin.plan())?);
            let counters = vec![0; plugin.plan().counters.len()];
            steps.push(Step { name: step.name.as_str().into(), plugin, counters });
        }
        check_partition(&pipeline.events, &schema)?;
        let inputs = pipeline.sources.iter().map(|s| input(s, &pipeline.schema)).collect::<Result<_, _>>()?;
        Ok(Self {
            group: pipeline.group(),
            identity,
            inputs,
            steps,
            sink: Sink::new(&pipeline.events),
            dead_letters: DeadLetters::new(&pipeline.pipeline, identity),
            output: schema,
        })
    }

    /// The columns of the output topic.
    #[must_use]
    pub fn output(&self) -> &SchemaRef {
        &self.output
    }

    /// Each step's name and plan.
    pub fn plans(&self) -> impl Iterator<Item = (&str, &plugin::Plan)> {
        self.steps.iter().map(|s| (&*s.name, s.plugin.plan()))
    }

    /// The steps' counters since the start: step, counter, count; the plugin's over all committed steps, and [`DISCARDED`].
    pub fn counters(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.steps.iter().flat_map(|s| {
            let names = s.plugin.plan().counters.iter();
            let counted = names.zip(&s.counters).map(|(name, n)| (&*s.name, name.as_str(), *n));
            counted.chain([(&*s.name, DISCARDED, s.plugin.discarded)])
        })
    }

    /// Instances of its plugins that were thrown away since the start.
    pub(crate) fn discarded(&self) -> u64 {
        self.steps.iter().map(|step| step.plugin.discarded).sum()
    }

    /// Adds what plugins have counted in a step that was committed.
    pub fn count(&mut self, counted: &[u64]) {
        add_counts(self.steps.iter_mut().flat_map(|step| &mut step.counters), counted);
    }

    /// Takes back what was committed for one partition of source number `source`, by the note of its position.
    ///
    /// # Errors
    /// [`Error::State`] if it cannot be read by this version of the pipeline.
    pub fn restore(&mut self, source: usize, partition: u32, note: &str) -> Result<(), Error> {
        self.forget(source, partition);
        let Some(input) = self.inputs.get_mut(source) else { return Ok(()) };
        // Without one there has been no event yet.
        if !note.is_empty() {
            let damaged = || state::Error::Damaged { table: format!("position of {}", self.group) };
            input.marks.insert(partition, Mark::from_bytes(note.as_bytes()).ok_or_else(damaged)?);
        }
        Ok(())
    }

    /// Forgets a partition.
    pub fn forget(&mut self, source: usize, partition: u32) {
        if let Some(input) = self.inputs.get_mut(source) {
            input.marks.remove(&partition);
        }
    }

    /// Takes the next records of one partition of source number `source`; `mark`: and says behind them
    /// how far the partition has come.
    ///
    /// # Errors
    /// [`Error`] only where no record is to blame; a bad record becomes a dead letter.
    pub fn step(
        &mut self,
        source: usize,
        partition: u32,
        records: &[Record],
        mark: bool,
    ) -> Result<StepResult, Error> {
        let mut refused = Vec::new();
        let rows = self.decode(source, partition, records, &mut refused)?;
        let mut result = StepResult::default();
        let rows = self.run_steps(rows, &mut refused, &mut result)?;
        let Some(input) = self.inputs.get(source) else { return Ok(result) };
        self.sink.write(&rows.batch, &mut result.outputs)?;
        let come = input.marks.get(&partition).copied();
        if let (true, Some(come)) = (mark, come) {
            self.sink.mark(&input.topic, partition, come, &mut result.outputs);
        }
        result.counts = Counts {
            records_in: records.len() as u64,
            events_out: rows.record.len() as u64,
            dead_letters: refused.len() as u64,
        };
        result.refused = count_refused(refused.iter().map(|refused| (&refused.step, refused.code)));
        let refused = refused.into_iter().filter_map(|refused| refused.with_row(partition, records));
        self.dead_letters.write(&input.topic, refused.collect(), &mut result.outputs);
        result.note = come.map(Mark::to_text).unwrap_or_default();
        Ok(result)
    }

    /// How far a partition has come; none: it has had no event, and has not been said to be idle.
    pub(crate) fn mark_of(&self, source: usize, partition: u32) -> Option<Mark> {
        self.inputs.get(source)?.marks.get(&partition).copied()
    }

    /// For how long a partition must have had nothing to read to be idle; none: it never is.
    pub(crate) fn idle_after_us(&self, source: usize) -> Option<i64> {
        self.inputs.get(source)?.idle_after_us
    }

    /// Says that a partition is idle: time goes on without it until its next event.
    pub fn idle(&mut self, source: usize, partition: u32) -> StepResult {
        let come = self.mark_of(source, partition).unwrap_or_default();
        self.tell(source, partition, come.idle())
    }

    /// Says that a partition is at its end for good: all windows close, and what comes later is late.
    pub fn close(&mut self, source: usize, partition: u32) -> StepResult {
        self.tell(source, partition, Mark::busy(CLOSED_US))
    }

    /// A step without records, which says how far a partition has come.
    fn tell(&mut self, source: usize, partition: u32, mark: Mark) -> StepResult {
        let mut result = StepResult { note: mark.to_text(), ..StepResult::default() };
        if let Some(input) = self.inputs.get_mut(source) {
            input.marks.insert(partition, mark);
            self.sink.mark(&input.topic, partition, mark, &mut result.outputs);
        }
        result
    }

    /// JSON to columns, with the host's fields; what cannot be read, or is ahead of its time, is refused.
    fn decode(
        &mut self,
        source: usize,
        partition: u32,
        records: &[Record],
        refused: &mut Vec<RefusedRecord>,
    ) -> Result<Rows, Error> {
        let input = self
            .inputs
            .get_mut(source)
            .ok_or_else(|| Error::File("a source that the pipeline does not have".into()))?;
        let mut of = Vec::with_capacity(records.len());
        for (i, record) in (0_u32..).zip(records) {
            match input.decoder.push(&record.value) {
                Ok(()) => of.push(i),
                Err(reject) => refused.push(RefusedRecord {
                    record: i,
                    step: "decode".into(),
                    code: reject.code,
                    reason: reject.reason.into(),
                }),
            }
        }
        let batch = input.decoder.finish()?;
        let times = batch.column_by_name("timestamp");
        let times = times.and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>());
        let (mut keep, mut kept, mut behind) = (Vec::new(), Vec::new(), Vec::new());
        for (row, i) in (0_u32..).zip(of) {
            let received = records.get(i as usize).map_or(0, |r| r.timestamp_us);
            let at = times.map_or(received, |t| t.value(row as usize));
            if at > received.saturating_add(input.max_ahead_us) {
                refused.push(RefusedRecord {
                    record: i,
                    step: "decode".into(),
                    code: "VG1011",
                    reason: "future: later than its record by more than `max_ahead`".into(),
                });
                continue;
            }
            let before = input.marks.get(&partition).and_then(|mark| mark.floor_us);
            let newest = before.map_or(at, |before| before.max(at));
            input.marks.insert(partition, Mark::busy(newest));
            keep.push(row);
            kept.push(i);
            behind.push(newest.saturating_sub(at));
        }
        let keep = UInt32Array::from(keep);
        let columns: Vec<ArrayRef> =
            batch.columns().iter().map(|c| take(c, &keep, None)).collect::<Result<_, _>>()?;
        let batch = RecordBatch::try_new_with_options(
            batch.schema(),
            columns,
            &RecordBatchOptions::new().with_row_count(Some(kept.len())),
        )?;
        let batch = self.add_host_fields(source, partition, &batch, records, &kept, behind)?;
        Ok(Rows { batch, record: kept })
    }

    fn add_host_fields(
        &self,
        source: usize,
        partition: u32,
        batch: &RecordBatch,
        records: &[Record],
        record: &[u32],
        behind_us: Vec<i64>,
    ) -> Result<RecordBatch, Error> {
        let (name, topic) = self.inputs.get(source).map_or(("", ""), |i| (i.source.as_str(), &*i.topic));
        let own = batch.column_by_name("entity").and_then(|c| c.as_string_opt::<i32>());
        let updated =
            batch.column_by_name("updated").and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>());
        let mut ids = StringBuilder::with_capacity(record.len(), record.len() * 32);
        let mut revisions = Vec::with_capacity(record.len());
        let mut id = String::new();
        for (row, i) in record.iter().enumerate() {
            let (offset, at) = records.get(*i as usize).map_or((0, 0), |r| (r.offset, r.timestamp_us));
            match own.filter(|o| o.is_valid(row)) {
                Some(own) => {
                    let revision = updated.filter(|u| u.is_valid(row)).map_or(0, |u| u.value(row));
                    self.identity.of_source(name, own.value(row), revision, &mut id);
                }
                None => self.identity.of_place(topic, partition, offset, &mut id),
            }
            ids.append_value(&id);
            revisions.push(at);
        }
        let sources = StringArray::from_iter_values(std::iter::repeat_n(name, record.len()));
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(ids.finish()),
            Arc::new(sources),
            Arc::new(Int64Array::from(revisions)),
            Arc::new(Int64Array::from(behind_us)),
        ];
        columns.extend(batch.columns().iter().cloned());
        let mut fields = host_fields();
        fields.extend(batch.schema().fields().iter().cloned());
        Ok(RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), columns)?)
    }

    fn run_steps(
        &mut self,
        mut rows: Rows,
        refused: &mut Vec<RefusedRecord>,
        result: &mut StepResult,
    ) -> Result<Rows, Error> {
        result.counted = vec![0; self.steps.iter().map(|step| step.counters.len()).sum()];
        let mut counted = result.counted.iter_mut();
        for step in &mut self.steps {
            if rows.record.is_empty() {
                break;
            }
            let outcome = step.plugin.run(&rows.batch)?;
            for (row, verdict) in outcome.rejects {
                if let Some(record) = rows.record.get(row as usize) {
                    refused.push(RefusedRecord {
                        record: *record,
                        step: step.name.clone(),
                        code: verdict.code,
                        reason: verdict.reason,
                    });
                }
            }
            logged(&step.name, step.plugin.plan(), &outcome.messages, &mut result.logged);
            add_counts(counted.by_ref().take(step.counters.len()), &outcome.counts);
            rows = apply(&rows, step, &outcome.rows, outcome.columns, self.identity)?;
        }
        Ok(rows)
    }
}

/// Adds what was counted, counter by counter.
pub(crate) fn add_counts<'a>(sums: impl Iterator<Item = &'a mut u64>, counted: &[u64]) {
    sums.zip(counted).for_each(|(sum, n)| *sum = sum.saturating_add(*n));
}

/// The rows that go on: the input's columns for each output row, with the written ones in place. Rows that a step has
/// made of one have ids of their own.
fn apply(
    rows: &Rows,
    step: &Step,
    of: &[u32],
    written: Vec<ArrayRef>,
    identity: Identity,
) -> Result<Rows, Error> {
    let plan = step.plugin.plan();
    let schema = after(&rows.batch.schema(), plan)?;
    let all = of.len() == rows.record.len() && (0_u32..).zip(of).all(|(i, row)| i == *row);
    let pick = UInt32Array::from(if all { Vec::new() } else { of.to_vec() });
    let columns = schema
        .fields()
        .iter()
        .map(|field| {
            let write = plan.writes.iter().position(|w| w.name == *field.name());
            if let Some(column) = write.and_then(|i| written.get(i)) {
                return Ok(column.clone());
            }
            let column = rows
                .batch
                .column_by_name(field.name())
                .ok_or_else(|| Error::File(format!("the column `{}` was lost on its way", field.name())))?;
            if let (Shape::FlatMap, "id", Some(ids)) =
                (plan.shape, field.name().as_str(), column.as_string_opt())
            {
                return Ok(Arc::new(identity.of_children(&step.name, ids, of)) as ArrayRef);
            }
            Ok(if all { column.clone() } else { take(column, &pick, None)? })
        })
        .collect::<Result<Vec<ArrayRef>, Error>>()?;
    let record = of.iter().filter_map(|row| rows.record.get(*row as usize).copied()).collect();
    Ok(Rows { batch: RecordBatch::try_new(Arc::new(schema), columns)?, record })
}

/// The columns after a step: those before it, and those that it adds.
pub(crate) fn after(schema: &ArrowSchema, plan: &plugin::Plan) -> Result<ArrowSchema, Error> {
    let written = event::Schema { fields: plan.writes.clone() }.arrow();
    let mut fields: Vec<Arc<ArrowField>> = schema.fields().iter().cloned().collect();
    for write in written.fields() {
        if HOST_FIELDS.iter().any(|(name, _)| name == write.name()) {
            let name = write.name();
            return Err(Error::File(format!("a plugin writes `{name}`, which is the host's")));
        }
        match fields.iter_mut().find(|f| f.name() == write.name()) {
            Some(field) => *field = write.clone(),
            None => fields.push(write.clone()),
        }
    }
    Ok(ArrowSchema::new(fields))
}

/// Everything that a plugin reads must be there.
pub(crate) fn check_reads(step: &str, plan: &plugin::Plan, schema: &ArrowSchema) -> Result<(), Error> {
    match plan.reads.iter().find(|f| schema.field_with_name(&f.name).is_err()) {
        None => Ok(()),
        Some(missing) => Err(Error::File(format!(
            "step `{step}` reads `{}`, which no source and no earlier step writes",
            missing.name
        ))),
    }
}

pub(crate) fn check_partition(output: &crate::Output, schema: &ArrowSchema) -> Result<(), Error> {
    let by = &output.partition_by;
    let kind = schema.field_with_name(by).map(|f| f.data_type());
    if matches!(kind, Ok(DataType::Utf8 | DataType::UInt64)) {
        return Ok(());
    }
    Err(Error::File(format!("`partition_by: {by}` names no field of kind utf8 or uint64 that the topic has")))
}

/// A step's `with`, as plugins are handed it.
pub(crate) fn config(with: &serde_json::Value) -> String {
    if with.is_null() { "{}".into() } else { with.to_string() }
}

fn input_schema(schema: &event::Schema) -> SchemaRef {
    let mut fields = host_fields();
    fields.extend(schema.arrow().fields().iter().cloned());
    Arc::new(ArrowSchema::new(fields))
}

fn host_fields() -> Vec<Arc<ArrowField>> {
    HOST_FIELDS
        .iter()
        .map(|(name, kind)| {
            let kind = if *kind == Kind::Utf8 { DataType::Utf8 } else { DataType::Int64 };
            Arc::new(ArrowField::new(*name, kind, false))
        })
        .collect()
}

fn input(source: &Source, schema: &event::Schema) -> Result<Input, Error> {
    Ok(Input {
        source: source.source.clone(),
        topic: source.topic.as_str().into(),
        decoder: Decoder::new(schema, &source.decode)?,
        idle_after_us: source.idle_after,
        max_ahead_us: source.max_ahead,
        marks: BTreeMap::new(),
    })
}
