//! The transitions.

use rstest::rstest;

use super::*;

#[test]
fn immediate_raises_an_unlabelled_namespace() {
    let mut scene = Scene::new(&[("p", RESTRICTED)]);
    let plan = scene.settle();
    assert_eq!(enforce(&plan), written("restricted:v1.37", Change::Raise));
    assert!(plan.modes[0].assumed);
    assert_eq!(scene.shown(), "enforce=restricted+podsec enforce-version=v1.37+podsec");
    let ledger = scene.namespace.ledger();
    assert_eq!(
        (ledger.profile_of(Mode::Enforce), ledger.enforced),
        (Some("p"), "restricted:v1.37".parse().ok())
    );
    assert_eq!(enforce(&scene.plan()), Verdict::InSync);
}

#[test]
fn when_clean_writes_audit_and_warn_and_holds_enforce() {
    let spec = r#"{"namespaceSelector": {}, "enforce": {"level": "baseline"}, "audit": {"level": "restricted"}, "warn": {"level": "restricted", "version": "v1.30"}}"#;
    let mut scene = Scene::new(&[("p", spec)]);
    let plan = scene.settle();
    assert_eq!(enforce(&plan), Verdict::Hold(HoldReason::NotJudged));
    assert_eq!(
        scene.shown(),
        "audit=restricted+podsec audit-version=latest+podsec warn=restricted+podsec warn-version=v1.30+podsec"
    );
    assert_eq!(scene.namespace.ledger().profile_of(Mode::Enforce), None, "nothing was written for enforce");
}

#[test]
fn the_first_labels_of_a_new_namespace_come_together() {
    let gated =
        r#"{"namespaceSelector": {}, "enforce": {"level": "baseline"}, "warn": {"level": "restricted"}}"#;
    let minutes = |minutes| now().checked_sub(jiff::SignedDuration::from_mins(minutes)).unwrap();
    let mut scene = Scene::new(&[("p", gated)]);
    scene.namespace.created = minutes(9);
    let plan = scene.settle();
    assert_eq!(verdict(&plan, Mode::Warn), Verdict::Hold(HoldReason::NotJudged));
    assert_eq!((scene.shown().as_str(), plan.next), ("", Some(minutes(-1))), "enforce is not known yet");

    scene.namespace.created = minutes(10);
    scene.settle();
    assert_eq!(
        scene.shown(),
        "warn=restricted+podsec warn-version=latest+podsec",
        "nor may it take for ever"
    );

    let at_once = with(gated, r#""rollout": {"strategy": "Immediate"}"#);
    let mut scene = Scene::new(&[("p", &at_once)]);
    scene.namespace.created = minutes(9);
    scene.settle();
    assert_eq!(scene.namespace.label(Mode::Warn.keys().level), Some("restricted"));
}

#[test]
fn a_value_that_holds_already_is_spelled_out_without_the_gate() {
    let spec = r#"{"namespaceSelector": {}, "enforce": {"level": "privileged"}}"#;
    let mut scene = Scene::new(&[("p", spec)]);
    assert_eq!(enforce(&scene.settle()), written("privileged:v1.37", Change::Own));
}

#[test]
fn a_right_value_of_somebody_else_is_co_owned() {
    let mut scene =
        Scene::new(&[("p", BASELINE)]).with_labels(&[("enforce", "baseline"), ("enforce-version", "v1.37")]);
    assert_eq!(enforce(&scene.settle()), written("baseline:v1.37", Change::Own));
    let key = Mode::Enforce.keys().level;
    assert!(scene.namespace.owns(key) && scene.namespace.owners.foreign(key).is_some());
    let request = &Scene::new(&[("p", BASELINE)])
        .with_labels(&[("enforce", "baseline"), ("enforce-version", "v1.37")])
        .plan()
        .requests[0];
    assert!(!request.force, "equal values are no conflict");
}

#[test]
fn a_foreign_value_is_left_alone_under_yield() {
    let spec = with(BASELINE, r#""conflictPolicy": "Yield""#);
    for present in ["privileged", "baseline", "restricted"] {
        let mut scene = Scene::new(&[("p", &spec)]).with_labels(&[("enforce", present)]);
        let plan = scene.settle();
        assert_eq!(left(&plan, Mode::Enforce), Some((LeaveReason::Yield, "kubectl-create".into())));
        assert_eq!(plan.requests, []);
    }
}

/// What `KeepStricter` makes of labels that somebody else had set before, and what stands there then.
#[rstest]
#[case::weaker(&[("enforce", "privileged")], "enforce=baseline+podsec enforce-version=v1.37+podsec")]
#[case::older(&[("enforce", "baseline"), ("enforce-version", "v1.30")], "enforce=baseline+podsec enforce-version=v1.37+podsec")]
#[case::stricter(&[("enforce", "restricted")], "enforce=restricted")]
#[case::stricter_and_older(&[("enforce", "restricted"), ("enforce-version", "v1.30")], "enforce=restricted enforce-version=v1.30")]
#[case::as_strict_by_a_version_that_moves(&[("enforce", "baseline")], "enforce=baseline")]
#[case::newer(&[("enforce", "baseline"), ("enforce-version", "v1.38")], "enforce=baseline enforce-version=v1.38")]
#[case::a_version_without_a_level(&[("enforce-version", "v1.30")], "enforce=baseline+podsec enforce-version=v1.37+podsec")]
#[case::unreadable_version(&[("enforce", "privileged"), ("enforce-version", "soon")], "enforce=baseline+podsec enforce-version=v1.37+podsec")]
fn keep_stricter_takes_what_is_weaker(#[case] labels: &[(&str, &str)], #[case] shown: &str) {
    let mut scene = Scene::new(&[("p", BASELINE)]).with_labels(labels);
    let plan = scene.settle();
    assert_eq!(scene.shown(), shown);
    let is_taken = shown.contains("podsec");
    let expected = (!is_taken).then(|| (LeaveReason::Stricter, "kubectl-create".to_owned()));
    assert_eq!(left(&plan, Mode::Enforce), expected);
}

#[test]
fn what_nobody_can_have_meant_is_taken_where_that_opens_nothing() {
    let spec = with(BASELINE, r#""warn": {"level": "baseline"}"#);
    let mut scene = Scene::new(&[("p", &spec)]).with_labels(&[("enforce", "baselin"), ("warn", "baselin")]);
    let plan = scene.settle();
    assert_eq!(enforce(&plan), Verdict::Hold(HoldReason::WouldWeaken), "the API server enforces restricted");
    assert_eq!(scene.namespace.label(Mode::Warn.keys().level), Some("baseline"));
}

#[test]
fn a_known_reconciler_keeps_what_podsec_never_had_and_nothing_else() {
    let settings =
        Settings { reconcilers: Settings::DEFAULT_RECONCILERS.map(Into::into).into(), ..Settings::default() };
    let spec = with(BASELINE, r#""warn": {"level": "baseline"}"#);
    let mut scene = Scene::new(&[("p", &spec)]);
    scene.settings = settings;
    update(&mut scene.namespace, "kustomize-controller", "enforce", Some("privileged"));
    let plan = scene.settle();
    let flux = || Some((LeaveReason::Reconciler, "kustomize-controller".to_owned()));
    assert_eq!(left(&plan, Mode::Enforce), flux());
    assert!(plan.requests.iter().all(|request| !request.force), "nothing is taken beside what is left alone");

    update(&mut scene.namespace, "kustomize-controller", "warn", Some("privileged"));
    let plan = scene.settle();
    assert_eq!((left(&plan, Mode::Warn), left(&plan, Mode::Enforce)), (None, flux()), "warn was podsec's");
    assert_eq!(scene.namespace.label(Mode::Warn.keys().level), Some("baseline"));

    update(&mut scene.namespace, "kustomize-controller", "enforce", None);
    scene.settle();
    update(&mut scene.namespace, "kustomize-controller", "enforce", Some("privileged"));
    assert_eq!(enforce(&scene.settle()), written("baseline:v1.37", Change::Repair));
}

#[test]
fn a_mixed_pair_is_judged_as_it_stands() {
    // Somebody takes the level alone: what podsec wrote beside it stays, and is no longer right.
    let spec = with(BASELINE, r#""audit": {"level": "baseline", "version": "v1.30"}"#);
    let mut scene = Scene::new(&[("p", &spec)]);
    scene.settle();
    update(&mut scene.namespace, "kustomize-controller", "audit", Some("restricted"));
    let plan = scene.settle();
    assert_eq!(left(&plan, Mode::Audit), Some((LeaveReason::Stricter, "kustomize-controller".into())));
    let keys = Mode::Audit.keys();
    assert!(scene.namespace.is_retained(keys.version), "both are given up");

    update(&mut scene.namespace, "kustomize-controller", "audit", Some("privileged"));
    scene.settle();
    assert!(scene.namespace.owns(keys.level) && scene.namespace.owns(keys.version), "both are taken");
    assert_eq!(scene.namespace.label(keys.version), Some("v1.30"));
}

#[test]
fn force_takes_a_weaker_and_a_stricter_foreign_value() {
    let spec = with(BASELINE, r#""conflictPolicy": "Force""#);
    let mut scene = Scene::new(&[("p", &spec)]).with_labels(&[("enforce", "privileged")]);
    let plan = scene.settle();
    assert_eq!(enforce(&plan), written("baseline:v1.37", Change::Raise));
    assert!(plan.requests[0].force);
    let mut scene = Scene::new(&[("p", &spec)]).with_labels(&[("enforce", "restricted")]);
    assert_eq!(enforce(&scene.settle()), written("baseline:v1.37", Change::Weaken(WeakenCause::Forced)));
}

#[test]
fn a_stricter_value_of_a_person_survives() {
    let mut scene = Scene::new(&[("p", BASELINE)]);
    scene.settle();
    update(&mut scene.namespace, "kubectl-label", "enforce", Some("restricted"));
    let plan = scene.settle();
    assert!(
        matches!(enforce(&plan), Verdict::LeaveAlone { last_set_by, .. } if last_set_by == "kubectl-label")
    );
    assert!(scene.shown().starts_with("enforce=restricted "));
    update(&mut scene.namespace, "kubectl-label", "enforce", None);
    assert_eq!(
        enforce(&scene.settle()),
        written("baseline:v1.37", Change::Repair),
        "and falls back to what was enforced"
    );
}

#[test]
fn an_edit_to_a_lower_level_is_carried_out() {
    let mut scene = Scene::new(&[("p", RESTRICTED)]);
    scene.settle();
    let plan = scene.settle_with(&[("p", BASELINE)]);
    assert_eq!(enforce(&plan), written("baseline:v1.37", Change::Weaken(WeakenCause::Edited)));
    assert_eq!(scene.namespace.ledger().enforced, "baseline:v1.37".parse().ok());
}

#[test]
fn an_exemption_lowers_and_its_end_raises_again() {
    let exempt = with(
        RESTRICTED,
        r#""exemptions": [{"name": "a", "reason": "r", "expires": "2027-01-01T00:00:00Z"}]"#,
    );
    let mut scene = Scene::new(&[("p", RESTRICTED)]);
    scene.settle();
    let exempted = scene.settle_with(&[("p", &exempt)]);
    assert_eq!(enforce(&exempted), written("privileged:v1.37", Change::Weaken(WeakenCause::Exempted)));
    assert_eq!(exempted.modes[0].exemption.as_ref().unwrap().reason, "r");
    let end: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(exempted.next, Some(end));
    let after = plan(&scene.namespace, &scene.profiles, &scene.settings, None, end);
    assert_eq!(enforce(&after), written("restricted:v1.37", Change::Raise));
}

#[test]
fn a_weaker_winner_does_not_weaken_when_the_strict_profile_is_gone_or_outranked() {
    let weak = with(BASELINE, r#""priority": -1"#);
    let outranking = with(BASELINE, r#""priority": 1"#);
    let elsewhere = with(RESTRICTED, r#""namespaceNames": ["b"]"#);
    let cases: [Specs<'_>; 3] = [
        &[("weak", &weak)],
        &[("strict", RESTRICTED), ("weak", &outranking)],
        &[("strict", &elsewhere), ("weak", &weak)],
    ];
    for after in cases {
        let mut scene = Scene::new(&[("strict", RESTRICTED), ("weak", &weak)]);
        scene.settle();
        let plan = scene.settle_with(after);
        assert_eq!(enforce(&plan), Verdict::Hold(HoldReason::WouldWeaken));
        assert_eq!(scene.shown(), "enforce=restricted+podsec enforce-version=v1.37+podsec");
        assert_eq!(
            scene.namespace.ledger().profile_of(Mode::Enforce),
            Some("strict"),
            "the ledger still names it"
        );
        update(&mut scene.namespace, "kubectl-label", "enforce", Some("baseline"));
        assert_eq!(enforce(&scene.settle()), written("restricted:v1.37", Change::Repair));
    }
}

#[test]
fn allow_weakening_and_remove_let_a_weaker_winner_weaken() {
    let removable = with(RESTRICTED, r#""priority": 1, "releasePolicy": "Remove""#);
    let allowing = with(BASELINE, r#""allowWeakening": true"#);
    let stopped =
        with(r#"{"namespaceSelector": {}, "warn": {"level": "baseline"}}"#, r#""releasePolicy": "Remove""#);
    let cases: [(&str, Specs<'_>, WeakenCause); 3] = [
        (RESTRICTED, &[("weak", &allowing)], WeakenCause::Allowed),
        (&removable, &[("weak", BASELINE)], WeakenCause::Removed),
        (&removable, &[("strict", &stopped), ("weak", BASELINE)], WeakenCause::Removed),
    ];
    for (strict, after, cause) in cases {
        let mut scene = Scene::new(&[("strict", strict)]);
        scene.settle();
        assert_eq!(enforce(&scene.settle_with(after)), written("baseline:v1.37", Change::Weaken(cause)));
        assert_eq!(scene.namespace.ledger().profile_of(Mode::Enforce), Some("weak"));
    }
}

#[test]
fn the_servers_default_is_not_weakened_for_an_unlabelled_namespace() {
    let spec = with(BASELINE, r#""enforce": {"level": "privileged"}"#);
    let mut scene = Scene::new(&[("p", &spec)]);
    scene.settings.server_defaults.set(Mode::Enforce, "baseline:latest".parse().unwrap());
    let plan = scene.settle();
    assert_eq!(enforce(&plan), Verdict::Hold(HoldReason::WouldWeaken));
    assert!(plan.modes[0].assumed);
}

#[test]
fn never_weaken_refuses_edits_exemptions_and_removal() {
    let removable = with(RESTRICTED, r#""releasePolicy": "Remove""#);
    let cases: [(Specs<'_>, Verdict); 3] = [
        (&[("p", BASELINE)], Verdict::Hold(HoldReason::NeverWeaken)),
        (&[("q", &with(BASELINE, r#""allowWeakening": true"#))], Verdict::Hold(HoldReason::NeverWeaken)),
        (&[], Verdict::Release(Release::Retain(RetainReason::NeverWeaken))),
    ];
    for (after, expected) in cases {
        let mut scene = Scene::new(&[("p", &removable)]);
        scene.settle();
        scene.settings.never_weaken = true;
        assert_eq!(enforce(&scene.settle_with(after)), expected);
        assert!(scene.shown().starts_with("enforce=restricted"));
    }
}

#[test]
fn a_namespace_that_stops_matching_is_always_retained() {
    let removable = with(
        RESTRICTED,
        r#""namespaceSelector": {"matchLabels": {"tier": "apps"}}, "releasePolicy": "Remove""#,
    );
    let mut scene = Scene::new(&[("p", &removable)]).with_labels(&[("tier", "apps")]);
    scene.settle();
    update(&mut scene.namespace, "tenant", "tier", None);
    assert_eq!(enforce(&scene.settle()), Verdict::Release(Release::Retain(RetainReason::Left)));
    assert_eq!(scene.shown(), "enforce=restricted+retained enforce-version=v1.37+retained");
}

#[test]
fn retained_keys_are_adopted_back() {
    for after in [RESTRICTED, &with(RESTRICTED, r#""enforce": {"level": "restricted", "version": "latest"}"#)]
    {
        let mut scene = Scene::new(&[("p", RESTRICTED)]);
        scene.settle();
        scene.settle_with(&[]);
        scene.settle_with(&[("q", after)]);
        assert!(scene.shown().starts_with("enforce=restricted+podsec enforce-version="));
        assert!(owned_by(&scene.namespace, Manager::Retained).is_empty());
    }
}

#[test]
fn a_held_mode_stands_beside_a_released_one() {
    let both = with(RESTRICTED, r#""warn": {"level": "restricted"}, "releasePolicy": "Remove""#);
    let weak = BASELINE;
    let mut scene = Scene::new(&[("p", &with(&both, r#""releasePolicy": "Retain""#))]);
    scene.settle();
    let plan = scene.settle_with(&[("weak", weak)]);
    assert_eq!(enforce(&plan), Verdict::Hold(HoldReason::WouldWeaken));
    assert_eq!(verdict(&plan, Mode::Warn), Verdict::Release(Release::Retain(RetainReason::Policy)));
    assert_eq!(
        scene.shown(),
        "enforce=restricted+podsec enforce-version=v1.37+podsec warn=restricted+retained warn-version=latest+retained"
    );
}

#[test]
fn suspended_and_dry_run_freeze_what_was_written() {
    let weak = with(BASELINE, r#""priority": -1, "allowWeakening": true"#);
    for (member, reason) in [
        (r#""suspend": true"#, FreezeReason::Suspended),
        (r#""rollout": {"strategy": "DryRun"}"#, FreezeReason::DryRun),
    ] {
        let frozen = with(RESTRICTED, member);
        let mut scene = Scene::new(&[("p", RESTRICTED), ("weak", &weak)]);
        scene.settle();
        let plan = scene.settle_with(&[("p", &frozen), ("weak", &weak)]);
        assert_eq!((enforce(&plan), plan.requests.len()), (Verdict::Freeze(reason), 0));
        update(&mut scene.namespace, "kubectl-label", "enforce", Some("privileged"));
        let plan = scene.settle();
        assert_eq!((enforce(&plan), plan.requests.len()), (Verdict::Freeze(reason), 0), "not even a repair");
    }
}

#[test]
fn a_protected_namespace_always_goes_through_the_gate() {
    let mut scene = Scene::new(&[("p", &with(RESTRICTED, r#""namespaceNames": ["a"]"#))]);
    scene.settings.protected = vec![NamePattern::new("a")];
    assert_eq!(enforce(&scene.settle()), Verdict::Hold(HoldReason::NotJudged));
}

#[test]
fn a_terminating_namespace_is_left_alone() {
    let mut scene = Scene::new(&[("p", RESTRICTED)]);
    scene.namespace.terminating = true;
    assert_eq!(scene.plan().requests, []);
}

#[test]
fn a_level_that_somebody_else_owns_keeps_its_version() {
    let spec = with(RESTRICTED, r#""releasePolicy": "Remove""#);
    let released = |keys: &[&'static str]| {
        let mut scene = Scene::new(&[("p", &spec)]);
        scene.settle();
        let namespace = &mut scene.namespace;
        for key in keys {
            let theirs = testing::namespace("a", &[("enforce", "restricted")]).owners;
            let owner = theirs.of(Mode::Enforce.keys().level)[0].clone();
            namespace.owners.change(key, |owners| owners.push(owner));
        }
        let plan = scene.settle_with(&[]);
        (enforce(&plan), scene.shown())
    };
    let keys = Mode::Enforce.keys();
    assert_eq!(released(&[]), (Verdict::Release(Release::Remove), String::new()));
    let both = "enforce=restricted enforce-version=v1.37+retained".to_owned();
    assert_eq!(released(&[keys.level]), (Verdict::Release(Release::Retain(RetainReason::Shared)), both));
    let version = "enforce-version=v1.37".to_owned();
    assert_eq!(released(&[keys.version]), (Verdict::Release(Release::Remove), version));
    let theirs = "enforce=restricted enforce-version=v1.37".to_owned();
    assert_eq!(released(&[keys.level, keys.version]), (Verdict::Release(Release::Remove), theirs));
}
