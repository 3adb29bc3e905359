//! The custom resources: their types, the rules the API server checks, and the names of conditions and reasons.
//!
//! The types are what users write and read. Nothing here talks to a cluster or decides anything.

mod bounds;
pub mod conditions;
mod crd;
mod duration;
mod mode_summary;
mod moment;
mod number;
mod path;
mod profile;
mod pruning;
mod read;
pub mod reasons;
mod report;
mod rules;
mod schema;
mod shape;
mod status;
mod text;
mod version_spec;

pub use crd::{profile_crd, report_crd};
pub use duration::{GoDuration, ParseDurationError};
pub use mode_summary::ModeSummary;
pub use moment::{Moment, ParseMomentError, whole_second, whole_second_after};
pub use number::{agreed, counted};
pub use profile::{
    Batch, ClusterPodSecurityProfile, ConflictPolicy, ExemptLevel, Exemption, ModePolicy, NamespaceSelector,
    Operator, ProfileSpec, ReleasePolicy, Requirement, Rollout, Strategy,
};
pub use pruning::pruned_fields;
pub use read::{InvalidProfile, Violation, read_profile};
pub use report::{
    Breakage, CleanLevel, HeldLevel, NotJudged, PodSecurityReport, RefusedWorkload, ReportContent,
    ReportState, ReportSummary, ReportedBlocker, ReportedMode, Soak, VerdictCounts,
};
pub use status::{
    Controller, ExemptNamespace, ExpiringExemption, HeldNamespace, JudgedCounts, LeftAlone, NamespaceCounts,
    ProfileStatus, UnwritableNamespace,
};
pub use text::printable;
pub use version_spec::{ParseVersionSpecError, VersionSpec};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}
