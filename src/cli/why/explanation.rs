//! What there is to say of a namespace.

use crate::{
    api::{ReportState, agreed, whole_second_after},
    cli::{
        key_owners::Key,
        plan::{
            cluster_plan::ClusterPlan,
            model::{DryRun, NamespaceReport, PlannedMode, State, Step},
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
    let mut next: Vec<String> = Vec::new();
    let violating = &report.judged.workloads.violating;
    let workloads = agreed(violating, "the workload", "the workloads");
    for step in report.modes.iter().flat_map(|plan| steps(plan, workloads)) {
        // Of several modes the same may be to be done.
        if !next.contains(&step) {
            next.push(step);
        }
    }
    if report.is_broken() {
        let why = if report.judged.pods.violating > 0 {
            let of = agreed(violating, "it", "them");
            format!("what runs of {of} runs on, and is refused as soon as it is made again")
        } else {
            let (of, they) = (agreed(violating, "it", "them"), agreed(violating, "it", "they"));
            format!("no pod of {of} runs, and those that {they} would make are refused")
        };
        next.push(format!("mend {workloads} below: {why}"));
    }
    match report.state {
        State::Terminating => next.push("nothing: the namespace is being deleted".to_owned()),
        State::Ungoverned if let Some(DryRun { profile, suspended, .. }) = &report.dry_run => {
            next.push(if *suspended {
                format!("set suspend: false in profile {profile}, if it is to govern")
            } else {
                format!("give profile {profile} another strategy than DryRun, if it is to govern")
            });
        }
        State::Ungoverned => next.push("nothing, until a profile selects the namespace".to_owned()),
        State::Unknown => {
            next.push("not known: it takes rights to list the profiles, and to get their CRD".to_owned());
        }
        State::Planned(ReportState::Protected) => {
            next.push(
                "name it in full in the namespaceNames of a profile, if it is to be governed".to_owned(),
            );
        }
        State::Planned(_) => {}
    }
    if let Some(at) = report.next {
        let at = whole_second_after(at);
        next.push(format!("at {at} podsec looks at it again by itself"));
    }
    if next.is_empty() && !report.missing.is_empty() {
        next.push("not known: what runs there could not be read".to_owned());
    }
    if next.is_empty() {
        next.push("nothing: everything is as the profiles ask".to_owned());
    }
    next
}

/// What is to be done about a mode. What is the matter is told beside it and not again.
fn steps(plan: &PlannedMode, workloads: &str) -> impl Iterator<Item = String> + use<> {
    let mode = plan.mode;
    let end = plan
        .contested
        .as_ref()
        .map(|_| format!("end the fight over {mode}, as the report of the controller says"));
    step(plan, workloads).into_iter().chain(end)
}

fn step(plan: &PlannedMode, workloads: &str) -> Option<String> {
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
                format!("mend {workloads} below: {mode} is raised once nothing violates it")
            }
            Some("WouldWeaken") => {
                format!("set allowWeakening: true in profile {}, if {mode} is to be lowered", plan.profile)
            }
            Some("Soaking" | "Batch" | "LastLookDue") => {
                format!("wait: {mode} is raised when its time has come")
            }
            Some("RolloutHalted") => {
                format!(
                    "mend what broke, which the condition RolloutHalted of profile {} names",
                    plan.profile
                )
            }
            _ => format!("{mode} stays as it is until that is no longer so"),
        },
        Step::LeaveAlone => plan.remedy.clone()?,
        Step::Freeze => match plan.reason {
            Some("Suspended" | "DryRun") => {
                format!("nothing happens to {mode} while profile {} is not active", plan.profile)
            }
            Some("ProfileUnreadable") => format!("mend or delete profile {}", plan.profile),
            _ => format!("{mode} stays as it is until that is no longer so"),
        },
    })
}
