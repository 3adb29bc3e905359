//! How many reports are written in a time.

use tokio::time::{Duration, Instant};

/// So many reports are written in a second, those aside that are the first of their namespace.
const A_SECOND: u32 = 20;

/// A bucket of a second's worth, that fills at the rate at which reports may be written.
#[derive(Debug)]
pub(super) struct Rate {
    /// When the bucket is, or was, full.
    full: Instant,
}

impl Rate {
    pub(super) fn new() -> Self {
        Self { full: Instant::now() }
    }

    /// Takes one from the bucket; gives when it may be used.
    pub(super) fn take(&mut self, now: Instant) -> Instant {
        self.full = self.full.max(now) + Duration::from_secs(1) / A_SECOND;
        let free = self.full.checked_sub(Duration::from_secs(1));
        free.map_or(now, |free| free.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_second_has_twenty_after_a_burst_of_as_many() {
        let mut rate = Rate::new();
        let now = Instant::now();
        let taken: Vec<_> = (0..A_SECOND * 3).map(|_| rate.take(now)).collect();
        assert_eq!(taken[0], now);
        for second in 1..3_u32 {
            let until = now + Duration::from_secs(second.into());
            let within = taken.iter().filter(|at| **at <= until).count();
            assert_eq!(within, (A_SECOND * (second + 1)) as usize, "after {second} s");
        }
    }
}
