//! JSON into columns: one pass over the text, driven by a tree of the paths that the map names;
//! what is not in the tree is skipped.

use std::fmt;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::columns::{Column, Number};
use crate::depth::too_deep;
use crate::reject::{
    MAX_EVENT_BYTES, MISSING, NOT_AN_OBJECT, NOT_JSON, NOT_UTF8, TOO_DEEP, TOO_LARGE, TWICE, WRONG_TYPE,
};
use crate::schema::{DecodeMap, Kind, Schema, Source};
use crate::{Error, Reject};

/// A step of a path: a key or the number of an element; then deeper, or a column.
#[derive(Default)]
struct Node {
    kids: Vec<(String, Node)>,
    column: Option<usize>,
}

/// Turns the events of one source into batches of one schema.
pub struct Decoder {
    schema: SchemaRef,
    tree: Node,
    columns: Vec<Column>,
    /// Columns that come from the JSON, not from a constant.
    decoded: Vec<usize>,
    rows: usize,
}

impl Decoder {
    /// A decoder for a source.
    ///
    /// # Errors
    /// [`Error::Map`] if the map names a field that the schema has not, or misses a required one.
    pub fn new(schema: &Schema, map: &DecodeMap) -> Result<Self, Error> {
        let wrong = |field: &str, why| Error::Map { field: field.into(), why };
        let unknown = map.fields.keys().chain(map.constants.keys()).find(|n| schema.field(n).is_none());
        if let Some(name) = unknown {
            return Err(wrong(name, "is not in the schema"));
        }
        let mut tree = Node::default();
        let (mut columns, mut decoded) = (Vec::new(), Vec::new());
        for (index, field) in schema.fields.iter().enumerate() {
            let mut column = Column::new(field.kind, field.required);
            if let Some(constant) = map.constants.get(&field.name) {
                if field.kind != Kind::Utf8 {
                    return Err(wrong(&field.name, "a constant must be of kind utf8"));
                }
                column = column.with_constant(constant);
            } else if let Some(source) = map.fields.get(&field.name) {
                let path = match source {
                    Source::Path(path) => path,
                    Source::Place(place) => {
                        column.time = place.time;
                        column.scale = place.scale;
                        &place.path
                    }
                };
                tree.insert(path, index).map_err(|why| wrong(&field.name, why))?;
                decoded.push(index);
            } else if field.required {
                return Err(wrong(&field.name, "is required, and the source does not decode it"));
            }
            columns.push(column);
        }
        Ok(Self { schema: schema.arrow(), tree, columns, decoded, rows: 0 })
    }

    /// Takes one event: a row, or nothing at all.
    ///
    /// # Errors
    /// The [`Reject`] that says why it is no event.
    pub fn push(&mut self, json: &[u8]) -> Result<(), Reject> {
        if json.len() > MAX_EVENT_BYTES {
            return Err(TOO_LARGE);
        }
        // Checked once, here: the parser takes text as it is.
        let text = simdutf8::basic::from_utf8(json).map_err(|_| NOT_UTF8)?;
        if too_deep(json) {
            return Err(TOO_DEEP);
        }
        for index in &self.decoded {
            if let Some(column) = self.columns.get_mut(*index) {
                column.reset();
            }
        }
        let mut fault = None;
        let mut deserializer = sonic_rs::Deserializer::from_str(text);
        let walk = Walk { node: &self.tree, columns: &mut self.columns, fault: &mut fault, root: true };
        let done = walk.deserialize(&mut deserializer);
        if let Some(fault) = fault {
            return Err(fault);
        }
        if done.is_err() || deserializer.end().is_err() {
            return Err(NOT_JSON);
        }
        if self.columns.iter().any(|c| c.required && !c.valid) {
            return Err(MISSING);
        }
        for index in &self.decoded {
            if let Some(column) = self.columns.get_mut(*index) {
                column.append();
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Rows since the last [`Self::finish`].
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The rows as a batch; the decoder starts over.
    ///
    /// # Errors
    /// [`Error::Arrow`].
    pub fn finish(&mut self) -> Result<RecordBatch, Error> {
        let rows = std::mem::take(&mut self.rows);
        let mut decoded = self.decoded.iter().peekable();
        let mut columns = Vec::with_capacity(self.columns.len());
        for (index, (column, field)) in self.columns.iter_mut().zip(self.schema.fields()).enumerate() {
            let is_decoded = decoded.next_if(|next| **next == index).is_some();
            columns.push(if is_decoded { column.finish() } else { column.filled(field.data_type(), rows) });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }
}

impl Node {
    fn insert(&mut self, path: &str, column: usize) -> Result<(), &'static str> {
        let mut node = self;
        for key in path.split('.') {
            if key.is_empty() {
                return Err("has an empty key in its path");
            }
            if node.column.is_some() {
                return Err("lies inside another field");
            }
            let at = match node.kids.iter().position(|(k, _)| k == key) {
                Some(at) => at,
                None => {
                    node.kids.push((key.into(), Self::default()));
                    node.kids.len() - 1
                }
            };
            node = match node.kids.get_mut(at) {
                Some((_, kid)) => kid,
                None => return Err("has an impossible path"),
            };
        }
        if node.column.is_some() || !node.kids.is_empty() {
            return Err("has the same path as another field, or one that contains it");
        }
        node.column = Some(column);
        Ok(())
    }
}

/// An object, an array or a value at a node of the tree.
struct Walk<'a> {
    node: &'a Node,
    columns: &'a mut [Column],
    /// serde's errors carry texts, which might quote the event; ours is put here.
    fault: &'a mut Option<Reject>,
    root: bool,
}

impl Walk<'_> {
    fn fail<T, E: serde::de::Error>(&mut self, reject: Reject) -> Result<T, E> {
        self.fault.get_or_insert(reject);
        Err(E::custom(reject.reason))
    }

    /// Stages a value, if the node is a column; a value where the map expects an object is as if it
    /// were not there (`geo: null`), but for the event itself.
    fn stage<E: serde::de::Error>(
        mut self,
        stage: impl FnOnce(&mut Column) -> Result<(), Reject>,
    ) -> Result<(), E> {
        if self.root {
            return self.fail(NOT_AN_OBJECT);
        }
        let Some(column) = self.node.column.and_then(|i| self.columns.get_mut(i)) else {
            return self.fail(WRONG_TYPE);
        };
        match stage(column) {
            Ok(()) => Ok(()),
            Err(reject) => self.fail(reject),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of the schema's type")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        if self.node.column.is_some() {
            return self.fail(WRONG_TYPE);
        }
        // Keys mostly come in the order of the last event: the next kid is tried first.
        let (mut hint, mut seen) = (0, 0_u64);
        while let Some(found) = map.next_key_seed(Key { node: self.node, hint })? {
            let Some(at) = found else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            hint = at + 1;
            let bit = 1_u64.checked_shl(at as u32).unwrap_or(0);
            if seen & bit != 0 {
                return self.fail(TWICE);
            }
            seen |= bit;
            let Some((_, node)) = self.node.kids.get(at) else { continue };
            map.next_value_seed(Walk {
                node,
                columns: &mut *self.columns,
                fault: &mut *self.fault,
                root: false,
            })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        if self.root {
            return self.fail(NOT_AN_OBJECT);
        }
        if self.node.column.is_some() {
            return self.fail(WRONG_TYPE);
        }
        for index in 0_usize.. {
            let kid = self.node.kids.iter().find(|(k, _)| k.parse() == Ok(index));
            let more = match kid {
                Some((_, node)) => seq
                    .next_element_seed(Walk {
                        node,
                        columns: &mut *self.columns,
                        fault: &mut *self.fault,
                        root: false,
                    })?
                    .is_some(),
                None => seq.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.stage(|c| c.stage_text(text))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.stage(|c| c.stage_bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<(), E> {
        self.stage(|c| c.stage_number(Number::Signed(n)))
    }

    fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<(), E> {
        self.stage(|c| c.stage_number(Number::Unsigned(n)))
    }

    fn visit_f64<E: serde::de::Error>(self, x: f64) -> Result<(), E> {
        self.stage(|c| c.stage_number(Number::Float(x)))
    }

    fn visit_unit<E: serde::de::Error>(mut self) -> Result<(), E> {
        if self.root { self.fail(NOT_AN_OBJECT) } else { Ok(()) }
    }
}

/// A key of an object: the number of the kid that it names, or none.
struct Key<'a> {
    node: &'a Node,
    hint: usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: serde::Deserializer<'de>>(self, d: D) -> Result<Option<usize>, D::Error> {
        d.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Option<usize>, E> {
        if self.node.kids.get(self.hint).is_some_and(|(k, _)| k == key) {
            return Ok(Some(self.hint));
        }
        Ok(self.node.kids.iter().position(|(k, _)| k == key))
    }
}

#[cfg(test)]
mod tests;
