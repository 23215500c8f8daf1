//! The codes of the countries by E.164, and how long a number is that begins with one.

use super::groups::{Group, Sep};

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
pub(super) fn country(d: &[u8]) -> (usize, usize) {
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
pub(super) fn international(d: &[u8]) -> usize {
    country(d).1
}

/// Is the first group a country code of two or three digits, as a messenger shows it, and the rest as long as numbers
/// are: "249 912 857 965", "84-96-187-2640"?
#[inline(never)]
pub(super) fn prefixed(g: &[Group], d: &[u8]) -> bool {
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
