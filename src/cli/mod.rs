//! The command line: one file for each subcommand.
//!
//! Results go to stdout, everything else to stderr. Exit status: 0 clean, 1 findings, 2 could not do it.

mod check;
mod checks;
mod compare;
mod completions;
mod controller;
mod crds;
mod findings;
mod generate;
mod import;
mod key_owners;
mod nearest;
mod observing;
mod output;
mod owners;
mod plan;
mod probe;
mod profile_files;
mod recommend;
mod release;
mod versions;
mod why;

use std::{
    error::Error,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Keeps Pod Security Admission labels right on every namespace of a cluster
///
/// You write a ClusterPodSecurityProfile: which namespaces, which levels, how to get there. The controller works out
/// which namespaces it governs, sets their labels, puts back what somebody lowers, and explains every decision in
/// kubectl get and in Events.
///
/// Exit status: 0 done, 1 done with findings, 2 could not do it.
#[derive(Debug, Parser)]
#[command(
    name = "podsec",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Plan(Box<plan::Plan>),
    Why(Box<why::Why>),
    Owners(Box<owners::Owners>),
    Recommend(Box<recommend::Recommend>),
    Compare(Box<compare::Compare>),
    Check(Box<check::Check>),
    Checks(checks::Checks),
    Explain(checks::Explain),
    Controller(Box<controller::Run>),
    Probe(probe::Probe),
    Release(Box<release::Release>),
    Generate(Box<generate::Generate>),
    Import(Box<import::Import>),
    /// Print the CustomResourceDefinitions as YAML
    ///
    /// Prints the CustomResourceDefinitions as YAML, as in: podsec crds | kubectl apply --server-side -f -
    Crds,
    Completions(completions::Completions),
}

/// What a subcommand that did its work found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// Nothing to object to: exit status 0.
    Clean,
    /// Something that the caller asked to be told of: exit status 1.
    Findings,
}

/// What kept a subcommand from doing its work: exit status 2.
type Failure = Box<dyn Error + Send + Sync>;

impl Cli {
    /// Reads the command line, as `podsec` or, where the binary is called `kubectl-podsec`, as `kubectl podsec`. Does
    /// not return where there is nothing to run: a mistake, `--help`, `--version`.
    pub fn parse() -> Self {
        let arguments: Vec<_> = std::env::args_os().collect();
        let name = arguments.first().and_then(|called| Path::new(called).file_stem());
        let command = if name.is_some_and(|name| name == "kubectl-podsec") {
            Self::command().name("kubectl podsec").bin_name("kubectl podsec").display_name("kubectl podsec")
        } else {
            Self::command()
        };
        let parsed = command.try_get_matches_from(arguments);
        parsed.and_then(|matches| Self::from_arg_matches(&matches)).unwrap_or_else(|error| error.exit())
    }

    /// Runs the subcommand, tells what went wrong, and says with what status to exit.
    pub fn run(self) -> ExitCode {
        let stdout = &mut io::stdout().lock();
        let outcome = match self.command {
            Command::Plan(command) => command.run(stdout),
            Command::Why(command) => command.run(stdout),
            Command::Owners(command) => command.run(stdout),
            Command::Recommend(command) => command.run(stdout),
            Command::Compare(command) => command.run(stdout),
            Command::Check(command) => command.run(stdout),
            Command::Checks(command) => command.run(stdout),
            Command::Explain(command) => command.run(stdout),
            Command::Controller(command) => command.run(),
            Command::Probe(command) => command.run(stdout),
            Command::Release(command) => command.run(stdout),
            Command::Generate(command) => command.run(stdout),
            Command::Import(command) => command.run(stdout),
            Command::Crds => crds::run(stdout),
            Command::Completions(command) => command.run(stdout),
        };
        // A reader who leaves early changes nothing about what was found.
        let flushed = stdout.flush().or_else(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Ok(()),
            _ => Err(error),
        });
        match outcome.and_then(|outcome| Ok(flushed.map(|()| outcome)?)) {
            Ok(Outcome::Clean) => ExitCode::SUCCESS,
            Ok(Outcome::Findings) => ExitCode::from(1),
            Err(failure) if is_closed_pipe(failure.as_ref()) => ExitCode::SUCCESS,
            Err(failure) => {
                output::tell(&with_causes(failure.as_ref()));
                ExitCode::from(2)
            }
        }
    }
}

/// Whether the reader of stdout has left, as `head` does when it has enough.
fn is_closed_pipe(failure: &(dyn Error + 'static)) -> bool {
    causes(failure)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// An error and what it came from, in one line.
fn with_causes(failure: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in causes(failure).map(ToString::to_string) {
        // Many errors tell their cause themselves.
        if !text.contains(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    text
}

fn causes<'a>(failure: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(failure), |&error| error.source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
