//! What a plan looks like, of clusters made by hand.

use serde_json::json;

use super::{
    output::Format,
    testing::{BASELINE, Cluster, IN_DOUBT, PRIVILEGED, RESTRICTED, cluster, written},
};
use crate::cli::observing::Problem;

const FORMATS: [(&str, Format); 5] = [
    ("table", Format::Table),
    ("wide", Format::Wide),
    ("json", Format::Json),
    ("yaml", Format::Yaml),
    ("markdown", Format::Markdown),
];

/// Namespaces of all sorts.
fn workloads() -> Cluster {
    cluster("kind-dev")
        .namespace("payments", &[("tier", "apps")], "kubectl-create")
        .deployment("payments", "api", RESTRICTED, 3)
        .namespace("shop", &[("tier", "apps"), ("enforce", "privileged")], "kustomize-controller")
        .deployment("shop", "web", BASELINE, 2)
        .deployment("shop", "admin", RESTRICTED, 1)
        .namespace("monitoring", &[("tier", "apps")], "kubectl-create")
        .deployment("monitoring", "agent", PRIVILEGED, 2)
        .pod("monitoring", "debug", PRIVILEGED)
        .namespace(
            "strict",
            &[("tier", "apps"), ("enforce", "restricted"), ("enforce-version", "v1.30")],
            "kubectl-label",
        )
        .deployment("strict", "vault", RESTRICTED, 1)
        .namespace("legacy-billing", &[("tier", "apps")], "kubectl-create")
        .pod("legacy-billing", "biller", PRIVILEGED)
        .namespace("sandbox", &[], "kubectl-create")
        .pod("sandbox", "shell", BASELINE)
        .pod("sandbox", "mars", IN_DOUBT)
        .namespace("kube-system", &[], "kube-apiserver")
        .deployment("kube-system", "proxy", PRIVILEGED, 1)
}

fn planned() -> Cluster {
    workloads().profile(
        "apps",
        json!({
            "namespaceSelector": {"matchLabels": {"tier": "apps"}},
            "enforce": {"level": "baseline"},
            "warn": {"level": "restricted"},
            "exemptions": [{"name": "legacy-*", "reason": "the vendor's agent needs hostPath"}],
            "conflictPolicy": "Force",
            "rollout": {"soak": "0s"},
        }),
    )
}

#[test]
fn a_plan_in_each_format() {
    for (name, format) in FORMATS {
        insta::assert_snapshot!(format!("plan-{name}"), written(format, &[planned().plan()], &[]));
    }
}

#[test]
fn nothing_to_plan_answers_the_newcomer() {
    for (name, format) in FORMATS {
        insta::assert_snapshot!(format!("overview-{name}"), written(format, &[workloads().plan()], &[]));
    }
}

#[test]
fn the_first_screen_takes_about_ten_lines() {
    let shown = written(Format::Table, &[workloads().plan()], &[]);
    assert!((9..=12).contains(&shown.lines().count()), "{shown}");
}

#[test]
fn a_cluster_that_cannot_be_read_does_not_hide_the_rest() {
    let plans = [planned().plan(), cluster("kind-empty").missing_profiles().plan()];
    let unreadable = [Problem { place: "context gone".into(), message: "connection refused".into() }];
    let shown = written(Format::Table, &plans, &unreadable);
    insta::assert_snapshot!("clusters", shown);
}
