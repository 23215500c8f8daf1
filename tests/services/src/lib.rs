//! Real services for tests: fetched once, started on free ports of this machine, stopped with the test.
//!
//! Knows nothing of logs, stores and pipelines. Apache Kafka, Apache Cassandra, Elasticsearch and OpenSearch come by
//! Maven, MinIO is built by Go; all lie under `$XDG_CACHE_HOME/vigie/services` and are used again.
//! `VIGIE_TEST_KAFKA=host:port` names a broker that runs already, and `VIGIE_TEST_CASSANDRA`, `VIGIE_TEST_ELASTICSEARCH`
//! and `VIGIE_TEST_S3` a store: then nothing is fetched, started or stopped where tests share one.

mod cassandra;
mod cluster;
mod elasticsearch;
mod fetch;
mod go;
mod java;
mod kafka;
mod minio;
mod opensearch;
mod ports;
mod process;
pub mod python;
mod secure;
mod server;
mod shared;
mod tls;

pub use cassandra::{CASSANDRA_VARIABLE, Cassandra};
pub use cluster::Cluster;
pub use elasticsearch::{ELASTICSEARCH_VARIABLE, Elasticsearch};
pub use fetch::{find_store_tools, find_tools};
pub use kafka::{Broker, KAFKA_VARIABLE, Kafka};
pub use minio::{Minio, S3, S3_VARIABLE};
pub use opensearch::OpenSearch;
pub use secure::{GUEST, Listener, Secure};
pub use server::Server;
pub use tls::Tls;
