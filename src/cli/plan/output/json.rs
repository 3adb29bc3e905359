//! A `CheckReport` of a cluster, as JSON and as YAML. What a version of it means does not change; fields may be added.
//!
//! Results are written as they come; namespaces are held, since they are few beside them.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use jiff::Timestamp;
use serde::Serialize;

use super::{Writer, words};
use crate::{
    assessment::{Counts, ServerVerdict},
    cli::{
        findings::Finding,
        observing::Problem,
        output::{
            json::{API_VERSION, KIND, pretty},
            yaml::yaml,
        },
        plan::{
            cluster_plan::ClusterPlan,
            model::{CrossCheck, Judged, NamespaceReport, PlannedMode, State, Step, WorkloadResult},
            totals::Totals,
        },
    },
    standards::{Level, LevelVersion, Mode, Verdict},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Policy(LevelVersion);

impl Serialize for Policy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Pair {
            level: Level,
            version: String,
        }
        Pair { level: self.0.level, version: self.0.version.to_string() }.serialize(serializer)
    }
}

#[derive(Debug, Serialize)]
struct Source<'a> {
    context: &'a str,
}

/// A workload.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Workload<'a> {
    source: Source<'a>,
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    pods: usize,
    policy: Policy,
    verdict: Verdict,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    exempt: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'a str>,
    findings: &'a [Finding],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    mended: &'a [String],
}

impl<'a> Workload<'a> {
    pub(in crate::cli) fn new(
        context: &'a str,
        report: &'a NamespaceReport,
        result: &'a WorkloadResult,
    ) -> Self {
        Self {
            source: Source { context },
            namespace: &report.name,
            kind: &result.kind,
            name: &result.name,
            pods: result.pods,
            policy: Policy(report.judged.policy),
            verdict: result.verdict.unwrap_or(Verdict::Conforms),
            exempt: result.verdict.is_none(),
            message: result.message(Mode::Enforce),
            audit_message: result.message(Mode::Audit),
            warning: result.message(Mode::Warn),
            findings: &result.findings,
            mended: &result.mended,
        }
    }
}

/// A namespace.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Namespace<'a> {
    source: Source<'a>,
    name: &'a str,
    state: State,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    protected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<DryRun<'a>>,
    labels: Labels<'a>,
    policy: Policy,
    workloads: Verdicts,
    /// Live ones.
    pods: usize,
    violating_pods: usize,
    clean_at: Level,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_level: Option<NextLevel>,
    modes: Vec<PerMode<'a>>,
    checks: Vec<PerCheck>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    missing: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cross_check: Vec<CrossChecked<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_change: Option<Timestamp>,
}

/// What the API server says of a planned enforce label.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CrossChecked<'a> {
    policy: Policy,
    verdict: &'static str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    only_server: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    only_podsec: &'a [String],
    message: String,
}

impl<'a> From<&'a CrossCheck> for CrossChecked<'a> {
    fn from(check: &'a CrossCheck) -> Self {
        let (verdict, only_server, only_podsec): (_, &[String], &[String]) = match &check.verdict {
            ServerVerdict::Agrees => ("agrees", &[], &[]),
            ServerVerdict::CutOff { .. } => ("cutOff", &[], &[]),
            ServerVerdict::Exempt => ("exempt", &[], &[]),
            ServerVerdict::Unavailable(_) => ("unavailable", &[], &[]),
            ServerVerdict::Disagrees { only_server, only_podsec } => ("disagrees", only_server, only_podsec),
        };
        Self { policy: Policy(check.policy), verdict, only_server, only_podsec, message: check.told() }
    }
}

#[derive(Debug, Serialize)]
struct DryRun<'a> {
    profile: &'a str,
    asks: String,
}

#[derive(Debug, Serialize)]
struct Labels<'a> {
    now: BTreeMap<&'a str, &'a str>,
    planned: BTreeMap<&'a str, &'a str>,
}

#[derive(Debug, Serialize)]
struct Verdicts {
    conforming: usize,
    violating: usize,
    inconclusive: usize,
    exempt: usize,
}

impl From<&Judged> for Verdicts {
    fn from(judged: &Judged) -> Self {
        let Counts { conforming, violating, inconclusive } = judged.workloads;
        Self { conforming, violating, inconclusive, exempt: judged.exempt_workloads }
    }
}

#[derive(Debug, Serialize)]
struct NextLevel {
    level: Level,
    violating: usize,
    inconclusive: usize,
    workloads: usize,
}

#[derive(Debug, Serialize)]
struct PerCheck {
    check: &'static str,
    workloads: usize,
    pods: usize,
}

/// What the plan does about a mode.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PerMode<'a> {
    mode: Mode,
    #[serde(skip_serializing_if = "str::is_empty")]
    profile: &'a str,
    step: Step,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    now: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    assumed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<String>,
    after: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_set_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workloads: Option<Verdicts>,
}

impl<'a> Namespace<'a> {
    pub(in crate::cli) fn new(context: &'a str, report: &'a NamespaceReport) -> Self {
        let judged = &report.judged;
        let next_level = report.cleanness.next.map(|next| NextLevel {
            level: next.level,
            violating: next.violating,
            inconclusive: next.inconclusive,
            workloads: next.workloads,
        });
        let checks = report.checks.iter().map(|count| PerCheck {
            check: count.check.id,
            workloads: count.workloads,
            pods: count.pods,
        });
        Self {
            source: Source { context },
            name: &report.name,
            state: report.state,
            protected: report.protected,
            dry_run: report
                .dry_run
                .as_ref()
                .map(|dry_run| DryRun { profile: &dry_run.profile, asks: dry_run.asks.to_string() }),
            labels: Labels {
                now: report.labels_now.iter().collect(),
                planned: report.labels_planned.iter().collect(),
            },
            policy: Policy(judged.policy),
            workloads: judged.into(),
            pods: judged.all_pods(),
            violating_pods: judged.pods.violating,
            clean_at: report.cleanness.level,
            next_level,
            modes: report.modes.iter().map(|mode| PerMode::new(mode, report)).collect(),
            checks: checks.collect(),
            missing: &report.missing,
            cross_check: report.cross_checks.iter().map(CrossChecked::from).collect(),
            next_change: report.next,
        }
    }
}

impl<'a> PerMode<'a> {
    fn new(mode: &'a PlannedMode, report: &'a NamespaceReport) -> Self {
        let advisory = report.advisory.iter().find(|(of, _)| *of == mode.mode);
        Self {
            mode: mode.mode,
            profile: &mode.profile,
            step: mode.step,
            reason: mode.reason,
            message: mode.why.as_deref(),
            now: &mode.now,
            assumed: mode.assumed,
            asked: mode.asked.map(|asked| asked.to_string()),
            after: mode.after.to_string(),
            last_set_by: mode.last_set_by.as_deref(),
            taken_from: mode.taken_from.as_deref(),
            workloads: advisory.map(|(_, judged)| judged.into()),
        }
    }
}

/// A cluster.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cluster {
    context: String,
    version: String,
    seconds: f64,
    /// Whether there was anything to plan.
    planned: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<String>,
}

/// Something that could not be read.
#[derive(Debug, Serialize)]
struct Failed {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<OwnedSource>,
    object: String,
    message: String,
}

#[derive(Debug, Serialize)]
struct OwnedSource {
    context: String,
}

/// What is told after all results.
#[derive(Debug, Default)]
struct Rest {
    clusters: Vec<Cluster>,
    failures: Vec<Failed>,
    /// By what everything was judged, while that is one policy.
    policy: Option<Policy>,
    has_several_policies: bool,
}

impl Rest {
    fn cluster(&mut self, plan: &ClusterPlan) {
        self.clusters.push(Cluster {
            context: plan.name.clone(),
            version: format!("v1.{}", plan.minor),
            seconds: words::seconds(plan),
            planned: plan.is_plan(),
            notices: plan.notices.clone(),
        });
        let source = || Some(OwnedSource { context: plan.name.clone() });
        self.failures.extend(plan.problems.iter().map(|problem| failed(source(), problem)));
        for report in &plan.reports {
            let policy = Policy(report.judged.policy);
            self.has_several_policies |= *self.policy.get_or_insert(policy) != policy;
        }
    }

    fn policy(&self) -> Option<Policy> {
        self.policy.filter(|_| !self.has_several_policies)
    }
}

fn failed(source: Option<OwnedSource>, problem: &Problem) -> Failed {
    let Problem { place, message } = problem.clone();
    Failed { source, object: place, message }
}

/// Writes JSON.
#[derive(Debug, Default)]
pub(super) struct Json {
    has_results: bool,
    /// Each as it stands in the document.
    namespaces: Vec<String>,
    rest: Rest,
}

impl Writer for Json {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{{\n  \"apiVersion\": \"{API_VERSION}\",\n  \"kind\": \"{KIND}\",\n  \"results\": [")
    }

    fn cluster(&mut self, out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
        for report in &plan.reports {
            self.namespaces.push(pretty(&Namespace::new(&plan.name, report), 2)?);
            for result in plan.results(report) {
                let comma = if std::mem::replace(&mut self.has_results, true) { "," } else { "" };
                write!(out, "{comma}\n    {}", pretty(&Workload::new(&plan.name, report, &result), 2)?)?;
            }
        }
        self.rest.cluster(plan);
        Ok(())
    }

    fn unreadable(&mut self, _: &mut dyn Write, problem: &Problem) -> io::Result<()> {
        self.rest.failures.push(failed(None, problem));
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, totals: &Totals) -> io::Result<()> {
        write!(out, "{},\n  \"namespaces\": [", if self.has_results { "\n  ]" } else { "]" })?;
        for (index, namespace) in self.namespaces.iter().enumerate() {
            write!(out, "{}\n    {namespace}", if index > 0 { "," } else { "" })?;
        }
        writeln!(out, "{},", if self.namespaces.is_empty() { "]" } else { "\n  ]" })?;
        if let Some(policy) = self.rest.policy() {
            writeln!(out, "  \"policy\": {},", pretty(&policy, 1)?)?;
        }
        writeln!(out, "  \"clusters\": {},", pretty(&self.rest.clusters, 1)?)?;
        writeln!(out, "  \"failures\": {},", pretty(&self.rest.failures, 1)?)?;
        writeln!(out, "  \"summary\": {}\n}}", pretty(totals, 1)?)
    }
}

/// Writes YAML: what JSON says, in its words.
#[derive(Debug, Default)]
pub(super) struct Yaml {
    has_results: bool,
    namespaces: Vec<String>,
    rest: Rest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    api_version: &'static str,
    kind: &'static str,
}

#[derive(Serialize)]
struct Foot<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Policy>,
    clusters: &'a [Cluster],
    failures: &'a [Failed],
    summary: &'a Totals,
}

impl Writer for Yaml {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}results:", yaml(&Head { api_version: API_VERSION, kind: KIND })?)
    }

    fn cluster(&mut self, out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
        for report in &plan.reports {
            self.namespaces.push(yaml(&[Namespace::new(&plan.name, report)])?);
            for result in plan.results(report) {
                let end = if std::mem::replace(&mut self.has_results, true) { "" } else { "\n" };
                write!(out, "{end}{}", yaml(&[Workload::new(&plan.name, report, &result)])?)?;
            }
        }
        self.rest.cluster(plan);
        Ok(())
    }

    fn unreadable(&mut self, _: &mut dyn Write, problem: &Problem) -> io::Result<()> {
        self.rest.failures.push(failed(None, problem));
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, totals: &Totals) -> io::Result<()> {
        write!(out, "{}namespaces:", if self.has_results { "" } else { " []\n" })?;
        writeln!(out, "{}", if self.namespaces.is_empty() { " []" } else { "" })?;
        for namespace in &self.namespaces {
            write!(out, "{namespace}")?;
        }
        let Rest { clusters, failures, .. } = &self.rest;
        write!(out, "{}", yaml(&Foot { policy: self.rest.policy(), clusters, failures, summary: totals })?)
    }
}
