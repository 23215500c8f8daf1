//! Measures recall by kind and words masked by mistake on a generated, labelled
//! corpus, and proves that no text makes the scanner panic.

// A panic is what shows a mistake in a generator.
#![allow(clippy::indexing_slicing)]

#[path = "../draw/mod.rs"]
mod draw;
mod forms;
mod pattern;
mod sentences;
mod texts;
mod values;

use draw::Rng;
use mask_pii::{Config, KINDS, Kind, Masker};
use texts::generate;

#[test]
fn recall_and_mistakes() {
    let mut rng = Rng(2026);
    let masker = Masker::new(&Config::all());
    let show = std::env::var("SHOW").is_ok();
    let mut want = [0u64; KINDS + 1];
    let mut got = [0u64; KINDS + 1];
    let mut false_by = [0u64; KINDS];
    let (mut words, mut wrong, mut texts) = (0u64, 0u64, 0u64);
    for _ in 0..40_000 {
        let t = generate(&mut rng);
        texts += 1;
        let mut found = Vec::new();
        masker.find(&t.text, |f| found.push(f));
        for l in &t.labels {
            let row = if l.national { KINDS } else { l.kind.index() };
            want[row] += 1;
            // Every letter and digit of it lies in finds of its kind.
            let whole =
                t.text[l.start..l.end].char_indices().filter(|(_, c)| c.is_alphanumeric()).all(|(i, _)| {
                    found.iter().any(|f| f.kind == l.kind && f.start <= l.start + i && l.start + i < f.end)
                });
            if whole {
                got[row] += 1;
            } else if show {
                println!("MISS {} [{}] in {:?}", l.kind.name(), &t.text[l.start..l.end], t.text);
            }
        }
        let mut at = 0;
        for word in t.text.split(char::is_whitespace) {
            let (s, e) = (at, at + word.len());
            at = e + t.text[e..].chars().next().map_or(0, char::len_utf8);
            if word.is_empty() || t.labels.iter().any(|l| l.start < e && s < l.end) {
                continue;
            }
            words += 1;
            if let Some(f) = found.iter().find(|f| f.start < e && s < f.end) {
                wrong += 1;
                false_by[f.kind.index()] += 1;
                if show {
                    println!("FALSE {} [{}] in {:?}", f.kind.name(), &t.text[f.start..f.end], t.text);
                }
            }
        }
    }
    println!("| kind | labelled | found | recall | other words masked |\n|---|---:|---:|---:|---:|");
    for row in 0..=KINDS {
        let (name, mistakes) = if row == KINDS {
            ("phone, national", String::from("(above)"))
        } else if Kind::ALL[row] == Kind::Phone {
            ("phone, international", false_by[row].to_string())
        } else {
            (Kind::NAMES[row], false_by[row].to_string())
        };
        println!(
            "| {name} | {} | {} | {:.2} % | {mistakes} |",
            want[row],
            got[row],
            100.0 * got[row] as f64 / want[row] as f64
        );
    }
    println!(
        "\n{texts} texts, {words} other words, {wrong} masked by mistake: {:.4} %",
        100.0 * wrong as f64 / words as f64
    );
    let recall = |row: usize| got[row] as f64 / want[row] as f64;
    for kind in [Kind::Email, Kind::Iban, Kind::Card, Kind::Ip] {
        assert!(recall(kind.index()) >= 0.99, "{}", kind.name());
    }
    assert!(recall(KINDS) >= 0.95, "national phones");
    assert!(recall(Kind::Phone.index()) >= 0.95, "international phones");
    assert!(wrong as f64 <= 0.001 * words as f64, "words masked by mistake");
}

#[test]
fn no_text_panics_and_output_is_whole() {
    let mut rng = Rng(7);
    let pieces = [
        "@", ":", "::", "0", "1", "12", "19", "é", "–", "\u{a0}", "漢", "😀", " ", "-", ".", "/", "(", ")",
        "+", "DE", "a", "f", "born ", "né(", "°", "'", "\"", "′", "N", "https://", "1985", "%", ",", "\n",
        "\u{202f}", "#", "May", "мая", "2001:db8",
    ];
    let masker = Masker::new(&Config::all());
    let leave = Config::parse(r#"{"text":{"email":"leave","phone":"leave","iban":"leave","card":"leave","ip":"leave","mac":"leave","credentials":"leave","handle":"leave","coordinates":"leave","birth-date":"leave"}}"#).unwrap();
    let copier = Masker::new(&leave);
    let (mut out, mut counts) = (String::new(), [0; KINDS]);
    for round in 0..300_000 {
        let mut text = String::new();
        for _ in 0..rng.below(40) {
            if round % 4 == 0 {
                text.extend(char::from_u32(rng.next() as u32 % 0x11_0000));
            } else {
                text.push_str(rng.pick(&pieces));
            }
        }
        masker.mask(&text, &mut out, &mut counts);
        if copier.mask(&text, &mut out, &mut counts) {
            assert_eq!(out, text, "what is left is left whole");
        }
    }
}
