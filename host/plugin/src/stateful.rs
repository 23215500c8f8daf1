//! A stateful plugin: rows grouped by key go in with each key's state, which the host holds.
//!
//! A call that fails changes nothing. What fails is halved in order, the first half's state going
//! into the second, until one row alone, or one timer alone, is condemned. A plugin fires timers that
//! fall between two of its rows itself; before a row is condemned those fire alone, as they would if the
//! row had come later.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use event::{Kept, KeptFields};

use crate::call::{add, check_rejects, check_required, join, project};
use crate::columns::{Lender, empty, take};
use crate::contract::keyed;
use crate::instance::{Configured, Failure, Guest, Instance, Setup, arm, verdict};
use crate::{Component, Error, Gives, Limits, Offers, Order, Plan, Shape, Verdict};

/// A plugin of the world `stateful` with a configuration, and at most one instance.
pub struct Stateful {
    configured: Configured,
    plan: Plan,
    fields: KeptFields,
    reads: Vec<String>,
    instance: Option<Instance>,
    lenders: [Lender; 2],
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
    /// What is kept for each key.
    pub kept: Kept,
}

/// What became of the rows, or of due timers.
#[derive(Debug)]
pub struct KeyedOutcome {
    /// What is kept for each key from now on.
    pub kept: Kept,
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
    kept: Kept,
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
        let fields = KeptFields::new(&plan.state)
            .ok_or_else(|| configured.broken("in configure", "it keeps more fields than a word has bits"))?;
        let fires_between = plan.order == Order::EventTime && !windowed;
        let lenders = Default::default();
        Ok(Self { configured, plan, fields, reads, instance, lenders, fires_between, discarded: 0 })
    }

    /// What the step reads, keeps, writes and clears.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What the words of what is kept mean.
    #[must_use]
    pub fn fields(&self) -> &KeptFields {
        &self.fields
    }

    /// Folds rows into the state of their keys.
    ///
    /// # Errors
    /// [`Error`] only where no row is to blame; a bad row is a verdict in the outcome.
    pub fn fold(&mut self, rows: KeyedRows<'_>) -> Result<KeyedOutcome, Error> {
        self.run(Work {
            fire_at: None,
            columns: project(&self.configured, &self.reads, rows.batch)?,
            times: rows.batch.column_by_name("timestamp").cloned(),
            key_of_unit: rows.key_of_row,
            keys: rows.keys,
            kept: rows.kept,
        })
    }

    /// Fires the timers of keys, each due at a time in microseconds since 1970, UTC.
    ///
    /// # Errors
    /// [`Error`] only where no timer is to blame; a poison timer is a verdict on its key, whose state
    /// stays.
    pub fn fire(&mut self, at_us: &[i64], keys: &[ArrayRef], kept: Kept) -> Result<KeyedOutcome, Error> {
        let numbers: Vec<u32> = (0..at_us.len() as u32).collect();
        self.run(Work {
            fire_at: Some(at_us),
            columns: Vec::new(),
            times: None,
            key_of_unit: &numbers,
            keys,
            kept,
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
                Ok(part) if part.keys == (0..self.fields.rows(&work.kept).len()) => return Ok(part.given),
                Ok(part) => {
                    self.keep(&mut work, &part);
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
                self.keep(work, &part);
                parts.push(part);
            }
            Err(Failure::Fatal(error)) => return Err(error),
            Err(Failure::Breach(verdict)) if units.len() <= 1 => {
                let mut verdict = Some(verdict);
                while let Some((key, due_us)) = self.due_before(work, units.start) {
                    let part = self.fire_alone(work, key, due_us)?;
                    self.keep(work, &part);
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
        let key = *work.key_of_unit.get(unit)? as usize;
        let times = work.times.as_ref()?.as_primitive_opt::<TimestampMicrosecondType>()?;
        let at_us = times.is_valid(unit).then(|| times.value(unit))?;
        let due_us = self.fields.row(&work.kept, key).timer_us()?;
        (self.fires_between && due_us <= at_us).then_some((key, due_us))
    }

    /// Fires one timer in a call of its own; one that fails is gone, and the state stays.
    fn fire_alone(&mut self, work: &Work<'_>, key: usize, due_us: i64) -> Result<Part, Error> {
        let keys = key..key + 1;
        let key_columns = slice(work.keys, &keys);
        let mut kept = self.fields.slice(&work.kept, keys.clone());
        self.fields.set_timer(&mut kept, 0, None);
        let alone = Work {
            fire_at: Some(&[due_us]),
            columns: Vec::new(),
            times: None,
            key_of_unit: &[0],
            keys: &key_columns,
            kept,
        };
        match self.call(&alone, 0..1, true) {
            Err(Failure::Fatal(error)) => Err(error),
            Err(Failure::Breach(verdict)) => {
                let nothing = self.nothing(key).given;
                let poison = vec![(key as u32, verdict)];
                Ok(Part { keys, given: KeyedOutcome { kept: alone.kept, poison, ..nothing } })
            }
            Ok(Part { mut given, .. }) => {
                let ahead = self.fields.row(&given.kept, 0).timer_us().filter(|timer_us| *timer_us > due_us);
                self.fields.set_timer(&mut given.kept, 0, ahead);
                given.origins.fill(key as u32);
                Ok(Part { keys, given })
            }
        }
    }

    /// What is kept for the part's keys is what the next part starts from.
    fn keep(&self, work: &mut Work<'_>, part: &Part) {
        self.fields.replace(&mut work.kept, part.keys.clone(), &part.given.kept);
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
            kept: Kept::default(),
            origins: Vec::new(),
            columns: self.plan.writes.iter().map(|f| empty(f.kind)).collect(),
            rejects: Vec::new(),
            poison: Vec::new(),
            counts: vec![0; self.plan.counters.len()],
            messages: vec![0; self.plan.messages.len()],
        };
        Part { keys: key..key, given }
    }

    /// Joins the outputs of parts whose state is kept.
    fn finish(&self, work: Work<'_>, parts: Vec<Part>) -> Result<KeyedOutcome, Error> {
        let mut outcome = KeyedOutcome { kept: work.kept, ..self.nothing(0).given };
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
        let key_columns = slice(work.keys, &keys);
        let kept = match keys.len() == self.fields.rows(&work.kept).len() {
            true => Cow::Borrowed(&work.kept),
            false => Cow::Owned(self.fields.slice(&work.kept, keys.clone())),
        };
        let kept = keyed::KeptParam { words: &kept.words, bytes: &kept.bytes };
        let key_of_row = match first {
            0 => Cow::Borrowed(numbers),
            first => numbers.iter().map(|k| k - first as u32).collect(),
        };
        let unfit =
            || Failure::Fatal(self.configured.broken("before a call", "a column cannot be handed over"));
        let [of_rows, of_keys] = &mut self.lenders;
        let lent_rows = of_rows.lend(&columns).ok_or_else(unfit)?;
        let lent_keys = of_keys.lend(&key_columns).ok_or_else(unfit)?;
        arm(&mut instance.store, &self.configured.limits, counting);
        let given = match work.fire_at {
            Some(at) => {
                let at = at.get(units.clone()).unwrap_or_default();
                guest.call_fire(&mut instance.store, at, &lent_keys, kept)
            }
            None => guest.call_fold(
                &mut instance.store,
                keyed::KeyedRows {
                    rows: units.len() as u32,
                    columns: &lent_rows,
                    key_of_row: &key_of_row,
                    keys: &lent_keys,
                    kept,
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
        if patch.columns.len() != plan.writes.len() {
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
        let kept = Kept { words: patch.kept.words, bytes: patch.kept.bytes };
        let largest_bytes = self.fields.check(&kept, keys.len()).map_err(wrong)?;
        if largest_bytes > self.configured.limits.state_bytes_per_key {
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
        let (poison, counts) = (Vec::new(), patch.counts);
        let given = KeyedOutcome { kept, origins, columns, rejects, poison, counts, messages };
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
        let several = !rows || self.plan.shape == Shape::FlatMap;
        let most = if several { self.configured.limits.rows_per_row } else { 1 };
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
