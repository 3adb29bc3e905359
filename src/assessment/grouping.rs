//! From what was seen in a namespace to its workloads: what is judged, as what, and what is not.
//!
//! The rules, each with a test of its name in `grouping_tests.rs`:
//!
//! - A workload is the top-most controller of its pods, as far as references lead; a reference may lead to a kind that
//!   podsec does not read. A pod without a controller is a workload, and so is a mirror pod.
//! - The `ReplicaSet` of a Deployment and the Job of a `CronJob` are not judged alone: the controller's template is. A
//!   `ReplicaSet` at 0 replicas under another controller and a finished Job are counted, not judged. What is suspended
//!   and what asks for 0 replicas otherwise is judged.
//! - A live pod speaks for the template that it was made from, where that can be told, and then the template does not
//!   count: admission judges the pod, as webhooks made it. Where no live pod speaks for it, the template counts.
//! - Every live pod counts as well, also one of an earlier template: it would be refused when it is made again. So does
//!   an earlier template of a Deployment that still asks for pods and has none.
//! - Pods that have finished or are being deleted are counted, not judged.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{
    Activity, Fingerprint, Inventory, Kind, PodPhase, Reading, Reference, Shape, TemplateKind,
    inventory::{self, Origin, TemplateKey},
    workload::{Apart, FinishedPod, Pods, Template, Workload, Workloads},
};

/// How many controllers a chain of references may have. The longest in use have four; a longer one is a circle.
const LONGEST_CHAIN: usize = 16;

impl Inventory {
    /// The workloads of the namespace.
    pub fn workloads(&self) -> Workloads<'_> {
        let mut grouping = Grouping {
            seen: self.seen(),
            list: Vec::new(),
            of_root: HashMap::new(),
            of_template: HashMap::new(),
            of_pods: HashMap::new(),
            apart: Apart::default(),
            finished: Vec::new(),
        };
        for (key, template) in &self.templates {
            grouping.add_template(Seen { key, template });
        }
        for (name, pod) in &self.pods {
            grouping.add_pod(name, pod);
        }
        let Grouping { mut list, apart, finished, .. } = grouping;
        list.sort_by(|one, other| (&one.kind, one.name).cmp(&(&other.kind, other.name)));
        Workloads { list, apart, finished, missing: self.missing().collect() }
    }
}

impl Inventory {
    /// The objects with a template, by uid.
    fn seen(&self) -> HashMap<Fingerprint, Seen<'_>> {
        self.templates.iter().map(|(key, template)| (template.uid, Seen { key, template })).collect()
    }

    /// Each of these objects with the workload that it belongs to; `None` for one that is not there.
    pub(super) fn roots(&self, objects: impl Iterator<Item = Fingerprint>) -> Vec<Option<Root<'_>>> {
        let seen = self.seen();
        let root = |uid: Fingerprint| {
            let Seen { key, template } = seen.get(&uid).copied()?;
            let (uid, kind, workload) = match template.controller() {
                Some(controller) => top(&seen, controller),
                None => (uid, Kind::Template(key.kind), &*key.name),
            };
            // What is above and has no template of its own, such as an Argo Rollout, is as old as what is seen of it.
            let created = seen.get(&uid).map_or(template.created, |root| root.template.created);
            Some(Root { kind, workload, created, template })
        };
        objects.map(root).collect()
    }
}

/// An object with a template, and the workload that it belongs to.
pub(super) struct Root<'a> {
    /// The workload's kind.
    pub(super) kind: Kind,
    /// The workload's name.
    pub(super) workload: &'a str,
    /// When the workload was created, in seconds since 1970.
    pub(super) created: i64,
    /// The object's template.
    pub(super) template: &'a inventory::Template,
}

/// An object with a template.
#[derive(Clone, Copy)]
struct Seen<'a> {
    key: &'a TemplateKey,
    template: &'a inventory::Template,
}

/// How an object's template is judged.
enum Role<'a> {
    /// In its own right.
    Judged,
    /// Through its controller, which makes it from its own template.
    Through(Seen<'a>),
    /// Not at all: it asks for no pods and nobody will have it ask for some again.
    Apart,
}

struct Grouping<'a> {
    /// By uid.
    seen: HashMap<Fingerprint, Seen<'a>>,
    list: Vec<Workload<'a>>,
    /// The workload of a top-most controller, by its uid.
    of_root: HashMap<Fingerprint, usize>,
    /// The workload and the position of an object's template in it, by the object's uid.
    of_template: HashMap<Fingerprint, (usize, usize)>,
    /// The entry of pods of a workload with the same content that speak for the same template.
    of_pods: HashMap<(usize, usize, Option<usize>), usize>,
    apart: Apart,
    finished: Vec<FinishedPod<'a>>,
}

impl<'a> Grouping<'a> {
    fn add_template(&mut self, seen: Seen<'a>) {
        match self.role(seen) {
            Role::Judged => self.judge_template(seen, None),
            Role::Through(controller) => {
                let is_earlier =
                    controller.key.kind == TemplateKind::Deployment && !is_made_now(controller, seen);
                if is_earlier && seen.template.activity == Activity::Active {
                    self.judge_template(seen, Some(controller));
                }
            }
            Role::Apart if seen.key.kind == TemplateKind::Job => self.apart.finished_jobs += 1,
            Role::Apart => self.apart.idle_replica_sets += 1,
        }
    }

    fn role(&self, seen: Seen<'a>) -> Role<'a> {
        let controller = seen.template.controller();
        let known = controller.and_then(|controller| self.seen.get(&controller.uid)).copied();
        match (seen.key.kind, known) {
            (TemplateKind::ReplicaSet, Some(known)) if known.key.kind == TemplateKind::Deployment => {
                Role::Through(known)
            }
            (TemplateKind::Job, Some(known)) if known.key.kind == TemplateKind::CronJob => {
                Role::Through(known)
            }
            (TemplateKind::ReplicaSet, _)
                if controller.is_some() && seen.template.activity == Activity::AtZero =>
            {
                Role::Apart
            }
            (TemplateKind::Job, _) if seen.template.activity == Activity::Finished => Role::Apart,
            _ => Role::Judged,
        }
    }

    fn judge_template(&mut self, seen: Seen<'a>, successor: Option<Seen<'a>>) {
        let workload = match seen.template.controller() {
            Some(controller) => self.workload_of(controller),
            None => self.workload_at(seen.template.uid, Kind::Template(seen.key.kind), &seen.key.name),
        };
        // Objects come by kind, Deployments before `ReplicaSet`s.
        let present = successor.and_then(|successor| self.of_template.get(&successor.template.uid));
        let present = present.filter(|(of, _)| *of == workload).map(|(_, position)| *position);
        let templates = &mut self.list[workload].templates;
        self.of_template.insert(seen.template.uid, (workload, templates.len()));
        templates.push(Template {
            object: (seen.key.kind, &seen.key.name),
            reading: &seen.template.reading,
            decides: true,
            present: present.unwrap_or(templates.len()),
        });
    }

    /// The workload of whatever this controls.
    fn workload_of(&mut self, controller: &'a Reference) -> usize {
        let (uid, kind, name) = top(&self.seen, controller);
        self.workload_at(uid, kind, name)
    }

    fn workload_at(&mut self, root: Fingerprint, kind: Kind, name: &'a str) -> usize {
        *self.of_root.entry(root).or_insert_with(|| {
            self.list.push(Workload { kind, name, templates: Vec::new(), pods: Vec::new() });
            self.list.len() - 1
        })
    }

    fn add_pod(&mut self, name: &'a str, pod: &'a inventory::Pod) {
        match pod.phase {
            PodPhase::Finished => {
                self.apart.finished_pods += 1;
                if !pod.origin().is_some_and(|origin| self.has_judged_template(origin)) {
                    let created = Timestamp::from_second(pod.created).unwrap_or_default();
                    self.finished.push(FinishedPod { reading: &pod.reading, created });
                }
            }
            PodPhase::Deleting => self.apart.deleting_pods += 1,
            PodPhase::Live => match pod.origin() {
                Some(origin) => self.add_controlled(name, pod, origin),
                None => self.list.push(Workload {
                    kind: Kind::Pod,
                    name,
                    templates: Vec::new(),
                    pods: vec![Pods { reading: &pod.reading, count: 1, first: name, speak_for: None }],
                }),
            },
        }
    }

    /// Whether a template that is judged tells what further pods of this origin will be.
    fn has_judged_template(&self, origin: &Origin) -> bool {
        let controller = self.seen.get(&origin.controller.uid);
        controller.is_some_and(|controller| !matches!(self.role(*controller), Role::Apart))
    }

    fn add_controlled(&mut self, name: &'a str, pod: &'a inventory::Pod, origin: &'a Origin) {
        let workload = self.workload_of(&origin.controller);
        let controller = self.seen.get(&origin.controller.uid).copied();
        let made_from = controller.and_then(|controller| self.made_from(controller, origin));
        let speak_for = made_from
            .and_then(|uid| self.of_template.get(&uid))
            .filter(|(of, _)| *of == workload)
            .map(|(_, position)| *position);
        let workload_pods = &mut self.list[workload].pods;
        let entry = self.of_pods.entry((workload, address(&pod.reading), speak_for)).or_insert_with(|| {
            workload_pods.push(Pods { reading: &pod.reading, count: 0, first: name, speak_for });
            workload_pods.len() - 1
        });
        workload_pods[*entry].count += 1;
        if let Some(template) = speak_for.and_then(|position| self.list[workload].templates.get_mut(position))
        {
            // What cannot be read stays in doubt, whatever its pods are like.
            template.decides = matches!(template.reading, Reading::Unreadable(_));
        }
    }

    /// The object whose template a pod of this controller was certainly made from, by uid.
    fn made_from(&self, controller: Seen<'a>, origin: &Origin) -> Option<Fingerprint> {
        match controller.key.kind {
            TemplateKind::ReplicaSet => match self.role(controller) {
                Role::Through(deployment) if is_made_now(deployment, controller) => {
                    Some(deployment.template.uid)
                }
                // Of an earlier template, which is a template of the workload while it still asks for pods.
                Role::Through(_) => Some(controller.template.uid),
                Role::Judged | Role::Apart => None,
            },
            TemplateKind::StatefulSet | TemplateKind::DaemonSet => {
                let newest = controller.template.revision;
                newest.filter(|_| newest == origin.revision).map(|_| controller.template.uid)
            }
            _ => None,
        }
    }
}

/// The top-most controller, as far as references lead.
fn top<'a>(seen: &HashMap<Fingerprint, Seen<'a>>, controller: &'a Reference) -> (Fingerprint, Kind, &'a str) {
    let mut top = controller;
    for _ in 0..LONGEST_CHAIN {
        let Some(seen) = seen.get(&top.uid) else { break };
        let Some(above) = seen.template.controller() else {
            // Named as it is, not as somebody's reference says.
            let Seen { key, template } = *seen;
            return (template.uid, Kind::Template(key.kind), &key.name);
        };
        top = above;
    }
    (top.uid, top.kind.clone(), &top.name)
}

/// Whether a `ReplicaSet` is the one that its Deployment makes now.
fn is_made_now(deployment: Seen<'_>, replica_set: Seen<'_>) -> bool {
    let now = deployment.template.revision;
    now.is_some() && now == replica_set.template.revision
}

/// Tells contents apart. Two reasons in the same words may count as two.
fn address(reading: &Reading) -> usize {
    match reading {
        Reading::Judgeable(shape) => Shape::address(shape),
        Reading::Unreadable(reason) => std::sync::Arc::as_ptr(reason).addr(),
    }
}

#[cfg(test)]
#[path = "grouping_tests.rs"]
mod tests;
