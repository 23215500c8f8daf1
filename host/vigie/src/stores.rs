//! Stores beside the embedded one: the file that names them, what is said of them in the log, and `vigie stores`.

mod commands;
mod file;
mod keeper;
mod retention;

pub use commands::{StoreCommand, run};
pub use file::{AnyStore, EMBEDDED, StoreEntry, StoresFile, WhenEmptied};
pub use keeper::{Keeper, Standing, State, Told, before};
pub use retention::check as check_retention;
