//! What is explained of clusters made by hand.

use jiff::Timestamp;
use serde_json::json;

use super::{explanation::Explanation, table};
use crate::cli::plan::{
    cluster_plan::{Draft, Question},
    testing::{Cluster, PRIVILEGED, cluster},
};

/// What `podsec why a` prints.
fn why(cluster: Cluster) -> String {
    let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    let mut draft = Draft::new(cluster.observed(), &Question::default(), now);
    draft.draw_up();
    let namespace = draft.namespace("a").cloned().unwrap();
    let plan = draft.finish();
    let mut out = Vec::new();
    table::write(&mut out, &plan, &Explanation::new(&plan, &namespace).unwrap(), false).unwrap();
    String::from_utf8(out).unwrap()
}

fn enforced() -> Cluster {
    let labels = [("enforce", "baseline"), ("enforce-version", "v1.37")];
    cluster("c")
        .namespace("a", &labels, "kubectl-label")
        .profile("p", &json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}}))
}

#[test]
fn what_has_no_pods_is_not_said_to_run() {
    let shown = why(enforced().deployment("a", "agent", PRIVILEGED, 0));
    let next =
        "next: mend the workloads below: no pod of them runs, and those that they would make are refused\n";
    assert!(shown.contains(next), "{shown}");
    let shown = why(enforced().deployment("a", "agent", PRIVILEGED, 2));
    let next = "next: mend the workloads below: what runs of them runs on, and is refused as soon as it is made again\n";
    assert!(shown.contains(next), "{shown}");
}
