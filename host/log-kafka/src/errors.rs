//! What Kafka says, as the log's errors. Its texts name topics, groups and brokers, and no record's bytes.

use log::{Error, Refusal};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

/// Any error outside of a transaction.
pub fn of(error: &KafkaError) -> Error {
    match error.rdkafka_error_code() {
        Some(code) if is_away(code) => Error::Away(code.to_string()),
        Some(Code::Fenced | Code::FencedInstanceId | Code::ProducerFenced) => Error::Fenced,
        Some(code) if is_forbidden(code) => Refusal::Unable(error.to_string()).into(),
        _ => match error {
            // Their files were read: they are not what they should be, or don't belong together.
            KafkaError::ClientCreation(why) if why.contains("ssl.") || why.contains("rivate key") => {
                Refusal::File { what: "the CA, the certificate or its key".into(), why: why.clone() }.into()
            }
            _ => Error::Io(error.to_string()),
        },
    }
}

/// As [`of`], about a partition that may be missing.
pub fn of_partition(error: &KafkaError, topic: &str, partition: u32) -> Error {
    match error.rdkafka_error_code() {
        Some(Code::UnknownTopic | Code::UnknownPartition | Code::UnknownTopicOrPartition) => {
            Error::NoTopic { topic: topic.into(), partition }
        }
        _ => match of(error) {
            Error::Away(why) => Error::Away(format!("partition {partition} of topic {topic}: {why}")),
            Error::Refused(Refusal::Unable(why)) => Refusal::Unable(format!("topic {topic}: {why}")).into(),
            error => error,
        },
    }
}

/// Whether who asked lacks a right.
pub fn is_forbidden(code: Code) -> bool {
    matches!(
        code,
        Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::ClusterAuthorizationFailed
    )
}

/// Whether it may be otherwise soon: the broker is away, or about to change.
pub fn is_away(code: Code) -> bool {
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::DestroyBroker
            | Code::KafkaStorageError
            | Code::Resolve
            | Code::OperationTimedOut
            | Code::TimedOutQueue
            | Code::MessageTimedOut
            | Code::RequestTimedOut
            | Code::NetworkException
            | Code::BrokerNotAvailable
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::ReplicaNotAvailable
            | Code::FencedLeaderEpoch
            | Code::UnknownLeaderEpoch
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::WaitingForCoordinator
            | Code::NotEnoughReplicas
            | Code::NotEnoughReplicasAfterAppend
            | Code::OffsetNotAvailable
            | Code::Retry
            // Once may be chance, as with a token that ends just now; what lasts is explained.
            | Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::SSL
    )
}
