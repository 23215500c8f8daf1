//! Cedar policies: which plugin may ask the host for what and take which label off which field, and which
//! sink may hold which label. The only crate that knows Cedar. What no policy permits is denied.

mod cases;
mod question;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use cedar_policy::{ActionConstraint, PrincipalConstraint, ResourceConstraint};
use cedar_policy::{
    Authorizer, Decision, Effect, Policy, PolicyId, PolicySet, Request, Schema, ValidationMode, Validator,
};
use sha2::{Digest as _, Sha256};

pub use cases::{Outcome, run_cases};
pub use question::{Configured, Question, Sink};

/// The words of policies.
const SCHEMA: &str = include_str!("../../../policies/vigie.cedarschema");
/// A file's greatest size.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// All policies of an installation.
pub struct Policies {
    set: PolicySet,
    schema: Schema,
}

/// What policies say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Permitted, by these policies.
    Permitted(Vec<String>),
    /// Denied, and why, in words.
    Denied(String),
}

impl Policies {
    /// Reads every `*.cedar` of a folder, checks the policies, and asks what `forbidden.yaml` lists.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Policy`], or [`Error::Forbidden`] where policies permit what they must not.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(Error::asking)?;
        let mut set = PolicySet::new();
        for path in files(folder)? {
            add(&mut set, &path)?;
        }
        check(&schema, &set)?;
        let policies = Self { set, schema };
        for question in cases::forbidden(folder)? {
            if let Verdict::Permitted(by) = policies.ask(&question)? {
                return Err(Error::Forbidden { question: question.to_string(), by: by.join("`, `") });
            }
        }
        Ok(policies)
    }

    /// What the policies say to a question. A permit to clear or to narrow counts only if it is bound to
    /// the plugin's configuration.
    ///
    /// # Errors
    /// [`Error::Ask`], for a question that cannot be asked.
    pub fn ask(&self, question: &Question) -> Result<Verdict, Error> {
        let verdict = self.decide(question)?;
        let (Some(other), Verdict::Permitted(by)) = (with_other_config(question), &verdict) else {
            return Ok(verdict);
        };
        Ok(match self.decide(&other)? {
            Verdict::Denied(_) => verdict,
            Verdict::Permitted(_) => Verdict::Denied(format!(
                "policy `{}` permits it whatever the configuration; name `context.config` in it",
                by.join("`, `")
            )),
        })
    }

    fn decide(&self, question: &Question) -> Result<Verdict, Error> {
        let asked = question.asked()?;
        let (principal, action, resource) = (asked.principal, asked.action, asked.resource);
        let request = Request::new(principal, action, resource, asked.context, Some(&self.schema))
            .map_err(Error::asking)?;
        let response = Authorizer::new().is_authorized(&request, &self.set, &asked.entities);
        // A policy that cannot be evaluated might have been a `forbid`.
        if let Some(error) = response.diagnostics().errors().next() {
            return Ok(Verdict::Denied(format!("a policy cannot be evaluated: {error}")));
        }
        let by: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
        Ok(match (response.decision(), by.is_empty()) {
            (Decision::Allow, _) => Verdict::Permitted(by),
            (Decision::Deny, true) => Verdict::Denied("no policy permits it".into()),
            (Decision::Deny, false) => Verdict::Denied(format!("policy `{}` forbids it", by.join("`, `"))),
        })
    }
}

/// The SHA-256 of a plugin's configuration, in hexadecimal digits: of its JSON with sorted keys and without
/// spaces.
#[must_use]
pub fn config_digest(config: &serde_json::Value) -> String {
    let mut text = String::new();
    // A step without `with` has an empty configuration.
    let empty = serde_json::json!({});
    canonical(if config.is_null() { &empty } else { config }, &mut text);
    hex::encode(Sha256::digest(text))
}

/// JSON with sorted keys and no spaces.
fn canonical(value: &serde_json::Value, out: &mut String) {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            for (number, (key, value)) in entries.into_iter().enumerate() {
                out.push(if number == 0 { '{' } else { ',' });
                // Writing into a string cannot fail.
                let _ = write!(out, "{}:", Value::from(key.as_str()));
                canonical(value, out);
            }
            out.push_str(if map.is_empty() { "{}" } else { "}" });
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                out.push(if number == 0 { '[' } else { ',' });
                canonical(item, out);
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        scalar => {
            let _ = write!(out, "{scalar}");
        }
    }
}

fn with_other_config(question: &Question) -> Option<Question> {
    let mut other = question.clone();
    match &mut other {
        Question::Clear { step, .. } | Question::Narrow { step } => step.config = "another".into(),
        Question::Import { .. } | Question::Hold { .. } => return None,
    }
    Some(other)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error: std::io::Error| Error::Read { path: folder.into(), why: error.to_string() };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "cedar") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// A file's text, if it is not too large.
fn text_of(path: &Path) -> Result<String, Error> {
    let failed = |why: String| Error::Read { path: path.into(), why };
    let size_bytes = fs::metadata(path).map_err(|e| failed(e.to_string()))?.len();
    if size_bytes > MAX_FILE_BYTES {
        return Err(failed(format!("it is larger than {} MiB", MAX_FILE_BYTES >> 20)));
    }
    fs::read_to_string(path).map_err(|e| failed(e.to_string()))
}

fn add(set: &mut PolicySet, path: &Path) -> Result<(), Error> {
    let wrong = |why: String| Error::Policy(format!("{}: {why}", path.display()));
    let parsed: PolicySet =
        text_of(path)?.parse().map_err(|e: cedar_policy::ParseErrors| wrong(e.to_string()))?;
    if parsed.templates().next().is_some() {
        return Err(wrong("templates are not taken".into()));
    }
    for policy in parsed.policies() {
        // A denial names the policy that decided.
        let Some(id) = policy.annotation("id") else {
            return Err(wrong(format!("a policy without `@id(\"…\")`: {policy}")));
        };
        if is_open(policy) {
            return Err(wrong(format!("policy `{id}` permits everything to everybody")));
        }
        set.add(policy.new_id(PolicyId::new(id))).map_err(|e| wrong(e.to_string()))?;
    }
    Ok(())
}

fn is_open(policy: &Policy) -> bool {
    policy.effect() == Effect::Permit
        && policy.principal_constraint() == PrincipalConstraint::Any
        && policy.action_constraint() == ActionConstraint::Any
        && policy.resource_constraint() == ResourceConstraint::Any
        && !policy.has_non_scope_constraint()
}

fn check(schema: &Schema, set: &PolicySet) -> Result<(), Error> {
    let result = Validator::new(schema.clone()).validate(set, ValidationMode::default());
    match result.validation_errors().next() {
        Some(error) => Err(Error::Policy(error.to_string())),
        None => Ok(()),
    }
}

/// What can be wrong with policies.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder that cannot be read.
    #[error("VG0023: cannot read policies from {}: {why}; say --policies FOLDER", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What went wrong.
        why: String,
    },
    /// A policy, or a file of cases, that is wrong.
    #[error("VG0024: {0}")]
    Policy(String),
    /// Policies that permit what must be denied.
    #[error("VG0025: forbidden.yaml says that this must be denied, but policy `{by}` permits it: {question}")]
    Forbidden {
        /// The question, in words.
        question: String,
        /// The policies that permit it.
        by: String,
    },
    /// A question that cannot be asked.
    #[error("VG0024: policies cannot be asked: {0}")]
    Ask(String),
}

impl Error {
    fn asking(error: impl std::fmt::Display) -> Self {
        Self::Ask(error.to_string())
    }
}
