//! The pipeline file → a checked plan → a running stage.
//!
//! Knows fields, plugins and what a log's records look like; knows no log, no store, no clock and
//! does no I/O but for what it is handed: records in, a step to commit out.

mod file;
mod identity;
mod labels;
mod stage;

pub use file::{Output, Pipeline, Source, Step};
pub use identity::Identity;
pub use labels::{FieldFlow, check as check_labels};
pub use stage::{Counts, DEAD_LETTER_ROWS, DEAD_LETTERS, Stage, StepResult, dead_letter_schema};

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
    /// A plugin or its configuration.
    #[error(transparent)]
    Plugin(#[from] plugin::Error),
    /// A schema or decode map.
    #[error(transparent)]
    Event(#[from] event::Error),
    /// The host made a batch that does not fit together; a defect of Vigie.
    #[error("VG0199: the stage could not build its batch: {0}")]
    Batch(#[from] arrow::error::ArrowError),
}
