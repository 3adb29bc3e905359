//! What makes another writer leave the labels of Pod Security to podsec.

use super::{LeaveReason, ModePlan, wording::quoted};
use crate::standards::{LABEL_PREFIX, Mode};

/// The controller of `OpenShift` that labels namespaces by the rights of their service accounts.
const OPENSHIFT: &str = "pod-security-admission-label-synchronization-controller";

/// How podsec comes to own the labels, too, before another writer lets go of them: in this order none is ever missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    /// It takes them. Of use only where what stands there is weaker, since that is a raise, which goes through the gate.
    Take,
    /// The other writer sets what the profile asks.
    Agree,
}

/// The remedy where a mode's label is left, for this reason, to the field manager that last set it. It says what a person
/// is to do, to the letter where that can be said. A field manager is a name that anybody may take: it is a hint at who
/// that was, and no more.
///
/// That the profile may take the label by `Force` is said only where that makes it stricter.
pub fn remedy(manager: &str, reason: LeaveReason, plan: &ModePlan, namespace: &str) -> String {
    let first = match reason {
        LeaveReason::Reconciler => First::Take,
        LeaveReason::Stricter | LeaveReason::Yield => First::Agree,
    };
    if manager.starts_with("kubectl") {
        return format!("If it is not meant: {}", by_hand(plan, namespace));
    }
    let theirs = hand_over(manager, first, plan.mode, namespace);
    match (manager, first) {
        (OPENSHIFT, First::Take) => format!("{theirs}; then conflictPolicy: Force takes the label"),
        (OPENSHIFT, First::Agree) => format!("{theirs}; then {}", by_hand(plan, namespace)),
        _ => theirs,
    }
}

/// What ends a fight with this field manager, who takes back what podsec sets: one of the two has to let go.
pub fn settlement(manager: &str, namespace: &str, mode: Mode) -> String {
    let theirs = if manager.is_empty() {
        format!(
            "Find out who writes the labels {LABEL_PREFIX}* of namespace {namespace}: the API server's audit log knows"
        )
    } else {
        hand_over(manager, First::Agree, mode, namespace)
    };
    format!("{theirs}; or give the labels up: conflictPolicy: Yield")
}

/// What whoever writes as this field manager does, so that podsec alone has the labels in the end.
fn hand_over(manager: &str, first: First, mode: Mode, namespace: &str) -> String {
    let labels = format!("the labels {LABEL_PREFIX}* of namespace {namespace}");
    let take = format!("let conflictPolicy: Force bring namespace {namespace} in sync");
    let (tool, place, or) = match manager {
        "kustomize-controller" | "helm-controller" => ("Flux", "in Git", String::new()),
        "argocd-controller" | "argocd" => ("Argo CD", "in Git", ignoring(mode)),
        "helm" => ("Helm", "in the chart, or its values", String::new()),
        OPENSHIFT => {
            return format!(
                "OpenShift: kubectl label namespace {namespace} security.openshift.io/scc.podSecurityLabelSync=false"
            );
        }
        other => {
            let whom = if other.is_empty() { "whoever set it".to_owned() } else { quoted(other) };
            return match first {
                First::Take => format!("First {take}, then have {whom} leave {labels} alone"),
                First::Agree => format!(
                    "Have {whom} set {labels} to what the profile asks and, once podsec owns them, too, leave them alone"
                ),
            };
        }
    };
    match first {
        First::Take => format!("{tool}: {take}, then delete {labels} {place}{or}"),
        First::Agree => format!(
            "{tool}: set {labels} {place} to what the profile asks and, once podsec owns them, too, delete them there{or}"
        ),
    }
}

/// How Argo CD leaves labels alone that Git goes on having.
fn ignoring(mode: Mode) -> String {
    format!(
        ", or have its Application ignore them: ignoreDifferences for kind Namespace with jsonPointers for the six, as in \
         /metadata/labels/{}, and the sync option RespectIgnoreDifferences=true",
        mode.keys().level.replace('/', "~1")
    )
}

/// The command for a person. What is stricter is set to what the profile asks, so that no label is missing until podsec
/// sets it; what is weaker is taken away, so that podsec raises it through the gate.
fn by_hand(plan: &ModePlan, namespace: &str) -> String {
    let keys = plan.mode.keys();
    match plan.planned.filter(|planned| !plan.present.is_weaker_than(*planned)) {
        Some(planned) => format!(
            "kubectl label --overwrite namespace {namespace} {}={} {}={}",
            keys.level, planned.level, keys.version, planned.version
        ),
        None => format!("kubectl label namespace {namespace} {}- {}-", keys.level, keys.version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::Verdict;

    /// Of an enforce label at this value, where the profile asks for baseline.
    fn of(manager: &str, reason: LeaveReason, present: &str) -> String {
        let key = Mode::Enforce.keys().level;
        let plan = ModePlan {
            mode: Mode::Enforce,
            profile: "apps".into(),
            governed: true,
            protected: false,
            present: present.parse().unwrap(),
            assumed: false,
            planned: "baseline:v1.37".parse().ok(),
            exemption: None,
            verdict: Verdict::LeaveAlone { last_set_by: manager.into(), key, reason },
            partly: None,
            forced_at: None,
            contest: None,
            former: None,
        };
        remedy(manager, reason, &plan, "shop")
    }

    #[test]
    fn each_known_writer_has_its_own() {
        let of = |manager| of(manager, LeaveReason::Reconciler, "privileged:latest");
        assert_eq!(
            of("kustomize-controller"),
            "Flux: let conflictPolicy: Force bring namespace shop in sync, then delete the labels \
             pod-security.kubernetes.io/* of namespace shop in Git"
        );
        assert!(of("argocd-controller").contains("/metadata/labels/pod-security.kubernetes.io~1enforce,"));
        assert!(of("argocd-controller").starts_with("Argo CD: let conflictPolicy: Force bring"));
        assert!(
            of(OPENSHIFT).ends_with("podSecurityLabelSync=false; then conflictPolicy: Force takes the label")
        );
        assert_eq!(
            of("tool"),
            "First let conflictPolicy: Force bring namespace shop in sync, then have tool leave the labels \
             pod-security.kubernetes.io/* of namespace shop alone"
        );
        assert!(of("").contains("whoever set it"));
        assert!(!of("evil\u{1b}[2J").contains('\u{1b}'));
    }

    #[test]
    fn force_is_no_way_out_where_it_would_lower_or_the_profile_yields() {
        let managers =
            ["kustomize-controller", "argocd-controller", "helm", OPENSHIFT, "kubectl-label", "tool", ""];
        for manager in managers {
            for (reason, present) in [
                (LeaveReason::Stricter, "restricted:v1.37"),
                (LeaveReason::Yield, "restricted:v1.37"),
                (LeaveReason::Yield, "privileged:latest"),
            ] {
                let remedy = of(manager, reason, present);
                assert!(!remedy.contains("Force"), "{manager}, {reason:?}: {remedy}");
            }
        }
        assert_eq!(
            of("kustomize-controller", LeaveReason::Stricter, "restricted:v1.37"),
            "Flux: set the labels pod-security.kubernetes.io/* of namespace shop in Git to what the profile asks and, \
             once podsec owns them, too, delete them there"
        );
    }

    #[test]
    fn a_person_sets_what_is_stricter_and_takes_away_what_is_weaker() {
        assert_eq!(
            of("kubectl-label", LeaveReason::Stricter, "restricted:v1.37"),
            "If it is not meant: kubectl label --overwrite namespace shop pod-security.kubernetes.io/enforce=baseline \
             pod-security.kubernetes.io/enforce-version=v1.37"
        );
        assert_eq!(
            of("kubectl-label", LeaveReason::Yield, "privileged:latest"),
            "If it is not meant: kubectl label namespace shop pod-security.kubernetes.io/enforce- \
             pod-security.kubernetes.io/enforce-version-"
        );
    }

    #[test]
    fn a_fight_ends_with_both_owning_the_labels_before_one_lets_go() {
        let of = |manager| settlement(manager, "shop", Mode::Enforce);
        assert_eq!(
            of("kustomize-controller"),
            "Flux: set the labels pod-security.kubernetes.io/* of namespace shop in Git to what the profile asks and, \
             once podsec owns them, too, delete them there; or give the labels up: conflictPolicy: Yield"
        );
        assert_eq!(
            of("kubectl-label"),
            "Have kubectl-label set the labels pod-security.kubernetes.io/* of namespace shop to what the profile asks \
             and, once podsec owns them, too, leave them alone; or give the labels up: conflictPolicy: Yield"
        );
        assert!(of("").contains("audit log"));
    }
}
