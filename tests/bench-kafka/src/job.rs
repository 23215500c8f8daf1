//! The two jobs by hand: one pass over the text by a tree of paths, a scanner, H3, a writer.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;

use anyhow::{Context as _, Result};
use h3o::{LatLng, Resolution};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::mask::Masker;

/// A field of a [`Row`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Entity,
    Time,
    Author,
    Device,
    Text,
    Language,
    Cell,
    Kind,
    Lat,
    Lng,
    Temperature,
    Water,
    Severity,
}

type Paths = &'static [(&'static [&'static str], Slot)];

/// Of both kinds of raw events.
const RAW: Paths = &[
    (&["id"], Slot::Entity),
    (&["created_at"], Slot::Time),
    (&["account", "username"], Slot::Author),
    (&["content"], Slot::Text),
    (&["language"], Slot::Language),
    (&["geo", "lat"], Slot::Lat),
    (&["geo", "lng"], Slot::Lng),
    (&["severity"], Slot::Severity),
    (&["device", "id"], Slot::Device),
    (&["time"], Slot::Time),
    (&["position", "lat"], Slot::Lat),
    (&["position", "lng"], Slot::Lng),
    (&["readings", "temperature"], Slot::Temperature),
    (&["readings", "water_level"], Slot::Water),
];
/// Of derived events, as far as they are counted.
const DERIVED: Paths = &[
    (&["kind"], Slot::Kind),
    (&["timestamp"], Slot::Time),
    (&["severity"], Slot::Severity),
    (&["cell_7"], Slot::Cell),
];

#[derive(Default)]
struct Node {
    children: Vec<(&'static str, Node)>,
    leaf: Option<Slot>,
}

impl Node {
    fn of(paths: Paths) -> Self {
        let mut root = Self::default();
        paths.iter().for_each(|(path, slot)| root.add(path, *slot));
        root
    }

    fn add(&mut self, path: &[&'static str], slot: Slot) {
        let Some((name, rest)) = path.split_first() else {
            self.leaf = Some(slot);
            return;
        };
        match self.children.iter_mut().find(|(known, _)| known == name) {
            Some((_, child)) => child.add(rest, slot),
            None => {
                let mut child = Self::default();
                child.add(rest, slot);
                self.children.push((name, child));
            }
        }
    }
}

/// What is taken from an event; its buffers are used again.
#[derive(Default)]
struct Row {
    entity: String,
    author: String,
    device: String,
    text: String,
    language: String,
    cell: String,
    kind: String,
    time_us: i64,
    severity: i64,
    lat: f64,
    lng: f64,
    temperature: f64,
    water: f64,
    seen: u32,
}

impl Row {
    fn clear(&mut self) {
        let Self { entity, author, device, text, language, cell, kind, .. } = self;
        [entity, author, device, text, language, cell, kind].into_iter().for_each(String::clear);
        self.seen = 0;
    }

    fn has(&self, slot: Slot) -> bool {
        self.seen & (1 << slot as u32) != 0
    }

    fn parse(&mut self, tree: &Node, json: &[u8]) -> Result<()> {
        self.clear();
        let mut deserializer = sonic_rs::Deserializer::from_slice(json);
        Walk { node: tree, row: self }.deserialize(&mut deserializer).context("an event is no JSON")
    }
}

struct Walk<'a> {
    node: &'a Node,
    row: &'a mut Row,
}

struct Key<'a> {
    node: &'a Node,
    /// The child that comes next if keys come in the order of the paths.
    hint: usize,
}

struct Leaf<'a> {
    slot: Slot,
    row: &'a mut Row,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut hint = 0;
        while let Some(found) = map.next_key_seed(Key { node: self.node, hint })? {
            let Some((at, (_, child))) = found.and_then(|at| Some((at, self.node.children.get(at)?))) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            hint = at + 1;
            match child.leaf {
                Some(slot) => map.next_value_seed(Leaf { slot, row: &mut *self.row })?,
                None => map.next_value_seed(Walk { node: child, row: &mut *self.row })?,
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Option<usize>, E> {
        let children = &self.node.children;
        if children.get(self.hint).is_some_and(|(name, _)| *name == key) {
            return Ok(Some(self.hint));
        }
        Ok(children.iter().position(|(name, _)| *name == key))
    }
}

impl<'de> DeserializeSeed<'de> for Leaf<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.slot {
            Slot::Lat | Slot::Lng | Slot::Temperature | Slot::Water => deserializer.deserialize_f64(self),
            Slot::Severity => deserializer.deserialize_i64(self),
            Slot::Time => deserializer.deserialize_any(self),
            _ => deserializer.deserialize_str(self),
        }
    }
}

impl Visitor<'_> for Leaf<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of the field's kind")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        let row = self.row;
        row.seen |= 1 << self.slot as u32;
        match self.slot {
            Slot::Entity => row.entity.push_str(text),
            Slot::Author => row.author.push_str(text),
            Slot::Device => row.device.push_str(text),
            Slot::Text => row.text.push_str(text),
            Slot::Language => row.language.push_str(text),
            Slot::Cell => row.cell.push_str(text),
            Slot::Kind => row.kind.push_str(text),
            Slot::Time => {
                row.time_us = parse_time_us(text.as_bytes()).ok_or_else(|| E::custom("no time"))?;
            }
            _ => return Err(E::custom("a text in place of a number")),
        }
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        let row = self.row;
        row.seen |= 1 << self.slot as u32;
        match self.slot {
            Slot::Lat => row.lat = number,
            Slot::Lng => row.lng = number,
            Slot::Temperature => row.temperature = number,
            Slot::Water => row.water = number,
            _ => return Err(E::custom("a fraction in place of another kind")),
        }
        Ok(())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        match self.slot {
            Slot::Severity => self.row.severity = number,
            Slot::Time => self.row.time_us = number,
            _ => return self.visit_f64(number as f64),
        }
        self.row.seen |= 1 << self.slot as u32;
        Ok(())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        self.visit_i64(i64::try_from(number).map_err(E::custom)?)
    }
}

/// RFC 3339 in UTC to microseconds since 1970 (days as in Howard Hinnant's "chrono-Compatible Low-Level Date
/// Algorithms").
pub fn parse_time_us(text: &[u8]) -> Option<i64> {
    let number = |from: usize, to: usize| {
        text.get(from..to)?
            .iter()
            .try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    let second = days * 86_400 + number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    let (rest, last) = (text.get(19..text.len() - 1)?, text.last()?);
    let fraction = match rest.split_first() {
        None => 0,
        Some((b'.', digits)) if digits.len() <= 6 => {
            let scale = 10_i64.pow(6 - u32::try_from(digits.len()).ok()?);
            number(20, 20 + digits.len())? * scale
        }
        Some(_) => return None,
    };
    (*last == b'Z').then_some(second * 1_000_000 + fraction)
}

/// Key and value of a record, as places in a buffer: where the key begins, the value, and where that ends.
pub type Cut = (usize, usize, usize);

/// Job 1.
pub struct Derive {
    tree: Node,
    row: Row,
    masker: Masker,
    masked: String,
}

impl Derive {
    pub fn new() -> Self {
        Self { tree: Node::of(RAW), row: Row::default(), masker: Masker::default(), masked: String::new() }
    }

    /// The time of the last event.
    pub fn time_us(&self) -> i64 {
        self.row.time_us
    }

    /// Appends the derived event, keyed by its parent cell.
    pub fn run(&mut self, json: &[u8], out: &mut Vec<u8>) -> Result<Cut> {
        self.row.parse(&self.tree, json)?;
        let row = &self.row;
        let cell = LatLng::new(row.lat, row.lng)?.to_cell(Resolution::Seven);
        let parent = cell.parent(Resolution::Four).context("a cell has no parent")?;
        let (cell, parent) = (hexadecimal(cell.into()), hexadecimal(parent.into()));
        let key = out.len();
        out.extend_from_slice(&parent);
        let value = out.len();
        out.extend_from_slice(b"{\"entity\":");
        escape(&row.entity, out);
        let kind: &[u8] = if row.has(Slot::Text) { b"post" } else { b"sensor" };
        pieces(out, &[b",\"kind\":\"", kind, b"\""]);
        write!(out, ",\"timestamp\":{}", row.time_us)?;
        for (slot, name, text) in [
            (Slot::Author, &b",\"author\":"[..], &row.author),
            (Slot::Device, b",\"device\":", &row.device),
            (Slot::Language, b",\"language\":", &row.language),
        ] {
            if row.has(slot) {
                out.extend_from_slice(name);
                escape(text, out);
            }
        }
        if row.has(Slot::Text) {
            self.masked.clear();
            self.masker.mask(&row.text, &mut self.masked);
            out.extend_from_slice(b",\"text\":");
            escape(&self.masked, out);
        }
        for (slot, name, number) in [
            (Slot::Lat, ",\"lat\":", row.lat),
            (Slot::Lng, ",\"lng\":", row.lng),
            (Slot::Temperature, ",\"temperature\":", row.temperature),
            (Slot::Water, ",\"water_level_m\":", row.water),
        ] {
            if row.has(slot) {
                out.extend_from_slice(name.as_bytes());
                sonic_rs::to_writer(&mut *out, &number)?;
            }
        }
        write!(out, ",\"severity\":{}", row.severity)?;
        pieces(out, &[b",\"cell_7\":\"", &cell, b"\",\"cell_4\":\"", &parent, b"\"}"]);
        Ok((key, value, out.len()))
    }
}

/// What is counted for: a cell, a kind, and a minute of event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    cell: u64,
    post: bool,
    minute: i64,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    count: u64,
    severity: i64,
    changed: bool,
}

/// How far behind the newest event of its raw partition an event may be: what the pipeline has where it says nothing.
const LATENESS_US: i64 = 300_000_000;

/// The second stage of Job 2. It forgets windows that no event can come for, as what it holds and its changelog would
/// grow for ever otherwise.
pub struct Count {
    tree: Node,
    row: Row,
    tallies: hashbrown::HashMap<Window, Tally>,
    changed: Vec<Window>,
    /// Those of each minute.
    minutes: BTreeMap<i64, Vec<Window>>,
    /// How far each raw partition has come, as each partition of its own tells.
    newest_us: Vec<Option<i64>>,
}

impl Count {
    /// `marks`: how many there are of [`Self::mark`].
    pub fn new(marks: usize) -> Self {
        Self {
            tree: Node::of(DERIVED),
            row: Row::default(),
            tallies: hashbrown::HashMap::new(),
            changed: Vec::new(),
            minutes: BTreeMap::new(),
            newest_us: vec![None; marks],
        }
    }

    /// Notes the time that a raw partition has come to.
    pub fn mark(&mut self, mark: usize, at_us: i64) {
        if let Some(newest_us) = self.newest_us.get_mut(mark) {
            *newest_us = (*newest_us).max(Some(at_us));
        }
    }

    /// Counts a derived event.
    pub fn add(&mut self, json: &[u8]) -> Result<()> {
        self.row.parse(&self.tree, json)?;
        let row = &self.row;
        let cell = u64::from_str_radix(&row.cell, 16)?;
        let window = Window { cell, post: row.kind == "post", minute: row.time_us.div_euclid(60_000_000) };
        let tally = self.tallies.entry(window).or_insert_with(|| {
            self.minutes.entry(window.minute).or_default().push(window);
            Tally::default()
        });
        tally.count += 1;
        tally.severity += row.severity;
        if !tally.changed {
            tally.changed = true;
            self.changed.push(window);
        }
        Ok(())
    }

    /// Forgets windows that no event can come for any more, and appends that of each.
    pub fn forget(&mut self, out: &mut Vec<u8>, changes: &mut Vec<Cut>) {
        let Some(oldest_us) = self.newest_us.iter().copied().min().flatten() else { return };
        let open = (oldest_us - LATENESS_US).div_euclid(60_000_000);
        while let Some(entry) = self.minutes.first_entry()
            && *entry.key() < open
        {
            for window in entry.remove() {
                self.tallies.remove(&window);
                let kind: &[u8] = if window.post { b"post" } else { b"sensor" };
                let key = out.len();
                pieces(out, &[&hexadecimal(window.cell), kind, &window.minute.to_be_bytes()]);
                changes.push((key, out.len(), out.len()));
            }
        }
    }

    /// Appends a result and a change of state for each window that has changed since the last time.
    pub fn give(&mut self, out: &mut Vec<u8>, results: &mut Vec<Cut>, changes: &mut Vec<Cut>) -> Result<()> {
        for window in self.changed.drain(..) {
            let Some(tally) = self.tallies.get_mut(&window) else { continue };
            tally.changed = false;
            let (cell, minute) = (hexadecimal(window.cell), window.minute);
            let kind: &[u8] = if window.post { b"post" } else { b"sensor" };
            let key = out.len();
            pieces(out, &[&cell, kind, &minute.to_be_bytes()]);
            let value = out.len();
            pieces(out, &[b"{\"cell_7\":\"", &cell, b"\",\"kind\":\"", kind, b"\""]);
            let mean = tally.severity as f64 / tally.count as f64;
            write!(
                out,
                ",\"window_start\":{},\"count\":{},\"severity_mean\":",
                minute * 60_000_000,
                tally.count
            )?;
            sonic_rs::to_writer(&mut *out, &mean)?;
            out.push(b'}');
            results.push((key, value, out.len()));
            let key = out.len();
            pieces(out, &[&cell, kind, &minute.to_be_bytes()]);
            let value = out.len();
            pieces(out, &[&tally.count.to_be_bytes(), &tally.severity.to_be_bytes()]);
            changes.push((key, value, out.len()));
        }
        Ok(())
    }
}

fn pieces(out: &mut Vec<u8>, pieces: &[&[u8]]) {
    pieces.iter().for_each(|piece| out.extend_from_slice(piece));
}

/// A cell's 15 digits.
fn hexadecimal(mut cell: u64) -> [u8; 15] {
    let mut digits = [0; 15];
    for digit in digits.iter_mut().rev() {
        let value = (cell & 15) as u8;
        *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
        cell >>= 4;
    }
    digits
}

/// Appends a text as JSON.
fn escape(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(text.as_bytes().get(from..at).unwrap_or_default());
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            _ => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
        from = at + 1;
    }
    out.extend_from_slice(text.as_bytes().get(from..).unwrap_or_default());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use sonic_rs::{JsonContainerTrait as _, JsonValueTrait as _};

    use super::*;
    use crate::events::{Events, START_US, time_us};

    #[test]
    fn both_jobs_do_what_they_say() {
        let (mut events, mut derive, mut count) = (Events::new(), Derive::new(), Count::new(2));
        let (mut json, mut out) = (Vec::new(), Vec::new());
        let mut masked = 0;
        for number in 0..600 {
            events.write(time_us(number, 600), &mut json).unwrap();
            out.clear();
            let (key, value, end) = derive.run(&json, &mut out).unwrap();
            let event: sonic_rs::Value = sonic_rs::from_slice(&out[value..end]).unwrap();
            assert_eq!(event["cell_4"].as_str().unwrap().as_bytes(), &out[key..value]);
            assert_eq!(event["timestamp"].as_i64(), Some(time_us(number, 600)));
            let text = event["text"].as_str().unwrap_or_default();
            assert!(!text.contains('@') && !text.contains('+'), "{text}");
            masked += text.matches("[email]").count() + text.matches("[phone]").count();
            assert!(event.as_object().unwrap().len() >= 10);
            count.add(&out[value..end]).unwrap();
        }
        assert!(masked > 100, "{masked}");
        let (mut results, mut changes) = (Vec::new(), Vec::new());
        out.clear();
        count.give(&mut out, &mut results, &mut changes).unwrap();
        let of = |(_, value, end): &Cut| sonic_rs::from_slice::<sonic_rs::Value>(&out[*value..*end]).unwrap();
        let counted: u64 = results.iter().map(|cut| of(cut)["count"].as_u64().unwrap()).sum();
        assert_eq!((counted, changes.len()), (600, results.len()));
        assert!(results.iter().any(|cut| of(cut)["window_start"].as_i64() == Some(START_US)));
        results.clear();
        changes.clear();
        count.give(&mut out, &mut results, &mut changes).unwrap();
        assert!(results.is_empty());
        let minutes = |minutes: i64| START_US + minutes * 60_000_000;
        let mut forgotten = |count: &mut Count, mark, at_us| {
            count.mark(mark, at_us);
            changes.clear();
            count.forget(&mut out, &mut changes);
            assert!(changes.iter().all(|(_, value, end)| value == end));
            (changes.len(), count.tallies.len())
        };
        let all = count.tallies.len();
        assert_eq!(forgotten(&mut count, 0, minutes(9)), (0, all));
        assert_eq!(forgotten(&mut count, 1, minutes(6) - 1), (0, all));
        let (gone, left) = forgotten(&mut count, 1, minutes(6));
        assert!(gone > 0 && left > 0 && gone + left == all, "{gone} {left} {all}");
        assert_eq!(forgotten(&mut count, 1, minutes(6)), (0, left));
    }

    #[test]
    fn texts_are_escaped() {
        let mut out = Vec::new();
        escape("a\"b\\c\nd é", &mut out);
        assert_eq!(sonic_rs::from_slice::<String>(&out).unwrap(), "a\"b\\c\nd é");
    }
}
