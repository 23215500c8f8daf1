//! Feeds the embedded store from the derived topics, by cursors that the store keeps with its rows.

use anyhow::{Context as _, Result};
use arrow::array::AsArray as _;
use arrow::datatypes::{DataType, Int64Type, Schema as ArrowSchema};
use event::{DecodeMap, Decoder, Kind};
use log::Log;
use pipeline::{DEAD_LETTERS, Pipeline, Stage, dead_letter_schema};
use store_embedded::{Cursor, EmbeddedStore};

/// A derived topic and its table.
struct Feed {
    topic: String,
    table: &'static str,
    partitions: u32,
    decoder: Decoder,
}

/// All feeds of one store.
pub struct Delivery {
    store: EmbeddedStore,
    feeds: Vec<Feed>,
    /// Rows since the start.
    pub delivered: u64,
}

impl Delivery {
    pub fn open(mut store: EmbeddedStore, pipeline: &Pipeline, stage: &Stage) -> Result<Self> {
        let events = fields(stage.output())?;
        let feeds = [
            (pipeline.events.topic.as_str(), "events", pipeline.events.partitions, events),
            (DEAD_LETTERS, "dead_letters", 1, dead_letter_schema()),
        ]
        .into_iter()
        .map(|(topic, table, partitions, schema)| {
            store.ensure_table(table, &schema.arrow(), &["id"])?;
            let decoder = Decoder::new(&schema, &as_written(&schema)?)?;
            Ok(Feed { topic: topic.into(), table, partitions, decoder })
        })
        .collect::<Result<_>>()?;
        Ok(Self { store, feeds, delivered: 0 })
    }

    /// Moves each cursor on by at most a batch; false where every cursor is at its end.
    pub fn deliver(&mut self, log: &impl Log, records: usize, bytes: usize) -> Result<bool> {
        let mut busy = false;
        for feed in &mut self.feeds {
            for partition in 0..feed.partitions {
                let from = self.store.cursor(&feed.topic, partition)?.unwrap_or(0);
                let batch = log.read(&feed.topic, partition, from, records, bytes)?;
                let Some(last) = batch.last() else { continue };
                let next_offset = last.offset + 1;
                for record in &batch {
                    feed.decoder.push(&record.value).map_err(|reject| {
                        let at = record.offset;
                        anyhow::anyhow!(
                            "VG0008: {} {partition}:{at} cannot be read back: {reject}",
                            feed.topic
                        )
                    })?;
                }
                let rows = feed.decoder.finish()?;
                let revisions = rows
                    .column_by_name("revision_us")
                    .and_then(|c| c.as_primitive_opt::<Int64Type>())
                    .context("VG0008: a derived topic without revisions")?;
                let cursor = Cursor { topic: feed.topic.clone(), partition, next_offset };
                self.store.upsert(feed.table, &rows, revisions.values(), &cursor)?;
                self.delivered += rows.num_rows() as u64;
                busy = true;
            }
        }
        Ok(busy)
    }
}

/// The map that reads back what the encoder wrote.
fn as_written(schema: &event::Schema) -> Result<DecodeMap> {
    let fields: serde_json::Map<String, serde_json::Value> =
        schema.fields.iter().map(|f| (f.name.clone(), f.name.clone().into())).collect();
    Ok(serde_json::from_value(serde_json::json!({ "fields": fields }))?)
}

fn fields(schema: &ArrowSchema) -> Result<event::Schema> {
    let fields = schema
        .fields()
        .iter()
        .map(|field| {
            let kind = match field.data_type() {
                DataType::Boolean => Kind::Boolean,
                DataType::Int64 => Kind::Int64,
                DataType::UInt64 => Kind::Uint64,
                DataType::Float64 => Kind::Float64,
                DataType::Timestamp(..) => Kind::Timestamp,
                DataType::Utf8 => Kind::Utf8,
                DataType::Binary => Kind::Binary,
                other => anyhow::bail!("VG0008: a column of the unknown type {other}"),
            };
            let labels = Default::default();
            Ok(event::Field { name: field.name().clone(), kind, required: !field.is_nullable(), labels })
        })
        .collect::<Result<_>>()?;
    Ok(event::Schema { fields })
}
