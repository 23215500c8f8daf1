//! Lines of rows, cut into requests.

use bytes::Bytes;
use deliver::StoreError;

/// The lines of rows.
#[derive(Default)]
pub(crate) struct Rows {
    bytes: Vec<u8>,
    /// Of each row its number in the batch, and where its lines end.
    rows: Vec<(usize, usize)>,
}

/// Rows that wait to be sent.
pub(crate) struct Waiting {
    bytes: Bytes,
    rows: Vec<(usize, usize)>,
    /// The first row that was not sent.
    next: usize,
}

/// A request.
pub(crate) struct Bulk {
    pub body: Bytes,
    /// Of each row its place among the waiting.
    pub rows: std::ops::Range<usize>,
}

impl Rows {
    /// Adds a row, whose lines `write` writes without the last line feed.
    pub(crate) fn push(
        &mut self,
        row: usize,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        write(&mut self.bytes)?;
        self.bytes.push(b'\n');
        self.rows.push((row, self.bytes.len()));
        Ok(())
    }

    pub(crate) fn into_waiting(self) -> Waiting {
        Waiting { bytes: self.bytes.into(), rows: self.rows, next: 0 }
    }
}

impl Waiting {
    /// One behind the last row's place.
    pub(crate) fn end(&self) -> usize {
        self.rows.len()
    }

    /// The number in its batch of the row at a place.
    pub(crate) fn row(&self, place: usize) -> usize {
        self.rows.get(place).map_or(0, |(row, _)| *row)
    }

    fn start(&self, place: usize) -> usize {
        place.checked_sub(1).and_then(|before| self.rows.get(before)).map_or(0, |(_, end)| *end)
    }

    /// The next request: as many rows as `most` bytes hold, at least one; none: nothing waits.
    pub(crate) fn cut(&mut self, most: usize) -> Option<Bulk> {
        let rows = self.rows.get(self.next..).filter(|rows| !rows.is_empty())?;
        let from = self.start(self.next);
        let fit = rows.partition_point(|(_, end)| end - from <= most).max(1);
        let until = self.start(self.next + fit);
        let rows = self.next..self.next + fit;
        self.next = rows.end;
        Some(Bulk { body: self.bytes.slice(from..until), rows })
    }

    /// A request's rows wait again, as do all behind it.
    pub(crate) fn again(&mut self, bulk: &Bulk) {
        self.next = bulk.rows.start;
    }

    /// The rows at these places, to be sent once more.
    pub(crate) fn only(&self, places: &[usize]) -> Self {
        let mut rows = Rows::default();
        for place in places {
            let lines = self.bytes.get(self.start(*place)..self.start(place + 1)).unwrap_or_default();
            rows.bytes.extend_from_slice(lines);
            rows.rows.push((self.row(*place), rows.bytes.len()));
        }
        rows.into_waiting()
    }
}
