//! What is judged: the workloads of a namespace, and what is only counted.

use jiff::Timestamp;

use super::{Kind, Reading, TemplateKind};

/// The workloads of a namespace. The same for every level and version, so that it is worked out once for all of them.
#[derive(Clone, Debug)]
pub struct Workloads<'a> {
    /// By kind and name.
    pub(super) list: Vec<Workload<'a>>,
    pub(super) apart: Apart,
    pub(super) finished: Vec<FinishedPod<'a>>,
    pub(super) missing: Vec<&'a str>,
}

impl<'a> Workloads<'a> {
    /// All workloads, by kind and name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Workload<'a>> {
        self.list.iter()
    }

    /// What is counted and not judged.
    pub const fn apart(&self) -> Apart {
        self.apart
    }

    /// What may be missing from the list.
    pub fn missing(&self) -> &[&'a str] {
        &self.missing
    }
}

/// A top-most controller with all that it runs, or a pod that nothing controls.
#[derive(Clone, Debug)]
pub struct Workload<'a> {
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    pub(super) templates: Vec<Template<'a>>,
    /// Its live pods, one entry for each shape.
    pub(super) pods: Vec<Pods<'a>>,
}

impl<'a> Workload<'a> {
    /// Its kind.
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Its name.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// How many live pods it has, those of exempt runtime classes included.
    pub fn pods(&self) -> usize {
        self.pods.iter().map(|pods| pods.count).sum()
    }

    /// What decides about it: the templates that no live pod speaks for, and every live pod, each with how many live
    /// pods it stands for.
    pub(super) fn deciding(&self) -> impl Iterator<Item = (&'a Reading, usize)> {
        let templates = self.templates.iter().filter(|template| template.decides);
        templates
            .map(|template| (template.reading, 0))
            .chain(self.pods.iter().map(|pods| (pods.reading, pods.count)))
    }
}

/// A template of a workload; there may be several below one controller.
#[derive(Clone, Debug)]
pub(super) struct Template<'a> {
    /// The object that it stands in.
    pub(super) object: (TemplateKind, &'a str),
    pub(super) reading: &'a Reading,
    /// Whether it counts: no live pod speaks for it.
    pub(super) decides: bool,
    /// The template that took its place, by position; its own unless it is an earlier one of a Deployment.
    pub(super) present: usize,
}

/// The live pods of a workload that share a shape and a template.
#[derive(Clone, Debug)]
pub(super) struct Pods<'a> {
    pub(super) reading: &'a Reading,
    pub(super) count: usize,
    /// The least of their names.
    pub(super) first: &'a str,
    /// The template of the workload that they speak for, by position.
    pub(super) speak_for: Option<usize>,
}

/// A finished pod of which no template tells that there will be more like it.
#[derive(Clone, Copy, Debug)]
pub(super) struct FinishedPod<'a> {
    pub(super) reading: &'a Reading,
    pub(super) created: Timestamp,
}

/// What is counted and not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Apart {
    /// Pods that have succeeded or failed.
    pub finished_pods: usize,
    /// Pods that are being deleted, and have not finished.
    pub deleting_pods: usize,
    /// Jobs that have completed or failed, other than those of a `CronJob` that is judged.
    pub finished_jobs: usize,
    /// `ReplicaSets` that ask for 0 replicas under a controller, other than those of a Deployment that is judged.
    pub idle_replica_sets: usize,
}
