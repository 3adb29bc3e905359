//! What `server` stands for, with API servers of several versions.

use k8s_openapi::apimachinery::pkg::version::Info;
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use crate::stage::Stage;

/// The API server behaves like this version, whatever its own is.
const OLDER: &str = "--emulated-version=1.36";

fn immediate(names: &str, version: &str) -> Value {
    json!({
        "namespaceNames": [names], "enforce": {"level": "baseline", "version": version},
        "rollout": {"strategy": "Immediate"},
    })
}

fn enforced(version: &str) -> String {
    format!("enforce=baseline+podsec enforce-version={version}+podsec")
}

/// What the API server says of itself: the minor of its binary, and the one it emulates.
async fn minors(stage: &Stage) -> (String, Option<String>) {
    let Info { minor, emulation_minor, .. } = stage.admin.apiserver_version().await.unwrap();
    (minor, emulation_minor)
}

#[tokio::test]
async fn server_is_what_the_api_server_behaves_like() {
    let mut stage = Stage::without_controller(Cluster::builder().api_server_argument(OLDER)).await;
    stage.start();
    assert_eq!(minors(&stage).await, ("37".to_owned(), Some("36".to_owned())));
    let table = [
        ("server", "v1.36", "baseline:server (v1.36)"),
        ("server-1", "v1.35", "baseline:server-1 (v1.35)"),
        ("latest", "latest", "baseline:latest"),
        // Newer than the server: it stands as it is written, and the server takes it for its own newest.
        ("v1.37", "v1.37", "baseline:v1.37"),
    ];
    for (index, (version, label, shown)) in table.into_iter().enumerate() {
        let (profile, namespace) = (format!("p{index}"), format!("p{index}-a"));
        stage.namespace(&namespace, &[]).await;
        stage.settled_profile(&profile, immediate(&namespace, version)).await;
        stage.shows(&namespace, &enforced(label)).await;
        assert_eq!(stage.status(&profile).await["enforce"], shown);
    }
    assert_eq!(stage.status("p0").await["controller"]["serverVersion"], "v1.36");
}

#[tokio::test]
async fn a_pin_stays_when_the_server_comes_back_older() {
    let mut stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    stage.settled_profile("teams", immediate("team-*", "server")).await;
    stage.shows("team-a", &enforced("v1.37")).await;

    stage.cluster.stop_api_server().await.unwrap();
    stage.cluster.start_api_server(&[OLDER]).await.unwrap();
    assert_eq!(minors(&stage).await.1.as_deref(), Some("36"));
    // The running controller notices, and keeps its pin; so does one that is started anew.
    for namespace in ["team-b", "team-c"] {
        stage
            .eventually("podsec to learn the older version", || async {
                let status = stage.status("teams").await;
                (status["controller"]["serverVersion"] == "v1.36").then_some(())
            })
            .await;
        stage.namespace(namespace, &[]).await;
        stage.shows(namespace, &enforced("v1.37")).await;
        assert_eq!(stage.shown("team-a").await, enforced("v1.37"));
        assert_eq!(stage.status("teams").await["enforce"], "baseline:server (v1.37)");
        stage.stop().await;
        stage.start();
    }
    // A profile that was not there before knows nothing of the newer one.
    stage.namespace("late-a", &[]).await;
    stage.settled_profile("late", immediate("late-*", "server")).await;
    stage.shows("late-a", &enforced("v1.36")).await;
    // An edit of the version is a wish: it is carried out, down as well.
    stage.settled_profile("teams", immediate("team-*", "server-1")).await;
    stage.shows("team-a", &enforced("v1.35")).await;
    stage.event("Weakened", "team-a: enforce set from baseline:v1.37 to baseline:v1.35").await;
}
