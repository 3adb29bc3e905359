//! Clusters that tests lend on to each other: to start one takes longer than what most tests do with it.
//!
//! What a test left is undone in the store, where nothing can be overlooked: all that is stored is compared with what was
//! there when the cluster was fresh. It is lent on only when the two are the same, and the API server itself goes by it;
//! otherwise it ends, and another one is started. So does one with anything that remembers more than what is stored:
//! kinds that came or went, a controller manager, Flux, an audit log, an API server that was stopped.

mod marks;

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    ops::Deref,
    sync::{Mutex, PoisonError},
};

use podsec_control_plane::{Builder, Cluster, Contents};
use tokio::{task::spawn_blocking, time::Instant};

use super::times::Times;

/// How many may wait for a borrower. When there are more, one ends that was lent least often: of a kind that few ask for.
const IDLE: usize = 6;

/// What may be undone. Of other kinds the API server, or kubectl, remembers more than is stored.
const UNDONE: [&str; 28] = [
    "clusterrolebindings",
    "clusterroles",
    "configmaps",
    "controllerrevisions",
    "controllers",
    "cronjobs",
    "daemonsets",
    "deployments",
    "events",
    "jobs",
    "leases",
    "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
    "namespaces",
    "networkpolicies",
    "poddisruptionbudgets",
    "pods",
    "podsec.dev",
    "podtemplates",
    "replicasets",
    "rolebindings",
    "roles",
    "secrets",
    "serviceaccounts",
    "statefulsets",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
    "volumeattachments",
];

/// What is in the folder and may stay: what kubectl knows of the kinds, which are those of a fresh cluster.
const KEPT: &str = ".kube";

static RETURNED: Mutex<Vec<Held>> = Mutex::new(Vec::new());

/// A cluster, and what it was when it was fresh.
struct Held {
    builder: Builder,
    cluster: Cluster,
    fresh: Contents,
    files: BTreeSet<OsString>,
    /// How many tests have had it.
    tests: usize,
}

/// A cluster that goes to the next test when this is dropped.
pub(crate) struct Lent {
    /// There until it is dropped.
    held: Option<Held>,
    times: Times,
}

impl Lent {
    /// A cluster as `builder` makes it and `prepare` goes on, whether it was so at once or is so again.
    pub(crate) async fn new(builder: Builder, prepare: impl AsyncFnOnce(&Cluster)) -> Self {
        let asked = Instant::now();
        while let Some(returned) = take(&builder) {
            if let Some(fresh) = returned.undone().await {
                return Self { held: Some(fresh), times: Times::since(asked, "lent") };
            }
        }
        let cluster = builder.clone().start().await.expect("a control plane");
        prepare(&cluster).await;
        let fresh = cluster.contents().expect("what is stored");
        let files = files(&cluster);
        let started = Held { builder, cluster, fresh, files, tests: 0 };
        Self { held: Some(started), times: Times::since(asked, "started") }
    }
}

impl Deref for Lent {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.held.as_ref().expect("there until it is dropped").cluster
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.times.note();
        // A test that fails has the end of the logs printed with its cluster's end.
        let held = self.held.take().filter(|held| !std::thread::panicking() && held.cluster.is_restorable());
        drop(held.and_then(give_back));
    }
}

/// Keeps a cluster for the next borrower; gives one that is to end.
fn give_back(mut held: Held) -> Option<Held> {
    held.tests += 1;
    let mut all = RETURNED.lock().unwrap_or_else(PoisonError::into_inner);
    all.push(held);
    let least = (0..all.len()).min_by_key(|index| all[*index].tests)?;
    (all.len() > IDLE).then(|| all.remove(least))
}

/// The one of its kind that has waited longest.
fn take(builder: &Builder) -> Option<Held> {
    let mut all = RETURNED.lock().unwrap_or_else(PoisonError::into_inner);
    let index = all.iter().position(|held| held.builder == *builder)?;
    Some(all.remove(index))
}

impl Held {
    /// The cluster as it was when it was fresh; nothing where that cannot be had.
    async fn undone(self) -> Option<Self> {
        let undo = move || self.undo(may_be_undone).map(|kinds| (self, kinds));
        let (held, kinds) = spawn_blocking(undo).await.unwrap()?;
        let policies = kinds.iter().any(|kind| kind.contains("admissionpolic"));
        let mark = marks::caught_up(&held.cluster.admin().unwrap(), policies).await;
        // By now no request of the earlier test is under way any more.
        spawn_blocking(move || held.undo(|key| key.contains(&mark)).map(|_| held)).await.unwrap()
    }

    /// Makes what is stored, and the folder, what they were, if all that differs may be undone; gives the kinds of that.
    fn undo(&self, may_be: impl Fn(&str) -> bool) -> Option<BTreeSet<String>> {
        for name in files(&self.cluster).difference(&self.files).filter(|name| *name != KEPT) {
            let path = self.cluster.folder().join(name);
            fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path)).ok()?;
        }
        let now = self.cluster.contents().ok()?;
        let differences = self.fresh.differences(&now);
        if !differences.iter().all(|key| may_be(key)) {
            return None;
        }
        self.cluster.restore(&self.fresh).ok()?;
        let is_as_it_was = self.cluster.contents().ok()? == self.fresh;
        is_as_it_was.then(|| differences.into_iter().map(|key| kind(key).to_owned()).collect())
    }
}

/// What is stored lies under its kind.
fn kind(key: &str) -> &str {
    key.split('/').next().unwrap_or_default()
}

fn may_be_undone(key: &str) -> bool {
    UNDONE.contains(&kind(key))
}

fn files(cluster: &Cluster) -> BTreeSet<OsString> {
    fs::read_dir(cluster.folder()).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect()
}
