//! What a test leaves in a cluster is not there for the next one.

use std::collections::BTreeMap;

use k8s_openapi::api::{core::v1::Pod, rbac::v1::ClusterRole};
use kube::{
    Api,
    api::{DeleteParams, DynamicObject, ListParams},
    discovery::{ApiGroup, Discovery, verbs},
};
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use crate::stage::{
    Stage, USER,
    workloads::{conforming, privileged},
};

/// All objects of a cluster, as its API server lists them, by kind, namespace and name.
type Listing = BTreeMap<String, Value>;

async fn listing(stage: &Stage) -> Listing {
    let discovery = Discovery::new(stage.admin.clone()).run().await.unwrap();
    let mut listing = Listing::new();
    for (resource, capabilities) in discovery.groups().flat_map(ApiGroup::recommended_resources) {
        if !capabilities.supports_operation(verbs::LIST) {
            continue;
        }
        let api: Api<DynamicObject> = Api::all_with(stage.admin.clone(), &resource);
        for object in api.list(&ListParams::default()).await.unwrap() {
            let metadata = &object.metadata;
            let place = metadata.namespace.as_deref().unwrap_or_default();
            let key = format!("{} {place}/{}", resource.plural, metadata.name.as_deref().unwrap());
            listing.insert(key, serde_json::to_value(&object).unwrap());
        }
    }
    // The API server's own, which it renews all the time.
    listing.retain(|key, _| !key.starts_with("leases kube-system/apiserver-"));
    listing
}

/// Without what is stored anew when something is put back.
fn without_versions(mut listing: Listing) -> Listing {
    for object in listing.values_mut() {
        object["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    }
    listing
}

/// Without the addresses of services, which are drawn by lot and name objects of a kind of their own.
fn keys(listing: &Listing) -> Vec<&str> {
    listing.keys().map(String::as_str).filter(|key| !key.starts_with("ipaddresses ")).collect()
}

/// Namespaces, a profile that is carried out and reported on, workloads, one of which nobody may delete, a policy, rights
/// that are given and others that are taken away.
async fn leave_things_behind(stage: &mut Stage) {
    stage.start();
    stage.namespace("team-a", &[]).await;
    stage.namespace("default-like", &[("enforce", "restricted")]).await;
    let spec = json!({
        "namespaceNames": ["team-*"], "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"},
    });
    stage.settled_profile("teams", spec).await;
    stage.report("team-a").await;
    stage.deploys("team-a", "web", 1, conforming()).await;
    let kept =
        json!({"metadata": {"name": "kept", "finalizers": ["example.com/kept"]}, "spec": conforming()});
    stage.creates::<Pod>("team-a", kept).await;
    stage.deletes::<Pod>("team-a", "kept").await;
    stage.runs("default", "agent", privileged()).await;
    stage.label("default", &[("audit", Some("baseline"))]).await;
    stage.forbids("default-like", "default-like").await;
    let binding = ["create", "clusterrolebinding", "reader", "--clusterrole=cluster-admin", "--user=reader"];
    stage.cluster.kubectl(&binding).unwrap();
    let roles: Api<ClusterRole> = Api::all(stage.admin.clone());
    roles.delete("podsec", &DeleteParams::default()).await.unwrap();
    std::fs::write(stage.cluster.folder().join("left.yaml"), "{}").unwrap();
}

#[tokio::test]
async fn a_cluster_that_is_lent_on_is_as_a_fresh_one() {
    // Nobody else asks for such a cluster.
    let builder = || Cluster::builder().user("lending");
    let mut stage = Stage::without_controller(builder()).await;
    let (url, fresh) = (stage.cluster.url().to_owned(), listing(&stage).await);
    leave_things_behind(&mut stage).await;
    let left = listing(&stage).await;
    assert!(left.len() > fresh.len() + 8, "{:?}", keys(&left));
    drop(stage);

    let again = Stage::without_controller(builder()).await;
    assert_eq!(again.cluster.url(), url, "it is lent on");
    let listed = listing(&again).await;
    assert_eq!(keys(&listed), keys(&fresh));
    assert_eq!(without_versions(listed.clone()), without_versions(fresh));
    assert!(!again.cluster.folder().join("left.yaml").exists());
    let other = Stage::without_controller(Cluster::builder().user("lending-not")).await;
    assert_ne!(other.cluster.url(), url);
    assert_eq!(keys(&listed), keys(&listing(&other).await), "it is as one that was just started");

    // The API server goes by that as well: what was given is gone, what was taken away is back.
    assert!(again.may_patch().await);
    let can = ["auth", "can-i", "list", "secrets", "-A"];
    let refused = again.cluster.kubectl_as("reader", &can).unwrap_err();
    assert!(refused.to_string().contains("no"), "{refused}");
    again.namespace("default-like", &[]).await;
    again.privileged_pod("default-like", "agent").await.unwrap();
    let label = ["label", "namespace", "default-like", "tried=true"];
    again.cluster.kubectl_as(USER, &label).unwrap();
}

#[tokio::test]
async fn a_cluster_with_other_kinds_or_webhooks_is_not_lent_on() {
    let builder = || Cluster::builder().user("not-lending");
    for number in 0..2 {
        let stage = Stage::without_controller(builder()).await;
        let url = stage.cluster.url().to_owned();
        if number == 0 {
            stage.accept_any_profile();
        } else {
            stage.namespace("team-a", &[]).await;
            stage.breaks_webhook("team-a", "team-a").await;
        }
        drop(stage);
        let next = Stage::without_controller(builder()).await;
        assert_ne!(next.cluster.url(), url);
    }
}
