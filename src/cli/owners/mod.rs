//! `podsec owners`: who owns the labels of Pod Security, and what podsec would do about it.

mod json;
mod table;

#[cfg(test)]
mod tests;

use std::io::{IsTerminal, Write};

use clap::Args;
use jiff::Timestamp;

use super::{
    Failure, Outcome,
    key_owners::Key,
    observing::{Extent, NotTold, Observed, Problem, Progress, Selection, ServerFlags},
    output::{Printer, Screen, TableOrDocument},
    plan::{
        cluster_plan::{ClusterPlan, Draft, Question},
        model::{PlannedMode, Step},
    },
};
use crate::{api::reasons::StateReason, rollout::Namespace, standards::Mode};

/// Show who owns the Pod Security labels, and what podsec makes of it
///
/// Reads a cluster and changes nothing in it: who last set which of the six labels and since when, as the API server has
/// it on record (managedFields), and what the profiles there make of it. Whoever is on record wrote last; whether they
/// still mean it, the record does not say. What runs there is not looked at: podsec plan tells whether the gate is open.
///
/// Exit status: 0 nothing is left to others, fought over or held, 1 something is, 2 something could not be read.
#[derive(Debug, Args)]
pub(super) struct Owners {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    server: ServerFlags,
    /// How to write it
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: TableOrDocument,
}

/// The owners in one cluster.
#[derive(Debug)]
struct OfCluster {
    plan: ClusterPlan,
    /// Of each namespace, in the order of the plan's reports, the labels that are there or have an owner.
    labels: Vec<Vec<Key>>,
}

/// Why it is not known what podsec would do.
const NOT_KNOWN: &str = "the profiles cannot be listed";

/// One mode of a namespace.
#[derive(Debug)]
struct OfMode<'a> {
    namespace: &'a str,
    mode: Mode,
    labels: Vec<&'a Key>,
    would: Would<'a>,
}

/// What podsec would do about a mode.
#[derive(Clone, Copy, Debug)]
enum Would<'a> {
    /// It has no business there.
    Nothing,
    Plan(&'a PlannedMode),
    /// Raise it or move its version, if the gate lets it.
    Gate(&'a PlannedMode),
    NotKnown,
}

impl<'a> Would<'a> {
    fn of(planned: Option<&'a PlannedMode>) -> Self {
        let is_gated = |planned: &PlannedMode| {
            planned.step == Step::Hold && planned.reason == Some(StateReason::NotJudged.as_str())
        };
        match planned {
            None => Self::Nothing,
            Some(planned) if is_gated(planned) => Self::Gate(planned),
            Some(planned) => Self::Plan(planned),
        }
    }

    /// What is planned, where that is known.
    const fn planned(self) -> Option<&'a PlannedMode> {
        match self {
            Self::Plan(planned) | Self::Gate(planned) => Some(planned),
            Self::Nothing | Self::NotKnown => None,
        }
    }

    fn is_finding(self) -> bool {
        let is_contested = self.planned().is_some_and(|planned| planned.contested.is_some());
        is_contested || matches!(self, Self::Plan(PlannedMode { step: Step::LeaveAlone | Step::Hold, .. }))
    }
}

/// What was read, and what was not.
#[derive(Debug, Default)]
struct Read {
    clusters: Vec<OfCluster>,
    problems: Vec<Problem>,
    /// The namespaces that were named and are not there.
    absent: Vec<String>,
    /// How many clusters could not be read at all.
    unreadable: usize,
}

impl OfCluster {
    fn new(observed: Observed, question: &Question, now: Timestamp) -> Self {
        let labels = observed.namespaces.values().map(labels).collect();
        let plan = Draft::new(observed, question, now).finish();
        Self { plan, labels }
    }

    /// The modes of which there is a label, or that a profile governs, namespace by namespace.
    fn modes(&self) -> impl Iterator<Item = OfMode<'_>> {
        let namespaces = self.plan.reports.iter().zip(&self.labels);
        namespaces.flat_map(move |(report, labels)| {
            Mode::ALL.into_iter().filter_map(move |mode| {
                let keys = mode.keys();
                let is_of_mode = |key: &&Key| key.name == keys.level || key.name == keys.version;
                let labels: Vec<_> = labels.iter().filter(is_of_mode).collect();
                let planned = report.mode(mode);
                let is_there = !labels.is_empty() || planned.is_some();
                let would = if self.plan.is_known() { Would::of(planned) } else { Would::NotKnown };
                is_there.then_some(OfMode { namespace: &report.name, mode, labels, would })
            })
        })
    }

    fn has_findings(&self) -> bool {
        self.modes().any(|mode| mode.would.is_finding())
    }
}

impl Owners {
    pub(super) fn run(self, stdout: &mut (impl Write + IsTerminal)) -> Result<Outcome, Failure> {
        let screen = Screen::of(stdout);
        let mut printer = Printer::new(stdout);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let Read { clusters, problems, mut absent, unreadable } = runtime.block_on(self.read());
        printer.print(|out| match self.output.notation() {
            None => table::write(out, &clusters, &problems, screen),
            Some(notation) => json::write(out, notation, &clusters, &problems),
        })?;
        printer.finish()?;
        let namespaces = clusters.iter().map(|cluster| cluster.labels.len()).sum();
        absent.extend(self.selection.unmatched(namespaces, unreadable));
        NotTold { absent, failed: problems.len(), untold: 0, of: "namespace" }.or_all()?;
        let has_findings = clusters.iter().any(OfCluster::has_findings);
        Ok(if has_findings { Outcome::Findings } else { Outcome::Clean })
    }

    async fn read(&self) -> Read {
        let progress = Progress::on_stderr();
        let mut read = Read::default();
        for connection in self.selection.connections() {
            match self.selection.observe(&connection, Extent::Labels, &progress).await {
                Ok((mut observed, _)) => {
                    read.absent.append(&mut observed.absent);
                    let is_partial = self.selection.is_partial();
                    let question =
                        Question { server: self.server.clone(), is_partial, ..Question::default() };
                    let cluster = OfCluster::new(observed, &question, Timestamp::now());
                    read.problems.extend(cluster.plan.problems.iter().cloned());
                    read.clusters.push(cluster);
                }
                Err(problem) => {
                    read.problems.push(problem);
                    read.unreadable += 1;
                }
            }
        }
        read
    }
}

/// The labels of Pod Security that are there or have an owner.
fn labels(namespace: &Namespace) -> Vec<Key> {
    let keys = Mode::ALL.into_iter().flat_map(|mode| [mode.keys().level, mode.keys().version]);
    keys.filter_map(|key| Key::of(key, namespace)).collect()
}
