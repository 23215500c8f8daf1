//! International bank account numbers: ISO 13616-1, lengths from the SWIFT
//! IBAN registry, check digits by ISO 7064 MOD 97-10.

use super::{Found, Kind, at, back, word_after};

/// Total length by country, from the IBAN registry (with the French territories
/// and, in the second part, the codes that banks use without being in it).
fn length(country: [u8; 2]) -> Option<usize> {
    Some(match &country {
        b"NO" => 15,
        b"BE" => 16,
        b"DK" | b"FI" | b"FK" | b"FO" | b"GL" | b"NL" | b"SD" => 18,
        b"MK" | b"SI" => 19,
        b"AT" | b"BA" | b"EE" | b"KZ" | b"LT" | b"LU" | b"XK" | b"MN" => 20,
        b"CH" | b"HR" | b"LI" | b"LV" => 21,
        b"BG" | b"BH" | b"CR" | b"DE" | b"GB" | b"GE" | b"IE" | b"ME" | b"RS" | b"VA" => 22,
        b"AE" | b"GI" | b"IL" | b"IQ" | b"TL" | b"OM" | b"SO" => 23,
        b"AD" | b"CZ" | b"ES" | b"MD" | b"PK" | b"RO" | b"SA" | b"SE" | b"SK" | b"TN" | b"VG" => 24,
        b"LY" | b"PT" | b"ST" => 25,
        b"IS" | b"TR" => 26,
        b"BI" | b"DJ" | b"FR" | b"GR" | b"IT" | b"MC" | b"SM" | b"GF" | b"GP" | b"MQ" | b"RE" | b"PM"
        | b"YT" | b"NC" | b"PF" | b"TF" | b"WF" | b"BL" | b"MF" | b"MR" => 27,
        b"AL" | b"AZ" | b"BY" | b"CY" | b"DO" | b"GT" | b"HN" | b"HU" | b"LB" | b"NI" | b"PL" | b"SV" => 28,
        b"BR" | b"EG" | b"PS" | b"QA" | b"UA" => 29,
        b"JO" | b"KW" | b"MU" | b"YE" => 30,
        b"MT" | b"SC" => 31,
        b"LC" => 32,
        b"RU" => 33,
        b"AO" | b"CV" | b"GW" | b"MZ" => 25,
        b"DZ" | b"IR" => 26,
        b"CF" | b"CG" | b"CM" | b"GA" | b"GQ" | b"KM" | b"MG" | b"TD" => 27,
        b"BF" | b"BJ" | b"CI" | b"MA" | b"ML" | b"NE" | b"SN" | b"TG" => 28,
        _ => return None,
    })
}

/// What stands at a digit after two letters.
pub(crate) enum Outcome {
    /// Not the head of an IBAN.
    No,
    /// The head of one, but its checksum fails: where its text ends. Its groups of
    /// digits must not be taken for a phone.
    Broken(usize),
    /// An IBAN.
    Yes(Found),
}

/// Tries the digit at `p`, preceded by two letters that start a word.
#[inline(never)]
pub(crate) fn detect(b: &[u8], p: usize, floor: usize) -> Outcome {
    let Some(start) = p.checked_sub(2).filter(|&s| s >= floor) else {
        return Outcome::No;
    };
    let (c1, c2) = (at(b, start), at(b, start + 1));
    if !(c1.is_ascii_alphabetic() && c2.is_ascii_alphabetic())
        || (start > floor && super::word_before(b, start))
        || !at(b, p + 1).is_ascii_digit()
    {
        return Outcome::No;
    }
    let Some(want) = length([c1.to_ascii_uppercase(), c2.to_ascii_uppercase()]) else {
        return Outcome::No;
    };
    let mut i = start;
    let mut have = 0usize;
    // The check digits stand first in the text but last in the sum.
    let mut sum = 0u32;
    let mut head = 0u32;
    while have < want {
        let c = at(b, i);
        if c.is_ascii_alphanumeric() {
            let value = if c.is_ascii_digit() {
                u32::from(c - b'0')
            } else {
                u32::from(c.to_ascii_uppercase() - b'A') + 10
            };
            let into = if have < 4 { &mut head } else { &mut sum };
            let shift = if value > 9 { 100 } else { 10 };
            *into = if have < 4 { *into * shift + value } else { (*into * shift + value) % 97 };
            have += 1;
            i += 1;
        } else if have >= 4 && separator(b, i) > 0 {
            i += separator(b, i);
        } else {
            break;
        }
    }
    if have < want || word_after(b, i) {
        return if have >= 12 { Outcome::Broken(i) } else { Outcome::No };
    }
    // `head` has two letters of two digits each and two check digits: six digits.
    if (sum * (1_000_000 % 97) + head) % 97 == 1 {
        Outcome::Yes(Found { start, end: i, kind: Kind::Iban })
    } else {
        Outcome::Broken(i)
    }
}

/// Length of a single separator at `i` that is followed by a letter or digit.
fn separator(b: &[u8], i: usize) -> usize {
    let n = match at(b, i) {
        b' ' | b'-' | b'.' => 1,
        0xC2 if at(b, i + 1) == 0xA0 => 2,
        0xE2 if at(b, i + 1) == 0x80 && at(b, i + 2) == 0xAF => 3,
        _ => 0,
    };
    if n > 0 && at(b, i + n).is_ascii_alphanumeric() && back(b, i, 1) != b' ' { n } else { 0 }
}
