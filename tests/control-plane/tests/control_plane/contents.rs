//! What a cluster holds, and its return to that.

use std::error::Error;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Api, ListParams, Patch, PatchParams};
use podsec_control_plane::Cluster;
use serde_json::json;

use crate::waiting;

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::test]
async fn a_cluster_returns_to_what_it_held() -> Outcome {
    let cluster = Cluster::builder().start().await?;
    cluster.apply(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: kept, namespace: default}, data: {a: b}}",
    )?;
    let before = cluster.contents()?;
    assert!(before.keys().any(|key| key == "configmaps/default/kept"));
    assert!(before.differences(&before).is_empty());

    let maps = Api::<ConfigMap>::namespaced(cluster.admin()?, "default");
    let change = Patch::Merge(json!({"data": {"a": "c"}}));
    maps.patch("kept", &PatchParams::default(), &change).await?;
    cluster.apply("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}")?;
    cluster.kubectl(&["delete", "clusterrole", "view"])?;
    let after = cluster.contents()?;
    let mut differences = before.differences(&after);
    differences.sort_unstable();
    assert_eq!(differences, ["clusterroles/view", "configmaps/default/kept", "namespaces/shop"]);
    assert!(cluster.is_restorable());

    let after = cluster.contents()?;
    cluster.restore(&before)?;
    assert_eq!(cluster.contents()?, before);
    assert_ne!(cluster.contents()?, after);
    // The API server learns of it.
    assert_eq!(maps.get("kept").await?.data.unwrap_or_default()["a"], "b");
    let namespaces = Api::<Namespace>::all(cluster.admin()?);
    let is_gone = async || {
        let all = namespaces.list(&ListParams::default()).await;
        all.is_ok_and(|all| {
            all.items.iter().all(|namespace| namespace.metadata.name.as_deref() != Some("shop"))
        })
    };
    waiting::until("the namespace to be gone", Duration::from_secs(10), is_gone).await;
    cluster.kubectl(&["get", "clusterrole", "view"])?;
    Ok(())
}

#[tokio::test]
async fn what_remembers_more_than_is_stored_cannot_be_restored() -> Outcome {
    let cluster = Cluster::builder().start().await?;
    assert!(cluster.is_restorable());
    cluster.freeze_api_server()?;
    cluster.thaw_api_server()?;
    assert!(!cluster.is_restorable());

    let cluster = Cluster::builder().audit_log().start().await?;
    cluster.apply("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}")?;
    assert!(!cluster.is_restorable());
    Ok(())
}
