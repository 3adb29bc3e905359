//! A workload in the report.

use serde::Serialize;

use super::{Policy, Source};
use crate::{
    cli::{
        findings::Finding,
        plan::model::{NamespaceReport, WorkloadResult},
    },
    standards::{Mode, Verdict},
};

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
