//! Getting the lease, and keeping it: what [`Candidate`] decides is carried out here, and nothing else.

use std::sync::Arc;

use k8s_openapi::api::coordination::v1::Lease;
use kube::{
    Api,
    api::{ObjectMeta, PostParams},
};
use tokio::time::{Duration, Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Place,
    clock::Reading,
    standing::{Ending, Leadership},
};
use crate::cluster::{
    CallError,
    lease::{Candidate, Moment, Record, Step, Terms, Watch, Write},
};

/// What the leader has to say of how it watches the cluster; nothing as long as it has nothing new to say.
pub(super) type Claim = Arc<dyn Fn() -> Option<Watch> + Send + Sync>;

/// One that wants the lease, or has it.
pub(super) struct Contender {
    api: Api<Lease>,
    place: Place,
    terms: Terms,
    candidate: Candidate,
    leadership: Leadership,
    claim: Claim,
    begun: Instant,
    /// The Lease as it was read or written last.
    lease: Option<Lease>,
    /// How many requests in a row brought nothing.
    failures: u32,
    /// Who was last seen to have it.
    told: Option<String>,
}

impl Contender {
    pub(super) fn new(
        api: Api<Lease>,
        place: Place,
        (terms, candidate): (Terms, Candidate),
        leadership: Leadership,
        claim: Claim,
    ) -> Self {
        let begun = leadership.now().monotonic;
        Self { api, place, terms, candidate, leadership, claim, begun, lease: None, failures: 0, told: None }
    }

    /// Contends until it is told to resign, or has lost what it had.
    pub(super) async fn contend(mut self, resign: CancellationToken) -> Ending {
        loop {
            let now = self.leadership.now();
            match self.candidate.next(self.moment(now)) {
                Step::End(loss) => return loss.into(),
                _ if resign.is_cancelled() => return self.resigns().await,
                Step::Wait(due) => {
                    tokio::select! {
                        () = sleep_until(self.begun + due) => {}
                        () = resign.cancelled() => {}
                    }
                }
                // Nothing hangs on an answer that may never come.
                Step::Read => {
                    tokio::select! {
                        () = self.reads(now) => {}
                        () = resign.cancelled() => {}
                    }
                }
                // What is written must be known, to be given back.
                Step::Write(write) => self.writes(write, now).await,
            }
        }
    }

    fn moment(&self, reading: Reading) -> Moment {
        reading.monotonic.duration_since(self.begun)
    }

    /// How long a request may take that is sent now: no longer than there is something to keep.
    fn budget(&self, now: Reading) -> Duration {
        let left = self.candidate.leads_until().map(|until| until.saturating_sub(self.moment(now)));
        left.unwrap_or(Duration::MAX).min(self.terms.request())
    }

    async fn within<T>(
        &self,
        now: Reading,
        call: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, CallError> {
        match timeout(self.budget(now), call).await {
            Ok(answer) => answer.map_err(CallError::from),
            Err(_) => Err(CallError::Deadline),
        }
    }

    async fn reads(&mut self, sent: Reading) {
        let found = self.within(sent, self.api.get_opt(&self.place.name)).await;
        let now = self.moment(self.leadership.now());
        match found {
            Ok(found) => {
                self.answered();
                self.candidate.observed(now, found.as_ref().map(seen));
                self.lease = found;
                self.tell_holder();
            }
            Err(error) => self.failed(self.moment(sent), now, &error),
        }
    }

    async fn writes(&mut self, write: Write, sent: Reading) {
        let before = self.lease.as_ref().and_then(Watch::of);
        let lease = self.with(self.candidate.record(sent.time_of_day));
        let written = self.sends(write, lease, sent).await;
        let now = self.moment(self.leadership.now());
        match written {
            Ok(lease) => {
                self.answered();
                let leads = self.candidate.leads_until().is_some();
                self.candidate.wrote(self.moment(sent), now, seen(&lease));
                self.lease = Some(lease);
                self.leadership.renewed(sent, self.terms.renew_deadline(), before);
                if !leads {
                    tracing::info!(lease = %self.place, "leads");
                }
            }
            // Another version stands there, or none, or one already.
            Err(error) if matches!(error.code(), Some(409)) || self.is_gone(&error) => {
                self.answered();
                self.candidate.refused(now);
            }
            Err(error) => self.failed(self.moment(sent), now, &error),
        }
    }

    /// The Lease as it is to stand: with this record, and with what there is to say of how the cluster is watched.
    fn with(&self, record: Record) -> Lease {
        let mut lease = self.lease.clone().unwrap_or_else(|| self.place.lease());
        record.put_into(&mut lease);
        if let Some(watch) = (self.claim)() {
            watch.put_into(&mut lease);
        }
        lease
    }

    /// Whether the Lease is gone, rather than the namespace that it would stand in.
    fn is_gone(&self, error: &CallError) -> bool {
        error.code() == Some(404) && self.lease.is_some()
    }

    async fn sends(&self, write: Write, mut lease: Lease, now: Reading) -> Result<Lease, CallError> {
        let params = PostParams::default();
        match write {
            Write::Create => {
                lease.metadata =
                    ObjectMeta { annotations: lease.metadata.annotations, ..self.place.metadata() };
                self.within(now, self.api.create(&params, &lease)).await
            }
            Write::Replace(version) => {
                lease.metadata.resource_version = Some(version);
                self.within(now, self.api.replace(&self.place.name, &params, &lease)).await
            }
        }
    }

    /// Gives the lease back, so that nobody has to wait for it to run out.
    async fn resigns(self) -> Ending {
        let now = self.leadership.now();
        if let Some((record, version)) = self.candidate.released(now.time_of_day) {
            // From now on nothing is written, whatever becomes of the request.
            self.leadership.over(Ending::Released);
            let lease = self.with(record);
            match self.sends(Write::Replace(version), lease, now).await {
                Ok(_) => tracing::info!(lease = %self.place, "gave the lease back"),
                Err(error) => {
                    tracing::warn!(lease = %self.place, %error, "could not give the lease back: it runs out");
                }
            }
        }
        Ending::Released
    }

    fn answered(&mut self) {
        if std::mem::take(&mut self.failures) > 0 {
            tracing::info!(lease = %self.place, "the lease can be asked for again");
        }
    }

    fn failed(&mut self, sent: Moment, now: Moment, error: &CallError) {
        self.candidate.failed(sent, now);
        if self.failures == 0 {
            let leads = self.candidate.leads_until().is_some();
            tracing::warn!(lease = %self.place, leads, %error, "the lease cannot be read or written");
        }
        self.failures = self.failures.saturating_add(1);
    }

    fn tell_holder(&mut self) {
        let holder = self.candidate.holder().map(ToOwned::to_owned);
        if holder != self.told {
            if let Some(holder) = &holder {
                tracing::info!(lease = %self.place, ?holder, "stands by: another replica leads");
            }
            self.told = holder;
        }
    }
}

/// What a candidate sees of a Lease.
fn seen(lease: &Lease) -> (Record, String) {
    (Record::of(lease), lease.metadata.resource_version.clone().unwrap_or_default())
}

#[cfg(test)]
#[path = "contending_tests.rs"]
mod tests;
