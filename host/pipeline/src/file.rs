//! The pipeline file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::Error;

/// A pipeline as its file says it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Name: lower case, digits and hyphens.
    pub pipeline: String,
    /// Version, chosen by the author; every change of meaning wants a new one.
    pub version: u32,
    /// The fields of an event.
    pub schema: event::Schema,
    /// Raw topics.
    pub sources: Vec<Source>,
    /// Plugins, in the order in which an event passes them.
    pub steps: Vec<Step>,
    /// Where events go.
    pub events: Output,
}

/// A raw topic, and how its JSON becomes an event.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The raw topic.
    pub topic: String,
    /// What events of this topic carry in the field `source`.
    pub source: String,
    /// Partitions of the raw topic where it has to be created.
    #[serde(default = "one")]
    pub partitions: u32,
    /// Event field → JSON path.
    pub decode: event::DecodeMap,
}

/// One plugin with its configuration.
#[derive(Debug, Deserialize)]
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
#[derive(Debug, Default, Deserialize)]
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
}

/// A derived topic.
#[derive(Debug, Deserialize)]
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
        }
    }
}

impl Pipeline {
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
        let mut names = BTreeMap::new();
        for step in &self.steps {
            if names.insert(&step.name, ()).is_some() {
                return Err(Error::File(format!("two steps are named `{}`; rename one", step.name)));
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
}
