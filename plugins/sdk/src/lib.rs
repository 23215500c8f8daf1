//! The SDK of Vigie plugins: an author writes a function over one event, and this crate makes of it
//! the exports of `wit/plugin.wit`, which hand over whole columns.
//!
//! It knows the contract's world `transform` in one shape, one to one, and nothing of the host, of
//! WASI, or of stateful steps. What a plugin reads and writes are two structs with
//! `#[derive(Reads)]` and `#[derive(Writes)]`; their fields are the columns.

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction)]
#[doc(hidden)]
pub mod bindings {
    //! What wit-bindgen makes of the contract.
    wit_bindgen::generate!({
        path: "../../wit",
        world: "transform",
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "vigie::bindings",
        additional_derives: [PartialEq],
    });
}

mod config;
mod export;
mod fields;
mod read;
mod step;
pub mod testing;
mod transform;
mod write;

pub use bindings::vigie::plugin::types::{Clearing, Field, Kind, Problem};
pub use config::{FromConfig, problem};
pub use fields::{FieldSpec, Timestamp};
pub use read::{ReadCell, Reads, Source};
pub use serde;
pub use transform::{Counts, Reject, Transform};
pub use vigie_macros::{Reads, Writes};
pub use write::{Sink, WriteCell, Writes};

#[doc(hidden)]
pub use step::Step;
