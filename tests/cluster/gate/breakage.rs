//! What breaks after a raise stops the next one.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use podsec_control_plane::Cluster;
use serde_json::json;

use super::{BASELINE, profile};
use crate::stage::{
    Stage,
    workloads::{plain, privileged},
};

#[tokio::test]
async fn what_breaks_after_a_raise_halts_the_rollout_until_it_is_mended() {
    let mut stage = Stage::without_controller(Cluster::builder().controller_manager()).await;
    stage.start();
    for name in ["team-a", "team-b"] {
        stage.namespace(name, &[]).await;
    }
    stage.runs("team-b", "agent", privileged()).await;
    stage.deploys("team-a", "web", 2, plain()).await;
    stage.settled_profile("teams", profile("baseline", &json!({"soak": "0s"}))).await;
    stage.shows("team-a", BASELINE).await;
    stage.is_held("teams", "team-b", "Violations").await;

    // Now what was there before the raise comes to be refused.
    stage.redeploys("team-a", "web", privileged()).await;
    let report = stage.report_that("team-a", "breakage", |report| report.get("breakage").is_some()).await;
    assert_eq!(report["breakage"]["workloads"], 1, "workloads are counted, not Events");
    let refused = &report["breakage"]["refused"][0];
    assert_eq!(refused["workload"], "Deployment/web");
    assert!(refused["message"].as_str().unwrap().starts_with("violates PodSecurity"), "{refused}");
    stage.tenant_reads("team-a", "Broken").await;
    stage
        .eventually("the halt", || async {
            (stage.condition("teams", "RolloutHalted").await?.0 == "True").then_some(())
        })
        .await;
    stage.deletes::<Pod>("team-b", "agent").await;
    stage.runs("team-b", "web", plain()).await;
    stage.is_held("teams", "team-b", "RolloutHalted").await;
    assert_eq!(stage.shown("team-b").await, "");

    stage.deletes::<Deployment>("team-a", "web").await;
    stage.shows("team-b", BASELINE).await;
    stage
        .eventually("the end of the halt", || async {
            (stage.condition("teams", "RolloutHalted").await?.0 == "False").then_some(())
        })
        .await;
    stage.report_that("team-a", "no breakage", |report| report.get("breakage").is_none()).await;
}

#[tokio::test]
async fn what_breaks_after_a_raise_of_which_no_answer_came_halts_the_rollout_as_well() {
    let mut stage = Stage::without_controller(Cluster::builder().controller_manager()).await;
    stage.start();
    stage.namespace("team-a", &[]).await;
    stage.deploys("team-a", "web", 1, plain()).await;
    stage.interposer.loses_next_answer();
    stage.settled_profile("teams", profile("baseline", &json!({"soak": "0s"}))).await;
    stage.shows("team-a", BASELINE).await;
    stage.counts("teams", "inSync", 1).await;

    stage.redeploys("team-a", "web", privileged()).await;
    stage.report_that("team-a", "breakage", |report| report.get("breakage").is_some()).await;
    stage
        .eventually("the halt", || async {
            (stage.condition("teams", "RolloutHalted").await?.0 == "True").then_some(())
        })
        .await;
}
