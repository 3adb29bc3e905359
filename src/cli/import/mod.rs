//! `podsec import`: what others have in place, as profiles. One file for each of them; what they mean is in
//! `migration`.

mod admission_configuration;
mod configured;
mod output;

#[cfg(test)]
mod tests;

use std::io::{IsTerminal, Write};

use clap::{Args, Subcommand};

use super::{Failure, Outcome};

/// Write profiles from what others have in place
///
/// Reads files and writes profiles, with an account of what they say and what they cannot. Nothing is changed.
#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    AdmissionConfiguration(admission_configuration::AdmissionConfiguration),
}

impl Import {
    pub(super) fn run(self, stdout: &mut (impl Write + IsTerminal)) -> Result<Outcome, Failure> {
        match self.from {
            From::AdmissionConfiguration(command) => command.run(stdout),
        }
    }
}
