//! Lines of rows, cut into requests.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use deliver::StoreError;

/// Lines of rows, as they are written.
#[derive(Default)]
pub(crate) struct Rows {
    /// Of the first row: lines for another one name it. Most have one, and the cluster is quicker with a name less.
    index: Arc<str>,
    bytes: Vec<u8>,
    /// Of each row its number among all, and where its lines end.
    ends: Vec<(usize, usize)>,
}

/// Lines of rows that are written: all, or some of them in turn.
#[derive(Clone)]
pub(crate) struct Lines {
    index: Arc<str>,
    bytes: Bytes,
    ends: Arc<[(usize, usize)]>,
    /// Which of them it is.
    places: Range<usize>,
}

impl Rows {
    /// Adds a row, whose lines `write` writes without the last line feed, and with the index where it is given one.
    pub(crate) fn push(
        &mut self,
        row: usize,
        index: &str,
        write: impl FnOnce(&mut Vec<u8>, Option<&str>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.index.is_empty() {
            self.index = index.into();
        }
        write(&mut self.bytes, (*self.index != *index).then_some(index))?;
        self.bytes.push(b'\n');
        self.ends.push((row, self.bytes.len()));
        Ok(())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Takes the first rows where they fill a request of `most` bytes.
    pub(crate) fn take_full(&mut self, most: usize) -> Option<Lines> {
        if self.bytes.len() < most {
            return None;
        }
        let fit = self.ends.partition_point(|(_, end)| *end <= most).max(1);
        let until = self.ends.get(fit - 1)?.1;
        let (bytes, ends) = (self.bytes.split_off(until), self.ends.split_off(fit));
        let mut rest = Self { index: self.index.clone(), bytes, ends };
        rest.ends.iter_mut().for_each(|(_, end)| *end -= until);
        Some(std::mem::replace(self, rest).into_lines())
    }

    pub(crate) fn into_lines(self) -> Lines {
        let Self { index, bytes, ends } = self;
        Lines { index, bytes: bytes.into(), places: 0..ends.len(), ends: ends.into() }
    }
}

impl Lines {
    pub(crate) fn rows(&self) -> usize {
        self.places.len()
    }

    /// The number of one of its rows.
    pub(crate) fn row(&self, row: usize) -> usize {
        self.ends.get(self.places.start + row).map_or(0, |(number, _)| *number)
    }

    /// Of the rows that name no other.
    pub(crate) fn index(&self) -> &str {
        &self.index
    }

    pub(crate) fn body(&self) -> Bytes {
        self.bytes.slice(self.start(self.places.start)..self.start(self.places.end))
    }

    /// Where the lines of the row at a place among all begin.
    fn start(&self, place: usize) -> usize {
        place.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(_, end)| *end)
    }

    /// The next request: as many rows as `most` bytes hold, at least one; none: it has none left.
    pub(crate) fn cut(&mut self, most: usize) -> Option<Self> {
        let ends = self.ends.get(self.places.clone()).filter(|ends| !ends.is_empty())?;
        let from = self.start(self.places.start);
        let fit = ends.partition_point(|(_, end)| end - from <= most).max(1);
        let places = self.places.start..self.places.start + fit;
        self.places.start = places.end;
        Some(Self { places, ..self.clone() })
    }

    /// Some of its rows, to be sent once more.
    pub(crate) fn only(&self, rows: &[usize]) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for row in rows {
            let place = self.places.start + row;
            let lines = self.bytes.get(self.start(place)..self.start(place + 1)).unwrap_or_default();
            bytes.extend_from_slice(lines);
            ends.push((self.row(*row), bytes.len()));
        }
        Rows { index: self.index.clone(), bytes, ends }.into_lines()
    }
}
