//! `podsec check`: judges manifests without a cluster.

pub(in crate::cli) mod file_name;
mod governing;
mod judging;
mod notes;
mod pipeline;
mod policy;
pub(in crate::cli) mod report;

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

use clap::{Args, ValueHint};

use self::{
    file_name::FileName,
    judging::{Item, Rules},
    notes::Notes,
    pipeline::{Source, Step},
    policy::Levels,
    report::{Failure, Summary},
};
use super::{
    Failure as CliFailure, Outcome,
    observing::ExemptRuntimeClasses,
    output::{Format, Printer, Writer, is_coloured, tell},
};
use crate::manifests::{TemplatePath, TemplatePaths};

/// Judge manifests by the Pod Security Standards, without a cluster
///
/// Judges Pods and everything that has a pod template, as the API server would: Pod, PodTemplate,
/// ReplicationController, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job and CronJob, in YAML and JSON, in lists and
/// in many documents to a file. For each finding it names the line, the container, the field and the remedy.
///
/// Exit status: 0 nothing violates the enforced level, 1 something does, 2 something could not be judged.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Files, folders (their .yaml, .yml and .json files, except what git ignores) or - for standard input
    #[arg(required = true, value_name = "FILE|DIR|-", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    levels: Levels,
    /// Where a custom resource has a pod template, as in Rollout.argoproj.io=spec.template; [*] after a field stands for
    /// every item of a list. Can be given several times
    #[arg(long = "template-path", value_name = "KIND=PATH")]
    template_paths: Vec<TemplatePath>,
    #[command(flatten)]
    exempt: ExemptRuntimeClasses,
    /// How to write what is found
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

impl Check {
    pub(super) fn run(self, stdout: &mut (impl Write + IsTerminal)) -> Result<Outcome, CliFailure> {
        let policy = self.levels.policy()?;
        policy.notices.iter().for_each(tell);
        let rules = Rules {
            modes: policy.modes,
            evaluator: policy.evaluator,
            exempt_runtime_classes: self.exempt.exempt_runtime_classes,
            templates: TemplatePaths::new(self.template_paths),
            namespace: self.levels.namespace,
        };
        let writer = self.output.writer(is_coloured(stdout));
        let sources: Vec<_> = self.paths.into_iter().map(source).collect();
        let mut run = Run::new(writer, Printer::new(stdout));
        run.tell(|writer, out| writer.begin(out, rules.modes))?;
        pipeline::run(&sources, &rules, |step| run.step(step))?;
        run.notes.lines(rules.templates.unused()).iter().for_each(tell);
        run.finish()
    }
}

fn source(path: PathBuf) -> Source {
    if path.as_os_str() == "-" { Source::Stdin } else { Source::Path(path) }
}

/// What was found so far, and where it is written.
struct Run<W: Write> {
    writer: Box<dyn Writer>,
    printer: Printer<W>,
    summary: Summary,
    notes: Notes,
    argument: Option<Argument>,
    file: FileName,
}

/// One of the paths that were given.
struct Argument {
    name: FileName,
    has_manifest: bool,
}

impl<W: Write> Run<W> {
    fn new(writer: Box<dyn Writer>, printer: Printer<W>) -> Self {
        Self {
            writer,
            printer,
            summary: Summary::default(),
            notes: Notes::default(),
            argument: None,
            file: FileName::default(),
        }
    }

    fn tell(
        &mut self,
        tell: impl FnOnce(&mut dyn Writer, &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CliFailure> {
        Ok(self.printer.print(|out| tell(self.writer.as_mut(), out))?)
    }

    fn step(&mut self, step: Step) -> Result<(), CliFailure> {
        let item = match step {
            Step::Argument(name) => {
                self.end_argument()?;
                self.argument = Some(Argument { name, has_manifest: false });
                return Ok(());
            }
            Step::File(name) => {
                self.summary.files += 1;
                self.file = name;
                return Ok(());
            }
            Step::Ignored(name) => {
                self.summary.ignored += 1;
                return self.tell(|writer, out| writer.ignored(out, &name));
            }
            Step::Item(item) => item,
        };
        let is_manifest = match &item {
            Item::Document => false,
            Item::Skipped(skipped) => !skipped.kind.is_empty(),
            Item::Workload(_) | Item::Failure(_) => true,
        };
        if let (Some(argument), true) = (&mut self.argument, is_manifest) {
            argument.has_manifest = true;
        }
        let file = std::mem::take(&mut self.file);
        self.item(&file, &item)?;
        self.file = file;
        Ok(())
    }

    fn item(&mut self, file: &FileName, item: &Item) -> Result<(), CliFailure> {
        match item {
            Item::Document => {
                self.summary.documents += 1;
                Ok(())
            }
            Item::Skipped(skipped) => {
                self.summary.skip(skipped);
                self.notes.skipped(skipped);
                self.tell(|writer, out| writer.skipped(out, file, skipped))
            }
            Item::Workload(workload) => {
                self.summary.count(workload);
                self.tell(|writer, out| writer.workload(out, file, workload))
            }
            Item::Failure(failure) => self.failed(file, failure),
        }
    }

    fn failed(&mut self, file: &FileName, failure: &Failure) -> Result<(), CliFailure> {
        self.summary.failed += 1;
        self.tell(|writer, out| writer.failure(out, file, failure))
    }

    /// A path that yields no manifest was probably meant to yield one.
    fn end_argument(&mut self) -> Result<(), CliFailure> {
        let Some(Argument { name, has_manifest: false }) = self.argument.take() else { return Ok(()) };
        let message = "holds no Kubernetes manifest".into();
        self.failed(&name, &Failure { place: None, object: None, message })
    }

    fn finish(mut self) -> Result<Outcome, CliFailure> {
        self.end_argument()?;
        let summary = std::mem::take(&mut self.summary);
        self.tell(|writer, out| writer.end(out, &summary))?;
        self.printer.finish()?;
        let Summary { failed, inconclusive, violating, .. } = summary;
        if failed + inconclusive > 0 {
            return Err(NotJudged { failed, inconclusive }.into());
        }
        Ok(if violating > 0 { Outcome::Findings } else { Outcome::Clean })
    }
}

/// That not all could be judged. What and why is part of the output.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
struct NotJudged {
    failed: u64,
    inconclusive: u64,
}

impl NotJudged {
    fn text(&self) -> String {
        let count = |count: u64, what: &str| (count > 0).then(|| format!("{count} {what}"));
        let parts =
            [count(self.failed, "could not be judged"), count(self.inconclusive, "remained inconclusive")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}
