//! The answer, from all events at once: written from SEMANTICS and the plugins' descriptions alone, with
//! no batches, no state and no log.

use std::collections::{BTreeMap, BTreeSet};

use pipeline::Identity;

use crate::scenario::{FLOODED_M, Raw, Report, Scenario, TRAP};

/// What the aggregate refuses: a value of which the millionths leave half of 64 bits.
const TOO_LARGE: f64 = 4e12;

/// A raw record with the offset that it got.
#[derive(Clone)]
pub struct Placed {
    pub offset: u64,
    pub raw: Raw,
}

/// A row of the topic `events`.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub id: String,
    pub revision_us: i64,
    pub behind_us: i64,
    pub flooded: Option<bool>,
    pub source: usize,
    pub report: Report,
}

impl PartialEq for Report {
    fn eq(&self, other: &Self) -> bool {
        (&self.entity, self.at_us, &self.zone, &self.text)
            == (&other.entity, other.at_us, &other.zone, &other.text)
    }
}

/// A dead letter: id, step and code.
pub type Letter = (String, &'static str, &'static str);

/// What becomes of one raw record.
#[derive(Clone, Debug)]
pub enum Verdict {
    Event(Row),
    Letter(Letter),
}

/// A window's result: key, start, then count, least and greatest value, mean, and whether it has closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    pub count: i64,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub mean: Option<f64>,
    pub last: bool,
}

/// What a run has come to where the answer leaves it open, because partitions were idle.
#[derive(Default)]
pub struct Open {
    /// Ids and revisions of the rows that the first stateful step let go on.
    pub reports: Vec<(String, i64)>,
    /// Ids and revisions of dead letters for rows whose windows were forgotten.
    pub forgotten: BTreeSet<(String, i64)>,
}

/// The whole answer.
#[derive(Default)]
pub struct Answer {
    /// Of stateful steps; those of the first stage are in the verdicts.
    pub letters: Vec<Letter>,
    /// Ids that the first stateful step lets go on, where there is one.
    pub reports: Option<Vec<String>>,
    /// For each zone what its timers have given, in order: events and beats.
    pub beats: BTreeMap<String, Vec<(i64, i64)>>,
    /// By zone and start.
    pub windows: BTreeMap<(String, i64), Tally>,
    /// Rows that wait for the watermark.
    pub held: usize,
    /// What is wrong with what was left open.
    pub wrong: Option<String>,
}

/// What the first stage makes of the records of one raw partition, in their order: of each at least one verdict.
pub fn first(
    scenario: &Scenario,
    identity: Identity,
    (topic, partition): (usize, u32),
    records: &[Placed],
) -> Vec<Vec<Verdict>> {
    let mut newest_us = i64::MIN;
    let verdict = |Placed { offset, raw }: &Placed| {
        let mut id = String::new();
        identity.of_place(&crate::scenario::raw_topic(topic), partition, *offset, &mut id);
        let letter = |step, code| vec![Verdict::Letter((id.clone(), step, code))];
        let Some(report) = raw.report.clone() else { return letter("decode", code_of(&raw.json)) };
        if report.at_us > raw.received_us + scenario.time.max_ahead_us {
            return letter("decode", "VG1011");
        }
        newest_us = newest_us.max(report.at_us);
        if report.level_m.is_some_and(|level| level < 0.0) {
            return letter("alarm", "VG2100");
        }
        if scenario.poison && report.text == TRAP {
            return letter("poison", "VG2103");
        }
        if let Some(entity) = &report.entity {
            identity.of_source(&topic.to_string(), entity, report.updated_us.unwrap_or(0), &mut id);
        }
        let row = Row {
            id,
            revision_us: raw.received_us,
            behind_us: newest_us - report.at_us,
            flooded: report.level_m.map(|level| level > FLOODED_M),
            source: topic,
            report,
        };
        if scenario.split { lines(identity, &row) } else { vec![Verdict::Event(row)] }
    };
    records.iter().map(verdict).collect()
}

/// An event for each line of a text.
fn lines(identity: Identity, row: &Row) -> Vec<Verdict> {
    let line = |(ordinal, text): (u64, &str)| {
        let mut line = Row { report: Report { text: text.into(), ..row.report.clone() }, ..row.clone() };
        identity.of_child(&row.id, "split", ordinal, &mut line.id);
        Verdict::Event(line)
    };
    (0..).zip(row.report.text.split(';')).map(line).collect()
}

/// Why a record is no event.
fn code_of(json: &[u8]) -> &'static str {
    match json {
        [0xff, ..] => "VG1002",
        json if !json.ends_with(b"}") => "VG1001",
        json if json.starts_with(br#"{"id": 7"#) => "VG1004",
        _ => "VG1005",
    }
}

/// How far a raw partition has come; none: nothing was taken of it.
pub fn newest_us(scenario: &Scenario, records: &[Placed]) -> Option<i64> {
    let taken = records.iter().filter_map(|placed| {
        let at_us = placed.raw.report.as_ref()?.at_us;
        (at_us <= placed.raw.received_us + scenario.time.max_ahead_us).then_some(at_us)
    });
    taken.max()
}

/// What the stateful steps make of all rows, when every raw partition has come at least to `now_us`;
/// none: one of them has said nothing.
pub fn then(
    scenario: &Scenario,
    identity: Identity,
    rows: Vec<Row>,
    now_us: Option<i64>,
    open: &Open,
) -> Answer {
    let mut answer = Answer::default();
    let mut now_us = now_us.unwrap_or(i64::MIN / 2);
    let mut rows = rows;
    if let Some((within_us, lateness_us)) = scenario.dedupe {
        now_us -= lateness_us;
        let (late, on_time): (Vec<Row>, _) = rows.into_iter().partition(|r| r.behind_us > lateness_us);
        answer.letters.extend(late.iter().map(|row| letter(identity, "unique", &row.id, "VG1012")));
        let (mut released, held): (Vec<Row>, Vec<Row>) =
            on_time.into_iter().partition(|row| row.report.at_us < now_us);
        answer.held = held.len();
        released.sort_by(|a, b| (a.report.at_us, &a.id).cmp(&(b.report.at_us, &b.id)));
        rows = if scenario.time.idle_after_us.is_some() {
            some(released, within_us, &open.reports, &mut answer)
        } else {
            unique(released, within_us)
        };
        answer.reports = Some(rows.iter().map(|row| row.id.clone()).collect());
    }
    now_us -= scenario.lateness_us;
    match scenario.fuse {
        Some(fuse) => beat(scenario, identity, rows, fuse, now_us, &mut answer),
        None => count(scenario, identity, &rows, now_us, &open.forgotten, &mut answer),
    }
    answer
}

/// Timers of zones: each begins with an event, fires three times, and traps at some counts.
fn beat(
    scenario: &Scenario,
    identity: Identity,
    rows: Vec<Row>,
    (period_us, trap_at): (i64, i64),
    now_us: i64,
    answer: &mut Answer,
) {
    let (late, mut rows): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|row| row.behind_us > scenario.lateness_us);
    answer.letters.extend(late.iter().map(|row| letter(identity, "fuse", &row.id, "VG1012")));
    rows.retain(|row| row.report.at_us < now_us);
    rows.sort_by(|a, b| (a.report.at_us, &a.id).cmp(&(b.report.at_us, &b.id)));
    let zones: BTreeSet<String> = rows.iter().filter_map(|row| row.report.zone.clone()).collect();
    for zone in zones {
        let (mut count, mut beats, mut timer) = (0, 0, None);
        let times =
            rows.iter().filter(|row| row.report.zone.as_ref() == Some(&zone)).map(|r| Some(r.report.at_us));
        for at_us in times.chain([None]) {
            while let Some(due) = timer.filter(|due| *due <= at_us.unwrap_or(now_us)) {
                timer = None;
                if count % trap_at == 0 {
                    // Its id is a hash of bytes that the model does not know.
                    answer.letters.push((String::new(), "fuse", "VG2103"));
                    continue;
                }
                beats += 1;
                answer.beats.entry(zone.clone()).or_default().push((count, beats));
                timer = (beats < 3).then_some(due + period_us);
                if beats == 3 {
                    (count, beats) = (0, 0);
                }
            }
            if let Some(at_us) = at_us {
                count += 1;
                timer = timer.or(Some(at_us + period_us));
            }
        }
    }
}

fn letter(identity: Identity, step: &'static str, own: &str, code: &'static str) -> Letter {
    let mut id = String::new();
    identity.of_key(step, own.as_bytes(), &mut id);
    (id, step, code)
}

/// Rows in order without those that repeat one of their entity's that went on not long before.
fn unique(rows: Vec<Row>, within_us: i64) -> Vec<Row> {
    let mut kept: Vec<Row> = Vec::new();
    for row in rows {
        let repeats = |before: &Row| {
            (before.source, &before.report.entity, &before.report.text)
                == (row.source, &row.report.entity, &row.report.text)
                && row.report.at_us - before.report.at_us <= within_us
        };
        if row.report.entity.is_none() || !kept.iter().any(repeats) {
            kept.push(row);
        }
    }
    kept
}

/// The rows of which a run says that they went on. In which order they came is open, and so which ones of
/// those that repeat each other; but nothing is lost of which nothing like it went on.
fn some(rows: Vec<Row>, within_us: i64, reports: &[(String, i64)], answer: &mut Answer) -> Vec<Row> {
    let mut left = reports.to_vec();
    let (kept, dropped): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| {
        let found = left.iter().position(|(id, at)| *id == row.id && *at == row.revision_us);
        found.map(|at| left.swap_remove(at)).is_some()
    });
    let repeats = |row: &Row, other: &Row| {
        let of = |row: &Row| (row.source, row.report.entity.clone(), row.report.text.clone());
        let apart_us = (row.report.at_us - other.report.at_us).abs();
        row.report.entity.is_some() && of(row) == of(other) && apart_us <= within_us
    };
    let lost = dropped.iter().find(|row| !kept.iter().any(|other| repeats(row, other)));
    if let Some(wrong) = lost {
        answer.wrong = Some(format!("nothing like {wrong:?} went on"));
    }
    if let Some(wrong) = left.first() {
        answer.wrong = Some(format!("{wrong:?} went on and should not"));
    }
    kept
}

/// Windows of zones; `now_us`: those that end until then are closed.
fn count(
    scenario: &Scenario,
    identity: Identity,
    rows: &[Row],
    now_us: i64,
    forgotten: &BTreeSet<(String, i64)>,
    answer: &mut Answer,
) {
    let mut values: BTreeMap<(String, i64), Vec<Option<f64>>> = BTreeMap::new();
    for row in rows {
        let at_us = row.report.at_us;
        let newest_us = at_us + row.behind_us;
        let (window_us, hop_us) = (scenario.window_us, scenario.hop_us);
        let last = at_us - at_us.rem_euclid(hop_us);
        let windows: BTreeSet<i64> =
            (0..).map(|n| last - n * hop_us).take_while(|s| s + window_us > at_us).collect();
        let open: Vec<i64> =
            windows.into_iter().filter(|s| s + window_us + scenario.lateness_us > newest_us).collect();
        if open.is_empty() {
            answer.letters.push(letter(identity, "counts", &row.id, "VG1012"));
        }
        let over = letter(identity, "counts", &row.id, "VG1013");
        if !open.is_empty() && forgotten.contains(&(over.0.clone(), row.revision_us)) {
            if open[0] + window_us > now_us - scenario.time.keep_closed_us {
                answer.wrong = Some(format!("{row:?} was refused, and its window is kept"));
            }
            answer.letters.push(over);
            continue;
        }
        let Some(zone) = &row.report.zone else { continue };
        for start in open {
            if row.report.severity.is_some_and(|v| v.abs() >= TOO_LARGE) {
                answer.letters.push(letter(identity, "counts", &row.id, "VG2100"));
            } else {
                values.entry((zone.clone(), start)).or_default().push(row.report.severity);
            }
        }
    }
    for ((zone, start), values) in values {
        let tally = tally(&values, start + scenario.window_us <= now_us);
        answer.windows.insert((zone, start), tally);
    }
}

fn tally(values: &[Option<f64>], last: bool) -> Tally {
    let valued: Vec<f64> = values.iter().copied().flatten().collect();
    let sum: i64 = valued.iter().map(|v| (v * 1e6).round_ties_even() as i64).sum();
    Tally {
        count: values.len() as i64,
        min: valued.iter().copied().reduce(f64::min),
        max: valued.iter().copied().reduce(f64::max),
        mean: (!valued.is_empty()).then(|| sum as f64 / 1e6 / valued.len() as f64),
        last,
    }
}
