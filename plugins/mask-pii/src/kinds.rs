//! What is looked for, and the small helpers all detectors share.

pub mod birth;
pub mod card;
pub mod coordinates;
mod cues;
pub mod email;
pub mod iban;
mod list;
pub mod net;
pub mod phone;

use std::cmp::Ordering;

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
    c.is_ascii_alphanumeric() || c == b'_' || (c >= 0xC3 && c != 0xE2 && c < 0xE3 && !stop(b, i))
}

/// Is at `i` a comma or stop of Arabic, Devanagari or Ethiopic?
fn stop(b: &[u8], i: usize) -> bool {
    ["،", "؛", "؟", "۔", "।", "॥", "።", "፣", "፤"].into_iter().any(|sign| starts_with(b, i, sign.as_bytes()))
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
    // Cut off by the reach, it would be the end of a word and might read as another.
    let whole = start > floor || start == 0 || !wordish(back(b, start, 1));
    (start < end && whole).then_some((start, end))
}

/// Lower case of the text at the start of `from`, as far as `into` holds it.
pub(crate) fn fold<'a>(from: &[u8], into: &'a mut [u8]) -> &'a [u8] {
    if from.is_ascii() {
        let length = from.len().min(into.len());
        let into = into.get_mut(..length).unwrap_or_default();
        into.iter_mut().zip(from).for_each(|(slot, c)| *slot = c.to_ascii_lowercase());
        return into;
    }
    let mut length = 0;
    let valid = match std::str::from_utf8(from) {
        Ok(text) => text,
        // Cut in the middle of a character.
        Err(e) => std::str::from_utf8(from.get(..e.valid_up_to()).unwrap_or(&[])).unwrap_or(""),
    };
    for c in valid.chars() {
        let Some(more) = lower(c, into.get_mut(length..).unwrap_or_default()) else {
            break;
        };
        length += more;
    }
    into.get(..length).unwrap_or(&[])
}

/// Writes a character's lower case and gives its length, if there is room. Most scripts have no cases, and their
/// letters would take the longest to look up.
pub(crate) fn lower(c: char, into: &mut [u8]) -> Option<usize> {
    match c {
        '\0'..'\u{80}' => {
            *into.first_mut()? = c.to_ascii_lowercase() as u8;
            Some(1)
        }
        '\u{590}'..'\u{10a0}' | '\u{1100}'..'\u{13a0}' | '\u{2e80}'..'\u{a640}' | '\u{ac00}'..'\u{fb00}' => {
            Some(c.encode_utf8(into.get_mut(..c.len_utf8())?).len())
        }
        _ => {
            let mut length = 0;
            for c in c.to_lowercase() {
                length += c.encode_utf8(into.get_mut(length..length + c.len_utf8())?).len();
            }
            Some(length)
        }
    }
}

/// As the comparison of slices, but most pairs differ in their first byte, and calling `memcmp` for it was an
/// eighth of this plugin's time.
pub(crate) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    a.first().cmp(&b.first()).then_with(|| a.cmp(b))
}

/// Does one of `stems` begin `word`? They are sorted, and none begins with another: the last that is not greater
/// than the word is then the only one that can begin it.
pub(crate) fn begins(stems: &[&str], word: &[u8]) -> Option<usize> {
    let i = stems.partition_point(|stem| compare(stem.as_bytes(), word).is_le()).checked_sub(1)?;
    stems.get(i).filter(|stem| word.starts_with(stem.as_bytes())).map(|stem| stem.len())
}

/// Codes of ISO 4217, sorted; capitals only, since "all" and "try" are words.
#[rustfmt::skip]
const CURRENCIES: [&str; 146] = [
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BIF",
    "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP",
    "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "GBP",
    "GEL", "GHS", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD",
    "IRR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KRW", "KWD", "KZT", "LAK", "LBP",
    "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR",
    "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK",
    "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK",
    "SGD", "SLE", "SOS", "SRD", "SSP", "STN", "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY",
    "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VES", "VND", "VUV", "WST", "XAF", "XCD",
    "XOF", "XPF", "YER", "ZAR", "ZMW", "ZWG",
];

/// Words after a number that make it an amount, sorted.
#[rustfmt::skip]
const UNITS: [&str; 144] = [
    "abitanti", "acres", "bags", "bdt", "blankets", "boxes", "bytes", "cfa", "chf", "children", "cm",
    "cubic", "dinars", "dollar", "dollars", "domy", "doses", "einwohner", "enfants", "eur", "euro",
    "euros", "evacuees", "familias", "families", "familles", "fcfa", "francs", "gb", "gbp", "ghz", "gw",
    "ha", "habitantes", "habitants", "hectares", "hogares", "households", "hpa", "hz", "inhabitants",
    "inr", "items", "jiwa", "kes", "kg", "khz", "kits", "kişi", "km", "km²", "kpa", "kr", "kv", "kw",
    "kwh", "lbp", "lira", "liter", "liters", "litres", "m", "mb", "meals", "menschen", "meters", "metres",
    "metri", "metros", "mg", "mhz", "mieszkańców", "miles", "million", "millions", "ml", "mm", "mw",
    "mwh", "m²", "m³", "mètres", "ménages", "ngn", "nüfus", "orang", "osób", "people", "personas",
    "persone", "personnes", "persons", "pesos", "pessoas", "pkr", "pln", "pounds", "reais", "refugees",
    "refugiados", "rs", "rub", "rupees", "rupiah", "réfugiés", "stimmen", "syp", "t", "tents", "tl",
    "ton", "tonnen", "tonnes", "tons", "try", "uah", "units", "usd", "views", "visitors", "voix",
    "voluntarios", "voters", "votes", "votos", "watu", "xaf", "xof", "yen", "yuan", "zł", "évacués",
    "гривень", "грн", "жителей", "кг", "км", "людей", "осіб", "руб", "рублей", "тонн", "человек", "шт",
];

/// Those of [`UNITS`] that are written with a capital.
const NOUNS: [&str; 7] = ["einwohner", "euro", "euros", "liter", "menschen", "stimmen", "tonnen"];

/// Does a currency, a unit of measure or a thing that is counted follow a number that ends at `end`?
pub(crate) fn unit_after(b: &[u8], end: usize) -> bool {
    let mut i = end;
    while at(b, i) == b' ' || (at(b, i) == 0xC2 && at(b, i + 1) == 0xA0) {
        i += if at(b, i) == b' ' { 1 } else { 2 };
    }
    // "+33 6 51 16 12 14 ₹3,25,000": before another number it is the unit of that one.
    let own = |i: usize| !at(b, i + usize::from(at(b, i) == b' ')).is_ascii_digit();
    match at(b, i) {
        b'%' => return true,
        b'$' => return own(i + 1),
        0xC2 if at(b, i + 1) == 0xA3 => return own(i + 2),
        // € and its neighbours, the signs of currency of U+20A0..U+20BF
        0xE2 if at(b, i + 1) == 0x82 && at(b, i + 2) >= 0xA0 => return own(i + 3),
        _ => {}
    }
    let from = i;
    let mut folded = [0u8; 24];
    for slot in &mut folded {
        if !(at(b, i).is_ascii_alphabetic() || at(b, i) >= 0xC3 || (i > from && at(b, i) >= 0x80)) {
            break;
        }
        *slot = at(b, i).to_ascii_lowercase();
        i += 1;
    }
    // "612 345 678 M25" and "T1", but "m2"
    if at(b, i).is_ascii_digit() && !(at(b, from) == b'm' && matches!(at(b, i), b'2' | b'3')) {
        return false;
    }
    let word = folded.get(..i - from).unwrap_or(&[]);
    if let Some(code) = b.get(from..i).filter(|code| code.len() == 3 && code.is_ascii())
        && CURRENCIES.binary_search_by(|c| c.as_bytes().cmp(code)).is_ok()
    {
        return true;
    }
    // "676 11 96 64 People sleep outside": a capital begins the next sentence, but also German's nouns.
    let capital = at(b, from).is_ascii_uppercase() && at(b, from + 1).is_ascii_lowercase();
    let begins_sentence = capital && !NOUNS.iter().any(|noun| noun.as_bytes() == word);
    !begins_sentence && UNITS.binary_search_by(|unit| compare(unit.as_bytes(), word)).is_ok()
}

fn wordish(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c >= 0x80
}

#[cfg(test)]
pub(crate) fn prefix_free(stems: &[&str]) -> bool {
    stems.is_sorted_by(|a, b| a.as_bytes() < b.as_bytes() && !b.starts_with(a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_sorted() {
        assert!(UNITS.is_sorted_by(|a, b| a.as_bytes() < b.as_bytes()));
    }

    #[test]
    fn folding_stops_at_a_cut_character() {
        assert_eq!(fold("ДАЯ".as_bytes().get(..5).unwrap_or(&[]), &mut [0; 8]), "да".as_bytes());
    }
}
