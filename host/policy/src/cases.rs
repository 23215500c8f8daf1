//! Policies have tests: questions with the answers that are expected.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Error, Policies, Question, Verdict, text_of};

/// A question and its answer.
#[derive(Debug, Deserialize)]
struct Case {
    name: String,
    ask: Question,
    expect: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Expected {
    Permit,
    Deny,
}

/// How a case ended.
#[derive(Debug)]
pub struct Outcome {
    /// The case's name.
    pub name: String,
    /// Whether the answer is the expected one.
    pub passed: bool,
    /// What the policies said.
    pub verdict: Verdict,
}

/// Asks every question of a folder's `cases.yaml`.
///
/// # Errors
/// [`Error::Read`] or [`Error::Policy`] for a file that is none.
pub fn run_cases(policies: &Policies, folder: &Path) -> Result<Vec<Outcome>, Error> {
    let cases: Vec<Case> = list(&folder.join("cases.yaml"))?;
    let run = |case: Case| {
        let verdict = policies.ask(&case.ask)?;
        let got = if matches!(verdict, Verdict::Permitted(_)) { Expected::Permit } else { Expected::Deny };
        Ok(Outcome { name: case.name, passed: got == case.expect, verdict })
    };
    cases.into_iter().map(run).collect()
}

/// What must be denied, whatever the policies say; a folder without the list has none.
pub(crate) fn forbidden(folder: &Path) -> Result<Vec<Question>, Error> {
    let path = folder.join("forbidden.yaml");
    if path.exists() { list(&path) } else { Ok(Vec::new()) }
}

fn list<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Error> {
    let wrong = |e: serde_yaml_ng::Error| Error::Policy(format!("{}: {e}", path.display()));
    serde_yaml_ng::from_str(&text_of(path)?).map_err(wrong)
}
