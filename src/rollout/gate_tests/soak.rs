//! How long a namespace must be clean.

use super::*;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn soaking(since: Timestamp, soak: SignedDuration) -> Verdict {
    Verdict::Hold(HoldReason::Soaking { since, until: after(since, soak) })
}

#[test]
fn enforce_is_raised_when_the_soak_is_over_and_not_before() {
    let mut stage = Stage::new(&gated("baseline", "24h")).with_pod(BASELINE);
    let plan = stage.settle();
    assert_eq!(enforce(&plan), &soaking(now(), HOUR * 24));
    assert_eq!(plan.next, Some(after(now(), HOUR * 24)));
    let clean = vec![CleanSince { policy: "baseline:v1.37".parse().unwrap(), since: now() }];
    assert_eq!(plan.record.as_ref().unwrap().clean, clean);
    let last = HOUR * 24 - SignedDuration::from_nanos(1);
    assert_eq!(enforce(&stage.settle_after(last)), &soaking(now(), HOUR * 24));
    assert_eq!(enforce(&stage.settle_after(SignedDuration::from_nanos(1))), &raised("baseline:v1.37"));
}

#[test]
fn without_a_word_about_it_the_soak_is_a_day() {
    let spec = r#"{"namespaceSelector": {}, "enforce": {"level": "baseline"}}"#;
    assert_eq!(enforce(&Stage::new(spec).with_pod(BASELINE).settle()), &soaking(now(), HOUR * 24));
}

#[test]
fn a_violation_or_a_doubt_begins_it_anew() {
    let spoil: [fn(&mut Stage); 3] = [
        |stage| stage.run(PRIVILEGED),
        |stage| stage.inventory.miss("pods"),
        |stage| stage.inventory.insert_template(deployment("db", PRIVILEGED)),
    ];
    for spoil in spoil {
        let mut stage = Stage::new(&gated("baseline", "24h")).with_pod(BASELINE);
        stage.settle();
        spoil(&mut stage);
        let spoilt = stage.settle_after(HOUR);
        assert_eq!(spoilt.record.unwrap().clean, []);
        stage.run(BASELINE);
        stage.inventory.complete("pods");
        stage.inventory.remove_template(TemplateKind::Deployment, "db");
        let plan = stage.settle_after(HOUR);
        assert_eq!(enforce(&plan), &soaking(after(now(), HOUR * 2), HOUR * 24));
    }
}

#[test]
fn time_that_nobody_watched_does_not_count() {
    let mut stage = Stage::new(&gated("baseline", "24h")).with_pod(BASELINE);
    stage.settle();
    stage.watched_since = after(now(), HOUR * 3);
    assert_eq!(enforce(&stage.settle_after(HOUR * 4)), &soaking(stage.watched_since, HOUR * 24));
    stage.watched_since = before(now(), HOUR);
    let plan = stage.settle();
    assert_eq!(
        enforce(&plan),
        &soaking(after(now(), HOUR * 3), HOUR * 24),
        "and what did not once never will"
    );
}

#[test]
fn a_record_counts_only_for_its_namespace_level_and_version() {
    let record = |uid: &str, policy: &str, since| {
        let clean = vec![CleanSince { policy: policy.parse().unwrap(), since }];
        Some(GateRecord { uid: uid.into(), clean, held: None })
    };
    let then = before(now(), HOUR * 20);
    let cases = [
        (record("uid-a", "baseline:v1.37", then), then),
        (record("uid-other", "baseline:v1.37", then), now()),
        (record("uid-a", "baseline:v1.36", then), now()),
        (record("uid-a", "restricted:v1.37", then), now()),
        (record("uid-a", "baseline:v1.37", after(now(), HOUR)), now()),
        (None, now()),
    ];
    for (record, since) in cases {
        let mut stage = Stage::new(&gated("baseline", "24h")).with_pod(BASELINE);
        stage.record = record;
        assert_eq!(enforce(&stage.settle()), &soaking(since, HOUR * 24));
    }
}

#[test]
fn times_are_rounded_up_so_that_no_soak_ends_early_for_being_written_down() {
    let mut stage = Stage::new(&gated("baseline", "1m")).with_pod(BASELINE);
    stage.now = after(now(), SignedDuration::from_millis(1));
    let since = after(now(), SignedDuration::from_secs(1));
    assert_eq!(enforce(&stage.settle()), &soaking(since, MINUTE));
}

#[test]
fn finished_pods_that_violate_and_may_come_again_begin_it_anew() {
    let mut stage = Stage::new(&gated("baseline", "24h"));
    stage.inventory.insert_pod(pod("run-1", PRIVILEGED, PodPhase::Finished, before(now(), HOUR * 3)));
    stage.inventory.insert_pod(pod("fine", BASELINE, PodPhase::Finished, now()));
    stage.settle();
    stage.inventory.insert_pod(pod("run-2", PRIVILEGED, PodPhase::Finished, after(now(), HOUR)));
    assert_eq!(enforce(&stage.settle_after(HOUR * 2)), &soaking(after(now(), HOUR), HOUR * 24));
    stage.inventory.retain_pods(|_| false);
    let plan = stage.settle_after(HOUR);
    assert_eq!(enforce(&plan), &soaking(after(now(), HOUR), HOUR * 24), "also once they are cleared away");
}

#[test]
fn a_new_namespace_in_which_no_pod_ever_was_is_raised_at_once() {
    let spec = gated("restricted", "24h");
    let literal = spec.replace(r#""namespaceSelector": {}"#, r#""namespaceNames": ["a"]"#);
    let new = |spec: &str| Stage { created: before(now(), MINUTE * 9), ..Stage::new(spec) };
    assert_eq!(enforce(&new(&spec).settle()), &raised("restricted:v1.37"));

    let soak = soaking(now(), HOUR * 24);
    let old = Stage { created: before(now(), MINUTE * 10), ..Stage::new(&spec) }.settle();
    assert_eq!(enforce(&old), &soak, "an old one");
    let had_pods = Stage { had_pods: true, ..new(&spec) }.settle();
    assert_eq!(enforce(&had_pods), &soak, "one that had a pod");
    assert_eq!(enforce(&new(&spec).with_pod(RESTRICTED).settle()), &soak, "one that has a pod");
    let mut protected = new(&literal);
    protected.settings.protected = vec![super::super::super::NamePattern::new("a")];
    assert_eq!(enforce(&protected.settle()), &soak, "one that is protected");
    let mut deployed = new(&spec);
    deployed.inventory.insert_template(deployment("db", PRIVILEGED));
    assert_eq!(enforce(&deployed.settle()), &violations(1), "one that is to have a pod that violates");
}

#[test]
fn the_level_below_soaks_as_well() {
    let mut stage = Stage::new(&gated("restricted", "24h")).with_pod(BASELINE);
    let plan = stage.settle();
    assert_eq!((enforce(&plan), plan.next), (&violations(1), Some(after(now(), HOUR * 24))));
    stage.run(RESTRICTED);
    let plan = stage.settle_after(HOUR * 12);
    assert_eq!(enforce(&plan), &soaking(after(now(), HOUR * 12), HOUR * 24));
    assert_eq!(plan.next, Some(after(now(), HOUR * 24)), "the lower level comes first");
    let plan = stage.settle_after(HOUR * 12);
    assert_eq!(enforce(&plan), &raised("baseline:v1.37"));
    let rest = HoldReason::Soaking { since: after(now(), HOUR * 12), until: after(now(), HOUR * 36) };
    assert_eq!(partly(&plan), Some(&rest));
    assert_eq!(plan.next, Some(after(now(), HOUR * 36)));
    assert_eq!(enforce(&stage.settle_after(HOUR * 12)), &raised("restricted:v1.37"));
}

#[test]
fn whoever_lowers_a_label_does_not_begin_it_anew() {
    let mut stage = Stage::new(&gated("restricted", "0s")).with_pod(BASELINE);
    stage.settle();
    stage.set_profile(&gated("restricted", "24h"));
    stage.run(RESTRICTED);
    stage.settle();
    update(&mut stage.namespace, "tenant", "enforce", Some("privileged"));
    let repaired = stage.settle_after(HOUR);
    assert_eq!(enforce(&repaired), &written("baseline:v1.37", Change::Repair));
    assert_eq!(enforce(&stage.settle()), &soaking(now(), HOUR * 24));
}

#[test]
fn a_moments_doubt_about_the_profiles_does_not_begin_it_anew() {
    let mut stage = Stage::new(&gated("restricted", "0s")).with_pod(BASELINE);
    stage.settle();
    stage.set_profile(&gated("restricted", "24h"));
    stage.run(RESTRICTED);
    stage.settle();
    let profiles = stage.profiles.clone();
    stage.profiles = Profiles::new([], ["p".to_owned()], COMPLETE);
    let doubted = stage.settle_after(HOUR);
    assert_eq!(enforce(&doubted), &Verdict::Freeze(FreezeReason::Unreadable));
    stage.profiles = profiles;
    assert_eq!(enforce(&stage.settle()), &soaking(now(), HOUR * 24));

    stage.profiles = Profiles::new([], ["p".to_owned()], COMPLETE);
    stage.run(PRIVILEGED);
    stage.settle_after(HOUR);
    stage.set_profile(&gated("restricted", "24h"));
    stage.run(RESTRICTED);
    assert_eq!(enforce(&stage.settle()), &soaking(after(now(), HOUR * 2), HOUR * 24), "but a violation does");
}

#[test]
fn latest_soaks_as_what_it_stands_for() {
    let spec = gated("baseline", "24h").replace(r#""baseline""#, r#""baseline", "version": "latest""#);
    let mut stage = Stage::new(&spec).with_pod(BASELINE);
    stage.judge = stage.judge.clone().on_server(36);
    let clean = vec![CleanSince { policy: "baseline:v1.36".parse().unwrap(), since: now() }];
    assert_eq!(stage.settle().record.unwrap().clean, clean);
    stage.judge = stage.judge.clone().on_server(37);
    let plan = stage.settle_after(HOUR);
    assert_eq!(enforce(&plan), &soaking(after(now(), HOUR), HOUR * 24), "another server is another version");
}
