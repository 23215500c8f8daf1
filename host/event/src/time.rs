//! Times in all their spellings, to microseconds since 1970, UTC.

use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

use crate::schema::TimeFormat;

/// 2200-01-01T00:00:00Z
const LATEST_US: i64 = 7_258_118_400_000_000;

/// Whether a time is one of an event: within 1970 to 2200.
pub(crate) fn is_plausible(us: i64) -> bool {
    (0..LATEST_US).contains(&us)
}

/// A time within 1970 to 2200, or none.
pub(crate) fn plausible(us: i64) -> Option<i64> {
    is_plausible(us).then_some(us)
}

/// Writes a plausible time as RFC 3339, with none, three or six digits of a second, as it needs. The general formatter
/// takes several times as long.
pub(crate) fn write(us: i64, out: &mut Vec<u8>) {
    let (seconds, fraction) = (us.div_euclid(1_000_000), us.rem_euclid(1_000_000));
    let (year, month, day) = date(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    let two = |number: i64| [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8];
    let ([y3, y2], [y1, y0], [m1, m0], [d1, d0]) = (two(year / 100), two(year), two(month), two(day));
    let ([h1, h0], [n1, n0], [s1, s0]) = (two(second / 3600), two(second / 60 % 60), two(second % 60));
    out.extend_from_slice(&[
        y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0, b'T', h1, h0, b':', n1, n0, b':', s1, s0,
    ]);
    if fraction > 0 {
        let ([f5, f4], [f3, f2], [f1, f0]) = (two(fraction / 10_000), two(fraction / 100), two(fraction));
        out.extend_from_slice(&[b'.', f5, f4, f3]);
        if fraction % 1000 > 0 {
            out.extend_from_slice(&[f2, f1, f0]);
        }
    }
    out.push(b'Z');
}

/// A time written as text.
pub(crate) fn of_text(text: &str, format: TimeFormat) -> Option<i64> {
    let parsed = match format {
        TimeFormat::Rfc3339 => return common(text.as_bytes()).or_else(|| slow(text)).and_then(plausible),
        TimeFormat::Rfc2822 => OffsetDateTime::parse(text, &Rfc2822).ok()?,
        _ => return None,
    };
    micros(parsed).and_then(plausible)
}

/// A time written as a number.
pub(crate) fn of_number(number: f64, whole: Option<i64>, format: TimeFormat) -> Option<i64> {
    let unit: i64 = match format {
        TimeFormat::Seconds => 1_000_000,
        TimeFormat::Millis => 1000,
        TimeFormat::Micros => 1,
        _ => return None,
    };
    let us = match whole {
        Some(n) => n.checked_mul(unit)?,
        None => {
            let us = number * unit as f64;
            // Beyond this a double no longer holds every microsecond, nor any plausible time.
            (us.abs() < 9.0e15).then_some(us.round() as i64)?
        }
    };
    plausible(us)
}

fn micros(time: OffsetDateTime) -> Option<i64> {
    i64::try_from(time.unix_timestamp_nanos().div_euclid(1000)).ok()
}

fn slow(text: &str) -> Option<i64> {
    micros(OffsetDateTime::parse(text, &Rfc3339).ok()?)
}

/// `YYYY-MM-DDTHH:MM:SS[.f…]Z` without the general parser, which takes several times as long; none:
/// let that one decide.
fn common(b: &[u8]) -> Option<i64> {
    let [
        y3,
        y2,
        y1,
        y0,
        b'-',
        m1,
        m0,
        b'-',
        d1,
        d0,
        b'T',
        h1,
        h0,
        b':',
        n1,
        n0,
        b':',
        s1,
        s0,
        fraction @ ..,
        b'Z',
    ] = b
    else {
        return None;
    };
    let two = |a: &u8, b: &u8| Some(digit(*a)? * 10 + digit(*b)?);
    let (year, month, day) = (two(y3, y2)? * 100 + two(y1, y0)?, two(m1, m0)?, two(d1, d0)?);
    let (hour, minute, second) = (two(h1, h0)?, two(n1, n0)?, two(s1, s0)?);
    if hour > 23 || minute > 59 || second > 59 || !(1..=12).contains(&month) {
        return None;
    }
    if day < 1 || day > days_in(year, month) {
        return None;
    }
    let mut us = 0;
    if let [b'.', digits @ ..] = fraction {
        if digits.is_empty() || digits.len() > 6 {
            return None;
        }
        for i in 0..6 {
            us = us * 10 + digits.get(i).map_or(Some(0), |d| digit(*d))?;
        }
    } else if !fraction.is_empty() {
        return None;
    }
    Some((days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second) * 1_000_000 + us)
}

fn digit(b: u8) -> Option<i64> {
    b.is_ascii_digit().then(|| i64::from(b - b'0'))
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level
/// date algorithms", days_from_civil).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day since 1970-01-01, as year, month and day (Hinnant, "chrono-compatible low-level date algorithms",
/// civil_from_days).
fn date(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_way_agrees_with_the_library() {
        let mut seed = 1_u64;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let us = i64::try_from(seed % 7_258_118_400_000_000).unwrap();
            let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(us) * 1000).unwrap();
            let text = time.format(&Rfc3339).unwrap();
            assert_eq!(common(text.as_bytes()), Some(us), "{text}");
        }
    }

    #[test]
    fn impossible_and_implausible_times_are_refused() {
        for text in [
            "2018-02-29T00:00:00Z",
            "2018-13-01T00:00:00Z",
            "1900-01-01T00:00:00Z",
            "2900-01-01T00:00:00Z",
            "2018-01-01",
            "",
            "yesterday",
            "2018-01-01T24:00:00Z",
        ] {
            assert_eq!(of_text(text, TimeFormat::Rfc3339), None, "{text}");
        }
        assert_eq!(of_text("2018-01-31T12:20:30+02:00", TimeFormat::Rfc3339), Some(1_517_394_030_000_000));
        assert_eq!(
            of_text("Wed, 31 Jan 2018 10:20:30 +0000", TimeFormat::Rfc2822),
            Some(1_517_394_030_000_000)
        );
    }
}
