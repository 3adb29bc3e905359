//! How often one namespace may be talked about.
//!
//! Whoever may write a namespace can change it in a new way every second: another field manager's name, another
//! version, a label that a selector asks for. That must fill neither the log nor the list of Events; nor may the noise
//! hide that something was lowered.

use std::{collections::HashMap, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

/// So many things of a kind are told at once.
const BURST: u32 = 10;

/// After that, one in this time.
const EVERY: Duration = Duration::from_mins(1);

/// What is told apart: one kind cannot use up what another may tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A label was lowered or removed, by podsec or by somebody whose change podsec took back.
    Weaker,
    /// podsec wrote anything else.
    Written,
    /// Nothing was written, and why.
    Left,
}

/// A token bucket for each kind of thing told about a namespace.
#[derive(Debug, Default)]
pub(super) struct Restraint {
    buckets: Mutex<HashMap<(String, Kind), Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    /// When the bucket is, or was, full again.
    full: Instant,
    untold: u32,
}

impl Restraint {
    /// Whether one more thing may be told about a namespace now; with how many were passed over since the last one.
    pub(super) fn may_tell(&self, namespace: &str, kind: Kind, now: Instant) -> Option<u32> {
        let mut buckets = self.buckets.lock();
        // A full bucket knows nothing that a new one does not, unless something was passed over.
        buckets.retain(|_, bucket| bucket.full > now || bucket.untold > 0);
        let bucket = buckets.entry((namespace.to_owned(), kind)).or_insert(Bucket { full: now, untold: 0 });
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
        self.buckets.lock().retain(|(name, _), _| name != namespace);
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
            assert_eq!(restraint.may_tell("a", Kind::Left, start), Some(0));
        }
        for _ in 0..5 {
            assert_eq!(restraint.may_tell("a", Kind::Left, start), None);
        }
        assert_eq!(restraint.may_tell("b", Kind::Left, start), Some(0), "another namespace is not concerned");
        assert_eq!(restraint.may_tell("a", Kind::Weaker, start), Some(0), "nor another kind");
        assert_eq!(restraint.may_tell("a", Kind::Left, start + EVERY), Some(5));
        assert_eq!(restraint.may_tell("a", Kind::Left, start + EVERY), None);
        assert_eq!(restraint.may_tell("a", Kind::Left, start + 2 * EVERY), Some(1));
    }
}
