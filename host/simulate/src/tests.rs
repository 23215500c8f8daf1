use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::random::Random;

fn run(seed: u64, events: u64, bad_per_mille: u32) -> Vec<Event> {
    super::events(&Options { seed, events, bad_per_mille, ..Options::default() }).collect()
}

fn digest(all: &[Event]) -> String {
    let mut hasher = Sha256::new();
    for event in all {
        hasher.update(event.source.topic());
        hasher.update(event.at_us.to_le_bytes());
        hasher.update(event.received_us.to_le_bytes());
        hasher.update(&event.key);
        hasher.update((event.json.len() as u64).to_le_bytes());
        hasher.update(&event.json);
    }
    hasher.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

fn json(event: &Event) -> Value {
    serde_json::from_slice(&event.json).unwrap()
}

fn good(all: &[Event], source: Source) -> Vec<&Event> {
    all.iter().filter(|e| e.source == source && e.truth.bad.is_none()).collect()
}

fn per_mille(part: usize, of: usize) -> f64 {
    part as f64 * 1000.0 / of as f64
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_every_machine() {
    const GOLDEN: &str = "5120fdfbaec1659ee1f26a3ce041783bf698db7dcab928d41b610e5597a02f32";
    assert_eq!(digest(&run(7, 10_000, 3)), GOLDEN);
    assert_ne!(digest(&run(1, 1000, 3)), digest(&run(2, 1000, 3)));
}

#[test]
fn there_are_exactly_as_many_as_asked_for_in_order_of_receipt() {
    for events in [0, 1, 2, 3, 10, 4000] {
        let options = Options { seed: events, events, bad_per_mille: 100, repeat_per_mille: 300 };
        let all: Vec<Event> = super::events(&options).collect();
        assert_eq!(all.len() as u64, events);
        assert!(all.is_sorted_by_key(|e| e.received_us));
    }
}

#[test]
fn shares_are_near_what_was_asked_for() {
    let all = run(11, 200_000, 20);
    let count = |f: &dyn Fn(&Event) -> bool| all.iter().filter(|e| f(e)).count();
    let posts = count(&|e| e.source == Source::Social);
    let trucks = count(&|e| e.source == Source::Gps);
    let shares = [
        ("bad", per_mille(count(&|e| e.truth.bad.is_some()), all.len()), 18.0..20.0001),
        ("repeats", per_mille(count(&|e| e.truth.repeat), all.len()), 4.4..5.6),
        ("echoes of posts", per_mille(count(&|e| e.truth.echo), posts), 8.5..11.5),
        ("planted of posts", per_mille(count(&|e| !e.truth.planted.is_empty()), posts), 310.0..350.0),
        ("late of trucks", per_mille(count(&|e| e.truth.late_s.is_some()), trucks), 15.0..32.0),
        ("posts", per_mille(posts, all.len()), 190.0..210.0),
        ("trucks", per_mille(trucks, all.len()), 290.0..310.0),
    ];
    for (what, share, wanted) in shares {
        println!("{what}: {share:.2} per mille");
        assert!(wanted.contains(&share), "{what}: {share}");
    }
}

#[test]
fn every_kind_of_badness_occurs_and_is_what_it_is_called() {
    let all = run(5, 40_000, 50);
    let mut seen = BTreeMap::new();
    for event in all.iter().filter(|e| e.truth.bad.is_some()) {
        let bad = event.truth.bad.unwrap();
        *seen.entry(bad).or_insert(0) += 1;
        let text = std::str::from_utf8(&event.json);
        assert_eq!(bad == "utf8", text.is_err(), "{bad}");
        assert!(event.json.len() <= 65_536);
        assert_eq!(bad == "large", event.json.len() >= spoil::LARGE_BYTES as usize, "{bad}");
        assert!(!event.truth.repeat && !event.truth.echo);
        let text = text.unwrap_or_default();
        let parsed: Result<Value, _> = serde_json::from_str(text);
        let ok = match bad {
            "utf8" | "json" => parsed.is_err(),
            "empty" => text.is_empty(),
            "deep" => text.starts_with("{\"x\":{\"x\":"),
            "missing" => parsed.unwrap().as_object().unwrap().len() == 1,
            "array" => parsed.unwrap().is_array(),
            "twice" => text.matches("\"id\":\"").count() + text.matches("\"guid\":\"").count() >= 2,
            "number" => [r#""id":12345"#, r#""guid":12345"#].iter().any(|t| text.contains(t)),
            "text" => text.contains(":\"much\""),
            "nan" => ["NaN", "Infinity", ":\"-\""].iter().any(|t| text.contains(t)),
            "time-1900" => text.contains("1900") || text.contains("\"ts\":-22"),
            "time-2900" => text.contains("2900") || text.contains("\"ts\":29"),
            "time" => ["yesterday", "02-30T", "25:99"].iter().any(|t| text.contains(t)),
            "outside" => text.contains("\"lat\":95.0") || text.contains("\":200.0"),
            "half" => text.matches("\":null").count() == 1 && !text.contains("\"geo\":null"),
            "large" => parsed.is_ok(),
            _ => false,
        };
        assert!(ok, "{bad}: {text:.300}");
    }
    let kinds: BTreeSet<&str> = spoil::ANY.iter().chain(&spoil::PLACED).copied().collect();
    assert_eq!(seen.keys().copied().collect::<BTreeSet<_>>(), kinds);
    assert!(seen.values().all(|n| *n > 20), "{seen:?}");
}

#[test]
fn good_events_say_when_they_happened_and_are_received_after_it() {
    for event in run(3, 20_000, 50) {
        assert_eq!(event.at_us > event.received_us, event.truth.bad == Some("time-2900"), "{event:?}");
        assert!(event.truth.bad == Some("time-1900") || event.at_us >= START_US);
        if event.truth.bad.is_some() {
            continue;
        }
        let json = json(&event);
        let text = |key: &str| json[key].as_str().unwrap().to_owned();
        match event.source {
            Source::Gps => assert_eq!(json["ts"].as_i64().unwrap(), event.at_us / 1000),
            Source::Iot => assert_eq!(text("time"), write::rfc3339(event.at_us)),
            Source::Social => assert_eq!(text("created_at"), write::rfc3339(event.at_us)),
            Source::Rss => assert_eq!(text("pubDate"), write::rfc2822(event.at_us)),
        }
        let late_us = event.received_us - event.at_us;
        // An event twice is received up to 30 seconds after the first.
        let again_us = i64::from(event.truth.repeat) * 30 * SECOND_US;
        match event.truth.late_s {
            Some(s) => {
                assert!((60..=2400).contains(&s), "{s}");
                assert!(
                    (0..=again_us + SECOND_US).contains(&(late_us - i64::from(s) * SECOND_US)),
                    "{event:?}"
                );
            }
            None => assert!(late_us <= 61 * SECOND_US + again_us, "{event:?}"),
        }
    }
}

#[test]
fn repeats_are_the_same_bytes_some_seconds_later() {
    let all = run(9, 40_000, 3);
    let mut seen: BTreeMap<&[u8], &Event> = BTreeMap::new();
    for event in all.iter().filter(|e| e.truth.bad.is_none()) {
        let first = seen.insert(&event.json, event);
        assert_eq!(first.is_some(), event.truth.repeat);
        if let Some(first) = first {
            assert!((2..30).contains(&((event.received_us - first.received_us) / SECOND_US)));
            assert_eq!((first.at_us, &first.key), (event.at_us, &event.key));
        }
    }
}

#[test]
fn echoes_say_the_same_from_the_same_place_some_minutes_later() {
    let all = run(13, 100_000, 3);
    let posts = good(&all, Source::Social);
    let mut echoes = 0;
    for echo in posts.iter().filter(|e| e.truth.echo && !e.truth.repeat) {
        let (b, micro) = (json(echo), |v: &Value| (v.as_f64().unwrap() * 1e6).round() as i64);
        let first = posts.iter().map(|e| (e, json(e))).find(|(e, a)| {
            let minutes = (echo.at_us - e.at_us) / MINUTE_US;
            e.key == echo.key && a["content"] == b["content"] && (2..15).contains(&minutes)
        });
        let (first, a) = first.unwrap();
        assert_ne!(a["id"], b["id"]);
        assert_eq!(first.truth.planted, echo.truth.planted);
        for axis in ["lat", "lng"] {
            // 30 millionths of a degree are 3.3 metres.
            assert!((micro(&a["geo"][axis]) - micro(&b["geo"][axis])).abs() <= 30, "{a} {b}");
        }
        echoes += 1;
    }
    assert!(echoes > 100, "{echoes}");
}

#[test]
fn trucks_keep_to_the_road_and_sensors_to_their_place() {
    let all = run(7, 200_000, 3);
    let mut trucks: BTreeMap<String, Vec<(i64, f64, f64, i64)>> = BTreeMap::new();
    for event in good(&all, Source::Gps).into_iter().filter(|e| !e.truth.repeat) {
        let json = json(event);
        let number = |key: &str| json[key].as_f64().unwrap();
        let point = (json["ts"].as_i64().unwrap(), number("lat"), number("lng"), number("speed_kmh") as i64);
        trucks.entry(event.key.clone()).or_default().push(point);
    }
    assert_eq!(trucks.len(), road::TRUCKS as usize);
    let (mut fastest, mut moving) = (0.0_f64, 0);
    for points in trucks.values_mut() {
        points.sort_by_key(|p| p.0);
        for pair in points.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let (north_m, east_m) = ((b.1 - a.1) * 111_320.0, (b.2 - a.2) * 106_280.0);
            // Millionths of a degree are known to 0.11 m, which matters within a second only.
            let moved_m = (north_m.hypot(east_m) - 0.3).max(0.0);
            let kmh = moved_m * 3600.0 / (b.0 - a.0).max(1) as f64;
            assert!(kmh < 150.0, "{a:?} {b:?}: {kmh} km/h");
            fastest = fastest.max(kmh);
            moving += usize::from(a.3 > 0);
        }
        let spread = points.iter().map(|p| p.1).fold(f64::MIN, f64::max)
            - points.iter().map(|p| p.1).fold(f64::MAX, f64::min);
        assert!(spread > 0.02, "a truck that goes nowhere");
    }
    println!("fastest {fastest:.1} km/h, {moving} points of moving trucks");
    assert!(fastest > 60.0 && moving > 20_000);
    let places: BTreeSet<(String, String)> =
        good(&all, Source::Iot).iter().map(|e| (e.key.clone(), json(e)["position"].to_string())).collect();
    assert_eq!(places.len(), 60);
}

#[test]
fn late_events_come_in_bursts_of_a_few_trucks() {
    let all = run(7, 100_000, 3);
    let late: Vec<&Event> = all.iter().filter(|e| e.truth.late_s.is_some() && !e.truth.repeat).collect();
    let trucks: BTreeSet<&str> = late.iter().map(|e| e.key.as_str()).collect();
    assert!((2..=5).contains(&trucks.len()), "{trucks:?}");
    assert!(late.iter().any(|e| e.truth.late_s > Some(1800)));
    // Most are received within seconds of another one of the same truck.
    let in_burst = late.iter().filter(|a| {
        let near = |b: &&&Event| b.key == a.key && (b.received_us - a.received_us).abs() < 10 * SECOND_US;
        late.iter().filter(near).count() > 1
    });
    assert!(in_burst.count() * 10 > late.len() * 8);
}

#[test]
fn planted_data_is_in_the_text_and_its_checksums_are_valid() {
    let all = run(7, 40_000, 3);
    let mut languages = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    for event in good(&all, Source::Social) {
        languages.insert(json(event)["language"].as_str().unwrap().to_owned());
        kinds.extend(event.truth.planted.iter().copied());
    }
    assert_eq!(languages.len(), 18);
    assert_eq!(kinds, people::KINDS.into_iter().collect());
    let mut random = Random::new(3);
    let mut countries = BTreeSet::new();
    for _ in 0..2000 {
        let (card, iban) = (people::card(&mut random), people::iban(&mut random).replace(' ', ""));
        assert_eq!(people::luhn(&card) % 10, 0, "{card}");
        assert_eq!(people::mod_97(&format!("{}{}", &iban[4..], &iban[..4])), 1, "{iban}");
        countries.insert(iban[..2].to_owned());
    }
    assert_eq!(countries.len(), people::ACCOUNTS.len());
    // The example of ISO 13616-1.
    assert_eq!(people::mod_97("WEST12345698765432GB82"), 1);
    assert_eq!(people::luhn("4111111111111111") % 10, 0);
}
