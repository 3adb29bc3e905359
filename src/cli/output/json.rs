//! A `CheckReport` as JSON. What a version of it means does not change; fields may be added.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use serde::Serialize;

use super::Writer;
use crate::{
    cli::check::{
        file_name::FileName,
        report::{Failure, Modes, Summary, Workload},
    },
    standards::{LevelVersion, Mode, Verdict, is_printable},
};

/// The version of the report.
pub(in crate::cli) const API_VERSION: &str = "podsec.dev/v1alpha1";
/// Its kind.
pub(in crate::cli) const KIND: &str = "CheckReport";

/// What manifests were judged by. Level and version are those of enforce.
#[derive(Debug, Serialize)]
pub(super) struct Policy {
    #[serde(flatten)]
    enforce: Pair,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit: Option<Pair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warn: Option<Pair>,
}

#[derive(Debug, Serialize)]
struct Pair {
    level: String,
    version: String,
}

impl From<LevelVersion> for Pair {
    fn from(policy: LevelVersion) -> Self {
        Self { level: policy.level.to_string(), version: policy.version.to_string() }
    }
}

impl From<Modes> for Policy {
    fn from(modes: Modes) -> Self {
        Self {
            enforce: modes.enforce.into(),
            audit: modes.audit.map(Into::into),
            warn: modes.warn.map(Into::into),
        }
    }
}

#[derive(Debug, Serialize)]
struct Source<'a> {
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

/// A workload.
#[derive(Debug, Serialize)]
pub(super) struct Result<'a> {
    source: Source<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    kind: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    template: &'a str,
    verdict: Verdict,
    #[serde(rename = "exemptRuntimeClass", skip_serializing_if = "Option::is_none")]
    exempt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(rename = "auditMessage", skip_serializing_if = "Option::is_none")]
    audit_message: Option<&'a str>,
    #[serde(rename = "warning", skip_serializing_if = "Option::is_none")]
    warning: Option<&'a str>,
    findings: Vec<Finding<'a>>,
    #[serde(rename = "moreFindings", skip_serializing_if = "is_zero")]
    omitted: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[derive(Debug, Serialize)]
struct Finding<'a> {
    check: &'a str,
    modes: &'a [Mode],
    reason: &'a str,
    detail: &'a str,
    containers: Vec<&'a str>,
    fields: Vec<Field<'a>>,
    #[serde(rename = "moreFields", skip_serializing_if = "is_zero")]
    more_fields: usize,
    remedy: String,
    line: u32,
    #[serde(rename = "inDoubt", skip_serializing_if = "std::ops::Not::not")]
    in_doubt: bool,
}

#[derive(Debug, Serialize)]
struct Field<'a> {
    path: &'a str,
    #[serde(rename = "pathOnPod", skip_serializing_if = "Option::is_none")]
    path_on_pod: Option<&'a str>,
    line: u32,
    column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    remedy: String,
}

impl<'a> Result<'a> {
    pub(super) fn new(file: &'a FileName, workload: &'a Workload) -> Self {
        let findings = workload.findings.iter().map(|finding| Finding {
            check: finding.check.id,
            modes: &finding.modes,
            reason: finding.reason,
            detail: &finding.detail,
            containers: finding.subject.container().into_iter().collect(),
            fields: finding.fields.iter().map(field).collect(),
            more_fields: finding.more_fields,
            remedy: finding.remedy(),
            line: finding.place().line,
            in_doubt: finding.in_doubt,
        });
        Self {
            source: Source { file: file.as_str(), line: Some(workload.line), column: None },
            namespace: workload.namespace.as_deref(),
            kind: &workload.kind,
            name: &workload.name,
            template: &workload.template,
            verdict: workload.verdict,
            exempt: workload.exempt.as_deref(),
            message: workload.message(Mode::Enforce),
            audit_message: workload.message(Mode::Audit),
            warning: workload.message(Mode::Warn),
            findings: findings.collect(),
            omitted: workload.omitted,
        }
    }
}

fn field(field: &crate::cli::check::report::Field) -> Field<'_> {
    Field {
        path: &field.path,
        path_on_pod: field.path_on_pod.as_deref(),
        line: field.place.line,
        column: field.place.column,
        value: field.value.as_deref(),
        remedy: field.remedy.to_string(),
    }
}

/// Something that could not be judged.
#[derive(Debug, Serialize)]
pub(super) struct Failed {
    source: OwnedSource,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    message: String,
}

#[derive(Debug, Serialize)]
struct OwnedSource {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

impl Failed {
    pub(super) fn new(file: &FileName, failure: &Failure) -> Self {
        let Failure { place, object, message } = failure;
        Self {
            source: OwnedSource {
                file: file.as_str().to_owned(),
                line: place.map(|place| place.line),
                column: place.map(|place| place.column),
            },
            object: object.clone(),
            message: message.clone(),
        }
    }
}

/// Writes the report. What could not be judged is few, and comes after the results.
#[derive(Debug, Default)]
pub(super) struct Json {
    has_results: bool,
    failed: Vec<Failed>,
}

/// A value as JSON text that goes `depth` levels deep into a document.
pub(in crate::cli) fn pretty(value: &impl Serialize, depth: usize) -> io::Result<String> {
    let text = serde_json::to_string_pretty(value)?;
    Ok(harmless(&text).replace('\n', &format!("\n{}", "  ".repeat(depth))))
}

/// JSON in which what is not printed is escaped, and so is a `#` after another, see [`plain`](super::plain). Both can
/// stand in strings alone.
fn harmless(json: &str) -> String {
    escaped(json, |text, c| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            _ = write!(text, "\\u{unit:04x}");
        }
    })
}

/// JSON in which what might do harm is escaped in some way.
pub(super) fn escaped(json: &str, escape: impl Fn(&mut String, char)) -> String {
    let mut text = String::with_capacity(json.len() + 16);
    let mut last = ' ';
    for c in json.chars() {
        if c == '\n' || (is_printable(c) && (c, last) != ('#', '#')) {
            text.push(c);
        } else {
            escape(&mut text, c);
        }
        last = c;
    }
    text
}

impl Writer for Json {
    fn begin(&mut self, out: &mut dyn Write, modes: Modes) -> io::Result<()> {
        writeln!(out, "{{\n  \"apiVersion\": \"{API_VERSION}\",\n  \"kind\": \"{KIND}\",")?;
        write!(out, "  \"policy\": {},\n  \"results\": [", pretty(&Policy::from(modes), 1)?)
    }

    fn workload(&mut self, out: &mut dyn Write, file: &FileName, workload: &Workload) -> io::Result<()> {
        let comma = if std::mem::replace(&mut self.has_results, true) { "," } else { "" };
        write!(out, "{comma}\n    {}", pretty(&Result::new(file, workload), 2)?)
    }

    fn failure(&mut self, _: &mut dyn Write, file: &FileName, failure: &Failure) -> io::Result<()> {
        self.failed.push(Failed::new(file, failure));
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        let end = if self.has_results { "\n  ]" } else { "]" };
        write!(out, "{end},\n  \"failures\": {},\n", pretty(&self.failed, 1)?)?;
        writeln!(out, "  \"summary\": {}\n}}", pretty(summary, 1)?)
    }
}
