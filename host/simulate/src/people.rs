//! Personal data that is nobody's: example domains, documentation addresses, fictional or impossible
//! telephone numbers, made-up accounts and cards with valid checksums.

mod tongues;

use crate::random::Random;
pub(crate) use tongues::Tongue;

/// What can be planted in a post, by the names of mask-pii.
pub(crate) const KINDS: [&str; 10] =
    ["email", "phone", "iban", "card", "ip", "mac", "handle", "credentials", "coordinates", "birth-date"];

const NAMES: [&str; 18] = [
    "aung",
    "thida",
    "min.zaw",
    "khin",
    "su_mon",
    "kyaw.win",
    "somchai",
    "nguyen.anh",
    "priya",
    "rahim",
    "li-wei",
    "yuki",
    "olga",
    "m.garcia",
    "joao",
    "francois",
    "mehmet",
    "o_neill",
];

/// A kind of personal data, words that lead to it, and the datum.
pub(crate) fn datum(tongue: &Tongue, random: &mut Random) -> (&'static str, &'static str, String) {
    let kind = random.pick(&KINDS);
    let name = format!("{}{}", random.pick(&NAMES), random.below(100));
    let (lead, datum) = match kind {
        // RFC 2606
        "email" => (
            tongue.write,
            format!("{name}@{}", random.pick(&["example.org", "example.com", "mail.example.net"])),
        ),
        "phone" => (tongue.call, phone(random)),
        "iban" => (tongue.donate, iban(random)),
        "card" => (tongue.card, card(random)),
        "ip" => ("IP", ip(random)),
        // 00:00:5E:00:53:xx is set aside for documentation (RFC 7042).
        "mac" => ("MAC", format!("00:00:5E:00:53:{:02X}", random.below(256))),
        "credentials" => {
            ("URL", format!("https://{name}:secret{}@camera.example.org/live", random.digits(3)))
        }
        "coordinates" => ("GPS", format!("17.{}, 96.{}", random.digits(5), random.digits(5))),
        "birth-date" => (tongue.born, birth_date(random)),
        _ => (tongue.ask, format!("@{name}")),
    };
    (kind, lead, datum)
}

/// Set aside for fiction by the regulators of North America (555-01xx), Britain (Ofcom), France (ARCEP),
/// Germany (BNetzA), Australia (ACMA), Sweden (PTS) and Ireland (ComReg); then, for countries that set
/// none aside, numbers that go on with zeros where no plan has a number.
const PHONES: [&str; 39] = [
    "+1 202-555-01##",
    "(202) 555-01##",
    "+1 (604) 555-01##",
    "416-555-01##",
    "+44 7700 900###",
    "020 7946 0###",
    "01632 960###",
    "+33 1 99 00 ## ##",
    "06 39 98 ## ##",
    "+49 30 23125 ###",
    "089 99998 ###",
    "0171 39200##",
    "+61 2 5550 ####",
    "03 7010 ####",
    "+46 8 465 004 ##",
    "070-174 06 9#",
    "+353 20 911 ####",
    "+95 9 000 000 ###",
    "+959000000###",
    "+66 00 000 ####",
    "+880 0000-00####",
    "+91 00000 0####",
    "+86 000 0000 ####",
    "+81 00-0000-####",
    "+84 000 000 ###",
    "+62 000-0000-####",
    "+63 000 000 ####",
    "+60 00-000 ####",
    "+94 00 000 ####",
    "+92 000 000####",
    "+977 000-000####",
    "+55 00 90000-####",
    "+34 000 000 ###",
    "+48 000 000 ###",
    "+39 000 000 ####",
    "+90 000 000 ## ##",
    "+380 00 000 ## ##",
    "+20 000 000 ####",
    "+254 000 000###",
];

fn phone(random: &mut Random) -> String {
    let pattern = random.pick(&PHONES);
    random.fill(pattern)
}

/// Country, a bank that does not exist (zeros, TEST) and how many digits follow: lengths of the SWIFT
/// IBAN registry.
pub(crate) const ACCOUNTS: [(&str, &str, usize); 28] = [
    ("DE", "00000000", 10),
    ("FR", "0000000000", 13),
    ("GB", "TEST000000", 8),
    ("NL", "TEST", 10),
    ("ES", "00000000", 12),
    ("IT", "X0000000000", 12),
    ("BE", "000", 9),
    ("AT", "00000", 11),
    ("CH", "00000", 12),
    ("PL", "00000000", 16),
    ("PT", "00000000", 13),
    ("SE", "000", 17),
    ("NO", "0000", 7),
    ("DK", "0000", 10),
    ("FI", "000", 11),
    ("IE", "TEST000000", 8),
    ("CZ", "0000", 16),
    ("RO", "TEST", 16),
    ("GR", "0000000", 16),
    ("HU", "0000000", 17),
    ("TR", "000000", 16),
    ("UA", "000000", 19),
    ("SA", "00", 18),
    ("AE", "000", 16),
    ("PK", "TEST", 16),
    ("EG", "0000", 21),
    ("JO", "TEST", 22),
    ("KZ", "000", 13),
];

/// An account with its check digits (ISO 13616), half of them in groups of four as on paper.
pub(crate) fn iban(random: &mut Random) -> String {
    let Some((country, bank, digits)) = random.one(&ACCOUNTS) else { return String::new() };
    let account = format!("{bank}{}", random.digits(*digits));
    let check = 98 - mod_97(&format!("{account}{country}00"));
    let plain = format!("{country}{check:02}{account}");
    if random.below(2) == 0 { plain } else { grouped(&plain, |i| i % 4 == 0) }
}

/// ISO 7064 MOD 97-10; letters count as 10 to 35.
pub(crate) fn mod_97(text: &str) -> u32 {
    text.chars().filter_map(|c| c.to_digit(36)).fold(0, |rest, d| {
        let shift = if d > 9 { 100 } else { 10 };
        (rest * shift + d) % 97
    })
}

/// The beginnings of the networks' published test cards (Visa, Mastercard, American Express, Discover,
/// JCB, UnionPay), and their length.
const CARDS: [(&str, usize); 6] = [
    ("41111111", 16),
    ("55555555", 16),
    ("37828224", 15),
    ("60111111", 16),
    ("35301113", 16),
    ("62000000", 16),
];

/// A card number with its check digit (ISO/IEC 7812: Luhn), half of them grouped as they are printed.
pub(crate) fn card(random: &mut Random) -> String {
    let Some((network, length)) = random.one(&CARDS) else { return String::new() };
    let body = format!("{network}{}", random.digits(length - network.len() - 1));
    let check = (10 - luhn(&format!("{body}0")) % 10) % 10;
    let plain = format!("{body}{check}");
    match (random.below(2), length) {
        (0, _) => plain,
        (_, 15) => grouped(&plain, |i| i == 4 || i == 10),
        _ => grouped(&plain, |i| i % 4 == 0),
    }
}

pub(crate) fn luhn(digits: &str) -> u32 {
    let value = |(digit, place): (u32, u32)| match (digit, place % 2) {
        (d, 0) => d,
        (d, _) if d > 4 => 2 * d - 9,
        (d, _) => 2 * d,
    };
    digits.chars().rev().filter_map(|c| c.to_digit(10)).zip(0..).map(value).sum()
}

fn grouped(text: &str, cut: impl Fn(usize) -> bool) -> String {
    let with_space = |(i, c)| [(i > 0 && cut(i)).then_some(' '), Some(c)];
    text.chars().enumerate().flat_map(with_space).flatten().collect()
}

/// Networks set aside for documentation (RFC 5737, RFC 3849).
fn ip(random: &mut Random) -> String {
    match random.below(4) {
        0 => format!("2001:db8::{:x}:{:x}", random.below(65_536), 1 + random.below(65_535)),
        1 => format!("198.51.100.{}", random.below(256)),
        2 => format!("203.0.113.{}", random.below(256)),
        _ => format!("192.0.2.{}", random.below(256)),
    }
}

fn birth_date(random: &mut Random) -> String {
    let (year, month, day) = (1940 + random.below(65), 1 + random.below(12), 1 + random.below(28));
    match random.below(3) {
        0 => format!("{year}-{month:02}-{day:02}"),
        1 => format!("{day:02}/{month:02}/{year}"),
        _ => format!("{day:02}.{month:02}.{year}"),
    }
}
