//! Namespaces whose manifests are in Git, without the labels and with them.

use serde_json::{Value, json};

use super::{Flux, enforcing, namespace, profile};
use crate::stage::seen::{Seen, stored};

const LEVEL: &str = "pod-security.kubernetes.io/enforce";

/// Both labels, as podsec has them alone or with others.
const OWNED: &str = "enforce=baseline+podsec enforce-version=v1.37+podsec";

#[tokio::test(flavor = "multi_thread")]
async fn what_git_says_of_the_labels_decides_whether_there_is_peace() {
    let flux = Flux::new().await;
    tokio::join!(
        no_keys_in_git(&flux),
        other_values_in_git(&flux),
        forced_against_git(&flux),
        a_level_alone_in_git(&flux),
    );
}

/// The layout to recommend: Flux writes nothing, and podsec nothing but once.
async fn no_keys_in_git(flux: &Flux) {
    let spec = profile("clean", &enforcing(&["clean-*"], "baseline"));
    let manifests = |team| format!("{}{spec}", namespace("clean-a", &[("team", team)]));
    flux.applies("clean", &manifests("a")).await;
    flux.stage.shows("clean-a", OWNED).await;
    let before = live(flux, "clean-a").await;
    for _ in 0..3 {
        flux.reconciles("clean").await;
    }
    assert_eq!(stored(&live(flux, "clean-a").await), stored(&before), "somebody wrote");
    let written = flux.stage.interposer.writes_of("clean-a");

    // A change of anything else is Flux's one write, and leaves the labels.
    flux.follows("clean", &manifests("b")).await;
    assert_eq!(live(flux, "clean-a").await["metadata"]["labels"]["team"], "b");
    assert_eq!(flux.stage.shown("clean-a").await, OWNED);
    assert_eq!(flux.stage.interposer.writes_of("clean-a"), written);
}

/// podsec leaves to Flux what Flux keeps setting, says who it is, and what to do; which ends it without a gap.
async fn other_values_in_git(flux: &Flux) {
    let spec = profile("other", &enforcing(&["other-*"], "baseline"));
    let manifests = |labels: &[(&str, &str)]| format!("{}{spec}", namespace("other-a", labels));
    flux.applies("other", &manifests(&[("enforce", "privileged"), ("enforce-version", "latest")])).await;
    let versions = Seen::of(flux.stage.namespaces(), "other-a");
    let left = flux
        .stage
        .eventually("other-a to be left alone", || async {
            let status = flux.stage.status("other").await;
            status["leftAlone"].as_array()?.first().cloned()
        })
        .await;
    assert_eq!((&left["namespace"], &left["lastSetBy"]), (&json!("other-a"), &json!("kustomize-controller")));
    assert_eq!(flux.stage.shown("other-a").await, "enforce=privileged enforce-version=latest");
    let (status, _, message) = flux.stage.condition("other", "Ready").await.unwrap();
    assert_eq!(status, "True");
    assert!(message.contains("kustomize-controller"), "{message}");

    // First the profile's own values, so that podsec owns them as well; then none.
    flux.follows("other", &manifests(&[("enforce", "baseline"), ("enforce-version", "v1.37")])).await;
    flux.stage.shows("other-a", OWNED).await;
    flux.follows("other", &manifests(&[])).await;
    for _ in 0..3 {
        flux.reconciles("other").await;
    }
    flux.follows("other", &manifests(&[("team", "a")])).await;
    assert_eq!(flux.stage.shown("other-a").await, OWNED);
    assert_eq!(appliers(&live(flux, "other-a").await), ["podsec"]);
    never_unlabelled(&versions);
}

/// Under `Force` podsec takes the labels back each time, until they are out of Git.
async fn forced_against_git(flux: &Flux) {
    let mut forcing = enforcing(&["forced-*"], "baseline");
    forcing["conflictPolicy"] = "Force".into();
    let spec = profile("forced", &forcing);
    let manifests = |labels: &[(&str, &str)]| format!("{}{spec}", namespace("forced-a", labels));
    let keys = [("enforce", "privileged"), ("enforce-version", "latest")];
    flux.applies("forced", &manifests(&keys)).await;
    let versions = Seen::of(flux.stage.namespaces(), "forced-a");
    flux.stage.shows("forced-a", OWNED).await;
    for round in 1..=3 {
        let before = stored(&live(flux, "forced-a").await);
        flux.reconciles("forced").await;
        // It takes once a reconciliation, and tells nobody.
        versions_show(flux, &versions, &format!("take {round}"), |version| {
            stored(version) > before && version["metadata"]["labels"][LEVEL] == "privileged"
        })
        .await;
        flux.stage.shows("forced-a", OWNED).await;
    }
    flux.stage.event("Repaired", "forced-a: enforce set from privileged").await;
    let told = is_contested(flux, true).await;
    assert!(told.contains("kustomize-controller has taken enforce from podsec 3 times in a row"), "{told}");
    assert!(told.contains(". Flux: set pod-security.kubernetes.io/enforce=baseline pod-security.kubernetes.io/enforce-version=v1.37 on "), "{told}");
    flux.stage.reports_state("forced-a", "Contested", "Contested").await;

    // What podsec said, done: that ends it.
    flux.follows("forced", &manifests(&[])).await;
    flux.stage.shows("forced-a", OWNED).await;
    let after = stored(&live(flux, "forced-a").await);
    for _ in 0..3 {
        flux.reconciles("forced").await;
    }
    assert_eq!(stored(&live(flux, "forced-a").await), after, "somebody wrote");
    assert_eq!(appliers(&live(flux, "forced-a").await), ["podsec"]);
    never_unlabelled(&versions);
    is_contested(flux, false).await;
}

/// Waits until the profile says that there is a fight, or that there is none; gives what it says.
async fn is_contested(flux: &Flux, is_there: bool) -> String {
    let status = if is_there { "True" } else { "False" };
    flux.stage
        .eventually(&format!("Contested={status}"), || async {
            let (is, _, message) = flux.stage.condition("forced", "Contested").await?;
            (is == status).then_some(message)
        })
        .await
}

/// A level in Git beside a version that podsec set is a pair that nobody meant; podsec mends it as a pair.
async fn a_level_alone_in_git(flux: &Flux) {
    let mut forcing = enforcing(&["alone-*"], "baseline");
    forcing["conflictPolicy"] = "Force".into();
    let spec = profile("alone", &forcing);
    flux.applies("alone", &format!("{}{spec}", namespace("alone-a", &[("enforce", "privileged")]))).await;
    flux.stage.shows("alone-a", OWNED).await;
    flux.reconciles("alone").await;
    flux.stage.shows("alone-a", OWNED).await;
    flux.follows("alone", &format!("{}{spec}", namespace("alone-a", &[]))).await;
    flux.reconciles("alone").await;
    assert_eq!(flux.stage.shown("alone-a").await, OWNED);
}

async fn live(flux: &Flux, name: &str) -> Value {
    serde_json::to_value(flux.stage.namespaces().get(name).await.unwrap()).unwrap()
}

/// Who applies the level.
fn appliers(namespace: &Value) -> Vec<&str> {
    let entries = namespace["metadata"]["managedFields"].as_array().unwrap().iter();
    let owning = entries.filter(|entry| {
        let labels = &entry["fieldsV1"]["f:metadata"]["f:labels"];
        entry["operation"] == "Apply" && !labels[format!("f:{LEVEL}")].is_null()
    });
    owning.map(|entry| entry["manager"].as_str().unwrap()).collect()
}

/// Waits until the watch has shown a version.
async fn versions_show(flux: &Flux, versions: &Seen, what: &str, is: impl Fn(&Value) -> bool) {
    flux.stage.eventually(what, || async { versions.all().iter().any(&is).then_some(()) }).await;
}

/// Since the first label there was one at any time.
fn never_unlabelled(versions: &Seen) {
    let all = versions.all();
    assert!(all.len() > 2, "{} versions", all.len());
    let gaps: Vec<_> = all.iter().filter(|version| version["metadata"]["labels"][LEVEL].is_null()).collect();
    assert!(gaps.is_empty(), "{gaps:#?}");
}
