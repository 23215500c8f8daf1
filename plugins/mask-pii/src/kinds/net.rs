//! Addresses of machines: IPv4 (RFC 791, dotted), IPv6 (RFC 4291, 2.2), MAC
//! (IEEE 802 EUI-48), and credentials in URLs (RFC 3986, 3.2.1).

use super::{Found, Kind, at, back, last_word, number, word_after, word_before};

/// Words after which four dotted numbers are a version or a chapter.
const VERSIONS: [&[u8]; 37] = [
    b"art",
    b"article",
    b"artikel",
    b"articulo",
    b"artigo",
    b"rule",
    b"paragraph",
    b"para",
    b"clause",
    b"annex",
    b"appendix",
    b"table",
    b"tab",
    b"fig",
    b"figure",
    b"step",
    b"item",
    b"punkt",
    b"kapitel",
    b"abschnitt",
    b"tabelle",
    "п".as_bytes(),
    "пункт".as_bytes(),
    "статья".as_bytes(),
    "стаття".as_bytes(),
    "artículo".as_bytes(),
    b"v",
    b"ver",
    b"version",
    b"versions",
    b"release",
    b"build",
    b"firmware",
    b"chapter",
    b"section",
    b"rev",
    b"kernel",
];

/// Four numbers 0..=255 without leading zeros: the end.
fn quad(b: &[u8], p: usize) -> Option<usize> {
    let mut i = p;
    for part in 0..4 {
        if part > 0 {
            if at(b, i) != b'.' {
                return None;
            }
            i += 1;
        }
        let (value, end) = number(b, i, 4)?;
        if value > 255 || end - i > 3 || (end - i > 1 && at(b, i) == b'0') {
            return None;
        }
        i = end;
    }
    Some(i)
}

/// An IPv4 address at `p`.
#[inline(never)]
pub(crate) fn v4(b: &[u8], p: usize, floor: usize) -> Option<Found> {
    let end = quad(b, p)?;
    let tail = at(b, end);
    // § 12.3.4.5
    let section = |i: usize| back(b, i, 1) == 0xA7 && back(b, i, 2) == 0xC2;
    if word_before(b, p)
        || section(p)
        || (back(b, p, 1) == b' ' && section(p - 1))
        || (matches!(back(b, p, 1), b'.' | b'-') && back(b, p, 2).is_ascii_alphanumeric() && !second(b, p))
        || word_after(b, end)
        || (tail == b'.' && at(b, end + 1).is_ascii_digit())
        // "10.0.0.1-10.0.0.9" is a range of addresses, "10.0.0.1-4" more often a version.
        || (tail == b'-' && at(b, end + 1).is_ascii_digit() && quad(b, end + 1).is_none())
    {
        return None;
    }
    if let Some((s, e)) = last_word(b, p, 12).filter(|&(s, _)| s >= floor)
        && let Some(word) = b.get(s..e)
        && VERSIONS.iter().any(|v| v.eq_ignore_ascii_case(word))
    {
        return None;
    }
    Some(Found { start: p, end, kind: Kind::Ip })
}

/// Is the address at `p` the second of a range?
fn second(b: &[u8], p: usize) -> bool {
    let Some(end) = p.checked_sub(1).filter(|&e| at(b, e) == b'-') else {
        return false;
    };
    let mut start = end;
    while end - start < 15 && (back(b, start, 1).is_ascii_digit() || back(b, start, 1) == b'.') {
        start -= 1;
    }
    quad(b, start) == Some(end) && !word_before(b, start)
}

fn hex_token(c: u8) -> bool {
    c.is_ascii_hexdigit() || matches!(c, b':' | b'-')
}

/// What a colon at `p` can belong to.
#[inline(never)]
pub(crate) fn at_colon(b: &[u8], p: usize, floor: usize) -> Option<Found> {
    let next = at(b, p + 1);
    if next == b'/' {
        return credentials(b, p);
    }
    // Behind a digit it was looked at with that.
    let goes_on = next.is_ascii_hexdigit() || next == b':';
    if goes_on && !back(b, p, 1).is_ascii_digit() { hex(b, p, floor) } else { None }
}

/// May the hexadecimal word that ends at `end`, with a digit at `p` in it, be a part of an address? A time of day
/// and the end of a sentence are not.
pub(crate) fn may_be_hex(b: &[u8], p: usize, end: usize) -> bool {
    let hex = |i: usize| at(b, i).is_ascii_hexdigit();
    match at(b, end) {
        // Looked at from the colon, or from the digit before it.
        _ if back(b, p, 1) == b':' => false,
        b':' if at(b, end + 1) == b':' => true,
        b':' => {
            let mut next = end + 1;
            while next - end <= 4 && hex(next) {
                next += 1;
            }
            at(b, next) == b':'
        }
        b'-' => hex(end + 1) && hex(end + 2),
        b'.' => hex(end + 1) && hex(end + 4),
        _ => false,
    }
}

/// A MAC or IPv6 address around `p`, a digit or a colon.
#[inline(never)]
pub(crate) fn hex(b: &[u8], p: usize, floor: usize) -> Option<Found> {
    let mut start = p;
    while start > floor && p - start < 16 && hex_token(back(b, start, 1)) {
        start -= 1;
    }
    mac(b, start).or_else(|| dotted_mac(b, p, floor)).or_else(|| {
        // A dash is no part of an IPv6 address.
        let mut s = p;
        while s > start && back(b, s, 1) != b'-' {
            s -= 1;
        }
        // "host:2001:db8::1" and "ip:::1" are not worth a guess.
        v6(b, s)
    })
}

fn mac(b: &[u8], start: usize) -> Option<Found> {
    if word_before(b, start) {
        return None;
    }
    let sep = at(b, start + 2);
    if !matches!(sep, b':' | b'-') {
        return None;
    }
    for pair in 0..6 {
        let i = start + pair * 3;
        if !at(b, i).is_ascii_hexdigit() || !at(b, i + 1).is_ascii_hexdigit() {
            return None;
        }
        if pair < 5 && at(b, i + 2) != sep {
            return None;
        }
    }
    let end = start + 17;
    if word_after(b, end) || (at(b, end) == sep && at(b, end + 1).is_ascii_hexdigit()) {
        return None;
    }
    Some(Found { start, end, kind: Kind::Mac })
}

/// `0011.2233.aabb`, as some switches print it.
fn dotted_mac(b: &[u8], p: usize, floor: usize) -> Option<Found> {
    let mut start = p;
    while start > floor
        && p - start < 16
        && (back(b, start, 1).is_ascii_hexdigit() || back(b, start, 1) == b'.')
    {
        start -= 1;
    }
    let mut letters = false;
    for (k, &c) in b.get(start..start + 14)?.iter().enumerate() {
        if k == 4 || k == 9 {
            if c != b'.' {
                return None;
            }
        } else if !c.is_ascii_hexdigit() {
            return None;
        } else {
            letters |= c.is_ascii_alphabetic();
        }
    }
    // Without a letter it may be a number in groups of four.
    if !letters
        || word_before(b, start)
        || word_after(b, start + 14)
        || (at(b, start + 14) == b'.' && word_after(b, start + 15))
    {
        return None;
    }
    Some(Found { start, end: start + 14, kind: Kind::Mac })
}

fn v6(b: &[u8], start: usize) -> Option<Found> {
    if word_before(b, start) {
        return None;
    }
    let mut i = start;
    let mut groups = 0usize;
    let mut digits = 0usize;
    let mut decimal = false;
    let mut gap = false;
    if at(b, i) == b':' {
        if at(b, i + 1) != b':' {
            return None;
        }
        gap = true;
        i += 2;
    }
    loop {
        let from = i;
        while i - from < 5 && at(b, i).is_ascii_hexdigit() {
            decimal |= at(b, i).is_ascii_digit();
            i += 1;
        }
        let len = i - from;
        if len > 4 {
            return None;
        }
        if len == 0 {
            break;
        }
        if at(b, i) == b'.' && groups > 0 && at(b, i + 1).is_ascii_digit() {
            i = quad(b, from)?;
            groups += 2;
            digits += 8;
            break;
        }
        groups += 1;
        digits += len;
        if at(b, i) != b':' {
            break;
        }
        if at(b, i + 1) == b':' {
            if gap {
                return None;
            }
            gap = true;
            i += 2;
        } else if at(b, i + 1).is_ascii_hexdigit() {
            i += 1;
        } else {
            break;
        }
    }
    // RFC 4291: eight groups, or fewer with one gap. `a::b` is a path in a program,
    // hence the demand for digits.
    let whole = (groups == 8 && !gap)
        || (gap && (1..=7).contains(&groups) && decimal && (digits >= 4 || at(b, start) == b':'));
    if !whole || word_after(b, i) || at(b, i) == b':' && at(b, i + 1).is_ascii_hexdigit() {
        return None;
    }
    // The zone (RFC 4007) names an interface of somebody's machine.
    if at(b, i) == b'%' && at(b, i + 1).is_ascii_alphanumeric() {
        i += 1;
        while at(b, i).is_ascii_alphanumeric() {
            i += 1;
        }
    }
    Some(Found { start, end: i, kind: Kind::Ip })
}

/// `user:password` of a URL whose `://` has its colon at `p`. The host stays: it
/// says where the leak was, and is not personal.
#[inline(never)]
fn credentials(b: &[u8], p: usize) -> Option<Found> {
    if at(b, p + 1) != b'/' || at(b, p + 2) != b'/' || !back(b, p, 1).is_ascii_alphanumeric() {
        return None;
    }
    let start = p + 3;
    let authority = b.get(start..)?.iter().take(320);
    let mut at_sign = None;
    let mut colon = false;
    for (k, &c) in authority.enumerate() {
        match c {
            b'@' => at_sign = Some((k, colon)),
            b':' => colon = true,
            b'/' | b'?' | b'#' | b'"' | b'<' | b'>' | 0..=b' ' => break,
            _ => {}
        }
    }
    let (len, with_password) = at_sign?;
    (with_password && len > 1).then_some(Found { start, end: start + len, kind: Kind::Credentials })
}
