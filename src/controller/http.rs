//! `/livez`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::{Router, extract::State as Shared, http::StatusCode, routing::get};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::state::State;
use crate::rollout::Completeness;

/// The content type of the `OpenMetrics` text format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves until told to stop.
///
/// # Errors
///
/// When the listener fails.
pub(super) async fn serve(
    listener: TcpListener,
    state: Arc<State>,
    stop: CancellationToken,
) -> std::io::Result<()> {
    axum::serve(listener, router(state)).with_graceful_shutdown(stop.cancelled_owned()).await
}

fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/livez", get(live))
        // What older tooling asks for.
        .route("/healthz", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(state)
}

/// The process is up and serving. Deliberately nothing about whether it gets anywhere: restarting podsec does not
/// bring back an API server or a CRD.
async fn live() -> &'static str {
    "ok\n"
}

/// Namespaces and profiles have been listed, and the list can be relied on. Says what is still waited for.
///
/// A replica that stands by is ready to take over: otherwise no roll-out of more than one would ever end.
async fn ready(Shared(state): Shared<Arc<State>>) -> (StatusCode, String) {
    if state.stands_by() {
        return (StatusCode::OK, "ok: stands by\n".into());
    }
    let waiting = waited_for(&state);
    if waiting.is_empty() {
        (StatusCode::OK, "ok\n".into())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", waiting.join("\n")))
    }
}

/// What has to come before this replica, which leads, is ready.
fn waited_for(state: &State) -> Vec<&'static str> {
    let mut waiting = Vec::new();
    if !state.has_listed_namespaces() {
        waiting.push("waiting for the list of namespaces");
    }
    match state.snapshot() {
        None => waiting.push("waiting for the list of profiles"),
        Some(snapshot) => match snapshot.completeness {
            Completeness::InDoubt(reason) => waiting.push(reason),
            Completeness::Complete { .. } => {}
        },
    }
    if !state.workloads.is_known() {
        waiting.push("waiting for the lists of what runs");
    }
    if !state.reports.is_known() {
        waiting.push("waiting for the list of reports");
    }
    waiting
}

async fn metrics(
    Shared(state): Shared<Arc<State>>,
) -> Result<([(&'static str, &'static str); 1], String), StatusCode> {
    let depth = i64::try_from(state.queue.depth()).unwrap_or(i64::MAX);
    state.metrics.queue_depth.set(depth);
    state.metrics.pods.set(i64::try_from(state.workloads.pods()).unwrap_or(i64::MAX));
    let waiting = i64::try_from(state.reports.waiting()).unwrap_or(i64::MAX);
    state.metrics.reports_waiting.set(waiting);
    state.metrics.ready.set(i64::from(state.stands_by() || waited_for(&state).is_empty()));
    let now = Timestamp::now();
    let silence = now.duration_since(state.workloads.heard_until(now));
    state.metrics.watch_silence.set(silence.as_secs_f64());
    match state.metrics.text() {
        Ok(text) => Ok(([("content-type", OPEN_METRICS)], text)),
        Err(error) => {
            tracing::error!(%error, "cannot write the metrics");
            Err(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
