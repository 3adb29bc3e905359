//! A table for the comments of a change, and for the summary of a job.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use super::{Writer, plain};
use crate::cli::check::report::{Failure, Finding, Modes, Summary, Workload};

/// Writes one row for each finding.
#[derive(Debug, Default)]
pub(super) struct Markdown {
    has_rows: bool,
}

/// A text that means itself: everything that could be markup, or name a person or an issue, is an entity.
pub(in crate::cli) fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in plain(text).chars() {
        if c.is_ascii_punctuation() && !matches!(c, ',' | ';' | '/' | '(' | ')' | '-' | '\'' | '=' | '"') {
            // Writing to a string cannot fail.
            _ = write!(shown, "&#{};", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A text as code, where nothing in it could end the code or the cell.
pub(in crate::cli) fn code(content: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=[]\"' !,()".contains(c);
    if !content.trim().is_empty() && content.chars().all(is_safe) {
        format!("`{content}`")
    } else {
        text(content)
    }
}

impl Markdown {
    fn row(&mut self, out: &mut dyn Write, cells: [&str; 4]) -> io::Result<()> {
        if !std::mem::replace(&mut self.has_rows, true) {
            writeln!(out, "| where | what | why | what to do |\n| --- | --- | --- | --- |")?;
        }
        writeln!(out, "| {} |", cells.join(" | "))
    }
}

fn why(finding: &Finding) -> String {
    let mut why = text(finding.reason);
    why.push_str(&finding.only());
    if finding.in_doubt {
        why.push_str(" (in doubt)");
    }
    why
}

impl Writer for Markdown {
    fn begin(&mut self, out: &mut dyn Write, modes: Modes) -> io::Result<()> {
        let policies: Vec<_> = modes.iter().map(|(mode, policy)| format!("{mode} `{policy}`")).collect();
        writeln!(out, "### Pod Security: {}\n", policies.join(", "))
    }

    fn workload(&mut self, out: &mut dyn Write, file: &str, workload: &Workload) -> io::Result<()> {
        for finding in &workload.findings {
            let place = code(&format!("{file}:{}", finding.place().line));
            let what = format!("{}, {}", text(&workload.title()), text(&finding.subject.title()));
            let fix: Vec<_> = finding
                .fields
                .iter()
                .map(|field| {
                    let or = if field.path_on_pod.is_some() { " (or the pod's)" } else { "" };
                    format!("{}{or}: {}", code(&field.path), text(&field.remedy.to_string()))
                })
                .collect();
            self.row(out, [&place, &what, &why(finding), &fix.join("; ")])?;
        }
        Ok(())
    }

    fn failure(&mut self, out: &mut dyn Write, file: &str, failure: &Failure) -> io::Result<()> {
        let place = match failure.place {
            Some(place) => code(&format!("{file}:{place}")),
            None => code(file),
        };
        let object = failure.object.as_deref().map(text).unwrap_or_default();
        self.row(out, [&place, &object, "**cannot be judged**", &text(&failure.message)])
    }

    fn end(&mut self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        let gap = if self.has_rows { "\n" } else { "" };
        writeln!(out, "{gap}{}", summary.line())
    }
}
