//! A `ReleaseReport` as JSON or YAML. What a version of it means does not change; fields may be added.

use std::io::{self, Write};

use serde::Serialize;

use super::{Cleared, Fate, OfCluster, Released};
use crate::{
    cli::{
        observing::Problem,
        output::{Notation, json::API_VERSION},
    },
    standards::Mode,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    /// Whether all of it was done, and not only shown.
    done: bool,
    namespaces: Vec<Namespace<'a>>,
    failures: &'a [Problem],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Namespace<'a> {
    cluster: &'a str,
    name: &'a str,
    modes: Vec<PerMode>,
    /// What is taken away where no label is podsec's: `Notes`, or `Report`.
    #[serde(skip_serializing_if = "Option::is_none")]
    cleared: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PerMode {
    mode: Mode,
    value: String,
    /// `Removed`, `Left`, or `LeftToOthers`, who own it too.
    fate: &'static str,
}

pub(super) fn write(
    out: &mut dyn Write,
    notation: Notation,
    done: bool,
    clusters: &[OfCluster],
    failures: &[Problem],
) -> io::Result<()> {
    let namespaces = clusters.iter().flat_map(|cluster| {
        cluster.released.iter().map(|Released { namespace, modes, cleared }| Namespace {
            cluster: &cluster.name,
            name: namespace,
            modes: modes
                .iter()
                .map(|(plan, fate)| PerMode {
                    mode: plan.mode,
                    value: plan.present.to_string(),
                    fate: match fate {
                        Fate::Removed => "Removed",
                        Fate::Left => "Left",
                        Fate::LeftToOthers => "LeftToOthers",
                    },
                })
                .collect(),
            cleared: cleared.map(|cleared| match cleared {
                Cleared::Notes => "Notes",
                Cleared::Report => "Report",
            }),
        })
    });
    let document = Document {
        api_version: API_VERSION,
        kind: "ReleaseReport",
        done,
        namespaces: namespaces.collect(),
        failures,
    };
    notation.write(out, &document)
}
