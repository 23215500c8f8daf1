//! Watermarks travel in the topics: a stage tells, in every partition of its output, how far each of
//! its input partitions has come. Stores skip these records.

use std::collections::BTreeMap;

use log::Record;

/// What the keys of watermark records begin with; no other key begins with a zero byte.
const MARK: &[u8] = b"\0watermark ";

/// Whether a record is a watermark and no row.
#[must_use]
pub fn is_watermark(record: &Record) -> bool {
    record.key.starts_with(MARK)
}

/// The key and value of a watermark record: event time in microseconds since 1970, UTC.
pub(crate) fn encode(topic: &str, partition: u32, at_us: i64) -> (Vec<u8>, Vec<u8>) {
    ([MARK, format!("{topic}/{partition}").as_bytes()].concat(), at_us.to_string().into_bytes())
}

/// Where a watermark comes from, and its time; none: the record is a row.
pub(crate) fn decode(record: &Record) -> Option<(&[u8], i64)> {
    let of = record.key.strip_prefix(MARK)?;
    Some((of, std::str::from_utf8(&record.value).ok()?.parse().ok()?))
}

/// How far the partitions before a stage have come.
#[derive(Debug)]
pub(crate) struct Watermarks {
    /// Each that is expected; none: it has said nothing yet.
    of: BTreeMap<Vec<u8>, Option<i64>>,
}

impl Watermarks {
    /// `expected`: the partitions that the stage before this one reads.
    pub(crate) fn new(expected: &[(String, u32)]) -> Self {
        Self { of: expected.iter().map(|(t, p)| (format!("{t}/{p}").into_bytes(), None)).collect() }
    }

    /// Takes a watermark; true if it rose.
    pub(crate) fn raise(&mut self, of: &[u8], at_us: i64) -> bool {
        let slot = self.of.entry(of.into()).or_default();
        let rises = slot.is_none_or(|before| before < at_us);
        if rises {
            *slot = Some(at_us);
        }
        rises
    }

    /// Their minimum; none as long as one has said nothing.
    pub(crate) fn now_us(&self) -> Option<i64> {
        self.of.values().copied().min().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_partition_decides_and_time_never_goes_back() {
        let mut marks = Watermarks::new(&[("raw.a".into(), 0), ("raw.a".into(), 1)]);
        assert!(marks.raise(b"raw.a/0", 50));
        assert_eq!(marks.now_us(), None);
        assert!(marks.raise(b"raw.a/1", 30));
        assert_eq!(marks.now_us(), Some(30));
        assert!(!marks.raise(b"raw.a/1", 20));
        assert_eq!(marks.now_us(), Some(30));
    }

    #[test]
    fn a_watermark_record_is_read_back() {
        let (key, value) = encode("raw.a", 3, -7);
        let record = Record { offset: 0, timestamp_us: 0, key, value };
        assert!(is_watermark(&record));
        assert_eq!(decode(&record), Some((b"raw.a/3".as_slice(), -7)));
    }
}
