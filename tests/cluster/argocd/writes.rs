//! What Argo CD writes, and what becomes of podsec's labels.

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{MANAGER, in_git};
use crate::stage::Stage;

const OWNED: &str = "enforce=baseline+podsec enforce-version=v1.37+podsec";

/// A sync with `ServerSideApply=true`: it takes every field.
pub(super) async fn syncs(stage: &Stage, object: &Value) {
    let name = object["metadata"]["name"].as_str().unwrap();
    let params = PatchParams::apply(MANAGER).force();
    stage.namespaces().patch(name, &params, &Patch::Apply(object)).await.unwrap();
}

/// What `managedNamespaceMetadata` makes of a namespace: the same, with an annotation that asks for it.
fn managed(name: &str, labels: &[(&str, &str)]) -> Value {
    let mut object = in_git(name, labels);
    object["metadata"]["annotations"] = json!({"argocd.argoproj.io/sync-options": "ServerSideApply=true"});
    object
}

fn profile(names: &str) -> Value {
    json!({"namespaceNames": [names], "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"}})
}

#[tokio::test]
async fn a_sync_without_the_labels_leaves_them() {
    let stage = Stage::new().await;
    // Both with a manifest of the namespace and with `managedNamespaceMetadata`.
    for (name, object) in [("git", in_git("git-a", &[])), ("meta", managed("meta-a", &[("team", "a")]))] {
        let namespace = format!("{name}-a");
        syncs(&stage, &object).await;
        stage.settled_profile(name, profile(&format!("{name}-*"))).await;
        stage.shows(&namespace, OWNED).await;
        let written = stage.interposer.writes_of(&namespace);
        for team in ["b", "c", "d"] {
            let mut object = object.clone();
            object["metadata"]["labels"]["team"] = team.into();
            syncs(&stage, &object).await;
        }
        assert_eq!(stage.shown(&namespace).await, OWNED);
        assert_eq!(stage.interposer.writes_of(&namespace), written);
    }
}

#[tokio::test]
async fn a_label_that_argo_cd_sets_first_is_left_to_it_and_given_up_without_a_gap() {
    let stage = Stage::new().await;
    let weaker = [("enforce", "privileged"), ("enforce-version", "latest")];
    syncs(&stage, &managed("first-a", &weaker)).await;
    stage.settled_profile("first", profile("first-*")).await;
    let left = stage
        .eventually("first-a to be left alone", || async {
            stage.status("first").await["leftAlone"].as_array()?.first().cloned()
        })
        .await;
    assert_eq!(left["lastSetBy"], MANAGER);
    // The profile's own values, so that podsec owns them as well; then none.
    syncs(&stage, &managed("first-a", &[("enforce", "baseline"), ("enforce-version", "v1.37")])).await;
    stage.shows("first-a", OWNED).await;
    syncs(&stage, &managed("first-a", &[])).await;
    assert_eq!(stage.shown("first-a").await, OWNED);
    assert!(stage.observed("first-a").await.owners.foreign("pod-security.kubernetes.io/enforce").is_none());
}

#[tokio::test]
async fn a_label_that_argo_cd_takes_later_is_taken_back() {
    let stage = Stage::new().await;
    syncs(&stage, &in_git("later-a", &[])).await;
    stage.settled_profile("later", profile("later-*")).await;
    stage.shows("later-a", OWNED).await;
    for _ in 0..2 {
        syncs(&stage, &in_git("later-a", &[("enforce", "privileged"), ("enforce-version", "latest")])).await;
        stage.shows("later-a", OWNED).await;
    }
    stage.event("Repaired", "later-a: enforce set from privileged").await;
    // It stops when the labels leave Git, and what it had set beside podsec goes nowhere.
    syncs(&stage, &in_git("later-a", &[])).await;
    assert_eq!(stage.shown("later-a").await, OWNED);
}
