//! A plugin's plan in the host's words.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, TimeUnit};

use crate::contract::types;

/// What rows a plugin gives for the rows it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A row for each row.
    OneToOne,
    /// At most a row for each row.
    Filter,
    /// Any number of rows for each row, within the step's limit.
    FlatMap,
}

/// What the written fields of one flow depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Fields read.
    pub reads: Vec<String>,
    /// Fields written from them.
    pub writes: Vec<String>,
}

/// A label that this configuration takes off a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clearing {
    /// The field's name.
    pub field: String,
    /// The label's name.
    pub label: String,
    /// The weaker label that stays in its place.
    pub becomes: Option<String>,
}

/// A reference table that the plugin asks, and the columns that it wants of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The table's name.
    pub table: String,
    /// Its columns.
    pub columns: Vec<String>,
}

/// In which order a stateful plugin wants its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they come: the result does not depend on it.
    Any,
    /// By event time and id: the host holds rows until the watermark has passed them.
    EventTime,
}

/// What the output rows of a stateful plugin keep beside what it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// All columns of the input rows that they come from.
    Rows,
    /// The columns of their key.
    Keys,
}

/// What a configured step reads, writes, clears and may say.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The columns that are handed over, in this order.
    pub reads: Vec<event::Field>,
    /// The columns that are taken back, in this order.
    pub writes: Vec<event::Field>,
    /// Rows out for rows in.
    pub shape: Shape,
    /// Which writes depend on which reads.
    pub flows: Vec<Flow>,
    /// Labels taken off.
    pub clears: Vec<Clearing>,
    /// Texts of rejects, by index.
    pub reasons: Vec<Arc<str>>,
    /// Names of counters, by index.
    pub counters: Vec<String>,
    /// Texts of log lines, by index.
    pub messages: Vec<Arc<str>>,
    /// Reference tables asked.
    pub lookups: Vec<Lookup>,
    /// The fields of a key's state; none in a transform.
    pub state: Vec<event::Field>,
    /// Raised where state of an older version must not be read.
    pub state_version: u32,
    /// In which order rows are wanted.
    pub order: Order,
    /// What output rows keep.
    pub gives: Gives,
}

impl Plan {
    pub(crate) fn from_contract(plan: &types::Plan) -> Self {
        Self {
            reads: plan.reads.iter().map(field).collect(),
            writes: plan.writes.iter().map(field).collect(),
            shape: match plan.shape {
                types::Shape::OneToOne => Shape::OneToOne,
                types::Shape::Filter => Shape::Filter,
                types::Shape::FlatMap => Shape::FlatMap,
            },
            flows: plan
                .flows
                .iter()
                .map(|f| Flow { reads: f.reads.clone(), writes: f.writes.clone() })
                .collect(),
            clears: plan
                .clears
                .iter()
                .map(|c| Clearing {
                    field: c.field.clone(),
                    label: c.label.clone(),
                    becomes: c.becomes.clone(),
                })
                .collect(),
            reasons: plan.reasons.iter().map(|r| Arc::from(r.as_str())).collect(),
            counters: plan.counters.clone(),
            messages: plan.messages.iter().map(|m| Arc::from(m.as_str())).collect(),
            lookups: plan
                .lookups
                .iter()
                .map(|l| Lookup { table: l.table.clone(), columns: l.columns.clone() })
                .collect(),
            state: plan.state.iter().map(field).collect(),
            state_version: plan.state_version,
            order: match plan.order {
                types::Order::Any => Order::Any,
                types::Order::EventTime => Order::EventTime,
            },
            gives: match plan.gives {
                types::Gives::Rows => Gives::Rows,
                types::Gives::Keys => Gives::Keys,
            },
        }
    }
}

fn field(field: &types::FieldResult) -> event::Field {
    event::Field {
        name: field.name.clone(),
        kind: match field.kind {
            types::Kind::Boolean => event::Kind::Boolean,
            types::Kind::Int64 => event::Kind::Int64,
            types::Kind::Uint64 => event::Kind::Uint64,
            types::Kind::Float64 => event::Kind::Float64,
            types::Kind::Timestamp => event::Kind::Timestamp,
            types::Kind::Utf8 => event::Kind::Utf8,
            types::Kind::Binary => event::Kind::Binary,
        },
        required: !field.optional,
        labels: Default::default(),
    }
}

pub(crate) fn contract_kind(field: &ArrowField) -> Option<types::Kind> {
    Some(match field.data_type() {
        DataType::Boolean => types::Kind::Boolean,
        DataType::Int64 => types::Kind::Int64,
        DataType::UInt64 => types::Kind::Uint64,
        DataType::Float64 => types::Kind::Float64,
        DataType::Timestamp(TimeUnit::Microsecond, _) => types::Kind::Timestamp,
        DataType::Utf8 => types::Kind::Utf8,
        DataType::Binary => types::Kind::Binary,
        _ => return None,
    })
}
