//! What is told of a namespace that was looked at: log lines, Events and counts.

use tokio::time::Instant;

use super::{
    announcements::Announcement,
    metrics::WriteLabels,
    outcome::{Outcome, Result, kind},
    restraint::Kind,
    state::State,
};
use crate::{
    api::{Breakage, ReportState, agreed, counted, reasons::EventReason},
    assessment::{DryRun, ServerAnswer, ServerVerdict},
    rollout::{
        Change, FreezeReason, HoldReason, ModePlan, Namespace, Release, RetainReason, Verdict, standing_of,
        wording,
    },
    standards::{LevelVersion, Mode},
};

/// Something to tell about a mode.
struct Told {
    warning: bool,
    reason: EventReason,
    note: String,
}

/// What the report of a namespace said before it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reported {
    /// This of each mode; nothing where it said nothing of it, or none stood.
    States([Option<ReportState>; 3]),
    /// Nobody knows: reports cannot be read.
    Unknown,
}

impl Reported {
    /// Whether something else is to be said of a mode now. Where nobody knows nothing is: it would be said at every start.
    fn is_outdated_by(self, plan: &ModePlan) -> bool {
        match self {
            Self::States(states) => states[plan.mode.index()] != Some(standing_of("", plan).state),
            Self::Unknown => false,
        }
    }
}

/// What kind of thing a reason tells.
fn kind_of(reason: EventReason) -> Kind {
    match reason {
        EventReason::Weakened | EventReason::Removed | EventReason::Repaired => Kind::Weaker,
        EventReason::Contested
        | EventReason::Settled
        | EventReason::Frozen
        | EventReason::Held
        | EventReason::LeftAlone
        | EventReason::Unwritable
        | EventReason::RaiseAnnounced => Kind::Left,
        _ => Kind::Written,
    }
}

/// Whether those who run workloads in a namespace are told in the namespace itself as well.
fn is_tenants_business(reason: EventReason) -> bool {
    matches!(
        reason,
        EventReason::Raised
            | EventReason::ForceRaised
            | EventReason::RaiseAnnounced
            | EventReason::RaisedOver
            | EventReason::Held
            | EventReason::Broken
            | EventReason::Mended
    )
}

/// Tells what is new: every write, and every change of state.
///
/// `before` is what had become of the namespace when it was last looked at, and `reported` what its report said: after a
/// start everything would look new, and what a report says already was told before.
pub(super) fn tell(
    state: &State,
    namespace: &Namespace,
    before: Option<&Outcome>,
    reported: Reported,
    outcome: &Outcome,
) {
    for plan in outcome.modes() {
        let changed = match before.filter(|before| !before.is_unjudged()) {
            Some(before) => is_new(before, plan),
            None => !outcome.is_unjudged() && !is_passing(plan) && reported.is_outdated_by(plan),
        };
        if let Some(told) = told(plan, namespace, changed) {
            announce(state, namespace, plan, told);
        }
        let announced =
            before.and_then(|before| before.mode(plan.mode)).is_some_and(|old| old.forced_at.is_some());
        if let (Some(at), false, Some(_)) = (plan.forced_at, announced, before) {
            let planned = plan.planned.map(|planned| planned.to_string()).unwrap_or_default();
            let note = format!(
                "namespace {}: profile {} raises {} to {planned} at {at} whatever that breaks, since its forceAfter says so",
                namespace.name, plan.profile, plan.mode
            );
            announce(
                state,
                namespace,
                plan,
                Told { warning: true, reason: EventReason::RaiseAnnounced, note },
            );
        }
    }
    if let Some(before) = before {
        tell_fights(state, namespace, before, outcome);
    }
    tell_breakage(state, namespace, before, outcome);
    if let Some(message) = cannot_be_written(&outcome.result)
        && before.and_then(|before| cannot_be_written(&before.result)) != Some(message)
    {
        let note = format!("namespace {} cannot be written: {}", namespace.name, wording::quoted(message));
        let profile = outcome.matched.first();
        hand_in(
            state,
            namespace,
            profile,
            None,
            Told { warning: true, reason: EventReason::Unwritable, note },
        );
    }
}

/// Tells that somebody takes back again and again what podsec wrote, and that nobody does any more.
fn tell_fights(state: &State, namespace: &Namespace, before: &Outcome, outcome: &Outcome) {
    for plan in outcome.modes() {
        let fought = before.mode(plan.mode).and_then(|old| old.contest.as_deref());
        let (name, mode) = (&namespace.name, plan.mode);
        let told = match (fought, plan.contest.as_deref()) {
            (fought, Some(contest)) if fought.is_none_or(|old| old.manager != contest.manager) => {
                let note = format!("namespace {name}: {}", wording::contest(contest, plan, name));
                Told { warning: true, reason: EventReason::Contested, note }
            }
            (Some(_), None) if is_still_podsecs(plan) => {
                let note = format!("namespace {name}: nobody takes {mode} from podsec any more");
                Told { warning: false, reason: EventReason::Settled, note }
            }
            _ => continue,
        };
        announce(state, namespace, plan, told);
    }
}

/// Whether podsec goes on keeping the mode right; otherwise that it is taken no more says nothing of anybody.
fn is_still_podsecs(plan: &ModePlan) -> bool {
    plan.governed && matches!(plan.verdict, Verdict::InSync | Verdict::Write { .. })
}

/// Tells that workloads lack pods since enforce was raised, and that none does any more.
fn tell_breakage(state: &State, namespace: &Namespace, before: Option<&Outcome>, outcome: &Outcome) {
    let broken = |outcome: &Outcome| outcome.summary.as_ref().map(|summary| summary.broken);
    let Some((before, now)) = before.and_then(broken).zip(broken(outcome)) else { return };
    let name = &namespace.name;
    let told = match (before, now) {
        (0, 1..) => {
            let note = format!(
                "namespace {name}: since enforce was raised the API server refuses pods of {}; \
                 kubectl describe psr -n {name} says which",
                counted(now, "workload")
            );
            Told { warning: true, reason: EventReason::Broken, note }
        }
        (1.., 0) => {
            let note = format!("namespace {name}: no workload lacks pods for its enforce label any more");
            Told { warning: false, reason: EventReason::Mended, note }
        }
        _ => return,
    };
    hand_in(state, namespace, outcome.matched.first(), Some(Mode::Enforce), told);
}

/// Why a namespace cannot be written, where a person must mend something.
fn cannot_be_written(result: &Result) -> Option<&str> {
    match result {
        Result::Unwritable { message, code: _ } => Some(message),
        Result::Retrying { .. } | Result::Applied(_) => None,
    }
}

/// Whether the mode only waits to be looked at, which is no state that anybody needs to know of.
fn is_passing(plan: &ModePlan) -> bool {
    matches!(plan.held(), Some(HoldReason::NotJudged | HoldReason::LastLookDue))
}

/// Whether the mode is in another state than it was.
fn is_new(before: &Outcome, plan: &ModePlan) -> bool {
    if is_passing(plan) {
        return false;
    }
    before.mode(plan.mode).is_none_or(|old| {
        let is_held = matches!(plan.verdict, Verdict::Hold(_));
        let same = kind(&old.verdict) == kind(&plan.verdict)
            && old.profile == plan.profile
            && !(is_held && old.planned != plan.planned);
        !same || is_left_otherwise(old, plan)
    })
}

/// Whether what is left to others is left to somebody else, for another reason, or at another value.
fn is_left_otherwise(old: &ModePlan, plan: &ModePlan) -> bool {
    let is_left = matches!(plan.verdict, Verdict::LeaveAlone { .. });
    is_left && (&old.verdict, old.present, old.planned) != (&plan.verdict, plan.present, plan.planned)
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
                    (false, EventReason::Raised, wording::partly(plan).unwrap_or(why))
                }
                Change::ForcedRaise => (
                    true,
                    EventReason::ForceRaised,
                    format!("profile {profile} asks for it, and its forceAfter has come"),
                ),
                Change::Repair => {
                    let last = plan.overwritten(namespace).max_by_key(|owner| owner.time);
                    let by = last.map(|owner| format!(" (last set by {})", wording::quoted(&owner.manager)));
                    let by = by.unwrap_or_default();
                    (true, EventReason::Repaired, format!("{}{by}", wording::REPAIRED))
                }
                Change::Weaken(cause) => (true, EventReason::Weakened, wording::cause(*cause, plan)),
            };
            let note = format!("namespace {name}: {mode} set from {before} to {value}: {why}");
            Some(Told { warning, reason, note })
        }
        Verdict::Release(Release::Retain(why)) => {
            let (_, sentence) = wording::retained(*why, profile);
            let has_left = *why == RetainReason::Left;
            Some(Told {
                warning: has_left,
                reason: if has_left { EventReason::Left } else { EventReason::Retained },
                note: with_former(
                    format!("namespace {name}: {mode} {before}: {sentence}{}", lowered(plan, namespace)),
                    plan,
                ),
            })
        }
        Verdict::Release(Release::Remove) => Some(removed(plan, namespace, &before)),
        // The fight is told by itself.
        Verdict::Hold(HoldReason::Contested { .. }) => None,
        Verdict::Hold(why) if changed => {
            let (reason, sentence) = wording::hold(why, plan);
            let planned = plan.planned.map(|planned| planned.to_string()).unwrap_or_default();
            let note = format!(
                "namespace {name}: {mode} held at {before}, planned {planned} ({}): {sentence}",
                reason.as_str()
            );
            Some(Told { warning: false, reason: EventReason::Held, note })
        }
        Verdict::LeaveAlone { .. } if changed => {
            let why = wording::left_alone(plan, name)?;
            let note = format!("namespace {name}: {mode} left at {before}: {why}");
            Some(Told { warning: true, reason: EventReason::LeftAlone, note })
        }
        Verdict::Freeze(why) if changed => {
            let (_, sentence) = wording::freeze(*why, profile);
            // Suspending and dry runs are somebody's wish.
            let wished = matches!(why, FreezeReason::Suspended | FreezeReason::DryRun);
            Some(Told {
                warning: !wished,
                reason: EventReason::Frozen,
                note: format!("namespace {name}: {mode} {before}: {sentence}"),
            })
        }
        Verdict::InSync | Verdict::Hold(_) | Verdict::LeaveAlone { .. } | Verdict::Freeze(_) => None,
    }
}

/// That what is let go of is less than what podsec had raised it to.
fn lowered(plan: &ModePlan, namespace: &Namespace) -> String {
    let raised = namespace.ledger().enforced.filter(|_| plan.mode == Mode::Enforce);
    let raised = raised.filter(|raised| plan.present.is_weaker_than(*raised));
    raised
        .map(|raised| format!("; podsec had raised it to {raised}, and somebody lowered it"))
        .unwrap_or_default()
}

/// Labels are removed, or stay since somebody else owns them, too.
fn removed(plan: &ModePlan, namespace: &Namespace, before: &str) -> Told {
    let (name, mode, profile) = (&namespace.name, plan.mode, &plan.profile);
    if let Some(owner) = namespace.shares_level(mode) {
        let (_, left) = wording::left_to(&owner.manager, profile);
        let note = format!("namespace {name}: {mode} {before}: {left}");
        return Told { warning: false, reason: EventReason::Retained, note };
    }
    let (_, let_go) = wording::removed(profile);
    let note = with_former(format!("namespace {name}: {mode} label removed, was {before}: {let_go}"), plan);
    Told { warning: true, reason: EventReason::Removed, note }
}

fn with_former(note: String, plan: &ModePlan) -> String {
    wording::former(plan).map(|former| format!("{note}; {former}")).unwrap_or(note)
}

/// A write that changes only the ownership, or spells out what held anyway, is told where an exemption is why.
fn exempted(plan: &ModePlan, namespace: &Namespace) -> Option<Told> {
    let exemption = plan.exemption.as_ref().filter(|_| plan.assumed)?;
    let (mode, profile) = (plan.mode, &plan.profile);
    let why = wording::exemption(exemption, profile);
    let note = format!("namespace {}: {mode} set to {}: {why}", namespace.name, exemption.level);
    Some(Told { warning: false, reason: EventReason::Exempted, note })
}

fn announce(state: &State, namespace: &Namespace, plan: &ModePlan, told: Told) {
    let profile = (!plan.profile.is_empty()).then_some(&plan.profile);
    hand_in(state, namespace, profile, Some(plan.mode), told);
}

fn hand_in(state: &State, namespace: &Namespace, profile: Option<&String>, mode: Option<Mode>, told: Told) {
    let Told { warning, reason, mut note } = told;
    let (kind, to_tenant) = (kind_of(reason), is_tenants_business(reason));
    let reason = reason.as_str();
    let untold = state.restraint.may_tell(&namespace.name, kind, Instant::now());
    if let Some(untold @ 1..) = untold {
        note = format!("{note} ({untold} more like it were not told)");
    }
    // The log has every write that weakens, or takes back what somebody weakened.
    if untold.is_some() || kind == Kind::Weaker {
        if warning {
            tracing::warn!(namespace = namespace.name, profile, reason, "{note}");
        } else {
            tracing::info!(namespace = namespace.name, profile, reason, "{note}");
        }
    }
    if untold.is_none() {
        return;
    }
    let snapshot = state.snapshot();
    let uid = |name: &String| snapshot.as_ref()?.described.get(name).map(|described| described.uid.clone());
    let profile = profile.and_then(|name| Some((name.clone(), uid(name)?)));
    let namespace = (namespace.name.clone(), namespace.uid.clone());
    let to_tenant = to_tenant.then(|| state.reports.uid(&namespace.0));
    let announcement = Announcement { profile, namespace, mode, warning, reason, note, to_tenant };
    if state.announcements.hand_in(announcement, kind == Kind::Weaker).is_err() {
        state.metrics.events_dropped.inc();
    }
}

/// What is broken in a namespace, in a few words.
pub(super) fn breakage(breakage: &Breakage) -> String {
    let lack = agreed(&breakage.workloads, "lacks", "lack");
    let workloads = counted(breakage.workloads, "workload");
    let first = breakage.refused.first().map(|refused| {
        format!(": {} {}", wording::quoted(&refused.workload), wording::quoted(&refused.message))
    });
    format!("{workloads} {lack} pods{}", first.unwrap_or_default())
}

/// Compares what the API server warned of when enforce was raised with what was expected of it, and tells of a
/// difference: a pod came in between, or one of the two is wrong.
pub(super) fn compare(
    state: &State,
    namespace: &Namespace,
    policy: LevelVersion,
    warnings: &[String],
    expected: &DryRun,
) {
    let answer = ServerAnswer::read(&namespace.name, policy, warnings.iter().cloned());
    if let ServerVerdict::Disagrees { only_server, .. } = answer.compare(expected)
        && let Some(first) = only_server.first()
    {
        let name = &namespace.name;
        let note = format!(
            "namespace {name}: enforce was raised to {policy}, and pods that came in between violate it: {}",
            wording::quoted(first)
        );
        hand_in(
            state,
            namespace,
            None,
            Some(Mode::Enforce),
            Told { warning: true, reason: EventReason::RaisedOver, note },
        );
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
