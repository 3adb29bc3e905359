//! What the controller was told, which no profile can change.

use std::collections::BTreeSet;

use super::NamePattern;
use crate::standards::Policy;

/// The settings that bear on every plan.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Namespaces that only a profile which names them in full may govern.
    pub protected: Vec<NamePattern>,
    /// What the API server applies to a namespace without labels.
    pub server_defaults: Policy,
    /// The runtime classes whose pods the API server exempts from Pod Security.
    pub server_exempt_runtime_classes: BTreeSet<String>,
    /// Refuse every write that weakens.
    pub never_weaken: bool,
    /// The field managers that set again and again what they were told once. `KeepStricter` leaves them what podsec
    /// never had: to take it would only begin a fight.
    pub reconcilers: BTreeSet<String>,
}

impl Settings {
    /// The names protected unless the controller is told otherwise; its own namespace is added to them.
    pub const DEFAULT_PROTECTED: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "openshift-*"];

    /// The reconcilers known unless the controller is told otherwise: Flux's, Argo CD's, and `OpenShift`'s label syncer
    /// (`cluster-policy-controller`, `podsecurity_label_sync_controller.go`).
    pub const DEFAULT_RECONCILERS: [&str; 3] = [
        "kustomize-controller",
        "argocd-controller",
        "pod-security-admission-label-synchronization-controller",
    ];
    /// The namespace that deploy/ puts the controller in.
    pub const INSTALLED_IN: &str = "podsec-system";

    /// What a controller goes by that was installed by deploy/ and told nothing.
    pub fn as_installed() -> Self {
        let protected = Self::DEFAULT_PROTECTED.into_iter().chain([Self::INSTALLED_IN]);
        let reconcilers = Self::DEFAULT_RECONCILERS.map(Into::into).into();
        Self { protected: protected.map(NamePattern::new).collect(), reconcilers, ..Self::default() }
    }

    /// Whether a namespace is protected.
    pub fn protects(&self, namespace: &str) -> bool {
        self.protected.iter().any(|pattern| pattern.matches(namespace))
    }
}
