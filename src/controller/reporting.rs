//! Writing the statuses of profiles: debounced, bounded in rate, and only when something changed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
    core::PartialObjectMeta,
};
use serde_json::json;
use tokio::{sync::Mutex, time::Instant};

use super::{
    metrics::Figures,
    snapshot::{Described, Snapshot},
    state::State,
    status::{Account, PROGRESSING, status},
};
use crate::{
    api::{ClusterPodSecurityProfile, Controller, ProfileStatus, conditions::Condition},
    cluster::{CallError, profiles, within_deadline},
    rollout::{Manager, ModePlan, NamePattern},
    standards::{Mode, NEWEST_MINOR},
};

/// How long outcomes are collected before a status is written: what one change sets off is told at once.
const COLLECT: Duration = Duration::from_millis(150);

/// How long it rests after that: a status is written about once a second at most.
const REST: Duration = Duration::from_millis(850);

/// How long until a status is tried again that could not be written.
const AGAIN: Duration = Duration::from_secs(5);

/// Writes statuses as they become due, until the controller ends.
pub(super) async fn report(client: Client, state: Arc<State>, written: Arc<Mutex<Written>>) {
    let mut retry = None;
    loop {
        match retry {
            Some(delay) => drop(tokio::time::timeout(delay, state.status_due.notified()).await),
            None => state.status_due.notified().await,
        }
        tokio::time::sleep(COLLECT).await;
        retry = (!report_once(&client, &state, &written).await).then_some(AGAIN);
        tokio::time::sleep(REST).await;
    }
}

/// The statuses as last written, by the profile's uid, each with the time: a later list shows what
/// somebody else has made of it since. What was written is not written again when the controller ends.
pub(super) type Written = HashMap<String, (Instant, ProfileStatus)>;

/// Writes every status that changed; gives whether all that had to be written were.
pub(super) async fn report_once(client: &Client, state: &State, written: &Mutex<Written>) -> bool {
    let Some(snapshot) = state.snapshot().filter(|snapshot| snapshot.trusted) else { return true };
    let mut written = written.lock().await;
    // Read before the outcomes, and all at once: what counts as done then is among them, however long the writes of
    // the statuses before this one take.
    let progress: BTreeMap<_, _> =
        snapshot.described.keys().map(|name| (name.as_str(), state.progress(name))).collect();
    let outcomes = state.outcomes();
    let controller = controller(state, &snapshot);
    written.retain(|uid, _| snapshot.described.values().any(|described| described.uid == *uid));
    let those_with = |is: fn(&ModePlan) -> bool| {
        number(outcomes.iter().filter(|(_, outcome)| outcome.modes().iter().any(is)).count())
    };
    state.metrics.force_after_due.set(those_with(|plan| plan.forced_at.is_some()));
    let mut figures = Figures::of(&outcomes, state.metrics_per_namespace);
    let mut expiring = 0;
    let mut complete = true;
    for (name, described) in &snapshot.described {
        let own = written.get(&described.uid).filter(|(at, _)| *at >= snapshot.asked);
        let before = own.map(|(_, status)| status).or(described.status.as_ref());
        let account = Account {
            name,
            described,
            outcomes: &outcomes,
            progress: progress.get(name.as_str()).copied().unwrap_or_default(),
            controller: &controller,
            halted: halted(state, name, described.generation),
            reports_closed: state.reports.closed(),
            before,
            now: Timestamp::now(),
        };
        let status = status(&account);
        expiring += status.expiring.len();
        figures.add(name, &status);
        let is_first = !written.contains_key(&described.uid);
        if before == Some(&status) || is_first && before.is_some_and(|before| catches_up(before, &status)) {
            continue;
        }
        match write(client, name, described, &status).await {
            Ok(()) => {
                state.metrics.status_writes.inc();
                written.insert(described.uid.clone(), (Instant::now(), status));
            }
            // It is gone or is another one; the next snapshot says so.
            Err(error) if matches!(error.code(), Some(404 | 409)) => {}
            Err(error) => {
                tracing::warn!(profile = name, %error, category = error.category(), "cannot write the status");
                state.metrics.status_failures.inc();
                complete = false;
            }
        }
    }
    state.metrics.exemptions_expiring.set(number(expiring));
    state.metrics.figures.set(figures);
    complete
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Why a profile raises nothing for now, if that is so.
fn halted(state: &State, name: &str, generation: i64) -> Option<String> {
    state.halts.reason(name, generation, Timestamp::now())
}

/// Whether a controller that has just started, and not yet looked at everything again, would say less than what
/// stands there of the same spec. Otherwise each start would take Ready away for a moment.
fn catches_up(before: &ProfileStatus, status: &ProfileStatus) -> bool {
    let is_under_way = |condition: &Condition| condition.reason == PROGRESSING;
    before.observed_generation == status.observed_generation && status.conditions.iter().any(is_under_way)
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
        server_exempt_runtime_classes: settings.server_exempt_runtime_classes.iter().cloned().collect(),
        never_weaken: settings.never_weaken,
        reconcilers: settings.reconcilers.iter().cloned().collect(),
        lease: state.lease(),
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

#[cfg(test)]
#[path = "reporting_tests.rs"]
mod tests;
