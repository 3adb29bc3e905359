//! The controller: watches → stores → a queue of namespaces → observe, plan, apply, conclude → statuses.
//!
//! | step | module | client |
//! | --- | --- | --- |
//! | the streams, and the snapshots of all profiles | `watching`, `snapshot`, `state` | reads |
//! | which namespace is due | `queue`; `backoff`, in `cluster` | – |
//! | observe → plan (pure, in `rollout`) → apply → conclude | `worker`, `memory`, `apply`, `outcome` | writes namespaces |
//! | what is told | `telling`, `wording`, `restraint`, `announcements`, `metrics` | writes Events |
//! | the profiles' statuses | `status` (pure), `reporting` | writes statuses |
//! | which replica does all this | `leadership`; `lease`, in `cluster` (pure) | writes the Lease |
//! | the same plans without the deed | `preview` (pure) | – |
//! | the end, by hand and without all this | `letting_go` | writes namespaces |
//!
//! This is the only place that writes to a cluster. A status is made only from plans that were carried out.

mod announcements;
mod apply;
mod gate;
mod http;
mod leadership;
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

use futures::FutureExt as _;
use jiff::Timestamp;
use kube::Client;
use tokio::{net::TcpListener, sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

use self::{
    announcements::Announcements,
    leadership::{Candidacy, fenced},
    metrics::counted,
    state::State,
    worker::Workshop,
};
pub use self::{
    leadership::{Clock, Election, Ending, Place, Reading, SystemClock},
    letting_go::{LetGoError, let_go},
    metrics::metric_names,
    preview::{Changes, Preview, Vigil, settings_of, told_of_itself},
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
    /// Whether metrics name namespaces: one more series for each.
    pub metrics_per_namespace: bool,
    /// The name of this replica, for Events.
    pub instance: Option<String>,
    /// The election of one replica among several. Without it this one takes itself for the only one.
    pub election: Option<Election>,
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
    /// It does not lead any more. Whatever it knows may be out of date: a new process stands by.
    #[error("leads no more: {0}")]
    LeadershipLost(Ending),
    /// It cannot take part in the election.
    #[error("cannot take part in the election of a leader: {0}")]
    Election(#[source] std::io::Error),
}

/// The tasks of the controller, each by its name. None of them is meant to end.
type Tasks = JoinSet<&'static str>;

fn spawn(tasks: &mut Tasks, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
    tasks.spawn(async move {
        task.await;
        name
    });
}

/// Runs until told to stop; then ends what is under way, and tells the last outcomes. Where one of several replicas is
/// elected, it waits until it leads, and ends when it does no more.
///
/// # Errors
///
/// When a part of it ended that should not have, or it leads no more.
pub async fn run(client: Client, options: Options, stop: CancellationToken) -> Result<(), RunError> {
    let Options {
        settings,
        version_window,
        concurrency,
        listener,
        metrics_per_namespace,
        instance,
        election,
    } = options;
    let (announcements, waiting) = Announcements::new();
    let place = election.as_ref().map(|election| election.place.clone());
    let state = State::new(settings, announcements).electing(place).naming_namespaces(metrics_per_namespace);
    let state = Arc::new(state);
    let client = counted(client, &state.metrics.calls);
    let election = election.map(|election| election.counting(&state.metrics.calls));
    let mut tasks = Tasks::new();
    if let Some(listener) = listener {
        let serving = http::serve(listener, Arc::clone(&state), stop.clone());
        spawn(&mut tasks, "http", async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "cannot serve probes and metrics");
            }
        });
    }
    let work = Work { version_window, concurrency, instance, waiting };
    let Some(election) = election else {
        return lead(&client, &state, work, tasks, stop.cancelled().map(Ok)).await;
    };
    let claimed = Arc::clone(&state);
    let claim = Arc::new(move || claimed.claim(Timestamp::now()));
    let candidacy = election.begin(claim).map_err(RunError::Election)?;
    let ended = elected(client, &state, work, tasks, &stop, &candidacy).await;
    // Nobody writes any more.
    candidacy.resign().await;
    ended
}

/// Stands by until this replica leads, and then leads.
async fn elected(
    client: Client,
    state: &Arc<State>,
    work: Work,
    mut tasks: Tasks,
    stop: &CancellationToken,
    candidacy: &Candidacy,
) -> Result<(), RunError> {
    let leadership = &candidacy.leadership;
    let before = tokio::select! {
        biased;
        () = stop.cancelled() => return Ok(()),
        begun = leadership.begins() => begun.map_err(RunError::LeadershipLost)?,
        Some(ended) = tasks.join_next() => return Err(ended.map_or_else(RunError::Broke, RunError::Ended)),
    };
    state.leads(before, candidacy.terms.longest_gap());
    let client = fenced(client, leadership.clone());
    let end = async {
        tokio::select! {
            biased;
            ending = leadership.ends() => Err(RunError::LeadershipLost(ending)),
            () = stop.cancelled() => Ok(()),
        }
    };
    lead(&client, state, work, tasks, end).await
}

/// What the one that leads is told.
struct Work {
    version_window: Duration,
    concurrency: usize,
    instance: Option<String>,
    waiting: announcements::Waiting,
}

/// Does everything that the controller does, until there is an end to it.
async fn lead(
    client: &Client,
    state: &Arc<State>,
    work: Work,
    mut tasks: Tasks,
    end: impl Future<Output = Result<(), RunError>>,
) -> Result<(), RunError> {
    let concurrency = work.concurrency.max(1);
    let written = Arc::default();
    begin(client, state, work, &written, &mut tasks);
    let workshop = Arc::new(Workshop::new(client.clone(), Arc::clone(state)));
    let mut workers = JoinSet::new();
    for _ in 0..concurrency {
        workers.spawn(Arc::clone(&workshop).work());
    }
    let ended = tokio::select! {
        biased;
        end = end => end,
        Some(ended) = tasks.join_next() => Err(ended.map_or_else(RunError::Broke, RunError::Ended)),
        Some(ended) = workers.join_next() => Err(ended.map_or_else(RunError::Broke, |()| RunError::Ended("worker"))),
    };
    if matches!(ended, Err(RunError::LeadershipLost(_))) {
        // Nothing is finished: somebody else may be at it already.
        workers.shutdown().await;
        tasks.shutdown().await;
    } else {
        finish(client, state, &written, tasks, workers).await;
    }
    ended
}

/// Begins to follow everything, and to tell of it.
fn begin(
    client: &Client,
    state: &Arc<State>,
    work: Work,
    written: &Arc<tokio::sync::Mutex<reporting::Written>>,
    tasks: &mut Tasks,
) {
    let Work { version_window, instance, waiting, .. } = work;
    let client = || client.clone();
    let state = || Arc::clone(state);
    let changed = Arc::new(Notify::new());
    spawn(tasks, "namespaces", watching::watch_namespaces(client(), state()));
    spawn(tasks, "profiles", watching::watch_profiles(client(), Arc::clone(&changed)));
    spawn(tasks, "snapshots", watching::take_snapshots(client(), state(), changed, version_window));
    spawn(tasks, "events", waiting.send_all(client(), instance));
    for resource in Resource::ALL {
        spawn(tasks, resource.name(), workloads::follow(client(), state(), resource));
    }
    spawn(tasks, "rejections", workloads::follow_rejections(client(), state()));
    spawn(tasks, "reports", reports::follow(client(), state()));
    spawn(tasks, "report writes", reports::write_all(client(), state()));
    spawn(tasks, "status", reporting::report(client(), state(), Arc::clone(written)));
}

/// Ends what is under way, and tells the last outcomes.
async fn finish(
    client: &Client,
    state: &State,
    written: &tokio::sync::Mutex<reporting::Written>,
    mut tasks: Tasks,
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
