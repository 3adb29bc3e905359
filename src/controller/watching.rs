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
    backoff::{Backoff, StreamBackoff},
    snapshot::{Pins, Snapshot},
    state::State,
};
use crate::{
    cluster::{
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
const LIST_EVERY: Duration = Duration::from_hours(1);

/// How often they are listed while the list is in doubt.
const LIST_IN_DOUBT_EVERY: Duration = Duration::from_secs(5);

/// How long changes of profiles are collected before they are listed: `kubectl apply -f` of a folder is one change.
const COLLECT: Duration = Duration::from_millis(20);

/// Follows the namespaces. Ends only with the stream, which does not end by itself.
pub(super) async fn watch_namespaces(client: Client, state: Arc<State>) {
    let saw = |item: &NamespaceItem| match namespaces::observe(item) {
        Ok(namespace) => state.saw_namespace(namespace),
        Err(error) => tracing::error!(namespace = item.name_any(), %error, "cannot read the namespace"),
    };
    let stream =
        watcher(namespaces::api(client), watcher::Config::default()).backoff(StreamBackoff::default());
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
    let stream = watcher(api, watcher::Config::default()).backoff(StreamBackoff::default());
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
fn answer(error: &watcher::Error) -> Option<&kube::core::Status> {
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
fn brief(error: &watcher::Error) -> String {
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
pub(super) async fn take_snapshots(client: Client, state: Arc<State>, changed: Arc<Notify>) {
    let mut backoff = Backoff::default();
    let mut minors = ServerMinors::default();
    let mut pins = Pins::new();
    let mut epoch = 0;
    let mut version_due = Instant::now();
    // Which namespaces a profile concerns can only be said of a complete list.
    state.namespaces_are_listed().await;
    loop {
        if Instant::now() >= version_due || minors.view(Timestamp::now()).is_none() {
            match server_minor(&client).await {
                Ok(minor) => minors.observe(Timestamp::now(), minor),
                Err(error) => tracing::warn!(%error, "cannot learn the API server's version"),
            }
            version_due = Instant::now() + VERSION_EVERY;
        }
        let wait = match snapshot(&client, &minors, &mut pins, epoch + 1).await {
            Some(snapshot) => {
                backoff.succeeded("");
                // Time alone may change a status: an exemption comes near its end.
                state.status_due.notify_one();
                let in_doubt = matches!(snapshot.completeness, Completeness::InDoubt(_));
                if is_news(&state, &snapshot) {
                    epoch = snapshot.epoch;
                    state.took_snapshot(snapshot);
                }
                if in_doubt { LIST_IN_DOUBT_EVERY } else { LIST_EVERY }
            }
            None => backoff.failed("").0,
        };
        let due = (Instant::now() + wait).min(version_due);
        if tokio::time::timeout_at(due, changed.notified()).await.is_ok() {
            tokio::time::sleep(COLLECT).await;
        }
    }
}

async fn snapshot(client: &Client, minors: &ServerMinors, pins: &mut Pins, epoch: u64) -> Option<Snapshot> {
    let server = minors.view(Timestamp::now())?;
    match profiles::list(client).await {
        Ok(listing) => Some(Snapshot::new(epoch, listing, server, pins)),
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
            || before.completeness != snapshot.completeness
            || before.server != snapshot.server
    })
}
