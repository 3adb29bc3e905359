//! PURE: the Pod Security Standards and how namespaces ask for them.
//!
//! Here live levels, versions, modes and the six namespace labels, exactly as Kubernetes' own
//! `pod-security-admission` library reads them. Nothing here may depend on the rest of the crate, do I/O, read a
//! clock or know a Kubernetes client: this folder could be published on its own.

mod labels;
mod level;
mod mode;
mod version;

pub use labels::{LabelError, Policy, effective_policy, labelled};
pub use level::{Level, LevelVersion, ParseLevelError, Strictness};
pub use mode::{LABEL_PREFIX, Mode, ModeKeys};
pub use version::{NEWEST_MINOR, ParseVersionError, Version};
