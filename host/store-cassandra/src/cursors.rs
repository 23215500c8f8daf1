//! How far each partition has been delivered, and which store this is.
//!
//! A cursor is written with a time of its own making: 2^52 + epoch · 2^40 + next offset. So within an epoch it
//! only moves on, whoever writes last; a rewind begins a new epoch, which is later than every offset of the ones
//! before, so a process that was thought dead cannot move it back or on. 2^52 µs is the year 2112: later than
//! any time that a client gives by itself, so neither does a row that is deleted by hand hide it for ever. There
//! is room for 2^40 offsets in a partition, and 8 million rewinds.

use deliver::StoreError;
use scylla::client::session::Session;
use scylla::statement::prepared::PreparedStatement;

use crate::failure;
use crate::shape::{Shape, quoted};
use crate::values::Scalar;

const START: i64 = 1 << 52;
const OFFSETS: i64 = 1 << 40;
pub(crate) const MARKER: &str = "vigie_store";
const CURSORS: &str = "vigie_cursors";

/// The tables of the store's own.
pub(crate) fn shapes() -> [Shape; 2] {
    let cursor = [
        ("topic", Scalar::Text),
        ("partition", Scalar::Int),
        ("next_offset", Scalar::Bigint),
        ("epoch", Scalar::Bigint),
    ];
    [Shape::own(CURSORS, &cursor, 2), Shape::own(MARKER, &[("name", Scalar::Text), ("id", Scalar::Uuid)], 1)]
}

/// A partition's cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub next_offset: u64,
    /// How often it was rewound.
    pub epoch: i64,
}

/// The write time of a cursor; none: there is no room for such an offset.
fn written_at(cursor: Cursor) -> Option<i64> {
    let next_offset = i64::try_from(cursor.next_offset).ok().filter(|next| *next < OFFSETS)?;
    let before = cursor.epoch.checked_mul(OFFSETS)?.checked_add(START)?;
    before.checked_add(next_offset)
}

/// The statements of cursors.
pub(crate) struct Cursors {
    read: PreparedStatement,
    write: PreparedStatement,
}

impl Cursors {
    pub(crate) async fn prepare(session: &Session, keyspace: &str) -> Result<Self, StoreError> {
        let table = format!("{}.{CURSORS}", quoted(keyspace));
        let read = format!("SELECT next_offset, epoch FROM {table} WHERE topic = ? AND \"partition\" = ?");
        let write = format!(
            "INSERT INTO {table} (topic, \"partition\", next_offset, epoch) VALUES (?, ?, ?, ?) \
             USING TIMESTAMP ?"
        );
        Ok(Self { read: prepare(session, &read).await?, write: prepare(session, &write).await? })
    }

    pub(crate) async fn read(
        &self,
        session: &Session,
        topic: &str,
        partition: i32,
    ) -> Result<Option<Cursor>, StoreError> {
        let result = session.execute_unpaged(&self.read, (topic, partition)).await;
        let unreadable = || StoreError::Failed(format!("{CURSORS} cannot be read"));
        let rows = result.map_err(|e| failure::of_execution(&e))?.into_rows_result();
        let row =
            rows.map_err(|_| unreadable())?.maybe_first_row::<(i64, i64)>().map_err(|_| unreadable())?;
        row.map(|(next_offset, epoch)| {
            Ok(Cursor { next_offset: u64::try_from(next_offset).map_err(|_| unreadable())?, epoch })
        })
        .transpose()
    }

    pub(crate) async fn write(
        &self,
        session: &Session,
        topic: &str,
        partition: i32,
        cursor: Cursor,
    ) -> Result<(), StoreError> {
        let no_room = || StoreError::Failed(format!("an offset of {topic} is 2^40 or more"));
        let at = written_at(cursor).ok_or_else(no_room)?;
        let next_offset = i64::try_from(cursor.next_offset).map_err(|_| no_room())?;
        let values = (topic, partition, next_offset, cursor.epoch, at);
        let written = session.execute_unpaged(&self.write, values).await;
        written.map(|_| ()).map_err(|e| failure::of_execution(&e))
    }
}

/// A statement on a table that is listed, whose repeat changes nothing, made ready.
pub(crate) async fn prepare(session: &Session, cql: &str) -> Result<PreparedStatement, StoreError> {
    let mut statement = session.prepare(cql).await.map_err(|e| failure::of_listed(&e.into()))?;
    statement.set_is_idempotent(true);
    Ok(statement)
}

/// The store's id, where its table is listed; none: it has no marker.
pub(crate) async fn marker(session: &Session, keyspace: &str) -> Result<Option<String>, StoreError> {
    let cql = format!("SELECT CAST(id AS text) FROM {}.{MARKER} WHERE name = 'store'", quoted(keyspace));
    let unreadable = || StoreError::Failed(format!("{MARKER} cannot be read"));
    let result = session.query_unpaged(cql, ()).await.map_err(|e| failure::of_listed(&e))?;
    let row = result.into_rows_result().map_err(|_| unreadable())?;
    Ok(row.maybe_first_row::<(String,)>().map_err(|_| unreadable())?.map(|(id,)| id))
}

/// Gives the store an id where it has none. Of two processes one wins, so this is the one place for a
/// lightweight transaction.
pub(crate) async fn mark(session: &Session, keyspace: &str) -> Result<(), StoreError> {
    let cql = format!(
        "INSERT INTO {}.{MARKER} (name, id) VALUES ('store', uuid()) IF NOT EXISTS",
        quoted(keyspace)
    );
    session.query_unpaged(cql, ()).await.map(|_| ()).map_err(|e| failure::of_listed(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_epoch_is_later_than_all_before() {
        let at = |epoch, next_offset| written_at(Cursor { next_offset, epoch });
        assert!(at(0, 1) > at(0, 0));
        assert!(at(1, 0) > at(0, (1 << 40) - 1));
        // Later than any clock for the next 80 years.
        assert!(at(0, 0) > Some(4_500_000_000_000_000));
        assert!(at((1 << 23) - 4097, 0).is_some());
        for (epoch, next_offset) in [(0, 1 << 40), (0, u64::MAX), (1 << 23, 0), (i64::MAX, 0)] {
            assert_eq!(at(epoch, next_offset), None, "{epoch} {next_offset}");
        }
    }
}
