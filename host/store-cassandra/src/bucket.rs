//! Which partition a time belongs to, and how long a row has yet to live.

use crate::views::Bucket;

const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;
/// 1970-01-01 as a Julian day, by which `time` counts.
const JULIAN_1970: i64 = 2_440_588;
/// Cassandra takes no longer TTL, in seconds: 20 years.
pub(crate) const MOST_TTL_S: i64 = 630_720_000;

/// The start of a bucket as CQL has it: `date` in days, `timestamp` in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Date(u32),
    Millis(i64),
}

impl Bucket {
    /// The bucket that holds a time in µs since 1970; none: a year that no calendar here has.
    pub(crate) fn start(self, time_us: i64) -> Option<Start> {
        let days = time_us.div_euclid(DAY_US);
        match self {
            Self::Hour => Some(Start::Millis(time_us.div_euclid(HOUR_US) * (HOUR_US / 1_000))),
            Self::Day => date(days),
            Self::Month => {
                let day = time::Date::from_julian_day(i32::try_from(days + JULIAN_1970).ok()?).ok()?;
                date(days - i64::from(day.day()) + 1)
            }
        }
    }
}

/// CQL counts days from 2^31 before 1970.
fn date(days: i64) -> Option<Start> {
    u32::try_from(days + (1 << 31)).ok().map(Start::Date)
}

/// What is left of a life that began at a row's own time, in whole seconds; none: it is over.
pub(crate) fn rest_s(life_days: u32, time_us: i64, now_us: i64) -> Option<i32> {
    let end_us = i128::from(time_us) + i128::from(life_days) * i128::from(DAY_US);
    let rest_s = (end_us - i128::from(now_us)).div_euclid(1_000_000);
    // To CQL a TTL of 0 means for ever.
    (rest_s > 0).then(|| i32::try_from(rest_s.min(i128::from(MOST_TTL_S))).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000;
    /// 2018-01-31T10:20:30.5Z
    const AT: i64 = 1_517_394_030_500_000;

    #[test]
    fn a_bucket_starts_at_or_before_its_times() {
        let day = |days: i64| Some(Start::Date(u32::try_from(days + (1 << 31)).unwrap()));
        for (bucket, time_us, start) in [
            (Bucket::Hour, AT, Some(Start::Millis(1_517_392_800_000))),
            (Bucket::Hour, -1, Some(Start::Millis(-3_600_000))),
            (Bucket::Hour, 0, Some(Start::Millis(0))),
            (Bucket::Day, AT, day(17_562)),
            (Bucket::Day, -1, day(-1)),
            (Bucket::Month, AT, day(17_532)),
            (Bucket::Month, AT + DAY_US, day(17_563)),
            (Bucket::Month, -1, day(-31)),
            // 2020-02-29, a leap day
            (Bucket::Month, 1_582_934_400 * S, day(18_293)),
            (Bucket::Month, i64::MAX, None),
        ] {
            assert_eq!(bucket.start(time_us), start, "{bucket:?} {time_us}");
        }
        assert!(Bucket::Day.start(i64::MAX).is_some() && Bucket::Hour.start(i64::MIN).is_some());
    }

    #[test]
    fn a_life_counts_from_the_events_own_time() {
        for (days, after_s, rest) in [
            (1, 0, Some(86_400)),
            (1, 86_399, Some(1)),
            (1, 86_400, None),
            (1, 1_000_000, None),
            (1, -3_600, Some(90_000)),
            (0, 0, None),
            (7_300, -86_400, Some(630_720_000)),
        ] {
            assert_eq!(rest_s(days, AT, AT + after_s * S), rest, "{days} {after_s}");
        }
        // Less than a second is nothing: 0 would mean for ever.
        assert_eq!(rest_s(1, AT, AT + DAY_US - 1), None);
        assert_eq!(rest_s(1, i64::MIN, i64::MAX), None);
        assert_eq!(rest_s(1, i64::MAX, i64::MIN), Some(630_720_000));
    }
}
