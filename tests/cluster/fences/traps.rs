//! What has gone wrong with admission policies elsewhere.

use serde_json::json;

use super::{TENANT, fenced_alone, generated, levels, new, put_in_place, stage, try_create, two_profiles};
use podsec_control_plane::Cluster;

const APPS: &str = "enforce=baseline enforce-version=v1.37 warn=restricted warn-version=latest";

/// A policy that validates sees what another has just written: it must not be held against whoever creates the namespace.
#[tokio::test]
async fn what_is_labelled_at_creation_passes_the_guard() {
    let stage = fenced_alone().await;
    let tenant = stage.cluster.client(TENANT).unwrap();
    for labels in [&[("tier", "apps")][..], &[("tier", "apps"), ("enforce", "privileged")]] {
        assert_eq!(levels(&try_create(&tenant, &new("shop", labels)).await.unwrap()), APPS);
    }
}

/// With a CRD as parameter and `failurePolicy: Fail`, no namespace could be created any more.
#[tokio::test]
async fn without_the_crd_namespaces_are_created_and_labelled_all_the_same() {
    let stage = fenced_alone().await;
    let tenant = stage.cluster.client(TENANT).unwrap();
    stage.cluster.kubectl(&["delete", "crd", "clusterpodsecurityprofiles.podsec.dev"]).unwrap();
    for restarted in [false, true] {
        if restarted {
            stage.cluster.stop_api_server().await.unwrap();
            stage.cluster.start_api_server(&[]).await.unwrap();
        }
        let shop = new("shop", &[("tier", "apps")]);
        // A policy counts from when the API server has read it; but at no time is anything refused.
        stage
            .eventually("a new namespace to be labelled", || async {
                (levels(&try_create(&tenant, &shop).await.unwrap()) == APPS).then_some(())
            })
            .await;
        // Nor does the guard need it.
        stage
            .eventually("the guard to be in effect", || async {
                try_create(&tenant, &new("legacy-x", &[])).await.err()
            })
            .await;
    }
}

/// A mistake in what labels must not keep anybody from creating a namespace.
#[tokio::test]
async fn what_cannot_be_evaluated_is_as_if_there_were_no_policy() {
    let stage = stage(Cluster::builder()).await;
    two_profiles(&stage).await;
    let policies = generated(&stage, &["--only", "label-new-namespaces"]);
    let broken = policies.replace(".filter(p, p != {}) + [{}])[0]", ".filter(p, p != {}) + [{}])[99]");
    assert_ne!(policies, broken);
    super::apply(&stage, &broken);
    put_in_place(&stage, &["--only", "guard-labels"]).await;
    let created = try_create(&stage.admin, &new("shop", &[("tier", "apps")])).await.unwrap();
    assert_eq!(levels(&created), "");
}

/// Policies with several parameters are evaluated in no order.
#[tokio::test]
async fn profiles_that_overlap_give_one_answer_at_all_times() {
    let stage = stage(Cluster::builder()).await;
    for (name, level, priority) in
        [("a", "privileged", 2), ("b", "restricted", 1), ("c", "baseline", 2), ("d", "baseline", 2)]
    {
        let spec = json!({"namespaceSelector": {}, "priority": priority, "enforce": {"level": level}});
        stage.profile(name, spec).await;
    }
    put_in_place(&stage, &[]).await;
    for _ in 0..20 {
        let created = try_create(&stage.admin, &new("shop", &[])).await.unwrap();
        assert_eq!(levels(&created), "enforce=baseline enforce-version=v1.37");
    }
    let printed = generated(&stage, &[]);
    assert!((0..5).all(|_| generated(&stage, &[]) == printed));
}
