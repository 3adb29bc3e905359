//! Pods that an admission policy changes on their way in are judged as they live.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, PostParams};
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use super::BASELINE;
use crate::stage::{Stage, workloads::conforming};

/// Has every new pod of a namespace changed by an expression.
fn changing(namespace: &str, expression: &str) -> String {
    let kind = |kind: &str, spec: Value| {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": namespace}, "spec": spec,
        })
    };
    let policy = json!({
        "matchConstraints": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        },
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}],
    });
    let items = [
        kind("MutatingAdmissionPolicy", policy),
        kind("MutatingAdmissionPolicyBinding", json!({"policyName": namespace})),
    ];
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// Gives every pod the host's network.
const INJECTS: &str = "Object{spec: Object.spec{hostNetwork: true}}";

/// Takes the host's processes away from every pod.
const MENDS: &str = "Object{spec: Object.spec{hostPID: false}}";

/// What asks for the host's processes, and conforms but for that.
fn prying() -> Value {
    let mut spec = conforming();
    spec["hostPID"] = true.into();
    spec
}

/// Waits until new pods of a namespace are changed.
async fn are_changed(stage: &Stage, namespace: &str, is_changed: impl Fn(&Value) -> bool) {
    let pod: Pod = serde_json::from_value(json!({"metadata": {"name": "probe"}, "spec": prying()})).unwrap();
    let params = PostParams { dry_run: true, ..PostParams::default() };
    stage
        .eventually("new pods to be changed", || async {
            let made = stage.of::<Pod>(namespace).create(&params, &pod).await.ok()?;
            is_changed(&serde_json::to_value(made.spec).unwrap()).then_some(())
        })
        .await;
}

/// Runs a Deployment, and waits for its pod.
async fn deploys(stage: &Stage, namespace: &str, spec: Value) {
    stage.deploys(namespace, "web", 1, spec).await;
    stage
        .eventually("its pod", || async {
            let pods = stage.of::<Pod>(namespace).list(&ListParams::default()).await.unwrap();
            pods.items.into_iter().next()
        })
        .await;
}

#[tokio::test]
async fn a_pod_is_judged_as_it_lives_and_not_as_its_template_says() {
    let mut stage = Stage::without_controller(Cluster::builder().controller_manager()).await;
    let (injected, mended) = ("team-injected", "team-mended");
    for (namespace, expression) in [(injected, INJECTS), (mended, MENDS)] {
        stage.namespace(namespace, &[]).await;
        stage.cluster.apply(&changing(namespace, expression)).unwrap();
    }
    are_changed(&stage, injected, |spec| spec["hostNetwork"] == true).await;
    are_changed(&stage, mended, |spec| spec["hostPID"] != true).await;
    deploys(&stage, injected, conforming()).await;
    deploys(&stage, mended, prying()).await;
    // Only now, so that it knows the pods as soon as their templates.
    stage.start();
    stage.settled_profile("teams", super::profile("restricted", &json!({"soak": "0s"}))).await;

    let held = stage.is_held("teams", injected, "Violations").await;
    assert_eq!(held["blockers"], json!(["Deployment/web: hostNamespaces"]));
    let report = stage.reports_state(injected, "Held", "Violations").await;
    let blocker = &report["blockers"][0];
    assert_eq!(blocker["note"], "something adds it to the pods when they are created");
    assert_eq!((&blocker["pods"], &blocker["field"]), (&json!(1), &json!("spec.hostNetwork")), "{blocker}");
    assert!(
        blocker["object"].as_str().unwrap().starts_with("Pod/web-"),
        "it is no fault of the template's: {blocker}"
    );
    assert_eq!(report["cleanAt"], "privileged:v1.37");
    assert_eq!(stage.shown(injected).await, "");

    let restricted = BASELINE.replace("baseline", "restricted");
    stage.shows(mended, &restricted).await;
    let report = stage.reports_state(mended, "InSync", "InSync").await;
    assert_eq!((&report["workloads"]["conforming"], &report["mended"]), (&json!(1), &json!(1)), "{report}");

    // Without a pod that lives there is only the template; but what is raised stays.
    stage.cluster.kubectl(&["scale", "-n", mended, "deployment/web", "--replicas=0"]).unwrap();
    let violates = |report: &Value| report["workloads"]["violating"] == 1;
    let report = stage.report_that(mended, "what the template says", violates).await;
    assert_eq!((&report["state"], report.get("mended")), (&json!("InSync"), None));
    assert_eq!(stage.shown(mended).await, restricted);
}
