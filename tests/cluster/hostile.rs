//! One object that a tenant, or an earlier CRD, made odd: it must not stand in the way of all others.

use kube::{
    Api,
    api::{ListParams, Patch, PatchParams},
};
use podsec::{
    cluster::{namespaces::api, profiles::ProfileItem},
    rollout::LEDGER_KEYS,
    standards::Mode,
};
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use crate::stage::Stage;

const ENFORCE: &str = Mode::Enforce.keys().level;
const BASELINE: &str = "enforce=baseline+podsec enforce-version=v1.37+podsec";

/// Takes the labels from everybody: whoever replaces `managedFields` takes podsec's own entry off the record.
fn baseline() -> Value {
    json!({
        "namespaceNames": ["t-*"], "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"},
        "conflictPolicy": "Force",
    })
}

/// Fields nested so deep that no JSON decoder with a limit follows.
fn deep(levels: usize) -> Value {
    (0..levels).fold(json!({}), |below, _| json!({"f:x": below}))
}

fn managed_fields(fields: &Value, time: &str) -> Value {
    json!({"metadata": {"managedFields": [{
        "manager": "odd", "operation": "Update", "apiVersion": "v1", "time": time,
        "fieldsType": "FieldsV1", "fieldsV1": fields,
    }]}})
}

/// Changes a namespace that no typed client may be able to read any more.
async fn patch(stage: &Stage, namespace: &str, patch: &Value) {
    let params = PatchParams { field_manager: Some("odd".into()), ..PatchParams::default() };
    api(stage.admin.clone()).patch(namespace, &params, &Patch::Merge(patch)).await.unwrap();
}

#[tokio::test]
async fn a_namespace_with_odd_managed_fields_is_governed_like_any_other() {
    let mut stage = Stage::new().await;
    stage.settled_profile("baseline", baseline()).await;
    let late = managed_fields(&json!({"f:metadata": {"f:labels": {"f:x": {}}}}), "9999-12-31T23:59:59Z");
    let deep = managed_fields(&json!({"f:metadata": deep(150)}), "2026-01-01T00:00:00Z");
    for (name, odd) in [("t-late", late), ("t-deep", deep)] {
        stage.namespace(name, &[("tier", "none")]).await;
        stage.shows(name, BASELINE).await;
        patch(&stage, name, &odd).await;
        // No other decoder takes it, or nothing is shown here.
        stage.namespaces().get(name).await.unwrap_err();
    }

    // While the watch runs, and again when everything is listed anew.
    for round in ["watched", "listed"] {
        if round == "listed" {
            stage.stop().await;
        }
        for name in ["t-late", "t-deep"] {
            patch(&stage, name, &json!({"metadata": {"labels": {ENFORCE: "privileged"}}})).await;
        }
        stage.namespace(&format!("t-{round}"), &[]).await;
        if round == "listed" {
            stage.start();
        }
        for name in ["t-late", "t-deep", &format!("t-{round}")] {
            stage.shows(name, BASELINE).await;
        }
    }
}

#[tokio::test]
async fn a_profile_nested_too_deep_is_one_unreadable_profile() {
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    stage.accept_any_profile();
    let mut odd = baseline();
    odd["deep"] = deep(120);
    let mut late = baseline();
    late["namespaceNames"] = json!(["none"]);
    stage
        .eventually("the laxer schema", || async { stage.try_profile("deep", odd.clone()).await.ok() })
        .await;
    stage.profile("late", late).await;
    let managed = managed_fields(&json!({"f:spec": {}}), "9999-12-31T23:59:59Z");
    let params = PatchParams { field_manager: Some("odd".into()), ..PatchParams::default() };
    let profiles: Api<ProfileItem> = Api::all(stage.admin.clone());
    profiles.patch("late", &params, &Patch::Merge(&managed)).await.unwrap();
    stage.profiles().list(&ListParams::default()).await.unwrap_err();

    stage.start();
    stage.namespace("t-a", &[]).await;
    stage.profile("baseline", baseline()).await;
    stage.shows("t-a", BASELINE).await;
}

#[tokio::test]
async fn one_write_that_lowers_a_label_and_drops_podsecs_notes_is_repaired() {
    let stage = Stage::new().await;
    let mut spec = baseline();
    spec["conflictPolicy"] = "KeepStricter".into();
    let generation = stage.profile("baseline", spec.clone()).await;
    stage.is_ready("baseline", generation).await;
    let notes: Value = LEDGER_KEYS.into_iter().map(|key| (key.to_owned(), Value::Null)).collect();
    let lowered = json!({"labels": {ENFORCE: "privileged"}, "annotations": notes});
    let mut off_the_record = lowered.clone();
    off_the_record["managedFields"] = json!([{}]);
    for (name, metadata) in [("t-dropped", lowered), ("t-off-the-record", off_the_record)] {
        stage.namespace(name, &[]).await;
        stage.shows(name, BASELINE).await;
        patch(&stage, name, &json!({"metadata": metadata})).await;
        stage.shows(name, BASELINE).await;
        stage.event("Repaired", name).await;
        stage
            .eventually("the notes to be back", || async {
                (stage.observed(name).await.ledger_annotations.len() == 3).then_some(())
            })
            .await;
    }
}

#[tokio::test]
async fn a_note_forged_in_podsecs_name_is_put_right() {
    let stage = Stage::new().await;
    stage.settled_profile("baseline", baseline()).await;
    let trial = json!({
        "namespaceNames": ["other"], "enforce": {"level": "baseline"}, "rollout": {"strategy": "DryRun"},
    });
    stage.profile("trial", trial).await;
    stage.namespace("t-forged", &[]).await;
    stage.shows("t-forged", BASELINE).await;
    let forged = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": "t-forged",
        "labels": {ENFORCE: "privileged"},
        "annotations": {LEDGER_KEYS[0]: "enforce=trial", LEDGER_KEYS[2]: "enforce=Remove"},
    }});
    let params = PatchParams::apply("podsec").force();
    stage.namespaces().patch("t-forged", &params, &Patch::Apply(&forged)).await.unwrap();
    stage.shows("t-forged", BASELINE).await;
    let ledger = stage.observed("t-forged").await.ledger_annotations;
    assert_eq!(ledger.get(LEDGER_KEYS[0]).unwrap(), "enforce=baseline");
    assert_eq!(ledger.get(LEDGER_KEYS[2]).unwrap(), "enforce=Retain");
}

#[tokio::test]
async fn a_namespace_whose_annotations_are_full_is_repaired_all_the_same() {
    let stage = Stage::new().await;
    stage.settled_profile("baseline", baseline()).await;
    stage.namespace("t-full", &[]).await;
    stage.shows("t-full", BASELINE).await;
    let mut annotations: serde_json::Map<_, _> =
        LEDGER_KEYS.into_iter().map(|key| (key.to_owned(), Value::Null)).collect();
    // All annotations of an object may have 256 KiB.
    annotations.insert("fill".into(), "x".repeat(256 * 1024 - 4).into());
    patch(
        &stage,
        "t-full",
        &json!({"metadata": {"labels": {ENFORCE: "privileged"}, "annotations": annotations}}),
    )
    .await;
    stage.shows("t-full", BASELINE).await;
    stage.event("Repaired", "t-full").await;
}
