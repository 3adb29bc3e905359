use std::sync::atomic::{AtomicUsize, Ordering};

use kube::client::retry::RetryPolicy;
use serde_json::{Value, json};
use tokio::time::sleep;
use tower::ServiceBuilder;

use super::*;
use crate::cluster::workloads::testing::{Asked, Reply, list_of, pod, server};

const MINUTE: Duration = Duration::from_mins(1);

fn open(client: Client, since: Option<&str>) -> WorkloadStream {
    WorkloadStream::open(client, Resource::Pods, Arc::default(), since.map(ToOwned::to_owned))
}

/// A server with one reply after the other; then it does not answer.
fn scripted(replies: Vec<Reply>) -> (Client, Asked) {
    let mut replies = replies.into_iter();
    server(move |_| replies.next())
}

fn event(kind: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": kind, "object": object}))
}

fn bookmark(version: &str) -> String {
    event("BOOKMARK", &json!({"kind": "Pod", "metadata": {"resourceVersion": version}}))
}

fn expired() -> Value {
    json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"})
}

/// A watch that is kept open for as long as it may be, and brings something in the end.
fn watch(text: impl Into<String>) -> Reply {
    Reply::of("").then_nothing(Duration::from_secs(38)).then(text)
}

/// The next events, in short.
async fn told<const N: usize>(stream: &mut WorkloadStream) -> [String; N] {
    let mut all = Vec::new();
    for _ in 0..N {
        let next = tokio::time::timeout(30 * MINUTE, stream.next()).await;
        let Ok(next) = next else { panic!("nothing comes after {all:?}") };
        all.push(match next.unwrap() {
            WorkloadEvent::Applied { namespace, observed } => format!("+{namespace}/{}", observed.name()),
            WorkloadEvent::Removed { namespace, name } => format!("-{namespace}/{name}"),
            WorkloadEvent::Listed(listed) => format!("listed {}", listed.len()),
            WorkloadEvent::Silent { reason } => format!("silent: {reason}"),
            WorkloadEvent::Alive => "alive".to_owned(),
        });
    }
    all.try_into().unwrap()
}

/// What was asked, without how long watches are kept open.
fn queries(asked: &Asked) -> Vec<String> {
    let short = |uri: String| {
        let query = uri.split_once('?').unwrap().1.replace("allowWatchBookmarks=true&", "");
        let parts = query.split('&').filter(|part| !part.starts_with("timeoutSeconds="));
        parts.collect::<Vec<_>>().join("&")
    };
    asked.uris().into_iter().map(short).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_there_is_listed_and_what_happens_then_is_told() {
    let events = event("ADDED", &pod("a", "new", "8")) + &event("DELETED", &pod("a", "old", "9"));
    let (first, last) = events.split_at(events.len() / 2);
    let (client, asked) = scripted(vec![
        Reply::of(list_of("7", &[pod("a", "old", "5"), pod("b", "kept", "6")])),
        Reply::of(first).then(last).then_nothing(Duration::from_secs(38)).then(bookmark("12")),
        watch(event("MODIFIED", &pod("b", "kept", "13"))),
    ]);
    let mut stream = open(client, None);
    assert_eq!(told(&mut stream).await, ["+a/old", "+b/kept", "listed 2", "+a/new", "-a/old", "+b/kept"]);
    let expected = ["resourceVersion=0", "watch=true&resourceVersion=7", "watch=true&resourceVersion=12"];
    assert_eq!(queries(&asked)[..3], expected);
    for uri in &asked.uris()[1..] {
        let seconds = uri.split_once("timeoutSeconds=").unwrap().1.split('&').next().unwrap();
        assert!((30..46).contains(&seconds.parse::<u64>().unwrap()), "{uri}");
        assert!(uri.contains("allowWatchBookmarks=true"), "{uri}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_listed_can_be_told_from_what_was_not() {
    let (client, _) = scripted(vec![Reply::of(list_of("7", &[pod("a", "p", "5"), pod("b", "q", "6")]))]);
    let mut stream = open(client, None);
    let listed = loop {
        if let WorkloadEvent::Listed(listed) = stream.next().await.unwrap() {
            break listed;
        }
    };
    assert!(listed.has("a", "p") && listed.has("b", "q"));
    assert!(!listed.has("a", "q") && !listed.has("b", "p") && !listed.has("", "a/p"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_can_go_on_from_a_list_that_was_taken_in() {
    let (client, asked) = scripted(vec![watch(event("ADDED", &pod("a", "p", "8")))]);
    let mut stream = open(client, Some("7"));
    assert_eq!(told(&mut stream).await, ["+a/p"]);
    assert_eq!(queries(&asked)[0], "watch=true&resourceVersion=7");
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_is_listed_anew_and_never_older_than_before() {
    let lost = [
        Reply::refused(410, "too old resource version"),
        Reply::of(event("ADDED", &pod("a", "p", "9")) + &event("ERROR", &expired())),
        Reply::of(
            bookmark("9") + &event("ERROR", &json!({"kind": "Status", "code": 500, "message": "broken"})),
        ),
        Reply::of(bookmark("9") + "{\"type\":\"ADDED\",\"object\":{}}\n" + &bookmark("11")),
    ];
    for (index, reply) in lost.into_iter().enumerate() {
        let again = Reply::of(list_of("20", &[pod("a", "q", "18")]));
        let (client, asked) = scripted(vec![reply, again]);
        let mut stream = open(client, Some("7"));
        if index == 1 {
            assert_eq!(told(&mut stream).await, ["+a/p"]);
        }
        assert_eq!(told(&mut stream).await, ["+a/q", "listed 1"]);
        let version = if index == 0 { 7 } else { 9 };
        let query = format!("resourceVersion={version}&resourceVersionMatch=NotOlderThan");
        assert_eq!(queries(&asked)[..2], ["watch=true&resourceVersion=7".to_owned(), query]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_is_told_to_be_one_only_once_it_is_whole() {
    let text = list_of("7", &[pod("a", "p", "5"), pod("a", "q", "6")]);
    let (client, asked) = scripted(vec![
        Reply::of(&text[..text.find("u-q").unwrap()]).then_breaks(),
        Reply::of(&text[..text.len() - 1]),
        Reply::refused(429, "too many requests"),
        Reply::of(text),
    ]);
    let mut stream = open(client, None);
    assert_eq!(told(&mut stream).await, ["+a/p", "+a/p", "+a/q", "+a/p", "+a/q", "listed 2"]);
    assert_eq!(queries(&asked)[..4], ["resourceVersion=0", "limit=500", "limit=500", "limit=500"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_did_not_come_whole_comes_again() {
    let line = event("ADDED", &pod("a", "p", "8"));
    let (client, asked) =
        scripted(vec![Reply::of(&line[..line.len() - 1]), Reply::of(&line[..20]).then_breaks(), watch(line)]);
    let mut stream = open(client, Some("7"));
    assert_eq!(told(&mut stream).await, ["+a/p"]);
    assert_eq!(queries(&asked)[..3], ["watch=true&resourceVersion=7"; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_know_the_version_is_asked_for_the_newest() {
    let (client, asked) = scripted(vec![
        Reply::refused(410, "too old resource version"),
        Reply::refused(504, "Too large resource version"),
        Reply::of(list_of("3", &[])),
        Reply::refused(410, "too old resource version"),
    ]);
    let mut stream = open(client, Some("7"));
    assert_eq!(told(&mut stream).await, ["listed 0"]);
    sleep(MINUTE).await;
    assert_eq!(
        queries(&asked)[2..5],
        ["", "watch=true&resourceVersion=3", "resourceVersion=3&resourceVersionMatch=NotOlderThan"]
    );
}

/// A server that never says on a watch that nothing has happened, but has this version if it is asked.
fn mute(newest: &'static str) -> (Client, Asked) {
    server(move |uri| {
        let watches = uri.contains("watch=true");
        Some(if watches { watch("") } else { Reply::of(list_of(newest, &[])) })
    })
}

#[tokio::test(start_paused = true)]
async fn where_nothing_comes_the_server_is_asked_whether_anything_happened() {
    let (client, asked) = mute("7");
    let mut stream = open(client, Some("7"));
    assert!(tokio::time::timeout(30 * MINUTE, stream.next()).await.is_err());
    assert_eq!(
        queries(&asked)[..3],
        ["watch=true&resourceVersion=7", "limit=1", "watch=true&resourceVersion=7"]
    );
}

#[tokio::test(start_paused = true)]
async fn news_long_before_the_end_of_a_watch_are_not_taken_for_more_than_they_are() {
    // As an API server whose cache hears of what happens elsewhere only when it is asked.
    let (mut asked_for, mut version) = (7, 7);
    let (client, asked) = server(move |uri| {
        let open = Duration::from_secs(38);
        if !uri.contains("watch=true") {
            asked_for += 100;
            return Some(Reply::of(list_of(&asked_for.to_string(), &[])));
        }
        if asked_for > version {
            version = asked_for;
            return Some(Reply::of("").then_nothing(open).then(bookmark(&version.to_string())));
        }
        version += 1;
        asked_for = version;
        Some(Reply::of(event("ADDED", &pod("a", "p", &version.to_string()))).then_nothing(open))
    });
    let mut stream = open(client, Some("7"));
    let end = Instant::now() + 30 * MINUTE;
    while let Ok(event) = tokio::time::timeout_at(end, stream.next()).await {
        assert!(matches!(event, Some(WorkloadEvent::Applied { .. })), "{event:?}");
    }
    assert!(!queries(&asked).contains(&String::new()), "nor is anything listed");
}

#[tokio::test(start_paused = true)]
async fn watches_that_bring_nothing_although_something_happened_are_not_believed() {
    let (client, asked) = mute("9");
    let mut stream = open(client, Some("7"));
    let begun = Instant::now();
    assert_eq!(told(&mut stream).await, ["listed 0"]);
    assert!(begun.elapsed() < SILENCE);
    // Now nothing happens that it does not know of.
    assert!(tokio::time::timeout(30 * MINUTE, stream.next()).await.is_err());
    let expected = [
        "watch=true&resourceVersion=7",
        "limit=1",
        "watch=true&resourceVersion=7",
        "",
        "watch=true&resourceVersion=9",
    ];
    assert_eq!(queries(&asked)[..5], expected);
}

#[tokio::test(start_paused = true)]
async fn silence_is_told_with_its_reason_and_so_is_its_end() {
    let begun = Instant::now();
    let away = move |_: &str| begun.elapsed() < 10 * MINUTE;
    let (client, _) = server(move |uri| {
        Some(if away(uri) {
            Reply::refused(403, "pods is forbidden")
        } else {
            watch(bookmark("8") + &event("ADDED", &pod("a", "p", "9")))
        })
    });
    let mut stream = open(client, Some("7"));
    assert_eq!(told(&mut stream).await, ["silent: pods is forbidden"]);
    assert!(begun.elapsed() >= SILENCE && begun.elapsed() < SILENCE + MINUTE);
    assert_eq!(told(&mut stream).await, ["alive", "+a/p"]);
    assert!(begun.elapsed() < 11 * MINUTE);
}

#[tokio::test(start_paused = true)]
async fn as_long_as_something_comes_it_is_not_silent() {
    let mut version = 7;
    let (client, _) = server(move |_| {
        version += 1;
        Some(watch(bookmark(&version.to_string())))
    });
    let mut stream = open(client, Some("7"));
    assert!(tokio::time::timeout(30 * MINUTE, stream.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_list_that_never_ends_is_silence_whatever_comes_of_it() {
    let (client, _) = server(|_| {
        let text = list_of("7", &[pod("a", "p", "5")]);
        Some(Reply::of(&text[..text.len() - 2]))
    });
    let mut stream = open(client, None);
    let begun = Instant::now();
    while let WorkloadEvent::Applied { .. } = stream.next().await.unwrap() {
        assert!(begun.elapsed() < 2 * SILENCE);
    }
    assert!(begun.elapsed() >= SILENCE);
}

/// What was asked of a server in ten minutes.
async fn asked_in_ten_minutes(client: Client, count: impl Fn() -> usize) -> usize {
    let mut stream = open(client, None);
    let end = Instant::now() + 10 * MINUTE;
    while tokio::time::timeout_at(end, stream.next()).await.is_ok() {}
    count()
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away_is_asked_at_most_thirty_times_a_minute() {
    type Away = fn() -> Option<Reply>;
    let ways: [Away; 6] = [
        || None,
        || Some(Reply::of("")),
        || Some(Reply::of("").then_breaks()),
        || Some(Reply::of(list_of("7", &[]))),
        || Some(Reply::of(event("ERROR", &expired()))),
        || Some(Reply::refused(503, "away")),
    ];
    for (index, away) in ways.into_iter().enumerate() {
        let (client, asked) = server(move |_| away());
        let count = asked_in_ten_minutes(client, || asked.uris().len()).await;
        assert!((2..=300).contains(&count), "{count} requests in ten minutes, way {index}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_client_itself_tries_again_is_counted_too() {
    for retry_after in [None, Some(1)] {
        let count = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&count);
        let refusing = tower::service_fn(move |_: http::Request<kube::client::Body>| {
            counting.fetch_add(1, Ordering::Relaxed);
            let mut refused = Reply::refused(503, "away");
            if let Some(seconds) = retry_after {
                refused = refused.retry_after(seconds);
            }
            std::future::ready(Ok::<_, tower::BoxError>(refused.response()))
        });
        let retrying = tower::retry::RetryLayer::new(RetryPolicy::server_retry());
        let client = Client::new(ServiceBuilder::new().layer(retrying).service(refusing), "default");
        let count = asked_in_ten_minutes(client, || count.load(Ordering::Relaxed)).await;
        assert!((2..=300).contains(&count), "{count} requests in ten minutes");
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_takes_is_not_read() {
    let sent = Arc::new(AtomicUsize::new(0));
    let sending = Arc::clone(&sent);
    let (client, _) = server(move |_| {
        let sending = Arc::clone(&sending);
        let events = (8..).map(|version: usize| event("ADDED", &pod("a", "p", &version.to_string())));
        Some(Reply::endless(events.inspect(move |_| {
            sending.fetch_add(1, Ordering::Relaxed);
        })))
    });
    let mut stream = open(client, Some("7"));
    told::<1>(&mut stream).await;
    sleep(MINUTE).await;
    let ahead = sent.load(Ordering::Relaxed);
    assert!(ahead < 2 * WAITING, "{ahead} were read ahead");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_once_nobody_holds_the_stream() {
    let (client, asked) = server(|_| Some(Reply::refused(503, "away")));
    let stream = open(client, None);
    sleep(MINUTE).await;
    drop(stream);
    let before = asked.uris().len();
    sleep(MINUTE).await;
    assert_eq!(asked.uris().len(), before);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_loses_nothing() {
    let text = list_of("7", &[pod("a", "p", "5"), pod("a", "q", "6")]);
    let (first, last) = text.split_at(200);
    let (client, _) = scripted(vec![Reply::of(first).then_nothing(Duration::from_secs(9)).then(last)]);
    let mut stream = open(client, None);
    for _ in 0..4 {
        let none = tokio::time::timeout(Duration::from_secs(2), stream.next()).await;
        assert!(none.is_err());
    }
    assert_eq!(told(&mut stream).await, ["+a/p", "+a/q", "listed 2"]);
}

#[tokio::test(start_paused = true)]
async fn since_when_a_stream_is_interrupted_is_known_until_something_comes_again() {
    let (client, _) = scripted(vec![
        Reply::of(list_of("7", &[pod("a", "old", "5")])),
        Reply::refused(500, "broken"),
        watch(event("ADDED", &pod("a", "p", "8"))),
    ]);
    let mut stream = open(client, None);
    let interruption = stream.interruption();
    assert_eq!(told(&mut stream).await, ["+a/old", "listed 1"]);
    let heard = Instant::now();
    assert_eq!(interruption.since(), None);
    let next = tokio::spawn(async move { told::<1>(&mut stream).await });
    sleep(Duration::from_secs(20)).await;
    assert_eq!(interruption.since(), Some(heard));
    assert_eq!(next.await.unwrap(), ["+a/p"]);
    assert_eq!(interruption.since(), None);
}
