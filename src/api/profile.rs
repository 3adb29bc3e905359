//! `ClusterPodSecurityProfile`: what a platform engineer asks for.

use std::{collections::BTreeMap, time::Duration};

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GoDuration, Moment, ProfileStatus, VersionSpec, bounds};
use crate::standards::{Level, Mode};

/// How long a namespace must be clean where nothing is said.
const DEFAULT_SOAK: Duration = Duration::from_hours(24);

/// What is asked for: which namespaces, which levels, how.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "podsec.dev",
    version = "v1alpha1",
    kind = "ClusterPodSecurityProfile",
    shortname = "cpsp",
    category = "podsec",
    status = "ProfileStatus",
    doc = "Which Pod Security levels the selected namespaces carry, and how podsec brings them there.",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileSpec {
    /// Of several profiles that match a namespace and set a mode, the one with the highest priority governs that
    /// mode there; at equal priority the stricter one does. Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -bounds::PRIORITY, max = bounds::PRIORITY))]
    pub priority: Option<i32>,
    /// While true, the profile is reported, but nothing is written and nothing is released. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// Selects namespaces by label; an empty selector selects every namespace. At least one of namespaceSelector
    /// and namespaceNames is required; where both stand, both must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-map-type" = "atomic"))]
    pub namespace_selector: Option<NamespaceSelector>,
    /// Selects namespaces by name; * stands for any run of characters. Protected namespaces such as kube-system
    /// are only governed by a profile that names them here in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = bounds::NAMESPACE_NAMES),
        inner(length(max = bounds::NAMESPACE_NAME)),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub namespace_names: Option<Vec<String>>,
    /// What the API server refuses. At least one of enforce, audit and warn is required; the labels of a mode that
    /// is not set here are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforce: Option<ModePolicy>,
    /// What the API server notes in its audit log. Written at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<ModePolicy>,
    /// What the API server warns whoever creates a pod of. Written at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<ModePolicy>,
    /// Namespaces in which enforce is set lower, each with a reason. They stay governed by this profile, and audit
    /// and warn stay as they are. To leave a namespace alone altogether, do not select it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = bounds::EXEMPTIONS),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub exemptions: Option<Vec<Exemption>>,
    /// How enforce is raised. audit and warn are written at once under every strategy but DryRun. Default WhenClean,
    /// after 24h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// What happens to a label that somebody else has set to another value. KeepStricter leaves what is stricter and
    /// takes what is weaker, except from a known reconciler that had it first; Force takes it always; Yield leaves it
    /// always. Default KeepStricter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict_policy: Option<ConflictPolicy>,
    /// What happens to a label when this profile is deleted or stops setting its mode. Retain leaves it in place;
    /// Remove removes it. In a namespace that merely stops matching, labels always stay. Default Retain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_policy: Option<ReleasePolicy>,
    /// Whether this profile may lower enforce where another profile had raised it. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_weakening: Option<bool>,
}

impl ProfileSpec {
    /// What the profile sets a mode to, if it sets it.
    pub const fn mode(&self, mode: Mode) -> Option<&ModePolicy> {
        match mode {
            Mode::Enforce => self.enforce.as_ref(),
            Mode::Audit => self.audit.as_ref(),
            Mode::Warn => self.warn.as_ref(),
        }
    }

    /// The version a mode asks for: as written, else `server` for enforce and `latest` for audit and warn.
    pub fn version_of(&self, mode: Mode) -> Option<VersionSpec> {
        let default = match mode {
            Mode::Enforce => VersionSpec::Server { behind: 0 },
            Mode::Audit | Mode::Warn => VersionSpec::Fixed(crate::standards::Version::Latest),
        };
        self.mode(mode).map(|policy| policy.version.unwrap_or(default))
    }

    /// The strategy in force.
    pub fn strategy(&self) -> Strategy {
        self.rollout.as_ref().and_then(|rollout| rollout.strategy).unwrap_or_default()
    }

    /// How long a namespace must be clean before enforce is raised by what it runs: as written, else 24 hours.
    pub fn soak(&self) -> Duration {
        let written = self.rollout.as_ref().and_then(|rollout| rollout.soak);
        written.map_or(DEFAULT_SOAK, |soak| soak.0)
    }
}

/// A label selector in the manner of Kubernetes, bounded so that its rules can be checked by the API server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamespaceSelector {
    /// Labels that a namespace must carry, each with exactly this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::schema::labels")]
    pub match_labels: Option<BTreeMap<String, String>>,
    /// Requirements that a namespace's labels must all meet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::MATCH_EXPRESSIONS))]
    pub match_expressions: Option<Vec<Requirement>>,
}

/// One requirement of a selector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requirement {
    /// The label key.
    #[schemars(length(max = bounds::LABEL_KEY))]
    pub key: String,
    /// In (the label is there with one of the values), NotIn (it is absent or has another value), Exists (it is
    /// there) or DoesNotExist (it is absent).
    pub operator: Operator,
    /// The values for In and NotIn, which need at least one; none for Exists and DoesNotExist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::REQUIREMENT_VALUES), inner(length(max = bounds::LABEL_VALUE)))]
    pub values: Option<Vec<String>>,
}

/// How a requirement compares a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = super::schema::undescribed)]
pub enum Operator {
    /// The label is there and has one of the values.
    In,
    /// The label is absent or has none of the values.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

/// The level and version of one mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModePolicy {
    /// privileged (no check), baseline (known privilege escalations) or restricted (current hardening practice).
    #[schemars(schema_with = "super::schema::level")]
    pub level: Level,
    /// The Kubernetes version whose checks apply: server (the API server's own minor, pinned, and moved after an
    /// upgrade as carefully as a level is raised), server-N (N minors older, 1 to 99), latest (moves with the API
    /// server at once) or v1.N. Default server for enforce, latest for audit and warn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::schema::grammar")]
    pub version: Option<VersionSpec>,
}

/// A namespace, or several, in which enforce is set lower.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exemption {
    /// A namespace's name; * stands for any run of characters. Of several that match, a name in full comes before a
    /// glob, and a longer glob before a shorter one.
    #[schemars(length(max = bounds::NAMESPACE_NAME))]
    pub name: String,
    /// What enforce is set to while the exemption lasts; its version stays the profile's. Default privileged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforce: Option<ExemptLevel>,
    /// Why the namespace is exempt, for those who read status and reports.
    #[schemars(length(max = bounds::EXEMPTION_REASON))]
    pub reason: String,
    /// When the exemption ends, as in 2027-03-31T00:00:00Z; from then on the namespace is raised again, as rollout
    /// has it. Default never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::schema::grammar")]
    pub expires: Option<Moment>,
}

/// The levels an exemption may set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = super::schema::undescribed)]
pub enum ExemptLevel {
    /// No check.
    #[default]
    Privileged,
    /// Known privilege escalations stay refused.
    Baseline,
}

impl From<ExemptLevel> for Level {
    fn from(level: ExemptLevel) -> Self {
        match level {
            ExemptLevel::Privileged => Self::Privileged,
            ExemptLevel::Baseline => Self::Baseline,
        }
    }
}

/// How enforce is raised. audit and warn are written at once under every strategy but DryRun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rollout {
    /// WhenClean raises a namespace once nothing in it violates the level; Immediate raises at once, whatever it
    /// breaks; DryRun writes no label and only reports. Default WhenClean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// WhenClean only: how long nothing in a namespace must have violated the level before enforce is raised, as in
    /// 90m or 24h; at most 8760h. Default 24h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::schema::grammar")]
    pub soak: Option<GoDuration>,
    /// WhenClean only: a bound on how many namespaces are raised in which time. Default no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
    /// WhenClean only: a point in time as in 2027-06-30T00:00:00Z; from then on namespaces that were held before it
    /// are raised even with violations. Default never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::schema::grammar")]
    pub force_after: Option<Moment>,
}

/// A bound on how fast namespaces are raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Batch {
    /// How many namespaces are raised at most in the time of every.
    #[schemars(range(min = 1, max = bounds::BATCH_SIZE))]
    pub size: u32,
    /// The time, as in 10m; 1s to 8760h.
    #[schemars(schema_with = "super::schema::grammar")]
    pub every: GoDuration,
}

/// When enforce is raised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = super::schema::undescribed)]
pub enum Strategy {
    /// Once nothing in the namespace violates the level.
    #[default]
    WhenClean,
    /// At once, whatever it breaks.
    Immediate,
    /// Never: the profile is only judged.
    DryRun,
}

/// What happens to a label that somebody else has set to another value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = super::schema::undescribed)]
pub enum ConflictPolicy {
    /// Leave it where it is stricter, take it where it is weaker.
    #[default]
    KeepStricter,
    /// Take it, whatever it is.
    Force,
    /// Leave it.
    Yield,
}

/// What happens to a label when its profile lets go of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = super::schema::undescribed)]
pub enum ReleasePolicy {
    /// The label stays, owned by the field manager `podsec-retained`.
    #[default]
    Retain,
    /// The label is removed.
    Remove,
}
