//! Vigie's stores on real servers.

// The exemption of tests from these lints does not reach the functions that tests share.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod cassandra;
#[path = "../kafka/certificates.rs"]
#[allow(dead_code, reason = "the tests of Kafka use more of it")]
mod certificates;
mod common;
mod elasticsearch;
#[path = "../kafka/common.rs"]
#[allow(dead_code, reason = "the tests of Kafka use more of it")]
mod installation;
mod pipeline;
mod s3;
mod services;
