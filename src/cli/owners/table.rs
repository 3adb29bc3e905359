//! For people: a row for each pair of labels that the same ones own, and a line for each mode that is not podsec's.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};

use super::{NOT_KNOWN, OfCluster, OfMode, Would};
use crate::cli::{
    key_owners::Key,
    observing::Problem,
    output::{Cell, Columns, Screen, plain},
    plan::model::Step,
};

const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
const TITLE: Style = Style::new().bold();

pub(super) fn write(
    out: &mut dyn Write,
    clusters: &[OfCluster],
    problems: &[Problem],
    screen: Screen,
) -> io::Result<()> {
    for (index, cluster) in clusters.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let plan = &cluster.plan;
        let title = format!("{} (v1.{}), read only, nothing changed", plain(&plan.name), plan.minor);
        writeln!(out, "{}", screen.paint(TITLE, &title))?;
        for notice in &plan.notices {
            screen.labelled(out, (DOUBTFUL, "note"), notice)?;
        }
        of_cluster(out, cluster, screen)?;
    }
    for problem in problems {
        screen.labelled(out, (BAD, "cannot be told"), &problem.to_string())?;
    }
    Ok(())
}

fn of_cluster(out: &mut dyn Write, cluster: &OfCluster, screen: Screen) -> io::Result<()> {
    let mut columns = Columns::new(["NAMESPACE", "LABEL", "VALUE", "OWNED BY", "PODSEC"]);
    let mut told: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut is_empty = true;
    for mode in cluster.modes() {
        is_empty = false;
        for (index, [label, value, owners]) in rows(&mode).into_iter().enumerate() {
            let first = |text: &str| if index == 0 { text.to_owned() } else { String::new() };
            let would = would(mode.would);
            columns.row([
                Cell::new(first(mode.namespace)),
                Cell::new(label),
                Cell::new(value),
                Cell::new(owners),
                Cell::new(first(&would)).styled(style(mode.would)),
            ]);
        }
        for why in worth_telling(mode.would) {
            told.entry(mode.namespace).or_default().push(format!("{}: {why}", mode.mode));
        }
    }
    if is_empty && !cluster.labels.is_empty() {
        let and = if cluster.plan.is_known() { ", and no profile would set one" } else { "" };
        return writeln!(out, "no namespace has a label of Pod Security{and}");
    }
    if !is_empty {
        columns.write(out, screen.is_coloured)?;
    }
    for (namespace, lines) in told {
        for line in lines {
            screen.prose(out, &format!("{namespace}: {line}"))?;
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
fn would(would: Would<'_>) -> String {
    let planned = match would {
        Would::Nothing => return "nothing".to_owned(),
        Would::NotKnown => return format!("not known: {NOT_KNOWN}"),
        Would::Gate(_) => return "set it, through the gate".to_owned(),
        Would::Plan(planned) => planned,
    };
    let step = match planned.step {
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
    };
    if planned.contested.is_some() { format!("{step}; contested") } else { step.to_owned() }
}

fn style(would: Would<'_>) -> Style {
    match would.planned().map(|planned| planned.step) {
        None if matches!(would, Would::NotKnown) => DOUBTFUL,
        _ if would.planned().is_some_and(|planned| planned.contested.is_some()) => BAD,
        Some(Step::LeaveAlone | Step::Hold | Step::Freeze) => DOUBTFUL,
        Some(Step::Weaken | Step::Remove) => BAD,
        _ => Style::new(),
    }
}

/// What there is to say besides.
fn worth_telling(would: Would<'_>) -> impl Iterator<Item = String> {
    let is_worth_it = |step| matches!(step, Step::LeaveAlone | Step::Weaken | Step::Hold | Step::Freeze);
    let why = match would {
        Would::Plan(planned) if is_worth_it(planned.step) => planned.message(),
        _ => None,
    };
    let contested = would.planned().and_then(|planned| planned.contested.as_ref());
    why.into_iter().chain(contested.map(|told| format!("the report of the controller says: {told}")))
}
