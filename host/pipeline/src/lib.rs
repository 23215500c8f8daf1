//! The pipeline file → a checked plan → running stages.
//!
//! Knows fields, plugins and what a log's records look like; knows no log, no store, no clock and
//! does no I/O but by the log that a worker is handed: records in, a step to commit out.

mod closed;
mod event_time;
pub mod facts;
mod file;
mod held;
mod identity;
mod keyed;
mod labels;
mod offers;
mod restore;
mod sink;
mod snapshot;
mod stage;
mod watermark;
mod worker;

use std::sync::Arc;

pub use file::{Clearance, Output, Pipeline, Source, Step, Then, Window};
pub use identity::{Identity, Pseudonyms};
pub use keyed::KeyedStage;
pub use labels::{FieldFlow, Flows, StoreRule, TopicFlow, check as check_labels, check_archive, check_store};
pub use offers::offers;
pub use restore::Restores;
pub use sink::{DEAD_LETTER_ROWS, DEAD_LETTERS, RefusedRow, StoreLetters, dead_letter_schema};
pub use snapshot::{Draft, Snapshots};
pub use stage::{Counts, DISCARDED, Logged, RefusedCount, Stage, StepResult};
pub use watermark::is_watermark;
pub use worker::{Committed, FIRST, Input, Pace, Prepared, Standing, Worker};

/// All stages of a pipeline, configured.
pub struct Running {
    /// Decodes raw records and runs the transforms.
    pub first: Stage,
    /// The stateful steps, in the order in which rows pass them.
    pub then: Vec<KeyedStage>,
    /// How far a raw partition may be ahead of the slowest one that has more to read.
    max_drift_us: i64,
    /// After which time a partition whose state has changed wants a new snapshot; none: there are none.
    snapshot_every_us: Option<i64>,
}

impl Running {
    /// Configures all plugins; `component` gives a plugin's component by name.
    ///
    /// # Errors
    /// [`Error`] that says what in the pipeline file, or which plugin, is wrong.
    pub fn new(
        pipeline: &Pipeline,
        identity: Identity,
        tables: Arc<reference::Tables>,
        component: &dyn Fn(&str) -> Result<plugin::Component, Error>,
    ) -> Result<Self, Error> {
        let offers = offers(tables, &identity);
        let first = Stage::new(pipeline, identity, &offers, component)?;
        let raw = pipeline.sources.iter().flat_map(|s| (0..s.partitions).map(|p| (s.topic.clone(), p)));
        let mut topics =
            vec![(pipeline.events.topic.clone(), first.output().clone(), raw.collect::<Vec<_>>())];
        let mut then = Vec::with_capacity(pipeline.then.len());
        for step in &pipeline.then {
            let Some((_, schema, upstream)) = topics.iter().find(|(topic, ..)| *topic == step.from) else {
                return Err(Error::File(format!("step `{}` reads no topic of a step before it", step.name)));
            };
            let (schema, upstream) = (schema.clone(), upstream.clone());
            let stage = KeyedStage::new(pipeline, step, &schema, upstream, identity, &offers, component)?;
            let partitions = pipeline.output(&step.from).map_or(1, |o| o.partitions);
            let reads = (0..partitions).map(|p| (step.from.clone(), p)).collect();
            topics.push((step.output.topic.clone(), stage.output().clone(), reads));
            then.push(stage);
        }
        Ok(Self { first, then, max_drift_us: pipeline.max_drift, snapshot_every_us: pipeline.snapshot_every })
    }

    /// Instances of a stage's plugins that were thrown away since the start.
    fn discarded(&self, reads: worker::Reads) -> u64 {
        match reads {
            worker::Reads::Source(_) => self.first.discarded(),
            worker::Reads::Then(then) => self.then.get(then).map_or(0, |stage| stage.discarded()),
        }
    }

    /// Adds what plugins have counted in a step of a stage that was committed.
    fn count(&mut self, reads: worker::Reads, counted: &[u64]) {
        match reads {
            worker::Reads::Source(_) => self.first.count(counted),
            worker::Reads::Then(then) => {
                if let Some(stage) = self.then.get_mut(then) {
                    stage.count(counted);
                }
            }
        }
    }
}

/// A topic that goes into stores, its partitions and its fields.
pub type Derived = (String, u32, event::Schema);

impl Pipeline {
    /// The topics that go into stores, each with its partitions and fields.
    #[must_use]
    pub fn derived(&self, running: &Running) -> Vec<Derived> {
        let topic = |output: &Output, schema: &arrow::datatypes::Schema| {
            (output.topic.clone(), output.partitions, event::Schema::of_arrow(schema))
        };
        let mut topics = vec![topic(&self.events, running.first.output())];
        topics.push((DEAD_LETTERS.into(), 1, dead_letter_schema()));
        let then = self.then.iter().zip(&running.then);
        topics.extend(then.map(|(then, stage)| topic(&then.output, stage.output())));
        topics.retain(|(name, _, _)| self.deliver.as_ref().is_none_or(|deliver| deliver.contains(name)));
        topics
    }

    /// The consumer group of the first stage; the others' begin with it.
    #[must_use]
    pub fn group(&self) -> String {
        format!("{}.v{}", self.pipeline, self.version)
    }

    /// The stages' places for state in the log, each with its partitions: the names that tables begin with.
    #[must_use]
    pub fn state_stages(&self) -> Vec<(String, u32)> {
        let partitions = |then: &Then| self.output(&then.from).map_or(1, |o| o.partitions);
        let then = self.then.iter().map(|then| (self.group_of(then), partitions(then)));
        [(stage::begun_table(&self.group()), 1)].into_iter().chain(then).collect()
    }

    /// The consumer group of a stateful stage.
    #[must_use]
    pub fn group_of(&self, then: &Then) -> String {
        format!("{}.{}", self.group(), then.name)
    }
}

/// What is wrong with a pipeline, before or while it runs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is no pipeline.
    #[error("VG0101: {0}")]
    File(String),
    /// A key that no pipeline file has.
    #[error("VG0102: unknown key `{key}`{line}{suggestion}")]
    UnknownKey {
        /// The key.
        key: String,
        /// ` in line N`, or nothing.
        line: String,
        /// `; did you mean …?`, or nothing.
        suggestion: String,
    },
    /// A labelled field would reach a sink that is not cleared for it.
    #[error("VG0103: {0}")]
    Leak(String),
    /// Policies that cannot be asked.
    #[error(transparent)]
    Policy(#[from] policy::Error),
    /// A plugin imports what no policy grants it.
    #[error("VG0104: plugin `{plugin}` imports `{import}`, which it is not granted: {why}")]
    NotGranted {
        /// The plugin.
        plugin: String,
        /// The interface of the contract.
        import: String,
        /// What the policies say.
        why: String,
    },
    /// A plugin that is missing, or whose bytes nobody has trusted; the text begins with its code.
    #[error("{0}")]
    Untrusted(String),
    /// Rows of one key would lie in several partitions.
    #[error(
        "VG0107: step `{step}` needs all rows of a key in one partition, and topic `{topic}` is partitioned by \
         `{by}`; put `{by}` into its key, partition the topic by a field of the key, or give it one partition"
    )]
    Partition {
        /// The step.
        step: String,
        /// The topic it reads.
        topic: String,
        /// The field that the topic is partitioned by.
        by: String,
    },
    /// A plugin or its configuration.
    #[error(transparent)]
    Plugin(#[from] plugin::Error),
    /// A schema or decode map.
    #[error(transparent)]
    Event(#[from] event::Error),
    /// Keyed state.
    #[error(transparent)]
    State(#[from] state::Error),
    /// A reference table.
    #[error(transparent)]
    Reference(#[from] reference::Error),
    /// The log.
    #[error(transparent)]
    Log(#[from] log::Error),
    /// A group that has lost its position.
    #[error(
        "VG3016: the position in partition {partition} of topic {topic} is lost, and there is state of what was read"
    )]
    NoPosition {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
    },
    /// A record in a topic of facts that is none.
    #[error("VG3026: the record at offset {offset} of topic {topic} is none that Vigie has written")]
    Fact {
        /// The topic.
        topic: String,
        /// Where.
        offset: u64,
    },
    /// A snapshot that cannot be written; state itself is safe.
    #[error("VG3014: a snapshot of keyed state cannot be written: {0}")]
    Snapshot(#[source] std::io::Error),
    /// The host made a batch that does not fit together; a defect of Vigie.
    #[error("VG0199: the stage could not build its batch: {0}")]
    Batch(#[from] arrow::error::ArrowError),
}

/// The least that is a pipeline, for unit tests.
#[cfg(test)]
const MINIMAL: &str = "
pipeline: test
version: 1
schema:
  fields:
    - {name: entity, kind: utf8, required: true}
    - {name: timestamp, kind: timestamp, required: true}
sources:
  - {topic: raw, source: raw, decode: {fields: {entity: id, timestamp: at}}}
steps: []
events: {topic: events, partition_by: entity, clearance: []}
";
