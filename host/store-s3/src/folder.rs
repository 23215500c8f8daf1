//! What a folder lacks of a bucket: `If-Match`, and that half a file is never seen.
//!
//! For the first there is a lock that lets one process at a time compare and replace.
//!
//! A rename replaces a file whole, but whatever is there. Manifests named by number would need no lock, but one that
//! is deleted could be made again by a writer that slept: it would go on with a history that nobody reads. The system
//! lets go of the lock when its holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use deliver::StoreError;

use crate::fault::of_io;

/// The lock's file, from the lake's root.
pub(crate) const LOCK: &str = "_vigie/lock";

const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Waits for the lock, for at most so long; it is held until dropped.
pub(crate) async fn lock(root: &Path, timeout: Duration) -> Result<File, StoreError> {
    let file = root.join(LOCK);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|e| of_io(&e))?;
    }
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).open(file).map_err(|e| of_io(&e))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(of_io(&error)),
            Err(TryLockError::WouldBlock) if begun.elapsed() < timeout => {
                tokio::time::sleep(LOOK_AGAIN).await
            }
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Away("another process holds the lake's lock".into()));
            }
        }
    }
}

/// Removes the halves of files that a process left when it died: the client writes `NAME#1` and renames it.
pub(crate) fn remove_halves(folder: &Path, before: SystemTime) -> std::io::Result<u64> {
    let mut removed = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        if meta.is_dir() {
            removed += remove_halves(&entry.path(), before)?;
        } else if is_half(&entry.file_name().to_string_lossy()) && meta.modified()? < before {
            std::fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

fn is_half(name: &str) -> bool {
    let whole = name.rsplit_once('#').filter(|(_, n)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    whole.is_some_and(|(whole, _)| whole.ends_with(".parquet") || whole.ends_with(".json"))
}
