//! How to connect.

use log::Error;
use rdkafka::config::ClientConfig;

use crate::security::Security;

/// How to connect.
#[derive(Clone, Debug)]
pub struct Options {
    /// Brokers to begin with: `host:port`, with commas between them.
    pub brokers: String,
    /// Who commits, the same after each restart: a newer connection of this name takes the place of an older
    /// one. Without a name nothing can be committed.
    pub name: Option<String>,
    /// After this time without a sign of life a group gives a member's partitions to others, in milliseconds.
    pub session_timeout_ms: u32,
    /// After this time without [`crate::KafkaLog::changes`] a member takes itself for stuck, and its partitions
    /// go to others, in milliseconds; not below the session's.
    pub silence_timeout_ms: u32,
    /// After this time the broker gives up a transaction that is not ended, in milliseconds.
    pub transaction_timeout_ms: u32,
    /// How the brokers and this program know each other; none: not at all, and everybody can read along.
    pub security: Option<Security>,
    /// How records are written.
    pub compression: Compression,
}

/// How records that are sent together are made smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// By LZ4, which takes little time.
    #[default]
    Lz4,
    /// By Zstandard, which takes more (docs/adr/0013).
    Zstd,
}

impl Compression {
    /// As Kafka calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

impl Options {
    /// With the times that suit a worker, and without security.
    #[must_use]
    pub fn new(brokers: &str, name: Option<&str>) -> Self {
        let name = name.map(Into::into);
        Self {
            brokers: brokers.into(),
            name,
            session_timeout_ms: 8_000,
            silence_timeout_ms: 60_000,
            transaction_timeout_ms: 8_000,
            security: None,
            compression: Compression::default(),
        }
    }

    /// Of any client; reads the files of the security.
    pub(crate) fn client(&self) -> Result<ClientConfig, Error> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers).set("client.id", "vigie");
        if let Some(security) = &self.security {
            security.apply(&mut config)?;
        }
        Ok(config)
    }

    /// Of a consumer, whose group is only a name until it subscribes.
    pub(crate) fn consumer(&self, group: &str) -> Result<ClientConfig, Error> {
        let mut config = self.client()?;
        config.set("group.id", group).set("isolation.level", "read_committed");
        // Where an offset is not there any more, nobody but an operator knows where to go on.
        config.set("auto.offset.reset", "error");
        config.set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
        Ok(config)
    }
}
