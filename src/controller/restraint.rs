//! How often one namespace may be talked about when it is somebody else who sets it off.
//!
//! Whoever may write a namespace can change it in a new way every second: another field manager's name, another
//! version. That must fill neither the log nor the list of Events.

use std::{collections::HashMap, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

/// So many things are told at once.
const BURST: u32 = 10;

/// After that, one in this time.
const EVERY: Duration = Duration::from_mins(1);

/// A token bucket for each namespace.
#[derive(Debug, Default)]
pub(super) struct Restraint {
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    /// When the bucket is, or was, full again.
    full: Instant,
    untold: u32,
}

impl Restraint {
    /// Whether one more thing may be told about a namespace now; with how many were passed over since the last one.
    pub(super) fn may_tell(&self, namespace: &str, now: Instant) -> Option<u32> {
        let mut buckets = self.buckets.lock();
        // A full bucket knows nothing that a new one does not, unless something was passed over.
        buckets.retain(|_, bucket| bucket.full > now || bucket.untold > 0);
        let bucket = buckets.entry(namespace.to_owned()).or_insert(Bucket { full: now, untold: 0 });
        let full = bucket.full.max(now) + EVERY;
        if full.duration_since(now) > EVERY * BURST {
            bucket.untold = bucket.untold.saturating_add(1);
            return None;
        }
        bucket.full = full;
        Some(std::mem::take(&mut bucket.untold))
    }

    /// Forgets a namespace that is gone.
    pub(super) fn forget(&self, namespace: &str) {
        self.buckets.lock().remove(namespace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_one_a_minute_and_the_rest_is_counted() {
        let restraint = Restraint::default();
        let start = Instant::now();
        for _ in 0..BURST {
            assert_eq!(restraint.may_tell("a", start), Some(0));
        }
        for _ in 0..5 {
            assert_eq!(restraint.may_tell("a", start), None);
        }
        assert_eq!(restraint.may_tell("b", start), Some(0), "another namespace is not concerned");
        assert_eq!(restraint.may_tell("a", start + EVERY), Some(5));
        assert_eq!(restraint.may_tell("a", start + EVERY), None);
        assert_eq!(restraint.may_tell("a", start + 2 * EVERY), Some(1));
    }
}
