//! The order of events: what is made when, what is received later, and what comes twice.

use std::collections::BTreeMap;

use crate::random::Random;
use crate::write::{self, Post};
use crate::{Event, LENGTH_US, MINUTE_US, Options, SECOND_US, START_US, Source, road, spoil};

/// Of a thousand posts, these are echoes.
const ECHO_PER_MILLE: u32 = 10;
/// Of five posts, these have a place; only they are echoed.
const PLACED_OF_5: u32 = 4;

/// Makes events in the order in which healthy ones are received, and holds back those that come
/// later: as many as arrive in 40 minutes from a few trucks, however long the flood is.
pub(crate) struct Flood {
    options: Options,
    random: Random,
    /// Events made so far, with those held back.
    made: u64,
    /// Events that may yet be spoiled: chance alone would at times exceed what was asked for.
    bad_left: u64,
    /// Made but not yet given, by time of receipt and number.
    waiting: BTreeMap<(i64, u64), Event>,
}

impl Flood {
    pub(crate) fn new(options: Options) -> Self {
        let bad_left = options.events.saturating_mul(options.bad_per_mille.into()) / 1000;
        Self { options, random: Random::new(options.seed), made: 0, bad_left, waiting: BTreeMap::new() }
    }

    /// Before this nothing that is yet to be made is received: evenly over the week.
    fn clock_us(&self) -> i64 {
        let share = i128::from(LENGTH_US) * i128::from(self.made) / i128::from(self.options.events.max(1));
        START_US + MINUTE_US + i64::try_from(share).unwrap_or(0)
    }

    /// Makes an event and what follows from it.
    fn make(&mut self) {
        // Each event happened up to a minute before it is received, so that event times are out of order
        // as in the field.
        let received_us = self.clock_us();
        let at_us = received_us - 1_000 * i64::from(self.random.below(60_000)) - 1_000;
        match self.random.below(100) {
            0..45 => {
                let event = write::sensor(self.made, at_us, received_us, &mut self.random);
                self.maybe_bad(event);
            }
            45..75 => {
                let seed = self.options.seed;
                let (mut event, truck) = write::truck(seed, self.made, at_us, received_us, &mut self.random);
                self.hold_back(&mut event, truck);
                self.maybe_bad(event);
            }
            75..95 => self.post(at_us, received_us),
            _ => {
                let event = write::news(self.made, at_us, received_us, &mut self.random);
                self.maybe_bad(event);
            }
        }
    }

    /// A truck without network sends its events when it has it back.
    fn hold_back(&mut self, event: &mut Event, truck: u32) {
        let Some(back_us) = road::network_back_us(self.options.seed, truck, event.at_us) else { return };
        let burst_us = back_us + i64::from(self.random.below(5_000_000));
        event.received_us = burst_us.max(event.at_us + MINUTE_US);
        event.truth.late_s = u32::try_from((event.received_us - event.at_us) / SECOND_US).ok();
    }

    fn post(&mut self, at_us: i64, received_us: i64) {
        let post = Post::new(at_us, self.random.below(5) < PLACED_OF_5, &mut self.random);
        let good = self.maybe_bad(post.event(self.made, received_us));
        // Of N first posts the good ones with a place are echoed with this chance, so that of all posts,
        // echoes with them, ten in a thousand are echoes.
        let of = (1000 - ECHO_PER_MILLE) * PLACED_OF_5 / 5;
        if good && post.has_place() && self.random.below(of) < ECHO_PER_MILLE && self.room() {
            let later_us = 2 * MINUTE_US + i64::from(self.random.below(13 * 60_000)) * 1_000;
            let echo = post.echo(at_us + later_us, &mut self.random);
            let mut event = echo.event(self.made, received_us + later_us);
            event.truth.echo = true;
            self.send(event);
        }
    }

    /// Spoils some events; says whether it is still good.
    fn maybe_bad(&mut self, mut event: Event) -> bool {
        let bad = self.random.below(1000) < self.options.bad_per_mille && self.bad_left > 0;
        if bad {
            self.bad_left -= 1;
            spoil::spoil(&mut event, &mut self.random);
            self.wait(event);
        } else {
            self.send(event);
        }
        !bad
    }

    /// Sends a good event, and some twice: r of all being repeats, r / (1000 - r) of the others are
    /// repeated. Bad ones are not, so that there are never more than was asked for.
    fn send(&mut self, event: Event) {
        let share = self.options.repeat_per_mille.min(500);
        let good = 1000 - share - self.options.bad_per_mille.min(400);
        let again = self.random.below(good) < share;
        let later_us = i64::from(self.random.below(28_000)) * 1_000 + 2 * SECOND_US;
        let repeat = again.then(|| {
            let mut repeat = event.clone();
            repeat.received_us += later_us;
            repeat.truth.repeat = true;
            repeat
        });
        self.wait(event);
        if let Some(repeat) = repeat.filter(|_| self.room()) {
            self.wait(repeat);
        }
    }

    fn wait(&mut self, event: Event) {
        self.waiting.insert((event.received_us, self.made), event);
        self.made += 1;
    }

    fn room(&self) -> bool {
        self.made < self.options.events
    }
}

impl Iterator for Flood {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            let due = self.waiting.first_key_value().map(|((received_us, _), _)| *received_us);
            if due.is_some_and(|due| !self.room() || due <= self.clock_us()) {
                return self.waiting.pop_first().map(|(_, event)| event);
            }
            if !self.room() {
                return None;
            }
            self.make();
        }
    }
}

/// The id of an event.
pub(crate) fn id(source: Source, number: u64) -> String {
    format!("{}-{number}", source.name())
}
