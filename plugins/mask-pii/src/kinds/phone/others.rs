//! Where the groups are no telephone but other numbers: those of a list, or the next number behind a whole one.

use super::behind::counted;
use super::codes::prefixed;
use super::groups::{Group, Sep};
use super::shapes::{clock, year};
use crate::kinds::{at, birth, list, starts_with};

/// Are the groups those of a list, whatever word stands before?
// Never inlined, like `prefixed` and `before_comma`, which seldom decide either, so that `detect` stays small.
#[inline(never)]
pub(super) fn listed(b: &[u8], p: usize, floor: usize, groups: &[Group], digits: &[u8]) -> bool {
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
pub(super) fn tabled(b: &[u8], p: usize, floor: usize, part: &[Group]) -> bool {
    let Some((first, rest)) = part.split_first() else { return false };
    let alike = !rest.is_empty() && rest.iter().all(|g| g.len == first.len && g.sep == Sep::Space);
    alike && (list::headed(b, p, floor) || list::long(b, p, first.len))
}

/// "2021: 5994 2022: 5265": is the last group the year that the next value is of?
pub(super) fn heads(b: &[u8], last: &Group, d: &[u8]) -> bool {
    let value = starts_with(b, last.end, b": ") && at(b, last.end + 2).is_ascii_digit();
    value && last.sep == Sep::Space && d.last_chunk::<4>().is_some_and(|d| last.len == 4 && year(d))
}

/// Digits behind which another number may begin, with the prefix of a country and the zeros before it.
pub(super) fn whole(d: &[u8], plus: bool) -> usize {
    match d {
        _ if plus => 10,
        [0, 0, ..] => 12,
        _ => 8,
    }
}

/// Does something else begin with the last of groups that have `count` digits, as `whole` digits stand before it:
/// "2 tents", "12 August 2024", "3丁目", "1 000 000"?
pub(super) fn begins_other(b: &[u8], last: &Group, next: Option<&Group>, count: usize, whole: usize) -> bool {
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
pub(super) fn another(part: &[Group], d: &[u8], plus: bool) -> bool {
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
