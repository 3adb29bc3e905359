//! Condition types and reasons, and the one way to change a list of conditions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Moment, bounds};

/// Condition types, in the order in which they stand in a status: what waiters read first comes first.
pub mod types {
    /// Something is being done, or tried again. Absent or False when there is nothing to do.
    pub const RECONCILING: &str = "Reconciling";
    /// A person must mend something. Absent or False otherwise.
    pub const STALLED: &str = "Stalled";
    /// The profile is carried out as written.
    pub const READY: &str = "Ready";
    /// No workload violates what the profile asks for.
    pub const COMPLIANT: &str = "Compliant";
    /// Another profile of equal priority disagrees about a namespace.
    pub const OVERLAPPING: &str = "Overlapping";
    /// Somebody else keeps setting a label that the profile governs.
    pub const CONTESTED: &str = "Contested";
    /// Breakage after a raise stopped further raises.
    pub const ROLLOUT_HALTED: &str = "RolloutHalted";
    /// The fixed order.
    pub const ORDER: [&str; 7] =
        [RECONCILING, STALLED, READY, COMPLIANT, OVERLAPPING, CONTESTED, ROLLOUT_HALTED];
}

/// `True`, `False` or `Unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = super::schema::undescribed)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Not known.
    Unknown,
}

/// A condition, as metav1.Condition has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What the condition is about, as in Ready.
    #[serde(rename = "type")]
    #[schemars(length(max = bounds::CONDITION_TYPE))]
    pub kind: String,
    /// Whether it holds: True, False or Unknown.
    pub status: ConditionStatus,
    /// The generation of the profile that this was said of.
    #[schemars(range(min = 0))]
    pub observed_generation: i64,
    /// When the condition last went from one status to another.
    #[schemars(schema_with = "super::schema::written_moment")]
    pub last_transition_time: Moment,
    /// Why, in one word.
    #[schemars(
        length(min = 1, max = bounds::CONDITION_REASON),
        regex(pattern = "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
    )]
    pub reason: String,
    /// Why, in prose.
    #[schemars(length(max = bounds::CONDITION_MESSAGE))]
    pub message: String,
}
