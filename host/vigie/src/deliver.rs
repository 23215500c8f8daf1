//! Feeds the embedded store from the derived topics, by cursors that the store keeps with its rows.

use anyhow::{Context as _, Result};
use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use event::{DecodeMap, Decoder, Schema};
use log::Log;
use pipeline::{DEAD_LETTERS, Pipeline, Running, dead_letter_schema, is_watermark};
use store_embedded::{Cursor, EmbeddedStore};

/// A derived topic and its table.
struct Feed {
    topic: String,
    table: String,
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
    pub fn open(mut store: EmbeddedStore, pipeline: &Pipeline, running: &Running) -> Result<Self> {
        let mut topics = vec![
            (
                pipeline.events.topic.clone(),
                pipeline.events.partitions,
                Schema::of_arrow(running.first.output()),
            ),
            (DEAD_LETTERS.to_owned(), 1, dead_letter_schema()),
        ];
        for (stage, then) in running.then.iter().zip(&pipeline.then) {
            let schema = Schema::of_arrow(stage.output());
            topics.push((then.output.topic.clone(), then.output.partitions, schema));
        }
        let feed = |(topic, partitions, schema): (String, u32, Schema)| {
            let table = topic.replace(['-', '.'], "_");
            store.ensure_table(&table, &schema.arrow(), &["id"])?;
            let decoder = Decoder::new(&schema, &DecodeMap::as_written(&schema))?;
            Ok(Feed { topic, table, partitions, decoder })
        };
        let feeds = topics.into_iter().map(feed).collect::<Result<_>>()?;
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
                for record in batch.iter().filter(|record| !is_watermark(record)) {
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
                self.store.upsert(&feed.table, &rows, revisions.values(), &cursor)?;
                self.delivered += rows.num_rows() as u64;
                busy = true;
            }
        }
        Ok(busy)
    }
}
