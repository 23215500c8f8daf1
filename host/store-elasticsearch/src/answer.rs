//! What the cluster says of each row of a request.

use deliver::StoreError;
use serde::Deserialize;

use crate::refusal;

/// What is to be asked of an answer: little, so that it is quick to write and to read.
pub(crate) const FILTER: &str = "errors,items.*.status,items.*.error.type,items.*.error.reason";
/// Most bytes that are kept of what the cluster says of a row.
const MOST_MESSAGE: usize = 2_000;

/// What became of a row.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is there.
    Done,
    /// The same or a newer one was there before.
    Older,
    /// It will never be taken: the cluster's name for the error, and what it says.
    Reject { kind: String, message: String },
    /// It may be taken later.
    Again(StoreError),
    /// There is no such index.
    NoIndex,
    /// Nothing like it will be taken until something is changed.
    Stop(StoreError),
}

#[derive(Deserialize)]
struct Answer {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: Outcome,
}

#[derive(Deserialize)]
struct Outcome {
    status: u16,
    error: Option<Cause>,
}

#[derive(Deserialize)]
struct Cause {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    reason: Option<String>,
}

/// Verdicts on the rows of a request, in their order.
pub(crate) fn read(body: &[u8], rows: usize) -> Result<Vec<Verdict>, StoreError> {
    let failed = |why: &str| StoreError::Failed(format!("an answer to rows {why}"));
    // What serde says of a document may hold parts of it.
    let answer: Answer = serde_json::from_slice(body).map_err(|_| failed("cannot be read"))?;
    if answer.items.len() != rows {
        return Err(failed("is not about all of them"));
    }
    Ok(answer.items.into_iter().map(|item| verdict(item.index)).collect())
}

fn verdict(outcome: Outcome) -> Verdict {
    let Outcome { status, error } = outcome;
    let Some(error) = error else {
        return match status {
            200 | 201 => Verdict::Done,
            _ => Verdict::Stop(refusal::of_status(status, "")),
        };
    };
    match (status, error.kind.as_str()) {
        (409, "version_conflict_engine_exception") => Verdict::Older,
        // The index lacks a field of the table; it is not the row's fault.
        (400, "strict_dynamic_mapping_exception") => Verdict::Stop(StoreError::Differs {
            table: String::new(),
            why: "an index lacks a field; run `vigie stores migrate`".into(),
        }),
        (400, kind) if is_of_the_row(kind) => reject(kind, error.reason.unwrap_or_default()),
        (404, "index_not_found_exception") => Verdict::NoIndex,
        (status, kind) => match refusal::of_status(status, kind) {
            later if later.is_retry() => Verdict::Again(later),
            stop => Verdict::Stop(stop),
        },
    }
}

/// Errors that this row has and the next one need not have.
fn is_of_the_row(kind: &str) -> bool {
    // A value that is no number, no point, no shape; and, as `illegal_argument`, a keyword above 32,766 bytes.
    matches!(kind, "document_parsing_exception" | "mapper_parsing_exception" | "illegal_argument_exception")
}

fn reject(kind: &str, mut message: String) -> Verdict {
    message.truncate(message.floor_char_boundary(MOST_MESSAGE));
    Verdict::Reject { kind: kind.into(), message }
}
