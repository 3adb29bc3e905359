//! Phrases that several formats share.

use std::collections::BTreeMap;

use crate::{
    api::{agreed, counted},
    assessment::ServerVerdict,
    cli::plan::{
        cluster_plan::ClusterPlan,
        model::{DryRun, Judged, NamespaceReport, PlannedMode, Step, WorkloadResult},
        overview::Overview,
        totals::Totals,
    },
    standards::{Level, Mode},
};

/// How many names stand before a reason that several namespaces have.
pub(in crate::cli) const NAMES: usize = 5;

/// What to type after a first look at a cluster.
pub(in crate::cli) const NEXT: [&str; 3] = [
    "podsec plan --enforce baseline    what that would refuse, by namespace and workload",
    "podsec recommend -o profiles      profiles at the levels that the namespaces are clean at",
    "podsec plan -o wide               one row a namespace",
];

/// How much was read, and how fast.
pub(in crate::cli) fn extent(plan: &ClusterPlan) -> String {
    let totals = plan.totals();
    let (namespaces, workloads, pods) = (
        counted(totals.namespaces, "namespace"),
        counted(totals.workloads, "workload"),
        counted(totals.pods, "pod"),
    );
    let partial = if plan.is_partial { " (of those asked for)" } else { "" };
    format!("{namespaces}{partial}, {workloads}, {pods}, read in {:.1} s", plan.took.as_secs_f64())
}

/// In what order the words of namespaces are counted.
const ORDER: [&str; 16] = [
    "raised",
    "repaired",
    "weakened",
    "held",
    "soaking",
    "broken",
    "dry run",
    "suspended",
    "exempt",
    "left alone",
    "contested",
    "frozen",
    "let go",
    "adopted",
    "in sync",
    "ungoverned",
];

/// What the plan does, in one line: each namespace is counted once, by the word that the table has for it.
pub(in crate::cli) fn changes(totals: &Totals) -> String {
    let Totals { namespaces, workloads, violating, pods, violating_pods, failed, .. } = *totals;
    let rank = |word: &str| {
        let first = word.split(", ").next();
        ORDER.iter().position(|known| Some(*known) == first).unwrap_or(ORDER.len() - 2)
    };
    let mut words: Vec<_> = totals.by_word.iter().collect();
    words.sort_by_key(|(word, _)| rank(word));
    let parts = words.into_iter().map(|(word, count)| match word.split_once(", ") {
        Some((step, state)) => format!("{count} {step} ({state})"),
        None => format!("{count} {word}"),
    });
    let parts: Vec<_> = parts.collect();
    let parts = if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
    let untold = match totals.inconclusive_namespaces {
        0 => String::new(),
        untold => format!("; {untold} not told whole"),
    };
    let failed = if failed > 0 { format!("; {failed} could not be read") } else { String::new() };
    format!(
        "{}: {parts}; {violating} of {} {}, with {violating_pods} of {}{untold}{failed}",
        counted(namespaces, "namespace"),
        counted(workloads, "workload"),
        agreed(&violating, "violates", "violate"),
        counted(pods, "pod"),
    )
}

/// `1 of 4 workloads violates baseline:v1.37, with 2 of 9 pods`.
pub(in crate::cli) fn verdict(judged: &Judged) -> String {
    let violating = judged.workloads.violating;
    let verb = agreed(&violating, "violates", "violate");
    let doubt = match judged.workloads.inconclusive {
        0 => String::new(),
        inconclusive => format!(", {inconclusive} cannot be told"),
    };
    format!(
        "{violating} of {} {verb} {}, with {} of {}{doubt}",
        counted(judged.all_workloads(), "workload"),
        judged.policy,
        judged.pods.violating,
        counted(judged.all_pods(), "pod"),
    )
}

/// ` (audit and warn only)` where it is not enforced.
pub(in crate::cli) fn only(modes: &[Mode]) -> String {
    let names: Vec<_> = modes.iter().map(|mode| mode.as_str()).collect();
    if modes.first() == Some(&Mode::Enforce) {
        String::new()
    } else {
        format!(" ({} only)", names.join(" and "))
    }
}

/// What the API server says of a workload, each once, with the modes that it is said in where it is not refused.
pub(in crate::cli) fn messages(result: &WorkloadResult) -> Vec<(&str, String)> {
    let mut said: Vec<(&str, Vec<Mode>)> = Vec::new();
    for (mode, message) in &result.messages {
        match said.iter_mut().find(|(known, _)| *known == message) {
            Some((_, modes)) => modes.push(*mode),
            None => said.push((message, vec![*mode])),
        }
    }
    said.into_iter().map(|(message, modes)| (message, only(&modes))).collect()
}

/// What is effective now: `none` where there is no label and nothing is refused.
pub(in crate::cli) fn now(mode: &PlannedMode) -> String {
    let level = mode.now.split(':').next().unwrap_or_default();
    match (mode.assumed, level) {
        (true, "privileged") => "none".to_owned(),
        (true, level) => format!("{level} (assumed)"),
        (false, _) => mode.now.clone(),
    }
}

/// The enforce label as it is.
pub(in crate::cli) fn enforce_now(report: &NamespaceReport) -> String {
    let keys = Mode::Enforce.keys();
    let label = |key| report.labels_now.get(key);
    match (label(keys.level), label(keys.version)) {
        (None, _) => "none".to_owned(),
        (Some(level), None) => level.to_owned(),
        (Some(level), Some(version)) => format!("{level}:{version}"),
    }
}

/// What came of asking the API server, if it was asked.
pub(in crate::cli) fn cross_checks(plan: &ClusterPlan) -> Option<String> {
    let checks = || plan.reports.iter().flat_map(|report| &report.cross_checks);
    let count = |is: fn(&ServerVerdict) -> bool| checks().filter(|check| is(&check.verdict)).count();
    let parts = [
        (count(|verdict| matches!(verdict, ServerVerdict::Agrees)), "agree"),
        (
            count(|verdict| matches!(verdict, ServerVerdict::CutOff { .. })),
            "agree as far as the API server looks",
        ),
        (count(|verdict| matches!(verdict, ServerVerdict::Exempt)), "are exempt"),
        (count(|verdict| matches!(verdict, ServerVerdict::Disagrees { .. })), "disagree"),
        (count(|verdict| matches!(verdict, ServerVerdict::Unavailable(_))), "without an answer"),
    ];
    let parts: Vec<_> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    (!parts.is_empty()).then(|| format!("cross-check with the API server: {}", parts.join(", ")))
}

/// What keeps most namespaces from a level.
pub(in crate::cli) fn blockers(overview: &Overview<'_>, level: Level) -> Option<String> {
    let blockers = overview.blockers.get(&level)?;
    let told = blockers.iter().map(|blocking| format!("{} in {}", blocking.check, blocking.namespaces));
    (!blockers.is_empty()).then(|| format!("in the way of {level}: {}", first(3, ", ", told)))
}

/// The first of many, and how many more there are.
pub(in crate::cli) fn first(
    most: usize,
    joint: &str,
    items: impl IntoIterator<Item = impl Into<String>>,
) -> String {
    let mut items = items.into_iter();
    let shown: Vec<String> = items.by_ref().take(most).map(Into::into).collect();
    match items.count() {
        0 => shown.join(joint),
        more => format!("{} and {more} more", shown.join(joint)),
    }
}

/// How long the reading took, to the hundredth.
pub(in crate::cli) fn seconds(plan: &ClusterPlan) -> f64 {
    (plan.took.as_secs_f64() * 100.0).round() / 100.0
}

/// A mode in a column: what is there, and what is to be.
pub(in crate::cli) fn cell(mode: &PlannedMode) -> String {
    let now = now(mode);
    match mode.step {
        Step::Raise | Step::Repair | Step::Weaken => {
            let asked = mode.asked.filter(|asked| *asked != mode.after);
            let asked = asked.map(|asked| format!(", asked {asked}")).unwrap_or_default();
            format!("{now} → {}{asked}", mode.after)
        }
        Step::Remove => format!("{now} → none"),
        Step::None => mode.after.to_string(),
        Step::Own if mode.assumed => format!("{now} → {}", mode.after),
        Step::Own => format!("{} (adopted)", mode.after),
        Step::Retain => format!("{now} (retained)"),
        Step::Hold | Step::LeaveAlone | Step::Freeze => match mode.asked {
            Some(asked) if asked.to_string() != mode.now || mode.assumed => format!("{now}, asked {asked}"),
            _ => now,
        },
    }
}

/// The profiles that govern it, each once.
pub(in crate::cli) fn profiles(report: &NamespaceReport) -> String {
    let mut names: Vec<_> = report.modes.iter().map(|mode| mode.profile.as_str()).collect();
    names.retain(|name| !name.is_empty());
    names.dedup();
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

/// What there is to say of a mode besides what the columns say.
pub(in crate::cli) fn reasons(mode: &PlannedMode) -> Vec<(&'static str, String)> {
    told(mode, mode.message())
}

/// The same without what a person may do about it.
pub(in crate::cli) fn causes(mode: &PlannedMode) -> Vec<(&'static str, String)> {
    told(mode, mode.why.clone())
}

fn told(mode: &PlannedMode, message: Option<String>) -> Vec<(&'static str, String)> {
    let mut said = Vec::new();
    if let Some(message) = message {
        let word = match (mode.step, mode.reason) {
            (Step::Hold, Some("Soaking")) => "soaking",
            // What there is to say of what changes nothing is the exemption.
            (Step::None | Step::Own, _) => "exempt",
            (step, _) => step.as_str(),
        };
        said.push((word, message));
    }
    if let Some(told) = &mode.contested {
        said.push(("contested", format!("the report of the controller says: {told}")));
    }
    if let Some(manager) = &mode.taken_from {
        said.push(("taken", format!("from {manager}, which last set it")));
    }
    said
}

/// `, 3 pods`; nothing for none.
pub(in crate::cli) fn pods(count: usize, joint: &str) -> String {
    if count == 0 { String::new() } else { format!("{joint}{}", counted(count, "pod")) }
}

/// Whether something that runs there has to be told of.
pub(in crate::cli) fn needs_details(report: &NamespaceReport) -> bool {
    let judged = &report.judged;
    judged.workloads.violating + judged.workloads.inconclusive > 0 || !report.missing.is_empty()
}

/// What there is to say of modes, once for all namespaces of which it is the same. Not yet made harmless.
pub(in crate::cli) fn said(
    shown: &[&NamespaceReport],
    of_mode: fn(&PlannedMode) -> Vec<(&'static str, String)>,
) -> Vec<String> {
    let mut said: BTreeMap<(&'static str, Mode, String), Vec<&str>> = BTreeMap::new();
    for report in shown {
        if let Some(dry_run @ DryRun { profile, asks, .. }) = &report.dry_run {
            let why = format!("profile {profile} would ask for {asks} if it were active");
            said.entry((dry_run.word(), Mode::Enforce, why)).or_default().push(&report.name);
        }
        for check in report.cross_checks.iter().filter(|check| check.is_trouble()) {
            let why = format!("{}: {}", check.policy, check.told());
            said.entry(("cross-check", Mode::Enforce, why)).or_default().push(&report.name);
        }
        for mode in &report.modes {
            for (word, why) in of_mode(mode) {
                said.entry((word, mode.mode, why)).or_default().push(&report.name);
            }
        }
    }
    let line = |((word, mode, why), names): ((&str, Mode, String), Vec<&str>)| {
        format!("{word} ({mode}): {}: {why}", first(NAMES, ", ", names))
    };
    said.into_iter().map(line).collect()
}
