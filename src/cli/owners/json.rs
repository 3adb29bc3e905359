//! An `OwnersReport` as JSON or YAML. What a version of it means does not change; fields may be added.

use std::io::{self, Write};

use serde::Serialize;

use super::{OfCluster, OfMode};
use crate::{
    cli::{
        key_owners::Key,
        observing::Problem,
        output::{Notation, json::API_VERSION},
        plan::model::{PlannedMode, Step},
    },
    standards::Mode,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    modes: Vec<Row<'a>>,
    failures: Vec<Failed<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    cluster: &'a str,
    namespace: &'a str,
    mode: Mode,
    labels: Vec<&'a Key>,
    #[serde(skip_serializing_if = "Option::is_none")]
    planned: Option<Planned<'a>>,
}

/// What podsec would do.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Planned<'a> {
    profile: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<String>,
    after: String,
    step: Step,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_from: Option<&'a str>,
}

#[derive(Serialize)]
struct Failed<'a> {
    object: &'a str,
    message: &'a str,
}

impl<'a> Planned<'a> {
    fn of(planned: &'a PlannedMode) -> Self {
        Self {
            profile: &planned.profile,
            asked: planned.asked.map(|asked| asked.to_string()),
            after: planned.after.to_string(),
            step: planned.step,
            reason: planned.reason,
            message: planned.why.as_deref(),
            taken_from: planned.taken_from.as_deref(),
        }
    }
}

pub(super) fn write(
    out: &mut dyn Write,
    notation: Notation,
    clusters: &[OfCluster],
    problems: &[Problem],
) -> io::Result<()> {
    let rows = clusters.iter().flat_map(|cluster| {
        cluster.modes().map(|OfMode { namespace, mode, labels, planned }| Row {
            cluster: &cluster.plan.name,
            namespace,
            mode,
            labels,
            planned: planned.map(Planned::of),
        })
    });
    let failures =
        problems.iter().map(|problem| Failed { object: &problem.place, message: &problem.message });
    let document = Document {
        api_version: API_VERSION,
        kind: "OwnersReport",
        modes: rows.collect(),
        failures: failures.collect(),
    };
    notation.write(out, &document)
}
