//! An API server that is away, or hangs, and comes back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::{net::TcpListener, sync::Notify, time::sleep};

use crate::stage::Stage;

/// How long it is away.
const AWAY: Duration = Duration::from_secs(20);

/// The streams: namespaces, profiles, what runs in nine kinds, reports, and Events.
const STREAMS: usize = 13;

/// How many requests may be sent in that time: thirty a minute of each stream, and whatever was being written.
const BOUND: usize = STREAMS * 10 + 10;

const BASELINE: &str = "enforce=baseline+podsec enforce-version=v1.37+podsec";

/// Counts connections in the place of the API server, and closes them: what tries again within the client would
/// not be seen before it.
async fn count_connections(address: &str, count: Arc<AtomicUsize>) {
    let listener = TcpListener::bind(address).await.unwrap();
    loop {
        if listener.accept().await.is_ok() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test]
async fn an_api_server_that_is_away_is_waited_for_in_patience() {
    let stage = Stage::new().await;
    stage.namespace("team-a", &[]).await;
    let spec = json!({
        "namespaceNames": ["team-*"], "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"},
    });
    stage.settled_profile("teams", spec).await;
    stage.shows("team-a", BASELINE).await;

    // It goes away just when a namespace is being written.
    let (writing, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&writing), Arc::clone(&gone));
    stage.interposer.before_next_write(move || async move {
        tell.notify_one();
        wait.notified().await;
    });
    stage.namespace("team-b", &[]).await;
    writing.notified().await;
    stage.cluster.stop_api_server().await.unwrap();
    let address = stage.cluster.url().strip_prefix("https://").unwrap().to_owned();
    let connections = Arc::new(AtomicUsize::new(0));
    let counting = tokio::spawn({
        let connections = Arc::clone(&connections);
        async move { count_connections(&address, connections).await }
    });
    gone.notify_one();
    // A window in which little may happen.
    sleep(AWAY).await;
    let tried = connections.load(Ordering::Relaxed);
    assert!(tried > 0, "it does not give up");
    assert!(tried <= BOUND, "{tried} connections in {AWAY:?}");
    counting.abort();
    assert!(counting.await.unwrap_err().is_cancelled());
    stage.cluster.start_api_server(&[]).await.unwrap();
    stage.shows("team-b", BASELINE).await;
    stage.namespace("team-c", &[]).await;
    stage.shows("team-c", BASELINE).await;
    stage.counts("teams", "inSync", 3).await;

    // It hangs: connections stand, and nothing is answered.
    stage.label("team-a", &[("enforce", None)]).await;
    stage.cluster.freeze_api_server().unwrap();
    let before = stage.interposer.passed().len();
    sleep(AWAY).await;
    let sent = stage.interposer.passed().len() - before;
    assert!(sent <= BOUND, "{sent} requests in {AWAY:?}");
    stage.cluster.thaw_api_server().unwrap();
    stage.shows("team-a", BASELINE).await;
    stage.namespace("team-d", &[]).await;
    stage.shows("team-d", BASELINE).await;
    stage.counts("teams", "inSync", 4).await;
    assert_eq!(stage.asked("/readyz").await.unwrap().0, 200);
}
