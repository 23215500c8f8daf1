//! Event ids: keyed hashes, so that an id neither shows nor confirms personal data.

use std::hash::Hasher as _;

use arrow::array::{StringArray, StringBuilder};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use siphasher::sip128::{Hasher128 as _, SipHasher24};

/// After how much event time the pseudonym of a person changes: 30 days.
const PSEUDONYM_PERIOD_US: i64 = 30 * 86_400 * 1_000_000;

/// Makes ids under the pipeline's key.
#[derive(Clone, Copy)]
pub struct Identity {
    key: [u8; 16],
}

impl Identity {
    /// `key` is a secret of the installation; the same key gives the same ids.
    #[must_use]
    pub fn new(key: [u8; 16]) -> Self {
        Self { key }
    }

    /// The id of an event with an id of its source's own, and that source's revision of it.
    pub fn of_source(&self, source: &str, own_id: &str, revision: i64, id: &mut String) {
        self.hash(&[b"source", source.as_bytes(), own_id.as_bytes(), &revision.to_le_bytes()], id);
    }

    /// The id of an event without one: by its place in the log.
    pub fn of_place(&self, topic: &str, partition: u32, offset: u64, id: &mut String) {
        let parts: [&[u8]; 4] = [b"place", topic.as_bytes(), &partition.to_le_bytes(), &offset.to_le_bytes()];
        self.hash(&parts, id);
    }

    /// The id of a key's result in a step; `key` are the key's bytes, with its window.
    pub fn of_key(&self, step: &str, key: &[u8], id: &mut String) {
        self.hash(&[b"key", step.as_bytes(), key], id);
    }

    /// The id of one of the rows that a step has made of an event.
    pub fn of_child(&self, parent_id: &str, step: &str, ordinal: u64, id: &mut String) {
        self.hash(&[b"child", parent_id.as_bytes(), step.as_bytes(), &ordinal.to_le_bytes()], id);
    }

    /// Ids for the rows that a step has made of events: those of one parent, `of`, stand together.
    pub(crate) fn of_children(&self, step: &str, parents: &StringArray, of: &[u32]) -> StringArray {
        let mut ids = StringBuilder::with_capacity(of.len(), of.len() * 32);
        let (mut id, mut ordinal, mut last) = (String::new(), 0, None);
        for row in of {
            ordinal = if last == Some(row) { ordinal + 1 } else { 0 };
            last = Some(row);
            self.of_child(parents.value(*row as usize), step, ordinal, &mut id);
            ids.append_value(&id);
        }
        ids.finish()
    }

    /// Makes pseudonyms under the same key.
    #[must_use]
    pub fn pseudonyms(&self) -> Pseudonyms {
        // HMAC takes keys of every length.
        Pseudonyms { mac: Hmac::new_from_slice(&self.key).ok() }
    }

    /// SipHash-2-4 with 128 bits (Aumasson and Bernstein, 2012), each part behind its length; 32
    /// hexadecimal digits into `id`, which is cleared first.
    fn hash(&self, parts: &[&[u8]], id: &mut String) {
        let mut hasher = SipHasher24::new_with_key(&self.key);
        for part in parts {
            hasher.write(&(part.len() as u64).to_le_bytes());
            hasher.write(part);
        }
        let mut digits = [0; 32];
        // There is room for two digits a byte, and digits are text.
        let _ = hex::encode_to_slice(hasher.finish128().as_u128().to_be_bytes(), &mut digits);
        id.clear();
        id.push_str(std::str::from_utf8(&digits).unwrap_or_default());
    }

    /// A partition for a key: the same in every run, whatever the installation's key.
    #[must_use]
    pub fn partition(key: &[u8], partitions: u32) -> u32 {
        let mut hasher = siphasher::sip::SipHasher13::new();
        hasher.write(key);
        u32::try_from(hasher.finish() % u64::from(partitions.max(1))).unwrap_or(0)
    }
}

/// Makes pseudonyms for personal fields.
pub struct Pseudonyms {
    /// With the key taken in, which is half of the work of a short value.
    mac: Option<Hmac<Sha256>>,
}

impl Pseudonyms {
    /// A pseudonym for a value of a field: HMAC-SHA-256 (RFC 2104), cut to 80 bits. The period of
    /// event time is part of it, so that after each period nothing links a person's events any more.
    #[must_use]
    pub fn of(&self, field: &str, value: &str, time_us: Option<i64>) -> String {
        let period = time_us.map_or(0, |us| us.div_euclid(PSEUDONYM_PERIOD_US));
        let Some(mut mac) = self.mac.clone() else { return String::new() };
        for part in [b"pseudonym".as_slice(), field.as_bytes(), &period.to_le_bytes(), value.as_bytes()] {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        let code = mac.finalize().into_bytes();
        format!("~{}", hex::encode(code.get(..10).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(identity: Identity, source: &str, own: &str, revision: i64) -> String {
        let mut id = String::new();
        identity.of_source(source, own, revision, &mut id);
        id
    }

    #[test]
    fn ids_depend_on_the_key_and_on_where_parts_end() {
        let (a, b) = (Identity::new([1; 16]), Identity::new([2; 16]));
        assert_eq!(id(a, "usgs", "x", 1), id(a, "usgs", "x", 1));
        assert_ne!(id(a, "usgs", "x", 1), id(b, "usgs", "x", 1));
        assert_ne!(id(a, "usgs", "x", 1), id(a, "usgs", "x", 2));
        assert_ne!(id(a, "usg", "sx", 1), id(a, "usgs", "x", 1));
    }

    #[test]
    fn rows_made_of_one_have_ids_of_their_own_whatever_came_before_it() {
        let identity = Identity::new([1; 16]);
        let parents = StringArray::from(vec!["a", "b", "c"]);
        let ids = identity.of_children("split", &parents, &[0, 0, 2, 2]);
        let alone = identity.of_children("split", &parents.slice(2, 1), &[0, 0]);
        assert_eq!(ids.slice(2, 2), alone);
        let other = identity.of_children("cut", &parents, &[0, 0, 2, 2]);
        let all: std::collections::BTreeSet<_> = ids.iter().chain(&other).chain(&parents).collect();
        assert_eq!(all.len(), 4 + 4 + 3);
    }

    #[test]
    fn pseudonyms_link_within_a_field_and_a_period_only() {
        let (a, b) = (Identity::new([1; 16]), Identity::new([2; 16]));
        let of = |identity: Identity, field, value, day: i64| {
            identity.pseudonyms().of(field, value, Some(day * 86_400 * 1_000_000))
        };
        let one = of(a, "author", "ann", 1);
        assert_eq!(one.len(), 21, "{one}");
        assert_eq!(one, of(a, "author", "ann", 29));
        for other in [
            of(a, "author", "ann", 31),
            of(a, "author", "bob", 1),
            of(a, "driver", "ann", 1),
            of(b, "author", "ann", 1),
        ] {
            assert_ne!(one, other);
        }
    }
}
