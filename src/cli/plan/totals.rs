//! Everything counted.

use std::collections::BTreeMap;

use serde::Serialize;

use super::model::{NamespaceReport, State, Step};
use crate::api::ReportState;

/// How many there are of what, over all namespaces that were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Totals {
    pub(in crate::cli) namespaces: usize,
    /// In which a profile governs a mode.
    pub(in crate::cli) governed: usize,
    /// In which every governed mode is as it is to be, and the plan does nothing.
    pub(in crate::cli) in_sync: usize,
    /// Whose enforce is raised.
    pub(in crate::cli) raised: usize,
    /// Whose enforce is put back to what it was.
    pub(in crate::cli) repaired: usize,
    /// Whose enforce is lowered.
    pub(in crate::cli) weakened: usize,
    /// Whose enforce is not as its profile asks.
    pub(in crate::cli) held: usize,
    /// Whose enforce is raised once they have been clean for long enough.
    pub(in crate::cli) soaking: usize,
    /// In which enforce refuses, or will refuse, what runs there.
    pub(in crate::cli) broken: usize,
    /// Under an exemption.
    pub(in crate::cli) exempt: usize,
    /// In which a mode is left to whoever set it.
    pub(in crate::cli) yielded: usize,
    pub(in crate::cli) frozen: usize,
    /// That a profile lets go of.
    pub(in crate::cli) released: usize,
    /// Where podsec cannot tell all that matters.
    #[serde(rename = "inconclusiveNamespaces")]
    pub(in crate::cli) inconclusive_namespaces: usize,
    /// Workloads judged or exempt: the sum of the next four.
    pub(in crate::cli) workloads: usize,
    pub(in crate::cli) conforming: usize,
    pub(in crate::cli) violating: usize,
    pub(in crate::cli) inconclusive: usize,
    /// Of exempt runtime classes.
    #[serde(rename = "exemptWorkloads")]
    pub(in crate::cli) exempt_workloads: usize,
    /// Live pods.
    pub(in crate::cli) pods: usize,
    /// Live pods that violate the planned enforce level and version.
    pub(in crate::cli) violating_pods: usize,
    /// Pods, Jobs and `ReplicaSets` that were counted and not judged: finished, being deleted, or without replicas.
    pub(in crate::cli) skipped: usize,
    /// What could not be read.
    pub(in crate::cli) failed: usize,
    /// The namespaces by the word that people read of each, so that each is counted once: those above count a namespace
    /// that is raised and breaks as both.
    #[serde(skip)]
    pub(in crate::cli) by_word: BTreeMap<String, usize>,
}

impl Totals {
    /// Of some namespaces, and so many things that could not be read.
    pub(in crate::cli) fn of<'r>(
        reports: impl IntoIterator<Item = &'r NamespaceReport>,
        failed: usize,
    ) -> Self {
        let mut totals = Self { failed, ..Self::default() };
        for report in reports {
            totals.count(report);
        }
        totals
    }

    fn count(&mut self, report: &NamespaceReport) {
        self.namespaces += 1;
        let is = usize::from;
        let step = report.enforce_step();
        let unnamed =
            [ReportState::Left, ReportState::Protected].into_iter().any(|state| report.state.is(state));
        self.governed += is(!unnamed && matches!(report.state, State::Planned(_)));
        let unchanged = report.modes.iter().all(|mode| mode.step == Step::None);
        self.in_sync += is(report.state.is(ReportState::InSync) && unchanged);
        self.raised += is(step == Step::Raise);
        self.repaired += is(step == Step::Repair);
        self.weakened += is(matches!(step, Step::Weaken | Step::Remove));
        self.held += is(report.is_held());
        self.soaking += is(report.state.is(ReportState::Soaking));
        self.broken += is(report.is_broken());
        self.exempt += is(report.state.is(ReportState::Exempt));
        self.yielded += is(report.modes.iter().any(|mode| mode.step == Step::LeaveAlone));
        self.frozen += is(report.state.is(ReportState::Frozen));
        self.released += is(report.modes.iter().any(|mode| matches!(mode.step, Step::Retain | Step::Remove)));
        self.inconclusive_namespaces += is(report.is_inconclusive());
        let word = match report.state {
            State::Planned(ReportState::Protected) | State::Terminating => {
                State::Ungoverned.word().to_owned()
            }
            _ => report.word(),
        };
        *self.by_word.entry(word).or_default() += 1;
        let judged = &report.judged;
        self.workloads += judged.all_workloads();
        self.conforming += judged.workloads.conforming;
        self.violating += judged.workloads.violating;
        self.inconclusive += judged.workloads.inconclusive;
        self.exempt_workloads += judged.exempt_workloads;
        self.pods += judged.all_pods();
        self.violating_pods += judged.pods.violating;
        let apart = report.apart;
        self.skipped +=
            apart.finished_pods + apart.deleting_pods + apart.finished_jobs + apart.idle_replica_sets;
    }
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.namespaces += other.namespaces;
        self.governed += other.governed;
        self.in_sync += other.in_sync;
        self.raised += other.raised;
        self.repaired += other.repaired;
        self.weakened += other.weakened;
        self.held += other.held;
        self.soaking += other.soaking;
        self.broken += other.broken;
        self.exempt += other.exempt;
        self.yielded += other.yielded;
        self.frozen += other.frozen;
        self.released += other.released;
        self.inconclusive_namespaces += other.inconclusive_namespaces;
        self.workloads += other.workloads;
        self.conforming += other.conforming;
        self.violating += other.violating;
        self.inconclusive += other.inconclusive;
        self.exempt_workloads += other.exempt_workloads;
        self.pods += other.pods;
        self.violating_pods += other.violating_pods;
        self.skipped += other.skipped;
        self.failed += other.failed;
        for (word, count) in other.by_word {
            *self.by_word.entry(word).or_default() += count;
        }
    }
}
