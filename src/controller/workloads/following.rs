//! The tasks that follow what runs.

use std::sync::Arc;

use futures::StreamExt as _;
use jiff::Timestamp;
use kube::{
    Client, ResourceExt as _,
    runtime::{
        WatchStreamExt as _,
        watcher::{Event, watcher},
    },
};

use super::super::{
    state::State,
    watching::{brief, watch_config},
};
use crate::cluster::{
    backoff::StreamBackoff,
    rejections::{self, EventItem},
    workloads::{Resource, WorkloadStream},
};

/// Follows the objects of one kind. Ends only with the stream, which does not end by itself.
pub(in super::super) async fn follow(client: Client, state: Arc<State>, resource: Resource) {
    let mut stream = WorkloadStream::open(client, resource, state.workloads.shapes(), None);
    state.workloads.heeds(stream.interruption());
    while let Some(event) = stream.next().await {
        state.saw_workload(resource, event, Timestamp::now());
    }
}

/// Follows what the API server refuses. Ends only with the stream, which does not end by itself.
pub(in super::super) async fn follow_rejections(client: Client, state: Arc<State>) {
    let config = watch_config().fields(rejections::FIELD_SELECTOR);
    let stream = watcher(rejections::api(client), config).backoff(StreamBackoff::default());
    let mut stream = std::pin::pin!(stream);
    while let Some(event) = stream.next().await {
        match event {
            Ok(Event::Apply(item) | Event::InitApply(item)) => saw(&state, &item),
            // An Event that ends its life says nothing of the pod that it told about.
            Ok(Event::Init | Event::InitDone | Event::Delete(_)) => {}
            Err(error) => tracing::warn!(error = %brief(&error), "the watch of Events was interrupted"),
        }
    }
}

fn saw(state: &State, item: &EventItem) {
    if let Some((namespace, rejection)) = rejections::observe(item) {
        tracing::debug!(namespace, event = item.name_any(), "a pod was refused");
        state.workloads.rejected(&namespace, rejection);
        state.concerns(&namespace);
    }
}
