//! How many bytes a request with rows may have: less where the cluster has enough, slowly more again.

/// Below this nothing is gained.
const LEAST_BYTES: usize = 64 << 10;
/// How many requests that went well bring the size from nothing to the most.
const STEPS_UP: usize = 16;

/// The present size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    bytes: usize,
    most: usize,
}

impl Limit {
    pub(crate) fn new(most: usize) -> Self {
        Self { bytes: most, most }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The cluster could not keep up with a request of `sent` bytes.
    pub(crate) fn shrink(&mut self, sent: usize) {
        self.bytes = self.bytes.min(sent / 2).clamp(LEAST_BYTES.min(self.most), self.most);
    }

    /// A request of `sent` bytes was larger than the cluster takes, however idle it is.
    pub(crate) fn halve(&mut self, sent: usize) {
        self.bytes = self.bytes.min(sent / 2).max(1);
    }

    /// A request went well.
    pub(crate) fn grow(&mut self) {
        self.bytes = (self.bytes + self.most / STEPS_UP).min(self.most);
    }
}
