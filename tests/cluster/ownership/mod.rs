//! Labels that somebody else sets, too: whose they are in the end, and what people read about it.

mod absence;
mod commands;
mod fights;
mod histories;
pub(crate) mod page;

use serde_json::{Value, json};

use crate::stage::Stage;

const BASELINE: &str = "enforce=baseline+podsec enforce-version=v1.37+podsec";

fn immediate(names: &str, level: &str) -> Value {
    json!({"namespaceNames": [names], "enforce": {"level": level}, "rollout": {"strategy": "Immediate"}})
}

#[tokio::test]
async fn keep_stricter_takes_what_is_weaker_and_leaves_the_rest_with_a_remedy() {
    let stage = Stage::new().await;
    let writers = [
        ("team-helm", "helm", &[("enforce", "privileged")][..]),
        ("team-older", "ci", &[("enforce", "baseline"), ("enforce-version", "v1.30")]),
        ("team-stricter", "kubectl", &[("enforce", "restricted")]),
        ("team-flux", "kustomize-controller", &[("enforce", "privileged")]),
        ("team-argo", "argocd-controller", &[("enforce", "privileged"), ("enforce-version", "latest")]),
    ];
    for (namespace, manager, labels) in writers {
        stage.namespace(namespace, &[]).await;
        stage.apply_labels(manager, namespace, labels).await;
    }
    stage.settled_profile("teams", immediate("team-*", "baseline")).await;
    for namespace in ["team-helm", "team-older"] {
        stage.shows(namespace, BASELINE).await;
        stage.reports_state(namespace, "InSync", "InSync").await;
    }
    let left = [
        (
            "team-argo",
            "argocd-controller",
            "enforce=privileged enforce-version=latest",
            "and the sync option RespectIgnoreDifferences=true",
        ),
        (
            "team-flux",
            "kustomize-controller",
            "enforce=privileged",
            "Flux: let conflictPolicy: Force (which is for every namespace of profile teams) bring namespace team-flux in \
             sync, then delete the labels pod-security.kubernetes.io/* of namespace team-flux in Git",
        ),
        (
            "team-stricter",
            "kubectl",
            "enforce=restricted",
            "kubectl label --overwrite namespace team-stricter pod-security.kubernetes.io/enforce=baseline \
             pod-security.kubernetes.io/enforce-version=v1.37, and the same where it comes from, if that is a file",
        ),
    ];
    stage.counts("teams", "yielded", 3).await;
    let status = stage.status("teams").await;
    for (index, (namespace, manager, labels, remedy)) in left.into_iter().enumerate() {
        assert_eq!(stage.shown(namespace).await, labels);
        let told = &status["leftAlone"][index];
        assert_eq!((&told["namespace"], &told["lastSetBy"]), (&json!(namespace), &json!(manager)));
        assert!(told["message"].as_str().unwrap().ends_with(remedy), "{told:#}");
        let report = stage.reports_state(namespace, "Yielded", "LeftAlone").await;
        assert!(report["message"].as_str().unwrap().ends_with(remedy), "{report:#}");
    }
    let metrics = stage.asked("/metrics").await.unwrap().1;
    for writer in ["flux", "argocd", "kubectl"] {
        let counted = format!("\npodsec_yielded_namespaces{{writer=\"{writer}\"}} 1\n");
        assert!(metrics.contains(&counted), "{metrics}");
    }

    // What the remedies say, carried out: Force once, and the label is podsec's before Git lets go of it.
    let mut forced = immediate("team-*", "baseline");
    forced["conflictPolicy"] = "Force".into();
    stage.settled_profile("teams", forced).await;
    stage.shows("team-flux", BASELINE).await;
    stage.settled_profile("teams", immediate("team-*", "baseline")).await;
    stage.apply_labels("kustomize-controller", "team-flux", &[]).await;
    stage.shows("team-flux", BASELINE).await;

    // What podsec has had it takes back from a reconciler, too.
    stage.apply_labels("kustomize-controller", "team-flux", &[("enforce", "privileged")]).await;
    stage.shows("team-flux", BASELINE).await;
}

#[tokio::test]
async fn a_mixed_pair_stands_or_falls_together() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    let mut spec = immediate("team-*", "baseline");
    spec["audit"] = json!({"level": "baseline", "version": "v1.30"});
    stage.settled_profile("teams", spec).await;
    let audit = "audit=baseline+podsec audit-version=v1.30+podsec";
    stage.shows("team-a", &format!("{audit} {BASELINE}")).await;

    // Only the level is taken, by an apply as by an update: beside podsec's own version it is weaker, and taken back.
    stage.apply_labels("kustomize-controller", "team-a", &[("audit", "privileged")]).await;
    stage.shows("team-a", &format!("{audit} {BASELINE}")).await;
    stage.label_through_status("team-a", &[("audit", Some("privileged"))]).await;
    stage.shows("team-a", &format!("{audit} {BASELINE}")).await;

    // Beside podsec's own version it is stricter: podsec gives up the version as well.
    stage.label("team-a", &[("audit", Some("restricted"))]).await;
    stage.shows("team-a", &format!("audit=restricted audit-version=v1.30+retained {BASELINE}")).await;
}
