//! `podsec release`: letting go of labels by hand.

mod json;
mod table;

use std::{
    collections::BTreeSet,
    io::{IsTerminal, Write},
};

use clap::Args;
use jiff::Timestamp;

use super::{
    Failure, Outcome,
    observing::{Named, NotTold, Problem, Problems, Progress, Selection},
    output::{Printer, TableOrDocument, is_coloured, tell},
};
use crate::{
    controller::{LetGoError, let_go},
    rollout::{self, ModePlan, Namespace, NamespacePlan, Release as How, Verdict},
};

/// Let go of labels by hand, without the controller
///
/// For uninstalling, when the controller is gone already: gives the labels that podsec owns to the field manager
/// podsec-retained, in place, or removes them, as the releasePolicy of the profile that set them said (it is noted on the
/// namespace), and takes podsec's notes and its report away. Labels that somebody else owns too stay in any case. Without
/// --yes it only shows what it would do. While the controller runs, delete the profiles instead: it sets again what they
/// ask for.
///
/// Exit status: 0 done, or nothing to do; 2 something could not be read or written.
#[derive(Debug, Args)]
pub(super) struct Release {
    /// All namespaces; otherwise name them with -n, or select them with -l
    #[arg(long, conflicts_with_all = ["namespaces", "selector"])]
    all: bool,
    /// Do it. Without this nothing is changed
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    selection: Selection,
    /// How to write it
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: TableOrDocument,
}

#[derive(Debug, thiserror::Error)]
#[error("which namespaces? name them with -n, select them with -l, or give --all")]
struct Unselected;

/// So many namespaces in a row that the API server does not answer for are enough.
const PATIENCE: u32 = 3;

/// What became, or would become, of what podsec has in one cluster.
#[derive(Debug)]
struct OfCluster {
    name: String,
    released: Vec<Released>,
    /// Whether everything there was looked at, and let go of where that was to be done.
    is_whole: bool,
}

/// What became, or would become, of one namespace.
#[derive(Debug)]
struct Released {
    namespace: String,
    /// None where podsec has nothing there but notes or a report.
    modes: Vec<(ModePlan, Fate)>,
    /// What podsec knew its own work by, where there is no mode of its.
    cleared: Option<Cleared>,
}

/// What becomes of the labels of a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Removed,
    Left,
    LeftToOthers,
}

/// What is taken away where no label is podsec's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cleared {
    Notes,
    Report,
}

impl Released {
    fn of(plan: NamespacePlan, namespace: &Namespace, has_report: bool) -> Option<Self> {
        let cleared = if plan.requests.is_empty() { Cleared::Report } else { Cleared::Notes };
        if cleared == Cleared::Report && !has_report {
            return None;
        }
        let fate = |mode: ModePlan| {
            let is_shared = namespace.shares_level(mode.mode).is_some();
            let fate = match mode.verdict {
                Verdict::Release(How::Remove) if is_shared => Fate::LeftToOthers,
                Verdict::Release(How::Remove) => Fate::Removed,
                _ => Fate::Left,
            };
            (mode, fate)
        };
        let modes: Vec<_> = plan.modes.into_iter().map(fate).collect();
        let cleared = modes.is_empty().then_some(cleared);
        Some(Self { namespace: namespace.name.clone(), modes, cleared })
    }
}

impl Release {
    pub(super) fn run(self, stdout: &mut (impl Write + IsTerminal)) -> Result<Outcome, Failure> {
        if !self.all && !self.selection.is_partial() {
            return Err(Unselected.into());
        }
        let is_coloured = is_coloured(stdout);
        let mut printer = Printer::new(stdout);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let (mut clusters, mut failed) = (Vec::new(), Vec::new());
        let (mut namespaces, mut unreadable) = (0, 0);
        for connection in self.selection.connections() {
            let mut cluster = match runtime.block_on(self.selection.list_namespaces(&connection)) {
                Ok(cluster) => cluster,
                Err(problem) => {
                    failed.push(problem);
                    unreadable += 1;
                    continue;
                }
            };
            let failed_before = failed.len();
            failed.append(&mut cluster.problems);
            namespaces += cluster.namespaces.len();
            tell_of_profiles(cluster.profiles.as_ref());
            let released = runtime.block_on(self.release(&cluster, &mut failed));
            let is_whole = failed.len() == failed_before;
            clusters.push(OfCluster { name: cluster.name, released, is_whole });
        }
        let absent: Vec<_> = self.selection.unmatched(namespaces, unreadable).into_iter().collect();
        printer.print(|out| match self.output.notation() {
            // What is not there at all is told as what went wrong, and then there is nothing else to tell.
            None if !absent.is_empty() => Ok(()),
            None => table::write(out, self.yes, &clusters, is_coloured),
            Some(notation) => json::write(out, notation, self.yes && failed.is_empty(), &clusters, &failed),
        })?;
        printer.finish()?;
        NotTold { absent, failed: 0, untold: 0, of: "namespace" }.or_all()?;
        if failed.is_empty() { Ok(Outcome::Clean) } else { Err(Problems(failed).into()) }
    }

    async fn release(&self, cluster: &Named, failed: &mut Vec<Problem>) -> Vec<Released> {
        let progress = Progress::on_stderr();
        let reported = cluster.reported(self.selection.is_partial()).await.unwrap_or_else(|problem| {
            failed.push(problem);
            BTreeSet::new()
        });
        let mut released = Vec::new();
        let count = cluster.namespaces.len();
        let mut unanswered = 0;
        for (index, (name, namespace)) in cluster.namespaces.iter().enumerate() {
            progress.say(|| format!("{} of {count} namespaces", index + 1));
            let has_report = reported.contains(name);
            let planned = rollout::let_go(namespace, Timestamp::now());
            if planned.requests.is_empty() && !has_report || !self.yes {
                released.extend(Released::of(planned, namespace, has_report));
                continue;
            }
            match let_go(&cluster.client, namespace.clone()).await {
                Ok(done) => {
                    unanswered = 0;
                    released.extend(done.and_then(|plan| Released::of(plan, namespace, has_report)));
                }
                Err(error) => {
                    unanswered += u32::from(matches!(error, LetGoError::Call(_)));
                    let message = error.to_string();
                    failed.push(Problem { place: format!("namespace {name}"), message });
                    if unanswered >= PATIENCE {
                        let message =
                            format!("the API server does not answer: {} not looked at", count - index - 1);
                        failed.push(Problem { place: "namespaces".to_owned(), message });
                        break;
                    }
                }
            }
        }
        progress.end();
        released
    }
}

fn tell_of_profiles(count: Result<&usize, &String>) {
    let text = match count {
        Err(error) => format!(
            "it cannot be told whether there are profiles, from which a controller that runs sets its labels again: {error}"
        ),
        Ok(0) => return,
        Ok(1) => "1 profile is still there: a controller that runs sets again what it asks for".to_owned(),
        Ok(count) => {
            format!("{count} profiles are still there: a controller that runs sets again what they ask for")
        }
    };
    tell(&text);
}
