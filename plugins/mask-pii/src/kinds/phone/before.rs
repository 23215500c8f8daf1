//! What stands before a number: words, signs and other numbers that say what it is.

use super::MAX_GROUPS;
use crate::kinds::cues::{self, Word};
use crate::kinds::{at, back, last_word};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    Plain,
    Cue,
    /// Follows a word in title case, as names are.
    Name,
    /// Follows the end of a sentence or a clause: the label of an id would stand right before it.
    Apart,
    /// Follows another number: only unmistakable forms count.
    Inside,
}

/// What stands before. None: it cannot be a telephone.
#[inline(never)]
pub(super) fn context(b: &[u8], start: usize, floor: usize, marked: bool, named: bool) -> Option<Context> {
    let (one, two) = (back(b, start, 1), back(b, start, 2));
    if start == floor {
        return Some(if named { Context::Apart } else { Context::Plain });
    }
    // "ph# 0301 4752532"
    let sign = start - usize::from(one == b' ' && two == b'#');
    if back(b, sign, 1) == b'#' && sign > floor + 1 {
        let word = last_word(b, sign - 1, 40).filter(|&(s, e)| s >= floor && e + 1 == sign);
        let class = word.and_then(|(s, e)| b.get(s..e)).and_then(cues::class);
        if class == Some(Word::Phone) {
            return Some(Context::Cue);
        }
    }
    if one.is_ascii_alphanumeric() || matches!(one, b'_' | b'#' | b'$' | b'=' | b'&' | b'%' | b'@') {
        // "T+4930…" and "=+49…" are written by forms.
        return (at(b, start) == b'+' && !one.is_ascii_digit()).then_some(Context::Plain);
    }
    // The second of a pair, or what stands beside another find.
    let gap = b.get(floor..start).unwrap_or_default();
    let beside = floor > 0 && gap.len() <= 8 && !gap.iter().any(|c| *c == b'\n' || c.is_ascii_uppercase());
    if matches!(one, b'/' | b',') && beside && start == floor + 1 {
        return Some(Context::Name);
    }
    if matches!(one, b'-' | b'/' | b',' | b'\'') && two.is_ascii_alphanumeric() && at(b, start) != b'+' {
        return None;
    }
    if matches!(one, b'.' | b':') && two.is_ascii_digit() && at(b, start) != b'+' {
        return None;
    }
    if sign_before(b, start) || one == b' ' && !marked && sign_before(b, start - 1) {
        return None;
    }
    let inside = one == b' ' && two.is_ascii_digit() && start > floor + 1;
    // A plus says all that words could.
    if at(b, start) == b'+' {
        return Some(Context::Plain);
    }
    // Three words back: "order number 1", "phone no. 2". Groups of the same number do not count.
    let mut i = start;
    let mut weak = false;
    let mut given = false;
    let mut part = true;
    let mut words = 0;
    // "case Mangochi HSA 0888 286 117": behind two names the number is theirs, not the label's.
    let mut names = 0;
    for _ in 0..3 + MAX_GROUPS {
        let Some((s, e)) = last_word(b, i, 40).filter(|&(s, _)| s >= floor && words < 3) else {
            break;
        };
        let word = b.get(s..e)?;
        // "Jalan putus total. 0110 694 694": a label stands in the sentence of what it labels.
        let ended = at(b, e) == b'.' && word.len() > 4 || matches!(at(b, e), b'!' | b'?');
        let class = match word {
            // "M: 612345678", "P/N 0445-110-317"
            [b'M' | b'T' | b'P' | b'm' | b't' | b'p'] if at(b, e) == b':' => Some(Word::Phone),
            [b'T'] if at(b, e) == b'.' => Some(Word::Phone),
            [b'N' | b'n'] if back(b, s, 1) == b'/' => Some(Word::Other),
            // "38S MB 95558 52989": the square of a grid, behind its zone
            [b'A'..=b'Z', b'A'..=b'Z'] if zone(b, s) => Some(Word::Other),
            _ => cues::class(word),
        };
        match class {
            Some(Word::Phone) => return Some(Context::Cue),
            Some(Word::Number) => weak = true,
            // "no" alone is a plain word in several languages.
            Some(Word::Other)
                if !given
                    && !ended
                    && names < 2
                    && (!(word.eq_ignore_ascii_case(b"no") || word.eq_ignore_ascii_case(b"v"))
                        || at(b, e) == b'.') =>
            {
                // "phone no." has its cue one word earlier.
                let earlier = last_word(b, s, 40).and_then(|(s, e)| b.get(s..e));
                let phone = earlier.and_then(cues::class) == Some(Word::Phone);
                let own = word.eq_ignore_ascii_case(b"no") && owner(b, s);
                return (phone || own).then_some(Context::Cue);
            }
            _ => {}
        }
        // In "room 204, 0612345678" the room has its number already; in "ISBN 978 2 07 367110 0" this is it.
        let digits = word.iter().any(u8::is_ascii_digit);
        part &= digits && b.get(e..i).is_some_and(|gap| !gap.iter().any(|c| b",;.".contains(c)));
        given |= digits && !part;
        words += usize::from(!part);
        names += usize::from(word.first().is_some_and(u8::is_ascii_uppercase) && class.is_none());
        i = s;
    }
    if weak {
        return Some(Context::Cue);
    }
    if inside {
        return Some(Context::Inside);
    }
    // "Katalin, 934822931": whose number it is stands right before it.
    if !named {
        return Some(Context::Plain);
    }
    let name = last_word(b, start, 40).filter(|&(s, e)| s >= floor && start - e <= 3);
    if beside || apart(b, start) {
        return Some(Context::Apart);
    }
    Some(
        if name
            .and_then(|(s, e)| b.get(s..e))
            .is_some_and(|word| title(word) || caseless(word) || cues::class(word) == Some(Word::Person))
        {
            Context::Name
        } else {
            Context::Plain
        },
    )
}

/// Does a zone of the military grid (MGRS, of UTM) end before `i`: one or two digits and a letter?
fn zone(b: &[u8], i: usize) -> bool {
    let band = back(b, i, 2);
    back(b, i, 1) == b' '
        && matches!(band, b'C'..=b'X' if !matches!(band, b'I' | b'O'))
        && back(b, i, 3).is_ascii_digit()
        && !(back(b, i, 4).is_ascii_alphabetic() || back(b, i, 5).is_ascii_alphanumeric())
}

/// Does the sign of a currency, of a number or of a postcode end before `i`?
fn sign_before(b: &[u8], i: usize) -> bool {
    match [back(b, i, 3), back(b, i, 2), back(b, i, 1)] {
        [.., b'$' | b'#'] | [_, 0xC2, 0xA3 | 0xA5] => true,
        // U+20A0..U+20BF, № and 〒
        [0xE2, 0x82, 0xA0..=0xBF] | [0xE2, 0x84, 0x96] | [0xE3, 0x80, 0x92] => true,
        _ => false,
    }
}

/// `2^32 = 4294967296`: what stands after an operator and a space was calculated.
pub(super) fn result(b: &[u8], start: usize) -> bool {
    back(b, start, 1) == b' ' && matches!(back(b, start, 2), b'=' | b'*' | b'<' | b'>')
}

/// "Her husband's no.", "my no.", "doctor Faraj no.", with "no" at `no`: what people have a number of is a telephone.
fn owner(b: &[u8], no: usize) -> bool {
    let Some((start, end)) = last_word(b, no, 40) else { return false };
    let word = b.get(start..end).unwrap_or_default();
    let genitive = word == b"s" && matches!(back(b, no, 3), b'\'' | 0x99);
    let own =
        || [&b"my"[..], b"his", b"her", b"our", b"their"].iter().any(|own| own.eq_ignore_ascii_case(word));
    let role = || last_word(b, start, 40).filter(|&(_, end)| end + 1 == start).and_then(|(s, e)| b.get(s..e));
    let named = || title(word) && role().and_then(cues::class) == Some(Word::Person);
    genitive || own() || named() && cues::class(word).is_none()
}

/// Does a sentence or clause end before the number?
fn apart(b: &[u8], start: usize) -> bool {
    let spaced = start - usize::from(back(b, start, 1) == b' ');
    match back(b, spaced, 1) {
        b'.' | b'!' | b'?' | b';' | b'\n' | b'[' => true,
        // The full stop and the comma of Chinese, Devanagari's stroke
        0x82 => back(b, spaced, 2) == 0x80 && back(b, spaced, 3) == 0xE3,
        0xA4 => back(b, spaced, 2) == 0xA5 && back(b, spaced, 3) == 0xE0,
        _ => false,
    }
}

/// A word of a script without cases may always be a name.
fn caseless(word: &[u8]) -> bool {
    let first = std::str::from_utf8(word).ok().and_then(|word| word.chars().next());
    first.is_some_and(|c| c.is_alphabetic() && !c.is_uppercase() && !c.is_lowercase())
}

/// Is only the first letter a capital, and are there three or more?
fn title(word: &[u8]) -> bool {
    let mut letters = std::str::from_utf8(word).unwrap_or("").chars();
    letters.next().is_some_and(char::is_uppercase)
        && letters.clone().count() >= 2
        && letters.all(char::is_lowercase)
}
