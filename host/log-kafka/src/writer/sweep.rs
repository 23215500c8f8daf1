//! Ends what a broker has ended in part.

use std::sync::Arc;
use std::time::{Duration, Instant};

use log::{Error, Position};
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseRecord, Producer as _};

use super::{Left, Writer, is_missing, offsets, partition_of};
use crate::group::{self, Ticket};
use crate::open::Written;
use crate::{ANSWER, FILLER};

/// How long the markers of a commit may take to come to all partitions.
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

/// How the broker has ended the last transaction, perhaps without telling all of its partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    Aborted,
    Committed,
}

impl Writer {
    /// Takes note of what the last transaction has touched.
    pub fn note(&mut self, touched: impl FnOnce() -> Touched) {
        if self.left != Left::Ended || self.doubt.is_some() {
            let Touched { written, moved } = touched();
            self.touched.written.extend(written);
            self.touched.moved.extend(moved);
        }
    }

    /// Ends the last transaction in all that it had touched, by one that touches the same and ends as it did.
    ///
    /// A broker that ends a transaction takes partitions that have no leader just then for deleted, and leaves it open
    /// there. It would hold up all readers; and the next commit of this name in such a partition would commit what
    /// was given up.
    pub(super) fn sweep(&mut self) -> Result<(), Error> {
        let Some(doubt) = self.doubt.filter(|_| !self.touched.is_empty()) else {
            (self.doubt, self.touched) = (None, Touched::default());
            return Ok(());
        };
        let moved = match doubt {
            Doubt::Aborted => std::mem::take(&mut self.touched.moved),
            Doubt::Committed => self.unmoved()?,
        };
        *self.producer.context().refused() = None;
        self.began = Instant::now();
        self.producer.begin_transaction().map_err(|error| self.give_up("", &error))?;
        self.left = Left::Aborting;
        let touched = self.touch(&moved);
        if doubt == Doubt::Aborted {
            self.touched.moved = moved;
        }
        touched.map_err(|error| self.give_up("", &error))?;
        if doubt == Doubt::Committed {
            self.left = Left::Committing;
        }
        self.end_last()?;
        (self.doubt, self.touched) = (None, Touched::default());
        Ok(())
    }

    fn touch(&self, moved: &[Moved]) -> Result<(), KafkaError> {
        let deadline = self.deadline();
        for (topic, partition) in self.touched.written.places() {
            let record = BaseRecord::to(topic).partition(partition_of(partition)?).key(FILLER);
            match self.send(record, deadline) {
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

    /// The positions that were committed and that the groups have not heard of, though they had the time. As long as
    /// that is so nobody can have moved them on: who asks for them waits.
    fn unmoved(&self) -> Result<Vec<Moved>, Error> {
        let mut unmoved = Vec::new();
        let start = Instant::now();
        for Moved { group, outsider, positions } in &self.touched.moved {
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
