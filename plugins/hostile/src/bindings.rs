//! What wit-bindgen makes of the contract.
#![allow(unsafe_code, missing_docs, clippy::all, clippy::restriction)] // generated

wit_bindgen::generate!({
    path: "../../wit",
    world: "transform",
    additional_derives: [PartialEq],
});

use crate::Hostile;

export!(Hostile);
