//! The seeded events: half posts of about 800 bytes, half sensor readings of about 300, placed around 64
//! towns, in the order of their times.

use std::io::{self, Write as _};

/// Topics of the two kinds, in the order of [`Events`].
pub const TOPICS: [&str; 2] = ["raw.social", "raw.iot"];
/// Partitions of each.
pub const PARTITIONS: u64 = 2;
/// 2024-01-01T00:00:00Z: in the past of every machine, as an event ahead of its record would be refused.
pub const START_US: i64 = 1_704_067_200_000_000;
/// The event time that a whole run covers.
pub const SPAN_US: i64 = 600_000_000;

const WORDS: [&str; 20] = [
    "water",
    "rising",
    "near",
    "bridge",
    "family",
    "trapped",
    "call",
    "help",
    "road",
    "blocked",
    "école",
    "inondation",
    "besoin",
    "médecin",
    "people",
    "shelter",
    "north",
    "fire",
    "smoke",
    "caf\\u00e9",
];
const DAY_S: i64 = 86_400;

/// Makes one event after the other; the same in every run.
pub struct Events {
    random: u64,
    number: u64,
}

/// Where an event goes.
pub struct Place {
    /// Of [`TOPICS`].
    pub topic: &'static str,
    /// Of the topic.
    pub partition: i32,
}

impl Events {
    pub fn new() -> Self {
        Self { random: 88_172_645_463_325_252, number: 0 }
    }

    /// xorshift64 (Marsaglia, 2003).
    fn next(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        self.next(1 << 53) as f64 / (1_u64 << 53) as f64
    }

    /// Writes the next event, of a time in microseconds since 1970, in place of what `json` holds.
    pub fn write(&mut self, at_us: i64, json: &mut Vec<u8>) -> io::Result<Place> {
        json.clear();
        let number = self.number;
        self.number += 1;
        let (lat, lng) = self.position();
        let kind = number % 2;
        if kind == 0 {
            self.post(number, at_us, lat, lng, json)?;
        } else {
            self.reading(number, at_us, lat, lng, json)?;
        }
        let topic = if kind == 0 { TOPICS[0] } else { TOPICS[1] };
        Ok(Place { topic, partition: i32::try_from(number / 2 % PARTITIONS).unwrap_or_default() })
    }

    /// Degrees, within some 30 km of a town.
    fn position(&mut self) -> (f64, f64) {
        let town = self.next(64);
        let (row, column) = ((town % 8) as f64, (town / 8) as f64);
        let mut near = |degrees: f64| degrees + (self.share() + self.share() + self.share() - 1.5) * 0.2;
        (near(-40.0 + row * 13.0), near(-150.0 + column * 40.0 + town as f64 * 0.37))
    }

    /// 24 words; in a third of all texts also an e-mail address and a phone number.
    fn text(&mut self) -> String {
        let mut text = String::new();
        let personal = self.next(3) == 0;
        for at in 0..24 {
            let word = usize::try_from(self.next(WORDS.len() as u64)).unwrap_or_default();
            text.push_str(WORDS.get(word).copied().unwrap_or_default());
            text.push(' ');
            if personal && at == 11 {
                text.push_str(&format!("mail{}.x@post.example.org, ", self.next(1000)));
            }
        }
        if personal {
            text.push_str(&format!("+33 6 12 34 {:02} {:02}", self.next(100), self.next(100)));
        }
        text.truncate(text.trim_end().len());
        text
    }

    fn post(&mut self, number: u64, at_us: i64, lat: f64, lng: f64, json: &mut Vec<u8>) -> io::Result<()> {
        let (text, time, user) = (self.text(), rfc3339(at_us), self.next(1000));
        let (account, followers, severity) = (self.next(100_000), self.next(5000), self.next(6));
        let (again, liked, answers) = (self.next(50), self.next(90), self.next(9));
        write!(
            json,
            r#"{{"id":"m-{number}","created_at":"{time}","account":{{"id":"{account}","username":"user{user}","display_name":"Some Name {user}","url":"https://social.example/@user{user}","followers_count":{followers},"bot":false}},"content":"{text}","language":"fr","visibility":"public","sensitive":false,"url":"https://social.example/@user/{number}","in_reply_to_id":null,"tags":[{{"name":"flood","url":"https://x.example/tags/flood"}},{{"name":"crue","url":"https://x.example/tags/crue"}}],"geo":{{"type":"Point","coordinates":[{lng:.6},{lat:.6}],"lat":{lat:.6},"lng":{lng:.6}}},"severity":{severity},"reblogs_count":{again},"favourites_count":{liked},"replies_count":{answers},"application":{{"name":"Web","website":null}}}}"#
        )
    }

    fn reading(&mut self, number: u64, at_us: i64, lat: f64, lng: f64, json: &mut Vec<u8>) -> io::Result<()> {
        let (time, device, firmware) = (rfc3339(at_us), self.next(5000), self.next(20));
        let (battery, height) = (self.share() * 100.0, self.share() * 900.0);
        let (temperature, humidity) = (self.share() * 40.0, self.share() * 100.0);
        let (dust, water, severity) = (self.share() * 80.0, self.share() * 5.0, self.next(6));
        write!(
            json,
            r#"{{"id":"s-{number}","device":{{"id":"dev-{device}","model":"AQ-200","firmware":"1.4.{firmware}","battery":{battery:.2}}},"time":"{time}","position":{{"lat":{lat:.6},"lng":{lng:.6},"alt":{height:.1}}},"readings":{{"temperature":{temperature:.2},"humidity":{humidity:.2},"pm25":{dust:.2},"water_level":{water:.3}}},"severity":{severity},"unit":"C"}}"#
        )
    }
}

/// The event time of event `number` of `events`, in whole milliseconds.
pub fn time_us(number: u64, events: u64) -> i64 {
    let share = i128::from(SPAN_US) * i128::from(number) / i128::from(events.max(1));
    START_US + i64::try_from(share).unwrap_or_default() / 1000 * 1000
}

/// A time in microseconds since 1970 as text.
fn rfc3339(us: i64) -> String {
    let (second, fraction) = (us.div_euclid(1_000_000), us.rem_euclid(1_000_000));
    let (year, month, day) = civil(second.div_euclid(DAY_S));
    let time = second.rem_euclid(DAY_S);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{fraction:06}Z",
        time / 3600,
        time / 60 % 60,
        time % 60
    )
}

/// Days since 1970 to year, month and day of the Gregorian calendar (Howard Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted_month + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_json_of_the_sizes_that_are_said_and_the_same_each_time() {
        let (mut one, mut two) = (Events::new(), Events::new());
        let (mut json, mut again, mut bytes) = (Vec::new(), Vec::new(), [0, 0]);
        for number in 0..2000 {
            one.write(time_us(number, 2000), &mut json).unwrap();
            two.write(time_us(number, 2000), &mut again).unwrap();
            assert_eq!(json, again);
            let value: sonic_rs::Value = sonic_rs::from_slice(&json).unwrap();
            assert!(sonic_rs::JsonValueTrait::is_object(&value));
            bytes[usize::try_from(number % 2).unwrap()] += json.len();
        }
        assert!(
            (700..900).contains(&(bytes[0] / 1000)) && (250..350).contains(&(bytes[1] / 1000)),
            "{bytes:?}"
        );
    }

    #[test]
    fn times_are_read_back() {
        for us in [0, START_US, START_US + 123_456, 951_782_400_000_000, 1_835_481_599_999_000] {
            assert_eq!(crate::job::parse_time_us(rfc3339(us).as_bytes()), Some(us));
        }
    }
}
