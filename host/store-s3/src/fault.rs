//! What the lake's place answers, as a store's errors. No path is told on: the value of `kind` is in it.

use std::error::Error as StdError;
use std::io::ErrorKind;

use deliver::StoreError;
use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

/// Why an object was not put.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is another than the one to be replaced.
    Conflict,
    /// The place.
    Store(StoreError),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Precondition { .. } | Error::AlreadyExists { .. } => Self::Conflict,
            Error::NotFound { .. } if !lacks_bucket(&error) => Self::Conflict,
            other => Self::Store(told(&other)),
        }
    }
}

type Cause<'a> = &'a (dyn StdError + 'static);

/// An error and what caused it.
fn chain(error: &Error) -> impl Iterator<Item = Cause<'_>> {
    fn below<'a>(error: &Cause<'a>) -> Option<Cause<'a>> {
        StdError::source(*error)
    }
    let first: Cause<'_> = error;
    std::iter::successors(Some(first), below)
}

/// Whether what was not found is the bucket.
pub(crate) fn lacks_bucket(error: &Error) -> bool {
    chain(error).any(|e| s3_code(&e.to_string()).is_some_and(|code| code == "NoSuchBucket"))
}

/// A client's error as a store's.
pub(crate) fn told(error: &Error) -> StoreError {
    let texts = || chain(error).map(ToString::to_string);
    if let Some(code) = texts().find_map(|text| s3_code(&text)) {
        return of_s3(&code, texts().find_map(|text| status(&text)));
    }
    if let Some(status) = texts().find_map(|text| status(&text)) {
        return of_s3("", Some(status));
    }
    if let Some(io) = chain(error).find_map(|e| e.downcast_ref::<std::io::Error>())
        && !chain(error).any(|e| e.is::<HttpError>())
    {
        return of_io(io);
    }
    if let Some(http) = chain(error).find_map(|e| e.downcast_ref::<HttpError>()) {
        return of_http(http.kind(), texts().any(|text| text.contains("certificate")));
    }
    match error {
        Error::NotFound { .. } => StoreError::Failed("what is asked for is not there".into()),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => refused(""),
        _ => StoreError::Failed("the client failed".into()),
    }
}

/// An error of the disk as a store's.
pub(crate) fn of_io(error: &std::io::Error) -> StoreError {
    let kind = error.kind();
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            StoreError::Away("the disk is full; free some space".into())
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            StoreError::Refused(format!("the folder: {kind}"))
        }
        ErrorKind::Interrupted | ErrorKind::TimedOut | ErrorKind::StaleNetworkFileHandle => {
            StoreError::Away(kind.to_string())
        }
        _ => StoreError::Failed(format!("the folder: {kind}")),
    }
}

fn of_http(kind: HttpErrorKind, certificate: bool) -> StoreError {
    if certificate {
        let why =
            "its certificate is not accepted: expired, for another name, or not signed by one of `ca_file`";
        return StoreError::Refused(why.into());
    }
    match kind {
        HttpErrorKind::Decode => {
            StoreError::Failed("its answer is no answer of S3; is `endpoint` right?".into())
        }
        HttpErrorKind::Timeout => StoreError::Away("no answer in time".into()),
        HttpErrorKind::Connect => StoreError::Away("no connection".into()),
        _ => StoreError::Away("the connection was cut".into()),
    }
}

fn of_s3(code: &str, status: Option<u16>) -> StoreError {
    let text = match status {
        Some(status) => format!("{status} {code}"),
        None => code.to_owned(),
    };
    let text = text.trim();
    match (code, status) {
        ("NoSuchBucket", _) => {
            StoreError::Failed("there is no such bucket; make it, or correct `url`".into())
        }
        ("SlowDown" | "TooManyRequests", _) | (_, Some(429)) => StoreError::TooMuch(text.into()),
        // The last is what MinIO says, of all things, when its disk takes no more.
        ("InternalError" | "ServiceUnavailable" | "RequestTimeout" | "IncompleteBody", _) => {
            StoreError::Away(text.into())
        }
        (_, Some(401 | 403)) => refused(text),
        // The server cannot do what it is asked for, however often.
        (_, Some(501)) => StoreError::Failed(text.into()),
        (_, Some(408 | 500..)) => StoreError::Away(text.into()),
        _ => StoreError::Failed(text.into()),
    }
}

fn refused(code: &str) -> StoreError {
    StoreError::Refused(format!("check the credentials, the bucket's policy and the clock: {code}"))
}

/// The code in an answer of S3: `<Error><Code>NoSuchBucket</Code>…`.
fn s3_code(text: &str) -> Option<String> {
    let code = text.split_once("<Code>")?.1.split_once("</Code>")?.0;
    let known = code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    known.then(|| code.to_owned())
}

/// The status in the client's words.
fn status(text: &str) -> Option<u16> {
    let digits = text.split_once("status code: ")?.1.get(..3)?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_s3_is_told_by_its_code_alone() {
        let text = "Error performing PUT http://h/b/kind=secret - Server returned non-2xx status code: 503 Service \
                    Unavailable: <Error><Code>SlowDown</Code><Key>kind=secret</Key></Error>";
        let error = Error::Generic { store: "S3", source: text.into() };
        let told = told(&error);
        assert!(matches!(&told, StoreError::TooMuch(why) if why == "503 SlowDown"), "{told}");
        let error = Error::Generic { store: "S3", source: "status code: 403 <Code>a/b</Code>".into() };
        assert!(matches!(super::told(&error), StoreError::Refused(_)));
    }

    #[test]
    fn a_full_disk_may_have_room_later() {
        let io = std::io::Error::from(ErrorKind::StorageFull);
        let error = Error::Generic { store: "LocalFileSystem", source: Box::new(io) };
        assert!(told(&error).is_retry());
    }
}
