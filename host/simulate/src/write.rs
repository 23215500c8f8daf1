//! Events as the sources write them. Fields are written in the order of the structs: a map's order would
//! hang on the features that other crates ask of serde_json.

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

use crate::flood::id;
use crate::people::{self, Tongue};
use crate::random::Random;
use crate::road::{self, Place};
use crate::{Event, Source, Truth};

const SENSORS: u32 = 60;
const AUTHORS: u32 = 500;
/// Bago.
const CENTRE: Place = (17_330_000, 96_480_000);

/// An event and when it is received.
fn event<T: Serialize>(source: Source, at_us: i64, received_us: i64, key: &str, written: &T) -> Event {
    // Structs of texts and finite numbers can always be written.
    let json = serde_json::to_vec(written).unwrap_or_default();
    Event { source, at_us, received_us, key: key.to_owned(), json, truth: Truth::default() }
}

/// Degrees from millionths: a division by a million is rounded correctly, so the digits are the same
/// everywhere.
fn degrees(millionths: i64) -> f64 {
    millionths as f64 / 1_000_000.0
}

fn around(centre: Place, radius: u32, random: &mut Random) -> Place {
    let mut near = |middle: i64| middle - i64::from(radius) + i64::from(random.below(2 * radius + 1));
    (near(centre.0), near(centre.1))
}

#[derive(Serialize)]
struct Position {
    lat: f64,
    lng: f64,
}

impl From<Place> for Position {
    fn from((lat, lng): Place) -> Self {
        Self { lat: degrees(lat), lng: degrees(lng) }
    }
}

#[derive(Serialize)]
struct Sensor<'a> {
    id: String,
    device: Device<'a>,
    time: String,
    position: Position,
    readings: Readings,
    severity: i64,
    battery: u32,
}

#[derive(Serialize)]
struct Device<'a> {
    id: &'a str,
    r#type: &'a str,
}

#[derive(Serialize)]
struct Readings {
    water_level: f64,
    rain_mm: u32,
}

pub(crate) fn sensor(number: u64, at_us: i64, received_us: i64, random: &mut Random) -> Event {
    let device = random.below(SENSORS);
    // The wave runs downstream: each sensor is reached some hours after the one above it.
    let hours = (at_us - crate::START_US) / 3_600_000_000 - i64::from(device);
    let wave_cm = (400 - (hours - 48).abs() * 8).max(0);
    let level_cm = 150 + wave_cm + i64::from(random.below(20));
    let key = format!("sensor-{device:04}");
    let written = Sensor {
        id: id(Source::Iot, number),
        device: Device { id: &key, r#type: "water-level" },
        time: rfc3339(at_us),
        position: (18_000_000 - i64::from(device) * 15_000, 96_300_000 + i64::from(device) * 6_000).into(),
        readings: Readings { water_level: level_cm as f64 / 100.0, rain_mm: random.below(30) },
        severity: (wave_cm / 100).min(5),
        battery: 20 + random.below(80),
    };
    event(Source::Iot, at_us, received_us, &key, &written)
}

#[derive(Serialize)]
struct Truck<'a> {
    id: String,
    vehicle: &'a str,
    ts: i64,
    lat: f64,
    lng: f64,
    speed_kmh: i64,
    heading: i64,
    driver: Driver<'a>,
}

#[derive(Serialize)]
struct Driver<'a> {
    name: &'a str,
    phone: String,
}

/// A truck's event, and its number.
pub(crate) fn truck(
    seed: u64,
    number: u64,
    at_us: i64,
    received_us: i64,
    random: &mut Random,
) -> (Event, u32) {
    let truck = random.below(road::TRUCKS);
    let key = format!("truck-{truck:02}");
    let fix = road::fix(seed, truck, at_us);
    let written = Truck {
        id: id(Source::Gps, number),
        vehicle: &key,
        ts: at_us / 1000,
        lat: degrees(fix.place.0),
        lng: degrees(fix.place.1),
        speed_kmh: fix.speed_kmh,
        heading: fix.heading,
        // A driver keeps his number; +1 202 555 01xx is set aside for fiction.
        driver: Driver { name: "Driver of the simulation", phone: format!("+1 202-555-01{truck:02}") },
    };
    (event(Source::Gps, at_us, received_us, &key, &written), truck)
}

/// A post before it is sent.
#[derive(Clone)]
pub(crate) struct Post {
    at_us: i64,
    username: String,
    followers: u32,
    content: String,
    language: &'static str,
    place: Option<Place>,
    severity: u32,
    planted: Vec<&'static str>,
}

#[derive(Serialize)]
struct Written<'a> {
    id: String,
    created_at: String,
    account: Account<'a>,
    content: &'a str,
    language: &'a str,
    geo: Option<Position>,
    severity: u32,
}

#[derive(Serialize)]
struct Account<'a> {
    username: &'a str,
    followers: u32,
}

impl Post {
    pub(crate) fn new(at_us: i64, placed: bool, random: &mut Random) -> Self {
        let tongue = Tongue::random(random);
        let need = random.pick(tongue.needs);
        let mut content = format!("{need}, {:02}:{:02}.", random.below(24), random.below(60));
        let mut planted = Vec::new();
        // A third holds personal data, a tenth of these two pieces.
        let pieces = u32::from(random.below(3) == 0) * (1 + u32::from(random.below(10) == 0));
        for _ in 0..pieces {
            let (kind, lead, datum) = people::datum(tongue, random);
            content = format!("{content} {lead} {datum}.");
            planted.push(kind);
        }
        Self {
            at_us,
            username: format!("user_{}", random.below(AUTHORS)),
            followers: random.below(5000),
            content,
            language: tongue.code,
            place: placed.then(|| around(CENTRE, 300_000, random)),
            severity: random.below(6),
            planted,
        }
    }

    pub(crate) fn has_place(&self) -> bool {
        self.place.is_some()
    }

    /// The same again, some minutes later and within 5 metres.
    pub(crate) fn echo(&self, at_us: i64, random: &mut Random) -> Self {
        Self { at_us, place: self.place.map(|place| around(place, 30, random)), ..self.clone() }
    }

    pub(crate) fn event(&self, number: u64, received_us: i64) -> Event {
        let written = Written {
            id: id(Source::Social, number),
            created_at: rfc3339(self.at_us),
            account: Account { username: &self.username, followers: self.followers },
            content: &self.content,
            language: self.language,
            geo: self.place.map(Into::into),
            severity: self.severity,
        };
        let mut event = event(Source::Social, self.at_us, received_us, &self.username, &written);
        event.truth.planted.clone_from(&self.planted);
        event
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct News<'a> {
    guid: &'a str,
    title: &'a str,
    description: String,
    pub_date: String,
    link: String,
    category: &'a str,
    lat: f64,
    long: f64,
}

pub(crate) fn news(number: u64, at_us: i64, received_us: i64, random: &mut Random) -> Event {
    // Dates of RFC 2822 have no fractions of a second.
    let at_us = at_us - at_us.rem_euclid(crate::SECOND_US);
    let guid = id(Source::Rss, number);
    let title =
        random.pick(&["River above danger level", "Relief convoy on its way", "Rain to go on until Sunday"]);
    let (lat, lng) = around(CENTRE, 200_000, random);
    let written = News {
        guid: &guid,
        title,
        description: format!("{title}, authorities say."),
        pub_date: rfc2822(at_us),
        link: format!("https://news.example.org/{guid}"),
        category: "flood",
        lat: degrees(lat),
        long: degrees(lng),
    };
    event(Source::Rss, at_us, received_us, &guid, &written)
}

pub(crate) fn at(us: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(us) * 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

pub(crate) fn rfc3339(us: i64) -> String {
    at(us).format(&Rfc3339).unwrap_or_default()
}

pub(crate) fn rfc2822(us: i64) -> String {
    at(us).format(&Rfc2822).unwrap_or_default()
}
