use std::sync::Arc;

use serde_json::json;

use super::{
    super::{
        apply::Applied,
        snapshot::{Memory, Snapshot},
    },
    *,
};
use crate::{
    api::{JudgedCounts, VerdictCounts},
    cluster::{
        crd::CrdState,
        profiles::{Listing, UnreadableProfile},
    },
    rollout::{Completeness, ServerView, Settings, plan, testing},
};

const SERVER: ServerView = ServerView { minor: 37, watched_in_full: true };

fn now() -> Timestamp {
    "2026-11-22T12:00:00.5Z".parse().unwrap()
}

fn object(spec: &serde_json::Value) -> ClusterPodSecurityProfile {
    let mut object = ClusterPodSecurityProfile::new("p", serde_json::from_value(spec.clone()).unwrap());
    object.metadata.uid = Some("uid".into());
    object.metadata.generation = Some(3);
    object
}

fn snapshot(readable: Vec<ClusterPodSecurityProfile>, unreadable: Vec<UnreadableProfile>) -> Snapshot {
    let completeness = Completeness::Complete { crd_created: Timestamp::UNIX_EPOCH };
    Snapshot::new(
        1,
        tokio::time::Instant::now(),
        Listing { readable, unreadable, completeness, trusted: true, crd: CrdState::default() },
        SERVER,
        &mut Memory::default(),
    )
}

/// What becomes of so many empty namespaces.
fn outcomes(snapshot: &Snapshot, count: usize) -> Vec<(String, Arc<Outcome>)> {
    let outcome = |index| {
        let namespace = testing::namespace(&format!("n{index:03}"), &[]);
        let modes = plan(&namespace, &snapshot.profiles, &Settings::default(), None, now()).modes;
        let result = Result::Applied(Box::new(Applied::as_if(modes)));
        (namespace.name, Arc::new(Outcome::new(1, vec!["p".into()], Vec::new(), result)))
    };
    (0..count).map(outcome).collect()
}

fn told(
    snapshot: &Snapshot,
    outcomes: &[(String, Arc<Outcome>)],
    progress: Progress,
    before: Option<&ProfileStatus>,
    now: Timestamp,
) -> ProfileStatus {
    let described = &snapshot.described["p"];
    let controller = Controller::default();
    status(&Account {
        name: "p",
        described,
        outcomes,
        progress,
        controller: &controller,
        halted: None,
        reports_closed: None,
        before,
        now,
    })
}

fn done() -> Progress {
    Progress { total: 0, left: 0 }
}

/// The conditions as `Ready=True(Reason)`.
fn shown(status: &ProfileStatus) -> Vec<String> {
    let show =
        |condition: &Condition| format!("{}={:?}({})", condition.kind, condition.status, condition.reason);
    status.conditions.iter().map(show).collect()
}

/// What waiters rely on.
fn check(status: &ProfileStatus) {
    // What is read back must be what was written, or it would be written again and again.
    let read_back: ProfileStatus = serde_json::from_value(serde_json::to_value(status).unwrap()).unwrap();
    assert_eq!(read_back, *status);
    let holds = |kind: &str| {
        status.conditions.iter().find(|condition| condition.kind == kind).map(|condition| condition.status)
    };
    let (reconciling, stalled) = (holds(types::RECONCILING), holds(types::STALLED));
    assert!(!(reconciling.is_some() && stalled.is_some()), "never both: {:?}", shown(status));
    if holds(types::READY) == Some(ConditionStatus::False) {
        assert!(
            reconciling.is_some() || stalled.is_some(),
            "Ready=False is never alone: {:?}",
            shown(status)
        );
    }
    let kinds: Vec<_> = status.conditions.iter().map(|condition| condition.kind.as_str()).collect();
    let ordered: Vec<_> = types::ORDER.into_iter().filter(|kind| kinds.contains(kind)).collect();
    assert_eq!(kinds, ordered, "conditions stand in their fixed order");
    assert!(status.conditions.iter().all(|condition| condition.observed_generation == 3));
}

#[test]
fn whoever_would_remove_labels_beside_flux_is_told_before() {
    let spec = |policy: &str| {
        json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"},
            "releasePolicy": policy})
    };
    let message = |policy: &str, label: &str| {
        let snapshot = snapshot(vec![object(&spec(policy))], Vec::new());
        let mut namespace = testing::namespace("shop", &[]);
        namespace.labels.set(label, Some("apps"));
        let modes = plan(&namespace, &snapshot.profiles, &Settings::default(), None, now()).modes;
        let result = Result::Applied(Box::new(Applied::as_if(modes)));
        let outcome = Arc::new(Outcome::new(1, vec!["p".into()], Vec::new(), result));
        told(&snapshot, &[(namespace.name, outcome)], done(), None, now()).conditions[0].message.clone()
    };
    let flux = "kustomize.toolkit.fluxcd.io/name";
    let told = message("Remove", flux);
    assert!(told.contains("Flux applies 1 namespace (first shop)") && told.contains("spec.ignore"), "{told}");
    for (policy, label) in [("Retain", flux), ("Remove", "team")] {
        assert!(!message(policy, label).contains("Flux"), "{policy} {label}");
    }
}

#[test]
fn a_profile_that_is_carried_out_is_ready() {
    let spec = json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"}});
    let snapshot = snapshot(vec![object(&spec)], Vec::new());
    let status = told(&snapshot, &outcomes(&snapshot, 2), done(), None, now());
    check(&status);
    assert_eq!(
        shown(&status),
        [
            "Ready=True(Reconciled)",
            "Compliant=Unknown(NotJudged)",
            "Overlapping=False(NoOverlap)",
            "Contested=False(NoFight)",
            "RolloutHalted=False(NotHalted)"
        ]
    );
    assert_eq!(status.enforce.as_deref(), Some("baseline:server (v1.37)"));
    assert_eq!((status.namespaces.governed, status.namespaces.in_sync, status.namespaces.held), (2, 2, 0));
    assert_eq!(status.observed_generation, 3);
}

#[test]
fn held_namespaces_are_counted_named_and_do_not_move_ready() {
    let spec =
        json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}, "warn": {"level": "baseline"}});
    let snapshot = snapshot(vec![object(&spec)], Vec::new());
    let status = told(&snapshot, &outcomes(&snapshot, 30), done(), None, now());
    check(&status);
    assert_eq!((status.namespaces.held, status.namespaces.in_sync, status.held.len()), (30, 0, NAMED));
    assert_eq!((status.held[0].name.as_str(), status.held[0].reason.as_str()), ("n000", "NotJudged"));
    assert_eq!(shown(&status)[0], "Ready=True(Reconciled)");
}

#[test]
fn progress_is_reconciling_until_all_is_done() {
    let spec = json!({"namespaceSelector": {}, "warn": {"level": "baseline"}});
    let snapshot = snapshot(vec![object(&spec)], Vec::new());
    let status = told(&snapshot, &[], Progress { total: 5, left: 2 }, None, now());
    check(&status);
    assert_eq!(shown(&status)[..2], ["Reconciling=True(Progressing)", "Ready=Unknown(Progressing)"]);
    assert_eq!(status.conditions[0].message, "3 of 5 namespaces done");
}

#[test]
fn a_namespace_that_nobody_can_write_is_named_and_does_not_move_ready() {
    let spec = json!({"namespaceSelector": {}, "warn": {"level": "baseline"}});
    let snapshot = snapshot(vec![object(&spec)], Vec::new());
    let mut outcomes = outcomes(&snapshot, 1);
    let refused = Result::Unwritable { code: 422, message: "label x must be y\u{1b}[31m".into() };
    outcomes.push(("odd".into(), Arc::new(Outcome::new(1, vec!["p".into()], Vec::new(), refused))));
    let status = told(&snapshot, &outcomes, done(), None, now());
    check(&status);
    assert_eq!(shown(&status)[0], "Ready=True(Reconciled)");
    assert_eq!((status.unwritable[0].name.as_str(), status.namespaces.matched), ("odd", 2));
    assert!(
        status.conditions[0].message.contains("odd: label x must be y\\u{1b}"),
        "{}",
        status.conditions[0].message
    );
}

#[test]
fn a_profile_that_may_write_nothing_at_all_is_stalled() {
    let spec = json!({"namespaceSelector": {}, "warn": {"level": "baseline"}});
    let snapshot = snapshot(vec![object(&spec)], Vec::new());
    let forbidden = |name: &str| {
        let result = Result::Unwritable { code: 403, message: "cannot patch".into() };
        (name.to_owned(), Arc::new(Outcome::new(1, vec!["p".into()], Vec::new(), result)))
    };
    let mut all = vec![forbidden("x"), forbidden("y")];
    let status = told(&snapshot, &all, done(), None, now());
    check(&status);
    assert_eq!(shown(&status)[..2], ["Stalled=True(Forbidden)", "Ready=False(Forbidden)"]);
    assert!(status.conditions[0].message.contains("none of the 2 namespaces (first x: cannot patch)"));

    all.extend(outcomes(&snapshot, 1));
    let status = told(&snapshot, &all, done(), None, now());
    check(&status);
    assert_eq!(shown(&status)[0], "Ready=True(Reconciled)");
}

#[test]
fn what_keeps_failing_is_reconciling_and_a_moments_trouble_is_not() {
    let spec = json!({"namespaceSelector": {}, "warn": {"level": "baseline"}});
    let snapshot = snapshot(vec![object(&spec)], Vec::new());
    for (failures, expected) in
        [(1, "Ready=True(Reconciled)"), (PATIENCE, "Reconciling=True(ProgressingWithRetry)")]
    {
        let result = Result::Retrying { message: "no answer".into(), failures };
        let outcome = Outcome::new(1, vec!["p".into()], Vec::new(), result);
        let status = told(&snapshot, &[("a".into(), Arc::new(outcome))], done(), None, now());
        check(&status);
        assert_eq!(shown(&status)[0], expected);
    }
}

#[test]
fn an_unreadable_profile_is_stalled_and_names_the_field() {
    let value = json!({
        "apiVersion": "podsec.dev/v1alpha1", "kind": "ClusterPodSecurityProfile", "metadata": {"name": "p"},
        "spec": {"namespaceSelector": {}, "enforce": {"level": "strict"}},
    });
    let problem = crate::api::read_profile(&value).unwrap_err();
    let unreadable =
        UnreadableProfile { name: "p".into(), uid: "uid".into(), generation: 3, problem, status: None };
    let status = told(&snapshot(Vec::new(), vec![unreadable]), &[], done(), None, now());
    check(&status);
    assert_eq!(shown(&status), ["Stalled=True(InvalidSpec)", "Ready=False(InvalidSpec)"]);
    assert!(status.conditions[0].message.contains("spec.enforce.level"), "{}", status.conditions[0].message);
}

#[test]
fn suspended_and_dry_run_profiles_are_ready_and_say_so() {
    for (member, reason) in
        [(json!({"suspend": true}), "Suspended"), (json!({"rollout": {"strategy": "DryRun"}}), "DryRun")]
    {
        let mut spec = json!({"namespaceSelector": {}, "warn": {"level": "baseline"}});
        spec.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
        let snapshot = snapshot(vec![object(&spec)], Vec::new());
        let status = told(&snapshot, &outcomes(&snapshot, 1), done(), None, now());
        check(&status);
        assert_eq!(shown(&status)[0], format!("Ready=True({reason})"));
        assert_eq!((status.namespaces.matched, status.namespaces.governed), (1, 0));
    }
}

#[test]
fn a_condition_keeps_its_time_while_its_status_stays() {
    let spec = json!({"namespaceSelector": {}, "warn": {"level": "baseline"}});
    let snapshot = snapshot(vec![object(&spec)], Vec::new());
    let first = told(&snapshot, &outcomes(&snapshot, 1), done(), None, now());
    assert_eq!(first.conditions[0].last_transition_time.to_string(), "2026-11-22T12:00:00Z");
    let later = now().checked_add(SignedDuration::from_hours(1)).unwrap();
    let second = told(&snapshot, &outcomes(&snapshot, 2), done(), Some(&first), later);
    assert_ne!(first.conditions[0].message, second.conditions[0].message);
    assert_eq!(first.conditions[0].last_transition_time, second.conditions[0].last_transition_time);
    let third = told(&snapshot, &[], Progress { total: 2, left: 2 }, Some(&second), later);
    let ready = third.conditions.iter().find(|condition| condition.kind == types::READY).unwrap();
    assert_eq!(ready.last_transition_time.to_string(), "2026-11-22T13:00:00Z");
}

#[test]
fn exemptions_that_end_within_14_days_are_announced() {
    let spec = json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}, "exemptions": [
        {"name": "late", "reason": "r", "expires": "2026-12-30T00:00:00Z"},
        {"name": "soon", "reason": "r", "expires": "2026-12-01T00:00:00Z"},
        {"name": "over", "reason": "r", "expires": "2026-11-01T00:00:00Z"},
        {"name": "ever", "reason": "r"},
    ]});
    let snapshot = snapshot(vec![object(&spec)], Vec::new());
    let status = told(&snapshot, &[], done(), None, now());
    assert_eq!(status.expiring.iter().map(|exemption| exemption.name.as_str()).collect::<Vec<_>>(), ["soon"]);
}

/// What was found of so many workloads, each with a pod, of which so many violate.
fn found(state: ReportState, judged: u32, violating: u32) -> Summary {
    let counts = VerdictCounts { judged, violating, ..VerdictCounts::default() };
    Summary { state, workloads: counts, pods: counts, ..Summary::default() }
}

#[test]
fn a_dry_run_counts_by_what_it_asks_itself_wherever_it_matches() {
    let spec = json!({"namespaceSelector": {}, "enforce": {"level": "restricted"}, "rollout": {"strategy": "DryRun"}});
    let governing = json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}});
    let mut other = object(&governing);
    (other.metadata.name, other.metadata.uid) = (Some("other".into()), Some("other".into()));
    let snapshot = snapshot(vec![object(&spec), other], Vec::new());
    let outcome = |name: &str, is_governed: bool, own: Option<Summary>, reported: Summary| {
        let (namespace, profiles) = (testing::namespace(name, &[]), &snapshot.profiles);
        let modes = plan(&namespace, profiles, &Settings::default(), None, now()).modes;
        assert_eq!(modes[0].profile, "other");
        let modes = if is_governed { modes } else { Vec::new() };
        let onlookers = own.map(|own| ("p".to_owned(), own)).into_iter().collect();
        let outcome =
            Outcome::new(1, vec!["p".into()], Vec::new(), Result::Applied(Box::new(Applied::as_if(modes))));
        let outcome = outcome.with_summary(Some(reported)).with_onlookers(onlookers);
        (name.to_owned(), Arc::new(outcome))
    };
    let soaking = || found(ReportState::Soaking, 9, 9);
    let outcomes = [
        outcome("governed", true, Some(found(ReportState::Held, 4, 3)), soaking()),
        outcome("in-doubt", true, Some(found(ReportState::Inconclusive, 2, 0)), soaking()),
        outcome("alone", false, Some(found(ReportState::Held, 1, 1)), soaking()),
        outcome("not-judged-yet", true, None, soaking()),
    ];
    let status = told(&snapshot, &outcomes, done(), None, now());
    check(&status);
    let counted = JudgedCounts { judged: 7, violating: 4 };
    assert_eq!((status.workloads, status.pods), (Some(counted), Some(counted)));
    assert_eq!((status.namespaces.soaking, status.namespaces.inconclusive), (Some(0), Some(1)));
    let compliant = status.conditions.iter().find(|condition| condition.kind == types::COMPLIANT).unwrap();
    assert!(compliant.message.starts_with("4 of 7 workloads in 2 of 3 namespaces"), "{}", compliant.message);
}

#[test]
fn a_profile_that_others_outrank_everywhere_does_not_say_that_it_has_yet_to_look() {
    let spec =
        |priority| json!({"namespaceSelector": {}, "priority": priority, "enforce": {"level": "baseline"}});
    let mut other = object(&spec(1));
    (other.metadata.name, other.metadata.uid) = (Some("other".into()), Some("other".into()));
    let snapshot = snapshot(vec![object(&spec(0)), other], Vec::new());
    let compliant = |progress| {
        let status = told(&snapshot, &outcomes(&snapshot, 2), progress, None, now());
        check(&status);
        let mut conditions = status.conditions.into_iter();
        conditions.find(|condition| condition.kind == types::COMPLIANT).unwrap().message
    };
    assert_eq!(compliant(done()), "others rank above this profile in each of the 2 matching namespaces");
    let message = compliant(Progress { total: 2, left: 1 });
    assert!(message.contains("has not looked"), "{message}");
}

#[test]
fn a_fight_is_told_and_counted_beside_what_is_in_sync() {
    let spec = json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"}});
    let snapshot = snapshot(vec![object(&spec)], Vec::new());
    let fought = |name: &str, takes| {
        let namespace = testing::namespace(name, &[]);
        let mut modes = plan(&namespace, &snapshot.profiles, &Settings::default(), None, now()).modes;
        let contest = crate::rollout::Contest {
            manager: "argocd-controller".into(),
            takes,
            last: now(),
            over: now(),
            value: "baseline:v1.37".parse().unwrap(),
            weakens: true,
            answer: None,
        };
        modes[0].contest = Some(Arc::new(contest));
        let result = Result::Applied(Box::new(Applied::as_if(modes)));
        (name.to_owned(), Arc::new(Outcome::new(1, vec!["p".into()], Vec::new(), result)))
    };
    let mut outcomes = outcomes(&snapshot, 1);
    outcomes.extend([fought("z1", 3), fought("z2", 7)]);
    let status = told(&snapshot, &outcomes, done(), None, now());
    check(&status);
    let (namespaces, contested) = (&status.namespaces, &status.conditions[3]);
    assert_eq!((namespaces.in_sync, namespaces.contested, namespaces.held), (3, Some(2), 0));
    assert_eq!((contested.kind.as_str(), contested.status), (types::CONTESTED, ConditionStatus::True));
    let first = "2 namespaces are fought over; namespace z1: argocd-controller has taken enforce from podsec 3 times in a \
                 row, last at 2026-11-22T12:00:00Z; podsec puts baseline:v1.37 back. Argo CD: set pod-security.kubernetes.io/enforce=baseline";
    assert!(contested.message.starts_with(first), "{}", contested.message);
}
