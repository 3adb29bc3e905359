//! For people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{Recommendation, Recommended};
use crate::{
    cli::{
        observing::Problem,
        output::{Cell, Columns, plain},
    },
    standards::Level,
};

const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
const GOOD: Style = AnsiColor::Green.on_default();
const TITLE: Style = Style::new().bold();

pub(super) fn write(
    out: &mut dyn Write,
    all: &[Recommendation],
    failed: &[Problem],
    is_coloured: bool,
) -> io::Result<()> {
    let paint = |style: Style, text: &str| {
        if is_coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
    };
    for (index, recommendation) in all.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let title = paint(TITLE, &plain(&recommendation.title));
        writeln!(
            out,
            "{title}: the highest level of {} that each namespace is clean at",
            recommendation.version
        )?;
        for notice in &recommendation.notices {
            writeln!(out, "{}: {}", paint(DOUBTFUL, "note"), plain(notice))?;
        }
        for problem in &recommendation.problems {
            writeln!(out, "{}: {}", paint(BAD, "cannot be told"), plain(&problem.to_string()))?;
        }
        namespaces(out, recommendation, is_coloured)?;
    }
    for problem in failed {
        writeln!(out, "{}: {}", paint(BAD, "cannot be read"), plain(&problem.to_string()))?;
    }
    Ok(())
}

fn namespaces(out: &mut dyn Write, recommendation: &Recommendation, is_coloured: bool) -> io::Result<()> {
    let head = ["NAMESPACE", "CLEAN AT", "WORKLOADS", "TO THE NEXT", "IN THE WAY"];
    if recommendation.context.is_none() {
        let mut columns = Columns::new(head);
        recommendation.namespaces.iter().for_each(|namespace| columns.row(cells(namespace)));
        return columns.write(out, is_coloured);
    }
    let [name, level, workloads, next, way] = head;
    let mut columns = Columns::new([name, level, "ENFORCED NOW", workloads, "PODS", next, way]);
    for namespace in &recommendation.namespaces {
        let [name, level, workloads, next, way] = cells(namespace);
        let now = namespace.now.map_or_else(|| "-".to_owned(), |now| now.level.to_string());
        columns.row([
            name,
            level,
            Cell::new(now),
            workloads,
            Cell::new(namespace.pods.to_string()),
            next,
            way,
        ]);
    }
    columns.write(out, is_coloured)
}

fn cells(namespace: &Recommended) -> [Cell; 5] {
    let level = match namespace.clean_at() {
        None => Cell::new("cannot tell").styled(DOUBTFUL),
        Some(level @ Level::Restricted) => Cell::new(level.as_str()).styled(GOOD),
        Some(level) => Cell::new(level.as_str()),
    };
    let next = namespace.cleanness.next.map(|next| match (next.violating, next.inconclusive) {
        (0, inconclusive) => format!("{}: {inconclusive} cannot be told", next.level),
        (violating, _) => format!("{}: {violating} of {}", next.level, next.workloads),
    });
    let checks: Vec<_> = namespace.checks.iter().map(|count| count.check.id).collect();
    let way = match namespace.missing.as_slice() {
        [] if checks.is_empty() => "-".to_owned(),
        [] => checks.join(", "),
        missing => format!("may be missing: {}", missing.join(", ")),
    };
    [
        Cell::new(&namespace.name),
        level,
        Cell::new(namespace.workloads.to_string()),
        Cell::new(next.unwrap_or_else(|| "-".to_owned())),
        Cell::new(way),
    ]
}
