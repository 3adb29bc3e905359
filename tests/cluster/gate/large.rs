//! A namespace with more pods than the API server's own dry run looks at.

use futures::{StreamExt as _, stream};
use k8s_openapi::api::core::v1::Pod;
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use super::{BASELINE, profile};
use crate::stage::{
    Stage,
    workloads::{plain, privileged},
};

/// The API server looks at 3,000, and first at those that have no controller in common.
const ALONE: usize = 3_000;

/// The pods of one controller.
const REPLICAS: usize = 500;

/// How many requests are under way at a time.
const AT_A_TIME: usize = 32;

/// A pod of a `ReplicaSet` that is not there, or of its own.
fn pod(number: usize) -> Value {
    // One of the last, of which the API server looks at one of all.
    let spec = if number == ALONE + REPLICAS - 1 { privileged() } else { plain() };
    let mut pod = json!({"metadata": {"name": format!("pod-{number:04}")}, "spec": spec});
    if number >= ALONE {
        pod["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "many", "controller": true,
            "uid": "9f3f1f0a-5a55-4d0c-8a0e-0d8f6c1f2a77",
        }]);
    }
    pod
}

#[tokio::test]
async fn a_namespace_is_judged_whole_however_many_pods_it_has() {
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    stage.namespace("team-a", &[]).await;
    let create = |number| {
        let stage = &stage;
        async move { drop(stage.creates::<Pod>("team-a", pod(number)).await) }
    };
    stream::iter(0..ALONE + REPLICAS).for_each_concurrent(AT_A_TIME, create).await;

    // What kubectl would tell.
    stage
        .eventually("kubectl to tell that it cannot tell", || async {
            let asked = [
                "label",
                "namespace",
                "team-a",
                "--dry-run=server",
                "pod-security.kubernetes.io/enforce=baseline",
            ];
            let mut kubectl = stage.cluster.kubectl_command("admin").unwrap();
            let told = String::from_utf8(kubectl.args(asked).output().unwrap().stderr).unwrap();
            told.contains("of 3500 existing pods").then_some(())
        })
        .await;

    stage.start();
    stage.settled_profile("teams", profile("baseline", &json!({"soak": "0s"}))).await;
    let report = stage.reports_state("team-a", "Held", "Violations").await;
    let counts = |judged: usize, violating: usize| json!({"conforming": judged - violating, "exempt": 0, "inconclusive": 0, "judged": judged, "violating": violating});
    assert_eq!(report["pods"], counts(ALONE + REPLICAS, 1));
    assert_eq!(report["workloads"], counts(ALONE + 1, 1));
    let blocker = &report["blockers"][0];
    assert_eq!(
        (&blocker["workload"], &blocker["object"], &blocker["pods"]),
        (&json!("ReplicaSet/many"), &json!("Pod/pod-3499"), &json!(1)),
    );
    assert_eq!(report.get("moreBlockers"), None);
    assert_eq!(stage.shown("team-a").await, "");

    // Once it is gone the last look, which sees a part of them, has nothing to say either.
    stage.deletes::<Pod>("team-a", "pod-3499").await;
    stage.shows("team-a", BASELINE).await;
    let report = stage.reports_state("team-a", "InSync", "InSync").await;
    assert_eq!(report["pods"], counts(ALONE + REPLICAS - 1, 0));
}
