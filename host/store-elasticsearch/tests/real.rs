//! Temporary.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
#[path = "../../../tests/services/tests/kafka/certificates.rs"]
#[allow(dead_code)]
mod certificates;
#[path = "real/common.rs"]
#[allow(dead_code)]
mod common;
#[path = "../../../tests/services/tests/stores/"]
mod elasticsearch {
    #[path = "elasticsearch/attacks.rs"] mod attacks;
    #[path = "elasticsearch/common.rs"] mod common;
    #[path = "elasticsearch/opensearch.rs"] mod opensearch;
    #[path = "elasticsearch/places.rs"] mod places;
    #[path = "elasticsearch/rows.rs"] mod rows;
    #[path = "elasticsearch/security.rs"] mod security;
}
