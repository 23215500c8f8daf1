//! What policies are asked.

use std::fmt;

use cedar_policy::{Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use serde::Deserialize;

use crate::Error;

/// A question to the policies.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Question {
    /// May a plugin ask the host for something?
    Import {
        /// The plugin's name.
        plugin: String,
        /// `log`, `geo`, `lookup` or `pseudonym`.
        import: String,
    },
    /// May a plugin take a label off a field?
    Clear {
        /// The plugin and where it works.
        #[serde(flatten)]
        step: Configured,
        /// The field's name.
        field: String,
        /// The label that comes off.
        label: String,
        /// The weaker label in its place.
        #[serde(default)]
        becomes: Option<String>,
    },
    /// May a plugin say which of its writes depend on which of its reads?
    Narrow {
        /// The plugin and where it works.
        #[serde(flatten)]
        step: Configured,
    },
    /// May values with a label lie somewhere?
    Hold {
        /// The pipeline's name.
        pipeline: String,
        /// What kind of place it is.
        kind: Sink,
        /// The topic; of state, the step; the store.
        name: String,
        /// The label.
        label: String,
    },
}

/// A plugin as a pipeline configures it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Configured {
    /// The plugin's name.
    pub plugin: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// [`config_digest`](crate::config_digest) of its configuration.
    pub config: String,
}

/// Where values come to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sink {
    /// A derived topic, and the embedded store.
    Topic,
    /// A store that a file of stores names.
    Store,
    /// A store that keeps raw records as they came.
    Archive,
    /// The state of a step, and the rows that it holds.
    State,
    /// The refused rows themselves, as they came.
    DeadLetterRows,
}

impl Sink {
    fn name(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Store => "store",
            Self::Archive => "archive",
            Self::State => "state",
            Self::DeadLetterRows => "dead-letter-rows",
        }
    }
}

/// A question in Cedar's words.
pub(crate) struct Asked {
    pub principal: EntityUid,
    pub action: EntityUid,
    pub resource: EntityUid,
    pub context: Context,
    pub entities: Entities,
}

impl Question {
    pub(crate) fn asked(&self) -> Result<Asked, Error> {
        let (action, principal, resource, context) = match self {
            Self::Import { plugin, import } => {
                ("import", bare("Plugin", plugin)?, bare("Import", import)?, Vec::new())
            }
            Self::Clear { step, field, label, becomes } => {
                let id = format!("{}/{field}", step.pipeline);
                let field = inside(&step.pipeline, "Field", &id, &[("name", field)])?;
                let mut context = vec![("label", text(label)), ("config", text(&step.config))];
                context.extend(becomes.as_deref().map(|label| ("becomes", text(label))));
                ("clear", bare("Plugin", &step.plugin)?, field, context)
            }
            Self::Narrow { step } => {
                let context = vec![("config", text(&step.config))];
                ("narrow", bare("Plugin", &step.plugin)?, bare("Pipeline", &step.pipeline)?, context)
            }
            Self::Hold { pipeline, kind, name, label } => {
                let id = format!("{pipeline}/{}/{name}", kind.name());
                let sink = inside(pipeline, "Sink", &id, &[("kind", kind.name()), ("name", name)])?;
                ("hold", sink, bare("Label", label)?, Vec::new())
            }
        };
        let context = context.into_iter().map(|(key, value)| (key.to_owned(), value));
        Ok(Asked {
            principal: principal.uid(),
            action: uid("Action", action)?,
            resource: resource.uid(),
            context: Context::from_pairs(context).map_err(Error::asking)?,
            entities: Entities::from_entities([principal, resource], None).map_err(Error::asking)?,
        })
    }
}

/// In words that a person can put into a policy; no value of an event is ever part of a question.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Import { plugin, import } => write!(f, "plugin `{plugin}` asks the host for `{import}`"),
            Self::Clear { step, field, label, becomes } => {
                let Configured { plugin, pipeline, config } = step;
                match becomes {
                    Some(becomes) => write!(f, "plugin `{plugin}` makes `{label}` on `{field}` `{becomes}`")?,
                    None => write!(f, "plugin `{plugin}` takes `{label}` off `{field}`")?,
                }
                write!(f, " in pipeline `{pipeline}` with config {config}")
            }
            Self::Narrow { step: Configured { plugin, pipeline, config } } => {
                write!(
                    f,
                    "plugin `{plugin}` has flows of its own in pipeline `{pipeline}` with config {config}"
                )
            }
            Self::Hold { pipeline, kind, name, label } => {
                write!(f, "{} `{name}` of pipeline `{pipeline}` holds `{label}`", kind.name())
            }
        }
    }
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, Error> {
    let kind: EntityTypeName = format!("Vigie::{kind}").parse().map_err(Error::asking)?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

fn bare(kind: &str, id: &str) -> Result<Entity, Error> {
    Ok(Entity::new_no_attrs(uid(kind, id)?, [].into()))
}

/// An entity of a pipeline, with attributes.
fn inside(pipeline: &str, kind: &str, id: &str, attributes: &[(&str, &str)]) -> Result<Entity, Error> {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
    let parents = [uid("Pipeline", pipeline)?].into();
    Entity::new(uid(kind, id)?, attributes, parents).map_err(Error::asking)
}
