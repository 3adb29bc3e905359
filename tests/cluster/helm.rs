//! podsec beside Helm 4: a chart whose namespace carries the labels.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use podsec_control_plane::GitopsTool;
use serde_json::json;

use crate::stage::{Stage, path};

const KEYS: [(&str, &str); 2] = [("enforce", "privileged"), ("enforce-version", "latest")];
const OWNED: &str = "enforce=baseline+podsec enforce-version=v1.37+podsec";

#[tokio::test]
async fn a_chart_that_sets_the_labels_is_told_of_and_can_stop() {
    let stage = Stage::new().await;
    let helm = Helm(&stage);
    helm.succeeds("install", &KEYS, &[]);
    assert_eq!(stage.shown("shop").await, "enforce=privileged enforce-version=latest");
    stage
        .settled_profile(
            "shop",
            json!({
                "namespaceNames": ["shop"], "enforce": {"level": "baseline"}, "conflictPolicy": "Force",
                "rollout": {"strategy": "Immediate"},
            }),
        )
        .await;
    stage.shows("shop", OWNED).await;

    // The next release of the chart cannot be installed: Helm does not take what podsec owns.
    let refused = helm.fails("upgrade", &[&KEYS[..], &[("team", "a")]].concat());
    let page = fs::read_to_string(path("docs/gitops.md")).unwrap();
    let shown = page.split("```\n").find(|block| block.starts_with("Apply failed")).expect("what Helm says");
    assert!(refused.contains(shown.trim()), "{refused}");
    assert_eq!(stage.shown("shop").await, OWNED);

    // The way out: a chart without the labels.
    helm.succeeds("upgrade", &[("team", "a")], &[]);
    stage.shows("shop", OWNED).await;
    let live = stage.namespaces().get("shop").await.unwrap();
    assert_eq!(live.metadata.labels.unwrap()["team"], "a");
    assert!(stage.observed("shop").await.owners.foreign("pod-security.kubernetes.io/enforce").is_none());
}

/// The way that is no way out: Helm takes the labels once, and podsec takes them back.
#[tokio::test]
async fn forcing_a_chart_takes_the_labels_for_a_moment() {
    let stage = Stage::new().await;
    let helm = Helm(&stage);
    helm.succeeds("install", &[], &[]);
    stage
        .settled_profile(
            "shop",
            json!({
                "namespaceNames": ["shop"], "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"},
            }),
        )
        .await;
    stage.shows("shop", OWNED).await;
    helm.succeeds("upgrade", &KEYS, &["--force-conflicts"]);
    stage.event("Repaired", "shop: enforce set from privileged").await;
    stage.shows("shop", OWNED).await;
    helm.succeeds("upgrade", &[], &[]);
    assert_eq!(stage.shown("shop").await, OWNED);
}

/// The real program, with a release named `shop` whose chart has one namespace.
struct Helm<'a>(&'a Stage);

impl Helm<'_> {
    fn succeeds(&self, verb: &str, labels: &[(&str, &str)], flags: &[&str]) {
        let output = self.runs(verb, labels, flags);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// What it says.
    fn fails(&self, verb: &str, labels: &[(&str, &str)]) -> String {
        let output = self.runs(verb, labels, &[]);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }

    /// Installs or upgrades.
    fn runs(&self, verb: &str, labels: &[(&str, &str)], flags: &[&str]) -> Output {
        let cluster = &self.0.cluster;
        let mut command = Command::new(GitopsTool::Helm.ensure().unwrap());
        command.args([verb, "shop"]).arg(self.chart(labels)).args(flags);
        command.env("KUBECONFIG", cluster.admin_kubeconfig().unwrap()).env("HOME", cluster.folder());
        command.output().unwrap()
    }

    fn chart(&self, labels: &[(&str, &str)]) -> PathBuf {
        let chart = self.0.cluster.folder().join("chart");
        fs::create_dir_all(chart.join("templates")).unwrap();
        fs::write(chart.join("Chart.yaml"), "{apiVersion: v2, name: shop, version: 0.1.0}").unwrap();
        let labels: serde_json::Map<_, _> = labels
            .iter()
            .map(|(key, value)| {
                let prefix = if *key == "team" { "" } else { "pod-security.kubernetes.io/" };
                (format!("{prefix}{key}"), json!(value))
            })
            .collect();
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels},
        });
        fs::write(chart.join("templates/namespace.yaml"), namespace.to_string()).unwrap();
        chart
    }
}
