//! podsec beside Flux: the real kustomize-controller applies what a test commits.
//!
//! Nothing fetches from Git. A commit is an archive that this process serves, and that a `GitRepository` points at.

mod artifacts;
mod ignore;
mod labels;
mod order;
mod prune;
mod status;

use std::sync::atomic::{AtomicUsize, Ordering};

use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    discovery::ApiResource,
};
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use self::artifacts::Artifacts;
use crate::stage::{Stage, profiles::condition};

/// Where the objects of Flux are.
const PLACE: &str = "default";

/// A cluster with podsec and Flux.
pub(crate) struct Flux {
    pub(crate) stage: Stage,
    artifacts: Artifacts,
    requests: AtomicUsize,
}

impl Flux {
    /// A cluster with podsec installed, and Flux running.
    pub(crate) async fn without_podsec() -> Self {
        Self::on(Cluster::builder()).await
    }

    /// The same with podsec running.
    pub(crate) async fn new() -> Self {
        let mut flux = Self::without_podsec().await;
        flux.stage.start();
        flux
    }

    pub(crate) async fn on(builder: podsec_control_plane::Builder) -> Self {
        let stage = Stage::without_controller(builder.flux()).await;
        Self { stage, artifacts: Artifacts::serve().await, requests: AtomicUsize::default() }
    }

    /// Puts manifests into Git, in place of all that was there; gives the revision.
    pub(crate) async fn commits(&self, source: &str, manifests: &str) -> String {
        self.commits_files(source, &[("manifests.yaml", manifests)]).await
    }

    /// The same for several files, each with its path.
    pub(crate) async fn commits_files(&self, source: &str, files: &[(&str, &str)]) -> String {
        let artifact = self.artifacts.put(source, files);
        let revision = artifact.revision.clone();
        let repository = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": source},
            "spec": {"url": "https://git.example/fleet.git", "interval": "1h"},
        });
        let api = self.api("source.toolkit.fluxcd.io", "GitRepository");
        let params = PatchParams::apply("test").force();
        api.patch(source, &params, &Patch::Apply(&repository)).await.unwrap();
        let status = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": source},
            "status": {"observedGeneration": 1, "artifact": artifact.status(), "conditions": [{
                "type": "Ready", "status": "True", "reason": "Succeeded", "message": "stored", "observedGeneration": 1,
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }]},
        });
        api.patch_status(source, &params, &Patch::Apply(&status)).await.unwrap();
        revision
    }

    /// Has Flux apply a source from now on; `spec` is merged into a common one.
    pub(crate) async fn kustomization(&self, name: &str, spec: Value) {
        let mut object = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": name},
            // Tests ask for each further reconciliation.
            "spec": {
                "sourceRef": {"kind": "GitRepository", "name": name}, "prune": true, "interval": "1h",
                "retryInterval": "1s", "timeout": "1m",
            },
        });
        let merged = object["spec"].as_object_mut().unwrap();
        merged.extend(spec.as_object().unwrap().clone());
        let params = PatchParams::apply("test").force();
        self.kustomizations().patch(name, &params, &Patch::Apply(&object)).await.unwrap();
    }

    /// Commits manifests, has Flux apply them, and waits until it has.
    pub(crate) async fn applies(&self, name: &str, manifests: &str) {
        let revision = self.commits(name, manifests).await;
        self.kustomization(name, json!({})).await;
        self.is_green(name, &revision).await;
    }

    /// Commits manifests in place of those that Flux applies already, and waits until it has applied them.
    pub(crate) async fn follows(&self, name: &str, manifests: &str) {
        let revision = self.commits(name, manifests).await;
        self.is_green(name, &revision).await;
    }

    /// Waits until a Kustomization is Ready at a revision.
    pub(crate) async fn is_green(&self, name: &str, revision: &str) {
        self.becomes(name, &format!("Ready at {revision}"), |object| {
            let is_at = object["status"]["lastAppliedRevision"] == revision;
            is_at && ready(object).is_some_and(|(status, _, _)| status == "True")
        })
        .await;
    }

    /// Waits until a Kustomization is as wanted; gives it.
    pub(crate) async fn becomes(
        &self,
        name: &str,
        what: &str,
        is_as_wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        self.stage
            .eventually(&format!("Kustomization {name} to be {what}"), || async {
                let object = self.kustomizations().get(name).await.unwrap();
                let object = serde_json::to_value(object).unwrap();
                is_as_wanted(&object).then_some(object)
            })
            .await
    }

    /// Has Flux reconcile now, and waits until it has.
    pub(crate) async fn reconciles(&self, name: &str) {
        let token = self.asks(name).await;
        self.becomes(name, "reconciled once more", |object| {
            object["status"]["lastHandledReconcileAt"] == *token
        })
        .await;
    }

    /// Has Flux reconcile now, as `flux reconcile` does; gives the token of the request.
    pub(crate) async fn asks(&self, name: &str) -> String {
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let token = format!("request-{number}");
        let patch = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}});
        self.kustomizations().patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
        token
    }

    pub(crate) fn kustomizations(&self) -> Api<DynamicObject> {
        self.api("kustomize.toolkit.fluxcd.io", "Kustomization")
    }

    fn api(&self, group: &str, kind: &str) -> Api<DynamicObject> {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind));
        Api::namespaced_with(self.stage.admin.clone(), PLACE, &resource)
    }
}

/// Status, reason and message of the condition Ready.
pub(crate) fn ready(object: &Value) -> Option<(&str, &str, &str)> {
    let ready = condition(&object["status"], "Ready")?;
    let text = |field: &str| ready[field].as_str().unwrap_or_default();
    Some((text("status"), text("reason"), text("message")))
}

/// The manifest of a profile.
pub(crate) fn profile(name: &str, spec: &Value) -> String {
    let object = json!({
        "apiVersion": "podsec.dev/v1alpha1", "kind": "ClusterPodSecurityProfile",
        "metadata": {"name": name}, "spec": spec,
    });
    format!("---\n{object}\n")
}

/// The manifest of a namespace.
pub(crate) fn namespace(name: &str, labels: &[(&str, &str)]) -> String {
    let prefixed = labels.iter().map(|(key, value)| {
        let is_mode = ["enforce", "audit", "warn"].iter().any(|mode| key.starts_with(mode));
        (if is_mode { format!("pod-security.kubernetes.io/{key}") } else { (*key).to_owned() }, json!(value))
    });
    let labels: serde_json::Map<_, _> = prefixed.collect();
    let object =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
    format!("---\n{object}\n")
}

/// A spec that sets enforce at once.
pub(crate) fn enforcing(names: &[&str], level: &str) -> Value {
    json!({"namespaceNames": names, "enforce": {"level": level}, "rollout": {"strategy": "Immediate"}})
}
