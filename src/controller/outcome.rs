//! What became of a namespace.

use super::{apply::Applied, reports::Summary};
use crate::rollout::{Change, HoldReason, ModePlan, Release, Verdict};
use crate::standards::Mode;

/// So many failures in a row are a moment's trouble. From then on they are shown.
pub(super) const PATIENCE: u32 = 5;

/// What became of one namespace when it was last looked at.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    epoch: u64,
    /// The profiles that match it, by name.
    pub(super) matched: Vec<String>,
    /// The pairs of profiles that disagree about it.
    pub(super) overlaps: Vec<(String, String)>,
    pub(super) result: Result,
    /// What its report says of it, in short; nothing where it has none.
    pub(super) summary: Option<Summary>,
    /// How it stands to each profile that matches it and changes nothing, by the profile's name.
    pub(super) onlookers: Vec<(String, Summary)>,
    /// Whether it is not yet known what runs in it.
    unjudged: bool,
}

/// How it went.
#[derive(Clone, Debug)]
pub(super) enum Result {
    /// The plan was carried out, or there was nothing to do.
    Applied(Box<Applied>),
    /// A person must mend something before anybody can write this namespace.
    Unwritable {
        /// The HTTP status.
        code: u16,
        /// What the API server said.
        message: String,
    },
    /// It is tried again.
    Retrying {
        message: String,
        /// How often it failed in a row.
        failures: u32,
    },
}

impl Outcome {
    pub(super) const fn new(
        epoch: u64,
        matched: Vec<String>,
        overlaps: Vec<(String, String)>,
        result: Result,
    ) -> Self {
        Self { epoch, matched, overlaps, result, summary: None, onlookers: Vec::new(), unjudged: false }
    }

    /// The same, made before it was known what runs there: it is looked at again.
    pub(super) fn unjudged(self) -> Self {
        Self { unjudged: true, ..self }
    }

    /// The same, with what its report says.
    pub(super) fn with_summary(self, summary: Option<Summary>) -> Self {
        Self { summary, ..self }
    }

    /// The same, with how it stands to profiles that change nothing.
    pub(super) fn with_onlookers(self, onlookers: Vec<(String, Summary)>) -> Self {
        Self { onlookers, ..self }
    }

    /// What was found there that concerns a profile which matches it: by what that asks, if it changes nothing; what
    /// its report says, if that is about the profile.
    pub(super) fn found_for(&self, profile: &str) -> Option<&Summary> {
        let onlooking = self.onlookers.iter().find(|(name, _)| name == profile).map(|(_, summary)| summary);
        onlooking.or_else(|| self.summary.as_ref().filter(|_| self.is_reported_for(profile)))
    }

    /// Whether the report is about a profile: it governs enforce, or nothing governs anything.
    fn is_reported_for(&self, profile: &str) -> bool {
        let enforce = self.mode(Mode::Enforce);
        enforce.or_else(|| self.modes().first()).is_none_or(|plan| plan.profile == profile)
    }

    /// The snapshot of the profiles that it was planned with.
    pub(super) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether it was made before it was known what runs there.
    pub(super) const fn is_unjudged(&self) -> bool {
        self.unjudged
    }

    /// Whether nothing more is going to happen soon: it is done, or has failed so often that this is shown.
    pub(super) const fn is_final(&self) -> bool {
        !self.unjudged && !matches!(self.result, Result::Retrying { failures, .. } if failures < PATIENCE)
    }

    /// Whether the plan was carried out.
    pub(super) const fn is_applied(&self) -> bool {
        matches!(self.result, Result::Applied(_))
    }

    /// The verdicts that were carried out.
    pub(super) fn modes(&self) -> &[ModePlan] {
        match &self.result {
            Result::Applied(applied) => applied.modes(),
            Result::Unwritable { .. } | Result::Retrying { .. } => &[],
        }
    }

    pub(super) fn mode(&self, mode: Mode) -> Option<&ModePlan> {
        self.modes().iter().find(|plan| plan.mode == mode)
    }
}

/// Whether a verdict, carried out, leaves the mode as its profile asks.
pub(super) fn is_in_sync(plan: &ModePlan) -> bool {
    match &plan.verdict {
        Verdict::InSync => true,
        Verdict::Write { value, .. } => Some(*value) == plan.planned,
        Verdict::Hold(_) | Verdict::LeaveAlone { .. } | Verdict::Freeze(_) | Verdict::Release(_) => false,
    }
}

/// What [`kind`] says of verdicts by which something is written.
pub(super) const WRITES: [&str; 7] = ["own", "raise", "force_raise", "repair", "weaken", "retain", "remove"];

/// A bounded name of what a verdict does, for metrics and for telling one state from another.
pub(super) fn kind(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::InSync => "in_sync",
        Verdict::Write { change: Change::Own, .. } => "own",
        Verdict::Write { change: Change::Raise, .. } => "raise",
        Verdict::Write { change: Change::ForcedRaise, .. } => "force_raise",
        Verdict::Write { change: Change::Repair, .. } => "repair",
        Verdict::Write { change: Change::Weaken(_), .. } => "weaken",
        Verdict::Hold(reason) => hold_kind(reason),
        Verdict::LeaveAlone { .. } => "leave_alone",
        Verdict::Freeze(_) => "freeze",
        Verdict::Release(Release::Retain(_)) => "retain",
        Verdict::Release(Release::Remove) => "remove",
    }
}

fn hold_kind(reason: &HoldReason) -> &'static str {
    match reason {
        HoldReason::NotJudged => "hold_not_judged",
        HoldReason::Violations { .. } => "hold_violations",
        HoldReason::Inconclusive { .. } => "hold_inconclusive",
        HoldReason::Soaking { .. } => "hold_soaking",
        HoldReason::RolloutHalted => "hold_halted",
        HoldReason::Batch { .. } => "hold_batch",
        HoldReason::LastLookDue => "hold_look_due",
        HoldReason::LastLookDisagrees { .. } => "hold_look_disagrees",
        HoldReason::LastLookUnavailable { .. } => "hold_look_unavailable",
        HoldReason::ServerExempt => "hold_server_exempt",
        HoldReason::Contested { .. } => "hold_contested",
        HoldReason::WouldWeaken => "hold_would_weaken",
        HoldReason::NeverWeaken => "hold_never_weaken",
        HoldReason::InDoubt(_) => "hold_in_doubt",
    }
}
