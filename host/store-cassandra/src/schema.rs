//! What tables there are, in what they differ from those wanted, and how they become those.

use std::collections::BTreeMap;

use deliver::StoreError;
use scylla::client::session::Session;

use crate::failure;
use crate::options::{Options, Replication};
use crate::shape::{Shape, quoted};

/// A column as the server has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub name: String,
    pub cql: String,
    /// `partition_key`, `clustering`, `regular` or `static`.
    pub kind: String,
    /// The number within the key's part; -1 for others.
    pub position: i32,
    /// `asc`, `desc` or `none`.
    pub order: String,
}

/// The tables of a keyspace.
pub(crate) type Tables = BTreeMap<String, Vec<Found>>;

/// The tables of a keyspace; none: there is no such keyspace.
pub(crate) async fn read(session: &Session, keyspace: &str) -> Result<Option<Tables>, StoreError> {
    let exists = rows::<(String,)>(
        session,
        "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?",
        keyspace,
    );
    if exists.await?.is_empty() {
        return Ok(None);
    }
    let columns = rows::<(String, String, String, String, i32, String)>(
        session,
        "SELECT table_name, column_name, type, kind, position, clustering_order FROM system_schema.columns \
         WHERE keyspace_name = ?",
        keyspace,
    );
    let mut tables = Tables::new();
    for (table, name, cql, kind, position, order) in columns.await? {
        tables.entry(table).or_default().push(Found { name, cql, kind, position, order });
    }
    Ok(Some(tables))
}

async fn rows<R>(session: &Session, cql: &str, keyspace: &str) -> Result<Vec<R>, StoreError>
where
    R: for<'f, 'm> scylla::deserialize::row::DeserializeRow<'f, 'm>,
{
    let unreadable = || StoreError::Failed("the server's list of tables cannot be read".into());
    let result = session.query_unpaged(cql, (keyspace,)).await.map_err(|e| failure::of_execution(&e))?;
    let result = result.into_rows_result().map_err(|_| unreadable())?;
    let rows = result.rows::<R>().map_err(|_| unreadable())?;
    rows.collect::<Result<_, _>>().map_err(|_| unreadable())
}

/// The columns that a table lacks, by their number; more than that makes it another table.
///
/// # Errors
/// [`StoreError::Differs`]: a type or the key.
pub(crate) fn missing(shape: &Shape, found: &[Found]) -> Result<Vec<usize>, StoreError> {
    let differs = |why: String| {
        let why =
            format!("{why}; use another table's name or version, or drop the table and rewind the store");
        StoreError::Differs { table: shape.table.clone(), why }
    };
    let key = |kind: &str| {
        let mut columns: Vec<_> = found.iter().filter(|f| f.kind == kind).collect();
        columns.sort_by_key(|f| f.position);
        columns
    };
    let (partition, clustering) = (key("partition_key"), key("clustering"));
    let found_key: Vec<&str> = partition.iter().chain(&clustering).map(|f| f.name.as_str()).collect();
    let wanted_key: Vec<&str> = shape.key().map(|c| c.name.as_str()).collect();
    if found_key != wanted_key || partition.len() != shape.partition {
        return Err(differs(format!(
            "its key is ({}), and would have to be ({})",
            found_key.join(", "),
            wanted_key.join(", ")
        )));
    }
    if let Some(column) = clustering.iter().find(|f| f.order != "asc") {
        return Err(differs(format!("it is ordered downwards by `{}`", column.name)));
    }
    let mut missing = Vec::new();
    for (number, column) in shape.columns.iter().enumerate() {
        match found.iter().find(|f| f.name == column.name) {
            None => missing.push(number),
            Some(f) if f.kind == "static" => {
                return Err(differs(format!("column `{}` is static", f.name)));
            }
            Some(f) if f.cql != column.cql.name() => {
                let (name, is, wanted) = (&f.name, &f.cql, column.cql.name());
                return Err(differs(format!("column `{name}` is {is}, and would have to be {wanted}")));
            }
            Some(_) => {}
        }
    }
    Ok(missing)
}

/// Whether all tables are as wanted.
///
/// # Errors
/// [`StoreError::Differs`], with what helps.
pub(crate) fn check(shapes: &[&Shape], tables: &Tables) -> Result<(), StoreError> {
    for shape in shapes {
        let differs = |why: &str| StoreError::Differs {
            table: shape.table.clone(),
            why: format!("{why}; `vigie stores migrate` adds it"),
        };
        let found = tables.get(&shape.table).ok_or_else(|| differs("there is no such table"))?;
        if let Some(column) = missing(shape, found)?.first().and_then(|n| shape.columns.get(*n)) {
            return Err(differs(&format!("it has no column `{}`", column.name)));
        }
    }
    Ok(())
}

/// The statements that make the tables as wanted, in order.
///
/// # Errors
/// [`StoreError::Differs`]: a table that no statement here makes right.
pub(crate) fn plan(
    options: &Options,
    shapes: &[&Shape],
    tables: Option<&Tables>,
) -> Result<Vec<String>, StoreError> {
    let mut statements = Vec::new();
    if tables.is_none() {
        statements.push(create_keyspace_cql(options));
    }
    for shape in shapes {
        let Some(found) = tables.and_then(|t| t.get(&shape.table)) else {
            statements.push(shape.create_cql(&options.keyspace));
            continue;
        };
        let columns: Vec<String> = missing(shape, found)?
            .into_iter()
            .filter_map(|number| shape.columns.get(number))
            .map(|c| format!("{} {}", quoted(&c.name), c.cql.name()))
            .collect();
        if !columns.is_empty() {
            let table = format!("{}.{}", quoted(&options.keyspace), quoted(&shape.table));
            statements.push(format!("ALTER TABLE {table} ADD IF NOT EXISTS ({})", columns.join(", ")));
        }
    }
    Ok(statements)
}

fn create_keyspace_cql(options: &Options) -> String {
    let copies = match &options.replication {
        Replication::Everywhere(copies) => format!(", 'replication_factor': {copies}"),
        Replication::Datacentres(map) => map.iter().map(|(name, n)| format!(", '{name}': {n}")).collect(),
    };
    format!(
        "CREATE KEYSPACE IF NOT EXISTS {} WITH replication = {{'class': 'NetworkTopologyStrategy'{copies}}}",
        quoted(&options.keyspace)
    )
}

/// Makes the tables as wanted; gives the statements that it took.
pub(crate) async fn migrate(
    session: &Session,
    options: &Options,
    shapes: &[&Shape],
) -> Result<Vec<String>, StoreError> {
    let found = read(session, &options.keyspace).await?;
    let statements = plan(options, shapes, found.as_ref())?;
    for statement in &statements {
        // The driver waits after each until all nodes have it.
        session.query_unpaged(statement.as_str(), ()).await.map_err(|e| of_statement(&e))?;
    }
    session.await_schema_agreement().await.map_err(|e| failure::of_agreement(&e))?;
    // Another process may have made them, otherwise, at the same time.
    check(shapes, &read(session, &options.keyspace).await?.unwrap_or_default())?;
    Ok(statements)
}

/// Statements of a schema hold names, and no values.
fn of_statement(error: &scylla::errors::ExecutionError) -> StoreError {
    match failure::of_execution(error) {
        StoreError::Failed(_) => StoreError::Failed(error.to_string()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
