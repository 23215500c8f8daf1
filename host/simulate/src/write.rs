//! Events as the sources write them.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

use crate::people;
use crate::random::Random;
use crate::{Event, Source, Truth};

const SENSORS: u32 = 60;
const TRUCKS: u32 = 25;

pub(crate) fn event(source: Source, number: u64, at_us: i64, received_us: i64, random: &mut Random) -> Event {
    let id = format!("{}-{number}", source.name());
    let mut truth = Truth::default();
    let (key, json) = match source {
        Source::Iot => sensor(&id, at_us, random),
        Source::Gps => truck(&id, at_us, random),
        Source::Social => post(&id, at_us, random, &mut truth),
        Source::Rss => news(&id, at_us, random),
    };
    Event { source, at_us, received_us, key, json: json.to_string().into_bytes(), truth }
}

/// Makes an event one that must be refused.
pub(crate) fn spoil(event: &mut Event, random: &mut Random) {
    let bad = random.pick(&["json", "utf8", "missing", "deep"]);
    match bad {
        "json" => event.json.truncate(event.json.len() / 2),
        "utf8" => event.json.insert(event.json.len() / 2, 0xff),
        "deep" => event.json = [b"{\"x\":".repeat(100), b"1".to_vec(), b"}".repeat(100)].concat(),
        _ => event.json = b"{\"note\": \"nothing of what is expected\"}".to_vec(),
    }
    event.truth.bad = Some(bad);
}

/// A place in units of a ten-thousandth of a degree around a centre, written with four decimals:
/// a division by ten thousand is rounded correctly, so the digits are the same everywhere.
fn degrees(ten_thousandths: i64) -> f64 {
    ten_thousandths as f64 / 10_000.0
}

fn around(centre: i64, radius: u32, random: &mut Random) -> f64 {
    degrees(centre - i64::from(radius) + i64::from(random.below(2 * radius)))
}

fn sensor(id: &str, at_us: i64, random: &mut Random) -> (String, Value) {
    let device = random.below(SENSORS);
    // The wave runs downstream: each sensor is reached some hours after the one above it.
    let hours = (at_us - crate::START_US) / 3_600_000_000 - i64::from(device);
    let wave_cm = (400 - (hours - 48).abs() * 8).max(0);
    let level_cm = 150 + wave_cm + i64::from(random.below(20));
    let key = format!("sensor-{device:04}");
    let event = json!({
        "id": id, "device": {"id": key, "type": "water-level"}, "time": rfc3339(at_us),
        "position": {
            "lat": degrees(180_000 - i64::from(device) * 150), "lng": degrees(963_000 + i64::from(device) * 60),
        },
        "readings": {"water_level": level_cm as f64 / 100.0, "rain_mm": random.below(30)},
        "severity": (wave_cm / 100).min(5), "battery": 20 + random.below(80),
    });
    (key, event)
}

fn truck(id: &str, at_us: i64, random: &mut Random) -> (String, Value) {
    let key = format!("truck-{:02}", random.below(TRUCKS));
    let event = json!({
        "id": id, "vehicle": key, "ts": at_us / 1000,
        "lat": around(173_300, 4_000, random), "lng": around(964_800, 4_000, random),
        "speed_kmh": random.below(80), "heading": random.below(360),
        "driver": {"name": "Driver of the simulation", "phone": format!("+1 202-555-01{}", random.digits(2))},
    });
    (key, event)
}

fn post(id: &str, at_us: i64, random: &mut Random, truth: &mut Truth) -> (String, Value) {
    let need = random.pick(&[
        "Water is in the ground floor, we are on the roof",
        "The road to the hospital is closed",
        "We need drinking water for 40 families",
        "Bridge is damaged, trucks turn back",
        "School is open as a shelter, bring blankets",
        "L'eau monte encore, 3 maisons touchees",
        "Necesitamos medicinas para 12 personas",
    ]);
    let mut content = format!("{need} since {:02}:{:02}.", random.below(24), random.below(60));
    if random.below(3) == 0 {
        let (kind, sentence) = people::sentence(random);
        content = format!("{content} {sentence}.");
        truth.planted.push(kind);
    }
    let username = format!("user_{}", random.below(500));
    let geo = match random.below(5) {
        0 => Value::Null,
        _ => json!({"lat": around(173_300, 3_000, random), "lng": around(964_800, 3_000, random)}),
    };
    let event = json!({
        "id": id, "created_at": rfc3339(at_us), "account": {"username": username, "followers": random.below(5000)},
        "content": content, "language": "en", "geo": geo, "severity": random.below(6),
    });
    (username, event)
}

fn news(id: &str, at_us: i64, random: &mut Random) -> (String, Value) {
    let title =
        random.pick(&["River above danger level", "Relief convoy on its way", "Rain to go on until Sunday"]);
    let event = json!({
        "guid": id, "title": title, "description": format!("{title}, authorities say."),
        "pubDate": rfc2822(at_us), "link": format!("https://news.example.org/{id}"), "category": "flood",
        "lat": around(173_300, 2_000, random), "long": around(964_800, 2_000, random),
    });
    (id.to_owned(), event)
}

fn at(us: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(us) * 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn rfc3339(us: i64) -> String {
    at(us).format(&Rfc3339).unwrap_or_default()
}

fn rfc2822(us: i64) -> String {
    at(us).format(&Rfc2822).unwrap_or_default()
}
