//! The plan of one cluster.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::{
    judging::Bench,
    model::{CrossCheck, NamespaceReport, WorkloadResult},
    totals::Totals,
};
use crate::{
    api::{
        ClusterPodSecurityProfile, ConflictPolicy, GoDuration, ModePolicy, NamespaceSelector, ProfileSpec,
        Rollout, VersionSpec,
    },
    assessment::Inventory,
    cli::observing::{Observed, Problem, ServerFlags},
    cluster::{crd::CrdState, profiles::Listing},
    controller::{Changes, Preview, Remembered, settings_of, told_of_itself},
    rollout::{
        Completeness, HoldReason, Look, NamePattern, Namespace, NamespacePlan, ServerView, Settings, Verdict,
    },
    standards::{Level, Mode, NEWEST_MINOR, Version},
};

/// What is asked about every cluster.
#[derive(Debug, Default)]
pub(in crate::cli) struct Question {
    pub(in crate::cli) changes: Changes,
    /// A level and version for every namespace, in place of all profiles.
    pub(in crate::cli) enforce: Option<(Level, VersionSpec)>,
    /// What the API server is configured to do.
    pub(in crate::cli) server: ServerFlags,
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

/// A cluster, planned and not yet told of.
#[derive(Debug)]
pub(in crate::cli) struct Draft {
    pub(super) namespaces: Vec<Drafted>,
    pub(super) preview: Preview,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
    name: String,
    minor: u32,
    took: Duration,
    notices: Vec<String>,
    is_partial: bool,
    /// Whether enforce alone was asked for.
    is_enforce_only: bool,
    is_plan: bool,
    now: Timestamp,
}

/// A namespace with its plan.
#[derive(Debug)]
pub(in crate::cli) struct Drafted {
    pub(super) namespace: Namespace,
    pub(super) inventory: Inventory,
    /// What its report tells.
    remembered: Option<Remembered>,
    pub(super) plan: NamespacePlan,
    /// What the API server said of it.
    pub(super) checks: Vec<CrossCheck>,
}

impl Draft {
    /// Plans a cluster as it was read.
    pub(in crate::cli) fn new(observed: Observed, question: &Question, now: Timestamp) -> Self {
        let Observed { name, minor, namespaces, mut workloads, profiles, reports, problems, took } = observed;
        let mut notices = Vec::new();
        if minor > NEWEST_MINOR {
            notices.push(format!(
                "the API server is of v1.{minor}, and the newest rules that podsec has are those of v1.{NEWEST_MINOR}"
            ));
        }
        let preview = preview(profiles, question, minor, &mut notices);
        let is_enforce_only = question.enforce.is_some();
        let planned = |mut namespace: Namespace| {
            let inventory = workloads.take(&namespace.name);
            let remembered = reports.of(&namespace.name).cloned();
            namespace.remembered = remembered.as_ref().and_then(|told| told.ledger(&namespace));
            let plan = preview.plan(&namespace, &inventory.workloads(), remembered.as_ref(), &[], now);
            let plan = if is_enforce_only { only_enforce(plan) } else { plan };
            Drafted { namespace, inventory, remembered, plan, checks: Vec::new() }
        };
        let namespaces: Vec<_> = namespaces.into_values().map(planned).collect();
        let soaking = namespaces.iter().filter(|drafted| is_soaking(&drafted.plan));
        let mut unread = soaking.filter_map(|drafted| reports.unread(&drafted.namespace.name));
        if let Some(reason) = unread.next() {
            notices.push(format!("{reason}: a soak is shown as if it began now"));
        }
        let is_podsecs = |drafted: &Drafted| !drafted.plan.modes.is_empty();
        let is_plan = preview.profiles().count() > 0
            || !question.changes.is_empty()
            || namespaces.iter().any(is_podsecs);
        let is_partial = question.is_partial;
        Self {
            namespaces,
            preview,
            problems,
            name,
            minor,
            took,
            notices,
            is_partial,
            is_enforce_only,
            is_plan,
            now,
        }
    }

    /// Plans a namespace anew, with what the API server said of it.
    pub(super) fn plan_anew(&mut self, index: usize, looks: &[Look]) {
        let Self { namespaces, preview, is_enforce_only, now, .. } = self;
        if let Some(Drafted { namespace, inventory, remembered, plan, .. }) = namespaces.get_mut(index) {
            let anew = preview.plan(namespace, &inventory.workloads(), remembered.as_ref(), looks, *now);
            *plan = if *is_enforce_only { only_enforce(anew) } else { anew };
        }
    }

    /// A namespace as it was planned.
    pub(in crate::cli) fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.iter().map(|drafted| &drafted.namespace).find(|namespace| namespace.name == name)
    }

    /// What there is to tell of it.
    pub(in crate::cli) fn finish(self) -> ClusterPlan {
        let Self { namespaces, preview, problems, name, minor, took, notices, is_partial, is_plan, .. } =
            self;
        let bench = Bench {
            judge: preview.judge().clone(),
            version: Version::Minor(u64::from(minor.min(NEWEST_MINOR))),
            settings: preview.settings().clone(),
            is_plan,
        };
        let mut inventories = BTreeMap::new();
        let mut reports = Vec::with_capacity(namespaces.len());
        for Drafted { namespace, inventory, plan, checks, .. } in namespaces {
            let report = bench.report(&namespace, &inventory.workloads(), &plan, preview.profiles());
            reports.push(NamespaceReport { cross_checks: checks, ..report });
            inventories.insert(namespace.name, inventory);
        }
        ClusterPlan { name, minor, took, notices, problems, reports, is_partial, bench, preview, inventories }
    }
}

impl ClusterPlan {
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

/// Whether enforce waits for its soak.
fn is_soaking(plan: &NamespacePlan) -> bool {
    plan.modes.iter().any(|plan| matches!(plan.held(), Some(HoldReason::Soaking { .. })))
}

/// Leaves what was asked for: enforce, which what is stricter already has.
fn only_enforce(mut plan: NamespacePlan) -> NamespacePlan {
    plan.modes.retain(|plan| plan.mode == Mode::Enforce);
    for mode in &mut plan.modes {
        if mode.verdict == Verdict::Hold(HoldReason::NeverWeaken) {
            mode.verdict = Verdict::InSync;
        }
    }
    plan
}

/// The controller as it would be.
fn preview(listing: Option<Listing>, question: &Question, minor: u32, notices: &mut Vec<String>) -> Preview {
    let server = ServerView { minor, watched_in_full: true };
    let default = Settings {
        protected: Settings::DEFAULT_PROTECTED.map(NamePattern::new).into(),
        ..Settings::default()
    };
    let listing = listing.unwrap_or_else(nothing_listed);
    let mut settings = settings(&listing, default, notices);
    question.server.set(&mut settings);
    if let Some((level, version)) = question.enforce {
        // Every namespace is meant; and what is stricter already is no lower for it.
        let settings = Settings { protected: Vec::new(), never_weaken: true, ..settings };
        let changes = Changes { applied: vec![for_all(level, version)], deleted: Vec::new() };
        return Preview::new(nothing_listed(), changes, server, settings);
    }
    for name in &question.changes.deleted {
        let readable = listing.readable.iter().any(|profile| profile.metadata.name.as_ref() == Some(name));
        if !readable && !listing.unreadable.iter().any(|profile| profile.name == *name) {
            notices.push(format!("there is no profile {name}: --without changes nothing"));
        }
    }
    let preview = Preview::new(listing, question.changes.clone(), server, settings);
    if let Err(doubt) = preview.profiles().complete()
        && preview.profiles().count() > 0
    {
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
