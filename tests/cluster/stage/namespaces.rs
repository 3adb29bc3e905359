//! Namespaces: what people and other controllers do to them, and what podsec made of it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Namespace as KubeNamespace, Pod};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use podsec::{
    cluster::namespaces::{api, observe},
    rollout::{Manager, Namespace},
    standards::{LABEL_PREFIX, Mode},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{DEADLINE, POLL, Stage};

impl Stage {
    pub(crate) fn namespaces(&self) -> Api<KubeNamespace> {
        Api::all(self.admin.clone())
    }

    /// Creates a namespace as `kubectl create` does.
    pub(crate) async fn namespace(&self, name: &str, labels: &[(&str, &str)]) {
        let labels: BTreeMap<_, _> = labels.iter().map(|(key, value)| (full(key), *value)).collect();
        let object: KubeNamespace =
            serde_json::from_value(json!({"metadata": {"name": name, "labels": labels}})).unwrap();
        let params = PostParams { field_manager: Some("kubectl-create".into()), ..PostParams::default() };
        self.namespaces().create(&params, &object).await.unwrap();
    }

    /// Sets or removes labels as `kubectl label` does.
    pub(crate) async fn label(&self, namespace: &str, labels: &[(&str, Option<&str>)]) {
        label(&self.namespaces(), namespace, labels).await.unwrap();
    }

    /// Sets or removes labels through `namespaces/status`, past what Pod Security itself checks.
    pub(crate) async fn label_through_status(&self, namespace: &str, labels: &[(&str, Option<&str>)]) {
        let params = by_hand("kubectl-edit");
        self.namespaces().patch_status(namespace, &params, &Patch::Merge(&patch(labels))).await.unwrap();
    }

    /// Applies labels as another controller does; what it applied before and now leaves out, it lets go of.
    pub(crate) async fn apply_labels(&self, manager: &str, namespace: &str, labels: &[(&str, &str)]) {
        let labels: BTreeMap<_, _> = labels.iter().map(|(key, value)| (full(key), *value)).collect();
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}});
        let params = PatchParams::apply(manager).force();
        self.namespaces().patch(namespace, &params, &Patch::Apply(&object)).await.unwrap();
    }

    /// A namespace as podsec observes it.
    pub(crate) async fn observed(&self, namespace: &str) -> Namespace {
        observe(&api(self.admin.clone()).get(namespace).await.unwrap()).unwrap()
    }

    /// The Pod Security labels of a namespace with who owns each by Apply of podsec's two managers, as in
    /// `enforce=baseline+podsec enforce-version=v1.37+podsec`.
    pub(crate) async fn shown(&self, namespace: &str) -> String {
        shown(&self.observed(namespace).await)
    }

    /// Waits until the labels are as given, in the manner of [`Self::shown`].
    pub(crate) async fn shows(&self, namespace: &str, expected: &str) {
        let end = Instant::now() + DEADLINE;
        loop {
            let shown = self.shown(namespace).await;
            if shown == expected {
                return;
            }
            assert!(Instant::now() < end, "{namespace} shows\n  {shown}\nand not\n  {expected}");
            sleep(POLL).await;
        }
    }

    /// Creates a pod with a privileged container; gives the API server's refusal.
    pub(crate) async fn privileged_pod(&self, namespace: &str, name: &str) -> Result<(), String> {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": name},
            "spec": {"containers": [{"name": "c", "image": "i", "securityContext": {"privileged": true}}]},
        }))
        .unwrap();
        let pods: Api<Pod> = Api::namespaced(self.admin.clone(), namespace);
        pods.create(&PostParams::default(), &pod).await.map(drop).map_err(|error| error.to_string())
    }
}

/// Sets or removes labels as `kubectl label` does.
pub(crate) async fn label(
    api: &Api<KubeNamespace>,
    namespace: &str,
    labels: &[(&str, Option<&str>)],
) -> kube::Result<KubeNamespace> {
    api.patch(namespace, &by_hand("kubectl-label"), &Patch::Merge(&patch(labels))).await
}

/// Deletes a namespace to the end: without a namespace controller the last step is the caller's.
pub(crate) async fn delete_namespace(api: &Api<KubeNamespace>, name: &str) {
    api.delete(name, &DeleteParams::default()).await.unwrap();
    let mut namespace = api.get(name).await.unwrap();
    namespace.spec.get_or_insert_default().finalizers = None;
    api.replace_subresource("finalize", name, &PostParams::default(), &namespace).await.unwrap();
}

fn patch(labels: &[(&str, Option<&str>)]) -> Value {
    let labels: BTreeMap<_, _> = labels.iter().map(|(key, value)| (full(key), value)).collect();
    json!({"metadata": {"labels": labels}})
}

fn by_hand(manager: &str) -> PatchParams {
    PatchParams { field_manager: Some(manager.into()), ..PatchParams::default() }
}

/// A label key in full; the modes of Pod Security may be named without their prefix.
pub(crate) fn full(key: &str) -> String {
    let is_mode = Mode::ALL.iter().any(|mode| key.starts_with(mode.as_str()));
    if is_mode { format!("{LABEL_PREFIX}{key}") } else { key.to_owned() }
}

/// The Pod Security labels and who of podsec's two managers owns them by Apply.
fn shown(namespace: &Namespace) -> String {
    let owned = |key: &str, manager| namespace.owners.is_owned_by(key, manager);
    let labels = namespace.labels.iter().filter_map(|(key, value)| {
        let short = key.strip_prefix(LABEL_PREFIX)?;
        let podsec = if owned(key, Manager::Podsec) { "+podsec" } else { "" };
        let retained = if owned(key, Manager::Retained) { "+retained" } else { "" };
        Some(format!("{short}={value}{podsec}{retained}"))
    });
    labels.collect::<Vec<_>>().join(" ")
}
