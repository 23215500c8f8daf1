//! A configured plugin: keeps an instance, calls it with a batch, bisects what it cannot take.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::concat;

use crate::columns::{Lender, empty, take};
use crate::contract::types;
use crate::instance::{Configured, Failure, Guest, Instance, Setup, arm, verdict};
use crate::{Component, Error, Limits, Offers, Plan, Shape};

/// Why a row was refused. Texts are the plan's own or fixed: never a value of the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// `VG21xx` for a breach, `VG2100` for the plugin's own reject.
    pub code: &'static str,
    /// The reason in words.
    pub reason: Arc<str>,
}

impl Verdict {
    pub(crate) fn breach(code: &'static str, reason: &str) -> Self {
        Self { code, reason: reason.into() }
    }
}

/// What a batch became.
#[derive(Debug)]
pub struct Outcome {
    /// The written columns, in the plan's order, a value per output row.
    pub columns: Vec<ArrayRef>,
    /// For each output row, the input row it comes from. Rows with a verdict are not among them.
    pub rows: Vec<u32>,
    /// Refused input rows, ascending.
    pub rejects: Vec<(u32, Verdict)>,
    /// The plan's counters, summed.
    pub counts: Vec<u64>,
    /// Rows logged, by the plan's messages.
    pub messages: Vec<u64>,
}

/// A plugin of the world `transform` with a configuration, and at most one instance.
pub struct Plugin {
    configured: Configured,
    plan: Plan,
    reads: Vec<String>,
    instance: Option<Instance>,
    lender: Lender,
    /// Instances thrown away so far, for the metric.
    pub discarded: u64,
}

/// A batch, or a slice of one, on its way into the sandbox.
struct Call {
    columns: Vec<ArrayRef>,
    /// The rows' event times, where the batch has them.
    times: Option<ArrayRef>,
    rows: usize,
}

impl Call {
    fn slice(&self, from: usize, rows: usize) -> Self {
        Self {
            columns: self.columns.iter().map(|c| c.slice(from, rows)).collect(),
            times: self.times.as_ref().map(|t| t.slice(from, rows)),
            rows,
        }
    }
}

impl Plugin {
    /// Instantiates and configures a component for a step.
    ///
    /// `config` is the step's `with` as JSON; `input` are the fields that reach the step.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the plugin refuses it, [`Error::Broken`] if it fails.
    pub fn configure(
        component: &Component,
        limits: Limits,
        config: &str,
        input: &arrow::datatypes::Schema,
        offers: Arc<dyn Offers>,
    ) -> Result<Self, Error> {
        if component.stateful {
            return Err(Error::World {
                plugin: component.name.to_string(),
                is: "stateful",
                wanted: "transform",
            });
        }
        let setup = Setup::new(config, input, &[], false);
        let (configured, instance) = Configured::new(component, limits, setup, offers)?;
        let plan = Plan::from_contract(&configured.contract_plan);
        let reads = plan.reads.iter().map(|f| f.name.clone()).collect();
        Ok(Self { configured, plan, reads, instance, lender: Lender::default(), discarded: 0 })
    }

    /// What the step reads, writes and clears.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Runs a batch. Only the columns in the plan's `reads` are handed over.
    ///
    /// # Errors
    /// [`Error`] only where no row is to blame; a bad row is a verdict in the outcome.
    pub fn run(&mut self, batch: &RecordBatch) -> Result<Outcome, Error> {
        let call = Call {
            columns: project(&self.configured, &self.reads, batch)?,
            times: batch.column_by_name("timestamp").cloned(),
            rows: batch.num_rows(),
        };
        if call.rows == 0 {
            return Ok(self.nothing());
        }
        // First on the kept instance, then in a fresh one, and only then bisected.
        for _ in 0..2 {
            match self.call(&call, false) {
                Ok(outcome) => return Ok(outcome),
                Err(Failure::Fatal(error)) => return Err(error),
                Err(Failure::Breach(_)) => {}
            }
        }
        let mut parts = Vec::new();
        self.bisect(&call, 0, call.rows, &mut parts)?;
        self.instance = None;
        self.join(parts)
    }

    /// Halves the range until each part passes, or one row alone is condemned by the counting engine.
    fn bisect(
        &mut self,
        call: &Call,
        from: usize,
        rows: usize,
        parts: &mut Vec<(usize, Outcome)>,
    ) -> Result<(), Error> {
        self.instance = None;
        match self.call(&call.slice(from, rows), true) {
            Ok(outcome) => parts.push((from, outcome)),
            Err(Failure::Fatal(error)) => return Err(error),
            Err(Failure::Breach(verdict)) if rows == 1 => {
                parts.push((from, Outcome { rejects: vec![(0, verdict)], ..self.nothing() }));
            }
            Err(Failure::Breach(_)) => {
                let half = rows / 2;
                self.bisect(call, from, half, parts)?;
                self.bisect(call, from + half, rows - half, parts)?;
            }
        }
        Ok(())
    }

    /// What no rows become.
    fn nothing(&self) -> Outcome {
        Outcome {
            columns: self.plan.writes.iter().map(|f| empty(f.kind)).collect(),
            rows: Vec::new(),
            rejects: Vec::new(),
            counts: vec![0; self.plan.counters.len()],
            messages: vec![0; self.plan.messages.len()],
        }
    }

    fn join(&self, parts: Vec<(usize, Outcome)>) -> Result<Outcome, Error> {
        let mut joined = Outcome {
            columns: Vec::new(),
            rows: Vec::new(),
            rejects: Vec::new(),
            counts: vec![0; self.plan.counters.len()],
            messages: vec![0; self.plan.messages.len()],
        };
        let mut columns: Vec<Vec<ArrayRef>> = vec![Vec::new(); self.plan.writes.len()];
        for (from, part) in parts {
            let offset = from as u32;
            joined.rows.extend(part.rows.iter().map(|r| r + offset));
            joined.rejects.extend(part.rejects.into_iter().map(|(r, v)| (r + offset, v)));
            add(&mut joined.counts, &part.counts);
            add(&mut joined.messages, &part.messages);
            columns.iter_mut().zip(part.columns).for_each(|(all, c)| all.push(c));
        }
        for pieces in columns {
            joined.columns.push(join(&self.configured, &pieces)?);
        }
        Ok(joined)
    }

    /// One call; the instance survives only a call without any fault.
    fn call(&mut self, call: &Call, counting: bool) -> Result<Outcome, Failure> {
        let mut instance = match self.instance.take() {
            Some(instance) if !counting => instance,
            _ => self.configured.fresh(counting)?,
        };
        let Guest::Transform(guest) = &instance.guest else {
            return Err(Failure::Fatal(self.configured.broken("before a call", "is of another world")));
        };
        let named = self.reads.iter().cloned().zip(call.columns.iter().cloned()).collect();
        instance.store.data_mut().begin(call.rows, named, call.times.clone());
        let lent = self.lender.lend(&call.columns).ok_or_else(|| {
            Failure::Fatal(self.configured.broken("before a call", "a column cannot be handed over"))
        })?;
        arm(&mut instance.store, &self.configured.limits, counting);
        let result = guest.call_transform(&mut instance.store, call.rows as u32, &lent);
        drop(lent);
        let messages = instance.store.data_mut().end();
        let outcome = match result {
            Ok(patch) => self.check(patch, call.rows, messages).map_err(Failure::Breach),
            Err(error) => Err(Failure::Breach(verdict(&error, instance.store.data()))),
        };
        if outcome.is_err() {
            self.discarded += 1;
        } else if !counting {
            self.instance = Some(instance);
        }
        outcome
    }

    /// Believes nothing that the guest says before it was checked.
    fn check(&self, patch: types::Patch, rows: usize, messages: Vec<u64>) -> Result<Outcome, Verdict> {
        let wrong = |reason: &str| Verdict::breach("VG2104", reason);
        if patch.columns.len() != self.plan.writes.len() {
            return Err(wrong("the plugin gave the wrong number of columns"));
        }
        if patch.counts.len() != self.plan.counters.len() {
            return Err(wrong("the plugin gave the wrong number of counters"));
        }
        let rejects = check_rejects(&patch.rejects, rows, &self.plan)?;
        let sources = match (patch.rows, self.plan.shape) {
            (None, Shape::OneToOne) => None,
            (Some(of), Shape::Filter | Shape::FlatMap) => Some(self.check_rows(of, rows)?),
            _ => return Err(wrong("the plugin's rows do not fit its shape")),
        };
        let given = sources.as_ref().map_or(rows, Vec::len);
        let mut columns = Vec::with_capacity(patch.columns.len());
        for (column, field) in patch.columns.into_iter().zip(&self.plan.writes) {
            columns.push(take(column, field.kind, given).map_err(wrong)?);
        }
        let sources = sources.unwrap_or_else(|| (0..rows as u32).collect());
        let outcome =
            drop_refused(Outcome { columns, rows: sources, rejects, counts: patch.counts, messages });
        // Only now: a required column may lack the values of refused rows, but of no others.
        check_required(&outcome.columns, &self.plan)?;
        Ok(outcome)
    }

    fn check_rows(&self, of: Vec<u32>, rows: usize) -> Result<Vec<u32>, Verdict> {
        let wrong = |reason: &str| Verdict::breach("VG2104", reason);
        if of.iter().any(|row| *row as usize >= rows) || !of.is_sorted() {
            return Err(wrong("the plugin's rows are out of order or of range"));
        }
        let per_row = if self.plan.shape == Shape::Filter { 1 } else { self.configured.limits.rows_per_row };
        if of.chunk_by(|a, b| a == b).any(|same| same.len() > per_row) {
            return Err(Verdict::breach("VG2105", "one row became more rows than the step allows"));
        }
        Ok(of)
    }
}

/// The columns that the plan reads, of a batch.
pub(crate) fn project(
    configured: &Configured,
    reads: &[String],
    batch: &RecordBatch,
) -> Result<Vec<ArrayRef>, Error> {
    let missing = || configured.broken("before a call", "a column it reads is not in the batch");
    reads.iter().map(|name| batch.column_by_name(name).cloned().ok_or_else(missing)).collect()
}

/// Joins the pieces of a column; one piece is left as it is.
pub(crate) fn join(configured: &Configured, pieces: &[ArrayRef]) -> Result<ArrayRef, Error> {
    if let [piece] = pieces {
        return Ok(piece.clone());
    }
    let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
    concat(&pieces).map_err(|_| configured.broken("after a call", "its columns cannot be joined"))
}

pub(crate) fn add(sums: &mut [u64], counts: &[u64]) {
    sums.iter_mut().zip(counts).for_each(|(sum, n)| *sum = sum.saturating_add(*n));
}

/// A required column has a value in every output row.
pub(crate) fn check_required(columns: &[ArrayRef], plan: &Plan) -> Result<(), Verdict> {
    let lacks = |(c, f): (&ArrayRef, &event::Field)| f.required && c.null_count() > 0;
    if columns.iter().zip(&plan.writes).any(lacks) {
        return Err(Verdict::breach("VG2104", "a required column has a missing value"));
    }
    Ok(())
}

/// Rejects in order and of declared reasons, with their texts.
pub(crate) fn check_rejects(
    rejects: &[types::Reject],
    rows: usize,
    plan: &Plan,
) -> Result<Vec<(u32, Verdict)>, Verdict> {
    let mut checked = Vec::with_capacity(rejects.len());
    let mut next = 0;
    for reject in rejects {
        if reject.row < next || reject.row as usize >= rows {
            return Err(Verdict::breach("VG2104", "the plugin's rejects are out of order or of range"));
        }
        next = reject.row + 1;
        let reason = plan
            .reasons
            .get(reject.reason as usize)
            .ok_or_else(|| Verdict::breach("VG2104", "the plugin gave a reason that it did not declare"))?;
        checked.push((reject.row, Verdict { code: "VG2100", reason: reason.clone() }));
    }
    Ok(checked)
}

/// Output rows of refused input rows are left out.
fn drop_refused(outcome: Outcome) -> Outcome {
    if outcome.rejects.is_empty() {
        return outcome;
    }
    let refused = |row: &u32| outcome.rejects.binary_search_by_key(row, |(r, _)| *r).is_ok();
    let keep: Vec<u32> =
        (0_u32..).zip(&outcome.rows).filter(|(_, row)| !refused(row)).map(|(i, _)| i).collect();
    let keep = arrow::array::UInt32Array::from(keep);
    let pick =
        |column: &ArrayRef| arrow::compute::take(column, &keep, None).unwrap_or_else(|_| column.slice(0, 0));
    let columns = outcome.columns.iter().map(pick).collect();
    let rows = keep.values().iter().filter_map(|i| outcome.rows.get(*i as usize).copied()).collect();
    Outcome { columns, rows, ..outcome }
}
