//! The streams: namespaces and profiles as they change, and the API server's version.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use kube::{
    Api, Client, Resource as _, ResourceExt,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use tokio::{sync::Notify, time::Instant};

use super::{
    snapshot::{Memory, Snapshot},
    state::State,
};
use crate::{
    cluster::{
        backoff::{Backoff, StreamBackoff},
        namespaces::{self, NamespaceItem},
        profiles::{self, ProfileItem},
        server_version::server_minor,
    },
    rollout::{Completeness, ServerMinors},
};

/// How often the API server is asked for its version.
const VERSION_EVERY: Duration = Duration::from_mins(1);

/// How often the profiles are listed although nothing seems to have changed: exemptions come near their end, and
/// somebody may have written to a status.
const LIST_EVERY: Duration = Duration::from_mins(5);

/// How often they are listed while the list is in doubt.
const LIST_IN_DOUBT_EVERY: Duration = Duration::from_secs(5);

/// How long the profiles may go unlisted before the last list of them is in doubt.
const UNLISTED: Duration = Duration::from_secs(30);

/// What people are told then.
const UNLISTED_REASON: &str = "the profiles could not be listed for a while";

/// How long changes of profiles are collected before they are listed: `kubectl apply -f` of a folder is one change.
const COLLECT: Duration = Duration::from_millis(20);

/// How long the API server is to keep one watch open. A connection that died without a word is noticed by then.
const WATCH: Duration = Duration::from_secs(45);

/// How every watch is asked for: so that it ends before the connection is taken for dead.
pub(super) fn watch_config() -> watcher::Config {
    watcher::Config::default().timeout(u32::try_from(WATCH.as_secs()).unwrap_or(u32::MAX))
}

/// Follows the namespaces. Ends only with the stream, which does not end by itself.
pub(super) async fn watch_namespaces(client: Client, state: Arc<State>) {
    let saw = |item: &NamespaceItem| match namespaces::observe(item) {
        Ok(namespace) => state.saw_namespace(namespace),
        Err(error) => tracing::error!(namespace = item.name_any(), %error, "cannot read the namespace"),
    };
    let stream = watcher(namespaces::api(client), watch_config()).backoff(StreamBackoff::default());
    let mut stream = std::pin::pin!(stream);
    let mut listed = BTreeSet::new();
    while let Some(event) = stream.next().await {
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(object)) => {
                listed.insert(object.name_any());
                saw(&object);
            }
            Ok(Event::InitDone) => {
                state.listed_namespaces(&std::mem::take(&mut listed));
                tracing::info!("listed all namespaces");
            }
            Ok(Event::Apply(object)) => saw(&object),
            Ok(Event::Delete(object)) => state.lost_namespace(&object.name_any()),
            Err(error) => tracing::warn!(error = %brief(&error), "the watch of namespaces was interrupted"),
        }
    }
}

/// Follows the profiles, and tells `changed` whenever one came, went, or has another spec.
pub(super) async fn watch_profiles(client: Client, changed: Arc<Notify>) {
    let api: Api<ProfileItem> = Api::all(client);
    let stream = watcher(api, watch_config()).backoff(StreamBackoff::default());
    let mut stream = std::pin::pin!(stream.into_stream());
    // Of each profile what changes with its spec; podsec's own writes of the status change none of it.
    let mut seen = std::collections::BTreeMap::new();
    let mut listed = BTreeSet::new();
    while let Some(event) = stream.next().await {
        let mut take_in = |object: ProfileItem| {
            let name = object.name_any();
            let metadata = object.meta();
            let signature =
                (metadata.uid.clone(), metadata.generation, metadata.deletion_timestamp.is_some());
            if seen.insert(name.clone(), signature.clone()) != Some(signature) {
                changed.notify_one();
            }
            name
        };
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(object)) => drop(listed.insert(take_in(object))),
            Ok(Event::InitDone) => {
                seen.retain(|name, _| listed.contains(name));
                changed.notify_one();
            }
            Ok(Event::Apply(object)) => drop(take_in(object)),
            Ok(Event::Delete(object)) => {
                seen.remove(&object.name_any());
                changed.notify_one();
            }
            Err(error) => {
                // Without the CRD every try ends so; that it is missing is told once, where profiles are listed.
                if is_not_found(&error) {
                    tracing::debug!("there is nothing to watch: the CRD is not installed");
                } else {
                    tracing::warn!(error = %brief(&error), "the watch of profiles was interrupted");
                }
                changed.notify_one();
            }
        }
    }
}

/// The API server's answer, if it gave one.
pub(super) fn answer(error: &watcher::Error) -> Option<&kube::core::Status> {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => Some(status),
        _ => None,
    }
}

fn is_not_found(error: &watcher::Error) -> bool {
    answer(error).is_some_and(|status| status.code == 404)
}

/// What the API server said, without the whole answer around it.
pub(super) fn brief(error: &watcher::Error) -> String {
    if let Some(status) = answer(error) {
        return status.message.trim().to_owned();
    }
    // What is really the matter stands at the end of the chain, as in "connection refused".
    let chain = std::iter::successors(Some(error as &dyn std::error::Error), |&error| error.source());
    match chain.last() {
        Some(root) if root.to_string() != error.to_string() => format!("{error}: {root}"),
        _ => error.to_string(),
    }
}

/// Takes a snapshot of the profiles whenever they changed.
///
/// `version_window` says for how long a version of the API server counts once it was seen.
pub(super) async fn take_snapshots(
    client: Client,
    state: Arc<State>,
    changed: Arc<Notify>,
    version_window: Duration,
) {
    let mut backoff = Backoff::default();
    let mut minors = ServerMinors::over(version_window);
    let version_every = VERSION_EVERY.min(version_window).max(Duration::from_secs(1));
    let mut memory = Memory::default();
    let mut epoch = 0;
    let mut version_due = Instant::now();
    let mut listed = Instant::now();
    // Which namespaces a profile concerns can only be said of a complete list.
    state.namespaces_are_listed().await;
    loop {
        if Instant::now() >= version_due || minors.view(Timestamp::now()).is_none() {
            match server_minor(&client).await {
                Ok(minor) => minors.observe(Timestamp::now(), minor),
                Err(error) => tracing::warn!(%error, "cannot learn the API server's version"),
            }
            version_due = Instant::now() + version_every;
        }
        let wait = if let Some(snapshot) =
            snapshot(&client, &minors, &mut memory, state.snapshot(), epoch + 1).await
        {
            backoff.succeeded("");
            listed = Instant::now();
            // Time alone may change a status: an exemption comes near its end.
            state.status_due.notify_one();
            let in_doubt = matches!(snapshot.completeness, Completeness::InDoubt(_));
            epoch = take(&state, snapshot, epoch);
            if in_doubt { LIST_IN_DOUBT_EVERY } else { LIST_EVERY }
        } else {
            if let Some(last) = state.snapshot()
                && listed.elapsed() >= UNLISTED
            {
                epoch = take(&state, last.doubted(epoch + 1, UNLISTED_REASON), epoch);
            }
            backoff.failed("").0
        };
        let due = (Instant::now() + wait).min(version_due);
        if tokio::time::timeout_at(due, changed.notified()).await.is_ok() {
            tokio::time::sleep(COLLECT).await;
        }
    }
}

/// Takes a snapshot in if it says anything new; gives the epoch that holds then.
fn take(state: &State, snapshot: Snapshot, epoch: u64) -> u64 {
    if !is_news(state, &snapshot) {
        return epoch;
    }
    let epoch = snapshot.epoch;
    state.took_snapshot(snapshot);
    epoch
}

async fn snapshot(
    client: &Client,
    minors: &ServerMinors,
    memory: &mut Memory,
    last: Option<Arc<Snapshot>>,
    epoch: u64,
) -> Option<Snapshot> {
    let server = minors.view(Timestamp::now())?;
    let asked = Instant::now();
    match profiles::list(client, memory.crd.as_ref()).await {
        Ok(listing) => {
            memory.crd = Some(listing.crd.clone());
            Some(match (last, listing.completeness) {
                // What the profiles asked for before is nearer to the truth than what is left of them.
                (Some(last), Completeness::InDoubt(reason)) if !listing.trusted => {
                    Snapshot { trusted: false, ..last.doubted(epoch, reason) }
                }
                _ => Snapshot::new(epoch, asked, listing, server, memory),
            })
        }
        Err(error) => {
            tracing::warn!(%error, category = error.category(), "cannot list the profiles");
            None
        }
    }
}

/// Whether a snapshot says anything that the one before did not.
fn is_news(state: &State, snapshot: &Snapshot) -> bool {
    let before = state.snapshot();
    let doubted = before.as_ref().map(|before| before.completeness);
    if let Completeness::InDoubt(reason) = snapshot.completeness
        && doubted != Some(snapshot.completeness)
    {
        tracing::warn!(reason, "the list of profiles is in doubt: nothing is lowered or let go");
    }
    if let (Completeness::Complete { .. }, Some(Completeness::InDoubt(reason))) =
        (snapshot.completeness, doubted)
    {
        tracing::info!(was = reason, "the list of profiles is no longer in doubt");
    }
    before.is_none_or(|before| {
        before.described != snapshot.described
            || before.trusted != snapshot.trusted
            || before.completeness != snapshot.completeness
            || before.server != snapshot.server
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use http::{Request, Response, StatusCode};
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use kube::client::Body;
    use serde_json::json;

    use super::*;
    use crate::{
        controller::announcements::Announcements,
        rollout::{Settings, VERSION_WINDOW},
    };

    /// An API server with the CRD and no profile, which refuses to list profiles while it `fails`.
    fn server(fails: Arc<AtomicBool>) -> Client {
        let mut crd = crate::api::profile_crd();
        crd.metadata.creation_timestamp = Some("2026-01-01T00:00:00Z".parse().map(Time).unwrap());
        let answer = move |request: Request<Body>| {
            let path = request.uri().path();
            let (code, body) = if path == "/version" {
                (
                    StatusCode::OK,
                    json!({"major": "1", "minor": "37", "gitVersion": "v1.37.2", "gitCommit": "",
                    "gitTreeState": "", "buildDate": "", "goVersion": "", "compiler": "", "platform": ""}),
                )
            } else if path.contains("customresourcedefinitions") {
                (StatusCode::OK, json!(crd))
            } else if fails.load(Ordering::Relaxed) {
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    json!({"kind": "Status", "apiVersion": "v1", "metadata": {},
                    "status": "Failure", "message": "broken", "reason": "InternalError", "code": 500}),
                )
            } else {
                (StatusCode::OK, json!({"metadata": {"resourceVersion": "1"}, "items": []}))
            };
            let answer = Response::builder().status(code).body(Body::from(body.to_string().into_bytes()));
            std::future::ready(answer)
        };
        Client::new(tower::service_fn(answer), "default")
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_fails_for_long_is_in_doubt_until_it_succeeds() {
        let (announcements, _waiting) = Announcements::new();
        let state = Arc::new(State::new(Settings::default(), announcements));
        state.listed_namespaces(&BTreeSet::new());
        let (fails, changed) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let taking = tokio::spawn(take_snapshots(
            server(Arc::clone(&fails)),
            Arc::clone(&state),
            Arc::clone(&changed),
            VERSION_WINDOW,
        ));
        let doubt =
            || state.snapshot().map(|snapshot| matches!(snapshot.completeness, Completeness::InDoubt(_)));
        let becomes = async |expected: bool| {
            let begun = Instant::now();
            while doubt() != Some(expected) {
                tokio::time::sleep(Duration::from_millis(50)).await;
                assert!(begun.elapsed() < Duration::from_mins(10));
            }
            begun.elapsed()
        };
        becomes(false).await;
        fails.store(true, Ordering::Relaxed);
        changed.notify_one();
        let waited = becomes(true).await;
        assert!(waited >= UNLISTED && waited < 4 * UNLISTED, "{waited:?}");
        fails.store(false, Ordering::Relaxed);
        becomes(false).await;
        taking.abort();
    }
}
