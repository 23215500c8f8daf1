//! Ends what a broker has ended in part.
//!
//! A commit or an abort is answered before its markers are written. A broker that dies between the two, and one that
//! gives up a transaction by itself, takes partitions that have no leader just then for deleted, and leaves the
//! transaction open there. It would hold up all readers; and the next end of a transaction of this name in such a
//! partition would be taken for its own: a commit for what was given up, an abort for what was committed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use log::{Error, Position};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::Producer as _;

use super::{Left, MOST_EVENTS, Writer, is_missing, offsets, partition_of};
use crate::group::{self, Ticket};
use crate::open::{Written, digest};
use crate::scanner::Scanner;
use crate::sender::Sent;
use crate::{ANSWER, FILLER};

/// How long markers may take to come to all partitions.
const MOST_MARKERS: Duration = Duration::from_secs(2);

/// What a transaction has touched.
#[derive(Default)]
pub struct Touched {
    pub written: Written,
    pub moved: Vec<Moved>,
}

/// How far a transaction has moved a group.
pub struct Moved {
    pub group: Arc<str>,
    /// Nobody's, as a member's may be out of date by now.
    pub outsider: Ticket,
    pub positions: Vec<Position>,
}

/// A transaction that has ended, until it is known to have done so in all that it had touched.
#[derive(Default)]
pub struct Ended {
    pub touched: Touched,
    /// Whether the broker was slow or away meanwhile.
    pub is_doubted: bool,
}

/// What is to be ended once more.
type Places = Vec<(String, u32)>;

impl Writer {
    /// Takes note of what was committed just now.
    pub fn note_committed(&mut self, touched: Touched) {
        self.committed.touched = touched;
    }

    /// Takes note of what was touched by the last transaction, where it has not ended well.
    pub fn note(&mut self, touched: impl FnOnce() -> Touched) {
        if self.left != Left::Ended || self.given_up.is_doubted {
            let Touched { written, moved } = touched();
            self.given_up.touched.written.join(written);
            self.given_up.touched.moved.extend(moved);
        }
    }

    /// An error where the last commit may not have come to all of its partitions: then nothing more may go behind it.
    /// A broker begins a transaction only where it has ended the one before, so where no connection was lost until it
    /// has begun this one all markers are written.
    ///
    /// `has_begun`: whether the broker had taken something of this one before this call; what it takes in another life
    /// lies behind the loss of the connection.
    pub(super) fn look_back(&mut self, has_begun: bool) -> Result<(), KafkaError> {
        if self.committed.touched.is_empty() {
            return Ok(());
        }
        if self.has_lost() {
            self.committed.is_doubted = true;
            return Err(KafkaError::MessageProduction(Code::BrokerTransportFailure));
        }
        if has_begun {
            self.committed = Ended::default();
        }
        Ok(())
    }

    /// Whether a connection was lost since the last commit was asked for.
    pub(super) fn has_lost(&self) -> bool {
        (0..MOST_EVENTS).for_each(|_| self.producer.poll(Duration::ZERO));
        self.producer.context().lost.load(Ordering::Relaxed)
    }

    /// Ends once more what may have been ended in part, where nothing is open at the broker: by transactions that touch
    /// the same partitions and end in the same way.
    pub(super) fn sweep(&mut self) -> Result<(), Error> {
        self.committed.is_doubted |= self.has_lost();
        for ended in [&mut self.committed, &mut self.given_up] {
            ended.is_doubted &= !ended.touched.is_empty();
        }
        if !self.given_up.is_doubted {
            self.given_up = Ended::default();
        }
        if !self.committed.is_doubted && !self.given_up.is_doubted {
            return Ok(());
        }
        let (committed, given_up) = self.held_up()?;
        let unmoved = self.unmoved()?;
        if !committed.is_empty() || !unmoved.is_empty() {
            self.end_again(Left::Sweeping, &committed, &unmoved)?;
        }
        self.committed = Ended::default();
        let moved = std::mem::take(&mut self.given_up.touched.moved);
        let ended = match given_up.is_empty() && moved.is_empty() {
            true => Ok(()),
            false => self.end_again(Left::Aborting, &given_up, &moved),
        };
        match ended {
            Ok(()) => self.given_up = Ended::default(),
            Err(_) => self.given_up.touched.moved = moved,
        }
        ended
    }

    /// A transaction that touches these, and ends.
    fn end_again(&mut self, end: Left, places: &Places, moved: &[Moved]) -> Result<(), Error> {
        *self.producer.context().refused() = None;
        self.began = Instant::now();
        self.producer.begin_transaction().map_err(|error| self.give_up("", &error))?;
        self.left = Left::Aborting;
        self.producer.context().lost.store(false, Ordering::Relaxed);
        self.touch(places, moved).map_err(|error| self.give_up("", &error))?;
        self.left = end;
        self.end_last()?;
        match self.has_lost() {
            true => Err(Error::Away("a connection was lost".into())),
            false => Ok(()),
        }
    }

    fn touch(&self, places: &Places, moved: &[Moved]) -> Result<(), KafkaError> {
        let deadline = self.deadline();
        for (topic, partition) in places {
            let partition = partition_of(*partition)?;
            match self
                .send(&Sent { topic, partition, timestamp_ms: None, key: FILLER, value: None }, deadline)
            {
                // It has no readers any more.
                Err(error) if error.rdkafka_error_code().is_some_and(is_missing) => {}
                sent => sent?,
            }
        }
        for Moved { outsider, positions, .. } in moved {
            self.producer.send_offsets_to_transaction(&offsets(positions)?, outsider, ANSWER)?;
        }
        self.wait_until_sent(deadline)?;
        self.taken()
    }

    /// Where readers wait for the end of the last commit, and of what was given up behind it.
    fn held_up(&self) -> Result<(Places, Places), Error> {
        let (scanner, until) = (Scanner::open(&self.options)?, Instant::now() + MOST_MARKERS);
        let (before, after) = (&self.committed.touched.written, &self.given_up.touched.written);
        let all: BTreeSet<(&str, u32)> = before.places().chain(after.places()).collect();
        let (mut committed, mut given_up, mut has_begun) = (Places::new(), Places::new(), false);
        for (topic, partition) in all {
            let (mut is_before, mut is_after, mut is_swept) = (false, false, false);
            let held_up = scanner.held_up(topic, partition, until, &mut |key, value| {
                let digest = digest(key, value);
                is_before |= before.begins_with(topic, partition, digest);
                is_after |= after.begins_with(topic, partition, digest);
                // An earlier sweep, perhaps another's: it has no end of its own.
                is_swept |= key == FILLER;
            });
            match held_up {
                Err(Error::NoTopic { .. }) => {}
                held_up => held_up?,
            }
            has_begun |= is_after;
            match (is_before && !is_after, is_after || is_swept) {
                (true, _) => committed.push((topic.to_owned(), partition)),
                (false, true) => given_up.push((topic.to_owned(), partition)),
                (false, false) => {}
            }
        }
        // What the broker has begun tells that the one before had ended everywhere.
        if has_begun {
            committed.clear();
        }
        Ok((committed, given_up))
    }

    /// The positions that were committed and that the groups have not heard of, though they had the time. As long as
    /// that is so nobody can have moved them on: who asks for them waits.
    fn unmoved(&self) -> Result<Vec<Moved>, Error> {
        let mut unmoved = Vec::new();
        let start = Instant::now();
        for Moved { group, outsider, positions } in &self.committed.touched.moved {
            let positions = loop {
                let stored = group::stored(&self.options, group, positions)?;
                let is_behind = |(position, stored): &(&Position, Option<u64>)| {
                    stored.is_none_or(|stored| stored < position.next_offset)
                };
                let behind = positions.iter().zip(stored).filter(is_behind);
                let behind: Vec<Position> = behind.map(|(position, _)| position.clone()).collect();
                if behind.is_empty() || start.elapsed() > MOST_MARKERS {
                    break behind;
                }
                std::thread::sleep(MOST_MARKERS / 20);
            };
            if !positions.is_empty() {
                unmoved.push(Moved { group: group.clone(), outsider: outsider.clone(), positions });
            }
        }
        Ok(unmoved)
    }
}

impl Touched {
    fn is_empty(&self) -> bool {
        self.written.is_empty() && self.moved.is_empty()
    }
}
