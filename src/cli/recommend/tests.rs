//! What is recommended for clusters made by hand.

use jiff::Timestamp;
use serde_json::json;

use super::{Recommendation, profiles, table};
use crate::{
    cli::{
        observing::{ExemptRuntimeClasses, Subject},
        plan::testing::{BASELINE, Cluster, IN_DOUBT, PRIVILEGED, RESTRICTED, cluster},
    },
    standards::NEWEST_MINOR,
};

fn recommended(cluster: Cluster) -> Recommendation {
    let subject = Subject::from(cluster.observed());
    Recommendation::new(subject, &ExemptRuntimeClasses::default(), Timestamp::UNIX_EPOCH)
}

fn as_profiles(cluster: Cluster) -> String {
    let mut out = Vec::new();
    profiles::write(&mut out, &recommended(cluster)).unwrap();
    String::from_utf8(out).unwrap()
}

fn as_table(cluster: Cluster) -> String {
    let mut out = Vec::new();
    table::write(&mut out, &[recommended(cluster)], &[], false).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn what_is_protected_is_so_as_the_controller_was_told() {
    let plain = |name: &str| cluster("c").namespace(name, &[], "kubectl-create").pod(name, "web", BASELINE);
    for name in ["kube-system", "podsec-system"] {
        let shown = as_profiles(plain(name));
        assert!(shown.contains(&format!("# Left out, protected namespaces: {name}\n")), "{shown}");
        assert!(!shown.contains("kind: "), "{shown}");
    }
    // One that was told otherwise.
    let elsewhere = json!({"namespaceNames": ["elsewhere"], "enforce": {"level": "baseline"}});
    let told = plain("podsec-system").profile("p", &elsewhere).of_controller(env!("CARGO_PKG_VERSION"), &[]);
    assert!(as_profiles(told).contains("  - \"podsec-system\"\n"));
}

#[test]
fn what_the_controller_was_told_of_the_api_server_counts() {
    let boxed = r#"{"runtimeClassName": "gvisor", "hostPID": true, "containers": [{"name": "c"}]}"#;
    let elsewhere = json!({"namespaceNames": ["elsewhere"], "enforce": {"level": "baseline"}});
    let cluster = || {
        let cluster = cluster("c").namespace("a", &[], "kubectl-create").pod("a", "boxed", boxed);
        cluster.profile("p", &elsewhere)
    };
    assert!(as_profiles(cluster()).contains("name: recommended-privileged\n"));
    let told = cluster().of_controller(env!("CARGO_PKG_VERSION"), &["gvisor"]);
    assert!(as_profiles(told).contains("name: recommended-restricted\n"));
    let other = as_profiles(cluster().of_controller("0.0.1", &[]));
    assert!(other.contains("# Note: the controller is of podsec 0.0.1"), "{other}");
}

#[test]
fn nothing_weaker_is_recommended_than_what_there_is() {
    let shown = as_profiles(
        cluster("c")
            .namespace("all", &[("tier", "apps")], "kubectl-create")
            .pod("all", "agent", PRIVILEGED)
            .namespace("free", &[], "kubectl-create")
            .pod("free", "web", BASELINE)
            .namespace("labelled", &[("enforce", "restricted"), ("warn", "baseline")], "kubectl-label")
            .pod("labelled", "web", BASELINE)
            .namespace("warned", &[("tier", "warned")], "kubectl-create")
            .pod("warned", "web", RESTRICTED)
            .profile(
                "apps",
                &json!({
                    "namespaceSelector": {"matchLabels": {"tier": "apps"}}, "enforce": {"level": "baseline"},
                    "audit": {"level": "restricted", "version": "latest"}, "warn": {"level": "restricted"},
                }),
            )
            .profile(
                "recommended-baseline",
                &json!({"namespaceSelector": {"matchLabels": {"tier": "warned"}}, "warn": {"level": "baseline"}}),
            ),
    );
    insta::assert_snapshot!(shown);
}

#[test]
fn profiles_that_could_not_be_listed_are_told_of() {
    let shown = as_profiles(cluster("c").namespace("a", &[], "kubectl-create").missing_profiles());
    assert!(shown.contains("# The profiles of the cluster could not be listed"), "{shown}");
}

#[test]
fn a_level_that_podsec_cannot_tell_is_not_told() {
    let doubt = r#"{"containers": [{"name": "c"}], "volumes": [{"name": "m"}]}"#;
    assert_eq!(NEWEST_MINOR, 37, "of which the snapshot is");
    insta::assert_snapshot!(as_table(
        cluster("c")
            .namespace("doubtful", &[], "kubectl-create")
            .pod("doubtful", "web", IN_DOUBT)
            .namespace("missing", &[], "kubectl-create")
            .missing("missing", "pods", "forbidden")
            .namespace("open", &[], "kubectl-create")
            .pod("open", "agent", PRIVILEGED)
            .pod("open", "web", doubt)
    ));
}
