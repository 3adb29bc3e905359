//! `podsec why`: which profile governs a namespace, which do not and why, and what happens next.

mod explanation;
mod json;
mod table;

#[cfg(test)]
mod tests;

use std::io::{IsTerminal, Write};

use clap::Args;
use jiff::Timestamp;

use self::explanation::Explanation;
use super::{
    Failure, Outcome,
    observing::{Extent, NotTold, Problems, Progress, Selection, ServerFlags, namespace_name},
    output::{Printer, Screen, TableOrDocument},
    plan::cluster_plan::{Draft, Question},
};
use crate::cluster::client::Connection;

/// Explain which profiles govern a namespace, and what happens next
///
/// Reads a cluster and changes nothing in it. For each mode it shows every profile that selects the namespace, the one
/// that governs, and what decided against the others; then who owns each label, how the gate stands, what is in the
/// way, and what the controller or a person is to do next.
///
/// Exit status: 0 nothing is held or broken, 1 something is, 2 something could not be read or told.
#[derive(Debug, Args)]
pub(super) struct Why {
    /// The namespace
    #[arg(value_name = "NAMESPACE", value_parser = namespace_name)]
    namespace: String,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    server: ServerFlags,
    /// How to write it
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: TableOrDocument,
}

/// That podsec has nothing to explain, although the namespace is there.
#[derive(Debug, thiserror::Error)]
#[error("podsec cannot tell all that matters here")]
struct Inconclusive;

impl Why {
    pub(super) fn run(self, stdout: &mut (impl Write + IsTerminal)) -> Result<Outcome, Failure> {
        let screen = Screen::of(stdout);
        let mut printer = Printer::new(stdout);
        let selection = Selection::one(self.connection.clone(), self.namespace.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let observed =
            runtime.block_on(selection.observe(&self.connection, Extent::Reports, &Progress::on_stderr()));
        let (observed, _) = observed.map_err(|problem| Problems(vec![problem]))?;
        if !observed.namespaces.contains_key(&self.namespace) {
            return Err(Problems(observed.problems).into());
        }
        let question = Question { server: self.server, is_partial: true, ..Question::default() };
        let now = Timestamp::now();
        let mut draft = Draft::new(observed, &question, now);
        draft.draw_up();
        let namespace = draft.namespace(&self.namespace).cloned();
        let plan = draft.finish();
        let explanation = namespace.as_ref().and_then(|namespace| Explanation::new(&plan, namespace));
        let Some(explanation) = explanation else {
            return Err(Inconclusive.into());
        };
        printer.print(|out| match self.output.notation() {
            None => table::write(out, &plan, &explanation, screen),
            Some(notation) => json::write(out, notation, &plan, &explanation),
        })?;
        printer.finish()?;
        let report = explanation.report;
        let (failed, untold) = (plan.problems.len(), usize::from(report.is_inconclusive()));
        NotTold { absent: Vec::new(), failed, untold, of: "namespace" }.or_all()?;
        Ok(if report.is_held() || report.is_broken() { Outcome::Findings } else { Outcome::Clean })
    }
}
