//! Batches, and halted rollouts.

use super::*;

#[test]
fn a_batch_without_a_slot_holds_until_there_is_one() {
    let mut stage = Stage::new(&gated("baseline", "0s")).with_pod(BASELINE);
    let until = after(now(), HOUR);
    stage.pace.slot = Some(until);
    let plan = stage.settle();
    assert_eq!((enforce(&plan), plan.next), (&Verdict::Hold(HoldReason::Batch { until }), Some(until)));
    assert_eq!(enforce(&stage.settle_after(HOUR)), &raised("baseline:v1.37"));
}

#[test]
fn a_halted_rollout_holds() {
    let mut stage = Stage::new(&gated("baseline", "0s")).with_pod(BASELINE);
    stage.pace.halted = true;
    let reason = HoldReason::RolloutHalted;
    assert_eq!(enforce(&stage.settle()), &Verdict::Hold(reason));
    stage.pace.halted = false;
    assert_eq!(enforce(&stage.settle()), &raised("baseline:v1.37"));
}

#[test]
fn a_soak_goes_on_while_the_pace_holds() {
    let mut stage = Stage::new(&gated("baseline", "24h")).with_pod(BASELINE);
    stage.pace.halted = true;
    let plan = stage.settle();
    assert!(matches!(enforce(&plan), Verdict::Hold(HoldReason::Soaking { .. })), "it is told first");
    let halted = Verdict::Hold(HoldReason::RolloutHalted);
    assert_eq!(enforce(&stage.settle_after(HOUR * 24)), &halted);
    stage.pace.halted = false;
    assert_eq!(enforce(&stage.settle_after(HOUR)), &raised("baseline:v1.37"));
}

#[test]
fn the_pace_holds_the_level_below_too_and_the_reason_stays_what_violates() {
    let mut stage = Stage::new(&gated("restricted", "0s")).with_pod(BASELINE);
    let until = after(now(), HOUR);
    stage.pace.slot = Some(until);
    let plan = stage.settle();
    assert_eq!((enforce(&plan), plan.next), (&violations(1), Some(until)));
    assert_eq!(enforce(&stage.settle_after(HOUR)), &raised("baseline:v1.37"));
}

#[test]
fn repairs_and_what_a_person_lowers_do_not_wait() {
    let mut stage = Stage::new(&gated("restricted", "0s")).with_pod(RESTRICTED);
    stage.settle();
    stage.pace = Pace { slot: Some(after(now(), HOUR)), halted: true };
    stage.run(PRIVILEGED);
    update(&mut stage.namespace, "kubectl-label", "enforce", None);
    let plan = stage.settle();
    assert_eq!((enforce(&plan), plan.raise), (&written("restricted:v1.37", Change::Repair), None));
    stage.set_profile(&gated("baseline", "24h"));
    let plan = stage.settle();
    let lowered = written("baseline:v1.37", Change::Weaken(super::super::super::WeakenCause::Edited));
    assert_eq!((enforce(&plan), plan.raise), (&lowered, None));
}
