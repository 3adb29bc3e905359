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
