//! A cluster by itself: it starts, it is its own, its users have the rights they are given.

use std::error::Error;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ListParams};
use podsec_control_plane::Cluster;

use crate::waiting;

type Outcome = Result<(), Box<dyn Error>>;

const SHOP: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}";

#[tokio::test]
async fn a_cluster_starts_and_takes_yaml() -> Outcome {
    let cluster = Cluster::builder().start().await?;
    assert_eq!(cluster.apply(SHOP)?, "namespace/shop serverside-applied\n");
    let shop = Api::<Namespace>::all(cluster.admin()?).get("shop").await?;
    assert_eq!(shop.metadata.name.as_deref(), Some("shop"));
    let version = cluster.admin()?.apiserver_version().await?;
    assert_eq!(version.major, "1", "the version stamp is missing: {version:?}");
    Ok(())
}

#[tokio::test]
async fn clusters_of_one_process_are_isolated() -> Outcome {
    let (one, other) = tokio::join!(Cluster::builder().start(), Cluster::builder().start());
    let (one, other) = (one?, other?);
    one.apply(SHOP)?;
    let names = |list: kube::core::ObjectList<Namespace>| -> Vec<String> {
        list.items.into_iter().filter_map(|namespace| namespace.metadata.name).collect()
    };
    let all = ListParams::default();
    let of_one = names(Api::all(one.admin()?).list(&all).await?);
    let of_other = names(Api::all(other.admin()?).list(&all).await?);
    assert!(of_one.contains(&String::from("shop")), "{of_one:?}");
    assert!(!of_other.contains(&String::from("shop")), "{of_other:?}");
    // Keys are a cluster's own as well.
    assert_ne!(one.token("admin")?, other.token("admin")?);
    Ok(())
}

#[tokio::test]
async fn a_user_has_the_rights_it_is_given() -> Outcome {
    let cluster = Cluster::builder().user("tenant").start().await?;
    let namespaces = Api::<Namespace>::all(cluster.client("tenant")?);
    let refused = namespaces.list(&ListParams::default()).await.unwrap_err();
    assert!(matches!(&refused, kube::Error::Api(status) if status.code == 403), "{refused}");
    assert!(
        cluster.kubectl_as("tenant", &["get", "namespaces"]).unwrap_err().to_string().contains("Forbidden")
    );

    cluster.kubectl(&["create", "clusterrole", "looker", "--verb=list", "--resource=namespaces"])?;
    cluster.kubectl(&["create", "clusterrolebinding", "tenant", "--clusterrole=looker", "--user=tenant"])?;
    // The API server's authorizer sees the binding a moment later.
    let allowed = async || namespaces.list(&ListParams::default()).await.is_ok();
    waiting::until("the binding works", Duration::from_secs(10), allowed).await;
    assert!(cluster.kubectl_as("tenant", &["get", "namespaces"])?.contains("default"));
    assert!(cluster.client("nobody").is_err());
    Ok(())
}
