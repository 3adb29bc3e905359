//! The kinds of Kubernetes that have a pod template, and what is probably meant to be one of them.

/// A kind of Kubernetes, and where its pod template is. Versions do not matter: it never moved.
pub(super) struct BuiltIn {
    pub(super) kind: &'static str,
    /// Its groups, the one that clusters serve first. `extensions` is where the kinds of `apps` came from.
    pub(super) groups: &'static [&'static str],
    /// Empty for a pod, which is its own template.
    pub(super) path: &'static str,
}

pub(super) const BUILT_IN: [BuiltIn; 9] = [
    BuiltIn { kind: "Pod", groups: &[""], path: "" },
    BuiltIn { kind: "PodTemplate", groups: &[""], path: "template" },
    BuiltIn { kind: "ReplicationController", groups: &[""], path: "spec.template" },
    BuiltIn { kind: "ReplicaSet", groups: &["apps", "extensions"], path: "spec.template" },
    BuiltIn { kind: "Deployment", groups: &["apps", "extensions"], path: "spec.template" },
    BuiltIn { kind: "StatefulSet", groups: &["apps"], path: "spec.template" },
    BuiltIn { kind: "DaemonSet", groups: &["apps", "extensions"], path: "spec.template" },
    BuiltIn { kind: "Job", groups: &["batch"], path: "spec.template" },
    BuiltIn { kind: "CronJob", groups: &["batch"], path: "spec.jobTemplate.spec.template" },
];

/// The other kinds of those groups to which nobody but Kubernetes can add any, past and present. The core group is not
/// among them: tools write `v1` above files of their own, of which the best known is a kubeconfig.
const WITHOUT_TEMPLATE: [(&str, &[&str]); 3] = [
    ("apps", &["ControllerRevision", "DeploymentRollback", "Scale"]),
    ("batch", &["JobTemplate"]),
    (
        "extensions",
        &[
            "DeploymentRollback",
            "Ingress",
            "NetworkPolicy",
            "PodSecurityPolicy",
            "ReplicationControllerDummy",
            "Scale",
            "ThirdPartyResource",
        ],
    ),
];

impl BuiltIn {
    fn api_version(&self) -> String {
        match self.groups.first() {
            None | Some(&"") => "v1".into(),
            Some(group) => format!("{group}/v1"),
        }
    }
}

/// What is wrong with a kind that Kubernetes does not have, where it is a kind with a pod template that is meant, or may
/// be: to pass it over would be to say that it was judged. Nothing for kinds that are others'.
pub(super) fn mistake(api_version: &str, kind: &str) -> Option<String> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    // The group of a custom resource has a dot.
    if group.contains('.') {
        return None;
    }
    // Such as an empty list of Deployments.
    let kind_of_item = kind.strip_suffix("List").unwrap_or(kind);
    let is_there = |built_in: &&BuiltIn| built_in.kind == kind_of_item && built_in.groups.contains(&group);
    if BUILT_IN.iter().any(|built_in| is_there(&built_in)) {
        return None;
    }
    if let Some(meant) = BUILT_IN.iter().find(|built_in| built_in.kind == kind_of_item) {
        return Some(format!("{api_version:?} has no kind {kind}; it is of {}", meant.api_version()));
    }
    if let Some(meant) = BUILT_IN.iter().find(|built_in| is_near(built_in.kind, kind_of_item)) {
        let of = meant.api_version();
        return Some(format!("{api_version:?} has no kind {kind:?}; is {} of {of} meant?", meant.kind));
    }
    let (_, others) = WITHOUT_TEMPLATE.iter().find(|(closed, _)| *closed == group)?;
    let is_known = others.contains(&kind_of_item);
    (!is_known)
        .then(|| format!("podsec knows no kind {kind:?} of {api_version:?}, which may have a pod template"))
}

/// Whether two words are the same but for upper and lower case and for one character more, less or else.
fn is_near(one: &str, other: &str) -> bool {
    let letters = |word: &str| word.trim().to_ascii_lowercase().chars().collect::<Vec<_>>();
    let (one, other) = (letters(one), letters(other));
    let same = |pairs: &mut dyn Iterator<Item = (&char, &char)>| pairs.take_while(|(a, b)| a == b).count();
    let shorter = one.len().min(other.len());
    let begin = same(&mut one.iter().zip(&other));
    let end = same(&mut one.iter().rev().zip(other.iter().rev())).min(shorter - begin);
    one.len().max(other.len()) - begin - end <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_to_be_a_workload_is_told() {
        let table = [
            ("v1", "Deployment", "\"v1\" has no kind Deployment; it is of apps/v1"),
            ("apps/v1", "Pod", "\"apps/v1\" has no kind Pod; it is of v1"),
            ("app/v1", "Deployment", "it is of apps/v1"),
            ("v1/apps", "StatefulSet", "it is of apps/v1"),
            ("core/v1", "Pod", "it is of v1"),
            ("v1", "DeploymentList", "it is of apps/v1"),
            ("v1", "pod", "has no kind \"pod\"; is Pod of v1 meant?"),
            ("v1", "Pods", "is Pod of v1 meant?"),
            ("v1", " POD ", "is Pod of v1 meant?"),
            ("v1", "cronjob", "is CronJob of batch/v1 meant?"),
            ("apps/v1", "Deploymnt", "is Deployment of apps/v1 meant?"),
            ("apps/v1", "Deploymnet", "podsec knows no kind \"Deploymnet\" of \"apps/v1\""),
            ("batch/v2", "Task", "podsec knows no kind \"Task\""),
        ];
        for (api_version, kind, told) in table {
            let mistake = mistake(api_version, kind).unwrap();
            assert!(mistake.contains(told), "{mistake}");
        }
    }

    #[test]
    fn other_kinds_are_let_be() {
        for BuiltIn { kind, groups, .. } in BUILT_IN {
            for group in groups {
                let api_version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
                assert_eq!(mistake(&api_version, kind), None);
                assert_eq!(mistake(&api_version, &format!("{kind}List")), None);
            }
        }
        for (api_version, kind) in [
            ("v1", "Service"),
            ("v1", "Node"),
            ("v1", "List"),
            ("v1", "Config"),
            ("v1", "Template"),
            ("apps/v1", "ControllerRevision"),
            ("extensions/v1beta1", "Ingress"),
            ("policy/v1", "PodDisruptionBudget"),
            ("autoscaling/v2", "HorizontalPodAutoscaler"),
            ("skaffold/v4beta1", "Config"),
            ("batch.volcano.sh/v1alpha1", "Job"),
            ("example.com/v1", "pod"),
        ] {
            assert_eq!(mistake(api_version, kind), None, "{api_version} {kind}");
        }
    }
}
