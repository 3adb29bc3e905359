//! What a plan says of a namespace, independent of clusters, for the output to print.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::{
    api::{ReportState, counted},
    assessment::{Apart, CheckCount, Cleanness, Counts, ServerVerdict},
    cli::findings::Finding,
    rollout::{KeyValues, wording},
    standards::{LevelVersion, Mode, Verdict},
};

/// What has become of a namespace once the plan is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum State {
    /// As the controller has it.
    Planned(ReportState),
    /// No profile governs it.
    Ungoverned,
    /// It is being deleted.
    Terminating,
    /// Nobody can tell: the profiles could not be listed.
    Unknown,
}

impl State {
    /// The word for machines.
    pub(in crate::cli) const fn as_str(self) -> &'static str {
        match self {
            Self::Planned(state) => state.as_str(),
            Self::Ungoverned => "Ungoverned",
            Self::Terminating => "Terminating",
            Self::Unknown => "Unknown",
        }
    }

    /// The word for people.
    pub(in crate::cli) const fn word(self) -> &'static str {
        match self {
            Self::Planned(ReportState::InSync) => "in sync",
            Self::Planned(ReportState::Held) => "held",
            Self::Planned(ReportState::Soaking) => "soaking",
            Self::Planned(ReportState::Exempt) => "exempt",
            Self::Planned(ReportState::Yielded) => "left alone",
            Self::Planned(ReportState::Contested) => "contested",
            Self::Planned(ReportState::Inconclusive) => "inconclusive",
            Self::Planned(ReportState::Frozen) => "frozen",
            Self::Planned(ReportState::Protected) => "protected",
            Self::Planned(ReportState::ServerExempt) => "exempt by the API server",
            Self::Planned(ReportState::Left) => "let go",
            Self::Ungoverned => "ungoverned",
            Self::Terminating => "terminating",
            Self::Unknown => "not known",
        }
    }

    /// Whether it is one of the controller's.
    pub(in crate::cli) fn is(self, state: ReportState) -> bool {
        self == Self::Planned(state)
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What the plan does about a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(in crate::cli) enum Step {
    /// Nothing: it is as its profile asks.
    None,
    /// podsec comes to own what holds already.
    Own,
    /// It becomes stricter.
    Raise,
    /// What somebody lowered is put back.
    Repair,
    /// It becomes weaker.
    Weaken,
    /// It stays, although its profile asks for something else.
    Hold,
    /// It is left to whoever set it.
    LeaveAlone,
    /// It stays, whatever any profile says.
    Freeze,
    /// It stays, and podsec no longer governs it.
    Retain,
    /// Its labels are removed.
    Remove,
}

impl Step {
    /// What is to be done, for people.
    pub(in crate::cli) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "in sync",
            Self::Own => "adopted",
            Self::Raise => "raised",
            Self::Repair => "repaired",
            Self::Weaken => "weakened",
            Self::Hold => "held",
            Self::LeaveAlone => "left alone",
            Self::Freeze => "frozen",
            Self::Retain => "retained",
            Self::Remove => "removed",
        }
    }
}

/// One mode of a namespace, as planned.
#[derive(Clone, Debug)]
pub(in crate::cli) struct PlannedMode {
    pub(in crate::cli) mode: Mode,
    /// The profile that governs it, or that wrote it; empty when nobody knows.
    pub(in crate::cli) profile: String,
    /// What is effective now, as in `baseline:v1.36`; a label that cannot be read as it stands.
    pub(in crate::cli) now: String,
    /// Whether that is only the API server's default, since there is no label.
    pub(in crate::cli) assumed: bool,
    /// What its profile asks for.
    pub(in crate::cli) asked: Option<LevelVersion>,
    /// What is effective once the plan is carried out.
    pub(in crate::cli) after: LevelVersion,
    pub(in crate::cli) step: Step,
    /// One word for machines, where there is more to say than the step.
    pub(in crate::cli) reason: Option<&'static str>,
    /// Prose for people, where there is more to say than the step.
    pub(in crate::cli) why: Option<String>,
    /// What a person may do about that, where there is a way that is theirs.
    pub(in crate::cli) remedy: Option<String>,
    /// That somebody takes it from podsec again and again, and what ends that, as the report of the controller tells it.
    pub(in crate::cli) contested: Option<String>,
    /// The field manager that last set its level.
    pub(in crate::cli) last_set_by: Option<String>,
    /// The field manager whose value is overwritten.
    pub(in crate::cli) taken_from: Option<String>,
}

impl PlannedMode {
    /// All that there is to say of it besides the step.
    pub(in crate::cli) fn message(&self) -> Option<String> {
        let (why, remedy) = (self.why.clone()?, self.remedy.clone());
        Some(match remedy {
            Some(remedy) => wording::Advice { why, remedy }.to_string(),
            None => why,
        })
    }
}

/// How the workloads and pods of a namespace stand by one level and version.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Judged {
    pub(in crate::cli) policy: LevelVersion,
    pub(in crate::cli) workloads: Counts,
    /// Workloads of exempt runtime classes only.
    pub(in crate::cli) exempt_workloads: usize,
    /// Live pods, each by its own.
    pub(in crate::cli) pods: Counts,
    /// Live pods of exempt runtime classes.
    pub(in crate::cli) exempt_pods: usize,
}

impl Judged {
    /// All workloads, judged or exempt.
    pub(in crate::cli) const fn all_workloads(&self) -> usize {
        self.workloads.judged() + self.exempt_workloads
    }

    /// All live pods, judged or exempt.
    pub(in crate::cli) const fn all_pods(&self) -> usize {
        self.pods.judged() + self.exempt_pods
    }
}

/// What a profile would ask of enforce that is a dry run or suspended.
#[derive(Clone, Debug)]
pub(in crate::cli) struct DryRun {
    pub(in crate::cli) profile: String,
    pub(in crate::cli) asks: LevelVersion,
    /// Whether it is suspended, and no dry run.
    pub(in crate::cli) suspended: bool,
}

impl DryRun {
    /// What it is, for people.
    pub(in crate::cli) const fn word(&self) -> &'static str {
        if self.suspended { "suspended" } else { "dry run" }
    }
}

/// What would become of one namespace, and how what it runs stands to that.
#[derive(Clone, Debug)]
pub(in crate::cli) struct NamespaceReport {
    pub(in crate::cli) name: String,
    pub(in crate::cli) state: State,
    /// Whether only a profile that names it in full governs it.
    pub(in crate::cli) protected: bool,
    /// The modes that a profile governs or that podsec has something of.
    pub(in crate::cli) modes: Vec<PlannedMode>,
    /// The six labels as they are.
    pub(in crate::cli) labels_now: KeyValues,
    /// The six labels once the plan is carried out.
    pub(in crate::cli) labels_planned: KeyValues,
    /// What a profile would ask of enforce if it were active, where none that is active asks for anything.
    pub(in crate::cli) dry_run: Option<DryRun>,
    /// By the enforce level and version that its profile asks for, else by that of a dry run; without either by what is
    /// effective now, or, where nothing is planned at all, by the next level that it is not clean at.
    pub(in crate::cli) judged: Judged,
    /// The same for audit and warn, where a profile asks for them.
    pub(in crate::cli) advisory: Vec<(Mode, Judged)>,
    /// The checks that refuse something by `judged`.
    pub(in crate::cli) checks: Vec<CheckCount>,
    /// The highest level that it is clean at today, and how far it is to the next.
    pub(in crate::cli) cleanness: Cleanness,
    /// What was counted and not judged.
    pub(in crate::cli) apart: Apart,
    /// What may be missing from what was looked at.
    pub(in crate::cli) missing: Vec<String>,
    /// What the API server itself says of the planned enforce label, where it was asked.
    pub(in crate::cli) cross_checks: Vec<CrossCheck>,
    /// When the plan changes although nothing else does.
    pub(in crate::cli) next: Option<Timestamp>,
}

/// What the API server says of an enforce label.
#[derive(Clone, Debug)]
pub(in crate::cli) struct CrossCheck {
    pub(in crate::cli) policy: LevelVersion,
    pub(in crate::cli) verdict: ServerVerdict,
}

impl CrossCheck {
    /// Whether it says something else than podsec, or nothing.
    pub(in crate::cli) const fn is_trouble(&self) -> bool {
        matches!(self.verdict, ServerVerdict::Disagrees { .. } | ServerVerdict::Unavailable(_))
    }

    /// What it says, for people.
    pub(in crate::cli) fn told(&self) -> String {
        match &self.verdict {
            ServerVerdict::Agrees => "the API server agrees".to_owned(),
            ServerVerdict::CutOff { checked, of } => {
                format!(
                    "the API server agrees as far as it goes, which is {checked} of {}",
                    counted(*of, "pod")
                )
            }
            ServerVerdict::Exempt => "the API server exempts the namespace".to_owned(),
            ServerVerdict::Unavailable(reason) => format!("the API server did not say: {reason}"),
            ServerVerdict::Disagrees { only_server, only_podsec } => {
                let said = |who: &str, lines: &[String]| match lines {
                    [] => format!("{who} nothing that the other does not"),
                    lines => format!("{who} {}", lines.join("; ")),
                };
                format!("{}; {}", said("the API server says", only_server), said("podsec says", only_podsec))
            }
        }
    }
}

impl NamespaceReport {
    /// The plan for a mode.
    pub(in crate::cli) fn mode(&self, mode: Mode) -> Option<&PlannedMode> {
        self.modes.iter().find(|plan| plan.mode == mode)
    }

    /// What the plan does about enforce.
    pub(in crate::cli) fn enforce_step(&self) -> Step {
        self.mode(Mode::Enforce).map_or(Step::None, |plan| plan.step)
    }

    /// Whether enforce, once the plan is carried out, refuses what runs there: it runs on until it is made again.
    pub(in crate::cli) fn is_broken(&self) -> bool {
        let reaches = |plan: &PlannedMode| plan.asked.is_some_and(|asked| !plan.after.is_weaker_than(asked));
        self.mode(Mode::Enforce).is_some_and(reaches) && self.judged.workloads.violating > 0
    }

    /// Whether enforce does not come to what its profile asks for, or a label does not stay so, and time alone will not
    /// change that.
    pub(in crate::cli) fn is_held(&self) -> bool {
        let held = [ReportState::Held, ReportState::ServerExempt, ReportState::Contested];
        held.into_iter().any(|state| self.state.is(state)) || self.is_contested()
    }

    /// Whether somebody takes labels from podsec again and again.
    pub(in crate::cli) fn is_contested(&self) -> bool {
        self.modes.iter().any(|plan| plan.contested.is_some())
    }

    /// Whether podsec cannot tell all that matters to the plan.
    pub(in crate::cli) fn is_inconclusive(&self) -> bool {
        self.state.is(ReportState::Inconclusive)
            || self.judged.workloads.inconclusive > 0
            || !self.missing.is_empty()
            || self.cross_checks.iter().any(CrossCheck::is_trouble)
    }

    /// Whether a person who looks for what the plan does need not look at it.
    pub(in crate::cli) fn is_quiet(&self) -> bool {
        use ReportState::{Exempt, InSync, Left, Protected};
        let unchanged = self.modes.iter().all(|plan| plan.step == Step::None);
        let calm = match self.state {
            State::Planned(state) => matches!(state, InSync | Exempt | Left | Protected),
            State::Ungoverned | State::Terminating | State::Unknown => true,
        };
        unchanged && calm && self.dry_run.is_none() && !self.is_broken() && !self.is_inconclusive()
    }

    /// What to call it in a column: what is done about it, else its state.
    pub(in crate::cli) fn word(&self) -> String {
        let step = self.modes.iter().map(|plan| plan.step).find(|step| *step != Step::None);
        let state = self.state.word();
        let is_settled = self.state.is(ReportState::InSync);
        match step {
            Some(step @ (Step::Raise | Step::Repair)) if self.is_broken() => {
                format!("{}, breaks", step.as_str())
            }
            None if self.is_broken() => "broken".to_owned(),
            None if let Some(dry_run) = &self.dry_run => dry_run.word().to_owned(),
            Some(step) if self.is_broken() && is_settled => format!("{}, broken", step.as_str()),
            Some(step) if is_settled => step.as_str().to_owned(),
            Some(step @ (Step::Raise | Step::Repair | Step::Weaken)) if self.enforce_step() == step => {
                format!("{}, {state}", step.as_str())
            }
            _ => state.to_owned(),
        }
    }
}

/// What became of a workload, by the level and version that its namespace is judged by.
#[derive(Clone, Debug)]
pub(in crate::cli) struct WorkloadResult {
    /// Its kind, which of custom resources is a tenant's text.
    pub(in crate::cli) kind: String,
    pub(in crate::cli) name: String,
    /// Its live pods that share the verdict.
    pub(in crate::cli) pods: usize,
    /// `None` when all of it is of exempt runtime classes.
    pub(in crate::cli) verdict: Option<Verdict>,
    /// What the API server says when it refuses it, by mode.
    pub(in crate::cli) messages: Vec<(Mode, String)>,
    pub(in crate::cli) findings: Vec<Finding>,
    /// Checks that refuse its template and none of its live pods: something changed those on their way in.
    pub(in crate::cli) mended: Vec<String>,
}

impl WorkloadResult {
    /// `Deployment web`.
    pub(in crate::cli) fn title(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }

    /// What the API server says in a mode.
    pub(in crate::cli) fn message(&self, mode: Mode) -> Option<&str> {
        self.messages.iter().find(|(of, _)| *of == mode).map(|(_, message)| message.as_str())
    }
}
