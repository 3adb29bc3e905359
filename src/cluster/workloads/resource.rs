//! What is read: pods, and the kinds with a pod template.

use std::collections::BTreeSet;

use crate::assessment::{Inventory, TemplateKind};

/// What one list or watch is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// Pods.
    Pods,
    /// Objects of a kind with a pod template.
    Templates(TemplateKind),
}

impl Resource {
    /// All of them, pods first: they are most of what there is to read.
    pub const ALL: [Self; 9] = [
        Self::Pods,
        Self::Templates(TemplateKind::ReplicaSet),
        Self::Templates(TemplateKind::Deployment),
        Self::Templates(TemplateKind::Job),
        Self::Templates(TemplateKind::StatefulSet),
        Self::Templates(TemplateKind::CronJob),
        Self::Templates(TemplateKind::DaemonSet),
        Self::Templates(TemplateKind::PodTemplate),
        Self::Templates(TemplateKind::ReplicationController),
    ];

    /// The name in the API, as in RBAC rules; also what an inventory lacks when it could not be read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pods => "pods",
            Self::Templates(TemplateKind::CronJob) => "cronjobs",
            Self::Templates(TemplateKind::DaemonSet) => "daemonsets",
            Self::Templates(TemplateKind::Deployment) => "deployments",
            Self::Templates(TemplateKind::Job) => "jobs",
            Self::Templates(TemplateKind::PodTemplate) => "podtemplates",
            Self::Templates(TemplateKind::ReplicaSet) => "replicasets",
            Self::Templates(TemplateKind::ReplicationController) => "replicationcontrollers",
            Self::Templates(TemplateKind::StatefulSet) => "statefulsets",
        }
    }

    /// Takes an object of the kind out of the inventory of its namespace, if it is there.
    pub fn remove_from(self, inventory: &mut Inventory, name: &str) {
        match self {
            Self::Pods => inventory.remove_pod(name),
            Self::Templates(kind) => inventory.remove_template(kind, name),
        }
    }

    /// Takes the objects of the kind out of the inventory of a namespace that are not to be kept, by name.
    pub fn retain_in(self, inventory: &mut Inventory, keep: impl FnMut(&str) -> bool) {
        match self {
            Self::Pods => inventory.retain_pods(keep),
            Self::Templates(kind) => inventory.retain_templates(kind, keep),
        }
    }

    /// The path of the collection, of all namespaces or of one. All kinds are served as `v1` since Kubernetes 1.21.
    pub(super) fn path(self, namespace: Option<&str>) -> String {
        let group = match self {
            Self::Pods => "",
            Self::Templates(kind) => kind.group(),
        };
        let root = if group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{group}/v1") };
        let name = self.name();
        match namespace {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{name}"),
            None => format!("{root}/{name}"),
        }
    }
}

/// Of which namespaces something is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Of all, with one list of each kind.
    All,
    /// Of these, with one list of each kind for each: for users who may not read the others.
    Named(BTreeSet<String>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_once() {
        let all: BTreeSet<_> = Resource::ALL.into_iter().collect();
        let expected = TemplateKind::ALL.into_iter().map(Resource::Templates).chain([Resource::Pods]);
        assert_eq!(all, expected.collect());
    }

    #[test]
    fn paths_are_those_of_the_api() {
        let paths = Resource::ALL.map(|resource| resource.path(None));
        assert_eq!(
            paths,
            [
                "/api/v1/pods",
                "/apis/apps/v1/replicasets",
                "/apis/apps/v1/deployments",
                "/apis/batch/v1/jobs",
                "/apis/apps/v1/statefulsets",
                "/apis/batch/v1/cronjobs",
                "/apis/apps/v1/daemonsets",
                "/api/v1/podtemplates",
                "/api/v1/replicationcontrollers",
            ]
        );
        assert_eq!(Resource::Pods.path(Some("team-a")), "/api/v1/namespaces/team-a/pods");
    }
}
