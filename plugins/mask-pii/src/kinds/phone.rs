//! Telephone numbers: international by ITU-T E.164 (country codes of its annex to
//! Operational Bulletin 1114, at most fifteen digits), national by the groupings
//! that people write (ITU-T E.123 and the countries' numbering plans).

use super::cues::{self, Word};
use super::{Found, Kind, at, back, birth, last_word, list, starts_with, unit_after, word_after};

const MAX_GROUPS: usize = 8;
const MAX_DIGITS: usize = 16;

/// What stands before a group of digits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sep {
    None,
    Space,
    Dash,
    Dot,
    Slash,
    /// A closing bracket, with or without a space or dash.
    Close,
    /// A dash with spaces.
    Wide,
}

#[derive(Clone, Copy)]
struct Group {
    len: usize,
    end: usize,
    sep: Sep,
    open: bool,
}

/// Most digits with country code, where the national plan fixes them; 15 by E.164
/// where it does not, 0 where the code is not assigned.
fn most_digits(cc: u32) -> usize {
    match cc {
        1 | 7 | 33 | 34 | 31 | 41 | 48 | 61 => 11,
        32 | 27 | 66 | 852 | 853 => 11,
        20 | 44 | 46 | 51 | 54 | 57 | 58 | 64 | 81 | 82 | 90 | 91 | 92 | 351 | 353 | 380 | 972 => 13,
        45 | 47 | 65 => 10,
        30 | 55 | 60 | 62 | 63 | 84 | 86 | 52 | 56 | 36 | 40 => 13,
        39 | 43 | 49 | 53 | 93 | 94 | 95 | 98 => 15,
        210..=269 | 290..=299 => 13,
        350 | 352 | 354..=359 | 370..=389 | 420..=423 => 15,
        500..=509 | 590..=599 | 670..=692 => 13,
        800 | 808 | 850 | 855 | 856 | 870 | 878 | 880..=888 => 15,
        960..=979 | 992..=998 => 13,
        _ => 0,
    }
}

/// How long the country code is that a number begins with, and the bound for the whole; zeros where no code fits.
fn country(d: &[u8]) -> (usize, usize) {
    let mut cc = 0u32;
    for (&x, length) in d.iter().take(3).zip(1..) {
        cc = cc * 10 + u32::from(x);
        let most = most_digits(cc);
        if most > 0 {
            return (length, most);
        }
    }
    (0, 0)
}

/// The bound for a number that begins with its country code.
fn international(d: &[u8]) -> usize {
    country(d).1
}

/// Is the first group a country code of two or three digits, as a messenger shows it, and the rest as long as numbers
/// are: "249 912 857 965", "84-96-187-2640"?
#[inline(never)]
fn prefixed(g: &[Group], d: &[u8]) -> bool {
    let first = g.first().map_or(0, |g| g.len);
    let extra = usize::from(g.iter().skip(1).any(|g| g.open && g.len == 1));
    if !matches!(first, 2 | 3) || !(10..=14).contains(&d.len()) {
        return false;
    }
    let (code, most) = country(d);
    let mut dash = false;
    let parted = g.iter().all(|g| {
        let spaced = matches!(g.sep, Sep::None | Sep::Space | Sep::Close) && !dash;
        dash |= g.sep == Sep::Dash;
        spaced || g.sep == Sep::Dash
    });
    parted && d.first() != Some(&0) && code == first && (code + 8..=most.min(13) + extra).contains(&d.len())
}

/// The separator at `i`, at most a bracket, a dash and two spaces, with a digit
/// after it: what it is, whether it opens a bracket, and where it ends.
fn separator(b: &[u8], mut i: usize) -> Option<(Sep, bool, usize)> {
    let (mut spaces, mut mark, mut open, mut close) = (0u8, 0u8, false, false);
    loop {
        let c = at(b, i);
        match c {
            b' ' => spaces += 1,
            0xC2 if at(b, i + 1) == 0xA0 => {
                spaces += 1;
                i += 1;
            }
            0xE2 if at(b, i + 1) == 0x80 && at(b, i + 2) == 0xAF => {
                spaces += 1;
                i += 2;
            }
            // hyphens and the en dash
            0xE2 if at(b, i + 1) == 0x80 && (0x90..=0x93).contains(&at(b, i + 2)) && mark == 0 => {
                mark = b'-';
                i += 2;
            }
            b'-' | b'.' | b'/' if mark == 0 && !open => mark = c,
            b')' if !close && !open && spaces == 0 && mark == 0 => close = true,
            b'(' if !open => open = true,
            b'0'..=b'9' => break,
            _ => return None,
        }
        i += 1;
        if spaces > 2 {
            return None;
        }
    }
    let sep = match (mark, spaces, close) {
        (_, 2, _) if mark == 0 && !open => return None,
        // The end of a sentence.
        (b'.', 1.., _) => return None,
        (_, _, true) => Sep::Close,
        (b'-' | b'/', 1.., _) => Sep::Wide,
        (b'-', ..) => Sep::Dash,
        (b'.', ..) => Sep::Dot,
        (b'/', ..) => Sep::Slash,
        (_, 0, _) if open => Sep::Close,
        (_, 0, _) => return None,
        _ => Sep::Space,
    };
    Some((sep, open, i))
}

/// Does another group of digits follow the one that ends at `end`?
pub(crate) fn goes_on(b: &[u8], end: usize) -> bool {
    separator(b, end).is_some() || carrier(b, end)
}

/// `0xx51`: Brazil's trunk zero, and the two digits of whichever carrier one dials by.
fn carrier(b: &[u8], i: usize) -> bool {
    back(b, i, 1) == b'0' && starts_with(b, i, b"xx") && at(b, i + 2).is_ascii_digit()
}

/// The number in a link that opens a chat, `wa.me/` with the digits from `p` to `run`: international, without
/// its plus.
pub(crate) fn in_link(b: &[u8], p: usize, run: usize) -> Option<Found> {
    let before = b.get(..p)?;
    let is_link = before.ends_with(b"wa.me/") || before.ends_with(b"whatsapp.com/send?phone=");
    (is_link && (7..=15).contains(&(run - p))).then_some(Found { kind: Kind::Phone, start: p, end: run })
}

/// Tries a number whose first digit is at `p`.
#[inline(never)]
pub(crate) fn detect(b: &[u8], p: usize, floor: usize) -> Option<Found> {
    let (start, plus, bracket) = lead(b, p, floor);
    let mut groups = [Group { len: 0, end: 0, sep: Sep::None, open: false }; MAX_GROUPS];
    let mut digits = [0u8; MAX_DIGITS];
    let (mut n, mut total) = (0usize, 0usize);
    let mut i = p;
    let (mut sep, mut open) = (Sep::None, bracket);
    while let Some(group) = groups.get_mut(n) {
        let before = total;
        while at(b, i).is_ascii_digit() {
            if let Some(slot) = digits.get_mut(total) {
                *slot = at(b, i) - b'0';
            }
            total += 1;
            i += 1;
            i += if total == 1 && carrier(b, i) { 2 } else { 0 };
        }
        *group = Group { len: total - before, end: i, sep, open };
        n += 1;
        if total > MAX_DIGITS {
            break;
        }
        match separator(b, i) {
            // A bracket that was opened before the number closes after it: "Olga(044 123 45 67) 12 tents".
            Some((Sep::Close, false, _)) if !open && total >= 7 && at(b, i) == b')' => break,
            // A bracket closes right after its group or not at all.
            Some((s, o, next)) if !open || s == Sep::Close => (sep, open, i) = (s, o, next),
            _ => break,
        }
    }
    let groups = groups.get(..n)?;
    if groups.iter().map(|g| g.len).sum::<usize>() < 7 {
        return None;
    }
    if !plus && !bracket && birth::date(b, p).is_some_and(|e| ends_date(b, e)) {
        return None;
    }
    if !plus && groups.len() > 1 && listed(b, p, floor, groups, &digits) {
        return None;
    }
    // Only where it decides: looking for it takes as long as the rest.
    let named = groups.first().is_some_and(|g| matches!(g.len, 2..=4 | 7..=9 | 11..=13))
        && digits.first() != Some(&0);
    let context = context(b, start, floor, plus || bracket, named)?;
    for k in (1..=n).rev() {
        let part = groups.get(..k)?;
        let count: usize = part.iter().map(|g| g.len).sum();
        if count < 7 {
            break;
        }
        // Beyond what has room, as no number is so long.
        let Some(d) = digits.get(..count) else { continue };
        let last = part.last()?;
        // What follows in the same run must be another number, not a part of this.
        if let Some(next) = groups.get(k) {
            // "3412-5678/3798-1122" are two.
            let pair = next.sep == Sep::Slash
                && part.iter().all(|g| g.sep != Sep::Slash)
                && (total > MAX_DIGITS && next.len > 3 || seven_follow(b, last.end));
            if !(next.open || pair || matches!(next.sep, Sep::Space | Sep::Wide)) {
                continue;
            }
        } else if !(free(b, last.end) || before_comma(b, part, count)) {
            continue;
        }
        // A dash or slash with spaces parts an area code, not a finished number.
        let mut before = 0;
        if part.iter().any(|g| {
            let late = g.sep == Sep::Wide && before >= 7;
            before += g.len;
            late
        }) {
            continue;
        }
        // "call 0612345678 50/50", "0244 907 053 5-7 per tent": the next number is another one.
        let next = groups.get(k);
        if begins_other(b, last, next, count, whole(d, plus)) || another(part, d, plus) {
            continue;
        }
        // "WFP 2024 0012 345"
        let dated = next.is_some() && part.first().is_some_and(|g| g.len == 4) && year(d);
        if dated && context != Context::Cue {
            continue;
        }
        let context = match context {
            Context::Name | Context::Apart if (k > 1 || count < 8) && !closes(b, last.end) => Context::Plain,
            known => known,
        };
        // No amount begins with a zero.
        let amount = (d.first() != Some(&0) || context == Context::Inside) && unit_after(b, last.end);
        let fits = |context| {
            let counted = amount && !plus && context != Context::Cue;
            !counted && plausible(part, d, plus, context) && !(k == 1 && result(b, start))
        };
        let tabled = || context != Context::Cue && d.first() != Some(&0) && tabled(b, p, floor, part);
        let open = !plus && !amount && matches!(context, Context::Plain | Context::Name | Context::Apart);
        let found = fits(context) && !tabled() || open && cue_after(b, last.end) && fits(Context::Cue);
        if found && !heads(b, last, d) {
            return Some(Found { start, end: last.end, kind: Kind::Phone });
        }
    }
    None
}

/// Are the groups those of a list, whatever word stands before?
// Never inlined, like the two others that seldom decide, so that `detect` stays small.
#[inline(never)]
fn listed(b: &[u8], p: usize, floor: usize, groups: &[Group], digits: &[u8]) -> bool {
    let Some([first, second]) = groups.first_chunk::<2>() else { return false };
    // "0.86 0.52 1.73"
    let decimals = groups.len() > 3
        && groups.chunks(2).take(2).all(|pair| matches!(pair, [a, b] if a.len == 1 && b.sep == Sep::Dot));
    if second.sep != Sep::Space {
        return decimals;
    }
    let same =
        groups.iter().take_while(|g| g.len == first.len && matches!(g.sep, Sep::None | Sep::Space)).count();
    let row = digits.get(..same * first.len).unwrap_or(&[]);
    // "0100 1200 1100Z"
    let times = same >= 3 && first.len == 4 && clock(row);
    decimals || times || list::counts_up(row, first.len) || list::midst(b, p, floor, first.len)
}

/// Are the groups those of a list if nothing speaks for a telephone?
fn tabled(b: &[u8], p: usize, floor: usize, part: &[Group]) -> bool {
    let Some((first, rest)) = part.split_first() else { return false };
    let alike = !rest.is_empty() && rest.iter().all(|g| g.len == first.len && g.sep == Sep::Space);
    alike && (list::headed(b, p, floor) || list::long(b, p, first.len))
}

/// "2021: 5994 2022: 5265": is the last group the year that the next value is of?
fn heads(b: &[u8], last: &Group, d: &[u8]) -> bool {
    let value = starts_with(b, last.end, b": ") && at(b, last.end + 2).is_ascii_digit();
    value && last.sep == Sep::Space && d.last_chunk::<4>().is_some_and(|d| last.len == 4 && year(d))
}

/// "0612345678,+33 6 …": does another number of a list follow the comma behind `part`, of `count` digits? A fraction
/// has no plus and not so many digits.
#[inline(never)]
fn before_comma(b: &[u8], part: &[Group], count: usize) -> bool {
    let end = part.last().map_or(0, |g| g.end);
    let another = || at(b, end + 1) == b'+' || seven_follow(b, end);
    at(b, end) == b',' && count >= 8 && part.iter().all(|g| g.sep != Sep::Dot) && another()
}

/// Are there seven digits or more behind the sign at `i`, as many as the shortest number has?
fn seven_follow(b: &[u8], i: usize) -> bool {
    let number = b
        .iter()
        .skip(i + 1)
        .take(16)
        .take_while(|c| matches!(c, b'0'..=b'9' | b' ' | b'-' | b'.' | b'(' | b')'));
    number.filter(|c| c.is_ascii_digit()).count() >= 7
}

/// Does what follows say that the number before it is a quantity or a term of a formula?
fn counted(b: &[u8], end: usize) -> bool {
    let spaced = at(b, end) == b' ';
    let sign = end + usize::from(spaced);
    let sum = at(b, sign) == b'+' && (!spaced || at(b, sign + 1) == b' ');
    let times = matches!(at(b, sign), b'x' | b'X') && matches!(at(b, sign + 1), b' ' | b'0'..=b'9');
    // "*0612345678*" is set in bold.
    let factor = at(b, sign) == b'*' && (spaced || at(b, sign + 1).is_ascii_digit());
    times || factor || matches!(at(b, sign), b'<' | b'>' | b'=') || sum || unit_after(b, end)
}

/// Digits behind which another number may begin, with the prefix of a country and the zeros before it.
fn whole(d: &[u8], plus: bool) -> usize {
    match d {
        _ if plus => 10,
        [0, 0, ..] => 12,
        _ => 8,
    }
}

/// Does something else begin with the last of groups that have `count` digits, as `whole` digits stand before it:
/// "2 tents", "12 August 2024", "3丁目", "1 000 000"?
fn begins_other(b: &[u8], last: &Group, next: Option<&Group>, count: usize, whole: usize) -> bool {
    if last.sep != Sep::Space || count < whole + last.len {
        return false;
    }
    let amount = last.len <= 3 && next.is_some_and(|next| next.sep == Sep::Space && next.len == 3);
    // The first of Japanese's letters to the last of Korean's: no space stands between them and a number.
    let letter = (0xE3..=0xED).contains(&at(b, last.end)) && !starts_with(b, last.end, &[0xE3, 0x80]);
    // No number ends with one digit alone.
    last.len == 1
        || amount && count > whole + last.len
        || letter
        || counted(b, last.end)
        || birth::date(b, last.end - last.len).is_some()
}

/// Is the last of the groups another number, as a whole one stands before it?
fn another(part: &[Group], d: &[u8], plus: bool) -> bool {
    let total = d.len();
    if total <= 9 {
        return false;
    }
    let abroad = plus || d.starts_with(&[0, 0]) || prefixed(part, d);
    let whole = if abroad { 11 } else { 9 };
    let mut before = 0;
    let mut spaced = true;
    part.iter().enumerate().any(|(i, g)| {
        spaced &= i == 0 || matches!(g.sep, Sep::Space | Sep::Close);
        let rest = part.get(i + 1..).unwrap_or_default();
        let own = g.open || rest.iter().any(|g| g.sep != Sep::Space);
        // Argentina's, Germany's and Indonesia's go beyond eleven digits.
        let long = !abroad && (i == 1 || total > 11 && g.len <= 3 && !matches!(d, [0, 1 | 8, ..]));
        let other = g.sep == Sep::Space && before >= whole && (spaced && own || long);
        before += g.len;
        other
    })
}

/// Does a sentence, or at least its subject, end behind the number? What is counted stands there in small letters.
fn closes(b: &[u8], end: usize) -> bool {
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
fn cue_after(b: &[u8], end: usize) -> bool {
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
fn ends_date(b: &[u8], end: usize) -> bool {
    let next = at(b, end);
    !(next.is_ascii_digit() || matches!(next, b'.' | b'-' | b'/') && at(b, end + 1).is_ascii_digit())
}

/// The sign or bracket before the first digit: the number's start, whether there is
/// a plus, and whether the first group is in brackets.
fn lead(b: &[u8], p: usize, floor: usize) -> (usize, bool, bool) {
    let mut start = p;
    let mut plus = false;
    let mut bracket = false;
    for _ in 0..3 {
        match back(b, start, 1) {
            _ if start <= floor => break,
            b'+' if !plus => plus = true,
            b'(' if !bracket => bracket = true,
            b' ' if !plus && back(b, start, 2) == b'+' && start >= floor + 2 => {}
            _ => break,
        }
        start -= 1;
    }
    // A bracket around the whole of it is the sentence's.
    if bracket {
        let mut i = p;
        while at(b, i).is_ascii_digit() {
            i += 1;
        }
        if at(b, i) != b')' || i - p >= 7 {
            bracket = false;
            while start < p && at(b, start) == b'(' {
                start += 1;
            }
        }
    }
    (start, plus, bracket)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
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
fn context(b: &[u8], start: usize, floor: usize, marked: bool, named: bool) -> Option<Context> {
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
fn result(b: &[u8], start: usize) -> bool {
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

/// May a number end here?
fn free(b: &[u8], end: usize) -> bool {
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

/// Is this number, taken alone, a telephone?
fn plausible(g: &[Group], d: &[u8], plus: bool, context: Context) -> bool {
    let total = d.len();
    let shape = g.iter().fold(0u64, |s, g| (s << 4) | (g.len.min(15) as u64));
    let all = |sep: Sep| g.iter().skip(1).all(|g| g.sep == sep);
    let any = |sep: Sep| g.iter().skip(1).any(|g| g.sep == sep);
    let digit = |i: usize| d.get(i).copied().unwrap_or(10);
    let bracket = g.first().is_some_and(|g| g.open);
    let first = g.first().map_or(0, |g| g.len);
    // The trunk zero in "+44 (0)20" is not dialled.
    let extra = usize::from(g.iter().skip(1).any(|g| g.open && g.len == 1));
    if plus {
        let most = international(d);
        return total >= 8 && total <= most + extra;
    }
    let wide = any(Sep::Wide);
    if digit(0) == 0 && digit(1) == 0 {
        let rest = d.get(2..).unwrap_or(&[]);
        let most = international(rest);
        return rest.len() >= 9 && rest.len() <= most + extra && !any(Sep::Dot)
            || all(Sep::Dot) && g.len() > 3 && rest.len() >= 9 && rest.len() <= most;
    }
    // ISBN-10 and -13 are grouped with dashes, the first by a single digit.
    if shape & !0xFF0 == 0x1001 && total == 10 && isbn10(d)
        || total == 13 && matches!((digit(0), digit(1), digit(2)), (9, 7, 8 | 9))
    {
        return false;
    }
    // "resolution 2254 (2015)": a bracket behind holds no area code if it holds a year.
    if context != Context::Cue && late_year(g, d) {
        return false;
    }
    if digit(0) == 0 {
        return match g.len() {
            // Indonesia's mobile numbers are the longest.
            1 if context == Context::Cue => (8..=13).contains(&total),
            // Germany's mobile numbers and some of Austria's have twelve, too.
            1 => (9..=if matches!((digit(1), digit(2)), (8, _) | (1, 5..=7) | (6, 9)) { 12 } else { 11 })
                .contains(&total),
            // "0600-1800" says when, not where.
            2 if context != Context::Cue && shape == 0x44 && clock(d) => false,
            // One dot is a decimal point.
            2 if any(Sep::Dot) => false,
            _ => {
                // Argentina's with area code and 15 are the longest.
                (8..=13).contains(&total)
                    && (first >= 2 || total >= 10 || shape == 0x144)
                    && first <= 6
                    && !(any(Sep::Slash) && g.len() > 5)
            }
        };
    }
    if wide || context == Context::Inside && !bracket {
        return false;
    }
    // Italy's and Lebanon's mobile numbers
    let slash = any(Sep::Slash);
    if slash || any(Sep::Dot) {
        match shape {
            0x37 if digit(0) == 3 && (slash || digit(1) >= 2) => return true,
            0x26 if slash && matches!(digit(0), 7 | 8) => return true,
            _ => {}
        }
    }
    if bracket {
        return g.len() >= 2 && first <= 5 && (8..=11).contains(&total) && !(first == 4 && year(d));
    }
    // "whatsapp group full 1024/1024"
    if slash && shape == 0x44 && d.first_chunk::<4>() == d.last_chunk::<4>() {
        return false;
    }
    if context == Context::Cue {
        return total <= 13 && !(g.len() == 2 && any(Sep::Dot)) && !(total == 7 && thousands(g, d));
    }
    if slash {
        return false;
    }
    if any(Sep::Dot) {
        return all(Sep::Dot) && matches!(shape, 0x334 | 0x3222 | 0x1334) && digit(0) != 0;
    }
    let named = matches!(context, Context::Name | Context::Apart);
    match shape {
        // Without a separator: more digits than most amounts have, and an id has its word before it. Then what the
        // large plans fix: Brazil; China; Russia; India and North America
        0x8 | 0x9 => digit(0) >= 2 && !(total == 8 && compact_date(d)),
        0xB if digit(2) == 9 && digit(0) >= 1 && digit(1) >= 1 && digit(3) >= 6 => true,
        0xB => matches!((digit(0), digit(1), digit(2)), (1, 3.., _) | (7 | 8, 9, _) | (8, 7, 0 | 4 | 7)),
        // Small countries: behind a name or apart, since amounts and ids look the same
        0x7 => context == Context::Name && digit(0) >= 2,
        0xA => matches!(digit(0), 3 | 6..) || digit(0) >= 2 && digit(3) >= 2,
        // North America, Greece, Colombia; with its trunk 1, or Russia's 8
        0x334 => digit(0) >= 2,
        0x1334 | 0x13322 | 0x1333 | 0x1344 if digit(1) >= 2 => matches!(digit(0), 1 | 7 | 8),
        // Spain, Poland, Portugal, Czechia, Peru
        0x333 => digit(0) >= 2,
        0x3222 | 0x2322 | 0x3322 | 0x3223 | 0x234 => digit(0) >= 2,
        // Norway, Denmark, France without zero, Luxembourg; Haiti; Greece's towns
        0x323 => digit(0) >= 2,
        0x422 => digit(0) >= 2 && !year(d) && all(Sep::Dash),
        0x415 => digit(0) == 2 && digit(4) == 0,
        0x2222 => digit(0) >= 2 && !even_list(d) && (all(Sep::Space) || all(Sep::Dash)),
        // China
        0x344 => digit(0) == 1 && digit(1) >= 3,
        // Brazil, Mexico, Argentina
        0x254 | 0x244 | 0x343 => digit(0) >= 1,
        // India; Greece's towns
        0x55 => digit(0) >= 6 || digit(0) == 2 && digit(4) == 0,
        // Singapore, Hong Kong, Costa Rica: not a range of years
        0x44 => {
            digit(0) >= 2 && !(year(d) && all(Sep::Dash)) && !(year(d) && year(d.get(4..).unwrap_or(&[])))
        }
        // Australia's 1300 and 1800; India, Nepal: no number of things is grouped so
        0x433 => digit(0) == 1 && matches!(digit(1), 3 | 8) || digit(0) >= 2 && !year(d),
        // Haiti: not a date
        0x224 => digit(0) >= 2 && !year(d.get(4..).unwrap_or(&[])),
        // Chile, Lithuania, Italy
        0x144 => matches!(digit(0), 2 | 9),
        0x135 => digit(0) == 8,
        // also Greece; two groups of other lengths are mostly ids
        0x37 => digit(0) >= 2,
        // Greece, Pakistan without zero
        0x46 => digit(0) >= 2 && !year(d),
        // Brazil's mobile numbers
        0x29 | 0x2144 => digit(0) >= 1 && digit(1) >= 1 && digit(2) == 9,
        0x54 => digit(0) == 9 && digit(1) >= 2 && (all(Sep::Dash) || all(Sep::Space)),
        // Lebanon
        0x26 if !named => all(Sep::Dash) && matches!(digit(0), 7 | 8),
        // Mozambique's mobile numbers
        0x2223 => digit(0) == 8 && matches!(digit(1), 2..=7) && all(Sep::Space),
        0x233 if !named => g.get(1).is_some_and(|g| g.sep == Sep::Dash) && any(Sep::Space) && digit(0) >= 2,
        // Cameroon; Côte d'Ivoire; Cuba
        0x12222 => digit(0) >= 2 && all(Sep::Space),
        0x22222 => digit(0) == 2 && matches!(digit(1), 1 | 5 | 7) && all(Sep::Space),
        0x134 => digit(0) >= 2 && all(Sep::Space),
        // Kazakhstan's towns behind the trunk 8
        0x14222 => digit(0) == 8 && digit(1) == 7,
        // Local numbers of seven digits, with the dash alone
        0x34 if !named => all(Sep::Dash) && digit(0) >= 2,
        0x322 if !named => all(Sep::Dash) && digit(0) >= 2,
        // With the country's code and no plus
        _ if g.len() > 2 && prefixed(g, d) => true,
        0xB..=0xD if named => country(d).0 > 1 && (country(d).0 + 8..=country(d).1).contains(&total),
        // China in any groups
        _ if total == 11 && first == 3 => digit(0) == 1 && digit(1) >= 3,
        // Russia's towns and Ukraine's numbers behind the trunk 8; India's and its neighbours' mobile numbers
        _ if total == 11 && digit(0) == 8 && first == 1 => digit(1) == 0 || g.get(1).is_some_and(|g| g.open),
        _ if total == 10 && digit(0) >= 6 => first >= 2,
        // Small countries: behind a name or apart, as amounts and ids look the same
        _ if named && (7..=9).contains(&total) && g.iter().all(|g| g.len >= 2) => {
            digit(0) >= 2 && !(total > 7 && year(d)) && (all(Sep::Space) || all(Sep::Dash))
        }
        _ => false,
    }
}

/// `20 30 40 50` is a list, not a number.
fn even_list(d: &[u8]) -> bool {
    d.chunks(2).all(|c| matches!(c, [_, 0 | 5]))
}

fn year(d: &[u8]) -> bool {
    matches!(d, [1, 9, ..] | [2, 0, ..])
}

/// A group of four in brackets behind the first that reads as a year.
fn late_year(g: &[Group], d: &[u8]) -> bool {
    let mut before = 0;
    g.iter().any(|g| {
        let late = before > 0 && g.open && g.len == 4 && year(d.get(before..).unwrap_or(&[]));
        before += g.len;
        late
    })
}

/// `20240115`
fn compact_date(d: &[u8]) -> bool {
    matches!(d, [1, 9, .., 0..=3, _] | [2, 0, .., 0..=3, _])
        && matches!(d.get(4..6), Some([0, _] | [1, 0..=2]))
}

/// Two times of day without a colon.
fn clock(d: &[u8]) -> bool {
    d.chunks(4).all(|t| matches!(t, [0 | 1, _, 0..=5, _] | [2, 0..=3, 0..=5, _]))
}

/// Groups of three after a first of at most two, as in `1 234 567`.
fn thousands(g: &[Group], d: &[u8]) -> bool {
    g.len() >= 3
        && g.iter().skip(1).all(|g| g.len == 3)
        && g.first().is_some_and(|f| f.len < 3)
        && d.first() != Some(&0)
}

/// ISO 2108: the sum of digits weighted 10 to 1 is divisible by 11.
fn isbn10(d: &[u8]) -> bool {
    let sum: u32 = d.iter().zip((1..=10u32).rev()).map(|(&x, w)| u32::from(x) * w).sum();
    sum.is_multiple_of(11)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, number: &str) {
        let b = text.as_bytes();
        let first = b.iter().position(|c| c.is_ascii_digit() || matches!(c, b'+' | b'('));
        let digit = b.iter().skip(first.unwrap_or(0)).position(u8::is_ascii_digit);
        let found = detect(b, first.unwrap_or(0) + digit.unwrap_or(0), 0);
        assert_eq!(found.and_then(|f| text.get(f.start..f.end)).unwrap_or(""), number, "{text}");
    }

    #[test]
    fn what_stands_before_and_after_decides() {
        check("621 4567 numaralı telefonu arayın", "621 4567");
        check("Everyone is safe. 621 4567", "621 4567");
        check("sold 621 4567 yesterday", "");
        check("nyumba ya dereva 71 234 567.", "71 234 567");
        check("DHL 7012345678", "");
        check("Auftragsnummer 71234567", "");
        check("0981 222 619 € 12", "0981 222 619");
    }

    #[test]
    fn the_next_number_is_another() {
        check("call 739842901 50/50", "739842901");
        check("call 0244 907 053 5-7 per tent", "0244 907 053");
        check("tel. +51 984107256 (3+4)", "+51 984107256");
        check("+905338641159,535 375 87 91", "+905338641159");
        check("03 558 981,775726930", "03 558 981");
        check("+243 816 360 333/099 735 7940", "+243 816 360 333");
        check("call +94 11 2 076 968 120/240 V", "+94 11 2 076 968");
        check("*0656 25 96 07*", "0656 25 96 07");
        check("fono 9-26097043 1 in 3", "9-26097043");
        check("Ruf 0176 21 69 63 64 an", "0176 21 69 63 64");
        check("3412-5678/3798-1122", "3412-5678");
        check("+33 6 51 16 12 14 ₹3,25,000", "+33 6 51 16 12 14");
        check("+389 70 703 693 104-99", "+389 70 703 693");
        check("0171 5534149 12 August 2024", "0171 5534149");
        check("0821 8018 5519 3丁目", "0821 8018 5519");
        check("(0228) 439932 1 000 000 x 3", "(0228) 439932");
        check("012 538 64 11 829 546 XOF", "012 538 64 11");
        check("676 11 96 64 People sleep outside", "676 11 96 64");
    }

    #[test]
    fn with_the_code_of_a_country_and_no_plus() {
        check("ok 972 59-065-7489", "972 59-065-7489");
        check("Moussa 249911642357", "249911642357");
        check("mobile 92 300 613 1698", "92 300 613 1698");
        check("Huehuetla 52 1 744 963 9934", "52 1 744 963 9934");
        check("ok 967 777 899 632", "967 777 899 632");
        // No code, and a number of North America
        check("ok 699 59-065-7489", "");
        check("808.715.2263 24/7", "808.715.2263");
    }

    #[test]
    fn labels_of_other_numbers() {
        check("P.O. Box 3243-00100", "");
        check("tracking: 9421 5222 0527 0607 4935 38", "");
        check("رقم القضية 7096/2024", "");
        check("〒928-0001", "");
        check("CEP 94812-854", "");
        check("IMO 9424903", "");
        check("WFP 2024 0012 345", "");
        check("siparis no 96554967", "");
        // An app, Turkish for a mobile phone, and the label of a sentence that is over.
        check("imo 1712345678", "1712345678");
        check("CEP 0532 123 45 67", "0532 123 45 67");
        check("Jalan putus total. 0110 694 694", "0110 694 694");
        check("ph# 0301 4752532", "0301 4752532");
        check("ticket# 0301 4752532", "");
        check("doctor Faraj no. 0945 575 952", "0945 575 952");
        check("the coordinator. Order no. 7779-7339-13", "");
        check("case Mangochi HSA 0888 286 117", "0888 286 117");
        check("case of June 0888 286 117", "");
        check("in MB 95558 52989", "95558 52989");
        assert_eq!(detect(b"grid 38S MB 95558 52989", 12, 0), None);
        check("her husband's no. is 0935.944.002", "0935.944.002");
    }

    #[test]
    fn rows_of_numbers() {
        check("in 2021: 5994 2022: 5265 2023: 4315", "");
        check("call 0612345678 2022: 5265", "0612345678");
        check("tel 5994 2022: 5265", "");
        check("from 091 6472 1987: we are 90", "091 6472 1987");
        check("week 31 32 33 34 35", "");
        check("size 38 39 40 41", "");
        check("34: 77 38 59 73", "");
        check("Olga: 77 38 59 73", "77 38 59 73");
        check("drawn 62 15 29 33 21 48", "");
        check("sum 3215 7791 6622 1668 1696", "");
        check("contact at 0100 1200 1100Z", "");
        check("tel 0.86 0.52 1.73 2.21", "");
        check("whatsapp group full 1024/1024", "");
        // What only looks like a row.
        check("06 12 13 14 15", "06 12 13 14 15");
        check("77 38 59 73 25 people", "77 38 59 73");
        check("0302 9820689 0.32 0.24 1.43", "0302 9820689");
    }

    #[test]
    fn forms_of_one_country() {
        check("contato 0xx51 98878-6382", "0xx51 98878-6382");
        check("0-5321-2024", "0-5321-2024");
        check("8 067 7695593", "8 067 7695593");
        check("8-066-652-52-19", "8-066-652-52-19");
        check("bairro 82 76 39 161", "82 76 39 161");
        check("obstetra 97110 1189", "97110 1189");
        check("load 0.45 0.50 0.61", "");
        check("piano 335.7402047", "335.7402047");
        check("8 (050) 268 85 08", "8 (050) 268 85 08");
        check("ስልኬ 0911 188868 ነው", "0911 188868");
        check("زنگ بزنید 0799-513078، زلزله", "0799-513078");
    }
}
