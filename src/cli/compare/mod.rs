//! `podsec compare`: what another version of the standards would change.

mod json;
mod table;

use std::{
    collections::{BTreeSet, HashMap},
    io::{IsTerminal, Write},
};

use clap::{Args, ValueEnum};

use super::{
    Failure, Outcome,
    findings::Finding,
    observing::{ExemptRuntimeClasses, Extent, NotTold, Problem, Source, Sources, Subject},
    output::{Notation, Printer, is_coloured},
    versions::version,
};
use crate::{
    assessment::{Difference, Judge, Kind, Turn, compare},
    standards::{Level, LevelVersion, Mode, NEWEST_MINOR, Policy, Verdict, Version},
};

/// Show what newly fails and newly passes under another version
///
/// Judges what runs in a cluster, or manifests in files, by two versions, at baseline and at restricted. Before an
/// upgrade it says what the newer version refuses: labels without a version, and those that say latest, go over to it
/// with the API server.
///
/// Exit status: 0 nothing newly fails, 1 something does, 2 something could not be read or told.
#[derive(Debug, Args)]
pub(super) struct Compare {
    #[command(flatten)]
    sources: Sources,
    /// The version to start from, as in v1.33
    #[arg(long, value_name = "VERSION", value_parser = version)]
    from: Version,
    /// The version to go to. latest is the newest that podsec knows, whatever the cluster is at
    #[arg(long, value_name = "VERSION", default_value = "latest", value_parser = version)]
    to: Version,
    /// The levels to compare at
    #[arg(long = "level", value_name = "LEVEL", value_delimiter = ',', default_values = ["baseline", "restricted"])]
    levels: Vec<Level>,
    #[command(flatten)]
    exempt: ExemptRuntimeClasses,
    /// How to write it
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

/// A format of comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// For people: also what fails as before, for other reasons.
    Wide,
    /// For programs: a Comparison.
    Json,
    /// The same as YAML.
    Yaml,
}

/// What was compared, and what came of it.
#[derive(Debug)]
struct Comparison {
    from: Version,
    to: Version,
    /// What podsec takes a version for that is newer than all that it knows.
    notices: Vec<String>,
    titles: Vec<String>,
    changes: Vec<Change>,
    problems: Vec<Problem>,
    namespaces: usize,
    workloads: usize,
    /// The workloads of which podsec cannot tell at some level.
    in_doubt: usize,
}

impl Comparison {
    /// How many workloads turn so, each once whatever the number of levels.
    fn workloads_of(&self, turn: Turn) -> usize {
        let changes = self.changes.iter().filter(|change| change.turn == turn);
        let names = changes
            .map(|change| (change.context.as_deref(), &*change.namespace, &*change.kind, &*change.workload));
        names.collect::<BTreeSet<_>>().len()
    }
}

/// A workload on which the versions differ.
#[derive(Debug)]
struct Change {
    level: Level,
    context: Option<String>,
    namespace: String,
    kind: String,
    workload: String,
    source: Option<Source>,
    pods: usize,
    turn: Turn,
    from: Option<Verdict>,
    to: Option<Verdict>,
    /// What only the second version has against it.
    gained: Vec<Finding>,
    /// What only the first has.
    lost: Vec<Finding>,
    /// The modes of the namespace that are at this level, and at no version of their own: they go over by themselves.
    follows: Vec<Mode>,
}

impl Compare {
    pub(super) fn run(self, stdout: &mut (impl Write + IsTerminal)) -> Result<Outcome, Failure> {
        let is_coloured = is_coloured(stdout);
        let mut printer = Printer::new(stdout);
        let mut comparison = Comparison {
            from: self.from,
            to: self.to,
            notices: notices([self.from, self.to]),
            titles: Vec::new(),
            changes: Vec::new(),
            problems: Vec::new(),
            namespaces: 0,
            workloads: 0,
            in_doubt: 0,
        };
        let (mut absent, mut unreadable) = (Vec::new(), 0);
        self.sources.each(Extent::Workloads, |subject| {
            match subject {
                Ok(mut subject) => {
                    absent.append(&mut subject.absent);
                    self.compare(subject, &mut comparison);
                }
                Err(problem) => {
                    unreadable += 1;
                    comparison.problems.push(problem);
                }
            }
            Ok::<(), std::io::Error>(())
        })?;
        printer.print(|out| match self.output {
            Format::Table => table::write(out, &comparison, is_coloured, false),
            Format::Wide => table::write(out, &comparison, is_coloured, true),
            Format::Json => json::write(out, Notation::Json, &comparison),
            Format::Yaml => json::write(out, Notation::Yaml, &comparison),
        })?;
        printer.finish()?;
        let (failed, untold) = (comparison.problems.len(), comparison.in_doubt);
        absent.extend(self.sources.unmatched(comparison.namespaces, unreadable));
        NotTold { absent, failed, untold, of: "workload" }.or_all()?;
        let fails = comparison.changes.iter().any(|change| change.turn == Turn::Fails);
        Ok(if fails { Outcome::Findings } else { Outcome::Clean })
    }

    fn compare(&self, subject: Subject, comparison: &mut Comparison) {
        comparison.titles.push(subject.title());
        let Subject { context, inventories, namespaces, sources, problems, .. } = subject;
        comparison.problems.extend(problems);
        for (name, inventory) in &inventories {
            let workloads = inventory.workloads();
            comparison.namespaces += 1;
            comparison.workloads += workloads.iter().len();
            let namespace = namespaces.get(name);
            let mut in_doubt = BTreeSet::new();
            for level in &self.levels {
                let [from, to] = [self.from, self.to].map(|version| {
                    Judge::new(LevelVersion::new(*level, version))
                        .exempting(self.exempt.exempt_runtime_classes.iter().cloned())
                });
                let verdicts = to.assess(&workloads);
                let doubtful =
                    verdicts.verdicts().filter(|(_, verdict)| *verdict == Some(Verdict::Inconclusive));
                in_doubt.extend(doubtful.map(|(workload, _)| (workload.kind().to_string(), workload.name())));
                let follows = namespace.map(|namespace| {
                    let labelled = |mode: &Mode| {
                        let (now, _) = namespace.labelled(*mode, &Policy::default());
                        now.level == *level && now.version == Version::Latest
                    };
                    Mode::ALL.into_iter().filter(labelled).collect()
                });
                let change = |difference| {
                    let change = change(*level, name, difference, &sources);
                    Change {
                        context: context.clone(),
                        follows: Option::clone(&follows).unwrap_or_default(),
                        ..change
                    }
                };
                comparison.changes.extend(compare(&from, &to, &workloads).into_iter().map(change));
            }
            comparison.in_doubt += in_doubt.len();
        }
    }
}

fn change(
    level: Level,
    namespace: &str,
    difference: Difference<'_, '_>,
    sources: &HashMap<(String, &'static str, String), Source>,
) -> Change {
    let turn = difference.turn();
    let Difference { workload, from, to, gained, lost } = difference;
    let (kind, name) = (workload.kind().to_string(), workload.name().to_owned());
    // Manifests are of kinds that podsec knows.
    let known = match workload.kind() {
        Kind::Template(kind) => kind.as_str(),
        Kind::Pod | Kind::Other(_) => "Pod",
    };
    let source = sources.get(&(namespace.to_owned(), known, name.clone()));
    let findings = |blockers: Vec<_>| {
        let finding = |blocker| Finding { modes: vec![Mode::Enforce], ..Finding::from(blocker) };
        blockers.into_iter().map(finding).collect()
    };
    Change {
        level,
        context: None,
        namespace: namespace.to_owned(),
        source: source.cloned(),
        kind,
        workload: name,
        pods: workload.pods(),
        turn,
        from,
        to,
        gained: findings(gained),
        lost: findings(lost),
        follows: Vec::new(),
    }
}

/// What a version is taken for that is newer than all that podsec knows.
fn notices(versions: [Version; 2]) -> Vec<String> {
    let newer =
        |version: &Version| matches!(version, Version::Minor(minor) if *minor > u64::from(NEWEST_MINOR));
    let newer = versions.into_iter().filter(newer);
    newer
        .map(|version| {
            format!("podsec does not know the rules of {version} yet: those of v1.{NEWEST_MINOR} are used")
        })
        .collect()
}
