//! A configured plugin: keeps an instance, calls it with a batch, bisects what it cannot take.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::concat;
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Engine, Store, Trap};

use crate::columns::{Scratch, empty, take};
use crate::contract::{HostedTransform, log, types};
use crate::engine::EPOCH_MS;
use crate::limits::Budget;
use crate::plan::contract_kind;
use crate::{Component, Error, Limits, Plan, Shape};

/// Why a row was refused. Texts are the plan's own or fixed: never a value of the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// `VG21xx` for a breach, `VG2100` for the plugin's own reject.
    pub code: &'static str,
    /// The reason in words.
    pub reason: Arc<str>,
}

impl Verdict {
    fn breach(code: &'static str, reason: &str) -> Self {
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
}

/// A plugin with a configuration, and at most one instance.
pub struct Plugin {
    component: Component,
    limits: Limits,
    setup: Setup,
    contract_plan: types::Plan,
    plan: Plan,
    reads: Vec<String>,
    instance: Option<Instance>,
    scratch: Vec<Scratch>,
    /// Instances thrown away so far, for the metric.
    pub discarded: u64,
}

/// What every instance of the step is configured with.
struct Setup {
    config: String,
    /// Name, kind and optional, of the fields that reach the step.
    input: Vec<(String, types::Kind, bool)>,
}

struct Instance {
    store: Store<Host>,
    guest: HostedTransform,
}

struct Host {
    budget: Budget,
}

impl types::Host for Host {}

impl log::Host for Host {
    fn write(&mut self, _message: u32, _rows: u64) {}
}

/// The two ways a call fails, before anybody is blamed.
enum Failure {
    Breach(Verdict),
    Fatal(Error),
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
    ) -> Result<Self, Error> {
        let input = input
            .fields()
            .iter()
            .filter_map(|f| {
                let kind = contract_kind(f)?;
                Some((f.name().clone(), kind, f.is_nullable()))
            })
            .collect();
        let setup = Setup { config: config.into(), input };
        // By fuel, so that a busy machine refuses no configuration.
        let (_, contract_plan) = start(component, &limits, &setup, true)?;
        let plan = Plan::from_contract(&contract_plan);
        let reads = plan.reads.iter().map(|f| f.name.clone()).collect();
        let scratch = plan.reads.iter().map(|_| Scratch::default()).collect();
        Ok(Self {
            component: component.clone(),
            limits,
            setup,
            contract_plan,
            plan,
            reads,
            instance: None,
            scratch,
            discarded: 0,
        })
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
        let columns = self.project(batch)?;
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(self.nothing());
        }
        // First on the kept instance, then in a fresh one, and only then bisected.
        for _ in 0..2 {
            match self.call(&columns, rows, false) {
                Ok(outcome) => return Ok(outcome),
                Err(Failure::Fatal(error)) => return Err(error),
                Err(Failure::Breach(_)) => {}
            }
        }
        let mut parts = Vec::new();
        self.bisect(&columns, 0, rows, &mut parts)?;
        self.instance = None;
        self.join(parts)
    }

    fn project(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>, Error> {
        self.reads
            .iter()
            .map(|name| {
                batch
                    .column_by_name(name)
                    .cloned()
                    .ok_or_else(|| self.broken("before a call", "a column it reads is not in the batch"))
            })
            .collect()
    }

    /// Halves the range until each part passes, or one row alone is condemned by the counting engine.
    fn bisect(
        &mut self,
        columns: &[ArrayRef],
        from: usize,
        rows: usize,
        parts: &mut Vec<(usize, Outcome)>,
    ) -> Result<(), Error> {
        let slice: Vec<ArrayRef> = columns.iter().map(|c| c.slice(from, rows)).collect();
        self.instance = None;
        match self.call(&slice, rows, true) {
            Ok(outcome) => parts.push((from, outcome)),
            Err(Failure::Fatal(error)) => return Err(error),
            Err(Failure::Breach(verdict)) if rows == 1 => {
                parts.push((from, Outcome { rejects: vec![(0, verdict)], ..self.nothing() }));
            }
            Err(Failure::Breach(_)) => {
                let half = rows / 2;
                self.bisect(columns, from, half, parts)?;
                self.bisect(columns, from + half, rows - half, parts)?;
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
        }
    }

    fn join(&self, parts: Vec<(usize, Outcome)>) -> Result<Outcome, Error> {
        let mut joined = Outcome {
            columns: Vec::new(),
            rows: Vec::new(),
            rejects: Vec::new(),
            counts: vec![0; self.plan.counters.len()],
        };
        let mut columns: Vec<Vec<ArrayRef>> = vec![Vec::new(); self.plan.writes.len()];
        for (from, part) in parts {
            let offset = from as u32;
            joined.rows.extend(part.rows.iter().map(|r| r + offset));
            joined.rejects.extend(part.rejects.into_iter().map(|(r, v)| (r + offset, v)));
            joined.counts.iter_mut().zip(part.counts).for_each(|(sum, n)| *sum = sum.saturating_add(n));
            columns.iter_mut().zip(part.columns).for_each(|(all, c)| all.push(c));
        }
        for pieces in columns {
            let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
            let column =
                concat(&pieces).map_err(|_| self.broken("after a call", "its columns cannot be joined"))?;
            joined.columns.push(column);
        }
        Ok(joined)
    }

    /// One call; the instance survives only a call without any fault.
    fn call(&mut self, columns: &[ArrayRef], rows: usize, counting: bool) -> Result<Outcome, Failure> {
        let mut instance = match self.instance.take() {
            Some(instance) if !counting => instance,
            _ => {
                // The fast engine may only have run out of time: the counting one has the last word.
                let blame = |error| match counting {
                    true => Failure::Fatal(error),
                    false => Failure::Breach(Verdict::breach("VG2101", "the plugin did not start in time")),
                };
                let (instance, plan) =
                    start(&self.component, &self.limits, &self.setup, counting).map_err(blame)?;
                if !same_plan(&plan, &self.contract_plan) {
                    let error = self.broken("in configure", "a fresh instance gave another plan");
                    return Err(Failure::Fatal(error));
                }
                instance
            }
        };
        for (scratch, column) in self.scratch.iter_mut().zip(columns) {
            scratch.prepare(column);
        }
        let lent: Option<Vec<_>> =
            self.scratch.iter().zip(columns).map(|(scratch, column)| scratch.lend(column)).collect();
        let lent = lent
            .ok_or_else(|| Failure::Fatal(self.broken("before a call", "a column cannot be handed over")))?;
        arm(&mut instance.store, &self.limits, counting);
        let result = instance.guest.call_transform(&mut instance.store, rows as u32, &lent);
        drop(lent);
        let outcome = match result {
            Ok(patch) => self.check(patch, rows).map_err(Failure::Breach),
            Err(error) => Err(Failure::Breach(verdict(&error, instance.store.data()))),
        };
        match outcome {
            Ok(outcome) => {
                if !counting {
                    self.instance = Some(instance);
                }
                Ok(outcome)
            }
            Err(failure) => {
                self.discarded += 1;
                Err(failure)
            }
        }
    }

    /// Believes nothing that the guest says before it was checked.
    fn check(&self, patch: types::Patch, rows: usize) -> Result<Outcome, Verdict> {
        let wrong = |reason: &str| Verdict::breach("VG2104", reason);
        if patch.columns.len() != self.plan.writes.len() {
            return Err(wrong("the plugin gave the wrong number of columns"));
        }
        if patch.counts.len() != self.plan.counters.len() {
            return Err(wrong("the plugin gave the wrong number of counters"));
        }
        let mut rejects = Vec::with_capacity(patch.rejects.len());
        let mut next = 0;
        for reject in &patch.rejects {
            if reject.row < next || reject.row as usize >= rows {
                return Err(wrong("the plugin's rejects are out of order or of range"));
            }
            next = reject.row + 1;
            let reason = self
                .plan
                .reasons
                .get(reject.reason as usize)
                .ok_or_else(|| wrong("the plugin gave a reason that it did not declare"))?;
            rejects.push((reject.row, Verdict { code: "VG2100", reason: reason.clone() }));
        }
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
        let outcome = drop_refused(Outcome { columns, rows: sources, rejects, counts: patch.counts });
        // Only now: a required column may lack the values of refused rows, but of no others.
        let lacks = |(c, f): (&ArrayRef, &event::Field)| f.required && c.null_count() > 0;
        if outcome.columns.iter().zip(&self.plan.writes).any(lacks) {
            return Err(wrong("a required column has a missing value"));
        }
        Ok(outcome)
    }

    fn check_rows(&self, of: Vec<u32>, rows: usize) -> Result<Vec<u32>, Verdict> {
        let wrong = |reason: &str| Verdict::breach("VG2104", reason);
        if of.iter().any(|row| *row as usize >= rows) || !of.is_sorted() {
            return Err(wrong("the plugin's rows are out of order or of range"));
        }
        let per_row = if self.plan.shape == Shape::Filter { 1 } else { self.limits.rows_per_row };
        if of.chunk_by(|a, b| a == b).any(|same| same.len() > per_row) {
            return Err(Verdict::breach("VG2105", "one row became more rows than the step allows"));
        }
        Ok(of)
    }

    fn broken(&self, at: &'static str, why: &str) -> Error {
        Error::Broken { plugin: self.component.name.to_string(), at, why: why.into() }
    }
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

fn start(
    component: &Component,
    limits: &Limits,
    setup: &Setup,
    counting: bool,
) -> Result<(Instance, types::Plan), Error> {
    let (engine, code) = if counting {
        (&component.sandbox.counting, &component.counting)
    } else {
        (&component.sandbox.fast, &component.fast)
    };
    let broken = |at: &'static str, error: &wasmtime::Error| Error::Broken {
        plugin: component.name.to_string(),
        at,
        why: trap_name(error),
    };
    let linker = linker(engine).map_err(|e| broken("while linking", &e))?;
    let mut store = Store::new(engine, Host { budget: Budget::new(limits) });
    store.limiter(|host| &mut host.budget);
    store.set_hostcall_fuel(limits.output_bytes);
    arm(&mut store, limits, counting);
    let guest =
        HostedTransform::instantiate(&mut store, code, &linker).map_err(|e| broken("while starting", &e))?;
    let input: Vec<types::FieldParam<'_>> = setup
        .input
        .iter()
        .map(|(name, kind, optional)| types::FieldParam { name, kind: *kind, optional: *optional })
        .collect();
    let lent = types::Setup { config: &setup.config, input: &input, key: &[], windowed: false };
    match guest.call_configure(&mut store, lent) {
        Ok(Ok(plan)) => Ok((Instance { store, guest }, plan)),
        Ok(Err(problems)) => Err(Error::Configuration {
            plugin: component.name.to_string(),
            problems: problems
                .iter()
                .map(|p| format!("{}: {}", p.path, p.message))
                .collect::<Vec<_>>()
                .join("; "),
        }),
        Err(error) => Err(broken("in configure", &error)),
    }
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    HostedTransform::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host)?;
    Ok(linker)
}

/// Sets the deadline of the next call: fuel or time, by the engine.
fn arm(store: &mut Store<Host>, limits: &Limits, counting: bool) {
    if counting {
        // Fails only on an engine that counts no fuel, which this one does.
        let _ = store.set_fuel(limits.fuel_per_call);
    } else {
        store.set_epoch_deadline(limits.time_per_batch_ms.div_ceil(EPOCH_MS) + 1);
    }
}

fn verdict(error: &wasmtime::Error, host: &Host) -> Verdict {
    if host.budget.breached {
        return Verdict::breach("VG2102", "the plugin took more memory than the step allows");
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel | Trap::Interrupt) => {
            Verdict::breach("VG2101", "the plugin took more fuel than the step allows")
        }
        Some(trap) => Verdict::breach("VG2103", &format!("the plugin trapped: {trap}")),
        None => Verdict::breach("VG2104", "the plugin gave what the contract does not allow"),
    }
}

/// The trap's fixed text; anything else might quote the guest.
fn trap_name(error: &wasmtime::Error) -> String {
    error.downcast_ref::<Trap>().map_or_else(|| format!("{error:#}"), ToString::to_string)
}

/// The plans' texts byte for byte: the generated types derive `Debug` only.
fn same_plan(a: &types::Plan, b: &types::Plan) -> bool {
    format!("{a:?}") == format!("{b:?}")
}
