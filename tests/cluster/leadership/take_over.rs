//! A leader that ends, or stands still: another one goes on in its place, and in no other way.

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::{BASELINE, FIRST, LASTS, RETRY, SECOND, TERMS, never_lowered, replica::Replica};
use crate::stage::{Stage, seen::Seen};

/// How much longer than it should a take-over may seem to take on a machine that has other things to do.
const SLACK: Duration = Duration::from_secs(10);

fn baseline() -> Value {
    json!({"namespaceNames": ["team-*"], "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"}})
}

/// Two replicas of which the first leads, and namespaces that it has labelled.
async fn led_by_the_first(stage: &Stage) -> (Replica, Replica) {
    for index in 0..5 {
        stage.namespace(&format!("team-{index}"), &[]).await;
    }
    let first = Replica::start(stage, FIRST, &TERMS);
    stage.is_led_by(FIRST).await;
    let second = Replica::start(stage, SECOND, &TERMS);
    stage.settled_profile("teams", baseline()).await;
    for index in 0..5 {
        stage.shows(&format!("team-{index}"), BASELINE).await;
    }
    let (code, body) = second.asked(stage, "/readyz").await;
    assert_eq!((code, body.as_str()), (200, "ok: stands by\n"));
    (first, second)
}

async fn leads(stage: &Stage, replica: &Replica, leads: u8) {
    let line = format!("leader_election_master_status{{name=\"podsec\"}} {leads}");
    let what = format!("the metrics to say {line}");
    stage
        .eventually(&what, || async {
            replica.asked(stage, "/metrics").await.1.contains(&line).then_some(())
        })
        .await;
}

#[tokio::test]
async fn one_that_is_killed_is_followed_and_nothing_is_written_twice() {
    let stage = Stage::of_two().await;
    let seen = Seen::all_of(stage.namespaces());
    let (mut first, second) = led_by_the_first(&stage).await;
    leads(&stage, &first, 1).await;
    leads(&stage, &second, 0).await;

    first.dies();
    let died = Instant::now();
    // What comes while nobody leads waits for the next one.
    stage.namespace("team-late", &[]).await;
    stage.is_led_by(SECOND).await;
    let took = died.elapsed();
    assert!(took <= LASTS + RETRY + SLACK, "{took:?}");
    assert!(took + RETRY + Duration::from_millis(500) >= LASTS, "the lease had not run out: {took:?}");
    stage.shows("team-late", BASELINE).await;
    leads(&stage, &second, 1).await;

    // The one that comes back stands by, and follows in its turn: at once, since the other one ends in good order.
    let first = Replica::start(&stage, FIRST, &TERMS);
    let (_, body) = first.asked(&stage, "/readyz").await;
    assert!(body.contains("stands by"), "{body}");
    second.gets(Signal::SIGTERM);
    let told = Instant::now();
    stage.is_led_by(FIRST).await;
    assert!(told.elapsed() <= RETRY + SLACK, "{:?}", told.elapsed());
    stage.namespace("team-last", &[]).await;
    stage.shows("team-last", BASELINE).await;

    let writes = stage.label_writes();
    assert_eq!(writes.len(), 7, "{writes:?}");
    assert!(writes.values().all(|count| *count == 1), "{writes:?}");
    never_lowered(&seen, "team-");
}

#[tokio::test]
async fn one_that_was_stopped_and_woken_writes_nothing_and_ends() {
    let stage = Stage::of_two().await;
    let seen = Seen::all_of(stage.namespaces());
    let (mut first, _second) = led_by_the_first(&stage).await;

    first.gets(Signal::SIGSTOP);
    stage.is_led_by(SECOND).await;
    // There is plenty that the first one will find to do.
    for index in 0..5 {
        stage.namespace(&format!("team-late-{index}"), &[]).await;
        stage.shows(&format!("team-late-{index}"), BASELINE).await;
    }
    stage.profile("teams", json!({
        "namespaceNames": ["team-*"], "enforce": {"level": "restricted"}, "rollout": {"strategy": "Immediate"},
    })).await;
    let restricted = BASELINE.replace("baseline", "restricted");
    for index in 0..5 {
        stage.shows(&format!("team-{index}"), &restricted).await;
    }
    let by_first = || stage.written().into_iter().filter(|written| written.user == FIRST).count();
    let before = by_first();
    first.gets(Signal::SIGCONT);
    let status = first.ends(&stage).await;
    assert!(status.code() == Some(2) && first.log().contains("leads no more"), "{status} {}", first.log());
    stage.namespace("team-last", &[]).await;
    stage.shows("team-last", &restricted).await;
    assert_eq!(by_first(), before, "{:#?}", stage.written());
    never_lowered(&seen, "team-");
}
