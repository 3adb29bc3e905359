//! What is written of reports, and when.

use super::*;
use crate::api::VerdictCounts;

fn says(state: ReportState, judged: u32) -> ReportContent {
    let workloads = Some(VerdictCounts { judged, ..VerdictCounts::default() });
    ReportContent { state, workloads, ..ReportContent::default() }
}

fn stands(reports: &Reports, content: &ReportContent, written: Option<Instant>) {
    let standing = Standing::new(content, Identity { uid: "u".into(), version: "1".into() }, written);
    reports.entries.lock().standing.insert("a".into(), standing);
}

fn due(reports: &Reports) -> Option<Instant> {
    reports.entries.lock().waiting.get("a").map(|waiting| waiting.due)
}

#[tokio::test(start_paused = true)]
async fn a_verdict_is_written_at_once_and_counts_a_minute_after_the_last() {
    let reports = Reports::default();
    let begun = Instant::now();
    stands(&reports, &says(ReportState::Held, 1), Some(begun));
    reports.put("a", Some(says(ReportState::Held, 1)));
    assert_eq!(due(&reports), None, "nothing is new");
    reports.put("a", Some(says(ReportState::Held, 2)));
    assert_eq!(due(&reports), Some(begun + COUNTS_EVERY));
    tokio::time::advance(Duration::from_secs(1)).await;
    reports.put("a", Some(says(ReportState::InSync, 2)));
    assert_eq!(due(&reports), Some(begun + Duration::from_secs(1)));
    reports.put("a", Some(says(ReportState::Held, 1)));
    assert_eq!(due(&reports), None, "it is as it stands again");
}

#[tokio::test(start_paused = true)]
async fn one_stands_only_where_there_is_something_to_say() {
    let reports = Reports::default();
    reports.put("a", None);
    assert_eq!(due(&reports), None);
    stands(&reports, &says(ReportState::Left, 1), None);
    reports.put("a", None);
    let (namespace, waiting) = reports.entries.lock().next(Instant::now()).unwrap();
    assert_eq!((namespace.as_str(), waiting.wanted), ("a", None));
    assert!(matches!(reports.entries.lock().next(Instant::now()), Err(None)));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_told_yet_is_known_until_it_is() {
    let reports = Reports::default();
    let told = || reports.told_until(Timestamp::MAX);
    let next = || reports.entries.lock().next(Instant::now()).unwrap().1;
    assert_eq!(told(), Timestamp::MAX);
    reports.put("a", Some(says(ReportState::Held, 1)));
    let since = told();
    assert!(since <= Timestamp::now());
    let waiting = next();
    assert_eq!(told(), since, "it is being written");
    reports.again("a", waiting);
    assert_eq!(told(), since, "it could not be written");
    reports.put("a", Some(says(ReportState::InSync, 1)));
    assert_eq!(told(), since, "what is told instead is told as late");
    let waiting = next();
    reports.wrote("a", waiting.wanted.as_deref(), Identity::default());
    assert_eq!(told(), Timestamp::MAX);
    reports.put("a", Some(says(ReportState::InSync, 2)));
    assert_eq!(told(), Timestamp::MAX, "counts may wait");
    reports.put("a", Some(says(ReportState::Held, 2)));
    reports.forget("a");
    assert_eq!(told(), Timestamp::MAX);
}

/// What is written next.
#[derive(Debug, PartialEq)]
enum Next {
    /// Nothing is due.
    Nothing,
    /// The report is deleted.
    Goes,
    Says(Box<ReportContent>),
}

fn next(reports: &Reports) -> Next {
    match reports.entries.lock().next(Instant::now()) {
        Ok((_, Waiting { wanted: Some(content), .. })) => Next::Says(content),
        Ok((_, Waiting { wanted: None, .. })) => Next::Goes,
        Err(_) => Next::Nothing,
    }
}

fn identity(version: &str) -> Identity {
    Identity { uid: "u".into(), version: version.into() }
}

#[tokio::test(start_paused = true)]
async fn a_report_that_is_to_go_while_its_first_is_being_written_goes() {
    let reports = Reports::default();
    let first = says(ReportState::Held, 1);
    reports.put("a", Some(first.clone()));
    assert_eq!(next(&reports), Next::Says(Box::new(first.clone())));
    reports.put("a", None);
    assert_eq!(next(&reports), Next::Nothing, "one is being written");
    assert!(reports.told_until(Timestamp::MAX) < Timestamp::MAX);
    reports.wrote("a", Some(&first), identity("1"));
    assert_eq!(next(&reports), Next::Goes, "what was written goes");
    reports.wrote("a", None, Identity::default());
    assert_eq!((next(&reports), reports.waiting()), (Next::Nothing, 0));
    assert_eq!(reports.told_until(Timestamp::MAX), Timestamp::MAX);
}

#[tokio::test(start_paused = true)]
async fn a_report_is_never_written_twice_at_a_time() {
    let reports = Reports::default();
    let [held, synced] = [ReportState::Held, ReportState::InSync].map(|state| says(state, 1));
    stands(&reports, &held, None);
    reports.put("a", None);
    assert_eq!(next(&reports), Next::Goes);
    for wanted in [Some(held), None, Some(synced.clone())] {
        reports.put("a", wanted);
        assert_eq!(next(&reports), Next::Nothing);
    }
    assert_eq!(reports.waiting(), 1);
    reports.wrote("a", None, Identity::default());
    assert_eq!(next(&reports), Next::Says(Box::new(synced)), "the last word");
}

#[tokio::test(start_paused = true)]
async fn what_was_written_is_not_written_again() {
    let reports = Reports::default();
    let held = says(ReportState::Held, 1);
    reports.put("a", Some(held.clone()));
    assert_ne!(next(&reports), Next::Nothing);
    reports.put("a", Some(says(ReportState::InSync, 1)));
    reports.put("a", Some(held.clone()));
    reports.wrote("a", Some(&held), identity("1"));
    tokio::time::advance(Duration::from_mins(2)).await;
    assert_eq!(next(&reports), Next::Nothing);
}

#[tokio::test(start_paused = true)]
async fn what_came_during_a_write_that_failed_is_written_in_its_place_and_later() {
    let reports = Reports::default();
    let synced = says(ReportState::InSync, 1);
    reports.put("a", Some(says(ReportState::Held, 1)));
    let waiting = reports.entries.lock().next(Instant::now()).unwrap().1;
    let since = reports.told_until(Timestamp::MAX);
    reports.put("a", Some(synced.clone()));
    reports.again("a", waiting);
    assert_eq!(next(&reports), Next::Nothing, "it failed just now");
    assert_eq!(reports.told_until(Timestamp::MAX), since);
    tokio::time::advance(AGAIN).await;
    assert_eq!(next(&reports), Next::Says(Box::new(synced)));
}

#[tokio::test(start_paused = true)]
async fn a_namespace_made_anew_during_a_write_has_its_own_report() {
    let reports = Reports::default();
    let [held, synced] = [ReportState::Held, ReportState::InSync].map(|state| says(state, 1));
    reports.put("a", Some(held.clone()));
    assert_ne!(next(&reports), Next::Nothing);
    reports.forget("a");
    assert_eq!(reports.told_until(Timestamp::MAX), Timestamp::MAX, "nobody waits for it");
    reports.put("a", Some(synced.clone()));
    assert_eq!(next(&reports), Next::Nothing);
    reports.wrote("a", Some(&held), identity("1"));
    assert!(reports.state("a").is_none(), "whether that one stands, the watch tells");
    assert_eq!(next(&reports), Next::Says(Box::new(synced)));
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_made_anew_while_the_old_one_goes_has_its_own_report() {
    let reports = Reports::default();
    let synced = says(ReportState::InSync, 1);
    reports.put("a", Some(says(ReportState::Held, 1)));
    assert_ne!(next(&reports), Next::Nothing);
    reports.put("a", Some(synced.clone()));
    reports.is_past("a");
    assert_eq!(next(&reports), Next::Says(Box::new(synced)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_after_somebody_elses_edit_does_not_hide_it() {
    let reports = Reports::default();
    let held = says(ReportState::Held, 1);
    reports.put("a", Some(held.clone()));
    assert_ne!(next(&reports), Next::Nothing);
    assert!(reports.saw("a", identity("8"), &says(ReportState::InSync, 1)), "it is not as podsec left it");
    reports.wrote("a", Some(&held), identity("7"));
    reports.put("a", Some(held.clone()));
    tokio::time::advance(VERDICTS_EVERY).await;
    assert_eq!(next(&reports), Next::Says(Box::new(held)));
}
