//! Who writes labels: what is known by its field manager.

/// A kind of writer. A field manager is a name that anybody may take, so this is a hint; but there are never more kinds
/// than these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Writer {
    /// Flux's controllers.
    Flux,
    /// Argo CD.
    ArgoCd,
    /// The controller of `OpenShift` that labels namespaces by the rights of their service accounts.
    OpenShift,
    /// Helm, by itself.
    Helm,
    /// A person, or a script, with kubectl.
    Kubectl,
    /// Anything else, and where no field manager is on record.
    Other,
}

impl Writer {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Flux, Self::ArgoCd, Self::OpenShift, Self::Helm, Self::Kubectl, Self::Other];

    /// What writes as this field manager.
    pub fn of(manager: &str) -> Self {
        match manager {
            "kustomize-controller" | "helm-controller" => Self::Flux,
            "argocd-controller" | "argocd" => Self::ArgoCd,
            "pod-security-admission-label-synchronization-controller" => Self::OpenShift,
            "helm" => Self::Helm,
            kubectl if kubectl.starts_with("kubectl") => Self::Kubectl,
            _ => Self::Other,
        }
    }

    /// Its name, as in a metric.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flux => "flux",
            Self::ArgoCd => "argocd",
            Self::OpenShift => "openshift",
            Self::Helm => "helm",
            Self::Kubectl => "kubectl",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::Settings;

    #[test]
    fn every_reconciler_that_podsec_yields_to_by_default_is_known() {
        for manager in Settings::DEFAULT_RECONCILERS {
            assert_ne!(Writer::of(manager), Writer::Other, "{manager}");
        }
        assert_eq!(Writer::of("kubectl-label"), Writer::Kubectl);
        assert_eq!(Writer::of(""), Writer::Other);
    }
}
