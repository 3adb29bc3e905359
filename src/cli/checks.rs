//! `podsec checks` and `podsec explain`: what is checked, and how to satisfy it.

use std::{
    ffi::OsStr,
    io::{self, Write},
};

use clap::{
    Arg, Args, Command,
    builder::{PossibleValue, StringValueParser, TypedValueParser},
};

use serde::Serialize;

use super::{
    Failure, Outcome,
    nearest::nearest,
    output::{Notation, TableOrDocument, json::API_VERSION},
};
use crate::standards::{self, Check, Level};

/// List the checks of the Pod Security Standards
///
/// Lists the checks with their level, the version of Kubernetes that brought them, what they protect, and the items of
/// the CIS Kubernetes Benchmark and of the NSA/CISA guide that they answer to.
#[derive(Debug, Args)]
pub(super) struct Checks {
    /// How to write them
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: TableOrDocument,
}

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
    /// How to write it
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: TableOrDocument,
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
#[error("there is no check or reason {name:?}; {}", self.hint())]
struct UnknownCheck {
    name: String,
}

impl UnknownCheck {
    fn hint(&self) -> String {
        let ids = || standards::checks().iter().map(|check| check.id);
        let reasons = standards::checks().iter().flat_map(standards::reasons_of);
        match nearest(&self.name, ids().chain(reasons)).as_slice() {
            [] => format!("the checks are {}", ids().collect::<Vec<_>>().join(", ")),
            near => format!("is {} meant? podsec checks lists all", near.join(" or ")),
        }
    }
}

/// Checks, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    api_version: &'static str,
    kind: &'static str,
    checks: Vec<Told>,
}

/// A check, for programs.
#[derive(Serialize)]
struct Told {
    id: &'static str,
    title: &'static str,
    level: Level,
    since: String,
    reasons: Vec<&'static str>,
    protects: &'static str,
    allows: &'static str,
    fields: &'static [&'static str],
    history: Vec<Since>,
    /// The checks in whose place it stands.
    replaces: &'static [&'static str],
    cis: &'static [&'static str],
    nsa: &'static [&'static str],
    /// Manifests, one that it refuses and the same mended.
    refused: &'static str,
    accepted: &'static str,
}

#[derive(Serialize)]
struct Since {
    version: String,
    change: String,
}

impl From<&'static Check> for Told {
    fn from(check: &'static Check) -> Self {
        let about = &check.about;
        let since = |minor: u32| format!("v1.{minor}");
        let history = check
            .revisions
            .iter()
            .map(|revision| Since { version: since(revision.since), change: revision.to_string() });
        Self {
            id: check.id,
            title: about.title,
            level: check.level,
            since: since(check.since()),
            reasons: standards::reasons_of(check).collect(),
            protects: about.protects,
            allows: about.allows,
            fields: about.fields,
            history: history.collect(),
            replaces: check.overrides,
            cis: about.cis,
            nsa: about.nsa,
            refused: about.bad,
            accepted: about.good,
        }
    }
}

/// Writes checks for programs.
fn document(
    out: &mut dyn Write,
    notation: Notation,
    checks: impl IntoIterator<Item = &'static Check>,
) -> io::Result<()> {
    let checks = checks.into_iter().map(Told::from).collect();
    notation.write(out, &Document { api_version: API_VERSION, kind: "CheckList", checks })
}

impl Checks {
    pub(super) fn run(&self, stdout: &mut impl Write) -> Result<Outcome, Failure> {
        if let Some(notation) = self.output.notation() {
            document(stdout, notation, standards::checks())?;
            return Ok(Outcome::Clean);
        }
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
            return Err(UnknownCheck { name }.into());
        }
        if let Some(notation) = self.output.notation() {
            document(stdout, notation, found)?;
            return Ok(Outcome::Clean);
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
