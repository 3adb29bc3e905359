//! What people and waiters read.

use jiff::{SignedDuration, Timestamp};
use kube::api::{Patch, PatchParams};
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use crate::stage::{Stage, profiles::condition};

const BASELINE: &str = "enforce=baseline+podsec enforce-version=v1.37+podsec";

fn immediate(names: &[&str]) -> Value {
    json!({"namespaceNames": names, "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"}})
}

/// The cells of a table that kubectl printed.
fn table(text: &str) -> Vec<Vec<&str>> {
    let cells = |line| str::split(line, "  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    text.lines().map(cells).collect()
}

#[tokio::test]
async fn kubectl_and_waiters_see_how_far_a_profile_is() {
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    for namespace in ["team-a", "team-b"] {
        stage.namespace(namespace, &[]).await;
    }
    stage.profile("teams", immediate(&["team-*"])).await;
    assert_eq!(stage.status("teams").await, json!({"observedGeneration": -1}), "nobody has seen it yet");
    stage.start();
    stage.is_ready("teams", 1).await;
    let status = stage.status("teams").await;
    let kinds: Vec<_> =
        status["conditions"].as_array().unwrap().iter().map(|one| one["type"].clone()).collect();
    assert_eq!(kinds, ["Ready", "Compliant", "Overlapping", "Contested", "RolloutHalted"]);
    assert!(
        kinds
            .iter()
            .all(|kind| condition(&status, kind.as_str().unwrap()).unwrap()["observedGeneration"] == 1)
    );

    let waited = ["wait", "--for=condition=Ready", "--timeout=60s", "cpsp/teams"];
    stage.cluster.kubectl(&waited).unwrap();
    let shown = stage.cluster.kubectl(&["get", "cpsp"]).unwrap();
    let shown = table(&shown);
    assert_eq!(shown[0], ["NAME", "ENFORCE", "NAMESPACES", "IN-SYNC", "HELD", "BLOCKERS", "READY", "AGE"]);
    assert_eq!(shown[1][..7], ["teams", "baseline:server (v1.37)", "2", "2", "0", "0", "True"]);
    let shown = stage.cluster.kubectl(&["get", "podsec", "-o", "wide"]).unwrap();
    let wide = [
        "AUDIT",
        "WARN",
        "STRATEGY",
        "MATCHED",
        "SOAKING",
        "INCONCLUSIVE",
        "EXEMPT",
        "YIELDED",
        "FROZEN",
        "CONTESTED",
    ];
    assert_eq!(table(&shown)[0][8..], wide);

    // Times of transitions stay when only counts change.
    let since = |status: &Value| condition(status, "Ready").unwrap()["lastTransitionTime"].clone();
    let before = since(&stage.status("teams").await);
    stage.a_second_passes().await;
    stage.namespace("team-c", &[]).await;
    stage.counts("teams", "inSync", 3).await;
    let status = stage.status("teams").await;
    assert_eq!(since(&status), before);
    let message = condition(&status, "Ready").unwrap()["message"].as_str().unwrap();
    assert!(message.starts_with("3 namespaces governed: 3 in sync"), "{message}");

    // Somebody else's status does not stay.
    let theirs = json!({"status": {"enforce": "nonsense", "conditions": [{
        "type": "Ready", "status": "False", "reason": "Nonsense", "message": "", "observedGeneration": 1,
        "lastTransitionTime": "2020-01-01T00:00:00Z",
    }]}});
    let params = PatchParams { field_manager: Some("somebody".into()), ..PatchParams::default() };
    stage.profiles().patch_status("teams", &params, &Patch::Merge(&theirs)).await.unwrap();
    stage.namespace("team-d", &[]).await;
    stage.counts("teams", "inSync", 4).await;
    let status = stage.status("teams").await;
    assert_eq!(status["enforce"], "baseline:server (v1.37)");
    assert_eq!(condition(&status, "Ready").unwrap()["status"], "True", "{status}");
    assert!(condition(&status, "Compliant").is_some(), "{status}");

    // A change of the spec is told as one: the old Ready does not count for it.
    let mut restricted = immediate(&["team-*"]);
    restricted["enforce"]["level"] = "restricted".into();
    let generation = stage.profile("teams", restricted).await;
    assert_eq!(generation, 2);
    stage.is_ready("teams", generation).await;
    assert_eq!(stage.status("teams").await["enforce"], "restricted:server (v1.37)");
}

#[tokio::test]
async fn namespaces_are_counted_by_what_became_of_them() {
    let stage = Stage::new().await;
    for namespace in ["team-plain", "team-exempt", "team-frozen"] {
        stage.namespace(namespace, &[]).await;
    }
    stage.namespace("team-yielded", &[("enforce", "restricted")]).await;
    // A profile that is suspended after it wrote keeps its namespace, whoever else matches it.
    let mut frozen = immediate(&["team-frozen"]);
    frozen["priority"] = 1.into();
    stage.settled_profile("frozen", frozen.clone()).await;
    stage.shows("team-frozen", BASELINE).await;
    frozen["suspend"] = true.into();
    stage.settled_profile("frozen", frozen).await;

    let soon = Timestamp::now().checked_add(SignedDuration::from_hours(24)).unwrap();
    let mut teams = immediate(&["team-*", "kube-system"]);
    teams["exemptions"] = json!([{"name": "team-exempt", "reason": "trial", "expires": soon.to_string()}]);
    stage.settled_profile("teams", teams).await;
    let expected = json!({
        "matched": 5, "governed": 4, "inSync": 2, "held": 1, "exempt": 1, "yielded": 1, "frozen": 0,
        "soaking": 1, "inconclusive": 0, "contested": 0,
    });
    stage.counts("teams", "matched", 5).await;
    let status = stage.status("teams").await;
    assert_eq!(status["namespaces"], expected);
    assert_eq!(status["expiring"][0]["reason"], "trial");
    assert_eq!(status["leftAlone"][0]["namespace"], "team-yielded");
    // A protected namespace is governed when it is named, and then never without the gate.
    let held = stage.is_held("teams", "kube-system", "Soaking").await;
    assert_eq!(held["planned"], "baseline:v1.37");
    assert_eq!(stage.shown("kube-system").await, "");
    let frozen = stage.status("frozen").await["namespaces"].clone();
    assert_eq!(
        frozen,
        json!({
            "matched": 1, "governed": 1, "inSync": 0, "held": 0, "exempt": 0, "yielded": 0, "frozen": 1,
            "soaking": 0, "inconclusive": 0, "contested": 0,
        })
    );
    let (status, reason, _) = stage.condition("frozen", "Ready").await.unwrap();
    assert_eq!((&*status, &*reason), ("True", "Suspended"));
}

#[tokio::test]
async fn profiles_of_equal_rank_that_disagree_are_both_told() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    let all = |level: &str| json!({"namespaceSelector": {}, "warn": {"level": level}, "rollout": {"strategy": "Immediate"}});
    stage.settled_profile("one", all("baseline")).await;
    stage.settled_profile("two", all("restricted")).await;
    for (name, other) in [("one", "two"), ("two", "one")] {
        stage
            .eventually("both to be told", || async {
                let (status, _, message) = stage.condition(name, "Overlapping").await?;
                (status == "True" && message.contains(&format!(": {other};"))).then_some(())
            })
            .await;
        assert_eq!(stage.condition(name, "Ready").await.unwrap().0, "True");
    }
    stage.shows("team-a", "warn=restricted+podsec warn-version=latest+podsec").await;
    // A catch-all leaves protected namespaces alone.
    assert_eq!(stage.shown("kube-system").await, "");
    assert!(stage.shown("default").await.starts_with("warn=restricted+podsec"));
    assert_eq!(stage.interposer.writes_of("kube-system"), 0);

    let mut higher = all("restricted");
    higher["priority"] = 1.into();
    stage.settled_profile("two", higher).await;
    for name in ["one", "two"] {
        stage
            .eventually("nobody to overlap", || async {
                (stage.condition(name, "Overlapping").await?.0 == "False").then_some(())
            })
            .await;
    }
}

#[tokio::test]
async fn what_somebody_else_wrote_into_a_status_is_put_right() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    stage.settled_profile("teams", immediate(&["team-*"])).await;
    let forged = serde_json::json!({"status": {"enforce": "baseline:server (v1.20)", "conditions": [{
        "type": "Ready", "status": "False", "reason": "Forged", "message": "forged",
        "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1,
    }]}});
    let params = kube::api::PatchParams { field_manager: Some("odd".into()), ..Default::default() };
    stage.profiles().patch_status("teams", &params, &kube::api::Patch::Merge(&forged)).await.unwrap();
    // With the next list of profiles, for whatever reason.
    stage.profile("other", immediate(&["other"])).await;
    stage.is_ready("teams", 1).await;
    assert_eq!(stage.status("teams").await["enforce"], "baseline:server (v1.37)");
    assert_eq!(stage.shown("team-a").await, BASELINE);
}

#[tokio::test]
async fn a_dry_run_counts_what_it_would_find_whoever_governs() {
    let stage = Stage::new().await;
    for namespace in ["team-a", "team-b"] {
        stage.namespace(namespace, &[]).await;
        stage.privileged_pod(namespace, "agent").await.unwrap();
    }
    let governing = json!({"namespaceNames": ["team-a"], "enforce": {"level": "privileged"}, "warn": {"level": "restricted"}});
    stage.settled_profile("teams", governing).await;
    let trial = json!({
        "namespaceNames": ["team-*"], "enforce": {"level": "baseline"}, "rollout": {"strategy": "DryRun"},
    });
    stage.settled_profile("trial", trial).await;
    stage
        .eventually("what violates in both namespaces to be counted", || async {
            let counted = stage.status("trial").await["workloads"].clone();
            (counted == json!({"judged": 2, "violating": 2})).then_some(())
        })
        .await;
    let (status, reason, _) = stage.condition("trial", "Compliant").await.unwrap();
    assert_eq!((status.as_str(), reason.as_str()), ("False", "Violations"));
}
