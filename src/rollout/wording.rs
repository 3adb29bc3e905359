//! What people read about a verdict: one word for machines, and a sentence. The one source of both, for whatever tells
//! of a plan.
//!
//! Names come from tenants and are quoted so that they cannot play tricks on a terminal or a log.

use std::fmt;

use super::{
    ActiveExemption, Contest, FreezeReason, HoldReason, LeaveReason, Manager, ModePlan, Namespace,
    RetainReason, Verdict, WeakenCause, remedy, settlement,
};
use crate::{
    api::{agreed, counted, printable, reasons::StateReason, whole_second, whole_second_after},
    standards::{Mode, Policy},
};

/// The word and the sentence for an enforce label that is held, for this reason.
pub fn hold(reason: &HoldReason, plan: &ModePlan) -> (StateReason, String) {
    let (word, sentence) = held(reason, plan);
    match plan.forced_at {
        Some(at) => {
            let at = whole_second_after(at);
            (
                word,
                format!("{sentence}; forceAfter raises it at {at} even so, unless podsec cannot tell then"),
            )
        }
        None => (word, sentence),
    }
}

/// Why enforce is raised to less than what is planned, if it is.
pub fn partly(plan: &ModePlan) -> Option<String> {
    let (word, sentence) = hold(plan.partly.as_ref()?, plan);
    let planned = plan.planned.map(|planned| planned.to_string()).unwrap_or_default();
    Some(format!(
        "profile {} asks for {planned}, which has to wait ({}): {sentence}",
        plan.profile,
        word.as_str()
    ))
}

fn held(reason: &HoldReason, plan: &ModePlan) -> (StateReason, String) {
    let planned = plan.planned.map(|planned| planned.to_string()).unwrap_or_default();
    match reason {
        HoldReason::Violations { workloads } => {
            let violate = agreed(workloads, "violates", "violate");
            (StateReason::Violations, format!("{} {violate} {planned}", counted(*workloads, "workload")))
        }
        HoldReason::Inconclusive { missing: Some(missing), .. } => (
            StateReason::Inconclusive,
            format!("podsec cannot tell whether a workload violates {planned}: {}", quoted(missing)),
        ),
        HoldReason::Inconclusive { workloads, missing: None } => {
            let they = agreed(workloads, "it violates", "they violate");
            let workloads = counted(*workloads, "workload");
            (StateReason::Inconclusive, format!("podsec cannot tell of {workloads} whether {they} {planned}"))
        }
        HoldReason::Soaking { since, until } => (
            StateReason::Soaking,
            format!(
                "no workload has violated {planned} since {}; it is raised at {} if none does until then",
                whole_second(*since),
                whole_second_after(*until)
            ),
        ),
        // Not what it is that broke: that is another tenant's, and this is told in every namespace that waits.
        HoldReason::RolloutHalted => (
            StateReason::RolloutHalted,
            format!(
                "profile {} raises nothing for now, since something broke in a namespace that it had raised; its \
                 condition RolloutHalted says what",
                plan.profile
            ),
        ),
        HoldReason::Batch { until } => (
            StateReason::Batch,
            format!(
                "profile {} has raised as many namespaces as rollout.batch allows; the next may be raised at {}",
                plan.profile,
                whole_second_after(*until)
            ),
        ),
        HoldReason::LastLookDue => {
            (StateReason::LastLookDue, "the API server has yet to be asked, by a dry run, what it would refuse".into())
        }
        HoldReason::LastLookDisagrees { detail } => (
            StateReason::LastLookDisagrees,
            format!("podsec and the API server do not agree about the pods there: {}", quoted(detail)),
        ),
        HoldReason::LastLookUnavailable { reason } => (
            StateReason::LastLookUnavailable,
            format!("the API server, asked by a dry run what it would refuse, did not say: {}", quoted(reason)),
        ),
        HoldReason::ServerExempt => (
            StateReason::ServerExempt,
            "the API server is configured to enforce nothing in this namespace, whatever its labels say".into(),
        ),
        HoldReason::NotJudged => (StateReason::NotJudged, "podsec has not looked at what runs there yet".into()),
        HoldReason::Contested { manager, until } => (
            StateReason::Contested,
            format!(
                "{} takes it again and again; podsec puts {planned} back at {}",
                who(manager),
                whole_second_after(*until)
            ),
        ),
        HoldReason::WouldWeaken if plan.assumed => (
            StateReason::WouldWeaken,
            format!(
                "there is no label, and the API server enforces {} by default, which is stricter; set allowWeakening: \
                 true on this profile to label the namespace for less",
                plan.present.level
            ),
        ),
        HoldReason::WouldWeaken => (
            StateReason::WouldWeaken,
            "the stricter label stays: another profile or a person had raised it; set allowWeakening: true on this \
             profile to lower it"
                .into(),
        ),
        HoldReason::NeverWeaken => {
            (StateReason::NeverWeaken, "the controller runs with --never-weaken, so the stricter label stays".into())
        }
        HoldReason::InDoubt(doubt) => (StateReason::InDoubt, format!("nothing is lowered while {doubt}")),
    }
}

/// The word and the sentence for a frozen mode.
pub fn freeze(reason: FreezeReason, profile: &str) -> (StateReason, String) {
    match reason {
        FreezeReason::Suspended => {
            (StateReason::Suspended, format!("profile {profile} is suspended: its labels stay as they are"))
        }
        FreezeReason::DryRun => {
            (StateReason::DryRun, format!("profile {profile} became a dry run: its labels stay as they are"))
        }
        FreezeReason::Unreadable => (
            StateReason::ProfileUnreadable,
            format!("profile {profile} cannot be used: its labels stay until it is mended or deleted"),
        ),
        FreezeReason::Unlisted => (
            StateReason::ProfileUnlisted,
            format!("profile {profile} is not listed, and the list is in doubt: its labels stay"),
        ),
        FreezeReason::InDoubt(doubt) => (StateReason::InDoubt, format!("nothing is let go while {doubt}")),
    }
}

/// That somebody takes back again and again what podsec wrote, and what ends it.
pub fn contest(contest: &Contest, plan: &ModePlan, namespace: &str) -> String {
    let Contest { manager, takes, last, value, .. } = contest;
    let mode = plan.mode;
    format!(
        "{} has taken {mode} from podsec {takes} times in a row, last at {}; podsec puts {value} back. {}",
        who(manager),
        whole_second(*last),
        settlement(contest, plan, namespace)
    )
}

/// A field manager, for people.
fn who(manager: &str) -> String {
    if manager.is_empty() { "somebody who left no record".to_owned() } else { quoted(manager) }
}

/// The labels of a mode as they stand, where the API server cannot read one of them.
pub fn garbled(mode: Mode, namespace: &Namespace) -> Option<String> {
    let (_, errors) = namespace.labelled(mode, &Policy::default());
    let keys = mode.keys();
    let shown = |key| quoted(namespace.label(key).unwrap_or_default());
    (!errors.is_empty()).then(|| format!("{:?}:{:?} (unreadable)", shown(keys.level), shown(keys.version)))
}

/// Why a label is put back.
pub const REPAIRED: &str = "somebody had lowered, removed or garbled it";

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
pub fn retained(reason: RetainReason, profile: &str) -> (StateReason, String) {
    let manager = Manager::Retained.as_str();
    match reason {
        RetainReason::Policy => (
            StateReason::Retained,
            format!("profile {profile} let go of it; its labels stay, owned by {manager}"),
        ),
        RetainReason::Left => (
            StateReason::Left,
            format!("it no longer matches profile {profile}; its labels stay, owned by {manager}"),
        ),
        RetainReason::EarlierCrd => (
            StateReason::Retained,
            format!("profile {profile} went with an earlier CRD; its labels stay, owned by {manager}"),
        ),
        RetainReason::NeverWeaken => (
            StateReason::Retained,
            format!("the controller runs with --never-weaken; the labels stay, owned by {manager}"),
        ),
        RetainReason::Shared => (
            StateReason::Retained,
            format!(
                "profile {profile} let go of it; somebody else owns the level, too, so it stays, and its version, owned by {manager}"
            ),
        ),
        RetainReason::Unrecorded => (
            StateReason::Retained,
            format!("nobody knows which profile set its labels; they stay, owned by {manager}"),
        ),
    }
}

/// That a value which somebody else had set does not come back where podsec lets go of a mode that it had taken.
pub fn former(plan: &ModePlan) -> Option<String> {
    let manager = plan.former.as_ref()?;
    Some(format!("what {} had set there before podsec took it is gone", quoted(manager)))
}

/// That Flux applies namespaces from which a profile removes labels when it lets go of them. A label that Git has, Flux is
/// told to ignore and the object lacks fails the whole Kustomization: measured with kustomize-controller 1.9.4.
pub fn flux_trap(namespaces: u32, first: &str) -> String {
    let namespaces = counted(namespaces, "namespace");
    format!(
        "Flux applies {namespaces} (first {first}): with releasePolicy: Remove, a Kustomization that ignores labels which \
         Git has (spec.ignore) fails when this profile lets go of them; set releasePolicy: Retain, or delete them from Git"
    )
}

/// What is said where keys are withdrawn.
pub fn removed(profile: &str) -> (StateReason, String) {
    (StateReason::Removed, format!("profile {profile} let go of it with releasePolicy: Remove"))
}

/// What is said where keys are withdrawn that somebody else owns, too.
pub fn left_to(manager: &str, profile: &str) -> (StateReason, String) {
    let (reason, let_go) = removed(profile);
    (reason, format!("{let_go}; it stays, since {} owns it too", quoted(manager)))
}

/// What is said where the API server does not take what podsec writes.
pub fn unwritable(answer: &str) -> (StateReason, String) {
    (StateReason::Unwritable, format!("the API server does not take what podsec writes: {}", quoted(answer)))
}

/// What is said of a mode that is as its profile asks.
pub fn in_sync(plan: &ModePlan) -> String {
    let planned = plan.planned.map(|planned| planned.to_string()).unwrap_or_default();
    format!("{} is {planned}, as profile {} asks", plan.mode, plan.profile)
}

/// Why a label that somebody else set is left to them.
const fn leaves(reason: LeaveReason) -> &'static str {
    match reason {
        LeaveReason::Yield => "conflictPolicy: Yield leaves a label to whoever set it",
        LeaveReason::Stricter => {
            "conflictPolicy: KeepStricter leaves to whoever set it what is at least as strict as what the profile asks"
        }
        LeaveReason::Reconciler => {
            "conflictPolicy: KeepStricter leaves what podsec never had to whoever sets it again and again"
        }
    }
}

/// Why something is as it is, and what a person may do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Why.
    pub why: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.why, self.remedy)
    }
}

/// That a label was last set by somebody else and why it is left to them, with what makes them leave it alone; nothing
/// where no label is left.
pub fn left_alone(plan: &ModePlan, namespace: &str) -> Option<Advice> {
    let Verdict::LeaveAlone { last_set_by, key, reason } = &plan.verdict else { return None };
    let asked = plan.planned.map(|planned| format!(", where profile {} asks for {planned}", plan.profile));
    let why = format!(
        "{key} was last set by {}: {} is {}{}; {}",
        quoted(last_set_by),
        plan.mode,
        plan.present,
        asked.unwrap_or_default(),
        leaves(*reason)
    );
    Some(Advice { why, remedy: remedy(last_set_by, *reason, plan, namespace) })
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
