//! Kinds of objects that run pods.

use std::{fmt, sync::Arc};

/// The kinds that carry a pod template and that podsec reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplateKind {
    /// `batch` `CronJob`.
    CronJob,
    /// `apps` `DaemonSet`.
    DaemonSet,
    /// `apps` Deployment.
    Deployment,
    /// `batch` Job.
    Job,
    /// Core `PodTemplate`.
    PodTemplate,
    /// `apps` `ReplicaSet`.
    ReplicaSet,
    /// Core `ReplicationController`.
    ReplicationController,
    /// `apps` `StatefulSet`.
    StatefulSet,
}

impl TemplateKind {
    /// All of them, by name.
    pub const ALL: [Self; 8] = [
        Self::CronJob,
        Self::DaemonSet,
        Self::Deployment,
        Self::Job,
        Self::PodTemplate,
        Self::ReplicaSet,
        Self::ReplicationController,
        Self::StatefulSet,
    ];

    /// The kind's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CronJob => "CronJob",
            Self::DaemonSet => "DaemonSet",
            Self::Deployment => "Deployment",
            Self::Job => "Job",
            Self::PodTemplate => "PodTemplate",
            Self::ReplicaSet => "ReplicaSet",
            Self::ReplicationController => "ReplicationController",
            Self::StatefulSet => "StatefulSet",
        }
    }

    /// The API group; empty for the core.
    pub const fn group(self) -> &'static str {
        match self {
            Self::CronJob | Self::Job => "batch",
            Self::DaemonSet | Self::Deployment | Self::ReplicaSet | Self::StatefulSet => "apps",
            Self::PodTemplate | Self::ReplicationController => "",
        }
    }

    /// Where in an object of the kind its pod template stands.
    pub const fn template_path(self) -> &'static str {
        match self {
            Self::CronJob => "spec.jobTemplate.spec.template",
            Self::PodTemplate => "template",
            _ => "spec.template",
        }
    }
}

/// The kind of a workload.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A kind with a pod template.
    Template(TemplateKind),
    /// A pod that nothing controls, or a mirror of one that a kubelet runs from a file.
    Pod,
    /// A kind that podsec does not read and knows by owner references only, as `CloneSet.apps.kruise.io`.
    Other(Arc<str>),
}

impl Kind {
    /// The kind that an owner reference names. A kind of another API group is another kind, whatever its name.
    pub fn of(api_version: &str, kind: &str) -> Self {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let known =
            TemplateKind::ALL.into_iter().find(|known| known.as_str() == kind && known.group() == group);
        match known {
            Some(known) => Self::Template(known),
            None if kind == "Pod" && group.is_empty() => Self::Pod,
            None if group.is_empty() => Self::Other(kind.into()),
            None => Self::Other(format!("{kind}.{group}").into()),
        }
    }

    /// The kind's name without its group. Of another kind it is a tenant's text.
    pub fn name(&self) -> &str {
        match self {
            Self::Template(kind) => kind.as_str(),
            Self::Pod => "Pod",
            Self::Other(kind) => kind.split_once('.').map_or(kind, |(name, _)| name),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_known_in_its_own_group_only() {
        assert_eq!(Kind::of("apps/v1", "StatefulSet"), Kind::Template(TemplateKind::StatefulSet));
        assert_eq!(
            Kind::of("v1", "ReplicationController"),
            Kind::Template(TemplateKind::ReplicationController)
        );
        assert_eq!(Kind::of("v1", "Pod"), Kind::Pod);
        let foreign = Kind::of("apps.kruise.io/v1beta1", "StatefulSet");
        assert_eq!(foreign, Kind::Other("StatefulSet.apps.kruise.io".into()));
        assert_eq!(foreign.to_string(), "StatefulSet");
        assert_eq!(Kind::of("v1", "Node").name(), "Node");
    }

    #[test]
    fn the_kinds_are_sorted_as_their_names() {
        assert!(TemplateKind::ALL.is_sorted());
        assert!(TemplateKind::ALL.map(TemplateKind::as_str).is_sorted());
    }
}
