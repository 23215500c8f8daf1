//! Event time in a stateful step: how far it has come, which windows a row is in, and for which ones it
//! comes too late.

use crate::Then;
use crate::watermark::{Mark, Watermarks};

/// A partition's own time, less the lateness; it only rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Time {
    /// Windows that end until then are closed.
    pub(crate) now_us: Option<i64>,
    /// Windows that end until then are forgotten.
    pub(crate) gone_us: Option<i64>,
}

impl Time {
    pub(crate) fn is_gone(self, end_us: i64) -> bool {
        self.gone_us.is_some_and(|gone_us| end_us <= gone_us)
    }

    /// As state has it.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        Mark { at_us: self.now_us, floor_us: self.gone_us }.to_bytes()
    }

    pub(crate) fn from_mark(mark: Mark) -> Self {
        Self { now_us: mark.at_us, gone_us: mark.floor_us }
    }
}

/// Code and reason of a row that comes too late.
pub(crate) type TooLate = (&'static str, &'static str);

/// A step's settings of event time.
pub(crate) struct EventTime {
    /// Length and hop of windows; none: the step has none.
    pub(crate) window_us: Option<(i64, i64)>,
    /// Whether rows are handed over in its order.
    pub(crate) in_order: bool,
    lateness_us: i64,
    keep_closed_us: i64,
}

impl EventTime {
    pub(crate) fn new(then: &Then, in_order: bool) -> Self {
        let window_us = then.window.map(crate::Window::size_and_hop_us);
        Self { window_us, in_order, lateness_us: then.lateness, keep_closed_us: then.keep_closed }
    }

    /// A partition's time by its watermarks, and by what it was before.
    pub(crate) fn time(&self, watermarks: &Watermarks, before: Time) -> Time {
        let less = |time: Option<i64>| time.map(|us| us.saturating_sub(self.lateness_us));
        let now_us = less(watermarks.now_us()).max(before.now_us);
        let too_old_us = now_us.map(|us| us.saturating_sub(self.keep_closed_us));
        let gone_us = less(watermarks.floor_us()).max(too_old_us).max(before.gone_us);
        Time { now_us, gone_us }
    }

    /// What the next stage is told of a partition; none as long as one before it has said nothing.
    pub(crate) fn told(&self, watermarks: &Watermarks, time: Time) -> Option<Mark> {
        let floor_us = watermarks.floor_us().map(|us| us.saturating_sub(self.lateness_us));
        time.now_us.map(|now_us| Mark { at_us: Some(now_us), floor_us })
    }

    /// Whether a row comes too late for every window that it would be in, or for its turn.
    pub(crate) fn too_late(&self, at_us: i64, behind_us: i64, time: Time) -> Option<TooLate> {
        // The newest window is the last one to be over.
        let end = self.window_us.map(|(size, hop)| at_us - at_us.rem_euclid(hop) + size);
        if (self.in_order && behind_us > self.lateness_us)
            || end.is_some_and(|end| self.is_late(end, at_us, behind_us))
        {
            return Some(("VG1012", "late: its window, or its turn, is over"));
        }
        let is_gone = end.is_some_and(|end| time.is_gone(end));
        is_gone.then_some(("VG1013", "forgotten: its window closed longer ago than `keep_closed`"))
    }

    /// The starts of the windows that a row is in and does not come too late for; a row is in several
    /// hopping ones.
    pub(crate) fn starts(&self, at_us: i64, behind_us: i64, time: Time) -> impl Iterator<Item = i64> {
        let (size, hop) = self.window_us.unwrap_or((0, 1));
        let newest = at_us - at_us.rem_euclid(hop);
        let started =
            (0..size / hop).map(move |n| newest - n * hop).take_while(move |start| start + size > at_us);
        started.filter(move |start| {
            let end = start + size;
            !self.is_late(end, at_us, behind_us) && !time.is_gone(end)
        })
    }

    /// Whether a row is late for what ends at `end_us`: its own raw partition had passed it by more
    /// than the lateness when the row came.
    fn is_late(&self, end_us: i64, at_us: i64, behind_us: i64) -> bool {
        end_us.saturating_add(self.lateness_us) <= at_us.saturating_add(behind_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTES: EventTime =
        EventTime { window_us: Some((60, 60)), in_order: false, lateness_us: 10, keep_closed_us: 100 };
    const NEW: Time = Time { now_us: None, gone_us: None };

    fn code(event_time: &EventTime, at_us: i64, behind_us: i64, time: Time) -> Option<&'static str> {
        event_time.too_late(at_us, behind_us, time).map(|(code, _)| code)
    }

    #[test]
    fn what_is_late_is_decided_by_the_rows_own_partition_alone() {
        // The window ends at 60, and is over for a partition that has come to 70.
        let far = Time { now_us: Some(10_000), gone_us: None };
        for time in [NEW, far] {
            assert_eq!(code(&MINUTES, 59, 10, time), None);
            assert_eq!(code(&MINUTES, 59, 11, time), Some("VG1012"));
        }
        let in_order = EventTime { window_us: None, in_order: true, ..MINUTES };
        assert_eq!(code(&in_order, 59, 10, far), None);
        assert_eq!(code(&in_order, 59, 11, NEW), Some("VG1012"));
        let neither = EventTime { window_us: None, ..MINUTES };
        assert_eq!(code(&neither, 59, 1000, far), None);
    }

    #[test]
    fn a_row_is_in_all_windows_that_are_not_over() {
        let hopping = EventTime { window_us: Some((60, 20)), ..MINUTES };
        let starts = |behind_us, time| hopping.starts(45, behind_us, time).collect::<Vec<_>>();
        assert_eq!(starts(0, NEW), [40, 20, 0]);
        assert_eq!(starts(25, NEW), [40, 20], "the one until 60 is late at 70");
        let gone = |us| Time { now_us: Some(us + 100), gone_us: Some(us) };
        assert_eq!(starts(0, gone(60)), [40, 20]);
        assert_eq!((starts(0, gone(100)), code(&hopping, 45, 0, gone(99))), (vec![], None));
        assert_eq!(code(&hopping, 45, 0, gone(100)), Some("VG1013"));
        assert_eq!(code(&hopping, 45, 65, gone(100)), Some("VG1012"), "it is late in every run");
    }

    #[test]
    fn windows_are_forgotten_by_the_floor_and_after_a_while_and_time_only_rises() {
        let mut marks = Watermarks::new(&[("a".into(), 0), ("b".into(), 0)]);
        marks.take(b"a/0", Mark::busy(500));
        assert_eq!((MINUTES.time(&marks, NEW), MINUTES.told(&marks, NEW)), (NEW, None));
        marks.take(b"b/0", Mark::busy(480));
        let both = MINUTES.time(&marks, NEW);
        assert_eq!(both, Time { now_us: Some(470), gone_us: Some(470) });
        assert_eq!(MINUTES.told(&marks, both), Some(Mark::busy(470)));
        marks.take(b"b/0", Mark::busy(480).idle());
        marks.take(b"a/0", Mark::busy(550));
        let idle = MINUTES.time(&marks, both);
        assert_eq!(idle, Time { now_us: Some(540), gone_us: Some(470) });
        assert_eq!(MINUTES.told(&marks, idle), Some(Mark { at_us: Some(540), floor_us: Some(470) }));
        marks.take(b"a/0", Mark::busy(700));
        let later = MINUTES.time(&marks, idle);
        assert_eq!(later, Time { now_us: Some(690), gone_us: Some(590) }, "kept for 100");
        marks.take(b"b/0", Mark::busy(490));
        assert_eq!(MINUTES.time(&marks, later), later, "one that wakes turns nothing back");
        assert_eq!(MINUTES.told(&marks, later), Some(Mark { at_us: Some(690), floor_us: Some(480) }));
    }
}
