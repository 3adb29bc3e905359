//! Ways to have Flux leave labels alone that are in Git: what they are good for, and what they do to a Kustomization.

use serde_json::{Value, json};

use super::{Flux, enforcing, namespace, ready};
use crate::stage::path;

const KEYS: [(&str, &str); 2] = [("enforce", "privileged"), ("enforce-version", "latest")];
const OWNED: &str = "enforce=baseline+podsec enforce-version=v1.37+podsec";
const RETAINED: &str = "enforce=baseline+retained enforce-version=v1.37+retained";

/// A profile that takes labels from everybody.
fn forcing(name: &str, on_release: &str) -> Value {
    let mut spec = enforcing(&[&format!("{name}-*")], "baseline");
    spec["conflictPolicy"] = "Force".into();
    spec["releasePolicy"] = on_release.into();
    spec
}

/// What the documentation gives for `spec.ignore`.
fn ignoring() -> Value {
    let page = std::fs::read_to_string(path("docs/gitops.md")).unwrap();
    let blocks = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut shown = blocks.filter_map(|block| serde_saphyr::from_str::<Value>(block).ok());
    let spec = shown.find(|block| !block["spec"]["ignore"].is_null()).expect("a block with spec.ignore");
    spec["spec"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn ignored_labels_are_left_alone_as_long_as_they_are_there() {
    let flux = Flux::new().await;
    tokio::join!(retained_under_ignore(&flux), removed_under_ignore(&flux), created_only(&flux));
}

/// Nobody fights; nor after the profile is gone, since the labels stay and somebody applies them.
async fn retained_under_ignore(flux: &Flux) {
    let manifests = |team| namespace("kept-a", &[&KEYS[..], &[("team", team)]].concat());
    flux.kustomization("kept", ignoring()).await;
    flux.follows("kept", &manifests("a")).await;
    flux.stage.settled_profile("kept", forcing("kept", "Retain")).await;
    flux.stage.shows("kept-a", OWNED).await;
    let written = flux.stage.interposer.writes_of("kept-a");
    for _ in 0..2 {
        flux.reconciles("kept").await;
    }
    flux.follows("kept", &manifests("b")).await;
    assert_eq!(flux.stage.shown("kept-a").await, OWNED);
    assert_eq!(flux.stage.interposer.writes_of("kept-a"), written);

    flux.stage.delete_profile("kept").await;
    flux.stage.shows("kept-a", RETAINED).await;
    flux.reconciles("kept").await;
    flux.follows("kept", &manifests("c")).await;
    // And they can leave Git while they are ignored.
    flux.follows("kept", &namespace("kept-a", &[("team", "c")])).await;
    flux.reconciles("kept").await;
    assert_eq!(flux.stage.shown("kept-a").await, RETAINED);
}

/// The trap: labels that Git has, Flux ignores and podsec removed break the whole Kustomization.
async fn removed_under_ignore(flux: &Flux) {
    let manifests = |team| namespace("gone-a", &[&KEYS[..], &[("team", team)]].concat());
    flux.kustomization("gone", ignoring()).await;
    flux.follows("gone", &manifests("a")).await;
    flux.stage.settled_profile("gone", forcing("gone", "Remove")).await;
    flux.stage.shows("gone-a", OWNED).await;
    // It is told before it bites.
    let (status, _, message) = flux.stage.condition("gone", "Ready").await.unwrap();
    assert!(
        status == "True" && message.contains("(first gone-a)") && message.contains("spec.ignore"),
        "{message}"
    );
    flux.stage.delete_profile("gone").await;
    flux.stage.shows("gone-a", "").await;

    flux.commits("gone", &manifests("b")).await;
    let failed = flux
        .becomes("gone", "broken", |object| ready(object).is_some_and(|(status, _, _)| status == "False"))
        .await;
    let (_, _, message) = ready(&failed).unwrap();
    assert!(message.contains("Invalid value: \"\""), "{message}");

    // The way out is one commit: neither the labels nor the rule.
    flux.kustomization("gone", json!({})).await;
    flux.follows("gone", &namespace("gone-a", &[("team", "b")])).await;
}

/// A namespace that Flux creates and then never touches is podsec's to label.
async fn created_only(flux: &Flux) {
    let manifests = |team| {
        let mut manifest: Value = serde_json::from_str(
            namespace("once-a", &[&KEYS[..], &[("team", team)]].concat()).trim_start_matches("---\n"),
        )
        .unwrap();
        manifest["metadata"]["annotations"] = json!({"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"});
        manifest.to_string()
    };
    flux.applies("once", &manifests("a")).await;
    flux.stage.settled_profile("once", forcing("once", "Remove")).await;
    flux.stage.shows("once-a", OWNED).await;
    let written = flux.stage.interposer.writes_of("once-a");
    flux.reconciles("once").await;
    flux.follows("once", &manifests("b")).await;
    assert_eq!(flux.stage.shown("once-a").await, OWNED);
    assert_eq!(flux.stage.interposer.writes_of("once-a"), written);
    // Whatever podsec does in the end, Flux does not mind.
    flux.stage.delete_profile("once").await;
    flux.stage.shows("once-a", "").await;
    flux.reconciles("once").await;
    flux.follows("once", &manifests("c")).await;
}
