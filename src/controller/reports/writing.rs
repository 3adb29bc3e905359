//! Reading and writing reports.

use std::{collections::BTreeSet, sync::Arc};

use futures::{StreamExt as _, stream::FuturesUnordered};
use kube::{
    Api, Client, ResourceExt as _,
    api::{DeleteParams, Patch, PatchParams},
    runtime::{
        WatchStreamExt as _,
        watcher::{Event, watcher},
    },
};
use tokio::time::Instant;

use super::{
    super::{
        state::State,
        watching::{answer, brief, watch_config},
    },
    AGAIN, Access, Identity, Reports, Standing, Waiting,
    rate::Rate,
};
use crate::{
    api::{PodSecurityReport, ReportContent},
    cluster::{
        CallError,
        backoff::StreamBackoff,
        reports::{self, ReportItem},
        within_deadline,
    },
    rollout::Manager,
};

/// How many reports are written at a time: as many as there are namespaces looked at, so that none pile up in a first
/// fill.
const AT_A_TIME: usize = 16;

/// Follows the reports that stand. Ends only with the stream, which does not end by itself.
pub(in super::super) async fn follow(client: Client, state: Arc<State>) {
    let config = watch_config().fields(&reports::field_selector());
    let api: Api<ReportItem> = Api::all(client);
    let stream = watcher(api, config).backoff(StreamBackoff::default());
    let mut stream = std::pin::pin!(stream);
    let mut listed = BTreeSet::new();
    while let Some(event) = stream.next().await {
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(item)) => {
                if let Some(namespace) = item.namespace() {
                    listed.insert(namespace);
                }
                saw(&state, &item);
            }
            Ok(Event::InitDone) => {
                let is_first = state.reports.listed(&std::mem::take(&mut listed));
                if is_first {
                    state.concerns_all();
                }
            }
            Ok(Event::Apply(item)) => saw(&state, &item),
            Ok(Event::Delete(item)) => {
                if let Some(namespace) = item.namespace()
                    && state.reports.lost(&namespace)
                {
                    state.concerns(&namespace);
                }
            }
            Err(error) => {
                let reason = brief(&error);
                let refused = answer(&error).is_some_and(|status| matches!(status.code, 403 | 404));
                if refused && state.reports.close(&reason) {
                    tracing::warn!(reason, "there can be no reports, so nothing is remembered of a soak");
                    state.concerns_all();
                } else if !refused {
                    tracing::warn!(error = reason, "the watch of reports was interrupted");
                }
            }
        }
    }
}

fn identity(item: &ReportItem) -> Identity {
    Identity { uid: item.uid().unwrap_or_default(), version: item.resource_version().unwrap_or_default() }
}

fn saw(state: &State, item: &ReportItem) {
    let Some(namespace) = item.namespace() else { return };
    if state.reports.saw(&namespace, identity(item), &reports::content(item)) {
        state.concerns(&namespace);
    }
}

impl Reports {
    /// Takes in a report as it stands; says whether that is not as podsec left it.
    pub(super) fn saw(&self, namespace: &str, identity: Identity, content: &ReportContent) -> bool {
        let standing = Standing::new(content, identity, None);
        self.entries.lock().stands(namespace, standing)
    }

    /// Takes in that a report is gone; says whether one stood.
    fn lost(&self, namespace: &str) -> bool {
        self.entries.lock().standing.remove(namespace).is_some()
    }

    /// Takes in that these are all reports that there are; says whether that was not known before.
    fn listed(&self, namespaces: &BTreeSet<String>) -> bool {
        let mut entries = self.entries.lock();
        entries.standing.retain(|namespace, _| namespaces.contains(namespace));
        std::mem::replace(&mut entries.access, Access::Open) != Access::Open
    }

    /// Takes in that reports cannot be read; says whether that is news.
    fn close(&self, reason: &str) -> bool {
        let mut entries = self.entries.lock();
        let is_news = !matches!(entries.access, Access::Closed(_));
        if is_news {
            entries.access = Access::Closed(reason.to_owned());
        }
        is_news
    }

    /// Waits for the next report that is due.
    async fn next(&self) -> (String, Waiting) {
        loop {
            let changed = self.changed.notified();
            let due = match self.entries.lock().next(Instant::now()) {
                Ok(next) => return next,
                Err(due) => due,
            };
            match due {
                Some(due) => drop(tokio::time::timeout_at(due, changed).await),
                None => changed.await,
            }
        }
    }

    /// Takes in that a report was written, or that it is gone.
    pub(super) fn wrote(&self, namespace: &str, wanted: Option<&ReportContent>, identity: Identity) {
        let now = Instant::now();
        let mut entries = self.entries.lock();
        let is_past = entries.under_way.get(namespace).is_some_and(|write| write.is_past);
        match wanted {
            _ if is_past => {}
            None => drop(entries.standing.remove(namespace)),
            Some(content) => {
                let standing = Standing::new(content, identity, Some(now));
                entries.stands(namespace, standing);
            }
        }
        entries.end(namespace, now, None);
        drop(entries);
        self.changed.notify_one();
    }

    /// Has a report tried again that could not be written, unless it is to say something newer.
    pub(super) fn again(&self, namespace: &str, waiting: Waiting) {
        let due = Instant::now() + AGAIN;
        let mut entries = self.entries.lock();
        let is_past = entries.under_way.get(namespace).is_some_and(|write| write.is_past);
        if !entries.end(namespace, due, waiting.untold) && !is_past {
            entries.schedule(namespace, Some(Waiting { due, ..waiting }));
        }
        drop(entries);
        self.changed.notify_one();
    }

    /// Takes in that a report cannot be written any more, since its namespace is going.
    pub(super) fn is_past(&self, namespace: &str) {
        self.entries.lock().end(namespace, Instant::now(), None);
        self.changed.notify_one();
    }
}

/// Writes reports as they become due, until the controller ends.
pub(in super::super) async fn write_all(client: Client, state: Arc<State>) {
    let mut rate = Rate::new();
    let mut writes = FuturesUnordered::new();
    loop {
        while writes.len() >= AT_A_TIME {
            writes.next().await;
        }
        let (namespace, waiting) = tokio::select! {
            next = state.reports.next() => next,
            Some(()) = writes.next(), if !writes.is_empty() => continue,
        };
        if !waiting.is_first {
            let free = rate.take(Instant::now());
            tokio::time::sleep_until(free).await;
        }
        writes.push(write(&client, &state, namespace, waiting));
    }
}

async fn write(client: &Client, state: &State, namespace: String, waiting: Waiting) {
    let written = match &waiting.wanted {
        Some(content) => apply(client, &namespace, content).await,
        None => remove(client, &namespace).await.map(|()| Identity::default()),
    };
    match written {
        Ok(identity) => {
            state.metrics.report_writes.inc();
            state.reports.wrote(&namespace, waiting.wanted.as_deref(), identity);
        }
        // The namespace is gone, or going, and its report with it.
        Err(error) if is_of_the_past(&error) => state.reports.is_past(&namespace),
        Err(error) => {
            tracing::warn!(namespace, %error, category = error.category(), "cannot write the report");
            state.metrics.report_failures.inc();
            state.reports.again(&namespace, waiting);
        }
    }
}

/// Whether the namespace is gone or being deleted.
fn is_of_the_past(error: &CallError) -> bool {
    match error {
        CallError::Refused(status) => {
            let terminating = status.details.as_ref().is_some_and(|details| {
                details.causes.iter().any(|cause| cause.reason == "NamespaceTerminating")
            });
            status.code == 404 || terminating
        }
        CallError::Deadline | CallError::Failed(_) => false,
    }
}

/// Applies a report. Everything in it is podsec's, so it is forced.
async fn apply(client: &Client, namespace: &str, content: &ReportContent) -> Result<Identity, CallError> {
    let api: Api<ReportItem> = Api::namespaced(client.clone(), namespace);
    let report = PodSecurityReport::of(namespace, content.clone());
    let params = PatchParams::apply(Manager::Podsec.as_str()).force();
    let written =
        within_deadline(api.patch(PodSecurityReport::NAME, &params, &Patch::Apply(&report))).await?;
    Ok(identity(&written))
}

/// Deletes the report of a namespace.
pub(in super::super) async fn remove(client: &Client, namespace: &str) -> Result<(), CallError> {
    let api: Api<ReportItem> = Api::namespaced(client.clone(), namespace);
    let removed = within_deadline(api.delete(PodSecurityReport::NAME, &DeleteParams::default())).await;
    removed.map(drop)
}
