//! Keyed state: for each key the fields of its state, one timer and a revision, in memory; what
//! changes is handed out for the log, in whose commit it becomes durable.
//!
//! Does no I/O and reads no clock. Knows nothing of plugins and windows: a window is a part of the key.
//! Changes show at once; if their commit fails, the table must be restored from the log.

mod entry;
mod rows;
mod table;

use event::KeptFields;

pub use rows::{Groups, Shape};
pub use table::{Due, Table};

/// What is wrong with state. The messages never hold a key or a value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log holds state of other fields, another key or another version.
    #[error(
        "VG3101: the state in table {table} is of another shape; raise the pipeline's version, so that it is \
         computed anew"
    )]
    Shape {
        /// The table.
        table: String,
    },
    /// A record of the table that was not written by it.
    #[error("VG3102: the state in table {table} cannot be read back")]
    Damaged {
        /// The table.
        table: String,
    },
    /// More state than the limit.
    #[error(
        "VG3103: the state in table {table} is larger than {most_bytes} bytes; raise `state_mib` or use fewer keys"
    )]
    Full {
        /// The table.
        table: String,
        /// The limit, in bytes.
        most_bytes: usize,
    },
    /// A plugin whose state has more fields than a row of words has bits for.
    #[error(
        "VG3105: a plugin keeps more than {} fields for a key; let it keep fewer, or bytes of its own",
        KeptFields::MOST
    )]
    Fields,
    /// Columns that do not fit together; a defect of Vigie.
    #[error("VG3104: the state's columns do not fit together: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
}
