//! SARIF 2.1.0, which GitHub code scanning and others read.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use serde_json::{Value, json};

use super::{Writer, json::pretty, plain};
use crate::{
    cli::check::{
        file_name::FileName,
        report::{Failure, Finding, Modes, Summary, Workload},
    },
    manifests::Place,
    standards::{Check, Mode, checks},
};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Writes one result for each finding. What could not be judged is few, and goes to the notifications at the end; so
/// does what is not listed.
#[derive(Debug, Default)]
pub(super) struct Sarif {
    has_results: bool,
    has_failures: bool,
    notifications: Vec<Value>,
}

fn rule(check: &Check) -> Value {
    let about = &check.about;
    let items =
        |name: &str, items: &[&str]| items.iter().map(|item| format!("{name} {item}")).collect::<Vec<_>>();
    let mut tags = vec!["security".to_owned(), "kubernetes".to_owned(), check.level.to_string()];
    tags.extend(items("CIS Kubernetes", about.cis));
    tags.extend(items("NSA/CISA:", about.nsa));
    json!({
        "id": check.id,
        "shortDescription": {"text": about.title},
        "fullDescription": {"text": about.protects},
        "help": {"text": format!("{} podsec explain {} shows a bad and a good manifest.", about.allows, check.id)},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": tags},
    })
}

/// A file's name as a URI reference.
fn uri(file: &FileName) -> String {
    let file = file.as_bytes();
    let mut uri = String::from(if file.starts_with(b"/") { "file://" } else { "" });
    // A first part with a colon would read as a scheme.
    for byte in file.strip_prefix(b"./").unwrap_or(file) {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// The text of a message, in which braces would be placeholders, and a bracket before a parenthesis the end of a link's
/// text.
fn text(message: &str) -> String {
    plain(message).replace('{', "{{").replace('}', "}}").replace("](", "\\](")
}

fn location(file: &FileName, place: Option<Place>, object: Option<&str>) -> Value {
    let mut location = json!({"physicalLocation": {"artifactLocation": {"uri": uri(file)}}});
    if let Some(place) = place {
        location["physicalLocation"]["region"] =
            json!({"startLine": place.line, "startColumn": place.column});
    }
    if let Some(object) = object {
        location["logicalLocations"] = json!([{"fullyQualifiedName": object, "kind": "resource"}]);
    }
    location
}

fn result(file: &FileName, workload: &Workload, finding: &Finding) -> Value {
    let level = match finding.mode() {
        _ if finding.in_doubt => "warning",
        Mode::Enforce => "error",
        Mode::Warn => "warning",
        Mode::Audit => "note",
    };
    let title = plain(&workload.title()).into_owned();
    let subject = finding.subject.title();
    let message = format!("{title}, {subject}: {}: {}", finding.reason, finding.remedy());
    json!({
        "ruleId": finding.check.id,
        "ruleIndex": checks().iter().position(|check| check.id == finding.check.id),
        "level": level,
        "message": {"text": text(&message)},
        "locations": [location(file, Some(finding.place()), Some(&title))],
        "properties": {
            "modes": finding.modes,
            "detail": &*finding.detail,
            "container": finding.subject.container(),
            "fields": finding.fields.iter().map(|field| field.path.as_str()).collect::<Vec<_>>(),
        },
    })
}

impl Writer for Sarif {
    fn begin(&mut self, out: &mut dyn Write, modes: Modes) -> io::Result<()> {
        let rules: Vec<_> = checks().iter().map(rule).collect();
        let driver = json!({
            "name": "podsec",
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        });
        let policies: Vec<_> = modes.iter().map(|(mode, policy)| format!("{mode} {policy}")).collect();
        writeln!(out, "{{\n  \"$schema\": \"{SCHEMA}\",\n  \"version\": \"2.1.0\",\n  \"runs\": [{{")?;
        writeln!(out, "    \"tool\": {{\"driver\": {}}},", pretty(&driver, 2)?)?;
        writeln!(out, "    \"columnKind\": \"unicodeCodePoints\",")?;
        writeln!(out, "    \"properties\": {{\"policies\": {}}},", pretty(&policies, 2)?)?;
        write!(out, "    \"results\": [")
    }

    fn workload(&mut self, out: &mut dyn Write, file: &FileName, workload: &Workload) -> io::Result<()> {
        for finding in &workload.findings {
            let comma = if std::mem::replace(&mut self.has_results, true) { "," } else { "" };
            write!(out, "{comma}\n      {}", pretty(&result(file, workload, finding), 3)?)?;
        }
        if let Some(more) = workload.more() {
            let title = plain(&workload.title()).into_owned();
            self.notifications.push(json!({
                "level": "warning",
                "message": {"text": text(&format!("{title}: {more}, which are not listed"))},
                "locations": [location(file, Some(Place::new(workload.line, 1)), Some(&title))],
            }));
        }
        Ok(())
    }

    fn failure(&mut self, _: &mut dyn Write, file: &FileName, failure: &Failure) -> io::Result<()> {
        self.has_failures = true;
        self.notifications.push(json!({
            "level": "error",
            "message": {"text": text(&failure.message)},
            "locations": [location(file, failure.place, failure.object.as_deref())],
        }));
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        let invocation = json!({
            "executionSuccessful": !self.has_failures,
            "toolExecutionNotifications": self.notifications,
            "properties": {"summary": summary},
        });
        let end = if self.has_results { "\n    ]" } else { "]" };
        writeln!(out, "{end},\n    \"invocations\": [{}]\n  }}]\n}}", pretty(&invocation, 2)?)
    }
}
