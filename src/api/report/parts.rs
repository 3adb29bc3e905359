//! The parts of a report.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    api::{Moment, bounds},
    standards::{Level, LevelVersion, Version},
};

/// What has become of a namespace, or of one of its modes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::api::schema::undescribed)]
pub enum ReportState {
    /// The labels are as the profile asks.
    InSync,
    /// enforce is not raised, or not lowered.
    Held,
    /// Nothing violates the planned level any more; enforce is raised when that has lasted long enough.
    Soaking,
    /// An exemption holds.
    Exempt,
    /// The labels are left to whoever set them.
    Yielded,
    /// Somebody else keeps setting the labels to something else.
    Contested,
    /// podsec cannot tell whether something violates the planned level.
    #[default]
    Inconclusive,
    /// The labels stay as they are, whatever any profile says.
    Frozen,
    /// The namespace is protected, and no profile names it in full.
    Protected,
    /// The API server exempts the namespace by its own configuration, whatever its labels say.
    ServerExempt,
    /// No profile governs it any more.
    Left,
}

impl ReportState {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::InSync,
        Self::Held,
        Self::Soaking,
        Self::Exempt,
        Self::Yielded,
        Self::Contested,
        Self::Inconclusive,
        Self::Frozen,
        Self::Protected,
        Self::ServerExempt,
        Self::Left,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InSync => "InSync",
            Self::Held => "Held",
            Self::Soaking => "Soaking",
            Self::Exempt => "Exempt",
            Self::Yielded => "Yielded",
            Self::Contested => "Contested",
            Self::Inconclusive => "Inconclusive",
            Self::Frozen => "Frozen",
            Self::Protected => "Protected",
            Self::ServerExempt => "ServerExempt",
            Self::Left => "Left",
        }
    }
}

impl fmt::Display for ReportState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One mode of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = crate::api::schema::atomic)]
pub struct ReportedMode {
    /// Whether present is only what the API server takes in place of a label, since there is none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assumed: bool,
    /// The reason in prose, where it is not that of the whole report.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::REPORT_MESSAGE))]
    pub message: String,
    /// What the profile asks for, as in restricted:v1.37.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::api::schema::level_version")]
    pub planned: Option<LevelVersion>,
    /// What is effective now, as in baseline:v1.37.
    #[schemars(length(max = bounds::WORD))]
    pub present: String,
    /// The profile that governs the mode; while it is frozen or let go of, the one that wrote the labels.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::NAME))]
    pub profile: String,
    /// Why the state is what it is, in one word, where it is not that of the whole report.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::NAME))]
    pub reason: String,
    /// What has become of the mode.
    pub state: ReportState,
}

/// What kubectl get shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(transform = crate::api::schema::atomic)]
pub struct ReportSummary {
    /// The workload that blocks most, as kubectl takes it: deploy/web.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::CELL))]
    pub blocker: String,
    /// The highest level that all workloads conform to today, or unknown.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::CELL))]
    pub clean_at: String,
    /// The level of enforce.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::CELL))]
    pub enforce: String,
    /// The level that enforce is to have; its version alone where nothing else is to change.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::CELL))]
    pub planned: String,
    /// How many workloads violate the policy, of how many: 1/42.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::CELL))]
    pub violating: String,
}

/// How many were judged, and how. What is exempt is not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(transform = crate::api::schema::atomic)]
pub struct VerdictCounts {
    /// How many conform: nothing is against them.
    pub conforming: u32,
    /// How many are of runtime classes that the API server exempts; these are not judged.
    pub exempt: u32,
    /// How many podsec cannot tell of.
    pub inconclusive: u32,
    /// How many were judged: all but the exempt ones.
    pub judged: u32,
    /// How many the API server would refuse.
    pub violating: u32,
}

/// What was counted and not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(transform = crate::api::schema::atomic)]
pub struct NotJudged {
    /// Pods that are being deleted.
    pub deleting_pods: u32,
    /// Jobs that have completed or failed, other than those of a CronJob.
    pub finished_jobs: u32,
    /// Pods that have succeeded or failed.
    pub finished_pods: u32,
    /// Objects of the kind ReplicaSet at 0 replicas that something other than a Deployment controls.
    pub idle_replica_sets: u32,
}

/// One thing that keeps one workload from conforming.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ReportedBlocker {
    /// The check that refuses it; podsec explain tells about it. Absent when the workload cannot be read.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::NAME))]
    pub check: String,
    /// The container concerned, if it is one.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::NAME))]
    pub container: String,
    /// The first field to change, from the top of the object that has it.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::FIELD))]
    pub field: String,
    /// What the API server says of it.
    #[schemars(length(max = bounds::WORKLOAD_MESSAGE))]
    pub message: String,
    /// How many more fields are to be changed.
    #[serde(skip_serializing_if = "crate::api::is_zero")]
    pub more_fields: u32,
    /// What else there is to know: that something adds it to the pods when they are created, that it goes with an
    /// ephemeral container, or that an API server which knows more might accept it.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::WORKLOAD_MESSAGE))]
    pub note: String,
    /// The object that has the field, where it is not the workload itself: a pod of it, or a template below it.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::WORKLOAD))]
    pub object: String,
    /// How many pods are concerned; 0 while there is only a template.
    pub pods: u32,
    /// What would satisfy the check.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::WORKLOAD_MESSAGE))]
    pub remedy: String,
    /// The volume concerned, if it is one.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = bounds::NAME))]
    pub volume: String,
    /// The workload, as in Deployment/web.
    #[schemars(length(max = bounds::WORKLOAD))]
    pub workload: String,
}

impl fmt::Display for ReportedBlocker {
    /// In a few words: `Deployment/web: privileged (container web)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, container, message, volume, workload, .. } = self;
        // Without a check there is only the message.
        let what = if check.is_empty() { message } else { check };
        write!(f, "{workload}: {what}")?;
        match (container.as_str(), volume.as_str()) {
            ("", "") => Ok(()),
            ("", volume) => write!(f, " (volume {volume})"),
            (container, _) => write!(f, " (container {container})"),
        }
    }
}

/// What the API server has refused since enforce was last raised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(transform = crate::api::schema::atomic)]
pub struct Breakage {
    /// The first of the workloads that lack pods, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::REFUSED))]
    pub refused: Vec<RefusedWorkload>,
    /// When enforce was last raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::api::schema::written_moment")]
    pub since: Option<Moment>,
    /// How many workloads lack pods, since the API server refuses them.
    pub workloads: u32,
}

/// A workload that lacks pods, since the API server refuses them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RefusedWorkload {
    /// What the API server said.
    #[schemars(length(max = bounds::WORKLOAD_MESSAGE))]
    pub message: String,
    /// The workload, as in Deployment/web.
    #[schemars(length(max = bounds::WORKLOAD))]
    pub workload: String,
}

/// What podsec itself has to remember of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(transform = crate::api::schema::atomic)]
pub struct Soak {
    /// Since when nothing has violated a level, for each that enforce may be raised to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::SOAKING))]
    pub clean: Vec<CleanLevel>,
    /// What podsec raised enforce to, as in baseline:v1.37: beside the namespace's annotation the other witness.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::api::schema::level_version")]
    pub enforced: Option<LevelVersion>,
    /// Since when enforce has been held, which forceAfter asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldLevel>,
    /// The namespace that this is about: another one of the same name begins anew.
    #[schemars(length(max = bounds::NAME))]
    pub namespace_uid: String,
}

/// Since when nothing has violated a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CleanLevel {
    /// Since when nothing has violated it, as far as somebody watched.
    #[schemars(schema_with = "crate::api::schema::written_moment")]
    pub clean_since: Moment,
    /// The level.
    #[schemars(schema_with = "crate::api::schema::level")]
    pub level: Level,
    /// The version whose rules were applied.
    #[schemars(schema_with = "crate::api::schema::label_version")]
    pub version: Version,
}

/// Since when a profile has asked for a level that the namespace does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldLevel {
    /// Since when the profile has asked for the level in vain.
    #[schemars(schema_with = "crate::api::schema::written_moment")]
    pub held_since: Moment,
    /// The level.
    #[schemars(schema_with = "crate::api::schema::level")]
    pub level: Level,
    /// The uid of the profile that asks.
    #[schemars(length(max = bounds::NAME))]
    pub profile_uid: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_named_as_they_are_written() {
        for state in ReportState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }

    #[test]
    fn a_blocker_is_told_in_a_few_words() {
        let told = |check: &str, container: &str, volume: &str| {
            let [check, container, volume] = [check, container, volume].map(str::to_owned);
            let (message, workload) = ("cannot be read".to_owned(), "Deployment/web".to_owned());
            ReportedBlocker { check, container, message, volume, workload, ..ReportedBlocker::default() }
                .to_string()
        };
        assert_eq!(told("privileged", "web", ""), "Deployment/web: privileged (container web)");
        assert_eq!(told("restrictedVolumes", "", "logs"), "Deployment/web: restrictedVolumes (volume logs)");
        assert_eq!(told("hostNamespaces", "", ""), "Deployment/web: hostNamespaces");
        assert_eq!(told("", "", ""), "Deployment/web: cannot be read");
    }
}
