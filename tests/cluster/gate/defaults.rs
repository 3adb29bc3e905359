//! An API server that enforces a level where no label says one: that level is what is effective there.

use podsec::standards::Mode;
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use super::BASELINE;
use crate::stage::{
    Stage,
    workloads::{conforming, plain},
};

/// What the API server enforces in a namespace without labels.
const DEFAULT: &str = "restricted:latest";

/// The same in an Event: there is no label that it stands in.
const ASSUMED: &str = "restricted (assumed)";

/// A cluster whose API server enforces restricted by default, with a controller that has been told.
async fn strict() -> Stage {
    let defaults = json!({"enforce": "restricted", "enforce-version": "latest"});
    let builder = Cluster::builder().pod_security(json!({"defaults": defaults}));
    let mut stage = Stage::without_controller(builder).await;
    stage.settings.server_defaults.set(Mode::Enforce, DEFAULT.parse().unwrap());
    stage.start();
    stage
}

#[tokio::test]
async fn what_the_api_server_enforces_by_default_is_not_weakened_unasked() {
    let stage = strict().await;
    let strategies = [("clean", json!({"soak": "0s"})), ("at-once", json!({"strategy": "Immediate"}))];
    let spec = |name: &str, level: &str, rollout: &Value| json!({"namespaceNames": [name], "enforce": {"level": level}, "rollout": rollout});
    for (name, rollout) in &strategies {
        stage.namespace(name, &[]).await;
        stage.runs(name, "web", conforming()).await;
        stage.settled_profile(name, spec(name, "baseline", rollout)).await;
        let held = stage.is_held(name, name, "WouldWeaken").await;
        assert_eq!((&held["present"], &held["planned"]), (&json!(DEFAULT), &json!("baseline:v1.37")));
        let message = held["message"].as_str().unwrap();
        assert!(message.contains("API server enforces restricted by default"), "{message}");
        let report = stage.reports_state(name, "Held", "WouldWeaken").await;
        let enforce = &report["enforce"];
        assert_eq!((&enforce["present"], &enforce["assumed"]), (&json!("restricted"), &json!(true)));
        assert_eq!(report["message"], held["message"]);
    }
    // What is as strict is no less: it is spelled out, and it is the only thing that is written.
    stage.namespace("same", &[]).await;
    let mut same = spec("same", "restricted", &json!({"soak": "0s"}));
    same["enforce"]["version"] = "latest".into();
    stage.settled_profile("same", same).await;
    stage.shows("same", "enforce=restricted+podsec enforce-version=latest+podsec").await;
    assert_eq!(stage.interposer.namespace_writes(), 1, "{:?}", stage.interposer.writes());
    for (name, _) in &strategies {
        assert_eq!(stage.shown(name).await, "");
        let refused = stage.is_refused(name, &plain()).await;
        assert!(refused.contains(&format!("violates PodSecurity \"{DEFAULT}\"")), "{refused}");
    }

    for (name, rollout) in &strategies {
        let mut allowing = spec(name, "baseline", rollout);
        allowing["allowWeakening"] = true.into();
        stage.settled_profile(name, allowing).await;
        stage.shows(name, BASELINE).await;
        stage.event("Weakened", &format!("{name}: enforce set from {ASSUMED} to baseline:v1.37")).await;
        stage.reports_state(name, "InSync", "InSync").await;
        stage.is_let_in(name, &plain()).await;
        // What was allowed once need not be allowed for ever.
        stage.settled_profile(name, spec(name, "baseline", rollout)).await;
        stage.counts(name, "inSync", 1).await;
        assert_eq!(stage.shown(name).await, BASELINE);
    }
}

#[tokio::test]
async fn what_goes_beyond_the_default_of_the_api_server_goes_through_the_gate() {
    let defaults = json!({"enforce": "baseline", "enforce-version": "latest"});
    let builder = Cluster::builder().pod_security(json!({"defaults": defaults}));
    let mut stage = Stage::without_controller(builder).await;
    stage.settings.server_defaults.set(Mode::Enforce, "baseline:latest".parse().unwrap());
    stage.start();
    stage.namespace("team-a", &[]).await;
    stage.runs("team-a", "web", plain()).await;
    stage.settled_profile("teams", super::profile("restricted", &json!({"soak": "0s"}))).await;
    let held = stage.is_held("teams", "team-a", "Violations").await;
    // baseline at the server's version would be no raise over baseline at its latest.
    assert_eq!((&held["present"], &held["planned"]), (&json!("baseline:latest"), &json!("restricted:v1.37")));
    assert_eq!(stage.shown("team-a").await, "");
    stage.deletes::<k8s_openapi::api::core::v1::Pod>("team-a", "web").await;
    stage.shows("team-a", &BASELINE.replace("baseline", "restricted")).await;
}
