//! What is explained of clusters made by hand.

use jiff::Timestamp;
use serde_json::json;

use super::{explanation::Explanation, table};
use crate::cli::{
    output::Screen,
    plan::{
        cluster_plan::{Draft, Question},
        testing::{BASELINE, Cluster, PRIVILEGED, cluster},
    },
};

/// What `podsec why a` prints.
fn why(cluster: Cluster) -> String {
    why_at("2026-11-22T12:00:00Z", cluster)
}

fn why_at(now: &str, cluster: Cluster) -> String {
    let now: Timestamp = now.parse().unwrap();
    let mut draft = Draft::new(cluster.observed(), &Question::default(), now);
    draft.draw_up();
    let namespace = draft.namespace("a").cloned().unwrap();
    let plan = draft.finish();
    let mut out = Vec::new();
    table::write(&mut out, &plan, &Explanation::new(&plan, &namespace).unwrap(), Screen::default()).unwrap();
    String::from_utf8(out).unwrap()
}

fn enforced() -> Cluster {
    let labels = [("enforce", "baseline"), ("enforce-version", "v1.37")];
    cluster("c")
        .namespace("a", &labels, "kubectl-label")
        .profile("p", &json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}}))
}

/// How often a text is in another.
fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

#[test]
fn what_is_the_matter_is_told_once_and_what_to_do_last() {
    let labels = [("enforce", "restricted"), ("enforce-version", "v1.37")];
    let stricter = cluster("c")
        .namespace("a", &labels, "kustomize-controller")
        .profile("p", &json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}}));
    let shown = why(stricter);
    assert_eq!(count(&shown, "was last set by kustomize-controller"), 1, "{shown}");
    assert_eq!(count(&shown, "delete them there"), 1, "{shown}");
    assert!(shown.contains("\nnext: Flux: set pod-security.kubernetes.io/enforce=baseline"), "{shown}");
}

#[test]
fn a_fight_is_told_with_what_ends_it() {
    let told = "tool has taken enforce from podsec 3 times in a row. Have tool leave them alone";
    let enforce = json!({"state": "Contested", "present": "baseline:v1.37", "profile": "p"});
    let report = json!({"state": "Contested", "message": told, "enforce": enforce});
    let labels = [("enforce", "baseline"), ("enforce-version", "latest")];
    let spec = json!({"namespaceSelector": {}, "enforce": {"level": "baseline", "version": "latest"}});
    let fought =
        cluster("c").namespace("a", &labels, "kubectl-label").governed_by("a", "p").profile("p", &spec);
    let shown = why(fought.reported("a", report));
    assert!(shown.starts_with("a on c (v1.37): contested\n"), "{shown}");
    assert_eq!(count(&shown, told), 1, "{shown}");
    assert!(
        shown.contains("next: end the fight over enforce, as the report of the controller says\n"),
        "{shown}"
    );
}

#[test]
fn a_suspended_profile_is_no_dry_run() {
    let inactive = |spec| why(cluster("c").namespace("a", &[], "kubectl-create").profile("p", &spec));
    let suspended =
        inactive(json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}, "suspend": true}));
    assert!(suspended.starts_with("a on c (v1.37): suspended\n"), "{suspended}");
    assert!(suspended.contains("next: set suspend: false in profile p, if it is to govern\n"), "{suspended}");
    assert_eq!(count(&suspended, "dry run"), 0, "{suspended}");
    let dry = inactive(json!({
        "namespaceSelector": {}, "enforce": {"level": "baseline"}, "rollout": {"strategy": "DryRun"},
    }));
    assert!(dry.starts_with("a on c (v1.37): dry run\n") && count(&dry, "suspen") == 0, "{dry}");
}

#[test]
fn times_are_told_in_whole_seconds() {
    let spec = json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}, "rollout": {"soak": "1h"}});
    let soaking =
        cluster("c").namespace("a", &[], "kubectl-create").pod("a", "web", BASELINE).profile("p", &spec);
    let shown = why_at("2026-11-22T12:00:00.123456789Z", soaking);
    assert!(shown.contains("next: at 2026-11-22T13:00:0"), "{shown}");
    assert!(!shown.contains(".123"), "{shown}");
}

#[test]
fn what_has_no_pods_is_not_said_to_run() {
    let shown = why(enforced().deployment("a", "agent", PRIVILEGED, 0));
    let next = "next: mend the workload below: no pod of it runs, and those that it would make are refused\n";
    assert!(shown.contains(next), "{shown}");
    let shown = why(enforced().deployment("a", "agent", PRIVILEGED, 2));
    let next = "next: mend the workload below: what runs of it runs on, and is refused as soon as it is made again\n";
    assert!(shown.contains(next), "{shown}");
}
