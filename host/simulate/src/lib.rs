//! A seeded flood around Bago in Myanmar: water-level sensors, trucks, posts and news, in the week
//! from 2018-01-31 on. The same seed gives the same bytes on every machine: numbers are written from
//! integers, and there is no clock and no hash map. Knows nothing of the rest of Vigie.

mod flood;
mod people;
mod random;
mod road;
mod spoil;
mod write;

/// 2018-01-31T00:00:00Z, in microseconds since 1970.
const START_US: i64 = 1_517_356_800_000_000;
/// Seven days.
const LENGTH_US: i64 = 7 * 86_400 * SECOND_US;
const SECOND_US: i64 = 1_000_000;
const MINUTE_US: i64 = 60 * SECOND_US;

/// What to simulate.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// How many events; repeats and echoes are among them.
    pub events: u64,
    /// How many of a thousand are malformed, at most.
    pub bad_per_mille: u32,
    /// How many of a thousand are sent a second time.
    pub repeat_per_mille: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 7, events: 20_000, bad_per_mille: 3, repeat_per_mille: 5 }
    }
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
    /// Kinds of personal data in its text, by the names of mask-pii; bad bytes may have lost them.
    pub planted: Vec<&'static str>,
    /// How it is malformed. All but `large` must be refused; that one is only to be survived.
    pub bad: Option<&'static str>,
    /// The same bytes as an event shortly before: sent twice by its producer.
    pub repeat: bool,
    /// A post that says again what its author said some minutes before, under another id.
    pub echo: bool,
    /// How long after it happened it was received, in seconds, because its vehicle had no network.
    pub late_s: Option<u32>,
}

/// A raw event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where it comes from.
    pub source: Source,
    /// Event time as it is written in the event (if it can be), in microseconds since 1970, UTC.
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
    flood::Flood::new(*options)
}

#[cfg(test)]
mod tests;
