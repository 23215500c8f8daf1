//! Vigie's log on a real Kafka.

// The exemption of tests from these lints does not reach the functions that tests share.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod assumptions;
mod attacks;
mod certificates;
mod cloud_events;
mod common;
mod pipeline;
mod security;
mod world;
