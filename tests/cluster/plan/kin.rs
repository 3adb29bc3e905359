//! `podsec why`, `podsec compare` and `podsec recommend`.

use podsec_control_plane::Cluster;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{apps, everything, planned, podsec};
use crate::stage::Stage;

#[tokio::test]
async fn a_namespace_is_explained() {
    let mut stage = Stage::new().await;
    stage.village().await;
    stage.settled_profile("apps", apps("Immediate", "KeepStricter")).await;
    stage.settled_profile("everything", everything()).await;
    stage.settled_profile("db", json!({"namespaceNames": ["db-*"], "warn": {"level": "baseline"}})).await;
    let kubeconfig = stage.cluster.admin_kubeconfig().unwrap();
    let why = |namespace: &str| {
        let output = podsec(&kubeconfig, &["why", namespace, "-o", "json"]);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), json)
    };
    let (status, clean) = why("clean");
    assert_eq!(status, Some(0), "{clean:#}");
    let enforce = &clean["modes"][0]["profiles"];
    assert_eq!((&enforce[0]["name"], &enforce[0]["governs"]), (&json!("apps"), &json!(true)));
    assert_eq!(enforce[1]["whyNot"], "apps has a higher priority");
    let audit = &clean["modes"][1]["profiles"];
    assert_eq!(
        (&audit[0]["name"], &audit[1]["whyNot"]),
        (&json!("everything"), &json!("it does not set audit"))
    );
    assert_eq!(clean["notSelecting"], json!([{"name": "db", "why": "namespaceNames does not name it"}]));
    let owner =
        clean["keys"].as_array().unwrap().iter().find(|key| key["key"] == "podsec.dev/enforced").unwrap();
    assert_eq!(
        (&owner["value"], &owner["owners"][0]["manager"]),
        (&json!("baseline:v1.37"), &json!("podsec"))
    );

    let (status, strict) = why("strict");
    assert_eq!(strict["namespace"]["state"], "Yielded", "{strict:#}");
    assert_eq!(status, Some(0));
    let next = strict["next"].to_string();
    let command = "kubectl label --overwrite namespace strict pod-security.kubernetes.io/enforce=baseline ";
    assert!(next.contains(command) && !next.contains("Force"), "{next}");
    let message = strict["namespace"]["modes"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("KeepStricter leaves to whoever set it what is at least as strict"),
        "{message}"
    );
    let (status, broken) = why("broken");
    assert_eq!(status, Some(1));
    assert_eq!(broken["results"].as_array().unwrap().len(), 2);

    let gone = podsec(&kubeconfig, &["why", "nowhere"]);
    assert_eq!(gone.status.code(), Some(2));
    assert_eq!(String::from_utf8(gone.stderr).unwrap(), "podsec: namespace nowhere: is not there\n");
    stage.stop().await;
}

#[tokio::test]
async fn levels_and_versions_are_told_of_a_live_cluster() {
    let stage = Stage::without_controller(Cluster::builder()).await;
    stage.village().await;
    stage.namespace("probed", &[("enforce", "baseline")]).await;
    let probe = json!({"httpGet": {"host": "elsewhere", "port": 1}});
    stage.label("probed", &[("enforce", Some("privileged"))]).await;
    stage
        .pod("probed", "web", json!({"containers": [{"name": "c", "image": "i", "livenessProbe": probe}]}))
        .await;
    stage.label("probed", &[("enforce", Some("baseline"))]).await;
    let kubeconfig = stage.cluster.admin_kubeconfig().unwrap();

    let output = podsec(&kubeconfig, &["compare", "--from", "v1.33", "--to", "v1.34", "-o", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let compared: Value = serde_json::from_slice(&output.stdout).unwrap();
    let fails =
        compared["results"].as_array().unwrap().iter().filter(|result| result["turn"] == "newlyFails");
    let [changed] = fails.collect::<Vec<_>>()[..] else { panic!("{compared:#}") };
    assert_eq!((&changed["namespace"], &changed["turn"]), (&json!("probed"), &json!("newlyFails")));
    assert_eq!((&changed["level"], &changed["follows"]), (&json!("baseline"), &json!(["enforce"])));

    // What is recommended is what can be applied without breaking anything.
    let folder = TempDir::new().unwrap();
    let output = podsec(&kubeconfig, &["recommend", "-o", "profiles"]);
    assert_eq!(output.status.code(), Some(0));
    let path = folder.path().join("recommended.yaml");
    std::fs::write(&path, &output.stdout).unwrap();
    let plan = planned(&stage.cluster, &["-f", &path.display().to_string()]);
    let summary = &plan.json["summary"];
    assert_eq!((&summary["held"], &summary["broken"]), (&json!(0), &json!(0)), "{summary:#}");
    stage.cluster.apply_file(&path).unwrap();
}

#[tokio::test]
async fn namespaces_that_are_not_there_are_told_on_stderr() {
    let stage = Stage::without_controller(Cluster::builder()).await;
    stage.namespace("shop", &[("tier", "apps")]).await;
    let kubeconfig = stage.cluster.admin_kubeconfig().unwrap();
    let run = |arguments: &[&str]| {
        let output = podsec(&kubeconfig, arguments);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let nobody = "podsec: no namespace has labels that match \"tier=app\"\n";
    for format in ["table", "wide", "json", "yaml", "markdown", "html"] {
        assert_eq!(run(&["plan", "-l", "tier=app", "-o", format]), (Some(2), nobody.to_owned()), "{format}");
        let (status, told) = run(&["plan", "-n", "shop,ship", "-o", format]);
        assert_eq!((status, told.as_str()), (Some(2), "podsec: there is no namespace ship\n"), "{format}");
    }
    for command in [
        &["recommend"][..],
        &["recommend", "-o", "profiles"],
        &["compare", "--from", "v1.31"],
        &["owners"],
        &["owners", "-o", "json"],
        &["release"],
        &["release", "--yes", "-o", "json"],
    ] {
        assert_eq!(
            run(&[command, &["-l", "tier=app"]].concat()),
            (Some(2), nobody.to_owned()),
            "{command:?}"
        );
    }
    assert_eq!(
        run(&["owners", "-n", "shop,ship"]),
        (Some(2), "podsec: there is no namespace ship\n".to_owned())
    );
    for command in ["plan", "owners", "release"] {
        assert_eq!(run(&[command, "-l", "tier=apps"]), (Some(0), String::new()), "{command}");
    }
}
