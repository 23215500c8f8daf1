//! A thread that the driver lives on, also while nobody asks for anything: else its connections would not be
//! kept alive, nor made again.

use std::future::Future;
use std::sync::mpsc;
use std::thread::JoinHandle;

use deliver::StoreError;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The thread, which ends with this.
pub(crate) struct Runtime {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Runtime {
    pub(crate) fn start() -> Result<Self, StoreError> {
        let failed = |error: std::io::Error| StoreError::Failed(format!("cannot start a thread: {error}"));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            // An error is the other end's end, which says the same.
            let _ = runtime.block_on(stopped);
            // Work that still waits for a server is not waited for.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("cassandra".into()).spawn(run).map_err(failed)?;
        Ok(Self { handle, stop: Some(stop), thread: Some(thread) })
    }

    /// Runs something there, and waits for it.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.begin(work).wait()
    }

    /// Runs something there.
    pub(crate) fn begin<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Work<T> {
        let (sender, done) = mpsc::sync_channel(1);
        let task = self.handle.spawn(async move {
            // Nobody waits any longer where this fails.
            let _ = sender.send(work.await);
        });
        Work { done, task }
    }
}

/// Work that goes on there; given up where this is dropped.
pub(crate) struct Work<T> {
    done: mpsc::Receiver<Result<T, StoreError>>,
    task: tokio::task::JoinHandle<()>,
}

impl<T> Work<T> {
    pub(crate) fn wait(self) -> Result<T, StoreError> {
        self.done.recv().unwrap_or_else(|_| Err(StoreError::Failed("the driver has stopped".into())))
    }
}

impl<T> Drop for Work<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It has panicked or not; there is nothing left to do.
            let _ = thread.join();
        }
    }
}
