//! Months of UTC.

use time::{Date, Month, OffsetDateTime};

/// A month, and the times that lie in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// As `2026.11`.
    pub name: String,
    /// µs since 1970 of its first moment, and of the next month's.
    from_us: i64,
    until_us: i64,
}

impl Span {
    /// The month of a time in µs since 1970; none before the year 1 and after 9998.
    pub(crate) fn of(at_us: i64) -> Option<Self> {
        let at = OffsetDateTime::from_unix_timestamp(at_us.div_euclid(1_000_000)).ok()?;
        let (year, month) = (at.year(), at.month());
        let next = if month == Month::December { year + 1 } else { year };
        if year < 1 {
            return None;
        }
        let name = format!("{year:04}.{:02}", u8::from(month));
        Some(Self { name, from_us: start_us(year, month)?, until_us: start_us(next, month.next())? })
    }

    pub(crate) fn has(&self, at_us: i64) -> bool {
        (self.from_us..self.until_us).contains(&at_us)
    }
}

fn start_us(year: i32, month: Month) -> Option<i64> {
    let day = Date::from_calendar_date(year, month, 1).ok()?;
    day.midnight().assume_utc().unix_timestamp().checked_mul(1_000_000)
}
