//! One pass over the text: skip to a byte that anchors something, ask the
//! detectors around it, copy what lies between.

use crate::config::{Action, Config};
use crate::digits;
use crate::kinds::{Found, KINDS, Kind, at, back, birth, card, coordinates, email, iban, net, phone};

/// Masks texts by one configuration. Keeps nothing of a text.
#[derive(Clone, Debug)]
pub struct Masker {
    /// None: the text is copied.
    actions: Option<[Action; KINDS]>,
}

impl Masker {
    /// A masker for this configuration.
    pub fn new(config: &Config) -> Masker {
        Masker { actions: config.text }
    }

    /// Replaces `out` by the masked text and adds what was masked to `counts`, by
    /// [`Kind::index`]. False, and `out` of no use, if nothing was found: most texts
    /// need no copy. A kind that is left is found (so that no other kind takes its
    /// text) but not counted. Allocates only if `out` is too small, or for digits of
    /// other scripts.
    pub fn mask(&self, text: &str, out: &mut String, counts: &mut [u64; KINDS]) -> bool {
        let Some(actions) = self.actions else {
            return false;
        };
        out.clear();
        let mut copied = 0;
        each(text, |found| {
            let action = actions.get(found.kind.index()).copied().unwrap_or_default();
            out.push_str(text.get(copied..found.start).unwrap_or(""));
            let piece = text.get(found.start..found.end).unwrap_or("");
            replace(action, found.kind, piece, out);
            if action != Action::Leave
                && let Some(count) = counts.get_mut(found.kind.index())
            {
                *count += 1;
            }
            copied = found.end;
        });
        if copied > 0 {
            out.push_str(text.get(copied..).unwrap_or(""));
        }
        copied > 0
    }

    /// What would be masked in `text`, in order.
    pub fn find(&self, text: &str, found: impl FnMut(Found)) {
        each(text, found);
    }
}

/// Every find in a text, in order; digits of other scripts count as digits.
#[inline(always)]
fn each(text: &str, mut found: impl FnMut(Found)) {
    match digits::fold(text) {
        None => scan(text, found),
        Some(folded) => scan(&folded.text, |in_folded| found(folded.unfold(in_folded))),
    }
}

// Never inlined, so that the one that is nearly always called stays small.
#[inline(never)]
fn scan(text: &str, mut found: impl FnMut(Found)) {
    let (mut copied, mut from) = (0, 0);
    while let Some(next) = next(text, &mut from, copied) {
        copied = next.end;
        from = next.end;
        found(next);
    }
}

/// Writes what stands for `piece`.
fn replace(action: Action, kind: Kind, piece: &str, out: &mut String) {
    match action {
        Action::Leave => out.push_str(piece),
        Action::Drop => {}
        Action::Redact => {
            out.push('[');
            out.push_str(kind.name());
            out.push(']');
        }
        Action::KeepLast(n) => {
            let length = piece.chars().filter(|c| c.is_alphanumeric()).count();
            // At most half is shown: the last eight of seven digits are no mask.
            let skip = length - usize::from(n).min(length / 2);
            out.push('[');
            out.push_str(kind.name());
            out.push_str(" …");
            out.extend(piece.chars().filter(|c| c.is_alphanumeric()).skip(skip));
            out.push(']');
        }
    }
}

/// Everything that is looked for holds a digit, an `@` or a colon; digits and the
/// colon are neighbours in ASCII, so that the test is one subtraction.
fn anchors(c: u8) -> bool {
    (c.wrapping_sub(b'0') <= 10) | (c == b'@')
}

/// The first anchor at or after `from`. Sixteen bytes at a time without a branch
/// inside, which compiles to vector instructions where the target has them.
#[inline(always)]
fn next_anchor(b: &[u8], from: usize) -> Option<usize> {
    let rest = b.get(from..)?;
    let (chunks, tail) = rest.as_chunks::<16>();
    for (k, chunk) in chunks.iter().enumerate() {
        let any = chunk.iter().fold(false, |any, &c| any | anchors(c));
        if any {
            return Some(from + k * 16 + anchor_bits(chunk).trailing_zeros() as usize);
        }
    }
    let done = b.len() - tail.len();
    // The last sixteen bytes of the text once more, without those before the tail.
    if let Some(last) = b.last_chunk::<16>().filter(|_| !tail.is_empty()) {
        let bits = anchor_bits(last) >> (16 - tail.len());
        return (bits != 0).then(|| done + bits.trailing_zeros() as usize);
    }
    tail.iter().position(|&c| anchors(c)).map(|i| done + i)
}

/// A bit for each byte that is an anchor, the first lowest. Eight bytes at a time in a
/// register, as a loop over the bytes would take longer than the search before it.
fn anchor_bits(chunk: &[u8; 16]) -> u32 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 0x80;
    let bits = |half: u64| {
        let low = half & !HIGH;
        // The high bit of a byte is its answer; no sum of two bytes below 128 carries into the next.
        let number = (low + ONES * (0x80 - 0x30)) & !(low + ONES * (0x80 - 0x3B));
        let at_sign = !((low ^ (ONES * 0x40)) + !HIGH);
        let answer = (number | at_sign) & !half & HIGH;
        // Gathers the eight bits in the highest byte.
        (answer >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    };
    let whole = u128::from_le_bytes(*chunk);
    bits(whole as u64) as u32 | (bits((whole >> 64) as u64) as u32) << 8
}

/// The next find at or after `from`; nothing before `floor` belongs to it. Moves
/// `from` past what was looked at.
#[inline(always)]
fn next(text: &str, from: &mut usize, floor: usize) -> Option<Found> {
    let b = text.as_bytes();
    while let Some(p) = next_anchor(b, *from) {
        if time_of_day(b, p) {
            *from = p + 5;
            continue;
        }
        *from = p + 1;
        let found = match at(b, p) {
            b'@' => email::detect(text, p, floor),
            b':' => net::at_colon(b, p, floor),
            _ => digit(text, p, floor, from),
        };
        if let Some(found) =
            found.filter(|f| f.start >= floor && f.end > f.start && text.get(f.start..f.end).is_some())
        {
            return Some(found);
        }
    }
    None
}

/// Is what begins with the digit at `p` `14:05`, alone? Reports are full of them, and none is personal.
fn time_of_day(b: &[u8], p: usize) -> bool {
    let Some([g, h, b':', m, n]) = b.get(p..).and_then(<[u8]>::first_chunk::<5>) else {
        return false;
    };
    let after = at(b, p + 5);
    let end = p + 5 + usize::from(after == b'.' || after == b',');
    // Up to the space: control characters, and what stands for the edge of the text.
    [g, h, m, n].iter().all(|c| c.is_ascii_digit()) && at(b, end) <= b' ' && back(b, p, 1) <= b' '
}

/// Asks the detectors about the run of digits at `p`, the strictest first: a
/// checksum beats a pattern.
#[inline(never)]
fn digit(text: &str, p: usize, floor: usize, from: &mut usize) -> Option<Found> {
    let b = text.as_bytes();
    let mut run = p;
    while at(b, run).is_ascii_digit() {
        run += 1;
    }
    *from = run;
    if let Some(sign) = email::leads_to_at(b, p, run)
        && let Some(found) = email::detect(text, sign, floor)
    {
        return Some(found);
    }
    let mut word = run;
    while word - p < 5 && at(b, word).is_ascii_hexdigit() {
        word += 1;
    }
    if net::may_be_hex(b, p, word)
        && let Some(found) = net::hex(b, p, floor)
    {
        return Some(found);
    }
    let next = at(b, run);
    if next == b'.'
        && at(b, run + 1).is_ascii_digit()
        && let Some(found) = net::v4(b, p, floor)
    {
        return Some(found);
    }
    if back(b, p, 1).is_ascii_alphabetic() {
        match iban::detect(b, p, floor) {
            iban::Outcome::Yes(found) => return Some(found),
            iban::Outcome::Broken(end) => {
                *from = end.max(run);
                return None;
            }
            iban::Outcome::No => {}
        }
    }
    if run - p <= 3
        && (matches!(next, b'.' | b',') && at(b, run + 1).is_ascii_digit() || matches!(next, 0xC2 | 0xCB))
        && let Some(found) = coordinates::detect(b, p, floor)
    {
        return Some(found);
    }
    if run - p <= 4
        && let Some(found) = birth::detect(b, p, run, floor)
    {
        return Some(found);
    }
    // Fewer than seven digits and none that goes on: too short for what is left, as most numbers are.
    if run - p < 7 && !phone::goes_on(b, run) {
        return None;
    }
    let in_link = phone::in_link(b, p, run);
    in_link.or_else(|| card::detect(b, p, floor)).or_else(|| phone::detect(b, p, floor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_found_anywhere() {
        for length in 0..70 {
            for place in 0..length {
                let mut text = vec![b'a'; length];
                for (anchor, others) in [(b'0', b'/'), (b':', b';'), (b'@', b'A'), (b'9', 0xB5)] {
                    text.fill(others);
                    text[place] = anchor;
                    assert_eq!(next_anchor(&text, 0), Some(place));
                    assert_eq!(next_anchor(&text, place), Some(place));
                    assert_eq!(next_anchor(&text, place + 1), None);
                }
            }
        }
    }

    #[test]
    fn times_of_day() {
        for (text, is) in
            [("14:05", true), ("14:05. Call", true), ("14:05.1", false), ("14:05:1", false), ("@4:05", false)]
        {
            assert_eq!(time_of_day(text.as_bytes(), 0), is, "{text}");
        }
    }
}
