//! What is looked for, and the small helpers all detectors share.

pub mod birth;
pub mod card;
pub mod coordinates;
pub mod email;
pub mod iban;
pub mod net;
pub mod phone;

/// How many kinds there are; the length of every table indexed by [`Kind`].
pub const KINDS: usize = 10;

/// A kind of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `name@host.tld`.
    Email,
    /// International or national telephone number.
    Phone,
    /// Bank account by ISO 13616.
    Iban,
    /// Payment card by ISO/IEC 7812.
    Card,
    /// IPv4 or IPv6 address.
    Ip,
    /// MAC address (EUI-48).
    Mac,
    /// The `user:password` part of a URL.
    Credentials,
    /// `@handle`, also `@handle@host.tld`.
    Handle,
    /// A position: decimal pair or degrees, minutes, seconds.
    Coordinates,
    /// A date near a word such as "born".
    BirthDate,
}

impl Kind {
    /// All kinds, in the order of their index.
    pub const ALL: [Kind; KINDS] = [
        Kind::Email,
        Kind::Phone,
        Kind::Iban,
        Kind::Card,
        Kind::Ip,
        Kind::Mac,
        Kind::Credentials,
        Kind::Handle,
        Kind::Coordinates,
        Kind::BirthDate,
    ];

    /// Names as written in the configuration and in tags, in the same order.
    pub const NAMES: [&'static str; KINDS] =
        ["email", "phone", "iban", "card", "ip", "mac", "credentials", "handle", "coordinates", "birth-date"];

    /// Position in tables.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name as written in the configuration.
    pub fn name(self) -> &'static str {
        Self::NAMES.get(self.index()).copied().unwrap_or("unknown")
    }
}

/// A piece of text that is personal data, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}

/// The byte at `i`, or 0 past the end: 0 is no letter, digit or separator, so
/// every test at the edge of the text fails as it should.
pub(crate) fn at(b: &[u8], i: usize) -> u8 {
    b.get(i).copied().unwrap_or(0)
}

/// The byte `n` places before `i`, or 0.
pub(crate) fn back(b: &[u8], i: usize, n: usize) -> u8 {
    i.checked_sub(n).map_or(0, |j| at(b, j))
}

/// Letters, digits, underscore, and all bytes of characters beyond ASCII that
/// may be letters. Punctuation U+2000..U+20FF (first byte E2) and U+0080..U+00BF
/// (C2) is not part of a word.
pub(crate) fn word_after(b: &[u8], i: usize) -> bool {
    let c = at(b, i);
    c.is_ascii_alphanumeric() || c == b'_' || (c >= 0xC3 && c != 0xE2 && c < 0xE3)
}

/// As [`word_after`], for the byte that ends just before `i`.
pub(crate) fn word_before(b: &[u8], i: usize) -> bool {
    let c = back(b, i, 1);
    c.is_ascii_alphanumeric() || c == b'_'
}

/// Reads at most `max` digits: their value and the position after them.
pub(crate) fn number(b: &[u8], mut i: usize, max: usize) -> Option<(u32, usize)> {
    let from = i;
    let mut value = 0u32;
    while i - from < max && at(b, i).is_ascii_digit() {
        value = value.saturating_mul(10).saturating_add(u32::from(at(b, i) - b'0'));
        i += 1;
    }
    (i > from).then_some((value, i))
}

/// Does `word` start at `i`, in any ASCII case?
pub(crate) fn starts_with(b: &[u8], i: usize, word: &[u8]) -> bool {
    b.get(i..i.saturating_add(word.len())).is_some_and(|w| w.eq_ignore_ascii_case(word))
}

/// The last word before `i`, skipping what stands between: its bounds. A word is
/// ASCII letters and bytes beyond ASCII.
pub(crate) fn last_word(b: &[u8], i: usize, reach: usize) -> Option<(usize, usize)> {
    let floor = i.saturating_sub(reach);
    let mut end = i;
    while end > floor && !wordish(back(b, end, 1)) {
        if back(b, end, 1) == b'\n' {
            return None;
        }
        end -= 1;
    }
    let mut start = end;
    while start > floor && wordish(back(b, start, 1)) {
        start -= 1;
    }
    (start < end).then_some((start, end))
}

fn wordish(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c >= 0x80
}
