//! What people read about a verdict: one word for machines, and a sentence.
//!
//! Names come from tenants and are quoted so that they cannot play tricks on a terminal or a log.

use crate::{
    api::{ConflictPolicy, printable},
    rollout::{
        ActiveExemption, FreezeReason, HoldReason, Manager, ModePlan, Namespace, RetainReason, Verdict,
        WeakenCause,
    },
    standards::{Mode, Policy},
};

/// The word and the sentence for a held enforce label.
pub(super) fn hold(reason: HoldReason, protected: bool) -> (&'static str, String) {
    match reason {
        HoldReason::NotJudged if protected => (
            "NotJudged",
            "the namespace is protected: whatever the strategy, enforce is raised only once no workload would violate \
             it, and this version of podsec does not judge workloads yet"
                .into(),
        ),
        HoldReason::NotJudged => (
            "NotJudged",
            "strategy WhenClean raises enforce once no workload would violate it, and this version of podsec does not \
             judge workloads yet; use rollout.strategy: Immediate to raise it unjudged"
                .into(),
        ),
        HoldReason::WouldWeaken => (
            "WouldWeaken",
            "the stricter label stays: another profile or a person had raised it; set allowWeakening: true on this \
             profile to lower it"
                .into(),
        ),
        HoldReason::NeverWeaken => {
            ("NeverWeaken", "the controller runs with --never-weaken, so the stricter label stays".into())
        }
        HoldReason::InDoubt(doubt) => ("InDoubt", format!("nothing is lowered while {doubt}")),
    }
}

/// The word and the sentence for a frozen mode.
pub(super) fn freeze(reason: FreezeReason, profile: &str) -> (&'static str, String) {
    match reason {
        FreezeReason::Suspended => {
            ("Suspended", format!("profile {profile} is suspended: its labels stay as they are"))
        }
        FreezeReason::DryRun => {
            ("DryRun", format!("profile {profile} became a dry run: its labels stay as they are"))
        }
        FreezeReason::Unreadable => (
            "ProfileUnreadable",
            format!("profile {profile} cannot be used: its labels stay until it is mended or deleted"),
        ),
        FreezeReason::Unlisted => (
            "ProfileUnlisted",
            format!("profile {profile} is not listed, and the list is in doubt: its labels stay"),
        ),
        FreezeReason::InDoubt(doubt) => ("InDoubt", format!("nothing is let go while {doubt}")),
    }
}

/// The labels of a mode as they stand, where the API server cannot read one of them.
pub(super) fn garbled(mode: Mode, namespace: &Namespace) -> Option<String> {
    let (_, errors) = namespace.labelled(mode, &Policy::default());
    let keys = mode.keys();
    let shown = |key| quoted(namespace.label(key).unwrap_or_default());
    (!errors.is_empty()).then(|| format!("{:?}:{:?} (unreadable)", shown(keys.level), shown(keys.version)))
}

/// Why a write lowers what is effective.
pub(super) fn cause(cause: WeakenCause, plan: &ModePlan) -> String {
    let profile = &plan.profile;
    match cause {
        WeakenCause::Edited => format!("profile {profile} now asks for less"),
        WeakenCause::Exempted => match &plan.exemption {
            Some(active) => exemption(active, profile),
            None => format!("an exemption of profile {profile}"),
        },
        WeakenCause::Removed => "the profile that had raised it is gone, with releasePolicy: Remove".into(),
        WeakenCause::Allowed => format!("profile {profile} has allowWeakening: true"),
        WeakenCause::Forced => format!("profile {profile} has conflictPolicy: Force"),
        WeakenCause::Advisory => format!("profile {profile} asks for it"),
    }
}

/// An exemption with the reason that its author gave.
pub(super) fn exemption(exemption: &ActiveExemption, profile: &str) -> String {
    format!("exemption {} of profile {profile}: {}", quoted(&exemption.name), quoted(&exemption.reason))
}

/// Why keys are kept in the name of `podsec-retained`.
pub(super) fn retained(reason: RetainReason, profile: &str) -> (&'static str, String) {
    let manager = Manager::Retained.as_str();
    match reason {
        RetainReason::Policy => {
            ("Retained", format!("profile {profile} let go of it; its labels stay, owned by {manager}"))
        }
        RetainReason::Left => {
            ("Left", format!("it no longer matches profile {profile}; its labels stay, owned by {manager}"))
        }
        RetainReason::EarlierCrd => (
            "Retained",
            format!("profile {profile} went with an earlier CRD; its labels stay, owned by {manager}"),
        ),
        RetainReason::NeverWeaken => (
            "Retained",
            format!("the controller runs with --never-weaken; the labels stay, owned by {manager}"),
        ),
        RetainReason::Unrecorded => {
            ("Retained", format!("nobody knows which profile set its labels; they stay, owned by {manager}"))
        }
    }
}

/// Why a label that somebody else set is left to them.
pub(super) const fn leaves(policy: ConflictPolicy) -> &'static str {
    match policy {
        ConflictPolicy::Yield => "conflictPolicy: Yield leaves a label to whoever set it",
        ConflictPolicy::KeepStricter | ConflictPolicy::Force => {
            "in this version of podsec conflictPolicy: KeepStricter leaves a label to whoever set it, unless podsec \
             had raised it and it was lowered since; Force takes it"
        }
    }
}

/// The field manager that last set a key, for people.
pub(super) fn last_set_by(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::LeaveAlone { last_set_by, .. } => Some(quoted(last_set_by)),
        _ => None,
    }
}

/// A text that somebody else wrote, on one line, without control characters, and not endless.
pub(super) fn quoted(text: &str) -> String {
    printable(text, 200)
}

/// The same for a message that is worth more room.
pub(super) fn quoted_long(text: &str) -> String {
    printable(text, 1000)
}
