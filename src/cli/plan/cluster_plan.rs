//! The plan of one cluster.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::{
    judging::Bench,
    model::{NamespaceReport, WorkloadResult},
    totals::Totals,
};
use crate::{
    api::{
        ClusterPodSecurityProfile, ConflictPolicy, GoDuration, ModePolicy, NamespaceSelector, ProfileSpec,
        Rollout, VersionSpec,
    },
    assessment::{Inventory, Judge},
    cli::observing::{Observed, Problem},
    cluster::{crd::CrdState, profiles::Listing},
    controller::{Changes, Preview, settings_of, told_of_itself},
    rollout::{Completeness, HoldReason, NamePattern, NamespacePlan, ServerView, Settings, Verdict},
    standards::{Level, LevelVersion, Mode, NEWEST_MINOR, Version},
};

/// What is asked about every cluster.
#[derive(Debug, Default)]
pub(in crate::cli) struct Question {
    pub(in crate::cli) changes: Changes,
    /// A level and version for every namespace, in place of all profiles.
    pub(in crate::cli) enforce: Option<(Level, VersionSpec)>,
    pub(in crate::cli) exempt_runtime_classes: Vec<String>,
    /// Whether there may be namespaces that are not looked at.
    pub(in crate::cli) is_partial: bool,
}

/// A cluster, planned and judged.
#[derive(Debug)]
pub(in crate::cli) struct ClusterPlan {
    /// The context.
    pub(in crate::cli) name: String,
    /// The API server's minor.
    pub(in crate::cli) minor: u32,
    pub(in crate::cli) took: Duration,
    /// What the user should know of how it came about.
    pub(in crate::cli) notices: Vec<String>,
    /// What could not be read.
    pub(in crate::cli) problems: Vec<Problem>,
    /// Each namespace, by name.
    pub(in crate::cli) reports: Vec<NamespaceReport>,
    /// Whether there are namespaces that were not looked at.
    pub(in crate::cli) is_partial: bool,
    bench: Bench,
    preview: Preview,
    inventories: BTreeMap<String, Inventory>,
}

/// The name of the profile that stands for `--enforce`.
const ASKED: &str = "--enforce";

impl ClusterPlan {
    /// Plans a cluster as it was read.
    pub(in crate::cli) fn new(observed: Observed, question: &Question, now: Timestamp) -> Self {
        let Observed { name, minor, namespaces, mut workloads, profiles, problems, took } = observed;
        let mut notices = Vec::new();
        if minor > NEWEST_MINOR {
            notices.push(format!(
                "the API server is of v1.{minor}, and the newest rules that podsec has are those of v1.{NEWEST_MINOR}"
            ));
        }
        let version = Version::Minor(u64::from(minor.min(NEWEST_MINOR)));
        let judge = Judge::new(LevelVersion::new(Level::Privileged, version))
            .on_server(minor)
            .exempting(question.exempt_runtime_classes.iter().cloned());
        let preview = preview(profiles, question, minor, judge, &mut notices);
        let planned: Vec<_> = namespaces
            .into_values()
            .map(|namespace| {
                let inventory = workloads.take(&namespace.name);
                let mut plan = preview.plan(&namespace, &inventory.workloads(), &[], now);
                if question.enforce.is_some() {
                    only_enforce(&mut plan);
                }
                (namespace, inventory, plan)
            })
            .collect();
        let is_plan = preview.profiles().iter().next().is_some()
            || preview.profiles().complete().is_err_and(|_| !question.changes.is_empty())
            || planned.iter().any(|(_, _, plan)| !plan.modes.is_empty());
        let (judge, settings) = (preview.judge().clone(), preview.settings().clone());
        let bench = Bench { judge, version, settings, is_plan };
        let mut inventories = BTreeMap::new();
        let mut reports = Vec::with_capacity(planned.len());
        for (namespace, inventory, plan) in planned {
            reports.push(bench.report(&namespace, &inventory.workloads(), &plan, preview.profiles()));
            inventories.insert(namespace.name, inventory);
        }
        let is_partial = question.is_partial;
        Self { name, minor, took, notices, problems, reports, is_partial, bench, preview, inventories }
    }

    /// Whether there was anything to plan.
    pub(in crate::cli) const fn is_plan(&self) -> bool {
        self.bench.is_plan
    }

    /// What it was planned with.
    pub(in crate::cli) const fn preview(&self) -> &Preview {
        &self.preview
    }

    /// What became of each workload of a namespace.
    pub(in crate::cli) fn results(&self, report: &NamespaceReport) -> Vec<WorkloadResult> {
        let Some(inventory) = self.inventories.get(&report.name) else { return Vec::new() };
        self.bench.results(report, &inventory.workloads()).collect()
    }

    /// Everything counted.
    pub(in crate::cli) fn totals(&self) -> Totals {
        Totals::of(&self.reports, self.problems.len())
    }
}

/// Leaves what was asked for: enforce, which what is stricter already has.
fn only_enforce(plan: &mut NamespacePlan) {
    plan.modes.retain(|plan| plan.mode == Mode::Enforce);
    for mode in &mut plan.modes {
        if mode.verdict == Verdict::Hold(HoldReason::NeverWeaken) {
            mode.verdict = Verdict::InSync;
        }
    }
}

/// The controller as it would be.
fn preview(
    listing: Option<Listing>,
    question: &Question,
    minor: u32,
    judge: Judge,
    notices: &mut Vec<String>,
) -> Preview {
    let server = ServerView { minor, watched_in_full: true };
    let default = Settings {
        protected: Settings::DEFAULT_PROTECTED.map(NamePattern::new).into(),
        ..Settings::default()
    };
    if let Some((level, version)) = question.enforce {
        // Every namespace is meant; and what is stricter already is no lower for it.
        let settings = Settings { protected: Vec::new(), never_weaken: true, ..default };
        let changes = Changes { applied: vec![for_all(level, version)], deleted: Vec::new() };
        return Preview::new(nothing_listed(), changes, server, settings, judge);
    }
    let listing = listing.unwrap_or_else(nothing_listed);
    let settings = settings(&listing, default, notices);
    for name in &question.changes.deleted {
        let readable = listing.readable.iter().any(|profile| profile.metadata.name.as_ref() == Some(name));
        if !readable && !listing.unreadable.iter().any(|profile| profile.name == *name) {
            notices.push(format!("there is no profile {name}: --without changes nothing"));
        }
    }
    let preview = Preview::new(listing, question.changes.clone(), server, settings, judge);
    if let (Err(doubt), Some(_)) = (preview.profiles().complete(), preview.profiles().iter().next()) {
        notices.push(format!("nothing would be lowered or let go: {doubt}"));
    }
    preview
}

/// No profile, under a CRD that was there before everything.
fn nothing_listed() -> Listing {
    Listing {
        readable: Vec::new(),
        unreadable: Vec::new(),
        completeness: Completeness::Complete { crd_created: Timestamp::UNIX_EPOCH },
        trusted: true,
        crd: CrdState::default(),
    }
}

/// A profile for every namespace, which takes the label from everybody.
fn for_all(level: Level, version: VersionSpec) -> ClusterPodSecurityProfile {
    let spec = ProfileSpec {
        namespace_selector: Some(NamespaceSelector::default()),
        enforce: Some(ModePolicy { level, version: Some(version) }),
        conflict_policy: Some(ConflictPolicy::Force),
        // Nothing is waited for: the question is what would be refused now.
        rollout: Some(Rollout { soak: Some(GoDuration(Duration::ZERO)), ..Rollout::default() }),
        ..ProfileSpec::default()
    };
    ClusterPodSecurityProfile::new(ASKED, spec)
}

/// What the controller was told, as it says in the statuses of profiles.
fn settings(listing: &Listing, default: Settings, notices: &mut Vec<String>) -> Settings {
    let Some(controller) = told_of_itself(listing) else { return default };
    let own = env!("CARGO_PKG_VERSION");
    if controller.version != own {
        notices.push(format!(
            "the controller is of podsec {}, and this is podsec {own}: it may plan otherwise",
            controller.version
        ));
    }
    settings_of(controller).unwrap_or_else(|unreadable| {
        notices
            .push(format!("the controller's {unreadable} cannot be read: planned by podsec's own defaults"));
        default
    })
}
