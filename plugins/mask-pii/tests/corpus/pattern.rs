//! The small language of this corpus's patterns.

use crate::draw::Rng;

impl Rng {
    /// #: 0-9, N: 2-9, P: 1-9, H: hex digit, A: capital, ^: the next stands for itself; all else stands for itself.
    pub(super) fn fill(&mut self, pattern: &str) -> String {
        let mut literal = false;
        pattern
            .chars()
            .filter_map(|c| {
                if std::mem::take(&mut literal) {
                    return Some(c);
                }
                literal = c == '^';
                (!literal).then(|| match c {
                    '#' => char::from(b'0' + self.below(10) as u8),
                    'N' => char::from(b'2' + self.below(8) as u8),
                    'P' => char::from(b'1' + self.below(9) as u8),
                    'H' => char::from(b"0123456789abcdef"[self.below(16)]),
                    'A' => char::from(b'A' + self.below(26) as u8),
                    c => c,
                })
            })
            .collect()
    }
}
