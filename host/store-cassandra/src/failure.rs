//! What the driver's errors mean. Of what the server says only the kind is told: its words may quote values.

use deliver::StoreError;
use scylla::errors::{
    BadQuery, ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError, ExecutionError,
    MetadataError, MetadataFetchErrorKind, NewSessionError, PrepareError, RequestAttemptError,
    SchemaAgreementError, UseKeyspaceError,
};

/// What becomes of a row that was not taken.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The error lies not in the row.
    Retry(StoreError),
    /// The row will never be taken; `is_suspect`: or its table has changed.
    Reject { kind: String, message: String, is_suspect: bool },
}

/// The verdict on a row.
pub(crate) fn of_row(error: &ExecutionError) -> Verdict {
    let reject = |kind: &str, message: &str, is_suspect| Verdict::Reject {
        kind: kind.into(),
        message: message.into(),
        is_suspect,
    };
    match error {
        ExecutionError::BadQuery(BadQuery::ValuesTooLongForKey(..)) => {
            reject("KeyTooLong", "a column of the key has more than 65535 bytes", false)
        }
        ExecutionError::BadQuery(_) => reject("BadQuery", "its values cannot be written as CQL", false),
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(kind, message)) => match kind {
            DbError::Invalid
            | DbError::SyntaxError
            | DbError::ConfigError
            | DbError::FunctionFailure { .. } => reject(name(kind), message, true),
            _ => Verdict::Retry(of_server(kind, message)),
        },
        ExecutionError::LastAttemptError(
            RequestAttemptError::SerializationError(_) | RequestAttemptError::CqlRequestSerialization(_),
        ) => reject("BadQuery", "its values cannot be written as CQL", false),
        other => Verdict::Retry(of_execution(other)),
    }
}

/// A statement's error.
pub(crate) fn of_execution(error: &ExecutionError) -> StoreError {
    match error {
        ExecutionError::LastAttemptError(error) => of_attempt(error),
        ExecutionError::ConnectionPoolError(error) => of_pool(error),
        ExecutionError::PrepareError(error) => of_prepare(error),
        ExecutionError::MetadataError(error) => of_metadata(error),
        ExecutionError::SchemaAgreementError(error) => of_agreement(error),
        ExecutionError::RequestTimeout(after) => {
            StoreError::Away(format!("no answer within {} ms", after.as_millis()))
        }
        ExecutionError::EmptyPlan => StoreError::Away(
            "no node of the datacentre can be reached; is `datacentre` the one that the nodes have?".into(),
        ),
        ExecutionError::BadQuery(_) => StoreError::Failed("the driver refused a statement".into()),
        other => StoreError::Away(other.to_string()),
    }
}

/// An error while nodes agree on a schema.
pub(crate) fn of_agreement(error: &SchemaAgreementError) -> StoreError {
    match error {
        SchemaAgreementError::RequestError(error) => of_attempt(error),
        SchemaAgreementError::ConnectionPoolError(error) => of_pool(error),
        _ => StoreError::Away("the nodes do not agree on the schema yet".into()),
    }
}

/// An error while a statement is made ready.
fn of_prepare(error: &PrepareError) -> StoreError {
    match error {
        PrepareError::ConnectionPoolError(error) => of_pool(error),
        PrepareError::AllAttemptsFailed { first_attempt } => of_attempt(first_attempt),
        other => StoreError::Away(other.to_string()),
    }
}

/// An error of a statement on tables that the server has just listed. It lists one a moment before it knows it, which is
/// seen where another process is making it.
pub(crate) fn of_listed(error: &ExecutionError) -> StoreError {
    let refused = match error {
        ExecutionError::LastAttemptError(refused) => refused,
        ExecutionError::PrepareError(PrepareError::AllAttemptsFailed { first_attempt }) => first_attempt,
        other => return of_execution(other),
    };
    match refused {
        RequestAttemptError::DbError(DbError::Invalid, _) => StoreError::Away(
            "it lists a table that it does not know yet; another process may be making it".into(),
        ),
        other => of_attempt(other),
    }
}

/// An error of the first connection.
pub(crate) fn of_session(error: &NewSessionError) -> StoreError {
    match error {
        NewSessionError::MetadataError(error) => of_metadata(error),
        NewSessionError::UseKeyspaceError(UseKeyspaceError::RequestError(error)) => of_attempt(error),
        NewSessionError::FailedToResolveAnyHostname(names) => {
            StoreError::Away(format!("no address is known for {}", names.join(", ")))
        }
        NewSessionError::IllegalConfig(why) => StoreError::Failed(why.to_string()),
        other => StoreError::Away(other.to_string()),
    }
}

fn of_metadata(error: &MetadataError) -> StoreError {
    match error {
        MetadataError::ConnectionPoolError(error) => of_pool(error),
        MetadataError::FetchError(error) => match &error.error {
            MetadataFetchErrorKind::PrepareError(error) => of_attempt(error),
            _ => StoreError::Away("the nodes do not say what the cluster is like".into()),
        },
        _ => StoreError::Away("the nodes do not say what the cluster is like".into()),
    }
}

fn of_pool(error: &ConnectionPoolError) -> StoreError {
    match error {
        ConnectionPoolError::Broken { last_connection_error } => of_connection(last_connection_error),
        other => StoreError::Away(other.to_string()),
    }
}

fn of_connection(error: &ConnectionError) -> StoreError {
    if let ConnectionError::ConnectionSetupRequestError(setup) = error {
        match &setup.error {
            ConnectionSetupRequestErrorKind::DbError(kind, message) => return of_server(kind, message),
            ConnectionSetupRequestErrorKind::MissingAuthentication => {
                return StoreError::Refused("it asks for `user` and `password_file`".into());
            }
            _ => {}
        }
    }
    // What TLS says lies deep in errors of the operating system, and names no values.
    let text = error.to_string();
    let is_tls = ["invalid peer certificate", "received fatal alert", "received corrupt message"];
    if is_tls.iter().any(|said| text.contains(said)) {
        return StoreError::Refused(format!("TLS: {text}; look at `ca_file` and the nodes' certificates"));
    }
    StoreError::Away(text)
}

fn of_attempt(error: &RequestAttemptError) -> StoreError {
    match error {
        RequestAttemptError::DbError(kind, message) => of_server(kind, message),
        RequestAttemptError::BrokenConnectionError(error) => StoreError::Away(error.to_string()),
        RequestAttemptError::UnableToAllocStreamId => {
            StoreError::Away("more requests are on their way than a connection takes".into())
        }
        _ => StoreError::Away("an answer cannot be read".into()),
    }
}

/// What the server says, which is asked for its kind alone.
fn of_server(kind: &DbError, message: &str) -> StoreError {
    match kind {
        // A server that cannot read its own users, as too few nodes answer, says the same.
        DbError::AuthenticationError if message.starts_with("Unable to perform authentication") => {
            StoreError::Away("it cannot look up its users now".into())
        }
        DbError::AuthenticationError => {
            StoreError::Refused("the user, or the password in `password_file`, is wrong".into())
        }
        DbError::Unauthorized => {
            StoreError::Refused("the user may not do this; grant it on the keyspace".into())
        }
        // Numbers of nodes and the consistency level: no values.
        DbError::Unavailable { .. } | DbError::WriteTimeout { .. } | DbError::ReadTimeout { .. } => {
            StoreError::Away(kind.to_string())
        }
        DbError::Invalid | DbError::SyntaxError | DbError::ConfigError => {
            StoreError::Failed(format!("it refuses a statement ({})", name(kind)))
        }
        _ => StoreError::Away(format!("it says {}", name(kind))),
    }
}

/// The name of an error in CQL's protocol.
fn name(kind: &DbError) -> &'static str {
    match kind {
        DbError::SyntaxError => "SyntaxError",
        DbError::Invalid => "Invalid",
        DbError::AlreadyExists { .. } => "AlreadyExists",
        DbError::FunctionFailure { .. } => "FunctionFailure",
        DbError::AuthenticationError => "AuthenticationError",
        DbError::Unauthorized => "Unauthorized",
        DbError::ConfigError => "ConfigError",
        DbError::Unavailable { .. } => "Unavailable",
        DbError::Overloaded => "Overloaded",
        DbError::IsBootstrapping => "IsBootstrapping",
        DbError::TruncateError => "TruncateError",
        DbError::ReadTimeout { .. } => "ReadTimeout",
        DbError::WriteTimeout { .. } => "WriteTimeout",
        DbError::ReadFailure { .. } => "ReadFailure",
        DbError::WriteFailure { .. } => "WriteFailure",
        DbError::Unprepared { .. } => "Unprepared",
        DbError::ServerError => "ServerError",
        DbError::ProtocolError => "ProtocolError",
        _ => "another error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(kind: DbError, message: &str) -> ExecutionError {
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(kind, message.into()))
    }

    #[test]
    fn only_the_row_is_blamed_for_the_row() {
        assert!(matches!(
            of_row(&server(DbError::Invalid, "secret")),
            Verdict::Reject { kind, message, is_suspect: true } if kind == "Invalid" && message == "secret"
        ));
        for kind in [DbError::Overloaded, DbError::IsBootstrapping, DbError::ServerError] {
            let verdict = of_row(&server(kind.clone(), "secret"));
            let Verdict::Retry(StoreError::Away(said)) = verdict else { panic!("{kind:?}: {verdict:?}") };
            assert!(!said.contains("secret"), "{said}");
        }
        let time_out = ExecutionError::RequestTimeout(std::time::Duration::from_secs(1));
        assert!(matches!(of_row(&time_out), Verdict::Retry(StoreError::Away(_))));
    }

    #[test]
    fn a_table_that_is_being_made_is_waited_for() {
        let unknown = || RequestAttemptError::DbError(DbError::Invalid, "table x does not exist".into());
        let prepared = PrepareError::AllAttemptsFailed { first_attempt: unknown() };
        for error in [ExecutionError::LastAttemptError(unknown()), prepared.into()] {
            assert!(!of_execution(&error).is_retry());
            assert!(of_listed(&error).is_retry(), "{error}");
        }
        assert!(!of_listed(&server(DbError::Unauthorized, "")).is_retry());
    }

    #[test]
    fn who_is_not_let_in_is_told_so() {
        let refused = of_execution(&server(DbError::AuthenticationError, "Provided username x"));
        assert!(matches!(&refused, StoreError::Refused(said) if !said.contains('x')), "{refused}");
        assert!(matches!(of_execution(&server(DbError::Unauthorized, "")), StoreError::Refused(_)));
        let busy =
            server(DbError::AuthenticationError, "Unable to perform authentication: Operation timed out");
        assert!(of_execution(&busy).is_retry());
    }
}
