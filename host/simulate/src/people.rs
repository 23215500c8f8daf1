//! Personal data that is nobody's: example domains, documentation addresses, fictional numbers, valid
//! checksums.

use crate::random::Random;

/// What can be planted in a post.
const KINDS: [&str; 7] = ["email", "phone", "iban", "card", "ip", "mac", "handle"];

/// A kind of personal data and a sentence that holds some.
pub(crate) fn sentence(random: &mut Random) -> (&'static str, String) {
    let kind = random.pick(&KINDS);
    let name = random.pick(&["aung", "thida", "min.zaw", "khin", "su_mon", "kyaw.win"]);
    let sentence = match kind {
        "email" => format!("Write to {name}{}@example.org", random.below(100)),
        // +1 202 555 01xx is set aside for fiction (NANPA).
        "phone" => format!("Call +1 202-555-01{}", random.digits(2)),
        "iban" => format!("Donate to {}", iban(random)),
        "card" => format!("My card is {}", card(random)),
        // 192.0.2.0/24 is set aside for documentation (RFC 5737).
        "ip" => format!("The camera is at 192.0.2.{}", random.below(256)),
        // 00:00:5E:00:53:xx is set aside for documentation (RFC 7042).
        "mac" => format!("Router 00:00:5E:00:53:{:02X}", random.below(256)),
        _ => format!("Ask @{name}{}", random.below(100)),
    };
    (kind, sentence)
}

/// A German IBAN of a bank that does not exist, with its check digits (ISO 13616: mod 97).
fn iban(random: &mut Random) -> String {
    let account = format!("00000000{}", random.digits(10));
    // "DE00" moved behind, letters as two digits: D = 13, E = 14.
    let check = 98 - mod_97(&format!("{account}131400"));
    format!("DE{check:02}{account}")
}

pub(crate) fn mod_97(digits: &str) -> u32 {
    digits.bytes().fold(0, |rest, d| (rest * 10 + u32::from(d - b'0')) % 97)
}

/// A card number with its check digit (ISO/IEC 7812: Luhn).
fn card(random: &mut Random) -> String {
    let body = format!("41111111{}", random.digits(7));
    let check = (10 - luhn(&format!("{body}0")) % 10) % 10;
    format!("{body}{check}")
}

pub(crate) fn luhn(digits: &str) -> u32 {
    digits
        .bytes()
        .rev()
        .zip(0..)
        .map(|(digit, place)| match (u32::from(digit - b'0'), place % 2) {
            (d, 0) => d,
            (d, _) if d > 4 => 2 * d - 9,
            (d, _) => 2 * d,
        })
        .sum()
}
