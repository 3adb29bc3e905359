//! Measurements in turns.

use std::{
    fmt,
    time::{Duration, Instant},
};

/// How many batches there are of each.
pub(crate) const BATCHES: usize = 201;

/// What a batch took for each of its rounds, in nanoseconds.
pub(crate) fn per_round(time: Duration, rounds: u32) -> f64 {
    time.as_secs_f64() * 1e9 / f64::from(rounds)
}

/// Does something many times, and gives the nanoseconds of one.
pub(crate) fn batch(rounds: u32, mut doing: impl FnMut()) -> f64 {
    let begin = Instant::now();
    (0..rounds).for_each(|_| doing());
    per_round(begin.elapsed(), rounds)
}

/// A quarter, the half and three quarters of the measurements are not above these.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// Of at least one measurement.
    pub(crate) fn of(mut measured: Vec<f64>) -> Self {
        measured.sort_by(f64::total_cmp);
        let at = |quarter: usize| measured.get(measured.len() * quarter / 4).copied().unwrap_or(f64::NAN);
        Self { low: at(1), median: at(2), high: at(3) }
    }

    /// Of the ratios of measurements that were made in turns.
    pub(crate) fn of_ratios(theirs: &[f64], ours: &[f64]) -> Self {
        Self::of(theirs.iter().zip(ours).map(|(theirs, ours)| theirs / ours).collect())
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} ({:.1}-{:.1})", self.median, self.low, self.high)
    }
}
