//! Removing files that nobody sees.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deliver::StoreError;

use crate::fault::Fault;
use crate::lake::{Lake, now_us};
use crate::manifest::Stored;

/// Files are put up to 15 min before the manifest names them, and clocks differ.
const MIN_AGE: Duration = Duration::from_secs(3600);

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Files that were put and never committed, or only half put.
    pub orphans: u64,
    /// Files that were merged into others.
    pub retired: u64,
}

impl Lake {
    /// Removes what was put and never committed, and what was merged into other files, both after an age: readers may
    /// have an old list of files. Uploads in parts that were never ended are no files: let a lifecycle rule of the
    /// bucket abort them.
    ///
    /// # Errors
    /// [`StoreError`]: [`StoreError::Failed`] for an age under an hour, as files that are about to be committed would go.
    pub fn clean(&self, age: Duration) -> Result<Cleaned, StoreError> {
        if age < MIN_AGE {
            return Err(StoreError::Failed("files of less than an hour may be about to be committed".into()));
        }
        self.remove(age)
    }

    pub(crate) fn remove(&self, age: Duration) -> Result<Cleaned, StoreError> {
        self.runtime.block_on(async {
            // First, so that whatever is committed from here on is too young.
            let before_us = now_us().saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX));
            let manifests = self.manifests(None).await?;
            let mut cleaned = Cleaned::default();
            let now = SystemTime::now();
            cleaned.orphans = self.objects.remove_halves(now.checked_sub(age).unwrap_or(UNIX_EPOCH))?;
            cleaned.orphans += self.remove_orphans(&manifests, before_us).await?;
            for stored in manifests {
                cleaned.retired += self.remove_retired(stored, before_us).await?;
            }
            Ok(cleaned)
        })
    }

    async fn remove_orphans(&self, manifests: &[Stored], before_us: i64) -> Result<u64, StoreError> {
        let manifests = || manifests.iter().map(|stored| &stored.manifest);
        let files = manifests().flat_map(|m| m.files.iter().map(|f| f.path.as_str()));
        let retired = manifests().flat_map(|m| m.retired.iter().map(|f| f.path.as_str()));
        let known: BTreeSet<&str> = files.chain(retired).collect();
        let mut removed = 0;
        let mut listing = self.objects.list("").await?;
        while let Some((name, meta)) = listing.next().await? {
            // Only what a lake writes: somebody may have put a note there.
            let ours = !name.starts_with('_') && name.ends_with(".parquet");
            if ours && meta.last_modified.timestamp_micros() < before_us && !known.contains(name.as_str()) {
                self.objects.delete(&name).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// The files go first: what is forgotten between is tried again.
    async fn remove_retired(&self, stored: Stored, before_us: i64) -> Result<u64, StoreError> {
        let mut manifest = stored.manifest.clone();
        let (old, kept) = manifest.retired.into_iter().partition(|file| file.at_us < before_us);
        manifest.retired = kept;
        let old: Vec<_> = old;
        if old.is_empty() {
            return Ok(0);
        }
        for file in &old {
            self.objects.delete(&file.path).await?;
        }
        match Stored::replace(&self.objects, Some(&stored), manifest).await {
            Ok(_) | Err(Fault::Conflict) => Ok(old.len() as u64),
            Err(Fault::Store(error)) => Err(error),
        }
    }
}
