//! What `/metrics` says of a cluster, read while podsec runs.

use jiff::{SignedDuration, Timestamp};
use podsec::controller::metric_names;
use podsec_control_plane::Cluster;
use serde_json::json;

use crate::stage::{
    Stage,
    workloads::{plain, privileged},
};

fn in_days(days: i64) -> String {
    Timestamp::now().checked_add(SignedDuration::from_hours(24 * days)).unwrap().to_string()
}

/// A number of a scrape.
fn number(metrics: &str, series: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line?.parse().ok()
}

async fn has(stage: &Stage, series: &str, expected: f64) {
    stage
        .eventually(series, || async {
            let (_, metrics) = stage.asked("/metrics").await?;
            (number(&metrics, series) == Some(expected)).then_some(())
        })
        .await;
}

#[tokio::test]
async fn what_is_served_is_what_goes_on_in_the_cluster() {
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    for namespace in ["team-clean", "team-dirty", "team-exempt", "team-left", "other"] {
        stage.namespace(namespace, &[]).await;
    }
    stage.runs("team-clean", "web", plain()).await;
    stage.runs("team-dirty", "agent", privileged()).await;
    stage.apply_labels("helm", "team-left", &[("enforce", "restricted")]).await;
    stage.start();
    let spec = json!({
        "namespaceNames": ["team-*"],
        "enforce": {"level": "baseline"},
        "rollout": {"soak": "0s", "forceAfter": in_days(5)},
        "exemptions": [
            {"name": "team-exempt", "reason": "a device plugin", "expires": in_days(3)},
            {"name": "team-later", "reason": "a network plugin", "expires": in_days(300)},
        ],
    });
    stage.settled_profile("teams", spec).await;
    stage.shows("team-clean", "enforce=baseline+podsec enforce-version=v1.37+podsec").await;
    stage.is_held("teams", "team-dirty", "Violations").await;
    for (state, count) in [
        ("matched", 4.0),
        ("governed", 4.0),
        ("in_sync", 2.0),
        ("held", 1.0),
        ("exempt", 1.0),
        ("yielded", 1.0),
        ("contested", 0.0),
    ] {
        has(&stage, &format!("podsec_namespaces{{profile=\"teams\",state=\"{state}\"}}"), count).await;
    }
    for (series, count) in [
        ("podsec_mode_writes_total{mode=\"enforce\",change=\"raise\"}", 1.0),
        ("podsec_mode_writes_total{mode=\"enforce\",change=\"own\"}", 1.0),
        ("podsec_violating_workloads{profile=\"teams\"}", 1.0),
        ("podsec_broken_workloads{profile=\"teams\"}", 0.0),
        ("podsec_profile_condition{profile=\"teams\",condition=\"Ready\"}", 1.0),
        ("podsec_profile_condition{profile=\"teams\",condition=\"Compliant\"}", 0.0),
        ("podsec_force_after_due", 1.0),
        ("podsec_exemptions_expiring", 1.0),
        ("podsec_yielded_namespaces{writer=\"helm\"}", 1.0),
        ("podsec_namespace_state{namespace=\"team-dirty\",state=\"held\"}", 1.0),
        ("podsec_pods", 2.0),
        ("podsec_ready", 1.0),
        ("podsec_watch_silence_seconds", 0.0),
        ("podsec_evaluator_disagreements_total", 0.0),
        ("podsec_reports_waiting", 0.0),
        ("podsec_events_dropped_total", 0.0),
    ] {
        has(&stage, series, count).await;
    }

    // Somebody takes a label, and podsec takes it back.
    stage.label("team-clean", &[("enforce", Some("privileged"))]).await;
    has(&stage, "podsec_mode_writes_total{mode=\"enforce\",change=\"repair\"}", 1.0).await;

    let (_, metrics) = stage.asked("/metrics").await.unwrap();
    let counted = |series: &str| number(&metrics, series).unwrap_or_default();
    assert!(counted("podsec_namespace_label_delay_seconds_count") >= 2.0, "{metrics}");
    assert!(counted("podsec_api_requests_total{verb=\"patch\",code=\"200\"}") >= 4.0, "{metrics}");
    assert!(counted("podsec_report_writes_total") >= 4.0, "{metrics}");
    assert!(counted("process_resident_memory_bytes") > 1e6, "{metrics}");
    assert!(!metrics.contains("\"other\",state") && !metrics.contains("team-later"), "{metrics}");
    every_family_is_there(&metrics);
}

/// Every metric that is documented is served, but for who leads, which a controller without others has nothing to say of.
fn every_family_is_there(metrics: &str) {
    for name in metric_names().unwrap() {
        let family = name.trim_end_matches("_total").trim_end_matches("_info");
        let is_there = metrics.contains(&format!("# TYPE {family} "));
        assert_eq!(is_there, name != "leader_election_master_status", "{name}: {metrics}");
    }
}
