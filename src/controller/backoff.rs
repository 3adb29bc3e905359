//! How long to wait before something that failed is tried again.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

/// The first delay.
const FIRST: Duration = Duration::from_secs(1);

/// The longest delay. What the API server cannot take for minutes is looked at often enough at this pace.
const LONGEST: Duration = Duration::from_mins(5);

/// Exponential back-off for each of many objects, with jitter so that they do not come back all at once.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: HashMap<String, u32>,
}

impl Backoff {
    /// Notes a failure, and gives the delay before the next try and how many failures there were in a row.
    pub(super) fn failed(&mut self, name: &str) -> (Duration, u32) {
        let count = self.failures.entry(name.to_owned()).or_default();
        *count = count.saturating_add(1);
        (delay(*count, RandomState::new().build_hasher().finish()), *count)
    }

    /// Forgets what failed before.
    pub(super) fn succeeded(&mut self, name: &str) {
        self.failures.remove(name);
    }
}

/// Between half and the whole of 1 s, 2 s, 4 s … 5 min.
fn delay(failures: u32, random: u64) -> Duration {
    let doubled = FIRST.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
    let whole = doubled.min(LONGEST);
    let share = u32::try_from(random % 1000).unwrap_or_default();
    whole / 2 + whole * share / 2000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_limit_and_differ() {
        assert_eq!(delay(1, 0), Duration::from_millis(500));
        assert_eq!(delay(4, 0), Duration::from_secs(4));
        assert_eq!(delay(100, 0), LONGEST / 2);
        for random in 0..2000 {
            let delay = delay(3, random);
            assert!(delay >= Duration::from_secs(2) && delay < Duration::from_secs(4));
        }
    }

    #[test]
    fn success_starts_over() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.failed("a").1, 1);
        assert_eq!(backoff.failed("a").1, 2);
        backoff.succeeded("a");
        assert_eq!(backoff.failed("a").1, 1);
    }
}
