//! A Comparison as JSON or YAML. What a version of it means does not change; fields may be added.

use std::io::{self, Write};

use serde::Serialize;

use super::{Change, Comparison};
use crate::{
    assessment::Turn,
    cli::{
        findings::Finding,
        observing::Problem,
        output::{Notation, json::API_VERSION},
    },
    standards::{Level, Mode, Verdict},
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    from: String,
    to: String,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notices: &'a [String],
    results: Vec<Told<'a>>,
    failures: &'a [Problem],
    summary: Summary,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source<'a>>,
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    pods: usize,
    level: Level,
    turn: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Verdict>,
    /// What only the second version has against it.
    gained: &'a [Finding],
    /// What only the first has.
    lost: &'a [Finding],
    /// The modes of the namespace that go over with the API server.
    #[serde(skip_serializing_if = "<[Mode]>::is_empty")]
    follows: &'a [Mode],
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Source<'a> {
    Cluster { context: &'a str },
    File { file: &'a str, line: u32 },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    namespaces: usize,
    workloads: usize,
    newly_failing: usize,
    newly_passing: usize,
    other_reasons: usize,
    failed: usize,
}

pub(super) fn write(out: &mut dyn Write, notation: Notation, comparison: &Comparison) -> io::Result<()> {
    let document = Document {
        api_version: API_VERSION,
        kind: "Comparison",
        from: comparison.from.to_string(),
        to: comparison.to.to_string(),
        notices: &comparison.notices,
        results: comparison.changes.iter().map(told).collect(),
        failures: &comparison.problems,
        summary: Summary {
            namespaces: comparison.namespaces,
            workloads: comparison.workloads,
            newly_failing: comparison.workloads_of(Turn::Fails),
            newly_passing: comparison.workloads_of(Turn::Passes),
            other_reasons: comparison.workloads_of(Turn::Stays),
            failed: comparison.problems.len(),
        },
    };
    notation.write(out, &document)
}

fn told(change: &Change) -> Told<'_> {
    let cluster = change.context.as_deref().map(|context| Source::Cluster { context });
    let file = change.source.as_ref().map(|source| Source::File { file: &source.file, line: source.line });
    Told {
        source: file.or(cluster),
        namespace: &change.namespace,
        kind: &change.kind,
        name: &change.workload,
        pods: change.pods,
        level: change.level,
        turn: match change.turn {
            Turn::Fails => "newlyFails",
            Turn::Passes => "newlyPasses",
            Turn::Stays => "otherReasons",
        },
        from: change.from,
        to: change.to,
        gained: &change.gained,
        lost: &change.lost,
        follows: &change.follows,
    }
}
