//! How a table's rows become documents: each column a field, and fields that are made of columns.

use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use deliver::{StoreError, Table};
use serde_json::{Map, Value, json};

use crate::cells::{self, Parent};
use crate::names;
use crate::options::Options;
use crate::places::{self, Place};
use crate::probe::Server;

/// Columns that say when a row happened, the first that there is.
const TIMES: [&str; 2] = ["timestamp", "window_start"];

/// How a table's rows become documents.
pub(crate) struct Layout {
    pub table: String,
    pub topic: String,
    pub schema: SchemaRef,
    /// The column of ids.
    pub id: usize,
    /// The column of event time; none: the revision's month is the index's.
    pub time: Option<usize>,
    pub places: Vec<Place>,
    pub parents: Vec<Parent>,
    /// Fields by name with their mappings.
    pub fields: Map<String, Value>,
}

impl Layout {
    pub(crate) fn new(table: &Table, options: &Options, server: &Server) -> Result<Self, StoreError> {
        let name = names::table(&table.topic)?;
        let schema = &table.schema;
        let wrong = |why: String| StoreError::Differs { table: name.clone(), why };
        let at = |wanted: &str| schema.fields().iter().position(|field| field.name() == wanted);
        let id = at("id").filter(|i| schema.field(*i).data_type() == &DataType::Utf8);
        let id = id.ok_or_else(|| wrong("its rows have no column `id` of text".into()))?;
        let is_time = |i: &usize| matches!(schema.field(*i).data_type(), DataType::Timestamp(..));
        let time = TIMES.iter().find_map(|name| at(name).filter(is_time));
        let mut fields = Map::new();
        for field in schema.fields() {
            if !names::is_field(field.name()) {
                let why =
                    format!("column `{}` cannot be a field: a letter, then a-z, A-Z, 0-9, _", field.name());
                return Err(wrong(why));
            }
            let mapping = mapping(field.name(), field.data_type(), options, server);
            let mapping = mapping
                .ok_or_else(|| wrong(format!("column `{}` has a type that cannot be kept", field.name())))?;
            fields.insert(field.name().clone(), mapping);
        }
        let (places, parents) = (places::of(schema), cells::parents(schema, &options.cell_parents));
        let made = places.iter().map(|place| (&place.name, json!({"type": "geo_point"})));
        let made = made.chain(parents.iter().map(|parent| (&parent.name, json!({"type": "keyword"}))));
        for (made, mapping) in made {
            if fields.insert(made.clone(), mapping).is_some() {
                return Err(wrong(format!(
                    "column `{made}` has the name of a field that is made: rename it"
                )));
            }
        }
        let (topic, schema) = (table.topic.clone(), schema.clone());
        Ok(Self { table: name, topic, schema, id, time, places, parents, fields })
    }
}

/// The mapping of a column; none: its type cannot be kept.
fn mapping(name: &str, data_type: &DataType, options: &Options, server: &Server) -> Option<Value> {
    Some(match data_type {
        DataType::Boolean => json!({"type": "boolean"}),
        // Asked for by place, not by number; what is aggregated does not need an index.
        DataType::Float64 if places::is_coordinate(name) => json!({"type": "double", "index": false}),
        DataType::Float64 => json!({"type": "double"}),
        DataType::Int64 => json!({"type": "long"}),
        // `date` cuts off microseconds. Decoded times lie within 1970 to 2200, this takes 1970 to 2262.
        DataType::Timestamp(TimeUnit::Microsecond, _) => json!({"type": "date_nanos"}),
        DataType::UInt64 => json!({"type": "keyword"}),
        // Hexadecimal digits, which nobody looks for.
        DataType::Binary => kept_only(),
        DataType::Utf8 if options.shape_columns.iter().any(|shape| shape == name) => {
            if server.has_shapes {
                json!({"type": "geo_shape"})
            } else {
                kept_only()
            }
        }
        DataType::Utf8 if options.text_columns.iter().any(|text| text == name) => text(server),
        DataType::Utf8 => json!({"type": "keyword"}),
        // An array is a field with several values.
        DataType::List(item) if is_listable(item.data_type()) => {
            return mapping(name, item.data_type(), options, server);
        }
        _ => return None,
    })
}

fn kept_only() -> Value {
    json!({"type": "keyword", "index": false, "doc_values": false})
}

/// Whether the encoder writes lists of a type as it writes single values.
fn is_listable(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Boolean
            | DataType::Float64
            | DataType::Int64
            | DataType::Utf8
            | DataType::Timestamp(TimeUnit::Microsecond, _)
    )
}

/// Words by `standard`, and by each language as a field of its own.
fn text(server: &Server) -> Value {
    let mut text = json!({"type": "text", "analyzer": "standard"});
    let field = |analyzer: &String| (analyzer.clone(), json!({"type": "text", "analyzer": analyzer}));
    let fields: Map<String, Value> = server.analyzers.iter().map(field).collect();
    if let (Value::Object(text), false) = (&mut text, fields.is_empty()) {
        text.insert("fields".into(), fields.into());
    }
    text
}
