//! PURE: the Pod Security Standards, and how namespaces ask for them.
//!
//! [`evaluate`] judges a [`pod::Pod`] by a level and version exactly as Kubernetes' own `pod-security-admission` library
//! does, to the byte of its messages, and says beyond that which fields to change and what would satisfy each check.
//! [`checks`] lists the checks. [`effective_policy`] reads the six labels of a namespace. Nothing here may depend on the
//! rest of the crate, do I/O, read a clock or know a Kubernetes client: this folder could be published on its own.

mod checks;
mod evaluation;
mod labels;
mod level;
mod mode;
mod offence;
mod path;
mod phrase;
pub mod pod;
mod printable;
mod quote;
mod reasons;
mod registry;
mod version;

#[cfg(test)]
mod examples_tests;

pub use evaluation::{CheckResult, Evaluation, Evaluator, Finding, Verdict, Violation, evaluate};
pub use labels::{LabelError, Policy, effective_policy, labelled};
pub use level::{Level, LevelVersion, ParseLevelError, Strictness};
pub use mode::{LABEL_PREFIX, Mode, ModeKeys};
pub use offence::{Offence, Remedy};
pub use path::{FieldPath, Place, Segment};
pub use quote::{Quoted, is_printable, quoted};
pub use reasons::{checks_with_reason, reasons_of};
pub use registry::{About, Check, Revision, applicable, check, checks};
pub use version::{NEWEST_MINOR, ParseVersionError, Version};
