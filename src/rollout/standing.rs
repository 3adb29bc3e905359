//! In what state a namespace is, in one word, for reports, previews and statuses.

use std::fmt;

use jiff::Timestamp;

use super::{HoldReason, ModePlan, Release, Verdict, wording};
use crate::standards::Mode;

/// The state of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Every governed mode is as its profile asks, and podsec owns it.
    InSync,
    /// enforce is not, or not any more, as its profile asks.
    Held,
    /// The same, for nothing but the time that is to pass first.
    Soaking,
    /// It is as an exemption has it.
    Exempt,
    /// A mode is left to somebody else.
    Yielded,
    /// Somebody else keeps setting a mode to another value.
    Contested,
    /// enforce is held since podsec cannot tell, or is not sure that it can.
    Inconclusive,
    /// Nothing is written or let go.
    Frozen,
    /// It is protected, and no profile names it in full.
    Protected,
    /// The API server enforces nothing there, whatever the labels say.
    ServerExempt,
    /// No profile governs it any more.
    Left,
}

impl State {
    /// The state's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InSync => "InSync",
            Self::Held => "Held",
            Self::Soaking => "Soaking",
            Self::Exempt => "Exempt",
            Self::Yielded => "Yielded",
            Self::Contested => "Contested",
            Self::Inconclusive => "Inconclusive",
            Self::Frozen => "Frozen",
            Self::Protected => "Protected",
            Self::ServerExempt => "ServerExempt",
            Self::Left => "Left",
        }
    }

    /// The order of what is told first: of several modes in different states, that of the highest rank is the
    /// namespace's.
    const fn rank(self) -> u8 {
        match self {
            Self::Protected | Self::Left => 0,
            Self::InSync => 1,
            Self::Exempt => 2,
            Self::Yielded => 3,
            Self::Contested => 4,
            Self::Frozen => 5,
            Self::Soaking => 6,
            Self::Held => 7,
            Self::ServerExempt => 8,
            Self::Inconclusive => 9,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The state of a namespace, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: State,
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
    let most = modes.iter().rev().map(of_mode).max_by_key(|standing| standing.state.rank());
    let unnamed = || Standing {
        state: State::Protected,
        mode: None,
        reason: "Protected",
        message: "the namespace is protected, and no profile names it in full in namespaceNames".into(),
        next: None,
    };
    most.or_else(|| protected.then(unnamed))
}

fn of_mode(plan: &ModePlan) -> Standing {
    let (state, (reason, message), next) = match &plan.verdict {
        Verdict::LeaveAlone { key, policy, .. } => {
            let manager = wording::last_set_by(&plan.verdict).unwrap_or_default();
            let message = format!("{key} was last set by {manager}; {}", wording::leaves(*policy));
            (State::Yielded, ("LeftAlone", message), None)
        }
        Verdict::Freeze(reason) => (State::Frozen, wording::freeze(*reason, &plan.profile), None),
        Verdict::Release(Release::Retain(reason)) => {
            (State::Left, wording::retained(*reason, &plan.profile), None)
        }
        Verdict::Release(Release::Remove) => (State::Left, wording::removed(&plan.profile), None),
        Verdict::InSync | Verdict::Write { .. } | Verdict::Hold(_) => match plan.held() {
            Some(reason) => (state_of(reason), wording::hold(reason, plan), next_step(reason, plan)),
            None => in_sync(plan),
        },
    };
    Standing { state, mode: Some(plan.mode), reason, message, next }
}

fn in_sync(plan: &ModePlan) -> (State, (&'static str, String), Option<Timestamp>) {
    match &plan.exemption {
        Some(exemption) => {
            let message = wording::exemption(exemption, &plan.profile);
            (State::Exempt, ("Exempt", message), exemption.expires)
        }
        None => (State::InSync, ("InSync", wording::in_sync(plan)), None),
    }
}

const fn state_of(reason: &HoldReason) -> State {
    match reason {
        HoldReason::Soaking { .. } => State::Soaking,
        HoldReason::Inconclusive { .. } | HoldReason::LastLookDisagrees { .. } => State::Inconclusive,
        HoldReason::ServerExempt => State::ServerExempt,
        HoldReason::NotJudged
        | HoldReason::Violations { .. }
        | HoldReason::RolloutHalted { .. }
        | HoldReason::Batch { .. }
        | HoldReason::LastLookDue
        | HoldReason::LastLookUnavailable { .. }
        | HoldReason::WouldWeaken
        | HoldReason::NeverWeaken
        | HoldReason::InDoubt(_) => State::Held,
    }
}

fn next_step(reason: &HoldReason, plan: &ModePlan) -> Option<Timestamp> {
    let by_gate = match reason {
        HoldReason::Soaking { until, .. } | HoldReason::Batch { until } => Some(*until),
        _ => None,
    };
    [by_gate, plan.forced_at].into_iter().flatten().min()
}
