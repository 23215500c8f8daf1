//! The groups of digits that a number is written in: what parts them, and what stands before the first.

use crate::kinds::{at, back, starts_with};

/// What stands before a group of digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sep {
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
pub(super) struct Group {
    pub(super) len: usize,
    pub(super) end: usize,
    pub(super) sep: Sep,
    pub(super) open: bool,
}

/// The separator at `i`, at most a bracket, a dash and two spaces, with a digit
/// after it: what it is, whether it opens a bracket, and where it ends.
pub(super) fn separator(b: &[u8], mut i: usize) -> Option<(Sep, bool, usize)> {
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

/// `0xx51`: Brazil's trunk zero, and the two digits of whichever carrier one dials by.
pub(super) fn carrier(b: &[u8], i: usize) -> bool {
    back(b, i, 1) == b'0' && starts_with(b, i, b"xx") && at(b, i + 2).is_ascii_digit()
}

/// The sign or bracket before the first digit: the number's start, whether there is
/// a plus, and whether the first group is in brackets.
pub(super) fn lead(b: &[u8], p: usize, floor: usize) -> (usize, bool, bool) {
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
