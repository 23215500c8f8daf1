//! Closed windows whose state is kept, as events that are not late for them may still come.

use std::collections::BTreeSet;

use arrow::array::{ArrayRef, AsArray as _};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::row::{RowConverter, SortField};
use state::{Groups, Shape, Table};

use crate::Error;

/// The keys of closed windows by the windows' ends. In the table it is the missing timer by which they
/// are known, so this is found again after a restore.
pub(crate) struct Closed {
    keys: RowConverter,
    ends: BTreeSet<(i64, Box<[u8]>)>,
}

impl Closed {
    pub(crate) fn new(shape: &Shape) -> Result<Self, Error> {
        let fields = shape.key.fields().iter().map(|f| SortField::new(f.data_type().clone())).collect();
        Ok(Self { keys: RowConverter::new(fields)?, ends: BTreeSet::new() })
    }

    /// Finds the closed windows of a table that was restored; windows have this size.
    pub(crate) fn restore(&mut self, table: &Table, size_us: i64) -> Result<(), Error> {
        let all = table.all();
        let kept = table.kept(&all);
        let starts = table.key_columns(&all)?.pop();
        let Some(starts) = starts.as_ref().and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>())
        else {
            return Ok(());
        };
        for (key, row) in table.fields().rows(&kept).enumerate() {
            if row.timer_us().is_none() {
                self.ends.insert((starts.value(key) + size_us, all.key(key).into()));
            }
        }
        Ok(())
    }

    /// Takes windows that have closed and end at a time.
    pub(crate) fn add(&mut self, end_us: i64, windows: &Groups) {
        self.ends.extend((0..windows.keys()).map(|key| (end_us, windows.key(key).into())));
    }

    /// Gives up those that end first, if that is not after a time: the columns of their keys.
    pub(crate) fn pop(&mut self, until_us: i64) -> Result<Option<Vec<ArrayRef>>, Error> {
        let Some(end_us) = self.ends.first().map(|(end, _)| *end).filter(|end| *end <= until_us) else {
            return Ok(None);
        };
        let later = self.ends.split_off(&(end_us + 1, Box::default()));
        let over = std::mem::replace(&mut self.ends, later);
        let parser = self.keys.parser();
        Ok(Some(self.keys.convert_rows(over.iter().map(|(_, key)| parser.parse(key)))?))
    }
}
