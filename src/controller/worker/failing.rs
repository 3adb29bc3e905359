//! How a turn ends that was not carried out.

use jiff::Timestamp;

use super::{BETWEEN_WRITES, Conclusion, End, Workshop};
use crate::{
    api::ReportContent,
    cluster::CallError,
    controller::{
        apply::ApplyError,
        gate::Findings,
        outcome::{PATIENCE, Result},
        reports::{self, Refusal},
        snapshot::Snapshot,
    },
    rollout::{GateRecord, ModePlan, Namespace},
};

impl Workshop {
    /// Concludes that somebody writes the namespace all the time. That must not put off a repair, and must be seen.
    pub(super) fn outrun(&self, namespace: Namespace, snapshot: &Snapshot) -> End {
        let (_, failures) = self.backoff.lock().failed(&namespace.name);
        self.state.queue.add_after(&namespace.name, BETWEEN_WRITES);
        let message =
            "somebody writes it again and again, faster than podsec can look at it and write".into();
        let result = if failures < PATIENCE {
            Result::Retrying { message, failures }
        } else {
            Result::Unwritable { code: 409, message }
        };
        let outcome = self.outcome(&namespace, snapshot, result);
        End::Concluded(Box::new(Conclusion::failed(namespace, outcome)))
    }

    pub(super) fn unobserved(&self, namespace: Namespace, snapshot: &Snapshot, failed: &CallError) -> End {
        self.count(failed.category());
        self.again(namespace, snapshot, &failed.to_string())
    }

    /// Concludes that a person must mend something.
    ///
    /// A 403 is believed only when it stays: an API server that has just started refuses everybody for a moment,
    /// since it has not read its roles yet.
    pub(super) fn refused(
        &self,
        namespace: Namespace,
        snapshot: &Snapshot,
        (code, message): (u16, String),
        untold: Option<Box<ReportContent>>,
    ) -> End {
        let (delay, failures) = self.backoff.lock().failed(&namespace.name);
        self.state.queue.add_after(&namespace.name, delay);
        let result = if code == 403 && failures < PATIENCE {
            Result::Retrying { message, failures }
        } else {
            // What the report says of the labels must not be what they were.
            if let Some(content) = untold {
                self.state.reports.put(&namespace.name, Some(*content));
            }
            Result::Unwritable { code, message }
        };
        let outcome = self.outcome(&namespace, snapshot, result);
        End::Concluded(Box::new(Conclusion::failed(namespace, outcome)))
    }

    /// What the report is to say where the API server does not take what podsec writes.
    pub(super) fn untold(
        &self,
        namespace: &Namespace,
        modes: &[ModePlan],
        error: &ApplyError,
        found: (Findings, Option<GateRecord>),
    ) -> Option<Box<ReportContent>> {
        let (ApplyError::Refused { message: answer, .. } | ApplyError::Unnotable(answer)) = error else {
            return None;
        };
        let (findings, record) = found;
        // Not what was to be noted: a report is a witness of what was.
        let enforced = namespace.ledger().enforced;
        let refusal = Refusal {
            namespace,
            modes,
            answer,
            soak: reports::soak(&namespace.uid, record.as_ref(), enforced),
            before: self.state.reports.state(&namespace.name),
            now: Timestamp::now(),
        };
        Some(Box::new(reports::refused(refusal, findings)))
    }

    /// Concludes that it has to be tried again.
    pub(super) fn again(&self, namespace: Namespace, snapshot: &Snapshot, message: &str) -> End {
        let (delay, failures) = self.backoff.lock().failed(&namespace.name);
        tracing::warn!(namespace = namespace.name, error = message, failures, ?delay, "trying again later");
        self.state.queue.add_after(&namespace.name, delay);
        let outcome =
            self.outcome(&namespace, snapshot, Result::Retrying { message: message.into(), failures });
        End::Concluded(Box::new(Conclusion::failed(namespace, outcome)))
    }
}
