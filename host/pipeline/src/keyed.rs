//! A stateful stage: rows of one topic by key, their state, windows and watermarks.
//!
//! What is late is decided by the row's own raw partition (`behind_us`), so it is the same in every
//! run; the watermark decides only when held rows go on and when windows close. A closed window is kept
//! until no such row can come any more: one that comes reopens it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int64Array, RecordBatch, TimestampMicrosecondArray,
    UInt32Array,
};
use arrow::compute::take_record_batch;
use arrow::datatypes::{
    Field as ArrowField, Int64Type, Schema as ArrowSchema, SchemaRef, TimestampMicrosecondType,
};
use event::{DecodeMap, Decoder, Kind};
use log::{Bytes, Record, StateChange};
use plugin::{Component, Gives, KeyedRows, Offers, Order, Stateful};
use state::{Groups, Shape, Table};

use crate::closed::Closed;
use crate::event_time::{EventTime, Time, TooLate};
use crate::held::{Held, Ordered};
use crate::sink::{DeadLetters, Refused, Sink};
use crate::stage::{
    Counts, StepResult, add_counts, check_partition, check_reads, config, count_refused, logged,
};
use crate::watermark::{self, Mark, Watermarks};
use crate::{Error, Identity, Pipeline, Then};

mod given;
mod refused;
mod restored;

use given::output_schema;
pub(crate) use restored::Restored;

/// The columns of a window, which are a part of the key.
pub(crate) const WINDOW_START: &str = "window_start";
/// The window's end; rows at it belong to the next one.
pub(crate) const WINDOW_END: &str = "window_end";

/// The key of a stage's own time among its watermarks; no topic begins with a zero byte.
const OWN: &[u8] = b"\0own";

/// A stateful stage, ready to take records of its topic.
pub struct KeyedStage {
    name: Arc<str>,
    group: String,
    identity: Identity,
    from: Arc<str>,
    decoder: Decoder,
    plugin: Stateful,
    counters: Vec<u64>,
    key: Vec<String>,
    event_time: EventTime,
    shape: Shape,
    state_bytes: usize,
    /// The partitions that the stage before this one reads.
    upstream: Vec<(String, u32)>,
    sink: Sink,
    dead_letters: DeadLetters,
    output: SchemaRef,
    partitions: BTreeMap<u32, Partition>,
}

/// What belongs to one partition of the topic.
struct Partition {
    number: u32,
    table: Table,
    watermarks: Watermarks,
    held: Held,
    closed: Closed,
    time: Time,
    told: Option<Mark>,
}

/// What one step has come to so far.
#[derive(Default)]
struct Work {
    result: StepResult,
    refused: Vec<Refused>,
}

impl KeyedStage {
    /// Configures the step; `input` are the columns of its topic, `upstream` the partitions that the
    /// stage which writes it reads.
    ///
    /// # Errors
    /// [`Error`] for a plugin that is missing or refuses its configuration, or a step that reads what
    /// the topic has not.
    pub(crate) fn new(
        pipeline: &Pipeline,
        then: &Then,
        input: &SchemaRef,
        upstream: Vec<(String, u32)>,
        identity: Identity,
        offers: &Arc<dyn Offers>,
        component: &dyn Fn(&str) -> Result<Component, Error>,
    ) -> Result<Self, Error> {
        let wrong = |why: String| Error::File(format!("step `{}`: {why}", then.name));
        for needed in ["id", "timestamp", "behind_us"] {
            if input.field_with_name(needed).is_err() {
                return Err(wrong(format!(
                    "topic `{}` has no `{needed}`: results of keys have none",
                    then.from
                )));
            }
        }
        let mut key = Vec::with_capacity(then.key.len());
        for name in &then.key {
            let field = input.field_with_name(name);
            key.push(
                field.map_err(|_| wrong(format!("`key` names `{name}`, which its topic has not")))?.clone(),
            );
        }
        check_colocated(pipeline, then)?;
        let plugin = Stateful::configure(
            &component(&then.plugin)?,
            then.limits.resolve(),
            &config(&then.with),
            input,
            &then.key,
            then.window.is_some(),
            offers.clone(),
        )?;
        check_reads(&then.name, plugin.plan(), input)?;
        if plugin.plan().state.is_empty() {
            return Err(wrong("its plugin declares no state".into()));
        }
        let time = |name| ArrowField::new(name, Kind::Timestamp.arrow(), false);
        if then.window.is_some() {
            key.push(time(WINDOW_START));
        }
        let output = output_schema(input, &key, plugin.plan())?;
        check_partition(&then.output, &output)?;
        let event_time = EventTime::new(then, plugin.plan().order == Order::EventTime);
        let schema = event::Schema::of_arrow(&needed(input, &then.key, plugin.plan(), event_time.in_order));
        Ok(Self {
            name: then.name.as_str().into(),
            group: pipeline.group_of(then),
            identity,
            from: then.from.as_str().into(),
            decoder: Decoder::new(&schema, &DecodeMap::as_written(&schema))?,
            counters: vec![0; plugin.plan().counters.len()],
            shape: Shape {
                key: Arc::new(ArrowSchema::new(key)),
                state: plugin.plan().state.clone(),
                version: plugin.plan().state_version,
            },
            event_time,
            plugin,
            key: then.key.clone(),
            state_bytes: then.state_mib << 20,
            upstream,
            sink: Sink::new(&then.output),
            dead_letters: DeadLetters::new(&pipeline.pipeline, identity),
            output,
            partitions: BTreeMap::new(),
        })
    }

    /// The step's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The topic that the stage reads.
    #[must_use]
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The columns of the output topic.
    #[must_use]
    pub fn output(&self) -> &SchemaRef {
        &self.output
    }

    /// The plugin's plan.
    #[must_use]
    pub fn plan(&self) -> &plugin::Plan {
        self.plugin.plan()
    }

    /// What the log calls its state.
    pub(crate) fn group(&self) -> &str {
        &self.group
    }

    /// Instances of its plugin that were thrown away since the start.
    pub(crate) fn discarded(&self) -> u64 {
        self.plugin.discarded
    }

    /// Adds what the plugin has counted in a step that was committed.
    pub fn count(&mut self, counted: &[u64]) {
        add_counts(self.counters.iter_mut(), counted);
    }

    /// The plugin's counters since the start over all committed steps, and [`DISCARDED`](crate::DISCARDED).
    pub fn counters(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        let names = self.plugin.plan().counters.iter();
        let counted = names.zip(&self.counters).map(|(name, n)| (self.name(), name.as_str(), *n));
        counted.chain([(self.name(), crate::DISCARDED, self.plugin.discarded)])
    }

    /// The tables of the log that a partition's state lies in: keys, watermarks, held rows.
    #[must_use]
    pub fn tables(&self, partition: u32) -> [Arc<str>; 3] {
        ["keys", "watermarks", "held"].map(|what| log::table_name(&self.group, partition, what).into())
    }

    /// How many keys of a restored partition have state, and the bytes of memory that they take.
    #[must_use]
    pub fn state_size(&self, partition: u32) -> Option<(usize, usize)> {
        let table = &self.partitions.get(&partition)?.table;
        Some((table.len(), table.size_bytes()))
    }

    /// Forgets a partition.
    pub fn forget(&mut self, partition: u32) {
        self.partitions.remove(&partition);
    }

    /// The columns of all keys of a restored partition and of their states, to be looked at.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn look(&self, partition: u32) -> Result<Option<RecordBatch>, Error> {
        let Some(found) = self.partitions.get(&partition) else { return Ok(None) };
        let all = found.table.all();
        let kept = self.plugin.fields().columns(&found.table.kept(&all));
        let columns: Vec<ArrayRef> = found.table.key_columns(&all)?.into_iter().chain(kept).collect();
        let state = event::Schema { fields: self.shape.state.clone() }.arrow();
        let shape = self.shape.key.fields().iter().chain(state.fields());
        let mut fields: Vec<ArrowField> = shape.map(|f| f.as_ref().clone().with_nullable(true)).collect();
        fields.push(ArrowField::new("timer", Kind::Timestamp.arrow(), true));
        Ok(Some(RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), columns)?))
    }

    /// Takes the next records of one partition; `mark`: and says behind the results how far it has come.
    ///
    /// # Errors
    /// [`Error`] only where no row is to blame. Then the stage must be restored.
    pub fn step(&mut self, partition: u32, records: &[Record], mark: bool) -> Result<StepResult, Error> {
        if !self.partitions.contains_key(&partition) {
            let fresh = self.begin(partition)?;
            self.put(fresh)?;
        }
        let Some(mut at) = self.partitions.remove(&partition) else { return Ok(StepResult::default()) };
        let result = self.step_in(&mut at, records, mark);
        self.partitions.insert(partition, at);
        result
    }

    fn step_in(&mut self, at: &mut Partition, records: &[Record], mark: bool) -> Result<StepResult, Error> {
        let mut work = Work::default();
        work.result.counted = vec![0; self.counters.len()];
        let [_, marks_table, held_table] = self.tables(at.number);
        let (mut rows, mut count) = (Vec::with_capacity(records.len()), 0);
        for record in records {
            if let Some((of, mark)) = watermark::decode(record) {
                if let Some(known) = at.watermarks.take(of, mark) {
                    let (key, value) = (Bytes::copy_from_slice(of), Some(known.to_bytes().into()));
                    work.result.state.push(StateChange { table: marks_table.clone(), key, value });
                }
                continue;
            }
            count += 1;
            match self.decoder.push(&record.value) {
                Ok(()) => rows.push(record),
                Err(reject) => work.refused.push(self.refused(at, record, reject.code, reject.reason)),
            }
        }
        let batch = self.decoder.finish()?;
        let (batch, rows) = self.drop_late(at, batch, rows, &mut work)?;
        let time = self.event_time.time(&at.watermarks, at.time);
        if self.event_time.in_order {
            let places = rows.iter().map(|r| (r.offset, &r.value));
            at.held.add(&held_table, batch, places, &mut work.result.state)?;
            let until = time.now_us.unwrap_or(i64::MIN);
            if let Some(ordered) = at.held.release(&held_table, until, &mut work.result.state)? {
                self.fold(at, ordered, &[], &mut work)?;
            }
        } else if batch.num_rows() > 0 {
            let offsets = rows.iter().map(|r| r.offset).collect();
            self.fold(at, Ordered { batch, offsets }, &rows, &mut work)?;
        }
        if time != at.time {
            at.time = time;
            let (key, value) = (Bytes::from_static(OWN), Some(time.to_bytes().into()));
            work.result.state.push(StateChange { table: marks_table, key, value });
        }
        if let Some(now_us) = time.now_us {
            self.fire(at, now_us, &mut work)?;
            self.forget_closed(at)?;
        }
        let told = self.event_time.told(&at.watermarks, time);
        if let Some(come) = told.filter(|_| mark && at.told != told) {
            at.told = told;
            self.sink.mark(&self.from, at.number, come, &mut work.result.outputs);
        }
        Ok(self.finish(at, count, work))
    }

    fn finish(&self, at: &mut Partition, rows: u64, work: Work) -> StepResult {
        let Work { mut result, refused } = work;
        result.counts = Counts {
            records_in: rows,
            events_out: result.counts.events_out,
            dead_letters: refused.len() as u64,
        };
        result.refused = count_refused(refused.iter().map(|refused| (&refused.step, refused.code)));
        self.dead_letters.write(&self.from, refused, &mut result.outputs);
        result.state.extend(at.table.take_changes());
        result
    }

    /// Refuses rows that are late, or whose window is forgotten, for every window that they would be in.
    fn drop_late<'r>(
        &self,
        at: &Partition,
        batch: RecordBatch,
        rows: Vec<&'r Record>,
        work: &mut Work,
    ) -> Result<(RecordBatch, Vec<&'r Record>), Error> {
        if !self.event_time.in_order && self.event_time.window_us.is_none() {
            return Ok((batch, rows));
        }
        let (times, behind) = times_and_behind(&batch)?;
        let verdict = |row| self.event_time.too_late(times.value(row), behind.value(row), at.time);
        let verdicts: Vec<Option<TooLate>> = (0..batch.num_rows()).map(verdict).collect();
        if verdicts.iter().all(Option::is_none) {
            return Ok((batch, rows));
        }
        let mut kept = Vec::with_capacity(rows.len());
        for (record, verdict) in rows.into_iter().zip(&verdicts) {
            match verdict {
                Some((code, reason)) => work.refused.push(self.refused(at, record, code, reason)),
                None => kept.push(record),
            }
        }
        let on_time: BooleanArray = verdicts.iter().map(|verdict| Some(verdict.is_none())).collect();
        Ok((arrow::compute::filter_record_batch(&batch, &on_time)?, kept))
    }

    /// For each row that has a key its number and its window's start; a row is in several hopping windows.
    fn assign(&self, time: Time, batch: &RecordBatch) -> Result<(Vec<u32>, Vec<i64>), Error> {
        let (times, behind) = times_and_behind(batch)?;
        let keys: Vec<&ArrayRef> = self.key.iter().filter_map(|name| batch.column_by_name(name)).collect();
        let (mut rows, mut starts) = (Vec::new(), Vec::new());
        for row in 0..batch.num_rows() {
            if keys.iter().any(|key| key.is_null(row)) {
                continue;
            }
            if self.event_time.window_us.is_none() {
                rows.push(row as u32);
                continue;
            }
            for start in self.event_time.starts(times.value(row), behind.value(row), time) {
                rows.push(row as u32);
                starts.push(start);
            }
        }
        Ok((rows, starts))
    }

    /// Rows into the state of their keys, and what comes out into the topic. `records`: those of the rows, where they are
    /// at hand.
    fn fold(
        &mut self,
        at: &mut Partition,
        ordered: Ordered,
        records: &[&Record],
        work: &mut Work,
    ) -> Result<(), Error> {
        let (rows, starts) = self.assign(at.time, &ordered.batch)?;
        let picked = take_record_batch(&ordered.batch, &UInt32Array::from(rows.clone()))?;
        let mut keys: Vec<ArrayRef> =
            self.key.iter().filter_map(|name| picked.column_by_name(name).cloned()).collect();
        if self.event_time.window_us.is_some() {
            keys.push(times(starts));
        }
        let groups = at.table.group(&keys)?;
        let grouped = take_record_batch(&picked, &groups.order)?;
        let key_columns = at.table.key_columns(&groups)?;
        let mut outcome = self.plugin.fold(KeyedRows {
            batch: &grouped,
            key_of_row: &groups.key_of_row,
            keys: &key_columns,
            kept: at.table.kept(&groups),
        })?;
        add_counts(work.result.counted.iter_mut(), &outcome.counts);
        logged(&self.name, self.plugin.plan(), &outcome.messages, &mut work.result.logged);
        // From a grouped row to the row that came in.
        let came: Vec<u32> =
            groups.order.values().iter().filter_map(|o| rows.get(*o as usize).copied()).collect();
        for (row, verdict) in &outcome.rejects {
            let Some(row) = came.get(*row as usize) else { continue };
            let refused = self.refused_row(at, &ordered, records, *row as usize, verdict)?;
            work.refused.push(refused);
        }
        for (key, verdict) in &outcome.poison {
            work.refused.push(self.poison_timer(at, &groups, *key as usize, verdict));
        }
        for (key, end_us) in self.window_ends_us(&key_columns).enumerate() {
            self.plugin.fields().set_timer(&mut outcome.kept, key, Some(end_us));
        }
        let latest = latest(&grouped, &groups)?;
        let results = self.results(groups.keys(), &outcome.origins);
        let revisions = at.table.set(&groups, &outcome.kept, &latest, &results)?;
        let given = match self.plugin.plan().gives {
            Gives::Rows => self.rows_out(&ordered, &rows, &came, &outcome.origins, outcome.columns)?,
            Gives::Keys => {
                self.keys_out(&groups, &key_columns, &revisions, &outcome.origins, outcome.columns)?
            }
        };
        work.result.counts.events_out += given.num_rows() as u64;
        self.sink.write(&given, &mut work.result.outputs)
    }

    /// In a windowed step a key's timer is its window's end; elsewhere there are none of these.
    fn window_ends_us(&self, keys: &[ArrayRef]) -> impl ExactSizeIterator<Item = i64> {
        let starts = keys.last().and_then(|last| last.as_primitive_opt::<TimestampMicrosecondType>());
        let window = self.event_time.window_us.zip(starts);
        let (size, starts) = window.map_or((0, &[][..]), |((size, _), starts)| (size, starts.values()));
        starts.iter().map(move |start| start + size)
    }

    /// Fires all timers up to a time, and so closes windows. A closed window that rows can still come for
    /// stays as it went in, without a timer.
    fn fire(&mut self, at: &mut Partition, now_us: i64, work: &mut Work) -> Result<(), Error> {
        while let Some(due) = at.table.due(now_us) {
            let keys = at.table.key_columns(&due.groups)?;
            let keys_due = due.groups.keys();
            let mut kept = at.table.kept(&due.groups);
            let fields = self.plugin.fields().clone();
            (0..keys_due).for_each(|key| fields.set_timer(&mut kept, key, None));
            let mut outcome = self.plugin.fire(&vec![due.at_us; keys_due], &keys, kept.clone())?;
            add_counts(work.result.counted.iter_mut(), &outcome.counts);
            logged(&self.name, self.plugin.plan(), &outcome.messages, &mut work.result.logged);
            for (key, verdict) in &outcome.rejects {
                work.refused.push(self.poison_timer(at, &due.groups, *key as usize, verdict));
            }
            if self.event_time.window_us.is_none() {
                for key in 0..keys_due {
                    // A new timer must lie ahead, or it would fire for ever.
                    let timer_us = fields.row(&outcome.kept, key).timer_us();
                    fields.set_timer(&mut outcome.kept, key, timer_us.filter(|at_us| *at_us > due.at_us));
                }
            } else if at.time.is_gone(due.at_us) {
                // Whether a closed window is over is not for the plugin to say.
                outcome.kept = fields.none(keys_due);
            } else {
                outcome.kept = kept;
                at.closed.add(due.at_us, &due.groups);
            }
            let latest = vec![i64::MIN; keys_due];
            let results = self.results(keys_due, &outcome.origins);
            let revisions = at.table.set(&due.groups, &outcome.kept, &latest, &results)?;
            if self.plugin.plan().gives == Gives::Keys {
                let given =
                    self.keys_out(&due.groups, &keys, &revisions, &outcome.origins, outcome.columns)?;
                work.result.counts.events_out += given.num_rows() as u64;
                self.sink.write(&given, &mut work.result.outputs)?;
            }
        }
        Ok(())
    }

    /// Forgets closed windows that no row can come for any more, or that were kept for long enough.
    fn forget_closed(&self, at: &mut Partition) -> Result<(), Error> {
        let Some(gone_us) = at.time.gone_us else { return Ok(()) };
        while let Some(keys) = at.closed.pop(gone_us)? {
            let groups = at.table.group(&keys)?;
            let nothing = self.plugin.fields().none(groups.keys());
            at.table.set(&groups, &nothing, &vec![i64::MIN; groups.keys()], &vec![0; groups.keys()])?;
        }
        Ok(())
    }
}

fn lost() -> Error {
    Error::File("a column was lost on its way".into())
}

/// The greatest revision among the rows of each key.
fn latest(grouped: &RecordBatch, groups: &Groups) -> Result<Vec<i64>, Error> {
    let revisions = grouped.column_by_name("revision_us").and_then(|c| c.as_primitive_opt::<Int64Type>());
    let revisions = revisions.ok_or_else(lost)?;
    let mut latest = vec![i64::MIN; groups.keys()];
    for (row, key) in groups.key_of_row.iter().enumerate() {
        if let Some(latest) = latest.get_mut(*key as usize) {
            *latest = revisions.value(row).max(*latest);
        }
    }
    Ok(latest)
}

fn times(values: Vec<i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(values).with_timezone("+00:00"))
}

fn times_and_behind(batch: &RecordBatch) -> Result<(&TimestampMicrosecondArray, &Int64Array), Error> {
    let times = batch.column_by_name("timestamp");
    let times = times.and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>());
    let behind = batch.column_by_name("behind_us").and_then(|c| c.as_primitive_opt::<Int64Type>());
    times.zip(behind).ok_or_else(lost)
}

/// The columns of the topic that are read of a row: all, but where only results of keys go on, and no row waits for its turn.
fn needed(input: &SchemaRef, key: &[String], plan: &plugin::Plan, in_order: bool) -> ArrowSchema {
    let host = ["timestamp", "revision_us", "behind_us"];
    let is_needed = |field: &&Arc<ArrowField>| {
        plan.gives == Gives::Rows
            || in_order
            || host.contains(&field.name().as_str())
            || key.contains(field.name())
            || plan.reads.iter().any(|read| read.name == *field.name())
    };
    ArrowSchema::new(input.fields().iter().filter(is_needed).cloned().collect::<Vec<_>>())
}

/// All rows of a key must lie in one partition: the topic's `partition_by` must follow from the key.
fn check_colocated(pipeline: &Pipeline, then: &Then) -> Result<(), Error> {
    let Some(from) = pipeline.output(&then.from) else { return Ok(()) };
    let resolution = |name: &str| name.strip_prefix("cell_").and_then(|r| r.parse::<u8>().ok());
    let follows = |name: &String| {
        *name == from.partition_by
            || resolution(name).zip(resolution(&from.partition_by)).is_some_and(|(of, by)| of >= by)
    };
    if from.partitions == 1 || then.key.iter().any(follows) {
        return Ok(());
    }
    Err(Error::Partition { step: then.name.clone(), topic: then.from.clone(), by: from.partition_by.clone() })
}
