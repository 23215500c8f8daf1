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

/// How far a partition has come: event times in microseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// How far time has come by it; none: it is idle, and time goes on without it.
    pub(crate) at_us: Option<i64>,
    /// What no event of it that isn't late can be before; none: it has had no event.
    pub(crate) floor_us: Option<i64>,
}

impl Mark {
    pub(crate) fn busy(at_us: i64) -> Self {
        Self { at_us: Some(at_us), floor_us: Some(at_us) }
    }

    pub(crate) fn idle(self) -> Self {
        Self { at_us: None, ..self }
    }

    pub(crate) fn is_idle(self) -> bool {
        self.at_us.is_none()
    }

    /// As records, state and positions have it: both times, `-` for none; once where they are the same.
    pub(crate) fn to_text(self) -> String {
        let text = |time: Option<i64>| time.map_or("-".into(), |us| us.to_string());
        let (at, floor) = (text(self.at_us), text(self.floor_us));
        if self.at_us.is_some() && at == floor { at } else { format!("{at} {floor}") }
    }

    pub(crate) fn to_bytes(self) -> Vec<u8> {
        self.to_text().into_bytes()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let time = |text: &str| if text == "-" { Some(None) } else { text.parse().ok().map(Some) };
        match text.split_once(' ') {
            Some((at, floor)) => Some(Self { at_us: time(at)?, floor_us: time(floor)? }),
            None => text.parse().ok().map(Self::busy),
        }
    }
}

/// The key and value of a watermark record.
pub(crate) fn encode(topic: &str, partition: u32, mark: Mark) -> (Vec<u8>, Vec<u8>) {
    ([MARK, format!("{topic}/{partition}").as_bytes()].concat(), mark.to_bytes())
}

/// Where a watermark comes from, and what it says; none: the record is a row.
pub(crate) fn decode(record: &Record) -> Option<(&[u8], Mark)> {
    Some((record.key.strip_prefix(MARK)?, Mark::from_bytes(&record.value)?))
}

/// How far the partitions before a stage have come.
#[derive(Debug)]
pub(crate) struct Watermarks {
    /// Each that is expected; none: it has said nothing yet.
    of: BTreeMap<Vec<u8>, Option<Mark>>,
}

impl Watermarks {
    /// `expected`: the partitions that the stage before this one reads.
    pub(crate) fn new(expected: &[(String, u32)]) -> Self {
        Self { of: expected.iter().map(|(t, p)| (format!("{t}/{p}").into_bytes(), None)).collect() }
    }

    /// Those that have said something.
    pub(crate) fn known(&self) -> impl Iterator<Item = (&[u8], Mark)> {
        self.of.iter().filter_map(|(of, mark)| Some((of.as_slice(), (*mark)?)))
    }

    /// Takes a watermark; gives what is known of the partition now, if that has changed. A floor only rises.
    pub(crate) fn take(&mut self, of: &[u8], mark: Mark) -> Option<Mark> {
        let slot = self.of.entry(of.into()).or_default();
        let floor_us = mark.floor_us.max(slot.and_then(|before| before.floor_us));
        let mark = Mark { floor_us, ..mark };
        (slot.replace(mark) != Some(mark)).then_some(mark)
    }

    /// The slowest of those that aren't idle. Where all are, everything there is has been read, and the
    /// one that has come furthest decides, so that it does not matter in which order they fell idle.
    /// None as long as one has said nothing.
    pub(crate) fn now_us(&self) -> Option<i64> {
        let marks: Vec<Mark> = self.of.values().copied().collect::<Option<_>>()?;
        let slowest = marks.iter().filter_map(|mark| mark.at_us).min();
        slowest.or_else(|| marks.iter().filter_map(|mark| mark.floor_us).max())
    }

    /// What no event that isn't late can be before, idle ones counted; none as long as one has had none.
    pub(crate) fn floor_us(&self) -> Option<i64> {
        self.of.values().map(|mark| mark.and_then(|mark| mark.floor_us)).min().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &[u8] = b"raw.a/0";
    const B: &[u8] = b"raw.a/1";

    fn two() -> Watermarks {
        Watermarks::new(&[("raw.a".into(), 0), ("raw.a".into(), 1)])
    }

    #[test]
    fn the_slowest_partition_decides() {
        let mut marks = two();
        assert!(marks.take(A, Mark::busy(50)).is_some());
        assert_eq!((marks.now_us(), marks.floor_us()), (None, None));
        assert!(marks.take(B, Mark::busy(30)).is_some());
        assert_eq!((marks.now_us(), marks.floor_us()), (Some(30), Some(30)));
        assert!(marks.take(B, Mark::busy(30)).is_none(), "nothing new");
    }

    #[test]
    fn an_idle_partition_holds_the_floor_and_not_the_time() {
        let mut marks = two();
        marks.take(A, Mark::busy(50));
        marks.take(B, Mark::busy(30));
        marks.take(B, Mark::busy(30).idle());
        assert_eq!((marks.now_us(), marks.floor_us()), (Some(50), Some(30)));
        // One without any event is left out too, and everything may still come from it.
        marks.take(B, Mark::default());
        assert_eq!((marks.now_us(), marks.floor_us()), (Some(50), Some(30)), "a floor never falls");
        let mut marks = two();
        marks.take(A, Mark::busy(50));
        marks.take(B, Mark::default());
        assert_eq!((marks.now_us(), marks.floor_us()), (Some(50), None));
    }

    #[test]
    fn in_which_order_they_fell_idle_does_not_matter() {
        for order in [[A, B], [B, A]] {
            let mut marks = two();
            marks.take(A, Mark::busy(50));
            marks.take(B, Mark::busy(30));
            for of in order {
                let known = if of == A { Mark::busy(50) } else { Mark::busy(30) };
                marks.take(of, known.idle());
            }
            assert_eq!((marks.now_us(), marks.floor_us()), (Some(50), Some(30)));
        }
    }

    #[test]
    fn a_watermark_record_is_read_back() {
        let [some, other] = [Some(-7), Some(9)];
        for (at_us, floor_us) in [(some, some), (other, some), (some, None), (None, some), (None, None)] {
            let mark = Mark { at_us, floor_us };
            let (key, value) = encode("raw.a", 3, mark);
            let record = Record { offset: 0, timestamp_us: 0, key: key.into(), value: value.into() };
            assert!(is_watermark(&record));
            assert_eq!(decode(&record), Some((b"raw.a/3".as_slice(), mark)));
        }
        assert_eq!(Mark::busy(-7).to_bytes(), b"-7", "one that is busy says it once");
    }
}
