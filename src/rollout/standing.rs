//! In what state a namespace is, in one word, for reports, previews and statuses.

use jiff::Timestamp;

use super::{HoldReason, ModePlan, Release, Verdict, wording};
use crate::{
    api::{ReportState, reasons::StateReason},
    standards::Mode,
};

/// The state of a namespace, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: ReportState,
    /// The mode that it is about; none for what is protected.
    pub mode: Option<Mode>,
    /// One word for machines.
    pub reason: StateReason,
    /// Prose for people. What others wrote stands in it as [`wording::quoted`] has it.
    pub message: String,
    /// When podsec takes the next step by itself, if that is known and nothing else happens.
    pub next: Option<Timestamp>,
}

/// The state of a namespace once the verdicts of a plan are carried out: that of the mode of which there is most to
/// tell, enforce before the others. `None` where podsec has nothing to do with the namespace.
pub fn standing(namespace: &str, modes: &[ModePlan], protected: bool) -> Option<Standing> {
    // Of equal ones the last; enforce comes first in a plan.
    let most = modes
        .iter()
        .rev()
        .map(|plan| standing_of(namespace, plan))
        .max_by_key(|standing| rank(standing.state));
    let unnamed = || Standing {
        state: ReportState::Protected,
        mode: None,
        reason: StateReason::Protected,
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

/// Of two states the one of which there is more to tell.
pub const fn foremost(one: ReportState, other: ReportState) -> ReportState {
    if rank(other) > rank(one) { other } else { one }
}

/// The state of one mode once its verdict is carried out.
pub fn standing_of(namespace: &str, plan: &ModePlan) -> Standing {
    let (state, (reason, message), next) = match &plan.verdict {
        Verdict::LeaveAlone { .. } => {
            let advice = wording::left_alone(plan, namespace);
            let message = advice.map(|advice| advice.to_string()).unwrap_or_default();
            (ReportState::Yielded, (StateReason::LeftAlone, message), None)
        }
        Verdict::Freeze(reason) => (ReportState::Frozen, wording::freeze(*reason, &plan.profile), None),
        Verdict::Release(release) => {
            let (reason, message) = match release {
                Release::Retain(reason) => wording::retained(*reason, &plan.profile),
                Release::Remove => wording::removed(&plan.profile),
            };
            let former = wording::former(plan).map(|former| format!("; {former}")).unwrap_or_default();
            (ReportState::Left, (reason, format!("{message}{former}")), None)
        }
        Verdict::InSync | Verdict::Write { .. } | Verdict::Hold(_) => match (plan.held(), &plan.contest) {
            (None | Some(HoldReason::Contested { .. }), Some(contest)) => {
                let next = plan.held().and_then(|reason| next_step(reason, plan));
                let message = wording::contest(contest, plan, namespace);
                (ReportState::Contested, (StateReason::Contested, message), next)
            }
            (Some(reason), _) => (state_of(reason), wording::hold(reason, plan), next_step(reason, plan)),
            (None, None) => in_sync(plan),
        },
    };
    Standing { state, mode: Some(plan.mode), reason, message, next }
}

fn in_sync(plan: &ModePlan) -> (ReportState, (StateReason, String), Option<Timestamp>) {
    match &plan.exemption {
        Some(exemption) => {
            let message = wording::exemption(exemption, &plan.profile);
            (ReportState::Exempt, (StateReason::Exempt, message), exemption.expires)
        }
        None => (ReportState::InSync, (StateReason::InSync, wording::in_sync(plan)), None),
    }
}

const fn state_of(reason: &HoldReason) -> ReportState {
    match reason {
        HoldReason::Soaking { .. } => ReportState::Soaking,
        HoldReason::Inconclusive { .. } | HoldReason::LastLookDisagrees { .. } => ReportState::Inconclusive,
        HoldReason::ServerExempt => ReportState::ServerExempt,
        HoldReason::Contested { .. } => ReportState::Contested,
        HoldReason::NotJudged
        | HoldReason::Violations { .. }
        | HoldReason::RolloutHalted
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
        HoldReason::Soaking { until, .. }
        | HoldReason::Batch { until }
        | HoldReason::Contested { until, .. } => Some(*until),
        _ => None,
    };
    [by_gate, plan.forced_at].into_iter().flatten().min()
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
