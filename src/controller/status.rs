//! The status of a profile, made from what became of the namespaces.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{
    outcome::{Outcome, PATIENCE, Result, is_in_sync},
    reports::Summary,
    snapshot::{Content, Described},
    state::Progress,
};
use crate::{
    api::{
        ClusterPodSecurityProfile, Controller, ExemptNamespace, ExpiringExemption, HeldNamespace,
        JudgedCounts, LeftAlone, ModeSummary, NamespaceCounts, ProfileStatus, ReportState, Strategy,
        UnwritableNamespace, agreed,
        conditions::{Condition, ConditionStatus, types},
        counted,
    },
    rollout::{ActiveExemption, ModePlan, Verdict, wording},
    standards::Mode,
};

/// How many namespaces a status names before it leaves it at the count.
const NAMED: usize = 20;

/// How long ahead the end of an exemption is announced.
const ANNOUNCED: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The reason of a profile that is being carried out.
pub(super) const PROGRESSING: &str = "Progressing";

/// What a status is made of.
#[derive(Debug)]
pub(super) struct Account<'a> {
    /// The profile's name.
    pub(super) name: &'a str,
    pub(super) described: &'a Described,
    /// What became of each namespace of the cluster, by name.
    pub(super) outcomes: &'a [(String, std::sync::Arc<Outcome>)],
    pub(super) progress: Progress,
    pub(super) controller: &'a Controller,
    /// Why the profile raises nothing for now, if that is so.
    pub(super) halted: Option<String>,
    /// Why there can be no reports, if that is so.
    pub(super) reports_closed: Option<String>,
    /// The status that stands now.
    pub(super) before: Option<&'a ProfileStatus>,
    pub(super) now: Timestamp,
}

/// Makes the status of a profile. What did not change keeps its time.
pub(super) fn status(account: &Account<'_>) -> ProfileStatus {
    let mut status = ProfileStatus {
        observed_generation: account.described.generation,
        controller: Some(account.controller.clone()),
        ..ProfileStatus::default()
    };
    let conditions = match &account.described.content {
        Content::Unreadable(problem) => {
            tally(&mut status, account, &[None; 3]);
            let text =
                format!("{}; the namespaces keep what they have", wording::quoted_long(&problem.to_string()));
            vec![
                (types::STALLED, ConditionStatus::True, "InvalidSpec", text.clone()),
                (types::READY, ConditionStatus::False, "InvalidSpec", text),
            ]
        }
        Content::Readable { object, modes } => {
            describe(&mut status, object, modes, account.now);
            let tally = tally(&mut status, account, modes);
            conditions(account, object, &status, &tally)
        }
    };
    status.conditions = conditions
        .into_iter()
        .map(|(kind, holds, reason, message)| condition(account, kind, holds, reason, message))
        .collect();
    status.within_bounds()
}

fn describe(
    status: &mut ProfileStatus,
    object: &ClusterPodSecurityProfile,
    modes: &[Option<ModeSummary>; 3],
    now: Timestamp,
) {
    let [enforce, audit, warn] = modes.map(|mode| mode.map(|mode| mode.to_string()));
    (status.enforce, status.audit, status.warn) = (enforce, audit, warn);
    let suspended = if object.spec.suspend == Some(true) { ", suspended" } else { "" };
    status.strategy = Some(format!("{:?}{suspended}", object.spec.strategy()));
    let soon = |expires: Timestamp| expires > now && expires.duration_since(now) <= ANNOUNCED;
    let mut expiring: Vec<_> = object.spec.exemptions.iter().flatten().collect();
    expiring.retain(|exemption| exemption.expires.is_some_and(|expires| soon(expires.0)));
    expiring.sort_by_key(|exemption| (exemption.expires, exemption.name.clone()));
    status.expiring = expiring
        .into_iter()
        .take(NAMED)
        .filter_map(|exemption| {
            let (name, reason) = (exemption.name.clone(), wording::quoted_long(&exemption.reason));
            Some(ExpiringExemption { name, expires: exemption.expires?, reason })
        })
        .collect();
}

/// What the conditions say beyond the counts.
#[derive(Default)]
struct Tally {
    unwritable: usize,
    /// Of them, those that podsec is not allowed to write.
    forbidden: u32,
    left_alone: usize,
    /// How many namespaces fail again and again, and the first of them with what it fails of.
    retrying: u32,
    first_retrying: Option<(String, String)>,
    overlapping: BTreeSet<String>,
    /// Namespaces of which it is known what runs.
    judged: u32,
    /// Of them, those with a workload that violates, or of which podsec cannot tell.
    violating: u32,
    inconclusive: u32,
    /// The first time at which `forceAfter` raises a namespace, and how many it raises.
    forced: Option<(Timestamp, usize)>,
}

fn tally(status: &mut ProfileStatus, account: &Account<'_>, asks: &[Option<ModeSummary>; 3]) -> Tally {
    let mut tally = Tally::default();
    for (namespace, outcome) in account.outcomes {
        let matched = outcome.matched.iter().any(|name| name == account.name);
        status.namespaces.matched += u32::from(matched);
        for (a, b) in &outcome.overlaps {
            if a == account.name || b == account.name {
                tally.overlapping.insert(if a == account.name { b.clone() } else { a.clone() });
            }
        }
        match &outcome.result {
            Result::Applied(_) => {
                let own: Vec<_> =
                    outcome.modes().iter().filter(|plan| plan.profile == account.name).collect();
                // What another profile keeps as it is, this one cannot have as it asks.
                let kept_from_it = matched
                    && outcome.modes().iter().any(|plan| {
                        let asked = asks[plan.mode.index()].is_some() && plan.profile != account.name;
                        asked && matches!(plan.verdict, Verdict::Freeze(_))
                    });
                count(&mut status.namespaces, &own, kept_from_it);
                list(status, &mut tally, namespace, &own, outcome.summary.as_ref());
                if let Some(summary) = outcome.found_for(account.name).filter(|_| matched) {
                    add_up(status, &mut tally, summary);
                }
            }
            Result::Unwritable { code, message } if matched => {
                tally.unwritable += 1;
                tally.forbidden += u32::from(*code == 403);
                if status.unwritable.len() < NAMED {
                    let message = wording::quoted_long(message);
                    status.unwritable.push(UnwritableNamespace { name: namespace.clone(), message });
                }
            }
            Result::Retrying { message, failures } if matched && *failures >= PATIENCE => {
                tally.retrying += 1;
                tally.unwritable += 1;
                let message = wording::quoted_long(message);
                tally.first_retrying.get_or_insert_with(|| (namespace.clone(), message.clone()));
                if status.unwritable.len() < NAMED {
                    let message = format!("tried again: {message}");
                    status.unwritable.push(UnwritableNamespace { name: namespace.clone(), message });
                }
            }
            Result::Unwritable { .. } | Result::Retrying { .. } => {}
        }
    }
    tally
}

/// Adds what was found in a namespace to what is said of the profile.
fn add_up(status: &mut ProfileStatus, tally: &mut Tally, summary: &Summary) {
    let Summary { state, workloads, pods, .. } = summary;
    tally.judged += 1;
    tally.violating += u32::from(workloads.violating > 0);
    tally.inconclusive += u32::from(workloads.inconclusive > 0 || *state == ReportState::Inconclusive);
    for (sum, counts) in [(&mut status.workloads, workloads), (&mut status.pods, pods)] {
        let sum = sum.get_or_insert_default();
        sum.judged += counts.judged;
        sum.violating += counts.violating;
    }
    let namespaces = &mut status.namespaces;
    for (count, counted) in [
        (&mut namespaces.soaking, *state == ReportState::Soaking),
        (&mut namespaces.inconclusive, *state == ReportState::Inconclusive),
    ] {
        *count.get_or_insert_default() += u32::from(counted);
    }
}

fn count(counts: &mut NamespaceCounts, own: &[&ModePlan], kept_from_it: bool) {
    let any = |is: fn(&ModePlan) -> bool| u32::from(own.iter().any(|plan| is(plan)));
    let governed: Vec<_> = own.iter().filter(|plan| plan.governed).collect();
    counts.governed += u32::from(!governed.is_empty());
    let in_sync = !governed.is_empty() && !kept_from_it && governed.iter().all(|plan| is_in_sync(plan));
    counts.in_sync += u32::from(in_sync);
    counts.held += any(is_held);
    counts.exempt += any(|plan| plan.exemption.is_some());
    counts.yielded += any(|plan| matches!(plan.verdict, Verdict::LeaveAlone { .. }));
    // Where this profile has no say in any mode, it is merely outranked.
    let kept_from_it = kept_from_it && !governed.is_empty();
    let frozen = own.iter().any(|plan| matches!(plan.verdict, Verdict::Freeze(_)));
    counts.frozen += u32::from(frozen || kept_from_it);
}

fn is_held(plan: &ModePlan) -> bool {
    plan.held().is_some() && plan.mode == Mode::Enforce
}

fn list(
    status: &mut ProfileStatus,
    tally: &mut Tally,
    namespace: &str,
    own: &[&ModePlan],
    summary: Option<&Summary>,
) {
    for plan in own {
        if let Some(at) = plan.forced_at {
            let (first, count) = tally.forced.unwrap_or((at, 0));
            tally.forced = Some((first.min(at), count + 1));
        }
        if let Some(ActiveExemption { name, level: _, reason, expires }) = plan.exemption.as_deref()
            && status.exempt.len() < NAMED
        {
            let (exemption, reason) = (name.clone(), wording::quoted_long(reason));
            let expires = expires.map(crate::api::Moment);
            status.exempt.push(ExemptNamespace { name: namespace.to_owned(), exemption, reason, expires });
        }
        let present = match &plan.verdict {
            Verdict::Write { value, .. } => value.to_string(),
            _ => plan.present.to_string(),
        };
        let planned = plan.planned.map(|planned| planned.to_string()).unwrap_or_default();
        if let Some(reason) = plan.held().filter(|_| is_held(plan) && status.held.len() < NAMED) {
            let (reason, message) = wording::hold(reason, plan);
            status.held.push(HeldNamespace {
                name: namespace.to_owned(),
                reason: reason.to_owned(),
                message,
                present: present.clone(),
                planned: planned.clone(),
                blockers: summary.map(|summary| summary.blockers.clone()).unwrap_or_default(),
                more_blockers: summary.map_or(0, |summary| summary.more_blockers),
                raised_at: summary.and_then(|summary| summary.next).map(crate::api::Moment),
            });
        }
        if let Verdict::LeaveAlone { policy, .. } = &plan.verdict {
            tally.left_alone += 1;
            if status.left_alone.len() < NAMED {
                let last_set_by = wording::last_set_by(&plan.verdict).unwrap_or_default();
                let message = wording::leaves(*policy).to_owned();
                let (namespace, mode) = (namespace.to_owned(), plan.mode.to_string());
                status.left_alone.push(LeftAlone { namespace, mode, present, planned, last_set_by, message });
            }
        }
    }
}

type Said = (&'static str, ConditionStatus, &'static str, String);

/// The conditions, in their fixed order. Reconciling and Stalled are absent when they do not hold.
fn conditions(
    account: &Account<'_>,
    object: &ClusterPodSecurityProfile,
    status: &ProfileStatus,
    tally: &Tally,
) -> Vec<Said> {
    use ConditionStatus::{False, True, Unknown};
    let mut said = Vec::new();
    let Progress { total, left } = account.progress;
    if let Some(text) = keeps_failing(status, tally) {
        said.push((types::RECONCILING, True, "ProgressingWithRetry", text.clone()));
        said.push((types::READY, False, "ProgressingWithRetry", text));
    } else if left > 0 {
        let text = format!("{} of {} done", total - left.min(total), counted(total, "namespace"));
        said.push((types::RECONCILING, True, PROGRESSING, text.clone()));
        said.push((types::READY, Unknown, PROGRESSING, text));
    } else if let Some(text) = cannot_soak(account, object) {
        said.push((types::STALLED, True, "ReportsUnavailable", text.clone()));
        said.push((types::READY, False, "ReportsUnavailable", text));
    } else if let Some(text) = all_forbidden(status, tally) {
        said.push((types::STALLED, True, "Forbidden", text.clone()));
        said.push((types::READY, False, "Forbidden", text));
    } else if object.spec.suspend == Some(true) {
        said.push((
            types::READY,
            True,
            "Suspended",
            "suspended: nothing is written and nothing is released".into(),
        ));
    } else if object.spec.strategy() == Strategy::DryRun {
        let matched = counted(status.namespaces.matched, "namespace");
        let text = format!("dry run: {matched} matched, nothing is written");
        said.push((types::READY, True, "DryRun", text));
    } else {
        said.push((types::READY, True, "Reconciled", summary(status, tally)));
    }
    said.push(compliant(status, tally));
    said.push(if tally.overlapping.is_empty() {
        (types::OVERLAPPING, False, "NoOverlap", "no other profile of equal priority disagrees".into())
    } else {
        let others: Vec<_> = tally.overlapping.iter().take(NAMED).map(String::as_str).collect();
        let text = format!(
            "profiles of equal priority disagree about a namespace: {}; the stricter governs; give them different priorities",
            others.join(", ")
        );
        (types::OVERLAPPING, True, "EqualPriority", text)
    });
    said.push(match &account.halted {
        Some(reason) => (types::ROLLOUT_HALTED, True, "Breakage", reason.clone()),
        None => (types::ROLLOUT_HALTED, False, "NotHalted", "nothing has broken after a raise".into()),
    });
    said
}

/// Whether what runs is as the profile plans.
fn compliant(status: &ProfileStatus, tally: &Tally) -> Said {
    let JudgedCounts { judged, violating } = status.workloads.unwrap_or_default();
    if tally.judged == 0 {
        let text = match status.namespaces.matched {
            0 => "no namespace matches".into(),
            _ => "podsec has not looked at what runs yet".into(),
        };
        return (types::COMPLIANT, ConditionStatus::Unknown, "NotJudged", text);
    }
    if violating > 0 {
        let text = format!(
            "{violating} of {} in {} of {} {} what is planned; kubectl get psr -A says which",
            counted(judged, "workload"),
            tally.violating,
            counted(tally.judged, "namespace"),
            agreed(&violating, "violates", "violate"),
        );
        return (types::COMPLIANT, ConditionStatus::False, "Violations", text);
    }
    if tally.inconclusive > 0 {
        let text =
            format!("podsec cannot tell of {} of {}", tally.inconclusive, counted(tally.judged, "namespace"));
        return (types::COMPLIANT, ConditionStatus::Unknown, "Inconclusive", text);
    }
    let (workloads, namespaces) = (counted(judged, "workload"), counted(tally.judged, "namespace"));
    let text = format!("none of {workloads} in {namespaces} violates what is planned");
    (types::COMPLIANT, ConditionStatus::True, "NoViolations", text)
}

/// What to say where a soak cannot be remembered.
fn cannot_soak(account: &Account<'_>, object: &ClusterPodSecurityProfile) -> Option<String> {
    let closed = account.reports_closed.as_ref()?;
    let soaks = object.spec.strategy() == Strategy::WhenClean && !object.spec.soak().is_zero();
    let enforces = object.spec.enforce.is_some();
    (soaks && enforces).then(|| {
        format!(
            "there is nowhere to remember since when a namespace is clean, as rollout.soak asks: reports cannot be read \
             ({}); install the PodSecurityReport CRD and podsec's ClusterRole as shipped, or set rollout.soak: 0s",
            wording::quoted(closed)
        )
    })
}

/// What to say where what fails is not one namespace's own trouble: all of them fail, or more than one.
fn keeps_failing(status: &ProfileStatus, tally: &Tally) -> Option<String> {
    let (name, message) = tally.first_retrying.as_ref()?;
    let concerned = tally.retrying > 1 || tally.retrying == status.namespaces.matched;
    concerned.then(|| format!("namespace {name} is tried again: {message}"))
}

/// What to say where podsec is allowed to write none of the namespaces: that is no oddity of one of them, and nothing
/// but a person's doing ends it.
fn all_forbidden(status: &ProfileStatus, tally: &Tally) -> Option<String> {
    let first = status.unwritable.first()?;
    (tally.forbidden == status.namespaces.matched).then(|| {
        let (count, UnwritableNamespace { name, message }) = (tally.forbidden, first);
        format!(
            "podsec is allowed to write none of the {count} namespaces (first {name}: {message}); bind its ClusterRole \
             as shipped, or mend what refuses it"
        )
    })
}

/// One line about the namespaces.
fn summary(status: &ProfileStatus, tally: &Tally) -> String {
    let NamespaceCounts { governed, in_sync, held, exempt, frozen, .. } = status.namespaces;
    let mut parts = vec![format!("{} governed: {in_sync} in sync", counted(governed, "namespace"))];
    let mut add = |count: usize, text: &str| {
        if count > 0 {
            parts.push(format!("{count} {text}"));
        }
    };
    add(held as usize, "held");
    add(exempt as usize, "exempt");
    add(frozen as usize, "frozen");
    if let Some((first, count)) = tally.forced {
        add(count, &format!("to be raised by forceAfter (from {first} on)"));
    }
    if let Some(first) = status.left_alone.first() {
        let what =
            format!("left to whoever last set them (first {} to {})", first.namespace, first.last_set_by);
        add(tally.left_alone, &what);
    }
    if let Some(first) = status.unwritable.first() {
        add(tally.unwritable, &format!("not writable (first {}: {})", first.name, first.message));
    }
    parts.join(", ")
}

fn condition(
    account: &Account<'_>,
    kind: &str,
    status: ConditionStatus,
    reason: &str,
    message: String,
) -> Condition {
    let before =
        account.before.and_then(|before| before.conditions.iter().find(|condition| condition.kind == kind));
    // To the second, as Kubernetes writes it.
    let now = Timestamp::from_second(account.now.as_second()).unwrap_or(account.now);
    let since = before
        .filter(|before| before.status == status)
        .map_or(crate::api::Moment(now), |before| before.last_transition_time);
    Condition {
        kind: kind.into(),
        status,
        observed_generation: account.described.generation,
        last_transition_time: since,
        reason: reason.into(),
        message,
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
