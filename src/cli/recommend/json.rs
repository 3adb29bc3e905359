//! A Recommendation as JSON or YAML. What a version of it means does not change; fields may be added.

use std::io::{self, Write};

use serde::Serialize;

use super::{Recommendation, Recommended};
use crate::{
    cli::{
        observing::Problem,
        output::{Notation, json::API_VERSION},
    },
    standards::Level,
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<&'a str>,
    namespaces: Vec<Namespace<'a>>,
    failures: Vec<&'a Problem>,
    summary: Summary,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    namespaces: usize,
    restricted: usize,
    baseline: usize,
    privileged: usize,
    /// Of which podsec cannot tell whether a higher level could be had.
    in_doubt: usize,
    failed: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Namespace<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source<'a>>,
    name: &'a str,
    version: String,
    clean_at: Level,
    #[serde(skip_serializing_if = "Option::is_none")]
    enforced_now: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    protected: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    in_doubt: bool,
    workloads: usize,
    pods: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_level: Option<NextLevel>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    missing: &'a [String],
}

#[derive(Debug, Serialize)]
struct Source<'a> {
    context: &'a str,
}

#[derive(Debug, Serialize)]
struct NextLevel {
    level: Level,
    violating: usize,
    inconclusive: usize,
    workloads: usize,
    checks: Vec<&'static str>,
}

pub(super) fn write(
    out: &mut dyn Write,
    notation: Notation,
    all: &[Recommendation],
    failed: &[Problem],
) -> io::Result<()> {
    let namespaces: Vec<_> = all
        .iter()
        .flat_map(|recommendation| {
            recommendation.namespaces.iter().map(|namespace| told(recommendation, namespace))
        })
        .collect();
    let problems = all.iter().flat_map(|recommendation| &recommendation.problems).chain(failed);
    let failures: Vec<_> = problems.collect();
    let at = |level| namespaces.iter().filter(|namespace| namespace.clean_at == level).count();
    let summary = Summary {
        namespaces: namespaces.len(),
        restricted: at(Level::Restricted),
        baseline: at(Level::Baseline),
        privileged: at(Level::Privileged),
        in_doubt: namespaces.iter().filter(|namespace| namespace.in_doubt).count(),
        failed: failures.len(),
    };
    let notices = all.iter().flat_map(|recommendation| &recommendation.notices).map(String::as_str);
    let document = Document {
        api_version: API_VERSION,
        kind: "Recommendation",
        notices: notices.collect(),
        namespaces,
        failures,
        summary,
    };
    notation.write(out, &document)
}

fn told<'a>(recommendation: &'a Recommendation, namespace: &'a Recommended) -> Namespace<'a> {
    Namespace {
        source: recommendation.context.as_deref().map(|context| Source { context }),
        name: &namespace.name,
        version: recommendation.version.to_string(),
        clean_at: namespace.cleanness.level,
        enforced_now: namespace.now.map(|now| now.to_string()),
        protected: namespace.protected,
        in_doubt: namespace.is_in_doubt(),
        workloads: namespace.workloads,
        pods: namespace.pods,
        next_level: namespace.cleanness.next.map(|next| NextLevel {
            level: next.level,
            violating: next.violating,
            inconclusive: next.inconclusive,
            workloads: next.workloads,
            checks: namespace.checks.iter().map(|count| count.check.id).collect(),
        }),
        missing: &namespace.missing,
    }
}
