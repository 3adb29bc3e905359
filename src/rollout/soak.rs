//! What the gate has to remember of a namespace: since when it is clean, and since when it is held.

use jiff::Timestamp;

use super::Evidence;
use crate::{
    assessment::Assessment,
    standards::{Level, LevelVersion, Verdict},
};

/// What the gate has to remember of a namespace from one plan to the next, also beyond a restart. It is kept in the
/// namespace's report, and no longer than the namespace.
///
/// Times are whole seconds, rounded up, so that nothing is lost where they are written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateRecord {
    /// The uid of the namespace that it is about.
    pub uid: String,
    /// Since when it is clean, for each policy that it may be raised to: at most two.
    pub clean: Vec<CleanSince>,
    /// Since when it is held.
    pub held: Option<HeldSince>,
}

/// Since when no workload violates a policy, as far as somebody watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanSince {
    /// The level and the version that it resolved to.
    pub policy: LevelVersion,
    /// Since when.
    pub since: Timestamp,
}

/// Since when a profile asks for a level that the namespace does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldSince {
    /// The profile's uid.
    pub profile: String,
    /// The level.
    pub level: Level,
    /// Since when.
    pub since: Timestamp,
}

impl GateRecord {
    /// Nothing to remember of a namespace.
    pub const fn nothing(uid: String) -> Self {
        Self { uid, clean: Vec::new(), held: None }
    }

    /// Whether there is nothing to remember.
    pub const fn is_empty(&self) -> bool {
        self.clean.is_empty() && self.held.is_none()
    }
}

/// What was remembered of this very namespace.
pub(super) fn kept<'a>(evidence: &Evidence<'a>, uid: &str) -> Option<&'a GateRecord> {
    evidence.record.filter(|record| record.uid == uid)
}

/// Since when no workload violates what was judged by, as far as somebody watched; nothing where one does, or may.
///
/// A finished pod that violates, and of which no template tells that there will be no more like it, counts as long as it
/// is there: from its creation on.
pub(super) fn clean_since(
    evidence: &Evidence<'_>,
    uid: &str,
    assessment: &Assessment<'_, '_>,
    now: Timestamp,
) -> Option<Timestamp> {
    if assessment.verdict() != Verdict::Conforms {
        return None;
    }
    let now = at_seconds(now);
    let policy = assessment.judge().policy();
    let known =
        kept(evidence, uid).and_then(|record| record.clean.iter().find(|clean| clean.policy == policy));
    let watched = at_seconds(evidence.watched_since);
    let finished = assessment.finished_violating().map(|finished| finished.newest);
    let since = known.map_or(now, |clean| clean.since).max(watched);
    Some(finished.map_or(since, |finished| since.max(finished)).min(now))
}

/// What stays to be remembered where the gate was not asked, though what it is about goes on.
pub(super) fn carried(evidence: &Evidence<'_>, uid: &str, holds: bool, now: Timestamp) -> GateRecord {
    let mut record = GateRecord::nothing(uid.to_owned());
    let Some(kept) = kept(evidence, uid) else { return record };
    for CleanSince { policy, .. } in &kept.clean {
        let assessment = evidence.judge.by(*policy).assess(evidence.workloads);
        if let Some(since) = clean_since(evidence, uid, &assessment, now) {
            record.clean.push(CleanSince { policy: *policy, since });
        }
    }
    record.held = kept.held.clone().filter(|_| holds);
    record
}

/// The whole second that is not before a time.
pub(super) fn at_seconds(time: Timestamp) -> Timestamp {
    let is_whole = time.subsec_nanosecond() == 0;
    Timestamp::from_second(time.as_second() + i64::from(!is_whole)).unwrap_or(time)
}
