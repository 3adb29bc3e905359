//! An Explanation as JSON or YAML. What a version of it means does not change; fields may be added.

use std::io::{self, Write};

use serde::Serialize;

use super::explanation::{Candidate, Explanation};
use crate::{
    cli::{
        key_owners::Key,
        observing::Problem,
        output::{Notation, json::API_VERSION},
        plan::{
            cluster_plan::ClusterPlan,
            model::WorkloadResult,
            output::json::{Namespace, Workload},
        },
    },
    standards::Mode,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    namespace: Namespace<'a>,
    modes: Vec<PerMode<'a>>,
    not_selecting: Vec<NotSelecting<'a>>,
    keys: &'a [Key],
    next: &'a [String],
    results: Vec<Workload<'a>>,
    notices: &'a [String],
    failures: &'a [Problem],
}

#[derive(Serialize)]
struct PerMode<'a> {
    mode: Mode,
    profiles: Vec<Profile<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile<'a> {
    name: &'a str,
    priority: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    asks: Option<String>,
    governs: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why_not: Option<&'a str>,
}

impl<'a> From<&'a Candidate> for Profile<'a> {
    fn from(candidate: &'a Candidate) -> Self {
        Self {
            name: &candidate.profile,
            priority: candidate.priority,
            asks: candidate.asks.map(|asks| asks.to_string()),
            governs: candidate.governs,
            why_not: candidate.why_not.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct NotSelecting<'a> {
    name: &'a str,
    why: String,
}

pub(super) fn write(
    out: &mut dyn Write,
    notation: Notation,
    plan: &ClusterPlan,
    explanation: &Explanation<'_>,
) -> io::Result<()> {
    let report = explanation.report;
    let results: Vec<WorkloadResult> = plan.results(report);
    let modes = explanation.candidates.iter().map(|(mode, candidates)| PerMode {
        mode: *mode,
        profiles: candidates.iter().map(Profile::from).collect(),
    });
    let not_selecting =
        explanation.elsewhere.iter().map(|(name, mismatch)| NotSelecting { name, why: mismatch.to_string() });
    let document = Document {
        api_version: API_VERSION,
        kind: "Explanation",
        namespace: Namespace::new(&plan.name, report),
        modes: modes.collect(),
        not_selecting: not_selecting.collect(),
        keys: &explanation.keys,
        next: &explanation.next,
        results: results.iter().map(|result| Workload::new(&plan.name, report, result)).collect(),
        notices: &plan.notices,
        failures: &plan.problems,
    };
    notation.write(out, &document)
}
