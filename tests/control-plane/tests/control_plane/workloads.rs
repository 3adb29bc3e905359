//! With controllers and nodes: pods run, and namespaces finish their deletion.

use std::error::Error;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{Api, DeleteParams, ListParams};
use podsec_control_plane::Cluster;

use crate::waiting;

const SHOP: &str = r#"
apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "example.test/web:1"}]
"#;

#[tokio::test]
async fn a_deployments_pods_run_and_its_namespace_goes() -> Result<(), Box<dyn Error>> {
    let cluster = Cluster::builder().controller_manager().nodes(2).start().await?;
    cluster.apply(SHOP)?;
    let pods = Api::<Pod>::namespaced(cluster.admin()?, "shop");
    let running = async || {
        let list = pods.list(&ListParams::default()).await.unwrap();
        let phases = list.items.iter().filter_map(|pod| pod.status.as_ref()?.phase.as_deref());
        phases.filter(|phase| *phase == "Running").count() == 2
    };
    waiting::until("both pods run", Duration::from_mins(1), running).await;

    let namespaces = Api::<Namespace>::all(cluster.admin()?);
    namespaces.delete("shop", &DeleteParams::default()).await?;
    let gone = async || namespaces.get_opt("shop").await.unwrap().is_none();
    waiting::until("the namespace is gone", Duration::from_mins(1), gone).await;
    Ok(())
}
