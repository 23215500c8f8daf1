//! In which folder of the lake a row lies.

use std::collections::BTreeSet;
use std::collections::hash_map::{Entry, HashMap};

use arrow::array::{Array as _, AsArray as _, RecordBatch, StringArray};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit, TimestampMicrosecondType};
use deliver::Reject;

const HOUR_US: i64 = 3_600_000_000;

/// Readers that find columns in paths take this for null.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// A name in a path has at most 255 bytes on most disks.
const MAX_KIND_BYTES: usize = 200;

/// The columns that events are sorted by, in this order of preference.
const TIMES: [&str; 2] = ["timestamp", "window_start"];

/// How a table's rows are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// By the columns of these numbers: `kind=…/date=…/hour=…`; rows without a time by their revision.
    Kinds { kind: usize, time: usize },
    /// By revision: `date=…/hour=…`.
    Revisions,
}

/// Rows that belong together.
#[derive(Debug)]
pub(crate) struct Group {
    pub folder: String,
    /// By number in the batch, in their order.
    pub rows: Vec<u32>,
}

type Key<'a> = (i64, Option<&'a str>);

impl Layout {
    pub(crate) fn of(schema: &SchemaRef) -> Self {
        let at = |name: &str, fits: fn(&DataType) -> bool| {
            let (number, field) = schema.column_with_name(name)?;
            fits(field.data_type()).then_some(number)
        };
        let kind = at("kind", |t| *t == DataType::Utf8);
        let is_time = |t: &DataType| matches!(t, DataType::Timestamp(TimeUnit::Microsecond, _));
        let time = TIMES.iter().find_map(|name| at(name, is_time));
        match kind.zip(time) {
            Some((kind, time)) => Self::Kinds { kind, time },
            None => Self::Revisions,
        }
    }

    /// The rows that no folder can be named for.
    pub(crate) fn rejects(self, rows: &RecordBatch) -> Vec<Reject> {
        let Some(kinds) = self.kinds(rows) else { return Vec::new() };
        // The longest that fits whatever has to be escaped is not even looked at.
        let fits = |kind: &str| kind.len() * 3 <= MAX_KIND_BYTES || escaped(kind).len() <= MAX_KIND_BYTES;
        let row = |(row, kind): (usize, Option<&str>)| (!fits(kind?)).then_some(row);
        let reject = |row| Reject {
            row,
            kind: "kind_too_long".into(),
            message: format!(
                "`kind` is the name of a folder: at most {MAX_KIND_BYTES} bytes, three for most signs"
            ),
        };
        kinds.iter().enumerate().filter_map(row).map(reject).collect()
    }

    fn kinds(self, rows: &RecordBatch) -> Option<&StringArray> {
        let Self::Kinds { kind, .. } = self else { return None };
        rows.columns().get(kind)?.as_string_opt::<i32>()
    }

    /// Groups rows from `from` on by folder, but those left out, up to the first that would make more than `most`
    /// folders beyond the known ones; then comes the number of that row.
    pub(crate) fn split(
        self,
        rows: &RecordBatch,
        revisions_us: &[i64],
        left_out: &BTreeSet<usize>,
        from: usize,
        known: impl Fn(&str) -> bool,
        most: usize,
    ) -> (Vec<Group>, usize) {
        let key = self.keys(rows, revisions_us);
        let (mut groups, mut places): (Vec<Group>, HashMap<Key<'_>, usize>) = Default::default();
        let mut last: Option<(Key<'_>, usize)> = None;
        let mut new = 0;
        for row in from..rows.num_rows() {
            if !left_out.is_empty() && left_out.contains(&row) {
                continue;
            }
            let key = key(row);
            let place = match last {
                // As mostly: then it need not be looked up.
                Some((same, place)) if same == key => place,
                _ => match places.entry(key) {
                    Entry::Occupied(found) => *found.get(),
                    Entry::Vacant(place) => {
                        let folder = folder(self, key);
                        new += usize::from(!known(&folder));
                        if new > most {
                            return (groups, row);
                        }
                        groups.push(Group { folder, rows: Vec::new() });
                        *place.insert(groups.len() - 1)
                    }
                },
            };
            last = Some((key, place));
            if let (Some(group), Ok(row)) = (groups.get_mut(place), u32::try_from(row)) {
                group.rows.push(row);
            }
        }
        (groups, rows.num_rows())
    }

    /// Hour since 1970 and kind of a row.
    fn keys<'a>(self, rows: &'a RecordBatch, revisions_us: &'a [i64]) -> impl Fn(usize) -> Key<'a> {
        let times = match self {
            Self::Kinds { time, .. } => rows.columns().get(time),
            Self::Revisions => None,
        };
        let times = times.and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>());
        let kinds = self.kinds(rows);
        move |row| {
            let time = times.filter(|times| times.is_valid(row)).map(|times| times.value(row));
            let us = time.or_else(|| revisions_us.get(row).copied()).unwrap_or(0);
            let kind = kinds.filter(|kinds| kinds.is_valid(row)).map(|kinds| kinds.value(row));
            (us.div_euclid(HOUR_US), kind)
        }
    }
}

fn folder(layout: Layout, (hour, kind): Key<'_>) -> String {
    let (year, month, day) = date(hour.div_euclid(24));
    let time = format!("date={year:04}-{month:02}-{day:02}/hour={:02}", hour.rem_euclid(24));
    match (layout, kind) {
        (Layout::Revisions, _) => time,
        (Layout::Kinds { .. }, None) => format!("kind={NULL}/{time}"),
        (Layout::Kinds { .. }, Some(kind)) => format!("kind={}/{time}", escaped(kind)),
    }
}

/// As readers of such paths expect it: all but plain signs as `%` and hexadecimal.
fn escaped(kind: &str) -> String {
    let mut text = String::with_capacity(kind.len());
    for byte in kind.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text += &format!("%{byte:02X}");
        }
    }
    text
}

/// Year, month and day of a day since 1970: <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
fn date(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * march_month + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_the_dates_of_the_calendar() {
        for (day, expected) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_513, (2026, 3, 1)),
            (-25_509, (1900, 2, 28)),
            (-25_508, (1900, 3, 1)),
        ] {
            assert_eq!(date(day), expected, "day {day}");
        }
    }

    #[test]
    fn a_kind_cannot_leave_its_folder() {
        let layout = Layout::Kinds { kind: 0, time: 1 };
        assert_eq!(folder(layout, (1, Some("a/../b c"))), "kind=a%2F..%2Fb%20c/date=1970-01-01/hour=01");
        assert_eq!(folder(layout, (-1, None)), format!("kind={NULL}/date=1969-12-31/hour=23"));
    }
}
