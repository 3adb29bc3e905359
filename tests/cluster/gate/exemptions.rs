//! An exemption comes to its end: the namespace is raised again, but through the gate.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use super::{BASELINE, profile};
use crate::stage::{
    Stage,
    workloads::{plain, privileged},
};

#[tokio::test]
async fn what_was_exempt_is_raised_once_nothing_would_be_refused() {
    let stage = Stage::new().await;
    for name in ["team-exempt", "team-held"] {
        stage.namespace(name, &[]).await;
        stage.runs(name, "agent", privileged()).await;
    }
    let spec = |expires: Option<Timestamp>, force_after: Option<Timestamp>| {
        let mut spec = profile("baseline", &json!({"soak": "0s"}));
        spec["exemptions"] = json!([{"name": "team-exempt", "reason": "vendor agent, OPS-1412"}]);
        if let Some(expires) = expires {
            spec["exemptions"][0]["expires"] = expires.to_string().into();
        }
        if let Some(after) = force_after {
            spec["rollout"]["forceAfter"] = after.to_string().into();
        }
        spec
    };
    let exempt = BASELINE.replace("baseline", "privileged");
    stage.settled_profile("teams", spec(None, None)).await;
    stage.shows("team-exempt", &exempt).await;
    stage.reports_state("team-exempt", "Exempt", "Exempt").await;
    stage.is_held("teams", "team-held", "Violations").await;
    // It has been held for a second: see `forceAfter`.
    stage.a_second_passes().await;

    let soon = Timestamp::now().checked_add(SignedDuration::from_secs(2)).unwrap();
    let expires = Timestamp::from_second(soon.as_second()).unwrap();
    let forced = expires.checked_add(SignedDuration::from_secs(2)).unwrap();
    stage.profile("teams", spec(Some(expires), Some(forced))).await;
    let held = stage.is_held("teams", "team-exempt", "Violations").await;
    assert!(Timestamp::now() >= expires);
    assert_eq!((&held["present"], &held["planned"]), (&json!("privileged:v1.37"), &json!("baseline:v1.37")));
    stage.reports_state("team-exempt", "Held", "Violations").await;
    stage.counts("teams", "exempt", 0).await;
    // forceAfter is for what was held all along, and for no exemption that has come to its end.
    stage.shows("team-held", BASELINE).await;
    stage.event("ForceRaised", "team-held").await;
    assert_eq!(stage.shown("team-exempt").await, exempt);
    assert_eq!(stage.events("ForceRaised", "team-exempt").await, []);

    stage.deletes::<Pod>("team-exempt", "agent").await;
    stage.runs("team-exempt", "agent", plain()).await;
    stage.shows("team-exempt", BASELINE).await;
    stage.event("Raised", "team-exempt: enforce set from privileged:v1.37 to baseline:v1.37").await;
}
