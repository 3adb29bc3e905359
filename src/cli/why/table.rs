//! For people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::explanation::Explanation;
use crate::cli::{
    key_owners::Key,
    output::{Cell, Columns, Screen, plain},
    plan::{
        cluster_plan::ClusterPlan,
        output::{table::Table, words},
    },
};

const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
const GOOD: Style = AnsiColor::Green.on_default();
const TITLE: Style = Style::new().bold();

pub(super) fn write(
    out: &mut dyn Write,
    plan: &ClusterPlan,
    explanation: &Explanation<'_>,
    screen: Screen,
) -> io::Result<()> {
    let report = explanation.report;
    let title = format!("{} on {} (v1.{})", plain(&report.name), plain(&plan.name), plan.minor);
    let style = if report.is_held() || report.is_broken() { BAD } else { GOOD };
    writeln!(out, "{}: {}", screen.paint(TITLE, &title), screen.paint(style, &report.word()))?;
    for notice in &plan.notices {
        screen.labelled(out, (DOUBTFUL, "note"), notice)?;
    }
    for problem in &plan.problems {
        screen.labelled(out, (BAD, "cannot be told"), &problem.to_string())?;
    }
    writeln!(out)?;
    modes(out, explanation, screen.is_coloured)?;
    for (profile, mismatch) in &explanation.elsewhere {
        screen.prose(out, &format!("does not select it: {profile}: {mismatch}"))?;
    }
    // What is to be done about it is told last.
    let said = words::said(&[report], words::causes);
    if !said.is_empty() {
        writeln!(out)?;
    }
    for line in said {
        screen.prose(out, &line)?;
    }
    if !explanation.keys.is_empty() {
        writeln!(out)?;
        keys(out, &explanation.keys, screen.is_coloured)?;
    }
    writeln!(out)?;
    if report.missing.is_empty() {
        writeln!(out, "clean at {}; {}", report.cleanness.level, words::verdict(&report.judged))?;
    } else {
        let text = format!("what it is clean at is not known: no list of {}", report.missing.join(", "));
        screen.prose(out, &text)?;
    }
    for next in &explanation.next {
        screen.labelled(out, (TITLE, "next"), next)?;
    }
    if words::needs_details(report) {
        Table::new(screen, true).namespace(out, plan, report)?;
    }
    Ok(())
}

/// Each mode with the profiles that select the namespace.
fn modes(out: &mut dyn Write, explanation: &Explanation<'_>, is_coloured: bool) -> io::Result<()> {
    let mut columns = Columns::new(["MODE", "NOW AND PLANNED", "PROFILE", "PRIORITY", "ASKS", "GOVERNS"]);
    for (mode, candidates) in &explanation.candidates {
        let planned = explanation.report.mode(*mode).map_or_else(|| "-".to_owned(), words::cell);
        if candidates.is_empty() {
            columns.row([
                mode.as_str().into(),
                Cell::new(&planned),
                "-".into(),
                "".into(),
                "".into(),
                "".into(),
            ]);
        }
        for (index, candidate) in candidates.iter().enumerate() {
            let first = |text: &str| Cell::new(if index == 0 { text } else { "" });
            let governs = match &candidate.why_not {
                None => Cell::new("yes").styled(GOOD),
                Some(why_not) => Cell::new(format!("no: {why_not}")),
            };
            columns.row([
                first(mode.as_str()),
                first(&planned),
                Cell::new(&candidate.profile),
                Cell::new(candidate.priority.to_string()),
                Cell::new(candidate.asks.map_or_else(|| "-".to_owned(), |asks| asks.to_string())),
                governs,
            ]);
        }
    }
    columns.write(out, is_coloured)
}

fn keys(out: &mut dyn Write, keys: &[Key], is_coloured: bool) -> io::Result<()> {
    let mut columns = Columns::new(["LABEL OR ANNOTATION", "VALUE", "OWNED BY"]);
    for key in keys {
        columns.row([
            Cell::new(key.short()),
            Cell::new(key.value.as_deref().unwrap_or("-")),
            Cell::new(key.owned_by()),
        ]);
    }
    columns.write(out, is_coloured)
}
