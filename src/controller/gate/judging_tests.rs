use serde_json::{Value, json};

use super::*;
use crate::{
    api::{ReportState, read_profile},
    assessment::{ObservedPod, PodPhase, Reading, Rejections, Shapes},
    cluster::{crd::CrdState, profiles::Listing},
    controller::{announcements::Announcements, snapshot::Memory},
    rollout::{Completeness, ServerView, Settings, testing},
    standards::pod::Pod,
};

fn profile(name: &str, rest: &Value) -> Value {
    let mut spec = json!({"namespaceSelector": {}});
    spec.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    json!({
        "apiVersion": "podsec.dev/v1alpha1", "kind": "ClusterPodSecurityProfile",
        "metadata": {"name": name, "uid": name, "generation": 1}, "spec": spec,
    })
}

fn snapshot(profiles: &[Value]) -> Snapshot {
    let listing = Listing {
        readable: profiles.iter().map(|profile| read_profile(profile).unwrap()).collect(),
        unreadable: Vec::new(),
        completeness: Completeness::Complete { crd_created: Timestamp::UNIX_EPOCH },
        trusted: true,
        crd: CrdState::default(),
    };
    let server = ServerView { minor: 37, watched_in_full: true };
    Snapshot::new(1, tokio::time::Instant::now(), listing, server, &mut Memory::default())
}

/// A pod that restricted has something against, and one that baseline has as well.
fn inventory() -> Inventory {
    let (mut inventory, mut shapes) = (Inventory::default(), Shapes::default());
    for (name, spec) in [
        ("plain", r#"{"containers": [{"name": "c"}]}"#),
        ("privileged", r#"{"containers": [{"name": "c", "securityContext": {"privileged": true}}]}"#),
    ] {
        let text = format!(r#"{{"spec": {spec}}}"#);
        inventory.insert_pod(ObservedPod {
            name: name.to_owned(),
            controller: None,
            revision: None,
            reading: Reading::Judgeable(shapes.of_pod(Pod::from_json(&text).unwrap())),
            phase: PodPhase::Live,
            mirror: false,
            created: Timestamp::UNIX_EPOCH,
        });
    }
    inventory
}

/// How a namespace stands to the profiles that change nothing there: name, state, workloads and pods that violate.
fn onlookers_of(inventory: &Inventory, profiles: &[Value]) -> Vec<(String, ReportState, u32, u32)> {
    let (announcements, _waiting) = Announcements::new();
    let state = State::new(Settings::default(), announcements);
    let (snapshot, rejections) = (snapshot(profiles), Rejections::default());
    let namespace = Namespace { uid: "u".into(), ..testing::namespace("a", &[]) };
    let case = Case {
        state: &state,
        snapshot: &snapshot,
        namespace: &namespace,
        record: None,
        looks: &[],
        pace: &Pace::default(),
        raised: None,
        now: "2026-11-22T12:00:00Z".parse().unwrap(),
    };
    let since = Timestamp::UNIX_EPOCH;
    let view = View { inventory, had_pods: true, watched_since: since, rejections: &rejections };
    let onlookers = with_view(&case, &view).findings.unwrap().onlookers;
    let told = |(name, summary): (String, Summary)| {
        (name, summary.state, summary.workloads.violating, summary.pods.violating)
    };
    onlookers.into_iter().map(told).collect()
}

#[test]
fn each_profile_that_only_looks_on_is_told_by_what_it_asks_itself() {
    let dry_run = json!({"strategy": "DryRun"});
    let profiles = [
        profile("apps", &json!({"enforce": {"level": "privileged"}, "priority": 1})),
        profile("dry-audit", &json!({"audit": {"level": "baseline"}, "rollout": dry_run})),
        profile(
            "dry-baseline",
            &json!({"enforce": {"level": "baseline"}, "audit": {"level": "restricted"},
            "rollout": dry_run}),
        ),
        profile(
            "dry-elsewhere",
            &json!({"namespaceNames": ["b"], "enforce": {"level": "baseline"},
            "rollout": dry_run}),
        ),
        profile("dry-restricted", &json!({"enforce": {"level": "restricted"}, "rollout": dry_run})),
        profile("off", &json!({"enforce": {"level": "restricted"}, "suspend": true})),
    ];
    let expected = [("dry-audit", 1), ("dry-baseline", 1), ("dry-restricted", 2), ("off", 2)]
        .map(|(name, violating)| (name.to_owned(), ReportState::Held, violating, violating));
    assert_eq!(onlookers_of(&inventory(), &profiles), expected);

    let mut unknown = Inventory::default();
    unknown.miss("pods");
    let expected = expected.map(|(name, ..)| (name, ReportState::Inconclusive, 0, 0));
    assert_eq!(onlookers_of(&unknown, &profiles), expected);
}
