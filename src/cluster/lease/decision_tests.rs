use super::*;

const LEASE: Duration = Terms::LEASE;
const RETRY: Duration = Terms::RETRY;

fn candidate(identity: &str) -> Candidate {
    Candidate::new(identity.into(), Terms::default(), 7)
}

fn secs(seconds: u64) -> Moment {
    Duration::from_secs(seconds)
}

fn time() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// Someone else's, as it looks after so many renewals.
fn theirs(renewals: i64) -> (Record, String) {
    let record = Record {
        holder: Some("other".into()),
        lasts: LEASE,
        acquired: Some(time()),
        renewed: Timestamp::from_second(1_800_000_000 + renewals).ok(),
        transitions: 4,
    };
    (record, renewals.to_string())
}

/// One that has created the lease at its beginning.
fn leader(identity: &str) -> Candidate {
    let mut leader = candidate(identity);
    assert_eq!(leader.next(secs(0)), Step::Read);
    leader.observed(secs(0), None);
    assert_eq!(leader.next(secs(0)), Step::Write(Write::Create));
    let record = leader.record(time());
    leader.wrote(secs(0), secs(0), (record, "1".into()));
    leader
}

#[test]
fn the_first_one_has_it_and_renews_it_without_reading() {
    let leader = leader("a");
    assert_eq!(leader.leads_until(), Some(secs(10)));
    let Step::Wait(due) = leader.next(secs(0)) else { panic!("it waits") };
    assert!(due >= RETRY * 8 / 10 && due <= RETRY, "{due:?}");
    assert_eq!(leader.next(due), Step::Write(Write::Replace("1".into())));
}

#[test]
fn what_somebody_else_renews_is_never_taken() {
    let mut candidate = candidate("a");
    for second in 0..600 {
        candidate.observed(secs(second), Some(theirs(second.try_into().unwrap())));
        assert!(!matches!(candidate.next(secs(second)), Step::Write(_)));
    }
}

#[test]
fn what_nobody_renews_is_taken_when_it_has_run_out_and_no_sooner() {
    let mut candidate = candidate("a");
    candidate.observed(secs(100), Some(theirs(1)));
    let mut now = secs(100);
    while let Step::Wait(due) = candidate.next(now) {
        assert!(due <= secs(100) + LEASE, "it wakes when the lease runs out");
        now = due;
        assert_eq!(candidate.next(now), Step::Read);
        candidate.observed(now, Some(theirs(1)));
    }
    assert_eq!(now, secs(100) + LEASE);
    assert_eq!(candidate.next(now), Step::Write(Write::Replace("1".into())));
    let record = candidate.record(time());
    assert_eq!((record.holder.as_deref(), record.transitions), (Some("a"), 5));
}

#[test]
fn the_time_that_a_record_tells_is_of_no_account() {
    // Both of them long ago, and both of them far in the future.
    for renewed in [-1_000_000, 1_000_000] {
        let mut candidate = candidate("a");
        candidate.observed(secs(0), Some(theirs(renewed)));
        assert!(matches!(candidate.next(secs(0)), Step::Wait(_)));
    }
}

#[test]
fn another_version_of_the_same_record_renews_nothing() {
    let mut candidate = candidate("a");
    let touched = |version: &str| Some((theirs(1).0, version.to_owned()));
    candidate.observed(secs(0), touched("1"));
    candidate.observed(secs(14), touched("2"));
    assert!(matches!(candidate.next(secs(14)), Step::Wait(_)));
    candidate.observed(secs(15), touched("3"));
    assert_eq!(candidate.next(secs(15)), Step::Write(Write::Replace("3".into())));
}

#[test]
fn whoever_was_told_longer_terms_is_waited_for_longer() {
    let mut candidate = candidate("a");
    let (record, version) = theirs(1);
    let theirs = || Some((Record { lasts: secs(60), ..record.clone() }, version.clone()));
    candidate.observed(secs(0), theirs());
    candidate.observed(secs(59), theirs());
    assert!(matches!(candidate.next(secs(59)), Step::Wait(_)));
    candidate.observed(secs(60), theirs());
    assert!(matches!(candidate.next(secs(60)), Step::Write(_)));
}

#[test]
fn what_was_released_is_taken_at_once() {
    let (record, version) = leader("a").released(time()).unwrap();
    assert_eq!((&record.holder, record.lasts, version.as_str()), (&None, secs(1), "1"));
    let mut next = candidate("b");
    next.observed(secs(3), Some((record, "2".into())));
    assert_eq!(next.next(secs(3)), Step::Write(Write::Replace("2".into())));
    assert_eq!(next.record(time()).transitions, 1);
}

#[test]
fn only_a_leader_has_something_to_release() {
    let mut candidate = candidate("a");
    assert_eq!(candidate.released(time()), None);
    candidate.observed(secs(0), Some(theirs(1)));
    assert_eq!(candidate.released(time()), None);
}

#[test]
fn what_was_deleted_has_not_run_out() {
    let mut candidate = candidate("a");
    candidate.observed(secs(0), Some(theirs(1)));
    candidate.observed(secs(2), None);
    assert!(matches!(candidate.next(secs(2)), Step::Wait(_)), "its holder may put it back");
    candidate.observed(secs(15), None);
    assert_eq!(candidate.next(secs(15)), Step::Write(Write::Create));

    let mut leader = leader("b");
    leader.refused(secs(2));
    leader.observed(secs(2), None);
    assert_eq!(leader.next(secs(2)), Step::Write(Write::Create), "and it does");
}

#[test]
fn a_leader_that_cannot_renew_gives_up_before_anybody_else_begins() {
    let mut leader = leader("a");
    let mut now = secs(0);
    loop {
        match leader.next(now) {
            Step::Wait(due) => now = due,
            Step::Read | Step::Write(_) => {
                let sent = now;
                now += Duration::from_millis(300);
                leader.failed(sent, now);
            }
            Step::End(loss) => {
                assert_eq!((loss, now), (Loss::Expired, secs(10)));
                return;
            }
        }
    }
}

#[test]
fn a_leader_counts_from_when_it_asked_and_not_from_the_answer() {
    let mut leader = leader("a");
    leader.wrote(secs(2), secs(6), (leader.record(time()), "2".into()));
    assert_eq!(leader.leads_until(), Some(secs(12)));
    assert_eq!(leader.next(secs(6)), Step::Write(Write::Replace("2".into())), "the next one is overdue");
}

#[test]
fn a_leader_that_slept_too_long_ends_whatever_it_hears() {
    let mut leader = leader("a");
    assert_eq!(leader.next(secs(40)), Step::End(Loss::Expired));
    leader.observed(secs(40), Some(theirs(1)));
    assert_eq!(leader.next(secs(40)), Step::End(Loss::Taken(Some("other".into()))));
    assert_eq!(leader.leads_until(), None);
}

#[test]
fn a_leader_that_meets_another_version_looks_whose_it_is() {
    let mut leader = leader("a");
    let own = leader.record(time());
    leader.refused(secs(2));
    assert_eq!(leader.next(secs(2)), Step::Read);
    leader.observed(secs(2), Some((own, "9".into())));
    assert_eq!(leader.next(secs(2)), Step::Write(Write::Replace("9".into())), "an annotation changed");
    leader.refused(secs(2));
    assert!(matches!(leader.next(secs(2)), Step::Wait(_)), "but it is not kept busy");

    leader.observed(secs(4), Some((Record::default(), "10".into())));
    assert_eq!(leader.next(secs(4)), Step::End(Loss::Taken(None)), "somebody emptied it");
}

#[test]
fn a_write_that_may_have_been_carried_out_is_looked_for() {
    let mut candidate = candidate("a");
    candidate.observed(secs(0), None);
    let record = candidate.record(time());
    candidate.failed(secs(0), secs(5));
    assert_eq!(candidate.next(secs(5)), Step::Read);
    candidate.observed(secs(5), Some((record, "1".into())));
    assert_eq!(candidate.leads_until(), None, "not before it is confirmed");
    assert_eq!(candidate.next(secs(5)), Step::Write(Write::Replace("1".into())));
}

#[test]
fn no_two_records_of_a_holder_are_alike_whatever_the_time_of_day_does() {
    let mut leader = leader("a");
    let mut before = leader.record(time());
    leader.wrote(secs(1), secs(1), (before.clone(), "2".into()));
    for (second, time_of_day) in [(2, time()), (4, time()), (6, Timestamp::UNIX_EPOCH)] {
        let record = leader.record(time_of_day);
        assert!(record.renewed > before.renewed, "{record:?} after {before:?}");
        assert_eq!(record.acquired, before.acquired);
        leader.wrote(secs(second), secs(second), (record.clone(), second.to_string()));
        before = record;
    }
}

#[test]
fn a_lease_that_lasts_longer_than_any_may_is_waited_for_as_ones_own() {
    let of = |lasts: Duration| {
        let mut candidate = candidate("a");
        let (record, version) = theirs(1);
        candidate.observed(secs(0), Some((Record { lasts, ..record.clone() }, version.clone())));
        let mut second = secs(0);
        loop {
            second += secs(1);
            candidate.observed(second, Some((Record { lasts, ..record.clone() }, version.clone())));
            if matches!(candidate.next(second), Step::Write(_)) {
                return second;
            }
        }
    };
    assert_eq!(of(secs(60)), secs(60));
    assert_eq!(of(secs(3600)), secs(3600));
    assert_eq!(of(secs(i32::MAX.unsigned_abs().into())), LEASE);
}
