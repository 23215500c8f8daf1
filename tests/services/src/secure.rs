//! A broker with listeners for TLS and SASL beside the plain one.

use std::cell::RefCell;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::kafka::{Broker, Extension, Kafka};

const MODULES: &str = "org.apache.kafka.common.security";

/// A user who may do nothing, with the password of the other.
pub const GUEST: &str = "guest";

/// A listener with TLS.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its name, in lower case.
    pub name: &'static str,
    /// The broker's key and certificates there, in one PEM file.
    pub keystore: PathBuf,
    /// Whether clients have to show a certificate there.
    pub wants_certificate: bool,
    /// Whether clients have to say there who they are: by SCRAM, PLAIN or OAUTHBEARER.
    pub sasl: bool,
}

/// Such a broker.
pub struct Secure {
    kafka: Kafka,
    listeners: Vec<(&'static str, u16)>,
}

impl Secure {
    /// Starts it. `authority`: the PEM file of who signs clients' certificates. There is one user, and tokens are
    /// believed without a signature. Who comes by certificate or without TLS may do all that this user may, and [`GUEST`]
    /// nothing.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn start(listeners: &[Listener], authority: &Path, user: &str, password: &str) -> Result<Self> {
        let found = RefCell::default();
        let kafka = Kafka::start_extended(&|port, controller| {
            let ports = free_ports(listeners.len())?;
            let all: Vec<(&Listener, u16)> = listeners.iter().zip(ports).collect();
            *found.borrow_mut() = all.iter().map(|(listener, port)| (listener.name, *port)).collect();
            let scram = |hash, name| format!("SCRAM-SHA-{hash}=[name={name},password={password}]");
            let known = [scram(256, user), scram(512, user), scram(512, GUEST)];
            let mut settings =
                settings(&all, port, controller, authority, &format!("user_{user}=\"{password}\""));
            settings += &format!(
                "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
ssl.principal.mapping.rules=RULE:^.*$/{user}/
super.users=User:ANONYMOUS;User:{user}
"
            );
            let format = known.into_iter().flat_map(|user| ["--add-scram".into(), user]).collect();
            Ok(Extension { settings, format })
        })?;
        Ok(Self { kafka, listeners: found.into_inner() })
    }

    /// Where it is reached without TLS.
    #[must_use]
    pub fn broker(&self) -> Broker {
        self.kafka.broker()
    }

    /// Where one of its listeners is reached: `host:port`.
    ///
    /// # Errors
    /// VG0904 where there is no such listener.
    pub fn address(&self, name: &str) -> Result<String> {
        let found = self.listeners.iter().find(|(listener, _)| *listener == name);
        let (_, port) = found.with_context(|| format!("VG0904: the broker has no listener {name}"))?;
        Ok(format!("127.0.0.1:{port}"))
    }
}

/// Ports that are free now.
fn free_ports(count: usize) -> Result<Vec<u16>> {
    // All held before one is let go, so that they differ.
    let held = (0..count).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<Vec<_>, _>>()?;
    held.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

fn settings(all: &[(&Listener, u16)], plain: u16, controller: u16, authority: &Path, user: &str) -> String {
    let upper = |listener: &Listener| listener.name.to_uppercase();
    let place = |(listener, port): &(&Listener, u16)| format!(",{}://127.0.0.1:{port}", upper(listener));
    let places: String = all.iter().map(place).collect();
    let protocol = |(listener, _): &(&Listener, u16)| {
        format!(",{}:{}", upper(listener), if listener.sasl { "SASL_SSL" } else { "SSL" })
    };
    let protocols: String = all.iter().map(protocol).collect();
    let authority = authority.display();
    let mut lines = format!(
        "listeners=PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller}{places}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain}{places}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{protocols}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512,PLAIN,OAUTHBEARER
"
    );
    for (listener, _) in all {
        let prefix = format!("listener.name.{}", listener.name);
        let wants = if listener.wants_certificate { "required" } else { "none" };
        lines += &format!(
            "{prefix}.ssl.keystore.type=PEM
{prefix}.ssl.keystore.location={}
{prefix}.ssl.client.auth={wants}
",
            listener.keystore.display()
        );
        if listener.sasl {
            lines += &format!(
                "{prefix}.scram-sha-256.sasl.jaas.config={MODULES}.scram.ScramLoginModule required;
{prefix}.scram-sha-512.sasl.jaas.config={MODULES}.scram.ScramLoginModule required;
{prefix}.plain.sasl.jaas.config={MODULES}.plain.PlainLoginModule required {user};
{prefix}.oauthbearer.sasl.jaas.config={MODULES}.oauthbearer.OAuthBearerLoginModule required \
                 unsecuredLoginStringClaim_sub=\"broker\";
{prefix}.oauthbearer.connections.max.reauth.ms=3600000
"
            );
        }
    }
    lines
}
