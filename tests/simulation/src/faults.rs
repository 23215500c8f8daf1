//! What goes wrong, each switched on and off by itself.

/// What the world does to the pipeline, or its sources send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A worker is gone between two steps, or between reading and committing.
    Crash,
    /// A worker that was replaced wakes and commits.
    Zombie,
    /// A commit fails.
    Abort,
    /// A commit's answer is lost, whatever became of it.
    Unheard,
    /// A commit's markers come later.
    Slow,
    /// Partitions move between workers.
    Rebalance,
    /// Partitions move, and their last worker is not told.
    Lost,
    /// Compaction of changelogs and of the last topic.
    Compact,
    /// Retention behind the slowest reader.
    Expire,
    /// Raw topics have gaps in their offsets.
    Gaps,
    /// The store fails before or after it has written.
    Store,
    /// A write to the store arrives long after its time.
    Straggler,
    /// Events later than their neighbours.
    Late,
    /// Events later than their record by more than a clock can be wrong.
    Future,
    /// Records whose timestamps go back.
    Clock,
    /// Raw topics of which the beginning is gone before the pipeline first starts.
    Short,
    /// Partitions whose event time is far from the others'.
    Drift,
    /// A partition without events.
    Silent,
    /// A partition that stops, and is found idle before it goes on.
    Idle,
    /// The same event again, and updated ones.
    Repeat,
    /// Records that are no events, and values that plugins refuse.
    Bad,
    /// Rows that their plugin traps on.
    Poison,
    /// Snapshots that are damaged, older ones, or gone.
    Disk,
    /// Deletes that are gone from changelogs, once they may be.
    Forget,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::Crash,
        Self::Zombie,
        Self::Abort,
        Self::Unheard,
        Self::Slow,
        Self::Rebalance,
        Self::Lost,
        Self::Compact,
        Self::Expire,
        Self::Gaps,
        Self::Store,
        Self::Straggler,
        Self::Late,
        Self::Future,
        Self::Clock,
        Self::Short,
        Self::Drift,
        Self::Silent,
        Self::Idle,
        Self::Repeat,
        Self::Bad,
        Self::Poison,
        Self::Disk,
        Self::Forget,
    ];

    /// As it is written in a command.
    #[must_use]
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// A part of the world that is broken on purpose, to see that the checker finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// Some commits apply their outputs and lose their positions.
    LosePositions,
    /// State of aborted commits is restored.
    KeepAbortedState,
    /// Whoever was replaced may still commit.
    NoFencing,
    /// Readers see what was aborted.
    ReadUncommitted,
    /// Positions and state are given out while a transaction may still change them.
    UnstablePositions,
    /// The store lets the last write win, whatever its revision.
    NoRevisions,
    /// A snapshot's place lies behind what others have committed since it was made.
    LatePlaces,
    /// Snapshots are read that are older than deletes are kept.
    OldSnapshots,
}

impl Sabotage {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::LosePositions,
        Self::KeepAbortedState,
        Self::NoFencing,
        Self::ReadUncommitted,
        Self::UnstablePositions,
        Self::NoRevisions,
        Self::LatePlaces,
        Self::OldSnapshots,
    ];
}
