//! The `podsec` binary: parse, dispatch, exit status.

use std::process::ExitCode;

use podsec::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
