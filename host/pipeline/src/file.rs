//! The pipeline file.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::{DEAD_LETTERS, Error};

/// A pipeline as its file says it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Name: lower case, digits and hyphens.
    pub pipeline: String,
    /// Version, chosen by the author; every change of meaning wants a new one.
    pub version: u32,
    /// The fields of an event.
    pub schema: event::Schema,
    /// Reference tables that plugins may ask.
    #[serde(default)]
    pub reference: Vec<reference::Definition>,
    /// Raw topics.
    pub sources: Vec<Source>,
    /// Plugins, in the order in which an event passes them.
    pub steps: Vec<Step>,
    /// Where events go.
    pub events: Output,
    /// Stateful steps behind topics, in order.
    #[serde(default)]
    pub then: Vec<Then>,
    /// Derived topics that go into the store, and `dead-letters`; none said: all of them. An empty list: the log
    /// alone has them.
    #[serde(default)]
    pub deliver: Option<Vec<String>>,
    /// What the topics that Vigie needs for itself may take.
    #[serde(default)]
    pub clearance: Clearance,
    /// How far ahead of the slowest raw partition of the same worker another one may be, in event time;
    /// further ahead it waits, so that a replay does not open every window at once.
    #[serde(default = "ten_minutes", deserialize_with = "duration_us")]
    #[schemars(with = "String", extend("default" = "10m"))]
    pub max_drift: i64,
    /// After which time a new snapshot is made of keyed state that has changed, on a log that is not on this
    /// machine; sooner where much has changed. A restore reads it, and from the log only what came after.
    /// `never`: there are none.
    #[serde(default = "one_hour", deserialize_with = "duration_or_never_us")]
    #[schemars(with = "String", extend("default" = "1h"))]
    pub snapshot_every: Option<i64>,
}

/// Labels that topics of Vigie's own may take; they hold values too.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clearance {
    /// The refused rows themselves, as they came.
    #[serde(default)]
    pub dead_letter_rows: BTreeSet<String>,
    /// The state of stateful steps, and the rows that they hold.
    #[serde(default)]
    pub state: BTreeSet<String>,
}

/// A stateful plugin over one topic.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Then {
    /// Unique in the pipeline.
    pub name: String,
    /// The topic it reads: the events, or the output of a step before.
    pub from: String,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's configuration.
    #[serde(default)]
    pub with: serde_json::Value,
    /// What the plugin may use.
    #[serde(default)]
    pub limits: StepLimits,
    /// The fields that rows are grouped by.
    pub key: Vec<String>,
    /// Windows of event time; each is a part of the key.
    #[serde(default)]
    pub window: Option<Window>,
    /// How far behind the newest event of its own raw partition an event may be.
    #[serde(default = "five_minutes", deserialize_with = "duration_us")]
    #[schemars(with = "String", extend("default" = "5m"))]
    pub lateness: i64,
    /// For how long, in event time, a closed window is kept for events of a raw partition that was idle
    /// when it closed; only in steps with windows.
    #[serde(default = "seven_days", deserialize_with = "duration_us")]
    #[schemars(with = "String", extend("default" = "7d"))]
    pub keep_closed: i64,
    /// Memory for the state of one partition, in MiB.
    #[serde(default = "state_mib")]
    pub state_mib: usize,
    /// Where its results go.
    pub output: Output,
}

/// Windows of event time, aligned to 1970-01-01T00:00:00Z; lengths in microseconds, written as `1m`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum Window {
    /// One behind the other.
    Tumbling {
        /// The length.
        #[serde(deserialize_with = "duration_us")]
        #[schemars(with = "String")]
        tumbling: i64,
    },
    /// Overlapping ones: a row is in several.
    Hopping {
        /// The length.
        #[serde(deserialize_with = "duration_us")]
        #[schemars(with = "String")]
        hopping: i64,
        /// From the start of one to the start of the next.
        #[serde(deserialize_with = "duration_us")]
        #[schemars(with = "String")]
        every: i64,
    },
}

impl Window {
    /// Length and hop, in microseconds.
    #[must_use]
    pub fn size_and_hop_us(self) -> (i64, i64) {
        match self {
            Self::Tumbling { tumbling } => (tumbling, tumbling),
            Self::Hopping { hopping, every } => (hopping, every),
        }
    }
}

/// More fuel than the fast engine burns in a millisecond.
const FUEL_PER_MS: u64 = 10_000_000;
/// Windows that one row may be in.
const MOST_WINDOWS: i64 = 64;

const SECOND_US: i64 = 1_000_000;

fn five_minutes() -> i64 {
    300 * SECOND_US
}

fn one_hour() -> Option<i64> {
    Some(3600 * SECOND_US)
}

fn ten_minutes() -> i64 {
    600 * SECOND_US
}

fn seven_days() -> i64 {
    7 * 86_400 * SECOND_US
}

fn thirty_seconds() -> Option<i64> {
    Some(30 * SECOND_US)
}

fn state_mib() -> usize {
    256
}

/// `1m`, `90s`, `250ms`, to microseconds.
fn duration_us<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    parse_us(&String::deserialize(deserializer)?)
}

/// The same, or `never`.
fn duration_or_never_us<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "never" { Ok(None) } else { parse_us(&text).map(Some) }
}

fn parse_us<E: serde::de::Error>(text: &str) -> Result<i64, E> {
    let wrong = || E::custom(format!("`{text}` is no duration; write it as 250ms, 90s, 5m or 2h"));
    let duration = humantime::parse_duration(text).map_err(|_| wrong())?;
    i64::try_from(duration.as_micros()).ok().filter(|us| *us <= 366 * 86_400 * SECOND_US).ok_or_else(wrong)
}

/// A raw topic, and how its JSON becomes an event.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The raw topic.
    pub topic: String,
    /// What events of this topic carry in the field `source`.
    pub source: String,
    /// Partitions of the raw topic where it has to be created.
    #[serde(default = "one")]
    pub partitions: u32,
    /// For how long, by the clock, a partition must have had nothing to read for time to go on without
    /// it; `never`: time always waits for it. A run that ends at the end of its topics knows no idle ones.
    #[serde(default = "thirty_seconds", deserialize_with = "duration_or_never_us")]
    #[schemars(with = "String", extend("default" = "30s"))]
    pub idle_after: Option<i64>,
    /// How much later than its raw record an event may be; a later one has a wrong clock, and is refused.
    #[serde(default = "five_minutes", deserialize_with = "duration_us")]
    #[schemars(with = "String", extend("default" = "5m"))]
    pub max_ahead: i64,
    /// Event field → JSON path.
    pub decode: event::DecodeMap,
}

/// One plugin with its configuration.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Unique in the pipeline.
    pub name: String,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's configuration.
    #[serde(default)]
    pub with: serde_json::Value,
    /// What the plugin may use.
    #[serde(default)]
    pub limits: StepLimits,
}

/// Limits of a step; what is not set is the default of [`plugin::Limits`].
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepLimits {
    /// Memory of an instance, in MiB.
    memory_mib: Option<usize>,
    /// Wall time of one call, in milliseconds.
    time_per_batch_ms: Option<u64>,
    /// Fuel of one call.
    fuel_per_call: Option<u64>,
    /// Output rows per input row.
    rows_per_row: Option<usize>,
    /// Output bytes of one call, in MiB.
    output_mib: Option<usize>,
    /// Bytes of the texts and binaries in the state of one key.
    state_bytes_per_key: Option<usize>,
}

/// A derived topic.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// The topic.
    pub topic: String,
    /// Its partitions.
    #[serde(default = "one")]
    pub partitions: u32,
    /// The field that chooses the partition; the event id where it has no value.
    pub partition_by: String,
    /// Labels that the topic, and each store that it is delivered to, may take.
    pub clearance: BTreeSet<String>,
}

fn one() -> u32 {
    1
}

impl StepLimits {
    /// With the defaults filled in.
    #[must_use]
    pub fn resolve(&self) -> plugin::Limits {
        let default = plugin::Limits::default();
        plugin::Limits {
            memory_bytes: self.memory_mib.map_or(default.memory_bytes, |mib| mib << 20),
            time_per_batch_ms: self.time_per_batch_ms.unwrap_or(default.time_per_batch_ms),
            fuel_per_call: self.fuel_per_call.unwrap_or(default.fuel_per_call),
            rows_per_row: self.rows_per_row.unwrap_or(default.rows_per_row),
            output_bytes: self.output_mib.map_or(default.output_bytes, |mib| mib << 20),
            state_bytes_per_key: self.state_bytes_per_key.unwrap_or(default.state_bytes_per_key),
        }
    }
}

impl Pipeline {
    /// The JSON Schema of a pipeline file, for editors and checks elsewhere.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// The digest of what a file says, however it is written.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn digest(yaml: &str) -> Result<String, Error> {
        let value: serde_json::Value = serde_yaml_ng::from_str(yaml).map_err(|error| explain(&error))?;
        Ok(policy::config_digest(&value))
    }

    /// Reads a pipeline file.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] with a suggestion, or [`Error::File`] with the line.
    pub fn parse(yaml: &str) -> Result<Self, Error> {
        let pipeline: Self = serde_yaml_ng::from_str(yaml).map_err(|error| explain(&error))?;
        pipeline.check()?;
        Ok(pipeline)
    }

    fn check(&self) -> Result<(), Error> {
        self.check_names()?;
        self.check_then()?;
        self.check_deliver()?;
        let steps = self.steps.iter().map(|s| (&s.name, &s.limits));
        for (name, limits) in steps.chain(self.then.iter().map(|t| (&t.name, &t.limits))) {
            let limits = limits.resolve();
            if limits.fuel_per_call < limits.time_per_batch_ms.saturating_mul(FUEL_PER_MS) {
                return Err(Error::File(format!(
                    "step `{name}`: `fuel_per_call` must be at least {FUEL_PER_MS} times `time_per_batch_ms`"
                )));
            }
        }
        for source in &self.sources {
            for field in source.decode.fields.keys().chain(source.decode.constants.keys()) {
                if self.schema.field(field).is_none() {
                    let near = nearest(field, self.schema.fields.iter().map(|f| f.name.as_str()));
                    return Err(Error::File(format!(
                        "source `{}` decodes into `{field}`, which is not in the schema{near}",
                        source.source
                    )));
                }
            }
        }
        Ok(())
    }

    fn check_names(&self) -> Result<(), Error> {
        let mut names = BTreeSet::new();
        let steps = self.steps.iter().map(|s| &s.name).chain(self.then.iter().map(|t| &t.name));
        for name in steps {
            if !names.insert(name) {
                return Err(Error::File(format!("two steps are named `{name}`; rename one")));
            }
        }
        let mut topics = BTreeSet::new();
        let sources = self.sources.iter().map(|s| &s.topic);
        for topic in sources.chain([&self.events.topic]).chain(self.then.iter().map(|t| &t.output.topic)) {
            if !topics.insert(topic) {
                return Err(Error::File(format!("two things write or read the topic `{topic}`; rename one")));
            }
        }
        Ok(())
    }

    fn check_then(&self) -> Result<(), Error> {
        for (at, then) in self.then.iter().enumerate() {
            let wrong = |why: String| Err(Error::File(format!("step `{}`: {why}", then.name)));
            let before = || self.then.iter().take(at).map(|t| t.output.topic.as_str());
            let mut topics = [self.events.topic.as_str()].into_iter().chain(before());
            if !topics.any(|topic| topic == then.from) {
                let known = [self.events.topic.as_str()].into_iter().chain(before());
                let near = nearest(&then.from, known);
                return wrong(format!("`from: {}` is no topic of a step before it{near}", then.from));
            }
            if then.key.is_empty() {
                return wrong("`key` names no field".into());
            }
            if let Some((size, hop)) = then.window.map(Window::size_and_hop_us)
                && !(hop > 0 && size >= hop && size / hop <= MOST_WINDOWS)
            {
                return wrong(format!(
                    "a window must be at least as long as its hop, and at most {MOST_WINDOWS} times"
                ));
            }
        }
        Ok(())
    }

    fn check_deliver(&self) -> Result<(), Error> {
        for topic in self.deliver.iter().flatten() {
            if topic != DEAD_LETTERS && self.output(topic).is_none() {
                let outputs = [&self.events].into_iter().chain(self.then.iter().map(|t| &t.output));
                let near = nearest(topic, outputs.map(|o| o.topic.as_str()).chain([DEAD_LETTERS]));
                return Err(Error::File(format!("`deliver` names `{topic}`, which no step writes{near}")));
            }
        }
        Ok(())
    }

    /// The output of the step that writes a topic.
    #[must_use]
    pub fn output(&self, topic: &str) -> Option<&Output> {
        [&self.events].into_iter().chain(self.then.iter().map(|t| &t.output)).find(|o| o.topic == topic)
    }
}

/// serde's own sentence names the key and what was expected; it is turned into ours.
fn explain(error: &serde_yaml_ng::Error) -> Error {
    let text = error.to_string();
    let line = error.location().map(|at| format!(" in line {}", at.line())).unwrap_or_default();
    let mut quoted = text.split('`').skip(1).step_by(2);
    if let (true, Some(key)) = (text.contains("unknown field"), quoted.next()) {
        let suggestion = nearest(key, quoted);
        return Error::UnknownKey { key: key.into(), line, suggestion };
    }
    Error::File(text)
}

fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|k| (strsim::damerau_levenshtein(word, k), k))
        .filter(|(distance, _)| *distance <= 3)
        .min()
        .map(|(_, k)| format!("; did you mean `{k}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_line_and_suggestion() {
        let error = Pipeline::parse("pipeline: a\nversion: 1\nschemas: {fields: []}\n").unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("VG0102: unknown key `schemas` in line"), "{text}");
        assert!(text.ends_with("did you mean `schema`?"), "{text}");
    }

    #[test]
    fn a_topic_that_is_delivered_must_be_written() {
        let parse = |deliver: &str| Pipeline::parse(&format!("{}deliver: {deliver}\n", crate::MINIMAL));
        assert_eq!(parse("[]").unwrap().deliver, Some(Vec::new()));
        assert_eq!(parse("[events, dead-letters]").unwrap().deliver.unwrap().len(), 2);
        let text = parse("[event]").unwrap_err().to_string();
        assert!(
            text.ends_with("`deliver` names `event`, which no step writes; did you mean `events`?"),
            "{text}"
        );
        assert!(parse("[raw]").is_err() && parse("[dead-letters.rows]").is_err());
    }

    #[test]
    fn times_have_defaults_and_idle_partitions_can_be_waited_for() {
        let pipeline = Pipeline::parse(crate::MINIMAL).unwrap();
        let source = &pipeline.sources[0];
        assert_eq!((pipeline.max_drift, pipeline.snapshot_every), (600_000_000, Some(3_600_000_000)));
        assert_eq!((source.idle_after, source.max_ahead), (Some(30_000_000), 300_000_000));
        let waits = crate::MINIMAL.replace("topic: raw,", "topic: raw, idle_after: never, max_ahead: 1s,");
        let source = &Pipeline::parse(&waits).unwrap().sources[0];
        assert_eq!((source.idle_after, source.max_ahead), (None, 1_000_000));
        let wrong = crate::MINIMAL.replace("topic: raw,", "topic: raw, idle_after: sometimes,");
        let error = Pipeline::parse(&wrong).unwrap_err().to_string();
        assert!(error.starts_with("VG0101") && error.contains("`sometimes` is no duration"), "{error}");
    }
}
