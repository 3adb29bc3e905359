//! How podsec lets go of labels: keeping them under another name, or removing them.

use serde_json::{Value, json};

use crate::stage::Stage;

const ENFORCED: &str = "enforce=restricted+podsec enforce-version=v1.37+podsec";
const WARNED: &str = "warn=restricted+podsec warn-version=latest+podsec";

/// enforce and warn at restricted for the namespaces of this name, with a release policy.
fn both(names: &str, on_release: &str) -> Value {
    json!({
        "namespaceNames": [names], "enforce": {"level": "restricted"}, "warn": {"level": "restricted"},
        "rollout": {"strategy": "Immediate"}, "releasePolicy": on_release,
    })
}

fn retained(shown: &str) -> String {
    shown.replace("+podsec", "+retained")
}

/// A namespace that the profile has raised in both modes.
async fn raised(stage: &Stage, profile: &str, spec: Value) -> String {
    let namespace = format!("{profile}-a");
    stage.namespace(&namespace, &[("tier", "apps")]).await;
    stage.settled_profile(profile, spec).await;
    stage.shows(&namespace, &format!("{ENFORCED} {WARNED}")).await;
    namespace
}

/// Nothing says any more that podsec has anything of the namespace.
async fn is_free(stage: &Stage, namespace: &str) {
    let observed = stage.observed(namespace).await;
    assert!(observed.ledger_annotations.is_empty(), "{namespace}: {:?}", observed.ledger_annotations);
    assert_eq!(observed.owners.written_by_podsec(), None, "{namespace}");
}

#[tokio::test]
async fn labels_of_a_deleted_profile_are_retained_or_removed() {
    let mut stage = Stage::new().await;
    let kept = raised(&stage, "kept", both("kept-*", "Retain")).await;
    let gone = raised(&stage, "gone", both("gone-*", "Remove")).await;
    let away = raised(&stage, "away", both("away-*", "Remove")).await;

    stage.delete_profile("kept").await;
    stage.shows(&kept, &retained(&format!("{ENFORCED} {WARNED}"))).await;
    is_free(&stage, &kept).await;

    stage.delete_profile("gone").await;
    stage.shows(&gone, "").await;
    is_free(&stage, &gone).await;
    stage.event("Removed", "gone-a: enforce label removed, was restricted:v1.37").await;

    stage.stop().await;
    stage.delete_profile("away").await;
    stage.start();
    stage.shows(&away, "").await;
    is_free(&stage, &away).await;

    // Retained labels are adopted back, at once where nothing changes and at another value alike.
    let mut other = both("kept-*", "Retain");
    other["warn"]["level"] = "baseline".into();
    stage.settled_profile("other", other).await;
    stage.shows(&kept, &format!("{ENFORCED} warn=baseline+podsec warn-version=latest+podsec")).await;
    let fields = stage.namespaces().get_metadata(&kept).await.unwrap().metadata.managed_fields.unwrap();
    let managers: Vec<_> = fields.iter().map(|entry| entry.manager.clone().unwrap()).collect();
    assert!(!managers.iter().any(|manager| manager == "podsec-retained"), "{managers:?}");
}

#[tokio::test]
async fn what_merely_stops_matching_is_always_retained() {
    let stage = Stage::new().await;
    let mut selecting = both("left-*", "Remove");
    selecting["namespaceSelector"] = json!({"matchLabels": {"tier": "apps"}});
    let left = raised(&stage, "left", selecting.clone()).await;
    stage.label(&left, &[("tier", None)]).await;
    stage.shows(&left, &retained(&format!("{ENFORCED} {WARNED}"))).await;
    is_free(&stage, &left).await;
    stage.event("Left", "left-a: enforce restricted:v1.37").await;

    // So when its profile selects less.
    let stays = raised(&stage, "narrow", both("narrow-*", "Remove")).await;
    stage.settled_profile("narrow", both("narrow-b", "Remove")).await;
    stage.shows(&stays, &retained(&format!("{ENFORCED} {WARNED}"))).await;
}

#[tokio::test]
async fn a_mode_is_let_go_by_itself() {
    let stage = Stage::new().await;
    // A profile that stops setting one mode lets go of that one.
    for (profile, on_release, left) in [("removes", "Remove", ""), ("retains", "Retain", WARNED)] {
        let names = format!("{profile}-*");
        let namespace = raised(&stage, profile, both(&names, on_release)).await;
        let mut without = both(&names, on_release);
        without.as_object_mut().unwrap().remove("warn");
        stage.settled_profile(profile, without).await;
        stage.shows(&namespace, format!("{ENFORCED} {}", retained(left)).trim_end()).await;
        let ledger = stage.observed(&namespace).await.ledger_annotations;
        assert_eq!(ledger.get("podsec.dev/governed-by").unwrap(), format!("enforce={profile}"));
    }

    // enforce is held for a weaker profile, while warn is released: neither label is lost.
    let namespace = raised(&stage, "strict", both("strict-*", "Retain")).await;
    let weak = json!({
        "namespaceNames": ["strict-*"], "priority": -1, "enforce": {"level": "baseline"},
        "rollout": {"strategy": "Immediate"},
    });
    stage.settled_profile("weak", weak).await;
    stage.delete_profile("strict").await;
    stage.shows(&namespace, &format!("{ENFORCED} {}", retained(WARNED))).await;
    stage.is_held("weak", &namespace, "WouldWeaken").await;
    let ledger = stage.observed(&namespace).await.ledger_annotations;
    assert_eq!(ledger.get("podsec.dev/enforced").unwrap(), "restricted:v1.37");
}

#[tokio::test]
async fn what_somebody_else_owns_too_stays() {
    let stage = Stage::new().await;
    stage.namespace("shared-a", &[]).await;
    stage
        .apply_labels("gitops", "shared-a", &[("enforce", "restricted"), ("enforce-version", "v1.37")])
        .await;
    stage.settled_profile("shared", both("shared-*", "Remove")).await;
    stage.shows("shared-a", &format!("{ENFORCED} {WARNED}")).await;
    stage.delete_profile("shared").await;
    stage.shows("shared-a", "enforce=restricted enforce-version=v1.37").await;
    is_free(&stage, "shared-a").await;
}
