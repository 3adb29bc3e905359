//! An `OwnersReport` as JSON or YAML. What a version of it means does not change; fields may be added.

use std::io::{self, Write};

use serde::Serialize;

use super::{NOT_KNOWN, OfCluster, OfMode, Would};
use crate::{
    cli::{
        key_owners::Key,
        observing::Problem,
        output::{Notation, json::API_VERSION},
        plan::model::Step,
    },
    standards::Mode,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    modes: Vec<Row<'a>>,
    failures: &'a [Problem],
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
    /// Why it is not known what podsec would do.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_known: Option<&'static str>,
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
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contested: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_from: Option<&'a str>,
}

impl<'a> Planned<'a> {
    fn of(would: Would<'a>) -> Option<Self> {
        let planned = would.planned()?;
        let message = match would {
            Would::Gate(_) => {
                Some("it goes through the gate; podsec plan tells whether that is open".to_owned())
            }
            _ => planned.message(),
        };
        Some(Self {
            profile: &planned.profile,
            asked: planned.asked.map(|asked| asked.to_string()),
            after: planned.after.to_string(),
            step: planned.step,
            reason: planned.reason,
            message,
            contested: planned.contested.as_deref(),
            taken_from: planned.taken_from.as_deref(),
        })
    }
}

pub(super) fn write(
    out: &mut dyn Write,
    notation: Notation,
    clusters: &[OfCluster],
    problems: &[Problem],
) -> io::Result<()> {
    let rows = clusters.iter().flat_map(|cluster| {
        cluster.modes().map(|OfMode { namespace, mode, labels, would }| Row {
            cluster: &cluster.plan.name,
            namespace,
            mode,
            labels,
            planned: Planned::of(would),
            not_known: matches!(would, Would::NotKnown).then_some(NOT_KNOWN),
        })
    });
    let document = Document {
        api_version: API_VERSION,
        kind: "OwnersReport",
        modes: rows.collect(),
        failures: problems,
    };
    notation.write(out, &document)
}
