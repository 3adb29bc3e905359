//! A namespace as plainly as can be, and random ones, for the properties.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    Activity, Apart, Counts, Inventory, Kind, PodPhase, TemplateKind,
    testing::{self, BASELINE, IN_DOUBT, PRIVILEGED, RESTRICTED, UNREADABLE, WINDOWS},
};
use crate::standards::{Level, LevelVersion, NEWEST_MINOR, Verdict, Version, evaluate, pod::Pod};

/// The objects that there may be. One is controlled only by one that stands after it, so that there are no circles.
const TEMPLATES: [TemplateKind; 8] = [
    TemplateKind::ReplicaSet,
    TemplateKind::ReplicaSet,
    TemplateKind::Job,
    TemplateKind::StatefulSet,
    TemplateKind::DaemonSet,
    TemplateKind::Deployment,
    TemplateKind::CronJob,
    TemplateKind::ReplicationController,
];
pub(super) const PODS: usize = 6;
const DEBUGGED: &str = r#"{
    "containers": [{"name": "web"}],
    "ephemeralContainers": [{"name": "debug", "securityContext": {"privileged": true}}]
}"#;
const SPECS: [&str; 7] = [RESTRICTED, RESTRICTED, BASELINE, PRIVILEGED, WINDOWS, IN_DOUBT, DEBUGGED];
const REVISIONS: [Option<&str>; 3] = [None, Some("1"), Some("2")];

/// What controls something: a template by its position, or an object of another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Controller {
    Template(usize),
    Other,
}

impl Controller {
    fn named(self) -> (Kind, String) {
        match self {
            Self::Template(index) => (Kind::Template(TEMPLATES[index]), name_of(index)),
            Self::Other => (Kind::of("example.com/v1", "App"), "app".to_owned()),
        }
    }
}

fn name_of(template: usize) -> String {
    format!("t{template}")
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Object {
    pub(super) spec: &'static str,
    pub(super) controller: Option<Controller>,
    pub(super) revision: Option<&'static str>,
    pub(super) phase: PodPhase,
    pub(super) mirror: bool,
    pub(super) activity: Activity,
}

/// A namespace, as plainly as can be.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) templates: BTreeMap<usize, Object>,
    pub(super) pods: BTreeMap<usize, Object>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Template(usize, Option<Object>),
    Pod(usize, Option<Object>),
}

pub(super) fn object(above: usize, unreadable: u32) -> impl Strategy<Value = Object> {
    let spec = prop_oneof![9 => prop::sample::select(&SPECS[..]), unreadable => Just(UNREADABLE)];
    let template = if above < TEMPLATES.len() {
        (above..TEMPLATES.len()).prop_map(|index| Some(Controller::Template(index))).boxed()
    } else {
        Just(None).boxed()
    };
    let controller = prop_oneof![5 => template, 2 => Just(None), 1 => Just(Some(Controller::Other))];
    let revision = prop::sample::select(&REVISIONS[..]);
    let phase =
        prop_oneof![6 => Just(PodPhase::Live), 1 => Just(PodPhase::Finished), 1 => Just(PodPhase::Deleting)];
    let activity =
        prop_oneof![4 => Just(Activity::Active), 2 => Just(Activity::AtZero), 1 => Just(Activity::Finished)];
    (spec, controller, revision, phase, prop::bool::weighted(0.1), activity).prop_map(
        |(spec, controller, revision, phase, mirror, activity)| Object {
            spec,
            controller,
            revision,
            phase,
            mirror,
            activity,
        },
    )
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let template = (0..TEMPLATES.len()).prop_flat_map(|index| {
        prop::option::weighted(0.8, object(index + 1, 1))
            .prop_map(move |object| Step::Template(index, object))
    });
    let pod = (0..PODS).prop_flat_map(|index| {
        prop::option::weighted(0.8, object(0, 1)).prop_map(move |object| Step::Pod(index, object))
    });
    prop::collection::vec(prop_oneof![template, pod], 0..24)
}

pub(super) fn policy() -> impl Strategy<Value = LevelVersion> {
    let version = (0..=u64::from(NEWEST_MINOR)).prop_map(Version::Minor);
    (prop::sample::select(&Level::ALL[..]), version)
        .prop_map(|(level, version)| LevelVersion::new(level, version))
}

pub(super) fn take(inventory: &mut Inventory, step: Step) {
    match step {
        Step::Template(index, None) => inventory.remove_template(TEMPLATES[index], &name_of(index)),
        Step::Pod(index, None) => inventory.remove_pod(&format!("p{index}")),
        Step::Template(index, Some(object)) => {
            let mut template = testing::template(TEMPLATES[index], &name_of(index))
                .is(object.spec)
                .activity(object.activity);
            if let Some((kind, name)) = object.controller.map(Controller::named) {
                template = template.under(kind, &name);
            }
            let template = object.revision.into_iter().fold(template, testing::TemplateBuilder::revision);
            inventory.insert_template(template.observed());
        }
        Step::Pod(index, Some(object)) => {
            let mut pod = testing::pod(&format!("p{index}")).is(object.spec).phase(object.phase);
            if let Some((kind, name)) = object.controller.map(Controller::named) {
                pod = pod.under(kind, &name);
            }
            let pod = object.revision.into_iter().fold(pod, testing::PodBuilder::revision);
            let pod = if object.mirror { pod.mirror() } else { pod };
            inventory.insert_pod(pod.observed());
        }
    }
}

impl Model {
    pub(super) fn after(steps: &[Step]) -> Self {
        let mut model = Self::default();
        for step in steps {
            match *step {
                Step::Template(index, Some(object)) => drop(model.templates.insert(index, object)),
                Step::Template(index, None) => drop(model.templates.remove(&index)),
                Step::Pod(index, Some(object)) => drop(model.pods.insert(index, object)),
                Step::Pod(index, None) => drop(model.pods.remove(&index)),
            }
        }
        model
    }

    /// Filled in one go, pods first and from the last to the first.
    pub(super) fn inventory(&self) -> Inventory {
        let mut inventory = Inventory::default();
        for (index, pod) in self.pods.iter().rev() {
            take(&mut inventory, Step::Pod(*index, Some(*pod)));
        }
        for (index, template) in self.templates.iter().rev() {
            take(&mut inventory, Step::Template(*index, Some(*template)));
        }
        inventory
    }

    fn root_of(&self, controller: Controller) -> String {
        let above = match controller {
            Controller::Template(index) => {
                self.templates.get(&index).and_then(|template| template.controller)
            }
            Controller::Other => None,
        };
        above.map_or_else(
            || {
                let (kind, name) = controller.named();
                format!("{kind}/{name}")
            },
            |above| self.root_of(above),
        )
    }

    pub(super) fn root_of_template(&self, index: usize) -> String {
        self.root_of(Controller::Template(index))
    }

    pub(super) fn root_of_pod(&self, index: usize) -> String {
        let pod = &self.pods[&index];
        let controller = pod.controller.filter(|_| !pod.mirror);
        controller.map_or_else(|| format!("Pod/p{index}"), |controller| self.root_of(controller))
    }

    /// The observed template of this kind that controls an object.
    fn controller(&self, object: &Object, kind: TemplateKind) -> Option<(usize, &Object)> {
        match object.controller? {
            Controller::Template(index) if TEMPLATES[index] == kind => {
                self.templates.get(&index).map(|template| (index, template))
            }
            _ => None,
        }
    }

    /// The template that a live pod was certainly made from.
    fn made_from(&self, pod: &Object) -> Option<usize> {
        for kind in [TemplateKind::StatefulSet, TemplateKind::DaemonSet] {
            if let Some((index, set)) = self.controller(pod, kind) {
                return (set.revision.is_some() && set.revision == pod.revision).then_some(index);
            }
        }
        let (own, set) = self.controller(pod, TemplateKind::ReplicaSet)?;
        let (index, deployment) = self.controller(set, TemplateKind::Deployment)?;
        let now = deployment.revision.is_some() && deployment.revision == set.revision;
        Some(if now { index } else { own })
    }

    /// Whether a template is judged at all, and what it is counted as if not.
    fn is_judged(&self, index: usize, apart: &mut Apart) -> bool {
        let template = &self.templates[&index];
        match TEMPLATES[index] {
            TemplateKind::ReplicaSet => {
                if let Some((_, deployment)) = self.controller(template, TemplateKind::Deployment) {
                    let now = deployment.revision.is_some() && deployment.revision == template.revision;
                    return !now && template.activity == Activity::Active;
                }
                let idle = template.controller.is_some() && template.activity == Activity::AtZero;
                apart.idle_replica_sets += usize::from(idle);
                !idle
            }
            TemplateKind::Job => {
                if self.controller(template, TemplateKind::CronJob).is_some() {
                    return false;
                }
                let finished = template.activity == Activity::Finished;
                apart.finished_jobs += usize::from(finished);
                !finished
            }
            _ => true,
        }
    }

    /// Counts workloads, pods and the rest, each object by itself.
    pub(super) fn count(&self, policy: LevelVersion) -> (Counts, Counts, Apart) {
        let mut apart = Apart::default();
        let mut workloads: BTreeMap<String, Vec<Verdict>> = BTreeMap::new();
        let mut pods = Vec::new();
        let live = |pod: &&Object| pod.phase == PodPhase::Live && !pod.mirror;
        let spoken: Vec<_> = self.pods.values().filter(live).filter_map(|pod| self.made_from(pod)).collect();
        for (index, template) in &self.templates {
            if self.is_judged(*index, &mut apart) && (!spoken.contains(index) || template.spec == UNREADABLE)
            {
                let verdict = verdict(policy, template.spec);
                workloads.entry(self.root_of_template(*index)).or_default().push(verdict);
            }
        }
        for (index, pod) in &self.pods {
            match pod.phase {
                PodPhase::Finished => apart.finished_pods += 1,
                PodPhase::Deleting => apart.deleting_pods += 1,
                PodPhase::Live => {
                    let verdict = verdict(policy, pod.spec);
                    pods.push(verdict);
                    workloads.entry(self.root_of_pod(*index)).or_default().push(verdict);
                }
            }
        }
        let worst = |verdicts: &Vec<Verdict>| {
            let is = |verdict| verdicts.contains(&verdict).then_some(verdict);
            is(Verdict::Violates).or_else(|| is(Verdict::Inconclusive)).unwrap_or(Verdict::Conforms)
        };
        (counts(workloads.values().map(worst)), counts(pods), apart)
    }

    /// The live pods that each check refuses.
    pub(super) fn refused(&self, policy: LevelVersion) -> BTreeMap<&'static str, usize> {
        let mut refused = BTreeMap::new();
        let live = self.pods.values().filter(|pod| pod.phase == PodPhase::Live && pod.spec != UNREADABLE);
        for pod in live {
            let text = format!(r#"{{"spec": {}}}"#, pod.spec);
            let pod = Pod::from_json(&text).unwrap();
            for violation in evaluate(policy, &pod).violations() {
                *refused.entry(violation.check().id).or_default() += 1;
            }
        }
        refused
    }

    pub(super) fn without(&self, root: &str) -> Self {
        let mut rest = self.clone();
        rest.templates.retain(|index, _| self.root_of_template(*index) != root);
        rest.pods.retain(|index, _| self.root_of_pod(*index) != root);
        rest
    }

    pub(super) fn level(&self) -> Level {
        testing::judge("privileged").cleanness(Version::Latest, &self.inventory().workloads()).level
    }
}

fn counts(verdicts: impl IntoIterator<Item = Verdict>) -> Counts {
    let mut counts = Counts::default();
    for verdict in verdicts {
        match verdict {
            Verdict::Conforms => counts.conforming += 1,
            Verdict::Violates => counts.violating += 1,
            Verdict::Inconclusive => counts.inconclusive += 1,
        }
    }
    counts
}

/// The verdict on the pod itself, not on its shape.
fn verdict(policy: LevelVersion, spec: &str) -> Verdict {
    match spec {
        UNREADABLE if policy.level == Level::Privileged => Verdict::Conforms,
        UNREADABLE => Verdict::Inconclusive,
        spec => evaluate(policy, &Pod::from_json(&format!(r#"{{"spec": {spec}}}"#)).unwrap()).verdict(),
    }
}
