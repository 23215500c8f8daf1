//! Email addresses (RFC 5321 dot-atoms, RFC 6531 for letters beyond ASCII) and
//! handles.

use super::{Found, Kind, at, back};

/// RFC 5321, 4.5.3.1.1: the local part has at most 64 octets.
const LOCAL_MAX: usize = 64;

/// Bytes of a local part in practice. RFC 5322 allows more (`/`, `=`, `?`, `{`);
/// those stand between an address and its surroundings far more often than in one.
#[expect(clippy::indexing_slicing, reason = "a panic here would be one of the compiler's")]
const LOCAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut c = 0_u8;
    while c < 128 {
        table[c as usize] =
            c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'' | b'&' | b'~');
        c += 1;
    }
    table
};

fn local_byte(c: u8) -> bool {
    LOCAL.get(usize::from(c)).is_some_and(|local| *local)
}

/// If the token around the digits from `p` to `end` leads to an `@`, the place of that
/// `@`: digits in a local part must not be taken for a phone first.
pub(crate) fn leads_to_at(b: &[u8], p: usize, end: usize) -> Option<usize> {
    let mut i = end;
    while i - p < LOCAL_MAX && local_byte(at(b, i)) {
        i += 1;
    }
    (at(b, i) == b'@').then_some(i)
}

/// The start of the last character before `i`, if it is a letter beyond ASCII that belongs to the local part. In
/// scripts without spaces (Thai to Khmer, Chinese, Japanese) the text before an address would be taken for a part
/// of it: there only letters right before the `@` count, since no text can stand between.
fn letter_before(text: &str, i: usize, bare: bool) -> Option<usize> {
    let c = text.get(..i)?.chars().next_back()?;
    let spaced = matches!(c, '\u{80}'..'\u{e00}' | '\u{10a0}'..'\u{1780}' | '\u{1e00}'..'\u{2000}' | '\u{ac00}'..'\u{d7a4}');
    // Nuktas and viramas have the same place in all Indic blocks, and are no letters.
    let joins = matches!(c, '\u{900}'..'\u{d80}') && matches!(c as u32 & 0x7F, 0x3C | 0x4D);
    ((c.is_alphanumeric() && !c.is_ascii() || joins) && (spaced || bare)).then(|| i - c.len_utf8())
}

/// Host name after `@` at `i`: its end, if it has a dot and a top-level name.
pub(crate) fn host(text: &str, i: usize) -> Option<usize> {
    let b = text.as_bytes();
    let mut end = i;
    let mut label = 0usize;
    let mut best = None;
    let mut dots = 0usize;
    let mut digits_only = true;
    loop {
        let c = at(b, end);
        if c.is_ascii_alphanumeric() {
            digits_only &= c.is_ascii_digit();
            end += 1;
            label += 1;
        } else if c == b'-' && label > 0 {
            end += 1;
        } else if c >= 0x80 {
            let Some(ch) = text.get(end..).and_then(|t| t.chars().next()) else {
                break;
            };
            if !ch.is_alphanumeric() {
                break;
            }
            digits_only = false;
            end += ch.len_utf8();
            label += 1;
        } else if c == b'.' && label > 0 {
            if dots > 0 && label >= 2 && !digits_only {
                best = Some(end);
            }
            dots += 1;
            label = 0;
            digits_only = true;
            end += 1;
        } else {
            break;
        }
        if end - i > 255 {
            break;
        }
    }
    if dots > 0 && label >= 2 && !digits_only {
        while end > i && back(b, end, 1) == b'-' {
            end -= 1;
        }
        best = Some(end);
    }
    best
}

/// An address or a handle around the `@` at `p`.
#[inline(never)]
pub(crate) fn detect(text: &str, p: usize, floor: usize) -> Option<Found> {
    let b = text.as_bytes();
    let mut start = p;
    let mut bare = true;
    while start > floor && p - start < LOCAL_MAX {
        if local_byte(back(b, start, 1)) {
            start -= 1;
            bare = false;
        } else if let Some(s) = letter_before(text, start, bare).filter(|&s| s >= floor) {
            start = s;
        } else {
            break;
        }
    }
    // Quotes and dots at the edge belong to the sentence, not to the address.
    while start < p && matches!(at(b, start), b'.' | b'\'' | b'-' | b'&' | b'~' | b'%') {
        start += 1;
    }
    if start < p {
        let quoted = back(b, p, 1) == b'.';
        return host(text, p + 1).filter(|_| !quoted).map(|end| Found { start, end, kind: Kind::Email });
    }
    if back(b, p, 1) == b'"'
        && let Some(found) = quoted_local(text, p, floor)
    {
        return Some(found);
    }
    handle(text, p)
}

/// `"john doe"@example.org`, RFC 5321's quoted string.
fn quoted_local(text: &str, p: usize, floor: usize) -> Option<Found> {
    let b = text.as_bytes();
    let close = p.checked_sub(1)?;
    let from = close.saturating_sub(LOCAL_MAX).max(floor);
    let open = from + b.get(from..close)?.iter().rposition(|&c| c == b'"')?;
    if b.get(open..close)?.contains(&b'\n') {
        return None;
    }
    let end = host(text, p + 1)?;
    Some(Found { start: open, end, kind: Kind::Email })
}

/// `@handle`, with the host of a federated one. The first byte is a letter or an
/// underscore (`@5pm` is a time), two to thirty bytes as the large networks have it.
fn handle(text: &str, p: usize) -> Option<Found> {
    let b = text.as_bytes();
    if back(b, p, 1) == b'@' || super::word_before(b, p) {
        return None;
    }
    let first = at(b, p + 1);
    if !(first.is_ascii_alphabetic() || first == b'_') {
        return None;
    }
    let mut end = p + 1;
    while end - p <= 40 && (at(b, end).is_ascii_alphanumeric() || matches!(at(b, end), b'_' | b'.' | b'-')) {
        end += 1;
    }
    while matches!(back(b, end, 1), b'.' | b'-') {
        end -= 1;
    }
    if end - p < 3 {
        return None;
    }
    if at(b, end) == b'@'
        && let Some(e) = host(text, end + 1)
    {
        end = e;
    }
    Some(Found { start: p, end, kind: Kind::Handle })
}
