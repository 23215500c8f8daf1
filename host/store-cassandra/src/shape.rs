//! A table as it is wanted, and the statements that make and fill it.

use std::collections::BTreeSet;

use arrow::datatypes::{DataType, Schema};
use deliver::{StoreError, Table};

use crate::options::Options;
use crate::values::{Cql, Scalar};
use crate::views::{self, Bucket, Only, View};

/// Cassandra's own limit for names of tables.
const MOST_NAME: usize = 48;
/// No name of a field is as long.
const MOST_COLUMN_NAME: usize = 256;
/// How many compaction windows a life has; Cassandra advises 20 to 30.
const WINDOWS: u32 = 30;

/// Where a column's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The topic's column of this number.
    Field(usize),
    /// The bucket's start.
    Bucket(Bucket),
    /// The µs of the time column of this number, which a CQL timestamp has not.
    Exact(usize),
    /// The program itself: cursors and marker.
    Own,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub name: String,
    pub cql: Cql,
    pub source: Source,
}

/// A table: first the columns of the partition key, then those that order a partition, then the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub table: String,
    pub columns: Vec<Column>,
    pub partition: usize,
    pub clustering: usize,
    /// The number of the topic's column with the row's own time.
    pub time: usize,
    pub days: Option<u32>,
    /// The number of a topic's column, and which texts there are taken.
    pub only: Option<(usize, BTreeSet<String>)>,
    pub revised: bool,
}

/// `name` in double quotes, so that no name is a word of CQL.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Shape {
    /// A table of the store's own.
    pub(crate) fn own(table: &str, columns: &[(&str, Scalar)], partition: usize) -> Self {
        let column = |(name, scalar): &(&str, Scalar)| Column {
            name: (*name).into(),
            cql: Cql::One(*scalar),
            source: Source::Own,
        };
        Self {
            table: table.into(),
            columns: columns.iter().map(column).collect(),
            partition,
            clustering: 0,
            time: 0,
            days: None,
            only: None,
            revised: false,
        }
    }

    /// The columns of the key.
    pub(crate) fn key(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().take(self.partition + self.clustering)
    }

    /// `CREATE TABLE`.
    pub(crate) fn create_cql(&self, keyspace: &str) -> String {
        let columns = self.columns.iter().map(|c| format!("{} {}, ", quoted(&c.name), c.cql.name()));
        let names: Vec<String> = self.key().map(|c| quoted(&c.name)).collect();
        let (partition, clustering) = names.split_at(self.partition.min(names.len()));
        let mut key = vec![format!("({})", partition.join(", "))];
        key.extend(clustering.iter().cloned());
        format!(
            "CREATE TABLE IF NOT EXISTS {}.{} ({}PRIMARY KEY ({})){}",
            quoted(keyspace),
            quoted(&self.table),
            columns.collect::<String>(),
            key.join(", "),
            self.compaction_cql()
        )
    }

    /// Rows that die in the order of their time are dropped file by file; without a life there is nothing to drop.
    fn compaction_cql(&self) -> String {
        let Some(days) = self.days else { return String::new() };
        let hours = (days * 24).div_ceil(WINDOWS);
        let (unit, size) = if hours < 24 { ("HOURS", hours) } else { ("DAYS", hours.div_ceil(24)) };
        format!(
            " WITH compaction = {{'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': '{unit}', \
             'compaction_window_size': '{size}'}}"
        )
    }

    /// `INSERT`: a mark for each column, then the revision, then the TTL where rows have a life.
    pub(crate) fn insert_cql(&self, keyspace: &str) -> String {
        let names: Vec<String> = self.columns.iter().map(|c| quoted(&c.name)).collect();
        let ttl = if self.days.is_some() { " AND TTL ?" } else { "" };
        format!(
            "INSERT INTO {}.{} ({}) VALUES ({}) USING TIMESTAMP ?{ttl}",
            quoted(keyspace),
            quoted(&self.table),
            names.join(", "),
            vec!["?"; names.len()].join(", ")
        )
    }
}

/// All tables of a topic: its views, and last the one that takes what they don't.
///
/// # Errors
/// [`StoreError::Differs`]: a view names what the topic has not.
pub(crate) fn tables(options: &Options, topic: &Table) -> Result<Vec<Shape>, StoreError> {
    let said = options.views.iter().find(|(name, _)| {
        topic.topic == **name || topic.topic.strip_suffix(name.as_str()).is_some_and(|t| t.ends_with('.'))
    });
    let mut views = match said {
        Some((_, views)) => views.clone(),
        None => views::found_in(&topic.schema, &options.days),
    };
    views.push(views::rest(&topic.schema, &options.days));
    views.iter().map(|view| shape(&topic.topic, &topic.schema, view)).collect()
}

fn shape(topic: &str, schema: &Schema, view: &View) -> Result<Shape, StoreError> {
    let table = table_name(topic, &view.table);
    let wrong = |why: String| StoreError::Differs { table: table.clone(), why };
    let at = |name: &str| {
        schema
            .column_with_name(name)
            .map(|(i, _)| i)
            .ok_or_else(|| wrong(format!("{topic} has no column `{name}`")))
    };
    let mut columns = Vec::new();
    let push = |columns: &mut Vec<Column>, name: &str| {
        let index = at(name)?;
        if !columns.iter().any(|c: &Column| c.source == Source::Field(index)) {
            columns.push(column(schema, index).map_err(&wrong)?);
        }
        Ok::<_, StoreError>(())
    };
    if view.by.is_empty() {
        return Err(wrong("its view has no `by`: all rows would be one partition".into()));
    }
    view.by.iter().try_for_each(|name| push(&mut columns, name))?;
    let time = at(&view.time)?;
    if let Some(bucket) = view.bucket {
        let scalar = if bucket == Bucket::Hour { Scalar::Timestamp } else { Scalar::Date };
        let name = bucket.column().to_owned();
        columns.push(Column { name, cql: Cql::One(scalar), source: Source::Bucket(bucket) });
    }
    let partition = columns.len();
    view.then.iter().try_for_each(|name| push(&mut columns, name))?;
    push(&mut columns, "id")?;
    let clustering = columns.len() - partition;
    schema.fields().iter().try_for_each(|field| push(&mut columns, field.name()))?;
    let data_type = schema.fields().get(time).map(|f| f.data_type());
    if !matches!(data_type, Some(DataType::Timestamp(..) | DataType::Int64)) {
        return Err(wrong(format!("its time `{}` is neither a timestamp nor int64 in µs", view.time)));
    }
    let exact = format!("{}_us", view.time);
    if matches!(data_type, Some(DataType::Timestamp(..))) && schema.column_with_name(&exact).is_none() {
        columns.push(Column { name: exact, cql: Cql::One(Scalar::Bigint), source: Source::Exact(time) });
    }
    check_names(&columns).map_err(&wrong)?;
    let only = view.only.as_ref().map(|only| taken(schema, only)).transpose().map_err(&wrong)?;
    let View { days, revised, .. } = *view;
    Ok(Shape { table, columns, partition, clustering, time, days, only, revised })
}

fn column(schema: &Schema, index: usize) -> Result<Column, String> {
    let field = schema.fields().get(index).ok_or("a column is missing")?;
    let cql = Cql::of_arrow(field.data_type())
        .ok_or_else(|| format!("column `{}` has a type that cannot be stored", field.name()))?;
    Ok(Column { name: field.name().clone(), cql, source: Source::Field(index) })
}

fn taken(schema: &Schema, only: &Only) -> Result<(usize, BTreeSet<String>), String> {
    match schema.column_with_name(&only.column) {
        Some((index, field)) if *field.data_type() == DataType::Utf8 => {
            Ok((index, only.one_of.iter().cloned().collect()))
        }
        _ => Err(format!("`only`: there is no column `{}` of texts", only.column)),
    }
}

fn check_names(columns: &[Column]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for Column { name, .. } in columns {
        if name.is_empty() || name.len() > MOST_COLUMN_NAME || name.chars().any(char::is_control) {
            return Err("a column has a name that cannot be".into());
        }
        // As the bucket's, where the topic has a column `day`.
        if !seen.insert(name) {
            return Err(format!("two columns are called `{name}`, one of them the store's own"));
        }
    }
    Ok(())
}

/// A topic and what its table is for, as a name that CQL takes; too long ones are cut, with a hash.
fn table_name(topic: &str, suffix: &str) -> String {
    let full = format!("{topic}_{suffix}").to_ascii_lowercase();
    let mut name: String = full.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name.insert_str(0, "t_");
    }
    if name.len() > MOST_NAME {
        let hash = format!("_{:016x}", fnv_1a(full.as_bytes()));
        name.truncate(MOST_NAME - hash.len());
        name.push_str(&hash);
    }
    name
}

/// FNV-1a, 64 bits: <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
