//! The manifest of a topic's partition: which files are its own, and the next offset to deliver.

use std::collections::BTreeSet;

use arrow::datatypes::Schema;
use bytes::Bytes;
use deliver::StoreError;
use event::Kind;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::fault::Fault;
use crate::objects::{Objects, Version};

const FORMAT: u32 = 1;

/// Where manifests lie, from the lake's root.
pub(crate) const MANIFESTS: &str = "_vigie/manifests";

/// What is in the lake of a topic's partition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: u32,
    /// The marker's, so that a manifest out of a backup is known.
    pub store_id: String,
    pub topic: String,
    pub partition: u32,
    pub cursor: Cursor,
    /// Every column that a file has had.
    pub columns: Vec<Column>,
    /// Of the columns.
    schema_digest: String,
    pub files: Vec<File>,
    /// Merged into others, and kept for readers of older manifests.
    pub retired: Vec<Retired>,
}

/// How far the partition has been delivered, and by whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    pub next_offset: Option<u64>,
    /// One more whenever it is set.
    pub sequence: u64,
    /// Who set it, by chance unlike any other.
    pub writer: String,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    pub name: String,
    pub kind: Kind,
}

/// A file of the lake. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its place from the lake's root.
    pub path: String,
    /// The lowest offset of its rows.
    pub first_offset: u64,
    /// The highest offset of its rows; not every one between needs to be in it.
    pub last_offset: u64,
    /// Its rows.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Of its columns: files of one table that differ in it have other columns.
    pub schema_digest: String,
}

/// A file that is no longer part of the lake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retired {
    pub path: String,
    /// In µs since 1970.
    pub at_us: i64,
}

impl Manifest {
    pub(crate) fn new(store_id: &str, topic: &str, partition: u32, columns: Vec<Column>) -> Self {
        Self {
            format: FORMAT,
            store_id: store_id.into(),
            topic: topic.into(),
            partition,
            cursor: Cursor::default(),
            schema_digest: digest(&columns),
            columns,
            files: Vec::new(),
            retired: Vec::new(),
        }
    }

    /// Adds columns that it does not have yet.
    pub(crate) fn add_columns(&mut self, columns: &[Column]) {
        let known: BTreeSet<String> = self.columns.iter().map(|c| c.name.clone()).collect();
        self.columns.extend(columns.iter().filter(|c| !known.contains(&c.name)).cloned());
        self.schema_digest = digest(&self.columns);
    }

    /// A table may have columns more or less, but none of another kind.
    pub(crate) fn check(&self, columns: &[Column]) -> Result<(), StoreError> {
        for known in &self.columns {
            let differs = columns.iter().find(|c| c.name == known.name && c.kind != known.kind);
            if let Some(wanted) = differs {
                let why = format!(
                    "column {} is {:?} in the lake, and would have to be {:?}; give it another name, or the table \
                     another lake",
                    known.name, known.kind, wanted.kind
                );
                return Err(StoreError::Differs { table: self.topic.clone(), why });
            }
        }
        Ok(())
    }
}

/// The columns of a table.
pub(crate) fn columns(topic: &str, schema: &Schema) -> Result<Vec<Column>, StoreError> {
    let column = |field: &std::sync::Arc<arrow::datatypes::Field>| {
        let kind = Kind::of_arrow(field.data_type()).ok_or_else(|| StoreError::Differs {
            table: topic.into(),
            why: format!("column {} has a type that no lake can hold", field.name()),
        })?;
        Ok(Column { name: field.name().clone(), kind })
    };
    schema.fields().iter().map(column).collect()
}

/// A name for columns, in their order.
pub(crate) fn digest(columns: &[Column]) -> String {
    let text = serde_json::to_vec(columns).unwrap_or_default();
    let digest: String = hex::encode(Sha256::digest(text));
    digest.chars().take(16).collect()
}

/// Where a partition's manifest lies, from the lake's root.
pub(crate) fn place(topic: &str, partition: u32) -> String {
    format!("{MANIFESTS}/{topic}/{partition}.json")
}

/// A manifest as it is in the lake.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub manifest: Manifest,
    version: Version,
}

impl Stored {
    /// Reads a partition's; none: nothing was delivered.
    pub(crate) async fn read(
        objects: &Objects,
        store_id: &str,
        topic: &str,
        partition: u32,
    ) -> Result<Option<Self>, StoreError> {
        let Some((bytes, version)) = objects.get(&place(topic, partition)).await? else { return Ok(None) };
        let failed = |why: &str| StoreError::Failed(format!("the manifest of {topic} {partition} {why}"));
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|_| failed("cannot be read"))?;
        if manifest.format != FORMAT {
            return Err(failed("is of another version of this program"));
        }
        if manifest.store_id != store_id {
            let why = format!("the manifest of {topic} {partition} was written for another");
            return Err(StoreError::Foreign(why));
        }
        Ok(Some(Self { manifest, version }))
    }

    /// Puts a manifest in place of the one that was read.
    pub(crate) async fn replace(
        objects: &Objects,
        read: Option<&Self>,
        manifest: Manifest,
    ) -> Result<Self, Fault> {
        let body = serde_json::to_vec(&manifest)
            .map_err(|_| Fault::Store(StoreError::Failed("a manifest cannot be written".into())))?;
        let name = place(&manifest.topic, manifest.partition);
        let version = objects.replace(&name, Bytes::from(body), read.map(|r| &r.version)).await?;
        Ok(Self { manifest, version })
    }
}
