//! A namespace in which runners come and go: what violates runs for a moment, finishes, and comes again.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::{batch::v1::Job, core::v1::Pod};
use kube::ResourceExt as _;
use serde_json::{Value, json};

use super::{BASELINE, next_step, profile};
use crate::stage::{
    Stage,
    workloads::{plain, privileged},
};

/// A Job, and the pod that its controller would make.
async fn job(stage: &Stage, namespace: &str, name: &str) -> Pod {
    let mut spec = privileged();
    spec["restartPolicy"] = "Never".into();
    let object = json!({"metadata": {"name": name}, "spec": {"template": {"spec": spec}}});
    let job: Job = stage.creates(namespace, object).await;
    let owner = json!({
        "apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": job.uid().unwrap(), "controller": true,
    });
    let pod = json!({"metadata": {"name": format!("{name}-0"), "ownerReferences": [owner]}, "spec": spec});
    stage.creates(namespace, pod).await
}

/// Ends a Job as its controller does.
async fn completes(stage: &Stage, namespace: &str, name: &str) {
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap().to_string();
    let condition = |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": now, "lastProbeTime": now, "reason": "CompletionsReached"});
    let status = json!({
        "startTime": now, "completionTime": now, "succeeded": 1,
        "conditions": [condition("SuccessCriteriaMet"), condition("Complete")],
    });
    stage.becomes::<Job>(namespace, name, status).await;
}

fn created(pod: &Pod) -> Timestamp {
    pod.metadata.creation_timestamp.as_ref().unwrap().0
}

#[tokio::test]
async fn a_soak_begins_anew_with_every_runner_that_comes() {
    let hour = SignedDuration::from_hours(1);
    let succeeded = || json!({"phase": "Succeeded"});
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    stage.runs("team-a", "web", plain()).await;
    stage.settled_profile("teams", profile("baseline", &json!({"soak": "1h"}))).await;
    let report = stage.reports_state("team-a", "Soaking", "Soaking").await;
    let mut raised_at = next_step(&report).unwrap();
    let mut last = raised_at;
    for round in ["first", "second", "third"] {
        stage.a_second_passes().await;
        // One that runs long enough to be seen, and is gone afterwards.
        let runner = stage.runs("team-a", round, privileged()).await;
        stage.reports_state("team-a", "Held", "Violations").await;
        stage.becomes::<Pod>("team-a", round, succeeded()).await;
        let report = stage.reports_state("team-a", "Soaking", "Soaking").await;
        let next = next_step(&report).unwrap();
        assert!(next > raised_at && next.duration_since(created(&runner)) >= hour, "{raised_at} {next}");
        stage.deletes::<Pod>("team-a", round).await;
        raised_at = next;

        // One that a Job made: when both have finished, nothing says that there will be no more like it. Twice, since
        // what was begun is noted as of the next second, and what was created as of the last.
        stage.a_second_passes().await;
        stage.a_second_passes().await;
        let name = format!("{round}-job");
        let runner = job(&stage, "team-a", &name).await;
        stage.becomes::<Pod>("team-a", &format!("{name}-0"), succeeded()).await;
        completes(&stage, "team-a", &name).await;
        let is_later = |report: &Value| {
            report["state"] == "Soaking" && next_step(report).is_some_and(|next| next > raised_at)
        };
        let report = stage.report_that("team-a", "a later raise", is_later).await;
        raised_at = next_step(&report).unwrap();
        assert!(raised_at.duration_since(created(&runner)) >= hour, "{raised_at}");
        last = created(&runner);
    }
    assert_eq!(stage.interposer.writes_of("team-a"), 0, "{:?}", stage.interposer.writes());

    // The last of them still lies there, which the API server warns of as well: it does not keep enforce down for ever.
    stage.settled_profile("teams", profile("baseline", &json!({"soak": "2s"}))).await;
    stage.shows("team-a", BASELINE).await;
    assert!(Timestamp::now().duration_since(last) >= SignedDuration::from_secs(2));
    let report = stage.reports_state("team-a", "InSync", "InSync").await;
    assert_eq!(
        report["notJudged"],
        json!({"deletingPods": 0, "finishedJobs": 3, "finishedPods": 3, "idleReplicaSets": 0})
    );
}
