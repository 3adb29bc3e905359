//! `podsec owners` and `podsec release`.

use std::process::{Command, Output};

use serde_json::{Value, json};

use podsec_control_plane::Cluster;

use super::{BASELINE, immediate};
use crate::stage::Stage;

pub(super) fn podsec(stage: &Stage, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podsec"));
    command.env("KUBECONFIG", stage.cluster.admin_kubeconfig().unwrap()).env("NO_COLOR", "1").args(arguments);
    command.output().expect("the binary runs")
}

pub(super) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn owners_are_shown_with_what_podsec_would_do() {
    let mut stage = Stage::new().await;
    stage.namespace("team-flux", &[]).await;
    stage.apply_labels("kustomize-controller", "team-flux", &[("enforce", "privileged")]).await;
    stage.namespace("team-shared", &[]).await;
    let right = [("enforce", "baseline"), ("enforce-version", "v1.37")];
    stage.apply_labels("helm", "team-shared", &right).await;
    stage.settled_profile("teams", immediate("team-*", "baseline")).await;
    stage.shows("team-shared", BASELINE).await;
    stage.stop().await;

    let output = podsec(&stage, &["owners", "-n", "team-flux,team-shared"]);
    let table = text(output.stdout);
    assert_eq!(output.status.code(), Some(1), "{table}");
    let row = |namespace: &str| table.lines().find(|line| line.starts_with(namespace)).unwrap().to_owned();
    let (flux, shared) = (row("team-flux"), row("team-shared"));
    assert!(flux.contains("kustomize-controller (Apply, 20") && flux.ends_with("leave it alone"), "{table}");
    assert!(shared.contains("baseline:v1.37") && shared.contains("helm (Apply, 20"), "{table}");
    assert!(shared.contains("podsec (Apply, 20") && shared.ends_with("nothing: in sync"), "{table}");
    assert!(
        table.contains(
            "; conflictPolicy: KeepStricter leaves what podsec never had to whoever sets it again and again"
        ),
        "{table}"
    );
    assert!(
        table.contains("then delete the labels pod-security.kubernetes.io/* of namespace team-flux in Git"),
        "{table}"
    );

    let json: Value = serde_json::from_slice(&podsec(&stage, &["owners", "-o", "json"]).stdout).unwrap();
    assert_eq!(json["kind"], "OwnersReport");
    let mode =
        json["modes"].as_array().unwrap().iter().find(|mode| mode["namespace"] == "team-flux").unwrap();
    assert_eq!(mode["labels"][0]["owners"][0]["manager"], "kustomize-controller");
    assert_eq!(
        (&mode["planned"]["step"], &mode["planned"]["reason"]),
        (&json!("LeaveAlone"), &json!("LeftAlone"))
    );

    let gone = podsec(&stage, &["owners", "-n", "nowhere"]);
    assert_eq!(
        (gone.status.code(), text(gone.stderr)),
        (Some(2), "podsec: there is no namespace nowhere\n".into())
    );
}

#[tokio::test]
async fn labels_are_let_go_of_by_hand_and_only_when_told() {
    let mut stage = Stage::new().await;
    for namespace in ["keep-a", "drop-a", "drop-shared", "other"] {
        stage.namespace(namespace, &[]).await;
    }
    let mut drop = immediate("drop-*", "baseline");
    drop["releasePolicy"] = "Remove".into();
    stage.settled_profile("keep", immediate("keep-*", "baseline")).await;
    stage.settled_profile("drop", drop).await;
    for namespace in ["keep-a", "drop-a", "drop-shared"] {
        stage.shows(namespace, BASELINE).await;
    }
    stage.apply_labels("helm", "drop-shared", &[("enforce", "baseline"), ("enforce-version", "v1.37")]).await;
    stage.stop().await;

    let unselected = podsec(&stage, &["release"]);
    assert_eq!(unselected.status.code(), Some(2));
    assert!(text(unselected.stderr).contains("give --all"));

    let json: Value =
        serde_json::from_slice(&podsec(&stage, &["release", "--all", "-o", "json"]).stdout).unwrap();
    let fates: Vec<_> = json["namespaces"].as_array().unwrap().iter().collect();
    let fate = |name: &str| {
        let found = fates.iter().find(|namespace| namespace["name"] == name).unwrap();
        (found["modes"][0]["value"].clone(), found["modes"][0]["fate"].clone())
    };
    assert_eq!((&json["kind"], &json["done"], fates.len()), (&json!("ReleaseReport"), &json!(false), 3));
    assert_eq!(fate("keep-a"), (json!("baseline:v1.37"), json!("Left")));
    assert_eq!(fate("drop-a"), (json!("baseline:v1.37"), json!("Removed")));
    assert_eq!(fate("drop-shared"), (json!("baseline:v1.37"), json!("LeftToOthers")));

    let dry = podsec(&stage, &["release", "--all"]);
    let (table, said) = (text(dry.stdout), text(dry.stderr));
    assert_eq!(dry.status.code(), Some(0), "{table}{said}");
    assert!(table.contains("nothing was changed") && !table.contains("\nother"), "{table}");
    assert!(said.contains("2 profiles are still there"), "{said}");
    assert_eq!(stage.shown("keep-a").await, BASELINE);

    // With the CRDs gone, too, and so all profiles and reports.
    stage
        .cluster
        .kubectl(&["delete", "crd", "clusterpodsecurityprofiles.podsec.dev", "podsecurityreports.podsec.dev"])
        .unwrap();
    let done = podsec(&stage, &["release", "--all", "--yes"]);
    let (table, said) = (text(done.stdout), text(done.stderr));
    assert_eq!((done.status.code(), said.as_str()), (Some(0), ""), "{table}");
    let row = |namespace: &str| table.lines().find(|line| line.starts_with(namespace)).unwrap().to_owned();
    assert!(row("keep-a").ends_with("left in place") && row("drop-a").ends_with("removed"), "{table}");
    assert!(row("drop-shared").ends_with("left in place, owned by others too"), "{table}");
    assert_eq!(stage.shown("keep-a").await, BASELINE.replace("+podsec", "+retained"));
    assert_eq!(stage.shown("drop-a").await, "");
    assert_eq!(stage.shown("drop-shared").await, "enforce=baseline enforce-version=v1.37");
    for namespace in ["keep-a", "drop-a", "drop-shared"] {
        assert!(stage.observed(namespace).await.ledger_annotations.is_empty(), "{namespace}");
    }
    let again = podsec(&stage, &["release", "--all", "--yes"]);
    assert!(text(again.stdout).ends_with("podsec owns nothing there\n"));
}

/// As a try that failed in part leaves it: the labels are let go of, and the report is still there.
#[tokio::test]
async fn a_report_is_removed_where_podsec_owns_nothing_any_more() {
    let stage = Stage::without_controller(Cluster::builder()).await;
    stage.namespace("stale", &[("enforce", "baseline")]).await;
    let report = r#"{"apiVersion": "podsec.dev/v1alpha1", "kind": "PodSecurityReport",
        "metadata": {"name": "podsec", "namespace": "stale"}, "state": "InSync"}"#;
    stage.cluster.apply(report).unwrap();
    stage.report("stale").await;
    for scope in [&["--all"][..], &["-n", "stale"]] {
        let dry = podsec(&stage, &[&["release"], scope].concat());
        let table = text(dry.stdout);
        let row = table.lines().find(|line| line.starts_with("stale")).unwrap();
        assert!(row.ends_with("cleared of podsec's report") && dry.status.success(), "{table}");
    }
    stage.report("stale").await;
    let done = podsec(&stage, &["release", "--all", "--yes"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(done.stderr));
    stage.has_no_report("stale").await;
    assert_eq!(stage.shown("stale").await, "enforce=baseline");
    let again = podsec(&stage, &["release", "--all", "--yes"]);
    assert!(text(again.stdout).ends_with("podsec owns nothing there\n"));
}

#[tokio::test]
async fn what_podsec_would_do_is_not_told_to_whom_may_not_see_the_profiles() {
    let mut stage = Stage::without_controller(Cluster::builder().user("reader")).await;
    stage.start();
    stage.namespace("team-a", &[]).await;
    stage.settled_profile("teams", immediate("team-*", "baseline")).await;
    stage.shows("team-a", BASELINE).await;
    stage.stop().await;
    let role = r#"{"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "reader"}, "rules": [
            {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]}]},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "reader"},
         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
         "subjects": [{"kind": "User", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}]}]}"#;
    stage.cluster.apply(role).unwrap();
    stage
        .eventually("the role to take effect", || async {
            stage.cluster.kubectl_as("reader", &["auth", "can-i", "list", "namespaces"]).ok()
        })
        .await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_podsec"));
    command.env("KUBECONFIG", stage.cluster.kubeconfig("reader").unwrap()).env("NO_COLOR", "1");
    let output = command.args(["owners", "-n", "team-a"]).output().unwrap();
    let (table, said) = (text(output.stdout), text(output.stderr));
    assert_eq!((output.status.code(), said.as_str()), (Some(2), "podsec: 1 could not be read\n"), "{table}");
    let row = table.lines().find(|line| line.starts_with("team-a")).unwrap();
    assert!(row.contains("podsec (Apply, 20"), "{table}");
    assert!(
        row.ends_with("not known: the profiles cannot be listed") && !table.contains("not listed"),
        "{table}"
    );
    assert_eq!(table.matches("cannot list the profiles").count(), 1, "{table}");
    assert!(!table.contains("cannot list pods"), "{table}");
}

#[tokio::test]
async fn what_was_taken_by_force_is_said_to_be_gone_when_it_is_released() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    stage.apply_labels("helm", "team-a", &[("enforce", "restricted")]).await;
    let mut spec = immediate("team-*", "baseline");
    spec["conflictPolicy"] = "Force".into();
    stage.settled_profile("teams", spec).await;
    stage.shows("team-a", BASELINE).await;
    let noted = stage.observed("team-a").await.ledger_annotations;
    assert_eq!(noted.get("podsec.dev/taken-from"), Some("enforce=helm"));
    stage.delete_profile("teams").await;
    stage.shows("team-a", &BASELINE.replace("+podsec", "+retained")).await;
    stage.event("Retained", "; what helm had set there before podsec took it is gone").await;
}

#[tokio::test]
async fn what_was_let_go_of_by_hand_is_new_to_the_next_profile() {
    let mut stage = Stage::new().await;
    stage.namespace("gone-a", &[]).await;
    let mut spec = immediate("gone-*", "baseline");
    spec["releasePolicy"] = "Remove".into();
    stage.settled_profile("gone", spec).await;
    stage.shows("gone-a", BASELINE).await;
    stage.report("gone-a").await;
    stage.stop().await;

    let done = podsec(&stage, &["release", "-n", "gone-a", "--yes"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(done.stderr));
    assert_eq!(stage.shown("gone-a").await, "");
    stage.has_no_report("gone-a").await;
    stage.delete_profile("gone").await;

    // It is raised through the gate like any other, and not put back.
    stage.privileged_pod("gone-a", "agent").await.unwrap();
    let fresh = json!({
        "namespaceNames": ["gone-*"], "enforce": {"level": "baseline"}, "rollout": {"soak": "0s"},
    });
    stage.profile("fresh", fresh).await;
    stage.start();
    stage.is_held("fresh", "gone-a", "Violations").await;
    assert_eq!(stage.shown("gone-a").await, "");
}
