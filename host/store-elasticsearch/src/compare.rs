//! Whether what is there is what is wanted.

use serde_json::{Map, Value};

/// How the fields that are there differ from those that are wanted.
#[derive(Debug, PartialEq)]
pub(crate) enum Difference {
    None,
    /// These fields are missing, and can be added.
    Missing(Map<String, Value>),
    /// A field is otherwise than wanted, which only new indices can mend.
    Other(String),
}

/// Compares fields by name; what is there beside them may stay.
pub(crate) fn fields(found: &Value, wanted: &Map<String, Value>) -> Difference {
    let mut missing = Map::new();
    for (name, wanted) in wanted {
        match found.get(name) {
            None => {
                missing.insert(name.clone(), wanted.clone());
            }
            Some(found) => {
                if let Some(part) = other(found, wanted) {
                    let (is, be) = (text(found.get(part)), text(wanted.get(part)));
                    return Difference::Other(format!(
                        "field `{name}` has the {part} {is}, and would have to have {be}"
                    ));
                }
                // A language that was added is a field under the field, and is added by the whole field.
                if let Some(Difference::Missing(_)) = inner(found, wanted) {
                    missing.insert(name.clone(), wanted.clone());
                }
            }
        }
    }
    if missing.is_empty() { Difference::None } else { Difference::Missing(missing) }
}

fn inner(found: &Value, wanted: &Value) -> Option<Difference> {
    let wanted = wanted.get("fields")?.as_object()?;
    Some(fields(found.get("fields").unwrap_or(&Value::Null), wanted))
}

/// The part of a mapping in which a field is otherwise.
fn other<'w>(found: &Value, wanted: &'w Value) -> Option<&'w str> {
    let object = wanted.as_object()?;
    for (part, wanted_part) in object {
        let differs = match part.as_str() {
            "fields" => matches!(inner(found, wanted), Some(Difference::Other(_))),
            // The cluster may leave out what would hold anyway.
            "analyzer" if wanted_part == "standard" => found.get(part).is_some_and(|f| f != wanted_part),
            _ => found.get(part) != Some(wanted_part),
        };
        if differs {
            return Some(part);
        }
    }
    // Searchable is what holds where nothing is said.
    let is_hidden =
        |part: &&&str| object.get(**part).is_none() && found.get(**part) == Some(&Value::Bool(false));
    ["index", "doc_values"].iter().find(is_hidden).copied()
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(value)) => value.to_string(),
        Some(_) => "another one".into(),
        None => "none".into(),
    }
}

/// Whether a template's settings are as wanted; the cluster gives them below `index`, as texts.
pub(crate) fn settings(found: &Value, wanted: &Map<String, Value>) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let same = |(name, wanted): (&String, &Value)| {
        let found = found.get("index").and_then(|index| index.get(name));
        found.map(text) == Some(text(wanted))
    };
    wanted.iter().all(same)
}
