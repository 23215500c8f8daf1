//! Whether a store that failed is asked again.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The first pause after a failure, in µs.
const FIRST_US: i64 = 100_000;
/// The longest one: what it adds to an outage.
const LONGEST_US: i64 = 5_000_000;
/// After a failure that somebody must mend.
const BROKEN_US: i64 = 30_000_000;

/// Open after a failure, for longer after each one: it then lets one attempt through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circuit {
    failures: u32,
    until_us: i64,
}

impl Circuit {
    /// Whether the last attempt has failed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.failures > 0
    }

    /// Whether there may be an attempt.
    #[must_use]
    pub fn lets_through(&self, now_us: i64) -> bool {
        now_us >= self.until_us
    }

    /// An attempt has failed. `seed` tells apart those who would all come back at the same moment.
    pub(crate) fn fail(&mut self, now_us: i64, seed: &str) {
        let pause_us = FIRST_US.saturating_mul(1_i64 << self.failures.min(16)).min(LONGEST_US);
        self.failures = self.failures.saturating_add(1);
        let mut hasher = DefaultHasher::new();
        (seed, self.failures, now_us).hash(&mut hasher);
        // Between half of the pause and all of it.
        let share = i64::try_from(hasher.finish() % 1024).unwrap_or(0);
        self.until_us = now_us.saturating_add(pause_us / 2 + pause_us / 2 * share / 1024);
    }

    /// An attempt has failed in a way that somebody must mend: it is tried again, seldom.
    pub(crate) fn break_down(&mut self, now_us: i64) {
        self.failures = self.failures.saturating_add(1);
        self.until_us = now_us.saturating_add(BROKEN_US);
    }

    pub(crate) fn succeed(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_seconds_and_end_with_a_success() {
        let (mut circuit, mut now_us, mut pauses) = (Circuit::default(), 0, Vec::new());
        for _ in 0..12 {
            assert!(circuit.lets_through(now_us));
            circuit.fail(now_us, "search");
            assert!(circuit.is_open() && !circuit.lets_through(now_us));
            pauses.push(circuit.until_us - now_us);
            now_us = circuit.until_us;
        }
        for (number, pause_us) in pauses.iter().enumerate() {
            let most_us = (FIRST_US << number).min(LONGEST_US);
            assert!((most_us / 2..=most_us).contains(pause_us), "{pauses:?}");
        }
        let (mut one, mut other) = (Circuit::default(), Circuit::default());
        one.fail(0, "search");
        other.fail(0, "lake");
        assert_ne!(one.until_us, other.until_us, "they come back together");
        circuit.succeed();
        assert!(!circuit.is_open() && circuit.lets_through(0));
    }
}
