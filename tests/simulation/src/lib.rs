//! The simulator: the real planner, stages, state and deliveries over a log that behaves as Kafka does
//! when it is unwell, a store that fails and repeats, and a clock that goes as it likes. One thread, one
//! seed; after every step the invariants are looked at, and in the end all is compared with a run
//! without faults and with a model that computes the answer from all events at once.
//!
//! It has no threads, clocks and files; how real brokers behave is known here only as far as `cluster`
//! says it.

// A simulator is a test: what cannot be must stop it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

mod check;
mod cluster;
mod connection;
mod dice;
mod disk;
mod faults;
mod model;
mod partition;
mod run;
mod scenario;
mod store;
#[cfg(test)]
mod tests;
mod world;

pub use faults::{Fault, Sabotage};
pub use run::{Failure, REGRESSIONS, run, shrink};
pub use scenario::Options;
pub use world::{Done, Kit};
