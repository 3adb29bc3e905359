//! What the controller writes of reports: how large they get, and how often they are written.

use std::time::Instant;

use futures::{StreamExt as _, stream};
use http::Method;
use k8s_openapi::api::core::v1::Pod;
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use super::size;
use crate::stage::{
    Stage,
    workloads::{conforming, plain, privileged},
};

/// How many Deployments violate where many do.
const DEPLOYMENTS: usize = 500;

/// How often pods come and go.
const ROUNDS: usize = 3;

fn profile(level: &str) -> Value {
    json!({
        "namespaceNames": ["*"], "enforce": {"level": level}, "audit": {"level": "restricted"},
        "warn": {"level": "restricted"}, "rollout": {"soak": "0s"},
    })
}

/// What violates in many ways, in containers with names as long as they may be.
fn hostile() -> Value {
    let container = |letter: &str, port: u16| {
        json!({"name": letter.repeat(63), "image": "i", "securityContext": {"privileged": true}, "ports": [
            {"containerPort": port, "hostPort": port},
        ]})
    };
    json!({
        "hostNetwork": true, "hostPID": true, "hostIPC": true,
        "volumes": [{"name": "v".repeat(63), "hostPath": {"path": "/"}}],
        "containers": [container("c", 80), container("d", 81)], "initContainers": [container("e", 82)],
    })
}

#[tokio::test]
async fn the_controller_writes_small_reports_whatever_runs() {
    let stage = Stage::new().await;
    let (clean, full) = ("c".repeat(63), "f".repeat(63));
    for name in [&clean, &full] {
        stage.namespace(name, &[]).await;
    }
    stage.runs(&clean, "web", conforming()).await;
    let deploys = |number| {
        let (stage, full) = (&stage, &full);
        let name = format!("{}-{number:03}", "w".repeat(249));
        async move { stage.deploys(full, &name, 1, hostile()).await }
    };
    stream::iter(0..DEPLOYMENTS).for_each_concurrent(16, deploys).await;
    stage.settled_profile("all", profile("restricted")).await;

    stage.reports_state(&clean, "InSync", "InSync").await;
    let bytes = size(&stage.admin, &clean).await;
    assert!(bytes <= 2_000, "a clean report has {bytes} bytes");

    let all = |report: &Value| report["workloads"]["violating"] == DEPLOYMENTS;
    let report = stage.report_that(&full, "all that violates", all).await;
    assert_eq!(report["blockers"].as_array().unwrap().len(), 20, "all that may be listed");
    // Each Deployment has at least one for each of its three containers.
    assert!(report["moreBlockers"].as_u64().unwrap() > 3 * DEPLOYMENTS as u64, "{}", report["moreBlockers"]);
    let bytes = size(&stage.admin, &full).await;
    assert!((10_000..=20_000).contains(&bytes), "a full report has {bytes} bytes");
}

/// How often a namespace's report was written.
fn writes(stage: &Stage, namespace: &str) -> usize {
    let path = format!("/apis/podsec.dev/v1alpha1/namespaces/{namespace}/podsecurityreports/podsec");
    stage.interposer.count(|passed| passed.method != Method::GET && passed.path() == path)
}

#[tokio::test]
async fn counts_alone_are_written_once_a_minute_and_verdicts_at_once() {
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    stage.namespace("shop", &[]).await;
    stage.runs("shop", "web", plain()).await;
    stage.start();
    let mut spec = profile("baseline");
    spec["namespaceNames"] = json!(["shop"]);
    stage.settled_profile("shop", spec).await;
    let report = stage.reports_state("shop", "InSync", "InSync").await;
    assert_eq!(report["pods"]["judged"], 1);
    let (begun, before) = (Instant::now(), writes(&stage, "shop"));

    // The profile's status shows that podsec has taken each of them in.
    let judged = async |pods: usize| {
        let what = format!("{pods} pods to be judged");
        stage
            .eventually(&what, || async {
                (stage.status("shop").await["pods"]["judged"] == pods).then_some(())
            })
            .await;
    };
    for round in 0..ROUNDS {
        let name = format!("runner-{round}");
        stage.runs("shop", &name, plain()).await;
        judged(2).await;
        stage.deletes::<Pod>("shop", &name).await;
        judged(1).await;
    }
    stage.runs("shop", "more", plain()).await;
    judged(2).await;
    let minutes = usize::try_from(begun.elapsed().as_secs() / 60).unwrap();
    let written = writes(&stage, "shop") - before;
    assert!(written <= minutes, "{written} times within {minutes} full minutes");

    // A verdict takes along what waits.
    stage.deploys("shop", "agent", 1, privileged()).await;
    let violates = |report: &Value| report["workloads"]["violating"] == 1;
    let report = stage.report_that("shop", "what violates", violates).await;
    assert_eq!((&report["state"], &report["pods"]["judged"]), (&json!("InSync"), &json!(2)));
    let minutes = usize::try_from(begun.elapsed().as_secs() / 60).unwrap();
    let written = writes(&stage, "shop") - before;
    assert!((1..=1 + minutes).contains(&written), "{written} times within {minutes} full minutes");
}
