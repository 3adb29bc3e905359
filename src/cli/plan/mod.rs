//! `podsec plan`: what the controller would do in a cluster, and what that would break.

pub(super) mod cluster_plan;
mod cross_check;
mod judging;
pub(super) mod model;
pub(super) mod output;
mod overview;
mod totals;

#[cfg(test)]
mod fight_tests;
#[cfg(test)]
mod soak_tests;
#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod words_tests;

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
};

use clap::{Args, ValueHint};
use jiff::Timestamp;

use self::{
    cluster_plan::{Draft, Question},
    cross_check::cross_check,
    output::{Format, Writer},
    totals::Totals,
};
use super::{
    Failure, Outcome,
    observing::{Extent, NotTold, Progress, Selection, ServerFlags},
    output::{Printer, Screen},
    profile_files::read_paths,
    versions::level_and_spec,
};
use crate::{api::VersionSpec, controller::Changes, standards::Level};

/// Show what podsec would do in a cluster, and what that would break
///
/// Reads a cluster and changes nothing in it: plans its namespaces by the profiles there as the controller does, with
/// changes of them that are only thought of, and judges every workload by what enforce is to be. Without any profile it
/// says which level each namespace is ready for.
///
/// Exit status: 0 nothing would be held or broken, 1 something would, 2 something could not be read or told.
#[derive(Debug, Args)]
pub(super) struct Plan {
    #[command(flatten)]
    selection: Selection,
    /// Plan as if these profiles were applied: files, folders or - for standard input. One that has the name of a
    /// profile in the cluster takes its place
    #[arg(short, long = "filename", value_name = "FILE|DIR|-", value_hint = ValueHint::AnyPath)]
    filenames: Vec<PathBuf>,
    /// Plan as if this profile were deleted. Can be given several times
    #[arg(long = "without", value_name = "NAME")]
    without: Vec<String>,
    /// Plan as if enforce were raised to this level in every namespace, whatever the profiles say. The version is the
    /// API server's own unless given
    #[arg(long, value_name = "LEVEL[:VERSION]", value_parser = level_and_spec, conflicts_with_all = ["filenames", "without"])]
    enforce: Option<(Level, VersionSpec)>,
    #[command(flatten)]
    server: ServerFlags,
    /// Ask the API server for its own verdict on every enforce label that is planned, by a dry run, and list every
    /// disagreement. It takes the right to patch namespaces; nothing is stored
    #[arg(long)]
    cross_check: bool,
    /// How to write what is planned
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

impl Plan {
    pub(super) fn run(self, stdout: &mut (impl Write + IsTerminal)) -> Result<Outcome, Failure> {
        let question = Question {
            changes: Changes { applied: read_paths(&self.filenames)?, deleted: self.without.clone() },
            enforce: self.enforce,
            server: self.server.clone(),
            is_partial: self.selection.is_partial(),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let writer = self.output.writer(Screen::of(stdout));
        let printer = Printer::new(stdout);
        runtime.block_on(self.carry_out(&question, writer, printer))
    }

    async fn carry_out<W: Write>(
        &self,
        question: &Question,
        mut writer: Box<dyn Writer>,
        mut printer: Printer<W>,
    ) -> Result<Outcome, Failure> {
        let progress = Progress::on_stderr();
        let mut totals = Totals::default();
        let (mut absent, mut unreadable) = (Vec::new(), 0);
        let connections = self.selection.connections();
        printer.print(|out| writer.begin(out))?;
        for connection in &connections {
            // What was asked for by a flag is planned in place of all profiles.
            let extent = if question.enforce.is_none() { Extent::Reports } else { Extent::Workloads };
            match self.selection.observe(connection, extent, &progress).await {
                Ok((mut observed, client)) => {
                    absent.append(&mut observed.absent);
                    let mut draft = Draft::new(observed, question, Timestamp::now());
                    if self.cross_check {
                        cross_check(&client, &mut draft, &progress).await;
                    }
                    let plan = draft.finish();
                    totals += plan.totals();
                    printer.print(|out| writer.cluster(out, &plan))?;
                }
                Err(problem) => {
                    totals.failed += 1;
                    unreadable += 1;
                    printer.print(|out| writer.unreadable(out, &problem))?;
                }
            }
        }
        printer.print(|out| writer.end(out, &totals))?;
        printer.finish()?;
        let Totals { failed, inconclusive_namespaces, namespaces, held, broken, .. } = totals;
        absent.extend(self.selection.unmatched(namespaces, unreadable));
        NotTold { absent, failed, untold: inconclusive_namespaces, of: "namespace" }.or_all()?;
        Ok(if held + broken > 0 { Outcome::Findings } else { Outcome::Clean })
    }
}
