//! `forceAfter`.

use super::*;
use crate::rollout::{NamePattern, standing};

/// Ten days from now.
const FORCE_AFTER: &str = "2026-12-02T12:00:00Z";

fn time() -> Timestamp {
    FORCE_AFTER.parse().unwrap()
}

fn forcing(level: &str, more: &str) -> String {
    format!(
        r#"{{"namespaceSelector": {{}}, "enforce": {{"level": "{level}"}}{more}, "rollout": {{"forceAfter": "{FORCE_AFTER}"}}}}"#
    )
}

fn forced(value: &str) -> Verdict {
    written(value, Change::ForcedRaise)
}

/// Held from now on, and now is `forceAfter`.
fn at_the_time(mut stage: Stage) -> Stage {
    stage.settle();
    stage.now = time();
    stage
}

#[test]
fn what_was_held_before_it_is_raised_even_with_violations() {
    let mut stage = at_the_time(Stage::new(&forcing("restricted", "")).with_pod(PRIVILEGED));
    stage.now = before(time(), SignedDuration::from_nanos(1));
    let plan = stage.settle();
    assert_eq!((enforce(&plan), plan.next), (&violations(1), Some(time())));
    stage.now = time();
    let plan = stage.settle();
    assert_eq!(enforce(&plan), &forced("restricted:v1.37"));
    assert_eq!(plan.raise, "restricted:v1.37".parse().ok());
    assert_eq!(enforce(&stage.plan()), &Verdict::InSync);
}

#[test]
fn it_is_told_fourteen_days_ahead() {
    let mut stage = Stage::new(&forcing("restricted", "")).with_pod(PRIVILEGED);
    let from = before(time(), SignedDuration::from_hours(14 * 24));
    stage.now = before(from, HOUR);
    let plan = stage.settle();
    assert_eq!((plan.modes[0].forced_at, plan.next), (None, Some(from)));
    stage.now = from;
    let plan = stage.settle();
    assert_eq!((plan.modes[0].forced_at, plan.next), (Some(time()), Some(time())));
    let standing = standing("a", &plan.modes, plan.protected).unwrap();
    assert_eq!(standing.next, Some(time()));
    assert!(standing.message.contains(FORCE_AFTER), "{}", standing.message);
}

#[test]
fn what_came_later_is_not_forced() {
    let mut late = Stage::new(&forcing("restricted", "")).with_pod(PRIVILEGED);
    late.now = time();
    assert_eq!(enforce(&late.settle()), &violations(1), "a namespace that joined at that time");

    let mut relevelled = at_the_time(Stage::new(&forcing("baseline", "")).with_pod(PRIVILEGED));
    relevelled.set_profile(&forcing("restricted", ""));
    assert_eq!(enforce(&relevelled.settle()), &violations(1), "another level is another wait");

    let mut taken_over = at_the_time(Stage::new(&forcing("restricted", "")).with_pod(PRIVILEGED));
    let mut other = object("q", &forcing("restricted", r#", "priority": 1"#));
    other.metadata.uid = Some("uid-q".into());
    let server = ServerView { minor: 37, watched_in_full: true };
    taken_over.profiles = Profiles::new([Profile::new(&other, server, |_| Pin::default())], [], COMPLETE);
    assert_eq!(enforce(&taken_over.settle()), &violations(1), "another profile is another wait");

    let mut recreated = at_the_time(Stage::new(&forcing("restricted", "")).with_pod(PRIVILEGED));
    recreated.namespace.uid = "uid-of-another".into();
    assert_eq!(enforce(&recreated.settle()), &violations(1), "a namespace of the same name is another one");
}

#[test]
fn it_happens_once() {
    let mut stage = at_the_time(Stage::new(&forcing("restricted", "")).with_pod(PRIVILEGED));
    stage.settle();
    let lower = forcing("restricted", "").replace("restricted", "privileged");
    stage.set_profile(&lower);
    stage.settle_after(HOUR);
    stage.set_profile(&forcing("restricted", ""));
    assert_eq!(enforce(&stage.settle_after(HOUR)), &violations(1));
}

#[test]
fn what_was_held_over_a_restart_is_forced_and_what_nobody_remembers_is_not() {
    let mut stage = at_the_time(Stage::new(&forcing("restricted", "")).with_pod(PRIVILEGED));
    stage.watched_since = time();
    let lost = GateRecord::nothing("uid-a".into());
    let kept = stage.record.replace(lost).unwrap();
    let held = HeldSince { profile: "uid-p".into(), level: Level::Restricted, since: now() };
    assert_eq!(kept.held, Some(held));
    assert_eq!(enforce(&stage.plan()), &violations(1));
    stage.record = Some(kept);
    assert_eq!(enforce(&stage.settle()), &forced("restricted:v1.37"));
}

#[test]
fn a_soak_that_is_not_over_is_cut_short() {
    let mut stage = at_the_time(Stage::new(&forcing("restricted", "")).with_pod(PRIVILEGED));
    stage.run(RESTRICTED);
    assert_eq!(enforce(&stage.settle()), &forced("restricted:v1.37"));
}

#[test]
fn what_podsec_cannot_tell_is_not_forced() {
    let mut stage = at_the_time(Stage::new(&forcing("restricted", "")).with_pod(IN_DOUBT));
    let plan = stage.settle();
    assert!(matches!(enforce(&plan), Verdict::Write { change: Change::Raise, .. }), "only the level below");
    assert!(matches!(partly(&plan), Some(HoldReason::Inconclusive { .. })));
    let mut stage = at_the_time(Stage::new(&forcing("restricted", "")).with_pod(PRIVILEGED));
    stage.inventory.miss("jobs");
    assert_eq!(enforce(&stage.settle()), &violations(1), "nor where something is in doubt besides");
    stage.inventory.complete("jobs");
    stage.answer("restricted:v1.37", Answer::Disagrees { detail: "x".into() });
    let reason = HoldReason::LastLookDisagrees { detail: "x".into() };
    assert_eq!(enforce(&stage.plan()), &Verdict::Hold(reason));
}

#[test]
fn it_keeps_to_the_pace() {
    let mut stage = at_the_time(Stage::new(&forcing("restricted", "")).with_pod(PRIVILEGED));
    let until = after(time(), HOUR);
    stage.pace.slot = Some(until);
    assert_eq!(enforce(&stage.settle()), &Verdict::Hold(HoldReason::Batch { until }));
    stage.pace.halted = true;
    let halted = HoldReason::RolloutHalted;
    assert_eq!(enforce(&stage.settle()), &Verdict::Hold(halted));
    stage.pace = Pace::default();
    assert_eq!(enforce(&stage.settle()), &forced("restricted:v1.37"), "it was held before all the same");
}

#[test]
fn protected_namespaces_are_not_forced() {
    let spec = forcing("restricted", "").replace(r#""namespaceSelector": {}"#, r#""namespaceNames": ["a"]"#);
    let mut stage = Stage::new(&spec).with_pod(PRIVILEGED);
    stage.settings.protected = vec![NamePattern::new("a")];
    let mut stage = at_the_time(stage);
    let plan = stage.settle();
    assert_eq!((enforce(&plan), plan.modes[0].forced_at), (&violations(1), None));
}

#[test]
fn versions_are_not_forced() {
    let spec = |version: &str| {
        forcing("baseline", "").replace(r#""baseline""#, &format!(r#""baseline", "version": "{version}""#))
    };
    let mut stage =
        Stage::new(&spec("v1.33").replace("forceAfter\": \"2026-12-02T12:00:00Z", "soak\": \"0s"))
            .with_pod(PROBED);
    assert_eq!(enforce(&stage.settle()), &raised("baseline:v1.33"));
    stage.set_profile(&spec("v1.34"));
    let mut stage = at_the_time(stage);
    assert_eq!(enforce(&stage.settle()), &violations(1));
}

#[test]
fn exemptions_are_not_forced_not_even_when_they_have_ended() {
    for (expires, expected) in
        [("2026-11-25T12:00:00Z", violations(1)), ("2027-01-01T00:00:00Z", Verdict::InSync)]
    {
        let exempt = format!(r#", "exemptions": [{{"name": "a", "reason": "r", "expires": "{expires}"}}]"#);
        let mut stage = Stage::new(&forcing("restricted", &exempt)).with_pod(PRIVILEGED);
        stage.settle();
        stage.now = expires.parse::<Timestamp>().unwrap().min(before(time(), HOUR));
        stage.settle();
        let mut stage = at_the_time(stage);
        assert_eq!(enforce(&stage.settle()), &expected);
    }
    let baseline = r#", "exemptions": [{"name": "a", "enforce": "baseline", "reason": "r"}]"#;
    let mut stage = at_the_time(Stage::new(&forcing("restricted", baseline)).with_pod(PRIVILEGED));
    assert_eq!(enforce(&stage.settle()), &violations(1));
}

#[test]
fn a_level_below_meanwhile_does_not_end_the_wait() {
    let mut stage = Stage::new(&forcing("restricted", "")).with_pod(BASELINE);
    stage.settle();
    let plan = stage.settle_after(HOUR * 24);
    assert_eq!(enforce(&plan), &raised("baseline:v1.37"));
    update(&mut stage.namespace, "tenant", "enforce", Some("privileged"));
    assert_eq!(enforce(&stage.settle()), &written("baseline:v1.37", Change::Repair));
    stage.now = time();
    assert_eq!(enforce(&stage.settle()), &forced("restricted:v1.37"));
}

#[test]
fn a_suspended_profile_forgets_the_wait_and_a_moments_doubt_does_not() {
    let held = || {
        let mut stage = Stage::new(&forcing("restricted", "")).with_pod(BASELINE);
        stage.settle();
        stage.settle_after(HOUR * 24);
        stage
    };
    let mut stage = held();
    stage.profiles = Profiles::new([], ["p".to_owned()], COMPLETE);
    stage.settle();
    stage.set_profile(&forcing("restricted", ""));
    stage.now = time();
    assert_eq!(enforce(&stage.settle()), &forced("restricted:v1.37"));

    let mut stage = held();
    stage.set_profile(&forcing("restricted", r#", "suspend": true"#));
    assert_eq!(enforce(&stage.settle()), &Verdict::Freeze(FreezeReason::Suspended));
    stage.set_profile(&forcing("restricted", ""));
    stage.now = time();
    assert_eq!(enforce(&stage.settle()), &violations(1));
}
