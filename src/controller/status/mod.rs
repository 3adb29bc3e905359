//! The status of a profile, made from what became of the namespaces.

mod conditions;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use self::conditions::conditions;
use super::{
    outcome::{Outcome, PATIENCE, Result, is_in_sync},
    reports::Summary,
    snapshot::{Content, Described},
    state::Progress,
};
use crate::{
    api::{
        ClusterPodSecurityProfile, Controller, ExemptNamespace, ExpiringExemption, HeldNamespace, LeftAlone,
        ModeSummary, NamespaceCounts, ProfileStatus, ReportState, UnwritableNamespace,
        conditions::{Condition, ConditionStatus, types},
        reasons::ConditionReason,
    },
    rollout::{ActiveExemption, HoldReason, LettingGo, ModePlan, Verdict, wording},
    standards::Mode,
};

/// How many namespaces a status names before it leaves it at the count.
const NAMED: usize = 20;

/// How long ahead the end of an exemption is announced.
const ANNOUNCED: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The reason of a profile that is being carried out.
pub(super) const PROGRESSING: &str = ConditionReason::Progressing.as_str();

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
                (types::STALLED, ConditionStatus::True, ConditionReason::InvalidSpec, text.clone()),
                (types::READY, ConditionStatus::False, ConditionReason::InvalidSpec, text),
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
        .map(|(kind, holds, reason, message)| condition(account, kind, holds, reason.as_str(), message))
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
    /// The first fight, and how many namespaces are fought over.
    contested: Option<(String, u32)>,
    /// The first namespace that Flux applies and of which labels would be removed, and how many there are.
    flux_traps: Option<(String, u32)>,
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
    *counts.contested.get_or_insert_default() += any(|plan| plan.contest.is_some() || is_paused(plan));
    counts.yielded += any(|plan| matches!(plan.verdict, Verdict::LeaveAlone { .. }));
    // Where this profile has no say in any mode, it is merely outranked.
    let kept_from_it = kept_from_it && !governed.is_empty();
    let frozen = own.iter().any(|plan| matches!(plan.verdict, Verdict::Freeze(_)));
    counts.frozen += u32::from(frozen || kept_from_it);
}

/// Whether podsec waits before it puts back what somebody took.
fn is_paused(plan: &ModePlan) -> bool {
    matches!(plan.held(), Some(HoldReason::Contested { .. }))
}

fn is_held(plan: &ModePlan) -> bool {
    let reason = plan.held().filter(|reason| !matches!(reason, HoldReason::Contested { .. }));
    reason.is_some() && plan.mode == Mode::Enforce
}

fn list(
    status: &mut ProfileStatus,
    tally: &mut Tally,
    namespace: &str,
    own: &[&ModePlan],
    summary: Option<&Summary>,
) {
    if let Some((contest, plan)) = own.iter().find_map(|plan| Some((plan.contest.as_deref()?, *plan))) {
        let (_, count) = tally.contested.get_or_insert_with(|| {
            let message = wording::contest(contest, plan, namespace);
            (format!("namespace {namespace}: {message}"), 0)
        });
        *count += 1;
    }
    if own.iter().any(|plan| plan.letting_go == LettingGo::MayBreakFlux) {
        tally.flux_traps.get_or_insert_with(|| (namespace.to_owned(), 0)).1 += 1;
    }
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
                reason: reason.as_str().to_owned(),
                message,
                present: present.clone(),
                planned: planned.clone(),
                blockers: summary.map(|summary| summary.blockers.clone()).unwrap_or_default(),
                more_blockers: summary.map_or(0, |summary| summary.more_blockers),
                raised_at: summary.and_then(|summary| summary.next).map(crate::api::Moment),
            });
        }
        if let Some(advice) = wording::left_alone(plan, namespace) {
            tally.left_alone += 1;
            if status.left_alone.len() < NAMED {
                let last_set_by = wording::last_set_by(&plan.verdict).unwrap_or_default();
                let (namespace, mode) = (namespace.to_owned(), plan.mode.to_string());
                let message = advice.to_string();
                status.left_alone.push(LeftAlone { namespace, mode, present, planned, last_set_by, message });
            }
        }
    }
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
mod tests;
