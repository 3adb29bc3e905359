//! Two that both take themselves for the leader: the version that each write replaces keeps them from doing harm.

use serde_json::json;

use super::{BASELINE, FIRST, SECOND, never_lowered, replica::Replica};
use crate::stage::{Stage, seen::Seen};

const NAMESPACES: usize = 20;

#[tokio::test]
async fn two_that_both_believe_to_lead_write_each_label_once() {
    let stage = Stage::of_two().await;
    let seen = Seen::all_of(stage.namespaces());
    // Neither knows of any lease.
    let _replicas = [FIRST, SECOND].map(|user| Replica::start(&stage, user, &[]));
    let spec = json!({
        "namespaceNames": ["team-*"], "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"},
    });
    stage.settled_profile("teams", spec).await;
    for index in 0..NAMESPACES {
        stage.namespace(&format!("team-{index}"), &[]).await;
    }
    for index in 0..NAMESPACES {
        stage.shows(&format!("team-{index}"), BASELINE).await;
    }
    stage.namespace("team-last", &[]).await;
    stage.shows("team-last", BASELINE).await;
    let tried: std::collections::BTreeSet<_> = stage
        .written()
        .into_iter()
        .filter(|written| written.uri.contains("/team-"))
        .map(|w| w.user)
        .collect();
    assert_eq!(tried.len(), 2, "both of them were at it");
    let writes = stage.label_writes();
    assert_eq!(writes.len(), NAMESPACES + 1);
    assert!(writes.values().all(|count| *count == 1), "{writes:?}");
    never_lowered(&seen, "team-");

    // What somebody lowers is put back once.
    stage.label("team-0", &[("enforce", Some("privileged"))]).await;
    stage.shows("team-0", BASELINE).await;
    stage.namespace("team-end", &[]).await;
    stage.shows("team-end", BASELINE).await;
    assert_eq!(stage.label_writes()["team-0"], 2);
}
