//! E-mail addresses and phone numbers in a text, found by hand in one pass each.

const WORD: u8 = 1;
const HOST: u8 = 2;
const LETTER: u8 = 4;
const PHONE: u8 = 8;
const DIGIT: u8 = 16;

/// What a byte may be a part of.
#[allow(clippy::indexing_slicing)] // Worked out when it is compiled.
const CLASSES: [u8; 256] = {
    let mut classes = [0_u8; 256];
    let mut at = 0;
    while at < 128 {
        let byte = at as u8;
        if byte.is_ascii_alphabetic() {
            classes[at] |= WORD | HOST | LETTER;
        }
        if byte.is_ascii_digit() {
            classes[at] |= WORD | HOST | PHONE | DIGIT;
        }
        match byte {
            b'.' | b'-' => classes[at] |= WORD | HOST | PHONE,
            b'_' | b'%' | b'+' => classes[at] |= WORD,
            b' ' | b'(' | b')' => classes[at] |= PHONE,
            _ => {}
        }
        at += 1;
    }
    classes
};
/// Fewest bytes from a phone number's first digit to its last.
const LEAST_PHONE: usize = 9;

fn is(text: &[u8], at: usize, class: u8) -> bool {
    text.get(at).is_some_and(|byte| CLASSES.get(usize::from(*byte)).is_some_and(|of| of & class != 0))
}

/// Where the run of bytes of a class ends that begins at `from`.
fn run(text: &[u8], from: usize, class: u8) -> usize {
    let mut end = from;
    while is(text, end, class) {
        end += 1;
    }
    end
}

/// Keeps its buffer from text to text.
#[derive(Default)]
pub struct Masker {
    without_email: String,
}

impl Masker {
    /// Appends the text to `masked`, with `[email]` and `[phone]` in place of what was found.
    pub fn mask(&mut self, text: &str, masked: &mut String) {
        self.without_email.clear();
        emails(text, &mut self.without_email);
        phones(&self.without_email, masked);
    }
}

/// `[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`
fn emails(text: &str, masked: &mut String) {
    let bytes = text.as_bytes();
    let (mut from, mut next) = (0, 0);
    while let Some(at) = text.get(next..).and_then(|rest| rest.find('@')).map(|at| at + next) {
        let mut start = at;
        while start > from && is(bytes, start - 1, WORD) {
            start -= 1;
        }
        next = at + 1;
        if let Some(end) = host_end(bytes, at + 1).filter(|_| start < at) {
            masked.push_str(text.get(from..start).unwrap_or_default());
            masked.push_str("[email]");
            (from, next) = (end, end);
        }
    }
    masked.push_str(text.get(from..).unwrap_or_default());
}

/// The end of a host's name: its last dot with a byte before it and two letters behind it, and the letters.
fn host_end(text: &[u8], from: usize) -> Option<usize> {
    let end = run(text, from, HOST);
    (from + 1..end).rev().filter(|at| text.get(*at) == Some(&b'.')).find_map(|dot| {
        let letters = run(text, dot + 1, LETTER);
        (letters > dot + 2).then_some(letters)
    })
}

/// `\+?[0-9][0-9 ().-]{7,}[0-9]`
fn phones(text: &str, masked: &mut String) {
    let bytes = text.as_bytes();
    let (mut from, mut at) = (0, 0);
    while at < bytes.len() {
        if !is(bytes, at, DIGIT) {
            at += 1;
            continue;
        }
        let mut end = run(bytes, at, PHONE);
        while !is(bytes, end - 1, DIGIT) {
            end -= 1;
        }
        if end - at >= LEAST_PHONE {
            let plus = at > from && bytes.get(at - 1) == Some(&b'+');
            masked.push_str(text.get(from..at - usize::from(plus)).unwrap_or_default());
            masked.push_str("[phone]");
            from = end;
        }
        at = end;
    }
    masked.push_str(text.get(from..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_becomes_its_kind() {
        for (text, wanted) in [
            ("call +33 6 12 34 56 78", "call [phone]"),
            ("mail1.x@post.example.org, help", "[email], help"),
            ("a@b.c and @d.org and e@f.org.", "a@b.c and @d.org and [email]."),
            ("école 12 34 (0)6-12.34.56", "école [phone]"),
            ("12 345 6, 1-2-3", "12 345 6, 1-2-3"),
            ("x@y.zz@w.uu 123456789 ", "[email]@w.uu [phone] "),
            ("", ""),
        ] {
            let mut masked = String::new();
            Masker::default().mask(text, &mut masked);
            assert_eq!(masked, wanted);
        }
    }
}
