//! `podsec owners`: who owns the labels of Pod Security, and what podsec would do about it.

mod json;
mod table;

use std::io::{IsTerminal, Write};

use clap::Args;
use jiff::Timestamp;

use super::{
    Failure, Outcome,
    key_owners::Key,
    observing::{Extent, Problem, Progress, Selection, ServerFlags},
    output::{Printer, TableOrDocument, is_coloured},
    plan::{
        cluster_plan::{ClusterPlan, Draft, Question},
        model::{PlannedMode, Step},
    },
};
use crate::{rollout::Namespace, standards::Mode};

/// Show who owns the Pod Security labels, and what podsec makes of it
///
/// Reads a cluster and changes nothing in it: who last set which of the six labels and since when, as the API server has
/// it on record (managedFields), and what the profiles there make of it. Whoever is on record wrote last; whether they
/// still mean it, the record does not say.
///
/// Exit status: 0 nothing is left to others or held, 1 something is, 2 something could not be read.
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

/// That not all could be read. What and why is part of the output.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("; "))]
struct NotRead(Vec<Problem>);

/// The owners in one cluster.
#[derive(Debug)]
struct OfCluster {
    plan: ClusterPlan,
    /// Of each namespace, in the order of the plan's reports, the labels that are there or have an owner.
    labels: Vec<Vec<Key>>,
}

/// One mode of a namespace.
#[derive(Debug)]
struct OfMode<'a> {
    namespace: &'a str,
    mode: Mode,
    labels: Vec<&'a Key>,
    planned: Option<&'a PlannedMode>,
}

impl OfCluster {
    /// The modes of which there is a label, or that a profile governs, namespace by namespace.
    fn modes(&self) -> impl Iterator<Item = OfMode<'_>> {
        let namespaces = self.plan.reports.iter().zip(&self.labels);
        namespaces.flat_map(|(report, labels)| {
            Mode::ALL.into_iter().filter_map(move |mode| {
                let keys = mode.keys();
                let is_of_mode = |key: &&Key| key.name == keys.level || key.name == keys.version;
                let labels: Vec<_> = labels.iter().filter(is_of_mode).collect();
                let planned = report.mode(mode);
                let is_there = !labels.is_empty() || planned.is_some();
                is_there.then_some(OfMode { namespace: &report.name, mode, labels, planned })
            })
        })
    }

    fn has_findings(&self) -> bool {
        let is_finding = |planned: &PlannedMode| matches!(planned.step, Step::LeaveAlone | Step::Hold);
        self.modes().any(|mode| mode.planned.is_some_and(is_finding))
    }
}

impl Owners {
    pub(super) fn run(self, stdout: &mut (impl Write + IsTerminal)) -> Result<Outcome, Failure> {
        let is_coloured = is_coloured(stdout);
        let mut printer = Printer::new(stdout);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let (clusters, problems) = runtime.block_on(self.read());
        printer.print(|out| match self.output.notation() {
            None => table::write(out, &clusters, &problems, is_coloured),
            Some(notation) => json::write(out, notation, &clusters, &problems),
        })?;
        printer.finish()?;
        if !problems.is_empty() {
            return Err(NotRead(problems).into());
        }
        let has_findings = clusters.iter().any(OfCluster::has_findings);
        Ok(if has_findings { Outcome::Findings } else { Outcome::Clean })
    }

    async fn read(&self) -> (Vec<OfCluster>, Vec<Problem>) {
        let progress = Progress::on_stderr();
        let (mut clusters, mut problems) = (Vec::new(), Vec::new());
        for connection in self.selection.connections() {
            match self.selection.observe(&connection, Extent::Reports, &progress).await {
                Ok((observed, _)) => {
                    let is_partial = self.selection.is_partial();
                    let question =
                        Question { server: self.server.clone(), is_partial, ..Question::default() };
                    let labels = observed.namespaces.values().map(labels).collect();
                    let plan = Draft::new(observed, &question, Timestamp::now()).finish();
                    problems.extend(plan.problems.iter().cloned());
                    clusters.push(OfCluster { plan, labels });
                }
                Err(problem) => problems.push(problem),
            }
        }
        (clusters, problems)
    }
}

/// The labels of Pod Security that are there or have an owner.
fn labels(namespace: &Namespace) -> Vec<Key> {
    let keys = Mode::ALL.into_iter().flat_map(|mode| [mode.keys().level, mode.keys().version]);
    keys.filter_map(|key| Key::of(key, namespace)).collect()
}
