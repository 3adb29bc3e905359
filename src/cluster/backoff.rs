//! How long to wait before something that failed is tried again.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use tokio::time::Instant;

/// The first delay.
const FIRST: Duration = Duration::from_secs(1);

/// The longest delay of something that somebody waits for.
const LONGEST_OF_LISTING: Duration = Duration::from_secs(8);

/// The longest delay of an object: a label that was lowered must not stand longer than that when it can be put back.
const LONGEST: Duration = Duration::from_mins(1);

/// The longest delay of a stream. An API server that is back is noticed within seconds; one that is away is asked
/// about ten times a minute.
const LONGEST_OF_STREAM: Duration = Duration::from_secs(8);

/// How long a stream must have gone well for its next failure to count as the first. Not sooner: a watch that
/// starts over emits something before it has asked anything, which is no sign of health.
const HEALTHY: Duration = Duration::from_mins(2);

/// Exponential back-off for each of many objects, with jitter so that they do not come back all at once.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: HashMap<String, u32>,
}

impl Backoff {
    /// Notes a failure, and gives the delay before the next try and how many failures there were in a row.
    pub(crate) fn failed(&mut self, name: &str) -> (Duration, u32) {
        let count = self.failures.entry(name.to_owned()).or_default();
        *count = count.saturating_add(1);
        (delay(*count, LONGEST, random()), *count)
    }

    /// Forgets what failed before.
    pub(crate) fn succeeded(&mut self, name: &str) {
        self.failures.remove(name);
    }
}

/// Exponential back-off for one stream, with jitter.
#[derive(Debug, Default)]
pub(crate) struct StreamBackoff {
    failures: u32,
    last: Option<Instant>,
}

impl Iterator for StreamBackoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let now = Instant::now();
        if self.last.is_some_and(|last| now.duration_since(last) > HEALTHY) {
            self.failures = 0;
        }
        self.last = Some(now);
        self.failures = self.failures.saturating_add(1);
        Some(delay(self.failures, LONGEST_OF_STREAM, random()))
    }
}

impl kube::runtime::utils::Backoff for StreamBackoff {
    /// Time alone resets it.
    fn reset(&mut self) {}
}

/// The delay before something that somebody waits for is tried again, after so many failures in a row.
pub(crate) fn listing_delay(failures: u32) -> Duration {
    delay(failures, LONGEST_OF_LISTING, random())
}

/// Some number, to keep many from doing the same at the same moment.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Between half and the whole of 1 s, 2 s, 4 s … up to the longest.
fn delay(failures: u32, longest: Duration, random: u64) -> Duration {
    let doubled = FIRST.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
    let whole = doubled.min(longest);
    let share = u32::try_from(random % 1000).unwrap_or_default();
    whole / 2 + whole * share / 2000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_limit_and_differ() {
        assert_eq!(delay(1, LONGEST, 0), Duration::from_millis(500));
        assert_eq!(delay(4, LONGEST, 0), Duration::from_secs(4));
        assert_eq!(delay(100, LONGEST, 0), LONGEST / 2);
        for random in 0..2000 {
            let delay = delay(3, LONGEST, random);
            assert!(delay >= Duration::from_secs(2) && delay < Duration::from_secs(4));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_is_asked_for_about_ten_times_a_minute_and_starts_over_when_it_was_well() {
        let mut backoff = StreamBackoff::default();
        let mut tries = 0;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_mins(10) {
            kube::runtime::utils::Backoff::reset(&mut backoff);
            tokio::time::sleep(backoff.next().unwrap()).await;
            tries += 1;
        }
        assert!((75..=160).contains(&tries), "{tries} tries in ten minutes");
        tokio::time::sleep(HEALTHY * 2).await;
        assert!(backoff.next().unwrap() <= FIRST);
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
