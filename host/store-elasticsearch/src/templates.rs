//! Templates: what a month's index is made by.

use deliver::StoreError;
use elasticsearch::http::Method;
use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::compare::{self, Difference};
use crate::options::Options;

/// Above the templates that clusters come with, whose patterns a prefix may meet (`logs-*-*` has 100).
const PRIORITY: u32 = 500;

/// A template as it is wanted.
pub(crate) struct Template {
    pub name: String,
    pattern: String,
    /// In which `{index}` stands for the index's name.
    aliases: Vec<String>,
    settings: Map<String, Value>,
    fields: Map<String, Value>,
}

/// A template that is there, compared.
pub(crate) enum Found {
    Nothing,
    AsWanted,
    /// The text says how.
    Otherwise(String),
}

impl Template {
    pub(crate) fn new(
        name: String,
        pattern: String,
        aliases: Vec<String>,
        options: &Options,
        fields: Map<String, Value>,
    ) -> Self {
        let settings = json!({
            "number_of_shards": options.shards,
            "number_of_replicas": options.replicas,
            "refresh_interval": format!("{}ms", options.refresh_interval_ms),
        });
        let settings = settings.as_object().cloned().unwrap_or_default();
        Self { name, pattern, aliases, settings, fields }
    }

    fn path(&self) -> String {
        format!("_index_template/{}", self.name)
    }

    fn body(&self) -> Value {
        let aliases: Map<String, Value> =
            self.aliases.iter().map(|alias| (alias.clone(), json!({}))).collect();
        json!({
            "index_patterns": [self.pattern],
            "priority": PRIORITY,
            "template": {
                "settings": {"index": self.settings},
                "mappings": {"dynamic": "strict", "properties": self.fields},
                "aliases": aliases,
            },
        })
    }

    pub(crate) fn put(&self, client: &Client) -> Result<(), StoreError> {
        client.put(Method::Put, &self.path(), &self.body())?.done()
    }

    pub(crate) fn find(&self, client: &Client) -> Result<Found, StoreError> {
        let found = client.get(&self.path())?;
        let found = found.as_ref().and_then(|found| found.pointer("/index_templates/0/index_template"));
        Ok(found.map_or(Found::Nothing, |found| self.compare(found)))
    }

    pub(crate) fn compare(&self, found: &Value) -> Found {
        let otherwise = |what: String| Found::Otherwise(what);
        let at = |place: &str| found.pointer(place).unwrap_or(&Value::Null);
        let aliases = at("/template/aliases").as_object().map_or(0, Map::len);
        let is_alias = |alias: &String| at("/template/aliases").get(alias).is_some();
        if at("/index_patterns") != &json!([self.pattern]) {
            return otherwise("its template is for other indices".into());
        }
        if aliases != self.aliases.len() || !self.aliases.iter().all(is_alias) {
            return otherwise("its template gives other aliases".into());
        }
        if at("/priority") != &json!(PRIORITY) || found.get("data_stream").is_some() {
            return otherwise("its template has another priority, or makes a data stream".into());
        }
        if at("/template/mappings/dynamic") != &json!("strict") {
            return otherwise("its template takes fields that are not known".into());
        }
        if !compare::settings(at("/template/settings"), &self.settings) {
            return otherwise(
                "its template has other settings (`shards`, `replicas`, `refresh_interval_ms`)".into(),
            );
        }
        match compare::fields(at("/template/mappings/properties"), &self.fields) {
            Difference::None => Found::AsWanted,
            Difference::Missing(fields) => otherwise(format!("its template lacks {}", names(&fields))),
            Difference::Other(how) => otherwise(format!("in its template {how}")),
        }
    }
}

/// Names of fields for a message.
pub(crate) fn names(fields: &Map<String, Value>) -> String {
    let names: Vec<String> = fields.keys().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
