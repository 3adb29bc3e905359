//! Tables for the comments of a change, and for the summary of a job.

use std::io::{self, Write};

use super::{Writer, words};
use crate::{
    api::agreed,
    cli::{
        observing::Problem,
        output::markdown::{code, text},
        plan::{
            cluster_plan::ClusterPlan,
            model::{NamespaceReport, WorkloadResult},
            overview::Overview,
            totals::Totals,
        },
    },
    standards::{Level, Mode, Verdict},
};

/// How many rows a table has: a comment may have 65,536 characters.
const ROWS: usize = 50;

/// One of them, and many.
const NAMESPACES: (&str, &str) = ("namespace", "namespaces");

/// Writes Markdown.
#[derive(Debug, Default)]
pub(super) struct Markdown {
    /// How many clusters were written, and how many of them with a plan.
    written: (usize, usize),
}

impl Markdown {
    fn gap(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.written.0 += 1;
        if self.written.0 > 1 { writeln!(out) } else { Ok(()) }
    }
}

fn row(out: &mut dyn Write, cells: &[String]) -> io::Result<()> {
    writeln!(out, "| {} |", cells.join(" | "))
}

fn head(out: &mut dyn Write, titles: &[&str]) -> io::Result<()> {
    writeln!(out, "\n| {} |\n|{}", titles.join(" | "), " --- |".repeat(titles.len()))
}

fn more(out: &mut dyn Write, all: usize, what: (&str, &str)) -> io::Result<()> {
    let more = all.saturating_sub(ROWS);
    if more > 0 { writeln!(out, "\nand {more} more {}", agreed(&more, what.0, what.1)) } else { Ok(()) }
}

fn heading(out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
    writeln!(out, "### Pod Security plan: {} (v1.{})\n", text(&plan.name), plan.minor)?;
    writeln!(out, "{}; read only, nothing changed", text(&words::extent(plan)))?;
    for notice in &plan.notices {
        writeln!(out, "\nNote: {}", text(notice))?;
    }
    for problem in &plan.problems {
        writeln!(out, "\n**Cannot be told**: {}", text(&problem.to_string()))?;
    }
    Ok(())
}

fn planned(out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
    writeln!(out, "\n**{}**", text(&words::changes(&plan.totals())))?;
    if let Some(checks) = words::cross_checks(plan) {
        writeln!(out, "\n{}", text(&checks))?;
    }
    let shown: Vec<_> = plan.reports.iter().filter(|report| !report.is_quiet()).collect();
    if !shown.is_empty() {
        head(out, &["namespace", "plan", "enforce", "audit", "warn", "profile", "violating", "pods"])?;
    }
    for report in shown.iter().take(ROWS) {
        let [enforce, audit, warn] = Mode::ALL
            .map(|mode| report.mode(mode).map_or_else(|| "-".to_owned(), |mode| text(&words::cell(mode))));
        let judged = &report.judged;
        let cells = [
            code(&report.name),
            text(&report.word()),
            enforce,
            audit,
            warn,
            text(&words::profiles(report)),
            format!("{}/{}", judged.workloads.violating, judged.all_workloads()),
            format!("{}/{}", judged.pods.violating, judged.all_pods()),
        ];
        row(out, &cells)?;
    }
    more(out, shown.len(), NAMESPACES)?;
    let said: Vec<_> = words::said(&shown, words::reasons).into_iter().collect();
    if !said.is_empty() {
        writeln!(out)?;
    }
    for line in said.iter().take(ROWS) {
        writeln!(out, "- {}", text(line))?;
    }
    in_the_way(out, plan, &shown)
}

/// What is in the way, by workload.
fn in_the_way(out: &mut dyn Write, plan: &ClusterPlan, shown: &[&NamespaceReport]) -> io::Result<()> {
    let mut rows = 0;
    for report in shown.iter().filter(|report| words::needs_details(report)) {
        for result in plan.results(report).iter().filter(|result| is_in_the_way(result)) {
            rows += 1;
            if rows > ROWS {
                continue;
            }
            if rows == 1 {
                head(out, &["namespace", "workload", "why", "what to do"])?;
            }
            workload(out, report, result)?;
        }
    }
    more(out, rows, ("workload in the way", "workloads in the way"))
}

fn is_in_the_way(result: &WorkloadResult) -> bool {
    matches!(result.verdict, Some(Verdict::Violates | Verdict::Inconclusive))
}

fn workload(out: &mut dyn Write, report: &NamespaceReport, result: &WorkloadResult) -> io::Result<()> {
    let enforced: Vec<_> = result.findings.iter().filter(|finding| finding.is_enforced()).collect();
    let why: Vec<_> = enforced
        .iter()
        .map(|finding| format!("{}: {}{}", text(&finding.subject), text(&finding.reason()), finding.remark()))
        .collect();
    let fix: Vec<_> = enforced
        .iter()
        .flat_map(|finding| &finding.changes)
        .map(|change| format!("{}: {}", code(&change.path), text(&change.remedy.to_string())))
        .collect();
    let title = format!("{}{}", text(&result.title()), words::pods(result.pods, ", "));
    row(out, &[code(&report.name), title, why.join("; "), fix.join("; ")])
}

fn overview(out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
    let overview = Overview::of(&plan.reports);
    head(out, &["clean at", "namespaces", "in the way"])?;
    let blockers =
        |level| words::blockers(&overview, level).map(|text| self::text(&text)).unwrap_or_default();
    row(out, &["restricted".to_owned(), overview.restricted.to_string(), String::new()])?;
    row(out, &["baseline".to_owned(), overview.baseline.to_string(), blockers(Level::Restricted)])?;
    row(out, &["neither".to_owned(), overview.neither.to_string(), blockers(Level::Baseline)])?;
    if !overview.unknown.is_empty() {
        row(out, &["cannot be told".to_owned(), overview.unknown.len().to_string(), String::new()])?;
    }
    head(out, &["namespace", "clean at", "to the next level", "enforced now"])?;
    for report in plan.reports.iter().take(ROWS) {
        let next = report.cleanness.next;
        let next = next.map(|next| format!("{}: {} of {}", next.level, next.violating, next.workloads));
        let cells = [
            code(&report.name),
            report.cleanness.level.to_string(),
            next.unwrap_or_else(|| "-".to_owned()),
            text(&words::enforce_now(report)),
        ];
        row(out, &cells)?;
    }
    more(out, plan.reports.len(), NAMESPACES)
}

impl Writer for Markdown {
    fn begin(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn cluster(&mut self, out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
        self.gap(out)?;
        heading(out, plan)?;
        self.written.1 += usize::from(plan.is_plan());
        if plan.is_plan() { planned(out, plan) } else { overview(out, plan) }
    }

    fn unreadable(&mut self, out: &mut dyn Write, problem: &Problem) -> io::Result<()> {
        self.gap(out)?;
        writeln!(out, "**Cannot be read**: {}", text(&problem.to_string()))
    }

    fn end(&mut self, out: &mut dyn Write, totals: &Totals) -> io::Result<()> {
        if self.written.0 > 1 && self.written.1 > 0 {
            writeln!(out, "\n**All clusters: {}**", text(&words::changes(totals)))?;
        }
        Ok(())
    }
}
