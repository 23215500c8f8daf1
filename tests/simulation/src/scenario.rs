//! What a seed chooses before anything runs: the pipeline, and the records of its raw topics.

use std::collections::BTreeSet;

use pipeline::Identity;
use serde_json::json;

use crate::dice::Dice;
use crate::faults::Fault;

/// 2026-01-01T00:00:00Z
const FIRST_US: i64 = 1_767_225_600_000_000;
const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;
/// A level below which the first step refuses a row; above [`FLOODED_M`] it flags it.
pub const FLOODED_M: f64 = 3.0;
/// The text that the poison step traps on.
pub const TRAP: &str = "trap";

/// What is run, and with what: everything follows from it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Chooses everything else.
    pub seed: u64,
    /// Raw records.
    pub events: usize,
    /// What may go wrong.
    pub faults: BTreeSet<Fault>,
}

/// The pipeline of a seed.
#[derive(Debug)]
pub struct Scenario {
    pub options: Options,
    /// Partitions of each raw topic.
    pub raw: Vec<u32>,
    /// The offset at which the raw topics begin.
    pub start: u64,
    events_partitions: u32,
    reports_partitions: u32,
    /// Whether rows pass a step that traps on some.
    pub poison: bool,
    /// Whether the lines of a text become events of their own.
    pub split: bool,
    /// Within which time repeats are dropped, and the lateness; none: there is no such step.
    pub dedupe: Option<(i64, i64)>,
    /// Period and trap of a step with timers, in place of the windows.
    pub fuse: Option<(i64, i64)>,
    pub window_us: i64,
    pub hop_us: i64,
    pub lateness_us: i64,
    pub time: Time,
    pub restores: Restores,
    pub records: Vec<Raw>,
    /// Whether the store refuses a row of the same revision.
    pub strict: bool,
}

/// How state is restored.
#[derive(Clone, Copy, Debug)]
pub struct Restores {
    /// About how many bytes at once.
    pub slice_bytes: usize,
    /// After how many changed bytes, and which time, a snapshot is made; none: there are none.
    pub snapshots: Option<(u64, i64)>,
    /// For how long deletes are kept.
    pub deletes_kept_us: Option<i64>,
}

impl Restores {
    /// All at once, from the log.
    const PLAIN: Self = Self { slice_bytes: usize::MAX, snapshots: None, deletes_kept_us: None };

    fn new(dice: &mut Dice, forgets: bool) -> Self {
        let slice_bytes = *dice.pick(&[1, 50, 200, 1000, usize::MAX]);
        let after_bytes = *dice.pick(&[0, 0, 500, 5000]);
        let every_us = *dice.pick(&[0, 200_000, SECOND_US, DAY_US]);
        let kept_us = *dice.pick(&[10 * SECOND_US, 60 * SECOND_US]);
        Self {
            slice_bytes,
            snapshots: dice.chance(900).then_some((after_bytes, every_us)),
            deletes_kept_us: forgets.then_some(kept_us),
        }
    }
}

/// Settings of event time, in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// None: no partition is ever idle.
    pub idle_after_us: Option<i64>,
    pub max_ahead_us: i64,
    pub max_drift_us: i64,
    pub keep_closed_us: i64,
}

impl Time {
    /// As if there were none of them.
    const PLAIN: Self = Self {
        idle_after_us: None,
        max_ahead_us: 300 * SECOND_US,
        max_drift_us: DAY_US,
        keep_closed_us: 7 * DAY_US,
    };

    fn new(dice: &mut Dice, idles: bool) -> Self {
        let idle_after_us = *dice.pick(&[0, 100_000, SECOND_US]);
        Self {
            idle_after_us: idles.then_some(idle_after_us),
            max_ahead_us: dice.pick(&[300, 300, 310, 60]) * SECOND_US,
            max_drift_us: dice.pick(&[0, 20, 120, 600]) * SECOND_US,
            keep_closed_us: *dice.pick(&[7 * DAY_US, 7 * DAY_US, 0, 60 * SECOND_US]),
        }
    }

    /// Whether closed windows may be forgotten before all that can come for them has come.
    pub fn forgets(self) -> bool {
        self.idle_after_us.is_some() && self.keep_closed_us < DAY_US
    }
}

/// A record of a raw topic, to come.
#[derive(Clone, Debug)]
pub struct Raw {
    /// The number of its topic.
    pub topic: usize,
    pub partition: u32,
    pub received_us: i64,
    pub json: Vec<u8>,
    /// What is in it; none: it is no event.
    pub report: Option<Report>,
    /// Offsets that are taken before it by what no reader sees.
    pub gap: u32,
}

/// An event, as its source means it.
#[derive(Clone, Debug)]
pub struct Report {
    pub entity: Option<String>,
    pub at_us: i64,
    pub updated_us: Option<i64>,
    pub zone: Option<String>,
    pub text: String,
    pub severity: Option<f64>,
    pub level_m: Option<f64>,
}

/// The name of a raw topic; also what its events have as their source, but for `raw.`.
pub fn raw_topic(number: usize) -> String {
    format!("raw.{number}")
}

impl Scenario {
    pub fn new(options: Options) -> Self {
        let mut dice = Dice::new(options.seed, 0);
        let seconds = |dice: &mut Dice, of: &[i64]| dice.pick(of) * SECOND_US;
        let raw = (0..=dice.below(2)).map(|_| 1 + dice.below(3) as u32).collect();
        let (events_partitions, reports_partitions) = (1 + dice.below(3) as u32, 1 + dice.below(3) as u32);
        let has_dedupe = dice.chance(750);
        let dedupe = (seconds(&mut dice, &[20, 60, 600]), seconds(&mut dice, &[0, 10, 60, 300]));
        let window_us = seconds(&mut dice, &[10, 60, 300]);
        let hop_us = window_us / [1, 1, 2, 5][dice.below(4)];
        let lateness_us = seconds(&mut dice, &[0, 10, 60, 300]);
        let poison = dice.chance(200) && options.faults.contains(&Fault::Poison);
        let has_fuse = dice.chance(300);
        let trap_at =
            if options.faults.contains(&Fault::Poison) { 2 + dice.below(3) as i64 } else { i64::MAX };
        let fuse = (seconds(&mut dice, &[5, 20, 120]), trap_at);
        let start = [0, 0, 0, 1, 40][dice.below(5)];
        let mut scenario = Self {
            raw,
            start: if options.faults.contains(&Fault::Short) { start } else { 0 },
            events_partitions,
            reports_partitions,
            poison,
            split: false,
            dedupe: has_dedupe.then_some(dedupe),
            fuse: has_fuse.then_some(fuse),
            window_us,
            hop_us,
            lateness_us,
            time: Time::PLAIN,
            restores: Restores::PLAIN,
            records: Vec::new(),
            strict: dice.chance(500),
            options,
        };
        // Chosen by the number, and last, so that the seeds that have found a defect mean what they meant.
        if (scenario.options.seed + 2) % 7 < 3 {
            let idles = scenario.has(Fault::Idle) && dice.chance(750);
            scenario.time = Time::new(&mut dice, idles);
            if idles {
                // What a step gives that goes by the order of event time is not the same in every run then.
                scenario.fuse = None;
            }
            if scenario.time.forgets() {
                // A row in several windows could be forgotten in some.
                scenario.hop_us = window_us;
            }
        }
        // The same again; none of those seeds is among these.
        if !(1..5).contains(&(scenario.options.seed % 8)) {
            let forgets = scenario.has(Fault::Forget);
            scenario.restores = Restores::new(&mut dice, forgets);
        }
        // And again.
        scenario.split = scenario.options.seed % 6 == 2;
        scenario.records = Source::new(&scenario, Dice::new(scenario.options.seed, 1)).records();
        scenario
    }

    fn has(&self, fault: Fault) -> bool {
        self.options.faults.contains(&fault)
    }

    /// The pipeline file.
    pub fn yaml(&self) -> String {
        let source = |(number, partitions): (usize, &u32)| source_yaml(number, *partitions, self.time);
        let sources: String = self.raw.iter().enumerate().map(source).collect();
        let poison = if self.poison { "  - {name: poison, plugin: hostile, with: {do: none}}\n" } else { "" };
        let split = if self.split { "  - {name: split, plugin: split}\n" } else { "" };
        let (unique, from) = match self.dedupe {
            None => (String::new(), "events"),
            Some((within_us, lateness_us)) => {
                (unique_yaml(within_us, lateness_us, self.reports_partitions), "reports")
            }
        };
        let snapshot_every = self.restores.snapshots.map_or("never".into(), |(_, us)| format!("{us}us"));
        // Rows of a zone must lie in one partition of the topic that windows are counted from.
        let by = if self.dedupe.is_some() { "entity" } else { "zone" };
        format!(
            "pipeline: simulated\nversion: 1\nmax_drift: {}s\nsnapshot_every: {snapshot_every}\nschema:\n  fields:\n{SCHEMA}sources:\n{sources}steps:\n  \
             - {{name: alarm, plugin: flood-alarm, with: {{above_m: {FLOODED_M}}}}}\n{poison}{split}\
             events: {{topic: events, partitions: {}, partition_by: {by}, clearance: []}}\nthen:\n{unique}  \
             - from: {from}\n    key: [zone]\n    lateness: {}s\n    \
             output: {{topic: cells, partitions: 2, partition_by: zone, clearance: []}}\n{}",
            self.time.max_drift_us / SECOND_US,
            self.events_partitions,
            self.lateness_us / SECOND_US,
            self.last_yaml(),
        )
    }

    /// What the last step does.
    fn last_yaml(&self) -> String {
        match self.fuse {
            Some((period_us, trap_at)) => format!(
                "    name: fuse\n    plugin: fuse\n    with: {{period_s: {}, trap_at: {trap_at}}}\n",
                period_us / SECOND_US
            ),
            None => format!(
                "    name: counts\n    plugin: aggregate\n    with: {{field: severity}}\n    \
                 window: {{hopping: {}s, every: {}s}}\n    keep_closed: {}s\n",
                self.window_us / SECOND_US,
                self.hop_us / SECOND_US,
                self.time.keep_closed_us / SECOND_US,
            ),
        }
    }
}

const SCHEMA: &str = "    - {name: entity, kind: utf8}
    - {name: timestamp, kind: timestamp, required: true}
    - {name: updated, kind: timestamp}
    - {name: zone, kind: utf8}
    - {name: text, kind: utf8, required: true}
    - {name: lat, kind: float64}
    - {name: lng, kind: float64}
    - {name: severity, kind: float64}
    - {name: water_level_m, kind: float64}
";

fn source_yaml(number: usize, partitions: u32, time: Time) -> String {
    let idle_after = time.idle_after_us.map_or("never".into(), |us| format!("{us}us"));
    format!(
        "  - topic: {}\n    source: \"{number}\"\n    partitions: {partitions}\n    \
         idle_after: {idle_after}\n    max_ahead: {}s\n    decode:\n      fields: \
         {{entity: id, timestamp: {{path: t, time: millis}}, updated: {{path: u, time: millis}}, zone: zone, \
         text: text, severity: severity, water_level_m: level}}\n",
        raw_topic(number),
        time.max_ahead_us / SECOND_US,
    )
}

fn unique_yaml(within_us: i64, lateness_us: i64, partitions: u32) -> String {
    format!(
        "  - name: unique\n    from: events\n    plugin: dedupe\n    with: {{by: text, within_s: {}}}\n    \
         key: [source, entity]\n    lateness: {}s\n    \
         output: {{topic: reports, partitions: {partitions}, partition_by: zone, clearance: []}}\n",
        within_us / SECOND_US,
        lateness_us / SECOND_US,
    )
}

/// A partition of which nothing comes for a while, and then all at once.
struct Stopped {
    of: (usize, u32),
    /// From which record on, and until which one.
    during: std::ops::Range<usize>,
    held_back: Vec<Raw>,
}

/// Makes the records.
struct Source<'a> {
    scenario: &'a Scenario,
    dice: Dice,
    /// How many lines a text has, where it is split.
    lines: Option<Dice>,
    /// How far behind the clock each partition's events are.
    lag_us: Vec<Vec<i64>>,
    silent: Option<(usize, u32)>,
    stopped: Option<Stopped>,
    /// Times are multiples of it, so that some fall on the edges of windows and on each other.
    grain_us: i64,
    pace_us: i64,
    sent: Vec<Raw>,
}

impl<'a> Source<'a> {
    fn new(scenario: &'a Scenario, mut dice: Dice) -> Self {
        let mut lag = || if dice.chance(400) { dice.between(-290, 900) * SECOND_US } else { 0 };
        let lag_us = scenario.raw.iter().map(|n| (0..*n).map(|_| lag()).collect()).collect();
        let topic = dice.below(scenario.raw.len());
        let partition = dice.below(scenario.raw[topic] as usize) as u32;
        let silent = dice.chance(50).then_some((topic, partition));
        let grain_us = *dice.pick(&[1000, SECOND_US, 10 * SECOND_US]);
        let pace_us = *dice.pick(&[SECOND_US, 5 * SECOND_US, 20 * SECOND_US]);
        let stopped = scenario.time.idle_after_us.map(|_| {
            let topic = dice.below(scenario.raw.len());
            let from = dice.below(scenario.options.events);
            let until = from + dice.below(scenario.options.events - from);
            let of = (topic, dice.below(scenario.raw[topic] as usize) as u32);
            Stopped { of, during: from..until, held_back: Vec::new() }
        });
        let lines = scenario.split.then(|| Dice::new(scenario.options.seed, 3));
        Self { scenario, dice, lines, lag_us, silent, stopped, grain_us, pace_us, sent: Vec::new() }
    }

    fn records(mut self) -> Vec<Raw> {
        let mut clock_us = FIRST_US;
        for number in 0..self.scenario.options.events {
            clock_us += self.dice.between(1, 2 * self.pace_us);
            let wrong_us = self.dice.between(-30, 30) * SECOND_US;
            let wrong_us = if self.dice.chance(50) && self.scenario.has(Fault::Clock) { wrong_us } else { 0 };
            let mut raw = self.record(clock_us + wrong_us);
            raw.gap = if self.dice.chance(200) { 1 + self.dice.below(3) as u32 } else { 0 };
            if !self.scenario.has(Fault::Gaps) {
                raw.gap = 0;
            }
            let silent = self.scenario.has(Fault::Silent) && self.silent == Some((raw.topic, raw.partition));
            if !silent {
                self.send(number, raw);
            }
        }
        self.sent.extend(self.stopped.into_iter().flat_map(|stopped| stopped.held_back));
        self.sent
    }

    fn send(&mut self, number: usize, raw: Raw) {
        let Some(stopped) = &mut self.stopped else { return self.sent.push(raw) };
        if !stopped.during.contains(&number) {
            self.sent.append(&mut stopped.held_back);
        } else if stopped.of == (raw.topic, raw.partition) {
            return stopped.held_back.push(raw);
        }
        self.sent.push(raw);
    }

    fn record(&mut self, received_us: i64) -> Raw {
        let topic = self.dice.below(self.scenario.raw.len());
        let (repeats, updates) = (self.dice.chance(80), self.dice.chance(400));
        let again = self.dice.below(self.sent.len());
        if let (true, true, Some(before)) =
            (repeats, self.scenario.has(Fault::Repeat), self.sent.get(again).cloned())
        {
            return self.again(before, received_us, updates);
        }
        let entity = (!self.dice.chance(50)).then(|| format!("e{}", self.dice.below(6)));
        let by = entity.clone().unwrap_or_else(|| received_us.to_string());
        let partition = Identity::partition(by.as_bytes(), self.scenario.raw[topic]);
        let report = Report {
            entity,
            at_us: self.time(topic, partition, received_us),
            updated_us: None,
            zone: (!self.dice.chance(50)).then(|| format!("z{}", self.dice.below(3))),
            text: self.text(),
            severity: (!self.dice.chance(200)).then(|| self.dice.between(-5000, 5000) as f64 / 1000.0),
            level_m: self.dice.chance(500).then(|| self.dice.between(0, 6000) as f64 / 1000.0),
        };
        let raw = Raw { topic, partition, received_us, json: Vec::new(), report: None, gap: 0 };
        self.spoiled(raw, report)
    }

    fn text(&mut self) -> String {
        let words = ["water", "fire", "smoke"];
        let mut text = (*self.dice.pick(&words)).to_owned();
        if let Some(lines) = &mut self.lines {
            (0..lines.below(4)).for_each(|_| text = format!("{text};{}", lines.pick(&words)));
        }
        text
    }

    /// Event time, as a source's clock has it.
    fn time(&mut self, topic: usize, partition: u32, received_us: i64) -> i64 {
        let has = |fault| self.scenario.has(fault);
        let (mut late, mut future) = (self.dice.between(0, 10), self.dice.between(295, 320));
        if self.dice.chance(100) && has(Fault::Late) {
            late = self.dice.between(0, 900);
        }
        if !(self.dice.chance(30) && has(Fault::Future)) {
            future = 0;
        }
        let lag_us = if has(Fault::Drift) { self.lag_us[topic][partition as usize] } else { 0 };
        let lag_us = if future > 0 { -future * SECOND_US } else { lag_us + late * SECOND_US };
        let at_us = received_us - lag_us;
        at_us - at_us.rem_euclid(self.grain_us)
    }

    /// A report that was sent before, as it was or with another content.
    fn again(&mut self, before: Raw, received_us: i64, updates: bool) -> Raw {
        let mut raw = Raw { received_us, gap: 0, ..before };
        if let (true, Some(report)) = (updates, &mut raw.report) {
            report.updated_us = Some(received_us - received_us % 1000);
            report.severity = Some(self.dice.between(0, 5000) as f64 / 1000.0);
            raw.json = json(report);
        }
        raw
    }

    /// The record of a report, unless something is wrong with it.
    fn spoiled(&mut self, mut raw: Raw, mut report: Report) -> Raw {
        let (bad, poison) = (self.dice.chance(60), self.dice.chance(40));
        let kind = self.dice.below(6);
        if poison && self.scenario.has(Fault::Poison) {
            report.text = TRAP.into();
        }
        let bad = bad && self.scenario.has(Fault::Bad);
        match kind {
            0 if bad => report.level_m = Some(-1.0),
            1 if bad => report.severity = Some(1e15),
            _ => {}
        }
        raw.json = json(&report);
        match kind {
            2 if bad => raw.json.truncate(raw.json.len() / 2),
            3 if bad => raw.json = br#"{"id": 7, "t": 1, "text": "x"}"#.to_vec(),
            4 if bad => raw.json = br#"{"id": "e1", "text": "x"}"#.to_vec(),
            5 if bad => raw.json = vec![0xff, 0x00],
            _ => raw.report = Some(report),
        }
        raw
    }
}

fn json(report: &Report) -> Vec<u8> {
    json!({
        "id": report.entity, "t": report.at_us / 1000, "u": report.updated_us.map(|us| us / 1000),
        "zone": report.zone, "text": report.text, "severity": report.severity, "level": report.level_m,
    })
    .to_string()
    .into_bytes()
}
