//! What clients hear of their connections. The library goes on trying for ever and tells its callers no more than
//! that there is no answer; why there is none it says beside, as an event, to who asks for events.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use log::{Error, Refusal};
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::{BaseProducer, ProducerContext};

use crate::security::Security;
use crate::{ANSWER, Options, token};

/// For how long a refusal explains why there is no answer.
const EXPLAINS: Duration = Duration::from_secs(60);
/// For how long a refusal may be chance: a token that ends just now, a broker that starts and knows no users yet.
const CHANCE: Duration = Duration::from_secs(3);
/// How long to hope for another broker where one has refused.
const HOPE: Duration = Duration::from_secs(1);
/// Events that are taken at once.
const MOST_EVENTS: usize = 16;
/// A topic that a broker has or has not; in any case it answers.
const ANY_TOPIC: &str = "__consumer_offsets";

/// What clients were told last, shared by all of the same security.
#[derive(Clone, Debug, Default)]
pub struct Heard(Arc<Mutex<Told>>);

#[derive(Debug, Default)]
struct Told {
    refused: Option<Refused>,
    /// Why there was no connection, where that may change by itself.
    away: Option<String>,
}

/// A refusal, and since when there were some.
#[derive(Debug)]
struct Refused {
    first: Instant,
    last: Instant,
    refusal: Refusal,
}

impl Told {
    fn refuse(&mut self, refusal: Refusal) {
        let now = Instant::now();
        let first = self.refused.as_ref().filter(|before| before.last.elapsed() < EXPLAINS).map(|b| b.first);
        self.refused = Some(Refused { first: first.unwrap_or(now), last: now, refusal });
    }

    /// A refusal that has lasted for some time, and was heard lately.
    fn lasting(&self, least: Duration) -> Option<Refusal> {
        let refused = self.refused.as_ref().filter(|refused| refused.last.elapsed() < EXPLAINS)?;
        (refused.first.elapsed() >= least).then(|| refused.refusal.clone())
    }
}

impl Heard {
    fn told(&self) -> MutexGuard<'_, Told> {
        // Each change below is whole before anything can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The context of a client: it remembers refusals, and hands over tokens.
#[derive(Clone, Debug)]
pub struct Ear {
    security: Option<Security>,
}

impl ClientContext for Ear {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn error(&self, error: KafkaError, reason: &str) {
        let Some(security) = &self.security else { return };
        let Some(code) = error.rdkafka_error_code() else { return };
        let why: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mut told = security.heard().told();
        match refusal(code, &why) {
            // Of a token it is known better what is wrong with it.
            Some(_) if matches!(told.refused, Some(Refused { refusal: Refusal::Token { .. }, .. })) => {}
            Some(refusal) => told.refuse(refusal),
            None if code == Code::AllBrokersDown => {}
            None => told.away = Some(with_advice(why)),
        }
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn StdError>> {
        let security = self.security.as_ref().ok_or("there is no security")?;
        let path = security.token().ok_or("there is no token")?;
        let (token, mut told) = (token::read(path), security.heard().told());
        match &token {
            Err(refusal) => told.refuse(refusal.clone()),
            // What was heard before was of another token.
            Ok(_) => told.refused = None,
        }
        Ok(token?)
    }
}

impl ConsumerContext for Ear {}

/// What a broker that takes the first words of TLS for a request does is hang up.
fn with_advice(why: String) -> String {
    match why.contains("in state SSL_HANDSHAKE") {
        true => why + "; is it a listener without TLS?",
        false => why,
    }
}

/// What an error of a connection means, if it is that one side does not let the other in.
fn refusal(code: Code, why: &str) -> Option<Refusal> {
    // What the broker has sent in the handshake or, since TLS 1.3, behind it.
    let is_alert = why.contains(" alert ");
    let of_client = ["certificate", "unknown ca", "access denied"].iter().any(|word| why.contains(word));
    match code {
        Code::Authentication | Code::SaslAuthenticationFailed => Some(Refusal::Credentials(why.into())),
        _ if is_alert && of_client => Some(Refusal::Certificate(why.into())),
        Code::SSL => Some(Refusal::Untrusted(why.into())),
        _ => None,
    }
}

impl Options {
    /// The context of a client.
    pub(crate) fn ear(&self) -> Ear {
        Ear { security: self.security.clone() }
    }

    /// Lets a client hand over what it was told, and take a token. Of a client that reads nothing at the moment
    /// and is no member: else records and changes of the group would get lost.
    pub(crate) fn listen<C: ConsumerContext>(&self, consumer: &BaseConsumer<C>) {
        if self.security.is_some() {
            // An event looks as nothing does, so they are not counted.
            (0..MOST_EVENTS).for_each(|_| drop(consumer.poll(Duration::ZERO)));
        }
    }

    /// As [`Self::listen`].
    pub(crate) fn listen_to_producer<C: ProducerContext>(&self, producer: &BaseProducer<C>) {
        if self.security.is_some() {
            (0..MOST_EVENTS).for_each(|_| producer.poll(Duration::ZERO));
        }
    }

    /// Waits until a broker has let a client in.
    pub(crate) fn knock(&self, consumer: &BaseConsumer<Ear>) -> Result<(), Error> {
        let Some(security) = &self.security else { return Ok(()) };
        *security.heard().told() = Told::default();
        let (start, mut patience) = (Instant::now(), Duration::from_millis(50));
        loop {
            self.listen(consumer);
            let answer = consumer.fetch_metadata(Some(ANY_TOPIC), patience);
            let Err(error) = answer else { return Ok(()) };
            self.listen(consumer);
            let mut told = security.heard().told();
            match told.lasting(Duration::ZERO) {
                Some(refusal) if start.elapsed() > HOPE => return Err(refusal.into()),
                None if start.elapsed() > ANSWER => {
                    return Err(Error::Away(told.away.take().unwrap_or_else(|| error.to_string())));
                }
                _ => patience *= 2,
            }
        }
    }

    /// Says of a log that does not answer why, where that is known: waiting would be in vain.
    pub(crate) fn explain(&self, error: Error) -> Error {
        let heard = || self.security.as_ref().and_then(|security| security.heard().told().lasting(CHANCE));
        match error {
            Error::Away(why) => heard().map_or(Error::Away(why), Error::Refused),
            error => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waiting_does_not_mend_is_told_from_what_it_may() {
        let code = |code, why| refusal(code, why).map(|refusal| refusal.to_string()[..6].to_owned());
        let alert = "SSL routines::tlsv13 alert certificate required: SSL alert number 116";
        assert_eq!(code(Code::BrokerTransportFailure, alert).as_deref(), Some("VG3021"));
        assert_eq!(code(Code::SSL, "tlsv1 alert unknown ca").as_deref(), Some("VG3021"));
        assert_eq!(code(Code::SSL, "tlsv1 alert protocol version").as_deref(), Some("VG3020"));
        assert_eq!(code(Code::SSL, "certificate verify failed").as_deref(), Some("VG3020"));
        assert_eq!(code(Code::Authentication, "certificate").as_deref(), Some("VG3022"));
        assert_eq!(code(Code::BrokerTransportFailure, "Connection refused"), None);
        assert_eq!(code(Code::BrokerTransportFailure, "the certificate of alertness"), None);
        assert_eq!(code(Code::AllBrokersDown, "1/1 brokers are down"), None);
    }

    #[test]
    fn only_a_log_that_does_not_answer_is_explained() {
        let options =
            Options { security: Some(Security::new(None, None, None)), ..Options::new("a:1", None) };
        let away = || Error::Away("away".into());
        assert!(matches!(options.explain(away()), Error::Away(_)));
        let global = |code| KafkaError::Global(code);
        options.ear().error(global(Code::BrokerTransportFailure), "Connection refused");
        assert!(matches!(options.explain(away()), Error::Away(_)));
        // By another client of the same security.
        options.clone().ear().error(global(Code::Authentication), "wrong\n\u{1b}[31m");
        assert!(options.explain(away()).is_retry(), "once may be chance");
        let heard = options.security.as_ref().unwrap().heard();
        heard.told().refused.as_mut().unwrap().first -= CHANCE;
        options.ear().error(global(Code::Authentication), "wrong\n\u{1b}[31m");
        let said = options.explain(away()).to_string();
        assert!(said.starts_with("VG3022") && !said.contains(char::is_control), "{said}");
        assert!(!options.explain(away()).is_retry());
        assert!(matches!(options.explain(Error::Fenced), Error::Fenced));
    }
}
