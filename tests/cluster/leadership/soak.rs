//! A soak goes on over a take-over, and not over a time in which nobody watched.

use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use podsec::cluster::lease::{WATCHED_SINCE, WATCHED_UNTIL};
use serde_json::{Value, json};

use super::{FIRST, SECOND, replica::Replica};
use crate::stage::{Stage, workloads::conforming};

/// Long enough that a busy machine lists everything within two of them after a take-over.
const TERMS: [&str; 5] = [
    "--leader-elect",
    "--lease-namespace=podsec-system",
    "--lease-duration=10s",
    "--renew-deadline=5s",
    "--retry-period=1s",
];

/// Since when a namespace is clean, once its report counts so many pods.
async fn clean_since(stage: &Stage, pods: u64) -> Value {
    let report = stage
        .report_that("team-a", &format!("{pods} pods that soak"), |report| {
            report["pods"]["judged"] == pods && report["state"] == "Soaking"
        })
        .await;
    report["soak"]["clean"][0]["cleanSince"].clone()
}

/// When a plan says that the namespace is raised.
fn planned(stage: &Stage) -> Timestamp {
    let output = Command::new(env!("CARGO_BIN_EXE_podsec"))
        .args(["plan", "-n", "team-a", "-o", "json", "--kubeconfig"])
        .arg(stage.cluster.admin_kubeconfig().unwrap())
        .output()
        .unwrap();
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    plan["namespaces"][0]["nextChange"].as_str().unwrap_or_else(|| panic!("{plan:#}")).parse().unwrap()
}

async fn annotation(stage: &Stage, key: &str) -> String {
    let annotation = || async { stage.lease().await?.metadata.annotations?.get(key).cloned() };
    stage.eventually(key, annotation).await
}

#[tokio::test]
async fn a_soak_survives_a_take_over_and_no_gap() {
    let stage = Stage::of_two().await;
    stage.namespace("team-a", &[]).await;
    stage.runs("team-a", "one", conforming()).await;
    let mut first = Replica::start(&stage, FIRST, &TERMS);
    stage.is_led_by(FIRST).await;
    let mut second = Replica::start(&stage, SECOND, &TERMS);
    let spec = json!({
        "namespaceNames": ["team-*"], "enforce": {"level": "baseline"}, "rollout": {"soak": "1h"},
    });
    stage.profile("teams", spec).await;
    let since = clean_since(&stage, 1).await;
    assert!(since.is_string());
    let watched = annotation(&stage, WATCHED_SINCE).await;
    let begun: Timestamp = since.as_str().unwrap().parse().unwrap();
    let soaked = begun.checked_add(SignedDuration::from_hours(1)).unwrap();
    assert_eq!(planned(&stage), soaked);
    assert!(second.asked(&stage, "/readyz").await.1.contains("stands by"));

    // The next one goes on where this one was.
    first.dies();
    stage.is_led_by(SECOND).await;
    stage.runs("team-a", "two", conforming()).await;
    assert_eq!(clean_since(&stage, 2).await, since, "{}", second.log());
    let until = annotation(&stage, WATCHED_UNTIL).await;
    stage
        .eventually("it to be told that it is watched", || async {
            (annotation(&stage, WATCHED_UNTIL).await != until).then_some(())
        })
        .await;
    assert_eq!(annotation(&stage, WATCHED_SINCE).await, watched);

    // Nobody watches for longer than two leases.
    second.dies();
    assert_eq!(planned(&stage), soaked, "the next one would go on");
    let until: Timestamp = annotation(&stage, WATCHED_UNTIL).await.parse().unwrap();
    let gap = SignedDuration::from_secs(21);
    stage
        .eventually("a gap", || async { (Timestamp::now().duration_since(until) > gap).then_some(()) })
        .await;
    assert!(planned(&stage) > soaked, "the next one would begin anew");
    let _first = Replica::start(&stage, FIRST, &TERMS);
    stage.is_led_by(FIRST).await;
    stage.runs("team-a", "three", conforming()).await;
    let anew = clean_since(&stage, 3).await;
    assert!(anew.as_str() > since.as_str(), "{anew} after {since}");
    stage
        .eventually("it to be told that it is watched anew", || async {
            (annotation(&stage, WATCHED_SINCE).await > watched).then_some(())
        })
        .await;
}
