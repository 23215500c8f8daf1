//! What the held-out corpora share: the generator's small language, and the measure.
//!
//! A pattern is text in which `#` is a digit, `~` a digit 1 to 9, `^` a digit 2 to 9, `\h` and `\H` a hex
//! digit, `\a` and `\A` a letter, `{a|b}` one of several (not nested), and `<name>` a slot; `\` before any
//! other character takes it as it is.

use mask_pii::{Config, Kind, Masker};

pub use crate::draw::{Rng, iban, luhn};

impl Rng {
    /// In `of` cases of a hundred.
    pub fn percent(&mut self, of: usize) -> bool {
        self.below(100) < of
    }
}

/// Rows of the table: the kinds, with national phones apart.
pub const ROWS: usize = 11;
pub const NATIONAL: usize = 10;
pub const EMAIL: usize = Kind::Email as usize;
pub const PHONE: usize = Kind::Phone as usize;
pub const IBAN: usize = Kind::Iban as usize;
pub const CARD: usize = Kind::Card as usize;
pub const IP: usize = Kind::Ip as usize;
pub const MAC: usize = Kind::Mac as usize;
pub const CREDENTIALS: usize = Kind::Credentials as usize;
pub const HANDLE: usize = Kind::Handle as usize;
pub const COORDINATES: usize = Kind::Coordinates as usize;
pub const BIRTH: usize = Kind::BirthDate as usize;

/// A text and where its personal data lies.
#[derive(Default)]
pub struct Labelled {
    pub text: String,
    pub labels: Vec<(usize, usize, usize)>,
}

/// Fills a slot: appends to the text, and labels what is personal.
pub type Fill<'a> = &'a dyn Fn(&str, &mut Rng, &mut Labelled);

pub fn no_slots(name: &str, _: &mut Rng, _: &mut Labelled) {
    unreachable!("no slot {name} here");
}

impl Labelled {
    pub fn label(&mut self, row: usize, value: &str) {
        let start = self.text.len();
        self.text.push_str(value);
        self.labels.push((row, start, self.text.len()));
    }

    pub fn expand(&mut self, pattern: &str, rng: &mut Rng, fill: Fill<'_>) {
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '#' => self.text.push((b'0' + rng.below(10) as u8) as char),
                '~' => self.text.push((b'1' + rng.below(9) as u8) as char),
                '^' => self.text.push((b'2' + rng.below(8) as u8) as char),
                '{' => {
                    let (inner, after) = rest.split_once('}').unwrap();
                    rest = after;
                    let options: Vec<&str> = inner.split('|').collect();
                    let option = rng.pick(&options);
                    self.expand(option, rng, fill);
                }
                '<' => {
                    let (name, after) = rest.split_once('>').unwrap();
                    rest = after;
                    fill(name, rng, self);
                }
                '\\' => {
                    let e = rest.chars().next().unwrap();
                    rest = &rest[e.len_utf8()..];
                    match e {
                        'h' => self.text.push(b"0123456789abcdef"[rng.below(16)] as char),
                        'H' => self.text.push(b"0123456789ABCDEF"[rng.below(16)] as char),
                        'a' => self.text.push((b'a' + rng.below(26) as u8) as char),
                        'A' => self.text.push((b'A' + rng.below(26) as u8) as char),
                        other => self.text.push(other),
                    }
                }
                other => self.text.push(other),
            }
        }
    }
}

pub fn expand(pattern: &str, rng: &mut Rng) -> String {
    let mut out = Labelled::default();
    out.expand(pattern, rng, &no_slots);
    out.text
}

/// Cuts into groups of the given lengths; the last length repeats.
pub fn grouped(value: &str, lengths: &[usize], separator: &str) -> String {
    let mut out = String::new();
    let (mut group, mut left) = (0, lengths[0]);
    for c in value.chars() {
        if left == 0 {
            group = (group + 1).min(lengths.len() - 1);
            left = lengths[group];
            out.push_str(separator);
        }
        left -= 1;
        out.push(c);
    }
    out
}

/// What was measured on one corpus.
#[derive(Default)]
pub struct Measured {
    pub labelled: [u64; ROWS],
    pub found: [u64; ROWS],
    /// Masked in full, whatever the kind.
    pub hidden: [u64; ROWS],
    /// Other words masked, by the kind that took them.
    pub mistakes: [u64; ROWS],
    pub texts: u64,
    pub words: u64,
}

impl Measured {
    pub fn recall(&self, row: usize) -> f64 {
        self.found[row] as f64 / self.labelled[row] as f64
    }

    pub fn mistaken(&self) -> f64 {
        self.mistakes.iter().sum::<u64>() as f64 / self.words as f64
    }

    /// A label is found if each of its letters and digits (of a position: its digits) lies in finds of its kind. Every word that carries
    /// no label is an other word; it is a mistake if one of its letters or digits is masked.
    pub fn add(&mut self, sample: &Labelled, masker: &Masker, show: &str) {
        let text = &sample.text;
        let mut masked = vec![None; text.len()];
        masker.find(text, |f| masked[f.start..f.end].fill(Some(f.kind.index())));
        let solid = |from: usize, to: usize| {
            text[from..to].char_indices().filter(|(_, c)| c.is_alphanumeric()).map(move |(i, _)| from + i)
        };
        self.texts += 1;
        for &(row, start, end) in &sample.labels {
            let kind = if row == NATIONAL { PHONE } else { row };
            self.labelled[row] += 1;
            // In "latitude 9.03…, longitude 38.7…" only the numbers say where.
            let personal = |&i: &usize| row != COORDINATES || text.as_bytes()[i].is_ascii_digit();
            let found = solid(start, end).filter(personal).all(|i| masked[i] == Some(kind));
            self.found[row] += u64::from(found);
            self.hidden[row] += u64::from(solid(start, end).filter(personal).all(|i| masked[i].is_some()));
            if !found && (show == "missed" || show == row.to_string()) {
                println!("missed {row}: {:?} in {text:?}", &text[start..end]);
            }
        }
        let mut at = 0;
        for word in text.split(char::is_whitespace) {
            let (start, end) = (at, at + word.len());
            at = end + text[end..].chars().next().map_or(0, char::len_utf8);
            if !word.contains(char::is_alphanumeric)
                || sample.labels.iter().any(|&(_, s, e)| s < end && start < e)
            {
                continue;
            }
            self.words += 1;
            if let Some(kind) = solid(start, end).find_map(|i| masked[i]) {
                self.mistakes[kind] += 1;
                if show == "mistakes" {
                    println!("mistake {kind}: {word:?} in {text:?}");
                }
            }
        }
    }

    /// The goals of the plugin.
    pub fn assert_goals(&self) {
        for row in [EMAIL, IBAN, CARD, IP] {
            assert!(self.recall(row) >= 0.99, "recall of {}", Kind::NAMES[row]);
        }
        assert!(self.recall(NATIONAL) >= 0.95, "recall of national phones");
        assert!(self.mistaken() <= 0.001, "words masked by mistake");
    }

    pub fn print(&self, title: &str) {
        println!("{title}\n\n| kind | labelled | found | recall | masked as any kind | other words masked |");
        println!("|---|---:|---:|---:|---:|---:|");
        for row in (0..ROWS).filter(|&row| self.labelled[row] + self.mistakes[row] > 0) {
            let (name, other) = match row {
                NATIONAL => ("phone, national", "(above)".to_owned()),
                PHONE => ("phone, international", self.mistakes[row].to_string()),
                _ => (Kind::NAMES[row], self.mistakes[row].to_string()),
            };
            let (labelled, found) = (self.labelled[row], self.found[row]);
            let any = 100.0 * self.hidden[row] as f64 / labelled as f64;
            println!(
                "| {name} | {labelled} | {found} | {:.2} % | {any:.2} % | {other} |",
                100.0 * self.recall(row)
            );
        }
        let mistakes: u64 = self.mistakes.iter().sum();
        let share = 100.0 * self.mistaken();
        println!(
            "\n{} texts, {} other words, {mistakes} masked by mistake: {share:.4} %",
            self.texts, self.words
        );
    }
}

/// Measures `texts` texts of one corpus. `HELD_OUT_SHOW=missed|mistakes|<row>` prints what went wrong.
pub fn measure(title: &str, seed: u64, texts: u64, one: impl Fn(&mut Rng) -> Labelled) -> Measured {
    let show = std::env::var("HELD_OUT_SHOW").unwrap_or_default();
    let masker = Masker::new(&Config::all());
    let (mut rng, mut measured) = (Rng(seed), Measured::default());
    for _ in 0..texts {
        measured.add(&one(&mut rng), &masker, &show);
    }
    measured.print(title);
    measured
}
