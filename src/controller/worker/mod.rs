//! The work on one namespace: observe, plan, apply, conclude.

mod failing;

use std::{collections::HashMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use kube::Client;
use parking_lot::Mutex;
use tokio::time::{Duration, Instant};

use super::{
    apply::{Applied, ApplyError, apply},
    gate::{Cause, Findings, Prepared, prepare},
    memory::Memory,
    metrics::ReconcileLabels,
    outcome::{Outcome, Result},
    reports::{self, Source, Summary},
    snapshot::Snapshot,
    state::State,
    telling::{self, Reported},
};
use crate::{
    api::ReportContent,
    cluster::{backoff::Backoff, namespaces},
    rollout::{
        Change, GateRecord, HoldReason, Ledger, ModePlan, Namespace, NamespacePlan, Reservation, Verdict,
        overlaps,
    },
    standards::Mode,
};

/// No namespace is written more often than this, so that two writers who disagree cannot keep each other busy.
const BETWEEN_WRITES: Duration = Duration::from_secs(1);

/// How often a namespace is observed and planned anew at once when it changes in between. Then it waits its turn.
const TRIES: usize = 3;

/// The longest wait for something that is going to happen; then it is looked at again and waits on.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// What the workers share besides the state.
pub(super) struct Workshop {
    client: Client,
    state: Arc<State>,
    last_write: Mutex<HashMap<String, Instant>>,
    memory: Memory,
    backoff: Mutex<Backoff>,
}

/// What became of a namespace as it was observed last.
struct Conclusion {
    namespace: Namespace,
    outcome: Outcome,
    /// What its report said before.
    reported: Reported,
    /// When the plan changes although nothing else does.
    next: Option<Timestamp>,
}

impl Conclusion {
    /// Nothing was carried out.
    const fn failed(namespace: Namespace, outcome: Outcome) -> Self {
        Self { namespace, outcome, reported: Reported::Unknown, next: None }
    }
}

/// Why a plan was not carried out.
struct Failure {
    error: ApplyError,
    /// What the report is to say if that is the end of it.
    untold: Option<Box<ReportContent>>,
}

/// Where the work on a namespace ended.
enum End {
    /// It is gone.
    Gone,
    /// It was written a moment ago: its turn comes after this time.
    NotYet(Duration),
    /// Planned and carried out, as far as possible.
    Concluded(Box<Conclusion>),
}

impl Workshop {
    pub(super) fn new(client: Client, state: Arc<State>) -> Self {
        Self {
            client,
            state,
            last_write: Mutex::default(),
            memory: Memory::default(),
            backoff: Mutex::default(),
        }
    }

    /// Works on namespaces as they become due, until the queue is closed.
    pub(super) async fn work(self: Arc<Self>) {
        while let Some(name) = self.state.queue.next().await {
            self.turn(&name).await;
            self.state.queue.done(&name);
        }
    }

    async fn turn(&self, name: &str) {
        let Some(namespace) = self.state.namespace(name) else {
            self.forget(name);
            return;
        };
        // Without profiles nothing can be said; with the first of them every namespace comes back.
        let Some(snapshot) = self.state.snapshot() else { return };
        match self.reconcile((*namespace).clone(), snapshot).await {
            End::Gone => {}
            End::NotYet(delay) => self.state.queue.add_after(name, delay),
            End::Concluded(conclusion) => self.conclude(*conclusion),
        }
    }

    fn forget(&self, name: &str) {
        self.last_write.lock().remove(name);
        self.memory.forget(name);
        self.backoff.lock().succeeded(name);
        self.state.forget(name);
    }

    async fn reconcile(&self, mut namespace: Namespace, mut snapshot: Arc<Snapshot>) -> End {
        let mut conflict = None;
        if self.memory.outdates(&namespace) {
            match namespaces::get(&self.client, &namespace.name).await {
                Ok(Some(now)) => namespace = now,
                Ok(None) => return End::Gone,
                Err(failed) => return self.unobserved(namespace, &snapshot, &failed),
            }
        }
        for attempt in 0..TRIES {
            namespace.remembered = self.remembered(&namespace);
            let takes;
            (namespace.contests, takes) = self.memory.contests(&namespace, Timestamp::now());
            for writer in takes {
                self.state.metrics.took(writer);
            }
            let mut untold = None;
            let error = match prepare(&self.client, &self.state, &snapshot, &namespace).await {
                None => ApplyError::Stale,
                Some(prepared) => {
                    if attempt == 0
                        && !prepared.plan.requests.is_empty()
                        && let Some(delay) = self.too_soon(&namespace.name)
                    {
                        self.give_back(prepared.reservation);
                        return End::NotYet(delay);
                    }
                    match self.carry_out(&namespace, &snapshot, prepared).await {
                        Ok(conclusion) => return End::Concluded(Box::new(conclusion)),
                        Err(failure) => {
                            untold = failure.untold;
                            failure.error
                        }
                    }
                }
            };
            self.count(error.category());
            conflict = match error {
                ApplyError::Gone => return End::Gone,
                ApplyError::Refused { code, message } => {
                    return self.refused(namespace, &snapshot, (code, message), untold);
                }
                ApplyError::Unnotable(message) => {
                    return self.refused(namespace, &snapshot, (422, message), untold);
                }
                ApplyError::Transient(error) => return self.again(namespace, &snapshot, &error.to_string()),
                ApplyError::Stale => None,
                ApplyError::Conflict(message) => Some(message),
            };
            match namespaces::get(&self.client, &namespace.name).await {
                Ok(Some(now)) => namespace = now,
                Ok(None) => return End::Gone,
                Err(failed) => return self.unobserved(namespace, &snapshot, &failed),
            }
            // What is planned anew is planned with what is asked for now.
            snapshot = self.state.snapshot().unwrap_or(snapshot);
        }
        match conflict {
            Some(message) => self.refused(namespace, &snapshot, (409, message), None),
            None => self.outrun(namespace, &snapshot),
        }
    }

    /// What podsec remembers to have left behind; after a restart what the report witnesses of it.
    fn remembered(&self, namespace: &Namespace) -> Option<Ledger> {
        self.memory.of(namespace).or_else(|| self.state.reports.witnessed(namespace))
    }

    fn give_back(&self, reservation: Option<Reservation>) {
        if let Some(reservation) = reservation {
            self.state.raises.lock().give_back(reservation);
        }
    }

    /// Carries a plan out, and has its report say so.
    async fn carry_out(
        &self,
        namespace: &Namespace,
        snapshot: &Snapshot,
        prepared: Prepared,
    ) -> std::result::Result<Conclusion, Failure> {
        let Prepared { plan, findings, reservation } = prepared;
        let (next, record, raise) = (plan.next, plan.record.clone(), plan.raise);
        let is_broken = findings.as_ref().is_some_and(|findings| findings.breakage.is_some());
        // What is still due could not be looked at while the namespace changed.
        let again = if plan.look.is_some() {
            Some(SignedDuration::from_secs(1))
        } else {
            // That a refusal says nothing any more, or that a halt is over, is no event.
            (is_broken || is_halted(&plan)).then_some(SignedDuration::from_mins(1))
        };
        let again = again.and_then(|again| Timestamp::now().checked_add(again).ok());
        let next = next.into_iter().chain(again).min();
        let modes = plan.modes.clone();
        let applied = match apply(&self.client, namespace, plan).await {
            Ok(applied) => applied,
            Err(error) => {
                // What did not come back may have been carried out.
                if matches!(error, ApplyError::Transient(_)) {
                    let is_written = |plan: &&ModePlan| matches!(plan.verdict, Verdict::Write { .. });
                    let written: Vec<_> = modes.iter().filter(is_written).map(|plan| plan.mode).collect();
                    self.memory.unsure(namespace, &written);
                    self.note_raise(namespace, snapshot, &modes);
                } else {
                    self.give_back(reservation);
                }
                let untold =
                    findings.and_then(|findings| self.untold(namespace, &modes, &error, (findings, record)));
                return Err(Failure { error, untold });
            }
        };
        self.note_raise(namespace, snapshot, applied.modes());
        let reported = self.state.reports.reported(&namespace.name);
        let outcome = self.outcome(namespace, snapshot, Result::Applied(Box::new(applied.in_short())));
        let outcome = match findings {
            None => outcome.unjudged(),
            Some(mut findings) => {
                let outcome = outcome.with_onlookers(std::mem::take(&mut findings.onlookers));
                if let (Some(policy), Some(expected)) = (raise, &findings.expected) {
                    telling::compare(&self.state, namespace, policy, applied.warnings(), expected);
                }
                let summary = self.report(namespace, snapshot, &outcome, &applied, findings, record);
                outcome.with_summary(summary)
            }
        };
        Ok(Conclusion { namespace: namespace.clone(), outcome, reported, next })
    }

    /// Notes when enforce became stricter: what is refused from then on is breakage.
    fn note_raise(&self, namespace: &Namespace, snapshot: &Snapshot, modes: &[ModePlan]) {
        let Some((profile, cause)) = raised(modes) else { return };
        let generation = snapshot.profiles.get(profile).map(|profile| profile.generation);
        let now = Timestamp::now();
        self.state.halts.raised(profile, generation, (&namespace.name, &namespace.uid), now, cause);
    }

    /// Has the report of a namespace say what became of it; gives that in short.
    fn report(
        &self,
        namespace: &Namespace,
        snapshot: &Snapshot,
        outcome: &Outcome,
        applied: &Applied,
        findings: Findings,
        record: Option<GateRecord>,
    ) -> Option<Summary> {
        let State { reports, halts, .. } = &*self.state;
        let name = &namespace.name;
        let is_broken = findings.broken.as_ref().map(telling::breakage);
        for profile in &outcome.matched {
            if halts.broken(profile, name, is_broken.clone()) {
                self.state.concerns_governed(profile);
            }
        }
        let soak = reports::soak(&namespace.uid, record.as_ref(), applied.ledger().enforced);
        if let Some(record) = record {
            reports.remember(name, record);
        }
        let onlooker = snapshot.profiles.matching(namespace, &self.state.settings).next();
        let source = Source {
            namespace,
            applied,
            onlooker,
            settings: &self.state.settings,
            soak,
            before: reports.state(name),
            now: Timestamp::now(),
        };
        // A protected namespace that no profile names has none.
        let content = reports::content(source, findings)
            .filter(|_| !outcome.matched.is_empty() || !outcome.modes().is_empty());
        let summary = content.as_ref().map(Summary::of);
        reports.put(name, content);
        summary
    }

    fn outcome(&self, namespace: &Namespace, snapshot: &Snapshot, result: Result) -> Outcome {
        let settings = &self.state.settings;
        let matched =
            snapshot.profiles.matching(namespace, settings).map(|profile| profile.name.clone()).collect();
        let overlaps = overlaps(&snapshot.profiles, namespace, settings, Timestamp::now());
        let overlaps = overlaps.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        Outcome::new(snapshot.epoch, matched, overlaps, result)
    }

    /// Notes that the namespace is being written, unless that would be too soon after the last time.
    fn too_soon(&self, name: &str) -> Option<Duration> {
        let now = Instant::now();
        let mut last_write = self.last_write.lock();
        let wait = last_write.get(name).and_then(|last| (*last + BETWEEN_WRITES).checked_duration_since(now));
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Some(wait);
        }
        last_write.insert(name.to_owned(), now);
        None
    }

    fn conclude(&self, conclusion: Conclusion) {
        let Conclusion { namespace, outcome, reported, next } = conclusion;
        let name = &namespace.name;
        if let Result::Applied(applied) = &outcome.result {
            self.backoff.lock().succeeded(name);
            self.memory.note(&namespace, applied, Timestamp::now());
            self.count("applied");
            let seen = self.state.answered(name);
            if applied.requests() > 0 {
                self.state.metrics.requests.inc_by(applied.requests() as u64);
                if let Some(seen) = seen {
                    self.state.metrics.delay.observe(seen.elapsed().as_secs_f64());
                }
            }
        }
        if let Some(wait) = next.map(until) {
            self.state.queue.add_after(name, wait.min(LONGEST_WAIT));
        }
        telling::count(&self.state, &outcome);
        let told = outcome.clone();
        let before = self.state.concluded(name, outcome);
        telling::tell(&self.state, &namespace, before.as_deref(), reported, &told);
    }

    fn count(&self, result: &'static str) {
        self.state.metrics.reconciles.get_or_create(&ReconcileLabels { result }).inc();
    }
}

/// Whether the profile's raises are halted.
fn is_halted(plan: &NamespacePlan) -> bool {
    plan.modes.iter().any(|mode| matches!(mode.held(), Some(HoldReason::RolloutHalted)))
}

/// How long until then; nothing once it has come.
fn until(then: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO)
}

/// For which profile and why a plan makes enforce stricter, if it does.
fn raised(modes: &[ModePlan]) -> Option<(&str, Cause)> {
    let plan = modes.iter().find(|plan| plan.mode == Mode::Enforce)?;
    let cause = match plan.verdict {
        Verdict::Write { change: Change::Raise, .. } => Cause::Asked,
        Verdict::Write { change: Change::ForcedRaise, .. } => Cause::Forced,
        Verdict::Write { change: Change::Repair, .. } => Cause::Repaired,
        _ => return None,
    };
    Some((&plan.profile, cause))
}
