//! The store on Cassandra, against a real node.

mod attacked;
mod cursors;
mod refused;
mod rows;
mod schema;
mod world;

pub use world::{Client, text};
