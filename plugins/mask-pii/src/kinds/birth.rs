//! Dates of birth: a date shortly after a word that says so. A date alone is no
//! personal datum, hence the cue.

use super::{Found, Kind, at, back, number, starts_with, word_after, word_before};

/// How far before the date its cue may begin.
const REACH: usize = 40;

/// Beginnings of words that announce a birth: English, French, German, Dutch,
/// Spanish, Italian, Portuguese, Polish, Scandinavian, Turkish, Russian, Ukrainian.
const STEMS: [&str; 35] = [
    "born",
    "birth",
    "dob",
    "d.o.b",
    "né ",
    "née",
    "né(",
    "nee ",
    "naissance",
    "geb.",
    "geb ",
    "geboren",
    "geburt",
    "geboorte",
    "*",
    "nacid",
    "nació",
    "nacimiento",
    "nato ",
    "nata ",
    "nascit",
    "nascid",
    "nasciment",
    "urodz",
    "ur. ",
    "född",
    "født",
    "fødsel",
    "födelse",
    "doğum",
    "родил",
    "рожд",
    "народ",
    "narozen",
    "d. nașterii",
];

/// Month names by their beginnings, in the same languages.
const MONTHS: [&str; 52] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "fév", "fev", "avr",
    "mai", "juin", "juil", "aoû", "aou", "déc", "mär", "maj", "okt", "dez", "ene", "abr", "ago", "dic",
    "gen", "mag", "giu", "lug", "set", "ott", "mrt", "mei", "out", "sty", "lut", "kwi", "cze", "lip", "sie",
    "wrz", "paź", "lis", "gru", "ocak", "янв", "фев", "мар",
];

fn month_at(b: &[u8], i: usize) -> Option<usize> {
    let known = MONTHS.iter().any(|m| starts_with(b, i, m.as_bytes()))
        || ["апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"]
            .iter()
            .any(|m| starts_with(b, i, m.as_bytes()));
    if !known {
        return None;
    }
    let mut end = i;
    while end - i < 24 && (at(b, end).is_ascii_alphabetic() || at(b, end) >= 0x80) {
        end += 1;
    }
    Some(end)
}

/// Skips what stands between the parts of a written date.
fn gap(b: &[u8], mut i: usize) -> usize {
    for word in [&b"st"[..], b"nd", b"rd", b"th", b"er", b"."] {
        if starts_with(b, i, word) {
            i += word.len();
            break;
        }
    }
    while matches!(at(b, i), b' ' | b',' | b'-' | b'/') {
        i += 1;
    }
    for word in [&b"de "[..], b"of ", b"do ", b"del "] {
        if starts_with(b, i, word) {
            i += word.len();
            break;
        }
    }
    i
}

fn year(b: &[u8], i: usize) -> Option<usize> {
    let (value, end) = number(b, i, 5)?;
    ((end - i == 4 && (1880..=2100).contains(&value)) || end - i == 2).then_some(end)
}

/// Is there a date at `p`? Its end.
pub(crate) fn date(b: &[u8], p: usize) -> Option<usize> {
    let (first, i) = number(b, p, 5)?;
    let sep = at(b, i);
    // ISO 8601, and its order with other separators
    if i - p == 4 && matches!(sep, b'-' | b'/' | b'.') && (1880..=2100).contains(&first) {
        let (m, j) = number(b, i + 1, 2)?;
        let (d, end) = number(b, j + 1, 2).filter(|_| at(b, j) == sep)?;
        return ((1..=12).contains(&m) && (1..=31).contains(&d)).then_some(end);
    }
    if i - p > 2 || !(1..=31).contains(&first) {
        return None;
    }
    if matches!(sep, b'/' | b'.' | b'-') {
        let spaced = |k: usize| if at(b, k) == b' ' { k + 1 } else { k };
        if let Some((second, j)) = number(b, spaced(i + 1), 2) {
            let fits = (1..=31).contains(&second) && (first <= 12 || second <= 12);
            if fits && at(b, j) == sep {
                return year(b, spaced(j + 1));
            }
        }
    }
    let m = month_at(b, gap(b, i))?;
    year(b, gap(b, m))
}

/// A date whose first digit is at `p`, or whose month's name ends before it, if a
/// cue stands before.
pub(crate) fn detect(text: &str, p: usize, floor: usize) -> Option<Found> {
    let b = text.as_bytes();
    if p > floor && word_before(b, p) {
        return None;
    }
    let (start, end) = match date(b, p) {
        Some(end) => (p, end),
        None => month_first(b, p, floor)?,
    };
    if word_after(b, end) {
        return None;
    }
    announced(b, start, floor).then_some(Found { start, end, kind: Kind::BirthDate })
}

/// `March 12, 1985`: the month stands before the digit at `p`.
fn month_first(b: &[u8], p: usize, floor: usize) -> Option<(usize, usize)> {
    let (day, i) = number(b, p, 3)?;
    if !(1..=31).contains(&day) || i - p > 2 {
        return None;
    }
    let (start, _) = super::last_word(b, p, 20).filter(|&(s, _)| s >= floor)?;
    month_at(b, start)?;
    let end = year(b, gap(b, i))?;
    (end > i + 3).then_some((start, end))
}

/// A cue begins within reach, with no other digit between it and the date.
fn announced(b: &[u8], start: usize, floor: usize) -> bool {
    let from = start.saturating_sub(REACH).max(floor);
    for i in (from..start).rev() {
        let c = at(b, i);
        if c.is_ascii_digit() || c == b'\n' {
            return false;
        }
        if (back(b, i, 1).is_ascii_alphanumeric() && c < 0x80) || (c & 0xC0) == 0x80 {
            continue;
        }
        if STEMS.iter().any(|stem| {
            stem.as_bytes().first().is_some_and(|f| f.eq_ignore_ascii_case(&c) || c >= 0x80)
                && starts_with(b, i, stem.as_bytes())
                && i + stem.len() <= start
                && (*stem != "*" || start - i <= 2)
        }) {
            return true;
        }
    }
    false
}
