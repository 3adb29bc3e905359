//! What runs, and may run, in one namespace: kept up to date as it changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Activity, Fingerprint, ObservedPod, ObservedTemplate, PodPhase, Reading, Reference, TemplateKind,
};

/// The pods and the pod templates of one namespace.
///
/// Filled at once from a listing or bit by bit from a watch, in whatever order: what is in it decides, not how it came
/// there. A further pod of a known shape and controller takes its name and about 100 bytes.
#[derive(Debug, Default)]
pub struct Inventory {
    pub(super) pods: BTreeMap<Box<str>, Pod>,
    /// Boxed: most namespaces have few, and a map has room for eleven.
    pub(super) templates: BTreeMap<TemplateKey, Box<Template>>,
    /// Each controller once, with each revision that a pod came from.
    origins: BTreeSet<Arc<Origin>>,
    missing: BTreeSet<String>,
}

/// What the pods of a controller's revision have in common.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    pub(super) controller: Reference,
    pub(super) revision: Option<Fingerprint>,
}

/// A pod; its name is its key.
#[derive(Clone, Debug)]
pub(super) struct Pod {
    origin: Option<Arc<Origin>>,
    pub(super) reading: Reading,
    /// Seconds since 1970.
    pub(super) created: i64,
    pub(super) phase: PodPhase,
    mirror: bool,
}

impl Pod {
    /// What the pod was made by. A mirror pod is made by nothing in the cluster.
    pub(super) fn origin(&self) -> Option<&Origin> {
        self.origin.as_deref().filter(|_| !self.mirror)
    }
}

/// What tells objects of a namespace apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TemplateKey {
    pub(super) kind: TemplateKind,
    pub(super) name: Box<str>,
}

/// An object with a template.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) uid: Fingerprint,
    origin: Option<Arc<Origin>>,
    pub(super) reading: Reading,
    pub(super) revision: Option<Fingerprint>,
    pub(super) activity: Activity,
    pub(super) wants: Option<u32>,
    /// Seconds since 1970.
    pub(super) created: i64,
}

impl Template {
    pub(super) fn controller(&self) -> Option<&Reference> {
        self.origin.as_deref().map(|origin| &origin.controller)
    }
}

impl Inventory {
    /// Puts a pod in, in place of one of the same name.
    pub fn insert_pod(&mut self, pod: ObservedPod) {
        let ObservedPod { name, controller, revision, reading, phase, mirror, created } = pod;
        let origin = controller.map(|controller| self.origin(Origin { controller, revision }));
        let pod = Pod { origin, reading, created: created.as_second(), phase, mirror };
        let replaced = self.pods.insert(name.into(), pod);
        self.release(replaced.and_then(|pod| pod.origin));
    }

    /// Takes a pod out, if it is there.
    pub fn remove_pod(&mut self, name: &str) {
        let removed = self.pods.remove(name);
        self.release(removed.and_then(|pod| pod.origin));
    }

    /// Puts an object with a template in, in place of one of the same kind and name.
    pub fn insert_template(&mut self, template: ObservedTemplate) {
        let ObservedTemplate { kind, name, uid, controller, reading, revision, activity, wants, created } =
            template;
        let origin = controller.map(|controller| self.origin(Origin { controller, revision: None }));
        let key = TemplateKey { kind, name: name.into() };
        let created = created.as_second();
        let template = Template { uid, origin, reading, revision, activity, wants, created };
        let replaced = self.templates.insert(key, Box::new(template));
        self.release(replaced.and_then(|template| template.origin));
    }

    /// Takes an object with a template out, if it is there.
    pub fn remove_template(&mut self, kind: TemplateKind, name: &str) {
        let removed = self.templates.remove(&TemplateKey { kind, name: name.into() });
        self.release(removed.and_then(|template| template.origin));
    }

    /// Takes out the pods that are not to be kept: those that a new list does not have.
    pub fn retain_pods(&mut self, mut keep: impl FnMut(&str) -> bool) {
        let gone = self.pods.extract_if(.., |name, _| !keep(name)).filter_map(|(_, pod)| pod.origin);
        for origin in gone.collect::<Vec<_>>() {
            self.release(Some(origin));
        }
    }

    /// Takes out the objects of a kind that are not to be kept: those that a new list does not have.
    pub fn retain_templates(&mut self, kind: TemplateKind, mut keep: impl FnMut(&str) -> bool) {
        let is_gone = |key: &TemplateKey, _: &mut Box<Template>| key.kind == kind && !keep(&key.name);
        let gone = self.templates.extract_if(.., is_gone).filter_map(|(_, template)| template.origin);
        for origin in gone.collect::<Vec<_>>() {
            self.release(Some(origin));
        }
    }

    /// How many pods there are, whatever their phase.
    pub fn pods(&self) -> usize {
        self.pods.len()
    }

    /// Says that something may be missing, and what: a list that failed or ended early, a watch that is silent. Until
    /// [`Self::complete`] says otherwise, the namespace is clean at no level.
    pub fn miss(&mut self, what: impl Into<String>) {
        self.missing.insert(what.into());
    }

    /// Says that what was missing is there.
    pub fn complete(&mut self, what: &str) {
        self.missing.remove(what);
    }

    /// What may be missing, sorted.
    pub fn missing(&self) -> impl ExactSizeIterator<Item = &str> {
        self.missing.iter().map(String::as_str)
    }

    /// Whether there is nothing in it, and nothing missing.
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty() && self.templates.is_empty() && self.missing.is_empty()
    }

    fn origin(&mut self, origin: Origin) -> Arc<Origin> {
        if let Some(known) = self.origins.get(&origin) {
            return Arc::clone(known);
        }
        let origin = Arc::new(origin);
        self.origins.insert(Arc::clone(&origin));
        origin
    }

    /// Forgets an origin that nothing else has.
    fn release(&mut self, origin: Option<Arc<Origin>>) {
        // Held here and in the set.
        if let Some(origin) = origin.filter(|origin| Arc::strong_count(origin) <= 2) {
            self.origins.remove(&origin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing, *};

    #[test]
    fn origins_are_kept_once_and_go_with_the_last_that_has_them() {
        let mut inventory = Inventory::default();
        let pod = |name: &str, of: &str| {
            testing::pod(name).of(TemplateKind::StatefulSet, of).revision("1").observed()
        };
        inventory.insert_pod(pod("db-0", "db"));
        inventory.insert_pod(pod("db-1", "db"));
        assert_eq!(inventory.origins.len(), 1);
        inventory.insert_pod(pod("db-1", "other"));
        assert_eq!(inventory.origins.len(), 2);
        inventory.remove_pod("db-0");
        inventory.remove_pod("db-0");
        assert_eq!(inventory.origins.len(), 1);
        inventory.remove_pod("db-1");
        assert!(inventory.origins.is_empty() && inventory.is_empty());
    }

    #[test]
    fn what_a_new_list_does_not_have_is_taken_out() {
        let mut inventory = Inventory::default();
        for name in ["a", "b", "c"] {
            inventory.insert_pod(testing::pod(name).of(TemplateKind::Job, "job").observed());
            inventory.insert_template(
                testing::template(TemplateKind::Job, name).of(TemplateKind::CronJob, "x").observed(),
            );
        }
        inventory.insert_template(testing::template(TemplateKind::CronJob, "a").observed());
        inventory.retain_pods(|name| name == "b");
        inventory.retain_templates(TemplateKind::Job, |name| name == "c");
        let names: Vec<_> = inventory.templates.keys().map(|key| (key.kind, &*key.name)).collect();
        assert_eq!(names, [(TemplateKind::CronJob, "a"), (TemplateKind::Job, "c")]);
        assert_eq!((inventory.pods(), inventory.origins.len()), (1, 2));
        inventory.retain_pods(|_| false);
        inventory.retain_templates(TemplateKind::Job, |_| false);
        assert!(inventory.origins.is_empty());
    }

    #[test]
    fn an_inventory_can_be_read_by_several_threads() {
        const fn is_shared<T: Send + Sync>() {}
        is_shared::<(Inventory, super::super::Shapes, super::super::Judge)>();
    }

    #[test]
    fn a_pod_is_small() {
        assert!(size_of::<Pod>() <= 40, "{}", size_of::<Pod>());
        assert!(size_of::<(TemplateKey, Template)>() <= 120, "{}", size_of::<(TemplateKey, Template)>());
    }
}
