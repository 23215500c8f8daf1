//! Which groups of digits are a telephone, taken alone: the shapes that the countries' plans and habits give them.

use super::before::Context;
use super::codes::{country, international, prefixed};
use super::groups::{Group, Sep};

/// Is this number, taken alone, a telephone?
pub(super) fn plausible(g: &[Group], d: &[u8], plus: bool, context: Context) -> bool {
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

pub(super) fn year(d: &[u8]) -> bool {
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
pub(super) fn clock(d: &[u8]) -> bool {
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
