//! In what state a namespace is, in one word, for reports, previews and statuses.

use jiff::Timestamp;

use super::{HoldReason, ModePlan, Release, Verdict, wording};
use crate::{api::ReportState, standards::Mode};

/// The state of a namespace, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: ReportState,
    /// The mode that it is about; none for what is protected.
    pub mode: Option<Mode>,
    /// One word for machines.
    pub reason: &'static str,
    /// Prose for people. What others wrote stands in it as [`wording::quoted`] has it.
    pub message: String,
    /// When podsec takes the next step by itself, if that is known and nothing else happens.
    pub next: Option<Timestamp>,
}

/// The state of a namespace once the verdicts of a plan are carried out: that of the mode of which there is most to
/// tell, enforce before the others. `None` where podsec has nothing to do with the namespace.
pub fn standing(modes: &[ModePlan], protected: bool) -> Option<Standing> {
    // Of equal ones the last; enforce comes first in a plan.
    let most = modes.iter().rev().map(standing_of).max_by_key(|standing| rank(standing.state));
    let unnamed = || Standing {
        state: ReportState::Protected,
        mode: None,
        reason: "Protected",
        message: "the namespace is protected, and no profile names it in full in namespaceNames".into(),
        next: None,
    };
    most.or_else(|| protected.then(unnamed))
}

/// The order of what is told first: of several modes in different states, that of the highest rank is the namespace's.
const fn rank(state: ReportState) -> u8 {
    match state {
        ReportState::Protected | ReportState::Left => 0,
        ReportState::InSync => 1,
        ReportState::Exempt => 2,
        ReportState::Yielded => 3,
        ReportState::Contested => 4,
        ReportState::Frozen => 5,
        ReportState::Soaking => 6,
        ReportState::Held => 7,
        ReportState::ServerExempt => 8,
        ReportState::Inconclusive => 9,
    }
}

/// The state of one mode once its verdict is carried out.
pub fn standing_of(plan: &ModePlan) -> Standing {
    let (state, (reason, message), next) = match &plan.verdict {
        Verdict::LeaveAlone { key, policy, .. } => {
            let manager = wording::last_set_by(&plan.verdict).unwrap_or_default();
            let message = format!("{key} was last set by {manager}; {}", wording::leaves(*policy));
            (ReportState::Yielded, ("LeftAlone", message), None)
        }
        Verdict::Freeze(reason) => (ReportState::Frozen, wording::freeze(*reason, &plan.profile), None),
        Verdict::Release(Release::Retain(reason)) => {
            (ReportState::Left, wording::retained(*reason, &plan.profile), None)
        }
        Verdict::Release(Release::Remove) => (ReportState::Left, wording::removed(&plan.profile), None),
        Verdict::InSync | Verdict::Write { .. } | Verdict::Hold(_) => match plan.held() {
            Some(reason) => (state_of(reason), wording::hold(reason, plan), next_step(reason, plan)),
            None => in_sync(plan),
        },
    };
    Standing { state, mode: Some(plan.mode), reason, message, next }
}

fn in_sync(plan: &ModePlan) -> (ReportState, (&'static str, String), Option<Timestamp>) {
    match &plan.exemption {
        Some(exemption) => {
            let message = wording::exemption(exemption, &plan.profile);
            (ReportState::Exempt, ("Exempt", message), exemption.expires)
        }
        None => (ReportState::InSync, ("InSync", wording::in_sync(plan)), None),
    }
}

const fn state_of(reason: &HoldReason) -> ReportState {
    match reason {
        HoldReason::Soaking { .. } => ReportState::Soaking,
        HoldReason::Inconclusive { .. } | HoldReason::LastLookDisagrees { .. } => ReportState::Inconclusive,
        HoldReason::ServerExempt => ReportState::ServerExempt,
        HoldReason::NotJudged
        | HoldReason::Violations { .. }
        | HoldReason::RolloutHalted { .. }
        | HoldReason::Batch { .. }
        | HoldReason::LastLookDue
        | HoldReason::LastLookUnavailable { .. }
        | HoldReason::WouldWeaken
        | HoldReason::NeverWeaken
        | HoldReason::InDoubt(_) => ReportState::Held,
    }
}

fn next_step(reason: &HoldReason, plan: &ModePlan) -> Option<Timestamp> {
    let by_gate = match reason {
        HoldReason::Soaking { until, .. } | HoldReason::Batch { until } => Some(*until),
        _ => None,
    };
    [by_gate, plan.forced_at].into_iter().flatten().min()
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
