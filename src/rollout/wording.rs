//! What people read about a verdict: one word for machines, and a sentence. The one source of both, for whatever tells
//! of a plan.
//!
//! Names come from tenants and are quoted so that they cannot play tricks on a terminal or a log.

use super::{
    ActiveExemption, FreezeReason, HoldReason, Manager, ModePlan, Namespace, RetainReason, Verdict,
    WeakenCause,
};
use crate::{
    api::{ConflictPolicy, agreed, counted, printable},
    standards::{Mode, Policy},
};

/// The word and the sentence for an enforce label that is held, for this reason.
pub fn hold(reason: &HoldReason, plan: &ModePlan) -> (&'static str, String) {
    let (word, sentence) = held(reason, plan);
    match plan.forced_at {
        Some(at) => (
            word,
            format!("{sentence}; forceAfter raises it at {at} even so, unless podsec cannot tell then"),
        ),
        None => (word, sentence),
    }
}

/// Why enforce is raised to less than what is planned, if it is.
pub fn partly(plan: &ModePlan) -> Option<String> {
    let (word, sentence) = hold(plan.partly.as_ref()?, plan);
    let planned = plan.planned.map(|planned| planned.to_string()).unwrap_or_default();
    Some(format!("profile {} asks for {planned}, which has to wait ({word}): {sentence}", plan.profile))
}

fn held(reason: &HoldReason, plan: &ModePlan) -> (&'static str, String) {
    let planned = plan.planned.map(|planned| planned.to_string()).unwrap_or_default();
    match reason {
        HoldReason::Violations { workloads } => {
            let violate = agreed(workloads, "violates", "violate");
            ("Violations", format!("{} {violate} {planned}", counted(*workloads, "workload")))
        }
        HoldReason::Inconclusive { missing: Some(missing), .. } => (
            "Inconclusive",
            format!("podsec cannot tell whether a workload violates {planned}: {}", quoted(missing)),
        ),
        HoldReason::Inconclusive { workloads, missing: None } => {
            let they = agreed(workloads, "it violates", "they violate");
            let workloads = counted(*workloads, "workload");
            ("Inconclusive", format!("podsec cannot tell of {workloads} whether {they} {planned}"))
        }
        HoldReason::Soaking { since, until } => (
            "Soaking",
            format!("no workload has violated {planned} since {since}; it is raised at {until} if none does until then"),
        ),
        // Not what it is that broke: that is another tenant's, and this is told in every namespace that waits.
        HoldReason::RolloutHalted { reason: _ } => (
            "RolloutHalted",
            format!(
                "profile {} raises nothing for now, since something broke in a namespace that it had raised; its \
                 condition RolloutHalted says what",
                plan.profile
            ),
        ),
        HoldReason::Batch { until } => (
            "Batch",
            format!(
                "profile {} has raised as many namespaces as rollout.batch allows; the next may be raised at {until}",
                plan.profile
            ),
        ),
        HoldReason::LastLookDue => {
            ("LastLookDue", "the API server has yet to be asked, by a dry run, what it would refuse".into())
        }
        HoldReason::LastLookDisagrees { detail } => (
            "LastLookDisagrees",
            format!("podsec and the API server do not agree about the pods there: {}", quoted(detail)),
        ),
        HoldReason::LastLookUnavailable { reason } => (
            "LastLookUnavailable",
            format!("the API server, asked by a dry run what it would refuse, did not say: {}", quoted(reason)),
        ),
        HoldReason::ServerExempt => (
            "ServerExempt",
            "the API server is configured to enforce nothing in this namespace, whatever its labels say".into(),
        ),
        HoldReason::NotJudged => ("NotJudged", "podsec has not looked at what runs there yet".into()),
        HoldReason::WouldWeaken if plan.assumed => (
            "WouldWeaken",
            format!(
                "there is no label, and the API server enforces {} by default, which is stricter; set allowWeakening: \
                 true on this profile to label the namespace for less",
                plan.present.level
            ),
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
pub fn freeze(reason: FreezeReason, profile: &str) -> (&'static str, String) {
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
pub fn garbled(mode: Mode, namespace: &Namespace) -> Option<String> {
    let (_, errors) = namespace.labelled(mode, &Policy::default());
    let keys = mode.keys();
    let shown = |key| quoted(namespace.label(key).unwrap_or_default());
    (!errors.is_empty()).then(|| format!("{:?}:{:?} (unreadable)", shown(keys.level), shown(keys.version)))
}

/// Why a write lowers what is effective.
pub fn cause(cause: WeakenCause, plan: &ModePlan) -> String {
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
pub fn exemption(exemption: &ActiveExemption, profile: &str) -> String {
    format!("exemption {} of profile {profile}: {}", quoted(&exemption.name), quoted(&exemption.reason))
}

/// Why keys are kept in the name of `podsec-retained`.
pub fn retained(reason: RetainReason, profile: &str) -> (&'static str, String) {
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

/// What is said where keys are withdrawn.
pub fn removed(profile: &str) -> (&'static str, String) {
    ("Removed", format!("profile {profile} let go of it with releasePolicy: Remove"))
}

/// What is said of a mode that is as its profile asks.
pub fn in_sync(plan: &ModePlan) -> String {
    let planned = plan.planned.map(|planned| planned.to_string()).unwrap_or_default();
    format!("{} is {planned}, as profile {} asks", plan.mode, plan.profile)
}

/// Why a label that somebody else set is left to them.
pub const fn leaves(policy: ConflictPolicy) -> &'static str {
    match policy {
        ConflictPolicy::Yield => "conflictPolicy: Yield leaves a label to whoever set it",
        ConflictPolicy::KeepStricter | ConflictPolicy::Force => {
            "in this version of podsec conflictPolicy: KeepStricter leaves a label to whoever set it, unless podsec \
             had raised it and it was lowered since; Force takes it"
        }
    }
}

/// The field manager that last set a key, for people.
pub fn last_set_by(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::LeaveAlone { last_set_by, .. } => Some(quoted(last_set_by)),
        _ => None,
    }
}

/// A text that somebody else wrote, on one line, without control characters, and not endless.
pub fn quoted(text: &str) -> String {
    printable(text, 200)
}

/// The same for a message that is worth more room.
pub fn quoted_long(text: &str) -> String {
    printable(text, 1000)
}
