//! What changes while podsec looks the other way: between observing and writing, and between two lives of its own.

use std::time::Duration;

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    interposer::{Interposer, Passed},
    stage::{
        Stage,
        namespaces::{delete_namespace, label},
    },
};

const BASELINE: &str = "enforce=baseline+podsec enforce-version=v1.37+podsec";
const RESTRICTED: &str = "enforce=restricted+podsec enforce-version=v1.37+podsec";

fn immediate(names: &[&str], level: &str) -> Value {
    json!({"namespaceNames": names, "enforce": {"level": level}, "rollout": {"strategy": "Immediate"}})
}

/// Waits until podsec has sent a write of a namespace, whatever was answered.
async fn is_written(stage: &Stage, namespace: &str) {
    let what = format!("a write of {namespace}");
    stage.eventually(&what, || async { (stage.interposer.writes_of(namespace) > 0).then_some(()) }).await;
}

#[tokio::test]
async fn what_changed_between_observing_and_writing_is_looked_at_again() {
    let stage = Stage::new().await;
    stage.namespace("before", &[]).await;
    stage.settled_profile("teams", immediate(&["before", "team-*"], "baseline")).await;
    stage.shows("before", BASELINE).await;

    // A person raises the label: theirs is stricter, and survives.
    let api = stage.namespaces();
    stage.interposer.before_next_write(move || async move {
        label(&api, "team-a", &[("enforce", Some("restricted"))]).await.unwrap();
    });
    stage.namespace("team-a", &[]).await;
    stage.counts("teams", "yielded", 1).await;
    assert_eq!(stage.shown("team-a").await, "enforce=restricted");

    // The namespace goes away: it is not created again.
    let api = stage.namespaces();
    stage.interposer.before_next_write(move || async move { delete_namespace(&api, "team-b").await });
    stage.namespace("team-b", &[]).await;
    stage.namespace("team-c", &[]).await;
    stage.shows("team-c", BASELINE).await;
    is_written(&stage, "team-b").await;
    stage.counts("teams", "matched", 3).await;
    assert!(stage.namespaces().get_opt("team-b").await.unwrap().is_none());

    // It goes away and another one comes under its name: that one is observed afresh, and gets its labels.
    let again = stage.namespaces();
    stage.interposer.before_next_write(move || async move {
        delete_namespace(&again, "team-d").await;
        let object = serde_json::from_value(json!({"metadata": {"name": "team-d"}})).unwrap();
        again.create(&kube::api::PostParams::default(), &object).await.unwrap();
    });
    stage.namespace("team-d", &[]).await;
    is_written(&stage, "team-d").await;
    stage.shows("team-d", BASELINE).await;
    // An Event for whoever was in a namespace that has gone meanwhile may be refused.
    let refused =
        stage.interposer.count(|passed| passed.code == Some(403) && passed.written_namespace().is_some());
    assert_eq!(refused, 0, "{:?}", stage.interposer.passed());
}

#[tokio::test]
async fn a_namespace_created_again_under_its_name_is_another_one() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    stage.settled_profile("teams", immediate(&["team-*"], "baseline")).await;
    stage.shows("team-a", BASELINE).await;

    // While it is being deleted nothing is written to it, whatever somebody does to its labels.
    let finalizer = json!({"metadata": {"finalizers": ["test.podsec.dev/hold"]}});
    stage.namespaces().patch("team-a", &PatchParams::default(), &Patch::Merge(&finalizer)).await.unwrap();
    delete_namespace(&stage.namespaces(), "team-a").await;
    let before = stage.interposer.writes_of("team-a");
    stage.label("team-a", &[("enforce", Some("privileged"))]).await;
    stage.namespace("team-b", &[]).await;
    stage.shows("team-b", BASELINE).await;
    assert_eq!(stage.shown("team-a").await, "enforce=privileged enforce-version=v1.37+podsec");

    let old = stage.observed("team-a").await.uid;
    let finalizers = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    stage.namespaces().patch("team-a", &PatchParams::default(), &finalizers).await.unwrap();
    stage.namespace("team-a", &[]).await;
    stage.shows("team-a", BASELINE).await;
    assert_ne!(stage.observed("team-a").await.uid, old);
    assert_eq!(stage.interposer.writes_of("team-a"), before + 1);
}

#[tokio::test]
async fn two_writers_who_disagree_do_not_keep_each_other_busy() {
    const WINDOW: Duration = Duration::from_secs(5);
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    stage.settled_profile("teams", immediate(&["team-*"], "restricted")).await;
    stage.shows("team-a", RESTRICTED).await;
    let tries = || stage.interposer.writes_of("team-a");
    let accepted = || {
        let is_meant =
            |passed: &&Passed| passed.written_namespace() == Some("team-a") && passed.code == Some(200);
        stage.interposer.count(is_meant)
    };
    let (tries_before, accepted_before) = (tries(), accepted());

    let api = stage.namespaces();
    let opponent = tokio::spawn(async move {
        let end = Instant::now() + WINDOW;
        let mut count = 0;
        while Instant::now() < end {
            for level in ["privileged", "baseline"] {
                label(&api, "team-a", &[("enforce", Some(level))]).await.unwrap();
                count += 1;
            }
        }
        count
    });
    stage.namespace("team-b", &[]).await;
    stage.shows("team-b", RESTRICTED).await;
    assert!(!opponent.is_finished(), "another namespace does not wait for the end of the fight");
    let count = opponent.await.unwrap();
    // One a second, and one at either end. What is refused because the namespace changed meanwhile is tried three
    // times before its turn is over.
    let (tries, accepted) = (tries() - tries_before, accepted() - accepted_before);
    assert!(accepted <= 7, "{accepted} writes against {count} in {WINDOW:?}");
    assert!(tries <= 3 * 7, "{tries} tries against {count} in {WINDOW:?}");
    stage.shows("team-a", RESTRICTED).await;
}

/// How many rounds are prepared; more than the writes of one.
const ROUNDS: usize = 20;

#[tokio::test]
async fn a_controller_killed_after_any_write_ends_in_the_same_state() {
    let mut stage = Stage::new().await;
    let released = |round| format!("old-{round}");
    for round in 0..ROUNDS {
        for kind in ["adopted", "released"] {
            stage.namespace(&format!("{kind}-{round}"), &[]).await;
        }
        stage.profile(&released(round), immediate(&[&format!("released-{round}")], "restricted")).await;
    }
    stage.settled_profile("before", immediate(&["adopted-*"], "baseline")).await;
    for round in 0..ROUNDS {
        stage.shows(&format!("released-{round}"), RESTRICTED).await;
        stage.shows(&format!("adopted-{round}"), BASELINE).await;
    }
    stage.delete_profile("before").await;
    let retained = BASELINE.replace("+podsec", "+retained");
    for round in 0..ROUNDS {
        stage.shows(&format!("adopted-{round}"), &retained).await;
        stage.has_no_report(&format!("adopted-{round}")).await;
        stage.is_ready(&released(round), 1).await;
    }
    stage.stop().await;

    let undisturbed = round(&mut stage, 0, Interposer::default()).await;
    let writes = undisturbed.writes;
    let all = stage.interposer.writes();
    assert!((5..ROUNDS).contains(&writes), "{writes} writes: {all:#?}");
    for limit in 1..=writes {
        let killed = round(&mut stage, limit, Interposer::that_ends_after(limit)).await;
        assert_eq!(killed.state, undisturbed.state, "killed after write {limit} of {writes}");
    }
}

/// How a round ended.
struct Ended {
    state: Vec<String>,
    writes: usize,
}

/// One namespace is released, one adopted from `podsec-retained` and raised further, one raised, by a controller
/// that is killed when the interposer says so, and started again.
async fn round(stage: &mut Stage, round: usize, interposer: Interposer) -> Ended {
    let profile = format!("new-{round}");
    let namespaces = ["released", "adopted", "raised"].map(|kind| format!("{kind}-{round}"));
    let [_, adopted, raised] = &namespaces;
    stage.namespace(raised, &[]).await;
    stage.delete_profile(&format!("old-{round}")).await;
    let generation = stage.profile(&profile, immediate(&[adopted, raised], "restricted")).await;
    stage.interposer = interposer;
    stage.start();
    let expected = [&*RESTRICTED.replace("+podsec", "+retained"), RESTRICTED, RESTRICTED];
    let end = Instant::now() + Duration::from_secs(90);
    loop {
        revive(stage);
        let mut shown = Vec::new();
        for namespace in &namespaces {
            shown.push(stage.shown(namespace).await);
        }
        let status = stage.status(&profile).await;
        let told = status["observedGeneration"] == generation && status["namespaces"]["inSync"] == 2;
        if told && shown == expected {
            break;
        }
        assert!(Instant::now() < end, "killed after write {round}: {shown:?} {status}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let writes = stage.interposer.writes().len();
    stage.kill();
    let mut left = Vec::new();
    for namespace in &namespaces {
        let observed = stage.observed(namespace).await;
        let ledger = format!("{:?}", observed.ledger_annotations).replace(&profile, "new");
        left.push(format!("{} {ledger}", stage.shown(namespace).await));
    }
    Ended { state: left, writes }
}

/// Starts the controller again when it was killed.
fn revive(stage: &mut Stage) {
    if stage.interposer.limit_is_reached() {
        stage.kill();
        stage.interposer = Interposer::default();
        stage.start();
    }
}
