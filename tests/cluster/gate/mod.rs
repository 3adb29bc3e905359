//! The gate on a real API server: enforce goes up when nothing would be refused, and not before.

mod breakage;
mod defaults;
mod exemptions;
mod large;
mod mutation;
mod older;
mod pins;
mod runners;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::{apps::v1::Deployment, batch::v1::CronJob, core::v1::Pod};
use serde_json::{Value, json};

use crate::stage::{
    Stage,
    workloads::{conforming, plain, privileged},
};

const BASELINE: &str = "enforce=baseline+podsec enforce-version=v1.37+podsec";

fn profile(level: &str, rollout: &Value) -> Value {
    json!({"namespaceNames": ["team-*"], "enforce": {"level": level}, "rollout": rollout})
}

#[tokio::test]
async fn enforce_goes_up_once_nothing_would_be_refused() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    stage.runs("team-a", "agent", privileged()).await;
    stage.runs("team-a", "web", plain()).await;
    stage.settled_profile("teams", profile("baseline", &json!({"soak": "0s"}))).await;

    let held = stage.is_held("teams", "team-a", "Violations").await;
    assert_eq!((&held["present"], &held["planned"]), (&json!("privileged:latest"), &json!("baseline:v1.37")));
    assert_eq!(held["blockers"], json!(["Pod/agent: privileged (container c)"]));
    assert_eq!(stage.shown("team-a").await, "");
    let report = stage.reports_state("team-a", "Held", "Violations").await;
    assert_eq!(
        report["summary"],
        json!({
            "blocker": "pod/agent", "cleanAt": "privileged", "enforce": "privileged", "planned": "baseline", "violating": "1/2",
        })
    );
    assert_eq!(report["blockers"][0]["check"], "privileged");
    let (status, reason, message) = stage.condition("teams", "Compliant").await.unwrap();
    assert_eq!((status.as_str(), reason.as_str()), ("False", "Violations"), "{message}");
    assert_eq!(
        stage.condition("teams", "Ready").await.unwrap().0,
        "True",
        "violations are no trouble of podsec's"
    );

    stage.deletes::<Pod>("team-a", "agent").await;
    stage.shows("team-a", BASELINE).await;
    let report = stage.reports_state("team-a", "InSync", "InSync").await;
    assert_eq!((&report["summary"]["cleanAt"], report.get("blockers")), (&json!("baseline"), None));
    let raised = stage.tenant_reads("team-a", "Raised").await;
    assert_eq!(raised.regarding.unwrap().kind.as_deref(), Some("PodSecurityReport"));
    assert!(stage.privileged_pod("team-a", "agent").await.unwrap_err().contains("violates PodSecurity"));
    let dry_runs = |passed: &&crate::interposer::Passed| passed.uri.contains("dryRun=All");
    assert!(stage.interposer.count(dry_runs) > 0, "the API server was asked before");
}

#[tokio::test]
async fn what_sleeps_blocks_as_well_as_what_runs() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    stage.deploys("team-a", "web", 0, privileged()).await;
    let nightly = json!({"metadata": {"name": "nightly"}, "spec": {
        "schedule": "0 3 * * *", "suspend": true, "jobTemplate": {"spec": {"template": {"spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "c", "image": "i", "securityContext": {"privileged": true}}],
        }}}},
    }});
    stage.creates::<CronJob>("team-a", nightly).await;
    stage.settled_profile("teams", profile("baseline", &json!({"soak": "0s"}))).await;
    let report = stage.reports_state("team-a", "Held", "Violations").await;
    let blockers: Vec<_> =
        report["blockers"].as_array().unwrap().iter().map(|blocker| blocker["workload"].clone()).collect();
    assert_eq!(blockers, ["CronJob/nightly", "Deployment/web"]);
    stage.deletes::<CronJob>("team-a", "nightly").await;
    stage.report_that("team-a", "one blocker", |report| report["summary"]["violating"] == "1/1").await;
    assert_eq!(stage.shown("team-a").await, "");
    stage.deletes::<Deployment>("team-a", "web").await;
    stage.shows("team-a", BASELINE).await;
}

#[tokio::test]
async fn what_is_clean_at_a_lower_level_gets_that_meanwhile() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    stage.runs("team-a", "web", plain()).await;
    stage.settled_profile("teams", profile("restricted", &json!({"soak": "0s"}))).await;
    stage.shows("team-a", BASELINE).await;
    let held = stage.is_held("teams", "team-a", "Violations").await;
    assert_eq!((&held["present"], &held["planned"]), (&json!("baseline:v1.37"), &json!("restricted:v1.37")));
    stage.deletes::<Pod>("team-a", "web").await;
    stage.runs("team-a", "web", conforming()).await;
    stage.shows("team-a", &BASELINE.replace("baseline", "restricted")).await;
}

/// When a report says that enforce is raised, or that something else happens by itself.
fn next_step(report: &Value) -> Option<Timestamp> {
    report["nextStep"].as_str()?.parse().ok()
}

#[tokio::test]
async fn a_soak_is_waited_out_and_begins_anew_with_the_process() {
    let hour = SignedDuration::from_hours(1);
    let mut stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    stage.runs("team-a", "web", plain()).await;
    let begun = Timestamp::now();
    stage.settled_profile("teams", profile("baseline", &json!({"soak": "1h"}))).await;
    let report = stage.reports_state("team-a", "Soaking", "Soaking").await;
    let first = next_step(&report).unwrap();
    assert!(first.duration_since(begun) >= hour, "{begun} {first}");
    stage.counts("teams", "soaking", 1).await;

    // Nobody watches while podsec is away: what has passed does not count.
    stage.stop().await;
    stage.a_second_passes().await;
    stage.start();
    let is_later = |report: &Value| next_step(report).is_some_and(|next| next > first);
    let report = stage.report_that("team-a", "a later raise", is_later).await;
    let clean_since = next_step(&report).unwrap().checked_sub(hour).unwrap();
    stage.settled_profile("teams", profile("baseline", &json!({"soak": "3s"}))).await;
    stage.shows("team-a", BASELINE).await;
    assert!(Timestamp::now() >= clean_since.checked_add(SignedDuration::from_secs(3)).unwrap());
}

#[tokio::test]
async fn a_batch_raises_so_many_and_no_more() {
    let stage = Stage::new().await;
    for name in ["team-a", "team-b", "team-c"] {
        stage.namespace(name, &[]).await;
        stage.runs(name, "web", plain()).await;
    }
    let batch = json!({"soak": "0s", "batch": {"size": 2, "every": "1h"}});
    stage.settled_profile("teams", profile("baseline", &batch)).await;
    stage.counts("teams", "inSync", 2).await;
    stage.counts("teams", "held", 1).await;
    let status = stage.status("teams").await;
    assert_eq!(status["held"][0]["reason"], "Batch", "{status}");
    assert!(status["held"][0]["raisedAt"].is_string(), "{status}");
    stage.settled_profile("teams", profile("baseline", &json!({"soak": "0s"}))).await;
    stage.counts("teams", "inSync", 3).await;
}

#[tokio::test]
async fn what_is_held_is_raised_by_force_after_its_time() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    stage.runs("team-a", "agent", privileged()).await;
    let forced = |from_now| {
        let at = Timestamp::now().checked_add(from_now).unwrap();
        (at, profile("baseline", &json!({"soak": "0s", "forceAfter": at.to_string()})))
    };
    let (_, spec) = forced(SignedDuration::from_hours(1));
    stage.settled_profile("teams", spec).await;
    let announced = |report: &Value| {
        report["reason"] == "Violations"
            && report["message"].as_str().unwrap().contains("forceAfter raises it")
    };
    stage.report_that("team-a", "what is to come", announced).await;
    assert_eq!(stage.shown("team-a").await, "");
    // It has been held since before that.
    stage.a_second_passes().await;
    let (at, spec) = forced(SignedDuration::from_secs(1));
    stage.settled_profile("teams", spec).await;
    stage.shows("team-a", BASELINE).await;
    assert!(Timestamp::now() >= at);
    stage.event("ForceRaised", "team-a").await;
}
