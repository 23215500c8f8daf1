//! The store on a real Elasticsearch, and on OpenSearch.

mod attacks;
mod common;
mod opensearch;
mod places;
mod rows;
mod security;

pub use common::World;
