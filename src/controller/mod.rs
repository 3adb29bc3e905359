//! The controller: watches → stores → a queue of namespaces → observe, plan, apply, conclude → statuses.
//!
//! | step | module | client |
//! | --- | --- | --- |
//! | the streams, and the snapshots of all profiles | `watching`, `snapshot`, `state` | reads |
//! | which namespace is due | `queue`; `backoff`, in `cluster` | – |
//! | observe → plan (pure, in `rollout`) → apply → conclude | `worker`, `memory`, `apply`, `outcome` | writes namespaces |
//! | what is told | `telling`, `wording`, `restraint`, `announcements`, `metrics` | writes Events |
//! | the profiles' statuses | `status` (pure), `reporting` | writes statuses |
//! | the same plans without the deed | `preview` (pure) | – |
//! | the end, by hand and without all this | `letting_go` | writes namespaces |
//!
//! This is the only place that writes to a cluster. A status is made only from plans that were carried out.

mod announcements;
mod apply;
mod gate;
mod http;
mod letting_go;
mod memory;
mod metrics;
mod outcome;
mod preview;
mod queue;
mod reporting;
mod reports;
mod restraint;
mod snapshot;
mod state;
mod status;
mod telling;
mod watching;
mod worker;
mod workloads;

use std::{sync::Arc, time::Duration};

use kube::Client;
use tokio::{net::TcpListener, sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

use self::{announcements::Announcements, state::State, worker::Workshop};
pub use self::{
    letting_go::{LetGoError, let_go},
    preview::{Changes, Preview, settings_of, told_of_itself},
    reports::Remembered,
};
use crate::{cluster::workloads::Resource, rollout::Settings};

/// How long work that is under way may take to end once the controller is told to stop: a little more than the
/// deadline of a call, and less than the 30 s that a pod is given.
const ENDING: Duration = Duration::from_secs(20);

/// What the controller is told at its start.
#[derive(Debug)]
pub struct Options {
    /// What bears on every plan.
    pub settings: Settings,
    /// How long a version of the API server that was seen counts: until it was watched for so long no pin that follows
    /// it moves up. [`VERSION_WINDOW`](crate::rollout::VERSION_WINDOW), unless there is one API server alone.
    pub version_window: Duration,
    /// How many namespaces are worked on at a time.
    pub concurrency: usize,
    /// Where probes and metrics are served; nowhere without it.
    pub listener: Option<TcpListener>,
    /// The name of this replica, for Events.
    pub instance: Option<String>,
}

/// Why the controller ended although nobody told it to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// One of its tasks ended. That is a mistake in podsec; whatever it was, a new process starts afresh.
    #[error("the task {0} ended unexpectedly")]
    Ended(&'static str),
    /// One of its tasks broke.
    #[error("a task broke: {0}")]
    Broke(#[from] tokio::task::JoinError),
}

/// Runs until told to stop; then ends what is under way, and tells the last outcomes.
///
/// # Errors
///
/// When a part of it ended that should not have.
pub async fn run(client: Client, options: Options, stop: CancellationToken) -> Result<(), RunError> {
    let Options { settings, version_window, concurrency, listener, instance } = options;
    let (announcements, waiting) = Announcements::new();
    let state = Arc::new(State::new(settings, announcements));
    let changed = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    let mut spawn = |name: &'static str, task: futures::future::BoxFuture<'static, ()>| {
        tasks.spawn(async move {
            task.await;
            name
        });
    };
    spawn("namespaces", Box::pin(watching::watch_namespaces(client.clone(), Arc::clone(&state))));
    spawn("profiles", Box::pin(watching::watch_profiles(client.clone(), Arc::clone(&changed))));
    let snapshots = watching::take_snapshots(client.clone(), Arc::clone(&state), changed, version_window);
    spawn("snapshots", Box::pin(snapshots));
    spawn("events", Box::pin(waiting.send_all(client.clone(), instance)));
    for resource in Resource::ALL {
        let following = workloads::follow(client.clone(), Arc::clone(&state), resource);
        spawn(resource.name(), Box::pin(following));
    }
    let rejections = workloads::follow_rejections(client.clone(), Arc::clone(&state));
    spawn("rejections", Box::pin(rejections));
    spawn("reports", Box::pin(reports::follow(client.clone(), Arc::clone(&state))));
    spawn("report writes", Box::pin(reports::write_all(client.clone(), Arc::clone(&state))));
    let written = Arc::default();
    spawn("status", Box::pin(reporting::report(client.clone(), Arc::clone(&state), Arc::clone(&written))));
    if let Some(listener) = listener {
        let serving = http::serve(listener, Arc::clone(&state), stop.clone());
        spawn(
            "http",
            Box::pin(async move {
                if let Err(error) = serving.await {
                    tracing::error!(%error, "cannot serve probes and metrics");
                }
            }),
        );
    }
    let workshop = Arc::new(Workshop::new(client.clone(), Arc::clone(&state)));
    let mut workers = JoinSet::new();
    for _ in 0..concurrency.max(1) {
        workers.spawn(Arc::clone(&workshop).work());
    }
    let ended = tokio::select! {
        biased;
        () = stop.cancelled() => Ok(()),
        Some(ended) = tasks.join_next() => Err(ended.map_or_else(RunError::Broke, RunError::Ended)),
        Some(ended) = workers.join_next() => Err(ended.map_or_else(RunError::Broke, |()| RunError::Ended("worker"))),
    };
    finish(&client, &state, &written, tasks, workers).await;
    ended
}

/// Ends what is under way, and tells the last outcomes.
async fn finish(
    client: &Client,
    state: &State,
    written: &tokio::sync::Mutex<reporting::Written>,
    mut tasks: JoinSet<&'static str>,
    mut workers: JoinSet<()>,
) {
    state.queue.close();
    let all_done = async { while workers.join_next().await.is_some() {} };
    if tokio::time::timeout(ENDING, all_done).await.is_err() {
        tracing::warn!("some work did not end in time and is left; the next start takes it up");
    }
    // The reporting task may be resting or in the middle of a write: what it did not get to is told here, once.
    tasks.shutdown().await;
    if tokio::time::timeout(ENDING, reporting::report_once(client, state, written)).await.is_err() {
        tracing::warn!("the last statuses could not be written in time");
    }
}
