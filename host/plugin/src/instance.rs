//! A component configured for a step, and its instances.

use std::sync::Arc;

use arrow::datatypes::Schema;
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Engine, Store, Trap};

use crate::contract::{HostedStateful, HostedTransform, types};
use crate::engine::EPOCH_MS;
use crate::offers::{Host, Offers};
use crate::plan::contract_kind;
use crate::{Component, Error, Limits, Verdict};

/// What every instance of a step is made from.
pub(crate) struct Configured {
    pub(crate) component: Component,
    pub(crate) limits: Limits,
    pub(crate) contract_plan: types::Plan,
    setup: Setup,
    offers: Arc<dyn Offers>,
    lookups: Arc<[(String, Vec<String>)]>,
}

/// What `configure` is called with.
pub(crate) struct Setup {
    /// The step's `with`, as JSON.
    config: String,
    /// Name, kind and optional, of the fields that reach the step.
    input: Vec<(String, types::Kind, bool)>,
    /// The key fields of a stateful step.
    key: Vec<String>,
    windowed: bool,
}

pub(crate) struct Instance {
    pub(crate) store: Store<Host>,
    pub(crate) guest: Guest,
}

/// The exports, by world.
pub(crate) enum Guest {
    Transform(HostedTransform),
    Stateful(HostedStateful),
}

/// The two ways a call fails, before anybody is blamed.
pub(crate) enum Failure {
    Breach(Verdict),
    Fatal(Error),
}

impl Setup {
    pub(crate) fn new(config: &str, input: &Schema, key: &[String], windowed: bool) -> Self {
        let input = input.fields().iter().filter_map(|field| {
            let kind = contract_kind(field)?;
            Some((field.name().clone(), kind, field.is_nullable()))
        });
        Self { config: config.into(), input: input.collect(), key: key.into(), windowed }
    }
}

impl Configured {
    /// Starts a first instance, whose plan all later ones must repeat. The fast engine may only have
    /// run out of time on a busy machine: then the counting one has the last word, and there is no
    /// instance yet.
    pub(crate) fn new(
        component: &Component,
        limits: Limits,
        setup: Setup,
        offers: Arc<dyn Offers>,
    ) -> Result<(Self, Option<Instance>), Error> {
        let (mut instance, contract_plan) = match start(component, &limits, &setup, offers.clone(), false) {
            Ok((instance, plan)) => (Some(instance), plan),
            Err(Error::Broken { .. }) => {
                let (_, plan) = start(component, &limits, &setup, offers.clone(), true)?;
                (None, plan)
            }
            Err(error) => return Err(error),
        };
        let lookups: Arc<[_]> =
            contract_plan.lookups.iter().map(|l| (l.table.clone(), l.columns.clone())).collect();
        let configured = Self { component: component.clone(), limits, contract_plan, setup, offers, lookups };
        if let Some(instance) = &mut instance {
            configured.equip(instance);
        }
        Ok((configured, instance))
    }

    /// Another instance, for the fast engine or the counting one.
    pub(crate) fn fresh(&self, counting: bool) -> Result<Instance, Failure> {
        let started = start(&self.component, &self.limits, &self.setup, self.offers.clone(), counting);
        let (mut instance, plan) = started.map_err(|error| match counting {
            true => Failure::Fatal(error),
            false => Failure::Breach(Verdict::breach("VG2101", "the plugin did not start in time")),
        })?;
        if !same_plan(&plan, &self.contract_plan) {
            return Err(Failure::Fatal(self.broken("in configure", "a fresh instance gave another plan")));
        }
        self.equip(&mut instance);
        Ok(instance)
    }

    fn equip(&self, instance: &mut Instance) {
        let host = instance.store.data_mut();
        host.lookups = self.lookups.clone();
        host.messages = self.contract_plan.messages.len();
    }

    pub(crate) fn broken(&self, at: &'static str, why: &str) -> Error {
        Error::Broken { plugin: self.component.name.to_string(), at, why: why.into() }
    }
}

fn start(
    component: &Component,
    limits: &Limits,
    setup: &Setup,
    offers: Arc<dyn Offers>,
    counting: bool,
) -> Result<(Instance, types::Plan), Error> {
    let broken = |at: &'static str, error: &wasmtime::Error| Error::Broken {
        plugin: component.name.to_string(),
        at,
        why: trap_name(error),
    };
    let (engine, code) = component.code(counting)?;
    let linker = linker(engine).map_err(|e| broken("while linking", &e))?;
    let mut store = Store::new(engine, Host::new(limits, offers));
    store.limiter(Host::limiter);
    store.set_hostcall_fuel(limits.output_bytes);
    arm(&mut store, limits, counting);
    let guest = if component.stateful {
        HostedStateful::instantiate(&mut store, code, &linker).map(Guest::Stateful)
    } else {
        HostedTransform::instantiate(&mut store, code, &linker).map(Guest::Transform)
    };
    let guest = guest.map_err(|e| broken("while starting", &e))?;
    let input: Vec<types::FieldParam<'_>> = setup
        .input
        .iter()
        .map(|(name, kind, optional)| types::FieldParam { name, kind: *kind, optional: *optional })
        .collect();
    let key: Vec<&str> = setup.key.iter().map(String::as_str).collect();
    let lent = types::Setup { config: &setup.config, input: &input, key: &key, windowed: setup.windowed };
    let given = match &guest {
        Guest::Transform(guest) => guest.call_configure(&mut store, lent),
        Guest::Stateful(guest) => guest.call_configure(&mut store, lent),
    };
    match given {
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
    // The imports of both worlds are the same.
    HostedTransform::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host)?;
    Ok(linker)
}

/// Sets the deadline of the next call: fuel or time, by the engine.
pub(crate) fn arm(store: &mut Store<Host>, limits: &Limits, counting: bool) {
    if counting {
        // Fails only on an engine that counts no fuel, which this one does.
        let _ = store.set_fuel(limits.fuel_per_call);
    } else {
        store.set_epoch_deadline(limits.time_per_batch_ms.div_ceil(EPOCH_MS) + 1);
    }
}

/// What an ended call says of the guest.
pub(crate) fn verdict(error: &wasmtime::Error, host: &Host) -> Verdict {
    if host.out_of_memory() {
        return Verdict::breach("VG2102", "the plugin took more memory than the step allows");
    }
    if let Some(reason) = host.refused {
        return Verdict::breach("VG2106", reason);
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
