//! enforce is lowered because a person said so, and for nothing else.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use podsec::standards::Mode;
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use crate::stage::Stage;

fn enforced(level: &str) -> String {
    format!("enforce={level}+podsec enforce-version=v1.37+podsec")
}

fn immediate(names: &str, level: &str, priority: i32) -> Value {
    json!({
        "namespaceNames": [names], "priority": priority, "enforce": {"level": level},
        "rollout": {"strategy": "Immediate"},
    })
}

/// The profile that a namespace's ledger names for enforce.
async fn author(stage: &Stage, namespace: &str) -> String {
    let ledger = stage.observed(namespace).await.ledger_annotations;
    ledger.get("podsec.dev/governed-by").unwrap().replace("enforce=", "")
}

#[tokio::test]
#[expect(
    clippy::print_stdout,
    reason = "how long an exemption takes is worth knowing, but no reason to fail"
)]
async fn an_exemption_lowers_at_once_and_its_end_raises_again() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    let spec = immediate("team-*", "baseline", 0);
    stage.settled_profile("teams", spec.clone()).await;
    stage.shows("team-a", &enforced("baseline")).await;
    stage
        .eventually("privileged pods to be refused", || async {
            stage.privileged_pod("team-a", "refused").await.is_err().then_some(())
        })
        .await;

    let exempt = |reason: &str, expires: Option<Timestamp>| {
        let mut spec = spec.clone();
        spec["exemptions"] = json!([{"name": "team-*", "reason": reason}]);
        if let Some(expires) = expires {
            spec["exemptions"][0]["expires"] = expires.to_string().into();
        }
        spec
    };
    // No namespace is written twice within a second.
    stage.a_second_passes().await;
    let begun = Instant::now();
    stage.profile("teams", exempt("vendor agent, OPS-1412", None)).await;
    stage
        .eventually("a privileged pod to be let in", || async {
            stage.privileged_pod("team-a", "exempt").await.ok()
        })
        .await;
    println!("the next pod was let in {:?} after the exemption", begun.elapsed());
    stage.shows("team-a", &enforced("privileged")).await;
    stage.counts("teams", "exempt", 1).await;
    stage.event("Weakened", "exemption team-* of profile teams: vendor agent, OPS-1412").await;

    stage.settled_profile("teams", spec.clone()).await;
    stage.shows("team-a", &enforced("baseline")).await;
    let soon = Timestamp::now().checked_add(SignedDuration::from_secs(6)).unwrap();
    let expires = Timestamp::from_second(soon.as_second()).unwrap();
    stage.profile("teams", exempt("trial", Some(expires))).await;
    stage.event("Weakened", "exemption team-* of profile teams: trial").await;
    stage.shows("team-a", &enforced("baseline")).await;
    assert!(Timestamp::now() >= expires);
    stage.counts("teams", "exempt", 0).await;
    stage.event("Raised", "team-a: enforce set from privileged:v1.37 to baseline:v1.37").await;
}

#[tokio::test]
async fn another_profile_does_not_lower_what_a_strict_one_raised() {
    let stage = Stage::new().await;
    let cases = ["pruned", "outranked", "relabelled"];
    for case in cases {
        let (names, namespace) = (format!("{case}-*"), format!("{case}-a"));
        stage.namespace(&namespace, &[("tier", "strict")]).await;
        let mut strict = immediate(&names, "restricted", 5);
        strict["namespaceSelector"] = json!({"matchLabels": {"tier": "strict"}});
        stage.settled_profile(&format!("{case}-strict"), strict).await;
        stage.settled_profile(&format!("{case}-weak"), immediate(&names, "baseline", 0)).await;
        stage.shows(&namespace, &enforced("restricted")).await;
    }
    stage.delete_profile("pruned-strict").await;
    stage.settled_profile("outranked-weak", immediate("outranked-*", "baseline", 9)).await;
    stage.label("relabelled-a", &[("tier", None)]).await;
    for case in cases {
        let (weak, namespace) = (format!("{case}-weak"), format!("{case}-a"));
        let held = stage.is_held(&weak, &namespace, "WouldWeaken").await;
        assert_eq!(
            (&held["present"], &held["planned"]),
            (&json!("restricted:v1.37"), &json!("baseline:v1.37"))
        );
        assert_eq!(stage.shown(&namespace).await, enforced("restricted"));
        assert_eq!(author(&stage, &namespace).await, format!("{case}-strict"));
        stage.event("Held", &format!("{namespace}: enforce held at restricted:v1.37")).await;

        // Held is held: what somebody lowers is put back.
        stage.label(&namespace, &[("enforce", Some("baseline"))]).await;
        stage.shows(&namespace, &enforced("restricted")).await;

        let mut allowing = immediate(&format!("{case}-*"), "baseline", 9);
        allowing["allowWeakening"] = true.into();
        stage.settled_profile(&weak, allowing).await;
        stage.shows(&namespace, &enforced("baseline")).await;
        assert_eq!(author(&stage, &namespace).await, weak);
        stage
            .event("Weakened", &format!("{namespace}: enforce set from restricted:v1.37 to baseline:v1.37"))
            .await;
    }
}

#[tokio::test]
async fn profiles_that_change_places_raise_but_do_not_lower() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    let with_warn = |level: &str, priority: i32| {
        let mut spec = immediate("team-*", level, priority);
        spec["warn"] = json!({"level": level});
        spec
    };
    let warned = |level: &str| format!("warn={level}+podsec warn-version=latest+podsec");
    stage.settled_profile("one", with_warn("baseline", 2)).await;
    stage.settled_profile("two", with_warn("restricted", 1)).await;
    stage.shows("team-a", &format!("{} {}", enforced("baseline"), warned("baseline"))).await;
    assert_eq!(stage.condition("one", "Overlapping").await.unwrap().0, "False");

    stage.settled_profile("two", with_warn("restricted", 3)).await;
    stage.shows("team-a", &format!("{} {}", enforced("restricted"), warned("restricted"))).await;
    stage.counts("one", "governed", 0).await;

    // Back again: warn, which refuses nothing, follows.
    stage.settled_profile("two", with_warn("restricted", 1)).await;
    stage.shows("team-a", &format!("{} {}", enforced("restricted"), warned("baseline"))).await;
    stage.is_held("one", "team-a", "WouldWeaken").await;
    assert_eq!(
        stage.observed("team-a").await.ledger_annotations.get("podsec.dev/governed-by").unwrap(),
        "enforce=two,warn=one"
    );
}

#[tokio::test]
async fn never_weaken_refuses_what_would_lower() {
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    stage.settings.never_weaken = true;
    stage.settings.server_exempt_runtime_classes = ["gvisor".to_owned()].into();
    stage.settings.server_defaults.set(Mode::Enforce, "baseline:latest".parse().unwrap());
    stage.start();
    for name in ["edited", "removed", "bare"] {
        stage.namespace(&format!("{name}-a"), &[]).await;
    }
    let mut removing = immediate("removed-*", "restricted", 0);
    removing["releasePolicy"] = "Remove".into();
    stage.settled_profile("removed", removing).await;
    stage.shows("removed-a", &enforced("restricted")).await;
    stage.delete_profile("removed").await;
    stage.shows("removed-a", &enforced("restricted").replace("+podsec", "+retained")).await;
    stage
        .event("Retained", "removed-a: enforce restricted:v1.37: the controller runs with --never-weaken")
        .await;

    stage.settled_profile("edited", immediate("edited-*", "restricted", 0)).await;
    stage.shows("edited-a", &enforced("restricted")).await;
    stage.settled_profile("edited", immediate("edited-*", "baseline", 0)).await;
    stage.is_held("edited", "edited-a", "NeverWeaken").await;
    let mut exempting = immediate("edited-*", "restricted", 0);
    exempting["exemptions"] = json!([{"name": "edited-a", "reason": "trial"}]);
    stage.settled_profile("edited", exempting).await;
    stage.is_held("edited", "edited-a", "NeverWeaken").await;
    assert_eq!(stage.shown("edited-a").await, enforced("restricted"));

    // The API server's own default is stricter than what the profile asks for.
    stage.settled_profile("bare", immediate("bare-*", "privileged", 0)).await;
    let held = stage.is_held("bare", "bare-a", "WouldWeaken").await;
    assert_eq!(held["present"], "baseline:latest");
    assert_eq!(stage.shown("bare-a").await, "");
    let controller = &stage.status("bare").await["controller"];
    assert_eq!(controller["neverWeaken"], true);
    assert_eq!(controller["serverDefaults"][0], "enforce=baseline:latest");
    assert_eq!(controller["serverExemptRuntimeClasses"], json!(["gvisor"]));
    assert_eq!(stage.events("Weakened", "").await, []);
}
