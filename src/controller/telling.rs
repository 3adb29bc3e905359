//! What is told of a namespace that was looked at: log lines, Events and counts.

use tokio::time::Instant;

use super::{
    announcements::Announcement,
    metrics::WriteLabels,
    outcome::{Outcome, Result, kind},
    state::State,
    wording,
};
use crate::{
    rollout::{Change, FreezeReason, ModePlan, Namespace, Release, Verdict},
    standards::Mode,
};

/// Something to tell about a mode.
struct Told {
    warning: bool,
    reason: &'static str,
    note: String,
}

/// What somebody with no more than a namespace of his own can set off as often as he likes. podsec's own changes are
/// always told.
const LIMITED: [&str; 5] = ["Frozen", "Held", "LeftAlone", "Repaired", "Unwritable"];

/// Tells what is new: every write, and every change of state.
///
/// `before` is what had become of the namespace when it was last looked at; without it only writes are told, since
/// after a start everything would look new.
pub(super) fn tell(state: &State, namespace: &Namespace, before: Option<&Outcome>, outcome: &Outcome) {
    for plan in outcome.modes() {
        let changed = before.is_some_and(|before| is_new(before, plan));
        let Some(told) = told(plan, namespace, changed) else { continue };
        announce(state, namespace, plan, told);
    }
    if let Result::Unwritable { message, code: _ } = &outcome.result {
        let same = before.is_some_and(
            |before| matches!(&before.result, Result::Unwritable { message: old, .. } if old == message),
        );
        if !same {
            let note =
                format!("namespace {} cannot be written: {}", namespace.name, wording::quoted(message));
            let profile = outcome.matched.first();
            hand_in(state, namespace, profile, None, Told { warning: true, reason: "Unwritable", note });
        }
    }
}

/// Whether the mode is in another state than it was.
fn is_new(before: &Outcome, plan: &ModePlan) -> bool {
    before.mode(plan.mode).is_none_or(|old| {
        let same = kind(&old.verdict) == kind(&plan.verdict) && old.profile == plan.profile;
        !same || wording::last_set_by(&old.verdict) != wording::last_set_by(&plan.verdict)
    })
}

fn told(plan: &ModePlan, namespace: &Namespace, changed: bool) -> Option<Told> {
    let ModePlan { mode, profile, present, assumed, .. } = plan;
    let name = &namespace.name;
    // Without a label the version says nothing: the level is what the server defaults to.
    let before = if *assumed {
        format!("{} (assumed)", present.level)
    } else {
        wording::garbled(*mode, namespace).unwrap_or_else(|| present.to_string())
    };
    match &plan.verdict {
        Verdict::Write { value, change } => {
            let (warning, reason, why) = match change {
                Change::Own => return exempted(plan, namespace),
                Change::Raise => {
                    let why = plan.exemption.as_ref().map_or_else(
                        || format!("profile {profile} asks for it"),
                        |exemption| wording::exemption(exemption, profile),
                    );
                    (false, "Raised", why)
                }
                Change::Repair => (true, "Repaired", "somebody had lowered, removed or garbled it".into()),
                Change::Weaken(cause) => (true, "Weakened", wording::cause(*cause, plan)),
            };
            let note = format!("namespace {name}: {mode} set from {before} to {value}: {why}");
            Some(Told { warning, reason, note })
        }
        Verdict::Release(Release::Retain(why)) => {
            let (reason, sentence) = wording::retained(*why, profile);
            Some(Told {
                warning: reason == "Left",
                reason,
                note: format!("namespace {name}: {mode} {before}: {sentence}"),
            })
        }
        Verdict::Release(Release::Remove) => {
            let note = format!(
                "namespace {name}: {mode} label removed, was {before}: profile {profile} let go of it with releasePolicy: Remove"
            );
            Some(Told { warning: true, reason: "Removed", note })
        }
        Verdict::Hold(why) if changed => {
            let (reason, sentence) = wording::hold(*why, plan.protected);
            let planned = plan.planned.map(|planned| planned.to_string()).unwrap_or_default();
            let note = format!(
                "namespace {name}: {mode} held at {before}, planned {planned} ({reason}): {sentence}"
            );
            Some(Told { warning: false, reason: "Held", note })
        }
        Verdict::LeaveAlone { key, policy, .. } if changed => {
            let manager = wording::last_set_by(&plan.verdict).unwrap_or_default();
            let why = wording::leaves(*policy);
            let note =
                format!("namespace {name}: {mode} left at {before}: {key} was last set by {manager}; {why}");
            Some(Told { warning: true, reason: "LeftAlone", note })
        }
        Verdict::Freeze(why) if changed => {
            let (_, sentence) = wording::freeze(*why, profile);
            // Suspending and dry runs are somebody's wish.
            let wished = matches!(why, FreezeReason::Suspended | FreezeReason::DryRun);
            Some(Told {
                warning: !wished,
                reason: "Frozen",
                note: format!("namespace {name}: {mode} {before}: {sentence}"),
            })
        }
        Verdict::InSync | Verdict::Hold(_) | Verdict::LeaveAlone { .. } | Verdict::Freeze(_) => None,
    }
}

/// A write that changes only the ownership, or spells out what held anyway, is told where an exemption is why.
fn exempted(plan: &ModePlan, namespace: &Namespace) -> Option<Told> {
    let exemption = plan.exemption.as_ref().filter(|_| plan.assumed)?;
    let (mode, profile) = (plan.mode, &plan.profile);
    let why = wording::exemption(exemption, profile);
    let note = format!("namespace {}: {mode} set to {}: {why}", namespace.name, exemption.level);
    Some(Told { warning: false, reason: "Exempted", note })
}

fn announce(state: &State, namespace: &Namespace, plan: &ModePlan, told: Told) {
    let profile = (!plan.profile.is_empty()).then_some(&plan.profile);
    hand_in(state, namespace, profile, Some(plan.mode), told);
}

fn hand_in(state: &State, namespace: &Namespace, profile: Option<&String>, mode: Option<Mode>, told: Told) {
    let Told { warning, reason, mut note } = told;
    if LIMITED.contains(&reason) {
        match state.restraint.may_tell(&namespace.name, Instant::now()) {
            None => return,
            Some(0) => {}
            Some(untold) => note = format!("{note} ({untold} more like it were not told)"),
        }
    }
    if warning {
        tracing::warn!(namespace = namespace.name, profile, reason, "{note}");
    } else {
        tracing::info!(namespace = namespace.name, profile, reason, "{note}");
    }
    let snapshot = state.snapshot();
    let uid = |name: &String| snapshot.as_ref()?.described.get(name).map(|described| described.uid.clone());
    let profile = profile.and_then(|name| Some((name.clone(), uid(name)?)));
    let namespace = (namespace.name.clone(), namespace.uid.clone());
    if state.announcements.hand_in(Announcement { profile, namespace, mode, warning, reason, note }).is_err()
    {
        state.metrics.events_dropped.inc();
    }
}

/// Counts what was written.
pub(super) fn count(state: &State, outcome: &Outcome) {
    let written = |plan: &&ModePlan| matches!(plan.verdict, Verdict::Write { .. } | Verdict::Release(_));
    for plan in outcome.modes().iter().filter(written) {
        let labels = WriteLabels { mode: plan.mode.as_str(), change: kind(&plan.verdict) };
        state.metrics.writes.get_or_create(&labels).inc();
    }
}
