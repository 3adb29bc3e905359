//! What there is to say of a namespace.

use crate::{
    api::ReportState,
    cli::{
        key_owners::Key,
        plan::{
            cluster_plan::ClusterPlan,
            model::{NamespaceReport, PlannedMode, State, Step},
        },
    },
    rollout::{self, Mismatch, Namespace, Place, Rank, TRACKED_KEYS},
    standards::{LevelVersion, Mode},
};

/// Everything about one namespace.
#[derive(Debug)]
pub(super) struct Explanation<'p> {
    pub(super) report: &'p NamespaceReport,
    /// For each mode, the profiles that select the namespace, the one that governs first.
    pub(super) candidates: Vec<(Mode, Vec<Candidate>)>,
    /// The profiles that do not select it, each with the reason.
    pub(super) elsewhere: Vec<(String, Mismatch)>,
    /// The tracked labels and annotations, those that are there or have an owner.
    pub(super) keys: Vec<Key>,
    /// What is to be done next, and by whom.
    pub(super) next: Vec<String>,
}

/// A profile beside a mode.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) profile: String,
    pub(super) priority: i32,
    pub(super) asks: Option<LevelVersion>,
    pub(super) governs: bool,
    /// Why it does not govern.
    pub(super) why_not: Option<String>,
}

impl<'p> Explanation<'p> {
    /// Of a namespace that was planned; nothing when it was not.
    pub(super) fn new(plan: &'p ClusterPlan, namespace: &Namespace) -> Option<Self> {
        let report = plan.reports.iter().find(|report| report.name == namespace.name)?;
        let (profiles, settings) = (plan.preview().profiles(), plan.preview().settings());
        let ledger = namespace.ledger();
        let candidates = |mode| {
            let candidates = profiles.candidates(mode, namespace, &ledger, settings);
            (mode, candidates.iter().map(|candidate| self::candidate(mode, candidate)).collect())
        };
        let elsewhere = profiles
            .iter()
            .filter_map(|profile| Some((profile.name.clone(), profile.mismatch(namespace, settings)?)));
        Some(Self {
            report,
            candidates: Mode::ALL.map(candidates).into(),
            elsewhere: elsewhere.collect(),
            keys: TRACKED_KEYS.into_iter().filter_map(|name| Key::of(name, namespace)).collect(),
            next: next(report),
        })
    }
}

fn candidate(mode: Mode, candidate: &rollout::Candidate<'_>) -> Candidate {
    let profile = candidate.profile;
    let why_not = match candidate.place {
        Place::Governs => None,
        Place::Silent => Some(format!("it does not set {mode}")),
        Place::Suspended => Some("it is suspended".to_owned()),
        Place::DryRun => Some("it is a dry run".to_owned()),
        Place::Outranked { by, rank } => Some(match rank {
            Rank::Priority => format!("{by} has a higher priority"),
            Rank::Level => format!("{by} has the same priority and asks for a stricter level"),
            Rank::Version => format!("{by} has the same priority and asks for a newer version"),
            Rank::Name => format!("{by} asks for the same, and its name comes first"),
        }),
    };
    Candidate {
        profile: profile.name.clone(),
        priority: profile.priority,
        asks: candidate.asks,
        governs: candidate.place == Place::Governs,
        why_not,
    }
}

/// What is to be done next.
fn next(report: &NamespaceReport) -> Vec<String> {
    let mut next: Vec<_> = report.modes.iter().filter_map(step).collect();
    if report.is_broken() {
        let why = if report.judged.pods.violating > 0 {
            "what runs of them runs on, and is refused as soon as it is made again"
        } else {
            "no pod of them runs, and those that they would make are refused"
        };
        next.push(format!("mend the workloads below: {why}"));
    }
    match report.state {
        State::Terminating => next.push("nothing: the namespace is being deleted".to_owned()),
        State::Ungoverned if report.dry_run.is_some() => {
            next.push("take the profile out of suspension or dry run, if it is to govern".to_owned());
        }
        State::Ungoverned => next.push("nothing, until a profile selects the namespace".to_owned()),
        State::Planned(ReportState::Protected) => {
            next.push(
                "name it in full in the namespaceNames of a profile, if it is to be governed".to_owned(),
            );
        }
        State::Planned(_) => {}
    }
    if let Some(at) = report.next {
        next.push(format!("at {at} podsec looks at it again by itself"));
    }
    if next.is_empty() {
        next.push("nothing: everything is as the profiles ask".to_owned());
    }
    next
}

/// What is to be done about a mode.
fn step(plan: &PlannedMode) -> Option<String> {
    let mode = plan.mode;
    Some(match plan.step {
        Step::None => return None,
        Step::Own => format!("the controller comes to own the {mode} labels"),
        Step::Raise | Step::Repair | Step::Weaken => {
            format!("the controller sets {mode} to {}", plan.after)
        }
        Step::Remove => format!("the controller removes the {mode} labels"),
        Step::Retain => format!("the controller lets go of the {mode} labels, which stay"),
        Step::Hold => match plan.reason {
            Some("Violations") => {
                format!("mend the workloads below: {mode} is raised once none of them violates it")
            }
            Some("WouldWeaken") => {
                format!("set allowWeakening: true in profile {}, if {mode} is to be lowered", plan.profile)
            }
            Some("Soaking" | "Batch" | "LastLookDue") => {
                format!("wait: {mode} is raised when its time has come")
            }
            _ => plan.why.clone()?,
        },
        Step::LeaveAlone => plan.why.clone()?,
        Step::Freeze => match plan.reason {
            Some("Suspended" | "DryRun") => {
                format!("nothing happens to {mode} while profile {} is not active", plan.profile)
            }
            _ => plan.why.clone()?,
        },
    })
}
