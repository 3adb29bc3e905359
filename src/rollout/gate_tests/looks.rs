//! The last look.

use super::*;

fn clean() -> Stage {
    Stage::new(&gated("restricted", "0s")).with_pod(RESTRICTED)
}

#[test]
fn a_raise_waits_for_a_dry_run_of_the_very_request() {
    let spec =
        gated("restricted", "0s").replace("\"rollout\"", r#""warn": {"level": "restricted"}, "rollout""#);
    let mut stage = Stage::new(&spec).with_pod(RESTRICTED);
    let plan = stage.plan();
    assert_eq!((enforce(&plan), plan.raise), (&Verdict::Hold(HoldReason::LastLookDue), None));
    let level = Mode::Enforce.keys().level;
    assert!(plan.requests.iter().all(|request| !request.labels.contains_key(level)), "it is not raised yet");
    assert_eq!(plan.requests.len(), 1, "but warn is set at once");
    let due = plan.look.unwrap();
    assert_eq!(due.policy, "restricted:v1.37".parse().unwrap());
    stage.answer("restricted:v1.37", Answer::Agrees);
    let plan = stage.plan();
    assert_eq!(enforce(&plan), &raised("restricted:v1.37"));
    assert_eq!((plan.requests, plan.look), (vec![due.request], None));
}

#[test]
fn without_pods_there_is_nothing_to_look_at() {
    let mut stage = Stage::new(&gated("restricted", "0s"));
    stage.inventory.insert_template(deployment("web", RESTRICTED));
    assert_eq!(enforce(&stage.plan()), &raised("restricted:v1.37"));
    for phase in [PodPhase::Live, PodPhase::Finished, PodPhase::Deleting] {
        let mut stage = Stage::new(&gated("restricted", "0s"));
        stage.inventory.insert_pod(pod("a", RESTRICTED, phase, before(now(), HOUR)));
        assert!(stage.plan().look.is_some(), "the API server looks at pods of every phase");
    }
}

#[test]
fn an_api_server_that_is_newer_than_the_tables_has_the_last_word_everywhere() {
    let mut stage = Stage { newer_server: true, ..Stage::new(&gated("restricted", "0s")) };
    assert!(stage.plan().look.is_some());
    stage.answer("restricted:v1.37", Answer::Agrees);
    assert_eq!(enforce(&stage.plan()), &raised("restricted:v1.37"));
}

#[test]
fn each_other_answer_holds_until_it_no_longer_counts() {
    let disagrees = Answer::Disagrees { detail: "web: host namespaces".into() };
    let unavailable = Answer::Unavailable { reason: "403".into() };
    let cases = [
        (disagrees, HoldReason::LastLookDisagrees { detail: "web: host namespaces".into() }),
        (unavailable, HoldReason::LastLookUnavailable { reason: "403".into() }),
        (Answer::Exempt, HoldReason::ServerExempt),
    ];
    for (answer, reason) in cases {
        let mut stage = clean();
        stage.answer("restricted:v1.37", answer);
        // Whatever else of the namespace is written.
        stage.namespace.resource_version = "2".into();
        let plan = stage.plan();
        assert_eq!((enforce(&plan), &plan.look), (&Verdict::Hold(reason), &None));
        assert_eq!(plan.next, Some(after(now(), HOUR)), "then it is looked again");
        stage.now = after(now(), HOUR);
        assert!(stage.plan().look.is_some());
    }
}

#[test]
fn an_answer_speaks_for_a_raise_only_while_it_is_fresh() {
    let mut stage = clean();
    stage.answer("restricted:v1.37", Answer::Agrees);
    assert_eq!(enforce(&stage.plan()), &raised("restricted:v1.37"));
    stage.namespace.resource_version = "2".into();
    assert!(stage.plan().look.is_some(), "the namespace is another version");
    stage.answer("restricted:v1.37", Answer::Agrees);
    stage.now = after(now(), HOUR);
    assert!(stage.plan().look.is_some(), "its time is over");
    stage.answer("baseline:v1.37", Answer::Agrees);
    assert!(stage.plan().look.is_some(), "it is about another level");
}

#[test]
fn no_look_is_taken_for_what_would_be_held_anyway() {
    let held: [fn(&mut Stage); 4] = [
        |stage| stage.run(PRIVILEGED),
        |stage| stage.inventory.miss("pods"),
        |stage| stage.pace.halted = true,
        |stage| stage.pace.slot = Some(after(now(), HOUR)),
    ];
    for hold in held {
        let mut stage = clean();
        hold(&mut stage);
        assert_eq!(stage.plan().look, None);
    }
    let soaking = Stage::new(&gated("baseline", "1h")).with_pod(RESTRICTED);
    assert_eq!(soaking.plan().look, None);
}

#[test]
fn the_level_below_is_looked_at_as_well() {
    let mut stage = Stage::new(&gated("restricted", "0s")).with_pod(BASELINE);
    let plan = stage.plan();
    assert_eq!(enforce(&plan), &violations(1));
    let due = plan.look.unwrap();
    assert_eq!(due.policy, "baseline:v1.37".parse().unwrap());
    stage.answer("baseline:v1.37", Answer::Agrees);
    let plan = stage.plan();
    assert_eq!((enforce(&plan), &plan.requests[0]), (&raised("baseline:v1.37"), &due.request));

    stage.answer("baseline:v1.37", Answer::Unavailable { reason: "403".into() });
    let plan = stage.plan();
    assert_eq!((enforce(&plan), plan.next), (&violations(1), Some(after(now(), HOUR))));
    stage.answer("baseline:v1.37", Answer::Disagrees { detail: "x".into() });
    let reason = HoldReason::LastLookDisagrees { detail: "x".into() };
    assert_eq!(enforce(&stage.plan()), &Verdict::Hold(reason), "podsec may be wrong about the violations");
    stage.answer("baseline:v1.37", Answer::Exempt);
    assert_eq!(enforce(&stage.plan()), &Verdict::Hold(HoldReason::ServerExempt));
}

#[test]
fn a_disagreement_about_the_level_holds_the_level_below_too() {
    let mut stage = clean();
    stage.answer("restricted:v1.37", Answer::Disagrees { detail: "x".into() });
    stage.answer("baseline:v1.37", Answer::Agrees);
    let reason = HoldReason::LastLookDisagrees { detail: "x".into() };
    assert_eq!(enforce(&stage.plan()), &Verdict::Hold(reason));
}
