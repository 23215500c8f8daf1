//! The plugin's configuration: an action for each kind, and one for the author.

use h3o::Resolution;
use serde_json::Value;

use crate::kinds::{KINDS, Kind};

/// Most characters that `keep-last-N` may show.
pub const KEEP_MAX: u8 = 8;

/// What happens to a piece of text that was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Becomes `[kind]`.
    #[default]
    Redact,
    /// Becomes `[kind …1234]`.
    KeepLast(u8),
    /// Becomes nothing.
    Drop,
    /// Stays as it is.
    Leave,
}

/// What happens to the author.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthorAction {
    /// Becomes `[author]`.
    Redact,
    /// Becomes null.
    Drop,
    /// Becomes a pseudonym, keyed by the host.
    Pseudonym,
    /// Stays as it is: what an empty configuration does.
    #[default]
    Leave,
}

/// What is wrong with the configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// For example `text.emial`.
    pub path: String,
    /// For example ``unknown kind; did you mean `email`?``
    pub message: String,
}

/// The configuration; empty, it does nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// By kind; none: the text is not masked.
    pub text: Option<[Action; KINDS]>,
    /// What becomes of the author.
    pub author: AuthorAction,
    /// The resolution of the cell whose centre a position becomes; none: positions are left alone.
    pub position: Option<Resolution>,
}

impl Config {
    /// Masks every kind, leaves the author.
    pub fn all() -> Config {
        Config { text: Some([Action::Redact; KINDS]), author: AuthorAction::Leave, position: None }
    }

    /// Reads the step's `with`. All problems are reported, not the first alone.
    pub fn parse(json: &str) -> Result<Config, Vec<Problem>> {
        let mut config = Config::default();
        let mut problems = Vec::new();
        if json.trim().is_empty() {
            return Ok(config);
        }
        let root = match serde_json::from_str::<Value>(json) {
            Ok(Value::Object(map)) => map,
            Ok(Value::Null) => return Ok(config),
            Ok(_) => return Err(vec![problem("", "must be an object with `text` or `author`")]),
            Err(e) => {
                let place = format!("is not JSON at line {}, column {}", e.line(), e.column());
                return Err(vec![problem("", &place)]);
            }
        };
        for (key, value) in &root {
            match key.as_str() {
                "text" => config.text = text(value, &mut problems),
                "author" => match value.as_str() {
                    Some("redact") => config.author = AuthorAction::Redact,
                    Some("drop") => config.author = AuthorAction::Drop,
                    Some("leave") => config.author = AuthorAction::Leave,
                    Some("pseudonym") => config.author = AuthorAction::Pseudonym,
                    other => {
                        let known = ["redact", "drop", "pseudonym", "leave"];
                        let message = unknown("action", other.unwrap_or(""), &known);
                        problems.push(problem("author", &message));
                    }
                },
                "position" => match position(value) {
                    Some(resolution) => config.position = Some(resolution),
                    None => {
                        problems
                            .push(problem("position", "must be {\"cell\": N}, a resolution from 0 to 15"));
                    }
                },
                other => {
                    let known = ["text", "author", "position"];
                    problems.push(problem(other, &unknown("setting", other, &known)));
                }
            }
        }
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// May the label `personal` come off the text? Not if a kind is left in it.
    pub fn clears_text(&self) -> bool {
        self.text.is_some_and(|actions| !actions.contains(&Action::Leave))
    }
}

/// `{"cell": 5}`.
fn position(value: &Value) -> Option<Resolution> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    let resolution = u8::try_from(map.get("cell")?.as_u64()?).ok()?;
    Resolution::try_from(resolution).ok()
}

fn text(value: &Value, problems: &mut Vec<Problem>) -> Option<[Action; KINDS]> {
    let Value::Object(map) = value else {
        if !value.is_null() {
            problems
                .push(problem("text", "must be an object of kinds and actions, as {\"email\": \"redact\"}"));
        }
        return None;
    };
    let mut actions = [Action::Redact; KINDS];
    for (key, value) in map {
        let path = format!("text.{key}");
        let slot = Kind::NAMES.iter().position(|n| n == key).and_then(|i| actions.get_mut(i));
        let Some(slot) = slot else {
            problems.push(problem(&path, &unknown("kind", key, &Kind::NAMES)));
            continue;
        };
        match action(value.as_str().unwrap_or("")) {
            Ok(action) => *slot = action,
            Err(message) => problems.push(problem(&path, &message)),
        }
    }
    Some(actions)
}

fn action(name: &str) -> Result<Action, String> {
    match name {
        "redact" => return Ok(Action::Redact),
        "drop" => return Ok(Action::Drop),
        "leave" => return Ok(Action::Leave),
        _ => {}
    }
    if let Some(n) = name.strip_prefix("keep-last-") {
        return match n.parse::<u8>() {
            Ok(n @ 1..=KEEP_MAX) => Ok(Action::KeepLast(n)),
            _ => Err(format!("keep-last-N takes 1 to {KEEP_MAX}; did you mean `keep-last-4`?")),
        };
    }
    Err(unknown("action", name, &["redact", "keep-last-4", "drop", "leave"]))
}

fn problem(path: &str, message: &str) -> Problem {
    Problem { path: path.to_owned(), message: message.to_owned() }
}

/// Names the nearest known word, or all of them if none is near.
fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let nearest = known.iter().map(|k| (distance(name, k), *k)).min();
    match nearest {
        Some((d, k)) if d <= 1 + k.len() / 3 => format!("unknown {what}; did you mean `{k}`?"),
        _ => format!("unknown {what}; known: {}", known.join(", ")),
    }
}

/// Edits between two words (Levenshtein), one row at a time.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().take(64).enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (slot, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let best = (corner + usize::from(x != y)).min(left + 1).min(*slot + 1);
            corner = *slot;
            *slot = best;
            left = best;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}
