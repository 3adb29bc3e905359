//! How long a lease lasts, and how often it is renewed.

use std::time::Duration;

/// The longest lease: beyond it nobody would wait for a take-over.
pub(super) const LONGEST: Duration = Duration::from_hours(1);

/// The shortest retry period: whoever stands by asks the API server that often.
const SHORTEST_RETRY: Duration = Duration::from_millis(100);

/// How long a lease lasts, and how often it is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    lease: Duration,
    renew_deadline: Duration,
    retry: Duration,
}

/// Terms under which there could be two leaders, or none for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// The lease is written in whole seconds.
    #[error("the lease duration must be whole seconds, from 1s to {}h", LONGEST.as_secs() / 3600)]
    Lease,
    /// The leader would still write when the next one begins.
    #[error(
        "the renew deadline must be shorter than the lease duration: a leader gives up before another one may begin"
    )]
    RenewDeadline,
    /// One request that fails would cost the lease.
    #[error(
        "the retry period must be at least 100ms, and at most half the renew deadline: a renewal that fails is tried again"
    )]
    Retry,
}

impl Terms {
    /// How long a lease counts that is not renewed, by default.
    pub const LEASE: Duration = Duration::from_secs(15);

    /// After how long without a renewal a leader gives up, by default.
    pub const RENEW_DEADLINE: Duration = Duration::from_secs(10);

    /// How often a lease is renewed, or looked at, by default.
    pub const RETRY: Duration = Duration::from_secs(2);

    /// Terms that fit each other.
    ///
    /// # Errors
    ///
    /// When they do not.
    pub fn new(lease: Duration, renew_deadline: Duration, retry: Duration) -> Result<Self, TermsError> {
        if lease.is_zero() || lease.subsec_nanos() != 0 || lease > LONGEST {
            return Err(TermsError::Lease);
        }
        if renew_deadline >= lease {
            return Err(TermsError::RenewDeadline);
        }
        if retry < SHORTEST_RETRY || retry.saturating_mul(2) > renew_deadline {
            return Err(TermsError::Retry);
        }
        Ok(Self { lease, renew_deadline, retry })
    }

    /// How long a lease counts that is not renewed.
    pub const fn lease(&self) -> Duration {
        self.lease
    }

    /// After how long without a renewal a leader gives up.
    pub const fn renew_deadline(&self) -> Duration {
        self.renew_deadline
    }

    /// How often a lease is renewed, or looked at, at the least.
    pub const fn retry(&self) -> Duration {
        self.retry
    }

    /// How long one request may take. Two that get no answer leave time for neither more nor less than giving up.
    pub fn request(&self) -> Duration {
        self.renew_deadline / 2
    }

    /// Without how long a gap somebody must have watched for a soak to go on: long enough for a take-over, and for the
    /// lists with which the next leader begins.
    pub fn longest_gap(&self) -> Duration {
        Self::gap(self.lease)
    }

    /// The same of a lease that lasts so long.
    pub(super) fn gap(lease: Duration) -> Duration {
        lease.saturating_mul(2)
    }
}

impl Default for Terms {
    fn default() -> Self {
        Self { lease: Self::LEASE, renew_deadline: Self::RENEW_DEADLINE, retry: Self::RETRY }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(15_000, 10_000, 2_000, Ok(()))]
    #[case(1_000, 900, 450, Ok(()))]
    #[case(0, 0, 0, Err(TermsError::Lease))]
    #[case(1_500, 900, 300, Err(TermsError::Lease))]
    #[case(3_601_000, 900, 300, Err(TermsError::Lease))]
    #[case(15_000, 15_000, 2_000, Err(TermsError::RenewDeadline))]
    #[case(15_000, 10_000, 5_001, Err(TermsError::Retry))]
    #[case(15_000, 10_000, 0, Err(TermsError::Retry))]
    #[case(15_000, 10_000, 99, Err(TermsError::Retry))]
    fn terms_must_fit_each_other(
        #[case] lease: u64,
        #[case] renew_deadline: u64,
        #[case] retry: u64,
        #[case] expected: Result<(), TermsError>,
    ) {
        let [lease, renew_deadline, retry] = [lease, renew_deadline, retry].map(Duration::from_millis);
        assert_eq!(Terms::new(lease, renew_deadline, retry).map(drop), expected);
    }

    #[test]
    fn the_defaults_fit_each_other() {
        let terms = Terms::default();
        assert_eq!(Terms::new(terms.lease, terms.renew_deadline, terms.retry), Ok(terms));
    }
}
