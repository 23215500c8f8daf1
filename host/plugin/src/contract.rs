//! The contract's types as generated from `wit/`: what the host lends is borrowed, what the guest
//! gives is owned.
#![allow(missing_docs)] // generated; documented in wit/plugin.wit

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "hosted-transform",
    ownership: Borrowing { duplicate_if_necessary: true },
});

pub use self::vigie::plugin::{log, types};
