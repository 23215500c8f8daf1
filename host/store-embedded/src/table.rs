//! A table: made from a schema, written batch by batch.

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::{
    DataType, Float64Type, Int64Type, SchemaRef, TimeUnit, TimestampMicrosecondType, UInt64Type,
};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use crate::{Error, io};

/// The columns of a table, and its statements.
pub(crate) struct Columns {
    table: String,
    /// Name and SQL type, in the order of the batch.
    columns: Vec<(String, &'static str)>,
    key: Vec<String>,
    upsert: String,
    text: Option<usize>,
    place: Option<(usize, usize)>,
}

impl Columns {
    pub(crate) fn new(table: &str, schema: &SchemaRef, key: &[&str]) -> Result<Self, Error> {
        let wrong = |why: String| Error::Schema { table: table.into(), why };
        let mut columns = Vec::new();
        for field in schema.fields() {
            let sql = sql_type(field.data_type())
                .ok_or_else(|| wrong(format!("column {} has a type that cannot be stored", field.name())))?;
            columns.push((field.name().clone(), sql));
        }
        let names = || columns.iter().map(|(n, _)| n.as_str()).chain([table]);
        if let Some(name) = names().find(|n| !is_identifier(n)) {
            return Err(wrong(format!("`{name}` is no identifier: a-z, 0-9 and _, a letter first")));
        }
        if let Some(missing) = key.iter().find(|k| !columns.iter().any(|(n, _)| n == *k)) {
            return Err(wrong(format!("the key column {missing} is missing")));
        }
        let at = |name: &str| columns.iter().position(|(n, _)| n == name);
        let (text, place) = (at("text"), at("lat").zip(at("lng")));
        let key: Vec<String> = key.iter().map(|k| (*k).to_owned()).collect();
        let upsert = upsert_sql(table, &columns, &key);
        Ok(Self { table: table.into(), columns, key, upsert, text, place })
    }

    pub(crate) fn create(&self, connection: &Connection) -> Result<(), Error> {
        let table = &self.table;
        let columns: Vec<String> = self.columns.iter().map(|(n, t)| format!("\"{n}\" {t}")).collect();
        let key: Vec<String> = self.key.iter().map(|k| format!("\"{k}\"")).collect();
        let mut sql = format!(
            "create table if not exists \"{table}\" (_row integer primary key, _revision integer not null, \
             {}, unique ({})) strict;",
            columns.join(", "),
            key.join(", ")
        );
        if self.text.is_some() {
            sql += &format!("create virtual table if not exists \"{table}_text\" using fts5(text);");
        }
        if self.place.is_some() {
            sql += &format!(
                "create virtual table if not exists \"{table}_place\" using \
                 rtree(row, min_lat, max_lat, min_lng, max_lng);"
            );
        }
        connection.execute_batch(&sql).map_err(io)?;
        self.add_missing(connection)
    }

    fn add_missing(&self, connection: &Connection) -> Result<(), Error> {
        for (name, wanted) in &self.columns {
            let found: Option<String> = connection
                .query_row(
                    "select type from pragma_table_info(?) where name = ?",
                    [&self.table, name],
                    |row| row.get(0),
                )
                .optional()
                .map_err(io)?;
            match found {
                Some(found) if found.eq_ignore_ascii_case(wanted) => {}
                Some(found) => {
                    let why = format!("column {name} is {found}, and would have to be {wanted}");
                    return Err(Error::Schema { table: self.table.clone(), why });
                }
                None => connection
                    .execute_batch(&format!("alter table \"{}\" add column \"{name}\" {wanted}", self.table))
                    .map_err(io)?,
            }
        }
        Ok(())
    }

    pub(crate) fn write(
        &self,
        connection: &Connection,
        batch: &RecordBatch,
        revisions: &[i64],
    ) -> Result<(), Error> {
        let wrong = |why: &str| Error::Schema { table: self.table.clone(), why: why.into() };
        if batch.num_columns() != self.columns.len() || revisions.len() != batch.num_rows() {
            return Err(wrong("the batch does not fit the table"));
        }
        let mut upsert = connection.prepare_cached(&self.upsert).map_err(io)?;
        for (row, revision) in revisions.iter().enumerate() {
            let mut values = Vec::with_capacity(self.columns.len() + 1);
            values.push(Sql::Integer(*revision));
            values.extend(batch.columns().iter().map(|column| cell(column, row)));
            // No row comes back where a newer revision stays.
            let written: Option<i64> =
                upsert.query_row(params_from_iter(&values), |r| r.get(0)).optional().map_err(io)?;
            let Some(written) = written else { continue };
            self.index(connection, written, &values)?;
        }
        Ok(())
    }

    /// Full text and place of a row, in place of what was there.
    fn index(&self, connection: &Connection, row: i64, values: &[Sql]) -> Result<(), Error> {
        let table = &self.table;
        if let Some(text) = self.text.and_then(|i| values.get(i + 1)) {
            let replace = format!("insert or replace into \"{table}_text\" (rowid, text) values (?, ?)");
            let text = if let Sql::Text(text) = text { text.as_str() } else { "" };
            connection.prepare_cached(&replace).and_then(|mut s| s.execute((row, text))).map_err(io)?;
        }
        let place = self.place.and_then(|(lat, lng)| Some((values.get(lat + 1)?, values.get(lng + 1)?)));
        if let Some((lat, lng)) = place {
            let (sql, position) = match (lat, lng) {
                (Sql::Real(lat), Sql::Real(lng)) => (
                    format!("insert or replace into \"{table}_place\" values (?1, ?2, ?2, ?3, ?3)"),
                    vec![Sql::Integer(row), Sql::Real(*lat), Sql::Real(*lng)],
                ),
                _ => (format!("delete from \"{table}_place\" where row = ?"), vec![Sql::Integer(row)]),
            };
            connection
                .prepare_cached(&sql)
                .and_then(|mut s| s.execute(params_from_iter(&position)))
                .map_err(io)?;
        }
        Ok(())
    }
}

fn upsert_sql(table: &str, columns: &[(String, &str)], key: &[String]) -> String {
    let quoted: Vec<String> = columns.iter().map(|(n, _)| format!("\"{n}\"")).collect();
    let marks = vec!["?"; columns.len() + 1].join(", ");
    let key: Vec<String> = key.iter().map(|k| format!("\"{k}\"")).collect();
    let set: Vec<String> = quoted.iter().map(|n| format!("{n} = excluded.{n}")).collect();
    format!(
        "insert into \"{table}\" (_revision, {}) values ({marks}) on conflict ({}) do update set \
         _revision = excluded._revision, {} where excluded._revision >= _revision returning _row",
        quoted.join(", "),
        key.join(", "),
        set.join(", ")
    )
}

fn sql_type(kind: &DataType) -> Option<&'static str> {
    Some(match kind {
        DataType::Boolean | DataType::Int64 | DataType::Timestamp(TimeUnit::Microsecond, _) => "INTEGER",
        DataType::Float64 => "REAL",
        // Unsigned numbers are H3 cells: 15 hexadecimal digits, as every tool for cells writes them.
        DataType::UInt64 | DataType::Utf8 => "TEXT",
        DataType::Binary => "BLOB",
        _ => return None,
    })
}

fn cell(column: &ArrayRef, row: usize) -> Sql {
    if column.is_null(row) {
        return Sql::Null;
    }
    if let Some(v) = column.as_string_opt::<i32>() {
        Sql::Text(v.value(row).to_owned())
    } else if let Some(v) = column.as_primitive_opt::<Float64Type>() {
        Sql::Real(v.value(row))
    } else if let Some(v) = column.as_primitive_opt::<Int64Type>() {
        Sql::Integer(v.value(row))
    } else if let Some(v) = column.as_primitive_opt::<TimestampMicrosecondType>() {
        Sql::Integer(v.value(row))
    } else if let Some(v) = column.as_primitive_opt::<UInt64Type>() {
        Sql::Text(format!("{:015x}", v.value(row)))
    } else if let Some(v) = column.as_boolean_opt() {
        Sql::Integer(i64::from(v.value(row)))
    } else if let Some(v) = column.as_binary_opt::<i32>() {
        Sql::Blob(v.value(row).to_vec())
    } else {
        Sql::Null
    }
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
