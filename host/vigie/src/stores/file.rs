//! The file of stores.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use deliver::{Delivery, Rules, Store, StoreError};
use pipeline::{Flows, Pipeline, StoreRule};
use policy::Policies;
use schemars::JsonSchema;
use serde::Deserialize;
use store_cassandra::CassandraStore;
use store_elasticsearch::ElasticsearchStore;
use store_s3::S3Store;

/// The store that there always is.
pub const EMBEDDED: &str = "embedded";
/// A file's greatest size.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Most stores of a file: each is a thread and a connection to the log.
const MOST_STORES: usize = 16;

/// A store of the file, as it is made.
pub type AnyStore = Box<dyn Store>;

/// The stores of an installation, by name.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoresFile {
    /// Stores by name: a-z, 0-9 and -, at most 40, and not `embedded`; at most 16.
    pub stores: BTreeMap<String, StoreEntry>,
    /// The store that there always is.
    #[serde(default)]
    pub embedded: EmbeddedEntry,
}

/// What the embedded store is given.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedEntry {
    /// The derived topics that it is given; all where nothing is said.
    topics: Option<BTreeSet<String>>,
}

impl EmbeddedEntry {
    /// Of a pipeline's derived topics those that it is given.
    pub fn topics(&self, derived: Vec<pipeline::Derived>) -> Vec<pipeline::Derived> {
        given(self.topics.as_ref(), derived)
    }
}

fn given(topics: Option<&BTreeSet<String>>, mut derived: Vec<pipeline::Derived>) -> Vec<pipeline::Derived> {
    derived.retain(|(topic, _, _)| topics.is_none_or(|topics| topics.contains(topic)));
    derived
}

/// A store: one of the kinds, and what it may hold.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreEntry {
    /// One of three kinds: tables of Cassandra.
    cassandra: Option<store_cassandra::Options>,
    /// One of three kinds: indices of Elasticsearch or OpenSearch.
    elasticsearch: Option<store_elasticsearch::Options>,
    /// One of three kinds: Parquet on S3 or in a folder.
    s3: Option<store_s3::Options>,
    /// Labels that it is cleared for.
    #[serde(default)]
    clearance: BTreeSet<String>,
    /// The derived topics that it is given; all where nothing is said.
    topics: Option<BTreeSet<String>>,
    /// Whether it keeps the raw records as they came, and no derived topics: a lake that is encrypted.
    #[serde(default)]
    pub archive: bool,
    /// What is done where it was emptied or exchanged.
    #[serde(default)]
    pub when_emptied: WhenEmptied,
}

/// What is done with a store that was emptied or exchanged.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WhenEmptied {
    /// Nothing is delivered until somebody says `vigie stores accept`.
    #[default]
    Refuse,
    /// It is filled again with what the log still has.
    Fill,
}

impl StoresFile {
    /// The JSON Schema of the file, for editors and checks elsewhere.
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// Reads a file; no file has no stores.
    ///
    /// # Errors
    /// VG0043.
    pub fn read(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        let of = || format!("VG0043: the file of stores {}", path.display());
        let size = std::fs::metadata(path).with_context(of)?.len();
        if size > MAX_FILE_BYTES {
            bail!("{}: it is larger than 1 MiB", of());
        }
        Self::parse(&std::fs::read_to_string(path).with_context(of)?).with_context(of)
    }

    fn parse(yaml: &str) -> Result<Self> {
        let file: Self = serde_yaml_ng::from_str(yaml)?;
        if file.stores.len() > MOST_STORES {
            bail!("it has more than {MOST_STORES} stores");
        }
        for (name, entry) in &file.stores {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if name.is_empty() || name.len() > 40 || !name.chars().all(plain) || name == EMBEDDED {
                bail!("store `{name}`: a name is of a-z, 0-9 and -, at most 40, and not `{EMBEDDED}`");
            }
            entry.check().with_context(|| format!("store `{name}`"))?;
        }
        Ok(file)
    }

    /// A store by its name.
    ///
    /// # Errors
    /// VG0044.
    pub fn get(&self, name: &str) -> Result<&StoreEntry> {
        self.stores.get(name).with_context(|| {
            let names: Vec<&str> = self.stores.keys().map(String::as_str).collect();
            format!(
                "VG0044: there is no store `{name}` in the file of stores; there are: {}",
                names.join(", ")
            )
        })
    }

    /// Whether every store is cleared for what it is given.
    ///
    /// # Errors
    /// [`pipeline::Error::Leak`].
    pub fn check(
        &self,
        pipeline: &Pipeline,
        flows: &Flows,
        policies: &Policies,
    ) -> Result<(), pipeline::Error> {
        self.stores.iter().try_for_each(|(name, entry)| {
            if entry.archive {
                return pipeline::check_archive(pipeline, policies, name, &entry.clearance);
            }
            let rule = StoreRule { name, topics: entry.topics.as_ref(), clearance: &entry.clearance };
            pipeline::check_store(pipeline, flows, policies, &rule)
        })
    }
}

impl StoreEntry {
    fn check(&self) -> Result<()> {
        self.store(None)?;
        if self.archive && !self.s3.as_ref().is_some_and(store_s3::Options::is_encrypted) {
            bail!("an `archive` is `s3` with `sse`: what lies there is not masked");
        }
        if self.archive && self.topics.is_some() {
            bail!("an `archive` takes the raw topics of its pipeline, and no `topics`");
        }
        Ok(())
    }

    /// Its delivery: of derived topics, or of the raw ones.
    pub fn delivery(
        &self,
        expected: Option<&str>,
        derived: Vec<pipeline::Derived>,
        pipeline: &Pipeline,
        rules: Rules,
    ) -> Result<Delivery<AnyStore>> {
        let store = self.store(expected)?;
        if self.archive {
            return Ok(Delivery::raw(store, raw_topics(pipeline), Rules { skips: |_| false, ..rules }));
        }
        Ok(Delivery::new(store, self.topics(derived), rules)?)
    }

    /// Makes the store, and asks it nothing yet; `expected`: which one it is to be.
    ///
    /// # Errors
    /// [`StoreError::Failed`]: settings that cannot be.
    pub fn store(&self, expected: Option<&str>) -> Result<AnyStore, StoreError> {
        let expect = |own: &mut Option<String>| {
            if own.is_none() {
                *own = expected.map(Into::into);
            }
        };
        match (self.cassandra.clone(), self.elasticsearch.clone(), self.s3.clone()) {
            (Some(mut options), None, None) => {
                expect(&mut options.store_id);
                Ok(Box::new(CassandraStore::new(options)?))
            }
            (None, Some(mut options), None) => {
                expect(&mut options.store_id);
                Ok(Box::new(ElasticsearchStore::new(options)?))
            }
            (None, None, Some(mut options)) => {
                expect(&mut options.store_id);
                Ok(Box::new(S3Store::new(options)?))
            }
            _ => Err(StoreError::Failed("it is one of `cassandra`, `elasticsearch` and `s3`".into())),
        }
    }

    /// Of a pipeline's derived topics those that it is given.
    fn topics(&self, derived: Vec<pipeline::Derived>) -> Vec<pipeline::Derived> {
        given(self.topics.as_ref(), derived)
    }

    /// How the lake is reached, if it is one.
    pub fn lake(&self) -> Option<&store_s3::Options> {
        self.s3.as_ref()
    }
}

/// A raw topic may be that of several sources.
fn raw_topics(pipeline: &Pipeline) -> Vec<(String, u32)> {
    let topics: BTreeMap<_, _> = pipeline.sources.iter().map(|s| (s.topic.clone(), s.partitions)).collect();
    topics.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(yaml: &str) -> String {
        StoresFile::parse(yaml).map_or_else(|error| format!("{error:#}"), |_| "read".into())
    }

    #[test]
    fn a_store_is_of_one_kind() {
        let lake = "{s3: {url: 'file:///tmp/lake'}, clearance: [location]}";
        assert_eq!(said(&format!("stores: {{lake: {lake}}}")), "read");
        assert_eq!(said("stores: {}"), "read");
        let both = "{s3: {url: 'file:///tmp/lake'}, elasticsearch: {url: 'http://localhost:9200'}}";
        for (stores, word) in [
            (format!("a: {both}"), "one of"),
            ("a: {clearance: []}".into(), "one of"),
            (format!("embedded: {lake}"), "not `embedded`"),
            (format!("A: {lake}"), "a-z"),
            ("a: {elasticsearch: {url: here}}".into(), "url"),
            ("a: {s3: {url: 'file:///tmp/lake', key: x}}".into(), "unknown field"),
            ("a: {s3: {url: 's3://b/raw'}, archive: true}".into(), "`sse`"),
            (
                "a: {s3: {url: 's3://b/raw', sse: {kms_key: k}}, archive: true, topics: [events]}".into(),
                "no `topics`",
            ),
        ] {
            let said = said(&format!("stores: {{{stores}}}"));
            assert!(said.contains(word), "{stores}: {said}");
        }
    }

    #[test]
    fn a_store_is_given_the_topics_that_it_asks_for() {
        let file = StoresFile::parse(
            "{stores: {a: {s3: {url: 'file:///l'}, topics: [b]}, c: {s3: {url: 'file:///m'}}}, embedded: {topics: []}}",
        );
        let file = file.unwrap();
        let derived = || ["a", "b"].map(|t| (t.to_owned(), 1, event::Schema { fields: Vec::new() })).to_vec();
        let topics = |name: &str| {
            let topics = file.get(name).unwrap().topics(derived()).into_iter();
            topics.map(|(topic, _, _)| topic).collect::<Vec<_>>()
        };
        assert_eq!((topics("a"), topics("c")), (vec!["b".into()], vec!["a".into(), "b".into()]));
        assert_eq!(file.embedded.topics(derived()).len(), 0);
        assert_eq!(StoresFile::default().embedded.topics(derived()).len(), 2);
        let none = file.get("d").err().unwrap().to_string();
        assert!(none.starts_with("VG0044") && none.contains("a, c"), "{none}");
    }
}
