//! What somebody else made of podsec's labels, and what becomes of that.

use super::*;

#[test]
fn what_was_lowered_removed_or_garbled_is_repaired() {
    for policy in ["KeepStricter", "Force"] {
        let spec = with(RESTRICTED, &format!(r#""conflictPolicy": "{policy}""#));
        let vandalism: [(&str, Option<&str>); 6] = [
            ("enforce", Some("privileged")),
            ("enforce", None),
            ("enforce", Some("garbage")),
            ("enforce-version", Some("v1.0")),
            ("enforce-version", Some("1.37")),
            ("enforce-version", None),
        ];
        for (key, value) in vandalism {
            let mut scene = Scene::new(&[("p", &spec)]);
            scene.settle();
            update(&mut scene.namespace, "kubectl-label", key, value);
            assert_eq!(
                enforce(&scene.settle()),
                written("restricted:v1.37", Change::Repair),
                "{policy} {key} {value:?}"
            );
            assert_eq!(scene.shown(), "enforce=restricted+podsec enforce-version=v1.37+podsec");
        }
    }
}

#[test]
fn a_repair_needs_no_gate_but_goes_no_further_than_what_was_enforced() {
    let mut scene = Scene::new(&[("p", BASELINE)]);
    scene.settle();
    update(&mut scene.namespace, "kubectl-label", "enforce", Some("privileged"));
    let gated = with(RESTRICTED, r#""rollout": {"strategy": "WhenClean"}"#);
    assert_eq!(enforce(&scene.settle_with(&[("p", &gated)])), written("baseline:v1.37", Change::Repair));
    assert_eq!(enforce(&scene.plan()), Verdict::Hold(HoldReason::NotJudged));
}

#[test]
fn a_version_that_was_removed_is_put_back_without_the_gate_but_lowers_nothing_in_doubt() {
    let gated = with(BASELINE, r#""rollout": {"strategy": "WhenClean"}"#);
    let robbed = || {
        let mut scene = Scene::new(&[("p", BASELINE)]);
        scene.settle();
        update(&mut scene.namespace, "kubectl-label", "enforce-version", None);
        scene.profiles = profiles(&[("p", &gated)]);
        scene
    };
    assert_eq!(enforce(&robbed().settle()), written("baseline:v1.37", Change::Repair));

    let mut never = robbed();
    never.settings.never_weaken = true;
    assert_eq!(enforce(&never.settle()), Verdict::Hold(HoldReason::NeverWeaken));

    let mut yielding = robbed();
    yielding.profiles = profiles(&[("p", &with(&gated, r#""conflictPolicy": "Yield""#))]);
    assert_eq!(enforce(&yielding.settle()), written("baseline:v1.37", Change::Repair), "nobody has set it");

    let theirs = &mut robbed();
    update(&mut theirs.namespace, "kubectl-label", "enforce", None);
    update(&mut theirs.namespace, "kubectl-label", "enforce", Some("baseline"));
    let (reason, _) = left(&theirs.settle(), Mode::Enforce).unwrap();
    assert_eq!(reason, LeaveReason::Stricter, "who sets a level without a version means latest");
}

#[test]
fn under_yield_whoever_lowers_has_it() {
    let spec = with(RESTRICTED, r#""conflictPolicy": "Yield""#);
    let mut scene = Scene::new(&[("p", &spec)]);
    scene.settle();
    update(&mut scene.namespace, "kubectl-label", "enforce", Some("baseline"));
    assert!(matches!(enforce(&scene.settle()), Verdict::LeaveAlone { .. }));
    assert_eq!(
        scene.shown(),
        "enforce=baseline enforce-version=v1.37+retained",
        "the pair stands or falls together"
    );
    assert_eq!(scene.namespace.ledger(), Ledger::default());
}
