//! The settings of a store, and what can be wrong with them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use deliver::StoreError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bucket::MOST_TTL_S;
use crate::views::View;

const DAY_S: i64 = 86_400;

/// How Cassandra is reached, and what is kept there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Cassandra")]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Nodes to begin with, as `host` or `host:port` (9042 where nothing is said); they name the others.
    pub nodes: Vec<String>,
    /// The keyspace: a letter, then letters, digits and `_`, in lower case; at most 48.
    pub keyspace: String,
    /// On how many nodes a row lies; used where the keyspace is made.
    #[serde(default)]
    pub replication: Replication,
    /// The datacentre to speak to; none: any.
    #[serde(default)]
    pub datacentre: Option<String>,
    /// The user; none: the cluster asks for none.
    #[serde(default)]
    pub user: Option<String>,
    /// The file with the user's password, one line.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The file with the authorities (PEM) that the nodes' certificates are checked against; none: no TLS. The
    /// certificates must name the nodes' addresses, as the driver reaches nodes by these.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The file with this program's certificate and its chain (PEM).
    #[serde(default)]
    pub certificate_file: Option<PathBuf>,
    /// The file with the certificate's private key (PEM, not encrypted).
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// How many nodes must have taken a row.
    #[serde(default)]
    pub consistency: Consistency,
    /// How long a request may take, in ms.
    #[serde(default = "request_timeout_ms")]
    pub request_timeout_ms: u64,
    /// How long a connection may take to be made, in ms.
    #[serde(default = "connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// Most requests with rows on their way at a time.
    #[serde(default = "concurrency")]
    pub concurrency: u16,
    /// A row with larger values is rejected, in bytes; the server takes at most half a commit log segment.
    #[serde(default = "max_row_bytes")]
    pub max_row_bytes: u32,
    /// How long rows are kept where no views are said.
    #[serde(default)]
    pub days: Days,
    /// Topic (`events`, or in full `crisis.v1.events`) → its tables; a topic that is not here has those that its
    /// columns make possible. Rows that no view takes go to a table by id.
    #[serde(default)]
    pub views: BTreeMap<String, Vec<View>>,
    /// The store that is expected ([`deliver::Store::id`]); none: any.
    #[serde(default)]
    pub store_id: Option<String>,
}

/// On how many nodes a row lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Replication {
    /// Copies in every datacentre.
    Everywhere(u8),
    /// Datacentre → copies there.
    Datacentres(BTreeMap<String, u8>),
}

impl Default for Replication {
    fn default() -> Self {
        Self::Everywhere(3)
    }
}

/// How many nodes must answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Consistency {
    /// One.
    One,
    /// Two.
    Two,
    /// Most of all copies.
    Quorum,
    /// Most of the copies in the datacentre.
    #[default]
    LocalQuorum,
    /// Most of the copies in each datacentre.
    EachQuorum,
    /// All.
    All,
}

/// How long rows are kept, by what they are, in days from their own time; null: for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Days {
    /// Series of devices: 90.
    pub series: Option<u32>,
    /// Positions of vehicles: 30.
    pub positions: Option<u32>,
    /// Events by cell: 90.
    pub events: Option<u32>,
    /// Windows: 730.
    pub aggregates: Option<u32>,
    /// All else, as dead letters: 90.
    pub others: Option<u32>,
}

impl Default for Days {
    fn default() -> Self {
        Self {
            series: Some(90),
            positions: Some(30),
            events: Some(90),
            aggregates: Some(730),
            others: Some(90),
        }
    }
}

fn request_timeout_ms() -> u64 {
    5_000
}

fn connect_timeout_ms() -> u64 {
    5_000
}

fn concurrency() -> u16 {
    128
}

fn max_row_bytes() -> u32 {
    1 << 20
}

/// Whether a name is one that CQL takes without quotes.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= 48
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Whether a node is on this machine.
fn is_here(node: &str) -> bool {
    let host = node.rsplit_once(':').map_or(node, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Options {
    /// Looks for what cannot be, without asking the server.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let wrong = |why: &str| Err(StoreError::Failed(format!("its settings: {why}")));
        if self.nodes.is_empty() {
            return wrong("`nodes` is empty");
        }
        if !is_name(&self.keyspace) {
            return wrong(
                "`keyspace` is not a letter, then letters, digits and `_` in lower case, at most 48",
            );
        }
        if self.user.is_some() != self.password_file.is_some() {
            return wrong("`user` and `password_file` go together");
        }
        if self.certificate_file.is_some() != self.key_file.is_some() {
            return wrong("`certificate_file` and `key_file` go together");
        }
        if self.certificate_file.is_some() && self.ca_file.is_none() {
            return wrong("`certificate_file` needs `ca_file`: without it there is no TLS");
        }
        if self.user.is_some() && self.ca_file.is_none() && !self.nodes.iter().all(|node| is_here(node)) {
            return wrong("the password would go over the network in the clear: say `ca_file`, for TLS");
        }
        if self.concurrency == 0 || self.request_timeout_ms == 0 || self.connect_timeout_ms == 0 {
            return wrong("`concurrency`, `request_timeout_ms` and `connect_timeout_ms` are at least 1");
        }
        self.check_replication()?;
        let lives = &self.days;
        let of_kinds = [lives.series, lives.positions, lives.events, lives.aggregates, lives.others];
        let of_views = self.views.values().flatten().map(|v| v.days);
        if of_kinds.into_iter().chain(of_views).flatten().any(|d| d == 0 || i64::from(d) * DAY_S > MOST_TTL_S)
        {
            return wrong("days are from 1 to 7300; null means for ever");
        }
        Ok(())
    }

    fn check_replication(&self) -> Result<(), StoreError> {
        let wrong = |why: &str| Err(StoreError::Failed(format!("its settings: `replication`: {why}")));
        match &self.replication {
            Replication::Everywhere(0) => wrong("is at least 1"),
            Replication::Datacentres(map) if map.is_empty() || map.values().any(|n| *n == 0) => {
                wrong("names a datacentre with at least 1 copy")
            }
            // Names of datacentres are written into a statement as texts.
            Replication::Datacentres(map)
                if map.keys().any(|k| k.is_empty() || k.contains(|c: char| c == '\'' || c.is_control())) =>
            {
                wrong("has a datacentre whose name cannot be")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(yaml: &str) -> Result<Options, String> {
        let options: Options = serde_yaml_ng::from_str(yaml).map_err(|e| e.to_string())?;
        options.check().map_err(|e| e.to_string())?;
        Ok(options)
    }

    #[test]
    fn little_must_be_said() {
        let options = options("{nodes: [a], keyspace: crisis}").unwrap();
        assert_eq!(options.consistency, Consistency::LocalQuorum);
        assert_eq!((options.concurrency, options.days.series), (128, Some(90)));
        assert_eq!(options.replication, Replication::Everywhere(3));
    }

    #[test]
    fn a_password_goes_in_the_clear_only_on_this_machine() {
        let with =
            |node: &str| options(&format!("{{nodes: [\"{node}\"], keyspace: c, user: u, password_file: p}}"));
        for node in ["127.0.0.1", "127.0.0.1:9042", "localhost:9042", "[::1]:9042"] {
            assert!(with(node).is_ok(), "{node}");
        }
        for node in ["10.0.0.1:9042", "localhost.example", "a"] {
            assert!(with(node).is_err(), "{node}");
        }
    }

    #[test]
    fn days_may_be_for_ever() {
        let days = options("{nodes: [a], keyspace: c, days: {series: null, events: 7}}").unwrap().days;
        assert_eq!((days.series, days.events, days.positions), (None, Some(7), Some(30)));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (yaml, word) in [
            ("{nodes: [], keyspace: c}", "nodes"),
            ("{nodes: [a], keyspace: \"c; DROP KEYSPACE x\"}", "keyspace"),
            ("{nodes: [a], keyspace: C}", "keyspace"),
            ("{nodes: [a], keyspace: c, user: u}", "password_file"),
            ("{nodes: [\"127.0.0.1:9042\", a], keyspace: c, user: u, password_file: p}", "in the clear"),
            ("{nodes: [a], keyspace: c, certificate_file: f, key_file: k}", "ca_file"),
            ("{nodes: [a], keyspace: c, key_file: k}", "certificate_file"),
            ("{nodes: [a], keyspace: c, concurrency: 0}", "concurrency"),
            ("{nodes: [a], keyspace: c, days: {series: 0}}", "7300"),
            ("{nodes: [a], keyspace: c, days: {series: 7301}}", "7300"),
            ("{nodes: [a], keyspace: c, replication: 0}", "replication"),
            ("{nodes: [a], keyspace: c, replication: {}}", "replication"),
            ("{nodes: [a], keyspace: c, replication: {\"a': 1} --\": 1}}", "replication"),
            ("{nodes: [a], keyspace: c, password: x}", "unknown field"),
        ] {
            let said = options(yaml).unwrap_err();
            assert!(said.contains(word), "{yaml}: {said}");
        }
    }
}
