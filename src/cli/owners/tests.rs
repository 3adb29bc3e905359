//! What is told of clusters made by hand.

use serde_json::{Value, json};

use super::{OfCluster, json, table};
use crate::cli::{
    output::{Notation, Screen},
    plan::{
        cluster_plan::Question,
        testing::{Cluster, cluster},
    },
};

/// What is said of a cluster in which nobody looked at what runs there, for people and for programs, and whether it has
/// findings.
fn owners(cluster: Cluster) -> (String, Value, bool) {
    let mut observed = cluster.observed();
    observed.workloads = None;
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    let clusters = [OfCluster::new(observed, &Question::default(), now)];
    let problems = clusters[0].plan.problems.clone();
    let (mut table, mut document) = (Vec::new(), Vec::new());
    table::write(&mut table, &clusters, &problems, Screen::default()).unwrap();
    json::write(&mut document, Notation::Json, &clusters, &problems).unwrap();
    let document = serde_json::from_slice(&document).unwrap();
    (String::from_utf8(table).unwrap(), document, clusters[0].has_findings())
}

fn governed() -> Cluster {
    let labels = [("enforce", "baseline"), ("enforce-version", "latest")];
    cluster("c").namespace("a", &labels, "kubectl-label").governed_by("a", "p")
}

#[test]
fn what_podsec_would_do_is_not_known_without_the_profiles() {
    let (table, document, has_findings) = owners(governed().missing_profiles());
    assert!(table.contains("not known: the profiles cannot be listed\n"), "{table}");
    assert!(!table.contains("frozen") && !table.contains("not listed"), "{table}");
    assert_eq!(table.matches("cannot list the profiles: forbidden").count(), 1, "{table}");
    let mode = &document["modes"][0];
    assert_eq!(
        (&mode["planned"], &mode["notKnown"]),
        (&Value::Null, &json!("the profiles cannot be listed"))
    );
    assert_eq!(document["failures"][0]["object"], "ClusterPodSecurityProfiles");
    assert!(!has_findings);
}

#[test]
fn what_goes_through_the_gate_is_said_to_and_is_no_finding() {
    let spec = json!({"namespaceSelector": {}, "enforce": {"level": "restricted"}});
    let (table, document, has_findings) = owners(governed().profile("p", &spec));
    assert!(table.contains("set it, through the gate\n") && !has_findings, "{table}");
    let planned = &document["modes"][0]["planned"];
    assert_eq!((&planned["reason"], &planned["asked"]), (&json!("NotJudged"), &json!("restricted:v1.37")));
}

#[test]
fn what_the_controller_told_of_a_fight_is_told_and_is_a_finding() {
    let spec = json!({"namespaceSelector": {}, "enforce": {"level": "baseline", "version": "latest"}});
    let enforce = json!({"state": "Contested", "present": "baseline:v1.37", "profile": "p"});
    let report = json!({"state": "Contested", "message": "tool has taken enforce", "enforce": enforce});
    let (table, document, has_findings) = owners(governed().profile("p", &spec).reported("a", report));
    assert!(table.contains("nothing: in sync; contested\n"), "{table}");
    assert!(
        table.contains("a: enforce: the report of the controller says: tool has taken enforce\n"),
        "{table}"
    );
    assert_eq!(document["modes"][0]["planned"]["contested"], "tool has taken enforce");
    assert!(has_findings);
}
