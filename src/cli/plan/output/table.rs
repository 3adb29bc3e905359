//! For people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{Writer, words};
use crate::{
    api::{ReportState, counted},
    assessment::Distance,
    cli::{
        findings::{Finding, instruction},
        observing::Problem,
        output::{Cell, Columns, Screen, plain},
        plan::{
            cluster_plan::ClusterPlan,
            model::{NamespaceReport, Step, WorkloadResult},
            overview::Overview,
            totals::Totals,
        },
    },
    standards::{Level, Mode, Verdict},
};

const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
const GOOD: Style = AnsiColor::Green.on_default();
const TITLE: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// How many namespaces are told of in detail, and how many workloads of each; `-o wide` tells of all.
const NAMESPACES: usize = 10;
const WORKLOADS: usize = 3;

/// Writes tables.
#[derive(Debug)]
pub(in crate::cli) struct Table {
    screen: Screen,
    is_wide: bool,
    /// How many clusters were written, and how many of them with a plan.
    written: (usize, usize),
}

impl Table {
    pub(in crate::cli) const fn new(screen: Screen, is_wide: bool) -> Self {
        Self { screen, is_wide, written: (0, 0) }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        self.screen.paint(style, text)
    }

    /// A blank line between clusters.
    fn gap(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.written.0 += 1;
        if self.written.0 > 1 { writeln!(out) } else { Ok(()) }
    }

    fn heading(&self, out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
        let title = self.paint(TITLE, &format!("{} (v1.{})", plain(&plan.name), plan.minor));
        writeln!(out, "{title}: read only, nothing changed")?;
        writeln!(out, "{}", words::extent(plan))?;
        for notice in &plan.notices {
            self.screen.labelled(out, (DOUBTFUL, "note"), notice)?;
        }
        for problem in &plan.problems {
            self.screen.labelled(out, (BAD, "cannot be told"), &problem.to_string())?;
        }
        Ok(())
    }

    // --- a plan ---

    fn plan(&self, out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
        let shown: Vec<_> = plan.reports.iter().filter(|report| self.is_wide || !report.is_quiet()).collect();
        if !shown.is_empty() {
            writeln!(out)?;
            self.namespaces(out, &shown)?;
            self.reasons(out, &shown)?;
            self.details(out, plan, &shown)?;
        }
        if let Some(checks) = words::cross_checks(plan) {
            writeln!(out, "\n{checks}")?;
        }
        writeln!(out, "\n{}", words::changes(&plan.totals()))
    }

    fn namespaces(&self, out: &mut dyn Write, shown: &[&NamespaceReport]) -> io::Result<()> {
        if self.is_wide {
            let head = [
                "NAMESPACE",
                "PLAN",
                "ENFORCE",
                "AUDIT",
                "WARN",
                "PROFILE",
                "VIOLATING",
                "PODS",
                "CLEAN AT",
                "LAST SET BY",
            ];
            let mut columns = Columns::new(head);
            for report in shown {
                let [name, word, enforce, audit, warn, profile, workloads, pods] = cells(report);
                let clean = Cell::new(report.cleanness.level.as_str());
                let owners = Cell::new(last_set_by(report));
                columns.row([name, word, enforce, audit, warn, profile, workloads, pods, clean, owners]);
            }
            return columns.write(out, self.screen.is_coloured);
        }
        let head = ["NAMESPACE", "PLAN", "ENFORCE", "AUDIT", "WARN", "PROFILE", "VIOLATING", "PODS"];
        let mut columns = Columns::new(head);
        for report in shown {
            columns.row(cells(report));
        }
        columns.write(out, self.screen.is_coloured)
    }

    /// What there is to say of modes besides what the columns say.
    fn reasons(&self, out: &mut dyn Write, shown: &[&NamespaceReport]) -> io::Result<()> {
        let said = words::said(shown, words::reasons);
        if !said.is_empty() {
            writeln!(out)?;
        }
        said.iter().try_for_each(|line| self.screen.prose(out, line))
    }

    /// What is in the way, by namespace and workload.
    fn details(&self, out: &mut dyn Write, plan: &ClusterPlan, shown: &[&NamespaceReport]) -> io::Result<()> {
        let concerned = shown.iter().filter(|report| words::needs_details(report));
        let mut left = if self.is_wide { usize::MAX } else { NAMESPACES };
        let mut more = 0;
        for report in concerned {
            if left == 0 {
                more += 1;
                continue;
            }
            left -= 1;
            self.namespace(out, plan, report)?;
        }
        if more > 0 {
            let namespaces = counted(more, "more namespace");
            writeln!(out, "\nand {namespaces} with workloads in the way: -o wide tells of all")?;
        }
        Ok(())
    }

    /// What is in the way in a namespace, by workload.
    pub(in crate::cli) fn namespace(
        &self,
        out: &mut dyn Write,
        plan: &ClusterPlan,
        report: &NamespaceReport,
    ) -> io::Result<()> {
        let judged = &report.judged;
        let title = self.paint(TITLE, &plain(&report.name));
        writeln!(out, "\n{title}: {}", words::verdict(judged))?;
        for missing in &report.missing {
            writeln!(out, "  {}: {}", self.paint(BAD, "may be missing"), plain(missing))?;
        }
        let mut results: Vec<_> = plan.results(report).into_iter().filter(is_in_the_way).collect();
        // Most pods first; what ties stays in the order of kinds and names.
        results.sort_by_key(|result| std::cmp::Reverse(result.pods));
        let limit = if self.is_wide { usize::MAX } else { WORKLOADS };
        let more = results.len().saturating_sub(limit);
        for result in results.iter().take(limit) {
            self.workload(out, result)?;
        }
        if more > 0 {
            let workloads = counted(more, "more workload");
            writeln!(out, "  and {workloads}: -n {} -o wide", plain(&report.name))?;
        }
        Ok(())
    }

    fn workload(&self, out: &mut dyn Write, result: &WorkloadResult) -> io::Result<()> {
        let verdict = match result.verdict {
            Some(Verdict::Violates) => self.paint(BAD, "violates"),
            _ => self.paint(DOUBTFUL, "may violate"),
        };
        writeln!(out, "  {} {verdict}{}", plain(&result.title()), words::pods(result.pods, ", "))?;
        for finding in result.findings.iter().filter(|finding| self.is_wide || finding.is_enforced()) {
            self.finding(out, result, finding)?;
        }
        if !result.mended.is_empty() && self.is_wide {
            let checks = result.mended.join(", ");
            writeln!(
                out,
                "    something changes the pods on their way in; their template is refused by {checks}"
            )?;
        }
        if self.is_wide {
            for (message, modes) in words::messages(result) {
                writeln!(out, "    {}{modes}", self.paint(FAINT, &plain(message)))?;
            }
        }
        Ok(())
    }

    fn finding(&self, out: &mut dyn Write, result: &WorkloadResult, finding: &Finding) -> io::Result<()> {
        let style = if finding.is_enforced() && !finding.in_doubt { BAD } else { DOUBTFUL };
        let reason = self.paint(style, &plain(&finding.reason()));
        let only = words::only(&finding.modes);
        let fewer = if finding.pods == result.pods { String::new() } else { words::pods(finding.pods, "; ") };
        writeln!(out, "    {}: {reason}{only}{}{fewer}", plain(&finding.subject), finding.remark())?;
        let elsewhere = finding.template.as_ref().filter(|template| **template != result.title());
        let place = elsewhere.map(|template| format!("{template}: ")).unwrap_or_default();
        for change in &finding.changes {
            writeln!(out, "      {}{}", plain(&place), plain(&instruction(change)))?;
        }
        Ok(())
    }

    // --- no plan ---

    fn overview(&self, out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
        let overview = Overview::of(&plan.reports);
        writeln!(out)?;
        let blockers =
            |level| words::blockers(&overview, level).map(|text| format!("   {text}")).unwrap_or_default();
        let restricted = self.paint(GOOD, &format!("clean at restricted {:>5}", overview.restricted));
        writeln!(out, "{restricted}")?;
        writeln!(out, "clean at baseline   {:>5}{}", overview.baseline, blockers(Level::Restricted))?;
        writeln!(out, "clean at neither    {:>5}{}", overview.neither, blockers(Level::Baseline))?;
        if !overview.unknown.is_empty() {
            let unknown = format!("cannot be told      {:>5}", overview.unknown.len());
            let names = overview.unknown.iter().map(|report| report.name.as_str());
            let names = words::first(words::NAMES, ", ", names);
            writeln!(out, "{}   {}", self.paint(DOUBTFUL, &unknown), plain(&names))?;
        }
        if !overview.nearest.is_empty() {
            let nearest = overview.nearest.iter().map(|(report, distance)| near(report, distance));
            writeln!(out, "nearest to the next level: {}", words::first(3, "; ", nearest))?;
        }
        if self.is_wide {
            writeln!(out)?;
            self.standings(out, plan)?;
        }
        writeln!(out, "\nnext: {}", words::NEXT[0])?;
        words::NEXT[1..].iter().try_for_each(|next| writeln!(out, "      {next}"))
    }

    /// One row a namespace.
    fn standings(&self, out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
        let mut columns = Columns::new([
            "NAMESPACE",
            "CLEAN AT",
            "NEXT",
            "VIOLATING",
            "INCONCLUSIVE",
            "PODS",
            "ENFORCE NOW",
            "IN THE WAY",
        ]);
        for report in &plan.reports {
            let next = report.cleanness.next;
            let judged = &report.judged;
            let checks: Vec<_> = report.checks.iter().map(|count| count.check.id).collect();
            let style = if report.cleanness.level == Level::Restricted { GOOD } else { Style::new() };
            let of = |count: usize| format!("{count}/{}", judged.all_workloads());
            columns.row([
                Cell::new(&report.name),
                Cell::new(report.cleanness.level.as_str()).styled(style),
                Cell::new(next.map_or("-", |next| next.level.as_str())),
                Cell::new(of(judged.workloads.violating)),
                Cell::new(of(judged.workloads.inconclusive)),
                Cell::new(judged.all_pods().to_string()),
                Cell::new(words::enforce_now(report)),
                Cell::new(if report.missing.is_empty() {
                    checks.join(", ")
                } else {
                    format!("may be missing: {}", report.missing.join(", "))
                }),
            ]);
        }
        columns.write(out, self.screen.is_coloured)
    }
}

fn cells(report: &NamespaceReport) -> [Cell; 8] {
    let [enforce, audit, warn] =
        Mode::ALL.map(|mode| Cell::new(report.mode(mode).map_or_else(|| "-".to_owned(), words::cell)));
    let judged = &report.judged;
    let of = |violating: usize, all: usize| {
        let cell = Cell::new(format!("{violating}/{all}"));
        if violating > 0 { cell.styled(BAD) } else { cell }
    };
    [
        Cell::new(&report.name),
        Cell::new(report.word()).styled(style(report)),
        enforce,
        audit,
        warn,
        Cell::new(words::profiles(report)),
        of(judged.workloads.violating, judged.all_workloads()),
        of(judged.pods.violating, judged.all_pods()),
    ]
}

/// `shop to restricted (1 of 42 workloads)`.
fn near(report: &NamespaceReport, distance: &Distance) -> String {
    let Distance { level, violating, workloads, .. } = distance;
    format!("{} to {level} ({violating} of {})", plain(&report.name), counted(*workloads, "workload"))
}

fn is_in_the_way(result: &WorkloadResult) -> bool {
    matches!(result.verdict, Some(Verdict::Violates | Verdict::Inconclusive))
}

fn style(report: &NamespaceReport) -> Style {
    use ReportState::{Frozen, Inconclusive, Soaking, Yielded};
    let is_doubtful =
        [Frozen, Inconclusive, Soaking, Yielded].into_iter().any(|state| report.state.is(state));
    match report.enforce_step() {
        _ if report.is_held() || report.is_broken() => BAD,
        Step::Weaken | Step::Remove => DOUBTFUL,
        _ if is_doubtful => DOUBTFUL,
        Step::Raise | Step::Repair => GOOD,
        _ => Style::new(),
    }
}

/// Who last set which mode.
fn last_set_by(report: &NamespaceReport) -> String {
    let set = report.modes.iter().filter_map(|mode| Some((mode.mode, mode.last_set_by.as_deref()?)));
    let mut by: Vec<(&str, Vec<&str>)> = Vec::new();
    for (mode, manager) in set {
        match by.iter_mut().find(|(known, _)| *known == manager) {
            Some((_, modes)) => modes.push(mode.as_str()),
            None => by.push((manager, vec![mode.as_str()])),
        }
    }
    match by.as_slice() {
        [] => "-".to_owned(),
        [(manager, _)] => (*manager).to_owned(),
        several => several
            .iter()
            .map(|(manager, modes)| format!("{manager} ({})", modes.join(", ")))
            .collect::<Vec<_>>()
            .join("; "),
    }
}

impl Writer for Table {
    fn begin(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn cluster(&mut self, out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
        self.gap(out)?;
        self.heading(out, plan)?;
        self.written.1 += usize::from(plan.is_plan());
        if plan.is_plan() { self.plan(out, plan) } else { self.overview(out, plan) }
    }

    fn unreadable(&mut self, out: &mut dyn Write, problem: &Problem) -> io::Result<()> {
        self.gap(out)?;
        writeln!(out, "{}: {}", self.paint(BAD, "cannot be read"), plain(&problem.to_string()))
    }

    fn end(&mut self, out: &mut dyn Write, totals: &Totals) -> io::Result<()> {
        if self.written.0 > 1 && self.written.1 > 0 {
            writeln!(out, "\n{}: {}", self.paint(TITLE, "all clusters"), words::changes(totals))?;
        }
        Ok(())
    }
}
