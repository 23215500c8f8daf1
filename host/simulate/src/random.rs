//! Random numbers that are the same on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// A seeded stream of numbers.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number from 0 to `bound` - 1. The bias of the remainder is below two in a thousand for the
    /// bounds used here, and does not matter to a simulation.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.0.next_u32() % bound.max(1)
    }

    /// One of some things; none only of none.
    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(u32::try_from(of.len()).unwrap_or(1)) as usize)
    }

    /// One of some texts.
    pub(crate) fn pick<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        self.one(texts).copied().unwrap_or_default()
    }

    /// Digits.
    pub(crate) fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| self.digit()).collect()
    }

    /// A pattern with a digit for each `#`.
    pub(crate) fn fill(&mut self, pattern: &str) -> String {
        pattern.chars().map(|c| if c == '#' { self.digit() } else { c }).collect()
    }

    fn digit(&mut self) -> char {
        char::from_digit(self.below(10), 10).unwrap_or('0')
    }
}

/// A number that depends on these alone, for what must be known at any time without a history
/// (the finish of SplitMix64: Steele, Lea and Flood, 2014).
pub(crate) fn fixed(seed: u64, entity: u64, number: i64, bound: i64) -> i64 {
    let mut z = seed;
    for part in [entity, number.cast_unsigned()] {
        z = (z ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
    }
    (z >> 1).cast_signed() % bound.max(1)
}
