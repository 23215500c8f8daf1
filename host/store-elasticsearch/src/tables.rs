//! A table in the cluster: its template, and the indices that were made by it.

use std::collections::BTreeSet;

use deliver::{StoreError, Table};
use elasticsearch::http::Method;
use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::compare::{self, Difference};
use crate::layout::Layout;
use crate::marker;
use crate::names::{self, WRITE};
use crate::options::Options;
use crate::probe::Server;
use crate::templates::{Found, Template, names as names_of};

/// A table, and which of its indices are known to be there as they should be.
pub(crate) struct Held {
    pub layout: Layout,
    template: Template,
    pattern: String,
    /// What the indices' names begin with.
    pub stem: String,
    indices: BTreeSet<String>,
}

/// An index that differs.
enum Mend {
    /// These fields are to be added.
    Add(String, Map<String, Value>),
    /// What cannot be mended.
    Never(StoreError),
}

impl Held {
    pub(crate) fn new(table: &Table, options: &Options, server: &Server) -> Result<Self, StoreError> {
        let layout = Layout::new(table, options, server)?;
        let (prefix, name) = (options.prefix.as_str(), layout.table.as_str());
        let (alias, pattern) = (names::alias(prefix, name), names::pattern(prefix, name));
        let stem = names::index_stem(prefix, name);
        let template = Template::new(
            alias.clone(),
            pattern.clone(),
            vec![alias, format!("{{index}}{WRITE}")],
            options,
            layout.fields.clone(),
        );
        Ok(Self { layout, template, pattern, stem, indices: BTreeSet::new() })
    }

    fn differs(&self, why: String) -> StoreError {
        StoreError::Differs { table: self.template.name.clone(), why }
    }

    /// An error with the table's name, where it had to be written without.
    pub(crate) fn named(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Differs { table, why } if table.is_empty() => self.differs(why),
            other => other,
        }
    }

    pub(crate) fn has_template(&self, client: &Client) -> Result<bool, StoreError> {
        Ok(!matches!(self.template.find(client)?, Found::Nothing))
    }

    /// Looks whether the template and all indices are as wanted.
    pub(crate) fn check(&mut self, client: &Client) -> Result<(), StoreError> {
        let migrate = "run `vigie stores migrate`";
        match self.template.find(client)? {
            Found::AsWanted => {}
            Found::Nothing => return Err(self.differs(format!("it is not there; {migrate}"))),
            Found::Otherwise(how) => return Err(self.differs(format!("{how}; {migrate}"))),
        }
        match self.look(client)?.into_iter().next() {
            None => Ok(()),
            Some(Mend::Never(error)) => Err(error),
            Some(Mend::Add(index, fields)) => {
                Err(self.differs(format!("index {index} lacks {}; {migrate}", names_of(&fields))))
            }
        }
    }

    /// Makes the template and adds fields to indices; `done` gets a line for each change.
    pub(crate) fn migrate(&mut self, client: &Client, done: &mut Vec<String>) -> Result<(), StoreError> {
        let mends = self.look(client)?;
        // What cannot be mended is said before anything is changed.
        let mut additions = Vec::new();
        for mend in mends {
            match mend {
                Mend::Never(error) => return Err(error),
                Mend::Add(index, fields) => additions.push((index, fields)),
            }
        }
        let template = &self.template;
        match template.find(client)? {
            Found::AsWanted => {}
            Found::Nothing => {
                template.put(client)?;
                done.push(format!("template {} made", template.name));
            }
            Found::Otherwise(how) => {
                template.put(client)?;
                done.push(format!("template {} changed: {how}", template.name));
            }
        }
        for (index, fields) in additions {
            let path = format!("{index}/_mapping");
            client.put(Method::Put, &path, &json!({"properties": fields}))?.done()?;
            done.push(format!("index {index} has got {}", names_of(&fields)));
        }
        Ok(())
    }

    /// Looks at all indices; those that are as wanted are known from now on.
    fn look(&mut self, client: &Client) -> Result<Vec<Mend>, StoreError> {
        let found = client.get(&format!("{}/_mapping", self.pattern))?;
        let found = found.as_ref().and_then(Value::as_object);
        let mut mends = Vec::new();
        self.indices.clear();
        for (index, found) in found.into_iter().flatten() {
            match self.compare(index, found) {
                Some(mend) => mends.push(mend),
                None => {
                    self.indices.insert(index.clone());
                }
            }
        }
        Ok(mends)
    }

    fn compare(&self, index: &str, found: &Value) -> Option<Mend> {
        let never = |how: String| Mend::Never(self.differs(format!("in index {index} {how}; {REMAKE}")));
        if found.pointer("/mappings/dynamic") != Some(&json!("strict")) {
            return Some(never("fields that are not known are taken".into()));
        }
        let fields = found.pointer("/mappings/properties").unwrap_or(&Value::Null);
        match compare::fields(fields, &self.layout.fields) {
            Difference::None => None,
            Difference::Missing(fields) => Some(Mend::Add(index.into(), fields)),
            Difference::Other(how) => Some(never(how)),
        }
    }

    /// Makes the index of a month, unless it is there.
    pub(crate) fn ensure_index(&mut self, client: &Client, month: &str) -> Result<(), StoreError> {
        let index = format!("{}{month}", self.stem);
        if self.indices.contains(&index) {
            return Ok(());
        }
        // Without its template it would be made without its fields.
        if matches!(self.template.find(client)?, Found::Nothing) {
            return Err(marker::foreign("its templates are gone"));
        }
        let answer = client.ask(Method::Put, &index, None)?;
        let name = answer.name();
        match (answer.is_done(), name.as_str()) {
            (true, _) | (_, "resource_already_exists_exception") => {}
            (_, "validation_exception" | "illegal_argument_exception") => {
                return Err(StoreError::Failed(format!(
                    "the cluster makes no index {index} ({name}): mostly it has as many shards as it may \
                     (`cluster.max_shards_per_node`); delete months that are not needed"
                )));
            }
            _ => return Err(answer.error()),
        }
        // By whatever template it was made.
        let found = client.get(&format!("{index}/_mapping"))?.unwrap_or_default();
        match self.compare(&index, found.get(&index).unwrap_or(&Value::Null)) {
            None => {}
            Some(Mend::Never(error)) => return Err(error),
            Some(Mend::Add(..)) => {
                return Err(self.differs(format!("index {index} lacks fields; run `vigie stores migrate`")));
            }
        }
        self.indices.insert(index);
        Ok(())
    }

    /// An index may be gone.
    pub(crate) fn forget_indices(&mut self) {
        self.indices.clear();
    }
}

const REMAKE: &str =
    "take another `prefix`, or delete the table's indices, and have it filled again (`vigie stores rewind`)";
