//! What is known of the workloads in a namespace, and of what was asked and done there before: what the gate looks at.

use jiff::Timestamp;

use super::{ApplyRequest, GateRecord, Namespace, Pace};
use crate::{
    assessment::{Judge, Workloads},
    standards::LevelVersion,
};

/// What is known of one namespace. Where nothing has looked at its workloads yet there is none, and enforce is held.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What runs there.
    pub workloads: &'a Workloads<'a>,
    /// Judges as the API server does, by its minor and its exempt runtime classes. The policy that it has is of no
    /// account here.
    pub judge: &'a Judge,
    /// Whether the API server is newer than the tables. Then its own dry run has the last word also where no pod is.
    pub newer_server: bool,
    /// Since when somebody has watched the namespace without a gap. No time before that counts for a soak.
    pub watched_since: Timestamp,
    /// When the namespace was created.
    pub created: Timestamp,
    /// Whether a pod was ever seen there: by whoever watches now, or, as the report tells, by one before.
    pub had_pods: bool,
    /// What the plan before this one gave as [`NamespacePlan::record`](super::NamespacePlan::record).
    pub record: Option<&'a GateRecord>,
    /// The dry runs of raises that were taken, one for each policy.
    pub looks: &'a [Look],
    /// How fast the profile that governs enforce may go on.
    pub pace: &'a Pace,
}

/// A last look: the API server's own verdict on a raise, had by a dry run of the very request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What enforce would be.
    pub policy: LevelVersion,
    /// The version of the namespace that it was taken on.
    pub resource_version: String,
    /// What came of it.
    pub answer: Answer,
    /// Until when it counts; then it is due again. One that speaks for the raise counts besides only as long as the
    /// namespace has the version that it was taken on.
    pub until: Timestamp,
}

/// What came of a last look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The API server says of the pods there what podsec says.
    Agrees,
    /// It says something else: one of the two is wrong.
    Disagrees {
        /// What it says, or does not say. Names of pods stand in it.
        detail: String,
    },
    /// The dry run was refused, cut off, or failed.
    Unavailable {
        /// Why.
        reason: String,
    },
    /// The API server is configured to enforce nothing in this namespace.
    Exempt,
}

impl Look {
    /// Whether it counts for a namespace of this version.
    pub(super) fn counts(&self, resource_version: &str, now: Timestamp) -> bool {
        let of_this_version = self.resource_version == resource_version;
        now < self.until && (of_this_version || self.answer != Answer::Agrees)
    }
}

/// A last look that has to be taken before enforce can be raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueLook {
    /// What enforce would be.
    pub policy: LevelVersion,
    /// The request to be sent as a dry run: what the plan would consist of if the answer were [`Answer::Agrees`].
    pub request: ApplyRequest,
}

impl DueLook {
    /// The look with its answer, taken on a namespace as it was planned. A preview that asks nobody takes
    /// [`Answer::Agrees`] for granted, and says so.
    pub fn answered(&self, namespace: &Namespace, answer: Answer, until: Timestamp) -> Look {
        let resource_version = namespace.resource_version.clone();
        Look { policy: self.policy, resource_version, answer, until }
    }
}
