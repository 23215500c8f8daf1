//! Questions to the store: read-only, one at a time, bounded.

use std::fmt;
use std::time::{Duration, Instant};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode};

use crate::Error;

const LONGEST: Duration = Duration::from_secs(10);
/// Steps of SQLite's machine between two looks at the time.
const STEPS: i32 = 10_000;

/// A stored value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// A whole number.
    Integer(i64),
    /// A double.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Integer(n) => n.fmt(f),
            Self::Real(x) => x.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::Blob(bytes) => write!(f, "({} bytes)", bytes.len()),
        }
    }
}

/// What a query gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows, each with a value per column.
    pub rows: Vec<Vec<Value>>,
    /// There were more rows than asked for.
    pub truncated: bool,
}

/// Lets a connection do nothing but read this file's tables.
pub(crate) fn restrict(connection: &mut Connection) -> rusqlite::Result<()> {
    open_indices(connection)?;
    connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } if function_name != "load_extension" => Authorization::Allow,
        AuthAction::Pragma { pragma_name: "data_version", .. } => Authorization::Allow,
        _ => Authorization::Deny,
    }))
}

/// Full-text and box indices declare tables of their own when they are first opened in a connection,
/// which a query may not; so they are opened before.
fn open_indices(connection: &Connection) -> rusqlite::Result<()> {
    let mut names =
        connection.prepare("select name from sqlite_schema where sql like 'create virtual table%'")?;
    let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for name in names {
        connection.prepare(&format!("select * from \"{name}\" limit 0"))?;
    }
    Ok(())
}

pub(crate) fn run(connection: &mut Connection, sql: &str, max_rows: usize) -> Result<Table, Error> {
    let start = Instant::now();
    connection
        .progress_handler(STEPS, Some(move || start.elapsed() > LONGEST))
        .map_err(|e| Error::Query(e.to_string()))?;
    let result = collect(connection, sql, max_rows);
    // Nothing else runs on this connection; a handler that cannot be removed stops nothing of it.
    let _ = connection.progress_handler(0, None::<fn() -> bool>);
    result.map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly) => {
            Error::Refused(error.to_string())
        }
        Some(ErrorCode::OperationInterrupted) => Error::TooLong,
        _ => Error::Query(error.to_string()),
    })
}

fn collect(connection: &Connection, sql: &str, max_rows: usize) -> rusqlite::Result<Table> {
    let mut statement = connection.prepare(sql)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let width = columns.len();
    let mut table = Table { columns, rows: Vec::new(), truncated: false };
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if table.rows.len() == max_rows {
            table.truncated = true;
            break;
        }
        let values = (0..width).map(|i| Ok(value(row.get_ref(i)?))).collect::<rusqlite::Result<_>>()?;
        table.rows.push(values);
    }
    Ok(table)
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Integer(n),
        ValueRef::Real(x) => Value::Real(x),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}
