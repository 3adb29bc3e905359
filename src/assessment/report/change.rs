//! How soon what is new in a report has to be written.

use super::super::Fingerprint;
use crate::api::{ReportContent, ReportedBlocker};

/// What is new in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportChange {
    /// Counts, wording and examples alone: it may wait for others of the kind.
    Counts,
    /// What people or the gate go by.
    Verdict,
}

/// What stands for a report, which takes up to 20 kB, wherever it only matters what is new in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imprint {
    whole: Fingerprint,
    verdicts: Fingerprint,
}

impl Imprint {
    /// That of a report.
    pub fn of(content: &ReportContent) -> Self {
        let of = |content: &ReportContent| {
            // It is made of texts and numbers, which can always be written.
            Fingerprint::of(&serde_json::to_string(content).unwrap_or_default())
        };
        Self { whole: of(content), verdicts: of(&verdicts(content)) }
    }

    /// What is new in the report that `after` is of; `None` when nothing is.
    ///
    /// Of the numbers only those of workloads that violate, or of which podsec cannot tell, are verdicts: pods come and
    /// go.
    pub fn change(&self, after: &Self) -> Option<ReportChange> {
        if self == after {
            None
        } else if self.verdicts == after.verdicts {
            Some(ReportChange::Counts)
        } else {
            Some(ReportChange::Verdict)
        }
    }
}

/// A report without all that may wait.
fn verdicts(content: &ReportContent) -> ReportContent {
    let mut rest = content.clone();
    rest.message.clear();
    rest.pods = None;
    rest.not_judged = None;
    rest.summary.violating.clear();
    if let Some(counts) = &mut rest.workloads {
        (counts.conforming, counts.judged, counts.exempt) = (0, 0, 0);
    }
    for mode in [&mut rest.enforce, &mut rest.audit, &mut rest.warn].into_iter().flatten() {
        mode.message.clear();
    }
    if let Some(breakage) = &mut rest.breakage {
        breakage.refused.clear();
    }
    // Which of many blockers stand first depends on how many pods they have.
    if rest.more_blockers > 0 {
        rest.blockers.clear();
        rest.summary.blocker.clear();
        rest.more_blockers = 1;
    }
    for blocker in &mut rest.blockers {
        *blocker = ReportedBlocker {
            check: std::mem::take(&mut blocker.check),
            container: std::mem::take(&mut blocker.container),
            volume: std::mem::take(&mut blocker.volume),
            workload: std::mem::take(&mut blocker.workload),
            ..ReportedBlocker::default()
        };
    }
    let key = |blocker: &ReportedBlocker| {
        let ReportedBlocker { check, container, volume, workload, .. } = blocker.clone();
        (workload, check, container, volume)
    };
    rest.blockers.sort_by_cached_key(key);
    rest.summary.blocker.clear();
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Breakage, ReportState, VerdictCounts};

    fn report_change(before: &ReportContent, after: &ReportContent) -> Option<ReportChange> {
        Imprint::of(before).change(&Imprint::of(after))
    }

    fn content() -> ReportContent {
        let blocker = |workload: &str, pods| ReportedBlocker {
            check: "privileged".into(),
            pods,
            workload: workload.into(),
            ..ReportedBlocker::default()
        };
        ReportContent {
            workloads: Some(VerdictCounts { judged: 2, violating: 2, ..VerdictCounts::default() }),
            blockers: vec![blocker("Deployment/web", 3), blocker("Pod/alone", 1)],
            message: "2 of 2".into(),
            state: ReportState::Held,
            ..ReportContent::default()
        }
    }

    fn change(change: impl FnOnce(&mut ReportContent)) -> Option<ReportChange> {
        let mut after = content();
        change(&mut after);
        report_change(&content(), &after)
    }

    #[test]
    fn what_pods_alone_change_can_wait() {
        assert_eq!(change(|_| {}), None);
        let counts = Some(ReportChange::Counts);
        assert_eq!(change(|after| after.blockers[0].pods = 4), counts);
        assert_eq!(change(|after| after.blockers.swap(0, 1)), counts, "another one has more pods now");
        assert_eq!(change(|after| after.message = "2 of 3".into()), counts);
        assert_eq!(change(|after| after.pods = Some(VerdictCounts::default())), counts);
        assert_eq!(change(|after| after.workloads.as_mut().unwrap().judged = 3), counts);
        assert_eq!(change(|after| after.blockers[0].object = "Pod/web-2".into()), counts);
    }

    #[test]
    fn what_is_decided_or_newly_violates_cannot() {
        let verdict = Some(ReportChange::Verdict);
        assert_eq!(change(|after| after.state = ReportState::InSync), verdict);
        assert_eq!(change(|after| after.workloads.as_mut().unwrap().violating = 3), verdict);
        assert_eq!(change(|after| after.workloads.as_mut().unwrap().inconclusive = 1), verdict);
        assert_eq!(change(|after| after.blockers[0].check = "hostPorts".into()), verdict);
        assert_eq!(change(|after| drop(after.blockers.pop())), verdict);
        let breakage = Breakage { workloads: 1, ..Breakage::default() };
        assert_eq!(change(|after| after.breakage = Some(breakage)), verdict);
        assert_eq!(change(|after| after.soak = Some(crate::api::Soak::default())), verdict);
    }

    #[test]
    fn which_of_many_blockers_are_listed_can_wait() {
        let mut before = content();
        before.more_blockers = 7;
        let mut after = before.clone();
        after.blockers[1].workload = "Pod/other".into();
        after.more_blockers = 8;
        assert_eq!(report_change(&before, &after), Some(ReportChange::Counts));
        after.more_blockers = 0;
        assert_eq!(report_change(&before, &after), Some(ReportChange::Verdict));
    }
}
