//! The API server is upgraded: what follows its version moves through the gate, namespace by namespace.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use crate::stage::{Stage, workloads::plain};

/// What the API server behaves like before it is upgraded.
const OLDER: &str = "--emulated-version=1.36";

/// How long an API server's version counts here; a real control plane is given a quarter of an hour.
const WINDOW: Duration = Duration::from_secs(1);

/// Sends the kubelet to another host, which baseline forbids since v1.34.
fn probing() -> Value {
    let probe = json!({"httpGet": {"host": "192.0.2.1", "port": 80}});
    json!({"containers": [{"name": "c", "image": "i", "livenessProbe": probe}]})
}

fn enforced(version: &str) -> String {
    format!("enforce=baseline+podsec enforce-version={version}+podsec")
}

#[tokio::test]
async fn a_pin_moves_where_the_newer_version_refuses_nothing() {
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    stage.cluster.stop_api_server().await.unwrap();
    stage.cluster.start_api_server(&[OLDER]).await.unwrap();
    stage.version_window = WINDOW;
    stage.start();
    for (name, spec) in [("team-probing", probing()), ("team-plain", plain())] {
        stage.namespace(name, &[]).await;
        stage.runs(name, "web", spec).await;
    }
    // Three minors behind, so that v1.33 becomes v1.34, which is stricter.
    let mut teams = super::profile("baseline", &json!({"soak": "0s"}));
    teams["enforce"]["version"] = "server-3".into();
    stage.settled_profile("teams", teams).await;
    for name in ["team-probing", "team-plain"] {
        stage.shows(name, &enforced("v1.33")).await;
    }
    assert_eq!(stage.status("teams").await["enforce"], "baseline:server-3 (v1.33)");

    stage.cluster.stop_api_server().await.unwrap();
    stage.cluster.start_api_server(&[]).await.unwrap();
    stage.shows("team-plain", &enforced("v1.34")).await;
    let held = stage.is_held("teams", "team-probing", "Violations").await;
    assert_eq!((&held["present"], &held["planned"]), (&json!("baseline:v1.33"), &json!("baseline:v1.34")));
    assert_eq!(held["blockers"], json!(["Pod/web: hostProbesAndHostLifecycle (container c)"]));
    let report = stage.reports_state("team-probing", "Held", "Violations").await;
    assert_eq!(
        (&report["summary"]["enforce"], &report["summary"]["planned"]),
        (&json!("baseline"), &json!("v1.34"))
    );
    assert_eq!(stage.shown("team-probing").await, enforced("v1.33"));
    assert_eq!(stage.says_against("team-probing", &probing()).await, None, "more of it may come");
    assert_eq!(stage.status("teams").await["enforce"], "baseline:server-3 (v1.34)");

    stage.deletes::<Pod>("team-probing", "web").await;
    stage.runs("team-probing", "web", plain()).await;
    stage.shows("team-probing", &enforced("v1.34")).await;
    stage.is_refused("team-probing", &probing()).await;
}
