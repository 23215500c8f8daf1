//! Fields, kinds and labels; JSON into columns and back; the words of kept state.
//!
//! A batch is an Arrow record batch. Knows nothing of logs, stores, plugins and pipelines.

mod columns;
mod decode;
mod depth;
mod encode;
mod kept;
mod reject;
mod schema;
mod time;

pub use decode::Decoder;
pub use encode::{Encoded, Encoder};
pub use kept::{Kept, KeptFields, KeptRow};
pub use reject::{MAX_EVENT_BYTES, Reject};
pub use schema::{DecodeMap, Field, Kind, Place, Schema, Source, TimeFormat};

/// What is wrong with a schema or a decode map.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A decode map that does not fit its schema.
    #[error("VG1101: field `{field}`: {why}")]
    Map {
        /// The field's name.
        field: String,
        /// What does not fit.
        why: &'static str,
    },
    /// Arrow refused the columns; a defect of Vigie.
    #[error("VG1102: the columns do not fit together: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
}
