//! Cursors: how far each partition of a topic has been delivered, a document for each.
//!
//! A cursor's version is its epoch and its offset, so one that is older is refused by the cluster. To set a cursor
//! back its epoch is made higher.

use std::collections::BTreeMap;

use bytes::Bytes;
use deliver::StoreError;
use serde_json::{Value, json};

use crate::answer::{self, Verdict};
use crate::client::Client;

/// Offsets take the lower bits of a version: 17 million million records in a partition.
const OFFSET_BITS: u32 = 44;
/// A version has 63 bits.
const EPOCH_BITS: u32 = 63 - OFFSET_BITS;

/// A topic's partition.
pub(crate) type At = (String, u32);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub epoch: u64,
    pub next_offset: u64,
}

/// Cursors as they are known here.
#[derive(Default)]
pub(crate) struct Cursors {
    /// As the cluster has them.
    kept: BTreeMap<At, Known>,
    /// Where rows were written, and the cursor is to follow.
    moved: BTreeMap<At, Known>,
}

pub(crate) fn version(epoch: u64, next_offset: u64) -> Result<u64, StoreError> {
    if epoch >> EPOCH_BITS != 0 || next_offset >> OFFSET_BITS != 0 {
        return Err(StoreError::Failed("a cursor's epoch or offset is too large to be kept".into()));
    }
    Ok(epoch << OFFSET_BITS | next_offset)
}

/// The id of a cursor's document. A topic has no `:`.
fn id((topic, partition): &At) -> String {
    format!("{topic}:{partition}")
}

impl Cursors {
    /// A cursor, from the cluster where it is not known; none: nothing was delivered.
    pub(crate) fn find(
        &mut self,
        client: &Client,
        index: &str,
        at: &At,
    ) -> Result<Option<Known>, StoreError> {
        if let Some(known) = self.kept.get(at) {
            return Ok(Some(known.clone()));
        }
        let found = read(client, index, at)?;
        self.kept.extend(found.iter().map(|known| (at.clone(), known.clone())));
        Ok(found)
    }

    /// What lies before `next_offset` is in the store.
    pub(crate) fn advance(&mut self, at: At, epoch: u64, next_offset: u64) {
        self.moved.insert(at, Known { epoch, next_offset });
    }

    /// A cursor as it was set.
    pub(crate) fn set(&mut self, at: At, known: Known) {
        self.moved.remove(&at);
        self.kept.insert(at, known);
    }

    /// Whether the cluster has all of them.
    pub(crate) fn are_kept(&self) -> bool {
        self.moved.is_empty()
    }

    /// Cursors stay where the cluster has them, and what another process has set is read again.
    pub(crate) fn forget(&mut self) {
        self.moved.clear();
        self.kept.clear();
    }

    /// Writes the cursors that have moved.
    pub(crate) fn write(&mut self, client: &Client, index: &str) -> Result<(), StoreError> {
        let moved: Vec<(At, Known)> =
            self.moved.iter().map(|(at, known)| (at.clone(), known.clone())).collect();
        let mut has_older = false;
        for (written, (at, known)) in put(client, index, &moved)?.into_iter().zip(moved) {
            match written {
                Written::Kept => self.set(at, known),
                Written::Older => has_older = true,
            }
        }
        if !has_older {
            return Ok(());
        }
        self.forget();
        Err(StoreError::Away("a cursor was set by another process: it is read again".into()))
    }
}

/// What became of a cursor.
#[derive(Debug, PartialEq)]
pub(crate) enum Written {
    Kept,
    /// The cluster has a newer one.
    Older,
}

/// Writes cursors, and says for each what became of it.
pub(crate) fn put(client: &Client, index: &str, cursors: &[(At, Known)]) -> Result<Vec<Written>, StoreError> {
    let body = lines(cursors)?;
    let path = format!("{index}/_bulk?filter_path={}", answer::FILTER);
    let answer = client.post_lines(&path, body)?;
    if !answer.is_done() {
        return Err(answer.error());
    }
    let written = |verdict| match verdict {
        Verdict::Done => Ok(Written::Kept),
        Verdict::Older => Ok(Written::Older),
        Verdict::Again(error) | Verdict::Stop(error) => Err(error),
        Verdict::NoIndex => Err(StoreError::Foreign("the cursors are gone".into())),
        Verdict::Reject { kind, .. } => {
            Err(StoreError::Failed(format!("the cluster does not take a cursor ({kind})")))
        }
    };
    answer::read(&answer.body, cursors.len())?.into_iter().map(written).collect()
}

fn lines(cursors: &[(At, Known)]) -> Result<Bytes, StoreError> {
    let mut lines = String::new();
    for (at, known) in cursors {
        let Known { epoch, next_offset } = known;
        let version = version(*epoch, *next_offset)?;
        let action = json!({"index": {"_id": id(at), "version": version, "version_type": "external_gte"}});
        let (topic, partition) = at;
        let document =
            json!({"topic": topic, "partition": partition, "epoch": epoch, "next_offset": next_offset});
        lines += &format!("{action}\n{document}\n");
    }
    Ok(lines.into())
}

/// A cursor as the cluster has it, at once, found by searches or not.
pub(crate) fn read(client: &Client, index: &str, at: &At) -> Result<Option<Known>, StoreError> {
    let Some(found) = client.get(&format!("{index}/_doc/{}", id(at)))? else { return Ok(None) };
    let number = |place: &str| found.pointer(place).and_then(Value::as_u64);
    let known = number("/_source/epoch").zip(number("/_source/next_offset"));
    let known = known.map(|(epoch, next_offset)| Known { epoch, next_offset });
    known.map(Some).ok_or_else(|| StoreError::Failed("a cursor in the cluster cannot be read".into()))
}
