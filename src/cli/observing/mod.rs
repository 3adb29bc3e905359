//! What is judged and planned: clusters as they are now, and manifests in files.

mod cluster;
mod files;
mod not_told;
mod progress;
mod reports;
mod server;
mod settings;
mod subject;

pub(super) use cluster::{Extent, Named, Observed, Selection, namespace_name};
pub(super) use files::{Manifests, NO_NAMESPACE, Source};
pub(super) use not_told::NotTold;
pub(super) use progress::Progress;
pub(super) use reports::{Fight, Reports};
pub(super) use server::{ExemptRuntimeClasses, ServerDefaultFlags, ServerFlags};
pub(super) use settings::settings;
pub(super) use subject::{Sources, Subject};

use serde::Serialize;

/// Something that could not be read, so that less is known than was asked for.
///
/// It is one of the `failures` of every document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    /// What it concerns: a file with line and column, a namespace, a context. Somebody else's text.
    #[serde(rename = "object")]
    pub(super) place: String,
    /// What is the matter, and where that is known what to do.
    pub(super) message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Problems that are told nowhere else.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
pub(super) struct Problems(pub(super) Vec<Problem>);
