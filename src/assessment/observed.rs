//! What a reader saw of pods and of objects with a pod template.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Fingerprint, Kind, Shape, TemplateKind};

/// An owner reference with `controller: true`; an object has at most one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Of the uid.
    pub uid: Fingerprint,
    /// The kind.
    pub kind: Kind,
    /// The name.
    pub name: Box<str>,
}

/// What was read of a pod or of a pod template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// What there is to judge.
    Judgeable(Shape),
    /// It could not be read, for this reason. What it belongs to is inconclusive.
    Unreadable(Arc<String>),
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedPod {
    /// Its name.
    pub name: String,
    /// What controls it.
    pub controller: Option<Reference>,
    /// Of a `StatefulSet`'s and a `DaemonSet`'s pod, of what [`ObservedTemplate::revision`] is compared with: the value
    /// of its label `controller-revision-hash`, or of `pod-template-generation`.
    pub revision: Option<Fingerprint>,
    /// What is in it.
    pub reading: Reading,
    /// How far it has come.
    pub phase: PodPhase,
    /// Whether it mirrors a pod that a kubelet runs from a file: it has the annotation `kubernetes.io/config.mirror`.
    pub mirror: bool,
    /// When it was created, to the second.
    pub created: Timestamp,
}

/// How far a pod has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodPhase {
    /// It runs, or it may yet.
    Live,
    /// Its phase is `Succeeded` or `Failed`, whether or not it is being deleted.
    Finished,
    /// It is being deleted.
    Deleting,
}

/// An object with a pod template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedTemplate {
    /// Its kind.
    pub kind: TemplateKind,
    /// Its name.
    pub name: String,
    /// Of its uid. In a file there is none: there kind and name do.
    pub uid: Fingerprint,
    /// What controls it.
    pub controller: Option<Reference>,
    /// What is in the template.
    pub reading: Reading,
    /// By what its present pods are told from earlier ones. `None` for every other kind, and where it is not known:
    /// then no pod speaks for the template.
    ///
    /// - Deployment and `ReplicaSet`: the *whole* template less its label `pod-template-hash`, so that a Deployment has
    ///   the same as the `ReplicaSet` that it makes now.
    /// - `StatefulSet`: the newest `controller-revision-hash`; `None` while the status that tells it is of an earlier
    ///   generation than the template.
    /// - `DaemonSet`, whose status does not tell: how often its template has changed, which the API server counts in an
    ///   annotation and the controller writes on each pod, and goes by itself. After a template was changed back, its
    ///   first pods no longer speak for it, which is the safe side.
    pub revision: Option<Fingerprint>,
    /// Whether it asks for pods.
    pub activity: Activity,
    /// How many pods it wants at present, of the kinds that say so in one number: none while it is suspended.
    pub wants: Option<u32>,
    /// When it was created, to the second.
    pub created: Timestamp,
}

/// Whether an object asks for pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It does, or may do so at any time: what is suspended is active, and a `CronJob` always is.
    Active,
    /// It asks for 0 replicas.
    AtZero,
    /// A Job that has completed or failed.
    Finished,
}
