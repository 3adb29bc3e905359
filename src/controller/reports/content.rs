//! What a report says, from a plan that was carried out.

use jiff::Timestamp;

use super::super::{apply::Applied, gate::Findings};
use crate::{
    api::{ReportContent, ReportState, Soak, VerdictCounts, reasons::StateReason},
    assessment::{Account, Assessment, ModeAccount, Said, StateSince, report, verdict_counts},
    rollout::{ModePlan, Namespace, Profile, Settings, Standing, Verdict, standing, wording},
    standards::{self, Mode},
};

/// What a profile's status says of a namespace, from its report where that is about the profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Summary {
    /// The namespace's state.
    pub(in super::super) state: ReportState,
    /// Its workloads.
    pub(in super::super) workloads: VerdictCounts,
    /// Its live pods.
    pub(in super::super) pods: VerdictCounts,
    /// What blocks most, the first few: workload and check.
    pub(in super::super) blockers: Vec<String>,
    /// How many blockers there are besides.
    pub(in super::super) more_blockers: u32,
    /// How many workloads lack pods since the last raise.
    pub(in super::super) broken: u32,
    /// When the state changes next.
    pub(in super::super) next: Option<Timestamp>,
}

/// How many blockers a status names of a namespace.
const BLOCKERS: usize = 3;

impl Summary {
    /// Of workloads that were judged by what a profile asks that changes nothing; no report is about that.
    pub(in super::super) fn of_onlooker(assessment: &Assessment<'_, '_>) -> Self {
        let (workloads, pods) = verdict_counts(assessment);
        let state = match assessment.verdict() {
            standards::Verdict::Inconclusive => ReportState::Inconclusive,
            standards::Verdict::Conforms | standards::Verdict::Violates => ReportState::Held,
        };
        Self { state, workloads, pods, ..Self::default() }
    }

    /// Of a report.
    pub(in super::super) fn of(content: &ReportContent) -> Self {
        Self {
            state: content.state,
            workloads: content.workloads.unwrap_or_default(),
            pods: content.pods.unwrap_or_default(),
            blockers: content.blockers.iter().take(BLOCKERS).map(ToString::to_string).collect(),
            more_blockers: content.more_blockers.saturating_add(
                u32::try_from(content.blockers.len().saturating_sub(BLOCKERS)).unwrap_or(u32::MAX),
            ),
            broken: content.breakage.as_ref().map_or(0, |breakage| breakage.workloads),
            next: content.next_step.map(|moment| moment.0),
        }
    }
}

/// What a report is made of, besides what was found.
#[derive(Debug)]
pub(in super::super) struct Source<'a> {
    pub(in super::super) namespace: &'a Namespace,
    pub(in super::super) applied: &'a Applied,
    /// A profile that selects the namespace, where none governs it: what it would do is told.
    pub(in super::super) onlooker: Option<&'a Profile>,
    pub(in super::super) settings: &'a Settings,
    /// What is to be remembered.
    pub(in super::super) soak: Option<Soak>,
    /// The state that the report tells as it stands.
    pub(in super::super) before: Option<StateSince>,
    pub(in super::super) now: Timestamp,
}

/// What the report of a namespace says; nothing where podsec has nothing to do with it.
pub(in super::super) fn content(source: Source<'_>, findings: Findings) -> Option<ReportContent> {
    let Source { namespace, applied, onlooker, settings, soak, before, now } = source;
    let (whole, foremost, next_step, modes) =
        match (standing(&namespace.name, applied.modes(), applied.is_protected()), onlooker) {
            (Some(whole), _) => {
                let modes: Vec<_> = applied.modes().iter().map(|plan| mode(plan, namespace)).collect();
                let (foremost, next_step) = (whole.mode, whole.next);
                (said(whole), foremost, next_step, modes)
            }
            (None, Some(profile)) => {
                let modes = onlooking(profile, namespace, settings);
                let whole = modes.first().map(|mode| mode.said.clone()).unwrap_or_default();
                let foremost = modes.first().map(|mode| mode.mode);
                (whole, foremost, None, modes)
            }
            (None, None) => return None,
        };
    let account = Account {
        whole,
        foremost,
        next_step,
        modes,
        judgement: Some(findings.judgement),
        breakage: findings.breakage,
        soak,
    };
    Some(report(account, before, now))
}

/// What a plan could not be carried out for.
#[derive(Debug)]
pub(in super::super) struct Refusal<'a> {
    pub(in super::super) namespace: &'a Namespace,
    pub(in super::super) modes: &'a [ModePlan],
    /// What the API server answered.
    pub(in super::super) answer: &'a str,
    /// What is to be remembered.
    pub(in super::super) soak: Option<Soak>,
    /// The state that the report tells as it stands.
    pub(in super::super) before: Option<StateSince>,
    pub(in super::super) now: Timestamp,
}

/// What the report says of a namespace whose labels the API server does not let podsec write: they are what they are.
pub(in super::super) fn refused(refusal: Refusal<'_>, findings: Findings) -> ReportContent {
    let Refusal { namespace, modes, answer, soak, before, now } = refusal;
    let (reason, message) = wording::unwritable(answer);
    let whole = Said { state: ReportState::Frozen, reason: reason.as_str().to_owned(), message };
    let is_written = |plan: &ModePlan| matches!(plan.verdict, Verdict::Write { .. } | Verdict::Release(_));
    let account = |plan: &ModePlan| {
        let (present, assumed) = (plan.present, plan.assumed);
        let garbled = wording::garbled(plan.mode, namespace);
        if is_written(plan) {
            ModeAccount { present, assumed, garbled, said: whole.clone(), ..mode(plan, namespace) }
        } else {
            mode(plan, namespace)
        }
    };
    let account = Account {
        foremost: modes.iter().find(|plan| is_written(plan)).map(|plan| plan.mode),
        modes: modes.iter().map(account).collect(),
        whole,
        next_step: None,
        judgement: Some(findings.judgement),
        breakage: findings.breakage,
        soak,
    };
    report(account, before, now)
}

/// What is said of the modes that a profile would set which writes nothing.
fn onlooking(profile: &Profile, namespace: &Namespace, settings: &Settings) -> Vec<ModeAccount> {
    let name = &profile.name;
    let (reason, message) = if profile.suspended {
        (StateReason::Suspended, format!("profile {name} is suspended: nothing is written"))
    } else {
        (StateReason::DryRun, format!("profile {name} is a dry run: nothing is written"))
    };
    let account = |mode: Mode| {
        let planned = profile.asks(mode)?;
        Some(ModeAccount {
            mode,
            profile: name.clone(),
            present: namespace.labelled(mode, &settings.server_defaults).0,
            assumed: namespace.label(mode.keys().level).is_none(),
            garbled: wording::garbled(mode, namespace),
            planned: Some(planned),
            said: Said { state: ReportState::Held, reason: reason.as_str().into(), message: message.clone() },
        })
    };
    Mode::ALL.into_iter().filter_map(account).collect()
}

fn mode(plan: &ModePlan, namespace: &Namespace) -> ModeAccount {
    let own = standing(&namespace.name, std::slice::from_ref(plan), false);
    let (present, assumed, garbled) = match &plan.verdict {
        Verdict::Write { value, .. } => (*value, false, None),
        _ => (plan.present, plan.assumed, wording::garbled(plan.mode, namespace)),
    };
    ModeAccount {
        mode: plan.mode,
        profile: plan.profile.clone(),
        present,
        assumed,
        garbled,
        planned: plan.planned,
        said: own.map(said).unwrap_or_default(),
    }
}

fn said(standing: Standing) -> Said {
    let Standing { state, reason, message, mode: _, next: _ } = standing;
    Said { state, reason: reason.as_str().to_owned(), message }
}
