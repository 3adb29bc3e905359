//! What is judged and planned: clusters as they are now, and manifests in files.

mod cluster;
mod files;
mod not_told;
mod progress;
mod reports;
mod server;
mod settings;
mod subject;

pub(super) use cluster::{Extent, Observed, Selection, namespace_name};
pub(super) use files::{Manifests, NO_NAMESPACE, Source};
pub(super) use not_told::NotTold;
pub(super) use progress::Progress;
pub(super) use reports::Reports;
pub(super) use server::{ExemptRuntimeClasses, ServerFlags};
pub(super) use settings::settings;
pub(super) use subject::{Sources, Subject};

/// Something that could not be read, so that less is known than was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// What it concerns: a file with line and column, a namespace, a context. Somebody else's text.
    pub(super) place: String,
    /// What is the matter, and where that is known what to do.
    pub(super) message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}
