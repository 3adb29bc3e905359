//! The configuration of the API server's `PodSecurity` plugin: defaults for namespaces without labels, and exemptions.
//!
//! Source: `k8s.io/pod-security-admission/admission/api` (`PodSecurityConfiguration`, its defaults and its validation).

mod configuration;
mod profiles;

#[cfg(test)]
mod tests;

pub use configuration::{Configuration, Exempt, Field, Invalid, Written};
pub use profiles::{Draft, Imported, NAME, imported};

/// The kind of it.
pub const KIND: &str = "PodSecurityConfiguration";

/// The versions of it, which have the same fields.
pub const API_VERSIONS: [&str; 3] = [
    "pod-security.admission.config.k8s.io/v1",
    "pod-security.admission.config.k8s.io/v1beta1",
    "pod-security.admission.config.k8s.io/v1alpha1",
];

/// The name of the plugin in an `AdmissionConfiguration`.
pub const PLUGIN: &str = "PodSecurity";
