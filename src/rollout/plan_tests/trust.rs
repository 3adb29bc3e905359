//! What is believed of profiles, notes and owners, and what is done while they are in doubt.

use super::*;
use crate::{
    rollout::{Pin, Profile, ServerView},
    standards::Version,
};

#[test]
fn release_retains_or_removes_as_the_ledger_says() {
    let mut scene = Scene::new(&[("p", RESTRICTED)]);
    scene.settle();
    let plan = scene.settle_with(&[]);
    assert_eq!(enforce(&plan), Verdict::Release(Release::Retain(RetainReason::Policy)));
    assert_eq!(scene.shown(), "enforce=restricted+retained enforce-version=v1.37+retained");
    assert!(owned_by(&scene.namespace, Manager::Podsec).is_empty());

    let mut scene = Scene::new(&[("p", &with(RESTRICTED, r#""releasePolicy": "Remove""#))]);
    scene.settle();
    assert_eq!(enforce(&scene.settle_with(&[])), Verdict::Release(Release::Remove));
    assert_eq!(scene.shown(), "");
    assert!(scene.namespace.ledger_annotations.is_empty());
}

#[test]
fn doubt_freezes_release_and_weakening_but_not_raising() {
    let doubt = |specs: Specs<'_>, unreadable: &[&str], completeness| {
        let readable = specs.iter().map(|(name, spec)| profile(name, spec));
        Profiles::new(readable, unreadable.iter().map(|name| (*name).to_owned()), completeness)
    };
    let removable = with(RESTRICTED, r#""releasePolicy": "Remove""#);
    let unlisted = Completeness::InDoubt("the CRD is being deleted");
    let cases = [
        (doubt(&[], &[], unlisted), Verdict::Freeze(FreezeReason::Unlisted)),
        (doubt(&[], &["p"], COMPLETE), Verdict::Freeze(FreezeReason::Unreadable)),
        (doubt(&[("weak", BASELINE)], &["p"], COMPLETE), Verdict::Freeze(FreezeReason::Unreadable)),
        (
            doubt(&[("p", BASELINE)], &["other"], COMPLETE),
            Verdict::Hold(HoldReason::InDoubt("a profile cannot be read, and it may ask for more")),
        ),
        (
            doubt(&[("p", BASELINE)], &[], unlisted),
            Verdict::Hold(HoldReason::InDoubt("the CRD is being deleted")),
        ),
    ];
    for (profiles, expected) in cases {
        let mut scene = Scene::new(&[("p", &removable)]);
        scene.settle();
        scene.profiles = profiles;
        let plan = scene.settle();
        assert_eq!(enforce(&plan), expected);
        assert_eq!(scene.shown(), "enforce=restricted+podsec enforce-version=v1.37+podsec");
    }
    let mut scene = Scene::new(&[]);
    scene.profiles = doubt(&[("p", RESTRICTED)], &["other"], unlisted);
    assert_eq!(enforce(&scene.settle()), written("restricted:v1.37", Change::Raise));
}

#[test]
fn labels_of_an_earlier_crd_are_only_retained() {
    let removable = with(RESTRICTED, r#""releasePolicy": "Remove""#);
    let mut scene = Scene::new(&[("p", &removable)]);
    scene.settle();
    let later = now().checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
    scene.profiles = Profiles::new([], [], Completeness::Complete { crd_created: later });
    assert_eq!(enforce(&scene.settle()), Verdict::Release(Release::Retain(RetainReason::EarlierCrd)));
    assert!(scene.shown().starts_with("enforce=restricted+retained"));
}

#[test]
fn a_ledger_that_somebody_else_wrote_does_not_count() {
    let gated = with(RESTRICTED, r#""rollout": {"strategy": "WhenClean"}"#);
    let mut scene = Scene::new(&[("p", &gated)]);
    scene.namespace.ledger_annotations.set(crate::rollout::ENFORCED, Some("restricted:latest"));
    assert_eq!(enforce(&scene.plan()), Verdict::Hold(HoldReason::NotJudged));
}

#[test]
fn a_value_set_under_podsecs_name_by_other_means_is_taken_with_force() {
    let mut scene = Scene::new(&[("p", RESTRICTED)]);
    update(&mut scene.namespace, "podsec", "enforce", Some("baseline"));
    let plan = scene.settle();
    assert!(plan.requests[0].force, "the API server takes an update for another owner than the apply");
    assert_eq!(scene.shown(), "enforce=restricted+podsec enforce-version=v1.37+podsec");
}

#[test]
fn wiped_ownership_needs_force_and_lets_nothing_be_lowered() {
    let mut scene = Scene::new(&[("p", RESTRICTED)]);
    update(&mut scene.namespace, "somebody", "enforce", Some("baseline"));
    scene.namespace.owners.change(Mode::Enforce.keys().level, Vec::clear);
    assert!(scene.settle().requests[0].force, "the API server books such a key to somebody else");

    let allowing = with(BASELINE, r#""allowWeakening": true"#);
    let mut scene = Scene::new(&[("p", &allowing)]);
    update(&mut scene.namespace, "somebody", "enforce", Some("restricted"));
    scene.namespace.owners.change(Mode::Enforce.keys().level, Vec::clear);
    assert_eq!(enforce(&scene.plan()), Verdict::Hold(HoldReason::WouldWeaken));
}

#[test]
fn within_the_second_of_the_crds_creation_labels_are_kept() {
    let removable = with(RESTRICTED, r#""releasePolicy": "Remove""#);
    let mut scene = Scene::new(&[("p", &removable)]);
    scene.settle();
    scene.profiles = Profiles::new([], [], Completeness::Complete { crd_created: now() });
    assert_eq!(enforce(&scene.settle()), Verdict::Release(Release::Retain(RetainReason::EarlierCrd)));
}

#[test]
fn a_write_under_another_crd_does_not_revive_an_old_remove() {
    let both = r#""enforce": {"level": "restricted"}, "audit": {"level": "restricted"}"#;
    let removable = with(RESTRICTED, &format!(r#"{both}, "priority": 1, "releasePolicy": "Remove""#));
    let weak = with(BASELINE, r#""audit": {"level": "baseline"}"#);
    for after in [Some(&weak), None] {
        let mut scene = Scene::new(&[("base", &removable)]);
        scene.settle();
        let readable = || after.map(|spec| profile("weak", spec));
        let later = now().checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
        scene.profiles = Profiles::new(readable(), [], Completeness::Complete { crd_created: later });
        scene.settle();
        // The write has renewed the time of podsec's entry, which is now later than the CRD.
        scene.profiles = Profiles::new(readable(), [], COMPLETE);
        scene.settle();
        assert!(scene.shown().contains("enforce=restricted+"), "{}", scene.shown());
    }
}

/// Plans, carries the plan out, and remembers what it noted, as the controller does.
fn settle_and_remember(scene: &mut Scene) {
    scene.namespace.remembered = Some(scene.settle().ledger);
}

#[test]
fn dropping_podsecs_note_together_with_the_label_does_not_defeat_the_repair() {
    let gated = with(RESTRICTED, r#""rollout": {"strategy": "WhenClean"}"#);
    for spec in [RESTRICTED, &gated] {
        for note in [None, Some("privileged:latest")] {
            let mut scene = Scene::new(&[("p", RESTRICTED)]);
            settle_and_remember(&mut scene);
            scene.profiles = profiles(&[("p", spec)]);
            settle_and_remember(&mut scene);
            update(&mut scene.namespace, "tenant", "enforce", Some("privileged"));
            for key in LEDGER_KEYS {
                forge(&mut scene.namespace, "tenant", key, note);
            }
            assert_eq!(
                enforce(&scene.settle()),
                written("restricted:v1.37", Change::Repair),
                "{note:?} {spec}"
            );
            assert_eq!(scene.namespace.ledger().profile_of(Mode::Enforce), Some("p"));
        }
    }
}

#[test]
fn what_podsec_itself_lowered_or_let_go_of_is_not_remembered() {
    let mut scene = Scene::new(&[("p", RESTRICTED)]);
    settle_and_remember(&mut scene);
    scene.profiles = profiles(&[("p", BASELINE)]);
    settle_and_remember(&mut scene);
    assert_eq!(scene.shown(), "enforce=baseline+podsec enforce-version=v1.37+podsec");
    scene.profiles =
        profiles(&[("p", &with(BASELINE, r#""namespaceSelector": {"matchLabels": {"x": "y"}}"#))]);
    settle_and_remember(&mut scene);
    assert_eq!(scene.namespace.remembered, Some(Ledger::default()));
}

#[test]
fn what_a_profile_was_last_seen_to_ask_for_counts_when_it_is_gone() {
    let removing = with(RESTRICTED, r#""releasePolicy": "Remove""#);
    let policies = |policy| BTreeMap::from([("p".to_owned(), policy)]);
    for (last_seen, expected) in [
        (policies(ReleasePolicy::Remove), Release::Remove),
        (BTreeMap::new(), Release::Remove),
        // It was edited to Retain, and deleted before that was noted here.
        (policies(ReleasePolicy::Retain), Release::Retain(RetainReason::Policy)),
    ] {
        let mut scene = Scene::new(&[("p", &removing)]);
        scene.settle();
        scene.profiles = profiles(&[]).with_last_seen(&last_seen);
        assert_eq!(enforce(&scene.settle()), Verdict::Release(expected), "{last_seen:?}");
    }
    // Nor does the ledger's Retain become a Remove.
    let mut scene = Scene::new(&[("p", RESTRICTED)]);
    scene.settle();
    scene.profiles = profiles(&[]).with_last_seen(&policies(ReleasePolicy::Remove));
    assert_eq!(enforce(&scene.settle()), Verdict::Release(Release::Retain(RetainReason::Policy)));
}

#[test]
fn a_note_forged_under_podsecs_own_name_neither_freezes_nor_lowers_nor_removes() {
    let trial = r#"{"namespaceNames": ["other"], "enforce": {"level": "baseline"}, "rollout": {"strategy": "DryRun"}}"#;
    let loose = r#"{"namespaceSelector": {}, "priority": 9, "enforce": {"level": "privileged"}, "rollout": {"strategy": "Immediate"}}"#;
    for (forged_author, others, expected) in [
        ("enforce=trial", vec![("p", RESTRICTED), ("trial", trial)], "restricted"),
        ("enforce=loose", vec![("p", RESTRICTED), ("loose", loose)], "restricted"),
        ("enforce=ghost", vec![], "restricted"),
    ] {
        let mut scene = Scene::new(&[("p", RESTRICTED)]);
        settle_and_remember(&mut scene);
        scene.profiles = profiles(&others);
        let mut annotations = BTreeMap::from([(LEDGER_KEYS[0], forged_author.to_owned())]);
        annotations.insert(LEDGER_KEYS[2], "enforce=Remove".to_owned());
        // The label is lowered where somebody still governs; else it is left for podsec to remove.
        let level = if others.is_empty() { "restricted" } else { "privileged" };
        let labels = BTreeMap::from([(Mode::Enforce.keys().level, level.to_owned())]);
        let request = ApplyRequest { manager: Manager::Podsec, labels, annotations, force: true };
        apply(&mut scene.namespace, &request).unwrap();
        scene.settle();
        assert_eq!(scene.namespace.label(Mode::Enforce.keys().level), Some(expected), "{forged_author}");
    }
}

#[test]
fn a_pin_that_follows_the_server_does_not_move_down_whatever_the_status_says() {
    let mut scene = Scene::new(&[("p", RESTRICTED)]);
    scene.settle();
    let object = testing::object("p", RESTRICTED);
    let stood = |edited: bool| {
        let pin = Pin { version: (!edited).then_some(Version::Minor(20)), edited };
        let server = ServerView { minor: 36, watched_in_full: false };
        Profiles::new([Profile::new(&object, server, |_| pin)], [], COMPLETE)
    };
    scene.profiles = stood(false);
    assert_eq!(enforce(&scene.settle()), Verdict::InSync);
    // An author who has edited the version means it.
    scene.profiles = stood(true);
    assert_eq!(enforce(&scene.settle()), written("restricted:v1.36", Change::Weaken(WeakenCause::Edited)));
}
