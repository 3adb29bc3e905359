//! Which findings a workload has, and from which of its pods and templates.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry},
    rc::Rc,
};

use super::{
    Judge, Reading, Shape, TemplateKind,
    workload::{Template, Workload},
};
use crate::standards::{Check, Finding, Place, Verdict, pod::ContainerList};

/// What a check has something against: the same in a template and in the pods made from it, though other containers
/// may have been put before it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject<'a> {
    /// The pod itself.
    Pod,
    /// A container.
    Container {
        /// The list that it stands in.
        list: ContainerList,
        /// Its name.
        name: &'a str,
    },
    /// A volume.
    Volume {
        /// Its name.
        name: &'a str,
    },
}

impl<'a> Subject<'a> {
    pub(super) const fn of(place: Place<'a>) -> Self {
        match place {
            Place::Pod | Place::Annotation(_) => Self::Pod,
            Place::Container { list, name, .. } => Self::Container { list, name },
            Place::Volume { name, .. } => Self::Volume { name },
        }
    }

    /// The container's name, if it is one.
    pub const fn container(self) -> Option<&'a str> {
        match self {
            Self::Container { name, .. } => Some(name),
            Self::Pod | Self::Volume { .. } => None,
        }
    }
}

/// Why something does not conform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause<'a> {
    /// A check, and what it is about.
    Finding(Ranked, Subject<'a>),
    /// It cannot be read.
    Unreadable(&'a str),
}

impl Cause<'_> {
    pub(super) const fn check(&self) -> Option<Ranked> {
        match self {
            Self::Finding(check, _) => Some(*check),
            Self::Unreadable(_) => None,
        }
    }
}

/// A check in the order of the checks: baseline before restricted, each by id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranked(pub(super) &'static Check);

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.level, self.0.id).cmp(&(other.0.level, other.0.id))
    }
}

/// A cause with all that it holds up in one workload.
#[derive(Clone, Debug)]
pub(super) struct Found<'a> {
    pub(super) cause: Cause<'a>,
    /// The live pods that have it.
    pub(super) pods: usize,
    /// The least of their names.
    pub(super) first_pod: Option<&'a str>,
    /// The template that has it too: there it is to be mended.
    pub(super) template: Option<(TemplateKind, &'a str)>,
    /// In what it was found: the template, if there is one.
    pub(super) reading: &'a Reading,
    /// Whether it is in live pods whose own template does not have it.
    pub(super) injected: bool,
    /// Whether it is gone from every pod when its ephemeral containers are.
    pub(super) ephemeral: bool,
}

/// A pod or a template that decides.
struct Part<'a> {
    reading: &'a Reading,
    pods: usize,
    first: Option<&'a str>,
    /// The template that it is, or that it speaks for, by position.
    template: Option<usize>,
}

/// What may be found in a workload: a cause, and the position of the template to mend it in.
type Key<'a> = (Cause<'a>, Option<usize>);

/// Looks for causes by one judge. What a shape has is worked out once.
pub(super) struct Finder<'j, 'a> {
    judge: &'j Judge,
    known: HashMap<usize, Rc<BTreeSet<Cause<'a>>>>,
}

impl<'j, 'a> Finder<'j, 'a> {
    pub(super) fn new(judge: &'j Judge) -> Self {
        Self { judge, known: HashMap::new() }
    }

    /// The causes in a workload, each once for a template, in the order of the checks.
    pub(super) fn find(&mut self, workload: &Workload<'a>) -> Vec<Found<'a>> {
        let templates = workload.templates.iter().enumerate().filter(|(_, template)| template.decides);
        let templates = templates.map(|(position, template)| Part {
            reading: template.reading,
            pods: 0,
            first: None,
            template: Some(position),
        });
        let pods = workload.pods.iter().map(|pods| Part {
            reading: pods.reading,
            pods: pods.count,
            first: Some(pods.first),
            template: pods.speak_for,
        });
        let mut found = BTreeMap::new();
        for part in templates.chain(pods) {
            self.find_in(&part, workload, &mut found);
        }
        found.into_values().collect()
    }

    fn find_in(
        &mut self,
        part: &Part<'a>,
        workload: &Workload<'a>,
        found: &mut BTreeMap<Key<'a>, Found<'a>>,
    ) {
        let causes = self.causes(part.reading);
        let settled = match part.reading {
            Reading::Judgeable(shape) if !causes.is_empty() => self.causes_of_shape(shape.settled()),
            _ => Rc::clone(&causes),
        };
        let own = part.template.and_then(|position| workload.templates.get(position));
        for cause in causes.iter().copied() {
            let ephemeral = !settled.contains(&cause);
            let position = self.mended_in(&cause, part.template, &workload.templates);
            match found.entry((cause, position)) {
                Entry::Occupied(mut known) => {
                    let known = known.get_mut();
                    known.pods += part.pods;
                    known.first_pod = known.first_pod.into_iter().chain(part.first).min();
                    known.ephemeral &= ephemeral;
                }
                Entry::Vacant(place) => {
                    let template = position.and_then(|position| workload.templates.get(position));
                    let readable = own.is_some_and(|own| matches!(own.reading, Reading::Judgeable(_)));
                    place.insert(Found {
                        cause,
                        pods: part.pods,
                        first_pod: part.first,
                        template: template.map(|template| template.object),
                        reading: template.map_or(part.reading, |template| template.reading),
                        injected: template.is_none() && readable && !ephemeral,
                        ephemeral,
                    });
                }
            }
        }
    }

    /// The position of the template to mend a cause in: of what is known to be made from one, that which took its
    /// place, or itself; of any other, the first that has it.
    fn mended_in(
        &mut self,
        cause: &Cause<'a>,
        own: Option<usize>,
        templates: &[Template<'a>],
    ) -> Option<usize> {
        let candidates = match own.and_then(|own| Some((own, templates.get(own)?.present))) {
            Some((own, present)) => vec![present, own],
            None => (0..templates.len()).collect(),
        };
        candidates.into_iter().find(|candidate| {
            templates.get(*candidate).is_some_and(|template| self.causes(template.reading).contains(cause))
        })
    }

    /// The checks that refuse something in a workload, each with the live pods that it refuses.
    pub(super) fn checks(&mut self, workload: &Workload<'a>) -> BTreeMap<Ranked, usize> {
        let mut counts = BTreeMap::new();
        for (reading, pods) in workload.deciding() {
            let causes = self.causes(reading);
            let refusing: BTreeSet<_> = causes.iter().filter_map(Cause::check).collect();
            for check in refusing {
                *counts.entry(check).or_default() += pods;
            }
        }
        counts
    }

    /// The causes in the templates of a workload that none of the live pods that speak for them has: something that
    /// changed the pods on their way in mends them.
    pub(super) fn mutated(&mut self, workload: &Workload<'a>) -> Vec<Cause<'a>> {
        let mut gone = Vec::new();
        for (position, template) in workload.templates.iter().enumerate() {
            let judged = |reading| self.judge.verdict(reading).is_some();
            let pods = workload.pods.iter().filter(|pods| pods.speak_for == Some(position));
            let pods: Vec<_> = pods.filter(|pods| judged(pods.reading)).collect();
            if pods.is_empty() {
                continue;
            }
            let kept: Vec<_> = pods.iter().map(|pods| self.causes(pods.reading)).collect();
            let of_template = self.causes(template.reading);
            let is_gone = |cause: &&Cause<'a>| !kept.iter().any(|kept| kept.contains(*cause));
            gone.extend(of_template.iter().filter(is_gone).copied());
        }
        gone
    }

    /// The causes in one pod or template; none in what conforms or is exempt.
    fn causes(&mut self, reading: &'a Reading) -> Rc<BTreeSet<Cause<'a>>> {
        match (reading, self.judge.verdict(reading)) {
            (_, None | Some(Verdict::Conforms)) => Rc::default(),
            (Reading::Unreadable(reason), _) => Rc::new(BTreeSet::from([Cause::Unreadable(reason)])),
            (Reading::Judgeable(shape), _) => self.causes_of_shape(shape),
        }
    }

    fn causes_of_shape(&mut self, shape: &'a Shape) -> Rc<BTreeSet<Cause<'a>>> {
        let causes = self.known.entry(shape.address()).or_insert_with(|| {
            let evaluation = self.judge.evaluator.evaluate(self.judge.policy, shape.pod());
            let cause = |finding: Finding<'_, 'a>| {
                Cause::Finding(Ranked(finding.violation().check()), Subject::of(finding.subject()))
            };
            Rc::new(evaluation.findings().map(cause).collect())
        });
        Rc::clone(causes)
    }
}
