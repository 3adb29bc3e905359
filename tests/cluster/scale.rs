//! Many namespaces: what is written is what has to be written, once.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use podsec_control_plane::Cluster;
use serde_json::json;

use crate::{
    interposer::Passed,
    stage::{Stage, USER},
};

const NAMESPACES: usize = 500;

/// How long nothing may be written once all is done.
const REST: Duration = Duration::from_secs(30);

/// Every write that the API server saw of podsec.
fn audited(stage: &Stage) -> usize {
    let events = stage.cluster.audit_events().unwrap();
    events.iter().filter(|event| event["user"]["username"] == USER).count()
}

#[tokio::test]
async fn many_namespaces_are_written_once_and_then_left_in_peace() {
    let mut stage = Stage::without_controller(Cluster::builder().audit_log()).await;
    stage.start();
    let names: Vec<_> = (0..NAMESPACES).map(|number| format!("team-{number:03}")).collect();
    stream::iter(&names).for_each_concurrent(16, |name| stage.namespace(name, &[])).await;
    let spec = json!({
        "namespaceNames": ["team-*"], "enforce": {"level": "baseline"}, "audit": {"level": "restricted"},
        "warn": {"level": "restricted"}, "rollout": {"strategy": "Immediate"},
    });
    stage.profile("teams", spec).await;
    stage.counts("teams", "inSync", NAMESPACES as u64).await;
    stage.is_ready("teams", 1).await;
    assert_eq!(stage.interposer.namespace_writes(), NAMESPACES);
    let statuses = stage.interposer.count(|passed| passed.writes_status());
    assert!(statuses <= 30, "{statuses} statuses were written");
    // One Event for each namespace and mode.
    let events = || stage.interposer.count(|passed| passed.hands_in_event());
    let changes = NAMESPACES * 3;
    stage
        .eventually("all that waits to be told", || async {
            let metrics = stage.asked("/metrics").await?.1;
            let dropped: usize = metrics
                .lines()
                .find_map(|line| line.strip_prefix("podsec_events_dropped_total ")?.parse().ok())
                .unwrap();
            (events() + dropped >= changes).then_some(())
        })
        .await;
    assert!(events() <= changes);

    // The last of them may not have been answered yet, and the audit log comes a little later still.
    stage
        .eventually("every write to be answered and noted", || async {
            let answered = stage.interposer.writes().iter().all(|passed| passed.code.is_some());
            let noted = audited(&stage);
            stage.a_second_passes().await;
            (answered && noted == audited(&stage)).then_some(())
        })
        .await;

    // A window in which nothing may happen.
    let (before, audited_before) = (stage.interposer.writes().len(), audited(&stage));
    tokio::time::sleep(REST).await;
    let written = stage.interposer.writes().split_off(before);
    assert!(written.is_empty(), "{written:?}");
    assert_eq!(audited(&stage), audited_before);

    // Nor is anything written because podsec ends and starts.
    stage.stop().await;
    stage.start();
    stage
        .eventually("every namespace to be looked at again", || async {
            let metrics = stage.asked("/metrics").await?.1;
            let looked: usize = metrics.lines().find_map(|line| {
                line.strip_prefix(r#"podsec_reconciles_total{result="applied"} "#)?.parse().ok()
            })?;
            (looked >= NAMESPACES).then_some(())
        })
        .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let more = stage.interposer.writes().split_off(before);
    assert!(more.is_empty(), "{more:?}");
    assert_eq!(audited(&stage), audited_before);
    let refused = |passed: &&Passed| passed.code.is_some_and(|code| code >= 400);
    assert_eq!(stage.interposer.count(refused), 0);
}
