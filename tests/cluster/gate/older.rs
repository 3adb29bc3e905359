//! An API server as of an older version: the gate, the last look and the reports go by its rules.

use k8s_openapi::api::core::v1::Pod;
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use crate::stage::{
    Stage,
    workloads::{conforming, plain, privileged},
};

/// The API server behaves like this version: the oldest that its binary can.
const OLDER: &str = "--emulated-version=1.34";

/// Root in a user namespace of the pod's own: restricted lets it through since v1.35.
fn root_in_its_own() -> Value {
    let mut spec = conforming();
    spec["hostUsers"] = false.into();
    spec["securityContext"]["runAsNonRoot"] = Value::Null;
    spec
}

fn enforced(level: &str, version: &str) -> String {
    format!("enforce={level}+podsec enforce-version={version}+podsec")
}

#[tokio::test]
async fn an_older_api_server_is_judged_by_its_own_rules() {
    let mut stage = Stage::without_controller(Cluster::builder().api_server_argument(OLDER)).await;
    stage.start();
    let spec = |name: &str, enforce: Value| json!({"namespaceNames": [name], "enforce": enforce, "rollout": {"soak": "0s"}});

    // Without a version it is the server's own.
    stage.namespace("web", &[]).await;
    stage.runs("web", "agent", privileged()).await;
    stage.runs("web", "web", plain()).await;
    stage.settled_profile("web", spec("web", json!({"level": "baseline"}))).await;
    stage.is_held("web", "web", "Violations").await;
    let report = stage.reports_state("web", "Held", "Violations").await;
    assert_eq!(
        (&report["policy"], &report["cleanAt"]),
        (&json!("baseline:v1.34"), &json!("privileged:v1.34"))
    );
    stage.deletes::<Pod>("web", "agent").await;
    stage.shows("web", &enforced("baseline", "v1.34")).await;
    let report = stage.reports_state("web", "InSync", "InSync").await;
    assert_eq!((&report["policy"], &report["cleanAt"]), (&json!("baseline:v1.34"), &json!("baseline:v1.34")));
    assert_eq!(stage.status("web").await["enforce"], "baseline:server (v1.34)");

    // A version that it does not know yet it takes for its own newest.
    for (name, version, label) in
        [("pinned", "server", "v1.34"), ("ahead", "v1.37", "v1.37"), ("newest", "latest", "latest")]
    {
        stage.namespace(name, &[]).await;
        stage.runs(name, "mapped", root_in_its_own()).await;
        stage.settled_profile(name, spec(name, json!({"level": "restricted", "version": version}))).await;
        let held = stage.is_held(name, name, "Violations").await;
        assert_eq!(held["blockers"], json!(["Pod/mapped: runAsNonRoot (container c)"]), "{version}");
        stage.shows(name, &enforced("baseline", label)).await;
        stage.deletes::<Pod>(name, "mapped").await;
        stage.runs(name, "web", conforming()).await;
        stage.shows(name, &enforced("restricted", label)).await;
        // So does the API server itself.
        let refused = stage.is_refused(name, &root_in_its_own()).await;
        assert!(refused.contains("runAsNonRoot != true"), "{refused}");
    }
    let (_, metrics) = stage.asked("/metrics").await.unwrap();
    assert!(metrics.contains("podsec_evaluator_disagreements_total 0\n"), "{metrics}");
    let dry_runs = |passed: &&crate::interposer::Passed| passed.uri.contains("dryRun=All");
    assert!(stage.interposer.count(dry_runs) >= 4, "the API server was asked before each raise");
}
