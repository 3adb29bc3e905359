//! The plan of one cluster.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::{
    judging::{Basis, Bench},
    model::{CrossCheck, NamespaceReport, WorkloadResult},
    totals::Totals,
};
use crate::{
    api::{
        ClusterPodSecurityProfile, ConflictPolicy, GoDuration, ModePolicy, NamespaceSelector, ProfileSpec,
        Rollout, VersionSpec,
    },
    assessment::Inventory,
    cli::observing::{Observed, Problem, Reports, ServerFlags, settings},
    cluster::{
        crd::{CrdState, MISSING},
        profiles::Listing,
        workloads,
    },
    controller::{Changes, Preview, Remembered},
    rollout::{
        Change, Completeness, HoldReason, KeyValues, LettingGo, Look, ModePlan, Namespace, NamespacePlan,
        ServerView, Settings, Verdict, wording,
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
    /// The namespaces that are not planned yet, what runs in them, and what their reports tell.
    waiting: BTreeMap<String, Namespace>,
    workloads: Option<workloads::Listing>,
    reports: Reports,
    /// Why it is not known whether somebody watches.
    unread_lease: Option<String>,
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
    basis: Basis,
    now: Timestamp,
}

/// A namespace with its plan.
#[derive(Debug)]
pub(in crate::cli) struct Drafted {
    pub(super) namespace: Namespace,
    pub(super) inventory: Inventory,
    /// What its report tells.
    remembered: Option<Remembered>,
    pub(super) plan: Outline,
    /// What the API server said of it.
    pub(super) checks: Vec<CrossCheck>,
}

/// What is told of a plan. There is one for each namespace of a cluster, and with their requests they would be large.
#[derive(Debug)]
pub(in crate::cli) struct Outline {
    pub(super) modes: Box<[ModePlan]>,
    /// The six labels once it is carried out.
    pub(super) labels_after: KeyValues,
    pub(super) protected: bool,
    pub(super) next: Option<Timestamp>,
}

impl Outline {
    pub(super) fn of(plan: NamespacePlan, namespace: &Namespace) -> Self {
        let labels_after = plan.labels_after(namespace).into_iter().collect();
        let NamespacePlan { modes, protected, next, .. } = plan;
        Self { modes: modes.into(), labels_after, protected, next }
    }
}

impl Draft {
    /// A plan to be made of a cluster as it was read.
    pub(in crate::cli) fn new(observed: Observed, question: &Question, now: Timestamp) -> Self {
        let Observed { name, minor, namespaces, workloads, profiles, reports, problems, took, .. } = observed;
        let Observed { vigil, unread_lease, .. } = observed;
        let mut notices = Vec::new();
        if minor > NEWEST_MINOR {
            notices.push(format!(
                "the API server is of v1.{minor}, and the newest rules that podsec has are those of v1.{NEWEST_MINOR}"
            ));
        }
        let is_known = profiles.is_some() || question.enforce.is_some();
        let preview = preview(profiles, question, minor, &mut notices).with_vigil(vigil);
        let is_podsecs =
            |namespace: &Namespace| !preview.plan(namespace, None, None, &[], now).modes.is_empty();
        let has_left_something = namespaces.values().any(is_podsecs);
        let basis = match preview.profiles().count() > 0 || !question.changes.is_empty() || has_left_something
        {
            _ if !is_known => Basis::Unknown,
            true => Basis::Profiles,
            false => Basis::Nothing,
        };
        if has_left_something && preview.profiles().complete() == Err(MISSING) {
            notices
                .push(format!("{MISSING}; without it, podsec release lets go of the labels that podsec set"));
        }
        Self {
            waiting: namespaces,
            workloads,
            reports,
            unread_lease,
            namespaces: Vec::new(),
            preview,
            problems,
            name,
            minor,
            took,
            notices,
            is_partial: question.is_partial,
            is_enforce_only: question.enforce.is_some(),
            basis,
            now,
        }
    }

    /// Plans all namespaces now, so that the API server can be asked about them.
    pub(in crate::cli) fn draw_up(&mut self) {
        while let Some(drafted) = self.next() {
            self.namespaces.push(drafted);
        }
    }

    /// Plans the next namespace.
    fn next(&mut self) -> Option<Drafted> {
        let (name, mut namespace) = self.waiting.pop_first()?;
        let inventory = self.workloads.as_mut().map(|listing| listing.take(&name)).unwrap_or_default();
        let remembered = self.reports.of(&name).cloned();
        namespace.remembered = remembered.as_ref().and_then(|told| told.ledger(&namespace));
        let plan = self.planned(&namespace, &inventory, remembered.as_ref(), &[]);
        Some(Drafted { namespace, inventory, remembered, plan, checks: Vec::new() })
    }

    fn planned(
        &self,
        namespace: &Namespace,
        inventory: &Inventory,
        remembered: Option<&Remembered>,
        looks: &[Look],
    ) -> Outline {
        let workloads = self.workloads.is_some().then(|| inventory.workloads());
        let mut plan = self.preview.plan(namespace, workloads.as_ref(), remembered, looks, self.now);
        if self.basis == Basis::Unknown {
            plan.modes.clear();
            plan.requests.clear();
            plan.next = None;
        }
        Outline::of(if self.is_enforce_only { only_enforce(plan) } else { plan }, namespace)
    }

    /// Plans a namespace anew, with what the API server said of it.
    pub(super) fn plan_anew(&mut self, index: usize, looks: &[Look]) {
        let Some(drafted) = self.namespaces.get(index) else { return };
        let Drafted { namespace, inventory, remembered, .. } = drafted;
        let plan = self.planned(namespace, inventory, remembered.as_ref(), looks);
        if let Some(drafted) = self.namespaces.get_mut(index) {
            drafted.plan = plan;
        }
    }

    /// A namespace as it was planned.
    pub(in crate::cli) fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.iter().map(|drafted| &drafted.namespace).find(|namespace| namespace.name == name)
    }

    /// What there is to tell of it.
    ///
    /// What is not drawn up yet is planned and told of one by one: of a large cluster, all plans at once would take more
    /// memory than all else.
    pub(in crate::cli) fn finish(mut self) -> ClusterPlan {
        let bench = Bench {
            judge: self.preview.judge().clone(),
            version: Version::Minor(u64::from(self.minor.min(NEWEST_MINOR))),
            settings: self.preview.settings().clone(),
            basis: self.basis,
        };
        let mut inventories = BTreeMap::new();
        let mut reports = Vec::with_capacity(self.namespaces.len() + self.waiting.len());
        let mut remarks = Remarks { lease_unread: self.unread_lease.take(), ..Remarks::default() };
        let mut drawn_up = std::mem::take(&mut self.namespaces).into_iter();
        while let Some(drafted) = drawn_up.next().or_else(|| self.next()) {
            remarks.note(&drafted, &self.reports);
            let Drafted { namespace, inventory, plan, checks, .. } = drafted;
            let fights = self.reports.fights(&namespace.name);
            let workloads = inventory.workloads();
            let report = bench.report(&namespace, &workloads, plan, self.preview.profiles(), fights);
            drop(workloads);
            reports.push(NamespaceReport { cross_checks: checks, ..report });
            inventories.insert(namespace.name, inventory);
        }
        let Self { preview, problems, name, minor, took, mut notices, is_partial, .. } = self;
        notices.extend(remarks.notices());
        ClusterPlan { name, minor, took, notices, problems, reports, is_partial, bench, preview, inventories }
    }
}

/// What is to be said of a whole plan, noted namespace by namespace.
#[derive(Debug, Default)]
struct Remarks {
    /// Why reports could not be read where it matters since when enforce soaks.
    soak_unread: Option<String>,
    /// The same where it matters who takes labels from podsec.
    fights_unread: Option<String>,
    /// Why it is not known whether somebody watches, and whether that matters.
    lease_unread: Option<String>,
    is_watch_of_account: bool,
    /// By profile, the first namespace where letting go may break Flux, and how many there are.
    flux_traps: BTreeMap<String, (String, u32)>,
}

impl Remarks {
    fn note(&mut self, drafted: &Drafted, reports: &Reports) {
        let Drafted { namespace: Namespace { name: namespace, .. }, remembered, plan, .. } = drafted;
        let is_remembered = remembered.as_ref().is_some_and(Remembered::soaks);
        self.is_watch_of_account |= is_remembered && goes_by_soak(plan);
        if self.soak_unread.is_none() && is_soaking(plan) {
            self.soak_unread = reports.unread(namespace).map(ToOwned::to_owned);
        }
        if self.fights_unread.is_none() && plan.modes.iter().any(|plan| plan.governed) {
            self.fights_unread = reports.fights_unread(namespace).map(ToOwned::to_owned);
        }
        if let Some(mode) = plan.modes.iter().find(|plan| plan.letting_go == LettingGo::MayBreakFlux) {
            let first = || (namespace.clone(), 0);
            self.flux_traps.entry(mode.profile.clone()).or_insert_with(first).1 += 1;
        }
    }

    fn notices(self) -> impl Iterator<Item = String> {
        let soak = self.soak_unread.map(|reason| format!("{reason}: a soak is shown as if it began now"));
        let fights = self.fights_unread.map(|reason| format!("{reason}: fights over labels are not told of"));
        let traps = self.flux_traps.into_iter().map(|(profile, (first, count))| {
            format!("profile {profile}: {}", wording::flux_trap(count, &first))
        });
        let lease = self.lease_unread.filter(|_| self.is_watch_of_account).map(|reason| {
            format!("{reason}: it is not known whether a controller runs, and a soak is shown as if one had all the time")
        });
        lease.into_iter().chain(soak).chain(fights).chain(traps)
    }
}

impl ClusterPlan {
    /// Whether there was anything to plan.
    pub(in crate::cli) const fn is_plan(&self) -> bool {
        matches!(self.bench.basis, Basis::Profiles)
    }

    /// Whether it is known what podsec would do: without the profiles nobody can tell.
    pub(in crate::cli) fn is_known(&self) -> bool {
        self.bench.basis != Basis::Unknown
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
fn is_soaking(plan: &Outline) -> bool {
    plan.modes.iter().any(|plan| matches!(plan.held(), Some(HoldReason::Soaking { .. })))
}

/// Whether enforce waits for its soak, or has soaked.
fn goes_by_soak(plan: &Outline) -> bool {
    let is_raise = |plan: &ModePlan| matches!(plan.verdict, Verdict::Write { change: Change::Raise, .. });
    is_soaking(plan) || plan.modes.iter().any(|plan| plan.mode == Mode::Enforce && is_raise(plan))
}

/// Leaves what was asked for: enforce at that level and no lower one, which what is stricter already has.
fn only_enforce(mut plan: NamespacePlan) -> NamespacePlan {
    plan.modes.retain(|plan| plan.mode == Mode::Enforce);
    for mode in &mut plan.modes {
        if mode.verdict == Verdict::Hold(HoldReason::NeverWeaken) {
            mode.verdict = Verdict::InSync;
        }
        if let Some(held) = mode.partly.take() {
            mode.verdict = Verdict::Hold(held);
            plan.requests.clear();
        }
        // Nobody has heard of the profile that stands for the flag.
        if mode.profile == ASKED {
            mode.profile.clear();
        }
    }
    plan
}

/// The controller as it would be.
fn preview(listing: Option<Listing>, question: &Question, minor: u32, notices: &mut Vec<String>) -> Preview {
    let server = ServerView { minor, watched_in_full: true };
    let mut settings = settings(listing.as_ref(), notices);
    question.server.set(&mut settings);
    let listing = listing.unwrap_or_else(|| Listing {
        completeness: Completeness::InDoubt("the profiles could not be listed"),
        ..nothing_listed()
    });
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
