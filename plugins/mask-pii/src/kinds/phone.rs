//! Telephone numbers: international by ITU-T E.164 (country codes of its annex to
//! Operational Bulletin 1114, at most fifteen digits), national by the groupings
//! that people write (ITU-T E.123 and the countries' numbering plans).
//!
//! The digits are read into `groups`; what stands `before` and `behind` them, and whether they are `others`, says how
//! much their `shapes` and country `codes` have to prove.

mod before;
mod behind;
mod codes;
mod groups;
mod others;
mod shapes;
#[cfg(test)]
mod tests;

use super::{Found, Kind, at, birth, unit_after};
use before::{Context, context, result};
use behind::{before_comma, closes, cue_after, ends_date, free, seven_follow};
use groups::{Group, Sep, carrier, lead, separator};
use others::{another, begins_other, heads, listed, tabled, whole};
use shapes::{plausible, year};

const MAX_GROUPS: usize = 8;
const MAX_DIGITS: usize = 16;

/// Does another group of digits follow the one that ends at `end`?
pub(crate) fn goes_on(b: &[u8], end: usize) -> bool {
    separator(b, end).is_some() || carrier(b, end)
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
