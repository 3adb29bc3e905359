//! From the API server's own configuration of Pod Security.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
};

use clap::{Args, ValueHint};

use super::{
    configured::configured,
    output::{Format, write},
};
use crate::{
    cli::{
        Failure, Outcome,
        output::{Printer, Screen, tell},
    },
    migration::{
        Fate,
        admission_configuration::{NAME, imported},
    },
};

/// Write the API server's Pod Security configuration as profiles
///
/// Reads the file of --admission-control-config-file, with the PodSecurity plugin inline or in a file of its own, or a bare
/// PodSecurityConfiguration, and checks it as the API server does. The defaults become a profile of the lowest priority
/// over every namespace, exempt namespaces become exemptions; what labels cannot say is listed. Nothing is changed.
///
/// Exit status: 0 all of it is in the profiles or has another place, 1 something is not possible with labels, 2 it could
/// not be read.
#[derive(Debug, Args)]
pub(super) struct AdmissionConfiguration {
    /// The file, or - for standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// The name of the profile
    #[arg(long, default_value = NAME, value_parser = profile_name)]
    name: String,
    /// How to write it
    #[arg(short, long, value_name = "FORMAT", default_value = "profiles")]
    output: Format,
}

fn profile_name(text: &str) -> Result<String, String> {
    // Further profiles have the name with an end of their own.
    let is_name = (1..=50).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    is_name
        .then(|| text.to_owned())
        .ok_or_else(|| "must be at most 50 lower-case letters, digits and -".to_owned())
}

/// That the API server would not start with the configuration.
#[derive(Debug, thiserror::Error)]
#[error("the API server would not start with this")]
struct Refused;

impl AdmissionConfiguration {
    pub(super) fn run(self, stdout: &mut (impl Write + IsTerminal)) -> Result<Outcome, Failure> {
        let configured = configured(&self.file)?;
        for notice in &configured.notices {
            tell(notice);
        }
        let configuration = match configured.checked {
            Ok(configuration) => configuration,
            Err(problems) => {
                problems.iter().for_each(tell);
                return Err(Refused.into());
            }
        };
        let imported = imported(&configuration, &self.name, &configured.source);
        let screen = Screen::of(stdout);
        let mut printer = Printer::new(stdout);
        printer.print(|out| write(out, self.output, &configured.source, &imported, screen))?;
        printer.finish()?;
        let is_lost = imported.entries.iter().any(|entry| entry.fate == Fate::NotPossible);
        Ok(if is_lost { Outcome::Findings } else { Outcome::Clean })
    }
}
