use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::{
    api::read_profile,
    assessment::Inventory,
    cluster::crd::CrdState,
    rollout::{Change, HoldReason, Verdict, testing},
};

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn ago(minutes: i64) -> Timestamp {
    now().checked_sub(SignedDuration::from_mins(minutes)).unwrap()
}

/// A controller with one profile.
fn preview(rollout: &Value) -> Preview {
    let spec = json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}, "rollout": rollout});
    let object = json!({
        "apiVersion": "podsec.dev/v1alpha1", "kind": "ClusterPodSecurityProfile",
        "metadata": {"name": "p", "uid": "uid-p", "generation": 1}, "spec": spec,
    });
    let listing = Listing {
        readable: vec![read_profile(&object).unwrap()],
        unreadable: Vec::new(),
        completeness: Completeness::Complete { crd_created: Timestamp::UNIX_EPOCH },
        trusted: true,
        crd: CrdState::default(),
    };
    let server = ServerView { minor: 37, watched_in_full: true };
    Preview::new(listing, Changes::default(), server, Settings::default())
}

/// A namespace that is empty.
fn namespace(created: Timestamp) -> Namespace {
    Namespace { created, uid: "u".into(), ..testing::namespace("a", &[]) }
}

/// What a report tells that says this.
fn told(report: Value) -> Option<Remembered> {
    Remembered::of(serde_json::from_value(report).unwrap())
}

/// A report of a namespace that is clean at a policy since so many minutes.
fn clean(uid: &str, level: &str, version: &str, minutes: i64) -> Option<Remembered> {
    told(json!({"state": "Held", "soak": {
        "namespaceUid": uid, "clean": [{"level": level, "version": version, "cleanSince": ago(minutes)}],
    }}))
}

fn enforce(preview: &Preview, namespace: &Namespace, remembered: Option<&Remembered>) -> Verdict {
    let inventory = Inventory::default();
    let plan = preview.plan(namespace, Some(&inventory.workloads()), remembered, &[], now());
    plan.modes.into_iter().find(|plan| plan.mode == Mode::Enforce).unwrap().verdict
}

/// Since when, as minutes ago, enforce soaks; nothing where it is raised.
fn soaks_since(verdict: &Verdict) -> Option<i64> {
    match verdict {
        Verdict::Hold(HoldReason::Soaking { since, until }) => {
            assert_eq!(until.duration_since(*since), SignedDuration::from_hours(24));
            Some(now().duration_since(*since).as_mins())
        }
        Verdict::Write { change: Change::Raise, .. } => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_soak_goes_on_where_the_report_of_this_very_namespace_says_that_it_has_begun() {
    let (running, namespace) = (preview(&json!({"soak": "24h"})), namespace(ago(5000)));
    let since = |told: Option<Remembered>| soaks_since(&enforce(&running, &namespace, told.as_ref()));
    assert_eq!(since(None), Some(0));
    assert_eq!(since(clean("u", "baseline", "v1.37", 90)), Some(90));
    assert_eq!(since(clean("u", "baseline", "v1.37", 24 * 60 - 1)), Some(24 * 60 - 1));
    assert_eq!(since(clean("u", "baseline", "v1.37", 24 * 60)), None, "it has soaked");
    assert_eq!(since(clean("another", "baseline", "v1.37", 90)), Some(0));
    assert_eq!(since(clean("u", "baseline", "v1.36", 90)), Some(0), "that was another version");
    assert_eq!(since(clean("u", "restricted", "v1.37", 90)), Some(0), "that was another level");
}

#[test]
fn a_new_namespace_is_raised_at_once_where_no_pod_was_seen() {
    let running = preview(&json!({"soak": "24h"}));
    let since = |minutes: i64, report: Option<Value>| {
        let told = report.and_then(told);
        soaks_since(&enforce(&running, &namespace(ago(minutes)), told.as_ref()))
    };
    let of = |uid: &str, mut report: Value| {
        report["soak"] = json!({"namespaceUid": uid});
        report["state"] = json!("Held");
        Some(report)
    };
    let soaks = json!({"enforce": {"present": "privileged:latest", "state": "Soaking"}});
    assert_eq!(since(9, None), None);
    assert_eq!(since(10, None), Some(0), "it is not new any more");
    assert_eq!(since(9, of("u", json!({"pods": {"judged": 0}}))), None);
    assert_eq!(since(9, of("u", json!({"pods": {"judged": 1}}))), Some(0));
    assert_eq!(since(9, of("u", json!({"pods": {"exempt": 1}}))), Some(0));
    assert_eq!(since(9, of("u", json!({"notJudged": {"finishedPods": 1}}))), Some(0));
    assert_eq!(since(9, of("u", json!({"notJudged": {"finishedJobs": 1}}))), None);
    assert_eq!(since(9, of("u", soaks)), Some(0), "the controller knows of a pod");
    assert_eq!(since(9, of("another", json!({"pods": {"judged": 1}}))), None);
}

#[test]
fn what_the_report_witnesses_is_put_back() {
    let running = preview(&json!({"soak": "24h"}));
    let repaired = |uid: &str| {
        let soak = json!({"namespaceUid": uid, "enforced": "baseline:v1.37"});
        let told = told(json!({"state": "InSync", "soak": soak})).unwrap();
        let mut namespace = namespace(ago(5000));
        namespace.remembered = told.ledger(&namespace);
        enforce(&running, &namespace, Some(&told))
    };
    let value = "baseline:v1.37".parse().unwrap();
    assert_eq!(repaired("u"), Verdict::Write { value, change: Change::Repair });
    assert_eq!(soaks_since(&repaired("another")), Some(0));
}

#[test]
fn force_after_looks_at_how_long_the_namespace_has_been_held() {
    let running = preview(&json!({"soak": "240h", "forceAfter": ago(60)}));
    let held = |minutes: i64| {
        let soak = json!({"namespaceUid": "u", "held": {"heldSince": ago(minutes), "level": "baseline",
            "profileUid": "uid-p"}});
        let told = told(json!({"state": "Held", "soak": soak}));
        enforce(&running, &namespace(ago(5000)), told.as_ref())
    };
    let is_forced = |verdict: &Verdict| matches!(verdict, Verdict::Write { change: Change::ForcedRaise, .. });
    assert!(is_forced(&held(61)));
    assert!(!is_forced(&held(59)), "it joined later");
}
