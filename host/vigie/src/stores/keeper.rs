//! What is said of stores in the log: by who delivers how they stand, by operators what is to be done. Both are facts
//! in `vigie.control`, so every process on the log hears and is heard.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use log::{Most, Output, Step};
use pipeline::facts::{self, CONTROL, Facts};
use serde_json::{Value, json};

use crate::control::{GROUP, now_us};
use crate::logs::AnyLog;
use crate::run::whole;
use crate::watch::Behind;

/// How often orders are looked for.
const LOOK: Duration = Duration::from_millis(500);
/// How often it is said how stores stand, where that has changed; and where it has not, so that who is gone is known.
const SAY: Duration = Duration::from_secs(2);
const REPEAT: Duration = Duration::from_secs(10);
/// Who has said nothing for so long is gone.
pub const GONE: Duration = Duration::from_secs(30);
/// Facts that are read at once.
const PAGE: Most = Most { records: 1024, bytes: 4 << 20 };

/// How a store stands at one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It was not opened yet.
    #[default]
    Starting,
    /// It takes rows, or there are none.
    Delivering,
    /// It fails, and is tried again by and by.
    Failing,
    /// Somebody must do something; it is tried again, seldom.
    Broken,
    /// It was asked to pause.
    Paused,
    /// The process has ended.
    Ended,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Delivering => "delivering",
            Self::Failing => "failing",
            Self::Broken => "broken",
            Self::Paused => "paused",
            Self::Ended => "ended",
        }
    }
}

/// What a delivery and its keeper tell each other.
#[derive(Default)]
pub struct Standing {
    /// Whether it is to pause.
    paused: AtomicBool,
    told: Mutex<Told>,
    /// Which store is expected, and how often that was changed.
    expected: Mutex<(u64, Option<String>)>,
}

/// What a delivery tells.
#[derive(Clone, Default)]
pub struct Told {
    pub state: State,
    /// What it last failed with, as long as it does; without values.
    pub failure: Option<String>,
    /// Rows since the start that the store has taken, and refused.
    pub rows: u64,
    pub refused: u64,
    /// Which store it is.
    pub id: Option<String>,
}

impl Standing {
    pub fn is_to_pause(&self) -> bool {
        self.paused.load(Ordering::SeqCst)
    }

    pub fn tell(&self, told: Told) {
        *whole(&self.told) = told;
    }

    pub fn told(&self) -> Told {
        whole(&self.told).clone()
    }

    /// Which store is expected, and how often that was changed.
    pub fn expected(&self) -> (u64, Option<String>) {
        whole(&self.expected).clone()
    }

    /// Any store may be there.
    pub fn expect_any(&self) {
        let mut expected = whole(&self.expected);
        *expected = (expected.0 + 1, None);
    }
}

/// A store as its keeper sees it.
struct Kept {
    name: String,
    standing: Arc<Standing>,
    behind: Vec<Behind>,
    /// What was said last, and when.
    said: Option<(Value, Instant)>,
    /// Rows at the last look, for the rate.
    rows: (u64, Instant),
    /// The id that the log has.
    id: Option<String>,
}

/// Hears orders about stores, and says how they stand.
pub struct Keeper {
    log: AnyLog,
    /// The pipeline's group, and this process among others.
    group: String,
    member: String,
    stores: Vec<Kept>,
    next: u64,
}

/// What is known of stores before a run begins: which are paused, and which store is expected by name.
pub fn before(facts: &Facts, name: &str) -> Arc<Standing> {
    let standing = Standing::default();
    let of = |kind: &str| facts.get(&[kind.to_owned(), name.to_owned()][..]).map(|fact| &fact.what);
    standing.paused.store(of("store-order").is_some_and(is_pause), Ordering::SeqCst);
    *whole(&standing.expected) = (0, of("store-id").and_then(id));
    Arc::new(standing)
}

fn is_pause(order: &Value) -> bool {
    order.get("paused").and_then(Value::as_bool) == Some(true)
}

fn id(fact: &Value) -> Option<String> {
    fact.get("id").and_then(Value::as_str).map(Into::into)
}

impl Keeper {
    /// `member`: this process's own name among all that deliver for the group; `next`: the offset of the first fact that
    /// is not known yet.
    pub fn new(
        log: AnyLog,
        group: String,
        member: String,
        stores: Vec<(String, Arc<Standing>, Vec<Behind>)>,
        next: u64,
    ) -> Self {
        let kept = |(name, standing, behind): (String, Arc<Standing>, Vec<Behind>)| {
            let id = standing.expected().1;
            Kept { name, standing, behind, said: None, rows: (0, Instant::now()), id }
        };
        Self { log, group, member, stores: stores.into_iter().map(kept).collect(), next }
    }

    /// Hears and says until it is to stop; a log that fails is asked again.
    pub fn run(&mut self, stop: &AtomicBool) {
        let mut said = None::<Instant>;
        while !stop.load(Ordering::SeqCst) {
            // The workers tell of a log that is unwell.
            let _ = self.hear();
            if said.is_none_or(|at| at.elapsed() > SAY) {
                said = Some(Instant::now());
                let _ = self.say();
            }
            std::thread::sleep(LOOK);
        }
        let _ = self.say();
    }

    fn hear(&mut self) -> Result<(), log::Error> {
        loop {
            let records = self.log.poll(CONTROL, 0, self.next, PAGE)?;
            let Some(last) = records.last() else { return Ok(()) };
            self.next = last.offset + 1;
            for record in &records {
                let key: Result<Vec<String>, _> = serde_json::from_slice(&record.key);
                let what: Result<Value, _> = serde_json::from_slice(&record.value);
                let (Ok(key), Ok(what)) = (key, what) else { continue };
                let [kind, name] = key.as_slice() else { continue };
                for store in self.stores.iter_mut().filter(|store| store.name == *name) {
                    store.obey(kind, &what);
                }
            }
        }
    }

    /// Says what is new, in one step.
    pub fn say(&mut self) -> Result<(), log::Error> {
        let (mut outputs, mut answers) = (Vec::new(), true);
        for store in &mut self.stores {
            outputs.extend(store.fact(&self.log, &mut answers, &self.group, &self.member));
            outputs.extend(store.id_fact());
        }
        if outputs.is_empty() {
            return Ok(());
        }
        let told = self.log.commit_step(Step::of(GROUP, &[], &outputs, &[]));
        if told.is_err() {
            self.stores.iter_mut().for_each(|store| store.said = None);
            self.log.recover()?;
        }
        told
    }
}

impl Kept {
    fn obey(&mut self, kind: &str, what: &Value) {
        match kind {
            "store-order" => self.standing.paused.store(is_pause(what), Ordering::SeqCst),
            "store-id" => {
                self.id = id(what);
                if self.id.is_none() {
                    self.standing.expect_any();
                }
            }
            _ => {}
        }
    }

    /// How it stands, where that is news.
    fn fact(&mut self, log: &AnyLog, answers: &mut bool, group: &str, member: &str) -> Option<Output> {
        let told = self.standing.told();
        let lag = self.behind.iter_mut().map(|behind| behind.records(log, answers)).sum::<Option<u64>>();
        let (rows_before, since) = std::mem::replace(&mut self.rows, (told.rows, Instant::now()));
        let seconds = since.elapsed().as_secs_f64();
        let rate =
            if seconds > 0.0 { (told.rows - rows_before.min(told.rows)) as f64 / seconds } else { 0.0 };
        let what = json!({
            "group": group, "state": told.state.name(), "rows": told.rows, "refused": told.refused,
            "rows_per_s": rate.round(), "lag_records": lag, "failure": told.failure,
        });
        let is_old = |(said, at): &(Value, Instant)| *said != what || at.elapsed() > REPEAT;
        self.said.as_ref().is_none_or(is_old).then(|| {
            self.said = Some((what.clone(), Instant::now()));
            facts::say(CONTROL, &["store", &self.name, member], &what, now_us())
        })
    }

    /// Which store it is, where the log does not know.
    fn id_fact(&mut self) -> Option<Output> {
        let id = self.standing.told().id.filter(|id| Some(id) != self.id.as_ref())?;
        let fact = facts::say(CONTROL, &["store-id", &self.name], &json!({"id": id}), now_us());
        self.id = Some(id);
        Some(fact)
    }
}

/// The newest of what processes have said of stores: by store, then process.
pub fn said(facts: &Facts) -> BTreeMap<(&str, &str), &facts::Fact> {
    let mut said = BTreeMap::new();
    for (key, fact) in facts {
        if let [kind, name, member] = key.as_slice()
            && kind == "store"
        {
            said.insert((name.as_str(), member.as_str()), fact);
        }
    }
    said
}
