use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::*;

fn run(seed: u64, bad_per_mille: u32) -> Vec<Event> {
    events(&Options { seed, events: 4000, bad_per_mille }).collect()
}

fn digest(events: &[Event]) -> u64 {
    let mut hasher = DefaultHasher::new();
    events.iter().for_each(|e| e.json.hash(&mut hasher));
    hasher.finish()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    assert_eq!(digest(&run(1, 10)), digest(&run(1, 10)));
    assert_ne!(digest(&run(1, 10)), digest(&run(2, 10)));
}

#[test]
fn good_events_are_json_in_order_of_receipt_and_bad_ones_are_marked() {
    let all = run(7, 50);
    assert!(all.is_sorted_by_key(|e| e.received_us));
    assert!(all.iter().all(|e| e.at_us < e.received_us));
    let bad = all.iter().filter(|e| e.truth.bad.is_some()).count();
    assert!((120..280).contains(&bad), "{bad}");
    for event in all.iter().filter(|e| e.truth.bad.is_none()) {
        serde_json::from_slice::<serde_json::Value>(&event.json).unwrap();
    }
    let planted = all.iter().filter(|e| !e.truth.planted.is_empty()).count();
    assert!(planted > 150, "{planted}");
}

#[test]
fn planted_numbers_have_valid_checksums() {
    let mut random = Random::new(3);
    let mut seen = (0, 0);
    for _ in 0..500 {
        let (kind, sentence) = people::sentence(&mut random);
        let word = sentence.split(' ').next_back().unwrap();
        if kind == "card" {
            assert_eq!(people::luhn(word) % 10, 0, "{word}");
            seen.0 += 1;
        } else if kind == "iban" {
            assert_eq!(people::mod_97(&format!("{}1314{}", &word[4..], &word[2..4])), 1, "{word}");
            seen.1 += 1;
        }
    }
    assert!(seen.0 > 20 && seen.1 > 20);
}
