//! A client whose n-th request fails, before it does something or after.

use std::fmt::{Display, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use futures_util::stream::{BoxStream, StreamExt as _};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

/// Which request fails, and how.
#[derive(Debug)]
pub struct Fault {
    left: AtomicI64,
    after: bool,
}

impl Fault {
    /// The `nth` request from 1 on fails; with `after`, it has done its work, and the answer is lost.
    pub fn new(nth: i64, after: bool) -> Arc<Self> {
        Arc::new(Self { left: AtomicI64::new(nth), after })
    }

    /// Whether the request came about.
    pub fn happened(&self) -> bool {
        self.left.load(Ordering::SeqCst) <= 0
    }

    async fn around<T>(&self, request: impl Future<Output = Result<T>>) -> Result<T> {
        let hit = self.left.fetch_sub(1, Ordering::SeqCst) == 1;
        let error = || Error::Generic { store: "test", source: "status code: 503".into() };
        if hit && !self.after {
            return Err(error());
        }
        let done = request.await;
        if hit { Err(error()) } else { done }
    }
}

/// A client with a fault.
#[derive(Debug)]
pub struct Faulty {
    pub inner: Arc<dyn ObjectStore>,
    pub fault: Arc<Fault>,
}

impl Display for Faulty {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.inner)
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        self.fault.around(self.inner.put_opts(location, payload, opts)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let inner = self.fault.around(self.inner.put_multipart_opts(location, opts)).await?;
        Ok(Box::new(FaultyUpload { inner, fault: self.fault.clone() }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.fault.around(self.inner.get_opts(location, options)).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (inner, fault) = (self.inner.clone(), self.fault.clone());
        locations
            .then(move |path| {
                let (inner, fault) = (inner.clone(), fault.clone());
                async move {
                    let path = path?;
                    let one = futures_util::stream::iter([Ok(path.clone())]).boxed();
                    let mut deleted = inner.delete_stream(one);
                    fault.around(async { deleted.next().await.unwrap_or(Ok(path)) }).await
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (listed, fault) = (self.inner.list(prefix), self.fault.clone());
        let first = async move {
            match fault.around(async { Ok(()) }).await {
                Ok(()) => listed,
                Err(error) => futures_util::stream::iter([Err(error)]).boxed(),
            }
        };
        futures_util::stream::once(first).flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.fault.around(self.inner.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.fault.around(self.inner.copy_opts(from, to, options)).await
    }
}

#[derive(Debug)]
struct FaultyUpload {
    inner: Box<dyn MultipartUpload>,
    fault: Arc<Fault>,
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (part, fault) = (self.inner.put_part(data), self.fault.clone());
        Box::pin(async move { fault.around(part).await })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.fault.around(self.inner.complete()).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.fault.around(self.inner.abort()).await
    }
}
