//! A stateful plugin: rows grouped by key go in with each key's state, which the host holds.
//!
//! A call that fails changes nothing. What fails is halved in order, the first half's state going
//! into the second, until one row alone, or one timer alone, is condemned. A plugin fires timers that
//! fall between two of its rows itself; before a row is condemned those fire alone, as they would if the
//! row had come later.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, BooleanArray, RecordBatch, new_null_array};
use arrow::compute::{concat, nullif};
use arrow::datatypes::TimestampMicrosecondType;

use crate::call::{add, check_rejects, check_required, join, project};
use crate::columns::{Lender, empty, take};
use crate::contract::keyed;
use crate::instance::{Configured, Failure, Guest, Instance, Setup, arm, verdict};
use crate::{Component, Error, Gives, Limits, Offers, Order, Plan, Verdict};

/// A plugin of the world `stateful` with a configuration, and at most one instance.
pub struct Stateful {
    configured: Configured,
    plan: Plan,
    reads: Vec<String>,
    instance: Option<Instance>,
    lenders: [Lender; 4],
    /// Whether the plugin fires timers that are due before a row.
    fires_between: bool,
    /// Instances thrown away so far, for the metric.
    pub discarded: u64,
}

/// Rows with the state of their keys.
pub struct KeyedRows<'a> {
    /// The rows, those of one key together. Only the columns in the plan's `reads` are handed over.
    pub batch: &'a RecordBatch,
    /// For each row the number of its key, ascending.
    pub key_of_row: &'a [u32],
    /// The key's columns, a value a key.
    pub keys: &'a [ArrayRef],
    /// The state's columns, a value a key; null: no state yet.
    pub states: Vec<ArrayRef>,
    /// A timestamp a key: its timer; null: none.
    pub timers: ArrayRef,
}

/// What became of the rows, or of due timers.
#[derive(Debug)]
pub struct KeyedOutcome {
    /// The state's columns, a value a key, as they are from now on.
    pub states: Vec<ArrayRef>,
    /// Keys that have no state from now on.
    pub deleted: Vec<bool>,
    /// A timestamp a key: its timer from now on.
    pub timers: ArrayRef,
    /// For each output row the input row or the key that it is of, as the plan's `gives` says.
    pub origins: Vec<u32>,
    /// The written columns, a value an output row.
    pub columns: Vec<ArrayRef>,
    /// Refused rows, ascending; after [`Stateful::fire`], keys whose timer is poison.
    pub rejects: Vec<(u32, Verdict)>,
    /// After [`Stateful::fold`], keys with a timer that was due before a row, and is poison.
    pub poison: Vec<(u32, Verdict)>,
    /// The plan's counters, summed.
    pub counts: Vec<u64>,
    /// Rows logged, by the plan's messages.
    pub messages: Vec<u64>,
}

/// One call and what it has come to: its unit is a row, or when timers fire a key.
struct Work<'a> {
    fire_at: Option<&'a [i64]>,
    columns: Vec<ArrayRef>,
    times: Option<ArrayRef>,
    key_of_unit: &'a [u32],
    keys: &'a [ArrayRef],
    states: Vec<ArrayRef>,
    timers: ArrayRef,
    deleted: Vec<bool>,
}

/// What one call gave for a range of the keys.
struct Part {
    keys: Range<usize>,
    given: KeyedOutcome,
}

impl Stateful {
    /// Instantiates and configures a component for a step with a key.
    ///
    /// # Errors
    /// [`Error::World`] for a transform, [`Error::Configuration`] if the plugin refuses its settings,
    /// [`Error::Broken`] if it fails.
    pub fn configure(
        component: &Component,
        limits: Limits,
        config: &str,
        input: &arrow::datatypes::Schema,
        key: &[String],
        windowed: bool,
        offers: Arc<dyn Offers>,
    ) -> Result<Self, Error> {
        if !component.stateful {
            let plugin = component.name.to_string();
            return Err(Error::World { plugin, is: "transform", wanted: "stateful" });
        }
        let setup = Setup::new(config, input, key, windowed);
        let (configured, instance) = Configured::new(component, limits, setup, offers)?;
        let plan = Plan::from_contract(&configured.contract_plan);
        let reads = plan.reads.iter().map(|f| f.name.clone()).collect();
        let fires_between = plan.order == Order::EventTime && !windowed;
        let lenders = Default::default();
        Ok(Self { configured, plan, reads, instance, lenders, fires_between, discarded: 0 })
    }

    /// What the step reads, keeps, writes and clears.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Folds rows into the state of their keys.
    ///
    /// # Errors
    /// [`Error`] only where no row is to blame; a bad row is a verdict in the outcome.
    pub fn fold(&mut self, rows: KeyedRows<'_>) -> Result<KeyedOutcome, Error> {
        let keys = rows.timers.len();
        self.run(Work {
            fire_at: None,
            columns: project(&self.configured, &self.reads, rows.batch)?,
            times: rows.batch.column_by_name("timestamp").cloned(),
            key_of_unit: rows.key_of_row,
            keys: rows.keys,
            states: rows.states,
            timers: rows.timers,
            deleted: vec![false; keys],
        })
    }

    /// Fires the timers of keys, each due at a time in microseconds since 1970, UTC.
    ///
    /// # Errors
    /// [`Error`] only where no timer is to blame; a poison timer is a verdict on its key, whose state
    /// stays.
    pub fn fire(
        &mut self,
        at_us: &[i64],
        keys: &[ArrayRef],
        states: Vec<ArrayRef>,
    ) -> Result<KeyedOutcome, Error> {
        let numbers: Vec<u32> = (0..at_us.len() as u32).collect();
        let timers = new_null_array(&event::Kind::Timestamp.arrow(), at_us.len());
        self.run(Work {
            fire_at: Some(at_us),
            columns: Vec::new(),
            times: None,
            key_of_unit: &numbers,
            keys,
            states,
            timers,
            deleted: vec![false; at_us.len()],
        })
    }

    fn run(&mut self, mut work: Work<'_>) -> Result<KeyedOutcome, Error> {
        let all = 0..work.key_of_unit.len();
        if all.is_empty() {
            return self.finish(work, vec![self.nothing(0)]);
        }
        // First on the kept instance, then in a fresh one, and only then bisected.
        for _ in 0..2 {
            match self.call(&work, all.clone(), false) {
                Ok(part) if part.keys == (0..work.timers.len()) => return Ok(part.given),
                Ok(part) => {
                    self.keep(&mut work, &part)?;
                    return self.finish(work, vec![part]);
                }
                Err(Failure::Fatal(error)) => return Err(error),
                Err(Failure::Breach(_)) => {}
            }
        }
        let mut parts = Vec::new();
        self.bisect(&mut work, all, &mut parts)?;
        self.instance = None;
        self.finish(work, parts)
    }

    /// Halves the range until each part passes, or one unit alone is condemned by the counting engine.
    fn bisect(
        &mut self,
        work: &mut Work<'_>,
        units: Range<usize>,
        parts: &mut Vec<Part>,
    ) -> Result<(), Error> {
        self.instance = None;
        match self.call(work, units.clone(), true) {
            Ok(part) => {
                self.keep(work, &part)?;
                parts.push(part);
            }
            Err(Failure::Fatal(error)) => return Err(error),
            Err(Failure::Breach(verdict)) if units.len() <= 1 => {
                let mut verdict = Some(verdict);
                while let Some((key, due_us)) = self.due_before(work, units.start) {
                    let part = self.fire_alone(work, key, due_us)?;
                    self.keep(work, &part)?;
                    parts.push(part);
                    verdict = None;
                }
                match verdict {
                    Some(verdict) => parts.push(self.condemn(work, units.start, verdict)),
                    None => self.bisect(work, units, parts)?,
                }
            }
            Err(Failure::Breach(_)) => {
                let middle = units.start + units.len() / 2;
                self.bisect(work, units.start..middle, parts)?;
                self.bisect(work, middle..units.end, parts)?;
            }
        }
        Ok(())
    }

    /// The key of a row, and its timer if the plugin would fire it before the row.
    fn due_before(&self, work: &Work<'_>, unit: usize) -> Option<(usize, i64)> {
        let time = |column: &ArrayRef, at: usize| {
            let column = column.as_primitive_opt::<TimestampMicrosecondType>()?;
            column.is_valid(at).then(|| column.value(at))
        };
        let key = *work.key_of_unit.get(unit)? as usize;
        let at_us = time(work.times.as_ref()?, unit)?;
        let due_us = time(&work.timers, key)?;
        (self.fires_between && due_us <= at_us).then_some((key, due_us))
    }

    /// Fires one timer in a call of its own; one that fails is gone, and the state stays.
    fn fire_alone(&mut self, work: &Work<'_>, key: usize, due_us: i64) -> Result<Part, Error> {
        let slice =
            |columns: &[ArrayRef]| -> Vec<ArrayRef> { columns.iter().map(|c| c.slice(key, 1)).collect() };
        let none = new_null_array(&event::Kind::Timestamp.arrow(), 1);
        let keys = slice(work.keys);
        let alone = Work {
            fire_at: Some(&[due_us]),
            columns: Vec::new(),
            times: None,
            key_of_unit: &[0],
            keys: &keys,
            states: slice(&work.states),
            timers: none.clone(),
            deleted: vec![false],
        };
        let keys = key..key + 1;
        match self.call(&alone, 0..1, true) {
            Err(Failure::Fatal(error)) => Err(error),
            Err(Failure::Breach(verdict)) => {
                let nothing = self.nothing(key).given;
                let deleted = work.deleted.get(keys.clone()).unwrap_or_default().to_vec();
                let poison = vec![(key as u32, verdict)];
                let given = KeyedOutcome { states: alone.states, timers: none, deleted, poison, ..nothing };
                Ok(Part { keys, given })
            }
            Ok(Part { mut given, .. }) => {
                let ahead = given.timers.as_primitive_opt::<TimestampMicrosecondType>();
                if !ahead.is_some_and(|timers| timers.is_valid(0) && timers.value(0) > due_us) {
                    given.timers = none;
                }
                given.origins.fill(key as u32);
                Ok(Part { keys, given })
            }
        }
    }

    /// The state and timer of the part's keys are what the next part starts from.
    fn keep(&self, work: &mut Work<'_>, part: &Part) -> Result<(), Error> {
        let replace = |all: &ArrayRef, new: &ArrayRef| {
            let before = all.slice(0, part.keys.start);
            let after = all.slice(part.keys.end, all.len() - part.keys.end);
            concat(&[&before, new, &after])
                .map_err(|_| self.configured.broken("after a call", "its state cannot be joined"))
        };
        for (all, new) in work.states.iter_mut().zip(&part.given.states) {
            *all = replace(all, new)?;
        }
        work.timers = replace(&work.timers, &part.given.timers)?;
        if let Some(deleted) = work.deleted.get_mut(part.keys.clone()) {
            deleted.copy_from_slice(&part.given.deleted);
        }
        Ok(())
    }

    /// A part without output, whose only unit is refused. State stays as it is.
    fn condemn(&self, work: &Work<'_>, unit: usize, verdict: Verdict) -> Part {
        let key = work.key_of_unit.get(unit).map_or(0, |k| *k as usize);
        let mut part = self.nothing(key);
        part.given.rejects.push((unit as u32, verdict));
        part
    }

    /// A part of no keys.
    fn nothing(&self, key: usize) -> Part {
        let given = KeyedOutcome {
            states: Vec::new(),
            deleted: Vec::new(),
            timers: empty(event::Kind::Timestamp),
            origins: Vec::new(),
            columns: self.plan.writes.iter().map(|f| empty(f.kind)).collect(),
            rejects: Vec::new(),
            poison: Vec::new(),
            counts: vec![0; self.plan.counters.len()],
            messages: vec![0; self.plan.messages.len()],
        };
        Part { keys: key..key, given }
    }

    /// Joins the outputs of parts whose states are kept.
    fn finish(&self, work: Work<'_>, parts: Vec<Part>) -> Result<KeyedOutcome, Error> {
        let Work { states, deleted, timers, .. } = work;
        let mut outcome = KeyedOutcome { states, deleted, timers, ..self.nothing(0).given };
        let mut columns: Vec<Vec<ArrayRef>> = vec![Vec::new(); self.plan.writes.len()];
        for Part { given, .. } in parts {
            outcome.origins.extend(given.origins);
            outcome.rejects.extend(given.rejects);
            outcome.poison.extend(given.poison);
            add(&mut outcome.counts, &given.counts);
            add(&mut outcome.messages, &given.messages);
            columns.iter_mut().zip(given.columns).for_each(|(all, c)| all.push(c));
        }
        outcome.columns = columns.iter().map(|c| join(&self.configured, c)).collect::<Result<_, _>>()?;
        Ok(outcome)
    }

    /// One call over a range of units; the instance survives only a call without any fault.
    fn call(&mut self, work: &Work<'_>, units: Range<usize>, counting: bool) -> Result<Part, Failure> {
        let mut instance = match self.instance.take() {
            Some(instance) if !counting => instance,
            _ => self.configured.fresh(counting)?,
        };
        let result = self.enter(&mut instance, work, units, counting);
        if result.is_err() {
            self.discarded += 1;
        } else if !counting {
            self.instance = Some(instance);
        }
        result
    }

    fn enter(
        &mut self,
        instance: &mut Instance,
        work: &Work<'_>,
        units: Range<usize>,
        counting: bool,
    ) -> Result<Part, Failure> {
        let Guest::Stateful(guest) = &instance.guest else {
            return Err(Failure::Fatal(self.configured.broken("before a call", "is of another world")));
        };
        let numbers = work.key_of_unit.get(units.clone()).unwrap_or_default();
        let first = numbers.first().map_or(0, |k| *k as usize);
        let keys = first..numbers.last().map_or(first, |k| *k as usize + 1);
        let columns = slice(&work.columns, &units);
        let named = self.reads.iter().cloned().zip(columns.iter().cloned()).collect();
        let times = work.times.as_ref().map(|times| part_of(times, &units));
        instance.store.data_mut().begin(units.len(), named, times);
        let (key_columns, states) = (slice(work.keys, &keys), slice(&work.states, &keys));
        let timers = [part_of(&work.timers, &keys)];
        let key_of_row = match first {
            0 => Cow::Borrowed(numbers),
            first => numbers.iter().map(|k| k - first as u32).collect(),
        };
        let unfit =
            || Failure::Fatal(self.configured.broken("before a call", "a column cannot be handed over"));
        let [of_rows, of_keys, of_states, of_timers] = &mut self.lenders;
        let lent_rows = of_rows.lend(&columns).ok_or_else(unfit)?;
        let lent_keys = of_keys.lend(&key_columns).ok_or_else(unfit)?;
        let lent_states = of_states.lend(&states).ok_or_else(unfit)?;
        let lent_timers = of_timers.lend(&timers).ok_or_else(unfit)?.pop().ok_or_else(unfit)?;
        arm(&mut instance.store, &self.configured.limits, counting);
        let given = match work.fire_at {
            Some(at) => {
                let at = at.get(units.clone()).unwrap_or_default();
                guest.call_fire(&mut instance.store, at, &lent_keys, &lent_states)
            }
            None => guest.call_fold(
                &mut instance.store,
                keyed::KeyedRows {
                    rows: units.len() as u32,
                    columns: &lent_rows,
                    key_of_row: &key_of_row,
                    keys: &lent_keys,
                    states: &lent_states,
                    timers: lent_timers,
                },
            ),
        };
        let messages = instance.store.data_mut().end();
        let patch = given.map_err(|error| Failure::Breach(verdict(&error, instance.store.data())))?;
        self.check(patch, &units, keys, messages, work.fire_at.is_some()).map_err(Failure::Breach)
    }

    /// Believes nothing that the guest says before it was checked.
    fn check(
        &self,
        patch: keyed::KeyedPatch,
        units: &Range<usize>,
        keys: Range<usize>,
        messages: Vec<u64>,
        fired: bool,
    ) -> Result<Part, Verdict> {
        let wrong = |reason: &str| Verdict::breach("VG2104", reason);
        let plan = &self.plan;
        if patch.columns.len() != plan.writes.len() || patch.states.len() != plan.state.len() {
            return Err(wrong("the plugin gave the wrong number of columns"));
        }
        if patch.counts.len() != plan.counters.len() {
            return Err(wrong("the plugin gave the wrong number of counters"));
        }
        if fired && !patch.rejects.is_empty() {
            return Err(wrong("the plugin refused a timer"));
        }
        let mut rejects = check_rejects(&patch.rejects, units.len(), plan)?;
        rejects.iter_mut().for_each(|(row, _)| *row += units.start as u32);
        let deleted = deleted(&patch.deleted, keys.len()).map_err(wrong)?;
        let timer = take(patch.timers, event::Kind::Timestamp, keys.len()).map_err(wrong)?;
        let gone = (!patch.deleted.is_empty()).then(|| BooleanArray::from(deleted.clone()));
        let vanish = |column: ArrayRef| match &gone {
            None => Ok(column),
            Some(gone) => nullif(&column, gone).map_err(|_| wrong("a state has a wrong length")),
        };
        let stateless = gone.as_ref().map_or(0, BooleanArray::true_count);
        let states = patch.states.into_iter().zip(&plan.state).map(|(column, field)| {
            let column = vanish(take(column, field.kind, keys.len()).map_err(wrong)?)?;
            let missing = field.required && column.null_count() > stateless;
            if missing { Err(wrong("a required state has no value")) } else { Ok(column) }
        });
        let states = states.collect::<Result<Vec<_>, _>>()?;
        if largest_key_bytes(&states, keys.len()) > self.configured.limits.state_bytes_per_key {
            return Err(Verdict::breach("VG2107", "the state of one key became larger than the step allows"));
        }
        let origins = self.check_origins(patch.origins, units, &keys, fired)?;
        let mut columns = Vec::with_capacity(plan.writes.len());
        for (column, field) in patch.columns.into_iter().zip(&plan.writes) {
            columns.push(take(column, field.kind, origins.len()).map_err(wrong)?);
        }
        check_required(&columns, plan)?;
        let refused = |origin: &u32| rejects.binary_search_by_key(origin, |(row, _)| *row).is_ok();
        if plan.gives == Gives::Rows && !rejects.is_empty() && origins.iter().any(refused) {
            return Err(wrong("the plugin gave a row that it refused"));
        }
        let (timers, poison, counts) = (vanish(timer)?, Vec::new(), patch.counts);
        let given =
            KeyedOutcome { states, deleted, timers, origins, columns, rejects, poison, counts, messages };
        Ok(Part { keys, given })
    }

    /// Origins in order and in range, counted from the start of the whole call.
    fn check_origins(
        &self,
        mut origins: Vec<u32>,
        units: &Range<usize>,
        keys: &Range<usize>,
        fired: bool,
    ) -> Result<Vec<u32>, Verdict> {
        let wrong = |reason: &str| Verdict::breach("VG2104", reason);
        let rows = self.plan.gives == Gives::Rows;
        if rows && fired && !origins.is_empty() {
            return Err(wrong("the plugin gave rows where only a timer fired"));
        }
        let within = if rows { units } else { keys };
        if origins.iter().any(|o| *o as usize >= within.len()) || !origins.is_sorted() {
            return Err(wrong("the plugin's origins are out of order or of range"));
        }
        let most = self.configured.limits.rows_per_row;
        // In order: one that comes once too often stands at both ends of so many.
        if origins.iter().zip(origins.iter().skip(most)).any(|(a, b)| a == b) {
            return Err(Verdict::breach("VG2105", "one row became more rows than the step allows"));
        }
        origins.iter_mut().for_each(|o| *o += within.start as u32);
        Ok(origins)
    }
}

/// A range of each column.
fn slice(columns: &[ArrayRef], range: &Range<usize>) -> Vec<ArrayRef> {
    columns.iter().map(|column| part_of(column, range)).collect()
}

/// A range of a column; all of it is not worth a slice.
fn part_of(column: &ArrayRef, range: &Range<usize>) -> ArrayRef {
    if *range == (0..column.len()) { column.clone() } else { column.slice(range.start, range.len()) }
}

/// Bytes of the texts and binaries of the key that has most; other columns have a fixed width.
fn largest_key_bytes(states: &[ArrayRef], keys: usize) -> usize {
    let mut bytes = vec![0; keys];
    for column in states {
        let offsets = match (column.as_string_opt::<i32>(), column.as_binary_opt::<i32>()) {
            (Some(texts), _) => texts.value_offsets(),
            (_, Some(binaries)) => binaries.value_offsets(),
            _ => continue,
        };
        let lengths = offsets.iter().zip(offsets.iter().skip(1)).map(|(from, to)| (to - from) as usize);
        bytes.iter_mut().zip(lengths).for_each(|(sum, length)| *sum += length);
    }
    bytes.into_iter().max().unwrap_or(0)
}

fn deleted(keys: &[u32], count: usize) -> Result<Vec<bool>, &'static str> {
    let mut deleted = vec![false; count];
    if !keys.is_sorted() {
        return Err("the plugin's deleted keys are out of order");
    }
    for key in keys {
        *deleted.get_mut(*key as usize).ok_or("the plugin's deleted keys are out of range")? = true;
    }
    Ok(deleted)
}
