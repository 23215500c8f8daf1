//! Stage 1: raw records of one partition in, one step to commit out.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, StringBuilder, UInt32Array,
};
use arrow::compute::take;
use arrow::datatypes::{
    DataType, Field as ArrowField, Schema as ArrowSchema, SchemaRef, TimestampMicrosecondType, UInt64Type,
};
use event::{Decoder, Encoder, Kind};
use log::{Output, Position, Record, StateChange};
use plugin::{Component, Plugin};

use crate::{Error, Identity, Pipeline, Source};

/// The topic that says which rows were refused, where and why; no labels.
pub const DEAD_LETTERS: &str = "dead-letters";
/// The refused rows themselves, under the same keys; all labels of their source.
pub const DEAD_LETTER_ROWS: &str = "dead-letters.rows";
/// An event this much later than its raw record's timestamp has a wrong clock.
const MAX_AHEAD_US: i64 = 5 * 60 * 1_000_000;

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

/// A step to commit, in one transaction.
#[derive(Debug, Default)]
pub struct StepResult {
    /// Events and dead letters.
    pub outputs: Vec<Output>,
    /// The input's new position.
    pub positions: Vec<Position>,
    /// The partition's largest timestamp, and the plugins' counters.
    pub state: Vec<StateChange>,
    /// For the summary.
    pub counts: Counts,
}

/// A source's decoder, and the largest timestamp so far of each of its raw partitions.
struct Input {
    source: String,
    topic: Arc<str>,
    decoder: Decoder,
    newest_us: BTreeMap<u32, i64>,
}

struct Step {
    name: String,
    plugin: Plugin,
    counters: Vec<u64>,
}

/// A checked pipeline with its plugins configured, ready to take records.
pub struct Stage {
    name: String,
    identity: Identity,
    inputs: Vec<Input>,
    steps: Vec<Step>,
    encoder: Encoder,
    events: Arc<str>,
    dead_letters: Arc<str>,
    dead_letter_rows: Arc<str>,
    partitions: u32,
    partition_by: String,
    output: SchemaRef,
}

/// Rows on their way through the steps, each with the record that it comes from.
struct Rows {
    batch: RecordBatch,
    record: Vec<u32>,
}

/// One refused record.
struct Refused {
    record: u32,
    step: String,
    code: &'static str,
    reason: Arc<str>,
}

impl Stage {
    /// Configures the steps; `component` gives a plugin's component by name.
    ///
    /// # Errors
    /// [`Error`] for a plugin that is missing or refuses its configuration, a step that reads what
    /// nobody writes, a decode map that does not fit the schema.
    pub fn new(
        pipeline: &Pipeline,
        identity: Identity,
        component: &dyn Fn(&str) -> Result<Component, Error>,
    ) -> Result<Self, Error> {
        let mut schema = input_schema(&pipeline.schema);
        let mut steps = Vec::with_capacity(pipeline.steps.len());
        for step in &pipeline.steps {
            let config = match &step.with {
                serde_json::Value::Null => "{}".into(),
                with => with.to_string(),
            };
            let component = component(&step.plugin)?;
            let plugin = Plugin::configure(&component, step.limits.resolve(), &config, &schema)?;
            if let Some(missing) =
                plugin.plan().reads.iter().find(|f| schema.field_with_name(&f.name).is_err())
            {
                return Err(Error::File(format!(
                    "step `{}` reads `{}`, which no source and no earlier step writes",
                    step.name, missing.name
                )));
            }
            schema = Arc::new(after(&schema, plugin.plan())?);
            let counters = vec![0; plugin.plan().counters.len()];
            steps.push(Step { name: step.name.clone(), plugin, counters });
        }
        if schema.field_with_name(&pipeline.events.partition_by).is_err() {
            return Err(Error::File(format!(
                "`partition_by: {}` names a field that no step writes",
                pipeline.events.partition_by
            )));
        }
        let inputs = pipeline.sources.iter().map(|s| input(s, &pipeline.schema)).collect::<Result<_, _>>()?;
        Ok(Self {
            name: pipeline.pipeline.clone(),
            identity,
            inputs,
            steps,
            encoder: Encoder::new(),
            events: pipeline.events.topic.as_str().into(),
            dead_letters: DEAD_LETTERS.into(),
            dead_letter_rows: DEAD_LETTER_ROWS.into(),
            partitions: pipeline.events.partitions,
            partition_by: pipeline.events.partition_by.clone(),
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
        self.steps.iter().map(|s| (s.name.as_str(), s.plugin.plan()))
    }

    /// The steps' counters since the start: step, counter, count.
    pub fn counters(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.steps.iter().flat_map(|s| {
            let names = s.plugin.plan().counters.iter();
            names.zip(&s.counters).map(|(name, n)| (s.name.as_str(), name.as_str(), *n))
        })
    }

    /// The table of the log that this stage's state lies in.
    #[must_use]
    pub fn state_table(&self) -> String {
        format!("{}.newest", self.name)
    }

    /// Takes back what an earlier run committed.
    pub fn restore(&mut self, state: &[(Vec<u8>, Vec<u8>)]) {
        for (key, value) in state {
            let Ok(bytes) = <[u8; 8]>::try_from(value.as_slice()) else { continue };
            let Some((topic, partition)) = split_key(key) else { continue };
            if let Some(input) = self.inputs.iter_mut().find(|i| &*i.topic == topic) {
                input.newest_us.insert(partition, i64::from_be_bytes(bytes));
            }
        }
    }

    /// Takes the next records of one partition of source number `source`.
    ///
    /// # Errors
    /// [`Error`] only where no record is to blame; a bad record becomes a dead letter.
    pub fn step(&mut self, source: usize, partition: u32, records: &[Record]) -> Result<StepResult, Error> {
        let mut refused = Vec::new();
        let rows = self.decode(source, partition, records, &mut refused)?;
        let rows = self.run_steps(rows, &mut refused)?;
        let Some(input) = self.inputs.get(source) else { return Ok(StepResult::default()) };
        let topic = input.topic.clone();
        let newest = input.newest_us.get(&partition).copied().unwrap_or(i64::MIN);
        let mut result = StepResult::default();
        self.write_events(&rows, records, &mut result.outputs)?;
        result.counts = Counts {
            records_in: records.len() as u64,
            events_out: rows.record.len() as u64,
            dead_letters: refused.len() as u64,
        };
        self.write_dead_letters(&topic, partition, records, &refused, &mut result.outputs);
        if let Some(last) = records.last() {
            result.positions.push(Position { topic: topic.clone(), partition, next_offset: last.offset + 1 });
        }
        result.state.push(StateChange {
            table: self.state_table(),
            key: join_key(&topic, partition),
            value: Some(newest.to_be_bytes().to_vec()),
        });
        Ok(result)
    }

    /// JSON to columns, with the host's fields; what cannot be read, or is ahead of its time, is refused.
    fn decode(
        &mut self,
        source: usize,
        partition: u32,
        records: &[Record],
        refused: &mut Vec<Refused>,
    ) -> Result<Rows, Error> {
        let input = self
            .inputs
            .get_mut(source)
            .ok_or_else(|| Error::File("a source that the pipeline does not have".into()))?;
        let mut of = Vec::with_capacity(records.len());
        for (i, record) in (0_u32..).zip(records) {
            match input.decoder.push(&record.value) {
                Ok(()) => of.push(i),
                Err(reject) => refused.push(Refused {
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
            if at > received.saturating_add(MAX_AHEAD_US) {
                refused.push(Refused {
                    record: i,
                    step: "decode".into(),
                    code: "VG1011",
                    reason: "future: later than its record by more than 5 min".into(),
                });
                continue;
            }
            let newest = input.newest_us.entry(partition).or_insert(i64::MIN);
            *newest = at.max(*newest);
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
            &arrow::array::RecordBatchOptions::new().with_row_count(Some(kept.len())),
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

    fn run_steps(&mut self, mut rows: Rows, refused: &mut Vec<Refused>) -> Result<Rows, Error> {
        for step in &mut self.steps {
            if rows.record.is_empty() {
                break;
            }
            let outcome = step.plugin.run(&rows.batch)?;
            for (row, verdict) in outcome.rejects {
                if let Some(record) = rows.record.get(row as usize) {
                    refused.push(Refused {
                        record: *record,
                        step: step.name.clone(),
                        code: verdict.code,
                        reason: verdict.reason,
                    });
                }
            }
            step.counters.iter_mut().zip(outcome.counts).for_each(|(sum, n)| *sum += n);
            rows = apply(&rows, step.plugin.plan(), &outcome.rows, outcome.columns)?;
        }
        Ok(rows)
    }

    fn write_events(
        &mut self,
        rows: &Rows,
        records: &[Record],
        outputs: &mut Vec<Output>,
    ) -> Result<(), Error> {
        if rows.record.is_empty() {
            return Ok(());
        }
        let ids = rows.batch.column_by_name("id").and_then(|c| c.as_string_opt::<i32>());
        let by = rows.batch.column_by_name(&self.partition_by);
        let cells = by.and_then(|c| c.as_primitive_opt::<UInt64Type>());
        let words = by.and_then(|c| c.as_string_opt::<i32>());
        let encoded = self.encoder.encode(&rows.batch)?;
        for (row, record) in rows.record.iter().enumerate() {
            let (Some(ids), Some(value)) = (ids, encoded.get(row)) else { continue };
            let key = ids.value(row).as_bytes();
            let partition = if let Some(cells) = cells.filter(|c| c.is_valid(row)) {
                Identity::partition(&cells.value(row).to_be_bytes(), self.partitions)
            } else if let Some(words) = words.filter(|w| w.is_valid(row)) {
                Identity::partition(words.value(row).as_bytes(), self.partitions)
            } else {
                Identity::partition(key, self.partitions)
            };
            outputs.push(Output {
                topic: self.events.clone(),
                partition,
                timestamp_us: records.get(*record as usize).map_or(0, |r| r.timestamp_us),
                key: key.to_vec(),
                value: value.to_vec(),
            });
        }
        Ok(())
    }

    fn write_dead_letters(
        &self,
        topic: &str,
        partition: u32,
        records: &[Record],
        refused: &[Refused],
        outputs: &mut Vec<Output>,
    ) {
        let mut id = String::new();
        for refusal in refused {
            let Some(record) = records.get(refusal.record as usize) else { continue };
            self.identity.of_place(topic, partition, record.offset, &mut id);
            let metadata = serde_json::json!({
                "id": id, "pipeline": self.name, "step": refusal.step, "code": refusal.code,
                "reason": &*refusal.reason, "topic": topic, "partition": partition,
                "offset": record.offset, "revision_us": record.timestamp_us,
            });
            let mut push = |topic: &Arc<str>, value: Vec<u8>| {
                outputs.push(Output {
                    topic: topic.clone(),
                    partition: 0,
                    timestamp_us: record.timestamp_us,
                    key: id.clone().into_bytes(),
                    value,
                });
            };
            push(&self.dead_letters, metadata.to_string().into_bytes());
            push(&self.dead_letter_rows, record.value.clone());
        }
    }
}

/// The schema of [`DEAD_LETTERS`].
#[must_use]
pub fn dead_letter_schema() -> event::Schema {
    let field = |(name, kind): (&str, Kind)| event::Field {
        name: name.into(),
        kind,
        required: true,
        labels: Default::default(),
    };
    let texts = ["id", "pipeline", "step", "code", "reason", "topic"].map(|n| (n, Kind::Utf8));
    let numbers = ["partition", "offset", "revision_us"].map(|n| (n, Kind::Int64));
    event::Schema { fields: texts.into_iter().chain(numbers).map(field).collect() }
}

/// The rows that go on: the input's columns for each output row, with the written ones in place.
fn apply(rows: &Rows, plan: &plugin::Plan, of: &[u32], written: Vec<ArrayRef>) -> Result<Rows, Error> {
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
            Ok(if all { column.clone() } else { take(column, &pick, None)? })
        })
        .collect::<Result<Vec<ArrayRef>, Error>>()?;
    let record = of.iter().filter_map(|row| rows.record.get(*row as usize).copied()).collect();
    Ok(Rows { batch: RecordBatch::try_new(Arc::new(schema), columns)?, record })
}

/// The columns after a step: those before it, and those that it adds.
fn after(schema: &ArrowSchema, plan: &plugin::Plan) -> Result<ArrowSchema, Error> {
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
        newest_us: BTreeMap::new(),
    })
}

fn join_key(topic: &str, partition: u32) -> Vec<u8> {
    format!("{topic}/{partition}").into_bytes()
}

fn split_key(key: &[u8]) -> Option<(&str, u32)> {
    let (topic, partition) = std::str::from_utf8(key).ok()?.rsplit_once('/')?;
    Some((topic, partition.parse().ok()?))
}
