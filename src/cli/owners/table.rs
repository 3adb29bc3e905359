//! For people: a row for each pair of labels that the same ones own, and a line for each mode that is not podsec's.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};

use super::{OfCluster, OfMode};
use crate::cli::{
    key_owners::Key,
    observing::Problem,
    output::{Cell, Columns, plain},
    plan::model::{PlannedMode, Step},
};

const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
const TITLE: Style = Style::new().bold();

pub(super) fn write(
    out: &mut dyn Write,
    clusters: &[OfCluster],
    problems: &[Problem],
    is_coloured: bool,
) -> io::Result<()> {
    let paint = |style: Style, text: &str| {
        if is_coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
    };
    for (index, cluster) in clusters.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let plan = &cluster.plan;
        let title = format!("{} (v1.{}), read only, nothing changed", plain(&plan.name), plan.minor);
        writeln!(out, "{}", paint(TITLE, &title))?;
        for notice in &plan.notices {
            writeln!(out, "{}: {}", paint(DOUBTFUL, "note"), plain(notice))?;
        }
        of_cluster(out, cluster, is_coloured)?;
    }
    for problem in problems {
        writeln!(out, "{}: {}", paint(BAD, "cannot be told"), plain(&problem.to_string()))?;
    }
    Ok(())
}

fn of_cluster(out: &mut dyn Write, cluster: &OfCluster, is_coloured: bool) -> io::Result<()> {
    let mut columns = Columns::new(["NAMESPACE", "LABEL", "VALUE", "OWNED BY", "PODSEC"]);
    let mut told: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut is_empty = true;
    for mode in cluster.modes() {
        is_empty = false;
        for (index, [label, value, owners]) in rows(&mode).into_iter().enumerate() {
            let first = |text: &str| if index == 0 { text.to_owned() } else { String::new() };
            let would = mode.planned.map_or("nothing", |planned| would(planned));
            columns.row([
                Cell::new(first(mode.namespace)),
                Cell::new(label),
                Cell::new(value),
                Cell::new(owners),
                Cell::new(first(would)).styled(style(mode.planned)),
            ]);
        }
        if let Some(why) =
            mode.planned.filter(|planned| is_worth_telling(planned)).and_then(|it| it.why.clone())
        {
            told.entry(mode.namespace).or_default().push(format!("{}: {why}", mode.mode));
        }
    }
    if is_empty {
        return writeln!(out, "no namespace has a label of Pod Security, and no profile would set one");
    }
    columns.write(out, is_coloured)?;
    for (namespace, lines) in told {
        for line in lines {
            writeln!(out, "{}: {}", plain(namespace), plain(&line))?;
        }
    }
    Ok(())
}

/// Label, value and owners: the pair in one row where the same ones own both.
fn rows(mode: &OfMode<'_>) -> Vec<[String; 3]> {
    match mode.labels.as_slice() {
        [] => vec![[mode.mode.to_string(), "-".into(), "-".into()]],
        [level, version] if level.owners == version.owners => {
            let value = |key: &Key| key.value.clone().unwrap_or_else(|| "-".into());
            vec![[mode.mode.to_string(), format!("{}:{}", value(level), value(version)), level.owned_by()]]
        }
        labels => {
            let row = |key: &&Key| {
                let value = key.value.clone().unwrap_or_else(|| "-".into());
                [key.short().to_owned(), value, key.owned_by()]
            };
            labels.iter().map(row).collect()
        }
    }
}

/// What podsec would do, in a word or two.
fn would(planned: &PlannedMode) -> &'static str {
    match planned.step {
        Step::None => "nothing: in sync",
        Step::Own => "own it as well",
        Step::Raise => "raise it",
        Step::Repair => "put it back",
        Step::Weaken => "lower it",
        Step::Hold => "hold it",
        Step::LeaveAlone => "leave it alone",
        Step::Freeze => "leave it frozen",
        Step::Retain => "let go of it, in place",
        Step::Remove => "remove it",
    }
}

fn style(planned: Option<&PlannedMode>) -> Style {
    match planned.map(|planned| planned.step) {
        Some(Step::LeaveAlone | Step::Hold | Step::Freeze) => DOUBTFUL,
        Some(Step::Weaken | Step::Remove) => BAD,
        _ => Style::new(),
    }
}

const fn is_worth_telling(planned: &PlannedMode) -> bool {
    matches!(planned.step, Step::LeaveAlone | Step::Weaken | Step::Hold | Step::Freeze)
}
