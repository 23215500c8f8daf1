//! What goes on: rows with what the plugin wrote, or results of keys.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Int64Array, RecordBatch, StringBuilder, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{Field as ArrowField, Schema as ArrowSchema, SchemaRef};
use event::Kind;
use plugin::Gives;
use state::Groups;

use super::{KeyedStage, WINDOW_END, WINDOW_START, lost, times};
use crate::Error;
use crate::held::Ordered;
use crate::stage::after;

impl KeyedStage {
    /// Rows that go on, in the order in which they came, and those without a key, untouched.
    pub(super) fn rows_out(
        &self,
        ordered: &Ordered,
        keyed: &[u32],
        came: &[u32],
        origins: &[u32],
        columns: Vec<ArrayRef>,
    ) -> Result<RecordBatch, Error> {
        let written = |origin: &u32| came.get(*origin as usize).copied();
        // Each output row: the row it comes from, and its place in the written columns.
        let mut rows: Vec<(u32, Option<u32>)> =
            (0_u32..).zip(origins).filter_map(|(at, o)| Some((written(o)?, Some(at)))).collect();
        let without_key =
            (0..ordered.batch.num_rows() as u32).filter(|row| keyed.binary_search(row).is_err());
        rows.extend(without_key.map(|row| (row, None)));
        rows.sort_by_key(|(row, _)| *row);
        let from: UInt32Array = rows.iter().map(|(row, _)| *row).collect();
        let places: UInt32Array = rows.iter().map(|(_, place)| *place).collect();
        let plan = self.plugin.plan();
        let column = |field: &Arc<ArrowField>| {
            let write = plan.writes.iter().position(|w| w.name == *field.name());
            if let Some(column) = write.and_then(|at| columns.get(at)) {
                return Ok(take(column, &places, None)?);
            }
            let column = ordered.batch.column_by_name(field.name()).ok_or_else(lost)?;
            if let (plugin::Shape::FlatMap, "id", Some(ids)) =
                (plan.shape, field.name().as_str(), column.as_string_opt())
            {
                return Ok(Arc::new(self.identity.of_children(&self.name, ids, from.values())) as ArrayRef);
            }
            Ok(take(column, &from, None)?)
        };
        let columns = self.output.fields().iter().map(column).collect::<Result<Vec<_>, Error>>()?;
        Ok(RecordBatch::try_new(self.output.clone(), columns)?)
    }

    /// How many results each key has.
    pub(super) fn results(&self, keys: usize, origins: &[u32]) -> Vec<i64> {
        let mut results = vec![0; keys];
        if self.plugin.plan().gives == Gives::Keys {
            for key in origins {
                if let Some(results) = results.get_mut(*key as usize) {
                    *results += 1;
                }
            }
        }
        results
    }

    /// Results of keys: id, revision, the key's columns, the window, what the plugin wrote.
    pub(super) fn keys_out(
        &self,
        groups: &Groups,
        keys: &[ArrayRef],
        revisions: &[i64],
        origins: &[u32],
        written: Vec<ArrayRef>,
    ) -> Result<RecordBatch, Error> {
        let origin = UInt32Array::from(origins.to_vec());
        let mut id = String::new();
        let mut ids = StringBuilder::with_capacity(origins.len(), origins.len() * 32);
        for key in origins {
            self.identity.of_key(&self.name, groups.key(*key as usize), &mut id);
            ids.append_value(&id);
        }
        // Those of one key stand together, each newer than the one before.
        let mut nth = 0;
        let mut last = None;
        let revisions: Int64Array = origins
            .iter()
            .map(|key| {
                nth = if last == Some(key) { nth + 1 } else { 0 };
                last = Some(key);
                revisions.get(*key as usize).map(|first| first.saturating_add(nth))
            })
            .collect();
        let mut columns: Vec<ArrayRef> = vec![Arc::new(ids.finish()), Arc::new(revisions)];
        for key in keys {
            columns.push(take(key, &origin, None)?);
        }
        if self.event_time.window_us.is_some() {
            columns.push(take(&times(self.window_ends_us(keys).collect()), &origin, None)?);
        }
        columns.extend(written);
        Ok(RecordBatch::try_new(self.output.clone(), columns)?)
    }
}

/// The columns of the output: the rows' with what is written, or the key's with what is written.
pub(super) fn output_schema(
    input: &SchemaRef,
    key: &[ArrowField],
    plan: &plugin::Plan,
) -> Result<SchemaRef, Error> {
    if plan.gives == Gives::Rows {
        // Rows without a key pass by the plugin, so what it writes may be missing.
        let mut plan = plan.clone();
        plan.writes.iter_mut().for_each(|field| field.required = false);
        return Ok(Arc::new(after(input, &plan)?));
    }
    let mut fields = vec![
        ArrowField::new("id", Kind::Utf8.arrow(), false),
        ArrowField::new("revision_us", Kind::Int64.arrow(), false),
    ];
    fields.extend(key.iter().map(|f| f.clone().with_nullable(false)));
    if key.iter().any(|f| f.name() == WINDOW_START) {
        fields.push(ArrowField::new(WINDOW_END, Kind::Timestamp.arrow(), false));
    }
    let written = event::Schema { fields: plan.writes.clone() }.arrow();
    for field in written.fields() {
        if fields.iter().any(|f| f.name() == field.name()) {
            return Err(Error::File(format!(
                "a plugin writes `{}`, which is the key's or the host's",
                field.name()
            )));
        }
        fields.push(field.as_ref().clone());
    }
    Ok(Arc::new(ArrowSchema::new(fields)))
}
