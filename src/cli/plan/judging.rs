//! From what was read and planned to what is told.

use super::{
    cluster_plan::Outline,
    model::{DryRun, Judged, NamespaceReport, PlannedMode, State, Step, WorkloadResult},
};
use crate::{
    api::{ReportState, reasons::StateReason},
    assessment::{Assessment, Judge, Workload, Workloads},
    cli::{findings::merge, observing::Fight},
    rollout::{
        Change, KeyValues, ModePlan, Namespace, Place, Profiles, Release, Settings, Standing, Verdict,
        foremost, standing,
        wording::{self, Advice},
    },
    standards::{self, Level, LevelVersion, Mode, Version},
};

/// What there is to plan by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Basis {
    /// Profiles, or what they have left.
    Profiles,
    /// Nothing at all.
    Nothing,
    /// Nobody can tell: the profiles could not be listed.
    Unknown,
}

/// By what everything in a cluster is judged.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Bench {
    /// Judges as the cluster's API server does. The policy that it has is of no account.
    pub(in crate::cli) judge: Judge,
    /// The API server's own version of the standards.
    pub(in crate::cli) version: Version,
    pub(in crate::cli) settings: Settings,
    pub(in crate::cli) basis: Basis,
}

impl Bench {
    /// What is told of a namespace.
    pub(in crate::cli) fn report(
        &self,
        namespace: &Namespace,
        workloads: &Workloads<'_>,
        plan: Outline,
        profiles: &Profiles,
        fights: &[Fight],
    ) -> NamespaceReport {
        let mode = |plan: &ModePlan| PlannedMode {
            contested: fights.iter().find(|fight| is_over(fight, plan)).map(|fight| fight.told.clone()),
            ..planned_mode(plan, namespace, &self.settings)
        };
        let modes: Vec<_> = plan.modes.iter().map(mode).collect();
        let cleanness = self.judge.cleanness(self.version, workloads);
        let next = cleanness.next.map_or(Level::Restricted, |next| next.level);
        let dry_run = self.dry_run(namespace, &plan, profiles);
        let policy = self.policy(namespace, &plan, dry_run.as_ref(), next);
        let assessment = self.judge.by(policy).assess(workloads);
        let advisory = [Mode::Audit, Mode::Warn].into_iter().filter_map(|mode| {
            let policy = asked(&plan, mode)?;
            Some((mode, judged(&self.judge.by(policy).assess(workloads))))
        });
        let mut advisory: Vec<_> = advisory.collect();
        advisory.shrink_to_fit();
        NamespaceReport {
            name: namespace.name.clone(),
            state: self.state(namespace, &plan, modes.iter().any(|mode| mode.contested.is_some())),
            protected: self.settings.protects(&namespace.name),
            modes,
            dry_run,
            labels_now: labels(namespace),

            advisory,
            judged: judged(&assessment),
            checks: assessment.checks(),
            cleanness,
            apart: assessment.apart(),
            missing: assessment.missing().iter().map(|&what| what.to_owned()).collect(),
            cross_checks: Vec::new(),
            next: plan.next,
            labels_planned: plan.labels_after,
        }
    }

    fn state(&self, namespace: &Namespace, plan: &Outline, is_contested: bool) -> State {
        if namespace.terminating {
            return State::Terminating;
        }
        if self.basis == Basis::Unknown {
            return State::Unknown;
        }
        let Some(Standing { state, .. }) = standing(&namespace.name, &plan.modes, plan.protected) else {
            return State::Ungoverned;
        };
        State::Planned(if is_contested { foremost(state, ReportState::Contested) } else { state })
    }

    /// What the first profile would ask by rank that is not active, where nothing else asks for anything.
    fn dry_run(&self, namespace: &Namespace, plan: &Outline, profiles: &Profiles) -> Option<DryRun> {
        if namespace.terminating || plan.modes.iter().any(|plan| plan.mode == Mode::Enforce) {
            return None;
        }
        let candidates = profiles.candidates(Mode::Enforce, namespace, &namespace.ledger(), &self.settings);
        candidates.into_iter().find_map(|candidate| {
            let profile = candidate.profile.name.clone();
            let suspended = candidate.place == Place::Suspended;
            candidate.asks.map(|asks| DryRun { profile, asks, suspended })
        })
    }

    fn policy(
        &self,
        namespace: &Namespace,
        plan: &Outline,
        dry_run: Option<&DryRun>,
        next: Level,
    ) -> LevelVersion {
        match asked(plan, Mode::Enforce).or_else(|| dry_run.map(|dry_run| dry_run.asks)) {
            Some(asked) => asked,
            None if self.basis == Basis::Profiles => {
                namespace.labelled(Mode::Enforce, &self.settings.server_defaults).0
            }
            None => LevelVersion::new(next, self.version),
        }
    }

    /// What became of each workload of a namespace, by kind and name.
    pub(in crate::cli) fn results<'w>(
        &self,
        report: &NamespaceReport,
        workloads: &'w Workloads<'_>,
    ) -> impl Iterator<Item = WorkloadResult> + use<'w> {
        let by = |judged: &Judged| self.judge.by(judged.policy).assess(workloads);
        let enforced = by(&report.judged);
        let advisory: Vec<_> = report.advisory.iter().map(|(mode, judged)| (*mode, by(judged))).collect();
        let verdicts: Vec<_> = enforced.verdicts().collect();
        verdicts.into_iter().map(move |(workload, verdict)| result(workload, verdict, &enforced, &advisory))
    }
}

/// What a profile asks of a mode, if one governs it.
fn asked(plan: &Outline, mode: Mode) -> Option<LevelVersion> {
    plan.modes.iter().find(|plan| plan.mode == mode && plan.governed)?.planned
}

fn judged(assessment: &Assessment<'_, '_>) -> Judged {
    Judged {
        policy: assessment.judge().policy(),
        workloads: assessment.workloads(),
        exempt_workloads: assessment.exempt_workloads(),
        pods: assessment.pods(),
        exempt_pods: assessment.exempt_pods(),
    }
}

/// The six labels as they are.
fn labels(namespace: &Namespace) -> KeyValues {
    let keys = Mode::ALL.into_iter().flat_map(|mode| [mode.keys().level, mode.keys().version]);
    keys.filter_map(|key| Some((key, namespace.label(key)?))).collect()
}

/// Whether a fight is over what the plan has podsec set: another profile may end it, and so may yielding.
fn is_over(fight: &Fight, plan: &ModePlan) -> bool {
    let is_kept = matches!(plan.verdict, Verdict::InSync | Verdict::Write { .. } | Verdict::Hold(_));
    is_kept && plan.governed && fight.mode == plan.mode && fight.profile == plan.profile
}

fn planned_mode(plan: &ModePlan, namespace: &Namespace, settings: &Settings) -> PlannedMode {
    let ModePlan { mode, profile, present, assumed, planned, verdict, .. } = plan;
    let Told { step, reason, why, remedy } = told(plan, namespace);
    let keys = mode.keys();
    let last = namespace.owners.of(keys.level).iter().max_by_key(|owner| owner.time);
    PlannedMode {
        mode: *mode,
        profile: profile.clone(),
        now: wording::garbled(*mode, namespace).unwrap_or_else(|| present.to_string()),
        assumed: *assumed,
        asked: *planned,
        after: match verdict {
            Verdict::Write { value, .. } => *value,
            Verdict::Release(Release::Remove) if step == Step::Remove => settings.server_defaults.get(*mode),
            _ => *present,
        },
        step,
        reason,
        why,
        remedy,
        contested: None,
        last_set_by: last.map(|owner| wording::quoted(&owner.manager)),
        taken_from: plan.overwritten(namespace).next().map(|owner| wording::quoted(&owner.manager)),
    }
}

/// What is to be done, and what there is to say of it.
struct Told {
    step: Step,
    reason: Option<&'static str>,
    why: Option<String>,
    remedy: Option<String>,
}

fn told(plan: &ModePlan, namespace: &Namespace) -> Told {
    let profile = &plan.profile;
    let with = |step, (reason, sentence): (StateReason, _)| Told {
        step,
        reason: Some(reason.as_str()),
        why: Some(sentence),
        remedy: None,
    };
    match &plan.verdict {
        Verdict::InSync => Told { step: Step::None, reason: None, why: exemption(plan), remedy: None },
        Verdict::Write { change, .. } => {
            let (step, why) = written(*change, plan);
            let reason = plan.partly.as_ref().map(|held| wording::hold(held, plan).0.as_str());
            Told { step, reason, why: wording::partly(plan).or(why), remedy: None }
        }
        Verdict::Hold(why) => with(Step::Hold, wording::hold(why, plan)),
        Verdict::LeaveAlone { .. } => {
            let (why, remedy) = wording::left_alone(plan, &namespace.name)
                .map(|Advice { why, remedy }| (why, remedy))
                .unzip();
            Told { step: Step::LeaveAlone, reason: Some(StateReason::LeftAlone.as_str()), why, remedy }
        }
        Verdict::Freeze(why) => with(Step::Freeze, wording::freeze(*why, profile)),
        Verdict::Release(Release::Retain(why)) => with(Step::Retain, wording::retained(*why, profile)),
        Verdict::Release(Release::Remove) => match namespace.shares_level(plan.mode) {
            Some(owner) => with(Step::Retain, wording::left_to(&owner.manager, profile)),
            None => with(Step::Remove, wording::removed(profile)),
        },
    }
}

fn written(change: Change, plan: &ModePlan) -> (Step, Option<String>) {
    match change {
        Change::Own => (Step::Own, exemption(plan)),
        Change::Raise => (Step::Raise, exemption(plan)),
        Change::ForcedRaise => {
            (Step::Raise, Some(format!("rollout.forceAfter of profile {} has come", plan.profile)))
        }
        Change::Repair => (Step::Repair, Some(wording::REPAIRED.to_owned())),
        Change::Weaken(cause) => (Step::Weaken, Some(wording::cause(cause, plan))),
    }
}

fn exemption(plan: &ModePlan) -> Option<String> {
    plan.exemption.as_ref().map(|active| wording::exemption(active, &plan.profile))
}

fn result(
    workload: &Workload<'_>,
    verdict: Option<standards::Verdict>,
    enforced: &Assessment<'_, '_>,
    advisory: &[(Mode, Assessment<'_, '_>)],
) -> WorkloadResult {
    let mut result = WorkloadResult {
        kind: workload.kind().to_string(),
        name: workload.name().to_owned(),
        pods: enforced.pods_sharing(workload, verdict),
        verdict,
        messages: Vec::new(),
        findings: Vec::new(),
        mended: mended(enforced, workload),
    };
    for (mode, assessment) in std::iter::once((Mode::Enforce, enforced)).chain(of_each(advisory)) {
        for blocker in assessment.blockers_of(workload) {
            merge(&mut result.findings, mode, blocker.into());
        }
        result.messages.extend(assessment.message(workload).map(|message| (mode, worded(mode, message))));
    }
    result
}

fn of_each<'s, 'w, 'a>(
    advisory: &'s [(Mode, Assessment<'w, 'a>)],
) -> impl Iterator<Item = (Mode, &'s Assessment<'w, 'a>)> {
    advisory.iter().map(|(mode, assessment)| (*mode, assessment))
}

/// As the API server says it in a mode: what it does not refuse, would violate.
fn worded(mode: Mode, message: String) -> String {
    match message.strip_prefix("violates ") {
        Some(rest) if mode != Mode::Enforce => format!("would violate {rest}"),
        _ => message,
    }
}

/// The checks that refuse a template and none of its pods.
fn mended(assessment: &Assessment<'_, '_>, workload: &Workload<'_>) -> Vec<String> {
    let mut names: Vec<_> = assessment
        .mended(workload)
        .into_iter()
        .map(|mended| mended.check.map_or("unreadable template", |check| check.id).to_owned())
        .collect();
    names.dedup();
    names
}
