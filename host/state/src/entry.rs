//! What is kept for a key, and its bytes in the log.

/// What is kept for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The state's columns as a row.
    pub(crate) state: Box<[u8]>,
    /// In microseconds since 1970, UTC.
    pub(crate) timer_us: Option<i64>,
    /// Grows with each result of the key.
    pub(crate) revision: i64,
}

impl Entry {
    /// Revision, a byte that says whether there is a timer, the timer, the state; big-endian.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(17 + self.state.len());
        bytes.extend(self.revision.to_be_bytes());
        bytes.push(u8::from(self.timer_us.is_some()));
        bytes.extend(self.timer_us.unwrap_or_default().to_be_bytes());
        bytes.extend(&self.state);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (revision, rest) = bytes.split_first_chunk::<8>()?;
        let (has_timer, rest) = rest.split_first()?;
        let (timer, state) = rest.split_first_chunk::<8>()?;
        Some(Self {
            state: state.into(),
            timer_us: (*has_timer == 1).then(|| i64::from_be_bytes(*timer)),
            revision: i64::from_be_bytes(*revision),
        })
    }

    /// The memory that the entry takes with its key, but for the map's own.
    pub(crate) fn size_bytes(&self, key: &[u8]) -> usize {
        key.len() + self.state.len() + size_of::<Self>()
    }
}
