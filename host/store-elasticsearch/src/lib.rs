//! A store on Elasticsearch 8 or OpenSearch 3: an index for each table and month of event time, behind an alias
//! with the table's name; a document for each row, under the row's id and revision.
//!
//! Knows nothing of pipelines and logs. The only crate that knows Elasticsearch.

mod answer;
mod bulk;
mod cells;
mod client;
mod compare;
mod cursors;
mod document;
mod layout;
mod limit;
mod marker;
mod month;
mod names;
mod options;
mod places;
mod probe;
mod refusal;
mod sender;
mod store;
mod tables;
mod templates;

pub use options::Options;
pub use store::ElasticsearchStore;

#[cfg(test)]
mod tests;
