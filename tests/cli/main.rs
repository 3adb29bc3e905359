//! What needs no cluster: the command line, and what it prints.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod check;
mod command_line;
mod crds;
mod levels;
mod plan;
mod profile_rules;
#[path = "../profiles/table.rs"]
mod table;

use std::process::{Command, Output};

/// The binary, with nothing of the tester's terminal.
fn podsec() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podsec"));
    command.env_remove("COLUMNS").env("NO_COLOR", "1");
    command
}

/// Runs the binary.
fn run(arguments: &[&str]) -> Output {
    podsec().args(arguments).output().expect("the binary runs")
}

/// Stdout as text.
fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).expect("output is UTF-8")
}

/// Stderr as text.
fn stderr(output: &Output) -> &str {
    str::from_utf8(&output.stderr).expect("output is UTF-8")
}
