//! `OpenShift`'s label syncer, played as its source has it, beside podsec.

use kube::api::{Patch, PatchParams};
use podsec::standards::{LABEL_PREFIX, Mode};
use serde_json::{Map, Value, json};

use crate::stage::Stage;

const SYNCER: &str = "pod-security-admission-label-synchronization-controller";
const SYNC: &str = "security.openshift.io/scc.podSecurityLabelSync";
const OURS: &str = "audit=restricted+podsec audit-version=latest+podsec enforce=baseline+podsec \
                    enforce-version=v1.37+podsec warn=restricted+podsec warn-version=latest+podsec";

/// A profile that sets these modes.
fn profile(name: &str, modes: &[Mode]) -> Value {
    let mut spec = json!({"namespaceNames": [name], "rollout": {"strategy": "Immediate"}});
    for mode in modes {
        let level = if *mode == Mode::Enforce { "baseline" } else { "restricted" };
        spec[mode.as_str()] = json!({"level": level});
    }
    spec
}

/// One look of the syncer at a namespace: of the labels those that nobody owns or it owns itself, and all by force where
/// the namespace says `true`. Gives which it set.
async fn syncs(stage: &Stage, namespace: &str, level: &str) -> Vec<String> {
    let object = stage.namespaces().get(namespace).await.unwrap();
    let sync = object.metadata.labels.as_ref().and_then(|labels| labels.get(SYNC)).cloned();
    if sync.as_deref() == Some("false") {
        return Vec::new();
    }
    let must = sync.as_deref() == Some("true");
    let owner = |key: &str| {
        let entries = object.metadata.managed_fields.iter().flatten();
        let label = format!("f:{key}");
        let has = |fields: &Value| fields["f:metadata"]["f:labels"].get(&label).is_some();
        let mut owners = entries
            .filter(|entry| entry.fields_v1.as_ref().is_some_and(|fields| has(&fields.0)))
            .filter_map(|entry| entry.manager.clone());
        owners.next()
    };
    let mut labels = Map::new();
    for mode in Mode::ALL {
        for (key, value) in [(mode.keys().level, level), (mode.keys().version, "latest")] {
            if must || owner(key).is_none_or(|owner| owner == SYNCER) {
                labels.insert(key.to_owned(), value.into());
            }
        }
    }
    let set = labels.keys().map(|key| key.trim_start_matches(LABEL_PREFIX).to_owned()).collect();
    let body =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}});
    let params = PatchParams { force: must, ..PatchParams::apply(SYNCER) };
    stage.namespaces().patch(namespace, &params, &Patch::Apply(&body)).await.unwrap();
    set
}

#[tokio::test]
async fn what_podsec_owns_whole_the_syncer_leaves_alone() {
    let stage = Stage::new().await;
    stage.namespace("whole", &[]).await;
    stage.namespace("part", &[]).await;
    stage.settled_profile("whole", profile("whole", &Mode::ALL)).await;
    stage.settled_profile("part", profile("part", &[Mode::Enforce])).await;
    stage.shows("whole", OURS).await;
    let nothing: [&str; 0] = [];
    assert_eq!(syncs(&stage, "whole", "privileged").await, nothing);
    stage.shows("whole", OURS).await;
    // What no profile sets is the syncer's.
    stage.shows("part", "enforce=baseline+podsec enforce-version=v1.37+podsec").await;
    assert_eq!(syncs(&stage, "part", "privileged").await, ["audit", "audit-version", "warn", "warn-version"]);
    stage
        .shows(
            "part",
            "audit=privileged audit-version=latest enforce=baseline+podsec enforce-version=v1.37+podsec \
                         warn=privileged warn-version=latest",
        )
        .await;
}

#[tokio::test]
async fn what_the_syncer_had_first_is_left_until_it_is_told_to_let_go() {
    let stage = Stage::new().await;
    stage.namespace("open", &[]).await;
    stage.namespace("strict", &[]).await;
    syncs(&stage, "open", "privileged").await;
    syncs(&stage, "strict", "restricted").await;
    let mut spec = profile("*", &Mode::ALL);
    spec["namespaceNames"] = json!(["open", "strict"]);
    stage.settled_profile("all", spec.clone()).await;
    let report = stage.reports_state("open", "Yielded", "LeftAlone").await;
    let message = report["message"].as_str().unwrap();
    let command = format!("kubectl label namespace open {SYNC}=false");
    assert!(message.contains(SYNCER) && message.contains(&command), "{message}");
    let by_hand = |namespace: &str| {
        let arguments = ["label", "namespace", namespace, &format!("{SYNC}=false")].map(ToOwned::to_owned);
        stage.cluster.kubectl(&arguments.each_ref().map(String::as_str)).unwrap();
    };
    by_hand("open");
    spec["conflictPolicy"] = "Force".into();
    spec["namespaceNames"] = json!(["open"]);
    stage.settled_profile("all", spec).await;
    stage.shows("open", OURS).await;
    let nothing: [&str; 0] = [];
    assert_eq!(syncs(&stage, "open", "privileged").await, nothing);
    let enforce = stage.observed("strict").await;
    assert_eq!(enforce.label(Mode::Enforce.keys().level), Some("restricted"), "what is stricter stays");
}

#[tokio::test]
async fn a_namespace_that_must_be_synced_is_fought_over_and_podsec_says_what_ends_it() {
    let stage = Stage::new().await;
    stage.namespace("must", &[(SYNC, "true")]).await;
    stage.settled_profile("must", profile("must", &Mode::ALL)).await;
    for _ in 0..3 {
        stage.shows("must", OURS).await;
        syncs(&stage, "must", "privileged").await;
    }
    stage.shows("must", OURS).await;
    let event = stage.event("Contested", "must").await;
    let note = event.note.unwrap();
    assert!(note.contains(SYNCER) && note.contains(&format!("{SYNC}=false")), "{note}");
    let command = format!("{SYNC}=false");
    stage.cluster.kubectl(&["label", "--overwrite", "namespace", "must", &command]).unwrap();
    let nothing: [&str; 0] = [];
    assert_eq!(syncs(&stage, "must", "privileged").await, nothing);
    stage.shows("must", OURS).await;
}
