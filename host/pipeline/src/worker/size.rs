//! How many records a step reads.

/// Longest step, in microseconds: what others of the worker wait for, and less than one call of a plugin may take by default.
const MOST_STEP_US: i64 = 40_000;
/// A step may read so many however long that takes.
const LEAST_RECORDS: usize = 1024;

/// How many records the next step of an input reads at most. Many at once cost less each, and become one result for each
/// key; but a step that takes long keeps the worker's other inputs waiting.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    doublings: u32,
    /// Read by the last step.
    read: usize,
}

impl Size {
    /// Not more than `most`.
    pub(super) fn records(self, most: usize) -> usize {
        most.min(LEAST_RECORDS << self.doublings)
    }

    /// A step has read so many; whether that is all that it could take.
    pub(super) fn read(&mut self, records: usize, most: usize) -> bool {
        self.read = records;
        records >= self.records(most)
    }

    /// It took so long.
    pub(super) fn took(&mut self, step_us: i64, most: usize) {
        let asked = self.records(most);
        if step_us > MOST_STEP_US {
            self.doublings = self.doublings.saturating_sub(1);
        } else if self.read >= asked && asked < most && step_us.saturating_mul(2) <= MOST_STEP_US {
            self.doublings += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 5000;

    fn step(size: &mut Size, records: usize, step_us: i64) -> usize {
        size.read(records, MOST);
        size.took(step_us, MOST);
        size.records(MOST)
    }

    #[test]
    fn it_grows_while_steps_are_full_and_quick() {
        let mut size = Size::default();
        assert_eq!(step(&mut size, 1023, 1), 1024, "it was not full");
        assert_eq!(step(&mut size, 1024, 20_001), 1024, "twice as many would take too long");
        assert_eq!(step(&mut size, 1024, 20_000), 2048);
        assert_eq!(step(&mut size, 2048, 1), 4096);
        assert_eq!(step(&mut size, 4096, 1), MOST);
        assert_eq!(step(&mut size, MOST, 1), MOST, "that is the most");
        assert_eq!(step(&mut size, MOST, 40_001), 4096);
    }

    #[test]
    fn it_shrinks_where_steps_are_slow_but_not_below_the_least() {
        let mut size = Size::default();
        step(&mut size, 1024, 1);
        assert_eq!(step(&mut size, 2048, 40_000), 2048, "just quick enough");
        assert_eq!(step(&mut size, 7, 40_001), 1024, "few that are slow, too");
        assert_eq!(step(&mut size, 1024, i64::MAX), 1024);
    }

    #[test]
    fn a_worker_that_takes_less_is_asked_for_that() {
        assert_eq!(Size::default().records(3), 3);
    }
}
