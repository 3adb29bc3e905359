//! `podsec completions`

use std::io::Write;

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::{
    generate,
    shells::{Bash, Fish, Zsh},
};

use super::{Cli, Failure, Outcome};

/// Print a shell's completion script
///
/// Prints a shell's completion script. For bash: source <(podsec completions bash); for zsh, as a file _podsec in a
/// folder of $fpath; for fish: podsec completions fish | source
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell to complete for
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Completions {
    pub(super) fn run(&self, stdout: &mut impl Write) -> Result<Outcome, Failure> {
        let command = &mut Cli::command();
        // The generators take a failing write for a bug, and a closed pipe is none.
        let mut script = Vec::new();
        match self.shell {
            Shell::Bash => generate(Bash, command, "podsec", &mut script),
            Shell::Zsh => generate(Zsh, command, "podsec", &mut script),
            Shell::Fish => generate(Fish, command, "podsec", &mut script),
        }
        stdout.write_all(&script)?;
        Ok(Outcome::Clean)
    }
}
