//! `podsec release`: letting go of labels by hand.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal, Write},
};

use clap::Args;
use jiff::Timestamp;
use kube::Client;

use super::{
    Failure, Outcome,
    observing::{Problem, Progress, Selection},
    output::{Cell, Columns, Printer, is_coloured, plain},
};
use crate::{
    controller::{LetGoError, let_go},
    rollout::{self, ModePlan, Namespace, NamespacePlan, Release as How, Verdict},
};

/// Let go of labels by hand, without the controller
///
/// For uninstalling, when the controller is gone already: gives the labels that podsec owns to the field manager
/// podsec-retained, in place, or removes them, as the releasePolicy of the profile that set them said (it is noted on the
/// namespace), and takes podsec's notes away. Labels that somebody else owns too stay in any case. Without --yes it only
/// shows what it would do. While the controller runs, delete the profiles instead: it sets again what they ask for.
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
}

#[derive(Debug, thiserror::Error)]
enum ReleaseError {
    #[error("which namespaces? name them with -n, select them with -l, or give --all")]
    Unselected,
    #[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("; "))]
    Failed(Vec<Problem>),
}

/// So many namespaces in a row that the API server does not answer for are enough.
const PATIENCE: u32 = 3;

/// What became, or would become, of the modes of one namespace.
#[derive(Debug)]
struct Released {
    namespace: String,
    modes: Vec<(ModePlan, &'static str)>,
}

impl Released {
    fn of(plan: NamespacePlan, namespace: &Namespace) -> Option<Self> {
        let has_work = !plan.requests.is_empty();
        let fate = |mode: ModePlan| {
            let is_shared = namespace.owners.foreign(mode.mode.keys().level).is_some();
            let fate = match mode.verdict {
                Verdict::Release(How::Remove) if is_shared => "left in place, owned by others too",
                Verdict::Release(How::Remove) => "removed",
                _ => "left in place",
            };
            (mode, fate)
        };
        let modes = plan.modes.into_iter().map(fate).collect();
        has_work.then(|| Self { namespace: namespace.name.clone(), modes })
    }
}

impl Release {
    pub(super) fn run(self, stdout: &mut (impl Write + IsTerminal)) -> Result<Outcome, Failure> {
        if !self.all && !self.selection.is_partial() {
            return Err(ReleaseError::Unselected.into());
        }
        let is_coloured = is_coloured(stdout);
        let mut printer = Printer::new(stdout);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let mut failed = Vec::new();
        for connection in self.selection.connections() {
            let progress = Progress::on_stderr();
            let cluster = match runtime.block_on(self.selection.list_namespaces(&connection)) {
                Ok(cluster) => cluster,
                Err(problem) => {
                    failed.push(problem);
                    continue;
                }
            };
            let failed_before = failed.len();
            failed.extend(cluster.problems);
            let released =
                runtime.block_on(self.release(&cluster.client, cluster.namespaces, &mut failed, &progress));
            progress.end();
            if cluster.profiles > 0 {
                let count = cluster.profiles;
                let noun = if count == 1 { "profile is" } else { "profiles are" };
                // Nobody is left to be told when stderr is closed.
                _ = writeln!(
                    io::stderr(),
                    "podsec: {count} {noun} still there: a controller that runs sets again what they ask for"
                );
            }
            // What failed is told at the end; then it would be wrong to say that there was nothing to do.
            if !released.is_empty() || failed.len() == failed_before {
                printer.print(|out| self.write(out, &cluster.name, &released, is_coloured))?;
            }
        }
        printer.finish()?;
        if failed.is_empty() { Ok(Outcome::Clean) } else { Err(ReleaseError::Failed(failed).into()) }
    }

    async fn release(
        &self,
        client: &Client,
        namespaces: BTreeMap<String, Namespace>,
        failed: &mut Vec<Problem>,
        progress: &Progress,
    ) -> Vec<Released> {
        let mut released = Vec::new();
        let count = namespaces.len();
        let mut unanswered = 0;
        for (index, (name, namespace)) in namespaces.into_iter().enumerate() {
            progress.say(|| format!("{} of {count} namespaces", index + 1));
            let planned = rollout::let_go(&namespace, Timestamp::now());
            if planned.requests.is_empty() || !self.yes {
                released.extend(Released::of(planned, &namespace));
                continue;
            }
            match let_go(client, namespace.clone()).await {
                Ok(done) => {
                    unanswered = 0;
                    released.extend(done.and_then(|plan| Released::of(plan, &namespace)));
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
        released
    }

    fn write(
        &self,
        out: &mut dyn Write,
        cluster: &str,
        released: &[Released],
        is_coloured: bool,
    ) -> io::Result<()> {
        if released.is_empty() {
            return writeln!(out, "{}: podsec owns nothing there", plain(cluster));
        }
        let mut columns =
            Columns::new(["NAMESPACE", "MODE", "VALUE", if self.yes { "WAS" } else { "WOULD BE" }]);
        for Released { namespace, modes } in released {
            for (index, (plan, fate)) in modes.iter().enumerate() {
                columns.row([
                    Cell::new(if index == 0 { namespace.as_str() } else { "" }),
                    Cell::new(plan.mode.as_str()),
                    Cell::new(plan.present.to_string()),
                    Cell::new(fate),
                ]);
            }
            if modes.is_empty() {
                columns.row([
                    Cell::new(namespace),
                    "-".into(),
                    "-".into(),
                    Cell::new("cleared of podsec's notes"),
                ]);
            }
        }
        columns.write(out, is_coloured)?;
        if !self.yes {
            writeln!(out, "\nnothing was changed; to do it: the same with --yes")?;
        }
        Ok(())
    }
}
