//! Clusters that tests lend on to each other: to start one takes longer than what most tests do with it.
//!
//! What a test left is undone in the store, where nothing can be overlooked: all that is stored is compared with what was
//! there when the cluster was fresh. It is lent on only when the two are the same, and the API server itself goes by it;
//! otherwise it ends, and another one is started. So does one with anything that remembers more than what is stored:
//! a controller manager, Flux, an audit log, an API server that was stopped.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    ops::Deref,
    sync::{Mutex, PoisonError},
};

use k8s_openapi::api::{authorization::v1::SubjectAccessReview, core::v1::Pod};
use kube::{Api, Client, api::PostParams};
use podsec_control_plane::{Builder, Cluster, Contents};
use serde_json::{Value, json};
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep},
};

use super::{DEADLINE, POLL, installed::apply, times::Times, workloads::privileged};

/// How many may wait for a borrower; the one that has waited longest ends.
const IDLE: usize = 6;

/// What may be undone. Of other kinds the API server, or kubectl, remembers more than is stored.
const UNDONE: [&str; 24] = [
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
    "volumeattachments",
];

/// What is in the folder and may stay: what kubectl knows of the kinds, which are those of a fresh cluster.
const KEPT: &str = ".kube";

/// The name of what shows that the API server goes by what is stored.
const MARK: &str = "lent-on";

static RETURNED: Mutex<Vec<Held>> = Mutex::new(Vec::new());

/// A cluster, and what it was when it was fresh.
struct Held {
    builder: Builder,
    cluster: Cluster,
    fresh: Contents,
    files: BTreeSet<OsString>,
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
        let started = Held { builder, cluster, fresh, files };
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
        let returned =
            self.held.take().filter(|held| !std::thread::panicking() && held.cluster.is_restorable());
        let ending = {
            let mut all = RETURNED.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend(returned);
            (all.len() > IDLE).then(|| all.remove(0))
        };
        drop(ending);
    }
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
        let held = spawn_blocking(move || self.undo(may_be_undone).then_some(self)).await.unwrap()?;
        catch_up(&held.cluster.admin().unwrap()).await;
        // By now no request of the earlier test is under way any more.
        spawn_blocking(move || held.undo(is_mark).then_some(held)).await.unwrap()
    }

    /// Makes what is stored, and the folder, what they were, if all that differs may be undone.
    fn undo(&self, may_be: impl Fn(&str) -> bool) -> bool {
        for name in files(&self.cluster).difference(&self.files).filter(|name| *name != KEPT) {
            let path = self.cluster.folder().join(name);
            if fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path)).is_err() {
                return false;
            }
        }
        let is_as_it_was = |now: &Contents| self.fresh.differences(now).is_empty();
        self.cluster.contents().is_ok_and(|now| {
            self.fresh.differences(&now).into_iter().all(may_be)
                && self.cluster.restore(&self.fresh).is_ok()
                && self.cluster.contents().is_ok_and(|now| is_as_it_was(&now))
        })
    }
}

fn may_be_undone(key: &str) -> bool {
    key.split('/').next().is_some_and(|kind| UNDONE.contains(&kind))
}

fn is_mark(key: &str) -> bool {
    key.ends_with(MARK)
}

fn files(cluster: &Cluster) -> BTreeSet<OsString> {
    fs::read_dir(cluster.folder()).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect()
}

/// Waits until the API server has seen all that is stored of what it decides by: namespaces, and each of the four kinds
/// of RBAC. It follows each of them in the order of storing, so it has when it goes by what is stored after all that.
async fn catch_up(admin: &Client) {
    for object in marks() {
        apply(admin, &object).await;
    }
    let end = Instant::now() + DEADLINE;
    while !(is_refused(admin).await && may(admin, "cluster").await && may(admin, "namespace").await) {
        assert!(Instant::now() < end, "the API server does not go by what is stored");
        sleep(POLL).await;
    }
}

fn marks() -> [Value; 5] {
    let (api, group) = ("rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io");
    let rules = |verb: &str| json!([{"apiGroups": ["podsec.dev"], "resources": [MARK], "verbs": [verb]}]);
    let subjects = json!([{"apiGroup": group, "kind": "User", "name": MARK}]);
    let name = json!({"name": MARK});
    let within = json!({"name": MARK, "namespace": MARK});
    let role_ref = |kind: &str| json!({"apiGroup": group, "kind": kind, "name": MARK});
    [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": MARK, "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        }}),
        json!({"apiVersion": api, "kind": "ClusterRole", "metadata": name, "rules": rules("cluster")}),
        json!({"apiVersion": api, "kind": "ClusterRoleBinding", "metadata": name,
            "roleRef": role_ref("ClusterRole"), "subjects": subjects}),
        json!({"apiVersion": api, "kind": "Role", "metadata": within, "rules": rules("namespace")}),
        json!({"apiVersion": api, "kind": "RoleBinding", "metadata": within,
            "roleRef": role_ref("Role"), "subjects": subjects}),
    ]
}

/// Whether Pod Security goes by the namespace.
async fn is_refused(admin: &Client) -> bool {
    let pod = json!({"metadata": {"name": MARK}, "spec": privileged()});
    let pod: Pod = serde_json::from_value(pod).unwrap();
    let params = PostParams { dry_run: true, ..PostParams::default() };
    let refused = Api::<Pod>::namespaced(admin.clone(), MARK).create(&params, &pod).await;
    refused.is_err_and(|error| error.to_string().contains("violates PodSecurity"))
}

/// Whether the authorizer goes by one of the two roles.
async fn may(admin: &Client, verb: &str) -> bool {
    let attributes = json!({"verb": verb, "group": "podsec.dev", "resource": MARK, "namespace": MARK});
    let review = json!({"spec": {"user": MARK, "resourceAttributes": attributes}});
    let review: SubjectAccessReview = serde_json::from_value(review).unwrap();
    let review = Api::all(admin.clone()).create(&PostParams::default(), &review).await;
    review.is_ok_and(|review| review.status.is_some_and(|status| status.allowed))
}
