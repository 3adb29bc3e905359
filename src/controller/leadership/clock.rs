//! The clocks that leadership is checked against.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Duration, Instant};

/// How far the time of day may be set back at a time without anything being made of it: clocks are adjusted.
const ADJUSTED: SignedDuration = SignedDuration::from_millis(500);

/// What the clocks show.
pub trait Clock: fmt::Debug + Send + Sync {
    /// What they show now.
    fn now(&self) -> Reading;
}

/// What the clocks show at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// What nobody can set, but stands still while the machine does.
    pub monotonic: Instant,
    /// What goes on while the machine stands still, but can be set.
    pub time_of_day: Timestamp,
}

impl Reading {
    /// Whether less than so much time has passed since then by either clock. Where one of them was set back, nobody knows.
    pub(super) fn is_within(&self, limit: Duration, since: &Self) -> bool {
        let by_day = self.time_of_day.duration_since(since.time_of_day);
        let limit_by_day = SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX);
        self.monotonic < since.monotonic + limit && by_day >= -ADJUSTED && by_day < limit_by_day
    }
}

/// The machine's own.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Reading {
        Reading { monotonic: Instant::now(), time_of_day: Timestamp::now() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stricter_clock_counts_and_one_that_was_set_back_says_nothing() {
        let limit = Duration::from_secs(10);
        let since = SystemClock.now();
        let later = |monotonic: u64, by_day: i64| {
            let time_of_day = since.time_of_day.checked_add(SignedDuration::from_secs(by_day)).unwrap();
            let monotonic = since.monotonic + Duration::from_secs(monotonic);
            Reading { monotonic, time_of_day }.is_within(limit, &since)
        };
        assert!(later(0, 0) && later(9, 9));
        assert!(!later(10, 9), "the time of day stood still");
        assert!(!later(9, 10), "the machine stood still");
        assert!(!later(1, -3600) && !later(20, -3600), "it was set back, which prolongs nothing");
    }
}
