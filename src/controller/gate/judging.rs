//! One namespace with all that is known of it: the plan, and what its report says of the workloads.

use jiff::Timestamp;

use super::super::{reports::Summary, snapshot::Snapshot, state::State, workloads::View};
use crate::{
    api::Breakage,
    assessment::{Broken, DryRun, Inventory, Judge, Judgement, Workloads, breakage},
    rollout::{Evidence, GateRecord, Look, ModePlan, Namespace, NamespacePlan, Pace, Profile, plan},
    standards::{Level, LevelVersion, Mode, NEWEST_MINOR, Version},
};

/// What is to be done about a namespace, and what was found there.
#[derive(Debug)]
pub(in super::super) struct Judged {
    pub(in super::super) plan: NamespacePlan,
    /// `None` while it is not known what runs.
    pub(in super::super) findings: Option<Findings>,
}

/// What was found in a namespace.
#[derive(Debug)]
pub(in super::super) struct Findings {
    /// What its report says of the workloads.
    pub(in super::super) judgement: Judgement,
    /// What the API server has refused since the raise that was asked about.
    pub(in super::super) breakage: Option<Breakage>,
    /// What of that was there before the raise, so that it was the raise that broke it.
    pub(in super::super) broken: Option<Breakage>,
    /// What the API server is expected to say to the dry run that is due, else to the raise.
    pub(in super::super) expected: Option<DryRun>,
    /// How the namespace stands to each profile that selects it and changes nothing, by the profile's name.
    pub(in super::super) onlookers: Vec<(String, Summary)>,
}

/// What a namespace is judged by.
#[derive(Debug)]
pub(in super::super) struct Case<'a> {
    pub(in super::super) state: &'a State,
    pub(in super::super) snapshot: &'a Snapshot,
    pub(in super::super) namespace: &'a Namespace,
    pub(in super::super) record: Option<&'a GateRecord>,
    pub(in super::super) looks: &'a [Look],
    pub(in super::super) pace: &'a Pace,
    /// Since when what is refused counts as broken.
    pub(in super::super) raised: Option<Timestamp>,
    pub(in super::super) now: Timestamp,
}

/// Judges a namespace by what is known now.
pub(in super::super) fn judge(case: &Case<'_>) -> Judged {
    let Case { state, snapshot, namespace, now, .. } = *case;
    let looked = || state.workloads.look(&namespace.name, now, |view| with_view(case, view));
    let seen = if state.reports.is_known() { looked() } else { None };
    seen.unwrap_or_else(|| {
        let plan = plan(namespace, &snapshot.profiles, &state.settings, None, now);
        Judged { plan, findings: None }
    })
}

fn with_view(case: &Case<'_>, view: &View<'_>) -> Judged {
    let Case { state, snapshot, namespace, record, looks, pace, now, .. } = *case;
    let workloads = view.inventory.workloads();
    let judge = judge_of(state, snapshot);
    let evidence = Evidence {
        workloads: &workloads,
        judge: &judge,
        newer_server: snapshot.server.minor > NEWEST_MINOR,
        watched_since: view.watched_since,
        created: namespace.created,
        // What ran there while another replica watched, and is gone, this one has not seen.
        had_pods: view.had_pods || namespace.created < view.seen_since,
        record,
        looks,
        pace,
    };
    let plan = plan(namespace, &snapshot.profiles, &state.settings, Some(&evidence), now);
    let refused = case.raised.map(|since| refused(view, since, now)).unwrap_or_default();
    let findings = Findings {
        judgement: judgement(&judge, &workloads, policy(&plan.modes, case)),
        broken: told(refused.iter().filter(|broken| !broken.is_new), case.raised),
        breakage: told(&refused, case.raised),
        expected: plan
            .look
            .as_ref()
            .map(|due| due.policy)
            .or(plan.raise)
            .map(|policy| expected(&judge, policy, view.inventory)),
        onlookers: onlookers(case, &judge, &workloads),
    };
    Judged { plan, findings: Some(findings) }
}

/// Judges as the API server does. Its policy is of no account.
fn judge_of(state: &State, snapshot: &Snapshot) -> Judge {
    Judge::new(LevelVersion::new(Level::Restricted, Version::Latest))
        .on_server(snapshot.server.minor)
        .exempting(state.settings.server_exempt_runtime_classes.iter().cloned())
}

fn expected(judge: &Judge, policy: LevelVersion, inventory: &Inventory) -> DryRun {
    judge.by(policy).dry_run(inventory)
}

fn judgement(judge: &Judge, workloads: &Workloads<'_>, policy: LevelVersion) -> Judgement {
    let assessment = judge.by(policy).assess(workloads);
    Judgement::new(&assessment, judge.cleanness(policy.version, workloads))
}

/// What each profile would find that is a dry run or suspended, whoever else governs the namespace.
fn onlookers(case: &Case<'_>, judge: &Judge, workloads: &Workloads<'_>) -> Vec<(String, Summary)> {
    let Case { state, snapshot, namespace, .. } = *case;
    let matching = snapshot.profiles.matching(namespace, &state.settings);
    let judged = |profile: &Profile| {
        let of_enforce = profile.asks(Mode::Enforce);
        let of_any = || Mode::ALL.into_iter().filter_map(|mode| profile.asks(mode)).max_by_key(strictness);
        let policy = that_refuses_something(of_enforce.or_else(of_any));
        (profile.name.clone(), Summary::of_onlooker(&judge.by(policy).assess(workloads)))
    };
    matching.filter(|profile| !profile.is_active()).map(judged).collect()
}

/// What the report is about: what enforce is to be, or would be without the exemption; else the strictest of what is
/// asked of audit and warn; else what a profile would ask that does not govern; else what is asked nowhere, restricted.
fn policy(modes: &[ModePlan], case: &Case<'_>) -> LevelVersion {
    let Case { state, snapshot, namespace, .. } = *case;
    let asked = |plan: &ModePlan| match &plan.exemption {
        Some(_) => snapshot.profiles.get(&plan.profile)?.asks(plan.mode),
        None => plan.planned,
    };
    let of_enforce = modes.iter().find(|plan| plan.mode == Mode::Enforce).and_then(asked);
    let of_any = || modes.iter().filter_map(asked).max_by_key(strictness);
    let of_others = || {
        let matching = snapshot.profiles.matching(namespace, &state.settings);
        matching.filter_map(|profile| profile.asks(Mode::Enforce)).max_by_key(strictness)
    };
    that_refuses_something(of_enforce.or_else(of_any).or_else(of_others))
}

const fn strictness(policy: &LevelVersion) -> (Level, Version) {
    (policy.level, policy.version)
}

/// What is asked; where that is nothing, or what nothing violates, the strictest.
fn that_refuses_something(asked: Option<LevelVersion>) -> LevelVersion {
    asked
        .filter(|policy| policy.level != Level::Privileged)
        .unwrap_or(LevelVersion::new(Level::Restricted, Version::Latest))
}

fn refused<'a>(view: &View<'a>, since: Timestamp, now: Timestamp) -> Vec<Broken<'a>> {
    view.rejections.broken(view.inventory, since, now)
}

fn told<'a>(broken: impl IntoIterator<Item = &'a Broken<'a>>, raised: Option<Timestamp>) -> Option<Breakage> {
    let to_the_second = |at: Timestamp| Timestamp::from_second(at.as_second()).unwrap_or(at);
    breakage(broken.into_iter().cloned(), raised.map(to_the_second))
}

#[cfg(test)]
#[path = "judging_tests.rs"]
mod tests;
