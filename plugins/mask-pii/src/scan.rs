//! One pass over the text: skip to a byte that anchors something, ask the
//! detectors around it, copy what lies between.

use crate::config::{Action, Config};
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
    /// [`Kind::index`]. A kind that is left is found (so that no other kind takes
    /// its text) but not counted. Allocates only if `out` is too small.
    pub fn mask(&mut self, text: &str, out: &mut String, counts: &mut [u64; KINDS]) {
        out.clear();
        let Some(actions) = self.actions else {
            out.push_str(text);
            return;
        };
        let mut copied = 0;
        let mut from = 0;
        while let Some(found) = next(text, &mut from, copied) {
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
            from = found.end;
        }
        out.push_str(text.get(copied..).unwrap_or(""));
    }

    /// What would be masked in `text`, in order.
    pub fn find(&self, text: &str, mut each: impl FnMut(Found)) {
        let (mut copied, mut from) = (0, 0);
        while let Some(found) = next(text, &mut from, copied) {
            copied = found.end;
            from = found.end;
            each(found);
        }
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
fn next_anchor(b: &[u8], from: usize) -> Option<usize> {
    let rest = b.get(from..)?;
    let (chunks, tail) = rest.as_chunks::<16>();
    for (k, chunk) in chunks.iter().enumerate() {
        let any = chunk.iter().fold(false, |any, &c| any | anchors(c));
        if any {
            let i = chunk.iter().position(|&c| anchors(c))?;
            return Some(from + k * 16 + i);
        }
    }
    let done = rest.len() - tail.len();
    let i = tail.iter().position(|&c| anchors(c))?;
    Some(from + done + i)
}

/// The next find at or after `from`; nothing before `floor` belongs to it. Moves
/// `from` past what was looked at.
fn next(text: &str, from: &mut usize, floor: usize) -> Option<Found> {
    let b = text.as_bytes();
    while let Some(p) = next_anchor(b, *from) {
        let found = match at(b, p) {
            b'@' => {
                *from = p + 1;
                email::detect(text, p, floor)
            }
            b':' => {
                *from = p + 1;
                net::credentials(b, p).or_else(|| net::hex(b, p, floor))
            }
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

/// Asks the detectors about the run of digits at `p`, the strictest first: a
/// checksum beats a pattern.
fn digit(text: &str, p: usize, floor: usize, from: &mut usize) -> Option<Found> {
    let b = text.as_bytes();
    let mut run = p;
    while at(b, run).is_ascii_digit() {
        run += 1;
    }
    *from = run;
    if let Some(sign) = email::leads_to_at(b, p)
        && let Some(found) = email::detect(text, sign, floor)
    {
        return Some(found);
    }
    let mut word = p;
    while word - p < 5 && at(b, word).is_ascii_hexdigit() {
        word += 1;
    }
    let next = at(b, word);
    let letter = back(b, p, 1).is_ascii_alphabetic();
    if matches!(next, b':' | b'-' | b'.') {
        if let Some(found) = net::hex(b, p, floor) {
            return Some(found);
        }
        if next == b'.'
            && let Some(found) = net::v4(b, p, floor)
        {
            return Some(found);
        }
    }
    if letter {
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
        && let Some(found) = coordinates::detect(b, p, floor)
    {
        return Some(found);
    }
    if run - p <= 4
        && let Some(found) = birth::detect(text, p, floor)
    {
        return Some(found);
    }
    card::detect(b, p, floor).or_else(|| phone::detect(b, p, floor))
}
