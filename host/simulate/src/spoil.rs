//! Ways to spoil an event: broken producers, wrong clocks, wrong units, and bad will.

use std::ops::Range;

use crate::random::Random;
use crate::write::{at, rfc2822, rfc3339};
use crate::{Event, Source};

/// What can befall any event.
pub(crate) const ANY: [&str; 14] = [
    "json",
    "utf8",
    "missing",
    "deep",
    "empty",
    "array",
    "large",
    "twice",
    "number",
    "text",
    "nan",
    "time-1900",
    "time-2900",
    "time",
];
/// What can befall an event with a position.
pub(crate) const PLACED: [&str; 2] = ["outside", "half"];

/// A large event is at least this large, and less than twice that.
pub(crate) const LARGE_BYTES: u32 = 30_000;

/// Makes an event one that must be refused.
pub(crate) fn spoil(event: &mut Event, random: &mut Random) {
    let placed = value(&event.json, "lat").is_some();
    let bad = if placed && random.below(5) == 0 { random.pick(&PLACED) } else { random.pick(&ANY) };
    event.truth.bad = Some(bad);
    match bad {
        "missing" | "deep" | "empty" => replace(event, bad),
        "time-1900" => set_year(event, 1900),
        "time-2900" => set_year(event, 2900),
        _ => mend_bytes(event.source, &mut event.json, bad, random),
    }
}

/// Other bytes altogether: what was in the text is gone.
fn replace(event: &mut Event, bad: &str) {
    event.truth.planted.clear();
    event.json = match bad {
        "empty" => Vec::new(),
        "deep" => [b"{\"x\":".repeat(100), b"1".to_vec(), b"}".repeat(100)].concat(),
        _ => b"{\"note\": \"nothing of what is expected\"}".to_vec(),
    };
}

fn mend_bytes(source: Source, json: &mut Vec<u8>, bad: &str, random: &mut Random) {
    let Keys { id, time, number, lng } = keys(source);
    match bad {
        // At half, but not within a letter: that would be another kind.
        "json" => {
            let cut = (json.len() / 2..).find(|i| json.get(*i).is_none_or(|b| b & 0xc0 != 0x80));
            json.truncate(cut.unwrap_or(0));
        }
        "utf8" => json.insert(json.len() / 2, 0xff),
        "array" => *json = [b"[", json.as_slice(), b"]"].concat(),
        "large" => {
            let length = LARGE_BYTES + random.below(LARGE_BYTES);
            json.pop();
            json.extend_from_slice(format!(",\"note\":\"{}\"}}", "~".repeat(length as usize)).as_bytes());
        }
        "twice" => drop(json.splice(1..1, format!("\"{id}\":\"another\",").into_bytes())),
        "number" => set(json, id, "12345"),
        "text" => set(json, number, "\"much\""),
        "nan" => set(json, number, random.pick(&["\"NaN\"", "\"Infinity\"", "\"-\"", "NaN", "-Infinity"])),
        "time" => {
            set(
                json,
                time,
                random.pick(&["\"yesterday\"", "\"2018-02-30T10:00:00Z\"", "\"31.01.2018 25:99\""]),
            );
        }
        "outside" => match random.below(2) {
            0 => set(json, "lat", "95.0"),
            _ => set(json, lng, "200.0"),
        },
        _ => match random.below(2) {
            0 => set(json, "lat", "null"),
            _ => set(json, lng, "null"),
        },
    }
}

/// A producer whose clock is wrong by centuries.
fn set_year(event: &mut Event, year: i32) {
    let Ok(wrong) = at(event.at_us).replace_year(year) else { return };
    event.at_us = i64::try_from(wrong.unix_timestamp_nanos() / 1000).unwrap_or(0);
    let text = match event.source {
        Source::Gps => (event.at_us / 1000).to_string(),
        Source::Rss => format!("\"{}\"", rfc2822(event.at_us)),
        Source::Iot | Source::Social => format!("\"{}\"", rfc3339(event.at_us)),
    };
    set(&mut event.json, keys(event.source).time, &text);
}

/// Keys that a source's events have.
struct Keys {
    id: &'static str,
    time: &'static str,
    /// Of a field that must be a number.
    number: &'static str,
    lng: &'static str,
}

fn keys(source: Source) -> Keys {
    let (id, time, number, lng) = match source {
        Source::Iot => ("id", "time", "severity", "lng"),
        Source::Gps => ("id", "ts", "speed_kmh", "lng"),
        Source::Social => ("id", "created_at", "severity", "lng"),
        Source::Rss => ("guid", "pubDate", "lat", "long"),
    };
    Keys { id, time, number, lng }
}

/// Puts another value behind the first such key.
fn set(json: &mut Vec<u8>, key: &str, new: &str) {
    if let Some(range) = value(json, key) {
        json.splice(range, new.bytes());
    }
}

/// Where the text or number behind the first such key stands. A quote within a text is written with a
/// backslash before it, so a key is not found there; the texts that are looked for have none.
fn value(json: &[u8], key: &str) -> Option<Range<usize>> {
    let key = format!("\"{key}\":");
    let start = json.windows(key.len()).position(|w| w == key.as_bytes())? + key.len();
    let rest = json.get(start..)?;
    let length = match rest.strip_prefix(b"\"") {
        Some(text) => text.iter().position(|b| *b == b'"')? + 2,
        None => rest.iter().position(|b| matches!(b, b',' | b'}'))?,
    };
    Some(start..start + length)
}
