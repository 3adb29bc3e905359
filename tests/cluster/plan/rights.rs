//! What is told by whom not everything can be read.

use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use super::{planned_as, podsec};
use crate::stage::Stage;

#[tokio::test]
async fn nothing_is_told_whole_that_could_not_be_read_whole() {
    let stage = Stage::without_controller(Cluster::builder().user("tenant")).await;
    stage.village().await;
    let kubeconfig = stage.cluster.kubeconfig("tenant").unwrap();

    // Without any right nothing can be said, and what is missing is.
    let output = podsec(&kubeconfig, &["plan"]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(shown.contains("cannot list namespaces") && shown.contains("grant list namespaces"), "{shown}");

    // A tenant who may read one namespace is told of that one.
    stage
        .cluster
        .apply(
            r#"{"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "reader"}, "rules": [
                {"apiGroups": [""], "resources": ["namespaces", "pods", "podtemplates", "replicationcontrollers"], "verbs": ["get", "list"]},
                {"apiGroups": ["apps", "batch"], "resources": ["*"], "verbs": ["list"]}]},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "reader", "namespace": "broken"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
             "subjects": [{"kind": "User", "name": "tenant", "apiGroup": "rbac.authorization.k8s.io"}]}]}"#,
        )
        .unwrap();
    stage
        .eventually("the role to take effect", || async {
            stage
                .cluster
                .kubectl_as("tenant", &["auth", "can-i", "list", "cronjobs.batch", "-n", "broken"])
                .ok()
        })
        .await;
    let own = planned_as(&kubeconfig, &["-n", "broken", "--enforce", "baseline"]);
    assert_eq!(own.status, Some(1));
    assert_eq!((&own.namespace("broken")["violatingPods"], own.step("broken")), (&json!(2), "Hold"));

    let two = planned_as(&kubeconfig, &["-n", "broken,clean", "--enforce", "baseline"]);
    assert_eq!(two.status, Some(2));
    assert_eq!(two.namespace("broken")["violatingPods"], 2, "the one does not hide the other");
    let failures = two.json["failures"].to_string();
    assert!(failures.contains("namespace clean") && failures.contains("forbidden"), "{failures}");

    // Who may see all namespaces, but not into all of them.
    stage
        .cluster
        .apply(
            r#"{"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "namespaces"}, "rules": [
                {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]}]},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "namespaces"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "namespaces"},
             "subjects": [{"kind": "User", "name": "tenant", "apiGroup": "rbac.authorization.k8s.io"}]}]}"#,
        )
        .unwrap();
    stage
        .eventually("the role to take effect", || async {
            stage.cluster.kubectl_as("tenant", &["auth", "can-i", "list", "namespaces"]).ok()
        })
        .await;
    let blind = planned_as(&kubeconfig, &["-n", "broken,clean", "--enforce", "baseline"]);
    assert_eq!(blind.status, Some(2));
    let clean = blind.namespace("clean");
    assert_eq!((blind.step("clean"), &blind.enforce("clean")["reason"]), ("Hold", &json!("Inconclusive")));
    assert!(clean["missing"].to_string().contains("pods"), "{clean}");
    assert_eq!(blind.namespace("broken")["missing"], Value::Null);
}

#[tokio::test]
async fn whoever_may_view_the_cluster_may_plan_for_it() {
    // The controller manager puts the role `view` together.
    let stage = Stage::without_controller(Cluster::builder().user("planner").controller_manager()).await;
    stage.village().await;
    stage
        .cluster
        .kubectl(&["create", "clusterrolebinding", "planner", "--clusterrole=view", "--user=planner"])
        .unwrap();
    for right in [
        &["list", "clusterpodsecurityprofiles.podsec.dev"][..],
        &["list", "podtemplates", "-A"],
        &["get", "crd/clusterpodsecurityprofiles.podsec.dev"],
        &["list", "podsecurityreports.podsec.dev", "-A"],
    ] {
        stage
            .eventually(&format!("{right:?}"), || async {
                stage.cluster.kubectl_as("planner", &[&["auth", "can-i"], right].concat()).ok()
            })
            .await;
    }
    let kubeconfig = stage.cluster.kubeconfig("planner").unwrap();
    let plan = planned_as(&kubeconfig, &[]);
    assert_eq!((plan.status, &plan.json["failures"]), (Some(0), &json!([])), "{:#}", plan.json);
}
