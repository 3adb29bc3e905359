//! Somebody takes back what podsec writes, again and again.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures::{StreamExt as _, stream};
use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{
    BASELINE,
    commands::{podsec, text},
    immediate,
};
use crate::stage::{Stage, profiles::condition};

fn is_contested(status: &Value) -> Option<String> {
    let contested = condition(status, "Contested")?;
    (contested["status"] == "True").then(|| contested["message"].as_str().unwrap_or_default().to_owned())
}

/// Waits until a profile says of a fight over a namespace whether there is one; gives what it says.
async fn fight_over(stage: &Stage, profile: &str, is_there: bool) -> String {
    stage
        .eventually(&format!("Contested to be {is_there}"), || async {
            let message = is_contested(&stage.status(profile).await);
            (message.is_some() == is_there).then(|| message.unwrap_or_default())
        })
        .await
}

#[tokio::test]
async fn three_takes_in_a_row_are_told_and_who_gives_up_is_forgotten() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    stage.settled_profile("teams", immediate("team-*", "baseline")).await;
    stage.shows("team-a", BASELINE).await;
    let take = || stage.apply_labels("kustomize-controller", "team-a", &[("enforce", "privileged")]);
    for _ in 0..2 {
        take().await;
        stage.shows("team-a", BASELINE).await;
    }
    assert_eq!(is_contested(&stage.status("teams").await), None, "twice is no fight");
    take().await;
    stage.shows("team-a", BASELINE).await;

    let message = fight_over(&stage, "teams", true).await;
    assert!(
        message.contains("kustomize-controller has taken enforce from podsec 3 times in a row"),
        "{message}"
    );
    assert!(
        message.contains(
            ". Flux: set pod-security.kubernetes.io/enforce=baseline pod-security.kubernetes.io/enforce-version=v1.37 on \
             namespace team-a in Git"
        ),
        "{message}"
    );
    stage.event("Contested", "team-a: kustomize-controller has taken enforce").await;
    let report = stage.reports_state("team-a", "Contested", "Contested").await;
    assert_eq!(report["message"].as_str().unwrap(), message.strip_prefix("namespace team-a: ").unwrap());
    // Whoever looks at it once cannot see it, and is told what the report says.
    for command in [&["owners", "-n", "team-a"][..], &["why", "team-a"], &["plan", "-n", "team-a"]] {
        let output = podsec(&stage, command);
        let shown = text(output.stdout);
        let told = format!("the report of the controller says: {}\n", report["message"].as_str().unwrap());
        assert!(output.status.code() == Some(1) && shown.contains(&told), "{command:?}: {shown}");
    }
    stage.counts("teams", "contested", 1).await;
    stage.counts("teams", "inSync", 1).await;
    let columns = stage.cluster.kubectl(&["get", "psr", "-n", "team-a", "--no-headers"]).unwrap();
    assert!(columns.contains("Contested"), "{columns}");
    let ready = stage.condition("teams", "Ready").await.unwrap();
    assert_eq!(ready.0, "True", "{ready:?}");
    let metrics = stage.asked("/metrics").await.unwrap().1;
    assert!(metrics.contains("\npodsec_contested_namespaces{writer=\"flux\"} 1\n"), "{metrics}");

    // The keys are deleted from Git: the other side has let go, but that leaves no trace. It is forgotten in time.
    stage.apply_labels("kustomize-controller", "team-a", &[]).await;
    assert_eq!(stage.shown("team-a").await, BASELINE);
    fight_over(&stage, "teams", false).await;
    stage.event("Settled", "team-a: nobody takes enforce from podsec any more").await;
    stage.reports_state("team-a", "InSync", "InSync").await;
}

#[tokio::test]
async fn who_comes_to_set_what_podsec_sets_has_given_up_at_once() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    stage.settled_profile("teams", immediate("team-*", "baseline")).await;
    stage.shows("team-a", BASELINE).await;
    for _ in 0..3 {
        stage.apply_labels("argocd-controller", "team-a", &[("enforce", "privileged")]).await;
        stage.shows("team-a", BASELINE).await;
    }
    fight_over(&stage, "teams", true).await;
    stage.apply_labels("argocd-controller", "team-a", &[("enforce", "baseline")]).await;
    fight_over(&stage, "teams", false).await;
    stage.event("Settled", "team-a").await;
}

/// Argo CD heals its applications every 5 s, by a forced apply.
#[tokio::test]
async fn fast_takes_are_answered_less_often_but_what_is_weaker_stands_a_minute_at_most() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    let mut spec = immediate("team-*", "baseline");
    spec["conflictPolicy"] = "Force".into();
    stage.settled_profile("teams", spec).await;
    stage.shows("team-a", BASELINE).await;
    let before = stage.interposer.writes_of("team-a");

    let begun = Instant::now();
    let mut turns = interval(Duration::from_secs(5));
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while begun.elapsed() < Duration::from_secs(100) {
        turns.tick().await;
        stage.apply_labels("argocd-controller", "team-a", &[("enforce", "privileged")]).await;
    }
    let writes = stage.interposer.writes_of("team-a") - before;
    // Five at once and one in each minute.
    let most = 6 + usize::try_from(begun.elapsed().as_secs() / 60).unwrap();
    assert!((5..=most).contains(&writes), "{writes} writes");
    let message = fight_over(&stage, "teams", true).await;
    assert!(message.contains("argocd-controller has taken enforce"), "{message}");
    // Whatever was left weaker is put back within the minute.
    stage.shows("team-a", BASELINE).await;
}

#[tokio::test]
async fn fights_over_fifty_namespaces_slow_no_other() {
    const FOUGHT: usize = 50;
    const OTHERS: usize = 200;
    let stage = Stage::new().await;
    let fought: Vec<_> = (0..FOUGHT).map(|number| format!("team-fought-{number:02}")).collect();
    let names = &fought;
    stream::iter(names).for_each_concurrent(8, |name| stage.namespace(name, &[])).await;
    stage.settled_profile("teams", immediate("team-*", "baseline")).await;
    stage.counts("teams", "inSync", FOUGHT as u64).await;
    let before = stage.interposer.namespace_writes();

    // 50 times a second, one after the other.
    let is_over = AtomicBool::new(false);
    let fight = async {
        let mut turns = interval(Duration::from_millis(20));
        let (mut flips, mut namespaces) = (0, names.iter().cycle());
        while !is_over.load(Ordering::Relaxed) {
            turns.tick().await;
            let name = namespaces.next().unwrap();
            stage.apply_labels("flipper", name, &[("enforce", "privileged")]).await;
            flips += 1;
        }
        flips
    };
    let others = async {
        let others: Vec<_> = (0..OTHERS).map(|number| format!("team-other-{number:03}")).collect();
        // The fight is under way.
        stage.counts("teams", "contested", FOUGHT as u64).await;
        let begun = Instant::now();
        stream::iter(&others)
            .for_each_concurrent(4, |name| async {
                stage.namespace(name, &[]).await;
                stage.shows(name, BASELINE).await;
            })
            .await;
        let (took, writes) = (begun.elapsed(), stage.interposer.namespace_writes() - before);
        is_over.store(true, Ordering::Relaxed);
        (took, writes)
    };
    let (flips, (took, writes)) = futures::join!(fight, others);
    let minutes = usize::try_from(took.as_secs() / 60).unwrap() + 2;
    let most = FOUGHT * (5 + minutes) + OTHERS * 2;
    assert!(writes <= most, "{writes} writes in {took:?}, against {flips} flips");
    let message = fight_over(&stage, "teams", true).await;
    assert!(
        message.starts_with("50 namespaces are fought over; namespace team-fought-00: flipper has"),
        "{message}"
    );
}
