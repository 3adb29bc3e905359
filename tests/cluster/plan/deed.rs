//! What is planned is what the controller then does.

use podsec_control_plane::Cluster;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{PLANNER, apps, everything, file, planned, planned_as};
use crate::stage::Stage;

#[tokio::test]
async fn what_is_planned_is_what_is_then_done() {
    let mut stage = Stage::without_controller(Cluster::builder().audit_log().user(PLANNER)).await;
    let may_do_all = ["create", "clusterrolebinding", PLANNER, "--clusterrole=cluster-admin"];
    stage.cluster.kubectl(&[&may_do_all[..], &["--user=planner"]].concat()).unwrap();
    stage.village().await;
    let folder = TempDir::new().unwrap();
    let planner = stage.cluster.kubeconfig(PLANNER).unwrap();

    // Before there is any profile: nothing to plan, and the newcomer's question.
    let nothing = planned_as(&planner, &[]);
    assert_eq!(nothing.status, Some(0));
    assert_eq!(nothing.json["clusters"][0]["planned"], false);
    assert_eq!(nothing.namespace("clean")["cleanAt"], "baseline");
    assert_eq!(nothing.namespace("broken")["cleanAt"], "privileged");

    // As if two profiles were applied; and then they are.
    let before = stage.labels().await;
    let both =
        file(&folder, "both.yaml", &[("apps", apps("Immediate", "Force")), ("everything", everything())]);
    let plan = planned_as(&planner, &["-f", &both, "--cross-check"]);
    assert_eq!(plan.status, Some(1), "something is held and something breaks");
    assert_eq!(plan.step("clean"), "Raise");
    assert_eq!(plan.step("open"), "Raise");
    assert_eq!(plan.enforce("open")["takenFrom"], "kubectl-create");
    assert_eq!((plan.step("strict"), &plan.enforce("strict")["after"]), ("Weaken", &json!("baseline:v1.37")));
    assert_eq!(plan.namespace("legacy-one")["state"], "Exempt");
    assert_eq!(plan.namespace("broken")["violatingPods"], 2);
    assert_eq!(plan.step("other"), "Hold");
    assert_eq!(plan.namespace("kube-system")["state"], "Protected");
    let disagreements = plan.json["namespaces"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|namespace| namespace["crossCheck"].as_array().cloned().unwrap_or_default());
    let verdicts: Vec<_> = disagreements.map(|check| check["verdict"].clone()).collect();
    assert!(verdicts.len() >= 5 && verdicts.iter().all(|verdict| verdict == "agrees"), "{verdicts:?}");
    assert_eq!(stage.labels().await, before, "planning changes nothing");

    stage.start();
    stage.settled_profile("apps", apps("Immediate", "Force")).await;
    stage.settled_profile("everything", everything()).await;
    stage.has_labels(&plan.labels()).await;

    // Now there is nothing left to do.
    let again = planned_as(&planner, &[]);
    assert_eq!(again.labels(), plan.labels());
    assert_eq!(again.json["summary"]["raised"], 0);
    assert_eq!(again.step("clean"), "None");

    // As if a profile were edited, in one that has its name.
    let edited = file(&folder, "edited.yaml", &[("apps", apps("Immediate", "Yield"))]);
    stage.label("clean", &[("enforce", Some("restricted")), ("enforce-version", Some("latest"))]).await;
    stage.has_labels(&plan.labels()).await;
    let less = {
        let mut spec = apps("Immediate", "Yield");
        spec["enforce"] = json!({"level": "privileged"});
        spec
    };
    let weakened = file(&folder, "less.yaml", &[("apps", less.clone())]);
    assert_eq!(planned_as(&planner, &["-f", &edited]).step("clean"), "None");
    let plan = planned_as(&planner, &["-f", &weakened]);
    assert_eq!(plan.step("clean"), "Weaken");
    stage.settled_profile("apps", less).await;
    stage.has_labels(&plan.labels()).await;

    // As if it were deleted: with Remove its labels go, and the other profile takes over.
    let plan = planned_as(&planner, &["--without", "apps"]);
    stage.delete_profile("apps").await;
    stage.has_labels(&plan.labels()).await;

    let events = stage.cluster.audit_events().unwrap();
    let written = |event: &&Value| {
        event["user"]["username"] == PLANNER
            && !event["requestURI"].as_str().unwrap_or_default().contains("dryRun=All")
    };
    assert_eq!(events.iter().find(written), None, "planning stores nothing");
    assert!(events.iter().any(|event| event["user"]["username"] == PLANNER), "or nothing is shown here");
}

#[tokio::test]
async fn it_plans_with_what_the_controller_was_told() {
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    stage.settings.protected.push(podsec::rollout::NamePattern::new("vault"));
    stage.settings.never_weaken = true;
    stage.namespace("vault", &[]).await;
    stage.namespace("strict", &[("enforce", "restricted")]).await;
    stage.start();
    let spec = json!({
        "namespaceSelector": {}, "enforce": {"level": "baseline"}, "conflictPolicy": "Force",
        "rollout": {"strategy": "Immediate"},
    });
    stage.settled_profile("everything", spec).await;
    let plan = planned(&stage.cluster, &[]);
    assert_eq!(plan.namespace("vault")["state"], "Protected");
    assert_eq!((plan.step("strict"), &plan.enforce("strict")["reason"]), ("Hold", &json!("NeverWeaken")));
    assert_eq!(plan.labels(), stage.labels().await);
    assert_eq!(plan.json["clusters"][0]["notices"], Value::Null);
}
