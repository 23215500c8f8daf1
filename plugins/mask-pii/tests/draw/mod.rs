//! What all corpora draw with: random numbers, and the check digits of accounts and cards.

/// Splitmix64: a corpus must not change because a crate's generator did.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// The check digits of ISO 13616 in front of a BBAN.
pub fn iban(country: &str, bban: &str) -> String {
    let rest = format!("{bban}{country}00")
        .chars()
        .fold(0_u32, |r, c| c.to_digit(36).map_or(r, |d| (r * if d < 10 { 10 } else { 100 } + d) % 97));
    format!("{country}{:02}{bban}", 98 - rest)
}

/// The digit of ISO/IEC 7812 behind a number.
pub fn luhn(number: &str) -> String {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| (u32::from(b - b'0'), i))
        .map(|(d, i)| if i % 2 == 0 { d * 2 / 10 + d * 2 % 10 } else { d })
        .sum();
    format!("{number}{}", (10 - sum % 10) % 10)
}
