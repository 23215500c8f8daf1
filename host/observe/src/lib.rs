//! What the program counts, whether it is well, and a small HTTP server that says both.
//!
//! Knows nothing of pipelines, logs and stores. Who counts holds a cell of its own and takes no lock to count;
//! who asks never holds up who counts. No label holds a value of an event.

mod cells;
mod health;
mod metrics;
mod server;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use prometheus_client::registry::Registry;

pub use cells::{Age, Counter, Gauge, Seconds};
pub use health::{Health, Turn};
pub use metrics::{
    Metrics, OfCode, OfCounter, OfInput, OfPartition, OfState, OfStep, OfStore, OfTopic, OfWorker,
};
pub use server::serve;

/// What can go wrong with watching.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address that cannot be listened at.
    #[error("VG0035: cannot serve metrics at {address}: {why}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        why: std::io::Error,
    },
}

/// All that there is to see of a program at work.
#[derive(Clone)]
pub struct Observed {
    /// What it counts.
    pub metrics: Metrics,
    /// Whether it is well.
    pub health: Arc<Health>,
    registry: Arc<Registry>,
}

impl Observed {
    /// Of a program with this many workers, and deliveries to stores.
    #[must_use]
    pub fn new(workers: usize, deliveries: usize) -> Self {
        let (metrics, registry) = Metrics::new();
        let health = Arc::new(Health::new(workers, deliveries, &metrics));
        Self { metrics, health, registry: Arc::new(registry) }
    }

    /// All metrics in the text format of OpenMetrics 1.0, which Prometheus reads.
    ///
    /// # Errors
    /// None of its own: a `String` takes every text.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
