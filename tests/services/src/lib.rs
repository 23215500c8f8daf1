//! Real services for tests: fetched once, started on free ports of this machine, stopped with the test.
//!
//! Knows nothing of logs, stores and pipelines. Apache Kafka comes as jars by Maven, which lie under
//! `$XDG_CACHE_HOME/vigie/services` and are used again. `VIGIE_TEST_KAFKA=host:port` names a broker that
//! runs already: then nothing is fetched, started or stopped.

mod cluster;
mod fetch;
mod kafka;
mod process;
mod secure;

pub use cluster::Cluster;
pub use fetch::find_tools;
pub use kafka::{Broker, KAFKA_VARIABLE, Kafka};
pub use secure::{Listener, Secure};
