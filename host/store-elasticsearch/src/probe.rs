//! What the cluster can do: not every one has every analyser and type of field.

use deliver::StoreError;
use elasticsearch::http::Method;
use serde_json::{Value, json};

use crate::client::Client;
use crate::options::Options;

/// What the cluster can do of what is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Server {
    /// Analysers of languages.
    pub analyzers: Vec<String>,
    /// Fields of shapes.
    pub has_shapes: bool,
}

impl Server {
    pub(crate) fn look(client: &Client, options: &Options) -> Result<Self, StoreError> {
        let mut server =
            Self { analyzers: Vec::new(), has_shapes: takes(client, &json!({"type": "geo_shape"}))? };
        for analyzer in &options.text_analyzers {
            if takes(client, &json!({"type": "text", "analyzer": analyzer}))? {
                server.analyzers.push(analyzer.clone());
            }
        }
        Ok(server)
    }
}

/// Whether a field of this mapping could be made; nothing is.
fn takes(client: &Client, mapping: &Value) -> Result<bool, StoreError> {
    let template = json!({
        // Nothing has such a name, so no other template has a say.
        "index_patterns": ["vigie-probe-of-a-field-*"],
        "priority": 500,
        "template": {"mappings": {"properties": {"field": mapping}}},
    });
    let answer = client.put(Method::Post, "_index_template/_simulate", &template)?;
    match (answer.status, answer.name().as_str()) {
        (400, "illegal_argument_exception" | "mapper_parsing_exception") => Ok(false),
        _ => answer.done().map(|()| true),
    }
}
