//! What the tasks of the controller share: the namespaces as last seen, the profiles, and what became of each.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use parking_lot::{Mutex, RwLock};
use tokio::{
    sync::{Notify, watch},
    time::{Duration, Instant},
};

use super::{
    announcements::Announcements,
    gate::{Cause, Halts, Looks},
    leadership::Place,
    metrics::{LeaderLabels, Metrics},
    outcome::Outcome,
    queue::Queue,
    reports::Reports,
    restraint::Restraint,
    snapshot::Snapshot,
    workloads::{Concerns, Workloads},
};
use crate::{
    cluster::{
        lease::Watch,
        workloads::{Resource, WorkloadEvent},
    },
    rollout::{Namespace, Raises, Settings},
    standards::Mode,
};

/// How long changes of what runs in a namespace are collected before it is looked at: a roll-out is many of them.
const SETTLES: Duration = Duration::from_millis(300);

/// Shared by all tasks.
#[derive(Debug)]
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) queue: Queue,
    pub(super) metrics: Metrics,
    /// Whether metrics name namespaces.
    pub(super) metrics_per_namespace: bool,
    pub(super) announcements: Announcements,
    pub(super) restraint: Restraint,
    /// What runs in each namespace.
    pub(super) workloads: Workloads,
    pub(super) reports: Reports,
    /// Whether it has been told that namespaces are judged.
    judging: AtomicBool,
    /// When each profile raised which namespace.
    pub(super) raises: Mutex<Raises>,
    pub(super) halts: Halts,
    pub(super) looks: Looks,
    /// Notified when a status may have to be written.
    pub(super) status_due: Notify,
    namespaces: RwLock<BTreeMap<String, Arc<Namespace>>>,
    namespaces_listed: watch::Sender<bool>,
    snapshot: RwLock<Option<Arc<Snapshot>>>,
    outcomes: RwLock<BTreeMap<String, Arc<Outcome>>>,
    passes: Mutex<Passes>,
    /// Where the lease is by which a leader is elected, if one is.
    election: Option<Place>,
    /// Whether this replica has been elected, or is the only one.
    leading: AtomicBool,
    /// When a namespace last changed in a way that has not been answered yet.
    unanswered: Mutex<BTreeMap<String, Instant>>,
}

/// Which namespaces still have to be looked at after a change of a profile.
#[derive(Debug, Default)]
struct Passes {
    by_profile: BTreeMap<String, Pass>,
}

#[derive(Debug)]
struct Pass {
    epoch: u64,
    total: usize,
    left: BTreeSet<String>,
}

/// How far a profile has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Namespaces that the last change of the profile concerned.
    pub(super) total: usize,
    /// Of them, those not done yet.
    pub(super) left: usize,
}

impl State {
    pub(super) fn new(settings: Settings, announcements: Announcements) -> Self {
        Self {
            settings,
            queue: Queue::default(),
            metrics: Metrics::default(),
            metrics_per_namespace: false,
            announcements,
            restraint: Restraint::default(),
            workloads: Workloads::default(),
            reports: Reports::default(),
            judging: AtomicBool::new(false),
            raises: Mutex::default(),
            halts: Halts::default(),
            looks: Looks::default(),
            status_due: Notify::new(),
            namespaces: RwLock::default(),
            namespaces_listed: watch::Sender::new(false),
            snapshot: RwLock::default(),
            outcomes: RwLock::default(),
            passes: Mutex::default(),
            election: None,
            leading: AtomicBool::new(true),
            unanswered: Mutex::default(),
        }
    }

    /// The same of a replica that has to be elected, if there is an election.
    pub(super) fn electing(mut self, election: Option<Place>) -> Self {
        *self.leading.get_mut() = election.is_none();
        self.election = election;
        self.count_leader(0);
        self
    }

    /// The same, with metrics that name namespaces, or without.
    pub(super) fn naming_namespaces(self, metrics_per_namespace: bool) -> Self {
        Self { metrics_per_namespace, ..self }
    }

    /// What this replica can say of how the cluster is watched: what the next one, which finds it in the Lease, and reads
    /// the reports, need not doubt.
    pub(super) fn claim(&self, now: Timestamp) -> Option<Watch> {
        let since = self.workloads.watched_since()?;
        let until = self.reports.told_until(now).min(self.workloads.heard_until(now));
        (since <= until).then_some(Watch { since, until })
    }

    /// Takes in that this replica leads, and who watched before.
    pub(super) fn leads(&self, before: Option<Watch>, longest_gap: Duration) {
        if let Some(before) = before {
            self.workloads.follows(before, longest_gap);
        }
        self.leading.store(true, Ordering::Relaxed);
        self.count_leader(1);
    }

    /// The namespace and name of the lease by which a leader is elected, if one is.
    pub(super) fn lease(&self) -> Option<String> {
        self.election.as_ref().map(ToString::to_string)
    }

    /// Whether another replica leads, or none yet.
    pub(super) fn stands_by(&self) -> bool {
        !self.leading.load(Ordering::Relaxed)
    }

    fn count_leader(&self, leaders: i64) {
        if let Some(Place { name, .. }) = &self.election {
            let labels = LeaderLabels { name: name.clone() };
            self.metrics.leader.get_or_create(&labels).set(leaders);
        }
    }

    /// A namespace as last seen.
    pub(super) fn namespace(&self, name: &str) -> Option<Arc<Namespace>> {
        self.namespaces.read().get(name).cloned()
    }

    /// Takes in a namespace as it is now, and has it looked at when something that bears on a plan changed.
    pub(super) fn saw_namespace(&self, namespace: Namespace) {
        let mut namespaces = self.namespaces.write();
        let name = namespace.name.clone();
        let bears = namespaces.get(&name).is_none_or(|before| {
            let same_version =
                Namespace { resource_version: namespace.resource_version.clone(), ..(**before).clone() };
            same_version != namespace
        });
        namespaces.insert(name.clone(), Arc::new(namespace));
        drop(namespaces);
        if bears {
            self.unanswered.lock().entry(name.clone()).or_insert_with(Instant::now);
            self.queue.add(&name);
        }
    }

    /// Takes in that a namespace is gone.
    pub(super) fn lost_namespace(&self, name: &str) {
        self.namespaces.write().remove(name);
        self.queue.add(name);
    }

    /// Takes in what is heard of the objects of a kind, and has the namespaces looked at that it concerns.
    pub(super) fn saw_workload(&self, resource: Resource, event: WorkloadEvent, now: Timestamp) {
        match self.workloads.take(resource, event, now) {
            Concerns::Nobody => {}
            Concerns::Namespace(name) => self.concerns(&name),
            Concerns::All => self.concerns_all(),
        }
    }

    /// Has a namespace looked at soon, if a profile has anything to do with it.
    pub(super) fn concerns(&self, name: &str) {
        // What comes before everything is known is looked at once it is.
        let matters = |outcome: &Arc<Outcome>| !outcome.matched.is_empty() || !outcome.modes().is_empty();
        if self.is_judging() && self.outcomes.read().get(name).is_some_and(matters) {
            self.queue.add_after(name, SETTLES);
        }
    }

    /// Has every namespace looked at, once everything is known.
    pub(super) fn concerns_all(&self) {
        if self.is_judging() {
            if !self.judging.swap(true, Ordering::Relaxed) {
                tracing::info!("it is known what runs: from now on namespaces are judged");
            }
            for name in self.namespaces.read().keys() {
                self.queue.add(name);
            }
        }
    }

    /// Has the namespaces looked at in which a profile has a say.
    pub(super) fn concerns_governed(&self, profile: &str) {
        for (name, outcome) in &*self.outcomes.read() {
            if outcome.matched.iter().any(|matched| matched == profile) {
                self.queue.add(name);
            }
        }
    }

    /// Whether it is known what runs, and what is to be remembered of it.
    pub(super) fn is_judging(&self) -> bool {
        self.workloads.is_known() && self.reports.is_known()
    }

    /// Takes in that these are all namespaces that there are.
    pub(super) fn listed_namespaces(&self, names: &BTreeSet<String>) {
        let gone: Vec<_> =
            self.namespaces.read().keys().filter(|name| !names.contains(*name)).cloned().collect();
        for name in gone {
            self.lost_namespace(&name);
        }
        // The stream is back, and so is the API server: what failed meanwhile need not wait out its delay.
        for (name, outcome) in self.outcomes() {
            if !outcome.is_applied() {
                self.queue.add(&name);
            }
        }
        if !self.namespaces_listed.send_replace(true) {
            self.recall_raises();
        }
    }

    /// After a restart the namespaces themselves tell when they were raised.
    fn recall_raises(&self) {
        let namespaces = self.namespaces.read();
        *self.raises.lock() = Raises::told_by(namespaces.values().map(AsRef::as_ref));
        for namespace in namespaces.values() {
            let ledger = namespace.ledger();
            if let (Some(profile), Some(_), Some(written)) =
                (ledger.profile_of(Mode::Enforce), ledger.enforced, namespace.owners.written_by_podsec())
            {
                // Nor does anybody know whether it was forced: rather too few are raised than too many.
                let identity = (namespace.name.as_str(), namespace.uid.as_str());
                self.halts.raised(profile, None, identity, written, Cause::Asked);
            }
        }
    }

    /// Whether all namespaces have been seen once.
    pub(super) fn has_listed_namespaces(&self) -> bool {
        *self.namespaces_listed.borrow()
    }

    /// Waits until all namespaces have been seen once.
    pub(super) async fn namespaces_are_listed(&self) {
        let mut listed = self.namespaces_listed.subscribe();
        // The sender lives as long as this value.
        _ = listed.wait_for(|listed| *listed).await;
    }

    /// The profiles as of now.
    pub(super) fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.read().clone()
    }

    /// Takes in the profiles as of now, and has the namespaces looked at that what changed concerns.
    pub(super) fn took_snapshot(&self, snapshot: Snapshot) {
        let namespaces: Vec<_> = self.namespaces.read().values().cloned().collect();
        let before = self.snapshot();
        let all = namespaces.iter().map(AsRef::as_ref);
        let touched = snapshot.touched(before.as_deref(), all, &self.settings);
        let epoch = snapshot.epoch;
        let known: BTreeSet<_> = snapshot.described.keys().cloned().collect();
        {
            let mut passes = self.passes.lock();
            passes.by_profile.retain(|profile, _| known.contains(profile));
            for (profile, left) in touched.iter().filter(|(profile, _)| known.contains(*profile)) {
                let pass = Pass { epoch, total: left.len(), left: left.clone() };
                passes.by_profile.insert(profile.clone(), pass);
            }
        }
        *self.snapshot.write() = Some(Arc::new(snapshot));
        for name in touched.values().flatten() {
            self.queue.add(name);
        }
        self.status_due.notify_one();
    }

    /// How far a profile has come since it last changed.
    pub(super) fn progress(&self, profile: &str) -> Progress {
        let passes = self.passes.lock();
        let pass = passes.by_profile.get(profile);
        pass.map_or(Progress { total: 0, left: 0 }, |pass| Progress {
            total: pass.total,
            left: pass.left.len(),
        })
    }

    /// Takes in what became of a namespace; gives what had become of it before.
    pub(super) fn concluded(&self, name: &str, outcome: Outcome) -> Option<Arc<Outcome>> {
        let done = outcome.is_final().then(|| outcome.epoch());
        let before = self.outcomes.write().insert(name.to_owned(), Arc::new(outcome));
        // After its outcome is there: what counts as done is never missing from the outcomes.
        if let Some(epoch) = done {
            self.pass_on(name, epoch);
        }
        self.status_due.notify_one();
        before
    }

    /// Forgets a namespace that is gone.
    pub(super) fn forget(&self, name: &str) {
        self.outcomes.write().remove(name);
        self.unanswered.lock().remove(name);
        self.restraint.forget(name);
        self.workloads.forget(name);
        self.reports.forget(name);
        self.looks.forget(name);
        self.halts.forget(name);
        self.pass_on(name, u64::MAX);
        self.status_due.notify_one();
    }

    fn pass_on(&self, name: &str, epoch: u64) {
        for pass in self.passes.lock().by_profile.values_mut().filter(|pass| pass.epoch <= epoch) {
            pass.left.remove(name);
        }
    }

    /// What became of each namespace.
    pub(super) fn outcomes(&self) -> Vec<(String, Arc<Outcome>)> {
        self.outcomes.read().iter().map(|(name, outcome)| (name.clone(), Arc::clone(outcome))).collect()
    }

    /// When the oldest change of a namespace that is not yet answered was seen; it counts as answered from now on.
    pub(super) fn answered(&self, name: &str) -> Option<Instant> {
        self.unanswered.lock().remove(name)
    }
}
