//! A store on Cassandra: for each derived topic, tables made for the questions asked of them.
//!
//! A row is an upsert with its revision as write time and the rest of its life as TTL, so a repeat and a late
//! zombie change nothing. Knows nothing of pipelines and logs.
//!
//! What is not kept: a row whose key columns (kind, place, time) differ between two revisions of one `id`
//! stands in both places, as Cassandra's key is the place. Aggregates have stable keys; events have an id for
//! each revision of their source, so only a late enrichment of the key's own columns can do that.

mod arrange;
mod bucket;
mod connect;
mod cursors;
mod failure;
mod insert;
mod options;
mod requests;
mod runtime;
mod schema;
mod shape;
mod store;
mod values;
mod views;

pub use options::{Consistency, Days, Options, Replication};
pub use store::CassandraStore;
pub use views::{Bucket, Only, View};
