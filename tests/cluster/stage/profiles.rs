//! Profiles: putting them in place, and what their status says.

use kube::{
    Api,
    api::{DeleteParams, DynamicObject, Patch, PatchParams},
};
use podsec::api::ClusterPodSecurityProfile;
use serde_json::{Value, json};

use super::Stage;

impl Stage {
    pub(crate) fn profiles(&self) -> Api<ClusterPodSecurityProfile> {
        Api::all(self.admin.clone())
    }

    /// Profiles as the API server has them, whether or not they can be read.
    pub(crate) fn raw_profiles(&self) -> Api<DynamicObject> {
        Api::all_with(self.admin.clone(), &podsec::cluster::profiles::resource())
    }

    /// Puts a profile in place of whatever has its name; gives its generation.
    pub(crate) async fn profile(&self, name: &str, spec: Value) -> i64 {
        self.try_profile(name, spec).await.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The same where the API server may refuse.
    pub(crate) async fn try_profile(&self, name: &str, spec: Value) -> kube::Result<i64> {
        let resource = podsec::cluster::profiles::resource();
        let object = json!({
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {"name": name},
            "spec": spec,
        });
        // A merge would keep what the new spec leaves out; an applier that leaves a field out withdraws it.
        let params = PatchParams::apply("kubectl").force();
        let patched = self.raw_profiles().patch(name, &params, &Patch::Apply(&object)).await?;
        Ok(patched.metadata.generation.unwrap())
    }

    /// Gives the CRD a schema that takes anything, as if profiles had been stored under an earlier CRD that checked
    /// less.
    pub(crate) fn accept_any_profile(&self) {
        let crd = format!("crd/{}", podsec::cluster::crd::name());
        let anything = r#"[{"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema",
            "value": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}]"#;
        self.cluster.kubectl(&["patch", &crd, "--type=json", "-p", anything]).unwrap();
    }

    pub(crate) async fn delete_profile(&self, name: &str) {
        self.profiles().delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Puts a profile in place and waits until it has been carried out.
    pub(crate) async fn settled_profile(&self, name: &str, spec: Value) {
        let generation = self.profile(name, spec).await;
        self.is_ready(name, generation).await;
    }

    /// Waits until a profile is Ready at a generation.
    pub(crate) async fn is_ready(&self, name: &str, generation: i64) {
        let what = format!("{name} to be Ready at generation {generation}");
        self.eventually(&what, || async {
            let status = self.status(name).await;
            let ready = condition(&status, "Ready")?;
            let observed = [&status["observedGeneration"], &ready["observedGeneration"]];
            (ready["status"] == "True" && observed.iter().all(|of| **of == generation)).then_some(())
        })
        .await;
    }

    /// A profile's status, null when it has none.
    pub(crate) async fn status(&self, name: &str) -> Value {
        self.raw_profiles().get(name).await.unwrap().data["status"].take()
    }

    /// The status, reason and message of a condition.
    pub(crate) async fn condition(&self, name: &str, kind: &str) -> Option<(String, String, String)> {
        let status = self.status(name).await;
        let condition = condition(&status, kind)?;
        let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
        Some((text("status"), text("reason"), text("message")))
    }

    /// Waits until a count of a profile's status is as given.
    pub(crate) async fn counts(&self, name: &str, count: &str, expected: u64) {
        self.eventually(&format!("{name} to count {expected} {count}"), || async {
            (self.status(name).await["namespaces"][count] == expected).then_some(())
        })
        .await;
    }

    /// Waits until a profile's status holds a namespace's enforce label for a reason; gives the entry.
    pub(crate) async fn is_held(&self, profile: &str, namespace: &str, reason: &str) -> Value {
        self.eventually(&format!("{profile} to hold {namespace} for {reason}"), || async {
            let status = self.status(profile).await;
            let mut held = status["held"].as_array()?.iter();
            held.find(|held| held["name"] == namespace && held["reason"] == reason).cloned()
        })
        .await
    }
}

/// A condition of a status.
pub(crate) fn condition<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    status["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}
