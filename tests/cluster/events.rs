//! What Events tell when podsec begins: what it finds, but not again what it had told before.

use serde_json::json;

use crate::stage::{Stage, workloads::privileged};

#[tokio::test]
async fn what_is_found_at_the_first_look_is_told_and_not_again_after_a_restart() {
    let mut stage = Stage::new().await;
    stage.namespace("team-held", &[]).await;
    stage.runs("team-held", "agent", privileged()).await;
    stage.namespace("team-strict", &[("enforce", "restricted")]).await;
    let spec = json!({
        "namespaceNames": ["team-*"], "enforce": {"level": "baseline"}, "warn": {"level": "baseline"},
        "rollout": {"soak": "0s"},
    });
    stage.settled_profile("teams", spec).await;
    stage.event("Held", "namespace team-held: enforce held").await;
    let left = stage.event("LeftAlone", "namespace team-strict: enforce left").await;
    assert!(
        left.note.unwrap().contains("kubectl label --overwrite namespace team-strict"),
        "with what ends it"
    );
    stage.tenant_reads("team-held", "Held").await;
    stage.report_that("team-held", "Held", |report| report["state"] == "Held").await;
    stage.report_that("team-strict", "Yielded", |report| report["state"] == "Yielded").await;

    // What came meanwhile is told; so is what is found after it, and would stand before it in the list.
    stage.stop().await;
    stage.label("team-strict", &[("warn", Some("restricted"))]).await;
    stage.namespace("team-new", &[("enforce", "restricted")]).await;
    stage.start();
    stage.event("LeftAlone", "namespace team-new: enforce left").await;
    stage.event("LeftAlone", "namespace team-strict: warn left").await;
    let generation = stage
        .profile(
            "teams",
            json!({"namespaceNames": ["team-*"], "suspend": true, "enforce": {"level": "baseline"}}),
        )
        .await;
    stage.is_ready("teams", generation).await;
    for (reason, text) in [("Held", "team-held: enforce"), ("LeftAlone", "team-strict: enforce left")] {
        assert_eq!(stage.events(reason, text).await.len(), 1, "{reason} {text}");
    }
}
