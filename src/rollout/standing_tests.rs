use super::{
    super::{ActiveExemption, Change, FreezeReason, LeaveReason, LettingGo, RetainReason, WeakenCause},
    *,
};
use crate::standards::Level;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn mode(mode: Mode, verdict: Verdict) -> ModePlan {
    ModePlan {
        mode,
        profile: "apps".into(),
        governed: true,
        protected: false,
        present: "privileged:latest".parse().unwrap(),
        assumed: true,
        planned: "baseline:v1.37".parse().ok(),
        exemption: None,
        verdict,
        partly: None,
        forced_at: None,
        contest: None,
        former: None,
        letting_go: LettingGo::Harmless,
    }
}

fn enforce(verdict: Verdict) -> ModePlan {
    mode(Mode::Enforce, verdict)
}

fn held(reason: HoldReason) -> ModePlan {
    enforce(Verdict::Hold(reason))
}

fn written(change: Change) -> ModePlan {
    enforce(Verdict::Write { value: "baseline:v1.37".parse().unwrap(), change })
}

fn left_alone(of: Mode) -> ModePlan {
    let (last_set_by, key) = ("evil\u{1b}[31m".to_owned(), of.keys().level);
    mode(of, Verdict::LeaveAlone { last_set_by, key, reason: LeaveReason::Yield })
}

#[test]
fn each_verdict_is_a_state_with_a_reason() {
    let (since, until) = (time("2026-11-22T12:00:00Z"), time("2026-11-23T12:00:00Z"));
    let x = || "x".to_owned();
    let table = [
        (enforce(Verdict::InSync), ReportState::InSync, "InSync"),
        (written(Change::Own), ReportState::InSync, "InSync"),
        (written(Change::Raise), ReportState::InSync, "InSync"),
        (written(Change::ForcedRaise), ReportState::InSync, "InSync"),
        (written(Change::Repair), ReportState::InSync, "InSync"),
        (written(Change::Weaken(WeakenCause::Edited)), ReportState::InSync, "InSync"),
        (held(HoldReason::NotJudged), ReportState::Held, "NotJudged"),
        (held(HoldReason::Violations { workloads: 1 }), ReportState::Held, "Violations"),
        (held(HoldReason::Soaking { since, until }), ReportState::Soaking, "Soaking"),
        (
            held(HoldReason::Inconclusive { workloads: 1, missing: None }),
            ReportState::Inconclusive,
            "Inconclusive",
        ),
        (held(HoldReason::RolloutHalted), ReportState::Held, "RolloutHalted"),
        (held(HoldReason::Batch { until }), ReportState::Held, "Batch"),
        (held(HoldReason::LastLookDue), ReportState::Held, "LastLookDue"),
        (held(HoldReason::LastLookDisagrees { detail: x() }), ReportState::Inconclusive, "LastLookDisagrees"),
        (held(HoldReason::LastLookUnavailable { reason: x() }), ReportState::Held, "LastLookUnavailable"),
        (held(HoldReason::ServerExempt), ReportState::ServerExempt, "ServerExempt"),
        (held(HoldReason::WouldWeaken), ReportState::Held, "WouldWeaken"),
        (held(HoldReason::NeverWeaken), ReportState::Held, "NeverWeaken"),
        (held(HoldReason::InDoubt("doubt")), ReportState::Held, "InDoubt"),
        (left_alone(Mode::Enforce), ReportState::Yielded, "LeftAlone"),
        (enforce(Verdict::Freeze(FreezeReason::Suspended)), ReportState::Frozen, "Suspended"),
        (enforce(Verdict::Freeze(FreezeReason::Unreadable)), ReportState::Frozen, "ProfileUnreadable"),
        (enforce(Verdict::Release(Release::Retain(RetainReason::Left))), ReportState::Left, "Left"),
        (enforce(Verdict::Release(Release::Retain(RetainReason::Policy))), ReportState::Left, "Retained"),
        (enforce(Verdict::Release(Release::Remove)), ReportState::Left, "Removed"),
    ];
    for (plan, state, reason) in table {
        let standing = standing("shop", std::slice::from_ref(&plan), false).unwrap();
        assert_eq!((standing.state, standing.reason.as_str()), (state, reason), "{plan:?}");
        assert_eq!(standing.mode, Some(Mode::Enforce));
        assert!(!standing.message.is_empty() && !standing.message.contains('\u{1b}'), "{}", standing.message);
    }
}

#[test]
fn what_is_raised_to_less_than_planned_is_held() {
    let mut plan = written(Change::Raise);
    plan.planned = "restricted:v1.37".parse().ok();
    plan.partly = Some(HoldReason::Violations { workloads: 2 });
    let standing = standing("shop", &[plan], false).unwrap();
    assert_eq!((standing.state, standing.reason.as_str()), (ReportState::Held, "Violations"));
    assert_eq!(standing.message, "2 workloads violate restricted:v1.37");
}

#[test]
fn an_exemption_is_told_until_its_end() {
    let expires = Some(time("2027-01-01T00:00:00Z"));
    let exemption = ActiveExemption {
        name: "legacy-*".into(),
        level: Level::Privileged,
        reason: "OPS-1".into(),
        expires,
    };
    let exempt = ModePlan { exemption: Some(Box::new(exemption)), ..enforce(Verdict::InSync) };
    let standing = standing("shop", std::slice::from_ref(&exempt), false).unwrap();
    assert_eq!((standing.state, standing.next), (ReportState::Exempt, expires));
    assert_eq!(standing.message, "exemption legacy-* of profile apps: OPS-1");
    let held = ModePlan { verdict: Verdict::Hold(HoldReason::WouldWeaken), ..exempt };
    assert_eq!(
        super::standing("shop", &[held], false).unwrap().state,
        ReportState::Held,
        "it is not as the exemption has it"
    );
}

#[test]
fn what_would_be_weakened_is_a_label_or_what_the_api_server_enforces_without_one() {
    let message = |assumed| {
        let present = "restricted:latest".parse().unwrap();
        let plan = ModePlan { present, assumed, ..held(HoldReason::WouldWeaken) };
        standing("shop", &[plan], false).unwrap().message
    };
    assert!(message(false).starts_with("the stricter label stays: "), "{}", message(false));
    let of_default = message(true);
    assert!(
        of_default.starts_with("there is no label, and the API server enforces restricted by default"),
        "{of_default}"
    );
    assert!(of_default.contains("allowWeakening: true"), "{of_default}");
}

#[test]
fn the_next_step_is_the_nearest_that_podsec_takes_by_itself() {
    let (since, until) = (time("2026-11-22T12:00:00Z"), time("2026-11-23T12:00:00Z"));
    let forced_at = Some(time("2026-11-23T00:00:00Z"));
    let next = |plan| standing("shop", &[plan], false).unwrap().next;
    let soaking = held(HoldReason::Soaking { since, until });
    assert_eq!(next(soaking.clone()), Some(until));
    assert_eq!(next(ModePlan { forced_at, ..soaking }), forced_at);
    let violating = held(HoldReason::Violations { workloads: 1 });
    assert_eq!(next(violating.clone()), None);
    let forced = ModePlan { forced_at, ..violating };
    assert_eq!(next(forced.clone()), forced_at);
    let message = standing("shop", &[forced], false).unwrap().message;
    assert!(
        message.ends_with(
            "forceAfter raises it at 2026-11-23T00:00:00Z even so, unless podsec cannot tell then"
        )
    );
}

#[test]
fn of_several_modes_the_one_is_told_of_which_there_is_most_to_tell() {
    let in_sync = |of| mode(of, Verdict::InSync);
    let violating = || held(HoldReason::Violations { workloads: 1 });
    let told = |modes: &[ModePlan]| {
        let standing = standing("shop", modes, false).unwrap();
        (standing.state, standing.mode.unwrap())
    };
    assert_eq!(told(&[in_sync(Mode::Enforce), in_sync(Mode::Warn)]), (ReportState::InSync, Mode::Enforce));
    assert_eq!(told(&[in_sync(Mode::Enforce), left_alone(Mode::Warn)]), (ReportState::Yielded, Mode::Warn));
    assert_eq!(told(&[violating(), left_alone(Mode::Audit)]), (ReportState::Held, Mode::Enforce));
    assert_eq!(
        told(&[left_alone(Mode::Enforce), left_alone(Mode::Warn)]),
        (ReportState::Yielded, Mode::Enforce)
    );
    let left = mode(Mode::Enforce, Verdict::Release(Release::Retain(RetainReason::Left)));
    assert_eq!(told(&[left, in_sync(Mode::Warn)]), (ReportState::InSync, Mode::Warn));
}

#[test]
fn a_namespace_without_a_profile_has_no_state_unless_it_is_protected() {
    assert_eq!(standing("shop", &[], false), None);
    assert_eq!(standing("shop", &[], true).unwrap().state, ReportState::Protected);
    assert_eq!(standing("shop", &[enforce(Verdict::InSync)], true).unwrap().state, ReportState::InSync);
}
