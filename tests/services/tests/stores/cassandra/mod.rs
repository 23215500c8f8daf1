//! The store on Cassandra, against a real node.

mod attacked;
#[path = "../../kafka/certificates.rs"]
#[allow(dead_code, reason = "what only Kafka's tests need")]
mod certificates;
mod cursors;
mod refused;
mod rows;
mod schema;
mod world;
