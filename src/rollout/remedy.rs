//! What makes another writer leave the labels of Pod Security to podsec.

use super::wording::quoted;
use crate::standards::{LABEL_PREFIX, Mode};

/// The remedy where a mode's label was last set by this field manager. It says what a person is to do, to the letter
/// where that can be said. A field manager is a name that anybody may take: it is a hint at who that was, and no more.
///
/// Flux: in this order no label is ever missing, since podsec co-owns a right value before Git lets go of it. Argo CD:
/// the pointers cover keys of podsec, of podsec-retained, and withdrawn ones.
pub fn remedy(manager: &str, namespace: &str, mode: Mode) -> String {
    let keys = mode.keys();
    match manager {
        "kustomize-controller" | "helm-controller" => format!(
            "Flux: let conflictPolicy: Force bring namespace {namespace} in sync, then delete the labels \
             {LABEL_PREFIX}* from it in Git"
        ),
        "argocd-controller" | "argocd" => format!(
            "Argo CD: delete the labels {LABEL_PREFIX}* of namespace {namespace} from Git, or have its Application \
             ignore them: ignoreDifferences for kind Namespace with jsonPointers /metadata/labels/{}, and the sync \
             option RespectIgnoreDifferences=true; then conflictPolicy: Force takes them once",
            keys.level.replace('/', "~1")
        ),
        "pod-security-admission-label-synchronization-controller" => format!(
            "OpenShift: kubectl label namespace {namespace} security.openshift.io/scc.podSecurityLabelSync=false"
        ),
        "helm" => format!(
            "Helm: delete the labels {LABEL_PREFIX}* of namespace {namespace} from the chart, or its values; \
             conflictPolicy: Force takes them"
        ),
        person if person.starts_with("kubectl") => format!(
            "If it is not meant: kubectl label namespace {namespace} {}- {}-; conflictPolicy: Force takes it",
            keys.level, keys.version
        ),
        other => format!(
            "Have {} leave {LABEL_PREFIX}* of namespace {namespace} alone; conflictPolicy: Force takes it",
            if other.is_empty() { "whoever set it".to_owned() } else { quoted(other) }
        ),
    }
}

/// What ends a fight with this field manager, who takes back what podsec sets: one of the two has to let go.
pub fn settlement(manager: &str, namespace: &str, mode: Mode) -> String {
    let labels = format!("the labels {LABEL_PREFIX}* of namespace {namespace}");
    let theirs = match manager {
        "kustomize-controller" | "helm-controller" => format!("Flux: delete {labels} from Git"),
        "argocd-controller" | "argocd" => format!(
            "Argo CD: delete {labels} from Git, or have its Application ignore them: ignoreDifferences for kind Namespace \
             with jsonPointers /metadata/labels/{}, and the sync option RespectIgnoreDifferences=true",
            mode.keys().level.replace('/', "~1")
        ),
        "pod-security-admission-label-synchronization-controller" => remedy(manager, namespace, mode),
        "helm" => format!("Helm: delete {labels} from the chart, or its values"),
        "" => format!("Find out who writes {labels}: the API server's audit log knows"),
        other => format!("Have {} leave {labels} alone", quoted(other)),
    };
    format!("{theirs}; or give them up: conflictPolicy: Yield")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_known_writer_has_its_own() {
        let of = |manager| remedy(manager, "shop", Mode::Enforce);
        assert_eq!(
            of("kustomize-controller"),
            "Flux: let conflictPolicy: Force bring namespace shop in sync, then delete the labels \
             pod-security.kubernetes.io/* from it in Git"
        );
        assert!(of("argocd-controller").contains("/metadata/labels/pod-security.kubernetes.io~1enforce,"));
        assert!(of("kubectl-label").contains(
            "kubectl label namespace shop pod-security.kubernetes.io/enforce- \
             pod-security.kubernetes.io/enforce-version-;"
        ));
        assert!(of("").contains("whoever set it"));
        assert_eq!(
            settlement("kubectl-label", "shop", Mode::Enforce),
            "Have kubectl-label leave the labels pod-security.kubernetes.io/* of namespace shop alone; or give them up: \
             conflictPolicy: Yield"
        );
        assert!(!of("evil\u{1b}[2J").contains('\u{1b}'));
    }
}
