//! `podsec checks` and `podsec explain`: what is checked, and how to satisfy it.

use std::{
    ffi::OsStr,
    io::{self, Write},
};

use clap::{
    Arg, Args, Command,
    builder::{PossibleValue, StringValueParser, TypedValueParser},
};

use super::{Failure, Outcome};
use crate::standards::{self, Check};

/// List the checks of the Pod Security Standards
///
/// Lists the checks with their level, the version of Kubernetes that brought them, what they protect, and the items of
/// the CIS Kubernetes Benchmark and of the NSA/CISA guide that they answer to.
#[derive(Debug, Args)]
pub(super) struct Checks {}

/// Explain one check, with a bad and a good manifest
///
/// Says what a check looks at, what it allows since which version and what that protects, and shows a manifest that it
/// refuses beside one that it accepts. The check is given by its id or by its reason, as in: podsec explain
/// runAsNonRoot != true
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The check: its id, as podsec checks lists it, or the reason that podsec check gives
    #[arg(required = true, num_args = 1.., value_name = "CHECK|REASON", value_parser = Named, hide_possible_values = true)]
    check: Vec<String>,
}

/// Takes any word, as reasons have several, and has shells complete the ids.
#[derive(Clone, Debug)]
struct Named;

impl TypedValueParser for Named {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(standards::checks().iter().map(|check| PossibleValue::new(check.id))))
    }
}

/// A word that is no check.
#[derive(Debug, thiserror::Error)]
#[error("there is no check or reason {0:?}; the checks are {known}", known = ids())]
struct UnknownCheck(String);

fn ids() -> String {
    standards::checks().iter().map(|check| check.id).collect::<Vec<_>>().join(", ")
}

impl Checks {
    #[expect(clippy::unused_self, reason = "as every subcommand has it")]
    pub(super) fn run(&self, stdout: &mut impl Write) -> Result<Outcome, Failure> {
        let rows = standards::checks().iter().map(|check| {
            [
                check.id.to_owned(),
                check.level.to_string(),
                format!("v1.{}", check.since()),
                list(check.about.cis),
                list(check.about.nsa),
                check.about.protects.to_owned(),
            ]
        });
        let head = ["CHECK", "LEVEL", "SINCE", "CIS", "NSA/CISA", "PROTECTS"].map(ToOwned::to_owned);
        columns(stdout, &std::iter::once(head).chain(rows).collect::<Vec<_>>())?;
        Ok(Outcome::Clean)
    }
}

/// Items, or a dash for none.
fn list(items: &[&str]) -> String {
    if items.is_empty() { "-".into() } else { items.join(", ") }
}

/// Writes a table; the last column is as wide as it is.
fn columns<const N: usize>(out: &mut impl Write, rows: &[[String; N]]) -> io::Result<()> {
    let mut widths = [0; N];
    for (width, column) in widths.iter_mut().zip(0..N) {
        *width = rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    }
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("   ").trim_end())?;
    }
    Ok(())
}

impl Explain {
    pub(super) fn run(&self, stdout: &mut impl Write) -> Result<Outcome, Failure> {
        let name = self.check.join(" ");
        let found = match standards::check(&name) {
            Some(check) => vec![check],
            None => standards::checks_with_reason(&name),
        };
        if found.is_empty() {
            return Err(UnknownCheck(name).into());
        }
        for (index, check) in found.into_iter().enumerate() {
            if index > 0 {
                writeln!(stdout)?;
            }
            explain(stdout, check)?;
        }
        Ok(Outcome::Clean)
    }
}

fn explain(out: &mut impl Write, check: &Check) -> io::Result<()> {
    let about = &check.about;
    writeln!(out, "{}: {}", check.id, about.title)?;
    writeln!(out, "level {}, since v1.{}\n", check.level, check.since())?;
    for (index, reason) in standards::reasons_of(check).enumerate() {
        writeln!(out, "{}{reason}", if index == 0 { "Reason:    " } else { "           " })?;
    }
    writeln!(out, "Protects:  {}", about.protects)?;
    writeln!(out, "Allows:    {}", about.allows)?;
    for (index, field) in about.fields.iter().enumerate() {
        writeln!(out, "{}{field}", if index == 0 { "Looks at:  " } else { "           " })?;
    }
    for (index, revision) in check.revisions.iter().enumerate() {
        writeln!(
            out,
            "{}v1.{}: {revision}",
            if index == 0 { "History:   " } else { "           " },
            revision.since
        )?;
    }
    if !check.overrides.is_empty() {
        writeln!(out, "Replaces:  {}", check.overrides.join(", "))?;
    }
    for (name, items) in [("CIS Kubernetes:", about.cis), ("NSA/CISA:", about.nsa)] {
        if !items.is_empty() {
            writeln!(out, "{name:<10} {}", items.join(", "))?;
        }
    }
    writeln!(out, "\nRefused:\n\n{}\n\nAccepted:\n\n{}", indented(about.bad), indented(about.good))
}

/// A manifest, set off from the text.
fn indented(manifest: &str) -> String {
    manifest
        .trim_end()
        .lines()
        .map(|line| format!("    {line}").trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}
