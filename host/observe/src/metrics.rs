//! The metrics by name. docs/metrics.md is their table; a test compares both.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};

use crate::cells::{Age, Counter, Gauge, Seconds};

/// A stage: `first`, or a stateful step.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfStep {
    /// Its name.
    pub step: Arc<str>,
}

/// A partition as a stage reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelSet)]
pub struct OfInput {
    /// The stage.
    pub step: Arc<str>,
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: u32,
}

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfPartition {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: u32,
}

/// The state of a stateful step for a partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfState {
    /// The step.
    pub step: Arc<str>,
    /// The partition.
    pub partition: u32,
}

/// Why a step refuses rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelSet)]
pub struct OfCode {
    /// The step.
    pub step: Arc<str>,
    /// The code, as in `docs/errors`.
    pub code: &'static str,
}

/// A counter that a plugin has.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfCounter {
    /// The step.
    pub step: Arc<str>,
    /// The counter's name, a fixed text of the plugin.
    pub counter: Arc<str>,
}

/// A worker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfWorker {
    /// Its number.
    pub worker: u32,
}

/// A store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OfStore {
    /// Its name.
    pub store: Arc<str>,
}

/// A topic that goes into a store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelSet)]
pub struct OfTopic {
    /// The store.
    pub store: Arc<str>,
    /// The topic.
    pub topic: Arc<str>,
}

/// All metrics. Cells are taken from a family once and kept: taking one may lock.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Records that were read and committed.
    pub records_read: Family<OfInput, Counter>,
    /// Events that were committed.
    pub events_written: Family<OfStep, Counter>,
    /// Dead letters that were committed.
    pub dead_letters: Family<OfCode, Counter>,
    /// What plugins count.
    pub plugin_counted: Family<OfCounter, Counter>,
    /// Instances that were thrown away.
    pub instances_discarded: Family<OfStep, Counter>,
    /// Time to compute a step, reading included.
    pub compute_seconds: Family<OfStep, Seconds>,
    /// Time to commit the open steps, together.
    pub commit_seconds: Family<OfWorker, Seconds>,
    /// Commits that failed.
    pub commit_failures: Family<OfWorker, Counter>,
    /// Records between what was read and the end.
    pub lag_records: Family<OfInput, Gauge>,
    /// How long ago the newest event was, by its own time.
    pub watermark_delay_seconds: Family<OfPartition, Age>,
    /// Keys with state.
    pub state_keys: Family<OfState, Gauge>,
    /// Their memory.
    pub state_bytes: Family<OfState, Gauge>,
    /// Partitions that a worker has.
    pub partitions_assigned: Family<OfWorker, Gauge>,
    /// Those of them that are restored.
    pub partitions_restored: Family<OfWorker, Gauge>,
    /// Rounds in which the log was unwell.
    pub turn_failures: Family<OfWorker, Counter>,
    /// Rows that were delivered.
    pub delivered_rows: Family<OfTopic, Counter>,
    /// Deliveries that failed.
    pub delivery_failures: Family<OfStore, Counter>,
    /// Rows that a store has refused.
    pub delivery_refused_rows: Family<OfStore, Counter>,
    /// Whether a store's last delivery has failed: its circuit is open.
    pub delivery_failing: Family<OfStore, Gauge>,
    /// Whether a store was asked to pause.
    pub delivery_paused: Family<OfStore, Gauge>,
    /// Records between what was delivered and the end.
    pub delivery_lag_records: Family<OfTopic, Gauge>,
}

impl Metrics {
    pub(crate) fn new() -> (Self, Registry) {
        let (metrics, mut registry) = (Self::default(), Registry::with_prefix("vigie"));
        metrics.register_steps(&mut registry);
        metrics.register_partitions(&mut registry);
        metrics.register_deliveries(&mut registry);
        (metrics, registry)
    }

    fn register_steps(&self, to: &mut Registry) {
        to.register("records_read", "Records read and committed", self.records_read.clone());
        to.register("events_written", "Events committed", self.events_written.clone());
        to.register("dead_letters", "Dead letters committed", self.dead_letters.clone());
        to.register("plugin_counted", "What plugins count", self.plugin_counted.clone());
        let help = "Plugin instances thrown away: they trapped or overran a limit";
        to.register("plugin_instances_discarded", help, self.instances_discarded.clone());
        let help = "Time to read and compute a step";
        to.register_with_unit("step_compute", help, Unit::Seconds, self.compute_seconds.clone());
        to.register_with_unit(
            "commit",
            "Time to commit the open steps",
            Unit::Seconds,
            self.commit_seconds.clone(),
        );
        to.register("commit_failures", "Commits that failed", self.commit_failures.clone());
    }

    fn register_partitions(&self, to: &mut Registry) {
        let help = "Records from a stage's position to the end";
        to.register("lag_records", help, self.lag_records.clone());
        let help = "Age of the newest event, by its own time";
        to.register_with_unit("watermark_delay", help, Unit::Seconds, self.watermark_delay_seconds.clone());
        to.register("state_keys", "Keys with state", self.state_keys.clone());
        let help = "Memory of the keys with state";
        to.register_with_unit("state", help, Unit::Bytes, self.state_bytes.clone());
        to.register("partitions_assigned", "Partitions of a worker", self.partitions_assigned.clone());
        let help = "Partitions of a worker whose state is restored";
        to.register("partitions_restored", help, self.partitions_restored.clone());
        let help = "Turns of a worker in which the log was unwell";
        to.register("turn_failures", help, self.turn_failures.clone());
    }

    fn register_deliveries(&self, to: &mut Registry) {
        to.register("delivered_rows", "Rows delivered to a store", self.delivered_rows.clone());
        to.register("delivery_failures", "Deliveries that failed", self.delivery_failures.clone());
        let help = "Rows that a store has refused, and that became dead letters";
        to.register("delivery_refused_rows", help, self.delivery_refused_rows.clone());
        let help = "1 while a store's circuit is open: its last delivery has failed";
        to.register("delivery_failing", help, self.delivery_failing.clone());
        let help = "1 while a store is paused by an operator";
        to.register("delivery_paused", help, self.delivery_paused.clone());
        let help = "Records from a store's cursors to the end";
        to.register("delivery_lag_records", help, self.delivery_lag_records.clone());
    }
}
