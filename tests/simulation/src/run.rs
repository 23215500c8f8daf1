//! One seed from its start to its verdict, and what is done with one that fails.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context as _, Result};

use crate::check;
use crate::dice::Dice;
use crate::faults::{Fault, Sabotage};
use crate::scenario::{Options, Scenario};
use crate::world::{Done, Kit, World};

/// Seeds that have found a defect; every run begins with them.
pub const REGRESSIONS: &[u64] = &[1, 3, 4, 18, 137, 793, 1665, 51_571, 75_159];

/// A seed that fails.
#[derive(Debug)]
pub struct Failure {
    /// What to run again.
    pub options: Options,
    /// What is wrong.
    pub why: String,
}

impl Options {
    /// What a seed runs where nothing is said.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        let events = [20, 20, 60, 60, 60, 60, 120, 300][Dice::new(seed, 3).below(8)];
        Self { seed, events, faults: Fault::ALL.into_iter().collect() }
    }

    /// The command that runs it again.
    #[must_use]
    pub fn command(&self) -> String {
        let without: Vec<String> =
            Fault::ALL.into_iter().filter(|f| !self.faults.contains(f)).map(Fault::name).collect();
        let without =
            if without.is_empty() { String::new() } else { format!(" --without {}", without.join(",")) };
        format!("cargo xtask simulate --seed {} --events {}{without}", self.seed, self.events)
    }
}

/// Runs one seed.
///
/// # Errors
/// [`Failure`] that says what is wrong and how to see it again.
pub fn run(options: &Options, kit: &Kit, sabotage: Option<Sabotage>) -> Result<Done, Failure> {
    let result = catch_unwind(AssertUnwindSafe(|| check(options, kit, sabotage)));
    let result = result.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(anyhow::anyhow!("a panic: {}", text.unwrap_or_default()))
    });
    result.map_err(|why| Failure { options: options.clone(), why: format!("{why:#}") })
}

fn check(options: &Options, kit: &Kit, sabotage: Option<Sabotage>) -> Result<Done> {
    let scenario = Scenario::new(options.clone());
    let mut dice = Dice::new(options.seed, 4);
    let workers = 1 + dice.below(3);
    let mut world = World::new(&scenario, kit, workers, sabotage)?;
    world.run()?;
    world.settle()?;
    world.done.reopened = world.watcher.reopened();
    let mut reference = World::new(&scenario, kit, 1, None)?;
    reference.settle().context("the run without faults")?;
    check::against_model(&scenario, &mut reference, false).context("the run without faults")?;
    check::against_model(&scenario, &mut world, false)?;
    check::against_reference(&world, &reference)?;
    if dice.chance(500) {
        world.close()?;
        reference.close().context("the run without faults, closed")?;
        check::against_model(&scenario, &mut world, true).context("closed")?;
        check::against_reference(&world, &reference).context("closed")?;
    }
    Ok(world.done)
}

/// Makes a failure smaller as long as it still fails: fewer events, fewer faults.
pub fn shrink(mut failure: Failure, kit: &Kit, sabotage: Option<Sabotage>) -> Failure {
    let try_with = |events: usize, faults: BTreeSet<Fault>, failure: &mut Failure| {
        let options = Options { events, faults, ..failure.options.clone() };
        match run(&options, kit, sabotage) {
            Ok(_) => false,
            Err(smaller) => {
                *failure = smaller;
                true
            }
        }
    };
    for fault in Fault::ALL {
        let mut faults = failure.options.faults.clone();
        if faults.remove(&fault) {
            try_with(failure.options.events, faults, &mut failure);
        }
    }
    loop {
        let (events, faults) = (failure.options.events, failure.options.faults.clone());
        let fewer = [events / 2, events * 3 / 4, events.saturating_sub(1)];
        if !fewer.into_iter().any(|n| n < events && try_with(n, faults.clone(), &mut failure)) {
            return failure;
        }
    }
}
