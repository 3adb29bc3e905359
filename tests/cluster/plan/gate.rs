//! What the gate lets through is planned as it is then done.

use podsec_control_plane::Cluster;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Planned, apps, everything, file, planned, planned_as, podsec};
use crate::stage::Stage;

fn without_soak(mut spec: Value) -> Value {
    spec["rollout"] = json!({"strategy": "WhenClean", "soak": "0s"});
    spec
}

#[tokio::test]
async fn what_is_planned_to_pass_the_gate_passes_it_and_what_is_held_is_held() {
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    stage.village().await;
    let folder = TempDir::new().unwrap();
    let both = [
        ("apps", without_soak(apps("WhenClean", "KeepStricter"))),
        ("everything", without_soak(everything())),
    ];
    let plan = planned(&stage.cluster, &["-f", &file(&folder, "both.yaml", &both)]);
    assert_eq!(
        (plan.step("clean"), plan.step("broken"), plan.step("strict")),
        ("Raise", "Hold", "LeaveAlone")
    );
    assert_eq!((plan.step("other"), &plan.enforce("other")["after"]), ("Raise", &json!("baseline:v1.37")));

    stage.start();
    for (name, spec) in both {
        stage.settled_profile(name, spec).await;
    }
    stage.has_labels(&plan.labels()).await;
    for name in ["clean", "open", "strict", "garbled", "legacy-one", "broken", "other", "default"] {
        let (foretold, enforce) = (&plan.namespace(name)["state"], plan.enforce(name));
        let what = format!("{foretold} ({})", enforce["reason"]);
        let report = stage.report_that(name, &what, |report| report["state"] == *foretold).await;
        if !enforce["reason"].is_null() {
            assert_eq!(report["reason"], enforce["reason"], "{name}: {report:#}");
        }
        let (level, after) = (report["summary"]["enforce"].as_str(), enforce["after"].as_str());
        assert_eq!(level, after.and_then(|after| after.split(':').next()), "{name}");
    }

    // Looked at again, it is as it was foretold to become.
    let again = planned(&stage.cluster, &[]);
    assert_eq!((again.labels(), &again.json["summary"]["raised"]), (plan.labels(), &json!(0)));
    assert_eq!(again.namespace("other")["state"], plan.namespace("other")["state"]);
}

/// When a namespace is raised, as a plan has it.
fn raised_at<'p>(plan: &'p Planned, namespace: &str) -> &'p Value {
    assert_eq!(plan.namespace(namespace)["state"], "Soaking");
    &plan.namespace(namespace)["nextChange"]
}

#[tokio::test]
async fn a_soak_under_way_is_planned_to_end_when_it_does() {
    let mut stage = Stage::without_controller(Cluster::builder().user("blind")).await;
    stage.start();
    stage.village().await;
    let spec = |names: &[&str]| json!({"namespaceNames": names, "enforce": {"level": "baseline"}, "rollout": {"soak": "24h"}});
    stage.settled_profile("teams", spec(&["clean", "open"])).await;
    let report = stage.reports_state("clean", "Soaking", "Soaking").await;
    let at = &report["nextStep"];
    assert!(at.is_string(), "{report:#}");
    // So that a soak that began now would end at another second.
    stage.a_second_passes().await;

    let plan = planned(&stage.cluster, &[]);
    assert_eq!(raised_at(&plan, "clean"), at);
    assert_eq!(plan.json["clusters"][0]["notices"], Value::Null);
    let named = planned(&stage.cluster, &["-n", "clean"]);
    assert_eq!(raised_at(&named, "clean"), at);
    let held = stage.is_held("teams", "clean", "Soaking").await;
    assert_eq!(&held["raisedAt"], at);
    let kubeconfig = stage.cluster.admin_kubeconfig().unwrap();
    let why = podsec(&kubeconfig, &["why", "clean"]);
    let shown = String::from_utf8(why.stdout).unwrap();
    assert!(shown.contains(&format!("it is raised at {}", at.as_str().unwrap())), "{shown}");

    // Who may not read the reports is told that, and of a soak that begins now.
    stage
        .cluster
        .apply(
            r#"{"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "blind"}, "rules": [
                {"apiGroups": ["", "apps", "batch"], "resources": ["*"], "verbs": ["get", "list"]},
                {"apiGroups": ["podsec.dev"], "resources": ["clusterpodsecurityprofiles"], "verbs": ["list"]},
                {"apiGroups": ["apiextensions.k8s.io"], "resources": ["*"], "verbs": ["get"]}]},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "blind"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "blind"},
             "subjects": [{"kind": "User", "name": "blind", "apiGroup": "rbac.authorization.k8s.io"}]}]}"#,
        )
        .unwrap();
    let can = ["auth", "can-i", "list", "cronjobs.batch", "-A"];
    stage
        .eventually("the role to take effect", || async { stage.cluster.kubectl_as("blind", &can).ok() })
        .await;
    let blind = planned_as(&stage.cluster.kubeconfig("blind").unwrap(), &[]);
    assert!(raised_at(&blind, "clean").as_str() > at.as_str());
    let notices = blind.json["clusters"][0]["notices"].to_string();
    assert!(notices.contains("cannot list PodSecurityReports"), "{notices}");
    assert!(notices.contains("a soak is shown as if it began now"), "{notices}");

    // The controller watches by now: what is new and empty does not have to soak.
    stage.namespace("fresh", &[]).await;
    let folder = TempDir::new().unwrap();
    let more = file(&folder, "more.yaml", &[("teams", spec(&["clean", "open", "fresh"]))]);
    let plan = planned(&stage.cluster, &["-f", &more]);
    assert_eq!((plan.step("fresh"), raised_at(&plan, "clean")), ("Raise", at));
    stage.settled_profile("teams", spec(&["clean", "open", "fresh"])).await;
    stage.shows("fresh", "enforce=baseline+podsec enforce-version=v1.37+podsec").await;
    stage.reports_state("clean", "Soaking", "Soaking").await;
}
