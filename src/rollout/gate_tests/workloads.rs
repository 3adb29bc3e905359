//! What runs in the namespace, and the level below.

use super::*;

const FULL: &str = r#"{"namespaceSelector": {}, "enforce": {"level": "restricted"}, "warn": {"level": "restricted"},
    "rollout": {"soak": "0s"}}"#;

#[test]
fn a_clean_namespace_is_raised_with_everything_else_in_one_request() {
    let mut stage = Stage::new(FULL).with_pod(RESTRICTED);
    let plan = stage.settle();
    assert_eq!((enforce(&plan), plan.requests.len()), (&raised("restricted:v1.37"), 1));
    assert_eq!(plan.raise, "restricted:v1.37".parse().ok());
    assert_eq!(
        stage.shown(),
        "enforce=restricted+podsec enforce-version=v1.37+podsec warn=restricted+podsec warn-version=latest+podsec"
    );
    let in_sync = stage.plan();
    assert_eq!((enforce(&in_sync), in_sync.next, in_sync.raise), (&Verdict::InSync, None, None));
    assert!(in_sync.record.unwrap().is_empty(), "there is nothing to remember of it");
}

#[test]
fn what_violates_holds_enforce_and_nothing_else() {
    let mut stage = Stage::new(&gated("baseline", "0s")).with_pod(PRIVILEGED);
    stage.inventory.insert_template(deployment("db", PRIVILEGED));
    stage.inventory.insert_template(deployment("fine", BASELINE));
    let plan = stage.settle();
    assert_eq!((enforce(&plan), plan.next), (&violations(2), None));
    assert_eq!(stage.shown(), "");
    stage.run(BASELINE);
    assert_eq!(enforce(&stage.settle()), &violations(1), "a template that nothing runs of counts");
    stage.inventory.remove_template(TemplateKind::Deployment, "db");
    assert_eq!(enforce(&stage.settle()), &raised("baseline:v1.37"));
}

#[test]
fn what_podsec_cannot_tell_holds() {
    let mut stage = Stage::new(&gated("restricted", "0s")).with_pod(IN_DOUBT);
    stage.settings.server_defaults.set(Mode::Enforce, "baseline:latest".parse().unwrap());
    let inconclusive = |workloads, missing: Option<&str>| {
        Verdict::Hold(HoldReason::Inconclusive { workloads, missing: missing.map(str::to_owned) })
    };
    assert_eq!(enforce(&stage.settle()), &inconclusive(1, None));
    let mut unread = pod("web", RESTRICTED, PodPhase::Live, now());
    unread.reading = Reading::Unreadable(Arc::new("broken".into()));
    stage.inventory.insert_pod(unread);
    assert_eq!(enforce(&stage.settle()), &inconclusive(1, None));
    stage.run(RESTRICTED);
    stage.inventory.miss("pods: forbidden");
    stage.inventory.miss("jobs: silent");
    assert_eq!(enforce(&stage.settle()), &inconclusive(0, Some("jobs: silent")));
    stage.inventory.complete("pods: forbidden");
    stage.inventory.complete("jobs: silent");
    assert_eq!(enforce(&stage.settle()), &raised("restricted:v1.37"));
}

#[test]
fn what_certainly_violates_is_told_before_what_is_in_doubt() {
    let mut stage = Stage::new(&gated("baseline", "0s")).with_pod(PRIVILEGED);
    stage.inventory.miss("jobs");
    assert_eq!(enforce(&stage.settle()), &violations(1));
}

#[test]
fn without_evidence_nothing_is_raised_and_what_was_remembered_stays() {
    let stage = Stage::new(FULL);
    let plan = plan(&stage.namespace, &stage.profiles, &stage.settings, None, now());
    assert_eq!((enforce(&plan), &plan.record), (&Verdict::Hold(HoldReason::NotJudged), &None));
}

#[test]
fn pods_of_an_exempt_runtime_class_do_not_hold() {
    let spec = r#"{"runtimeClassName": "kata", "hostPID": true, "containers": [{"name": "web"}]}"#;
    let mut stage = Stage::new(&gated("baseline", "0s")).with_pod(spec);
    assert_eq!(enforce(&stage.settle()), &violations(1));
    stage.judge = stage.judge.clone().exempting(["kata".to_owned()]);
    assert_eq!(enforce(&stage.settle()), &raised("baseline:v1.37"));
}

#[test]
fn a_held_namespace_gets_the_level_below_that_it_is_clean_at() {
    let mut stage = Stage::new(&gated("restricted", "0s")).with_pod(BASELINE);
    let plan = stage.settle();
    assert_eq!(enforce(&plan), &raised("baseline:v1.37"));
    assert_eq!(partly(&plan), Some(&HoldReason::Violations { workloads: 1 }));
    assert_eq!(plan.modes[0].held(), partly(&plan));
    assert_eq!(stage.shown(), "enforce=baseline+podsec enforce-version=v1.37+podsec");
    let ledger = stage.namespace.ledger();
    assert_eq!(
        (ledger.profile_of(Mode::Enforce), ledger.enforced),
        (Some("p"), "baseline:v1.37".parse().ok())
    );

    assert_eq!(enforce(&stage.settle()), &violations(1), "and is held there");
    update(&mut stage.namespace, "kubectl-label", "enforce", Some("privileged"));
    assert_eq!(enforce(&stage.settle()), &written("baseline:v1.37", Change::Repair));
    stage.run(RESTRICTED);
    assert_eq!(enforce(&stage.settle()), &raised("restricted:v1.37"));
}

#[test]
fn the_level_below_is_no_less_than_what_holds_already_and_never_below_the_servers_default() {
    let cases: [(&str, Option<&str>, Option<&str>); 6] = [
        ("privileged:latest", None, Some("baseline:v1.37")),
        ("baseline:latest", None, None),
        ("restricted:v1.30", None, None),
        ("baseline:latest", Some("privileged"), Some("baseline:v1.37")),
        ("restricted:latest", Some("privileged"), None),
        ("privileged:latest", Some("baseline"), None),
    ];
    for (default, label, expected) in cases {
        let spec =
            gated("restricted", "0s").replace("\"rollout\"", r#""conflictPolicy": "Force", "rollout""#);
        let mut stage = Stage::new(&spec).with_pod(BASELINE);
        if let Some(label) = label {
            stage = stage.with_labels(&[("enforce", label)]);
            stage.run(BASELINE);
        }
        stage.settings.server_defaults.set(Mode::Enforce, default.parse().unwrap());
        let expected = expected.map_or_else(|| violations(1), raised);
        // With `restricted` as the default and an older version of it asked for, nothing is raised at all.
        let plan = stage.settle();
        assert_eq!(enforce(&plan), &expected, "{default} {label:?}");
    }
}

#[test]
fn privileged_is_no_level_to_be_raised_to() {
    let mut stage = Stage::new(&gated("baseline", "0s")).with_pod(PRIVILEGED);
    assert_eq!((enforce(&stage.settle()), stage.shown().as_str()), (&violations(1), ""));
    let mut stage = Stage::new(&gated("restricted", "0s")).with_pod(PRIVILEGED);
    assert_eq!((enforce(&stage.settle()), stage.shown().as_str()), (&violations(1), ""));
}

#[test]
fn a_namespace_that_is_clean_at_restricted_only_is_raised_there() {
    // Since v1.25 restricted lets the seccomp profile of a pod for Windows be anything; baseline does not.
    let windows = r#"{
        "os": {"name": "windows"},
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "Unconfined"}},
        "containers": [{"name": "web"}]
    }"#;
    let mut stage = Stage::new(&gated("restricted", "1h")).with_pod(windows);
    let plan = stage.settle();
    assert!(matches!(enforce(&plan), Verdict::Hold(HoldReason::Soaking { .. })), "{plan:#?}");
    assert_eq!(enforce(&stage.settle_after(HOUR)), &raised("restricted:v1.37"));
}

#[test]
fn an_exemption_that_has_ended_comes_back_through_the_gate() {
    let exempt = r#"{"namespaceSelector": {}, "enforce": {"level": "restricted"}, "rollout": {"soak": "0s"},
        "exemptions": [{"name": "a", "reason": "r", "expires": "2026-11-22T13:00:00Z"}]}"#;
    let mut stage = Stage::new(exempt).with_pod(PRIVILEGED);
    let plan = stage.settle();
    assert_eq!(enforce(&plan), &written("privileged:v1.37", Change::Own));
    assert_eq!(plan.next, Some(after(now(), HOUR)));
    assert_eq!(enforce(&stage.settle_after(HOUR)), &violations(1));
    stage.run(RESTRICTED);
    assert_eq!(enforce(&stage.settle()), &raised("restricted:v1.37"));
}

#[test]
fn an_exemption_that_raises_goes_through_the_gate() {
    let exempt = r#"{"namespaceSelector": {}, "enforce": {"level": "restricted"}, "rollout": {"soak": "0s"},
        "exemptions": [{"name": "a", "enforce": "baseline", "reason": "r"}]}"#;
    let mut stage = Stage::new(exempt).with_pod(PRIVILEGED);
    assert_eq!(enforce(&stage.settle()), &violations(1));
    stage.run(BASELINE);
    assert_eq!(enforce(&stage.settle()), &raised("baseline:v1.37"));
    assert_eq!(enforce(&stage.plan()), &Verdict::InSync);
}

#[test]
fn a_protected_namespace_goes_through_the_gate_whatever_the_strategy() {
    let spec = r#"{"namespaceNames": ["a"], "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"}}"#;
    let mut stage = Stage::new(spec).with_pod(PRIVILEGED);
    stage.settings.protected = vec![super::super::super::NamePattern::new("a")];
    assert_eq!(enforce(&stage.settle()), &violations(1));
    stage.run(BASELINE);
    let plan = stage.settle();
    let soaking = HoldReason::Soaking { since: now(), until: after(now(), HOUR * 24) };
    assert_eq!(enforce(&plan), &Verdict::Hold(soaking), "with the default soak");
    assert_eq!(enforce(&stage.settle_after(HOUR * 24)), &raised("baseline:v1.37"));
}

#[test]
fn immediate_asks_nobody() {
    let spec = gated("restricted", "0s").replace(r#""soak": "0s""#, r#""strategy": "Immediate""#);
    let mut stage = Stage::new(&spec).with_pod(PRIVILEGED);
    stage.pace.halted = true;
    stage.inventory.miss("pods");
    let plan = stage.settle();
    assert_eq!((enforce(&plan), plan.raise, &plan.look), (&raised("restricted:v1.37"), None, &None));
}
