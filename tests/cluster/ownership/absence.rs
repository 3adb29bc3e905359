//! What happened while podsec was away: the notes on the namespaces are all that is left of what it knew.

use serde_json::{Value, json};

use super::{BASELINE, immediate};
use crate::stage::{Stage, namespaces::delete_namespace};

const RESTRICTED: &str = "enforce=restricted+podsec enforce-version=v1.37+podsec";

fn restricted(names: &str, on_release: &str) -> Value {
    let mut spec = immediate(names, "restricted");
    spec["releasePolicy"] = on_release.into();
    spec
}

#[tokio::test]
async fn a_namespace_that_changed_hands_meanwhile_is_lowered_only_where_that_was_said() {
    let mut stage = Stage::new().await;
    for (profile, policy) in [("kept", "Retain"), ("gone", "Remove"), ("left", "Remove")] {
        stage.namespace(&format!("{profile}-a"), &[("tier", "apps")]).await;
        stage.settled_profile(profile, restricted(&format!("{profile}-*"), policy)).await;
        stage.shows(&format!("{profile}-a"), RESTRICTED).await;
    }
    stage.namespace("kept-again", &[]).await;
    stage.shows("kept-again", RESTRICTED).await;
    stage.stop().await;

    // The old profiles go, another one comes that asks for less; somebody lowers a label, and takes another one over;
    // a namespace is made again under its name; one no longer matches.
    stage.delete_profile("kept").await;
    stage.delete_profile("gone").await;
    let newcomer = json!({
        "namespaceNames": ["kept-*", "gone-*"], "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"},
    });
    stage.profile("newcomer", newcomer).await;
    stage.label("kept-a", &[("enforce", Some("privileged"))]).await;
    stage.apply_labels("gitops", "gone-a", &[("enforce", "restricted"), ("enforce-version", "v1.37")]).await;
    delete_namespace(&stage.namespaces(), "kept-again").await;
    stage.namespace("kept-again", &[]).await;
    stage.profile("left", restricted("right-*", "Remove")).await;
    stage.start();

    // Nobody said that the one may be lowered. Its label is put back to what had been enforced.
    stage.shows("kept-a", RESTRICTED).await;
    stage.is_held("newcomer", "kept-a", "WouldWeaken").await;
    // Of the other somebody did; but somebody else has it as well, at a stricter value than what is asked now.
    stage.shows("gone-a", "enforce=restricted+retained enforce-version=v1.37+retained").await;
    // A status is written a moment after the labels that it tells of.
    stage
        .eventually("gone-a to be left alone", || async {
            (stage.status("newcomer").await["leftAlone"][0]["lastSetBy"] == "gitops").then_some(())
        })
        .await;
    // The third is another namespace, of which nobody ever said anything.
    stage.shows("kept-again", BASELINE).await;
    // The fourth has merely stopped matching.
    stage.shows("left-a", "enforce=restricted+retained enforce-version=v1.37+retained").await;
}
