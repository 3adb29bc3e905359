//! A table for the comments of a change, and for the summary of a job.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use super::{Writer, plain};
use crate::cli::check::{
    file_name::FileName,
    report::{Failure, Finding, Modes, Summary, Workload},
};

/// Writes one row for each finding.
#[derive(Debug, Default)]
pub(super) struct Markdown {
    has_rows: bool,
}

/// Podsec's own words, where everything that could be markup is an entity. Somebody else's are [`code`]; where they stand
/// within a sentence of podsec's they name no person and no issue, which would be read after entities are.
pub(in crate::cli) fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in plain(text).chars() {
        if c.is_ascii_punctuation() && !matches!(c, ',' | ';' | '/' | '(' | ')' | '-' | '\'' | '=' | '"') {
            // Writing to a string cannot fail.
            _ = write!(shown, "&#{};", u32::from(c));
            if matches!(c, '@' | '#') {
                // A space of no width: what follows is no name any more.
                shown.push_str("&#8203;");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Somebody else's text, as code. It is set off by more backticks than are in it, and no bar in it ends the cell.
pub(in crate::cli) fn code(content: &str) -> String {
    let content = plain(content).replace('|', "\\|");
    if content.trim().is_empty() {
        return String::new();
    }
    let longest = content.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // One space at both ends is taken off again.
    let is_edgy = |end: Option<char>| end.is_some_and(|c| matches!(c, '`' | ' '));
    let pad = if is_edgy(content.chars().next()) || is_edgy(content.chars().last()) { " " } else { "" };
    format!("{fence}{pad}{content}{pad}{fence}")
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

fn fix(finding: &Finding) -> String {
    let fields = finding.fields.iter().map(|field| {
        let or = if field.path_on_pod.is_some() { " (or the pod's)" } else { "" };
        format!("{}{or}: {}", code(&field.path), text(&field.remedy.to_string()))
    });
    fields.chain(finding.more()).collect::<Vec<_>>().join("; ")
}

impl Writer for Markdown {
    fn begin(&mut self, out: &mut dyn Write, modes: Modes) -> io::Result<()> {
        let policies: Vec<_> = modes.iter().map(|(mode, policy)| format!("{mode} `{policy}`")).collect();
        writeln!(out, "### Pod Security: {}\n", policies.join(", "))
    }

    fn workload(&mut self, out: &mut dyn Write, file: &FileName, workload: &Workload) -> io::Result<()> {
        let (file, title) = (file.as_str(), workload.title());
        for finding in &workload.findings {
            let place = code(&format!("{file}:{}", finding.place().line));
            let what = code(&format!("{title}, {}", finding.subject.title()));
            self.row(out, [&place, &what, &why(finding), &fix(finding)])?;
        }
        if let Some(more) = workload.more() {
            let place = code(&format!("{file}:{}", workload.line));
            self.row(out, [&place, &code(&title), &more, ""])?;
        }
        Ok(())
    }

    fn failure(&mut self, out: &mut dyn Write, file: &FileName, failure: &Failure) -> io::Result<()> {
        let file = file.as_str();
        let place = match failure.place {
            Some(place) => code(&format!("{file}:{place}")),
            None => code(file),
        };
        let object = failure.object.as_deref().map(code).unwrap_or_default();
        self.row(out, [&place, &object, "**cannot be judged**", &code(&failure.message)])
    }

    fn end(&mut self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        let gap = if self.has_rows { "\n" } else { "" };
        writeln!(out, "{gap}{}", summary.line(code))
    }
}
