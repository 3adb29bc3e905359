//! What a report says where podsec may not write the labels.

use serde_json::json;

use crate::stage::Stage;

const BASELINE: &str = "enforce=baseline+podsec enforce-version=v1.37+podsec";

#[tokio::test]
async fn a_report_says_what_the_labels_are_where_they_cannot_be_written() {
    let stage = Stage::new().await;
    stage.namespace("locked-a", &[]).await;
    let spec = json!({"namespaceNames": ["locked-*"], "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"}});
    stage.settled_profile("locked", spec).await;
    stage.shows("locked-a", BASELINE).await;
    stage.reports_state("locked-a", "InSync", "InSync").await;

    stage.forbids("locked", "locked-a").await;
    stage.label("locked-a", &[("enforce", Some("privileged"))]).await;
    let report = stage.reports_state("locked-a", "Frozen", "Unwritable").await;
    assert_eq!(report["summary"]["enforce"], "privileged", "{report:#}");
    assert!(report["message"].as_str().unwrap().contains("not by podsec"), "{report:#}");
    assert_eq!(report["soak"]["enforced"], "baseline:v1.37", "what it had been is not forgotten");
    // One that was never written has a report, too, and nothing is witnessed that never was.
    stage.namespace("locked-b", &[]).await;
    let report = stage.reports_state("locked-b", "Frozen", "Unwritable").await;
    assert!(report["soak"]["enforced"].is_null(), "{report:#}");

    stage.permits("locked").await;
    for namespace in ["locked-a", "locked-b"] {
        stage.shows(namespace, BASELINE).await;
        stage.reports_state(namespace, "InSync", "InSync").await;
    }
}
