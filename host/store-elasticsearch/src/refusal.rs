//! What an answer or a broken connection means, in texts that hold no value.

use std::error::Error as _;

use deliver::StoreError;
use serde::Deserialize;

/// The cluster's name for an error where it looks like one: what comes from elsewhere may be anything.
pub(crate) fn kind(name: &str) -> &str {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.is_empty() && name.len() <= 80 && name.chars().all(fits) { name } else { "unknown" }
}

/// What an error's status and name mean.
pub(crate) fn of_status(status: u16, name: &str) -> StoreError {
    let name = kind(name);
    match (status, name) {
        (_, "cluster_block_exception" | "index_create_block_exception") => StoreError::Away(format!(
            "it takes no writes ({name}): its disk is full, or writes were blocked; make room, then look at the \
             settings `index.blocks` and `cluster.blocks`"
        )),
        (401, _) => StoreError::Refused(
            "it does not know the user or the key (HTTP 401); look at `user`, `password_file` and `api_key_file`"
                .into(),
        ),
        (403, _) => StoreError::Refused(format!(
            "it forbids this (HTTP 403, {name}); give the user or the key the rights of docs/elasticsearch.md"
        )),
        (429, _) => StoreError::TooMuch(format!("it cannot keep up (HTTP 429, {name})")),
        (408 | 500..=599, _) => StoreError::Away(format!("it says that it cannot now (HTTP {status}, {name})")),
        _ => StoreError::Failed(format!("it answered with HTTP {status}, {name}")),
    }
}

#[derive(Deserialize)]
struct Answer {
    error: Cause,
}

#[derive(Deserialize)]
struct Cause {
    #[serde(rename = "type")]
    kind: String,
}

/// The name of the error in an answer's body; empty where it has none.
pub(crate) fn name(body: &[u8]) -> String {
    serde_json::from_slice::<Answer>(body).map_or_else(|_| String::new(), |answer| answer.error.kind)
}

/// Why no answer came.
pub(crate) fn of_connection(error: &elasticsearch::Error, timeout_s: u64) -> StoreError {
    let mut causes = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push_str(&error.to_string());
        causes.push('\n');
        cause = error.source();
    }
    // The causes are texts of rustls and of the system; only which one it is goes on.
    let has = |text: &str| causes.contains(text);
    let refused = |why: &str| StoreError::Refused(why.into());
    let away = |why: &str| StoreError::Away(why.into());
    if has("invalid peer certificate") {
        return if has("Expired") || has("certificate expired") {
            refused("its certificate has expired: give it a new one")
        } else if has("NotValidForName") || has("not valid for name") {
            refused("its certificate is for another host than that of `url`")
        } else if has("NotValidYet") || has("not valid yet") {
            refused("its certificate is not valid yet: look at both clocks")
        } else {
            refused("nobody that is trusted has signed its certificate: name the authority in `ca_file`")
        };
    }
    if has("InvalidContentType") || has("corrupt message") {
        return refused("it does not speak TLS: `url` should begin with http://");
    }
    if error.is_timeout() {
        return StoreError::Away(format!("no answer within {timeout_s} s"));
    }
    if has("dns error") || has("failed to lookup address") {
        return away("the host of `url` is not known");
    }
    if has("Connection refused") {
        return away("nothing listens at `url`");
    }
    away("the connection broke")
}
