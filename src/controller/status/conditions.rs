//! What the conditions of a profile say.

use super::{Account, NAMED, Tally};
use crate::{
    api::{
        ClusterPodSecurityProfile, JudgedCounts, NamespaceCounts, ProfileStatus, Strategy,
        UnwritableNamespace, agreed,
        conditions::{ConditionStatus, types},
        counted,
        reasons::ConditionReason as Reason,
    },
    controller::state::Progress,
    rollout::wording,
};

/// Type, status, reason and message of a condition.
pub(super) type Said = (&'static str, ConditionStatus, Reason, String);

/// The conditions, in their fixed order. Reconciling and Stalled are absent when they do not hold.
pub(super) fn conditions(
    account: &Account<'_>,
    object: &ClusterPodSecurityProfile,
    status: &ProfileStatus,
    tally: &Tally,
) -> Vec<Said> {
    use ConditionStatus::{False, True, Unknown};
    let mut said = Vec::new();
    let Progress { total, left } = account.progress;
    if let Some(text) = keeps_failing(status, tally) {
        said.push((types::RECONCILING, True, Reason::ProgressingWithRetry, text.clone()));
        said.push((types::READY, False, Reason::ProgressingWithRetry, text));
    } else if left > 0 {
        let text = format!("{} of {} done", total - left.min(total), counted(total, "namespace"));
        said.push((types::RECONCILING, True, Reason::Progressing, text.clone()));
        said.push((types::READY, Unknown, Reason::Progressing, text));
    } else if let Some(text) = cannot_soak(account, object) {
        said.push((types::STALLED, True, Reason::ReportsUnavailable, text.clone()));
        said.push((types::READY, False, Reason::ReportsUnavailable, text));
    } else if let Some(text) = all_forbidden(status, tally) {
        said.push((types::STALLED, True, Reason::Forbidden, text.clone()));
        said.push((types::READY, False, Reason::Forbidden, text));
    } else if object.spec.suspend == Some(true) {
        said.push((
            types::READY,
            True,
            Reason::Suspended,
            "suspended: nothing is written and nothing is released".into(),
        ));
    } else if object.spec.strategy() == Strategy::DryRun {
        let matched = counted(status.namespaces.matched, "namespace");
        let text = format!("dry run: {matched} matched, nothing is written");
        said.push((types::READY, True, Reason::DryRun, text));
    } else {
        said.push((types::READY, True, Reason::Reconciled, summary(status, tally)));
    }
    said.push(compliant(status, tally, left == 0));
    said.push(if tally.overlapping.is_empty() {
        (types::OVERLAPPING, False, Reason::NoOverlap, "no other profile of equal priority disagrees".into())
    } else {
        let others: Vec<_> = tally.overlapping.iter().take(NAMED).map(String::as_str).collect();
        let text = format!(
            "profiles of equal priority disagree about a namespace: {}; the stricter governs; give them different priorities",
            others.join(", ")
        );
        (types::OVERLAPPING, True, Reason::EqualPriority, text)
    });
    said.push(match &tally.contested {
        Some((first, 1)) => (types::CONTESTED, True, Reason::Fight, first.clone()),
        Some((first, count)) => {
            (types::CONTESTED, True, Reason::Fight, format!("{count} namespaces are fought over; {first}"))
        }
        None => {
            (types::CONTESTED, False, Reason::NoFight, "nobody keeps taking back what podsec writes".into())
        }
    });
    said.push(match &account.halted {
        Some(reason) => (types::ROLLOUT_HALTED, True, Reason::Breakage, reason.clone()),
        None => (types::ROLLOUT_HALTED, False, Reason::NotHalted, "nothing has broken after a raise".into()),
    });
    said
}

/// Whether what runs is as the profile plans.
fn compliant(status: &ProfileStatus, tally: &Tally, is_done: bool) -> Said {
    let JudgedCounts { judged, violating } = status.workloads.unwrap_or_default();
    if tally.judged == 0 {
        let NamespaceCounts { matched, governed, .. } = status.namespaces;
        let text = match (matched, governed) {
            (0, _) => "no namespace matches".into(),
            (_, 0) if is_done => {
                format!("others rank above this profile in each of the {matched} matching namespaces")
            }
            _ => "podsec has not looked at what runs yet".into(),
        };
        return (types::COMPLIANT, ConditionStatus::Unknown, Reason::NotJudged, text);
    }
    if violating > 0 {
        let text = format!(
            "{violating} of {} in {} of {} {} what is planned; kubectl get psr -A says which",
            counted(judged, "workload"),
            tally.violating,
            counted(tally.judged, "namespace"),
            agreed(&violating, "violates", "violate"),
        );
        return (types::COMPLIANT, ConditionStatus::False, Reason::Violations, text);
    }
    if tally.inconclusive > 0 {
        let text =
            format!("podsec cannot tell of {} of {}", tally.inconclusive, counted(tally.judged, "namespace"));
        return (types::COMPLIANT, ConditionStatus::Unknown, Reason::Inconclusive, text);
    }
    let (workloads, namespaces) = (counted(judged, "workload"), counted(tally.judged, "namespace"));
    let text = format!("none of {workloads} in {namespaces} violates what is planned");
    (types::COMPLIANT, ConditionStatus::True, Reason::NoViolations, text)
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
    let NamespaceCounts { governed, in_sync, held, exempt, frozen, contested, .. } = status.namespaces;
    let mut parts = vec![format!("{} governed: {in_sync} in sync", counted(governed, "namespace"))];
    let mut add = |count: usize, text: &str| {
        if count > 0 {
            parts.push(format!("{count} {text}"));
        }
    };
    add(held as usize, "held");
    add(exempt as usize, "exempt");
    add(frozen as usize, "frozen");
    add(contested.unwrap_or_default() as usize, "fought over (see the condition Contested)");
    if let Some((first, count)) = tally.forced {
        add(count, &format!("to be raised by forceAfter (from {first} on)"));
    }
    if let Some(first) = status.left_alone.first() {
        let them = agreed(&tally.left_alone, "it", "them");
        let what =
            format!("left to whoever last set {them} (first {} to {})", first.namespace, first.last_set_by);
        add(tally.left_alone, &what);
    }
    if let Some(first) = status.unwritable.first() {
        add(tally.unwritable, &format!("not writable (first {}: {})", first.name, first.message));
    }
    let mut summary = parts.join(", ");
    if let Some((first, count)) = &tally.flux_traps {
        summary = format!("{summary}. {}", wording::flux_trap(*count, first));
    }
    summary
}
