//! What holds for every plan, over random histories of one namespace.

mod histories;

use proptest::{collection::vec, prelude::*};

use self::histories::{World, arb_event, arb_profiles, arb_spec, compile};
use super::{
    super::{
        Change, LeaveReason, NamePattern, WeakenCause,
        testing::{self, COMPLETE, apply, now, owned_by, profile},
    },
    *,
};
use crate::standards::{Level, Strictness, Version};

fn enforce_of(namespace: &Namespace) -> LevelVersion {
    namespace.labelled(Mode::Enforce, &Settings::default().server_defaults).0
}

/// Whether somebody said that enforce may be lowered here, told afresh from the design's list of causes.
fn may_weaken(before: &Namespace, world: &World, cause: WeakenCause, governing: &str) -> bool {
    // What podsec itself did last, and nobody else could write.
    let ledger = before.remembered.clone().unwrap_or_default();
    let author = ledger.profile_of(Mode::Enforce);
    let governing = world.profiles.get(governing);
    match cause {
        WeakenCause::Edited | WeakenCause::Exempted => {
            author == governing.map(|profile| profile.name.as_str())
        }
        WeakenCause::Allowed => governing.is_some_and(|profile| profile.allow_weakening),
        WeakenCause::Forced => {
            governing.is_some_and(|profile| profile.conflict_policy == ConflictPolicy::Force)
        }
        WeakenCause::Removed => author.is_some_and(|author| match world.profiles.get(author) {
            None => ledger.on_release[Mode::Enforce.index()] == Some(ReleasePolicy::Remove),
            Some(profile) => profile.asks(Mode::Enforce).is_none(),
        }),
        WeakenCause::Advisory => false,
    }
}

/// Checks what is left to others, told afresh from the table of the three policies.
fn check_left(
    plan: &NamespacePlan,
    before: &Namespace,
    world: &World,
    settings: &Settings,
) -> Result<(), TestCaseError> {
    for mode in plan.modes.iter().filter(|mode| mode.governed) {
        let Verdict::LeaveAlone { reason, last_set_by, .. } = &mode.verdict else { continue };
        let policy = world.profiles.get(&mode.profile).map(|profile| profile.conflict_policy);
        let was_podsecs =
            before.ledger().profile_of(mode.mode).is_some() || before.owned_keys(mode.mode).next().is_some();
        let compared = mode.planned.map(|planned| planned.compared_to(mode.present));
        let is_right = match (policy, reason) {
            (Some(ConflictPolicy::Yield), LeaveReason::Yield) => true,
            (Some(ConflictPolicy::KeepStricter), LeaveReason::Stricter) => {
                compared == Some(Strictness::Weaker)
            }
            (Some(ConflictPolicy::KeepStricter), LeaveReason::Reconciler) => {
                compared == Some(Strictness::Stricter) && !was_podsecs && !settings.reconcilers.is_empty()
            }
            _ => false,
        };
        prop_assert!(is_right && !last_set_by.is_empty(), "left to others: {plan:#?}");
    }
    Ok(())
}

/// Checks one plan against the namespace as it was, carries it out, and checks what came of it.
fn check(world: &mut World, settings: &Settings) -> Result<(), TestCaseError> {
    let before = world.namespace.clone();
    let plan = super::plan(&before, &world.profiles, settings, None, now());
    for request in &plan.requests {
        prop_assert!(
            apply(&mut world.namespace, request).is_ok(),
            "no request may run into a conflict: {plan:#?}"
        );
    }
    let pod_security = |namespace: &Namespace| -> BTreeMap<&'static str, String> {
        label_keys().filter_map(|key| Some((key, namespace.label(key)?.to_owned()))).collect()
    };
    prop_assert_eq!(plan.labels_after(&before), pod_security(&world.namespace), "foretold of {:#?}", plan);
    world.namespace.remembered = Some(plan.ledger.clone());
    let after = &world.namespace;

    let again = super::plan(after, &world.profiles, settings, None, now());
    prop_assert_eq!(&again.requests, &[], "planning again after applying gives nothing to do");

    let modes: std::collections::BTreeSet<_> = plan.modes.iter().map(|plan| plan.mode).collect();
    prop_assert_eq!(modes.len(), plan.modes.len(), "each mode is decided once");

    let enforce = plan.modes.iter().find(|plan| plan.mode == Mode::Enforce);
    let was_readable =
        before.label(Mode::Enforce.keys().level).is_none_or(|level| level.parse::<Level>().is_ok())
            && before
                .label(Mode::Enforce.keys().version)
                .is_none_or(|version| version.parse::<Version>().is_ok());
    if enforce_of(after).is_weaker_than(enforce_of(&before)) && was_readable {
        let enforce = enforce.unwrap();
        prop_assert!(
            world.profiles.complete().is_ok() && !settings.never_weaken,
            "weakened in doubt: {plan:#?}"
        );
        match &enforce.verdict {
            Verdict::Write { change: Change::Weaken(cause), .. } => {
                prop_assert!(may_weaken(&before, world, *cause, &enforce.profile), "no cause: {plan:#?}");
            }
            // A version that somebody removed, and nothing else.
            Verdict::Write { value, change: Change::Repair } => {
                let raised = before.remembered.as_ref().and_then(|ledger| ledger.enforced);
                let is_gone = before.label(Mode::Enforce.keys().version).is_none();
                let is_podsecs = before.owns(Mode::Enforce.keys().level);
                prop_assert!(
                    is_gone && is_podsecs && value.level == enforce_of(&before).level,
                    "lowered as a repair: {:#?}",
                    plan
                );
                prop_assert!(
                    raised == Some(*value) || enforce.planned == Some(*value),
                    "nobody had that: {plan:#?}"
                );
            }
            Verdict::Release(Release::Remove) => {
                let ledger = before.remembered.clone().unwrap_or_default();
                let author = ledger.profile_of(Mode::Enforce).and_then(|name| world.profiles.get(name));
                let noted = ledger.on_release[Mode::Enforce.index()];
                let policy = author.map(|profile| profile.release_policy).or(noted);
                prop_assert_eq!(policy, Some(ReleasePolicy::Remove), "removed on a forged note: {:#?}", plan);
            }
            other => prop_assert!(false, "enforce went down by {other:?}"),
        }
    }

    if let (Some(enforce), Some(raised)) =
        (enforce, before.remembered.as_ref().and_then(|ledger| ledger.enforced))
    {
        let profile = world.profiles.get(&enforce.profile);
        let keeps = profile.is_some_and(|profile| profile.conflict_policy != ConflictPolicy::Yield);
        if enforce.governed && enforce.planned == Some(raised) && keeps {
            let frozen = matches!(enforce.verdict, Verdict::Freeze(_));
            let stands = !enforce_of(after).is_weaker_than(raised);
            prop_assert!(frozen || stands, "below what podsec had raised it to: {plan:#?}");
        }
    }

    if world.profiles.complete().is_err() || settings.never_weaken {
        for mode in Mode::ALL {
            for (key, value) in before.owned_keys(mode) {
                prop_assert!(after.label(key).is_some(), "{key}={value} was let go in doubt: {plan:#?}");
            }
        }
    }
    if world.profiles.complete().is_err() {
        let released = plan.modes.iter().any(|plan| matches!(plan.verdict, Verdict::Release(_)));
        prop_assert!(!released, "released in doubt: {plan:#?}");
    }

    for request in plan.requests.iter().filter(|request| request.force) {
        let left: Vec<_> =
            plan.modes.iter().filter(|plan| matches!(plan.verdict, Verdict::LeaveAlone { .. })).collect();
        for plan in left {
            prop_assert!(
                !request.labels.contains_key(plan.mode.keys().level),
                "forced over what is left alone"
            );
        }
    }

    check_left(&plan, &before, world, settings)?;

    if plan.modes.is_empty() {
        prop_assert!(owned_by(after, Manager::Podsec).is_empty(), "podsec owns what no mode accounts for");
    }
    Ok(())
}

/// Eight times as many cases as proptest's default, or as `PROPTEST_CASES` asks for.
fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases * 8, failure_persistence: None, ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_history_is_carried_out_safely(
        events in vec(arb_event(), 1..12),
        never_weaken in prop::bool::weighted(0.15),
        protected in prop::bool::weighted(0.15),
        knows_flux in any::<bool>(),
    ) {
        let mut settings = Settings { never_weaken, ..Settings::default() };
        if knows_flux {
            settings.reconcilers = ["kustomize-controller".to_owned()].into();
        }
        if protected {
            settings.protected = vec![NamePattern::new("a")];
        }
        let mut world = World::new();
        for event in &events {
            world.on(event);
            check(&mut world, &settings)?;
        }
    }

    #[test]
    fn the_order_of_profiles_does_not_matter(specs in arb_profiles(), seed in any::<prop::sample::Index>()) {
        let namespace = testing::namespace("a", &[("tier", "apps")]);
        let mut turned = compile(&specs);
        if !turned.is_empty() {
            let by = seed.index(turned.len());
            turned.rotate_left(by);
        }
        turned.reverse();
        let [a, b] = [compile(&specs), turned].map(|profiles| {
            super::plan(&namespace, &Profiles::new(profiles, [], COMPLETE), &Settings::default(), None, now())
        });
        prop_assert_eq!(a, b);
    }

    #[test]
    fn a_profile_of_lower_rank_changes_nothing_that_is_governed(specs in arb_profiles(), lower in arb_spec()) {
        let namespace = testing::namespace("a", &[("tier", "apps")]);
        let before = super::plan(&namespace, &Profiles::new(compile(&specs), [], COMPLETE), &Settings::default(), None, now());
        let mut lowest: serde_json::Value = serde_json::from_str(&lower).unwrap();
        lowest["priority"] = (-1).into();
        let mut more = compile(&specs);
        more.push(profile("z", &lowest.to_string()));
        let after = super::plan(&namespace, &Profiles::new(more, [], COMPLETE), &Settings::default(), None, now());
        for plan in before.modes.iter().filter(|plan| plan.governed) {
            prop_assert!(after.modes.contains(plan), "{plan:#?} is no longer in {after:#?}");
        }
    }

    #[test]
    fn a_governed_mode_has_one_winner_of_the_highest_rank(specs in arb_profiles()) {
        let namespace = testing::namespace("a", &[]);
        let profiles = Profiles::new(compile(&specs), [], COMPLETE);
        let plan = super::plan(&namespace, &profiles, &Settings::default(), None, now());
        let settings = Settings::default();
        for mode in Mode::ALL {
            let candidates: Vec<_> = profiles
                .matching(&namespace, &settings)
                .filter(|profile| profile.is_active() && profile.asks(mode).is_some())
                .collect();
            let planned = plan.modes.iter().find(|plan| plan.mode == mode && plan.governed);
            prop_assert_eq!(planned.is_some(), !candidates.is_empty());
            let Some(planned) = planned else { continue };
            let winner = profiles.get(&planned.profile).unwrap();
            for other in candidates {
                prop_assert!(winner.priority >= other.priority);
                if winner.priority == other.priority {
                    prop_assert!(winner.asks(mode).unwrap().level >= other.asks(mode).unwrap().level);
                }
            }
        }
    }

    #[test]
    fn a_protected_namespace_is_governed_only_by_its_literal_name(specs in arb_profiles()) {
        let namespace = testing::namespace("a", &[("tier", "apps")]);
        let settings = Settings { protected: vec![NamePattern::new("*")], ..Settings::default() };
        let profiles = Profiles::new(compile(&specs), [], COMPLETE);
        for mode in super::plan(&namespace, &profiles, &settings, None, now()).modes {
            let (_, spec) = specs.iter().find(|(name, _)| *name == mode.profile).unwrap();
            prop_assert!(spec.contains(r#""namespaceNames":["a"]"#), "{spec}");
            let raised = matches!(mode.verdict, Verdict::Write { change: Change::Raise, .. });
            prop_assert!(mode.mode != Mode::Enforce || !raised, "raised without the gate");
        }
    }
}
