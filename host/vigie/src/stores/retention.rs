//! Whether the log keeps raw records until an archive has them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use deliver::{Delivery, Store as _};
use log::{Log as _, Most};
use log_kafka::{KafkaLog, Retention};

use super::file::{AnyStore, StoreEntry};

/// Of a record's time in the log: an archive must have it before half of that is over, so that who keeps the archive has
/// the other half to mend it.
const SHARE: u32 = 2;

/// Looks whether each raw topic keeps its records for twice as long as the archive is behind, and holds them until it
/// commits. An archive that does not answer is asked once: then only the latter is known. A topic that keeps so many bytes is
/// refused: nobody can say how soon it deletes something.
///
/// # Errors
/// VG0046; and where the log does not answer.
pub fn check(
    log: &KafkaLog,
    name: &str,
    entry: &StoreEntry,
    delivery: &mut Delivery<AnyStore>,
) -> Result<()> {
    let Some(lake) = entry.lake() else { return Ok(()) };
    let mut expiring = Vec::new();
    for feed in delivery.feeds() {
        let Retention { age, bytes } = log.retention(feed.topic())?;
        if let Some(bytes) = bytes {
            bail!(
                "VG0046: {} keeps {bytes} bytes of each partition, so records could be deleted before the archive `{name}` has \
                 them; set the topic's retention.bytes to -1, and bound it by retention.ms",
                feed.topic()
            );
        }
        let Some(kept) = age else { continue };
        refuse(name, feed.topic(), kept, Duration::from_secs(lake.max_file_age_s))?;
        expiring.extend((0..feed.partitions()).map(|partition| (feed.topic().to_owned(), partition, kept)));
    }
    if expiring.is_empty() || delivery.open().is_err() {
        return Ok(());
    }
    for (topic, partition, kept) in expiring {
        let Ok(cursor) = delivery.store().cursor(&topic, partition) else { return Ok(()) };
        if let Some(behind) = behind(log, &topic, partition, cursor)? {
            refuse(name, &topic, kept, behind)?;
        }
    }
    Ok(())
}

/// The age of the record that is archived next, as the log counts it.
fn behind(log: &KafkaLog, topic: &str, partition: u32, cursor: Option<u64>) -> Result<Option<Duration>> {
    let start = log.start_offset(topic, partition)?;
    let next = cursor.map_or(start, |cursor| cursor.max(start));
    let most = Most { records: 1, ..Most::ALL };
    let Some(record) = log.read(topic, partition, next, most)?.into_iter().next() else { return Ok(None) };
    let at = UNIX_EPOCH + Duration::from_micros(u64::try_from(record.timestamp_us).unwrap_or(0));
    Ok(SystemTime::now().duration_since(at).ok())
}

fn refuse(name: &str, topic: &str, kept: Duration, behind: Duration) -> Result<()> {
    if behind.saturating_mul(SHARE) <= kept {
        return Ok(());
    }
    let [kept, behind] =
        [kept, behind].map(|time| humantime::format_duration(Duration::from_secs(time.as_secs())));
    bail!(
        "VG0046: {topic} keeps its records for {kept}, and the archive `{name}` is up to {behind} behind: records could \
         be deleted before it has them; raise the topic's retention.ms"
    )
}
