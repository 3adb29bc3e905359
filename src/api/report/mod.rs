//! `PodSecurityReport`: what podsec makes of one namespace, for those who run workloads there.
//!
//! There is one for each namespace that a profile matches, and it dies with the namespace. It is bounded: a namespace
//! with thousands of pods has no larger one than a namespace with twenty. The content stands at the top level and not
//! in a status, so that it takes one write.

mod bounded;
mod object;
mod parts;
mod salvage;

pub use object::PodSecurityReport;
pub use parts::{
    Breakage, CleanLevel, HeldLevel, NotJudged, RefusedWorkload, ReportState, ReportSummary, ReportedBlocker,
    ReportedMode, Soak, VerdictCounts,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Moment, bounds, is_zero};
use crate::standards::{LevelVersion, Mode};

/// What a report says.
///
/// `kubectl describe` shows the fields by name, so the names are chosen to be read in that order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportContent {
    /// What goes to the API server's audit log here. Absent where podsec has nothing to do with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<ReportedMode>,
    /// What keeps workloads from conforming to the policy, what concerns most pods first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::BLOCKERS))]
    pub blockers: Vec<ReportedBlocker>,
    /// What the API server has refused since enforce was last raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakage: Option<Breakage>,
    /// The highest level that all workloads conform to today, at the version of the policy. Absent when podsec cannot
    /// tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::schema::level_version")]
    pub clean_at: Option<LevelVersion>,
    /// What the API server refuses here. Absent where podsec has nothing to do with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforce: Option<ReportedMode>,
    /// The reason in prose.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::REPORT_MESSAGE))]
    pub message: String,
    /// How many of the workloads that conform have a template that does not: something changes their pods when they are
    /// created, and without it they would violate.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub mended: u32,
    /// What podsec could not list, as in pods. All counts may be too low then, and enforce is not raised.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::MISSING), inner(length(max = bounds::NAME)))]
    pub missing: Vec<String>,
    /// How many blockers there are besides those listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_blockers: u32,
    /// When the state changes next, if nothing else does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::schema::written_moment")]
    pub next_step: Option<Moment>,
    /// What was counted and not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_judged: Option<NotJudged>,
    /// Pods that run or may yet run, each counted by its own verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pods: Option<VerdictCounts>,
    /// The level and version that counts and blockers are about, as in restricted:v1.37: what enforce is planned to be,
    /// or would be without its exemption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::schema::level_version")]
    pub policy: Option<LevelVersion>,
    /// Why the state is what it is, in one word.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::NAME))]
    pub reason: String,
    /// Since when the state is what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::schema::written_moment")]
    pub since: Option<Moment>,
    /// What podsec itself has to remember of the namespace. Changing it restarts what it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soak: Option<Soak>,
    /// What has become of the namespace: the state of enforce or, where there is more to tell of it, of audit or warn.
    pub state: ReportState,
    /// The same in a few words, as kubectl get shows it.
    #[serde(default)]
    pub summary: ReportSummary,
    /// What the API server warns its clients of here. Absent where podsec has nothing to do with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<ReportedMode>,
    /// Workloads: top-most controllers with all that they run, and pods that nothing controls. Absent when nothing was
    /// judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workloads: Option<VerdictCounts>,
}

impl ReportContent {
    /// What is said of a mode.
    pub const fn mode(&self, mode: Mode) -> Option<&ReportedMode> {
        match mode {
            Mode::Enforce => self.enforce.as_ref(),
            Mode::Audit => self.audit.as_ref(),
            Mode::Warn => self.warn.as_ref(),
        }
    }

    /// The place of what is said of a mode.
    pub const fn mode_mut(&mut self, mode: Mode) -> &mut Option<ReportedMode> {
        match mode {
            Mode::Enforce => &mut self.enforce,
            Mode::Audit => &mut self.audit,
            Mode::Warn => &mut self.warn,
        }
    }
}
