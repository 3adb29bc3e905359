//! `podsec recommend`: the highest level that each namespace is clean at.

mod json;
mod present;
mod profiles;
mod table;

#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal, Write};

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use self::present::{Present, Setting};
use super::{
    Failure, Outcome,
    observing::{ExemptRuntimeClasses, Extent, NO_NAMESPACE, NotTold, Problem, Sources, Subject, settings},
    output::{Notation, Printer, is_coloured, tell},
};
use crate::{
    assessment::{CheckCount, Cleanness, Distance, Judge},
    standards::{Level, LevelVersion, Mode, NEWEST_MINOR, Version},
};

/// Recommend the highest level that each namespace is clean at
///
/// Reads a cluster, or manifests in files by the namespaces that they name, and changes nothing. With -o profiles it
/// prints profiles that are ready to be applied; podsec plan -f shows before what they would do.
///
/// Exit status: 0 every namespace could be told, 2 something could not be read or told.
#[derive(Debug, Args)]
pub(super) struct Recommend {
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    exempt: ExemptRuntimeClasses,
    /// How to write it
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

/// A format of recommendations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: one row a namespace.
    Table,
    /// For programs: a Recommendation.
    Json,
    /// The same as YAML.
    Yaml,
    /// Profiles in YAML, ready to be applied.
    Profiles,
}

/// What is recommended for a cluster, or for manifests.
#[derive(Debug)]
struct Recommendation {
    /// `kind-dev (v1.37)`, or `manifests`.
    title: String,
    context: Option<String>,
    /// The version of the standards that it holds for.
    version: Version,
    /// What the user should know of how it came about.
    notices: Vec<String>,
    /// The profiles that are there already; nothing where they could not be listed, and for manifests.
    present: Option<Present>,
    /// By name.
    namespaces: Vec<Recommended>,
    problems: Vec<Problem>,
}

/// What is recommended for a namespace.
#[derive(Debug)]
struct Recommended {
    name: String,
    cleanness: Cleanness,
    workloads: usize,
    pods: usize,
    /// The checks that keep it from the next level.
    checks: Vec<CheckCount>,
    /// What is enforced now, where that is known.
    now: Option<LevelVersion>,
    /// What its modes are set to already, each where it is.
    settings: [Option<Setting>; 3],
    /// Whether only a profile that names it in full governs it.
    protected: bool,
    missing: Vec<String>,
}

impl Recommended {
    /// Whether podsec cannot tell if a higher level could be had.
    fn is_in_doubt(&self) -> bool {
        !self.missing.is_empty()
            || matches!(self.cleanness.next, Some(Distance { violating: 0, inconclusive: 1.., .. }))
    }

    /// The highest level that it is known to be clean at. At privileged all are, which says nothing where podsec cannot
    /// tell of the next level.
    fn clean_at(&self) -> Option<Level> {
        let level = self.cleanness.level;
        let is_known = matches!(self.cleanness.next, None | Some(Distance { violating: 1.., .. }));
        (level != Level::Privileged || is_known).then_some(level)
    }

    /// Whether it stands for manifests that name no namespace.
    fn is_nowhere(&self) -> bool {
        self.name == NO_NAMESPACE
    }
}

/// Profiles of which nobody could say for which cluster they are.
#[derive(Debug, thiserror::Error)]
#[error("profiles are for one cluster: give --context once with -o profiles")]
struct SeveralClusters;

impl Recommend {
    pub(super) fn run(self, stdout: &mut (impl Write + IsTerminal)) -> Result<Outcome, Failure> {
        if self.output == Format::Profiles && self.sources.count() > 1 {
            return Err(SeveralClusters.into());
        }
        let is_coloured = is_coloured(stdout);
        let mut printer = Printer::new(stdout);
        let (mut all, mut failed, mut absent) = (Vec::new(), Vec::new(), Vec::new());
        let now = Timestamp::now();
        self.sources.each(Extent::Profiles, |subject| {
            match subject {
                Ok(mut subject) => {
                    // With profiles all problems are told on stderr, one by one.
                    if self.output != Format::Profiles {
                        absent.append(&mut subject.absent);
                    }
                    all.push(Recommendation::new(subject, &self.exempt, now));
                }
                Err(problem) => failed.push(problem),
            }
            Ok::<(), io::Error>(())
        })?;
        printer.print(|out| match self.output {
            Format::Table => table::write(out, &all, &failed, is_coloured),
            Format::Json => json::write(out, Notation::Json, &all, &failed),
            Format::Yaml => json::write(out, Notation::Yaml, &all, &failed),
            Format::Profiles => {
                all.iter().try_for_each(|recommendation| profiles::write(out, recommendation))
            }
        })?;
        printer.finish()?;
        if self.output == Format::Profiles {
            // What is read by kubectl has no room for them.
            for problem in failed.iter().chain(all.iter().flat_map(|recommendation| &recommendation.problems))
            {
                tell(problem);
            }
        }
        let problems: usize = all.iter().map(|recommendation| recommendation.problems.len()).sum();
        let (unreadable, failed) = (failed.len(), failed.len() + problems);
        let namespaces = || all.iter().flat_map(|recommendation| &recommendation.namespaces);
        let untold = namespaces().filter(|namespace| namespace.is_in_doubt()).count();
        absent.extend(self.sources.unmatched(namespaces().count(), unreadable));
        NotTold { absent, failed, untold, of: "namespace" }.or_all()?;
        Ok(Outcome::Clean)
    }
}

impl Recommendation {
    fn new(subject: Subject, exempt: &ExemptRuntimeClasses, now: Timestamp) -> Self {
        let minor = subject.minor.unwrap_or(NEWEST_MINOR);
        let version = Version::Minor(u64::from(minor.min(NEWEST_MINOR)));
        let mut notices = Vec::new();
        let mut settings = settings(subject.profiles.as_ref(), &mut notices);
        let exempt = exempt.exempt_runtime_classes.iter().cloned();
        settings.server_exempt_runtime_classes.extend(exempt);
        let judge = Judge::new(LevelVersion::new(Level::Restricted, version))
            .on_server(minor)
            .exempting(settings.server_exempt_runtime_classes.iter().cloned());
        let title = subject.title();
        let Subject { context, inventories, namespaces, profiles, problems, .. } = subject;
        let present = profiles.map(|listing| Present::new(listing, minor, settings.clone()));
        let namespaces = inventories.into_iter().map(|(name, inventory)| {
            let workloads = inventory.workloads();
            let cleanness = judge.cleanness(version, &workloads);
            let next = cleanness.next.map(|next| LevelVersion::new(next.level, version));
            let found = namespaces.get(&name);
            Recommended {
                cleanness,
                workloads: workloads.iter().len(),
                pods: workloads.iter().map(crate::assessment::Workload::pods).sum(),
                checks: next.map(|next| judge.by(next).assess(&workloads).checks()).unwrap_or_default(),
                now: found.map(|found| found.labelled(Mode::Enforce, &settings.server_defaults).0),
                settings: found
                    .map(|found| Mode::ALL.map(|mode| present::setting(present.as_ref(), mode, found, now)))
                    .unwrap_or_default(),
                protected: settings.protects(&name),
                missing: inventory.missing().map(ToOwned::to_owned).collect(),
                name,
            }
        });
        let namespaces = namespaces.collect();
        Self { title, context, version, notices, present, namespaces, problems }
    }
}
