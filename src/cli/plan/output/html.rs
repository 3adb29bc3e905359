//! A page for a browser, in one file: nothing is loaded from elsewhere, and nothing but podsec's own script runs in it.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use super::{Writer, words};
use crate::{
    api::{ReportState, counted},
    assessment::{Cleanness, Distance},
    cli::{
        findings::{Finding, instruction},
        observing::Problem,
        output::plain,
        plan::{
            cluster_plan::ClusterPlan,
            model::{NamespaceReport, WorkloadResult},
            totals::Totals,
        },
    },
    standards::{Check, Level, Mode, Verdict},
};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Of the script, as the page's own policy names it: a browser runs no other.
const SCRIPT_HASH: &str = "sha256-fvZHC9TmldHLvOULO9zUllLYuzX6NiYx1xeyB6CKF5Q=";

/// How many workloads of a namespace are told of, those with most pods first.
const WORKLOADS: usize = 20;

/// A text that means itself, wherever it stands in a page.
fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            c => shown.push(c),
        }
    }
    shown
}

/// What a namespace is in the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Violating,
    Held,
    Unknown,
    Soaking,
    Other,
    Clean,
}

impl Part {
    /// In the order of the bar.
    const ALL: [Self; 6] =
        [Self::Clean, Self::Soaking, Self::Held, Self::Violating, Self::Unknown, Self::Other];

    /// Of a namespace in a plan.
    fn planned(report: &NamespaceReport) -> Self {
        match report.state {
            _ if report.is_broken() => Self::Violating,
            _ if report.is_held() => Self::Held,
            _ if report.is_inconclusive() => Self::Unknown,
            state if state.is(ReportState::Soaking) => Self::Soaking,
            state if state.is(ReportState::InSync) => Self::Clean,
            _ => Self::Other,
        }
    }

    /// Of a namespace where nothing is planned.
    fn standing(report: &NamespaceReport) -> Self {
        match report.cleanness {
            Cleanness { level: Level::Restricted, .. } => Self::Clean,
            Cleanness { level: Level::Baseline, .. } => Self::Soaking,
            Cleanness { next: Some(Distance { violating: 0, .. }), .. } => Self::Unknown,
            Cleanness { .. } => Self::Violating,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Violating => "violating",
            Self::Held => "held",
            Self::Unknown => "unknown",
            Self::Soaking => "soaking",
            Self::Other => "other",
            Self::Clean => "clean",
        }
    }

    const fn title(self, is_plan: bool) -> &'static str {
        match (self, is_plan) {
            (Self::Clean, true) => "clean: as the profile asks, and nothing is refused",
            (Self::Soaking, true) => "clean, and waiting for its time",
            (Self::Held, _) => "held: enforce is not what the profile asks",
            (Self::Violating, true) => "violating: enforce refuses what runs",
            (Self::Unknown, _) => "cannot be told",
            (Self::Other, _) => "exempt, left alone, frozen or ungoverned",
            (Self::Clean, false) => "clean at restricted",
            (Self::Soaking, false) => "clean at baseline",
            (Self::Violating, false) => "clean at neither",
        }
    }
}

/// Writes the page.
#[derive(Debug)]
pub(super) struct Html;

fn heading(out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
    writeln!(out, "<section>\n<h2>{} <span class=\"faint\">v1.{}</span></h2>", text(&plan.name), plan.minor)?;
    writeln!(out, "<p class=\"faint\">{}</p>", text(&words::extent(plan)))?;
    for notice in &plan.notices {
        writeln!(out, "<p class=\"note\">{}</p>", text(notice))?;
    }
    for problem in &plan.problems {
        writeln!(out, "<p class=\"problem\">Cannot be told: {}</p>", text(&problem.to_string()))?;
    }
    Ok(())
}

fn bar(out: &mut dyn Write, parts: &[Part], is_plan: bool) -> io::Result<()> {
    let counts = Part::ALL.map(|part| (part, parts.iter().filter(|of| **of == part).count()));
    let counts: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
    let told: Vec<_> =
        counts.iter().map(|(part, count)| format!("{count} {}", part.title(is_plan))).collect();
    writeln!(out, "<div class=\"bar\" role=\"img\" aria-label=\"Namespaces: {}\">", text(&told.join("; ")))?;
    for (part, count) in &counts {
        writeln!(out, "<span class=\"{}\" style=\"flex-grow:{count}\">{count}</span>", part.class())?;
    }
    writeln!(out, "</div>\n<ul class=\"legend\">")?;
    for (part, count) in counts {
        let title = part.title(is_plan);
        writeln!(out, "<li><b class=\"{}\"></b>{count} {}</li>", part.class(), text(title))?;
    }
    writeln!(out, "</ul>")
}

/// What is in the way, ranked by check.
fn blockers(out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
    let mut by_check: BTreeMap<(Level, &str), (&Check, usize, usize, usize)> = BTreeMap::new();
    for count in plan.reports.iter().flat_map(|report| &report.checks) {
        let key = (count.check.level, count.check.id);
        let (_, namespaces, workloads, pods) = by_check.entry(key).or_insert((count.check, 0, 0, 0));
        *namespaces += 1;
        *workloads += count.workloads;
        *pods += count.pods;
    }
    if by_check.is_empty() {
        return Ok(());
    }
    let mut ranked: Vec<_> = by_check.into_values().collect();
    ranked.sort_by_key(|(check, namespaces, workloads, _)| {
        (std::cmp::Reverse((*namespaces, *workloads)), check.id)
    });
    let most = ranked.first().map_or(1, |(_, namespaces, ..)| *namespaces);
    writeln!(
        out,
        "<h3>What is in the way</h3>\n<div class=\"scroll\"><table><thead><tr><th>Check</th><th>Level</th>\
         <th class=\"number\">Namespaces</th><th class=\"wide\"></th><th class=\"number\">Workloads</th>\
         <th class=\"number\">Pods</th><th>What it protects</th></tr></thead><tbody>"
    )?;
    for (check, namespaces, workloads, pods) in ranked {
        let share = namespaces * 100 / most;
        writeln!(
            out,
            "<tr><td class=\"check\">{}</td><td>{}</td><td class=\"number\">{namespaces}</td>\
             <td class=\"wide\"><div class=\"share\" style=\"width:{share}%\"></div></td><td class=\"number\">{workloads}</td>\
             <td class=\"number\">{pods}</td><td>{}</td></tr>",
            text(check.id),
            check.level,
            text(check.about.protects)
        )?;
    }
    writeln!(out, "</tbody></table></div>")
}

fn namespaces(out: &mut dyn Write, plan: &ClusterPlan, parts: &[Part]) -> io::Result<()> {
    let mut rows: Vec<_> = plan.reports.iter().zip(parts).collect();
    // What somebody has to look at comes first.
    rows.sort_by_key(|(report, part)| (**part, report.name.as_str()));
    let head: &[&str] = if plan.is_plan() {
        &["Namespace", "Plan", "Enforce", "Audit", "Warn", "Profile"]
    } else {
        &["Namespace", "Clean at", "Enforced now"]
    };
    writeln!(
        out,
        "<h3>Namespaces</h3>\n<input type=\"search\" placeholder=\"Search: names, states, checks\" \
         aria-label=\"Search namespaces\"> <output class=\"faint\"></output>\n<div class=\"scroll\"><table><thead><tr>"
    )?;
    head.iter().try_for_each(|title| write!(out, "<th>{title}</th>"))?;
    writeln!(out, "<th class=\"number\">Violating</th><th class=\"number\">Pods</th></tr></thead>")?;
    for (report, part) in rows {
        row(out, plan, report, *part)?;
    }
    writeln!(out, "</table></div>")
}

fn row(out: &mut dyn Write, plan: &ClusterPlan, report: &NamespaceReport, part: Part) -> io::Result<()> {
    writeln!(out, "<tbody class=\"namespace\"><tr><td class=\"name\">{}</td>", text(&report.name))?;
    let tag = |word: &str| format!("<td><span class=\"tag {}\">{}</span></td>", part.class(), text(word));
    if plan.is_plan() {
        writeln!(out, "{}", tag(&report.word()))?;
        for mode in Mode::ALL {
            let cell = report.mode(mode).map_or_else(|| "-".to_owned(), words::cell);
            writeln!(out, "<td class=\"mode\">{}</td>", text(&cell))?;
        }
        writeln!(out, "<td>{}</td>", text(&words::profiles(report)))?;
    } else {
        writeln!(out, "{}", tag(report.cleanness.level.as_str()))?;
        writeln!(out, "<td class=\"mode\">{}</td>", text(&words::enforce_now(report)))?;
    }
    let judged = &report.judged;
    writeln!(
        out,
        "<td class=\"number\">{} of {}</td><td class=\"number\">{} of {}</td></tr>",
        judged.workloads.violating,
        judged.all_workloads(),
        judged.pods.violating,
        judged.all_pods()
    )?;
    details(out, plan, report)?;
    writeln!(out, "</tbody>")
}

/// Why, and by which workloads: shown when somebody asks.
fn details(out: &mut dyn Write, plan: &ClusterPlan, report: &NamespaceReport) -> io::Result<()> {
    let reasons: Vec<_> = report.modes.iter().flat_map(words::reasons).collect();
    let is_in_the_way =
        |result: &WorkloadResult| matches!(result.verdict, Some(Verdict::Violates | Verdict::Inconclusive));
    let mut results: Vec<_> = plan.results(report).into_iter().filter(is_in_the_way).collect();
    if reasons.is_empty() && results.is_empty() && report.missing.is_empty() {
        return Ok(());
    }
    results.sort_by_key(|result| std::cmp::Reverse(result.pods));
    let columns = if plan.is_plan() { 8 } else { 5 };
    let summary = if results.is_empty() { "why".to_owned() } else { words::verdict(&report.judged) };
    writeln!(out, "<tr><td colspan=\"{columns}\"><details><summary>{}</summary><ul>", text(&summary))?;
    for missing in &report.missing {
        writeln!(out, "<li>may be missing: {}</li>", text(missing))?;
    }
    for (word, why) in reasons {
        writeln!(out, "<li>{}: {}</li>", text(word), text(&why))?;
    }
    let more = results.len().saturating_sub(WORKLOADS);
    for result in results.iter().take(WORKLOADS) {
        workload(out, result)?;
    }
    if more > 0 {
        writeln!(out, "<li>and {}</li>", counted(more, "more workload"))?;
    }
    writeln!(out, "</ul></details></td></tr>")
}

fn workload(out: &mut dyn Write, result: &WorkloadResult) -> io::Result<()> {
    let pods = words::pods(result.pods, ", ");
    writeln!(out, "<li><strong>{}</strong>{pods}<ul>", text(&result.title()))?;
    for finding in result.findings.iter().filter(|finding| finding.is_enforced()) {
        let Finding { subject, changes, .. } = finding;
        write!(out, "<li>{}: {}{}", text(subject), text(&finding.reason()), text(finding.remark()))?;
        for change in changes {
            write!(out, "<br><code>{}</code>", text(&instruction(change)))?;
        }
        writeln!(out, "</li>")?;
    }
    writeln!(out, "</ul></li>")
}

impl Writer for Html {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
             script-src '{SCRIPT_HASH}'; base-uri 'none'; form-action 'none'\">\n\
             <title>Pod Security plan</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <h1>Pod Security plan</h1>\n<p class=\"faint\">by podsec {}: read only, nothing was changed</p>\n",
            env!("CARGO_PKG_VERSION")
        )
    }

    fn cluster(&mut self, out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
        heading(out, plan)?;
        let is_plan = plan.is_plan();
        let part = if is_plan { Part::planned } else { Part::standing };
        let parts: Vec<_> = plan.reports.iter().map(part).collect();
        bar(out, &parts, is_plan)?;
        if is_plan {
            writeln!(out, "<p>{}</p>", text(&words::changes(&plan.totals())))?;
            if let Some(checks) = words::cross_checks(plan) {
                writeln!(out, "<p>{}</p>", text(&checks))?;
            }
        }
        blockers(out, plan)?;
        namespaces(out, plan, &parts)?;
        writeln!(out, "</section>")
    }

    fn unreadable(&mut self, out: &mut dyn Write, problem: &Problem) -> io::Result<()> {
        writeln!(
            out,
            "<section><p class=\"problem\">Cannot be read: {}</p></section>",
            text(&problem.to_string())
        )
    }

    fn end(&mut self, out: &mut dyn Write, _: &Totals) -> io::Result<()> {
        writeln!(out, "<script>{SCRIPT}</script>\n</body>\n</html>")
    }
}
