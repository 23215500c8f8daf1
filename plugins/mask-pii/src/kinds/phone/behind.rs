//! What stands behind a number: whether it may end there, and what that says of it.

use super::groups::{Group, Sep};
use crate::kinds::cues::{self, Word};
use crate::kinds::{at, starts_with, unit_after, word_after};

/// May a number end here?
pub(super) fn free(b: &[u8], end: usize) -> bool {
    let next = at(b, end);
    if word_after(b, end) || matches!(next, b'@' | b'%' | b'_') {
        return starts_with(b, end, b"x") && at(b, end + 1).is_ascii_digit();
    }
    if next == 0xC2 && at(b, end + 1) == 0xB0 {
        return false;
    }
    // "1500+ blankets"
    if next == b'+' && !at(b, end + 1).is_ascii_digit() {
        return false;
    }
    !(matches!(next, b'.' | b',' | b':' | b'\'') && at(b, end + 1).is_ascii_digit()
        || matches!(next, b'-') && at(b, end + 1).is_ascii_alphanumeric())
}

/// "0612345678,+33 6 …": does another number of a list follow the comma behind `part`, of `count` digits? A fraction
/// has no plus and not so many digits.
#[inline(never)]
pub(super) fn before_comma(b: &[u8], part: &[Group], count: usize) -> bool {
    let end = part.last().map_or(0, |g| g.end);
    let another = || at(b, end + 1) == b'+' || seven_follow(b, end);
    at(b, end) == b',' && count >= 8 && part.iter().all(|g| g.sep != Sep::Dot) && another()
}

/// Are there seven digits or more behind the sign at `i`, as many as the shortest number has?
pub(super) fn seven_follow(b: &[u8], i: usize) -> bool {
    let number = b
        .iter()
        .skip(i + 1)
        .take(16)
        .take_while(|c| matches!(c, b'0'..=b'9' | b' ' | b'-' | b'.' | b'(' | b')'));
    number.filter(|c| c.is_ascii_digit()).count() >= 7
}

/// Does what follows say that the number before it is a quantity or a term of a formula?
pub(super) fn counted(b: &[u8], end: usize) -> bool {
    let spaced = at(b, end) == b' ';
    let sign = end + usize::from(spaced);
    let sum = at(b, sign) == b'+' && (!spaced || at(b, sign + 1) == b' ');
    let times = matches!(at(b, sign), b'x' | b'X') && matches!(at(b, sign + 1), b' ' | b'0'..=b'9');
    // "*0612345678*" is set in bold.
    let factor = at(b, sign) == b'*' && (spaced || at(b, sign + 1).is_ascii_digit());
    times || factor || matches!(at(b, sign), b'<' | b'>' | b'=') || sum || unit_after(b, end)
}

/// Does a sentence, or at least its subject, end behind the number? What is counted stands there in small letters.
pub(super) fn closes(b: &[u8], end: usize) -> bool {
    let next = end + usize::from(at(b, end) == b' ');
    let small = match at(b, next) {
        c @ 0xC3..0xE0 => {
            let letter = char::from_u32(u32::from(c & 0x1F) << 6 | u32::from(at(b, next + 1) & 0x3F));
            !letter.is_some_and(char::is_uppercase)
        }
        // The dash and the quotation marks
        c => c.is_ascii_lowercase() || c.is_ascii_digit() || c >= 0x80 && c != 0xE2,
    };
    !small
}

/// Is one of the two words behind the number a cue for a telephone? Many languages have their verb there.
pub(super) fn cue_after(b: &[u8], end: usize) -> bool {
    let mut i = end;
    for _ in 0..2 {
        let from = i;
        while i - from < 3 && matches!(at(b, i), b' ' | b'(' | b'\'' | b'-' | b',') {
            i += 1;
        }
        let word = i;
        while i - word < 40 && (at(b, i).is_ascii_alphabetic() || at(b, i) >= 0x80) {
            i += 1;
        }
        match b.get(word..i).map(cues::class) {
            // "6912 Tel. 0612345678": the word may belong to the next number.
            Some(Some(Word::Phone)) => {
                return !b.iter().skip(i).take(24).any(u8::is_ascii_digit);
            }
            Some(None | Some(Word::Number)) if i > word => {}
            _ => return false,
        }
    }
    false
}

/// `01.15.59.07.28` begins like a date but goes on.
pub(super) fn ends_date(b: &[u8], end: usize) -> bool {
    let next = at(b, end);
    !(next.is_ascii_digit() || matches!(next, b'.' | b'-' | b'/') && at(b, end + 1).is_ascii_digit())
}
