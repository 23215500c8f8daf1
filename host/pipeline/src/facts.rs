//! What every process on a log knows of the others and of what was written before: compacted topics of facts, of
//! which the last word by key holds.

use std::collections::{BTreeMap, BTreeSet};

use log::{Log, Most, Output};
use serde::Serialize;
use serde_json::Value;

use crate::labels::Flows;
use crate::{Error, Pipeline};

/// The topic that says which labels were ever written where: `[topic, field, label]`, or for the state of a stage
/// `[stage, "", label]`.
pub const SCHEMAS: &str = "vigie.schemas";
/// The topic that says which pipelines were started, with which plugins, and which worker has which partition:
/// `["pipeline", name, version]` and `["worker", group, name]`.
pub const CONTROL: &str = "vigie.control";

/// Facts that are read at once.
const PAGE: Most = Most { records: 1024, bytes: 4 << 20 };

/// A fact, and when it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Where it lies in the topic.
    pub offset: u64,
    /// In microseconds since 1970, UTC.
    pub said_us: i64,
    /// What is so.
    pub what: Value,
}

/// The facts of a topic, by key.
pub type Facts = BTreeMap<Vec<String>, Fact>;

/// Reads all facts of a topic; none where there is no such topic.
///
/// # Errors
/// [`Error::Log`]; [`Error::Fact`] for a record that is none.
pub fn read(log: &dyn Log, topic: &str) -> Result<Facts, Error> {
    let mut facts = Facts::new();
    if log.partitions(topic)?.is_none() {
        return Ok(facts);
    }
    let mut next = log.start_offset(topic, 0)?;
    loop {
        let records = log.read(topic, 0, next, PAGE)?;
        let Some(last) = records.last() else { return Ok(facts) };
        next = last.offset + 1;
        for record in records {
            let wrong = |_| Error::Fact { topic: topic.into(), offset: record.offset };
            let key: Vec<String> = serde_json::from_slice(&record.key).map_err(wrong)?;
            let what = serde_json::from_slice(&record.value).map_err(wrong)?;
            facts.insert(key, Fact { offset: record.offset, said_us: record.timestamp_us, what });
        }
    }
}

/// A record that says a fact.
#[must_use]
pub fn say(topic: &str, key: &[&str], what: &impl Serialize, now_us: i64) -> Output {
    // Text and maps with texts as keys: there is nothing that could fail.
    let bytes = |json: Result<Vec<u8>, serde_json::Error>| json.unwrap_or_default().into();
    Output {
        topic: topic.into(),
        partition: 0,
        timestamp_us: now_us,
        key: bytes(serde_json::to_vec(key)),
        value: bytes(serde_json::to_vec(what)),
    }
}

/// The labels under which topics and state were ever written. They stay with what lies there, whatever a later
/// schema says.
#[derive(Default)]
pub struct Written {
    /// By topic or stage, and by field; a stage's state is one field without a name.
    labels: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Written {
    /// Reads them; none where nothing was ever written.
    ///
    /// # Errors
    /// As [`read`].
    pub fn read(log: &dyn Log) -> Result<Self, Error> {
        let mut written = Self::default();
        for (key, fact) in read(log, SCHEMAS)? {
            let [place, field, label] = <[String; 3]>::try_from(key)
                .map_err(|_| Error::Fact { topic: SCHEMAS.into(), offset: fact.offset })?;
            written.labels.entry(place).or_default().entry(field).or_default().insert(label);
        }
        Ok(written)
    }

    /// The labels of a topic's fields, or of a stage's state.
    pub(crate) fn of(&self, place: &str) -> impl Iterator<Item = (&str, &BTreeSet<String>)> {
        self.labels.get(place).into_iter().flatten().map(|(field, labels)| (field.as_str(), labels))
    }

    /// The facts to be said before anything is written with these labels: each that is new.
    #[must_use]
    pub fn new_facts(&self, pipeline: &Pipeline, flows: &Flows, now_us: i64) -> Vec<Output> {
        let by = serde_json::json!({"pipeline": pipeline.pipeline, "version": pipeline.version});
        let fields = flows.topics.iter().flat_map(|topic| {
            topic.fields.iter().map(|(name, field)| (topic.topic.as_str(), name.as_str(), &field.labels))
        });
        let state = flows.state.iter().map(|(stage, labels)| (stage.as_str(), "", labels));
        let mut new = Vec::new();
        for (place, field, labels) in fields.chain(state) {
            let known = self.labels.get(place).and_then(|of| of.get(field));
            let is_new = |label: &&String| known.is_none_or(|known| !known.contains(*label));
            let fact = |label: &String| say(SCHEMAS, &[place, field, label], &by, now_us);
            new.extend(labels.iter().filter(is_new).map(fact));
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use log_embedded::EmbeddedLog;

    use super::*;

    #[test]
    fn the_last_word_holds() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = EmbeddedLog::open(&folder.path().join("log.db")).unwrap();
        assert_eq!(read(&log, CONTROL).unwrap(), Facts::new());
        log.create_topic(CONTROL, 1).unwrap();
        let said = |key: &[&str], what: u32, at| say(CONTROL, key, &what, at);
        let outputs = [said(&["a", "b"], 1, 10), said(&["a"], 2, 20), said(&["a", "b"], 3, 30)];
        log.commit_step(log::Step::of("none", &[], &outputs, &[])).unwrap();
        let facts = read(&log, CONTROL).unwrap();
        let found: Vec<_> =
            facts.iter().map(|(key, fact)| (key.join(" "), fact.said_us, fact.what.clone())).collect();
        assert_eq!(found, [("a".into(), 20, 2.into()), ("a b".into(), 30, 3.into())]);
    }

    #[test]
    fn what_is_no_fact_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = EmbeddedLog::open(&folder.path().join("log.db")).unwrap();
        log.create_topic(SCHEMAS, 1).unwrap();
        let fact = say(SCHEMAS, &["events", "text", "personal"], &1, 0);
        let cut = Output { value: "{".into(), ..fact.clone() };
        let short = say(SCHEMAS, &["events", "text"], &1, 0);
        log.commit_step(log::Step::of("none", &[], &[fact, cut], &[])).unwrap();
        let said = read(&log, SCHEMAS).unwrap_err().to_string();
        assert!(said.starts_with("VG3026") && said.contains("offset 1"), "{said}");
        let folder = tempfile::tempdir().unwrap();
        let mut log = EmbeddedLog::open(&folder.path().join("log.db")).unwrap();
        log.create_topic(SCHEMAS, 1).unwrap();
        log.commit_step(log::Step::of("none", &[], &[short], &[])).unwrap();
        assert!(Written::read(&log).is_err());
    }
}
