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
    snapshot::{Described, Snapshot},
    state::State,
    status::{Account, PROGRESSING, status},
};
use crate::{
    api::{ClusterPodSecurityProfile, Controller, ProfileStatus, conditions::Condition},
    cluster::{CallError, profiles, within_deadline},
    rollout::{Manager, ModePlan, NamePattern, Verdict},
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
    state.metrics.contested.set(those_with(|plan| plan.contest.is_some()));
    state.metrics.left_alone.set(those_with(|plan| matches!(plan.verdict, Verdict::LeaveAlone { .. })));
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
mod tests {
    use std::collections::BTreeSet;

    use http::{Request, Response};
    use kube::client::Body;

    use super::*;
    use crate::{
        api::{Moment, conditions::ConditionStatus},
        cluster::{crd::CrdState, profiles::Listing},
        controller::{
            announcements::Announcements,
            apply::Applied,
            outcome::{Outcome, Result},
            snapshot,
        },
        rollout::{Completeness, KeyValues, Namespace, Owners, ServerView, Settings, plan},
    };

    fn profile(name: &str) -> ClusterPodSecurityProfile {
        let spec = json!({"namespaceNames": [format!("of-{name}")], "enforce": {"level": "baseline"}});
        let mut object = ClusterPodSecurityProfile::new(name, serde_json::from_value(spec).unwrap());
        object.metadata.uid = Some(format!("uid-{name}"));
        object.metadata.generation = Some(1);
        object
    }

    fn namespace(name: &str) -> Namespace {
        Namespace {
            name: name.into(),
            uid: "u".into(),
            resource_version: "1".into(),
            terminating: false,
            created: Timestamp::UNIX_EPOCH,
            labels: KeyValues::default(),
            ledger_annotations: KeyValues::default(),
            owners: Owners::default(),
            remembered: None,
            contests: Default::default(),
        }
    }

    /// Plans a namespace and concludes as if that had been carried out.
    fn conclude(state: &State, name: &str) {
        let snapshot = state.snapshot().unwrap();
        let modes = plan(&namespace(name), &snapshot.profiles, &state.settings, None, Timestamp::now()).modes;
        let matched = modes.iter().map(|mode| mode.profile.clone()).collect();
        let result = Result::Applied(Box::new(Applied::as_if(modes)));
        state.concluded(name, Outcome::new(snapshot.epoch, matched, Vec::new(), result));
    }

    #[tokio::test]
    async fn what_is_done_while_a_status_is_written_is_not_told_as_done_and_uncounted() {
        let (announcements, _waiting) = Announcements::new();
        let state = Arc::new(State::new(Settings::default(), announcements));
        let names = ["of-a", "of-b"];
        for name in names {
            state.saw_namespace(namespace(name));
        }
        state.listed_namespaces(&names.iter().map(ToString::to_string).collect::<BTreeSet<_>>());
        let completeness = Completeness::Complete { crd_created: Timestamp::UNIX_EPOCH };
        state.took_snapshot(Snapshot::new(
            1,
            Instant::now(),
            Listing {
                readable: vec![profile("a"), profile("b")],
                unreadable: Vec::new(),
                completeness,
                trusted: true,
                crd: CrdState::default(),
            },
            ServerView { minor: 37, watched_in_full: true },
            &mut snapshot::Memory::default(),
        ));
        let told = Arc::new(parking_lot::Mutex::new(BTreeMap::new()));
        let server = {
            let (state, told) = (Arc::clone(&state), Arc::clone(&told));
            tower::service_fn(move |request: Request<Body>| {
                let (state, told) = (Arc::clone(&state), Arc::clone(&told));
                async move {
                    let bytes = request.into_body().collect_bytes().await.unwrap();
                    let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                    let name = body["metadata"]["name"].as_str().unwrap().to_owned();
                    // The first write takes its time: meanwhile the other profile's namespace is done.
                    conclude(&state, "of-b");
                    let answer = json!({"apiVersion": "podsec.dev/v1alpha1", "kind": "ClusterPodSecurityProfile",
                        "metadata": {"name": name}});
                    told.lock().insert(name, body["status"].clone());
                    Ok::<_, std::convert::Infallible>(Response::new(Body::from(
                        answer.to_string().into_bytes(),
                    )))
                }
            })
        };
        let client = Client::new(server, "default");
        let written = Mutex::default();
        conclude(&state, "of-a");
        assert!(report_once(&client, &state, &written).await);
        let governed_and_left = |name: &str| {
            let status = told.lock()[name].clone();
            let ready =
                status["conditions"].as_array().unwrap().iter().find(|c| c["type"] == "Ready").cloned();
            (status["namespaces"]["governed"].clone(), ready.unwrap()["reason"].clone())
        };
        assert_eq!(governed_and_left("a"), (json!(1), json!("Reconciled")));
        assert_eq!(governed_and_left("b"), (json!(0), json!(PROGRESSING)));
        assert!(report_once(&client, &state, &written).await);
        assert_eq!(governed_and_left("b"), (json!(1), json!("Reconciled")));
    }

    #[tokio::test]
    async fn what_falls_due_soon_is_counted() {
        let (announcements, _waiting) = Announcements::new();
        let state = State::new(Settings::default(), announcements);
        let soon = Timestamp::now().checked_add(jiff::SignedDuration::from_hours(24)).unwrap();
        let mut object = profile("a");
        let exemption = |days: i64| {
            let expires = soon.checked_add(jiff::SignedDuration::from_hours(24 * days)).unwrap();
            json!({"name": format!("old-{days}"), "reason": "r", "expires": expires.to_string()})
        };
        object.spec.exemptions = serde_json::from_value(json!([exemption(0), exemption(30)])).unwrap();
        let listing = Listing {
            readable: vec![object],
            unreadable: Vec::new(),
            completeness: Completeness::Complete { crd_created: Timestamp::UNIX_EPOCH },
            trusted: true,
            crd: CrdState::default(),
        };
        let server = ServerView { minor: 37, watched_in_full: true };
        let mut memory = snapshot::Memory::default();
        state.took_snapshot(Snapshot::new(1, Instant::now(), listing, server, &mut memory));
        let conclude = |name: &str, forced_at| {
            let snapshot = state.snapshot().unwrap();
            let now = Timestamp::now();
            let mut modes = plan(&namespace(name), &snapshot.profiles, &state.settings, None, now).modes;
            for plan in &mut modes {
                plan.forced_at = forced_at;
            }
            let result = Result::Applied(Box::new(Applied::as_if(modes)));
            state.concluded(name, Outcome::new(snapshot.epoch, vec!["a".into()], Vec::new(), result));
        };
        conclude("of-a", Some(soon));
        let refusing = tower::service_fn(|_: Request<Body>| async {
            Ok::<_, std::convert::Infallible>(Response::builder().status(503).body(Body::empty()).unwrap())
        });
        let client = Client::new(refusing, "default");
        let written = Mutex::default();
        report_once(&client, &state, &written).await;
        let counted = || (state.metrics.force_after_due.get(), state.metrics.exemptions_expiring.get());
        assert_eq!(counted(), (1, 1));
        conclude("of-a", None);
        report_once(&client, &state, &written).await;
        assert_eq!(counted(), (0, 1));
    }

    fn said(observed_generation: i64, reason: &str) -> ProfileStatus {
        let condition = Condition {
            kind: "Ready".into(),
            status: ConditionStatus::Unknown,
            observed_generation,
            last_transition_time: Moment(Timestamp::UNIX_EPOCH),
            reason: reason.into(),
            message: String::new(),
        };
        ProfileStatus { observed_generation, conditions: vec![condition], ..ProfileStatus::default() }
    }

    #[test]
    fn a_start_takes_nothing_away_from_what_was_said_of_the_same_spec() {
        let before = said(1, "Reconciled");
        assert!(catches_up(&before, &said(1, PROGRESSING)));
        assert!(!catches_up(&before, &said(1, "ProgressingWithRetry")), "what does not go on is told");
        assert!(!catches_up(&before, &said(1, "Reconciled")));
        assert!(!catches_up(&before, &said(2, PROGRESSING)), "the spec is another one");
        assert!(!catches_up(&said(-1, "Pending"), &said(1, PROGRESSING)), "nothing was said yet");
    }
}
