//! What is kept for a key: one piece of memory with the key in it, as there may be millions.

use event::{KeptFields, KeptRow};

/// The key's length, the key, the revision, the packed row; numbers little-endian.
pub(crate) struct Entry(Box<[u8]>);

const LENGTH_BYTES: usize = 4;
const REVISION_BYTES: usize = 8;

impl Entry {
    /// The state's row, and what grows with each result of the key. `buffer` is used again and again.
    pub(crate) fn new(
        key: &[u8],
        revision: i64,
        fields: &KeptFields,
        row: KeptRow<'_>,
        buffer: &mut Vec<u8>,
    ) -> Self {
        fill(buffer, key, revision);
        fields.pack(row, buffer);
        Self(buffer.as_slice().into())
    }

    /// From what the log has.
    pub(crate) fn from_value(key: &[u8], value: &[u8]) -> Option<Self> {
        let (revision, packed) = value.split_first_chunk()?;
        let mut buffer = Vec::with_capacity(LENGTH_BYTES + key.len() + value.len());
        fill(&mut buffer, key, i64::from_le_bytes(*revision));
        buffer.extend_from_slice(packed);
        Some(Self(buffer.into()))
    }

    /// Takes another row, in the same memory if it needs as much.
    pub(crate) fn change(
        &mut self,
        revision: i64,
        fields: &KeptFields,
        row: KeptRow<'_>,
        buffer: &mut Vec<u8>,
    ) {
        fill(buffer, self.key(), revision);
        fields.pack(row, buffer);
        if self.0.len() == buffer.len() {
            self.0.copy_from_slice(buffer);
        } else {
            self.0 = buffer.as_slice().into();
        }
    }

    pub(crate) fn first_byte(&self) -> u8 {
        self.0.first().copied().unwrap_or_default()
    }

    pub(crate) fn key(&self) -> &[u8] {
        self.parts().0
    }

    /// As the log has it: the revision and the packed row.
    pub(crate) fn value(&self) -> &[u8] {
        self.parts().1
    }

    pub(crate) fn revision(&self) -> i64 {
        self.value().first_chunk().map_or(0, |revision| i64::from_le_bytes(*revision))
    }

    pub(crate) fn packed(&self) -> &[u8] {
        self.value().get(REVISION_BYTES..).unwrap_or_default()
    }

    /// In microseconds since 1970, UTC.
    pub(crate) fn timer_us(&self) -> Option<i64> {
        KeptFields::packed_timer_us(self.packed())
    }

    /// The memory that the entry takes.
    pub(crate) fn size_bytes(&self) -> usize {
        self.0.len() + size_of::<Self>()
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        let Some((length, rest)) = self.0.split_first_chunk::<LENGTH_BYTES>() else { return (&[], &[]) };
        rest.split_at_checked(u32::from_le_bytes(*length) as usize).unwrap_or_default()
    }
}

fn fill(buffer: &mut Vec<u8>, key: &[u8], revision: i64) {
    buffer.clear();
    // A key is a part of a record, which has at most a few megabytes.
    buffer.extend_from_slice(&(key.len() as u32).to_le_bytes());
    buffer.extend_from_slice(key);
    buffer.extend_from_slice(&revision.to_le_bytes());
}
