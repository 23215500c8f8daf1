//! Corpora that were drawn without the scanner, or before what they showed was mended: the README says how.
// The lints against panics are for what runs in production; a test that panics says where.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

#[path = "../draw/mod.rs"]
mod draw;
mod fifth;
mod first;
mod fourth;
mod held;
mod second;
mod third;
