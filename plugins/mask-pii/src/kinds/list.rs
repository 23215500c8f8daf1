//! Rows of numbers that are lists: counts by year, sizes, times, readings, groups of a code. Their digits alone would
//! often do for a telephone; what tells is the row around them.

use super::{at, back};

/// Does the number at `p` stand in the midst of a row: two numbers of as many digits right before it, one space between
/// each? What was found ends at `floor`, and is no part of the row.
pub(crate) fn midst(b: &[u8], p: usize, floor: usize, len: usize) -> bool {
    if !back(b, p, 2).is_ascii_digit() {
        return false;
    }
    let mut end = p;
    for _ in 0..2 {
        let Some(start) = end.checked_sub(len + 1).filter(|&start| start >= floor) else { return false };
        let is_number = b.get(start..end).is_some_and(|n| {
            n.split_last()
                .is_some_and(|(space, digits)| *space == b' ' && digits.iter().all(u8::is_ascii_digit))
        });
        if !is_number || back(b, start, 1).is_ascii_digit() {
            return false;
        }
        end = start;
    }
    true
}

/// Are there more numbers of `len` digits from `p` on, one space between each, than a telephone has groups, and not
/// those of several? Behind five pairs may be four of a telephone and a count.
pub(crate) fn long(b: &[u8], p: usize, len: usize) -> bool {
    let mut end = p;
    let mut count = 0;
    while (0..len).all(|k| at(b, end + k).is_ascii_digit()) && !at(b, end + len).is_ascii_digit() {
        count += 1;
        end += len + 1;
        if back(b, end, 1) != b' ' {
            break;
        }
    }
    match len {
        2 => count > 5 && count % 4 != 0,
        4 => count > 4 && count % 2 != 0,
        _ => false,
    }
}

/// Is each of three or more numbers, all of `len` digits, one more than that before it: "size 38 39 40", "2021 2022 2023"?
pub(crate) fn counts_up(digits: &[u8], len: usize) -> bool {
    let value = |group: &[u8]| group.iter().fold(0u32, |value, &d| value * 10 + u32::from(d));
    let values = || digits.chunks(len.clamp(1, 4)).map(value);
    digits.len() >= 3 * len && values().zip(values().skip(1)).all(|(one, next)| next == one + 1)
}

/// Does the number at `p` belong to a heading of two to four digits: "2021: 5994", "week 31 32: 77 38"?
pub(crate) fn headed(b: &[u8], p: usize, floor: usize) -> bool {
    p >= floor + 4
        && back(b, p, 1) == b' '
        && back(b, p, 2) == b':'
        && (3..5).all(|n| back(b, p, n).is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_the_midst_of_a_row() {
        assert!(midst(b"12 15 09 33", 6, 0, 2));
        // The first has another length, follows something else or belongs to a find.
        assert!(!midst(b"112 15 09 33", 7, 0, 2));
        assert!(!midst(b"a 15 09 33", 5, 0, 2));
        assert!(!midst(b"12 15 09 33", 6, 1, 2));
        assert!(!midst(b"12-15 09 33", 6, 0, 2));
    }

    #[test]
    fn longer_than_a_telephone() {
        assert!(long(b"38 59 73 25 10 41 people", 0, 2));
        // A telephone and a count, two telephones, and groups that are no pairs
        assert!(!long(b"77 38 59 73 25 people", 0, 2));
        assert!(!long(b"77 38 59 73 77 38 59 74", 0, 2));
        assert!(!long(b"38 59 73 25 10 412", 0, 2));
        assert!(long(b"1443 9791 0622 1668 1696", 0, 4));
        assert!(!long(b"621 456 612 345 678 901", 0, 3));
    }

    #[test]
    fn one_more_each() {
        assert!(counts_up(&[3, 8, 3, 9, 4, 0], 2));
        assert!(!counts_up(&[3, 8, 3, 9], 2) && !counts_up(&[3, 8, 4, 0, 4, 2], 2));
    }

    #[test]
    fn behind_a_heading() {
        assert!(headed(b"34: 77", 4, 0) && headed(b"2021: 59", 6, 0));
        assert!(!headed(b"4: 77", 3, 0) && !headed(b"34: 77", 4, 1) && !headed(b"34, 77", 4, 0));
    }
}
