//! Payment cards: number and issuer ranges of ISO/IEC 7812-1, check digit by its
//! annex B (Luhn).

use super::{Found, Kind, at, back, cues, last_word, word_after, word_before};

/// Most digits of a primary account number.
const MAX: usize = 19;

/// Tries a number starting at `p`.
#[inline(never)]
pub(crate) fn detect(b: &[u8], p: usize, floor: usize) -> Option<Found> {
    if p > floor && (word_before(b, p) || matches!(back(b, p, 1), b'.' | b',' | b'+' | b'#')) {
        return None;
    }
    if matches!(back(b, p, 1), b'-' | b'/') && back(b, p, 2).is_ascii_alphanumeric() {
        return None;
    }
    let mut digits = [0u8; MAX];
    let mut have = 0usize;
    let mut shape = 0u64;
    let mut group = 0u64;
    let mut sep = 0u8;
    let mut complete = None;
    let mut i = p;
    loop {
        let c = at(b, i);
        if c.is_ascii_digit() {
            let Some(slot) = digits.get_mut(have) else {
                break;
            };
            *slot = c - b'0';
            have += 1;
            group += 1;
            i += 1;
        } else if (matches!(c, b' ' | b'-') || (c == 0xC2 && at(b, i + 1) == 0xA0))
            && (sep == 0 || sep == c)
            && at(b, i + if c == 0xC2 { 2 } else { 1 }).is_ascii_digit()
            && have < MAX
        {
            // A complete card may be followed by a code or a year: kept in case the
            // longer number fails.
            let known = digits.get(..have)?;
            let whole = sep == 0 && shape == 0 || grouped((shape << 5) | group);
            if c != b'-' && have >= 13 && whole && issuer(known) && luhn(known) {
                complete = Some(i);
            }
            sep = c;
            shape = (shape << 5) | group;
            group = 0;
            i += if c == 0xC2 { 2 } else { 1 };
        } else {
            break;
        }
    }
    shape = (shape << 5) | group;
    let number = digits.get(..have)?;
    let tail = at(b, i);
    if have < 13
        || word_after(b, i)
        || tail == b'@'
        || tail == b'%'
        || (matches!(tail, b'.' | b',' | b'-' | b'/') && at(b, i + 1).is_ascii_digit())
        || !(sep == 0 || grouped(shape))
        || !issuer(number)
        || !luhn(number)
        || (have == 13 && sep == 0 && article(b, p, floor))
    {
        return complete.map(|end| Found { start: p, end, kind: Kind::Card });
    }
    Some(Found { start: p, end: i, kind: Kind::Card })
}

/// "EAN 4006381333931": Visa's old thirteen digits are also those of an article.
fn article(b: &[u8], p: usize, floor: usize) -> bool {
    let word = last_word(b, p, 24).filter(|&(s, _)| s >= floor).and_then(|(s, e)| b.get(s..e));
    word.and_then(cues::class) == Some(cues::Word::Other)
}

/// Groupings printed on cards, five bits a group.
fn grouped(shape: u64) -> bool {
    const fn s(groups: &[u64]) -> u64 {
        let mut out = 0;
        let mut rest = groups;
        while let [first, tail @ ..] = rest {
            out = (out << 5) | *first;
            rest = tail;
        }
        out
    }
    const KNOWN: [u64; 9] = [
        s(&[4, 4, 4, 4]),
        s(&[4, 6, 5]),
        s(&[4, 6, 4]),
        s(&[4, 4, 4, 4, 3]),
        s(&[4, 4, 4, 4, 2]),
        s(&[4, 4, 5]),
        s(&[4, 5, 6]),
        s(&[6, 13]),
        s(&[4, 4, 4, 1]),
    ];
    KNOWN.contains(&shape)
}

/// Issuer ranges that are in use, with the lengths they issue.
fn issuer(d: &[u8]) -> bool {
    let n = d.len();
    let first = |k: usize| d.iter().take(k).fold(0u32, |a, &x| a * 10 + u32::from(x));
    let (two, three, four) = (first(2), first(3), first(4));
    match two {
        // Visa
        40..=49 => matches!(n, 13 | 16 | 19),
        // American Express
        34 | 37 => n == 15,
        // Mastercard, and its range of 2017; Mir
        51..=55 => n == 16,
        22..=27 if (2221..=2720).contains(&four) => n == 16,
        22 if (2200..=2204).contains(&four) => (16..=19).contains(&n),
        // Diners Club, JCB
        30 if three <= 305 || three == 309 => (14..=19).contains(&n),
        36 | 38 | 39 => (14..=19).contains(&n),
        35 => (16..=19).contains(&n) && (3528..=3589).contains(&four),
        // Maestro
        50 | 56..=58 => (13..=19).contains(&n),
        // Discover, UnionPay, RuPay, Maestro
        60..=69 => (16..=19).contains(&n),
        // RuPay, UnionPay; Troy
        81 | 82 => (16..=19).contains(&n),
        97 if four == 9792 => n == 16,
        // National schemes: Viet Nam's Napas; Uzbekistan's UzCard and Humo, Belarus, Armenia; Bulgaria; Indonesia
        97 => four == 9704 && matches!(n, 16 | 19),
        86 | 98 | 91 | 90 => n == 16 && matches!(four, 8600 | 9860 | 9112 | 9051),
        22 => four == 2205 && n == 16,
        19 => four == 1946 && n == 16,
        _ => false,
    }
}

/// ISO/IEC 7812-1 annex B: from the right every second digit doubled, the sum of
/// all digits divisible by ten.
fn luhn(d: &[u8]) -> bool {
    let sum: u32 = d
        .iter()
        .rev()
        .enumerate()
        .map(|(i, &x)| {
            let x = u32::from(x);
            match (i % 2, x) {
                (0, _) => x,
                (_, 5..) => 2 * x - 9,
                _ => 2 * x,
            }
        })
        .sum();
    sum.is_multiple_of(10) && d.iter().any(|&x| x != 0)
}
