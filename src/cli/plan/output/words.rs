//! Phrases that several formats share.

use crate::{
    cli::plan::{
        cluster_plan::ClusterPlan,
        model::{Judged, NamespaceReport, PlannedMode},
        overview::Overview,
        totals::Totals,
    },
    standards::{Level, Mode},
};

/// What to type after a first look at a cluster.
pub(super) const NEXT: [&str; 3] = [
    "podsec plan --enforce baseline    what that would refuse, by namespace and workload",
    "podsec recommend -o profiles      profiles at the levels that the namespaces are clean at",
    "podsec plan -o wide               one row a namespace",
];

/// `3 namespaces`.
pub(super) fn count(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// How much was read, and how fast.
pub(super) fn extent(plan: &ClusterPlan) -> String {
    let totals = plan.totals();
    let (namespaces, workloads, pods) = (
        count(totals.namespaces, "namespace"),
        count(totals.workloads, "workload"),
        count(totals.pods, "pod"),
    );
    let partial = if plan.is_partial { " (of those asked for)" } else { "" };
    format!("{namespaces}{partial}, {workloads}, {pods}, read in {:.1} s", plan.took.as_secs_f64())
}

/// What the plan does, in one line.
pub(super) fn changes(totals: &Totals) -> String {
    let parts = [
        (totals.raised, "raised"),
        (totals.repaired, "repaired"),
        (totals.weakened, "weakened"),
        (totals.held, "held"),
        (totals.soaking, "soaking"),
        (totals.broken, "broken"),
        (totals.exempt, "exempt"),
        (totals.yielded, "left alone"),
        (totals.frozen, "frozen"),
        (totals.released, "let go"),
        (totals.in_sync, "in sync"),
        (totals.namespaces - totals.governed, "ungoverned"),
        (totals.inconclusive_namespaces, "not told whole"),
    ];
    let parts: Vec<_> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let parts = if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
    let Totals { namespaces, workloads, violating, pods, violating_pods, failed, .. } = *totals;
    let failed = if failed > 0 { format!("; {failed} could not be read") } else { String::new() };
    format!(
        "{}: {parts}; {violating} of {} violate, with {violating_pods} of {}{failed}",
        count(namespaces, "namespace"),
        count(workloads, "workload"),
        count(pods, "pod"),
    )
}

/// `1 of 4 workloads violates baseline:v1.37, with 2 of 9 pods`.
pub(super) fn verdict(judged: &Judged) -> String {
    let violating = judged.workloads.violating;
    let verb = if violating == 1 { "violates" } else { "violate" };
    let doubt = match judged.workloads.inconclusive {
        0 => String::new(),
        inconclusive => format!(", {inconclusive} cannot be told"),
    };
    format!(
        "{violating} of {} {verb} {}, with {} of {}{doubt}",
        count(judged.all_workloads(), "workload"),
        judged.policy,
        judged.pods.violating,
        count(judged.all_pods(), "pod"),
    )
}

/// ` (audit and warn only)` where it is not enforced.
pub(super) fn only(modes: &[Mode]) -> String {
    let names: Vec<_> = modes.iter().map(|mode| mode.as_str()).collect();
    if modes.first() == Some(&Mode::Enforce) {
        String::new()
    } else {
        format!(" ({} only)", names.join(" and "))
    }
}

/// What is effective now: `none` where there is no label and nothing is refused.
pub(super) fn now(mode: &PlannedMode) -> String {
    let level = mode.now.split(':').next().unwrap_or_default();
    match (mode.assumed, level) {
        (true, "privileged") => "none".to_owned(),
        (true, level) => format!("{level} (assumed)"),
        (false, _) => mode.now.clone(),
    }
}

/// The enforce label as it is.
pub(super) fn enforce_now(report: &NamespaceReport) -> String {
    let keys = Mode::Enforce.keys();
    let label = |key| report.labels_now.get(key);
    match (label(keys.level), label(keys.version)) {
        (None, _) => "none".to_owned(),
        (Some(level), None) => level.clone(),
        (Some(level), Some(version)) => format!("{level}:{version}"),
    }
}

/// What keeps most namespaces from a level.
pub(super) fn blockers(overview: &Overview<'_>, level: Level) -> Option<String> {
    let blockers = overview.blockers.get(&level)?;
    let first: Vec<_> = blockers
        .iter()
        .take(3)
        .map(|blocking| format!("{} in {}", blocking.check, blocking.namespaces))
        .collect();
    (!first.is_empty()).then(|| format!("in the way of {level}: {}", first.join(", ")))
}

/// How long the reading took, to the hundredth.
pub(super) fn seconds(plan: &ClusterPlan) -> f64 {
    (plan.took.as_secs_f64() * 100.0).round() / 100.0
}
