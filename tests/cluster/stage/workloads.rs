//! Workloads: what tests run in namespaces, and what tenants read there.

use k8s_openapi::{
    NamespaceResourceScope,
    api::{apps::v1::Deployment, core::v1::Pod, events::v1::Event},
};
use kube::{
    Api,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::Stage;

/// What no level has anything against.
pub(crate) fn conforming() -> Value {
    json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "c", "image": "i", "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
        }}],
    })
}

/// What baseline has nothing against, and restricted has.
pub(crate) fn plain() -> Value {
    json!({"containers": [{"name": "c", "image": "i"}]})
}

/// What baseline refuses.
pub(crate) fn privileged() -> Value {
    json!({"containers": [{"name": "c", "image": "i", "securityContext": {"privileged": true}}]})
}

/// A template of the app `x`.
pub(crate) fn template(spec: &Value) -> Value {
    json!({"metadata": {"labels": {"app": "x"}}, "spec": spec})
}

impl Stage {
    pub(crate) fn of<K>(&self, namespace: &str) -> Api<K>
    where
        K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.admin.clone(), namespace)
    }

    pub(crate) async fn creates<K>(&self, namespace: &str, object: Value) -> K
    where
        K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + Serialize
            + DeserializeOwned,
    {
        let object: K = serde_json::from_value(object).unwrap();
        self.of::<K>(namespace).create(&PostParams::default(), &object).await.unwrap()
    }

    pub(crate) async fn runs(&self, namespace: &str, name: &str, spec: Value) -> Pod {
        self.creates::<Pod>(namespace, json!({"metadata": {"name": name}, "spec": spec})).await
    }

    /// What the API server says against a pod; nothing when it would take it.
    pub(crate) async fn says_against(&self, namespace: &str, spec: &Value) -> Option<String> {
        let pod: Pod = serde_json::from_value(json!({"metadata": {"name": "tried"}, "spec": spec})).unwrap();
        let params = PostParams { dry_run: true, ..PostParams::default() };
        self.of::<Pod>(namespace).create(&params, &pod).await.err().map(|error| error.to_string())
    }

    /// Waits until the API server would refuse a pod, which it does a moment after a label says so; gives its words.
    pub(crate) async fn is_refused(&self, namespace: &str, spec: &Value) -> String {
        self.eventually("a pod to be refused", || self.says_against(namespace, spec)).await
    }

    /// Waits until the API server would take a pod.
    pub(crate) async fn is_let_in(&self, namespace: &str, spec: &Value) {
        let what = "a pod to be let in";
        self.eventually(what, || async { self.says_against(namespace, spec).await.is_none().then_some(()) })
            .await;
    }

    pub(crate) async fn deploys(&self, namespace: &str, name: &str, replicas: u32, spec: Value) {
        let object = json!({"metadata": {"name": name}, "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "x"}}, "template": template(&spec),
        }});
        self.creates::<Deployment>(namespace, object).await;
    }

    /// Has a Deployment make pods of another kind.
    pub(crate) async fn redeploys(&self, namespace: &str, name: &str, spec: Value) {
        let patch = Patch::Merge(json!({"spec": {"template": template(&spec)}}));
        self.of::<Deployment>(namespace).patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    pub(crate) async fn deletes<K>(&self, namespace: &str, name: &str)
    where
        K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned,
    {
        let now = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
        self.of::<K>(namespace).delete(name, &now).await.unwrap();
    }

    /// Writes the status of an object, as what runs it does.
    pub(crate) async fn becomes<K>(&self, namespace: &str, name: &str, status: Value)
    where
        K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned,
    {
        let patch = Patch::Merge(json!({"status": status}));
        self.of::<K>(namespace).patch_status(name, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Waits for an Event in a tenant's own namespace.
    pub(crate) async fn tenant_reads(&self, namespace: &str, reason: &str) -> Event {
        self.eventually(&format!("an Event {reason} in {namespace}"), || async {
            let events = self.of::<Event>(namespace).list(&ListParams::default()).await.unwrap();
            events.items.into_iter().find(|event| event.reason.as_deref() == Some(reason))
        })
        .await
    }
}
