//! What makes another writer leave the labels of Pod Security to podsec.

use super::{Contest, LeaveReason, ModePlan, Writer, wording::quoted};
use crate::standards::{LABEL_PREFIX, LevelVersion, Mode};

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
/// That the profile may take the label by `Force` is said only where that makes it stricter; and that a `conflictPolicy`
/// is every namespace's that the profile governs, since another one may go down by it.
pub fn remedy(manager: &str, reason: LeaveReason, plan: &ModePlan, namespace: &str) -> String {
    let first = match reason {
        LeaveReason::Reconciler => First::Take,
        LeaveReason::Stricter | LeaveReason::Yield => First::Agree,
    };
    let writer = Writer::of(manager);
    if writer == Writer::Kubectl {
        return format!(
            "If it is not meant: {}, and the same where it comes from, if that is a file",
            by_hand(plan, namespace)
        );
    }
    let value = plan.planned.unwrap_or(plan.present);
    let theirs = hand_over(manager, first, plan, value, namespace);
    match (writer, first) {
        (Writer::OpenShift, First::Take) => {
            format!("{theirs}; then {} takes the label", policy("Force", plan))
        }
        (Writer::OpenShift, First::Agree) => format!("{theirs}; then {}", by_hand(plan, namespace)),
        _ => theirs,
    }
}

/// What ends a fight with whoever takes back what podsec sets: one of the two has to let go.
pub fn settlement(contest: &Contest, plan: &ModePlan, namespace: &str) -> String {
    let Contest { manager, value, weakens, .. } = contest;
    // Under Yield, too, what is merely removed is nobody's, and set again.
    if manager.is_empty() {
        return format!(
            "Find out who writes the labels {LABEL_PREFIX}* of namespace {namespace}: the API server's audit log knows"
        );
    }
    let theirs = hand_over(manager, First::Agree, plan, *value, namespace);
    let give_up = if *weakens { policy("Yield", plan) } else { policy("KeepStricter", plan) };
    format!("{theirs}; or let them have it: {give_up}")
}

/// A profile's policy, with how far it reaches.
fn policy(policy: &str, plan: &ModePlan) -> String {
    format!("conflictPolicy: {policy} (which is for every namespace of profile {})", plan.profile)
}

/// What whoever writes as this field manager does, so that podsec alone has the labels in the end.
fn hand_over(manager: &str, first: First, plan: &ModePlan, value: LevelVersion, namespace: &str) -> String {
    let all = format!("the labels {LABEL_PREFIX}* of namespace {namespace}");
    let pair = pair(plan.mode, value);
    let take = format!("let {} bring namespace {namespace} in sync", policy("Force", plan));
    let (tool, place, or) = match Writer::of(manager) {
        Writer::Flux => ("Flux", "in Git", String::new()),
        Writer::ArgoCd => ("Argo CD", "in Git", ignoring(plan.mode)),
        Writer::Helm => ("Helm", "in the chart, or its values", String::new()),
        Writer::OpenShift => {
            return format!(
                "OpenShift: kubectl label namespace {namespace} security.openshift.io/scc.podSecurityLabelSync=false"
            );
        }
        Writer::Kubectl | Writer::Other => {
            let whom = if manager.is_empty() { "whoever set it".to_owned() } else { quoted(manager) };
            return match first {
                First::Take => format!("First {take}, then have {whom} leave {all} alone"),
                First::Agree => format!(
                    "Have {whom} set {pair} on namespace {namespace} and, once podsec owns both, too, leave them alone"
                ),
            };
        }
    };
    match first {
        First::Take => format!("{tool}: {take}, then delete {all} {place}{or}"),
        First::Agree => format!(
            "{tool}: set {pair} on namespace {namespace} {place} and, once podsec owns both, too, delete them there{or}"
        ),
    }
}

/// The two labels of a mode as a profile asks for them. Without a version a level is another one.
fn pair(mode: Mode, value: LevelVersion) -> String {
    let keys = mode.keys();
    format!("{}={} {}={}", keys.level, value.level, keys.version, value.version)
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
        Some(planned) => {
            format!("kubectl label --overwrite namespace {namespace} {}", pair(plan.mode, planned))
        }
        None => format!("kubectl label namespace {namespace} {}- {}-", keys.level, keys.version),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::rollout::{LettingGo, Verdict};

    const OPENSHIFT: &str = "pod-security-admission-label-synchronization-controller";

    const PAIR: &str =
        "pod-security.kubernetes.io/enforce=baseline pod-security.kubernetes.io/enforce-version=v1.37";

    fn plan(manager: &str, reason: LeaveReason, present: &str) -> ModePlan {
        let key = Mode::Enforce.keys().level;
        ModePlan {
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
            letting_go: LettingGo::Harmless,
        }
    }

    /// Of an enforce label at this value, where the profile asks for baseline.
    fn of(manager: &str, reason: LeaveReason, present: &str) -> String {
        remedy(manager, reason, &plan(manager, reason, present), "shop")
    }

    #[test]
    fn each_known_writer_has_its_own() {
        let of = |manager| of(manager, LeaveReason::Reconciler, "privileged:latest");
        assert_eq!(
            of("kustomize-controller"),
            "Flux: let conflictPolicy: Force (which is for every namespace of profile apps) bring namespace shop in sync, \
             then delete the labels pod-security.kubernetes.io/* of namespace shop in Git"
        );
        assert!(of("argocd-controller").contains("/metadata/labels/pod-security.kubernetes.io~1enforce,"));
        assert!(of("argocd-controller").starts_with("Argo CD: let conflictPolicy: Force"));
        assert!(of(OPENSHIFT).contains("podSecurityLabelSync=false; then conflictPolicy: Force"));
        assert!(of("tool").ends_with(
            "then have tool leave the labels pod-security.kubernetes.io/* of namespace shop alone"
        ));
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
            of("kustomize-controller", LeaveReason::Stricter, "baseline:latest"),
            format!(
                "Flux: set {PAIR} on namespace shop in Git and, once podsec owns both, too, delete them there"
            )
        );
    }

    #[test]
    fn a_person_sets_what_is_stricter_and_takes_away_what_is_weaker() {
        let file = ", and the same where it comes from, if that is a file";
        assert_eq!(
            of("kubectl-label", LeaveReason::Stricter, "restricted:v1.37"),
            format!("If it is not meant: kubectl label --overwrite namespace shop {PAIR}{file}")
        );
        assert_eq!(
            of("kubectl-label", LeaveReason::Yield, "privileged:latest"),
            format!(
                "If it is not meant: kubectl label namespace shop pod-security.kubernetes.io/enforce- \
                 pod-security.kubernetes.io/enforce-version-{file}"
            )
        );
    }

    #[test]
    fn a_fight_ends_with_both_owning_the_labels_or_with_a_policy_that_ends_it() {
        let of = |manager: &str, weakens| {
            let plan = plan(manager, LeaveReason::Yield, "baseline:v1.37");
            let contest = Contest {
                manager: manager.into(),
                takes: 3,
                last: Timestamp::UNIX_EPOCH,
                over: Timestamp::UNIX_EPOCH,
                value: "baseline:v1.37".parse().unwrap(),
                weakens,
                answer: None,
            };
            settlement(&contest, &plan, "shop")
        };
        assert_eq!(
            of("kustomize-controller", true),
            format!(
                "Flux: set {PAIR} on namespace shop in Git and, once podsec owns both, too, delete them there; or let them \
                 have it: conflictPolicy: Yield (which is for every namespace of profile apps)"
            )
        );
        assert!(
            of("tool", false).contains("conflictPolicy: KeepStricter"),
            "nobody has to be let lower anything"
        );
        let removed = of("", true);
        assert!(
            removed.contains("audit log") && !removed.contains("Yield"),
            "what is removed is set again: {removed}"
        );
    }
}
