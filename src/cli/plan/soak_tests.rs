//! What a plan says of a soak.

use serde_json::{Value, json};

use super::{
    cluster_plan::ClusterPlan,
    output::Format,
    testing::{BASELINE, Cluster, PRIVILEGED, cluster, written},
};

fn soaking() -> Cluster {
    cluster("c").namespace("a", &[], "kubectl-create").pod("a", "web", BASELINE).profile(
        "p",
        &json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}, "rollout": {"soak": "24h"}}),
    )
}

fn clean_since(at: &str) -> Value {
    let clean = json!([{"level": "baseline", "version": "v1.37", "cleanSince": at}]);
    json!({"state": "Soaking", "soak": {"namespaceUid": "uid a", "clean": clean}})
}

fn next(plan: &ClusterPlan) -> Option<String> {
    plan.reports[0].next.map(|at| at.to_string())
}

#[test]
fn a_soak_under_way_is_shown_with_its_end() {
    let plan = soaking().reported("a", clean_since("2026-11-22T08:30:00Z")).plan();
    assert_eq!(next(&plan).as_deref(), Some("2026-11-23T08:30:00Z"));
    assert_eq!(plan.notices, Vec::<String>::new());
    let shown = written(Format::Table, &[plan], &[]);
    assert!(shown.contains("since 2026-11-22T08:30:00Z; it is raised at 2026-11-23T08:30:00Z"), "{shown}");
}

#[test]
fn where_no_report_could_be_read_a_soak_is_said_to_begin_now() {
    let why = "cannot list PodSecurityReports: forbidden";
    let plan = soaking().missing_report("a", why).plan();
    assert_eq!(next(&plan).as_deref(), Some("2026-11-23T12:00:00Z"));
    assert_eq!(plan.notices, [format!("{why}: a soak is shown as if it began now")]);

    // Where nothing soaks it does not matter.
    let held = soaking().pod("a", "agent", PRIVILEGED).missing_report("a", why).plan();
    assert_eq!(held.notices, Vec::<String>::new());
}

#[test]
fn a_namespace_that_was_made_just_now_is_raised_at_once_where_nothing_was_ever_in_it() {
    let planned = |created: &str| {
        let cluster = soaking().of_controller(env!("CARGO_PKG_VERSION"), &[]);
        let plan = cluster.namespace("new", &[], "kubectl-create").created("new", created).plan();
        let new = plan.reports.into_iter().find(|report| report.name == "new").unwrap();
        new.word()
    };
    assert_eq!(planned("2026-11-22T11:55:00Z"), "raised");
    assert_eq!(planned("2026-11-22T11:45:00Z"), "soaking");
}

#[test]
fn a_soak_goes_on_as_long_as_somebody_watches_and_begins_anew_with_the_next_controller() {
    let planned = |since: &str, until: &str| {
        let reported = soaking().reported("a", clean_since("2026-11-21T08:30:00Z"));
        let plan = reported.watched(since, until).plan();
        (plan.reports[0].word(), next(&plan))
    };
    let raised = ("raised".to_owned(), None);
    let at = |time: &str| ("soaking".to_owned(), Some(time.to_owned()));
    assert_eq!(planned("2026-11-20T00:00:00Z", "2026-11-22T11:59:58Z"), raised);
    assert_eq!(planned("2026-11-20T00:00:00Z", "2026-11-22T11:59:30Z"), raised, "the next one would go on");
    assert_eq!(
        planned("2026-11-22T01:00:00Z", "2026-11-22T11:59:58Z"),
        at("2026-11-23T01:00:00Z"),
        "nobody watched before"
    );
    assert_eq!(
        planned("2026-11-20T00:00:00Z", "2026-11-22T11:59:00Z"),
        at("2026-11-23T12:00:00Z"),
        "the controller is down"
    );
}

#[test]
fn where_the_lease_cannot_be_read_it_is_said_where_it_matters() {
    let why = "cannot read the controller's Lease: forbidden";
    let notices = |cluster: Cluster| cluster.missing_lease(why).plan().notices;
    let said = format!(
        "{why}: it is not known whether a controller runs, and a soak is shown as if one had all the time"
    );
    for at in ["2026-11-22T08:30:00Z", "2026-11-21T08:30:00Z"] {
        assert_eq!(notices(soaking().reported("a", clean_since(at))), std::slice::from_ref(&said));
    }
    assert_eq!(notices(soaking()), Vec::<String>::new(), "it begins now");
}
