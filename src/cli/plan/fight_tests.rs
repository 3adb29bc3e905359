//! What a plan says of a fight that the controller has told of.

use serde_json::{Value, json};

use super::{
    cluster_plan::ClusterPlan,
    output::Format,
    testing::{Cluster, PRIVILEGED, cluster, written},
};
use crate::api::ReportState;

const TOLD: &str = "kustomize-controller has taken enforce from podsec 3 times in a row, last at 2026-11-22T11:00:00Z; \
                    podsec puts baseline:v1.37 back. Flux: set the labels";

fn governed(policy: &str) -> Cluster {
    let labels = [("enforce", "baseline"), ("enforce-version", "latest")];
    let enforce = json!({"level": "baseline", "version": "latest"});
    let spec = json!({"namespaceSelector": {}, "enforce": enforce, "conflictPolicy": policy});
    cluster("c").namespace("a", &labels, "kubectl-label").governed_by("a", "p").profile("p", &spec)
}

fn fought(profile: &str) -> Value {
    let enforce = json!({"state": "Contested", "present": "baseline:v1.37", "profile": profile});
    json!({"state": "Contested", "reason": "Contested", "message": TOLD, "enforce": enforce})
}

fn state(plan: &ClusterPlan) -> (ReportState, bool) {
    let report = &plan.reports[0];
    let state = ReportState::ALL.into_iter().find(|state| report.state.is(*state)).unwrap();
    (state, report.is_held())
}

#[test]
fn what_the_controller_told_of_a_fight_is_told_and_is_a_finding() {
    let plan = governed("KeepStricter").reported("a", fought("p")).plan();
    assert_eq!((state(&plan), plan.totals().held), ((ReportState::Contested, true), 1));
    let json: Value = serde_json::from_str(&written(Format::Json, std::slice::from_ref(&plan), &[])).unwrap();
    assert_eq!(json["namespaces"][0]["modes"][0]["contested"], TOLD);
    let table = written(Format::Table, &[plan], &[]);
    let line = format!("contested (enforce): a: the report of the controller says: {TOLD}\n");
    assert!(table.contains(&line) && table.contains("1 contested"), "{table}");
}

#[test]
fn a_fight_beside_something_graver_is_told_too() {
    let spec =
        json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}, "audit": {"level": "baseline"}});
    let audit = json!({"state": "Contested", "message": TOLD, "present": "baseline:v1.37", "profile": "p"});
    let report =
        json!({"state": "Held", "reason": "Violations", "message": "1 workload violates", "audit": audit});
    let held = cluster("c").namespace("a", &[], "kubectl-create").deployment("a", "agent", PRIVILEGED, 1);
    let plan = held.profile("p", &spec).reported("a", report).plan();
    assert_eq!(state(&plan), (ReportState::Held, true));
    let table = written(Format::Table, &[plan], &[]);
    assert!(
        table.contains(&format!("contested (audit): a: the report of the controller says: {TOLD}")),
        "{table}"
    );
}

#[test]
fn a_fight_over_what_another_profile_asked_or_podsec_leaves_is_not_told() {
    let plan = governed("KeepStricter").reported("a", fought("another")).plan();
    assert_eq!(state(&plan), (ReportState::InSync, false));
    let labels = [("enforce", "privileged")];
    let spec = json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}, "conflictPolicy": "Yield"});
    let yields = cluster("c").namespace("a", &labels, "kustomize-controller").profile("p", &spec);
    let plan = yields.reported("a", fought("p")).plan();
    assert_eq!(state(&plan), (ReportState::Yielded, false));
}

#[test]
fn what_a_report_says_plays_no_tricks() {
    let mut report = fought("p");
    report["message"] = "\u{1b}[2J evil".into();
    let table = written(Format::Table, &[governed("Force").reported("a", report).plan()], &[]);
    assert!(table.contains("evil") && !table.contains('\u{1b}'), "{table}");
}
