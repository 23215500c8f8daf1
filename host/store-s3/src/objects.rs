//! Objects in a bucket or a folder: whole ones put and read, and one replaced only if it is the one that was read.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use deliver::StoreError;
use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    Error, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload, PutResult, UpdateVersion,
    WriteMultipart,
};

use crate::fault::{Fault, lacks_bucket, of_io, told};
use crate::folder;

/// Objects above it are put in parts of this size.
const PART_BYTES: usize = 8 << 20;
const PARTS_AT_ONCE: usize = 4;

/// A place for objects, named from its root with `/` between.
#[derive(Clone)]
pub(crate) struct Objects {
    client: Arc<dyn ObjectStore>,
    root: Path,
    /// Set where the place is a folder.
    folder: Option<PathBuf>,
    timeout: Duration,
}

/// An object as it was read or written: what the next replacement must find.
#[derive(Clone, Debug)]
pub(crate) struct Version(UpdateVersion);

impl Objects {
    pub(crate) fn bucket(client: Arc<dyn ObjectStore>, root: Path, timeout: Duration) -> Self {
        Self { client, root, folder: None, timeout }
    }

    pub(crate) fn folder(client: Arc<dyn ObjectStore>, folder: PathBuf, timeout: Duration) -> Self {
        Self { client, root: Path::default(), folder: Some(folder), timeout }
    }

    /// The same place, asked through another client.
    #[cfg(test)]
    pub(crate) fn through(mut self, wrap: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>) -> Self {
        self.client = wrap(self.client);
        self
    }

    fn path(&self, name: &str) -> Result<Path, StoreError> {
        let whole =
            if self.root.as_ref().is_empty() { name.to_owned() } else { format!("{}/{name}", self.root) };
        Path::parse(whole).map_err(|_| StoreError::Failed("a name that is no path".into()))
    }

    /// The name of a listed object.
    fn name(&self, path: &Path) -> String {
        let path = path.as_ref();
        let behind = path.strip_prefix(self.root.as_ref()).unwrap_or(path);
        behind.trim_start_matches('/').to_owned()
    }

    /// The client's requests have limits of their own; this is for what they wait for in between, and for disks.
    async fn within<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let limit = self.timeout.saturating_mul(3);
        match tokio::time::timeout(limit, work).await {
            Ok(result) => result,
            Err(_) => {
                let source = Box::new(std::io::Error::from(std::io::ErrorKind::TimedOut));
                Err(Error::Generic { store: "lake", source })
            }
        }
    }

    /// An object; none: there is none.
    pub(crate) async fn get(&self, name: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        let path = self.path(name)?;
        let read = async {
            let found = self.client.get(&path).await?;
            let version =
                UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
            Ok((found.bytes().await?, Version(version)))
        };
        match self.within(read).await {
            Ok(found) => Ok(Some(found)),
            Err(error @ Error::NotFound { .. }) if !lacks_bucket(&error) => Ok(None),
            Err(error) => Err(told(&error)),
        }
    }

    /// Puts an object, in parts if it is large.
    pub(crate) async fn put(&self, name: &str, bytes: Bytes) -> Result<(), StoreError> {
        let path = self.path(name)?;
        if bytes.len() <= PART_BYTES {
            let put = self.within(self.client.put(&path, PutPayload::from_bytes(bytes))).await;
            return put.map(drop).map_err(|e| told(&e));
        }
        self.put_parts(&path, bytes).await.map_err(|e| told(&e))
    }

    async fn put_parts(&self, path: &Path, mut bytes: Bytes) -> Result<(), Error> {
        let upload = self.within(self.client.put_multipart(path)).await?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        while !bytes.is_empty() {
            let part = bytes.split_to(bytes.len().min(PART_BYTES));
            if let Err(error) = self.within(upload.wait_for_capacity(PARTS_AT_ONCE)).await {
                // What cannot be taken back is the bucket's lifecycle rule's.
                let _ = self.within(upload.abort()).await;
                return Err(error);
            }
            upload.put(part);
        }
        self.within(upload.finish()).await.map(drop)
    }

    /// Puts an object in place of the one that was read; `read` none: where there is none.
    ///
    /// A bucket compares ETags by itself (`If-Match`, `If-None-Match`); for a folder, see [`folder`].
    pub(crate) async fn replace(
        &self,
        name: &str,
        bytes: Bytes,
        read: Option<&Version>,
    ) -> Result<Version, Fault> {
        let path = self.path(name).map_err(Fault::Store)?;
        let put = match (read, &self.folder) {
            (None, _) => self.put_as(&path, bytes, PutMode::Create).await?,
            (Some(read), None) => self.put_as(&path, bytes, PutMode::Update(read.0.clone())).await?,
            (Some(read), Some(folder)) => {
                let lock = folder::lock(folder, self.timeout).await.map_err(Fault::Store)?;
                let found = self.within(self.client.head(&path)).await?;
                if found.e_tag != read.0.e_tag {
                    return Err(Fault::Conflict);
                }
                let put = self.put_as(&path, bytes, PutMode::Overwrite).await;
                drop(lock);
                put?
            }
        };
        Ok(Version(UpdateVersion { e_tag: put.e_tag, version: put.version }))
    }

    async fn put_as(&self, path: &Path, bytes: Bytes, mode: PutMode) -> Result<PutResult, Error> {
        self.within(self.client.put_opts(path, PutPayload::from_bytes(bytes), mode.into())).await
    }

    pub(crate) async fn delete(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path(name)?;
        match self.within(self.client.delete(&path)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(told(&error)),
        }
    }

    /// Removes what a process that died had only half put; a bucket has no such objects.
    pub(crate) fn remove_halves(&self, before: SystemTime) -> Result<u64, StoreError> {
        match &self.folder {
            Some(folder) => folder::remove_halves(folder, before).map_err(|e| of_io(&e)),
            None => Ok(0),
        }
    }

    /// What lies below a folder, as name and what is known of it.
    pub(crate) async fn list(&self, folder: &str) -> Result<Listing<'_>, StoreError> {
        let path = self.path(folder)?;
        Ok(Listing { objects: self, stream: self.client.list(Some(&path)) })
    }
}

/// Objects as they are listed.
pub(crate) struct Listing<'a> {
    objects: &'a Objects,
    stream: BoxStream<'static, Result<ObjectMeta, Error>>,
}

impl Listing<'_> {
    pub(crate) async fn next(&mut self) -> Result<Option<(String, ObjectMeta)>, StoreError> {
        match self.objects.within(self.stream.try_next()).await {
            Ok(found) => Ok(found.map(|meta| (self.objects.name(&meta.location), meta))),
            Err(error @ Error::NotFound { .. }) if !lacks_bucket(&error) => Ok(None),
            Err(error) => Err(told(&error)),
        }
    }
}
