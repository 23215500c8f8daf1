//! A text of a few sentences, with its labels.

use mask_pii::Kind;

use crate::draw::Rng;
use crate::forms::{INTERNATIONAL, NATIONAL};
use crate::sentences::{NEGATIVES, SENTENCES};
use crate::values::{birth, card, coordinates, email, iban, ip, mac};

pub(super) struct Label {
    pub(super) kind: Kind,
    pub(super) national: bool,
    pub(super) start: usize,
    pub(super) end: usize,
}

pub(super) struct Text {
    pub(super) text: String,
    pub(super) labels: Vec<Label>,
}

/// A piece with its kind, and a sentence that people would put it in.
fn personal(rng: &mut Rng, out: &mut Text) {
    let (kind, national, before, piece, after): (Kind, bool, &str, String, &str) = match rng.below(12) {
        0 => (
            Kind::Email,
            false,
            rng.pick(&["mail ", "Write to ", "(", "<", "mailto:", "", "E-Mail: ", "→ ", "contact\t", "\""]),
            email(rng),
            rng.pick(&["", ".", ",", ")", ">", " asap", "!", "\n", "\""]),
        ),
        1 => {
            let p = INTERNATIONAL[rng.below(INTERNATIONAL.len())];
            (
                Kind::Phone,
                false,
                rng.pick(&[
                    "call ",
                    "Tel.: ",
                    "WhatsApp ",
                    "",
                    "my number is ",
                    "(",
                    "tel:",
                    "contact Maria ",
                ]),
                rng.fill(p),
                rng.pick(&["", ".", ",", " please", "!", " / 2 adults", "\n"]),
            )
        }
        2..=4 => {
            let (_, forms) = NATIONAL[rng.below(NATIONAL.len())];
            let p = rng.pick(forms);
            let before = if rng.below(10) < 6 {
                rng.pick(&[
                    "call ",
                    "Call me at ",
                    "Tel. ",
                    "Tel: ",
                    "Tel:",
                    "phone number ",
                    "Handy ",
                    "tél ",
                    "Téléphone : ",
                    "teléfono ",
                    "WhatsApp: ",
                    "mobile ",
                    "llamar al ",
                    "ligue ",
                    "cell ",
                    "тел. ",
                    "chiamare ",
                    "Phone no. ",
                    "fax ",
                ])
            } else {
                rng.pick(&[
                    "Maria ",
                    "my number is ",
                    "reach us on ",
                    "I am here, ",
                    "",
                    "– ",
                    "Kontakt: ",
                    "Infos: ",
                    "joindre Paul au ",
                    "número ",
                    "my wife's number: ",
                ])
            };
            (
                Kind::Phone,
                true,
                before,
                rng.fill(p),
                rng.pick(&["", ".", ",", " please", "!", " now", " (Maria)", "\n", "; thanks"]),
            )
        }
        5 => (
            Kind::Iban,
            false,
            rng.pick(&["IBAN ", "IBAN: ", "donate to ", "", "Konto "]),
            iban(rng),
            rng.pick(&["", ".", ",", " BIC", "\n"]),
        ),
        6 => (
            Kind::Card,
            false,
            rng.pick(&["card ", "my visa ", "", "Karte: ", "charged to "]),
            card(rng),
            rng.pick(&["", ".", ",", " exp 12/27", "\n"]),
        ),
        7 => (
            Kind::Ip,
            false,
            rng.pick(&["from ", "IP: ", "", "(", "[", "host ", "ip="]),
            ip(rng),
            rng.pick(&["", ".", ",", ")", " down", "\n", "/24"]),
        ),
        8 => {
            (Kind::Mac, false, rng.pick(&["MAC ", "device ", ""]), mac(rng), rng.pick(&["", ".", " offline"]))
        }
        9 => {
            let user = rng.pick(&["admin:s3cr3t", "bob:p%40ss", "root:1234567", "anna.k:geheim!"]);
            let scheme = rng.pick(&["see https://", "ftp://", "postgres://", "rtsp://"]);
            (
                Kind::Credentials,
                false,
                scheme,
                user.to_owned(),
                rng.pick(&["@cam.example.org/live", "@example.org:8080/x", "@db/x"]),
            )
        }
        10 => {
            if rng.below(2) == 0 {
                let handle =
                    rng.pick(&["@anna_k", "@RedCross", "@user99", "@j.doe", "@help@mastodon.social", "@_x1"]);
                (
                    Kind::Handle,
                    false,
                    rng.pick(&["RT ", "thanks ", "", "(", "cc: "]),
                    handle.to_owned(),
                    rng.pick(&["", ".", ",", ":", ")", "!"]),
                )
            } else {
                (
                    Kind::Coordinates,
                    false,
                    rng.pick(&["at ", "we are at ", "GPS: ", "position ", ""]),
                    coordinates(rng),
                    rng.pick(&["", ".", " hurry", "\n"]),
                )
            }
        }
        _ => {
            let (cue, date) = birth(rng);
            out.text.push_str(rng.pick(&["Missing: Paul, ", "", "girl, "]));
            out.text.push_str(cue);
            (Kind::BirthDate, false, " ", date, rng.pick(&["", ".", ",", ")", " in Kyiv"]))
        }
    };
    out.text.push_str(before);
    let start = out.text.len();
    out.text.push_str(&piece);
    out.labels.push(Label { kind, national, start, end: out.text.len() });
    out.text.push_str(after);
}

pub(super) fn generate(rng: &mut Rng) -> Text {
    let mut out = Text { text: String::new(), labels: Vec::new() };
    for part in 0..1 + rng.below(4) {
        if part > 0 {
            out.text.push(' ');
        }
        match rng.below(4) {
            0 => out.text.push_str(rng.pick(SENTENCES)),
            1 => {
                out.text.push_str(rng.pick(SENTENCES));
                out.text.push(' ');
                let p = rng.pick(NEGATIVES);
                out.text.push_str(&rng.fill(p));
                out.text.push_str(rng.pick(&[".", ",", "", " and more", ";"]));
                out.text.push(' ');
                out.text.push_str(rng.pick(SENTENCES));
            }
            2 => out.text.push_str(rng.pick(SENTENCES)),
            _ => {
                personal(rng, &mut out);
                out.text.push(' ');
                out.text.push_str(rng.pick(SENTENCES));
            }
        }
    }
    out
}
