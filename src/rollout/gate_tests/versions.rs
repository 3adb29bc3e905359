//! Another version of the same level.

use super::*;
use crate::rollout::WeakenCause;

fn at_version(version: &str, more: &str) -> String {
    format!(
        r#"{{"namespaceSelector": {{}}, "enforce": {{"level": "baseline", "version": "{version}"}}{more}, "rollout": {{"soak": "0s"}}}}"#
    )
}

fn on_server(minor: u32) -> Profiles {
    let server = ServerView { minor, watched_in_full: true };
    let profile = Profile::new(&object("p", &at_version("server", "")), server, |_| Pin::default());
    Profiles::new([profile], [], COMPLETE)
}

#[test]
fn a_pin_moves_with_the_server_only_where_nothing_is_newly_refused() {
    let mut stage = Stage::new(&gated("baseline", "0s")).with_pod(PROBED);
    stage.profiles = on_server(33);
    assert_eq!(enforce(&stage.settle()), &raised("baseline:v1.33"));
    stage.profiles = on_server(34);
    assert_eq!(enforce(&stage.settle()), &violations(1));
    assert_eq!(stage.shown(), "enforce=baseline+podsec enforce-version=v1.33+podsec", "it keeps its old pin");
    stage.run(BASELINE);
    let plan = stage.settle();
    assert_eq!((enforce(&plan), plan.raise), (&raised("baseline:v1.34"), "baseline:v1.34".parse().ok()));
}

#[test]
fn a_pin_that_moves_soaks_anew() {
    let mut stage = Stage::new(&gated("baseline", "0s")).with_pod(BASELINE);
    stage.profiles = on_server(33);
    stage.settle();
    stage.set_profile(&gated("baseline", "24h"));
    let plan = stage.settle_after(HOUR);
    assert!(matches!(enforce(&plan), Verdict::Hold(HoldReason::Soaking { .. })), "{plan:#?}");
    assert_eq!(plan.record.unwrap().held, None, "it is held for no level");
    assert_eq!(enforce(&stage.settle_after(HOUR * 24)), &raised("baseline:v1.37"));
}

#[test]
fn an_older_version_goes_through_the_gate_too() {
    let mut stage = Stage::new(&at_version("v1.30", "")).with_pod(TUNED);
    stage.settle();
    stage.set_profile(&at_version("v1.26", ""));
    assert_eq!(enforce(&stage.settle()), &violations(1), "it refuses what the newer one lets pass");
    assert_eq!(stage.shown(), "enforce=baseline+podsec enforce-version=v1.30+podsec");
    stage.run(BASELINE);
    let lowered = written("baseline:v1.26", Change::Weaken(WeakenCause::Edited));
    assert_eq!(enforce(&stage.settle()), &lowered);
}

#[test]
fn what_may_not_be_lowered_is_told_before_the_gate_is_asked() {
    let mut stage = Stage::new(&at_version("v1.30", "")).with_pod(TUNED);
    stage.settle();
    stage.profiles = testing::profiles(&[("other", &at_version("v1.26", ""))]);
    assert_eq!(enforce(&stage.settle()), &Verdict::Hold(HoldReason::WouldWeaken));
    stage.set_profile(&at_version("v1.26", ""));
    stage.settings.never_weaken = true;
    assert_eq!(enforce(&stage.settle()), &Verdict::Hold(HoldReason::NeverWeaken));
}

#[test]
fn a_lower_level_is_written_at_once_whatever_its_version() {
    let mut stage = Stage::new(&gated("restricted", "0s")).with_pod(RESTRICTED);
    stage.settle();
    stage.run(PRIVILEGED);
    stage.set_profile(&at_version("v1.26", ""));
    let lowered = written("baseline:v1.26", Change::Weaken(WeakenCause::Edited));
    assert_eq!(enforce(&stage.settle()), &lowered);
}

#[test]
fn a_repair_puts_back_the_version_that_was_there_and_no_other() {
    let mut stage = Stage::new(&at_version("v1.30", "")).with_pod(TUNED);
    stage.settle();
    stage.set_profile(&at_version("v1.26", ""));
    update(&mut stage.namespace, "kubectl-label", "enforce", None);
    assert_eq!(enforce(&stage.settle()), &written("baseline:v1.30", Change::Repair));
    assert_eq!(enforce(&stage.settle()), &violations(1));
}

#[test]
fn under_immediate_every_version_is_written_at_once() {
    let immediate =
        |version| at_version(version, "").replace(r#""soak": "0s""#, r#""strategy": "Immediate""#);
    let mut stage = Stage::new(&immediate("v1.30")).with_pod(TUNED);
    stage.settle();
    for (version, change) in [("v1.26", Change::Weaken(WeakenCause::Edited)), ("v1.37", Change::Raise)] {
        stage.set_profile(&immediate(version));
        assert_eq!(enforce(&stage.settle()), &written(&format!("baseline:{version}"), change));
    }
}

#[test]
fn what_stands_under_somebody_elses_name_is_taken_through_the_gate() {
    let force = at_version("v1.26", r#", "conflictPolicy": "Force""#);
    let mut stage = Stage::new(&force)
        .with_labels(&[("enforce", "baseline"), ("enforce-version", "v1.30")])
        .with_pod(TUNED);
    assert_eq!(enforce(&stage.settle()), &violations(1));
    stage.run(BASELINE);
    assert_eq!(enforce(&stage.settle()), &written("baseline:v1.26", Change::Weaken(WeakenCause::Forced)));
}
