//! What is kept for a key, as the bytes that the log has: revision, a byte that says whether there is a timer,
//! the timer, the state; numbers big-endian.

/// What is kept for a key: one piece of memory, as there may be millions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry(Box<[u8]>);

/// Bytes before the state.
const HEAD: usize = 17;

impl Entry {
    /// The state's columns as a row, a time in microseconds since 1970, UTC, and what grows with each
    /// result of the key.
    pub(crate) fn new(state: &[u8], timer_us: Option<i64>, revision: i64) -> Self {
        let mut entry = Self(vec![0; HEAD + state.len()].into());
        entry.change(state, timer_us, revision);
        entry
    }

    /// Takes another state, in the same memory if it has the same length.
    pub(crate) fn change(&mut self, state: &[u8], timer_us: Option<i64>, revision: i64) {
        if self.state().len() != state.len() {
            self.0 = vec![0; HEAD + state.len()].into();
        }
        let Some((head, rest)) = self.0.split_first_chunk_mut::<HEAD>() else { return };
        let numbers = [revision.to_be_bytes(), timer_us.unwrap_or_default().to_be_bytes()];
        let (first, others) = head.split_at_mut(8);
        first.copy_from_slice(&numbers[0]);
        if let Some((flag, timer)) = others.split_first_mut() {
            *flag = u8::from(timer_us.is_some());
            timer.copy_from_slice(&numbers[1]);
        }
        rest.copy_from_slice(state);
    }

    /// As the log has it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, _) = bytes.split_first_chunk::<HEAD>()?;
        (*head.get(8)? <= 1).then(|| Self(bytes.into()))
    }

    pub(crate) fn state(&self) -> &[u8] {
        self.0.get(HEAD..).unwrap_or_default()
    }

    pub(crate) fn revision(&self) -> i64 {
        self.0.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
    }

    pub(crate) fn timer_us(&self) -> Option<i64> {
        let (flag, rest) = self.0.get(8..)?.split_first()?;
        rest.first_chunk().filter(|_| *flag == 1).map(|bytes| i64::from_be_bytes(*bytes))
    }

    /// The memory that the entry takes with its key, but for the map's own.
    pub(crate) fn size_bytes(&self, key: &[u8]) -> usize {
        key.len() + self.0.len() + size_of::<Self>()
    }
}
