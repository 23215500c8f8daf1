//! The SDK of Vigie plugins: an author writes a function over one event, and this crate makes of it
//! the exports of `wit/plugin.wit`, which hand over whole columns.
//!
//! There are two kinds of plugins. A [`Transform`] makes of each event the values of some fields; a
//! [`Stateful`] folds the events of each key into a state that the host keeps. What a plugin reads and
//! writes are structs with `#[derive(Reads)]` and `#[derive(Writes)]`, whose fields are the columns; what it keeps
//! is one with `#[derive(State)]`.
//! The crate knows nothing of the host's insides, nor of WASI.

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction)]
#[doc(hidden)]
pub mod bindings {
    //! What wit-bindgen makes of the contract for a transform.
    wit_bindgen::generate!({
        path: "../../wit",
        world: "hosted-transform",
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "vigie::bindings",
        additional_derives: [PartialEq],
        generate_all,
    });
}

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction)]
#[doc(hidden)]
pub mod keyed_bindings {
    //! What wit-bindgen makes of the contract for a stateful plugin; the types of both are the same.
    wit_bindgen::generate!({
        path: "../../wit",
        world: "hosted-stateful",
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "vigie::keyed_bindings",
        additional_derives: [PartialEq],
        with: {
            "vigie:plugin/types@0.1.0": crate::bindings::vigie::plugin::types,
            "vigie:plugin/log@0.1.0": crate::bindings::vigie::plugin::log,
            "vigie:plugin/geo@0.1.0": crate::bindings::vigie::plugin::geo,
            "vigie:plugin/lookup@0.1.0": crate::bindings::vigie::plugin::lookup,
            "vigie:plugin/pseudonym@0.1.0": crate::bindings::vigie::plugin::pseudonym,
        },
        generate_all,
    });
}

mod config;
mod export;
mod fields;
pub mod host;
mod keyed_step;
mod read;
mod state;
mod stateful;
mod step;
pub mod testing;
mod transform;
mod turn;
mod write;

pub use bindings::vigie::plugin::types::{Clearing, Field, Gives, Kind, LookupUse, Order, Problem, Shape};
pub use config::{FromConfig, problem};
pub use fields::{FieldSpec, Timestamp};
pub use read::{Events, ReadCell, Reads, Source};
pub use serde;
pub use state::{State, StateCell, Words, WordsMut};
pub use stateful::{KeyTurn, Stateful};
pub use transform::{LEFT_OUT, Reject, Transform};
pub use turn::Turn;
pub use vigie_macros::{Reads, State, Writes};
pub use write::{Sink, WriteCell, Writes};

#[doc(hidden)]
pub use keyed_step::KeyedStep;
#[doc(hidden)]
pub use step::Step;
