//! Writing the statuses of profiles: debounced, bounded in rate, and only when something changed.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
    core::PartialObjectMeta,
};
use serde_json::json;

use super::{
    snapshot::{Described, Snapshot},
    state::State,
    status::{Account, status},
};
use crate::{
    api::{ClusterPodSecurityProfile, Controller, ProfileStatus},
    cluster::{CallError, profiles, within_deadline},
    rollout::{Manager, NamePattern},
    standards::{Mode, NEWEST_MINOR},
};

/// How long outcomes are collected before a status is written: what one change sets off is told at once.
const COLLECT: Duration = Duration::from_millis(150);

/// How long it rests after that: a status is written about once a second at most.
const REST: Duration = Duration::from_millis(850);

/// How long until a status is tried again that could not be written.
const AGAIN: Duration = Duration::from_secs(5);

/// Writes statuses as they become due, until the controller ends.
pub(super) async fn report(client: Client, state: Arc<State>) {
    let mut written = HashMap::new();
    let mut retry = None;
    loop {
        match retry {
            Some(delay) => drop(tokio::time::timeout(delay, state.status_due.notified()).await),
            None => state.status_due.notified().await,
        }
        tokio::time::sleep(COLLECT).await;
        retry = (!report_once(&client, &state, &mut written).await).then_some(AGAIN);
        tokio::time::sleep(REST).await;
    }
}

/// The statuses as last written, by the profile's uid.
type Written = HashMap<String, ProfileStatus>;

/// Writes every status that changed; gives whether all that had to be written were.
pub(super) async fn report_once(client: &Client, state: &State, written: &mut Written) -> bool {
    let Some(snapshot) = state.snapshot() else { return true };
    let outcomes = state.outcomes();
    let controller = controller(state, &snapshot);
    written.retain(|uid, _| snapshot.described.values().any(|described| described.uid == *uid));
    let mut complete = true;
    for (name, described) in &snapshot.described {
        let before = written.get(&described.uid).or(described.status.as_ref());
        let account = Account {
            name,
            described,
            outcomes: &outcomes,
            progress: state.progress(name),
            controller: &controller,
            before,
            now: Timestamp::now(),
        };
        let status = status(&account);
        if before == Some(&status) {
            continue;
        }
        match write(client, name, described, &status).await {
            Ok(()) => {
                state.metrics.status_writes.inc();
                written.insert(described.uid.clone(), status);
            }
            // It is gone or is another one; the next snapshot says so.
            Err(error) if matches!(error.code(), Some(404 | 409)) => {}
            Err(error) => {
                tracing::warn!(profile = name, %error, category = error.category(), "cannot write the status");
                complete = false;
            }
        }
    }
    complete
}

fn controller(state: &State, snapshot: &Snapshot) -> Controller {
    let settings = &state.settings;
    Controller {
        version: env!("CARGO_PKG_VERSION").into(),
        newest_standards: format!("v1.{NEWEST_MINOR}"),
        server_version: format!("v1.{}", snapshot.server.minor),
        protected_namespaces: settings.protected.iter().map(NamePattern::as_str).map(Into::into).collect(),
        server_defaults: Mode::ALL
            .into_iter()
            .map(|mode| format!("{mode}={}", settings.server_defaults.get(mode)))
            .collect(),
        never_weaken: settings.never_weaken,
    }
}

/// Applies a status. Everything in it is podsec's, so it is forced.
async fn write(
    client: &Client,
    name: &str,
    described: &Described,
    status: &ProfileStatus,
) -> Result<(), CallError> {
    let api: Api<PartialObjectMeta<ClusterPodSecurityProfile>> = Api::all(client.clone());
    let resource = profiles::resource();
    let body = json!({
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": name, "uid": described.uid},
        "status": status,
    });
    let params = PatchParams::apply(Manager::Podsec.as_str()).force();
    within_deadline(api.patch_status(name, &params, &Patch::Apply(&body))).await.map(drop)
}
