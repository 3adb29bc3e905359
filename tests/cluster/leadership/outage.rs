//! An API server that is away for longer than the lease lasts.

use serde_json::json;
use tokio::time::sleep;

use super::{BASELINE, FIRST, LASTS, SECOND, TERMS, never_lowered, replica::Replica};
use crate::stage::{Stage, seen::Seen};

#[tokio::test]
async fn a_leader_ends_when_the_api_server_is_away_and_another_one_begins_when_it_is_back() {
    let stage = Stage::of_two().await;
    let seen = Seen::all_of(stage.namespaces());
    let mut first = Replica::start(&stage, FIRST, &TERMS);
    stage.is_led_by(FIRST).await;
    let mut second = Replica::start(&stage, SECOND, &TERMS);
    let spec = json!({
        "namespaceNames": ["team-*"], "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"},
    });
    stage.settled_profile("teams", spec).await;
    stage.namespace("team-a", &[]).await;
    stage.shows("team-a", BASELINE).await;
    assert!(second.asked(&stage, "/readyz").await.1.contains("stands by"));

    // It refuses connections.
    stage.cluster.stop_api_server().await.unwrap();
    let status = first.ends(&stage).await;
    assert!(
        status.code() == Some(2) && first.log().contains("could not be renewed in time"),
        "{}",
        first.log()
    );
    // A time in which nobody leads.
    sleep(LASTS).await;
    assert!(second.runs(), "whoever stands by has nothing to lose: {}", second.log());
    stage.cluster.start_api_server(&[]).await.unwrap();
    stage.is_led_by(SECOND).await;
    stage.namespace("team-b", &[]).await;
    stage.shows("team-b", BASELINE).await;

    // It takes connections and does not answer; and carries out later what it was asked.
    let first = Replica::start(&stage, FIRST, &TERMS);
    assert!(first.asked(&stage, "/readyz").await.1.contains("stands by"));
    stage.cluster.freeze_api_server().unwrap();
    let status = second.ends(&stage).await;
    assert!(
        status.code() == Some(2) && second.log().contains("could not be renewed in time"),
        "{}",
        second.log()
    );
    sleep(LASTS).await;
    stage.cluster.thaw_api_server().unwrap();
    stage.is_led_by(FIRST).await;
    stage.namespace("team-c", &[]).await;
    stage.shows("team-c", BASELINE).await;
    never_lowered(&seen, "team-");
}
