//! What podsec writes, on the real API server: each transition of a governed namespace.

use serde_json::{Value, json};

use crate::stage::Stage;

/// The enforce pair as podsec writes it.
fn enforced(level: &str) -> String {
    format!("enforce={level}+podsec enforce-version=v1.37+podsec")
}

fn immediate(names: &str, level: &str) -> Value {
    json!({"namespaceNames": [names], "enforce": {"level": level}, "rollout": {"strategy": "Immediate"}})
}

#[tokio::test]
async fn labels_are_raised_repaired_lowered_and_retained() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    let restricted = json!({
        "namespaceNames": ["team-*"], "enforce": {"level": "restricted"}, "warn": {"level": "restricted"},
        "rollout": {"strategy": "Immediate"},
    });
    stage.settled_profile("teams", restricted.clone()).await;
    let all = "enforce=restricted+podsec enforce-version=v1.37+podsec warn=restricted+podsec warn-version=latest+podsec";
    stage.shows("team-a", all).await;
    stage.event("Raised", "team-a: enforce set from privileged (assumed) to restricted:v1.37").await;

    stage.namespace("team-new", &[]).await;
    stage.shows("team-new", all).await;

    for vandalism in [Some("privileged"), None, Some("baseline")] {
        stage.label("team-a", &[("enforce", vandalism)]).await;
        stage.shows("team-a", all).await;
    }
    stage.event("Repaired", "team-a: enforce").await;

    let mut baseline = restricted;
    baseline["enforce"]["level"] = "baseline".into();
    stage.settled_profile("teams", baseline).await;
    let all = all.replace("enforce=restricted", "enforce=baseline");
    stage.shows("team-a", &all).await;
    stage.event("Weakened", "from restricted:v1.37 to baseline:v1.37: profile teams now asks for less").await;

    stage.delete_profile("teams").await;
    stage.shows("team-a", &all.replace("+podsec", "+retained")).await;
    assert!(stage.observed("team-a").await.ledger_annotations.is_empty());
    stage.event("Retained", "team-a: enforce baseline:v1.37").await;
}

#[tokio::test]
async fn audit_and_warn_are_written_at_once_while_enforce_waits() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    stage.privileged_pod("team-a", "first").await.unwrap();
    let spec = json!({
        "namespaceNames": ["team-*"], "enforce": {"level": "baseline"}, "audit": {"level": "restricted"},
        "warn": {"level": "restricted", "version": "v1.30"},
    });
    stage.settled_profile("teams", spec).await;
    let advice = "audit=restricted+podsec audit-version=latest+podsec warn=restricted+podsec warn-version=v1.30+podsec";
    assert_eq!(stage.shown("team-a").await, advice);
    let held = stage.is_held("teams", "team-a", "Violations").await;
    assert_eq!((&held["present"], &held["planned"]), (&json!("privileged:latest"), &json!("baseline:v1.37")));
    stage.counts("teams", "held", 1).await;
    stage.privileged_pod("team-a", "pod").await.expect("nothing is refused yet");
}

#[tokio::test]
async fn what_somebody_else_set_is_shared_taken_or_left() {
    let stage = Stage::new().await;
    // A right value: podsec comes to own it too, so that nobody can take it away by letting go of it.
    let right = [("enforce", "baseline"), ("enforce-version", "v1.37")];
    stage.namespace("right-a", &[]).await;
    stage.apply_labels("gitops", "right-a", &right).await;
    stage.settled_profile("right", immediate("right-*", "baseline")).await;
    stage.shows("right-a", &enforced("baseline")).await;
    let owners = stage.observed("right-a").await.owners;
    assert_eq!(owners.foreign("pod-security.kubernetes.io/enforce").unwrap().manager, "gitops");
    stage.apply_labels("gitops", "right-a", &[]).await;
    assert_eq!(stage.shown("right-a").await, enforced("baseline"));

    let with_policy = |names: &str, policy: &str| {
        let mut spec = immediate(names, "baseline");
        spec["conflictPolicy"] = policy.into();
        spec
    };
    // Force takes it from everybody, stricter or not.
    stage.namespace("force-weaker", &[("enforce", "privileged")]).await;
    stage.namespace("force-stricter", &[("enforce", "restricted"), ("enforce-version", "v1.37")]).await;
    stage.settled_profile("force", with_policy("force-*", "Force")).await;
    stage.shows("force-weaker", &enforced("baseline")).await;
    stage.shows("force-stricter", &enforced("baseline")).await;
    stage.event("Weakened", "force-stricter: enforce set from restricted:v1.37 to baseline:v1.37").await;

    // Yield leaves it, and says to whom.
    stage.namespace("yield-a", &[("enforce", "privileged")]).await;
    stage.settled_profile("yield", with_policy("yield-*", "Yield")).await;
    stage.counts("yield", "yielded", 1).await;
    assert_eq!(stage.shown("yield-a").await, "enforce=privileged");
    let left = json!([{
        "namespace": "yield-a", "mode": "enforce", "present": "privileged:latest", "planned": "baseline:v1.37",
        "lastSetBy": "kubectl-create",
        "message": "pod-security.kubernetes.io/enforce was last set by kubectl-create: enforce is privileged:latest, where \
            profile yield asks for baseline:v1.37; conflictPolicy: Yield leaves a label to whoever set it. If it is not \
            meant: kubectl label namespace yield-a pod-security.kubernetes.io/enforce- \
            pod-security.kubernetes.io/enforce-version-, and the same where it comes from, if that is a file",
    }]);
    assert_eq!(stage.status("yield").await["leftAlone"], left);

    // KeepStricter: what a person set stricter survives; once they let go, what podsec had enforced is back.
    stage.namespace("keep-a", &[]).await;
    stage.settled_profile("keep", immediate("keep-*", "baseline")).await;
    stage.shows("keep-a", &enforced("baseline")).await;
    stage.label("keep-a", &[("enforce", Some("restricted"))]).await;
    stage.counts("keep", "yielded", 1).await;
    assert_eq!(stage.shown("keep-a").await, "enforce=restricted enforce-version=v1.37+retained");
    assert_eq!(stage.status("keep").await["leftAlone"][0]["lastSetBy"], "kubectl-label");
    stage.label("keep-a", &[("enforce", None)]).await;
    stage.shows("keep-a", &enforced("baseline")).await;
    stage.counts("keep", "yielded", 0).await;
}

#[tokio::test]
async fn what_comes_through_the_status_subresource_is_mended() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    stage.settled_profile("teams", immediate("team-*", "baseline")).await;
    stage.shows("team-a", &enforced("baseline")).await;
    for vandalism in [
        [("enforce", Some("privileged")), ("enforce-version", Some("v1.37"))],
        [("enforce", Some("garbage")), ("enforce-version", Some("v1.37"))],
        [("enforce", Some("baseline")), ("enforce-version", Some("1.37"))],
        [("enforce", None), ("enforce-version", None)],
    ] {
        stage.label_through_status("team-a", &vandalism).await;
        stage.shows("team-a", &enforced("baseline")).await;
    }

    // With two labels that cannot be read the API server refuses everybody who mends only one of them.
    stage.namespace("bad-a", &[]).await;
    stage.namespace("bad-b", &[]).await;
    stage.label_through_status("bad-a", &[("enforce", Some("garbage")), ("audit", Some("garbage"))]).await;
    let mut force = immediate("bad-*", "baseline");
    force["conflictPolicy"] = "Force".into();
    stage.settled_profile("bad", force).await;
    stage.shows("bad-b", &enforced("baseline")).await;
    let unwritable = stage.status("bad").await["unwritable"].clone();
    assert_eq!(unwritable.as_array().map(Vec::len), Some(1), "{unwritable}");
    assert_eq!(unwritable[0]["name"], "bad-a");
    let message = unwritable[0]["message"].as_str().unwrap();
    assert!(message.contains("pod-security.kubernetes.io/audit"), "{message}");
    let (_, _, summary) = stage.condition("bad", "Ready").await.unwrap();
    assert!(summary.contains("bad-a"), "{summary}");
    stage.event("Unwritable", "bad-a").await;

    stage.label_through_status("bad-a", &[("audit", None)]).await;
    stage.shows("bad-a", &enforced("baseline")).await;
    stage
        .eventually("nothing to be unwritable", || async {
            stage.status("bad").await.get("unwritable").is_none().then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_dry_run_and_a_suspended_profile_write_nothing_and_let_nothing_go() {
    let stage = Stage::new().await;
    let inactive = [("dry", json!({"rollout": {"strategy": "DryRun"}})), ("off", json!({"suspend": true}))];
    let with = |mut spec: Value, members: &Value| {
        for (key, member) in members.as_object().unwrap() {
            spec[key] = member.clone();
        }
        spec
    };
    for (name, member) in &inactive {
        let names = format!("{name}-*");
        stage.namespace(&format!("{name}-a"), &[]).await;
        stage.settled_profile(name, with(immediate(&names, "restricted"), member)).await;
        stage.counts(name, "matched", 1).await;
    }
    assert_eq!(stage.interposer.namespace_writes(), 0);

    for (name, member) in &inactive {
        let (names, namespace) = (format!("{name}-*"), format!("{name}-a"));
        let strict =
            with(immediate(&names, "restricted"), &json!({"priority": 1, "releasePolicy": "Remove"}));
        stage.settled_profile(name, strict.clone()).await;
        stage.shows(&namespace, &enforced("restricted")).await;
        stage.settled_profile(name, with(strict, member)).await;
        stage.counts(name, "frozen", 1).await;

        // Neither another profile nor its own release policy gets at what was written; nor is it repaired.
        let before = stage.interposer.writes_of(&namespace);
        let weaker = with(immediate(&names, "baseline"), &json!({"allowWeakening": true}));
        stage.settled_profile(&format!("{name}-weaker"), weaker).await;
        assert_eq!(stage.shown(&namespace).await, enforced("restricted"));
        stage.label(&namespace, &[("enforce", Some("baseline"))]).await;
        stage.namespace(&format!("{name}-b"), &[]).await;
        stage.shows(&format!("{name}-b"), &enforced("baseline")).await;
        assert_eq!(stage.interposer.writes_of(&namespace), before, "{name}");
        stage.counts(name, "frozen", 1).await;
    }
}
