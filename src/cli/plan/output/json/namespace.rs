//! A namespace in the report.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{Policy, Source};
use crate::{
    assessment::{Counts, ServerVerdict},
    cli::plan::model::{self, CrossCheck, Judged, NamespaceReport, PlannedMode, State, Step},
    standards::{Level, Mode},
};

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
    /// Whether it is suspended, and no dry run.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    suspended: bool,
}

impl<'a> From<&'a model::DryRun> for DryRun<'a> {
    fn from(dry_run: &'a model::DryRun) -> Self {
        let model::DryRun { profile, asks, suspended } = dry_run;
        Self { profile, asks: asks.to_string(), suspended: *suspended }
    }
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
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contested: Option<&'a str>,
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
            dry_run: report.dry_run.as_ref().map(DryRun::from),
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
            message: mode.message(),
            contested: mode.contested.as_deref(),
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
