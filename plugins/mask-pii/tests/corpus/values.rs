//! How accounts, cards, addresses, positions and dates of birth are drawn.

use crate::draw::{self, Rng};
use crate::forms::{CARDS, IBANS};

pub(super) fn iban(rng: &mut Rng) -> String {
    let (country, shape) = IBANS[rng.below(IBANS.len())];
    let bban = rng.fill(shape);
    let whole = draw::iban(country, &bban);
    match rng.below(10) {
        0..=4 => whole,
        5 => whole.to_lowercase(),
        n => {
            let sep = if n == 6 {
                "-"
            } else if n == 7 {
                "\u{a0}"
            } else {
                " "
            };
            let parts: Vec<String> =
                whole.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
            parts.join(sep)
        }
    }
}

pub(super) fn card(rng: &mut Rng) -> String {
    let shape = rng.pick(CARDS);
    let number = draw::luhn(&rng.fill(shape));
    let cuts: &[usize] = match number.len() {
        15 => &[4, 10],
        14 => &[4, 10],
        16 => &[4, 8, 12],
        _ => &[],
    };
    let sep = match rng.below(4) {
        0 | 1 => " ",
        2 => "-",
        _ => return number,
    };
    let mut out = String::new();
    for (i, c) in number.chars().enumerate() {
        if cuts.contains(&i) {
            out.push_str(sep);
        }
        out.push(c);
    }
    out
}

pub(super) fn email(rng: &mut Rng) -> String {
    let local = rng.pick(&[
        "anna",
        "j.smith",
        "maria.garcia85",
        "info",
        "o'connor",
        "jean-pierre.dupont",
        "x",
        "user+alerts",
        "hr_dept",
        "müller",
        "1985anna",
        "0171234567",
        "иван",
        "first.last.third",
        "bob%home",
        "A.B-C_d",
    ]);
    let host = rng.pick(&[
        "example.org",
        "mail.example.co.uk",
        "gmail.com",
        "xn--bcher-kva.example",
        "bücher.example",
        "sub.domain.example.museum",
        "web.de",
        "123-reg.co.uk",
        "почта.рф",
        "univ-lille.fr",
        "163.com",
        "GMAIL.COM",
    ]);
    format!("{local}{}@{host}", rng.pick(&["", "1", "77", "_x"]))
}

pub(super) fn ip(rng: &mut Rng) -> String {
    if rng.below(2) == 0 {
        format!("{}.{}.{}.{}", 1 + rng.below(255), rng.below(256), rng.below(256), rng.below(256))
    } else {
        let p = rng.pick(&[
            "2001:db8::1",
            "fe80::HHHH:HHff:feHH:HHHH",
            "2a02:8108:HHHH:HHHH:HHHH:HHHH:HHHH:HHHH",
            "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
            "::1",
            "::ffff:192.0.2.1##",
            "2606:4700:4700::1111",
            "fd00::PH",
            "2001:DB8:0:0:8:800:200C:417^A",
            "fe80::1%eth0",
            "64:ff9b::192.0.2.33",
            "2a00:PHHH::",
        ]);
        rng.fill(p)
    }
}

pub(super) fn mac(rng: &mut Rng) -> String {
    let p = rng.pick(&["HH:HH:HH:HH:HH:HH", "HH-HH-HH-HH-HH-HH", "00:1^A:2B:HH:HH:HH", "00aH.HHHH.HHHH"]);
    rng.fill(p)
}

pub(super) fn coordinates(rng: &mut Rng) -> String {
    let p = rng.pick(&[
        "48.####, 2.####",
        "-33.#####,151.#####",
        "48.######° ^N, 2.######° E",
        "52.###, -13.###",
        "^N 48.####, E 11.####",
        "48°51'24\"^N 2°21'03\"E",
        "40° 26′ 46″ ^N, 79° 58′ 56″ W",
        "34°03′S 18°25′E",
        "18.5####, -72.3####",
        "^N48.#### E11.####",
        "48.85## / 2.35##",
        "51°30'26.4\"^N, 0°7'39.9\"W",
        "(35.6###, 139.6###)",
        "48,8###; 2,3###",
        "48.####^N 11.####E",
    ]);
    rng.fill(p)
}

pub(super) fn birth(rng: &mut Rng) -> (&'static str, String) {
    let cue = rng.pick(&[
        "born",
        "born on",
        "DOB:",
        "DOB",
        "date of birth:",
        "Date of Birth",
        "né le",
        "née le",
        "né(e) le",
        "geboren am",
        "geb.",
        "geb. am",
        "Geburtsdatum:",
        "nacido el",
        "nacida el",
        "fecha de nacimiento:",
        "nato il",
        "nata a Roma il",
        "data di nascita",
        "nascido em",
        "data de nascimento:",
        "geboortedatum",
        "ur.",
        "urodzona",
        "født",
        "född",
        "дата рождения:",
        "родился",
        "doğum tarihi:",
        "birthday",
        "was born in Lyon on",
        "d.o.b.",
    ]);
    let d = rng.pick(&[
        "1#/0P/19N#",
        "0P/1#/19N#",
        "1#.0P.19N#",
        "19N#-0P-1#",
        "1# March 19N#",
        "1#. März 19N#",
        "1# mars 19N#",
        "1# de mayo de 19N#",
        "March 1#, 19N#",
        "1#-0P-19N#",
        "1#.0P.N#",
        "1# Sept 19N#",
        "1er janvier 19N#",
        "1# giugno 19N#",
        "1# мая 19N#",
        "1#th of June 19N#",
        "P.P.19N#",
    ]);
    (cue, rng.fill(d))
}
