//! `podsec-fence-podsec`: what podsec itself may change.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Namespace as KubeNamespace;
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use super::{bind, fenced_alone, new};
use crate::stage::USER;

#[tokio::test]
async fn podsec_changes_its_own_labels_and_nothing_else_whatever_its_roles_say() {
    let stage = fenced_alone().await;
    bind(&stage, "cluster-admin", USER);
    let mut shop = new("shop", &[("tier", "apps"), ("team", "a")]);
    shop.metadata.annotations = Some([("note".to_owned(), "x".to_owned())].into());
    stage.namespaces().create(&PostParams::default(), &shop).await.unwrap();
    let client = stage.cluster.client(USER).unwrap();
    let api: Api<KubeNamespace> = Api::all(client);
    let params = PatchParams::default();
    let patch = |metadata: Value| Patch::Merge(json!({"metadata": metadata}));
    let own = json!({
        "labels": {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/audit": "baseline"},
        "annotations": {"podsec.dev/governed-by": "enforce=apps"},
    });
    api.patch("shop", &params, &patch(own)).await.unwrap();

    for (metadata, why) in [
        (json!({"labels": {"tier": "other"}}), "these labels are not for podsec to change: tier"),
        (json!({"labels": {"team": null}}), "these labels are not for podsec to change: team"),
        (json!({"labels": {"new": "1"}}), "these labels are not for podsec to change: new"),
        (json!({"annotations": {"note": "y"}}), "these annotations are not for podsec to change: note"),
        (json!({"annotations": {"note": null}}), "these annotations are not for podsec to change: note"),
        (json!({"finalizers": ["x.io/y"]}), "nothing of a namespace but labels and annotations"),
        (
            json!({"ownerReferences": [{"apiVersion": "v1", "kind": "Namespace", "name": "a", "uid": "b"}]}),
            "nothing of a namespace but labels and annotations",
        ),
    ] {
        let refusal = api.patch("shop", &params, &patch(metadata)).await.unwrap_err().to_string();
        assert!(refusal.contains(why) && refusal.contains("'podsec-fence-podsec'"), "{refusal}");
    }
    let status =
        Patch::Merge(json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}));
    let refusals = [
        api.patch_status("shop", &params, &status).await.unwrap_err(),
        api.create(&PostParams::default(), &new("other", &[])).await.unwrap_err(),
        api.delete("shop", &DeleteParams::default()).await.unwrap_err(),
    ];
    for refusal in refusals {
        let refusal = refusal.to_string();
        assert!(refusal.contains("not create, delete or finalize any"), "{refusal}");
    }
}

/// To compare so many labels would take the API server longer than podsec waits.
#[tokio::test]
async fn a_namespace_of_more_labels_than_are_compared_is_labelled_all_the_same() {
    let mut stage = fenced_alone().await;
    bind(&stage, "cluster-admin", USER);
    let labels = |count: usize| -> BTreeMap<String, &str> {
        (0..count).map(|number| (format!("l{number:05}"), "")).collect()
    };
    let set = |count: usize| Patch::Merge(json!({"metadata": {"labels": labels(count)}}));
    stage.namespace("shop", &[]).await;
    let podsec: Api<KubeNamespace> = Api::all(stage.cluster.client(USER).unwrap());
    for (there, added) in [(0, 1_100), (20_000, 20_010)] {
        stage.namespaces().patch("shop", &PatchParams::default(), &set(there)).await.unwrap();
        // podsec cannot make its own way out of the fence.
        let refusal =
            podsec.patch("shop", &PatchParams::default(), &set(added)).await.unwrap_err().to_string();
        assert!(refusal.contains("not for podsec to change: too many to tell"), "{refusal}");
    }
    stage.start();
    stage.shows("shop", "enforce=restricted+podsec enforce-version=v1.30+podsec").await;
}
