//! How many records a step reads.

/// Longest step that may grow, in microseconds: others of the worker wait for it.
const MOST_STEP_US: i64 = 40_000;
/// A step may read so many however long that takes.
const LEAST_RECORDS: usize = 1024;
/// Not much less than what a log's client reads ahead of a partition (1 MiB): where so much was at hand the client waits.
const BEHIND_BYTES: usize = 768 << 10;

/// How many records the next step of an input reads at most. Many at once cost less each, and become one result for each
/// key; but a step that takes long keeps the worker's other inputs waiting, and may be more than a plugin's limits allow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    doublings: u32,
    most_doublings: u32,
    /// Whether the last step read as many as it could.
    is_full: bool,
}

impl Default for Size {
    fn default() -> Self {
        Self { doublings: 0, most_doublings: u32::MAX, is_full: false }
    }
}

impl Size {
    /// Not more than `most`.
    pub(super) fn records(self, most: usize) -> usize {
        most.min(LEAST_RECORDS << self.doublings)
    }

    /// A step has read so many; whether its input is behind.
    pub(super) fn read(&mut self, records: usize, bytes: usize, most: usize) -> bool {
        self.is_full = records >= self.records(most);
        self.is_full || bytes >= BEHIND_BYTES
    }

    /// It took so long.
    pub(super) fn took(&mut self, step_us: i64, most: usize) {
        if step_us > MOST_STEP_US {
            self.doublings = self.doublings.saturating_sub(1);
        } else if self.is_full
            && self.records(most) < most
            && self.doublings < self.most_doublings
            && step_us.saturating_mul(2) <= MOST_STEP_US
        {
            self.doublings += 1;
        }
    }

    /// A plugin's instance was thrown away: with fewer rows it may be within its limits.
    pub(super) fn shrink(&mut self) {
        self.doublings = self.doublings.saturating_sub(1);
        self.most_doublings = self.doublings;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 5000;

    fn step(size: &mut Size, records: usize, step_us: i64) -> usize {
        size.read(records, 0, MOST);
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
    fn it_does_not_grow_again_to_where_an_instance_was_thrown_away() {
        let mut size = Size::default();
        (0..3).for_each(|_| _ = step(&mut size, MOST, 1));
        size.shrink();
        assert_eq!(size.records(MOST), 4096);
        assert_eq!(step(&mut size, 4096, 1), 4096);
        (0..9).for_each(|_| size.shrink());
        assert_eq!(step(&mut size, 1024, 1), 1024);
    }

    #[test]
    fn who_could_read_no_more_or_much_is_behind() {
        let mut size = Size::default();
        assert!(!size.read(1023, BEHIND_BYTES - 1, MOST) && size.read(1024, 0, MOST));
        assert!(size.read(1, BEHIND_BYTES, MOST));
    }

    #[test]
    fn a_worker_that_takes_less_is_asked_for_that() {
        assert_eq!(Size::default().records(3), 3);
    }
}
