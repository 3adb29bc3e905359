use std::collections::BTreeSet;

use http::{Request, Response};
use kube::client::Body;

use super::*;
use crate::{
    api::{Moment, conditions::ConditionStatus},
    cluster::{crd::CrdState, profiles::Listing},
    controller::{
        announcements::Announcements,
        apply::Applied,
        outcome::{Outcome, Result},
        snapshot,
    },
    rollout::{Completeness, Contest, LeaveReason, ServerView, Settings, Verdict, plan, testing::namespace},
};

fn profile(name: &str) -> ClusterPodSecurityProfile {
    let spec = json!({"namespaceNames": [format!("of-{name}")], "enforce": {"level": "baseline"}});
    let mut object = ClusterPodSecurityProfile::new(name, serde_json::from_value(spec).unwrap());
    object.metadata.uid = Some(format!("uid-{name}"));
    object.metadata.generation = Some(1);
    object
}

/// Plans a namespace and concludes as if that had been carried out.
fn conclude(state: &State, name: &str) {
    let snapshot = state.snapshot().unwrap();
    let modes =
        plan(&namespace(name, &[]), &snapshot.profiles, &state.settings, None, Timestamp::now()).modes;
    let matched = modes.iter().map(|mode| mode.profile.clone()).collect();
    let result = Result::Applied(Box::new(Applied::as_if(modes)));
    state.concluded(name, Outcome::new(snapshot.epoch, matched, Vec::new(), result));
}

#[tokio::test]
async fn what_is_done_while_a_status_is_written_is_not_told_as_done_and_uncounted() {
    let (announcements, _waiting) = Announcements::new();
    let state = Arc::new(State::new(Settings::default(), announcements));
    let names = ["of-a", "of-b"];
    for name in names {
        state.saw_namespace(namespace(name, &[]));
    }
    state.listed_namespaces(&names.iter().map(ToString::to_string).collect::<BTreeSet<_>>());
    let completeness = Completeness::Complete { crd_created: Timestamp::UNIX_EPOCH };
    state.took_snapshot(Snapshot::new(
        1,
        Instant::now(),
        Listing {
            readable: vec![profile("a"), profile("b")],
            unreadable: Vec::new(),
            completeness,
            trusted: true,
            crd: CrdState::default(),
        },
        ServerView { minor: 37, watched_in_full: true },
        &mut snapshot::Memory::default(),
    ));
    let told = Arc::new(parking_lot::Mutex::new(BTreeMap::new()));
    let server = {
        let (state, told) = (Arc::clone(&state), Arc::clone(&told));
        tower::service_fn(move |request: Request<Body>| {
            let (state, told) = (Arc::clone(&state), Arc::clone(&told));
            async move {
                let bytes = request.into_body().collect_bytes().await.unwrap();
                let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                let name = body["metadata"]["name"].as_str().unwrap().to_owned();
                // The first write takes its time: meanwhile the other profile's namespace is done.
                conclude(&state, "of-b");
                let answer = json!({"apiVersion": "podsec.dev/v1alpha1", "kind": "ClusterPodSecurityProfile",
                    "metadata": {"name": name}});
                told.lock().insert(name, body["status"].clone());
                Ok::<_, std::convert::Infallible>(Response::new(Body::from(answer.to_string().into_bytes())))
            }
        })
    };
    let client = Client::new(server, "default");
    let written = Mutex::default();
    conclude(&state, "of-a");
    assert!(report_once(&client, &state, &written).await);
    let governed_and_left = |name: &str| {
        let status = told.lock()[name].clone();
        let ready = status["conditions"].as_array().unwrap().iter().find(|c| c["type"] == "Ready").cloned();
        (status["namespaces"]["governed"].clone(), ready.unwrap()["reason"].clone())
    };
    assert_eq!(governed_and_left("a"), (json!(1), json!("Reconciled")));
    assert_eq!(governed_and_left("b"), (json!(0), json!(PROGRESSING)));
    assert!(report_once(&client, &state, &written).await);
    assert_eq!(governed_and_left("b"), (json!(1), json!("Reconciled")));
}

#[tokio::test]
async fn what_falls_due_soon_is_counted() {
    let (announcements, _waiting) = Announcements::new();
    let state = State::new(Settings::default(), announcements);
    let soon = Timestamp::now().checked_add(jiff::SignedDuration::from_hours(24)).unwrap();
    let mut object = profile("a");
    let exemption = |days: i64| {
        let expires = soon.checked_add(jiff::SignedDuration::from_hours(24 * days)).unwrap();
        json!({"name": format!("old-{days}"), "reason": "r", "expires": expires.to_string()})
    };
    object.spec.exemptions = serde_json::from_value(json!([exemption(0), exemption(30)])).unwrap();
    let listing = Listing {
        readable: vec![object],
        unreadable: Vec::new(),
        completeness: Completeness::Complete { crd_created: Timestamp::UNIX_EPOCH },
        trusted: true,
        crd: CrdState::default(),
    };
    let server = ServerView { minor: 37, watched_in_full: true };
    let mut memory = snapshot::Memory::default();
    state.took_snapshot(Snapshot::new(1, Instant::now(), listing, server, &mut memory));
    let conclude = |name: &str, forced_at| {
        let snapshot = state.snapshot().unwrap();
        let now = Timestamp::now();
        let mut modes = plan(&namespace(name, &[]), &snapshot.profiles, &state.settings, None, now).modes;
        for plan in &mut modes {
            plan.forced_at = forced_at;
        }
        let result = Result::Applied(Box::new(Applied::as_if(modes)));
        state.concluded(name, Outcome::new(snapshot.epoch, vec!["a".into()], Vec::new(), result));
    };
    conclude("of-a", Some(soon));
    let refusing = tower::service_fn(|_: Request<Body>| async {
        Ok::<_, std::convert::Infallible>(Response::builder().status(503).body(Body::empty()).unwrap())
    });
    let client = Client::new(refusing, "default");
    let written = Mutex::default();
    report_once(&client, &state, &written).await;
    let counted = || (state.metrics.force_after_due.get(), state.metrics.exemptions_expiring.get());
    assert_eq!(counted(), (1, 1));
    conclude("of-a", None);
    report_once(&client, &state, &written).await;
    assert_eq!(counted(), (0, 1));
}

/// A snapshot of these profiles.
fn took(state: &State, epoch: u64, readable: Vec<ClusterPodSecurityProfile>) {
    let listing = Listing {
        readable,
        unreadable: Vec::new(),
        completeness: Completeness::Complete { crd_created: Timestamp::UNIX_EPOCH },
        trusted: true,
        crd: CrdState::default(),
    };
    let server = ServerView { minor: 37, watched_in_full: true };
    let mut memory = snapshot::Memory::default();
    state.took_snapshot(Snapshot::new(epoch, Instant::now(), listing, server, &mut memory));
}

fn nowhere() -> Client {
    let refusing = tower::service_fn(|_: Request<Body>| async {
        Ok::<_, std::convert::Infallible>(Response::builder().status(503).body(Body::empty()).unwrap())
    });
    Client::new(refusing, "default")
}

#[tokio::test]
async fn what_is_gone_is_counted_no_more_and_namespaces_have_names_only_where_asked_for() {
    for named in [false, true] {
        let (announcements, _waiting) = Announcements::new();
        let state = State::new(Settings::default(), announcements).naming_namespaces(named);
        let written = Mutex::default();
        took(&state, 1, vec![profile("a"), profile("b")]);
        conclude(&state, "of-a");
        report_once(&nowhere(), &state, &written).await;
        let text = state.metrics.text().unwrap();
        let has = |series: &str| text.lines().any(|line| line == series);
        assert!(has(r#"podsec_namespaces{profile="a",state="governed"} 1"#), "{text}");
        assert!(has(r#"podsec_namespaces{profile="b",state="governed"} 0"#), "{text}");
        assert!(has(r#"podsec_violating_workloads{profile="b"} 0"#), "{text}");
        assert!(has(r#"podsec_profile_condition{profile="a",condition="Overlapping"} 0"#), "{text}");
        assert_eq!(text.contains(r#"podsec_namespace_state{namespace="of-a",state=""#), named, "{text}");
        assert_eq!(text.contains("of-a"), named, "{text}");
        took(&state, 2, vec![profile("b")]);
        state.forget("of-a");
        report_once(&nowhere(), &state, &written).await;
        let text = state.metrics.text().unwrap();
        assert!(!text.contains(r#"profile="a""#) && !text.contains("of-a"), "{text}");
        assert!(text.contains(r#"profile="b""#), "{text}");
    }
}

#[tokio::test]
async fn writers_are_counted_by_kind() {
    let (announcements, _waiting) = Announcements::new();
    let state = State::new(Settings::default(), announcements);
    took(&state, 1, vec![profile("a"), profile("b")]);
    let conclude = |name: &str, change: &dyn Fn(&mut ModePlan)| {
        let snapshot = state.snapshot().unwrap();
        let now = Timestamp::now();
        let mut modes = plan(&namespace(name, &[]), &snapshot.profiles, &state.settings, None, now).modes;
        assert!(!modes.is_empty());
        modes.iter_mut().for_each(change);
        let result = Result::Applied(Box::new(Applied::as_if(modes)));
        state.concluded(name, Outcome::new(snapshot.epoch, Vec::new(), Vec::new(), result));
    };
    let value = "baseline:v1.37".parse().unwrap();
    conclude("of-a", &|plan| {
        plan.contest = Some(Arc::new(Contest {
            manager: "kustomize-controller".into(),
            takes: 3,
            last: Timestamp::UNIX_EPOCH,
            over: Timestamp::UNIX_EPOCH,
            value,
            weakens: true,
            answer: None,
        }));
    });
    conclude("of-b", &|plan| {
        plan.verdict = Verdict::LeaveAlone {
            last_set_by: "a\"name\nof anybody's choice".into(),
            key: plan.mode.keys().level,
            reason: LeaveReason::Yield,
        };
    });
    report_once(&nowhere(), &state, &Mutex::default()).await;
    let text = state.metrics.text().unwrap();
    for (series, count) in [
        (r#"podsec_contested_namespaces{writer="flux"}"#, 1),
        (r#"podsec_contested_namespaces{writer="other"}"#, 0),
        (r#"podsec_yielded_namespaces{writer="flux"}"#, 0),
        (r#"podsec_yielded_namespaces{writer="other"}"#, 1),
    ] {
        assert!(text.lines().any(|line| line == format!("{series} {count}")), "{text}");
    }
    assert!(!text.contains("anybody"), "{text}");
}

fn said(observed_generation: i64, reason: &str) -> ProfileStatus {
    let condition = Condition {
        kind: "Ready".into(),
        status: ConditionStatus::Unknown,
        observed_generation,
        last_transition_time: Moment(Timestamp::UNIX_EPOCH),
        reason: reason.into(),
        message: String::new(),
    };
    ProfileStatus { observed_generation, conditions: vec![condition], ..ProfileStatus::default() }
}

#[test]
fn a_start_takes_nothing_away_from_what_was_said_of_the_same_spec() {
    let before = said(1, "Reconciled");
    assert!(catches_up(&before, &said(1, PROGRESSING)));
    assert!(!catches_up(&before, &said(1, "ProgressingWithRetry")), "what does not go on is told");
    assert!(!catches_up(&before, &said(1, "Reconciled")));
    assert!(!catches_up(&before, &said(2, PROGRESSING)), "the spec is another one");
    assert!(!catches_up(&said(-1, "Pending"), &said(1, PROGRESSING)), "nothing was said yet");
}
