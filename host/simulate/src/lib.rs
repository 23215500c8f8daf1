//! A seeded flood around Bago in Myanmar: water-level sensors, trucks, posts and news, in the week
//! from 2018-01-31 on. The same seed gives the same bytes on every machine: numbers are written from
//! integers, and there is no clock and no hash map. Knows nothing of the rest of Vigie.

mod people;
mod random;
mod write;

use random::Random;

/// 2018-01-31T00:00:00Z, in microseconds since 1970.
const START_US: i64 = 1_517_356_800_000_000;
/// Seven days.
const LENGTH_US: i64 = 7 * 86_400 * 1_000_000;

/// What to simulate.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// How many events.
    pub events: u64,
    /// How many of a thousand are malformed.
    pub bad_per_mille: u32,
}

/// A kind of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Water-level sensors.
    Iot,
    /// Trucks.
    Gps,
    /// Posts.
    Social,
    /// News.
    Rss,
}

impl Source {
    /// What events of this source are called.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.topic().trim_start_matches("raw.")
    }

    /// The raw topic of this source.
    #[must_use]
    pub fn topic(self) -> &'static str {
        match self {
            Self::Iot => "raw.iot",
            Self::Gps => "raw.gps",
            Self::Social => "raw.social",
            Self::Rss => "raw.rss",
        }
    }
}

/// What was put into an event on purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// Kinds of personal data in its text.
    pub planted: Vec<&'static str>,
    /// How it is malformed.
    pub bad: Option<&'static str>,
}

/// A raw event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where it comes from.
    pub source: Source,
    /// Event time, in microseconds since 1970, UTC.
    pub at_us: i64,
    /// When it was received: later by a delay.
    pub received_us: i64,
    /// The entity that it speaks of.
    pub key: String,
    /// Its bytes; JSON, unless it is bad.
    pub json: Vec<u8>,
    /// What was put into it.
    pub truth: Truth,
}

/// The events of a flood, in the order in which they are received.
pub fn events(options: &Options) -> impl Iterator<Item = Event> + use<> {
    let Options { seed, events, bad_per_mille } = *options;
    let mut random = Random::new(seed);
    (0..events).map(move |number| {
        // Received evenly over the week; each event happened some seconds earlier, so that event times
        // are out of order as in the field.
        let share = i128::from(LENGTH_US) * i128::from(number) / i128::from(events.max(1));
        let received_us = START_US + i64::try_from(share).unwrap_or(0) + 60_000_000;
        let at_us = received_us - 1_000 * i64::from(random.below(60_000)) - 1_000;
        let source = match random.below(100) {
            0..45 => Source::Iot,
            45..75 => Source::Gps,
            75..95 => Source::Social,
            _ => Source::Rss,
        };
        let mut event = write::event(source, number, at_us, received_us, &mut random);
        if random.below(1000) < bad_per_mille {
            write::spoil(&mut event, &mut random);
        }
        event
    })
}

#[cfg(test)]
mod tests;
