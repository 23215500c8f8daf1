//! The sandbox: loads a plugin's component, checks what it imports, limits it, calls it.
//!
//! The only crate that knows wasmtime. It knows nothing of pipelines, logs and stores: it takes
//! columns and gives columns, with a verdict for each row that the plugin could not take. A plugin
//! that traps or overruns its limits loses its instance; the batch runs again, bisected, on an
//! engine that counts fuel, and a row is condemned only alone, in a fresh instance.

mod cache;
mod call;
mod columns;
mod compile;
mod contract;
mod engine;
mod instance;
mod limits;
mod offers;
mod plan;
mod stateful;

pub use cache::Cache;
pub use call::{Outcome, Plugin, Verdict};
pub use compile::{Compiler, compile};
pub use engine::{Component, Sandbox};
pub use limits::Limits;
pub use offers::{Nothing, Offers};
pub use plan::{Clearing, Flow, Gives, Lookup, Order, Plan, Shape};
pub use stateful::{KeyedOutcome, KeyedRows, Stateful};

/// What went wrong before or beyond a single row; `code` names its page in `docs/errors/`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are no component, or wasmtime could not compile them.
    #[error("VG2001: {plugin} is not a plugin component: {why}")]
    NotAComponent {
        /// The plugin's name.
        plugin: String,
        /// What the compiler said; it speaks of the component's bytes, never of events.
        why: String,
    },
    /// The component imports what the contract does not offer.
    #[error(
        "VG2002: {plugin} imports {import}, which is outside the contract; of vigie:plugin it may import {allowed}"
    )]
    Import {
        /// The plugin's name.
        plugin: String,
        /// The import's full name.
        import: String,
        /// What the contract offers.
        allowed: String,
    },
    /// `configure` refused the step's `with`.
    #[error("VG2003: {plugin} refuses its configuration: {problems}")]
    Configuration {
        /// The plugin's name.
        plugin: String,
        /// Path and message of every problem.
        problems: String,
    },
    /// The plugin failed where no row is to blame: in `configure`, or with a plan that changed.
    #[error("VG2004: {plugin} failed {at}: {why}")]
    Broken {
        /// The plugin's name.
        plugin: String,
        /// Where: a phase of the contract.
        at: &'static str,
        /// A fixed text, or wasmtime's trap code.
        why: String,
    },
    /// A plugin of one world where the pipeline needs the other.
    #[error("VG2006: {plugin} is a {is} plugin, and a {wanted} plugin is needed here: {}", world_advice(is))]
    World {
        /// The plugin's name.
        plugin: String,
        /// Its world.
        is: &'static str,
        /// The world that is needed.
        wanted: &'static str,
    },
    /// The engine could not be set up on this machine.
    #[error("VG2005: the sandbox cannot start: {0}")]
    Engine(String),
}

fn world_advice(is: &str) -> &'static str {
    if is == "stateful" { "name it under `then`, with a key" } else { "name it under `steps`" }
}
