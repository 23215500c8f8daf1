//! What must hold at every point, and what must have come out at the end.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use pipeline::{DEAD_LETTER_ROWS, DEAD_LETTERS};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::model::{self, Answer, Letter, Open, Placed, Row, Tally, Verdict};
use crate::scenario::{Scenario, raw_topic};
use crate::world::{World, identity};

/// What a key of watermark records begins with.
const MARK: &[u8] = b"\0watermark ";
/// Steps that read derived topics.
const BEHIND: [&str; 3] = ["unique", "counts", "fuse"];
/// The group of the first stage.
const GROUP: &str = "simulated.v1";
/// When all raw topics have ended for good; a sum with it does not overflow.
const CLOSED_US: i64 = i64::MAX / 4;

/// A row that a reader of committed records has seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    pub key: String,
    pub value: Vec<u8>,
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.value).unwrap_or_default()
    }
}

/// Sees all that becomes visible, and compares after every step.
#[derive(Default)]
pub struct Watcher {
    /// All rows of derived topics, by topic and partition.
    pub seen: BTreeMap<(String, u32), Vec<Seen>>,
    next: BTreeMap<(String, u32), u64>,
    marks: BTreeMap<(String, u32, Vec<u8>), [Option<i64>; 2]>,
    /// By raw partition: how many of its records are committed as read.
    read: BTreeMap<(usize, u32), usize>,
    /// Of events and dead letters of the first stage: how often they must be there by the positions, less
    /// how often they were seen.
    owed: BTreeMap<String, i64>,
}

impl Watcher {
    /// Compares the positions of the first stage with its visible outputs, and looks at the watermarks.
    pub fn watch(
        &mut self,
        scenario: &Scenario,
        cluster: &Cluster,
        placed: &BTreeMap<(usize, u32), Vec<Placed>>,
    ) -> Result<()> {
        if let Some(wrong) = &cluster.wrong {
            anyhow::bail!("{wrong}");
        }
        self.look(cluster)?;
        for (of, records) in placed {
            let position = cluster.next_offset(GROUP, &raw_topic(of.0), of.1);
            let read = records.partition_point(|placed| placed.offset < position);
            let before = self.read.insert(*of, read).unwrap_or_default();
            if read > before {
                // A verdict depends on the records before it alone.
                for verdict in
                    model::first(scenario, identity(), *of, &records[..read])[before..].iter().flatten()
                {
                    *self.owed.entry(owed_key(verdict)).or_default() += 1;
                }
            }
        }
        let stable = |topic: &str| cluster.topics[topic].iter().all(|partition| !partition.has_open());
        let all_visible = stable("events") && stable(DEAD_LETTERS);
        for (key, owed) in &self.owed {
            ensure!(*owed >= 0, "{key} came out without its position, or {} times too often", -owed);
            ensure!(*owed == 0 || !all_visible, "{key} was read and did not come out");
        }
        self.owed.retain(|_, owed| *owed != 0);
        Ok(())
    }

    fn look(&mut self, cluster: &Cluster) -> Result<()> {
        let derived = cluster.topics.iter().filter(|(topic, _)| !topic.starts_with("raw."));
        for (topic, partitions) in derived {
            for (number, partition) in (0..).zip(partitions) {
                let at = (topic.clone(), number);
                let from = self.next.entry(at.clone()).or_default();
                for entry in partition.committed(*from) {
                    *from = entry.offset + 1;
                    let value = entry.value.clone().unwrap_or_default();
                    if let Some(of) = entry.key.strip_prefix(MARK) {
                        let before = self.marks.entry((topic.clone(), number, of.into())).or_default();
                        for (before, time) in before.iter_mut().zip(times(&value)?) {
                            // One that is idle says no time of its own.
                            ensure!(time.is_none() || *before <= time, "a watermark of {topic} went back");
                            *before = time.or(*before);
                        }
                        continue;
                    }
                    let key = String::from_utf8(entry.key.clone())?;
                    let is_first = topic == "events"
                        || (topic == DEAD_LETTERS && text(&value, "topic").starts_with("raw."));
                    if is_first {
                        *self.owed.entry(format!("{topic} {key}")).or_default() -= 1;
                    }
                    self.seen.entry(at.clone()).or_default().push(Seen { key, value });
                }
            }
        }
        Ok(())
    }

    /// How many windows have closed more than once, each time counted.
    pub fn reopened(&self) -> u64 {
        let closed = self.rows("cells").filter(|seen| seen.json()["last"] == true);
        let closed: Vec<&str> = closed.map(|seen| &*seen.key).collect();
        (closed.len() - closed.iter().collect::<BTreeSet<_>>().len()) as u64
    }

    /// All rows of a topic.
    fn rows(&self, topic: &str) -> impl Iterator<Item = &Seen> {
        self.seen.iter().filter(move |((t, _), _)| t == topic).flat_map(|(_, rows)| rows)
    }
}

/// The two times of a watermark: how far time has come, and what nothing can come before.
fn times(value: &[u8]) -> Result<[Option<i64>; 2]> {
    let text = std::str::from_utf8(value)?;
    let (at, floor) = text.split_once(' ').unwrap_or((text, text));
    let time = |text: &str| if text == "-" { Ok(None) } else { text.parse().map(Some) };
    Ok([time(at)?, time(floor)?])
}

fn owed_key(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Event(row) => format!("events {}", row.id),
        Verdict::Letter((id, ..)) => format!("{DEAD_LETTERS} {id}"),
    }
}

fn text(json: &[u8], field: &str) -> String {
    let value: Value = serde_json::from_slice(json).unwrap_or_default();
    value[field].as_str().unwrap_or_default().into()
}

/// Compares what came out with the model's answer.
pub fn against_model(scenario: &Scenario, world: &mut World<'_>, closed: bool) -> Result<()> {
    let mut rows = Vec::new();
    let mut letters: Vec<Letter> = Vec::new();
    let mut now_us = (!world.placed.is_empty()).then_some(CLOSED_US);
    for (of, records) in &world.placed {
        for verdict in model::first(scenario, identity(), *of, records).into_iter().flatten() {
            match verdict {
                Verdict::Event(row) => rows.push(row),
                Verdict::Letter(letter) => letters.push(letter),
            }
        }
        if !closed {
            now_us = now_us.min(model::newest_us(scenario, records));
        }
    }
    if !closed && scenario.time.idle_after_us.is_some() {
        // At rest all are idle, and the one that has come furthest decides.
        now_us = world.placed.values().filter_map(|records| model::newest_us(scenario, records)).max();
    }
    let answer = model::then(scenario, identity(), rows.clone(), now_us, &open(scenario, world));
    if let Some(wrong) = &answer.wrong {
        anyhow::bail!("{wrong}");
    }
    letters.extend(answer.letters.iter().cloned());
    check_events(world, &rows)?;
    check_letters(world, letters)?;
    check_reports(world, &answer)?;
    if scenario.fuse.is_some() {
        check_beats(world, &answer)?;
    } else {
        let last: BTreeMap<String, Value> = last_by_revision(world.watcher.rows("cells"));
        check_windows(&answer, last.values()).context("topic cells")?;
    }
    check_store(scenario, world, &rows, &answer)
}

/// The key of a row, which many may have, and its revision.
fn named(seen: &Seen) -> (String, i64) {
    (seen.key.clone(), seen.json()["revision_us"].as_i64().unwrap_or_default())
}

/// What the model is told of a run.
fn open(scenario: &Scenario, world: &World<'_>) -> Open {
    let mut open = Open::default();
    if scenario.time.idle_after_us.is_some() {
        open.reports = world.watcher.rows("reports").map(named).collect();
    }
    if scenario.time.forgets() {
        let forgotten = |seen: &&Seen| text(&seen.value, "code") == "VG1013";
        open.forgotten = world.watcher.rows(DEAD_LETTERS).filter(forgotten).map(named).collect();
    }
    open
}

fn check_events(world: &World<'_>, rows: &[Row]) -> Result<()> {
    let mut wanted: BTreeMap<(&str, i64), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        wanted.entry((&row.id, row.revision_us)).or_default().push(row);
    }
    for seen in world.watcher.rows("events") {
        let json = seen.json();
        let revision_us = json["revision_us"].as_i64().unwrap_or_default();
        let row = wanted.get_mut(&(&*seen.key, revision_us)).and_then(Vec::pop);
        let row = row.with_context(|| format!("event {} came out too often", seen.key))?;
        check_event(&json, row)?;
    }
    let missing = wanted.values().flatten().next();
    ensure!(missing.is_none(), "event {missing:?} is missing");
    Ok(())
}

fn check_event(json: &Value, row: &Row) -> Result<()> {
    let report = &row.report;
    let same = json["behind_us"] == row.behind_us
        && json["source"].as_str().and_then(|s| s.parse().ok()) == Some(row.source)
        && json["flooded"].as_bool() == row.flooded
        && json["zone"].as_str() == report.zone.as_deref()
        && json["entity"].as_str() == report.entity.as_deref()
        && json["text"] == *report.text
        && json["severity"].as_f64() == report.severity
        && micros(&json["timestamp"]) == report.at_us;
    ensure!(same, "event {json} should be {row:?}");
    Ok(())
}

fn check_letters(world: &World<'_>, mut wanted: Vec<Letter>) -> Result<()> {
    let of = |seen: &Seen| {
        let json = seen.json();
        let text = |field: &str| json[field].as_str().unwrap_or_default().to_owned();
        (seen.key.clone(), text("step"), text("code"))
    };
    let mut found: Vec<_> = world.watcher.rows(DEAD_LETTERS).map(of).collect();
    let mut timers = BTreeSet::new();
    for (id, ..) in found.iter_mut().filter(|(_, step, code)| step == "fuse" && code == "VG2103") {
        timers.insert(std::mem::take(id));
    }
    check_refused_rows(world, &found)?;
    let rows = world.watcher.rows(DEAD_LETTER_ROWS).map(|seen| &*seen.key);
    let mut rows: Vec<&str> = rows.map(|key| if timers.contains(key) { "" } else { key }).collect();
    found.sort();
    wanted.sort();
    rows.sort_unstable();
    let wanted: Vec<_> =
        wanted.into_iter().map(|(id, step, code)| (id, step.to_owned(), code.to_owned())).collect();
    differ("dead letters", &found, &wanted)?;
    let wanted: Vec<&str> = wanted.iter().map(|(id, ..)| &**id).collect();
    differ("rows of dead letters", &rows, &wanted)
}

/// A row that a stage behind a topic refuses goes to dead letters as that topic has it, with all its columns.
fn check_refused_rows(world: &World<'_>, letters: &[(String, String, String)]) -> Result<()> {
    let behind: BTreeSet<&str> =
        letters.iter().filter(|(_, step, _)| BEHIND.contains(&&**step)).map(|(id, ..)| &**id).collect();
    let id = |row: &Value| row["id"].as_str().unwrap_or_default().to_owned();
    let refused = world.watcher.rows(DEAD_LETTER_ROWS).filter(|seen| behind.contains(&*seen.key));
    let refused: Vec<Value> = refused.map(Seen::json).collect();
    let mut known: BTreeMap<String, Vec<Value>> = refused.iter().map(|row| (id(row), Vec::new())).collect();
    for row in ["events", "reports"].into_iter().flat_map(|topic| world.watcher.rows(topic)).map(Seen::json) {
        if let Some(rows) = known.get_mut(&id(&row)) {
            rows.push(row);
        }
    }
    for row in &refused {
        let found = known.get(&id(row)).is_some_and(|rows| rows.contains(row));
        ensure!(found, "a refused row is not as its topic has it: {row}");
    }
    Ok(())
}

fn check_reports(world: &World<'_>, answer: &Answer) -> Result<()> {
    let Some(wanted) = &answer.reports else { return Ok(()) };
    let mut found: Vec<&str> = world.watcher.rows("reports").map(|seen| &*seen.key).collect();
    let mut wanted: Vec<&str> = wanted.iter().map(|id| &**id).collect();
    found.sort_unstable();
    wanted.sort_unstable();
    differ("reports", &found, &wanted)
}

fn differ<T: Ord + std::fmt::Debug>(what: &str, found: &[T], wanted: &[T]) -> Result<()> {
    let at = found.iter().zip(wanted).position(|(f, w)| f != w).unwrap_or(found.len().min(wanted.len()));
    let (f, w) = (found.get(at), wanted.get(at));
    ensure!(
        f.is_none() && w.is_none(),
        "{what}: {} found, {} wanted; first difference: found {f:?}, wanted {w:?}",
        found.len(),
        wanted.len()
    );
    Ok(())
}

/// The newest row of each key, as a store ends with it.
fn last_by_revision<'s>(rows: impl Iterator<Item = &'s Seen>) -> BTreeMap<String, Value> {
    let mut last: BTreeMap<String, Value> = BTreeMap::new();
    let revision = |row: &Value| row["revision_us"].as_i64();
    for seen in rows {
        let row = seen.json();
        if last.get(&seen.key).is_none_or(|before| revision(before) <= revision(&row)) {
            last.insert(seen.key.clone(), row);
        }
    }
    last
}

fn check_windows<'v>(answer: &Answer, rows: impl Iterator<Item = &'v Value>) -> Result<()> {
    let mut found = BTreeMap::new();
    for row in rows {
        let key = (row["zone"].as_str().unwrap_or_default().to_owned(), micros(&row["window_start"]));
        let tally = Tally {
            count: row["count"].as_i64().unwrap_or_default(),
            min: row["severity_min"].as_f64(),
            max: row["severity_max"].as_f64(),
            mean: row["severity_mean"].as_f64(),
            last: row["last"].as_bool().unwrap_or_default(),
        };
        ensure!(found.insert(key.clone(), tally).is_none(), "two ids for window {key:?}");
    }
    for (key, tally) in &answer.windows {
        ensure!(found.get(key) == Some(tally), "window {key:?} is {:?}, not {tally:?}", found.get(key));
    }
    ensure!(found.len() == answer.windows.len(), "there are windows without rows");
    Ok(())
}

fn check_beats(world: &mut World<'_>, answer: &Answer) -> Result<()> {
    let of = |json: &Value| {
        let number = |field: &str| json[field].as_i64().unwrap_or_default();
        (json["zone"].as_str().unwrap_or_default().to_owned(), (number("count"), number("beats")))
    };
    let mut found: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    for (zone, beat) in world.watcher.rows("cells").map(|seen| of(&seen.json())) {
        found.entry(zone).or_default().push(beat);
    }
    ensure!(found == answer.beats, "timers gave {found:?}, not {:?}", answer.beats);
    let stored: BTreeMap<_, _> = world.store().tables["cells"].values().map(|(_, row)| of(row)).collect();
    let last = answer.beats.iter().filter_map(|(zone, beats)| Some((zone.clone(), *beats.last()?)));
    ensure!(stored == last.collect(), "store: other beats: {stored:?}");
    Ok(())
}

fn check_store(scenario: &Scenario, world: &mut World<'_>, rows: &[Row], answer: &Answer) -> Result<()> {
    let letters: BTreeSet<String> = world.watcher.rows(DEAD_LETTERS).map(|seen| seen.key.clone()).collect();
    let tables = &world.store().tables;
    let mut newest: BTreeMap<&str, &Row> = BTreeMap::new();
    for row in rows {
        let at = newest.entry(&row.id).or_insert(row);
        if at.revision_us <= row.revision_us {
            *at = row;
        }
    }
    let events = &tables["events"];
    ensure!(events.len() == newest.len(), "store: {} events, not {}", events.len(), newest.len());
    for (id, row) in newest {
        let (_, json) = events.get(id).with_context(|| format!("store: event {id} is missing"))?;
        check_event(json, row).context("store")?;
    }
    if scenario.fuse.is_none() {
        check_windows(answer, tables["cells"].values().map(|(_, row)| row)).context("store")?;
    }
    let found: BTreeSet<String> = tables["dead-letters"].keys().cloned().collect();
    ensure!(found == letters, "store: other dead letters");
    if scenario.dedupe.is_some() {
        let wanted: BTreeSet<&String> = answer.reports.iter().flatten().collect();
        ensure!(tables["reports"].keys().collect::<BTreeSet<_>>() == wanted, "store: other reports");
    }
    Ok(())
}

/// Compares with an uninterrupted run of one worker: bytes, order, and state.
pub fn against_reference(world: &World<'_>, reference: &World<'_>) -> Result<()> {
    let raw = of_raw_partition(world);
    let events = of_partition(&world.watcher, "events");
    let time = world.scenario().time;
    // With idle partitions the rows of a step that goes by event time depend on when they woke.
    let open = time.idle_after_us.is_some() && world.scenario().dedupe.is_some();
    for (topic, sources) in [("events", &raw), ("reports", &events)] {
        if open && topic == "reports" {
            continue;
        }
        let (found, wanted) =
            (by_source(&world.watcher, topic, sources), by_source(&reference.watcher, topic, sources));
        ensure!(found.keys().eq(wanted.keys()), "{topic}: other partitions");
        for (place, found) in found {
            let same = found == wanted[&place];
            ensure!(same, "{topic}: the rows of {place:?} differ from those of the run without faults");
        }
    }
    let left_open = |seen: &&Seen| {
        (open && text(&seen.value, "step") == "counts") || text(&seen.value, "code") == "VG1013"
    };
    let both = [world, reference].into_iter().flat_map(|world| world.watcher.rows(DEAD_LETTERS));
    let without: BTreeSet<(String, i64)> = both.filter(left_open).map(named).collect();
    let letters = |world: &World<'_>| {
        let mut all: Vec<_> = world.watcher.rows(DEAD_LETTERS).map(comparable_letter).collect();
        all.extend(world.watcher.rows(DEAD_LETTER_ROWS).cloned());
        all.retain(|seen| !without.contains(&named(seen)));
        all.sort();
        all
    };
    differ("dead letters of the run without faults", &letters(world), &letters(reference))?;
    let (found, wanted) = (comparable_tables(world)?, comparable_tables(reference)?);
    for (name, rows) in &wanted {
        if open && name.ends_with(".keys") {
            continue;
        }
        let same = found.get(name).unwrap_or(&Vec::new()) == rows;
        ensure!(same, "table {name}: other state than in the run without faults");
    }
    Ok(())
}

/// By topic's partition and source partition, the rows in their order.
fn by_source<'w>(
    watcher: &'w Watcher,
    topic: &str,
    sources: &BTreeMap<String, u64>,
) -> BTreeMap<(u32, u64), Vec<&'w Seen>> {
    let mut rows: BTreeMap<(u32, u64), Vec<&Seen>> = BTreeMap::new();
    for ((_, partition), seen) in watcher.seen.iter().filter(|((t, _), _)| t == topic) {
        for seen in seen {
            let source = sources.get(&seen.key).copied().unwrap_or(u64::MAX);
            rows.entry((*partition, source)).or_default().push(seen);
        }
    }
    rows
}

fn of_raw_partition(world: &World<'_>) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for (of, records) in &world.placed {
        for verdict in model::first(world.scenario(), identity(), *of, records).into_iter().flatten() {
            if let Verdict::Event(row) = verdict {
                found.insert(row.id, (of.0 as u64) << 32 | u64::from(of.1));
            }
        }
    }
    found
}

fn of_partition(watcher: &Watcher, topic: &str) -> BTreeMap<String, u64> {
    let rows = watcher.seen.iter().filter(|((t, _), _)| t == topic);
    rows.flat_map(|((_, p), rows)| rows.iter().map(|seen| (seen.key.clone(), u64::from(*p)))).collect()
}

/// Where a row lies in a derived topic is not the same in every run.
fn comparable_letter(seen: &Seen) -> Seen {
    let mut json = seen.json();
    let derived = !json["topic"].as_str().unwrap_or_default().starts_with("raw.");
    if let (true, Some(letter)) = (derived, json.as_object_mut()) {
        letter.remove("offset");
    }
    Seen { key: seen.key.clone(), value: json.to_string().into_bytes() }
}

/// Tables of state without what depends on the cuts of batches: the revisions of keys, which count early
/// results, and the offsets of held rows.
fn comparable_tables(world: &World<'_>) -> Result<BTreeMap<String, Vec<log::KeyValue>>> {
    let mut tables = world.tables()?;
    for (name, rows) in &mut tables {
        for (key, value) in rows.iter_mut() {
            if name.ends_with(".held") {
                key.clear();
            } else if name.ends_with(".keys") && !key.is_empty() {
                value.drain(..8);
            }
        }
        // One row is all revision.
        rows.retain(|(key, _)| key != b"\0deleted");
        rows.sort();
    }
    tables.retain(|_, rows| !rows.is_empty());
    Ok(tables)
}

/// Microseconds since 1970 of `2026-01-01T00:00:00[.f]Z`, by the civil calendar (Hinnant,
/// days_from_civil).
fn micros(time: &Value) -> i64 {
    let text = time.as_str().unwrap_or_default();
    let number =
        |from: usize, to: usize| text.get(from..to).and_then(|t| t.parse::<i64>().ok()).unwrap_or(-1);
    let (mut year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    year -= i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = days * 86_400 + number(11, 13) * 3600 + number(14, 16) * 60 + number(17, 19);
    let fraction: String =
        text.get(20..).unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    let fraction: i64 = format!("{fraction:0<6}").get(..6).and_then(|f| f.parse().ok()).unwrap_or_default();
    seconds * 1_000_000 + fraction
}
