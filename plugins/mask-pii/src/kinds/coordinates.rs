//! Positions written in text: decimal pairs, and degrees with minutes and seconds
//! (ISO 6709 annex D forms and those people write). Three decimals are about 110 m;
//! fewer name a town rather than a house.

use super::{Found, Kind, at, back, fold, last_word, number, word_after, word_before};

/// Tries a position whose first digit is at `p`.
#[inline(never)]
pub(crate) fn detect(b: &[u8], p: usize, floor: usize) -> Option<Found> {
    // Most numbers are none: they have neither a decimal point nor a degree sign.
    let (_, end) = number(b, p, 3)?;
    if !matches!(at(b, end), b'.' | b',' | 0xC2 | 0xCB)
        || matches!(at(b, end), b'.' | b',') && !at(b, end + 1).is_ascii_digit()
    {
        return None;
    }
    let mut start = p;
    if start > floor && matches!(back(b, start, 1), b'-' | b'+') {
        start -= 1;
    }
    // "N 48.8566" and "N48.8566"
    let mut lead = start;
    while lead > floor && start - lead < 1 && back(b, lead, 1) == b' ' {
        lead -= 1;
    }
    if lead > floor && hemisphere(back(b, lead, 1)) && !word_before(b, lead - 1) {
        start = lead - 1;
    } else if word_before(b, start)
        || (matches!(back(b, start, 1), b'.' | b',' | b'/' | b'-') && back(b, start, 2).is_ascii_alphanumeric())
        // "geo:33.5138,36.2765", but no time of day
        || (back(b, start, 1) == b':' && back(b, start, 2).is_ascii_digit())
    {
        return None;
    }
    if let Some(end) = keyed_pair(b, p) {
        return Some(Found { start: latitude(b, start, floor), end, kind: Kind::Coordinates });
    }
    let end = decimal_pair(b, p, b'.').or_else(|| decimal_pair(b, p, b',')).or_else(|| dms_pair(b, p))?;
    (!word_after(b, end) && !measured(b, end)).then_some(Found { start, end, kind: Kind::Coordinates })
}

#[rustfmt::skip]
const LATITUDES: [&str; 19] = [
    "lat", "latitude", "latitud", "latitudine", "breite", "breedte", "bredd", "bredde", "enlem", "lintang", "šířka",
    "szerokość", "широта", "πλάτος", "العرض", "纬度", "緯度", "위도", "अक्षांश",
];

#[rustfmt::skip]
const LONGITUDES: [&str; 22] = [
    "lon", "long", "lng", "longitude", "longitud", "longitudine", "länge", "laenge", "lengte", "längd", "lengde",
    "boylam", "bujur", "délka", "długość", "долгота", "довгота", "μήκος", "الطول", "经度", "経度", "경도",
];

/// `lat=33.5138 lon=36.2765`, also as in JSON: what stands between says that it is a pair.
fn keyed_pair(b: &[u8], p: usize) -> Option<usize> {
    let (first, _) = decimal(b, p, b'.', 90)?;
    let between = |mut i: usize, marks: &[u8]| {
        let from = i;
        while i - from < 4 && marks.contains(&at(b, i)) {
            i += 1;
        }
        i
    };
    let key = between(first, b" ,;&/\"'");
    let mut stop = key;
    while stop - key < 24 && (at(b, stop).is_ascii_alphabetic() || at(b, stop) >= 0x80) {
        stop += 1;
    }
    if !LONGITUDES.iter().any(|k| k.as_bytes() == fold(b.get(key..stop).unwrap_or(&[]), &mut [0; 48])) {
        return None;
    }
    let value = between(stop, b" :=.\"'");
    let (end, _) = decimal(b, value + usize::from(matches!(at(b, value), b'-' | b'+')), b'.', 180)?;
    (key > first && !word_after(b, end)).then_some(end)
}

/// Where "lat" begins, if it stands before a pair with keys: it is worth nothing without the number.
fn latitude(b: &[u8], start: usize, floor: usize) -> usize {
    let Some((s, e)) = last_word(b, start, 24).filter(|&(s, _)| s >= floor) else {
        return start;
    };
    let near =
        b.get(e..start).is_some_and(|gap| gap.len() <= 4 && gap.iter().all(|c| b" :=.\"'".contains(c)));
    let word = b.get(s..e).unwrap_or(&[]);
    let mut folded = [0; 48];
    let word = fold(word, &mut folded);
    let known = LATITUDES.iter().any(|k| k.as_bytes() == word);
    if near && known { s } else { start }
}

/// "7.050, 14.300 MHz" are two measures of one thing, not a place.
fn measured(b: &[u8], end: usize) -> bool {
    const UNITS: [&str; 20] = [
        "hz", "khz", "mhz", "ghz", "m", "mm", "cm", "km", "kg", "mg", "ml", "kw", "mw", "kwh", "mwh", "kv",
        "kpa", "hpa", "eur", "usd",
    ];
    let from = spaces(b, end, 1);
    let mut i = from;
    while i - from < 4 && at(b, i).is_ascii_alphabetic() {
        i += 1;
    }
    let word = b.get(from..i).unwrap_or(&[]);
    !word_after(b, i) && UNITS.iter().any(|u| u.as_bytes().eq_ignore_ascii_case(word))
}

fn hemisphere(c: u8) -> bool {
    matches!(c, b'N' | b'S' | b'E' | b'W' | b'O')
}

fn spaces(b: &[u8], mut i: usize, most: usize) -> usize {
    let from = i;
    while at(b, i) == b' ' && i - from < most {
        i += 1;
    }
    i
}

/// `°`, `º` (often typed for it) and `˚`.
fn degree(b: &[u8], i: usize) -> Option<usize> {
    match (at(b, i), at(b, i + 1)) {
        (0xC2, 0xB0 | 0xBA) | (0xCB, 0x9A) => Some(i + 2),
        _ => None,
    }
}

/// A number with at least three decimals and at most `limit`, then optionally a
/// degree sign and a hemisphere: its end, and whether it was marked.
fn decimal(b: &[u8], p: usize, point: u8, limit: u32) -> Option<(usize, bool)> {
    let (whole, i) = number(b, p, 3)?;
    if at(b, i) != point {
        return None;
    }
    let (fraction, mut end) = number(b, i + 1, 20)?;
    if end - (i + 1) < 3 || whole > limit || (whole == limit && fraction > 0) {
        return None;
    }
    let mut marked = false;
    if let Some(e) = degree(b, end) {
        end = e;
        marked = true;
    }
    let h = spaces(b, end, 1);
    if hemisphere(at(b, h)) && !word_after(b, h + 1) {
        end = h + 1;
        marked = true;
    }
    Some((end, marked))
}

fn decimal_pair(b: &[u8], p: usize, point: u8) -> Option<usize> {
    let (first, marked) = decimal(b, p, point, 90)?;
    let mut i = spaces(b, first, 1);
    match at(b, i) {
        b',' if point == b'.' => i += 1,
        b';' | b'/' => i += 1,
        // Without a comma two numbers are a pair if degrees say so, or if both are as fine as only positions are
        // (four decimals, about ten metres) and there is no third beside them.
        _ if (marked || hemisphere(at(b, i))) && i > first => {}
        _ if i > first && fine(b, p, first) => {
            let beside = back(b, p, 2).is_ascii_digit() && back(b, p, 1) == b' ';
            let second = i + usize::from(at(b, i) == b'-');
            let (end, _) = decimal(b, second, point, 180).filter(|&(end, _)| fine(b, second, end))?;
            let next = spaces(b, end, 1);
            let third = next + usize::from(at(b, next) == b'-');
            let goes_on = decimal(b, third, point, u32::MAX).is_some();
            return (!beside && !goes_on && at(b, end) != b'%').then_some(end);
        }
        _ => return None,
    }
    i = spaces(b, i, 2);
    if hemisphere(at(b, i)) {
        i = spaces(b, i + 1, 1);
    }
    if matches!(at(b, i), b'-' | b'+') {
        i += 1;
    } else if at(b, i) == 0xE2 && at(b, i + 1) == 0x88 && at(b, i + 2) == 0x92 {
        i += 3;
    }
    let (end, _) = decimal(b, i, point, 180)?;
    // The second and third of a list.
    if !marked && point == b'.' && listed(b, p) {
        return None;
    }
    // A third number makes it a list.
    let next = spaces(b, if at(b, end) == b',' { end + 1 } else { end }, 1);
    if matches!(at(b, end), b'.' | b',' | b'%') && at(b, end + 1).is_ascii_digit() && !height(b, end)
        || at(b, end) == b'%'
        || (!marked
            && !height(b, end)
            && at(b, end) == b','
            && number(b, next, 3).is_some_and(|(_, e)| at(b, e) == b'.' && at(b, e + 1).is_ascii_digit()))
    {
        return None;
    }
    Some(end)
}

/// Does a number with decimals and a comma stand before the one at `p`?
fn listed(b: &[u8], p: usize) -> bool {
    if back(b, p, 1) != b' ' || back(b, p, 2) != b',' {
        return false;
    }
    let mut i = p - 2;
    while back(b, i, 1).is_ascii_digit() {
        i -= 1;
    }
    i < p - 2 && back(b, i, 1) == b'.' && back(b, i, 2).is_ascii_digit()
}

/// Has the number from `p` to `end` four decimals to seven?
fn fine(b: &[u8], p: usize, end: usize) -> bool {
    let digits = b.get(p..end).unwrap_or(&[]);
    let whole = digits.iter().take_while(|c| c.is_ascii_digit()).count();
    let decimals = digits.iter().skip(whole + 1).take_while(|c| c.is_ascii_digit()).count();
    (4..=7).contains(&decimals)
}

/// After a pair, `,690` is the height (RFC 5870) and `,15z` or `,1200m` how much a map shows.
fn height(b: &[u8], end: usize) -> bool {
    if at(b, end) != b',' {
        return false;
    }
    let Some((_, mut i)) = number(b, end + 1, 5) else {
        return false;
    };
    let whole = at(b, i) != b'.';
    if !whole {
        i = number(b, i + 1, 3).map_or(i, |(_, e)| e);
    }
    let map = matches!(at(b, i), b'z' | b'm') && !word_after(b, i + 1);
    map || whole && !word_after(b, i) && at(b, i) != b','
}

/// `48°51'24"N`, `48° 51.4′ N`: the end.
fn dms(b: &[u8], p: usize, limit: u32) -> Option<usize> {
    let (degrees, i) = number(b, p, 3)?;
    let mut i = spaces(b, degree(b, i)?, 1);
    if degrees > limit {
        return None;
    }
    for unit in 0..2 {
        let Some((value, mut e)) = number(b, i, 2) else {
            break;
        };
        if value > 59 {
            return None;
        }
        let mut decimals = 0;
        if matches!(at(b, e), b'.' | b',') {
            let point = e;
            e = number(b, e + 1, 8)?.1;
            decimals = e - point - 1;
        }
        let e = spaces(b, e, 1);
        let mark = match (at(b, e), at(b, e + 1), at(b, e + 2)) {
            (b'\'', b'\'', _) if unit == 1 => 2,
            (b'\'', ..) if unit == 0 => 1,
            (b'"', ..) if unit == 1 => 1,
            // ′ ″ ’ ”
            (0xE2, 0x80, 0xB2 | 0x99) if unit == 0 => 3,
            (0xE2, 0x80, 0xB3 | 0x9D) if unit == 1 => 3,
            (0xE2, 0x80, 0xB2 | 0x99) if unit == 1 && at(b, e + 3) == 0xE2 => 6,
            (0xC2, 0xB4, _) => 2,
            // Receivers show `N 49° 59.992` without a sign behind the minutes.
            _ if unit == 0 && decimals >= 2 => {
                i = e;
                break;
            }
            _ => return None,
        };
        i = spaces(b, e + mark, 1);
    }
    if hemisphere(at(b, i)) && !word_after(b, i + 1) {
        return Some(i + 1);
    }
    // The hemisphere may have stood in front.
    while back(b, i, 1) == b' ' {
        i -= 1;
    }
    Some(i)
}

fn dms_pair(b: &[u8], p: usize) -> Option<usize> {
    let first = dms(b, p, 90)?;
    let mut i = spaces(b, first, 2);
    if matches!(at(b, i), b',' | b';' | b'/') {
        i = spaces(b, i + 1, 2);
    }
    if hemisphere(at(b, i)) {
        i = spaces(b, i + 1, 1);
    }
    dms(b, i, 180)
}
