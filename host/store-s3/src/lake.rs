//! A lake as its readers and its keeper see it.

use std::time::{SystemTime, UNIX_EPOCH};

use deliver::StoreError;
use tokio::runtime::Runtime;

use crate::manifest::{File, MANIFESTS, Stored};
use crate::marker;
use crate::objects::Objects;
use crate::options::Options;

/// A lake that is there, to read its list of files, merge small ones and remove what nobody sees. It may be used while
/// a store writes to it.
pub struct Lake {
    pub(crate) objects: Objects,
    pub(crate) store_id: String,
    pub(crate) runtime: Runtime,
    pub(crate) options: Options,
}

/// Microseconds since 1970.
pub(crate) fn now_us() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_micros()).unwrap_or(i64::MAX)
}

impl Lake {
    /// Finds a lake.
    ///
    /// # Errors
    /// [`StoreError`]: [`StoreError::Foreign`] where none is.
    pub fn open(options: Options) -> Result<Self, StoreError> {
        let objects = options.objects()?;
        Self::over(objects, options)
    }

    pub(crate) fn over(objects: Objects, options: Options) -> Result<Self, StoreError> {
        let runtime = crate::store::runtime()?;
        let store_id = runtime.block_on(marker::read(&objects))?;
        let store_id =
            store_id.ok_or_else(|| StoreError::Foreign("there is no lake: its mark is missing".into()))?;
        Ok(Self { objects, store_id, runtime, options })
    }

    /// Which lake it is.
    #[must_use]
    pub fn store_id(&self) -> &str {
        &self.store_id
    }

    /// The files of a topic, of all partitions: together they are the table. Rows of one id may be in several; see
    /// the crate's page for which of them counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn files(&self, topic: &str) -> Result<Vec<File>, StoreError> {
        let stored = self.runtime.block_on(self.manifests(Some(topic)))?;
        Ok(stored.into_iter().flat_map(|s| s.manifest.files).collect())
    }

    /// The partitions of a topic that have something, each with its next offset to deliver.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn cursors(&self, topic: &str) -> Result<Vec<(u32, u64)>, StoreError> {
        let stored = self.runtime.block_on(self.manifests(Some(topic)))?;
        let cursor = |s: &Stored| Some((s.manifest.partition, s.manifest.cursor.next_offset?));
        Ok(stored.iter().filter_map(cursor).collect())
    }

    /// Where a file can be read: `s3://BUCKET/PREFIX/…`, or its path.
    #[must_use]
    pub fn address(&self, file: &File) -> String {
        let root = self.options.url.strip_prefix("file://").unwrap_or(&self.options.url);
        format!("{}/{}", root.trim_end_matches('/'), file.path)
    }

    /// The manifests of a topic, or all.
    pub(crate) async fn manifests(&self, topic: Option<&str>) -> Result<Vec<Stored>, StoreError> {
        let folder = topic.map_or_else(|| MANIFESTS.to_owned(), |topic| format!("{MANIFESTS}/{topic}"));
        let mut places = Vec::new();
        let mut listing = self.objects.list(&folder).await?;
        while let Some((name, _)) = listing.next().await? {
            let place = name.strip_prefix(MANIFESTS).and_then(|name| {
                let (topic, number) = name.trim_start_matches('/').split_once('/')?;
                Some((topic.to_owned(), number.strip_suffix(".json")?.parse::<u32>().ok()?))
            });
            places.extend(place);
        }
        places.sort();
        let mut found = Vec::with_capacity(places.len());
        for (topic, partition) in places {
            found.extend(Stored::read(&self.objects, &self.store_id, &topic, partition).await?);
        }
        Ok(found)
    }
}
