//! The log on one SQLite file: a step's outputs, positions and state in one transaction.
//!
//! Knows nothing of pipelines, plugins and stores.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use log::{Error, Log, Most, Output, Place, Position, Record, Slice, StateChange, Step};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

const VERSION: i64 = 2;
const BUSY: Duration = Duration::from_secs(10);
const TABLES: &str = "
create table topics (name text primary key, partitions integer not null) strict, without rowid;
create table ends (topic text, partition integer, next integer not null,
  primary key (topic, partition)) strict, without rowid;
create table records (topic text, partition integer, offset integer, at_us integer not null,
  key blob not null, value blob not null, primary key (topic, partition, offset)) strict, without rowid;
create table positions (grp text, topic text, partition integer, next integer not null, note text not null,
  primary key (grp, topic, partition)) strict, without rowid;
create table state (name text, key blob, value blob not null, primary key (name, key)) strict, without rowid;
";

/// A stage's state from a table and a key on, up to before a table.
const STATE_FROM: &str = "select name, key, value from state where (name, key) >= (?, ?) and name < ? \
                          order by name, key";

/// A log on one file.
pub struct EmbeddedLog {
    connection: Connection,
    /// Steps to be committed together.
    appended: Vec<Step>,
}

fn io(error: rusqlite::Error) -> Error {
    Error::Io(error.to_string())
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

impl EmbeddedLog {
    /// Opens or makes the file, readable by its owner alone.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Version`] for another version's file.
    pub fn open(path: &Path) -> Result<Self, Error> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|e| Error::Io(format!("{}: {e}", path.display())))?;
        let mut connection = Connection::open(path).map_err(io)?;
        connection.busy_timeout(BUSY).map_err(io)?;
        connection.pragma_update(None, "journal_mode", "wal").map_err(io)?;
        // A commit is on the disk before it is answered, also through a power cut: the log is the truth, and
        // a store whose cursor had got ahead of it would take later records for those it has.
        connection.pragma_update(None, "synchronous", "full").map_err(io)?;
        connection.set_prepared_statement_cache_capacity(32);
        // Immediate, so that of two processes that open a new file only one makes the tables.
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(io)?;
        let found: i64 =
            transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(io)?;
        match found {
            0 => {
                transaction.execute_batch(TABLES).map_err(io)?;
                transaction.pragma_update(None, "user_version", VERSION).map_err(io)?;
            }
            VERSION => {}
            _ => return Err(Error::Version { found, wanted: VERSION }),
        }
        transaction.commit().map_err(io)?;
        Ok(Self { connection, appended: Vec::new() })
    }
}

impl Log for EmbeddedLog {
    fn create_topic(&self, name: &str, partitions: u32) -> Result<(), Error> {
        self.connection
            .execute("insert or ignore into topics values (?, ?)", params![name, partitions])
            .map_err(io)?;
        match self.partitions(name)? {
            Some(found) if found != partitions => {
                Err(Error::Partitions { topic: name.into(), found, wanted: partitions })
            }
            _ => Ok(()),
        }
    }

    fn open_topic(&self, name: &str, at_least: u32) -> Result<u32, Error> {
        let grow = "insert into topics values (?, ?) on conflict (name) do update set partitions = \
                    max(partitions, excluded.partitions) returning partitions";
        self.connection.query_row(grow, params![name, at_least], |row| row.get(0)).map_err(io)
    }

    fn partitions(&self, topic: &str) -> Result<Option<u32>, Error> {
        self.connection
            .query_row("select partitions from topics where name = ?", [topic], |row| row.get(0))
            .optional()
            .map_err(io)
    }

    fn topics(&self) -> Result<Vec<(String, u32)>, Error> {
        let mut statement =
            self.connection.prepare("select name, partitions from topics order by name").map_err(io)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(io)?;
        rows.collect::<Result<_, _>>().map_err(io)
    }

    /// Nothing expires here.
    fn start_offset(&self, _: &str, _: u32) -> Result<u64, Error> {
        Ok(0)
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<u64, Error> {
        end(&self.connection, topic, partition)
    }

    fn read(&self, topic: &str, partition: u32, from: u64, most: Most) -> Result<Vec<Record>, Error> {
        let mut statement = self
            .connection
            .prepare_cached(
                "select offset, at_us, key, value from records \
                 where topic = ? and partition = ? and offset >= ? order by offset limit ?",
            )
            .map_err(io)?;
        let limit = i64::try_from(most.records).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![topic, partition, signed(from), limit]).map_err(io)?;
        let (mut records, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next().map_err(io)? {
            let record = Record {
                offset: unsigned(row.get(0).map_err(io)?),
                timestamp_us: row.get(1).map_err(io)?,
                key: row.get::<_, Vec<u8>>(2).map_err(io)?.into(),
                value: row.get::<_, Vec<u8>>(3).map_err(io)?.into(),
            };
            bytes += record.key.len() + record.value.len();
            if bytes > most.bytes && !records.is_empty() {
                break;
            }
            records.push(record);
        }
        Ok(records)
    }

    fn position(&self, group: &str, topic: &str, partition: u32) -> Result<Option<Position>, Error> {
        position(&self.connection, group, topic, partition)
    }

    /// Kept here until the commit: an open transaction of SQLite would hold up all other writers.
    fn append(&mut self, step: Step) -> Result<(), Error> {
        self.appended.push(step);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Error> {
        if self.appended.is_empty() {
            return Ok(());
        }
        // Immediate: the positions that are compared must still hold when they are written.
        let transaction = self
            .connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(io)?;
        for Step { group, positions, outputs, state } in std::mem::take(&mut self.appended) {
            append(&transaction, &outputs)?;
            move_on(&transaction, &group, &positions)?;
            change(&transaction, &state)?;
        }
        transaction.commit().map_err(io)
    }

    fn recover(&mut self) -> Result<(), Error> {
        self.appended.clear();
        Ok(())
    }

    /// By table and key. A place is a table and the least key that was not given, with a zero byte between.
    fn state_from(
        &self,
        stage: &str,
        partition: u32,
        from: &Place,
        most_bytes: usize,
    ) -> Result<Option<Slice>, Error> {
        let mut slice = Slice { next: from.clone(), ..Slice::default() };
        let mut bytes = 0;
        // Tables are named `STAGE`, in partition 0, and `STAGE/PARTITION.NAME`; a slash follows a point.
        let plain = [stage.to_owned(), format!("{stage}\u{1}")];
        let named = [".", "/"].map(|end| format!("{stage}/{partition}{end}"));
        for [first, behind] in [plain, named].into_iter().skip(usize::from(partition > 0)) {
            let (table, key) = parts(from);
            let (table, key) = if table < first.as_str() { (first.as_str(), &[][..]) } else { (table, key) };
            let mut statement = self.connection.prepare_cached(STATE_FROM).map_err(io)?;
            let mut rows = statement.query(params![table, key, behind]).map_err(io)?;
            while let Some(row) = rows.next().map_err(io)? {
                let table: String = row.get(0).map_err(io)?;
                let (key, value): (Vec<u8>, Vec<u8>) = (row.get(1).map_err(io)?, row.get(2).map_err(io)?);
                bytes += key.len() + value.len();
                slice.next = [table.as_bytes(), &[0], &key, &[0]].concat();
                let (table, key, value) = (table.into(), key.into(), Some(Vec::into(value)));
                slice.changes.push(StateChange { table, key, value });
                if bytes >= most_bytes {
                    return Ok(Some(slice));
                }
            }
        }
        slice.done = true;
        Ok(Some(slice))
    }
}

/// The table and the key of a place.
fn parts(place: &Place) -> (&str, &[u8]) {
    let table = place.split(|byte| *byte == 0).next().unwrap_or_default();
    let key = place.get(table.len() + 1..).unwrap_or_default();
    (std::str::from_utf8(table).unwrap_or_default(), key)
}

fn end(connection: &Connection, topic: &str, partition: u32) -> Result<u64, Error> {
    let next: Option<i64> = connection
        .prepare_cached("select next from ends where topic = ? and partition = ?")
        .and_then(|mut s| s.query_row(params![topic, partition], |row| row.get(0)).optional())
        .map_err(io)?;
    Ok(next.map_or(0, unsigned))
}

fn position(
    connection: &Connection,
    group: &str,
    topic: &str,
    partition: u32,
) -> Result<Option<Position>, Error> {
    let found: Option<(i64, String)> = connection
        .prepare_cached("select next, note from positions where grp = ? and topic = ? and partition = ?")
        .and_then(|mut s| {
            s.query_row(params![group, topic, partition], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(io)?;
    let position =
        |(next, note)| Position { topic: topic.into(), partition, next_offset: unsigned(next), note };
    Ok(found.map(position))
}

fn append(transaction: &Transaction<'_>, outputs: &[Output]) -> Result<(), Error> {
    let mut ends: std::collections::BTreeMap<(&str, u32), u64> = std::collections::BTreeMap::new();
    let mut insert =
        transaction.prepare_cached("insert into records values (?, ?, ?, ?, ?, ?)").map_err(io)?;
    for output in outputs {
        let place = (&*output.topic, output.partition);
        let next = match ends.get(&place) {
            Some(next) => *next,
            None => {
                exists(transaction, place.0, place.1)?;
                end(transaction, place.0, place.1)?
            }
        };
        insert
            .execute(params![
                place.0,
                place.1,
                signed(next),
                output.timestamp_us,
                &*output.key,
                &*output.value
            ])
            .map_err(io)?;
        ends.insert(place, next + 1);
    }
    let mut update =
        transaction.prepare_cached("insert or replace into ends values (?, ?, ?)").map_err(io)?;
    for ((topic, partition), next) in ends {
        update.execute(params![topic, partition, signed(next)]).map_err(io)?;
    }
    Ok(())
}

fn exists(transaction: &Transaction<'_>, topic: &str, partition: u32) -> Result<(), Error> {
    let partitions: Option<u32> = transaction
        .prepare_cached("select partitions from topics where name = ?")
        .and_then(|mut s| s.query_row([topic], |row| row.get(0)).optional())
        .map_err(io)?;
    if partitions.is_some_and(|n| partition < n) {
        return Ok(());
    }
    Err(Error::NoTopic { topic: topic.into(), partition })
}

fn move_on(transaction: &Transaction<'_>, group: &str, positions: &[Position]) -> Result<(), Error> {
    let mut update =
        transaction.prepare_cached("insert or replace into positions values (?, ?, ?, ?, ?)").map_err(io)?;
    for Position { topic, partition, next_offset, note } in positions {
        let before = position(transaction, group, topic, *partition)?;
        if before.is_some_and(|before| *next_offset < before.next_offset) {
            return Err(Error::Backwards { group: group.into(), topic: topic.to_string() });
        }
        update.execute(params![group, &**topic, partition, signed(*next_offset), note]).map_err(io)?;
    }
    Ok(())
}

fn change(transaction: &Transaction<'_>, changes: &[StateChange]) -> Result<(), Error> {
    for change in changes {
        match &change.value {
            Some(value) => transaction
                .prepare_cached("insert or replace into state values (?, ?, ?)")
                .and_then(|mut s| s.execute(params![change.table, &*change.key, &**value])),
            None => transaction
                .prepare_cached("delete from state where name = ? and key = ?")
                .and_then(|mut s| s.execute(params![change.table, &*change.key])),
        }
        .map_err(io)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
