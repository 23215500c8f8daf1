//! A lake of Parquet files, in a bucket (S3) or a folder, as a store.
//!
//! Files lie at `TOPIC/kind=K/date=YYYY-MM-DD/hour=HH/PARTITION-FIRST-LAST-DIGEST.parquet` by event time, and where a
//! table has no kind or no time, without `kind=`, by revision. They never change. Which of them count is said by a
//! manifest per topic and partition (`_vigie/manifests/TOPIC/PARTITION.json`) and by nothing else: it is replaced only
//! if it is still the one that was read (`If-Match`), and holds the next offset to deliver. So a commit is: put the
//! files, replace the manifest. A crash in between leaves files that nobody sees, and the rows are delivered again; a
//! second writer's manifest is refused.
//!
//! The lake is appended to: a row of an id that it has already goes into another file, late rows too. Of one id, the
//! row of the highest `revision_us` counts, and of those the one of the highest `_offset`, which the lake adds to each
//! row. Merging ([`Lake::compact`]) drops the others within the files that it merges. After a rewind, rows are there
//! once for each delivery until then.
//!
//! A table with `lat` and `lng` gets a column `geometry` (`GeoParquet`), and one with `id` a bloom filter on it. A table
//! of raw records (topic, partition, offset, time, key, value) is a table like any other, with neither.
//!
//! Knows nothing of logs and pipelines.

mod clean;
mod compact;
mod fault;
mod file;
mod folder;
mod format;
mod geo;
mod lake;
mod layout;
mod manifest;
mod marker;
mod objects;
mod options;
mod partition;
mod store;

pub use clean::Cleaned;
pub use compact::{Compacted, Merge};
pub use lake::Lake;
pub use manifest::File;
pub use options::{Credentials, Encryption, Options};
pub use store::S3Store;

#[cfg(test)]
mod tests;
